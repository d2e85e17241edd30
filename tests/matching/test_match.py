"""The whole, over made-up trials whose criteria are built by hand: considered, judged, ordered, explained, asked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from memory_reader import MemoryReader

from matching.answering.answer_json import answer_to_json, digest, reverse_to_json, what_if_to_json
from matching.match import EVERY_TRIAL, Filters, match, match_one, what_if
from matching.model.codes import Eligibility, Role, Sex, Verdict
from matching.model.criterion import (
    Analyte,
    Bound,
    Concept,
    ConditionIs,
    Coverage,
    Criterion,
    Expression,
    MeasurementIs,
    OnSite,
    ParsedCriteria,
    Unreadable,
)
from matching.model.finding import ConditionMatch, MatchAnswer, NearestSite, Totals
from matching.model.patient import Condition, Location, Observation, PartialDate, Patient
from matching.model.trial import AgeLimit, EligibilityFields, ReadableTrial, Site, TrialSummary

ON = date(2026, 11, 22)
TYPE_1, DIABETES, BREAST = "D003922", "D003920", "D001943"
CHARLESTON, BOSTON = (32.7766, -79.9309), (42.3584, -71.0598)


def hba1c_above(percent: float) -> MeasurementIs:
    return MeasurementIs(0, 5, Analyte("HbA1c", "4548-4"), lower=Bound(percent, "%", inclusive=False))


def trial(
    number: int,
    *,
    condition: str = TYPE_1,
    inclusion: Sequence[Expression] = (),
    exclusion: Sequence[Expression] = (),
    site: tuple[float, float] | None = CHARLESTON,
    **more: object,
) -> ReadableTrial:
    """A trial for adults; a criterion's text is the name of its kind."""
    criteria = [
        Criterion(f"{role.value[0]}{n}", role, type(expression).__name__, 0, 40, expression)
        for role, expressions in ((Role.INCLUSION, inclusion), (Role.EXCLUSION, exclusion))
        for n, expression in enumerate(expressions, start=1)
    ]
    lat, lon = site if site else (None, None)
    summary = TrialSummary(
        nct_id=f"NCT{number:08}",
        brief_title=f"Trial {number}",
        overall_status="RECRUITING",
        phases=("PHASE2",),
        study_type="INTERVENTIONAL",
        conditions=("Type 1 Diabetes",),
        keywords=(),
        condition_ids=(condition,),
        intervention_types=("DRUG",),
        countries=("United States",),
        last_update=PartialDate(2026, 11, 22),
        eligibility=EligibilityFields(sex="ALL", minimum_age=AgeLimit(18, "a")),
        sites=(Site(facility="Hospital", city="Town", country="United States", lat=lat, lon=lon),),
    )
    coverage = Coverage(len(criteria), len(criteria), 0, 0)
    return ReadableTrial(replace(summary, **more), ParsedCriteria(tuple(criteria), coverage))  # type: ignore[arg-type]


PATIENT = Patient(
    birth_date=PartialDate(2001, 4, 3),
    sex=Sex.MALE,
    location=Location(*CHARLESTON),
    conditions=(Condition("type 1 diabetes"),),
    observations=(Observation("HbA1c", "4548-4", 8.0, "%", on=PartialDate(2026, 11, 2)),),
)


def ask(trials: Sequence[ReadableTrial], patient: Patient = PATIENT, **more: object) -> MatchAnswer:
    include = {"criteria", *more.pop("include", ())}  # type: ignore[misc]
    return match(MemoryReader(trials), patient, on=ON, include=include, **more)  # type: ignore[arg-type]


def ids(answer: MatchAnswer) -> list[int]:
    return [int(row.nct_id[3:]) for row in answer.matches]


