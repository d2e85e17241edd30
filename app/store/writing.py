"""Storing trials: what a batch changes is planned first, its criteria are read, then one transaction writes it all.

The plan may be overtaken by another writer. Then two rows of `trial_version` collide, nothing is written, and the
batch is planned again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, Engine, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

import matching
from app.store.convert import document_bytes, trial_from_bytes
from app.store.engine import WRITE
from app.store.planning import Change, Upserted, plan
from app.store.rows import Row, facet_rows, site_rows, trial_row
from app.store.search_text import delete_words, insert_words, trial_words
from app.store.tables import CRITERIA, FACET, RECORD, SITE, STATE, TRIAL, VERSION
from matching import EligibilityFields, Trial

ReadCriteria = Callable[[Sequence[EligibilityFields]], Sequence[bytes]]
"""Eligibility modules -> their parsed criteria as encoded JSON, in the same order."""

ATTEMPTS = 5
DIGEST_SPACE = 2**128


def read_criteria(modules: Sequence[EligibilityFields]) -> list[bytes]:
    """Parses each text and checks it against the registry's own fields; encoded as the contract has it."""
    return [orjson.dumps(matching.parsed_to_json(matching.parse_trial_eligibility(module))) for module in modules]


def upsert(
    engine: Engine, trials: Sequence[Trial], *, at: datetime, replace: bool = False, read: ReadCriteria = read_criteria
) -> Upserted:
    """Stores a batch in one transaction.

    Args:
        engine: of a database at the newest revision.
        trials: each with one provenance; the same trial may come more than once.
        at: the instant to write into the history.
        replace: a record replaces its source's stored one even when that is newer.
        read: reads the criteria of the trials whose eligibility changed.
    """
    for attempt in range(ATTEMPTS):
        with engine.connect() as connection:
            changes, outcome = plan(connection, trials, replace=replace)
        if not changes:
            return outcome
        wanted = [change for change in changes if change.merged is not None and _must_read(change)]
        modules = [change.merged.eligibility for change in wanted if change.merged is not None]
        for change, criteria in zip(wanted, read(modules), strict=True):
            change.criteria = criteria
        try:
            with engine.connect().execution_options(**WRITE) as connection, connection.begin():
                _write(connection, changes, at)
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return outcome
    raise AssertionError("the last attempt returns or raises")


def withdraw(engine: Engine, nct_id: str, *, at: datetime) -> bool:
    """Takes a trial out; its history stays and says so. False: there is none."""
    with engine.connect().execution_options(**WRITE) as connection, connection.begin():
        row = connection.execute(
            select(TRIAL.c.version, TRIAL.c.content_hash, CRITERIA.c.parser_version)
            .select_from(TRIAL.outerjoin(CRITERIA))
            .where(TRIAL.c.nct_id == nct_id)
        ).one_or_none()
        if row is None:
            return False
        connection.execute(
            insert(VERSION).values(
                nct_id=nct_id, version=row.version + 1, stored_at=at, content_hash=None, document=None
            )
        )
        delete_words(connection, [nct_id])
        for table in (SITE, FACET, CRITERIA, RECORD, TRIAL):
            connection.execute(delete(table).where(table.c.nct_id == nct_id))
        _count_in(connection, -_digest(nct_id, row.content_hash, row.parser_version), trials=-1)
    return True


def read_again(engine: Engine, *, batch_size: int = 500, read: ReadCriteria = read_criteria) -> int:
    """Reads again the criteria that another version of the parser read, one transaction a batch; how many there were."""
    done, after = 0, ""
    while True:
        with engine.connect() as connection:
            present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
            rows = connection.execute(
                select(TRIAL.c.nct_id, TRIAL.c.content_hash, CRITERIA.c.parser_version, VERSION.c.document)
                .select_from(TRIAL.join(VERSION, present).join(CRITERIA, CRITERIA.c.nct_id == TRIAL.c.nct_id))
                .where(CRITERIA.c.parser_version != matching.PARSER_VERSION, TRIAL.c.nct_id > after)
                .order_by(TRIAL.c.nct_id)
                .limit(batch_size)
            ).all()
        if not rows:
            return done
        parsed = read([trial_from_bytes(row.document).eligibility for row in rows])
        with engine.connect().execution_options(**WRITE) as connection, connection.begin():
            changed = 0
            for row, criteria in zip(rows, parsed, strict=True):
                written = connection.execute(
                    update(CRITERIA)
                    .where(
                        CRITERIA.c.nct_id == row.nct_id,
                        CRITERIA.c.parser_version == row.parser_version,
                        # A trial that changed meanwhile has its criteria from the text it has now.
                        select(TRIAL.c.nct_id)
                        .where(TRIAL.c.nct_id == row.nct_id, TRIAL.c.content_hash == row.content_hash)
                        .exists(),
                    )
                    .values(parser_version=matching.PARSER_VERSION, parsed=criteria)
                )
                if written.rowcount:
                    done += 1
                    changed += _digest(row.nct_id, row.content_hash, matching.PARSER_VERSION)
                    changed -= _digest(row.nct_id, row.content_hash, row.parser_version)
            _count_in(connection, changed, trials=0)
        after = rows[-1].nct_id


