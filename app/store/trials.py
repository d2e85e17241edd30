"""The store of trials: everything the service asks of the database, apart from search and places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Engine, select

import matching
from app.store import indexing, writing
from app.store.array_search import SearchIndex
from app.store.convert import trial_from_bytes
from app.store.kept import KeptTrials
from app.store.planning import Upserted
from app.store.prepare import Prepared
from app.store.reader import SqlTrialReader
from app.store.tables import CRITERIA, RECORD, STATE, TRIAL, VERSION
from app.store.writing import ReadCriteria, read_criteria
from matching import Registry, Trial


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One step of a trial's history; `withdrawn`: from then on the trial was not stored."""

    version: int
    stored_at: datetime
    content_hash: str | None
    withdrawn: bool


class TrialStore:
    """Trials in a database at the newest revision. Holds the engines; safe to share between threads.

    `engine` is the primary's; `reads` is where everything is read from that is not about to be written.
    """

    def __init__(self, engine: Engine, reads: Engine | None = None) -> None:
        self.engine = engine
        self.reads = reads if reads is not None else engine
        self.changes = 0
        """How often this object has changed the data."""

        self.registry: Registry | None = None
        """The stored trials as arrays; set by whoever keeps them (snapshot.py), and taken whole by each reader."""

        self.search_index: SearchIndex | None = None
        """What search looks at, as arrays; kept like `registry`, and asked only while it is of the stored version."""

        self._kept = KeptTrials()

    def reader(self) -> SqlTrialReader:
        """A snapshot for the engine; use it in a `with` statement."""
        return SqlTrialReader(self.reads, self.registry, self._kept)

    def upsert(
        self, trials: Sequence[Trial], *, at: datetime, replace: bool = False, read: ReadCriteria = read_criteria
    ) -> Upserted:
        """Stores a batch in one transaction; a record that is stored already changes nothing (`writing.upsert`)."""
        done = writing.upsert(self.engine, trials, at=at, replace=replace, read=read)
        self.changes += 1
        return done

    def upsert_prepared(
        self, records: Sequence[Prepared], *, at: datetime, replace: bool = False, read: ReadCriteria | None
    ) -> Upserted:
        """Stores a batch that `prepare` made ready; no `read`: the criteria are read later."""
        done = writing.upsert_prepared(self.engine, records, at=at, replace=replace, read=read)
        self.changes += 1
        return done

    def withdraw(self, nct_id: str, *, at: datetime | None = None) -> bool:
        """Takes a trial out and keeps its history; False: there is none."""
        done = writing.withdraw(self.engine, nct_id, at=at or datetime.now(UTC))
        self.changes += 1
        return done

    def read_again(self, *, read: ReadCriteria = read_criteria, progress: Callable[[int], None] | None = None) -> int:
        """Reads what waits for it and what another version of the parser read; how many trials."""
        return writing.read_again(self.engine, read=read, progress=progress)

    def parsed_hashes(self, hashes: Sequence[str]) -> set[str]:
        """Those of the texts (`prepare.text_hash`) that this version of the parser has read for some trial."""
        with self.engine.connect() as connection:
            found = select(CRITERIA.c.text_hash).where(
                CRITERIA.c.text_hash.in_(hashes), CRITERIA.c.parser_version == matching.PARSER_VERSION
            )
            return set(connection.scalars(found))

    def raw_hashes(self, nct_ids: Sequence[str]) -> set[tuple[str, str]]:
        """For each of the trials, the hashes of the bytes that its records were read from."""
        with self.engine.connect() as connection:
            found = select(RECORD.c.nct_id, RECORD.c.raw_hash).where(
                RECORD.c.nct_id.in_(nct_ids), RECORD.c.raw_hash.is_not(None)
            )
            return {(row.nct_id, row.raw_hash) for row in connection.execute(found)}

    def unread(self) -> int:
        """How many trials' criteria `read_again` would read."""
        return writing.unread(self.engine)

    def index_missing(self) -> int:
        """Makes what search needs of trials that an older version stored; how many there were."""
        return indexing.index_missing(self.engine)

    def document(self, nct_id: str) -> bytes | None:
        """The whole trial as encoded JSON, ready to be served."""
        found = self.dated_document(nct_id)
        return found[0] if found is not None else None

    def dated_document(self, nct_id: str) -> tuple[bytes, datetime] | None:
        """The whole trial as encoded JSON, and the instant (UTC) at which it became so."""
        present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
        with self.reads.connect() as connection:
            row = connection.execute(
                select(VERSION.c.document, VERSION.c.stored_at)
                .select_from(TRIAL.join(VERSION, present))
                .where(TRIAL.c.nct_id == nct_id)
            ).one_or_none()
        return (row.document, _in_utc(row.stored_at)) if row is not None else None

    def get(self, nct_id: str) -> Trial | None:
        """The whole trial."""
        document = self.document(nct_id)
        return trial_from_bytes(document) if document is not None else None

    def criteria_json(self, nct_id: str) -> dict[str, Any] | None:
        """The parsed criteria as JSON data; None: no such trial."""
        with self.reads.connect() as connection:
            parsed = connection.scalar(select(CRITERIA.c.parsed).where(CRITERIA.c.nct_id == nct_id))
        return orjson.loads(parsed) if parsed is not None else None

    def history(self, nct_id: str) -> tuple[StoredVersion, ...]:
        """Every version there was, the first one first; empty: never stored."""
        columns = (VERSION.c.version, VERSION.c.stored_at, VERSION.c.content_hash)
        with self.reads.connect() as connection:
            rows = connection.execute(
                select(*columns, VERSION.c.document.is_(None))
                .where(VERSION.c.nct_id == nct_id)
                .order_by(VERSION.c.version)
            ).all()
        return tuple(StoredVersion(row[0], _in_utc(row[1]), row[2], bool(row[3])) for row in rows)

    def version(self, nct_id: str, version: int) -> Trial | None:
        """The trial as one version had it; None: there is no such version, or it is a withdrawal."""
        with self.reads.connect() as connection:
            document = connection.scalar(
                select(VERSION.c.document).where(VERSION.c.nct_id == nct_id, VERSION.c.version == version)
            )
        return trial_from_bytes(document) if document is not None else None

    def count(self) -> int:
        """How many trials are stored."""
        with self.reads.connect() as connection:
            return connection.scalar(select(STATE.c.trials).where(STATE.c.id == 1)) or 0

    def data_version(self) -> str:
        """Changes whenever a stored trial changes; equal for equal data."""
        with self.reader() as reader:
            return reader.data_version

    def close(self) -> None:
        """Closes the connections of both engines."""
        self.engine.dispose()
        self.reads.dispose()

    def ids(self) -> Iterator[str]:
        """Every nct_id in order, streamed."""
        with self.reads.connect() as connection:
            statement = select(TRIAL.c.nct_id).order_by(TRIAL.c.nct_id)
            yield from connection.execute(statement, execution_options={"yield_per": 1000}).scalars()


def _in_utc(at: datetime) -> datetime:
    # SQLite gives the instant back without its zone; it was written in UTC.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
