"""Whole sentences: what was found, in the registry's words and the patient's values, and one question where it helps."""

from dataclasses import replace
from datetime import date

import pytest
from trees import all_of, any_of, not_

from matching.answering.explain import decisive, explain
from matching.answering.sentences import near_miss
from matching.answering.wording import Wording
from matching.judge import judge_text
from matching.model.codes import Role, Sex, Times, Verdict, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    Analyte,
    AnyOf,
    Bound,
    Concept,
    ConditionIs,
    If,
    MeasurementIs,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from matching.model.finding import Distance, Evidence, Finding, JudgedCriterion, MissingFact
from matching.model.patient import PartialDate, Patient
from matching.model.truth import Truth

TEXT = "Stimulated peak C-peptide \\>0.2 nmol/L at screening, or presence of malignancy other than skin cancer"
C_PEPTIDE = MissingFact("measurement", "C-peptide|stimulated", "stimulated C-peptide", "1986-9", "nmol/L")
MALIGNANCY = MissingFact("condition", "D009369", "Neoplasms", mesh="D009369")


def at(words: str) -> tuple[int, int]:
    start = TEXT.index(words) + 100  # the criterion begins at 100 in its source
    return start, start + len(words)


PEPTIDE = MeasurementIs(
    *at("C-peptide \\>0.2 nmol/L"), Analyte("C-peptide"), Bound(0.2, "nmol/L", False), setting="stimulated"
)
CANCER = ConditionIs(*at("malignancy"), Concept("malignancy", "D009369"))


def criterion(finding: Finding, role: Role, verdict: Verdict, **more: object) -> JudgedCriterion:
    why = finding.reasons[0] if verdict is Verdict.UNKNOWN and finding.reasons else None
    return JudgedCriterion("NCT1/i1", role, TEXT, 100, 100 + len(TEXT), verdict, why, finding, **more)  # type: ignore[arg-type]


def included(finding: Finding, words: Wording | None = None) -> str:
    verdict = {Truth.TRUE: Verdict.INCLUDED, Truth.FALSE: Verdict.NOT_INCLUDED}.get(finding.truth, Verdict.UNKNOWN)
    return explain(criterion(finding, Role.INCLUSION, verdict), words or Wording())


def excluded(finding: Finding, words: Wording | None = None) -> str:
    verdict = {Truth.TRUE: Verdict.EXCLUDED, Truth.FALSE: Verdict.NOT_EXCLUDED}.get(finding.truth, Verdict.UNKNOWN)
    return explain(criterion(finding, Role.EXCLUSION, verdict), words or Wording())


def unknown(leaf: object, reason: WhyUnknown, *missing: MissingFact, evidence: tuple[Evidence, ...] = ()) -> Finding:
    return Finding(leaf, Truth.UNKNOWN, (reason,), evidence, missing)  # type: ignore[arg-type]


LOW = Evidence("C-peptide", 0.6, "ng/mL", PartialDate(2026, 10, 11), 0.198656, "nmol/L")


def test_a_failed_bound_shows_the_value_in_both_units() -> None:
    finding = Finding(PEPTIDE, Truth.FALSE, evidence=(LOW,))
    assert included(finding) == (
        "Your stimulated C-peptide of 0.6 ng/mL (0.199 nmol/L) is not above 0.2 nmol/L. This point does not fit."
    )
    assert included(finding, Wording("es")) == (
        "Su valor de péptido C, con estímulo es 0.6 ng/mL (0.199 nmol/L): no es más de 0.2 nmol/L. Este punto no se cumple."
    )
    assert included(finding, Wording("en", "clinician")) == (
        "stimulated C-peptide 0.6 ng/mL (0.199 nmol/L): not > 0.2 nmol/L. Inclusion not met."
    )


def test_digits_are_added_until_the_value_can_be_told_from_the_bound() -> None:
    near = Evidence("C-peptide", 0.604, "ng/mL", None, 0.19998, "nmol/L")
    assert "0.604 ng/mL (0.2 nmol/L)" not in included(Finding(PEPTIDE, Truth.FALSE, evidence=(near,)))
    assert "0.604 ng/mL (0.19998 nmol/L)" in included(Finding(PEPTIDE, Truth.FALSE, evidence=(near,)))


