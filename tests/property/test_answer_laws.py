"""Laws of the whole answer, over generated trials and patients.

What a question decides is exact where no two criteria of a trial ask for the same analyte; where two exclude each other
(above 10, below 10) one value cannot close both, and the count is an upper bound.
"""

import json
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.answering.answer_json import answer_to_json
from matching.match import EVERY_TRIAL, Filters, match, match_one, what_if
from matching.model.codes import Eligibility, Role, Sex
from matching.model.criterion import (
    AllOf,
    Analyte,
    AnyOf,
    Bound,
    Coverage,
    Criterion,
    Expression,
    MeasurementIs,
    Not,
    OnSite,
    ParsedCriteria,
    Unreadable,
)
from matching.model.patient import Location, Observation, PartialDate, Patient
from matching.model.trial import AgeLimit, EligibilityFields, ReadableTrial, Site, TrialSummary

ON = date(2026, 11, 22)
ANALYTES = ("ALT", "AST", "amylase", "lipase")
LOW, HIGH = 2.0, 2000.0
INCLUDE = frozenset({"criteria", "questions", "not_eligible"})


class Trials:
    """Given trials, all of them considered."""

    registry = None
    data_version = "generated"

    def __init__(self, trials: list[ReadableTrial]) -> None:
        self._trials = {trial.summary.nct_id: trial for trial in trials}

    def considered(self, **_: object) -> list[ReadableTrial]:
        return [self._trials[each] for each in sorted(self._trials)]

    def trials(self, nct_ids: list[str], versions: object = ()) -> list[ReadableTrial]:
        return [self._trials[each] for each in nct_ids if each in self._trials]


@st.composite
def bounds(draw: st.DrawFn, name: str) -> MeasurementIs:
    bound = Bound(float(draw(st.integers(10, 200))), "U/L", draw(st.booleans()))
    return (
        MeasurementIs(0, 1, Analyte(name), lower=bound)
        if draw(st.booleans())
        else MeasurementIs(0, 1, Analyte(name), upper=bound)
    )


@st.composite
def expressions(draw: st.DrawFn, analytes: tuple[str, ...] = ANALYTES) -> Expression:
    """A criterion over measurements, no analyte twice, sometimes with what nobody can read or know."""
    names = draw(st.lists(st.sampled_from(analytes), min_size=1, max_size=3, unique=True))
    parts: list[Expression] = [draw(bounds(name)) for name in names]
    parts = [Not(part) if draw(st.integers(0, 4)) == 0 else part for part in parts]
    odd = draw(st.integers(0, 5))
    if odd == 0:
        parts.append(Unreadable(0, 1, "no rule"))
    if odd == 1:
        parts.append(OnSite(0, 1, "consent"))
    if len(parts) == 1:
        return parts[0]
    return AllOf(tuple(parts)) if draw(st.booleans()) else AnyOf(tuple(parts))


