"""What a batch changes: each record against what the store holds of its trial, merged with its other sources.

Only reads. What it finds may be overtaken by another writer before it is written; writing.py sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from app.store.convert import document_bytes, trial_from_bytes, trial_to_json
from app.store.merge import merge
from app.store.prepare import Prepared, prepare
from app.store.tables import CRITERIA, RECORD, TRIAL, VERSION
from matching import Trial

RECORD_COLUMNS = ("nct_id", "source", "content_hash", "size", "last_update", "record_version", "document", "raw_hash")


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of each record of a batch, by nct_id, in the order given.

    `older`: the store holds a newer (or as new and fuller) record of the same source, which stays.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    older: tuple[str, ...] = ()


@dataclass(slots=True)
class Told:
    """What one source tells of a trial. `fresh`: of this batch; `trial`: stored, once it is needed."""

    content_hash: str
    size: int
    last_update: str
    record_version: str
    raw_hash: str | None = None
    fresh: Prepared | None = None
    trial: Trial | None = None

    def order(self) -> tuple[str, str, int, str]:
        """Newer first by the registry's dates; between equals the fuller, then any fixed choice: never the order read."""
        return (self.last_update, self.record_version, self.size, self.content_hash)

    def whole(self) -> Trial | None:
        """The trial as this source tells it."""
        return self.fresh.whole() if self.fresh is not None else self.trial


@dataclass(slots=True)
class Known:
    """A trial in the store before the batch; version 0 and no hash: not there."""

    version: int = 0
    content_hash: str | None = None
    parser_version: str | None = None
    text_hash: str | None = None
    newest_version: int = 0
    told: dict[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted:
    """A stored record whose content came from other bytes than before."""

    nct_id: str
    source: str
    content_hash: str
    raw_hash: str


@dataclass(slots=True)
class Change:
    """A trial to write: `whole` None when only what a source tells has changed, not the whole.

    `criteria`: read anew, with the version of what read them; None: what is stored of them stays.
    """

    nct_id: str
    known: Known
    records: list[tuple[Any, ...]]
    whole: Prepared | None = None
    criteria: bytes | None = None
    parser_version: str | None = None


def plan(
    connection: Connection, records: Sequence[Prepared], *, replace: bool
) -> tuple[list[Change], list[Noted], Upserted]:
    """What to write, and what will have become of each record. `replace`: a record replaces even a newer one."""
    known = _known(connection, {record.nct_id for record in records})
    touched: dict[str, None] = {}
    older: list[str] = []
    same: list[str] = []
    noted: list[Noted] = []
    for record in records:
        told = known[record.nct_id].told
        fresh = Told(
            record.content_hash, record.size, record.last_update, record.record_version, record.raw_hash, record
        )
        stored = told.get(record.source)
        if stored is not None and stored.content_hash == fresh.content_hash:
            same.append(record.nct_id)
            if record.raw_hash is not None and record.raw_hash != stored.raw_hash:
                stored.raw_hash = record.raw_hash
                if stored.fresh is None:
                    noted.append(Noted(record.nct_id, record.source, record.content_hash, record.raw_hash))
        elif stored is not None and not replace and fresh.order() < stored.order():
            older.append(record.nct_id)
        else:
            told[record.source] = fresh
            touched[record.nct_id] = None
    _fetch_told(connection, {nct_id: known[nct_id] for nct_id in touched})
    changes = [_change(nct_id, known[nct_id], connection.dialect.name) for nct_id in touched]
    written = {change.nct_id for change in changes if change.whole is not None}
    unwritten = [change.nct_id for change in changes if change.whole is None]
    outcome = Upserted(
        new=tuple(nct_id for nct_id in touched if nct_id in written and known[nct_id].version == 0),
        changed=tuple(nct_id for nct_id in touched if nct_id in written and known[nct_id].version > 0),
        unchanged=(*same, *unwritten),
        older=tuple(older),
    )
    return changes, noted, outcome


def _known(connection: Connection, nct_ids: set[str]) -> dict[str, Known]:
    """What the store holds of these trials, without documents."""
    ids = sorted(nct_ids)
    known = {nct_id: Known() for nct_id in ids}
    for nct_id, newest in connection.execute(
        select(VERSION.c.nct_id, func.max(VERSION.c.version))
        .where(VERSION.c.nct_id.in_(ids))
        .group_by(VERSION.c.nct_id)
    ):
        known[nct_id].newest_version = newest
    for row in connection.execute(
        select(TRIAL.c.nct_id, TRIAL.c.version, TRIAL.c.content_hash, CRITERIA.c.parser_version, CRITERIA.c.text_hash)
        .select_from(TRIAL.outerjoin(CRITERIA))
        .where(TRIAL.c.nct_id.in_(ids))
    ):
        trial = known[row.nct_id]
        trial.version, trial.content_hash, trial.parser_version = row.version, row.content_hash, row.parser_version
        trial.text_hash = row.text_hash
    columns = (RECORD.c.nct_id, RECORD.c.source, RECORD.c.content_hash, RECORD.c.size)
    for record in connection.execute(
        select(*columns, RECORD.c.last_update, RECORD.c.record_version, RECORD.c.raw_hash).where(
            RECORD.c.nct_id.in_(ids)
        )
    ):
        known[record.nct_id].told[record.source] = Told(
            record.content_hash, record.size, record.last_update or "", record.record_version or "", record.raw_hash
        )
    return known


def _fetch_told(connection: Connection, known: dict[str, Known]) -> None:
    """Fetches the stored records that must be merged with fresh ones."""
    stored = [
        nct_id for nct_id, trial in known.items() if trial.version and any(t.fresh is None for t in trial.told.values())
    ]
    if not stored:
        return
    present = {
        row.nct_id: trial_from_bytes(row.document)
        for row in connection.execute(
            select(VERSION.c.nct_id, VERSION.c.document)
            .join(TRIAL, (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version))
            .where(TRIAL.c.nct_id.in_(stored))
        )
    }
    for record in connection.execute(
        select(RECORD.c.nct_id, RECORD.c.source, RECORD.c.document).where(RECORD.c.nct_id.in_(stored))
    ):
        told = known[record.nct_id].told[record.source]
        if told.fresh is None:
            own = record.document
            told.trial = trial_from_bytes(own) if own is not None else present[record.nct_id]


def _change(nct_id: str, known: Known, dialect: str) -> Change:
    told = list(known.told.values())
    whole = told[0].fresh if len(told) == 1 else None
    if whole is None:
        whole = prepare(merge(trial for each in told if (trial := each.whole()) is not None), dialect)
    rows = [
        (
            nct_id,
            source,
            each.content_hash,
            each.size,
            each.last_update or None,
            each.record_version[:40] or None,
            _own_document(each) if len(told) > 1 else None,
            each.raw_hash,
        )
        for source, each in known.told.items()
    ]
    return Change(nct_id, known, rows, whole if whole.content_hash != known.content_hash else None)


def _own_document(told: Told) -> bytes | None:
    if told.fresh is not None:
        return told.fresh.document
    return document_bytes(trial_to_json(told.trial)) if told.trial is not None else None
