"""What is odd about a text, or about a text and its registry's fields."""

import pytest

from matching.model.codes import Role, Sex, Times
from matching.model.criterion import Analyte, Bound, Coverage, Criterion, MeasurementIs, ParsedCriteria, Problem
from matching.model.trial import AgeLimit
from matching.reading.check import check, with_problems
from matching.reading.criteria import parse_eligibility

YEARS_18 = AgeLimit(18, "a")


def problems(
    inclusion: list[str],
    exclusion: list[str] | None = None,
    *,
    sex: Sex | None = None,
    minimum_age: AgeLimit | None = None,
    maximum_age: AgeLimit | None = None,
    healthy_volunteers: bool | None = None,
) -> list[tuple[str, str | None]]:
    """(code, criterion) of each problem."""
    text = "Inclusion Criteria:\n\n" + "\n".join(f"* {line}" for line in inclusion)
    text += "\n\nExclusion Criteria:\n\n" + "\n".join(f"* {line}" for line in exclusion or [])
    found = check(
        parse_eligibility(text),
        sex=sex,
        minimum_age=minimum_age,
        maximum_age=maximum_age,
        healthy_volunteers=healthy_volunteers,
    )
    return [(problem.code, problem.criterion) for problem in found]


@pytest.mark.parametrize(
    ("inclusion", "exclusion", "expected"),
    [
        (["Age 18 to 65 years"], ["Stroke"], []),
        (["Age >= 18 years", "Age <= 12 years"], [], [("contradiction", "i2")]),
        (["Age >= 18 years"], ["Age > 16 years"], [("contradiction", "e1")]),
        (["Age >= 18 years"], ["Age < 18 years"], []),
        (["Platelets >= 100,000/mm3"], ["Platelets >= 50,000/mm3"], [("contradiction", "e1")]),
        (["Age 0 years or older"], [], [("always_true", "i1")]),
        (["Previous ischaemic stroke", "Previous ischaemic stroke."], [], [("duplicate", "i2")]),
        (["Previous ischaemic stroke"], ["Previous ischaemic stroke"], [("contradiction", "e1")]),
    ],
)  # fmt: skip
def test_criteria_against_each_other(
    inclusion: list[str], exclusion: list[str], expected: list[tuple[str, str | None]]
) -> None:
    assert problems(inclusion, exclusion) == expected


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (Bound(10, "g/dL"), Bound(12, "g/dL"), []),
        (Bound(12, "g/dL"), Bound(10, "g/dL"), ["contradiction"]),
        (Bound(12, "g/dL"), Bound(12, "g/dL"), []),
        (Bound(12, "g/dL", inclusive=False), Bound(12, "g/dL"), ["contradiction"]),
        (Bound(12, "g/dL"), Bound(100, "g/L"), []),
        (Bound(2, "1", times=Times.ULN), Bound(1, "1", times=Times.LLN), []),
    ],
)
def test_the_two_ends_of_a_range(lower: Bound, upper: Bound, expected: list[str]) -> None:
    leaf = MeasurementIs(0, 9, Analyte("some marker"), lower, upper)
    criterion = Criterion("i1", Role.INCLUSION, "as it is", 0, 9, leaf)
    assert [problem.code for problem in check(ParsedCriteria((criterion,), Coverage(1, 1, 0, 0)))] == expected


def test_a_share_that_everyone_has_is_always_true() -> None:
    leaf = MeasurementIs(0, 9, Analyte("some marker"), Bound(0, "%"), Bound(100, "%"))
    criterion = Criterion("i1", Role.INCLUSION, "as it is", 0, 9, leaf)
    assert [problem.code for problem in check(ParsedCriteria((criterion,), Coverage(1, 1, 0, 0)))] == ["always_true"]


def test_a_size_that_no_one_has_is_reported() -> None:
    assert problems(["Platelets < 50 per microliter"]) == [("implausible", "i1")]


@pytest.mark.parametrize(
    ("line", "minimum", "maximum", "expected"),
    [
        ("Age 18 years or older", YEARS_18, None, []),
        ("Age > 18 years", YEARS_18, None, []),
        ("Age 21 years or older", YEARS_18, None, [("age_differs", "i1")]),
        ("Age 18 to 75 years", YEARS_18, AgeLimit(74, "a"), []),
        ("Age 18 to 75 years", YEARS_18, AgeLimit(65, "a"), [("age_differs", "i1")]),
        ("Age 6 months or older", AgeLimit(6, "mo"), None, []),
        ("Age 6 months or older", AgeLimit(2, "a"), None, [("age_differs", "i1")]),
        ("Age 18 years or older", None, None, []),
    ],
)
def test_ages_against_the_fields(
    line: str, minimum: AgeLimit | None, maximum: AgeLimit | None, expected: list[tuple[str, str | None]]
) -> None:
    assert problems([line], minimum_age=minimum, maximum_age=maximum) == expected


def test_an_excluded_age_is_held_against_the_fields_from_the_other_side() -> None:
    assert problems(["Stroke"], ["Age < 21 years"], minimum_age=YEARS_18) == [("age_differs", "e1")]
    assert problems(["Stroke"], ["Age < 18 years"], minimum_age=YEARS_18) == []


def test_sex_against_the_field() -> None:
    assert problems(["Female", "Stroke"], sex=Sex.ALL) == [("sex_differs", "i1")]
    assert problems(["Female", "Stroke"], sex=Sex.FEMALE) == []
    assert problems(["Male or female"], sex=Sex.ALL) == []


def test_healthy_volunteers_against_the_field() -> None:
    assert problems(["Healthy male volunteers"], healthy_volunteers=False) == [("healthy_volunteers_differs", "i1")]
    assert problems(["Healthy male volunteers"], healthy_volunteers=True) == []
    assert problems(["Healthy male volunteers"]) == []


def test_a_cohort_is_not_held_against_the_fields() -> None:
    text = "Inclusion Criteria for Cohort A:\n\n* Age 50 years or older"
    assert check(parse_eligibility(text), minimum_age=YEARS_18) == ()


def test_a_problem_names_its_place() -> None:
    text = "Inclusion Criteria:\n\n* Age 21 years or older"
    (problem,) = check(parse_eligibility(text), minimum_age=YEARS_18)
    assert problem.start is not None
    assert "21 years" in text[problem.start : problem.end]


def test_problems_are_added_once() -> None:
    parsed = parse_eligibility("Inclusion Criteria:\n\n* Stroke")
    problem = Problem("duplicate", "The same as i1.", "i1", 0, 1)
    assert with_problems(with_problems(parsed, (problem,)), (problem,)).problems == (problem,)
