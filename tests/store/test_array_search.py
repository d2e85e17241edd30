"""The arrays for search as the service keeps them: asked while they are of the stored version, and only then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

import matching
from app.api.schemas.search import SearchParams
from app.api.search import answer, read_query
from app.store import snapshot
from app.store.array_search import ArraySearch
from app.store.searching import SqlSearch, searching
from app.store.trials import TrialStore
from tests.store.trials_made import AT, LATER, no_text, registry_trial


@pytest.fixture
def store(engine: Engine) -> TrialStore:
    made = TrialStore(engine)
    made.upsert([registry_trial(number) for number in range(1, 8)], at=AT, read=no_text)
    return made


def found(store: TrialStore, **asked: object) -> dict[str, object]:
    sent = SearchParams.model_validate(asked)
    return answer(store, sent, *read_query(sent))


def way(store: TrialStore) -> type:
    with searching(store) as (asked, _):
        return type(asked)


def test_saved_and_mapped_arrays_are_the_ones_that_were_built(store: TrialStore, tmp_path: Path) -> None:
    loaded = snapshot.load_search(snapshot.refresh_search(store, tmp_path))
    with store.engine.connect() as connection:
        arrays, version = snapshot.search_arrays.build(connection)
    assert (loaded.data_version, loaded.trials) == (version, 7)
    before, after = matching.named(arrays), matching.named(loaded.arrays)
    assert all(np.array_equal(before[name], after[name], equal_nan=before[name].dtype.kind == "f") for name in before)


def test_arrays_of_an_older_version_are_not_asked(store: TrialStore, tmp_path: Path) -> None:
    assert way(store) is SqlSearch
    by_sql = found(store, condition="type 1 diabetes", facets=["status", "funnel"])
    store.search_index = snapshot.load_search(snapshot.refresh_search(store, tmp_path))
    assert way(store) is ArraySearch
    assert found(store, condition="type 1 diabetes", facets=["status", "funnel"]) == by_sql
    store.upsert([replace(registry_trial(8), brief_title="Came later")], at=LATER, read=no_text)
    assert way(store) is SqlSearch
    assert found(store, term="came later")["total"] == 1


def test_the_keeper_takes_them_and_makes_those_that_are_missing(store: TrialStore, tmp_path: Path) -> None:
    keeper = snapshot.RegistryKeeper(store, tmp_path, store.engine.url.render_as_string(hide_password=False))
    keeper.check()
    assert (way(store), store.registry is not None) == (ArraySearch, True)
    held = store.search_index
    keeper.check()
    assert store.search_index is held
    store.withdraw("NCT00000003", at=LATER)
    keeper.check()
    assert (way(store), store.search_index is held, store.search_index.trials) == (ArraySearch, False, 6)  # type: ignore[union-attr]


def test_a_search_on_arrays_of_nothing_finds_nothing(engine: Engine, tmp_path: Path) -> None:
    store = TrialStore(engine)
    store.search_index = snapshot.load_search(snapshot.refresh_search(store, tmp_path))
    for asked in (
        {"condition": "asthma", "near": "32.78,-79.93", "radius": "50km"},
        {"term": "quality of life", "status": ["any"], "facets": ["status", "phase", "age_group", "funnel"]},
        {"near": "32.78,-79.93"},
    ):
        assert (way(store), found(store, **asked)["total"]) == (ArraySearch, 0)