def test_a_patient_in_a_ranked_explained_answer_out() -> None:
    trials = [
        trial(1, inclusion=[hba1c_above(6.5)]),
        trial(2, exclusion=[hba1c_above(7.0)]),
        trial(3, inclusion=[Unreadable(0, 5, "no rule")]),
    ]
    answer = ask(trials, include={"not_eligible"})
    assert answer.totals == Totals(considered=3, likely_eligible=1, possibly_eligible=1, not_eligible=1)
    assert [(row.rank, row.nct_id, row.judged.eligibility) for row in answer.matches] == [
        (1, "NCT00000001", Eligibility.LIKELY_ELIGIBLE),
        (2, "NCT00000003", Eligibility.POSSIBLY_ELIGIBLE),
        (3, "NCT00000002", Eligibility.NOT_ELIGIBLE),
    ]
    first = answer.matches[0]
    assert first.condition_match == ConditionMatch("type 1 diabetes", "Diabetes Mellitus, Type 1", (TYPE_1,), "same")
    assert first.nearest_site == NearestSite("Hospital", "Town", "United States", "RECRUITING", 0.0, "city")
    assert first.score_parts == {"eligibility": 0.875, "condition": 1.0, "distance": 1.0, "freshness": 1.0}
    assert first.score == 0.9438  # 0.94375: halves round up
    assert [(c.id, c.verdict) for c in first.judged.criteria] == [
        ("NCT00000001/age", Verdict.INCLUDED),
        ("NCT00000001/sex", Verdict.INCLUDED),
        ("NCT00000001/i1", Verdict.INCLUDED),
    ]
    assert first.judged.criteria[2].explanation == "Your HbA1c of 8 % is above 6.5 %. This point fits."
    assert answer.matches[2].judged.near_misses[0].explanation == (
        "Your HbA1c of 8 % is 1 % above the limit of 7 %. This value can change."
    )


def test_what_is_not_eligible_is_counted_but_listed_only_when_asked_for() -> None:
    trials = [trial(1, exclusion=[hba1c_above(7.0)]), trial(2)]
    assert (ask(trials).totals.not_eligible, ids(ask(trials))) == (1, [2])


def test_pages_hold_each_trial_once_in_one_order() -> None:
    trials = [trial(n, site=BOSTON if n % 2 else CHARLESTON) for n in range(1, 8)]
    whole = ask(trials)
    walked: list[int] = []
    ranks: list[int] = []
    after: int | None = -1
    while after is not None:
        page = ask(trials, limit=3, after=after)
        walked += ids(page)
        ranks += [row.rank for row in page.matches]
        after = page.next_after
    assert walked == ids(whole) == [2, 4, 6, 1, 3, 5, 7]
    assert ranks == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_begins_behind_the_last_row_whatever_has_come_and_gone_before_it() -> None:
    trials = [trial(n, site=BOSTON) for n in range(1, 7)]
    first = ask(trials, limit=3)
    near, gone = trial(9, site=CHARLESTON), trials[0]
    second = ask([near, *(t for t in trials if t is not gone)], limit=3, after=first.next_after)
    assert (ids(first), ids(second)) == ([1, 2, 3], [4, 5, 6])
    assert [row.rank for row in second.matches] == [4, 5, 6]  # the new one stands before them, the old one is gone


def test_relevant_is_the_same_broader_or_narrower_and_all_is_all() -> None:
    trials = [trial(1), trial(2, condition=DIABETES), trial(3, condition=BREAST, conditions=("Breast Cancer",))]
    assert ids(ask(trials)) == [1, 2]
    assert ids(ask(trials, scope="all")) == [1, 2, 3]  # those for the patient's condition first
    assert [row.condition_match is None for row in ask(trials, scope="all").matches] == [False, False, True]


def test_a_patient_of_whom_no_condition_is_known_is_matched_with_all() -> None:
    answer = ask([trial(1), trial(2, condition=BREAST)], Patient())
    assert answer.totals == Totals(considered=2, likely_eligible=0, possibly_eligible=2, not_eligible=0)


