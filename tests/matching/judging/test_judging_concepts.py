from datetime import date

import pytest

from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.knowledge import hierarchy, lexicon
from matching.model.codes import WhyUnknown
from matching.model.criterion import (
    Analyte,
    AnyOf,
    Bound,
    Concept,
    ConditionIs,
    CountIs,
    Dose,
    OnSite,
    ResultIs,
    TreatmentIs,
    Window,
)
from matching.model.finding import Change, MissingFact
from matching.model.patient import Code, Condition, Observation, PartialDate, Patient, Quantity, Treatment
from matching.model.truth import Truth

ON = date(2026, 11, 22)
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
ALL = frozenset({"conditions", "treatments"})


def concept(name):
    found = lexicon.lookup(name)
    assert found is not None, name
    return found


def asks(name, **more):
    return ConditionIs(0, 1, concept(name), **more)


def asks_treatment(name, **more):
    return TreatmentIs(0, 1, concept(name), **more)


def day(text):
    return None if text is None else PartialDate.parse(text)


def has(text, onset=None, resolved=None, **more):
    return Condition(text, onset_on=day(onset), resolved_on=day(resolved), **more)


def took(text, started=None, stopped=None, **more):
    return Treatment(text, started_on=day(started), stopped_on=day(stopped), **more)


def judged(leaf, *facts, complete=frozenset(), on=ON, **patient):
    conditions = tuple(f for f in facts if isinstance(f, Condition))
    treatments = tuple(f for f in facts if isinstance(f, Treatment))
    return evaluate(
        leaf, prepare(Patient(conditions=conditions, treatments=treatments, complete=complete, **patient), on)
    )


@pytest.mark.parametrize(
    ("why", "asked", "facts", "complete", "truth", "reason"),
    [
        ("the same", "type 1 diabetes", [has("type 1 diabetes")], (), T, None),
        ("below", "diabetes mellitus", [has("type 1 diabetes")], (), T, None),
        ("above leaves it open", "type 1 diabetes", [has("diabetes mellitus")], (), U, WhyUnknown.MISSING),
        ("above leaves it open also when the list is complete", "type 1 diabetes", [has("diabetes mellitus")], ALL, U, WhyUnknown.MISSING),
        ("sideways, list not complete", "asthma", [has("type 1 diabetes")], (), U, WhyUnknown.MISSING),
        ("sideways, list complete", "asthma", [has("type 1 diabetes")], ALL, F, None),
        ("two types of diabetes are not taken to exclude each other", "type 2 diabetes", [has("type 1 diabetes")], (), U, WhyUnknown.MISSING),
        ("nothing said", "asthma", [], (), U, WhyUnknown.MISSING),
        ("nothing on a complete list", "asthma", [], ALL, F, None),
        ("asthma may be severe asthma", "severe asthma", [has("asthma")], ALL, U, WhyUnknown.MISSING),
        ("a tumour's site may be its tissue", "adenocarcinoma", [has("lung cancer")], ALL, U, WhyUnknown.MISSING),
        ("known absent", "asthma", [has("asthma", present=False)], (), F, None),
        ("known absent above", "type 1 diabetes", [has("diabetes mellitus", present=False)], (), F, None),
        ("known absent below says nothing", "diabetes mellitus", [has("type 1 diabetes", present=False)], (), U, WhyUnknown.MISSING),
        ("present below, another absent below", "diabetes mellitus", [has("type 1 diabetes"), has("type 2 diabetes", present=False)], (), T, None),
        ("present below, absent above", "diabetes mellitus", [has("type 1 diabetes"), has("diabetes mellitus", present=False)], (), U, WhyUnknown.CONFLICT),
        ("absent with a qualifier is not absent", "asthma", [has("asthma", present=False, qualifiers=("severe",))], (), U, WhyUnknown.MISSING),
        ("absent in a narrower wording is not absent", "asthma", [has("severe asthma", present=False)], (), U, WhyUnknown.MISSING),
        ("a name no vocabulary holds that shares a word", "asthma", [has("brittle asthma-like wheeze of Foo")], ALL, U, WhyUnknown.MISSING),
        ("a name no vocabulary holds that shares none", "asthma", [has("xyzzy of the quux")], ALL, F, None),
        ("a code", "type 1 diabetes", [has("whatever", codes=(Code("icd10cm", "E10.9"),))], (), T, None),
    ],
)  # fmt: skip
def test_concepts(why, asked, facts, complete, truth, reason):
    finding = judged(asks(asked), *facts, complete=frozenset(complete))
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,)), why


