"""Storing trials: what a batch changes is planned first, its criteria are read, then one transaction writes it all.

The plan may be overtaken by another writer. Then two rows of `trial_version` collide, nothing is written, and the
batch is planned again; likewise when the database finds that two transactions do not go together.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update

import matching
from app.store.bulk import insert_rows, instant
from app.store.convert import trial_from_bytes
from app.store.engine import WRITE
from app.store.planning import RECORD_COLUMNS, Change, Noted, Upserted, plan
from app.store.prepare import Prepared, prepare, text_hash
from app.store.retry import driver_errors, is_collision, is_overtaken, pause, run_again
from app.store.rows import FACET_COLUMNS, SITE_COLUMNS, TRIAL_COLUMNS
from app.store.search_text import delete_words, text_columns
from app.store.tables import CRITERIA, FACET, NOT_READ, RECORD, SITE, STATE, TRIAL, VERSION
from matching import EligibilityFields, Trial

ReadCriteria = Callable[[Sequence[EligibilityFields]], Sequence[bytes]]
"""Eligibility modules -> their parsed criteria as encoded JSON, in the same order."""

ATTEMPTS = 8
DIGEST_SPACE = 2**128

VERSION_COLUMNS = ("nct_id", "version", "content_hash", "stored_at", "document")
CRITERIA_COLUMNS = ("nct_id", "parser_version", "text_hash", "parsed")


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
    dialect = engine.dialect.name
    return upsert_prepared(engine, [prepare(trial, dialect) for trial in trials], at=at, replace=replace, read=read)


def upsert_prepared(
    engine: Engine, records: Sequence[Prepared], *, at: datetime, replace: bool = False, read: ReadCriteria | None
) -> Upserted:
    """`upsert` of records that are ready; `read` None: their criteria are read later (`read_again`)."""
    for attempt in range(ATTEMPTS):
        try:
            with engine.connect() as connection:
                changes, noted, outcome = plan(connection, records, replace=replace)
                stored = _stored_criteria(connection, changes) if read is not None else {}
            if not changes and not noted:
                return outcome
            _give_criteria(changes, stored, read)
            with engine.connect().execution_options(**WRITE) as connection, connection.begin():
                _note(connection, noted)
                if changes:
                    _write(connection, changes, at)
        except driver_errors() as error:
            if attempt == ATTEMPTS - 1 or not (is_collision(error) or is_overtaken(error)):
                raise
            pause(attempt, time.sleep)
            continue
        return outcome
    raise AssertionError("the last attempt returns or raises")


def withdraw(engine: Engine, nct_id: str, *, at: datetime) -> bool:
    """Takes a trial out; its history stays and says so. False: there is none."""
    return run_again(lambda: _withdraw(engine, nct_id, at))


def _withdraw(engine: Engine, nct_id: str, at: datetime) -> bool:
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


def read_again(
    engine: Engine,
    *,
    batch_size: int = 500,
    read: ReadCriteria = read_criteria,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Reads the criteria that wait for it or that another version of the parser read; how many there were.

    One transaction a batch, so that a run which is cut off goes on where it was. `progress` is told the number so far.
    """
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
            modules = [trial_from_bytes(row.document).eligibility for row in rows]
            hashes = [text_hash(module) for module in modules]
            known = _parsed_of(connection, hashes)
        if not rows:
            return done
        wanted = {each: module for each, module in zip(hashes, modules, strict=True) if each not in known}
        known.update(zip(wanted, read(list(wanted.values())), strict=True))
        moves = [
            (row.nct_id, row.content_hash, row.parser_version, each, known[each])
            for row, each in zip(rows, hashes, strict=True)
        ]
        done += run_again(lambda moves=moves: _replace_criteria(engine, moves))  # type: ignore[misc]  # bound at once
        after = rows[-1].nct_id
        if progress is not None:
            progress(done)


def unread(engine: Engine) -> int:
    """How many trials' criteria `read_again` would read."""
    with engine.connect() as connection:
        counted = select(func.count()).select_from(CRITERIA).where(CRITERIA.c.parser_version != matching.PARSER_VERSION)
        return connection.scalar(counted) or 0


def _replace_criteria(engine: Engine, moves: Sequence[tuple[str, str, str, str, bytes]]) -> int:
    done = changed = 0
    with engine.connect().execution_options(**WRITE) as connection, connection.begin():
        for nct_id, content_hash, parser_version, hashed, criteria in moves:
            written = connection.execute(
                update(CRITERIA)
                .where(
                    CRITERIA.c.nct_id == nct_id,
                    CRITERIA.c.parser_version == parser_version,
                    # A trial that changed meanwhile has its criteria from the text it has now.
                    select(TRIAL.c.nct_id)
                    .where(TRIAL.c.nct_id == nct_id, TRIAL.c.content_hash == content_hash)
                    .exists(),
                )
                .values(parser_version=matching.PARSER_VERSION, text_hash=hashed, parsed=criteria)
            )
            if written.rowcount:
                done += 1
                changed += _digest(nct_id, content_hash, matching.PARSER_VERSION)
                changed -= _digest(nct_id, content_hash, parser_version)
        _count_in(connection, changed, trials=0)
    return done


def _parsed_of(connection: Connection, hashes: Sequence[str]) -> dict[str, bytes]:
    """The criteria that this version of the parser has read from these texts already."""
    if not hashes:
        return {}
    rows = connection.execute(
        select(CRITERIA.c.text_hash, CRITERIA.c.parsed).where(
            CRITERIA.c.text_hash.in_(set(hashes)), CRITERIA.c.parser_version == matching.PARSER_VERSION
        )
    )
    return {row.text_hash: row.parsed for row in rows}


