from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from app.store.engine import (
    MIGRATIONS,
    check,
    create_engine_for,
    downgrade,
    newest_revision,
    revision_of,
    sqlite_path,
    upgrade,
)
from app.store.trials import TrialStore
from tests.store.trials_made import AT, registry_trial

REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def test_every_revision_goes_up_and_down_again(database_url: str) -> None:
    engine = create_engine_for(database_url)
    for revision in REVISIONS:
        upgrade(engine, revision)
        assert revision_of(engine) == revision
        tables = set(inspect(engine).get_table_names())
        downgrade(engine, "-1")
        upgrade(engine, revision)
        assert set(inspect(engine).get_table_names()) == tables
    downgrade(engine, "base")
    assert revision_of(engine) is None
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def not_words(name: str | None, kind: str, _: object) -> bool:
    """The table of words is the database's own kind of table, which no model describes; FTS5 keeps five beside it."""
    return not (kind == "table" and str(name).startswith("trial_text"))


def test_the_migrations_make_the_tables_that_the_code_uses(database_url: str) -> None:
    engine = create_engine_for(database_url)
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": not_words})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_upgrading_twice_is_upgrading_once(database_url: str) -> None:
    engine = create_engine_for(database_url)
    upgrade(engine)
    upgrade(engine)
    assert revision_of(engine) == newest_revision() == REVISIONS[-1]
    assert check(engine) == ()
    engine.dispose()


def test_check_names_tables_that_are_not_there(database_url: str) -> None:
    engine = create_engine_for(database_url)
    assert check(engine) == (f"the tables are at revision none, this version needs {REVISIONS[-1]}: run `db upgrade`",)
    engine.dispose()


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM trial_criteria", "1 trials have no parsed criteria"),
        ("UPDATE trial_version SET document = NULL", "1 trials lack the document of their version"),
        ("UPDATE data_state SET trials = 7", "1 trials are stored, 7 were counted"),
    ],
)
def test_check_finds_damage(store: TrialStore, damage: str, fault: str) -> None:
    store.upsert([registry_trial()], at=AT, read=lambda modules: [b"{}"] * len(modules))
    with store.engine.begin() as connection:
        connection.execute(text(damage))
    assert check(store.engine) == (fault,)


def test_sqlite_files_get_their_folder_and_keep_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'er' / 'trials.db'}"
    engine = create_engine_for(url)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    assert sqlite_path(url) == str(tmp_path / "deep" / "er" / "trials.db")
    engine.dispose()


def test_a_database_in_memory_is_shared_by_the_engine() -> None:
    engine = create_engine_for("sqlite://")
    upgrade(engine)
    assert TrialStore(engine).count() == 0
    assert sqlite_path("sqlite://") is None
    assert sqlite_path("postgresql://host/db") is None
    engine.dispose()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_means_psycopg_3(scheme: str) -> None:
    engine = create_engine_for(f"{scheme}://someone@nowhere/db")
    assert engine.url.drivername == "postgresql+psycopg"