def test_the_path_is_shown():
    (evidence,) = judged(asks("diabetes mellitus"), has("type 1 diabetes", "2026-08-01")).evidence
    t1d, diabetes = concept("type 1 diabetes").id, concept("diabetes mellitus").id
    assert (evidence.fact, evidence.on, evidence.path) == ("type 1 diabetes", PartialDate(2026, 8, 1), (t1d, diabetes))


def test_what_would_settle_it_is_named_as_the_vocabulary_names_it():
    asked = concept("asthma")
    (missing,) = judged(ConditionIs(0, 1, Concept("bronchial asthma", asked.id, asked.mesh))).missing
    assert missing == MissingFact("condition", asked.id, hierarchy.name(asked.id), mesh=asked.mesh)


def test_a_concept_of_no_vocabulary_matches_its_own_name_only():
    leaf = ConditionIs(0, 1, Concept("Foo-Bar Syndrome"))
    assert judged(leaf, has("foo bar syndrome")).truth is T
    assert judged(leaf, has("foo bar syndrome", present=False)).truth is F
    assert judged(leaf, has("asthma")).truth is U


def test_a_complete_list_says_nothing_of_what_it_would_not_name():
    for unheard_of in ("serious illness of an organ", "contraindication to foolumab", "risk of foo"):
        assert judged(ConditionIs(0, 1, Concept(unheard_of)), complete=ALL).reasons == (WhyUnknown.MISSING,)
    assert judged(asks_treatment("biopsy"), complete=ALL).reasons == (WhyUnknown.MISSING,)
    assert judged(asks_treatment("radiotherapy"), complete=ALL).truth is F


@pytest.mark.parametrize(
    ("facts", "complete", "truth"),
    [
        ([], (), U),
        ([], ALL, F),
        ([has("asthma")], ALL, F),
        ([has("penicillin allergy")], ALL, U),
        ([has("allergic rhinitis")], ALL, U),
        ([has("intolerance to something")], ALL, U),
        ([has("hypersensitivity to foolumab")], (), T),
    ],
)
def test_a_complete_list_without_any_allergy_names_not_this_one(facts, complete, truth):
    leaf = ConditionIs(0, 1, Concept("hypersensitivity to foolumab"))
    assert judged(leaf, *facts, complete=frozenset(complete)).truth is truth


@pytest.mark.parametrize(
    ("asked", "fact", "truth"),
    [
        ("respiratory tract diseases", "cough", U),
        ("nervous system diseases", "headache", U),
        ("pain", "headache", T),
        ("cough", "cough", T),
        ("respiratory tract diseases", "asthma", T),
    ],
)
def test_a_symptom_is_no_disease_of_the_group_that_it_is_filed_under(asked, fact, truth):
    assert judged(asks(asked), has(fact)).truth is truth


@pytest.mark.parametrize(
    ("status", "truth", "reasons"),
    [("any", U, (WhyUnknown.UNREADABLE,)), ("prior", T, ())],
)
def test_a_test_that_is_only_named_says_what_it_found(status, truth, reasons):
    finding = judged(asks_treatment("echocardiography", status=status, type="procedure"), took("echocardiography"))
    assert (finding.truth, finding.reasons) == (truth, reasons)


@pytest.mark.parametrize(
    ("why", "status", "fact", "truth", "reason"),
    [
        ("active and said so", "active", has("asthma", active=True), T, None),
        ("resolved", "active", has("asthma", active=False), F, None),
        ("resolved by its date", "active", has("asthma", "2001", "2010"), F, None),
        ("not said", "active", has("asthma"), U, WhyUnknown.MISSING),
        ("history holds of what is over", "history", has("asthma", active=False), T, None),
        ("history holds of what goes on", "history", has("asthma", active=True), T, None),
        ("a plain mention of what is over", "any", has("asthma", active=False), U, WhyUnknown.UNREADABLE),
        ("a plain mention", "any", has("asthma"), T, None),
    ],
)
def test_status(why, status, fact, truth, reason):
    finding = judged(asks("asthma", status=status), fact)
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,)), why