@st.composite
def trials(draw: st.DrawFn, *, apart: bool = False) -> list[ReadableTrial]:
    """Up to five trials; with `apart` no two criteria of a trial share an analyte."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        count = draw(st.integers(1, 3))
        shares = [ANALYTES[n::count] for n in range(count)] if apart else [ANALYTES] * count
        criteria = tuple(
            Criterion(f"c{n}", draw(st.sampled_from(Role)), "text", 0, 4, draw(expressions(share)))
            for n, share in enumerate(shares)
        )
        summary = TrialSummary(
            nct_id=f"NCT{number:08}",
            brief_title="A trial",
            overall_status=draw(st.sampled_from([None, "RECRUITING", "COMPLETED"])),
            phases=(),
            study_type=None,
            conditions=(),
            keywords=(),
            condition_ids=(),
            intervention_types=(),
            countries=(),
            last_update=draw(st.sampled_from([None, PartialDate(2020), PartialDate(2026, 3, 1)])),
            eligibility=EligibilityFields(minimum_age=draw(st.sampled_from([None, AgeLimit(18, "a")]))),
            sites=(Site(city="Town", lat=float(draw(st.integers(-80, 80))), lon=10.0),),
        )
        made.append(ReadableTrial(summary, ParsedCriteria(criteria, Coverage(len(criteria), 0, 0, 0))))
    return made


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    measured = draw(st.lists(st.sampled_from(ANALYTES), max_size=3, unique=True))
    return Patient(
        birth_date=draw(st.sampled_from([None, PartialDate(1990, 5, 1), PartialDate(2015)])),
        sex=draw(st.sampled_from([None, Sex.FEMALE, Sex.MALE])),
        location=draw(st.sampled_from([None, Location(40.0, 10.0)])),
        observations=tuple(
            Observation(name, value=float(draw(st.integers(5, 250))), unit="U/L", on=PartialDate(2026, 11, 1))
            for name in measured
        ),
    )


def told(patient: Patient, name: str, value: float) -> Patient:
    new = Observation(name, value=value, unit="U/L", on=PartialDate(2026, 11, 20))
    return replace(patient, observations=(*patient.observations, new))


@settings(max_examples=30, deadline=None)
@given(trials(apart=True), patients())
def test_answering_the_top_question_on_either_side_of_the_bounds_changes_verdicts(
    made: list[ReadableTrial], patient: Patient
) -> None:
    reader = Trials(made)
    answer = match(reader, patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE)  # type: ignore[arg-type]
    measured = [question for question in answer.questions if question.fact.kind == "measurement"]
    for question in measured[:1]:
        changes = [
            what_if(reader, patient, told(patient, question.fact.fact, value), on=ON, filters=EVERY_TRIAL)  # type: ignore[arg-type]
            for value in (LOW, HIGH)
        ]
        changed = {
            each.nct_id
            for side in changes
            for each in side.changes
            if each.eligibility_before is not each.eligibility_after
        }
        assert any(side.changed > 0 for side in changes)
        assert len(changed) == question.decides


@settings(max_examples=30, deadline=None)
@given(trials(), patients())
def test_no_question_is_left_out_that_alone_would_change_a_trial(made: list[ReadableTrial], patient: Patient) -> None:
    reader = Trials(made)
    asked = {q.fact.fact for q in match(reader, patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE).questions}  # type: ignore[arg-type]
    given_names = {observation.name for observation in patient.observations}
    for name in set(ANALYTES) - given_names - asked:
        for value in (LOW, HIGH):
            answer = what_if(reader, patient, told(patient, name, value), on=ON, filters=EVERY_TRIAL)  # type: ignore[arg-type]
            assert [c for c in answer.changes if c.eligibility_before is not c.eligibility_after] == []


@settings(max_examples=30, deadline=None)
@given(trials(), st.lists(patients(), min_size=1, max_size=4))
def test_reverse_verdicts_are_the_forward_ones(made: list[ReadableTrial], people: list[Patient]) -> None:
    reader = Trials(made)
    for trial in made:
        reverse = match_one(reader, trial.summary.nct_id, people, on=ON)  # type: ignore[arg-type]
        assert reverse is not None
        assert sorted(row.patient for row in reverse.matches) == list(range(len(people)))
        for row in reverse.matches:
            forward = match(reader, people[row.patient], on=ON, filters=EVERY_TRIAL, include=INCLUDE)  # type: ignore[arg-type]
            (same,) = [each for each in forward.matches if each.nct_id == trial.summary.nct_id]
            assert same.judged == row.match.judged


@settings(max_examples=30, deadline=None)
@given(trials(), patients(), st.randoms(use_true_random=False))
def test_the_same_request_gives_the_same_bytes_in_whatever_order_facts_and_trials_come(
    made: list[ReadableTrial], patient: Patient, random: object
) -> None:
    shuffled, observations = list(made), list(patient.observations)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(observations)  # type: ignore[attr-defined]
    one = match(Trials(made), patient, on=ON, include=INCLUDE)  # type: ignore[arg-type]
    two = match(Trials(shuffled), replace(patient, observations=tuple(observations)), on=ON, include=INCLUDE)  # type: ignore[arg-type]
    first, second = (json.dumps(answer_to_json(each, include=INCLUDE), allow_nan=False) for each in (one, two))
    assert first == second


@settings(max_examples=30, deadline=None)
@given(trials(), patients(), st.integers(1, 3))
def test_the_order_is_total_and_pages_cut_it(made: list[ReadableTrial], patient: Patient, limit: int) -> None:
    reader = Trials(made)
    whole = match(reader, patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE, limit=100)  # type: ignore[arg-type]
    walked: list[str] = []
    after: int | None = -1
    while after is not None:
        page = match(reader, patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE, limit=limit, after=after)  # type: ignore[arg-type]
        walked += [row.nct_id for row in page.matches]
        after = page.next_after
    assert walked == [row.nct_id for row in whole.matches]
    assert sorted(walked) == [trial.summary.nct_id for trial in made]
    order = [Eligibility.LIKELY_ELIGIBLE, Eligibility.POSSIBLY_ELIGIBLE, Eligibility.NOT_ELIGIBLE]
    classes = [order.index(row.judged.eligibility) for row in whole.matches]
    assert classes == sorted(classes)


@settings(max_examples=30, deadline=None)
@given(trials(), patients(), st.floats(1, 20000))
def test_a_radius_drops_only_what_lies_outside_it(made: list[ReadableTrial], patient: Patient, radius: float) -> None:
    reader = Trials(made)
    near = Filters(statuses=None, radius_km=radius)
    kept = {row.nct_id for row in match(reader, patient, on=ON, filters=near, include=INCLUDE).matches}  # type: ignore[arg-type]
    for row in match(reader, patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE).matches:  # type: ignore[arg-type]
        distance = row.nearest_site.distance_km if row.nearest_site else None
        assert (row.nct_id in kept) is (distance is None or distance <= radius + 0.05)


@settings(max_examples=30, deadline=None)
@given(trials(), patients())
def test_every_criterion_is_explained_and_what_can_be_asked_ends_in_a_question(
    made: list[ReadableTrial], patient: Patient
) -> None:
    for language in ("en", "es"):
        answer = match(Trials(made), patient, on=ON, filters=EVERY_TRIAL, include=INCLUDE, language=language)  # type: ignore[arg-type]
        for row in answer.matches:
            for criterion in row.judged.criteria:
                assert criterion.explanation
                if criterion.verdict == "unknown" and criterion.why_unknown == "missing":
                    assert criterion.explanation.endswith("?"), criterion.explanation
