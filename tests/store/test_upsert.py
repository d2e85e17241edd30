from dataclasses import replace
from itertools import permutations

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

import matching
from app.store.engine import check, create_engine_for
from app.store.planning import Upserted
from app.store.prepare import prepare
from app.store.trials import StoredVersion, TrialStore
from app.store.writing import read_again, read_criteria
from matching import Design, EligibilityFields, Provenance, Trial
from tests.store.trials_made import AT, LATER, dated, no_text, page_trial, registry_trial


def test_a_stored_trial_comes_back_whole(store: TrialStore) -> None:
    trial = registry_trial()
    assert store.upsert([trial], at=AT) == Upserted(new=("NCT00000001",))
    assert store.get("NCT00000001") == trial
    assert store.get("NCT00000002") is None
    assert (store.count(), list(store.ids())) == (1, ["NCT00000001"])
    assert check(store.engine) == ()


def test_its_criteria_are_those_the_engine_reads_from_its_text(store: TrialStore) -> None:
    trial = registry_trial()
    store.upsert([trial], at=AT)
    expected = matching.parsed_to_json(matching.parse_trial_eligibility(trial.eligibility))
    assert store.criteria_json("NCT00000001") == expected
    assert store.criteria_json("NCT00000002") is None


def test_storing_again_changes_nothing(store: TrialStore) -> None:
    trials = [registry_trial(number) for number in (1, 2, 3)]
    store.upsert(trials, at=AT)
    version = store.data_version()
    again = store.upsert(trials, at=LATER)
    assert again == Upserted(unchanged=("NCT00000001", "NCT00000002", "NCT00000003"))
    assert store.data_version() == version
    assert [row.stored_at for row in store.history("NCT00000001")] == [AT]


def test_a_new_fetch_of_the_same_record_changes_nothing(store: TrialStore) -> None:
    trial = registry_trial()
    store.upsert([trial], at=AT)
    fetched_again = replace(
        trial, provenance=(Provenance("clinicaltrials_gov", record_version="2026-08-01", fetched_at=LATER),)
    )
    assert store.upsert([fetched_again], at=LATER) == Upserted(unchanged=("NCT00000001",))


def test_the_bytes_of_a_record_are_noted_without_a_change_of_the_data(store: TrialStore) -> None:
    dialect = store.engine.dialect.name
    trial, other = prepare(registry_trial(), dialect), prepare(page_trial(), dialect)
    store.upsert_prepared([trial, other], at=AT, read=no_text)
    version = store.data_version()
    assert store.raw_hashes(["NCT00000001"]) == set()
    trial.raw_hash = "a" * 32
    assert store.upsert_prepared([trial], at=LATER, read=no_text) == Upserted(unchanged=("NCT00000001",))
    assert store.raw_hashes(["NCT00000001", "NCT00000002"]) == {("NCT00000001", "a" * 32)}
    assert store.data_version() == version
    # Another source's change writes both records again.
    changed = prepare(
        replace(page_trial(), brief_summary="Another summary, which is longer than the one before."), dialect
    )
    changed.raw_hash = "b" * 32
    assert store.upsert_prepared([changed], at=LATER, read=no_text).changed == ("NCT00000001",)
    assert store.raw_hashes(["NCT00000001"]) == {("NCT00000001", "a" * 32), ("NCT00000001", "b" * 32)}
    # The same record from nobody knows which bytes leaves what is known of it.
    assert store.upsert([registry_trial()], at=LATER, read=no_text).unchanged == ("NCT00000001",)
    assert ("NCT00000001", "a" * 32) in store.raw_hashes(["NCT00000001"])
    store.withdraw("NCT00000001", at=LATER)
    assert store.raw_hashes(["NCT00000001"]) == set()


def test_a_changed_record_adds_a_version_and_the_old_one_stays(store: TrialStore) -> None:
    first = registry_trial()
    second = dated(replace(first, overall_status="COMPLETED"), 8)
    store.upsert([first], at=AT)
    version = store.data_version()
    assert store.upsert([second], at=LATER) == Upserted(changed=("NCT00000001",))
    assert store.data_version() != version
    assert store.get("NCT00000001") == second
    assert store.version("NCT00000001", 1) == first
    assert store.version("NCT00000001", 2) == second
    assert store.version("NCT00000001", 3) is None
    history = store.history("NCT00000001")
    assert [(row.version, row.stored_at, row.withdrawn) for row in history] == [(1, AT, False), (2, LATER, False)]
    assert history[0].content_hash != history[1].content_hash


def test_an_older_record_of_the_same_source_does_not_replace_a_newer_one(store: TrialStore) -> None:
    newer, older = dated(registry_trial(), 8), dated(registry_trial(), 6)
    store.upsert([newer], at=AT)
    assert store.upsert([older], at=LATER) == Upserted(older=("NCT00000001",))
    assert store.get("NCT00000001") == newer


