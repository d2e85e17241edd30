"""A sex beside other exclusions: whom it is about, or whom it excludes? Never a verdict by the sex alone."""

from datetime import date

import pytest

import matching

ON = date(2026, 11, 22)
FEMALE = matching.Patient(
    sex=matching.Sex.FEMALE, birth_date=matching.PartialDate(1990), pregnant=False, breastfeeding=False
)
PREGNANT = matching.Patient(sex=matching.Sex.FEMALE, pregnant=True)
MALE = matching.Patient(sex=matching.Sex.MALE, birth_date=matching.PartialDate(1990))


@pytest.mark.parametrize(
    ("text", "patient", "verdict"),
    [
        ("For female participants only - currently pregnant or breast-feeding.", FEMALE, "not_excluded"),
        ("For female participants only - currently pregnant or breast-feeding.", PREGNANT, "excluded"),
        ("For female participants only - currently pregnant or breast-feeding.", MALE, "not_applicable"),
        ("Women - pregnant, or with malignancy", FEMALE, "unknown"),
    ],
)
def test_a_sex_alone_excludes_nobody(text, patient, verdict):
    assert matching.judge_text(text, matching.Role.EXCLUSION, patient, ON).verdict == verdict


def test_a_criterion_that_is_only_a_sex_still_excludes():
    assert matching.judge_text("Males", matching.Role.EXCLUSION, MALE, ON).verdict == "excluded"
    assert matching.judge_text("Males", matching.Role.EXCLUSION, FEMALE, ON).verdict == "not_excluded"


@pytest.mark.parametrize(
    ("text", "role", "kind"),
    [
        ("Male or female", "Inclusion", "if"),
        ("Female or Male, over 3 and under 9 years of age", "Inclusion", "all_of"),
        ("Males and females", "Exclusion", "any_of"),
    ],
)
def test_nobody_is_asked_for_a_sex_where_both_are_meant(text, role, kind):
    # why: "male or female" asked for the sex of everybody who had not said it
    (criterion,) = matching.parsed_to_json(matching.parse_eligibility(f"{role} Criteria:\n* {text}"))["criteria"]
    assert criterion["expression"]["kind"] == kind
