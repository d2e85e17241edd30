"""Engines of processes that only read: the database itself refuses a write of theirs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

from app.store.engine import create_engine_for
from app.store.replica import read_engine
from app.store.trials import TrialStore


def read_only_store(url: str, read_url: str | None = None) -> TrialStore:
    """A store over the database, or the replica with it behind, that refuses to be written to."""
    primary = _refusing(create_engine_for(url))
    return TrialStore(primary, _refusing(read_engine(read_url, primary)) if read_url else None)


def _refusing(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _query_only(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA query_only = ON")

        return engine
    return engine.execution_options(postgresql_readonly=True)