def test_one_value_against_two_bounds_is_told_once() -> None:
    value = Evidence("BMI", 22.587833, "kg/m2", formula="BMI = 74 kg / (1.81 m)^2")
    low = MeasurementIs(100, 101, Analyte("BMI"), upper=Bound(14, "kg/m2", False))
    high = MeasurementIs(102, 103, Analyte("BMI"), lower=Bound(35, "kg/m2", False))
    both = any_of(*(Finding(bound, Truth.FALSE, evidence=(value,)) for bound in (low, high)))
    assert excluded(both) == (
        "Your BMI of 22.6 kg/m² is not below 14 kg/m² or above 35 kg/m². "
        "We worked this out: BMI = 74 kg / (1.81 m)^2. This point does not stand in the way."
    )


def test_a_missing_value_ends_in_its_question() -> None:
    assert included(unknown(PEPTIDE, WhyUnknown.MISSING, C_PEPTIDE)) == (
        "The trial checks if your stimulated C-peptide is above 0.2 nmol/L. "
        "What is your latest value for stimulated C-peptide?"
    )


def test_a_value_of_another_setting_is_not_called_by_the_one_that_is_asked_for() -> None:
    # why: a fasting value was shown as "your stimulated C-peptide"
    fasting = Evidence("fasting C-peptide", 0.7, "ng/mL")
    finding = Finding(PEPTIDE, Truth.UNKNOWN, (WhyUnknown.MISSING,), (fasting,), (C_PEPTIDE,))
    assert included(finding) == (
        "The trial checks if your stimulated C-peptide is above 0.2 nmol/L. "
        "What is your latest value for stimulated C-peptide?"
    )


def test_a_condition_is_quoted_and_its_kinds_are_named() -> None:
    breast = Evidence("breast cancer", None, path=("D001943", "D009369"))
    assert excluded(Finding(CANCER, Truth.TRUE, evidence=(breast,))) == (
        'You told us about breast cancer. That falls under cancer, so this is true of you: "malignancy". '
        "The trial does not take people with this."
    )
    assert excluded(Finding(CANCER, Truth.FALSE, evidence=(Evidence("malignancy", False),))) == (
        'From what you told us (no malignancy), this is not true of you: "malignancy". '
        "This point does not stand in the way."
    )
    assert excluded(unknown(CANCER, WhyUnknown.MISSING, MALIGNANCY)) == (
        'The trial checks if this is true of you: "malignancy". Do you have, or did you ever have, malignancy?'
    )


def test_an_any_of_is_explained_by_the_part_that_held() -> None:
    held = any_of(
        unknown(PEPTIDE, WhyUnknown.MISSING, C_PEPTIDE), Finding(CANCER, Truth.TRUE, evidence=(Evidence("cancer"),))
    )
    assert excluded(held) == (
        'From what you told us (cancer), this is true of you: "malignancy". The trial does not take people with this.'
    )


def test_an_all_of_is_explained_by_the_part_that_failed() -> None:
    failed = all_of(Finding(CANCER, Truth.TRUE), Finding(PEPTIDE, Truth.FALSE, evidence=(LOW,)))
    assert included(failed) == (
        "Your stimulated C-peptide of 0.6 ng/mL (0.199 nmol/L) is not above 0.2 nmol/L. This point does not fit."
    )


def test_several_unknown_parts_end_in_one_question_after_what_nobody_can_ask() -> None:
    unread = unknown(Unreadable(*at("other than skin cancer"), "no rule"), WhyUnknown.UNREADABLE)
    both = all_of(
        unknown(PEPTIDE, WhyUnknown.MISSING, C_PEPTIDE), unknown(CANCER, WhyUnknown.MISSING, MALIGNANCY), unread
    )
    assert included(both) == (
        'We could not read this part: "other than skin cancer". Please ask the study team. '
        "The trial checks if your stimulated C-peptide is above 0.2 nmol/L. "
        'The trial checks if this is true of you: "malignancy". '
        "Can you find out about these: stimulated C-peptide and malignancy?"
    )