def test_healthy_volunteers_find_the_trials_that_take_them() -> None:
    takes = EligibilityFields(healthy_volunteers=True)
    trials = [trial(1, eligibility=takes), trial(2)]
    volunteer = Patient(birth_date=PartialDate(1990), sex=Sex.FEMALE, healthy_volunteer=True)
    answer = ask(trials, volunteer)
    assert ids(answer) == [1]
    assert answer.matches[0].condition_match == ConditionMatch(
        "healthy volunteer", "Type 1 Diabetes", (), "healthy_volunteer"
    )


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [1, 2, 5]),  # what can be joined now or soon, and what has no status
        (EVERY_TRIAL, [1, 2, 3, 4, 5]),
        (Filters(statuses=("COMPLETED",)), [3, 5]),
        (Filters(statuses=None, phases=("PHASE3",)), [2, 5]),
        (Filters(statuses=None, countries=("france",)), [4, 5]),
        (Filters(statuses=None, intervention_types=("DEVICE",)), [3, 5]),
        (Filters(statuses=None, radius_km=100.0), [1, 2, 4, 5]),
    ],
)
def test_filters_drop_only_what_has_the_field_and_fails_it(filters: Filters, kept: list[int]) -> None:
    trials = [
        trial(1),
        trial(2, overall_status="NOT_YET_RECRUITING", phases=("PHASE2", "PHASE3")),
        trial(3, overall_status="COMPLETED", site=BOSTON, intervention_types=("DEVICE",)),
        trial(4, overall_status="TERMINATED", countries=("France",)),
        trial(5, overall_status=None, phases=(), countries=(), intervention_types=(), sites=()),
    ]
    assert sorted(ids(ask(trials, filters=filters))) == kept


def test_the_order_is_that_of_eligibility_then_status_then_score() -> None:
    met = [hba1c_above(6.5)]
    trials = [
        trial(1, inclusion=[Unreadable(0, 5, "no rule")]),
        trial(2, inclusion=met, overall_status="ENROLLING_BY_INVITATION"),
        trial(3, inclusion=met, overall_status="NOT_YET_RECRUITING"),
        trial(4, inclusion=met, site=BOSTON),
        trial(5, inclusion=met),
        trial(6, inclusion=met),
    ]
    assert ids(ask(trials)) == [5, 6, 4, 3, 2, 1]


C_PEPTIDE = MeasurementIs(0, 5, Analyte("C-peptide", "1986-9"), lower=Bound(0.2, "nmol/L", inclusive=False))
CANCER = ConditionIs(0, 5, Concept("cancer", "D009369"))
ASKING = [
    trial(1, inclusion=[C_PEPTIDE]),
    trial(2, inclusion=[C_PEPTIDE], exclusion=[CANCER]),
    trial(3, inclusion=[C_PEPTIDE], exclusion=[hba1c_above(7.0)]),  # settled: nothing to ask
    trial(4, exclusion=[CANCER]),
    trial(5, inclusion=[C_PEPTIDE, OnSite(0, 5, "consent")]),
]


def test_questions_are_those_that_decide_the_most_trials() -> None:
    answer = ask(ASKING, include={"questions"})
    assert [(q.fact.kind, q.fact.fact, q.decides) for q in answer.questions] == [
        ("measurement", "C-peptide", 3),
        ("condition", "Neoplasms", 2),
    ]
    assert answer.questions[1].ask == "Do you have, or did you ever have, cancer?"
    assert ask(ASKING).questions == ()


@pytest.mark.parametrize(("value", "settled"), [(0.1, Verdict.NOT_INCLUDED), (0.5, Verdict.INCLUDED)])
def test_the_top_questions_answer_changes_verdicts_on_either_side_of_the_bound(value: float, settled: Verdict) -> None:
    before = ask(ASKING, include={"questions"})
    told = Observation(before.questions[0].fact.fact, value=value, unit="nmol/L", on=PartialDate(2026, 11, 20))
    patient = replace(PATIENT, observations=(*PATIENT.observations, told))
    changed = what_if(MemoryReader(ASKING), PATIENT, patient, on=ON)
    verdicts = {change.criteria[0].after for change in changed.changes}
    eligibility = [c for c in changed.changes if c.eligibility_before is not c.eligibility_after]
    assert verdicts == {settled}
    assert changed.changed == 4  # the trial that is settled anyway shows the new verdict too
    # a bad value settles all three trials that the question counts, a good one those where nothing else is open
    assert len(eligibility) == (3 if settled is Verdict.NOT_INCLUDED else 2)


def test_joint_sets_name_what_has_to_be_known_together() -> None:
    answer = ask(ASKING)
    sets = {row.nct_id: row.undecided for row in answer.matches}
    assert sets["NCT00000002"] == (("Neoplasms", "C-peptide"),)
    assert sets["NCT00000001"] == (("C-peptide",),)


