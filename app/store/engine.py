"""Engines of SQLite and PostgreSQL, the migrations, and a check of integrity."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from app.store.retry import pause, sqlstate
from app.store.tables import CRITERIA, STATE, TRIAL, VERSION

if TYPE_CHECKING:
    # Only migrations need it, and a worker's start should not wait for it.
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"

WRITE: Mapping[str, Any] = {"trialmatch_write": True}
"""Execution options of a connection that will write: SQLite then takes its lock at the start, not half way."""

LOCK_TIMEOUT = "3s"
LOCK_ATTEMPTS = 20
LOCK_NOT_AVAILABLE = "55P03"

READER_CACHE_KB = 8 * 1024
WRITER_CACHE_KB = 64 * 1024
"""Pages that a connection of SQLite keeps for itself: a service has many that read, a load one that writes."""

BUSY_SECONDS = 30
"""How long a writer of SQLite waits for another."""


def create_engine_for(url: str) -> Engine:
    """An engine with the settings that the store needs; makes the folder of a SQLite file.

    `postgresql://` means psycopg 3. `sqlite://` alone is a database in memory that all connections of the engine share.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _create_sqlite(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True, pool_recycle=1800)


def _create_sqlite(url: str) -> Engine:
    parsed = make_url(url)
    if in_memory(url):
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        Path(str(parsed.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        # The driver's own implicit BEGIN comes too late for a snapshot; the begin event below sends it instead.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            f"busy_timeout = {BUSY_SECONDS * 1000}",
            f"cache_size = -{READER_CACHE_KB}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("trialmatch_write", False)
        if writes:
            connection.exec_driver_sql(f"PRAGMA cache_size = -{WRITER_CACHE_KB}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the tables to `revision`; nothing happens when they are there already."""
    from alembic import command

    _migrate(engine, lambda connection: command.upgrade(_config(connection), revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Takes the tables back to `revision` (`base`: no tables)."""
    from alembic import command

    _migrate(engine, lambda connection: command.downgrade(_config(connection), revision))


def _migrate(engine: Engine, work: Callable[[Connection], None]) -> None:
    """SQLite: all revisions in one transaction. PostgreSQL: a transaction each, as some steps must be outside of any.

    A step that would wait long for a lock, and make every reader behind it wait, gives up instead and is tried again.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(**WRITE) as connection, connection.begin():
            work(connection)
        return
    for attempt in range(LOCK_ATTEMPTS):
        try:
            with engine.connect() as connection:
                connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
                connection.commit()
                try:
                    work(connection)
                finally:
                    connection.rollback()
                    connection.execute(text("SET lock_timeout = DEFAULT"))
                    connection.commit()
                return
        except OperationalError as error:
            if sqlstate(error) != LOCK_NOT_AVAILABLE or attempt == LOCK_ATTEMPTS - 1:
                raise
            pause(attempt, time.sleep)


def revision_of(engine: Engine) -> str | None:
    """The revision the tables are at; None before the first."""
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The revision this version of the service works with."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config()).get_current_head()


def check(engine: Engine) -> tuple[str, ...]:
    """Faults found: tables not current, a broken SQLite file, trials without their version, a wrong count. Empty: sound."""
    present, newest = revision_of(engine), newest_revision()
    if present != newest:
        return (f"the tables are at revision {present or 'none'}, this version needs {newest}: run `db upgrade`",)
    faults: list[str] = []
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            faults += [f"SQLite: {row[0]}" for row in connection.execute(text("PRAGMA quick_check")) if row[0] != "ok"]
            faults += [
                f"SQLite: a row of {row[0]} points at no trial"
                for row in connection.execute(text("PRAGMA foreign_key_check"))
            ]
        trials = connection.scalar(select(func.count()).select_from(TRIAL)) or 0
        counted = connection.scalar(select(STATE.c.trials)) or 0
        if trials != counted:
            faults.append(f"{trials} trials are stored, {counted} were counted")
        present_version = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
        lost = _count(connection, TRIAL.outerjoin(VERSION, present_version), VERSION.c.document.is_(None))
        if lost:
            faults.append(f"{lost} trials lack the document of their version")
        unread = _count(connection, TRIAL.outerjoin(CRITERIA), CRITERIA.c.nct_id.is_(None))
        if unread:
            faults.append(f"{unread} trials have no parsed criteria")
    return tuple(faults)


def _count(connection: Connection, source: FromClause, where: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(source).where(where)) or 0


def sqlite_path(url: str) -> str | None:
    """The file of a SQLite URL; None for another database or one in memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or in_memory(url):
        return None
    return os.path.abspath(str(parsed.database))


def in_memory(url: str) -> bool:
    """Whether it is a database of SQLite that lives in this process alone."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}


def name_of(url: str) -> str:
    """The URL as it may be shown: without a password."""
    return make_url(url).render_as_string(hide_password=True)