def test_many_parts_are_counted() -> None:
    parts = [
        unknown(ConditionIs(100, 110, Concept(name)), WhyUnknown.MISSING, MissingFact("condition", name, name))
        for name in ("asthma", "gout", "lupus", "mumps", "rabies")
    ]
    leaves = [
        Finding(ScoreIs(100, 101, name, Bound(1.0, "1")), Truth.FALSE, evidence=(Evidence(name, 0.0),))
        for name in ("aa", "bb", "cc", "dd")
    ]
    assert included(any_of(*leaves)) == (
        "Your AA of 0 is not 1 or more. Your BB of 0 is not 1 or more. Your CC of 0 is not 1 or more. "
        "There is 1 more part like this. This point does not fit."
    )
    assert included(any_of(*parts)) == (
        'The trial checks if this is true of you: "Stimulated". '
        "Do you have, or did you ever have, any of these: asthma, gout, lupus, mumps and 1 more?"
    )


def test_what_was_read_but_perhaps_not_to_its_end_is_not_called_unread() -> None:
    # why: one explanation said of "malignancy" that it could not be read, and asked for it
    unread = unknown(Unreadable(*at("malignancy"), "no rule"), WhyUnknown.UNREADABLE)
    assert excluded(all_of(unread, unknown(CANCER, WhyUnknown.MISSING, MALIGNANCY))) == (
        'We are not sure how this is meant: "malignancy". Please ask the study team. '
        'The trial checks if this is true of you: "malignancy". Do you have, or did you ever have, malignancy?'
    )


def test_what_one_fact_makes_true_of_several_parts_is_told_once() -> None:
    # why: "You told us about breast cancer." stood twice in one explanation
    breast = Evidence("breast cancer", None, path=("D001943", "D009369"))
    tumour = ConditionIs(*at("skin cancer"), Concept("cancer", "D009369"))
    both = all_of(Finding(CANCER, Truth.TRUE, evidence=(breast,)), Finding(tumour, Truth.TRUE, evidence=(breast,)))
    assert excluded(both) == (
        'You told us about breast cancer. So these are true of you: "malignancy" and "skin cancer". '
        "The trial does not take people with this."
    )


def test_an_equal_bound_is_told_once() -> None:
    twice = any_of(*(Finding(PEPTIDE, Truth.FALSE, evidence=(LOW,)) for _ in range(2)))
    assert excluded(twice).startswith("Your stimulated C-peptide of 0.6 ng/mL (0.199 nmol/L) is not above 0.2 nmol/L. ")


def test_under_a_negation_a_state_stands_for_the_words() -> None:
    # why: 'From what you told us (pregnant), this is true of you: "negative pregnancy test"'
    pregnant = Finding(
        PregnancyIs(*at("at screening"), ("pregnant",)), Truth.TRUE, evidence=(Evidence("pregnant", True),)
    )
    finding = replace(not_(pregnant), truth=Truth.FALSE)
    assert included(finding) == (
        'From what you told us (pregnant), this is true of you: "pregnant". This point does not fit.'
    )


def test_a_statement_is_told_as_it_was_stated() -> None:
    # why: of "able to consent" and "unable to consent" one explanation said both "holds" and "does not hold"
    stated = (Evidence("can consent", True),)
    able = Finding(OnSite(100, 110, "consent"), Truth.TRUE, evidence=stated)
    unable = Finding(OnSite(111, 120, "consent"), Truth.FALSE, evidence=stated)
    assert (
        excluded(all_of(able, unable)) == "You said yes to this (your consent). This point does not stand in the way."
    )


def test_a_test_that_a_disease_tells_of_has_no_value() -> None:
    # why: "Your test for HIV came out as no"
    denied = Finding(
        ResultIs(*at("malignancy"), Analyte("HIV test"), "positive"), Truth.FALSE, evidence=(Evidence("HIV", False),)
    )
    assert excluded(denied) == (
        'From what you told us (no HIV), this is not true of you: "malignancy". This point does not stand in the way.'
    )


def test_the_age_of_a_grown_person_is_told_in_years() -> None:
    months = AgeIs(0, 1, Bound(6, "mo"), Bound(16, "a"))
    old = Finding(months, Truth.FALSE, evidence=(Evidence("age", "1018-1030", "mo"),))
    young = Finding(months, Truth.TRUE, evidence=(Evidence("age", 8, "mo"),))
    assert included(old).startswith("Your age of 84-85 years is not")
    assert included(young).startswith("Your age of 8 months is")