def test_a_lifelong_condition_goes_on_unless_somebody_says_it_is_over():
    leaf = asks("diabetes mellitus", status="active")
    assert judged(leaf, has("type 1 diabetes")).truth is T
    assert judged(leaf, has("gestational diabetes", active=False)).truth is U
    assert judged(asks("gestational diabetes", status="active"), has("gestational diabetes")).truth is U
    assert judged(asks("rheumatoid arthritis", status="active"), has("rheumatoid arthritis")).truth is U


@pytest.mark.parametrize(
    ("why", "qualifiers", "fact", "complete", "truth", "reason"),
    [
        ("said", ("severe",), has("asthma", qualifiers=("severe",)), (), T, None),
        ("said in the name", ("severe",), has("severe asthma"), (), T, None),
        ("the opposite", ("severe",), has("mild asthma"), (), F, None),
        ("not said", ("severe",), has("asthma"), (), U, WhyUnknown.MISSING),
        ("not had at all", ("severe",), has("asthma", present=False), (), F, None),
        (
            "uncontrolled against controlled",
            ("uncontrolled",),
            has("asthma", qualifiers=("well controlled",)),
            (),
            F,
            None,
        ),
        ("one of two grades", ("moderate to severe",), has("asthma", qualifiers=("moderate",)), (), T, None),
        ("known asks nothing", ("known",), has("asthma"), (), T, None),
        ("active is a status", ("active",), has("asthma", active=False), (), F, None),
        ("only a doctor can say", ("clinically significant",), has("asthma"), (), U, WhyUnknown.ON_SITE),
        ("all of them", ("severe", "uncontrolled"), has("asthma", qualifiers=("severe",)), (), U, WhyUnknown.MISSING),
    ],
)
def test_qualifiers(why, qualifiers, fact, complete, truth, reason):
    finding = judged(asks("asthma", qualifiers=qualifiers), fact, complete=frozenset(complete))
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,)), why


def test_the_severity_is_what_is_asked_for():
    (missing,) = judged(asks("asthma", qualifiers=("severe",)), has("asthma")).missing
    assert missing == MissingFact("condition", f"{concept('asthma').id}:severe", "whether you have severe asthma")


SIX_MONTHS = Window(upper=6, unit="mo")


@pytest.mark.parametrize(
    ("why", "name", "window", "fact", "complete", "truth", "reason"),
    [
        ("began inside", "asthma", SIX_MONTHS, has("asthma", "2026-08-01"), (), T, None),
        ("goes on", "asthma", SIX_MONTHS, has("asthma", "2020", active=True), (), T, None),
        ("ended before", "asthma", SIX_MONTHS, has("asthma", "2010", "2012"), (), F, None),
        ("ended inside", "asthma", SIX_MONTHS, has("asthma", "2010", "2026-09"), (), T, None),
        ("began before, end not said", "asthma", SIX_MONTHS, has("asthma", "2010"), (), U, WhyUnknown.MISSING),
        ("no date", "asthma", SIX_MONTHS, has("asthma"), (), U, WhyUnknown.MISSING),
        ("an old infarction says nothing of a new one", "myocardial infarction", SIX_MONTHS, has("myocardial infarction", "2010"), (), U, WhyUnknown.MISSING),
        ("unless the list is complete", "myocardial infarction", SIX_MONTHS, has("myocardial infarction", "2010"), ALL, F, None),
        ("an infarction marked active did not happen today", "myocardial infarction", SIX_MONTHS, has("myocardial infarction", "2010", active=True), ALL, F, None),
        ("a new infarction", "myocardial infarction", SIX_MONTHS, has("myocardial infarction", "2026-10-01"), (), T, None),
        ("a year that straddles the edge", "myocardial infarction", SIX_MONTHS, has("myocardial infarction", "2026"), (), U, WhyUnknown.MISSING),
        ("for at least a year", "asthma", Window(lower=1, unit="a", direction="duration"), has("asthma", "2020"), (), T, None),
        ("for at least a year, younger", "asthma", Window(lower=1, unit="a", direction="duration"), has("asthma", "2026-03"), (), F, None),
        ("since the diagnosis", "asthma", Window(lower=1, unit="a", anchor="diagnosis", direction="after"), has("asthma", "2020"), (), T, None),
        ("ended long ago", "breast cancer", Window(lower=5, unit="a"), has("breast cancer", "2001", "2003"), (), T, None),
        ("began too lately", "breast cancer", Window(lower=5, unit="a"), has("breast cancer", "2024"), ALL, F, None),
        ("began long ago, end not said", "breast cancer", Window(lower=5, unit="a"), has("breast cancer", "2001"), (), U, WhyUnknown.UNREADABLE),
        ("at another time", "asthma", Window(upper=6, unit="mo", anchor="transplantation"), has("asthma", "2026-08-01"), (), U, WhyUnknown.UNREADABLE),
    ],
)  # fmt: skip
def test_windows_of_conditions(why, name, window, fact, complete, truth, reason):
    finding = judged(asks(name, window=window), fact, complete=frozenset(complete))
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,)), why


