from datetime import date

import pytest

from matching.judging.eligibility import ROLES, field_criteria, judge_criterion, judge_trial
from matching.judging.facts import prepare
from matching.knowledge import lexicon
from matching.model.codes import Eligibility, Role, Sex, Times, Verdict, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    Bound,
    ConditionIs,
    Criterion,
    If,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from matching.model.finding import Counts, PartVerdict
from matching.model.patient import Condition, Observation, PartialDate, Patient, Treatment
from matching.model.trial import AgeLimit, EligibilityFields
from matching.model.truth import Truth

ON = date(2026, 11, 22)
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
IN, EX = Role.INCLUSION, Role.EXCLUSION
NO_FIELDS = EligibilityFields()


def asks(name, **more):
    return ConditionIs(0, 1, lexicon.lookup(name), **more)


def criterion(expression, role=IN, id="i1", **more):
    return Criterion(id, role, "x", 0, 1, expression, **more)


def patient(**more):
    return prepare(Patient(**more), ON)


ADULT_MAN = {"birth_date": PartialDate(1990, 5, 1), "sex": Sex.MALE}
HB = MeasurementIs(0, 1, Analyte("hemoglobin"), Bound(10, "g/dL"))
LOW_HB = Observation("hemoglobin", value=9.0, unit="g/dL", on=PartialDate(2026, 11, 2))
GOOD_HB = Observation("hemoglobin", value=11.0, unit="g/dL", on=PartialDate(2026, 11, 2))


def test_the_one_table_of_roles():
    assert ROLES == {
        (IN, T): Verdict.INCLUDED, (IN, F): Verdict.NOT_INCLUDED, (IN, U): Verdict.UNKNOWN,
        (EX, T): Verdict.EXCLUDED, (EX, F): Verdict.NOT_EXCLUDED, (EX, U): Verdict.UNKNOWN,
    }  # fmt: skip


PREGNANT = PregnancyIs(0, 1, ("pregnant",))
FEMALE = SexIs(0, 1, Sex.FEMALE)
QTC = MeasurementIs(0, 1, Analyte("QTc"), Bound(470, "ms"))


@pytest.mark.parametrize(
    ("why", "role", "expression", "verdict"),
    [
        ("pregnancy of a man", EX, PREGNANT, Verdict.NOT_APPLICABLE),
        ("no pregnancy of a man", IN, Not(PREGNANT), Verdict.NOT_APPLICABLE),
        ("a pregnant woman", EX, AllOf((FEMALE, PREGNANT)), Verdict.NOT_APPLICABLE),
        ("pregnant, or a man may be ill", EX, AnyOf((PREGNANT, asks("asthma"))), Verdict.UNKNOWN),
        ("a requirement on women", IN, If(FEMALE, HB), Verdict.NOT_APPLICABLE),
        ("a long QTc in women excludes no man", EX, AllOf((FEMALE, QTC)), Verdict.NOT_EXCLUDED),
        ("an adult who is not pregnant", IN, AllOf((AgeIs(0, 1, Bound(18, "a")), Not(PREGNANT))), Verdict.INCLUDED),
        (
            "a requirement on women beside one on all",
            IN,
            AllOf((AgeIs(0, 1, Bound(18, "a")), If(FEMALE, HB))),
            Verdict.INCLUDED,
        ),
    ],
)
def test_sentences_about_people_this_patient_is_not(why, role, expression, verdict):
    assert judge_criterion(criterion(expression, role), patient(**ADULT_MAN)).verdict is verdict, why


@pytest.mark.parametrize(
    ("why", "facts", "truth", "verdict", "asked"),
    [
        ("a woman who is anaemic", {"sex": Sex.FEMALE, "observations": (LOW_HB,)}, F, Verdict.NOT_INCLUDED, []),
        ("a woman who is not", {"sex": Sex.FEMALE, "observations": (GOOD_HB,)}, T, Verdict.INCLUDED, []),
        ("a woman not measured", {"sex": Sex.FEMALE}, U, Verdict.UNKNOWN, ["hemoglobin"]),
        ("somebody anaemic", {"observations": (LOW_HB,)}, U, Verdict.UNKNOWN, ["sex"]),
        ("somebody who is not", {"observations": (GOOD_HB,)}, T, Verdict.INCLUDED, []),
        ("nobody", {}, U, Verdict.UNKNOWN, ["sex", "hemoglobin"]),
    ],
)
def test_a_requirement_on_a_subgroup(why, facts, truth, verdict, asked):
    judged = judge_criterion(criterion(If(FEMALE, HB)), patient(**facts))
    assert (judged.finding.truth, judged.verdict, [m.fact for m in judged.finding.missing]) == (
        truth,
        verdict,
        asked,
    ), why


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (AllOf((HB, OnSite(0, 1, "consent"))), WhyUnknown.MISSING),
        (AllOf((HB, Unreadable(0, 1, "x"))), WhyUnknown.MISSING),
        (AllOf((OnSite(0, 1, "consent"), Unreadable(0, 1, "x"))), WhyUnknown.UNREADABLE),
        (OnSite(0, 1, "consent"), WhyUnknown.ON_SITE),
        (Not(HB), WhyUnknown.MISSING),
    ],
)
def test_the_most_telling_reason(expression, why):
    judged = judge_criterion(criterion(expression), patient())
    assert (judged.verdict, judged.why_unknown) == (Verdict.UNKNOWN, why)