def _stored_criteria(connection: Connection, changes: Sequence[Change]) -> dict[str, bytes]:
    return _parsed_of(connection, [change.whole.text_hash for change in changes if change.whole and _must_read(change)])


def _must_read(change: Change) -> bool:
    assert change.whole is not None
    known = change.known
    return known.parser_version != matching.PARSER_VERSION or known.text_hash != change.whole.text_hash


def _give_criteria(changes: Sequence[Change], stored: dict[str, bytes], read: ReadCriteria | None) -> None:
    """Puts the criteria where the eligibility changed; each distinct text is read once."""
    wanted = [(change, change.whole) for change in changes if change.whole is not None and _must_read(change)]
    if read is None:
        for change, whole in wanted:
            # What another version has read of the same text is worth more than nothing.
            if change.known.text_hash != whole.text_hash:
                change.criteria, change.parser_version = _not_read(whole), NOT_READ
        return
    known = dict(stored)
    modules = {whole.text_hash: whole for _, whole in wanted if whole.text_hash not in known}
    known.update(zip(modules, read([whole.module() for whole in modules.values()]), strict=True))
    for change, whole in wanted:
        change.criteria, change.parser_version = known[whole.text_hash], matching.PARSER_VERSION


def _not_read(whole: Prepared) -> bytes:
    return orjson.dumps(matching.parsed_to_json(matching.not_read_yet(whole.module())))


def _note(connection: Connection, noted: Sequence[Noted]) -> None:
    """Keeps from which bytes records were read; nothing of the data is another for that."""
    if not noted:
        return
    statement = (
        update(RECORD)
        .where(
            RECORD.c.nct_id == bindparam("of_nct_id"),
            RECORD.c.source == bindparam("of_source"),
            RECORD.c.content_hash == bindparam("of_content"),
        )
        .values(raw_hash=bindparam("to_raw"))
    )
    connection.execute(
        statement,
        [
            {
                "of_nct_id": each.nct_id,
                "of_source": each.source,
                "of_content": each.content_hash,
                "to_raw": each.raw_hash,
            }
            for each in sorted(noted, key=lambda each: each.nct_id)
        ],
    )


def _write(connection: Connection, changes: Sequence[Change], at: datetime) -> None:
    # In one order for all writers, so that two of them wait for each other rather than both.
    changes = sorted(changes, key=lambda change: change.nct_id)
    whole = [(change, change.whole) for change in changes if change.whole is not None]
    stored_at = instant(connection, at)
    insert_rows(
        connection,
        "trial_version",
        VERSION_COLUMNS,
        [
            (change.nct_id, change.known.newest_version + 1, each.content_hash, stored_at, each.document)
            for change, each in whole
        ],
    )
    rows = {
        change.nct_id: (change.nct_id, change.known.newest_version + 1, each.content_hash, stored_at, *each.trial)
        for change, each in whole
    }
    there = {change.nct_id for change in changes if change.known.version}
    insert_rows(connection, "trial", TRIAL_COLUMNS, [row for nct_id, row in rows.items() if nct_id not in there])
    replaced = [nct_id for nct_id in rows if nct_id in there]
    _update_trials(connection, [rows[nct_id] for nct_id in replaced], at)
    if replaced:
        for table in (FACET, SITE):
            connection.execute(delete(table).where(table.c.nct_id.in_(replaced)))
        delete_words(connection, replaced)
    dialect = connection.dialect.name
    insert_rows(connection, "trial_text", text_columns(dialect), [each.text for _, each in whole])
    # In the order of their key, so that rows that stand together are written together.
    facets = sorted(row for _, each in whole for row in each.facets)
    insert_rows(connection, "trial_facet", FACET_COLUMNS, facets)
    insert_rows(connection, "trial_site", SITE_COLUMNS, [row for _, each in whole for row in each.sites])
    if there:
        connection.execute(delete(RECORD).where(RECORD.c.nct_id.in_(sorted(there))))
    insert_rows(connection, "trial_record", RECORD_COLUMNS, [row for change in changes for row in change.records])
    _write_criteria(connection, [(change, each) for change, each in whole if change.criteria is not None])
    moved = sum(
        _digest(change.nct_id, each.content_hash, change.parser_version or change.known.parser_version)
        - (
            _digest(change.nct_id, change.known.content_hash, change.known.parser_version)
            if change.known.version
            else 0
        )
        for change, each in whole
    )
    _count_in(connection, moved, trials=sum(1 for change, _ in whole if not change.known.version))


def _write_criteria(connection: Connection, changes: Sequence[tuple[Change, Prepared]]) -> None:
    replaced = [change.nct_id for change, _ in changes if change.known.parser_version is not None]
    if replaced:
        connection.execute(delete(CRITERIA).where(CRITERIA.c.nct_id.in_(replaced)))
    insert_rows(
        connection,
        "trial_criteria",
        CRITERIA_COLUMNS,
        [(change.nct_id, change.parser_version, each.text_hash, change.criteria) for change, each in changes],
    )


def _update_trials(connection: Connection, rows: Sequence[tuple[object, ...]], at: datetime) -> None:
    if not rows:
        return
    statement = (
        update(TRIAL)
        .where(TRIAL.c.nct_id == bindparam("of_nct_id"))
        .values({name: bindparam(f"to_{name}") for name in TRIAL_COLUMNS[1:]})
    )
    names = ("of_nct_id", *(f"to_{name}" for name in TRIAL_COLUMNS[1:]))
    connection.execute(statement, [{**dict(zip(names, row, strict=True)), "to_stored_at": at} for row in rows])


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