def test_what_if_tells_the_differences_and_nothing_else() -> None:
    better = replace(PATIENT, observations=(replace(PATIENT.observations[0], value=6.0),))
    trials = [
        trial(1, exclusion=[hba1c_above(7.0)]),
        trial(2, inclusion=[hba1c_above(5.0)]),
        trial(3, inclusion=[hba1c_above(6.5)]),
    ]
    answer = what_if(MemoryReader(trials), PATIENT, better, on=ON)
    assert answer.before == Totals(3, 2, 0, 1)
    assert answer.after == Totals(3, 2, 0, 1)
    assert [(c.nct_id, c.eligibility_before, c.eligibility_after) for c in answer.changes] == [
        ("NCT00000001", Eligibility.NOT_ELIGIBLE, Eligibility.LIKELY_ELIGIBLE),
        ("NCT00000003", Eligibility.LIKELY_ELIGIBLE, Eligibility.NOT_ELIGIBLE),
    ]
    assert [(v.id, v.before, v.after) for v in answer.changes[0].criteria] == [
        ("NCT00000001/e1", Verdict.EXCLUDED, Verdict.NOT_EXCLUDED)
    ]
    assert answer.changes[0].criteria[0].explanation == (
        "Your HbA1c of 6 % is not above 7 %. This point does not stand in the way."
    )
    assert what_if(MemoryReader(trials), PATIENT, PATIENT, on=ON).changed == 0


def test_a_change_of_condition_compares_trials_considered_on_one_side_only() -> None:
    trials = [trial(1), trial(2, condition=BREAST, conditions=("Breast Cancer",))]
    answer = what_if(MemoryReader(trials), PATIENT, replace(PATIENT, conditions=(Condition("breast cancer"),)), on=ON)
    assert [(c.nct_id, c.eligibility_before is None, c.eligibility_after is None) for c in answer.changes] == [
        ("NCT00000001", False, True),
        ("NCT00000002", True, False),
    ]


def test_one_trial_for_many_patients_has_the_verdicts_of_each_patients_own_answer() -> None:
    trials = [trial(1, inclusion=[hba1c_above(6.5)], exclusion=[CANCER])]
    people = [
        Patient(),
        PATIENT,
        replace(PATIENT, observations=()),
        replace(PATIENT, conditions=(*PATIENT.conditions, Condition("breast cancer"))),
        replace(PATIENT, conditions=(*PATIENT.conditions, Condition("cancer", present=False))),
    ]
    answer = match_one(MemoryReader(trials), "NCT00000001", people, on=ON)
    assert answer is not None
    assert answer.totals == Totals(considered=5, likely_eligible=1, possibly_eligible=3, not_eligible=1)
    assert [row.patient for row in answer.matches] == [4, 1, 2, 3, 0]
    for row in answer.matches:
        forward = ask(trials, people[row.patient], include={"not_eligible"}).matches[0]
        assert replace(row.match, rank=1) == forward


def test_a_trial_that_is_not_there_has_no_matches() -> None:
    assert match_one(MemoryReader([]), "NCT00000009", [PATIENT], on=ON) is None


