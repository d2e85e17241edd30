"""The store of trials: everything the service asks of the database, apart from search and places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Engine, select

from app.store import indexing, writing
from app.store.convert import trial_from_bytes
from app.store.planning import Upserted
from app.store.reader import SqlTrialReader
from app.store.tables import CRITERIA, STATE, TRIAL, VERSION
from app.store.writing import ReadCriteria, read_criteria
from matching import Trial


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One step of a trial's history; `withdrawn`: from then on the trial was not stored."""

    version: int
    stored_at: datetime
    content_hash: str | None
    withdrawn: bool


class TrialStore:
    """Trials in a database at the newest revision. Holds the engine; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def reader(self) -> SqlTrialReader:
        """A snapshot for the engine; use it in a `with` statement."""
        return SqlTrialReader(self.engine)

    def upsert(
        self, trials: Sequence[Trial], *, at: datetime, replace: bool = False, read: ReadCriteria = read_criteria
    ) -> Upserted:
        """Stores a batch in one transaction; a record that is stored already changes nothing (`writing.upsert`)."""
        return writing.upsert(self.engine, trials, at=at, replace=replace, read=read)

    def withdraw(self, nct_id: str, *, at: datetime | None = None) -> bool:
        """Takes a trial out and keeps its history; False: there is none."""
        return writing.withdraw(self.engine, nct_id, at=at or datetime.now(UTC))

    def read_again(self, *, read: ReadCriteria = read_criteria) -> int:
        """Reads again what another version of the parser read; how many trials."""
        return writing.read_again(self.engine, read=read)

    def index_missing(self) -> int:
        """Makes what search needs of trials that an older version stored; how many there were."""
        return indexing.index_missing(self.engine)

    def document(self, nct_id: str) -> bytes | None:
        """The whole trial as encoded JSON, ready to be served."""
        present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
        with self.engine.connect() as connection:
            found: bytes | None = connection.scalar(
                select(VERSION.c.document).select_from(TRIAL.join(VERSION, present)).where(TRIAL.c.nct_id == nct_id)
            )
        return found

    def get(self, nct_id: str) -> Trial | None:
        """The whole trial."""
        document = self.document(nct_id)
        return trial_from_bytes(document) if document is not None else None

    def criteria_json(self, nct_id: str) -> dict[str, Any] | None:
        """The parsed criteria as JSON data; None: no such trial."""
        with self.engine.connect() as connection:
            parsed = connection.scalar(select(CRITERIA.c.parsed).where(CRITERIA.c.nct_id == nct_id))
        return orjson.loads(parsed) if parsed is not None else None

    def history(self, nct_id: str) -> tuple[StoredVersion, ...]:
        """Every version there was, the first one first; empty: never stored."""
        columns = (VERSION.c.version, VERSION.c.stored_at, VERSION.c.content_hash)
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(*columns, VERSION.c.document.is_(None))
                .where(VERSION.c.nct_id == nct_id)
                .order_by(VERSION.c.version)
            ).all()
        return tuple(StoredVersion(row[0], _in_utc(row[1]), row[2], bool(row[3])) for row in rows)

    def version(self, nct_id: str, version: int) -> Trial | None:
        """The trial as one version had it; None: there is no such version, or it is a withdrawal."""
        with self.engine.connect() as connection:
            document = connection.scalar(
                select(VERSION.c.document).where(VERSION.c.nct_id == nct_id, VERSION.c.version == version)
            )
        return trial_from_bytes(document) if document is not None else None

    def count(self) -> int:
        """How many trials are stored."""
        with self.engine.connect() as connection:
            return connection.scalar(select(STATE.c.trials).where(STATE.c.id == 1)) or 0

    def data_version(self) -> str:
        """Changes whenever a stored trial changes; equal for equal data."""
        with self.reader() as reader:
            return reader.data_version

    def ids(self) -> Iterator[str]:
        """Every nct_id in order, streamed."""
        with self.engine.connect() as connection:
            statement = select(TRIAL.c.nct_id).order_by(TRIAL.c.nct_id)
            yield from connection.execute(statement, execution_options={"yield_per": 1000}).scalars()


def _in_utc(at: datetime) -> datetime:
    # SQLite gives the instant back without its zone; it was written in UTC.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
