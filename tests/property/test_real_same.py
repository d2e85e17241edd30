"""What must never matter, over the shipped trials and people: the order of facts, units, bullets, the process; and what always does."""

from __future__ import annotations

import gzip
import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest
from real_trials import real_patients, real_trials

import matching
from app.ingest.study import read_study
from app.samples import TRIALS
from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.knowledge import analytes
from matching.knowledge.units import NotComparable, convert
from matching.model.codes import Eligibility, Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import Concept, ConditionIs, Criterion
from matching.model.expression_json import placeless
from matching.model.finding import Finding, JudgedTrial
from matching.model.patient import Condition, Observation, PartialDate, Patient
from matching.model.trial import ReadableTrial

ON = date(2026, 11, 22)
SETTLED = frozenset({Verdict.INCLUDED, Verdict.NOT_INCLUDED, Verdict.EXCLUDED, Verdict.NOT_EXCLUDED})


def judged(trial: ReadableTrial, patient: Patient) -> JudgedTrial:
    return judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, prepare(patient, ON))


def in_another_unit(observation: Observation) -> Observation:
    """The same value in the last unit that the analyte may be given in and that it converts to."""
    entry = analytes.find(observation.name)
    if entry is None or observation.unit is None or observation.value is None:
        return observation
    for unit in reversed(entry.units):
        value = convert(observation.value, observation.unit, unit, entry.name)
        if unit != observation.unit and not isinstance(value, NotComparable):
            limit = observation.reference_high
            high = None if limit is None else convert(limit, observation.unit, unit, entry.name)
            return replace(
                observation,
                value=value.value,
                unit=unit,
                reference_high=None if high is None or isinstance(high, NotComparable) else high.value,
            )
    return observation


def test_the_unit_that_a_value_is_given_in_never_matters() -> None:
    changed = 0
    for patient in real_patients(6):
        # No value on a bound: what is rounded in one unit may lie beyond it in the other.
        own = tuple(replace(o, value=o.value * 1.000137 if o.value else o.value) for o in patient.observations)
        other = tuple(map(in_another_unit, own))
        changed += sum(a.unit != b.unit for a, b in zip(own, other, strict=True))
        one, two = replace(patient, observations=own), replace(patient, observations=other)
        for trial in real_trials():
            here, there = judged(trial, one), judged(trial, two)
            assert [c.verdict for c in here.criteria] == [c.verdict for c in there.criteria], trial.summary.nct_id
    assert changed > 15


def test_the_order_of_facts_never_matters() -> None:
    chance = random.Random(2)
    for patient in real_patients(4):
        shuffled = {}
        for name in ("conditions", "observations", "treatments"):
            facts = list(getattr(patient, name))
            chance.shuffle(facts)
            shuffled[name] = tuple(facts)
        other = replace(patient, **shuffled)
        for trial in real_trials():
            assert judged(trial, patient) == judged(trial, other), trial.summary.nct_id


BULLET = re.compile(r"^([ \t]*)\* ", re.MULTILINE)


@pytest.mark.parametrize("mark", ["- ", "• "])
def test_the_marks_of_a_list_never_matter(mark: str) -> None:
    with gzip.open(TRIALS[0]) as lines:
        texts = [read_study(orjson.loads(line)).trial.eligibility.text or "" for line in lines]
    seen = 0
    for text in texts[::3]:
        if not BULLET.search(text) or re.search(r"^[ \t]*[-•+] ", text, re.MULTILINE):
            continue  # a text of two kinds of marks tells its levels apart by them
        seen += 1
        other = BULLET.sub(lambda found: found[1] + mark, text)
        here, there = (matching.parse_eligibility(each).criteria for each in (text, other))
        told = [(c.role, BULLET.sub(lambda found: found[1] + mark, c.text), c.parent) for c in here]
        assert told == [(c.role, c.text, c.parent) for c in there]
        assert [placeless(c.expression) for c in here] == [placeless(c.expression) for c in there]
    assert seen > 50


