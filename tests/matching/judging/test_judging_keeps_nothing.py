"""No cache of the engine holds a patient's words after the patient was judged."""

import functools
import gc
import sys
from datetime import date

from matching import Role, judge_text, merge_note, read_note
from matching.knowledge.suggest import suggest
from matching.knowledge.units import ucum
from matching.model.patient import Condition, Observation, Patient, Treatment

WORD = "zyxcanaryword"
ON = date(2026, 11, 22)


def kept_strings():
    """Every string that a cache or a module's table of the engine holds, with the name of the holder."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("matching"):
            continue
        for attribute, value in vars(module).items():
            if isinstance(value, functools._lru_cache_wrapper):
                holders = [each for each in gc.get_referents(value) if isinstance(each, dict)]
            elif isinstance(value, dict) and not attribute.startswith("__"):
                holders = [value]
            else:
                continue
            yield from ((f"{name}.{attribute}", repr(key)) for holder in holders for key in list(holder.items()))


def test_nothing_of_a_patient_is_kept():
    patient = Patient(
        conditions=(Condition(f"{WORD} disease"), Condition(f"{WORD} of the lung", present=False)),
        observations=(Observation(f"{WORD} level", value=3.0, unit="mg/dL", result=WORD),),
        treatments=(Treatment(f"{WORD}mab"),),
        statements={WORD: True},
    )
    patient = merge_note(patient, read_note(f"She has {WORD} disease. Denies {WORD}. {WORD} level 3 {WORD}/dL.", ON))
    for criterion in ("Lung cancer", "Treatment with rituximab", "Haemoglobin > 9 g/dL", "Current smoker"):
        judge_text(criterion, Role.EXCLUSION, patient, ON)
    suggest(WORD)
    ucum(f"{WORD}/dL")
    kept = list(kept_strings())
    assert any("lookup_remembered" in name for name, _ in kept)
    assert sorted({name for name, text in kept if WORD in text}) == []


def test_the_walk_sees_what_is_kept():
    """The check above can fail: words of a registry's text are kept, and are seen."""
    judge_text(f"{WORD}registry disease of the lung", Role.EXCLUSION, Patient(), ON)
    assert any(f"{WORD}registry" in text for _, text in kept_strings())
