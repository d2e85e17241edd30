"""What a batch changes: each record against what the store holds of its trial, merged with its other sources.

Only reads. What it finds may be overtaken by another writer before it is written; writing.py sees to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

import matching
from app.store.convert import Json, content_bytes, document_bytes, trial_from_bytes, trial_to_json
from app.store.merge import merge
from app.store.rows import Row
from app.store.tables import CRITERIA, RECORD, TRIAL, VERSION
from matching import EligibilityFields, Trial


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
    """What one source tells of a trial. `trial` None: stored, and not needed yet. `document`: of a fresh record."""

    content_hash: str
    size: int
    last_update: str
    record_version: str
    trial: Trial | None = None
    document: Json | None = None

    def order(self) -> tuple[str, str, int, str]:
        """Newer first by the registry's dates; between equals the fuller, then any fixed choice: never the order read."""
        return (self.last_update, self.record_version, self.size, self.content_hash)


@dataclass(slots=True)
class Known:
    """A trial in the store before the batch; version 0 and no hash: not there."""

    version: int = 0
    content_hash: str | None = None
    parser_version: str | None = None
    newest_version: int = 0
    eligibility: EligibilityFields | None = None
    told: dict[str, Told] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """A trial to write: `merged` None when only what a source tells has changed, not the whole."""

    nct_id: str
    known: Known
    records: list[Row]
    merged: Trial | None = None
    document: Json = field(default_factory=dict)
    content_hash: str = ""
    condition_ids: tuple[str, ...] = ()
    criteria: bytes | None = None


def plan(connection: Connection, trials: Sequence[Trial], *, replace: bool) -> tuple[list[Change], Upserted]:
    """What to write, and what will have become of each record. `replace`: a record replaces even a newer one."""
    known = _known(connection, {trial.nct_id for trial in trials})
    touched: dict[str, None] = {}
    older: list[str] = []
    same: list[str] = []
    for trial in trials:
        told = known[trial.nct_id].told
        document = trial_to_json(trial)
        content = content_bytes(document)
        source = trial.provenance[0].source
        fresh = Told(
            content_hash=hashlib.sha256(content).hexdigest(),
            size=len(content),
            last_update=str(trial.last_update.on) if trial.last_update else "",
            record_version=trial.provenance[0].record_version or "",
            trial=trial,
            document=document,
        )
        stored = told.get(source)
        if stored is not None and stored.content_hash == fresh.content_hash:
            same.append(trial.nct_id)
        elif stored is not None and not replace and fresh.order() < stored.order():
            older.append(trial.nct_id)
        else:
            told[source] = fresh
            touched[trial.nct_id] = None
    _fetch_told(connection, {nct_id: known[nct_id] for nct_id in touched})
    changes = [_change(nct_id, known[nct_id]) for nct_id in touched]
    written = {change.nct_id for change in changes if change.merged is not None}
    unwritten = [change.nct_id for change in changes if change.merged is None]
    return changes, Upserted(
        new=tuple(nct_id for nct_id in touched if nct_id in written and known[nct_id].version == 0),
        changed=tuple(nct_id for nct_id in touched if nct_id in written and known[nct_id].version > 0),
        unchanged=(*same, *unwritten),
        older=tuple(older),
    )


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
        select(TRIAL.c.nct_id, TRIAL.c.version, TRIAL.c.content_hash, CRITERIA.c.parser_version)
        .select_from(TRIAL.outerjoin(CRITERIA))
        .where(TRIAL.c.nct_id.in_(ids))
    ):
        trial = known[row.nct_id]
        trial.version, trial.content_hash, trial.parser_version = row.version, row.content_hash, row.parser_version
    columns = (RECORD.c.nct_id, RECORD.c.source, RECORD.c.content_hash, RECORD.c.size)
    for record in connection.execute(
        select(*columns, RECORD.c.last_update, RECORD.c.record_version).where(RECORD.c.nct_id.in_(ids))
    ):
        known[record.nct_id].told[record.source] = Told(
            record.content_hash, record.size, record.last_update or "", record.record_version or ""
        )
    return known


def _fetch_told(connection: Connection, known: dict[str, Known]) -> None:
    """Fetches the stored records that must be merged with fresh ones, and the eligibility that was read before."""
    stored = [nct_id for nct_id, trial in known.items() if trial.version]
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
    for nct_id, trial in present.items():
        known[nct_id].eligibility = trial.eligibility
    for record in connection.execute(
        select(RECORD.c.nct_id, RECORD.c.source, RECORD.c.document).where(RECORD.c.nct_id.in_(stored))
    ):
        told = known[record.nct_id].told[record.source]
        if told.trial is None:
            own = record.document
            told.trial = trial_from_bytes(own) if own is not None else present[record.nct_id]


def _change(nct_id: str, known: Known) -> Change:
    whole = list(known.told.values())
    if len(whole) == 1 and whole[0].trial is not None and whole[0].document is not None:
        merged, document, content_hash = whole[0].trial, whole[0].document, whole[0].content_hash
    else:
        merged = merge(told.trial for told in whole if told.trial is not None)
        document = trial_to_json(merged)
        content_hash = hashlib.sha256(content_bytes(document)).hexdigest()
    rows: list[Row] = [
        {
            "nct_id": nct_id,
            "source": source,
            "content_hash": told.content_hash,
            "size": told.size,
            "last_update": told.last_update or None,
            "record_version": told.record_version[:40] or None,
            "document": _own_document(told) if len(whole) > 1 else None,
        }
        for source, told in known.told.items()
    ]
    if content_hash == known.content_hash:
        return Change(nct_id, known, rows)
    return Change(nct_id, known, rows, merged, document, content_hash, matching.trial_condition_ids(merged))


def _own_document(told: Told) -> bytes | None:
    if told.document is not None:
        return document_bytes(told.document)
    return document_bytes(trial_to_json(told.trial)) if told.trial is not None else None