def test_newly_diagnosed_within_six_months_is_about_the_beginning():
    leaf = asks("type 1 diabetes", qualifiers=("newly diagnosed",), window=SIX_MONTHS)
    finding = judged(leaf, has("type 1 diabetes", "2026-08-01", active=True))
    assert (finding.truth, finding.timeline) == (T, (Change(date(2027, 2, 2), F),))
    assert judged(leaf, has("type 1 diabetes", "2020-08-01", active=True)).truth is F
    assert judged(leaf, has("type 1 diabetes")).missing[0].fact == "when your type 1 diabetes mellitus began"


MALIGNANCY = {"exceptions": (ConditionIs(0, 1, concept("basal cell carcinoma")),)}


@pytest.mark.parametrize(
    ("facts", "complete", "truth"),
    [
        ([has("breast cancer")], (), T),
        ([has("basal cell carcinoma")], (), U),
        ([has("basal cell carcinoma")], ALL, F),
        ([has("basal cell carcinoma"), has("breast cancer")], (), T),
        ([has("carcinoma")], (), U),
        ([has("malignancy", present=False)], (), F),
    ],
)
def test_an_exception_does_not_count(facts, complete, truth):
    assert judged(asks("malignancy", **MALIGNANCY), *facts, complete=frozenset(complete)).truth is truth


def test_an_exception_that_only_the_team_can_settle_leaves_it_to_them():
    finding = judged(asks("malignancy", exceptions=(OnSite(0, 1, "investigator_opinion"),)), has("breast cancer"))
    assert (finding.truth, finding.reasons) == (U, (WhyUnknown.ON_SITE,))


def test_several_exceptions():
    leaf = asks(
        "malignancy",
        exceptions=(
            AnyOf((ConditionIs(0, 1, concept("basal cell carcinoma")), ConditionIs(0, 1, concept("melanoma")))),
        ),
    )
    assert judged(leaf, has("melanoma"), complete=ALL).truth is F
    assert judged(leaf, has("lung cancer"), complete=ALL).truth is T


FOUR_WEEKS = Window(upper=4, unit="wk")
SINCE_FOUR_WEEKS = Window(lower=4, unit="wk")