def test_under_a_negation_the_concept_stands_for_the_words() -> None:
    no_cancer = ConditionIs(*at("presence of malignancy"), Concept("malignancy", "D009369"))
    absent = Finding(no_cancer, Truth.FALSE, evidence=(Evidence("cancer", False),))
    assert included(not_(absent)) == (
        'From what you told us (no cancer), this is not true of you: "malignancy". This point fits.'
    )


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            unknown(PEPTIDE, WhyUnknown.STALE, C_PEPTIDE, evidence=(LOW,)),
            "Your stimulated C-peptide of 0.6 ng/mL (0.199 nmol/L) is too old for this point. "
            "Do you have a newer value for your stimulated C-peptide?",
        ),
        (
            unknown(PEPTIDE, WhyUnknown.NOT_COMPARABLE, evidence=(Evidence("C-peptide", 3.0, "[IU]/L"),)),
            "We could not compare your stimulated C-peptide of 3 IU/L with the trial's limit. "
            "Can you give your C-peptide in nmol/L?",
        ),
        (
            unknown(PEPTIDE, WhyUnknown.CONFLICT, C_PEPTIDE, evidence=(LOW,)),
            "You gave more than one answer for your stimulated C-peptide. Which one is right?",
        ),
        (
            unknown(OnSite(100, 110, "consent"), WhyUnknown.ON_SITE),
            "Only the study team can settle this (your consent).",
        ),
        (
            unknown(OnSite(100, 110, "some_new_topic"), WhyUnknown.ON_SITE),
            "Only the study team can settle this (some new topic).",
        ),
        (
            unknown(
                AgeIs(100, 110, Bound(18, "a"), Bound(40, "a")), WhyUnknown.MISSING, MissingFact("age", "age", "age")
            ),
            "The trial checks if your age is from 18 to 40 years. What is your date of birth?",
        ),
        (
            unknown(SexIs(100, 110, Sex.FEMALE), WhyUnknown.MISSING, MissingFact("sex", "sex", "sex")),
            "The trial checks if you are female. What sex were you given at birth?",
        ),
        (
            unknown(
                ResultIs(100, 110, Analyte("HER2"), "positive"),
                WhyUnknown.MISSING,
                MissingFact("result", "HER2", "HER2"),
            ),
            "The trial checks if your result for HER2 is positive. What was your result for HER2?",
        ),
        (
            unknown(
                PregnancyIs(*at("at screening"), ("pregnant",)),
                WhyUnknown.MISSING,
                MissingFact("pregnancy", "pregnant", "pregnancy"),
            ),
            'The trial checks if this is true of you: "at screening". Are you pregnant?',
        ),
        (
            unknown(TreatmentIs(*at("skin cancer"), Concept("x")), WhyUnknown.UNREADABLE),
            'We could not check this: "skin cancer". Please ask the study team.',
        ),
    ],
)
def test_each_way_of_not_knowing_has_its_words(finding: Finding, sentence: str) -> None:
    assert included(finding) == sentence


@pytest.mark.parametrize(
    ("leaf", "value", "sentence"),
    [
        (
            AgeIs(0, 1, Bound(18, "a"), Bound(40, "a")),
            Evidence("age", 25, "a"),
            "Your age of 25 years is from 18 to 40 years. This point fits.",
        ),
        (
            MeasurementIs(0, 1, Analyte("ALT"), upper=Bound(3, "1", times=Times.ULN)),
            Evidence("ALT", 31, "U/L", assumed="usual upper limit 55 U/L"),
            "Your ALT of 31 U/L is 3 times the upper limit of normal or less. "
            "We assumed this: usual upper limit 55 U/L. This point fits.",
        ),
        (
            MeasurementIs(
                0, 1, Analyte("platelet count"), Bound(140_000, "/uL"), window=Window(upper=28, unit="d", anchor="now")
            ),
            Evidence("platelet count", 150, "10*9/L", boundary=True),
            "Your platelet count of 150 ×10^9/L is 140,000 /µL or more in the last 28 days. "
            "Your value lies right on the limit. This point fits.",
        ),
        (
            MeasurementIs(0, 1, Analyte("BMI"), Bound(14, "kg/m2"), Bound(35, "kg/m2", False)),
            Evidence("BMI", 24.2, "kg/m2", formula="70 kg / (1.70 m)²"),
            "Your BMI of 24.2 kg/m² is 14 kg/m² or more and below 35 kg/m². "
            "We worked this out: 70 kg / (1.70 m)². This point fits.",
        ),
        (
            SexIs(0, 1, Sex.MALE),
            Evidence("sex", "MALE"),
            "This point is for male people and you are male. This point fits.",
        ),
        (
            ResultIs(0, 1, Analyte("GAD65 antibody"), "positive"),
            Evidence("GAD65 antibody", "positive"),
            "Your result for GAD65 antibody came out as positive. This point fits.",
        ),
    ],
)
def test_each_kind_of_leaf_that_holds(leaf: object, value: Evidence, sentence: str) -> None:
    assert included(Finding(leaf, Truth.TRUE, evidence=(value,))) == sentence  # type: ignore[arg-type]


