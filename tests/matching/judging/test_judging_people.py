from datetime import date

import pytest

from matching.judging.evaluate import evaluate
from matching.judging.facts import LIFELONG, OF_PREGNANCY, prepare
from matching.judging.measure import PREGNANCY_TESTS, REPEATED
from matching.judging.people import BREAST_FEEDING, DISORDERS, HEALTHY_VOLUNTEERS, NOT_FERTILE, PREGNANCY
from matching.judging.tested import TESTS
from matching.knowledge import analytes, hierarchy
from matching.knowledge.events import SUDDEN
from matching.model.codes import Sex, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    Analyte,
    Bound,
    Concept,
    ConditionIs,
    LifestyleIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    SexIs,
    Window,
)
from matching.model.finding import Change
from matching.model.patient import Condition, Observation, PartialDate, Patient, Quantity, Treatment
from matching.model.truth import Truth

ON = date(2026, 11, 22)
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def judged(leaf, on=ON, **patient):
    return evaluate(leaf, prepare(Patient(**patient), on))


def born(text):
    return PartialDate.parse(text)


def age(low=None, high=None, unit="a", low_in=True, high_in=True):
    lower = None if low is None else Bound(low, unit, low_in)
    upper = None if high is None else Bound(high, unit, high_in)
    return AgeIs(0, 1, lower, upper)


@pytest.mark.parametrize(
    ("why", "leaf", "birth", "on", "truth"),
    [
        ("the day before the 18th birthday", age(18, 40), "2001-04-03", "2019-04-02", F),
        ("the 18th birthday", age(18, 40), "2001-04-03", "2019-04-03", T),
        ("the day before the 41st birthday", age(18, 40), "2001-04-03", "2042-04-02", T),
        ("the 41st birthday", age(18, 40), "2001-04-03", "2042-04-03", F),
        ("under 18, the day before", age(high=18, high_in=False), "2001-04-03", "2019-04-02", T),
        ("under 18, on the birthday", age(high=18, high_in=False), "2001-04-03", "2019-04-03", F),
        ("over 65 at 65", age(65, low_in=False), "1961-01-01", "2026-12-31", F),
        ("over 65 at 66", age(65, low_in=False), "1961-01-01", "2027-01-01", T),
        ("born on 29 February, common year, the day before", age(18), "2008-02-29", "2026-02-28", F),
        ("born on 29 February, common year", age(18), "2008-02-29", "2026-03-01", T),
        ("born on 29 February, leap year", age(20), "2008-02-29", "2028-02-29", T),
        ("a year of birth inside", age(18, 40), "2001", "2026-11-22", T),
        ("a year of birth that straddles the bound", age(25), "2001", "2026-11-22", U),
        ("a year of birth on the last day of the year", age(25), "2001", "2026-12-31", T),
        ("a month of birth that straddles the bound", age(25), "2001-11", "2026-11-22", U),
        ("months: until the 7th month", age(high=6, unit="mo"), "2026-05-23", "2026-11-22", T),
        ("months: at 6 months", age(6, unit="mo"), "2026-05-22", "2026-11-22", T),
        ("months: a day short of 6", age(6, unit="mo"), "2026-05-23", "2026-11-22", F),
        ("weeks", age(8, unit="wk"), "2026-09-27", "2026-11-22", T),
        ("days: 28 counts as up to 28", age(high=28, unit="d"), "2026-10-25", "2026-11-22", T),
        ("days: 29 does not", age(high=28, unit="d"), "2026-10-24", "2026-11-22", F),
        ("two years and a half", age(2.5), "2024-05-22", "2026-11-22", T),
        ("a day short of two and a half", age(2.5), "2024-05-23", "2026-11-22", F),
    ],
)
def test_age(why, leaf, birth, on, truth):
    assert judged(leaf, on=date.fromisoformat(on), birth_date=born(birth)).truth is truth, why


@pytest.mark.parametrize(
    ("leaf", "quantity", "truth"),
    [
        (age(18, 40), Quantity(40, "a"), T),
        (age(18, 40), Quantity(41, "a"), F),
        (age(18), Quantity(18, "a"), T),
        (age(6, unit="mo"), Quantity(6, "mo"), T),
        (age(6, unit="mo"), Quantity(5, "mo"), F),
        (age(1), Quantity(11, "mo"), F),
        (age(18 * 12 + 3, unit="mo"), Quantity(18, "a"), U),
    ],
)
def test_an_age_instead_of_a_date_of_birth(leaf, quantity, truth):
    assert judged(leaf, age=quantity).truth is truth


def test_no_age_is_asked_for_and_two_that_differ_are_a_conflict():
    assert judged(age(18)).missing[0].fact == "date of birth"
    assert judged(age(18), age=Quantity(30, "a"), birth_date=born("1950")).reasons == (WhyUnknown.CONFLICT,)
    assert judged(age(18), age=Quantity(25, "a"), birth_date=born("2001-04-03")).truth is T


