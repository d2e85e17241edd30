from dataclasses import replace
from typing import Any

import pytest

import matching
from app.store.kept import KeptTrials
from app.store.snapshot import build
from app.store.trials import TrialStore
from matching import Design, EligibilityFields, Intervention, MeshTerm, PartialDate, Trial
from tests.store.trials_made import AT, no_text, registry_trial

T1D, DIABETES, ASTHMA, NEOPLASMS = "D003922", "D003920", "D001249", "D009369"


def trial(number: int, **changes: Any) -> Trial:
    bare = replace(
        registry_trial(number),
        conditions=(),
        keywords=(),
        condition_mesh=(),
        condition_ancestors=(),
        brief_title="A trial",
    )
    return replace(bare, **changes)


def mesh(concept: str) -> dict[str, Any]:
    return {"condition_mesh": (MeshTerm(concept, "as the registry calls it"),)}


def found(store: TrialStore, **asked: Any) -> list[int]:
    question: dict[str, Any] = {
        "condition_ids": None,
        "words": (),
        "healthy_volunteer": False,
        "statuses": None,
        "phases": (),
        "countries": (),
        "intervention_types": (),
    }
    with store.reader() as reader:
        return [int(row.summary.nct_id[3:]) for row in reader.considered(**{**question, **asked})]


def test_no_question_gives_every_trial_in_order(store: TrialStore) -> None:
    store.upsert([trial(number) for number in (3, 1, 2)], at=AT, read=no_text)
    assert found(store) == [1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([T1D], [1, 2]),  # the same, and the broader one
        ([DIABETES], [1, 2]),  # the same, and the narrower one
        ([ASTHMA], [3]),
        ([ASTHMA, T1D], [1, 2, 3]),
        ([NEOPLASMS], []),
        (["no such id"], []),
        ([], []),
    ],
)
def test_conditions_meet_when_the_same_above_or_below(store: TrialStore, asked: list[str], expected: list[int]) -> None:
    rows = [trial(1, **mesh(T1D)), trial(2, **mesh(DIABETES)), trial(3, **mesh(ASTHMA)), trial(4)]
    store.upsert(rows, at=AT, read=no_text)
    assert found(store, condition_ids=asked) == expected


def test_the_registry_s_own_ancestors_count_where_ours_end(store: TrialStore) -> None:
    own = trial(
        1, condition_mesh=(MeshTerm("C999999", "a new one"),), condition_ancestors=(MeshTerm(ASTHMA, "Asthma"),)
    )
    store.upsert([own], at=AT, read=no_text)
    assert found(store, condition_ids=[ASTHMA]) == [1]


def test_words_meet_a_condition_or_keyword_of_the_same_words(store: TrialStore) -> None:
    rows = [
        trial(1, conditions=("Qwertz  Syndrome",)),
        trial(2, keywords=("QWERTZ syndrome",)),
        trial(3, conditions=("Qwertz Syndrome of the Ear",)),
    ]
    store.upsert(rows, at=AT, read=no_text)
    assert found(store, condition_ids=[], words=["qwertz syndrome"]) == [1, 2]


def test_names_of_conditions_are_found_by_their_concept(store: TrialStore) -> None:
    store.upsert([trial(1, conditions=("Asthma",)), trial(2, brief_title="Asthma in Adults")], at=AT, read=no_text)
    assert found(store, condition_ids=[ASTHMA]) == [1, 2]


def test_healthy_volunteers_qualify_where_they_are_taken(store: TrialStore) -> None:
    takes = EligibilityFields(healthy_volunteers=True)
    rows = [trial(1, eligibility=takes), trial(2), trial(3, eligibility=EligibilityFields()), trial(4, **mesh(T1D))]
    store.upsert(rows, at=AT, read=no_text)
    assert found(store, condition_ids=[T1D], healthy_volunteer=True) == [1, 4]
    assert found(store, condition_ids=[T1D]) == [4]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"statuses": ["RECRUITING"]}, [1, 3, 4]),
        ({"statuses": ["COMPLETED", "SUSPENDED"]}, [2, 3]),
        ({"statuses": []}, [3]),
        ({"phases": ["PHASE2"]}, [1, 2, 4]),
        ({"phases": ["PHASE3"]}, [3, 4]),
        ({"countries": ["france"]}, [1, 2, 3]),
        ({"countries": ["Spain", "Peru"]}, [2, 4]),
        ({"intervention_types": ["DEVICE"]}, [2, 4]),
        ({"intervention_types": ["DRUG", "RADIATION"]}, [1, 2, 3]),
        ({"statuses": ["RECRUITING"], "phases": ["PHASE2"], "countries": ["France"]}, [1]),
    ],
)
def test_a_filter_keeps_what_does_not_say(store: TrialStore, asked: dict[str, Any], expected: list[int]) -> None:
    rows = [
        trial(1),
        trial(2, overall_status="COMPLETED", countries=(), sites=(), interventions=()),
        trial(3, overall_status=None, design=Design(phases=("PHASE3",))),
        trial(4, design=Design(), countries=("Peru",), sites=(), interventions=(Intervention("A pump", "DEVICE"),)),
    ]
    store.upsert(rows, at=AT, read=no_text)
    assert found(store, **asked) == expected