def test_a_settled_part_hides_no_other_part():
    text = "Hb >= 10 g/dL and consent"
    expression = AllOf((OnSite(18, 25, "consent"), MeasurementIs(0, 13, Analyte("hemoglobin"), Bound(10, "g/dL"))))
    judged = judge_criterion(Criterion("i1", IN, text, 0, len(text), expression), patient(observations=(LOW_HB,)))
    assert judged.verdict is Verdict.NOT_INCLUDED
    assert judged.part_verdicts == (
        PartVerdict("Hb >= 10 g/dL", 0, 13, F, None, expression.of[1]),
        PartVerdict("consent", 18, 25, U, WhyUnknown.ON_SITE, expression.of[0]),
    )


def test_the_registrys_fields_are_criteria():
    fields = EligibilityFields(
        sex="FEMALE", minimum_age=AgeLimit(18, "a"), maximum_age=AgeLimit(40, "a"), healthy_volunteers=False
    )
    found = {c.id: c for c in field_criteria(fields, "NCT1/")}
    assert list(found) == ["NCT1/age", "NCT1/sex", "NCT1/healthy_volunteers"]
    assert [c.text for c in found.values()] == [
        "Minimum age: 18 Years; maximum age: 40 Years", "Sex: female", "Healthy volunteers: not accepted",
    ]  # fmt: skip
    assert [c.text for c in field_criteria(EligibilityFields(maximum_age=AgeLimit(1, "mo")))] == [
        "Maximum age: 1 Month"
    ]
    assert field_criteria(EligibilityFields()) == ()


@pytest.mark.parametrize(
    ("fields", "facts", "verdicts"),
    [
        ({"sex": "ALL"}, {}, {"sex": Verdict.INCLUDED}),
        ({"sex": "FEMALE"}, {}, {"sex": Verdict.UNKNOWN}),
        ({"sex": "FEMALE"}, {"sex": Sex.MALE}, {"sex": Verdict.NOT_INCLUDED}),
        ({"sex": "FEMALE", "gender_based": True}, {"sex": Sex.MALE}, {"sex": Verdict.UNKNOWN}),
        ({"healthy_volunteers": True}, {"healthy_volunteer": True}, {"healthy_volunteers": Verdict.INCLUDED}),
        ({"healthy_volunteers": False}, {"healthy_volunteer": True}, {"healthy_volunteers": Verdict.NOT_INCLUDED}),
        ({"healthy_volunteers": False}, {"healthy_volunteer": False}, {"healthy_volunteers": Verdict.INCLUDED}),
        (
            {"healthy_volunteers": False},
            {"conditions": (Condition("asthma"),)},
            {"healthy_volunteers": Verdict.INCLUDED},
        ),
        ({"healthy_volunteers": False}, {}, {"healthy_volunteers": Verdict.UNKNOWN}),
        ({"maximum_age": AgeLimit(40, "a")}, {"birth_date": PartialDate(1985, 11, 23)}, {"age": Verdict.INCLUDED}),
        ({"maximum_age": AgeLimit(40, "a")}, {"birth_date": PartialDate(1985, 11, 22)}, {"age": Verdict.NOT_INCLUDED}),
        ({"minimum_age": AgeLimit(48, "h")}, {"birth_date": PartialDate(2026, 11, 20)}, {"age": Verdict.INCLUDED}),
    ],
)
def test_fields(fields, facts, verdicts):
    judged = judge_trial("NCT1", (), EligibilityFields(**fields), patient(**facts))
    assert {j.id.split("/")[1]: j.verdict for j in judged.criteria} == verdicts
    assert {(j.start, j.end) for j in judged.criteria} == {(None, None)}