def test_it_does_when_it_is_what_the_source_says_now(store: TrialStore) -> None:
    newer, older = dated(registry_trial(), 8), dated(registry_trial(), 6)
    store.upsert([newer], at=AT)
    assert store.upsert([older], at=LATER, replace=True) == Upserted(changed=("NCT00000001",))
    assert store.get("NCT00000001") == older


def test_the_same_trial_twice_in_a_batch_is_stored_once(store: TrialStore) -> None:
    older, newer = dated(registry_trial(), 6), dated(registry_trial(), 8)
    assert store.upsert([newer, older], at=AT) == Upserted(new=("NCT00000001",), older=("NCT00000001",))
    assert store.get("NCT00000001") == newer
    assert len(store.history("NCT00000001")) == 1


def test_two_sources_are_one_trial_and_each_field_names_its_source(store: TrialStore) -> None:
    registry, page = registry_trial(), page_trial()
    store.upsert([page], at=AT)
    assert store.upsert([registry], at=LATER) == Upserted(changed=("NCT00000001",))
    merged = store.get("NCT00000001")
    assert merged is not None
    assert merged == replace(
        registry,
        brief_summary="A summary that only the page has.",
        design=replace(registry.design, enrollment_count=24),
        provenance=merged.provenance,
    )
    first, second = merged.provenance
    assert (first.source, second) == ("clinicaltrials_gov", Provenance("medpath_page"))
    assert first.fields == {
        "brief_title": "clinicaltrials_gov",
        "overall_status": "clinicaltrials_gov",
        "last_update": "clinicaltrials_gov",
        "brief_summary": "medpath_page",
        "conditions": "clinicaltrials_gov",
        "keywords": "clinicaltrials_gov",
        "design.study_type": "clinicaltrials_gov",
        "design.phases": "clinicaltrials_gov",
        "design.enrollment_count": "medpath_page",
        "interventions": "clinicaltrials_gov",
        "eligibility.text": "clinicaltrials_gov",
        "eligibility.sex": "clinicaltrials_gov",
        "eligibility.minimum_age": "clinicaltrials_gov",
        "eligibility.healthy_volunteers": "clinicaltrials_gov",
        "sites": "clinicaltrials_gov",
        "countries": "clinicaltrials_gov",
        "condition_mesh": "clinicaltrials_gov",
        "condition_ancestors": "clinicaltrials_gov",
    }
    assert store.count() == 1


def test_the_order_of_loading_does_not_matter() -> None:
    registry, page = registry_trial(), page_trial()
    legacy = replace(page_trial(), provenance=(Provenance("legacy_xml"),), acronym="LEG", official_title="Legacy")
    older = dated(replace(registry, acronym="OLD"), 2)
    # As new as `registry` and no fuller: neither is chosen for the order it came in.
    twin = replace(registry, brief_title="Trial 2")
    seen: set[tuple[str, bytes]] = set()
    store = store_in_memory()
    for order in permutations((registry, page, legacy, older, twin)):
        store.withdraw("NCT00000001", at=AT)
        for trial in order:
            store.upsert([trial], at=AT)
        document = store.document("NCT00000001")
        assert document is not None
        seen.add((store.data_version(), document))
    assert len(seen) == 1


def store_in_memory() -> TrialStore:
    from app.store.engine import upgrade

    engine = create_engine_for("sqlite://")
    upgrade(engine)
    return TrialStore(engine)


def test_a_withdrawn_trial_is_gone_and_its_history_stays(store: TrialStore) -> None:
    empty = store.data_version()
    store.upsert([registry_trial()], at=AT)
    first = store.history("NCT00000001")
    assert store.withdraw("NCT00000001", at=LATER) is True
    assert store.withdraw("NCT00000001", at=LATER) is False
    assert (store.get("NCT00000001"), store.criteria_json("NCT00000001"), store.count()) == (None, None, 0)
    assert store.data_version() == empty
    assert store.history("NCT00000001") == (*first, StoredVersion(2, LATER, None, True))
    assert check(store.engine) == ()


def test_a_withdrawn_trial_can_come_back(store: TrialStore) -> None:
    store.upsert([registry_trial()], at=AT)
    version = store.data_version()
    store.withdraw("NCT00000001", at=LATER)
    assert store.upsert([registry_trial()], at=LATER) == Upserted(new=("NCT00000001",))
    assert store.data_version() == version
    assert [row.withdrawn for row in store.history("NCT00000001")] == [False, True, False]


def test_equal_data_have_an_equal_version_whatever_came_before(store: TrialStore) -> None:
    trials = [registry_trial(number) for number in (1, 2)]
    store.upsert(trials, at=AT)
    store.upsert([registry_trial(3)], at=AT)
    store.withdraw("NCT00000003", at=LATER)
    other = store_in_memory()
    other.upsert(trials[::-1], at=LATER)
    assert other.data_version() == store.data_version()