def test_a_subgroup_that_the_patient_is_not_of() -> None:
    when = Finding(SexIs(0, 1, Sex.FEMALE), Truth.FALSE)
    finding = Finding(
        If(when.expression, PEPTIDE),
        Truth.TRUE,
        parts=(when, unknown(PEPTIDE, WhyUnknown.MISSING, C_PEPTIDE)),
        applicable=False,
    )
    short = "Stimulated peak C-peptide >0.2 nmol/L at screening, or presence of malignancy other than skin cancer"
    assert explain(criterion(finding, Role.INCLUSION, Verdict.NOT_APPLICABLE)) == (
        f'This point is about other people ("{short}"). It does not count for you.'
    )


def test_a_line_that_asks_nothing_is_not_called_one_about_other_people() -> None:
    nothing = Finding(AnyOf(()), Truth.FALSE, applicable=False)
    short = "Stimulated peak C-peptide >0.2 nmol/L at screening, or presence of malignancy other than skin cancer"
    told = explain(criterion(nothing, Role.EXCLUSION, Verdict.NOT_APPLICABLE))
    assert told == f'This line asks nothing of you ("{short}").'


def test_a_cohorts_criterion_says_for_whom_it_is() -> None:
    finding = Finding(PEPTIDE, Truth.FALSE, evidence=(LOW,))
    told = explain(criterion(finding, Role.INCLUSION, Verdict.NOT_INCLUDED, applies_to="Cohort B"))
    assert told.startswith('This point is only for one group: "Cohort B". Your stimulated')


@pytest.mark.parametrize(
    ("distance", "sentence"),
    [
        (
            Distance("HbA1c", 12.3, 12.0, 0.3, "%", 0.025, "can_change"),
            "Your HbA1c of 12.3 % is 0.3 % above the limit of 12 %. This value can change.",
        ),
        (
            Distance("age", 17, 18, -1.0, "a", 1 / 18, "by_itself"),
            "Your age of 17 years is 1 year below the limit of 18 years. This changes with time.",
        ),
        (
            Distance("ECOG", 2, 2, 0.0, "1", 0.0, "fixed"),
            "Your ECOG of 2 is right on the limit, which the trial leaves out. This will not change with time.",
        ),
    ],
)
def test_near_misses_say_by_how_much(distance: Distance, sentence: str) -> None:
    assert near_miss(distance, Wording()) == sentence


def test_the_deciding_leaves() -> None:
    yes, no, open_ = (Finding(PEPTIDE, truth) for truth in (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN))
    assert decisive(all_of(yes, yes)) == (yes, yes)
    assert decisive(all_of(yes, no, open_)) == (no,)
    assert decisive(any_of(no, yes, yes)) == (yes,)
    assert decisive(any_of(no, open_)) == (open_,)
    assert decisive(not_(any_of(no, no))) == (no, no)


def test_dates_of_what_was_told_are_shown() -> None:
    finding = Finding(CANCER, Truth.TRUE, evidence=(Evidence("cancer", None, on=PartialDate(2026, 8)),))
    assert excluded(finding).startswith("From what you told us (cancer, 2026-08), this is true of you")
    assert date(2026, 8, 1) == PartialDate(2026, 8).earliest


def test_the_quote_is_the_text_without_the_heading_it_was_read_under():
    told = judge_text("Pregnant", Role.EXCLUSION, Patient(sex=Sex.MALE), date(2026, 11, 22)).explanation
    assert told == 'This point is about other people ("Pregnant"). It does not count for you.'
