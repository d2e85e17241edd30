"""What the notes of another parser's cases ask for where they correct what that parser expects: the verdicts.

The bounds are checked in `test_interpreter_cases.py`, which also finds the cases.
"""

from datetime import date
from typing import Any

import pytest

from app.api.patients import read_patient
from matching import Role, judge_text
from tests.gold.test_interpreter_cases import CASES

pytestmark = pytest.mark.skipif(
    not CASES, reason="no published cases beside the checkout (TRIALMATCH_GOLD names their folder)"
)

ON = date(2026, 11, 22)


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
"""Facts, role, and the verdicts that agree with the note."""


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_verdicts(case: dict[str, Any]) -> None:
    assert ("adjust" in case) == (case["name"] in NOTED)
    for patient, role, verdicts in NOTED.get(case["name"], []):
        judged = judge_text(case["input"], Role(role), read_patient(patient, ON), ON)
        assert judged.verdict in verdicts, (patient, judged.explanation)
