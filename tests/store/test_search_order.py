"""What facets and sites know of their trial, so that a search need not look at it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

import matching
from app.ingest.words import STATUSES
from app.store.engine import create_engine_for, downgrade, upgrade
from app.store.rows import OTHER_STANDING, STANDING, standing
from app.store.tables import FACET, SITE
from app.store.trials import TrialStore
from matching import Design
from tests.store.trials_made import AT, no_text, registry_trial

BEFORE = "0004"


@pytest.mark.parametrize("status", [None, *sorted(STATUSES), "A STATUS OF ANOTHER REGISTRY"])
def test_a_status_has_a_number_in_the_group_that_the_engine_puts_it_in(status: str | None) -> None:
    assert standing(status) // 10 == matching.status_group(status)


def test_no_two_statuses_share_a_number() -> None:
    assert set(STATUSES) <= STANDING.keys()
    assert len({*STANDING.values(), OTHER_STANDING}) == len(STANDING) + 1


def test_the_migration_makes_the_rows_that_a_load_makes(database_url: str) -> None:
    engine = create_engine_for(database_url)
    upgrade(engine)
    bare = replace(registry_trial(2), sites=(), countries=(), design=Design(), last_update=None, overall_status=None)
    closed = replace(registry_trial(3), overall_status="COMPLETED")
    other = replace(registry_trial(4), overall_status="A STATUS OF ANOTHER REGISTRY")
    TrialStore(engine).upsert([registry_trial(1), bare, closed, other], at=AT, read=no_text)
    loaded = rows(engine)
    downgrade(engine, BEFORE)
    upgrade(engine)
    assert rows(engine) == loaded
    assert {row[1] for row in loaded[0] if row[0] == "none" and row[3] == bare.nct_id} == {"phase", "country", "site"}
    engine.dispose()


def rows(engine: Engine) -> tuple[list[tuple], list[tuple]]:
    facets = select(FACET.c.kind, FACET.c.value, FACET.c.standing, FACET.c.nct_id, FACET.c.updated)
    sites = select(SITE.c.nct_id, SITE.c.position, SITE.c.standing)
    with engine.connect() as connection:
        return (
            sorted(map(tuple, connection.execute(facets))),
            sorted(map(tuple, connection.execute(sites))),
        )
