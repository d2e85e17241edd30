"""What must hold of every verdict: it is total, settled only by facts, and the same however the facts are put."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from judging_strategies import (
    DRUG_FAMILIES,
    FAMILIES,
    ON,
    RANGES,
    UNITS,
    concept,
    conditions,
    expressions,
    patients,
    treatments,
)

from matching.judging.dates import truth_on
from matching.judging.eligibility import judge_criterion, judge_trial
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.knowledge.units import convert
from matching.model.codes import Eligibility, Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import Analyte, Bound, ConditionIs, Criterion, MeasurementIs, Not
from matching.model.patient import Condition, Observation, PartialDate, Patient
from matching.model.trial import EligibilityFields
from matching.model.truth import Truth

GENERATED = settings(max_examples=60, deadline=None)
FOREVER = timedelta(days=3 * 366)


def walk(finding):
    yield finding
    for part in finding.parts:
        yield from walk(part)


@GENERATED
@given(expressions, patients)
def test_every_expression_gives_a_finding_with_its_causes(expression, patient):
    for finding in walk(evaluate(expression, prepare(patient, ON))):
        assert bool(finding.reasons) is (finding.truth is Truth.UNKNOWN)
        if finding.truth is not Truth.UNKNOWN:
            assert finding.missing == ()
        if not finding.parts and WhyUnknown.MISSING in finding.reasons:
            assert finding.missing
        assert all(change.on > ON for change in finding.timeline)


@GENERATED
@given(expressions, patients, st.sampled_from([Role.INCLUSION, Role.EXCLUSION]))
def test_every_unknown_verdict_has_its_reason(expression, patient, role):
    patient = replace(patient, note="A note.") if patient.sex is Sex.MALE else patient
    judged = judge_criterion(Criterion("i1", role, "x", 0, 1, expression), prepare(patient, ON))
    assert (judged.why_unknown is not None) is (judged.verdict is Verdict.UNKNOWN)
    for finding in walk(judged.finding):
        assert bool(finding.reasons) is (finding.truth is Truth.UNKNOWN)


def test_no_depth_is_too_deep():
    expression = ConditionIs(0, 1, concept("asthma"))
    for _ in range(600):
        expression = Not(expression)
    assert evaluate(expression, prepare(Patient(conditions=(Condition("asthma"),)), ON)).truth is Truth.UNKNOWN


@GENERATED
@given(expressions, patients, st.randoms(use_true_random=False))
def test_the_order_of_facts_never_matters(expression, patient, random):
    shuffled = {}
    for name in ("conditions", "observations", "treatments"):
        facts = list(getattr(patient, name))
        random.shuffle(facts)
        shuffled[name] = tuple(facts)
    assert evaluate(expression, prepare(patient, ON)) == evaluate(expression, prepare(replace(patient, **shuffled), ON))


@GENERATED
@given(st.data(), st.sampled_from(sorted(UNITS)), st.booleans())
def test_the_unit_of_a_value_never_matters(data, name, inclusive):
    low, high = RANGES[name]
    ours, theirs = UNITS[name]
    value, bound = (data.draw(st.floats(low, high)) for _ in range(2))
    assume(abs(value - bound) > 1e-6)
    other = convert(value, ours, theirs, name)
    leaf = MeasurementIs(0, 1, Analyte(name), Bound(bound, ours, inclusive))
    both = [
        evaluate(
            leaf, prepare(Patient(observations=(Observation(name, value=v, unit=u, on=PartialDate(2026, 11, 1)),)), ON)
        )
        for v, u in ((value, ours), (other.value, theirs))
    ]
    assert both[0].truth is both[1].truth
    assert abs(both[0].distances[0].by - both[1].distances[0].by) < 1e-6 * max(1, abs(value))


def added_condition(patient):
    """A condition of a family that the patient has said nothing of, or any that is known to be absent."""
    said = {c.text for c in patient.conditions}
    free = [name for family in FAMILIES if not said & set(family) for name in family]
    absent = st.sampled_from(["asthma", "diabetes mellitus", "type 2 diabetes"]).map(
        lambda n: Condition(n, present=False)
    )
    return (conditions(tuple(free)) | absent) if free else absent


def added_treatment(patient):
    said = {t.text for t in patient.treatments}
    free = [name for family in DRUG_FAMILIES if not said & set(family) for name in family]
    return treatments(tuple(free)) if free else st.none()


@GENERATED
@given(expressions, patients, st.data())
def test_adding_a_fact_never_flips_a_settled_verdict(expression, patient, data):
    patient = replace(patient, complete=frozenset())
    more = {
        "condition": lambda: replace(patient, conditions=(*patient.conditions, data.draw(added_condition(patient)))),
        "treatment": lambda: replace(
            patient, treatments=(*patient.treatments, *filter(None, [data.draw(added_treatment(patient))]))
        ),
        "sex": lambda: (
            patient if patient.sex else replace(patient, sex=data.draw(st.sampled_from([Sex.FEMALE, Sex.MALE])))
        ),
        "birth_date": lambda: (
            patient
            if patient.birth_date
            else replace(patient, birth_date=PartialDate(data.draw(st.integers(1940, 2020))))
        ),
        "pregnant": lambda: (
            patient if patient.pregnant is not None else replace(patient, pregnant=data.draw(st.booleans()))
        ),
        "statement": lambda: (
            replace(patient, statements={**patient.statements, "can_consent": True})
            if not patient.statements
            else patient
        ),
    }
    richer = more[data.draw(st.sampled_from(sorted(more)))]()
    before, after = evaluate(expression, prepare(patient, ON)), evaluate(expression, prepare(richer, ON))
    if before.truth is not Truth.UNKNOWN and after.truth is not before.truth:
        conflict = any(WhyUnknown.CONFLICT in f.reasons for f in walk(after))
        assert after.truth is Truth.UNKNOWN
        assert conflict


@GENERATED
@given(expressions, patients, st.data())
def test_the_truth_changes_on_the_days_of_the_timeline_and_on_no_other(expression, patient, data):
    finding = evaluate(expression, prepare(patient, ON))
    days = {ON + data.draw(st.timedeltas(timedelta(days=1), FOREVER))}
    for change in finding.timeline:
        days |= {change.on - timedelta(days=1), change.on}
    for day in sorted(d for d in days if ON <= d < date(2090, 1, 1)):
        assert evaluate(expression, prepare(patient, day)).truth is truth_on(finding.truth, finding.timeline, day), day


criteria = st.lists(st.tuples(expressions, st.sampled_from(list(Role))), max_size=5).map(
    lambda pairs: tuple(Criterion(f"c{i}", role, "x", 0, 1, e) for i, (e, role) in enumerate(pairs))
)


@GENERATED
@given(criteria)
def test_no_fact_at_all_gives_no_not_eligible(listed):
    fields = EligibilityFields(sex="FEMALE", healthy_volunteers=False)
    assert judge_trial("NCT1", listed, fields, prepare(Patient(), ON)).eligibility is not Eligibility.NOT_ELIGIBLE


@GENERATED
@given(criteria, patients)
def test_one_definite_failure_wins_over_any_number_of_unknowns(listed, patient):
    judged = judge_trial("NCT1", listed, EligibilityFields(), prepare(patient, ON))
    fails = any(j.verdict in {Verdict.NOT_INCLUDED, Verdict.EXCLUDED} for j in judged.criteria)
    assert (judged.eligibility is Eligibility.NOT_ELIGIBLE) is fails
    counts = judged.counts
    known = counts.in_favour + counts.against + counts.not_applicable
    unknown = (
        counts.missing + counts.stale + counts.unreadable + counts.on_site + counts.not_comparable + counts.conflict
    )
    assert known + unknown == len(listed)


@GENERATED
@given(criteria, patients)
def test_a_trial_opens_and_closes_on_its_days(listed, patient):
    def fails(day):
        return (
            judge_trial("NCT1", listed, EligibilityFields(), prepare(patient, day)).eligibility
            is Eligibility.NOT_ELIGIBLE
        )

    today = judge_trial("NCT1", listed, EligibilityFields(), prepare(patient, ON))
    if today.eligible_from is not None:
        assert fails(ON)
        assert fails(today.eligible_from - timedelta(days=1))
        assert not fails(today.eligible_from)
    if today.eligible_until is not None:
        assert not fails(today.eligible_until - timedelta(days=1))
        assert fails(today.eligible_until)


@GENERATED
@given(criteria, patients)
def test_no_verdict_changes_before_the_day_to_look_again(listed, patient):
    today = judge_trial("NCT1", listed, EligibilityFields(), prepare(patient, ON))
    verdicts = [j.finding.truth for j in today.criteria]
    last = min(today.recheck_on or date(2029, 1, 1), date(2029, 1, 1)) - timedelta(days=1)
    assert [
        j.finding.truth for j in judge_trial("NCT1", listed, EligibilityFields(), prepare(patient, last)).criteria
    ] == verdicts
    if today.recheck_on is not None:
        # The sentence itself: of an odd one that rests on no fact the verdict stays unknown whatever it comes to say.
        before, then = (
            [evaluate(c.expression, prepare(patient, day)).truth for c in listed] for day in (ON, today.recheck_on)
        )
        assert then != before