def test_the_timeline_of_an_age_is_its_birthdays():
    changes = judged(age(18, 40), on=date(2010, 1, 1), birth_date=born("2001-04-03")).timeline
    assert changes == (Change(date(2019, 4, 3), T), Change(date(2042, 4, 3), F))
    partial = judged(age(18), on=date(2010, 1, 1), birth_date=born("2001")).timeline
    assert partial == (Change(date(2019, 1, 1), U), Change(date(2019, 12, 31), T))


@pytest.mark.parametrize(
    ("birth", "by", "changes"),
    [("2010-01-01", -2, "by_itself"), ("1980-01-01", 6, "fixed")],
)
def test_time_mends_being_too_young_and_never_being_too_old(birth, by, changes):
    (distance,) = judged(age(18, 40), birth_date=born(birth)).distances
    assert (distance.by, distance.unit, distance.changes) == (by, "a", changes)


def test_an_age_on_the_bound_is_flagged():
    assert judged(age(18, 40), birth_date=born("1986-11-22")).evidence[0].boundary is True
    assert judged(age(18, 40), birth_date=born("1990-11-22")).evidence[0].boundary is False


def test_sex():
    assert judged(SexIs(0, 1, Sex.FEMALE), sex=Sex.FEMALE).truth is T
    assert judged(SexIs(0, 1, Sex.FEMALE), sex=Sex.MALE).truth is F
    assert judged(SexIs(0, 1, Sex.FEMALE)).reasons == (WhyUnknown.MISSING,)


PREGNANT = PregnancyIs(0, 1, ("pregnant", "breastfeeding"))
FERTILE = PregnancyIs(0, 1, ("childbearing_potential",))


@pytest.mark.parametrize(
    ("leaf", "patient", "truth", "applicable"),
    [
        (PREGNANT, {"sex": Sex.MALE}, F, False),
        (PREGNANT, {"sex": Sex.MALE, "pregnant": True}, T, True),
        (PREGNANT, {"sex": Sex.FEMALE}, U, True),
        (PREGNANT, {"sex": Sex.FEMALE, "pregnant": True}, T, True),
        (PREGNANT, {"sex": Sex.FEMALE, "pregnant": False}, U, True),
        (PREGNANT, {"sex": Sex.FEMALE, "pregnant": False, "breastfeeding": False}, F, True),
        (PREGNANT, {"pregnant": False, "breastfeeding": False}, F, True),
        (
            PregnancyIs(0, 1, ("pregnant",)),
            {"observations": (Observation("pregnancy test", result="negative"),)},
            F,
            True,
        ),
        (ResultIs(0, 1, Analyte("pregnancy test"), "negative"), {"sex": Sex.FEMALE, "pregnant": False}, T, True),
        (ResultIs(0, 1, Analyte("pregnancy test"), "negative"), {"sex": Sex.FEMALE}, U, True),
        (ResultIs(0, 1, Analyte("pregnancy test"), "negative"), {"sex": Sex.MALE}, T, False),
        (FERTILE, {"sex": Sex.MALE}, F, False),
        (FERTILE, {"sex": Sex.FEMALE, "birth_date": born("1996")}, U, True),
        (FERTILE, {"sex": Sex.FEMALE, "pregnant": True}, T, True),
        (FERTILE, {"sex": Sex.FEMALE, "birth_date": born("1960")}, F, True),
        (FERTILE, {"sex": Sex.FEMALE, "birth_date": born("2020")}, F, True),
        (FERTILE, {"sex": Sex.FEMALE, "treatments": (Treatment("hysterectomy"),)}, F, True),
        (FERTILE, {"sex": Sex.FEMALE, "conditions": (Condition("postmenopause"),)}, F, True),
        (ConditionIs(0, 1, Concept("pregnancy", PREGNANCY)), {"sex": Sex.FEMALE, "pregnant": False}, F, True),
        (ConditionIs(0, 1, Concept("pregnancy", PREGNANCY)), {"sex": Sex.MALE}, F, False),
        (PregnancyIs(0, 1, ("pregnant", "breastfeeding")), {"sex": Sex.FEMALE, "birth_date": born("1960")}, F, True),
        (PregnancyIs(0, 1, ("pregnant",)), {"birth_date": born("1960")}, F, False),
        (PregnancyIs(0, 1, ("pregnant",)), {"sex": Sex.FEMALE, "birth_date": born("1980")}, U, True),
        (PregnancyIs(0, 1, ("pregnant",), Window(upper=6, unit="mo")), {"sex": Sex.FEMALE, "pregnant": False}, U, True),
    ],
)
def test_pregnancy(leaf, patient, truth, applicable):
    finding = judged(leaf, **patient)
    assert (finding.truth, finding.applicable) == (truth, applicable)


