"""The unit tests of a published parser (Clinical-Trial-Parser, Facebook, Inc., Apache-2.0), read as their notes correct them.

The cases are for measuring only and are no part of the project. They are read from `fb_interpreter_cases.json` in the folder
TRIALMATCH_EVALUATION_DATA, else in a `data` folder of a neighbour of the repository. Where a place is named, they must be there.
"""

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.api.patients import read_patient
from matching import Role, judge_text, parse_eligibility
from matching.knowledge.conversion import NotComparable, convert
from matching.knowledge.units import ucum
from matching.model.criterion import Bound, Expression, MeasurementIs, ScoreIs
from matching.reading.logic import leaves

FILE = "fb_interpreter_cases.json"
NAMED = os.environ.get("TRIALMATCH_EVALUATION_DATA")
PLACES = [Path(NAMED) / FILE] if NAMED else sorted(Path(__file__).parents[4].glob(f"*/data/{FILE}"))
CASES: list[dict[str, Any]] = json.loads(PLACES[0].read_text("utf-8")) if PLACES else []

pytestmark = pytest.mark.skipif(not PLACES, reason="the published cases are not on this machine")

ON = date(2026, 11, 22)
NAMES = {
    "a1c": ("HbA1c", "%"),
    "anc": ("neutrophil count", "/uL"),
    "ast": ("AST", "[ULN]"),
    "alt": ("ALT", "[ULN]"),
    "ast/alt_ratio": ("AST/ALT ratio", "1"),
    "bmi": ("BMI", "kg/m2"),
    "dbp": ("diastolic blood pressure", "mm[Hg]"),
    "ecog": ("ecog", "1"),
    "fasting_triglyceride_level": ("triglycerides", "mg/dL"),
    "karnofsky_score": ("karnofsky", "1"),
    "nyha": ("nyha", "1"),
    "pf_ratio": ("PaO2/FiO2 ratio", "mm[Hg]"),
    "sbp": ("systolic blood pressure", "mm[Hg]"),
    "total_cholesterol": ("total cholesterol", "mg/dL"),
    "triglyceride_level": ("triglycerides", "mg/dL"),
    "wbc": ("white blood cell count", "/L"),
    "weight": ("body weight", "kg"),
}
"""The parser's names for what is measured, ours, and a unit that both are brought to."""


def hba1c(value: float) -> dict[str, object]:
    return {"observations": [{"name": "HbA1c", "value": value, "unit": "%", "on": "2026-11-02"}]}


def scores(**values: int) -> dict[str, object]:
    return {"observations": [{"name": name, "value": value, "on": "2026-11-02"} for name, value in values.items()]}


def ast_and_alt(times: float) -> dict[str, object]:
    return {
        "observations": [
            {"name": name, "value": 40 * times, "unit": "U/L", "reference_high": 40, "on": "2026-11-02"}
            for name in ("AST", "ALT")
        ]
    }


def pressure(systolic: int, diastolic: int) -> dict[str, object]:
    return {
        "conditions": [{"text": "uncontrolled hypertension"}],
        "observations": [
            {"name": "systolic blood pressure", "value": systolic, "unit": "mm[Hg]", "on": "2026-11-20"},
            {"name": "diastolic blood pressure", "value": diastolic, "unit": "mm[Hg]", "on": "2026-11-20"},
        ],
    }


def diabetic(present: bool, value: float) -> dict[str, object]:
    return {"conditions": [{"text": "type 2 diabetes", "present": present}], **hba1c(value)}


