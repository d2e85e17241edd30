"""The documents of trials as they are served, by the shortest way to each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, bindparam, select

from app.store.engine import sqlite_path
from app.store.tables import TRIAL, VERSION

PRESENT = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
DOCUMENT = (
    select(VERSION.c.document, VERSION.c.stored_at)
    .select_from(TRIAL.join(VERSION, PRESENT))
    .where(TRIAL.c.nct_id == bindparam("nct_id"))
)
SQLITE_DOCUMENT = (
    "SELECT v.document, v.stored_at FROM trial t JOIN trial_version v ON v.nct_id = t.nct_id AND v.version = t.version"
    " WHERE t.nct_id = ?"
)


class Documents:
    """Encoded trials, one read each, without a transaction around it.

    `is_local`: a read is a few pages of a file, so an event loop may do it itself; from one thread at a time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_local = sqlite_path(str(engine.url)) is not None
        self._own: Any = None

    def read(self, nct_id: str) -> tuple[bytes, datetime] | None:
        """The whole trial as encoded JSON, and the instant (UTC) at which it became so; None: there is no such trial."""
        if self.is_local:
            if self._own is None:
                taken = self._engine.raw_connection()
                self._own = taken.driver_connection
                taken.detach()
            row = self._own.execute(SQLITE_DOCUMENT, (nct_id,)).fetchone()
            return (row[0], datetime.fromisoformat(row[1]).replace(tzinfo=UTC)) if row is not None else None
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            found = connection.execute(DOCUMENT, {"nct_id": nct_id}).one_or_none()
            return (found.document, found.stored_at) if found is not None else None

    def close(self) -> None:
        """Closes what was opened; a later read opens it again."""
        if self._own is not None:
            self._own.close()
            self._own = None