@pytest.mark.parametrize(
    ("why", "asked", "more", "facts", "complete", "truth", "reason"),
    [
        ("a drug of a class", "corticosteroids", {}, [took("prednisone", "2026-01-01", current=True)], (), T, None),
        ("never taken", "prednisone", {}, [took("prednisone", taken=False)], (), F, None),
        ("never one of the class", "prednisone", {}, [took("corticosteroids", taken=False)], (), F, None),
        ("not one of the class says nothing of the class", "corticosteroids", {}, [took("prednisone", taken=False)], (), U, WhyUnknown.MISSING),
        ("not listed", "prednisone", {}, [took("metformin", current=True)], (), U, WhyUnknown.MISSING),
        ("not on a complete list", "prednisone", {}, [took("metformin", current=True)], ALL, F, None),
        ("the class leaves the drug open", "prednisone", {}, [took("corticosteroids", current=True)], ALL, U, WhyUnknown.MISSING),
        ("taken now", "warfarin", {"status": "current"}, [took("warfarin", current=True)], (), T, None),
        ("stopped", "warfarin", {"status": "current"}, [took("warfarin", "2020", "2021")], ALL, F, None),
        ("whether it goes on is not said", "warfarin", {"status": "current"}, [took("warfarin", "2020")], (), U, WhyUnknown.MISSING),
        ("prior holds of what is over", "warfarin", {"status": "prior"}, [took("warfarin", "2020", "2021")], (), T, None),
        ("a plain mention of a course that is over", "warfarin", {}, [took("warfarin", "2020", "2021")], (), U, WhyUnknown.UNREADABLE),
        ("planned", "warfarin", {"status": "planned"}, [took("warfarin", planned=True)], (), T, None),
        ("a complete list says nothing of plans", "warfarin", {"status": "planned"}, [], ALL, U, WhyUnknown.MISSING),
        ("planned is not taken", "warfarin", {"status": "current"}, [took("warfarin", planned=True)], ALL, F, None),
        ("within four weeks, stopped before", "warfarin", {"window": FOUR_WEEKS}, [took("warfarin", "2020", "2026-10-24")], ALL, F, None),
        ("within four weeks, stopped on the edge", "warfarin", {"window": FOUR_WEEKS}, [took("warfarin", "2020", "2026-10-25")], (), T, None),
        ("within four weeks, goes on", "warfarin", {"window": FOUR_WEEKS}, [took("warfarin", "2020", current=True)], (), T, None),
        ("within four weeks, end not said", "warfarin", {"window": FOUR_WEEKS}, [took("warfarin", "2020")], (), U, WhyUnknown.MISSING),
        ("four weeks since the last, stopped on the edge", "warfarin", {"status": "prior", "window": SINCE_FOUR_WEEKS}, [took("warfarin", "2020", "2026-10-25")], (), T, None),
        ("four weeks since the last, stopped after", "warfarin", {"status": "prior", "window": SINCE_FOUR_WEEKS}, [took("warfarin", "2020", "2026-10-26")], ALL, F, None),
        ("four weeks since the last, never taken", "warfarin", {"status": "prior", "window": SINCE_FOUR_WEEKS}, [took("warfarin", taken=False)], (), U, WhyUnknown.UNREADABLE),
        ("taken for three months", "metformin", {"window": Window(lower=3, unit="mo", direction="duration")}, [took("metformin", "2026-01-01", current=True)], (), T, None),
        ("taken for less", "metformin", {"window": Window(lower=3, unit="mo", direction="duration")}, [took("metformin", "2026-10-01", current=True)], ALL, F, None),
        ("an operation is an event", "appendectomy", {"window": FOUR_WEEKS, "type": "procedure"}, [took("appendectomy", "2010-01-01")], ALL, F, None),
        ("an operation listed among the conditions", "appendectomy", {"window": FOUR_WEEKS, "type": "procedure"}, [has("appendectomy", "2026-11-01")], (), T, None),
        ("5 half-lives of a drug on file", "metformin", {"window": Window(upper=5, unit="{half_life}")}, [took("metformin", "2020", "2026-11-15")], ALL, F, None),
        ("5 half-lives of a drug that is not", "ascorbic acid", {"window": Window(upper=5, unit="{half_life}")}, [took("ascorbic acid", "2020", "2026-11-15")], (), U, WhyUnknown.NOT_COMPARABLE),
        ("a time that cannot be placed", "warfarin", {"window": Window(upper=4, unit="wk", anchor="surgery", direction="after")}, [took("warfarin", "2020", current=True)], (), U, WhyUnknown.UNREADABLE),
    ],
)  # fmt: skip
def test_treatments(why, asked, more, facts, complete, truth, reason):
    finding = judged(asks_treatment(asked, **more), *facts, complete=frozenset(complete))
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,)), why


def test_a_washout_ends_on_its_day():
    finding = judged(
        asks_treatment("warfarin", window=FOUR_WEEKS), took("warfarin", "2020-01-01", "2026-11-15"), complete=ALL
    )
    assert (finding.truth, finding.timeline) == (T, (Change(date(2026, 12, 14), F),))
    (distance,) = finding.distances
    assert (distance.fact, distance.value, distance.bound, distance.by, distance.unit, distance.changes) == (
        "time since warfarin", 7, 28, -21, "d", "by_itself",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dose", "bound", "truth", "reason"),
    [
        (Quantity(20, "mg/d"), Bound(10, "mg/d", False), T, None),
        (Quantity(10, "mg/d"), Bound(10, "mg/d", False), F, None),
        (Quantity(0.02, "g/d"), Bound(10, "mg/d", False), T, None),
        (Quantity(20, "mg"), Bound(10, "mg/d", False), U, WhyUnknown.NOT_COMPARABLE),
        (None, Bound(10, "mg/d", False), U, WhyUnknown.MISSING),
    ],
)
def test_doses(dose, bound, truth, reason):
    finding = judged(
        asks_treatment("prednisone", dose=Dose(bound)), took("prednisone", current=True, dose=dose), complete=ALL
    )
    assert (finding.truth, finding.reasons) == (truth, () if reason is None else (reason,))