def test_the_digest_is_that_of_the_canonical_json() -> None:
    """Its numbers are written as Python writes them: 1e-05, where the fast encoder writes 1e-5."""
    for value in (1e-05, -2.5e-07, 1e22, 0.25, 7, "3e5", "é\x01\u2028", None, [1.5e-06], {"b": 1, "a": "2,1e5"}):
        body = {"on": "2026-11-22", "value": value, "digest": "not part of it"}
        text = json.dumps(
            {k: v for k, v in body.items() if k != "digest"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert digest(body) == "sha256:" + sha256(text.encode()).hexdigest()


def test_the_same_request_gives_the_same_bytes_and_another_gives_another_digest() -> None:
    include = {"criteria", "questions", "not_eligible"}
    one, two = (
        json.dumps(answer_to_json(ask(ASKING, include=include), include=include), allow_nan=False) for _ in range(2)
    )
    assert one == two
    reordered = list(reversed(ASKING))
    assert answer_to_json(ask(reordered, include=include), include=include) == json.loads(one)
    other = replace(PATIENT, observations=())
    assert answer_to_json(ask(ASKING, other), include=())["digest"] != json.loads(one)["digest"]


def test_the_answer_as_json() -> None:
    answer = ask([trial(1, inclusion=[C_PEPTIDE])], include={"questions"})
    body = answer_to_json(answer, include={"criteria", "questions"}, next_cursor="abc")
    assert list(body) == [
        "on",
        "engine_version",
        "data_version",
        "digest",
        "totals",
        "read_from_note",
        "questions",
        "matches",
        "next_cursor",
    ]
    assert (body["on"], body["data_version"], body["next_cursor"]) == ("2026-11-22", "test", "abc")
    assert body["digest"] == digest(body)
    assert body["questions"] == [
        {
            "fact": "C-peptide",
            "kind": "measurement",
            "loinc": "1986-9",
            "mesh": None,
            "ask": answer.questions[0].ask,
            "unit": "nmol/L",
            "decides": 1,
        }
    ]
    row = body["matches"][0]
    assert row["undecided"] == [["C-peptide"]]
    criterion = row["criteria"][-1]
    assert {name: criterion[name] for name in ("id", "role", "text", "start", "end", "verdict", "why_unknown")} == {
        "id": "NCT00000001/i1",
        "role": "inclusion",
        "text": "MeasurementIs",
        "start": 0,
        "end": 40,
        "verdict": "unknown",
        "why_unknown": "missing",
    }
    assert criterion["missing"] == [
        {"fact": "C-peptide", "kind": "measurement", "loinc": "1986-9", "mesh": None, "unit": "nmol/L"}
    ]
    assert "criteria" not in answer_to_json(answer, include=())["matches"][0]


def test_evidence_in_json_has_the_value_the_date_and_the_conversion() -> None:
    told = Observation("HbA1c", "4548-4", 64, "mmol/mol", on=PartialDate(2026, 11, 2))
    answer = ask([trial(1, inclusion=[hba1c_above(6.5)])], replace(PATIENT, observations=(told,)))
    criterion = answer_to_json(answer, include={"criteria"})["matches"][0]["criteria"][-1]
    (evidence,) = criterion["evidence"]
    assert {name: evidence[name] for name in ("fact", "value", "unit", "on", "as_unit", "path", "boundary")} == {
        "fact": "HbA1c",
        "value": 64,
        "unit": "mmol/mol",
        "on": "2026-11-02",
        "as_unit": "%",
        "path": [],
        "boundary": False,
    }
    assert evidence["as"] == pytest.approx(8.006, abs=0.001)
    assert criterion["explanation"] == "Your HbA1c of 64 mmol/mol (8.01 %) is above 6.5 %. This point fits."


def test_the_other_answers_as_json() -> None:
    trials = [trial(1, exclusion=[hba1c_above(7.0)])]
    reverse = match_one(MemoryReader(trials), "NCT00000001", [PATIENT], on=ON)
    assert reverse is not None
    body = reverse_to_json(reverse, include=())
    assert (body["nct_id"], body["matches"][0]["patient"], body["matches"][0]["rank"]) == ("NCT00000001", 0, 1)
    better = replace(PATIENT, observations=())
    changed = what_if_to_json(what_if(MemoryReader(trials), PATIENT, better, on=ON))
    assert changed["changed"] == 1
    assert changed["changes"][0]["eligibility"] == {"before": "not_eligible", "after": "possibly_eligible"}
    assert changed["digest"] == digest(changed)


def test_words_follow_the_language_and_the_reader() -> None:
    trials = [trial(1, inclusion=[hba1c_above(6.5)])]
    spanish = ask(trials, language="es").matches[0].judged.criteria[-1].explanation
    clinician = ask(trials, audience="clinician").matches[0].judged.criteria[-1].explanation
    assert spanish == "Su valor de hemoglobina glucosilada (HbA1c) es 8 %: sí es más de 6.5 %. Este punto se cumple."
    assert clinician == "HbA1c 8 %: > 6.5 %: met. Inclusion met."


def test_criteria_that_are_not_asked_for_are_not_explained() -> None:
    (row,) = match(MemoryReader([trial(1, inclusion=[hba1c_above(6.5)])]), PATIENT, on=ON).matches
    assert [criterion.explanation for criterion in row.judged.criteria] == ["", "", ""]