NOTED: dict[str, list[tuple[dict[str, object], str, set[str]]]] = {
    "TestRangeWithOrInterpreter": [
        ({"observations": [{"name": "BMI", "value": v, "unit": "kg/m2", "on": "2026-11-02"}]}, "inclusion", {verdict})
        for v, verdict in ((18.5, "not_included"), (18.6, "included"), (35, "included"), (35.1, "not_included"))
    ],
    "TestParenthesisInterpreter": [
        (scores(ECOG=2), "inclusion", {"included"}),
        (scores(Karnofsky=50), "inclusion", {"included"}),
        (scores(ECOG=3, Karnofsky=40), "inclusion", {"not_included"}),
    ],
    "TestOneVariableWithTwoValuesInterpreter": [
        (pressure(150, 80), "exclusion", {"excluded", "unknown"}),
        (pressure(130, 95), "exclusion", {"excluded", "unknown"}),
        (pressure(140, 90), "exclusion", {"not_excluded"}),
    ],
    "TestCompositeVariableWithoutSpaceInterpreter": [
        (ast_and_alt(2.9), "inclusion", {"included"}),
        (ast_and_alt(4), "inclusion", {"unknown"}),
        (ast_and_alt(5.1), "inclusion", {"not_included"}),
    ],
    "TestVariableWithMultipleNumbersInterpreter": [
        (
            {"observations": [{"name": "HbA1c", "value": v, "unit": "mmol/mol", "on": "2026-11-02"}]},
            "inclusion",
            {verdict},
        )
        for v, verdict in ((52, "not_included"), (60, "included"), (82, "not_included"))
    ],
    "TestMultiNumberlVariableInterpreter": [
        (diabetic(False, 9), "inclusion", {"included"}),
        (diabetic(True, 7.9), "inclusion", {"included"}),
        (diabetic(True, 8), "inclusion", {"not_included"}),
    ],
    "TestComparisonInterpreter": [
        (hba1c(8), "inclusion", {"included"}),
        (hba1c(7.9), "inclusion", {"not_included"}),
    ],
    "TestUnknownVariableInterpreter": [
        (hba1c(10), "inclusion", {"included"}),
        (hba1c(9), "inclusion", {"unknown"}),
    ],
    "TestColonInterpreter": [(scores(ECOG=3), "inclusion", {"unknown"})],
    "TestNumberInterpreter": [
        ({"observations": [{"name": "WBC", "value": v, "unit": unit, "on": "2026-11-02"}]}, "inclusion", {verdict})
        for v, unit, verdict in (
            (100, "10*9/L", "included"),
            (100_000, "/uL", "included"),
            (99, "10*9/L", "not_included"),
        )
    ],
}
"""What the notes ask for where they correct the published reading: facts, role, the verdicts that agree with the note."""


def _told(name: str, bound: Bound | None) -> tuple[float, bool] | None:
    """A bound of ours in the unit of NAMES, and whether it is reached."""
    if bound is None:
        return None
    _, unit = NAMES[name]
    if unit in {"[ULN]", "1"}:
        assert bound.times == ("uln" if unit == "[ULN]" else None)
        return round(bound.value, 6), bound.inclusive
    assert bound.unit is not None
    done = convert(bound.value, bound.unit, unit, NAMES[name][0])
    assert not isinstance(done, NotComparable)
    return round(done.value, 6), bound.inclusive


def _asked(relation: dict[str, Any], end: str) -> tuple[float, bool] | None:
    """A bound of the case in the unit of NAMES; a set of values is a range of whole numbers."""
    if (values := relation.get("value")) is not None:
        return float(min(values) if end == "lower" else max(values)), True
    bound = relation.get(end)
    if bound is None:
        return None
    name, unit = NAMES[relation["name"]]
    value, said = float(bound["value"]), relation.get("unit")
    if unit not in {"[ULN]", "1"} and said is not None:
        code = ucum(said.replace("cells", "").strip()) or ucum(said)
        assert code is not None, said
        done = convert(value, code, unit, name)
        assert not isinstance(done, NotComparable)
        value = done.value
    return round(value, 6), bound["incl"]


def _found(expression: Expression) -> Iterator[tuple[str, Bound | None, Bound | None]]:
    for leaf in leaves(expression):
        if isinstance(leaf, MeasurementIs):
            yield leaf.analyte.name, leaf.lower, leaf.upper
        elif isinstance(leaf, ScoreIs):
            yield leaf.instrument, leaf.lower, leaf.upper


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_bounds(case: dict[str, Any]) -> None:
    parsed = parse_eligibility(f"Inclusion Criteria:\n\n{case['input']}\n")
    assert len(parsed.criteria) == 1
    found = list(_found(parsed.criteria[0].expression))
    for name in {relation["name"] for relation in case["expected"]}:
        asked = {(_asked(r, "lower"), _asked(r, "upper")) for r in case["expected"] if r["name"] == name}
        read = {(_told(name, lower), _told(name, upper)) for ours, lower, upper in found if ours == NAMES[name][0]}
        # "At most 2" of a score that begins at 0 is the range from 0.
        read = {(lower, upper) if (lower, upper) in asked else ((0.0, True), upper) for lower, upper in read}
        assert read >= asked if "adjust" in case else read == asked


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_the_note_corrects(case: dict[str, Any]) -> None:
    assert ("adjust" in case) == (case["name"] in NOTED)
    for patient, role, verdicts in NOTED.get(case["name"], []):
        judged = judge_text(case["input"], Role(role), read_patient(patient, ON), ON)
        assert judged.verdict in verdicts, (patient, judged.explanation)


def test_how_many_there_are() -> None:
    assert len(CASES) == 39