def test_a_readable_trial_has_what_ranking_and_judging_need(store: TrialStore) -> None:
    stored = registry_trial()
    store.upsert([stored], at=AT)
    with store.reader() as reader:
        (readable,) = reader.considered(
            condition_ids=[T1D],
            words=(),
            healthy_volunteer=False,
            statuses=None,
            phases=(),
            countries=(),
            intervention_types=(),
        )
    assert readable.parsed == matching.parse_trial_eligibility(stored.eligibility)
    assert readable.summary == matching.TrialSummary(
        nct_id="NCT00000001",
        brief_title="Trial 1",
        overall_status="RECRUITING",
        phases=("PHASE1", "PHASE2"),
        study_type="INTERVENTIONAL",
        conditions=("Type 1 Diabetes",),
        keywords=("Islets",),
        condition_ids=(T1D,),
        intervention_types=("DRUG",),
        countries=("United States", "France"),
        last_update=PartialDate(2026, 7, 1),
        eligibility=replace(stored.eligibility, text=None),
        sites=stored.sites,
    )


def test_named_trials_come_in_the_order_asked(store: TrialStore) -> None:
    store.upsert([trial(number) for number in (1, 2, 3)], at=AT, read=no_text)
    asked = ["NCT00000003", "NCT00000099", "NCT00000001"]
    with store.reader() as reader:
        assert [row.summary.nct_id for row in reader.trials(asked)] == ["NCT00000003", "NCT00000001"]
        assert list(reader.trials([])) == []


def test_a_reader_sees_one_version_of_the_data(store: TrialStore) -> None:
    store.upsert([trial(1)], at=AT, read=no_text)
    with store.reader() as reader:
        version = reader.data_version
        store.upsert([trial(2)], at=AT, read=no_text)
        assert store.data_version() != version
        assert reader.data_version == version
        assert [row.summary.nct_id for row in reader.trials(["NCT00000001", "NCT00000002"])] == ["NCT00000001"]
    assert found(store) == [1, 2]


def test_a_kept_trial_is_found_again_and_never_after_it_has_changed(store: TrialStore) -> None:
    def first() -> matching.ReadableTrial:
        with store.reader() as reader:
            (one,) = reader.trials([trial(1).nct_id])
        return one

    store.upsert([trial(1)], at=AT, read=no_text)
    assert first() is first()
    store.upsert([trial(1, brief_title="Another title")], at=AT, read=no_text, replace=True)
    assert first().summary.brief_title == "Another title"


def test_a_page_of_the_arrays_is_read_once_for_their_version(store: TrialStore) -> None:
    def page() -> matching.ReadableTrial:
        assert store.registry is not None
        with store.reader() as reader:
            (one,) = reader.trials(["NCT00000001"], store.registry.versions([1]))
        return one

    store.upsert([trial(1)], at=AT, read=no_text)
    store.registry = build(store)
    first = page()
    assert page() is first
    store.upsert([trial(1, brief_title="Another title")], at=AT, read=no_text, replace=True)
    assert page() is first
    store.registry = build(store)
    assert page().summary.brief_title == "Another title"


def test_as_many_trials_are_kept_as_there_is_room_for(store: TrialStore) -> None:
    store.upsert([trial(1)], at=AT, read=no_text)
    with store.reader() as reader:
        (one,) = reader.trials([trial(1).nct_id])
    kept = KeptTrials(most=2)
    for key in ("a", "b"):
        kept.put(key, one)
    assert kept.get("a") is one
    kept.put("c", one)
    assert [kept.get(key) is one for key in ("a", "b", "c")] == [True, False, True]