def _must_read(change: Change) -> bool:
    assert change.merged is not None
    return (
        change.known.parser_version != matching.PARSER_VERSION or change.merged.eligibility != change.known.eligibility
    )


def _write(connection: Connection, changes: Sequence[Change], at: datetime) -> None:
    whole = [(change, change.merged) for change in changes if change.merged is not None]
    _insert(
        connection,
        VERSION,
        (
            {
                "nct_id": change.nct_id,
                "version": change.known.newest_version + 1,
                "content_hash": change.content_hash,
                "stored_at": at,
                "document": document_bytes(change.document),
            }
            for change, _ in whole
        ),
    )
    rows = [
        trial_row(
            merged,
            change.document,
            change.condition_ids,
            version=change.known.newest_version + 1,
            content_hash=change.content_hash,
            stored_at=at,
        )
        for change, merged in whole
    ]
    there = {change.nct_id for change in changes if change.known.version}
    _insert(connection, TRIAL, (row for row in rows if row["nct_id"] not in there))
    _update_trials(connection, [row for row in rows if row["nct_id"] in there])
    replaced = [change.nct_id for change, _ in whole if change.nct_id in there]
    for table in (FACET, SITE):
        connection.execute(delete(table).where(table.c.nct_id.in_(replaced)))
    delete_words(connection, replaced)
    insert_words(connection, [(change.nct_id, trial_words(merged)) for change, merged in whole])
    _insert(connection, FACET, (row for change, merged in whole for row in facet_rows(merged, change.condition_ids)))
    _insert(connection, SITE, (row for _, merged in whole for row in site_rows(merged)))
    connection.execute(delete(RECORD).where(RECORD.c.nct_id.in_(sorted(there))))
    _insert(connection, RECORD, (row for change in changes for row in change.records))
    reread = [change for change, _ in whole if change.criteria is not None]
    connection.execute(delete(CRITERIA).where(CRITERIA.c.nct_id.in_([change.nct_id for change in reread])))
    version = matching.PARSER_VERSION
    _insert(
        connection,
        CRITERIA,
        ({"nct_id": change.nct_id, "parser_version": version, "parsed": change.criteria} for change in reread),
    )
    moved = sum(
        _digest(change.nct_id, change.content_hash, version)
        - (
            _digest(change.nct_id, change.known.content_hash, change.known.parser_version)
            if change.known.version
            else 0
        )
        for change, _ in whole
    )
    _count_in(connection, moved, trials=sum(1 for change, _ in whole if not change.known.version))


def _insert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(insert(table), listed)


def _update_trials(connection: Connection, rows: list[Row]) -> None:
    if not rows:
        return
    columns = [name for name in rows[0] if name != "nct_id"]
    statement = (
        update(TRIAL)
        .where(TRIAL.c.nct_id == bindparam("of_nct_id"))
        .values({name: bindparam(f"to_{name}") for name in columns})
    )
    connection.execute(
        statement, [{"of_nct_id": row["nct_id"], **{f"to_{name}": row[name] for name in columns}} for row in rows]
    )


def _digest(nct_id: str, content_hash: str | None, parser_version: str | None) -> int:
    told = f"{nct_id} {content_hash} {parser_version}".encode()
    return int.from_bytes(hashlib.blake2b(told, digest_size=16).digest(), "big")


def _count_in(connection: Connection, moved: int, *, trials: int) -> None:
    """Adds to the data's digest; the row is locked until the transaction ends, so it comes last."""
    row = connection.execute(select(STATE).where(STATE.c.id == 1).with_for_update()).one()
    digest = (int(row.digest, 16) + moved) % DIGEST_SPACE
    connection.execute(
        update(STATE).where(STATE.c.id == 1).values(digest=f"{digest:032x}", trials=STATE.c.trials + trials)
    )
