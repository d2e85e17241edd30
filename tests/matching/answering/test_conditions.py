"""How a trial's conditions meet the patient's, through the tree of MeSH."""

import pytest

from matching.answering.conditions import (
    HEALTHY_VOLUNTEER,
    PatientCondition,
    condition_ids,
    match_conditions,
    patient_conditions,
)
from matching.model.finding import ConditionMatch
from matching.model.patient import Code, Condition, PartialDate, Patient
from matching.model.trial import EligibilityFields, TrialSummary

TYPE_1, TYPE_2, DIABETES = "D003922", "D003924", "D003920"
BREAST, NEOPLASMS = "D001943", "D009369"


def trial(*ids: str, conditions: tuple[str, ...] = (), healthy: bool | None = None) -> TrialSummary:
    return TrialSummary(
        nct_id="NCT1",
        brief_title="A trial",
        overall_status="RECRUITING",
        phases=(),
        study_type=None,
        conditions=conditions,
        keywords=(),
        condition_ids=ids,
        intervention_types=(),
        countries=(),
        last_update=None,
        eligibility=EligibilityFields(healthy_volunteers=healthy),
        sites=(),
    )


def mine(*conditions: tuple[str, str]) -> tuple[PatientCondition, ...]:
    return tuple(PatientCondition(text, (concept,)) for text, concept in conditions)


def test_the_same_concept() -> None:
    match, worth = match_conditions(trial(TYPE_1), mine(("T1DM", TYPE_1)), healthy_volunteer=False)
    assert match == ConditionMatch("T1DM", "Diabetes Mellitus, Type 1", (TYPE_1,), "same")
    assert worth == 1.0


def test_the_patients_is_a_kind_of_the_trials() -> None:
    match, worth = match_conditions(trial(DIABETES), mine(("T1DM", TYPE_1)), healthy_volunteer=False)
    assert match == ConditionMatch("T1DM", "Diabetes Mellitus", (TYPE_1, DIABETES), "narrower")
    assert worth == pytest.approx(0.9)


def test_the_trials_is_a_kind_of_the_patients_and_counts_less() -> None:
    match, worth = match_conditions(trial(TYPE_1), mine(("diabetes", DIABETES)), healthy_volunteer=False)
    assert match == ConditionMatch("diabetes", "Diabetes Mellitus, Type 1", (TYPE_1, DIABETES), "broader")
    assert worth == pytest.approx(0.6)


def test_sideways_is_no_match() -> None:
    assert match_conditions(trial(TYPE_2), mine(("T1DM", TYPE_1)), healthy_volunteer=False) == (None, 0.0)


def test_the_best_of_several_conditions_and_the_shortest_path() -> None:
    conditions = mine(("diabetes", DIABETES), ("breast cancer", BREAST), ("T1DM", TYPE_1))
    match, worth = match_conditions(trial(NEOPLASMS, TYPE_1), conditions, healthy_volunteer=False)
    assert (match, worth) == (ConditionMatch("T1DM", "Diabetes Mellitus, Type 1", (TYPE_1,), "same"), 1.0)


def test_equal_words_match_where_no_vocabulary_knows_them() -> None:
    conditions = (PatientCondition("Zzyzx Syndrome", ()),)
    match, worth = match_conditions(trial(conditions=("zzyzx syndrome",)), conditions, healthy_volunteer=False)
    assert (match, worth) == (ConditionMatch("Zzyzx Syndrome", "zzyzx syndrome", (), "same"), 1.0)


@pytest.mark.parametrize(
    ("healthy", "takes", "worth"), [(True, True, HEALTHY_VOLUNTEER), (False, True, 0), (True, None, 0)]
)
def test_healthy_volunteers(healthy: bool, takes: bool | None, worth: float) -> None:
    match, found = match_conditions(trial(conditions=("Malaria",), healthy=takes), (), healthy_volunteer=healthy)
    assert found == worth
    assert match == (ConditionMatch("healthy volunteer", "Malaria", (), "healthy_volunteer") if worth else None)


def test_only_present_conditions_count_and_those_that_are_over_count_half() -> None:
    patient = Patient(
        conditions=(
            Condition("type 1 diabetes"),
            Condition("breast cancer", present=False),
            Condition("breast cancer", resolved_on=PartialDate(2020)),
            Condition("xyzzy", codes=(Code("mesh", TYPE_2),)),
            Condition("qwertyuiop"),
        )
    )
    found = patient_conditions(patient)
    assert found == (
        PatientCondition("type 1 diabetes", (TYPE_1,), 1.0),
        PatientCondition("breast cancer", (BREAST,), 0.5),
        PatientCondition("xyzzy", (TYPE_2,), 1.0),
        PatientCondition("qwertyuiop", (), 1.0),
    )
    assert condition_ids(found) == (TYPE_1, BREAST, TYPE_2)
