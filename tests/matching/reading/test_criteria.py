"""How the lines of a text are put together into criteria."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.model.codes import Role
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    CountIs,
    Coverage,
    Expression,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.model.expression_json import from_json, to_json
from matching.reading.criteria import coverage_of, parse_eligibility
from matching.reading.logic import settles


def short(expression: Expression) -> str:
    """An expression without spans, for comparing: what its leaves are about and how they join."""
    match expression:
        case AllOf(of=of):
            return f"all({', '.join(short(part) for part in of)})"
        case AnyOf(of=of):
            return f"any({', '.join(short(part) for part in of)})"
        case AtLeast(count=count, of=of):
            return f"{count}of({', '.join(short(part) for part in of)})"
        case Not(of=part):
            return f"not({short(part)})"
        case If(when=when, then=then):
            return f"if({short(when)}, {short(then)})"
        case ConditionIs(concept=concept) | TreatmentIs(concept=concept) | CountIs(of=concept):
            return concept.text.lower()
        case MeasurementIs(analyte=analyte) | ResultIs(analyte=analyte):
            return analyte.name
        case OnSite(topic=topic):
            return topic
        case AgeIs():
            return "age"
        case SexIs(sex=sex):
            return sex.value
        case ScoreIs(instrument=instrument):
            return instrument
        case PregnancyIs(states=states):
            return "+".join(states)
        case LifestyleIs(substance=substance):
            return substance
        case LifeExpectancyIs():
            return "life expectancy"
        case Unreadable():
            return "?"
        case _:
            assert_never(expression)


def group(heading: str, *lines: str) -> str:
    """The first criterion of a list with these lines; the first leads the others."""
    text = f"{heading} Criteria:\n\n* {lines[0]}\n\n" + "\n".join(f"  * {line}" for line in lines[1:])
    return short(parse_eligibility(text).criteria[0].expression)


@pytest.mark.parametrize(
    ("heading", "lines", "expected"),
    [
        ("Inclusion", ("At least one of the following:", "Stroke", "Asthma"), "any(stroke, asthma)"),
        ("Inclusion", ("All of the following:", "Stroke", "Asthma"), "all(stroke, asthma)"),
        ("Inclusion", ("At least two of the following:", "Stroke", "Asthma", "Gout"), "2of(stroke, asthma, gout)"),
        ("Inclusion", ("None of the following:", "Stroke", "Asthma"), "not(any(stroke, asthma))"),
        ("Inclusion", ("Patients must not have:", "Stroke", "Asthma"), "not(any(stroke, asthma))"),
        ("Inclusion", ("Diagnosis of:", "Stroke", "Asthma"), "any(stroke, asthma)"),
        ("Inclusion", ("Adequate organ function:", "Stroke; or", "Asthma"), "any(stroke, asthma)"),
        ("Exclusion", ("Any of the following:", "Stroke", "Asthma"), "any(stroke, asthma)"),
        ("Exclusion", ("Medical history:", "Stroke", "Asthma"), "any()"),
        ("Exclusion", ("All of the following:", "Stroke", "Asthma"), "all(stroke, asthma)"),
        ("Exclusion", ("Two or more of the following:", "Stroke", "Asthma"), "2of(stroke, asthma)"),
    ],
)
def test_a_lead_holds_the_lines_under_it(heading: str, lines: tuple[str, ...], expected: str) -> None:
    assert group(heading, *lines) == expected


def test_the_parent_spans_its_lines_and_only_it_counts() -> None:
    text = "Exclusion Criteria:\n\n* Any of the following:\n\n  * Stroke\n  * Asthma\n* Gout"
    parsed = parse_eligibility(text)
    rows = [(c.id, c.role, c.parent, c.part_of_parent, c.text) for c in parsed.criteria]
    assert rows == [
        ("e1", Role.EXCLUSION, None, False, "Any of the following:\n\n  * Stroke\n  * Asthma"),
        ("e2", Role.EXCLUSION, "e1", True, "Stroke"),
        ("e3", Role.EXCLUSION, "e1", True, "Asthma"),
        ("e4", Role.EXCLUSION, None, False, "Gout"),
    ]


def test_lines_of_a_denied_list_are_denied_one_by_one_too() -> None:
    text = "Inclusion Criteria:\n\n* None of the following:\n\n  * Stroke\n  * Asthma"
    assert [short(c.expression) for c in parse_eligibility(text).criteria[1:]] == ["not(stroke)", "not(asthma)"]


def test_an_exception_never_settles_for_the_worse() -> None:
    expression = group("Exclusion", "Any cancer, except:", "Basal cell carcinoma")
    assert expression.startswith("all(") and expression.endswith("any(not(basal cell carcinoma), ?))")


def test_an_exception_in_an_inclusion_list_never_settles_for_the_worse() -> None:
    expression = group("Inclusion", "No cancer, except:", "Basal cell carcinoma")
    assert expression.startswith("any(") and expression.endswith("all(basal cell carcinoma, ?))")


@pytest.mark.parametrize(
    ("heading", "lead", "expected"),
    [
        ("Inclusion", "Female participants:", "if(FEMALE, all(stroke, asthma))"),
        ("Exclusion", "Female participants:", "all(FEMALE, any(stroke, asthma))"),
        ("Exclusion", "Documented gout in patients with:", "all(gout, any(stroke, asthma))"),
        (
            "Inclusion",
            "Females must also meet the following criteria to be eligible:",
            "if(FEMALE, all(stroke, asthma))",
        ),
    ],
)
def test_a_lead_about_some_people_binds_only_them(heading: str, lead: str, expected: str) -> None:
    assert group(heading, lead, "Stroke", "Asthma") == expected


def test_a_time_in_a_lead_without_a_colon_holds_for_its_lines() -> None:
    text = "Exclusion Criteria:\n\n* Any of the following diseases within 3 months of enrolment\n\n  * Stroke"
    group_of_one = parse_eligibility(text).criteria[0].expression
    assert isinstance(group_of_one, ConditionIs)
    assert group_of_one.window is not None
    assert (group_of_one.window.upper, group_of_one.window.unit) == (3, "mo")


def test_unless_none_of_these_says_nothing_certain() -> None:
    expression = group("Exclusion", "Cancer, unless the patient meets none of the following:", "Stroke", "Asthma")
    assert expression == "all(any(any(stroke, asthma), ?), ?)"


def test_a_title_gives_its_words_to_the_lines_under_it() -> None:
    text = "Exclusion Criteria:\n\nA history of:\n\n* Stroke"
    (criterion,) = parse_eligibility(text).criteria
    assert isinstance(criterion.expression, ConditionIs)
    assert criterion.expression.status == "history"


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ("Known allergy to any of the following:", "hypersensitivity to morphine"),
        ("Family history of:", "family history of morphine"),
        ("Contraindications to:", "contraindication to morphine"),
        ("Unable to stop the following drugs:", "all(any(morphine, ?), ?)"),
        ("Failure to respond to:", "all(any(morphine, ?), ?)"),
        ("Use of any of the following:", "morphine"),
    ],
)
def test_a_lead_that_turns_names_turns_those_under_it(lead: str, expected: str) -> None:
    # why: an allergy to a drug was read as taking it when the drug stood on a line of its own
    parsed = parse_eligibility(f"Exclusion Criteria:\n\n* {lead}\n\n  * Morphine\n  * Codeine")
    assert short(parsed.criteria[1].expression) == expected


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ("Subjects meeting any of the following must not be enrolled in the study:", "any(stroke, asthma)"),
        ("Patients must not have any of the following:", "any(stroke, asthma)"),
        ("Patients who do not have any of the following:", "not(any(stroke, asthma))"),
        ("None of the following:", "all(any(not(any(stroke, asthma)), ?), ?)"),
        ("Patients on drugs which cannot be stopped, for:", "all(any(not(any(stroke, asthma)), ?), ?)"),
    ],
)
def test_a_denial_over_an_exclusion_list_says_who_is_not_let_in(lead: str, expected: str) -> None:
    # why: "subjects with any of these must not be enrolled" excluded those who had none of them
    parsed = parse_eligibility(f"Exclusion Criteria:\n\n* {lead}\n\n  * Stroke\n  * Asthma")
    assert short(parsed.criteria[0].expression) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("Stroke", "Asthma", "Gout OR", "Epilepsy"), "all(stroke, asthma, any(gout, epilepsy))"),
        (("Stroke;", "Asthma;", "Gout; or", "Epilepsy"), "any(stroke, asthma, gout, epilepsy)"),
    ],
)
def test_an_or_in_a_list_of_requirements_joins_two_of_them(lines: tuple[str, ...], expected: str) -> None:
    # why: "creatinine normal OR / clearance >= 60" made every value of a list enough by itself
    nested = "\n".join(f"  * {line}" for line in lines)
    parsed = parse_eligibility(f"Inclusion Criteria:\n\n* Participants must meet the following as defined:\n\n{nested}")
    assert short(parsed.criteria[0].expression) == expected


@pytest.mark.parametrize(
    "lead",
    [
        "Migraine (with or without aura), according to the classification, including:",
        "Patients without diabetes, with:",
    ],
)
def test_a_denial_beside_what_a_lead_asks_for_denies_nothing_under_it(lead: str) -> None:
    # why: "with or without aura" denied every requirement of the list
    parsed = parse_eligibility(f"Inclusion Criteria:\n\n* {lead}\n\n  * Stroke\n  * Asthma")
    assert [short(c.expression) for c in parsed.criteria[1:]] == ["stroke", "asthma"]


def test_a_denial_of_whom_a_lead_is_about_denies_nothing_under_it() -> None:
    text = (
        "Inclusion Criteria:\n\n* Women who are not of childbearing potential must meet one of the following:\n\n"
        "  * Have had a hysterectomy\n  * Are known to have ovarian failure"
    )
    assert not any(isinstance(c.expression, Not) for c in parse_eligibility(text).criteria)


def test_who_may_take_part_at_all_is_no_exception() -> None:
    text = "Inclusion Criteria:\n\n* Subjects are eligible for the study if they:\n\n  * Have asthma\n  * Have gout"
    assert [short(c.expression) for c in parse_eligibility(text).criteria[1:]] == ["asthma", "gout"]


def test_what_lets_people_through_makes_the_line_above_less_certain() -> None:
    text = "Inclusion Criteria:\n\n* No brain metastases\n\n  * Previously treated metastases are allowed"
    first = parse_eligibility(text).criteria[0].expression
    assert isinstance(first, AnyOf)
    assert isinstance(first.of[-1], Unreadable)


def test_alternatives_between_bullets_are_one_requirement() -> None:
    parsed = parse_eligibility("Inclusion Criteria:\n\n* Stroke\n\nor\n\n* Asthma\n* Gout")
    assert [(c.id, c.parent, short(c.expression)) for c in parsed.criteria] == [
        ("i1", None, "any(stroke, asthma)"),
        ("i2", "i1", "asthma"),
        ("i3", None, "gout"),
    ]


def test_arms_under_a_lead_are_not_required_together() -> None:
    text = "Inclusion Criteria:\n\n* Histological evidence of:\n\n  * Arm A: melanoma\n  * Arm B: asthma"
    parsed = parse_eligibility(text)
    assert [(c.applies_to, c.part_of_parent) for c in parsed.criteria[1:]] == [("Arm A", False), ("Arm B", False)]


def test_what_is_not_specified_decides_nothing() -> None:
    text = "PATIENT CHARACTERISTICS: Age: 18 and over Hepatic: Not specified Other: Not pregnant"
    parsed = parse_eligibility(text)
    assert [short(c.expression) for c in parsed.criteria][:1] == ["age"]


def test_a_long_title_is_quoted_and_decides_nothing() -> None:
    text = (
        "Subjects who meet any of the following criteria at the screening visit will be excluded from participation in the study:"
        "\n\n1. Stroke"
    )
    parsed = parse_eligibility(text)
    assert [(c.id, short(c.expression)) for c in parsed.criteria] == [("e1", "any()"), ("e2", "stroke")]
    assert parsed.coverage.criteria == 1


def test_ids_may_be_prefixed() -> None:
    parsed = parse_eligibility("Inclusion Criteria:\n\n* Stroke\n\nExclusion Criteria:\n\n* Gout", id_prefix="NCT1/")
    assert [c.id for c in parsed.criteria] == ["NCT1/i1", "NCT1/e1"]


def test_an_empty_text_has_no_criteria() -> None:
    assert parse_eligibility("").criteria == ()
    assert parse_eligibility(" \n\t\r\n").coverage == Coverage(0, 0, 0, 0)


def test_coverage_counts_what_can_come_of_each_criterion() -> None:
    text = "Inclusion Criteria:\n\n* Stroke\n* Signed informed consent\n* Xylophonic quintessence of blorbs"
    coverage = parse_eligibility(text).coverage
    assert coverage == Coverage(criteria=3, computable=1, on_site=1, unreadable=1)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda known, unread: AllOf((known, unread)), Coverage(1, 1, 0, 0)),
        (lambda known, unread: AnyOf((known, unread)), Coverage(1, 1, 0, 0)),
        (lambda known, unread: AllOf((AnyOf((known, unread)), unread)), Coverage(1, 0, 0, 1)),
        (lambda known, unread: Not(unread), Coverage(1, 0, 0, 1)),
        (lambda known, unread: AtLeast(2, (known, unread)), Coverage(1, 1, 0, 0)),
        (lambda known, unread: AtLeast(2, (known, unread, unread)), Coverage(1, 0, 0, 1)),
        (lambda known, unread: If(known, unread), Coverage(1, 1, 0, 0)),
        (lambda known, unread: Not(OnSite(0, 1, "consent")), Coverage(1, 0, 1, 0)),
        (lambda known, unread: AllOf((OnSite(0, 1, "consent"), unread)), Coverage(1, 0, 0, 1)),
    ],
)
def test_what_counts_as_computable(make: Callable[[Expression, Expression], Expression], expected: Coverage) -> None:
    (criterion,) = parse_eligibility("Inclusion Criteria:\n\n* Stroke").criteria
    made = replace(criterion, expression=make(criterion.expression, Unreadable(0, 5, "why")))
    assert coverage_of([made]) == expected


def check_spans(text: str) -> None:
    parsed = parse_eligibility(text)
    ids = {c.id for c in parsed.criteria}
    assert len(ids) == len(parsed.criteria)
    for criterion in parsed.criteria:
        assert text[criterion.start : criterion.end] == criterion.text != ""
        assert criterion.parent is None or criterion.parent in ids
        assert 0.0 <= criterion.coverage <= 1.0
        assert from_json(to_json(criterion.expression)) == criterion.expression


PIECES = st.sampled_from(
    [
        "Inclusion Criteria:", "Exclusion Criteria:", "\n", "\n\n", "  ", "* ", "  * ", "1. ", "   a. ", "~", "or", "and", "no ", "stroke",
        "diabetes", "at least one of the following:", "none of the following:", "except:", "age > 18 years", "<= 3 x ULN", "Cohort A: ",
        "within 6 months", "(", ")", "[", '"', "\\", "\r", "HbA1c 7.0-10.0 %", "pregnant", "if ", ";", ". ", "consent", "\u2028", "\x00", "\ud800",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_made_of_criteria_is_read(text: str) -> None:
    check_spans(text)


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
@example('[""]')
@example("Inclusion Criteria:\n" + " * a:\n" * 3)
def test_any_text_is_read(text: str) -> None:
    check_spans(text)


@pytest.mark.parametrize("depth", [60, 180])
def test_deep_nesting_is_bounded(depth: int) -> None:
    text = (
        "Inclusion Criteria:\n"
        + "\n".join(" " * (2 * n) + "* all of the following:" for n in range(depth))
        + "\n"
        + " " * 2 * depth
        + "* stroke"
    )
    parsed = parse_eligibility(text)
    assert len(parsed.criteria) == depth + 1


def test_a_sentence_about_the_list_asks_nothing() -> None:
    text = (
        "Exclusion Criteria:\n- Asthma\n"
        "- The above information is not intended to contain all considerations relevant to joining a clinical trial.\n"
        "- The above criteria are not intended to exclude eczema.\n"
    )
    asthma, about, other = parse_eligibility(text).criteria
    assert about.expression == AnyOf(())
    assert isinstance(asthma.expression, ConditionIs)
    assert other.expression != AnyOf(())


def test_a_time_apart_asks_for_nothing_under_it() -> None:
    text = "Inclusion Criteria:\n\n* At least 4 weeks since:\n  * chemotherapy\n  * radiotherapy"
    lead = parse_eligibility(text).criteria[0]
    assert settles(lead.expression) == (False, False)


def test_a_treatment_of_such_people_may_be_asked_of_them_only() -> None:
    text = "Inclusion Criteria:\n\n* Treatment with metformin for 3 months in patients with:\n  * type 2 diabetes\n  * obesity"
    lead, diabetes, _ = parse_eligibility(text).criteria
    assert short(lead.expression) == (
        "all(any(metformin, all(not(any(type 2 diabetes, obesity)), ?)), any(any(type 2 diabetes, obesity), ?))"
    )
    assert isinstance(diabetes.expression, ConditionIs) and diabetes.expression.window is None


def test_items_for_arms_of_their_own_are_alternatives() -> None:
    text = "Inclusion Criteria:\n\n* At least 1 year old, assigned as follows:\n* Adult arm: aged at least 12 years\n* Pediatric arm: aged 1 to 17 years"
    lead = parse_eligibility(text).criteria[0]
    assert isinstance(lead.expression, AllOf) and isinstance(lead.expression.of[1], AnyOf)