def test_criteria_are_read_only_where_the_eligibility_changed(store: TrialStore) -> None:
    asked: list[str | None] = []

    def read(modules):  # type: ignore[no-untyped-def]
        asked.extend(module.text for module in modules)
        return read_criteria(modules)

    first = registry_trial()
    store.upsert([first], at=AT, read=read)
    retitled = replace(first, brief_title="Another title")
    store.upsert([retitled], at=AT, read=read, replace=True)
    store.upsert([retitled], at=AT, read=read, replace=True)
    reworded = replace(retitled, eligibility=replace(first.eligibility, text="Inclusion Criteria:\n\n* Asthma"))
    store.upsert([reworded], at=AT, read=read, replace=True)
    assert asked == [first.eligibility.text, "Inclusion Criteria:\n\n* Asthma"]


def test_each_text_is_read_once_whoever_has_it(store: TrialStore) -> None:
    asked: list[str | None] = []

    def read(modules):  # type: ignore[no-untyped-def]
        asked.extend(module.text for module in modules)
        return read_criteria(modules)

    store.upsert([registry_trial(1), registry_trial(2)], at=AT, read=read)
    store.upsert([registry_trial(3)], at=AT, read=read)
    text = registry_trial().eligibility.text
    assert asked == [text]
    older = replace(registry_trial(4), eligibility=replace(registry_trial().eligibility, minimum_age=None))
    store.upsert([older], at=AT, read=read)
    # The text is checked against the fields beside it: with others it is read anew.
    assert asked == [text, text]
    assert store.criteria_json("NCT00000003") == store.criteria_json("NCT00000001")
    assert store.criteria_json("NCT00000003") is not None


def test_criteria_of_another_parser_are_read_again(store: TrialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "PARSER_VERSION", "of yesterday")
    store.upsert([registry_trial(1), registry_trial(2)], at=AT, read=lambda modules: [b"{}"] * len(modules))
    yesterday = store.data_version()
    monkeypatch.undo()
    assert read_again(store.engine, batch_size=1) == 2
    assert read_again(store.engine, batch_size=1) == 0
    expected = matching.parsed_to_json(matching.parse_trial_eligibility(registry_trial().eligibility))
    assert store.criteria_json("NCT00000002") == expected
    other = store_in_memory()
    other.upsert([registry_trial(1), registry_trial(2)], at=AT)
    assert store.data_version() == other.data_version() != yesterday


def no_parser(modules: object) -> list[bytes]:
    raise RuntimeError("no parser today")


def nothing_storable(modules):  # type: ignore[no-untyped-def]
    return [object()] * len(modules)


@pytest.mark.parametrize("fails", [no_parser, nothing_storable], ids=["before the write", "in its last step"])
def test_a_batch_that_fails_leaves_nothing(store: TrialStore, fails) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((RuntimeError, SQLAlchemyError, psycopg.Error)):
        store.upsert([registry_trial(1), registry_trial(2)], at=AT, read=fails)
    assert (store.count(), list(store.ids()), store.history("NCT00000001")) == (0, [], ())
    assert check(store.engine) == ()


def test_a_writer_that_was_overtaken_plans_again(store: TrialStore, engine: Engine) -> None:
    overtaken: list[Upserted] = []

    def read(modules):  # type: ignore[no-untyped-def]
        if not overtaken:
            other = TrialStore(engine)
            overtaken.append(other.upsert([dated(registry_trial(), 8)], at=AT))
        return read_criteria(modules)

    late = dated(replace(registry_trial(), overall_status="COMPLETED"), 9)
    assert store.upsert([late], at=LATER, read=read) == Upserted(changed=("NCT00000001",))
    assert overtaken == [Upserted(new=("NCT00000001",))]
    assert store.get("NCT00000001") == late
    assert [row.version for row in store.history("NCT00000001")] == [1, 2]
    assert (store.count(), check(engine)) == (1, ())


def test_a_trial_with_nothing_but_its_id_is_stored(store: TrialStore) -> None:
    bare = Trial(nct_id="NCT00000009", provenance=(Provenance("clinicaltrials_gov_partial"),))
    store.upsert([bare], at=AT)
    assert store.get("NCT00000009") == bare
    with store.reader() as reader:
        (readable,) = reader.trials(["NCT00000009"])
    assert (readable.summary.brief_title, readable.summary.sites) == ("NCT00000009", ())
    assert (readable.summary.eligibility, readable.parsed.criteria) == (EligibilityFields(), ())


def test_values_longer_than_their_column_stay_whole_in_the_document(store: TrialStore) -> None:
    odd = replace(
        registry_trial(), overall_status="S" * 500, conditions=("c" * 500,), design=Design(phases=("P" * 300,))
    )
    store.upsert([odd], at=AT)
    assert store.get("NCT00000001") == odd