@pytest.mark.parametrize(
    ("concept", "patient", "truth"),
    [
        (HEALTHY_VOLUNTEERS, {"healthy_volunteer": True}, T),
        (HEALTHY_VOLUNTEERS, {"healthy_volunteer": False}, F),
        (HEALTHY_VOLUNTEERS, {"conditions": (Condition("asthma"),)}, U),
        ("TM:healthy-volunteer", {"conditions": (Condition("asthma"),)}, F),
        ("TM:healthy-volunteer", {"conditions": (Condition("asthma", present=False),)}, U),
        ("TM:healthy-volunteer", {"healthy_volunteer": True, "conditions": (Condition("asthma"),)}, T),
    ],
)
def test_healthy_volunteers(concept, patient, truth):
    assert judged(ConditionIs(0, 1, Concept("healthy volunteer", concept)), **patient).truth is truth


def smoking(result):
    return {"observations": (Observation("smoking status", result=result),)}


@pytest.mark.parametrize(
    ("status", "patient", "truth"),
    [
        ("current", smoking("current every day smoker"), T),
        ("current", smoking("former smoker"), F),
        ("current", smoking("never smoker"), F),
        ("any", smoking("former"), T),
        ("any", smoking("never"), F),
        ("former", smoking("ex-smoker"), T),
        ("current", smoking("unclear"), U),
        ("current", {}, U),
    ],
)
def test_tobacco(status, patient, truth):
    assert judged(LifestyleIs(0, 1, "tobacco", status), **patient).truth is truth


def test_abuse_is_a_disorder_of_use():
    leaf = LifestyleIs(0, 1, "alcohol", "abuse")
    assert judged(leaf, conditions=(Condition("alcoholism"),)).truth is T
    assert judged(leaf, conditions=(Condition("alcohol-related disorders", present=False),)).truth is F
    assert judged(leaf, observations=(Observation("alcohol use", result="occasional"),)).truth is U
    assert judged(leaf).reasons == (WhyUnknown.MISSING,)


def test_an_amount_is_compared_only_in_its_own_unit():
    leaf = LifestyleIs(0, 1, "alcohol", "any", Bound(14, "{drinks}/wk", False))
    assert judged(leaf, observations=(Observation("alcohol use", value=20, unit="{drinks}/wk"),)).truth is T
    assert judged(leaf, observations=(Observation("alcohol use", value=20, unit="g/d"),)).truth is U


def test_what_a_patient_states_speaks_for_the_patient_whichever_way_the_sentence_is_put():
    states = {"statements": {"can_consent": True, "will_comply": True}}
    assert judged(OnSite(0, 1, "consent"), **states).truth is T
    facts = prepare(Patient(**states), ON)
    unable = Not(OnSite(0, 1, "compliance"))
    assert evaluate(unable, facts, favourable=F).truth is F
    assert evaluate(OnSite(0, 1, "compliance"), facts, favourable=F).truth is F
    assert judged(OnSite(0, 1, "consent"), statements={"can_consent": False}).truth is F


def test_an_opinion_is_nobodys_to_state():
    finding = judged(OnSite(0, 1, "investigator_opinion"), statements={"can_consent": True, "will_comply": True})
    assert (finding.truth, finding.reasons) == (U, (WhyUnknown.ON_SITE,))


def test_every_concept_id_in_the_code_is_in_the_vocabulary():
    ids = {
        *NOT_FERTILE,
        *DISORDERS.values(),
        *SUDDEN,
        *LIFELONG,
        *OF_PREGNANCY,
        *(m.concept for m in TESTS.values()),
        PREGNANCY,
        BREAST_FEEDING,
    }
    assert {i for i in ids if hierarchy.name(i) is None} == set()
    names = {*TESTS, *PREGNANCY_TESTS, *REPEATED}
    assert {n for n in names if analytes.by_name(n) is None} == set()


@pytest.mark.parametrize(
    ("conditions", "complete", "truth"),
    [
        ((), (), Truth.UNKNOWN),
        ((), ("conditions",), Truth.FALSE),
        (("asthma",), ("conditions",), Truth.FALSE),
        (("an illness of no name",), ("conditions",), Truth.UNKNOWN),
        (("mental disorders",), ("conditions",), Truth.UNKNOWN),
        (("alcohol dependence",), ("conditions",), Truth.TRUE),
    ],
)
def test_a_complete_list_without_a_disorder_of_use_denies_abuse(conditions, complete, truth):
    leaf = LifestyleIs(0, 1, "alcohol", "abuse")
    patient = {"conditions": tuple(Condition(c) for c in conditions), "complete": frozenset(complete)}
    assert judged(leaf, **patient).truth is truth
