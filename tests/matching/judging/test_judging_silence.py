"""How far the silence of a complete list goes: for the patient further than against."""

from datetime import date

import pytest

from matching.judging.eligibility import judge_criterion
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.knowledge import lexicon
from matching.model.codes import Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import AllOf, Concept, ConditionIs, Criterion, Not, SexIs, TreatmentIs
from matching.model.patient import Condition, Patient, Treatment
from matching.model.truth import Truth

ON = date(2026, 11, 22)
ALL = frozenset({"conditions", "treatments"})


def listed(name):
    found = lexicon.lookup(name)
    assert found is not None
    return found


COPD = ConditionIs(0, 1, listed("COPD"))
WARFARIN = TreatmentIs(0, 1, listed("warfarin"))
UNHEARD = ConditionIs(0, 1, Concept("glomphic dysfunction"))


def verdict(expression, role, conditions=("cough",), treatments=(), note=None, complete=ALL):
    patient = Patient(
        sex=Sex.MALE,
        conditions=tuple(map(Condition, conditions)),
        treatments=tuple(map(Treatment, treatments)),
        complete=complete,
        note=note,
    )
    return judge_criterion(Criterion("x", role, "x", 0, 1, expression), prepare(patient, ON))


@pytest.mark.parametrize(
    ("why", "expression", "role", "note", "expected"),
    [
        ("a list answers for what it does not name", COPD, Role.INCLUSION, None, Verdict.NOT_INCLUDED),
        ("a list answers for what it does not name", COPD, Role.EXCLUSION, None, Verdict.NOT_EXCLUDED),
        ("a note tells of complaints, not of all diseases", COPD, Role.INCLUSION, "He coughs.", Verdict.UNKNOWN),
        ("what a note does not name does not exclude", COPD, Role.EXCLUSION, "He coughs.", Verdict.NOT_EXCLUDED),
        ("denied in an exclusion it would speak against", Not(COPD), Role.EXCLUSION, "He coughs.", Verdict.UNKNOWN),
        ("what somebody takes is known", WARFARIN, Role.INCLUSION, "He coughs.", Verdict.NOT_INCLUDED),
        ("a name of no vocabulary, nothing like it listed", UNHEARD, Role.EXCLUSION, None, Verdict.NOT_EXCLUDED),
        ("it may be listed in other words", UNHEARD, Role.INCLUSION, None, Verdict.UNKNOWN),
        ("another part fails for certain", AllOf((COPD, SexIs(0, 1, Sex.FEMALE))), Role.INCLUSION, "He coughs.", Verdict.NOT_INCLUDED),
    ],
)  # fmt: skip
def test_silence(why, expression, role, note, expected):
    assert verdict(expression, role, note=note).verdict is expected, why


def test_an_open_verdict_asks_for_what_the_silence_left_open():
    judged = verdict(COPD, Role.INCLUSION, note="He coughs.")
    assert judged.why_unknown is WhyUnknown.MISSING
    assert [m.mesh for m in judged.finding.missing] == ["D029424"]


@pytest.mark.parametrize(
    ("fact", "name", "truth"),
    [
        ("asthma", "glomphic dysfunction", Truth.FALSE),
        ("sickle cell anemia", "hematologic unrest dysfunction", Truth.UNKNOWN),  # "hematologic diseases" contain it
        ("strange glomphic spells", "glomphic dysfunction", Truth.UNKNOWN),
        ("asthma", "serious illness", Truth.UNKNOWN),
    ],
)
def test_a_name_that_shares_a_word_with_what_is_listed_or_contains_it_stays_open(fact, name, truth):
    patient = Patient(conditions=(Condition(fact),), complete=ALL)
    assert evaluate(ConditionIs(0, 1, Concept(name)), prepare(patient, ON)).truth is truth


def test_drugs_are_named_by_classes_that_share_no_word_with_them():
    asked = TreatmentIs(0, 1, Concept("glomphilytics"))
    for treatments, truth in (((), Truth.FALSE), ((Treatment("metformin"),), Truth.UNKNOWN)):
        assert evaluate(asked, prepare(Patient(treatments=treatments, complete=ALL), ON)).truth is truth


@pytest.mark.parametrize(
    ("why", "asked", "role", "said", "expected"),
    [
        ("the vocabulary files angina under chest pain", "unstable angina", Role.EXCLUSION, "chest pain", Verdict.NOT_EXCLUDED),
        ("a complaint may be a disease that nobody has named", "unstable angina", Role.INCLUSION, "chest pain", Verdict.UNKNOWN),
        ("a disease may be a kind of a listed disease", "unstable angina", Role.EXCLUSION, "heart disease", Verdict.UNKNOWN),
        ("a complaint may be a worse one", "acute abdomen", Role.EXCLUSION, "abdominal pain", Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_a_listed_complaint_and_a_disease_that_is_filed_under_it(why, asked, role, said, expected):
    leaf = ConditionIs(0, 1, listed(asked))
    assert verdict(leaf, role, (said,)).verdict is expected, why