def test_one_definite_exclusion_outweighs_everything_else() -> None:
    stated = Condition("asthma", onset_on=PartialDate(2001), active=True)
    asthma = Criterion(
        "e999", Role.EXCLUSION, "Asthma", 0, 6, ConditionIs(0, 6, Concept("asthma", "D001249", "D001249"))
    )
    for patient in real_patients(3):
        person = replace(patient, conditions=(stated,), complete=frozenset(), note=None)
        for trial in real_trials():
            with_one = replace(trial.parsed, criteria=(*trial.parsed.criteria, asthma))
            found = judged(replace(trial, parsed=with_one), person)
            assert found.criteria[-1].verdict is Verdict.EXCLUDED
            assert found.eligibility is Eligibility.NOT_ELIGIBLE


def walk(finding: Finding) -> list[Finding]:
    return [finding, *(each for part in finding.parts for each in walk(part))]


def test_a_new_fact_never_turns_a_settled_verdict_round() -> None:
    """Facts that say something new: of an analyte, a disease or a person of which nothing was said; no complete lists."""
    chance = random.Random(4)
    added: Counter[str] = Counter()
    for patient in real_patients(6):
        patient = replace(
            patient, complete=frozenset(), pregnant=None, birth_date=chance.choice([None, patient.birth_date])
        )
        names = {o.name for o in patient.observations}
        more = {
            "observation": replace(
                patient,
                observations=(
                    *patient.observations,
                    *(
                        Observation(n, value=1.0, unit=u, on=PartialDate(2026, 11, 20))
                        for n, u in (("lipase", "U/L"), ("INR", None))
                        if n not in names
                    ),
                ),
            ),
            "condition": replace(
                patient, conditions=(*patient.conditions, Condition("gout"), Condition("glaucoma", present=False))
            ),
            "sex": replace(patient, sex=patient.sex or Sex.FEMALE),
            "birth": replace(patient, birth_date=patient.birth_date or PartialDate(1980, 2, 3)),
            "pregnant": replace(patient, pregnant=False),
        }
        for trial in real_trials():
            before = judged(trial, patient)
            for kind, richer in more.items():
                for old, new in zip(before.criteria, judged(trial, richer).criteria, strict=True):
                    if (
                        old.verdict in SETTLED
                        and new.verdict is not old.verdict
                        and new.verdict is not Verdict.NOT_APPLICABLE
                    ):
                        reasons = {reason for each in walk(new.finding) for reason in each.reasons}
                        assert new.verdict is Verdict.UNKNOWN, (old.id, kind)
                        assert WhyUnknown.CONFLICT in reasons, (old.id, kind)
                    added[kind] += old.verdict is Verdict.UNKNOWN and new.verdict in SETTLED
    assert all(added[kind] for kind in ("condition", "sex", "birth", "pregnant")), added


PROGRAM = """
import sys
from datetime import date
sys.path[:0] = {paths!r}
from real_trials import real_patients, real_trials
import matching

class Reader:
    registry, data_version = None, "shipped"
    def considered(self, **_): return real_trials()[:150]
    def trials(self, ids, versions=()):
        of = {{trial.summary.nct_id: trial for trial in real_trials()}}
        return [of[each] for each in ids]

include = frozenset({{"criteria", "questions", "not_eligible"}})
for patient in real_patients(2):
    answer = matching.match(Reader(), patient, on=date(2026, 11, 22), include=include, limit=150, scope="all", language={language!r})
    print(matching.answer_to_json(answer, include=include, next_cursor=None)["digest"])
"""


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_same_request_gives_the_same_bytes_in_every_process(language: str) -> None:
    here = Path(__file__).parent
    program = PROGRAM.format(paths=[str(here), str(here.parents[1])], language=language)
    digests = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        digests.append(done.stdout.split())
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 2
