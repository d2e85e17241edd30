"""The runs of the sync: where a run that was cut off goes on, and from which day the next one asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from app.store.engine import WRITE
from app.store.tables import SYNC_RUN

RESUMABLE_FOR = timedelta(days=7)
"""An older unfinished run begins anew: the registry's page tokens do not live for ever."""


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run; see the table. Counts go on where a resumed run left off."""

    id: int
    scope: str
    since: str | None
    state: str
    page_token: str | None
    data_timestamp: str | None
    started_at: datetime
    updated_at: datetime
    read: int
    new: int
    changed: int
    failed: int
    withdrawn: int
    note: str | None


class SyncRuns:
    """The runs in a database at the newest revision."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, scope: str, since: str | None, data_timestamp: str | None, at: datetime) -> SyncRun:
        """A new run."""
        values = {"scope": scope, "since": since, "data_timestamp": data_timestamp, "state": "running"}
        counts = dict.fromkeys(("read", "new", "changed", "failed", "withdrawn"), 0)
        with self._engine.connect().execution_options(**WRITE) as connection, connection.begin():
            made = connection.execute(insert(SYNC_RUN).values(**values, **counts, started_at=at, updated_at=at))
            number = made.inserted_primary_key
            assert number is not None
            return _run(connection.execute(select(SYNC_RUN).where(SYNC_RUN.c.id == number[0])).one())

    def save(self, number: int, at: datetime, **changed: Any) -> None:
        """Writes what has changed of a run."""
        with self._engine.connect().execution_options(**WRITE) as connection, connection.begin():
            connection.execute(
                update(SYNC_RUN).where(SYNC_RUN.c.id == number).values(**changed, updated_at=at),
            )

    def unfinished(self, scope: str, at: datetime) -> SyncRun | None:
        """The newest run of the scope, when it was cut off and not long ago."""
        newest = self._newest(scope)
        if newest is None or newest.state not in ("running", "failed") or newest.started_at < at - RESUMABLE_FOR:
            return None
        return newest

    def last_done(self, scope: str) -> SyncRun | None:
        """The newest run of the scope that saw everything."""
        return self._newest(scope, "done")

    def history(self, limit: int = 20) -> tuple[SyncRun, ...]:
        """The newest runs, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(SYNC_RUN).order_by(SYNC_RUN.c.id.desc()).limit(limit)).all()
        return tuple(_run(row) for row in rows)

    def _newest(self, scope: str, state: str | None = None) -> SyncRun | None:
        wanted = select(SYNC_RUN).where(SYNC_RUN.c.scope == scope).order_by(SYNC_RUN.c.id.desc()).limit(1)
        if state is not None:
            wanted = wanted.where(SYNC_RUN.c.state == state)
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return _run(row) if row is not None else None


def _run(row: Row[Any]) -> SyncRun:
    found = dict(row._mapping)
    for name in ("started_at", "updated_at"):
        at = found[name]
        # SQLite gives the instant back without its zone; it was written in UTC.
        found[name] = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return SyncRun(**found)