def trial(*criteria, fields=NO_FIELDS, **facts):
    return judge_trial("NCT1", criteria, fields, patient(**facts))


OPEN = [criterion(asks(n), EX, f"e{i}") for i, n in enumerate(("asthma", "epilepsy", "psoriasis", "gout", "migraine"))]


def test_one_definite_exclusion_wins_over_any_number_of_unknowns():
    judged = trial(criterion(HB), *OPEN, observations=(LOW_HB,))
    assert judged.eligibility is Eligibility.NOT_ELIGIBLE
    assert judged.counts == Counts(against=1, missing=5)


def test_nothing_known_shuts_nobody_out():
    odd = [criterion(AnyOf(()), IN, "i9"), criterion(AllOf(()), EX, "e9"), criterion(HB), *OPEN]
    judged = trial(*odd, fields=EligibilityFields(sex="FEMALE", minimum_age=AgeLimit(18, "a")))
    assert judged.eligibility is Eligibility.POSSIBLY_ELIGIBLE
    assert {j.verdict for j in judged.criteria} == {Verdict.UNKNOWN}


def test_an_expression_that_rests_on_no_fact_never_speaks_against():
    assert trial(criterion(AnyOf(())), **ADULT_MAN).eligibility is Eligibility.POSSIBLY_ELIGIBLE


def test_likely_when_only_the_study_team_is_left():
    consent = criterion(OnSite(0, 1, "consent"), IN, "i2")
    judged = trial(criterion(HB), consent, observations=(GOOD_HB,))
    assert (judged.eligibility, judged.counts) == (Eligibility.LIKELY_ELIGIBLE, Counts(in_favour=1, on_site=1))
    assert trial(criterion(HB), consent, OPEN[0], observations=(GOOD_HB,)).eligibility is Eligibility.POSSIBLY_ELIGIBLE


def test_a_trial_without_criteria_is_never_likely():
    assert trial(fields=EligibilityFields(sex="ALL"), **ADULT_MAN).eligibility is Eligibility.POSSIBLY_ELIGIBLE


def test_parts_of_a_parent_are_shown_and_not_counted():
    parent = criterion(AnyOf((HB, asks("asthma"))), IN, "i1")
    children = [
        criterion(HB, IN, "i2", parent="i1", part_of_parent=True),
        criterion(asks("asthma"), IN, "i3", parent="i1", part_of_parent=True),
    ]
    judged = trial(parent, *children, observations=(LOW_HB,), conditions=(Condition("asthma"),))
    assert [(j.id, j.parent, j.verdict) for j in judged.criteria] == [
        ("NCT1/i1", None, Verdict.INCLUDED), ("NCT1/i2", "NCT1/i1", Verdict.NOT_INCLUDED), ("NCT1/i3", "NCT1/i1", Verdict.INCLUDED),
    ]  # fmt: skip
    assert (judged.eligibility, judged.counts) == (Eligibility.LIKELY_ELIGIBLE, Counts(in_favour=1))


def test_a_cohort_never_decides_against_the_trial():
    general = criterion(HB, IN, "i1")
    a = [
        criterion(asks("asthma"), IN, "i2", applies_to="Cohort A"),
        criterion(asks("epilepsy"), IN, "i3", applies_to="Cohort A"),
    ]
    b = [criterion(asks("gout"), IN, "i4", applies_to="Cohort B")]
    judged = trial(
        general, *a, *b, observations=(GOOD_HB,), conditions=(Condition("asthma", present=False), Condition("gout"))
    )
    assert [j.verdict for j in judged.criteria] == [
        Verdict.INCLUDED,
        Verdict.NOT_APPLICABLE,
        Verdict.NOT_APPLICABLE,
        Verdict.INCLUDED,
    ]
    assert judged.eligibility is Eligibility.POSSIBLY_ELIGIBLE
    assert judged.counts == Counts(in_favour=2, not_applicable=2)


def test_a_general_criterion_decides_whatever_the_cohorts():
    judged = trial(criterion(HB), criterion(asks("asthma"), IN, "i2", applies_to="Cohort A"), observations=(LOW_HB,))
    assert judged.eligibility is Eligibility.NOT_ELIGIBLE


BMI = MeasurementIs(0, 1, Analyte("BMI"), Bound(35, "kg/m2", False))


def bmi(value):
    return {"observations": (Observation("BMI", value=value, unit="kg/m2", on=PartialDate(2026, 11, 2)),)}


