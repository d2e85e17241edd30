"""What must be found more than once: one value that meets the bound leaves it open, one that does not settles it."""

from datetime import date

import pytest

from matching import Role, judge_text
from matching.model.patient import Observation, Patient

ON = date(2026, 11, 22)


@pytest.mark.parametrize(("value", "verdict"), [(12.0, "not_excluded"), (45.0, "unknown")])
@pytest.mark.parametrize(
    "criterion",
    [
        "UACR >= 30 mg/g on two occasions",
        "UACR: two consecutive tests >= 30 mg/g",
        "UACR >= 30 mg/g confirmed by repeat testing",
        "UACR >= 30 mg/g in at least 2 measurements",
    ],
)
def test_a_repetition_is_never_settled_by_one_value(criterion: str, value: float, verdict: str) -> None:
    patient = Patient(observations=(Observation("UACR", value=value, unit="mg/g"),))
    assert judge_text(criterion, Role.EXCLUSION, patient, ON).verdict == verdict


def test_without_the_words_one_value_settles_it() -> None:
    patient = Patient(observations=(Observation("UACR", value=45.0, unit="mg/g"),))
    assert judge_text("UACR >= 30 mg/g", Role.EXCLUSION, patient, ON).verdict == "excluded"