def test_counts_are_what_somebody_counted_or_nought_where_it_never_happened():
    leaf = CountIs(0, 1, Concept("prior lines of therapy"), None, Bound(2, "1"))
    counted = Patient(observations=(Observation("prior lines of therapy", value=3),))
    assert evaluate(leaf, prepare(counted, ON)).truth is F
    assert evaluate(leaf, prepare(Patient(), ON)).reasons == (WhyUnknown.MISSING,)
    seizures = CountIs(0, 1, concept("seizures"), Bound(2, "1"), None, "mo")
    assert judged(seizures, has("seizures", present=False)).truth is F
    assert judged(seizures, has("seizures")).truth is U


HIV = "HIV infections"
HIV_TEST = Analyte("HIV test")


@pytest.mark.parametrize(
    ("why", "leaf", "patient", "truth"),
    [
        ("a positive test is the disease", asks(HIV), {"observations": (Observation("HIV test", result="positive"),)}, T),
        ("a negative test denies it", asks(HIV), {"observations": (Observation("HIV test", result="negative"),)}, F),
        ("the disease is a positive test", ResultIs(0, 1, HIV_TEST, "positive"), {"conditions": (has(HIV),)}, T),
        ("its absence a negative one", ResultIs(0, 1, HIV_TEST, "negative"), {"conditions": (has(HIV, present=False),)}, T),
        ("silence is neither", ResultIs(0, 1, HIV_TEST, "negative"), {}, U),
        ("a test that contradicts the list", asks(HIV), {"conditions": (has(HIV),), "observations": (Observation("HIV test", result="negative"),)}, U),
        ("no antigen now says nothing of the past", asks("hepatitis B"), {"observations": (Observation("HBsAg", result="negative"),)}, U),
        ("an antigen now is the disease", asks("hepatitis B"), {"observations": (Observation("HBsAg", result="positive"),)}, T),
        ("the newest test counts", asks(HIV), {"observations": (Observation("HIV test", result="negative", on=day("2020")), Observation("HIV test", result="positive", on=day("2026")))}, T),
    ],
)  # fmt: skip
def test_a_test_and_the_disease_it_shows(why, leaf, patient, truth):
    assert evaluate(leaf, prepare(Patient(**patient), ON)).truth is truth, why


@pytest.mark.parametrize(
    ("asked", "fact", "complete", "truth"),
    [
        ("malignancy", "uterine fibroids", (), U),
        ("cancer", "uterine fibroids", ALL, F),
        ("cancer", "benign tumor", ALL, F),
        ("cancer", "breast cancer", (), T),
        ("tumor", "uterine fibroids", (), T),
    ],
)
def test_a_benign_tumour_is_no_malignancy(asked, fact, complete, truth):
    named = ConditionIs(0, 1, Concept(asked, concept(asked).id))
    assert judged(named, has(fact), complete=frozenset(complete)).truth is truth


@pytest.mark.parametrize(
    ("why", "creatinine", "denied", "complete", "truth"),
    [
        ("nothing measured, nothing listed", None, False, ALL, F),
        ("denied, and a value that shows it", 4.2, True, (), U),
        ("a complete list, and a value that shows it", 4.2, False, ALL, U),
        ("a usual value speaks against nothing", 0.9, False, ALL, F),
    ],
)
def test_a_value_that_may_show_a_disease_is_not_outweighed_by_a_list(why, creatinine, denied, complete, truth):
    values = () if creatinine is None else (Observation("creatinine", value=creatinine, unit="mg/dL"),)
    facts = (has("renal insufficiency", present=False),) if denied else ()
    finding = judged(asks("renal insufficiency"), *facts, complete=frozenset(complete), observations=values)
    assert finding.truth is truth, why
    if truth is U:
        assert "creatinine" in [e.fact for e in finding.evidence]


def test_the_dose_that_a_drug_is_taken_in_settles_without_a_complete_list():
    asked = asks_treatment("prednisone", dose=Dose(Bound(10, "mg/d", inclusive=False)))
    finding = judged(asked, took("prednisone", current=True, dose=Quantity(10, "mg/d")))
    assert finding.truth is F
    assert [e.boundary for e in finding.evidence if e.fact.startswith("dose")] in ([True], [])
    wider = asks_treatment("corticosteroids", dose=Dose(Bound(10, "mg/d", inclusive=False)))
    assert judged(wider, took("prednisone", current=True, dose=Quantity(10, "mg/d"))).truth is U