def test_a_near_miss_is_signed_and_relative():
    (miss,) = trial(criterion(BMI, EX), **bmi(36.0)).near_misses
    assert (miss.fact, miss.value, miss.bound, miss.by, miss.unit, miss.changes) == (
        "BMI",
        36.0,
        35,
        1.0,
        "kg/m2",
        "can_change",
    )
    assert miss.relative == pytest.approx(1 / 35)


def test_near_misses_are_only_over_definite_failures():
    assert trial(criterion(BMI, EX), **bmi(34.0)).near_misses == ()
    assert trial(criterion(BMI, EX), **bmi(90.0)).near_misses == ()
    assert trial(criterion(AnyOf((BMI, asks("asthma"))), EX), conditions=(Condition("asthma"),)).near_misses == ()
    assert trial(criterion(AllOf((FEMALE, BMI)), IN), sex=Sex.MALE, **bmi(34.0)).near_misses == ()


def test_a_washout_is_a_near_miss_that_mends_itself_on_a_day():
    washout = TreatmentIs(0, 1, lexicon.lookup("warfarin"), window=Window(upper=28, unit="d"))
    facts = {"treatments": (Treatment("warfarin", started_on=PartialDate(2020), stopped_on=PartialDate(2026, 11, 8)),)}
    judged = trial(criterion(washout, EX), **facts, complete=frozenset({"treatments"}))
    assert [(m.by, m.unit, m.changes) for m in judged.near_misses] == [(-14, "d", "by_itself")]
    assert (judged.eligibility, judged.eligible_from, judged.eligible_until, judged.recheck_on) == (
        Eligibility.NOT_ELIGIBLE, date(2026, 12, 7), None, date(2026, 12, 7),
    )  # fmt: skip


def test_the_span_of_a_trial_is_the_meeting_of_its_criteria():
    fields = EligibilityFields(minimum_age=AgeLimit(18, "a"), maximum_age=AgeLimit(40, "a"))
    child = trial(criterion(HB), fields=fields, birth_date=PartialDate(2010, 4, 3))
    assert (child.eligible_from, child.eligible_until, child.recheck_on) == (
        date(2028, 4, 3),
        date(2051, 4, 3),
        date(2028, 4, 3),
    )
    adult = trial(criterion(HB), fields=fields, birth_date=PartialDate(2001, 4, 3))
    assert (adult.eligible_from, adult.eligible_until, adult.recheck_on) == (None, date(2042, 4, 3), date(2042, 4, 3))
    both = trial(criterion(AgeIs(0, 1, Bound(21, "a"))), fields=fields, birth_date=PartialDate(2010, 4, 3))
    assert (both.eligible_from, both.eligible_until) == (date(2031, 4, 3), date(2051, 4, 3))
    old = trial(criterion(HB), fields=fields, birth_date=PartialDate(1950, 4, 3))
    assert (old.eligible_from, old.eligible_until, old.recheck_on) == (None, None, None)


def test_a_field_and_a_text_that_contradict_each_other_are_both_shown():
    fields = EligibilityFields(sex="ALL", minimum_age=AgeLimit(18, "a"))
    text = criterion(AgeIs(0, 1, Bound(21, "a")))
    judged = trial(text, fields=fields, birth_date=PartialDate(2007, 4, 3))
    assert judged.cross_check == ("age",)
    assert [j.verdict for j in judged.criteria] == [Verdict.INCLUDED, Verdict.INCLUDED, Verdict.NOT_INCLUDED]
    assert trial(text, fields=fields, birth_date=PartialDate(1990, 4, 3)).cross_check == ()
    women = trial(criterion(FEMALE), fields=fields, sex=Sex.MALE)
    assert women.cross_check == ("sex",)


def test_all_criteria_are_judged_after_a_failure():
    judged = trial(
        criterion(HB),
        criterion(MeasurementIs(0, 1, Analyte("ALT"), None, Bound(3, "1", True, Times.ULN)), IN, "i2"),
        *OPEN,
        observations=(LOW_HB,),
    )
    assert len(judged.criteria) == 7
    assert all(j.finding is not None for j in judged.criteria)


def test_what_asks_nothing_speaks_for_nobody():
    for role, nothing in ((Role.INCLUSION, AllOf(())), (Role.EXCLUSION, AnyOf(()))):
        said = Criterion("x1", role, "None", 0, 4, nothing)
        assert trial(said, **ADULT_MAN).criteria[-1].verdict is Verdict.NOT_APPLICABLE
