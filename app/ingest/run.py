"""Loading: records are read, mapped, stored as one trial each, and their criteria parsed, a transaction a batch.

Loading the same files again changes nothing, so a load that was cut off is simply run again.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter

from app.ingest.files import Found, find_in_paths
from app.ingest.pool import IngestPool, Item, Ready, fetched
from app.ingest.source import RecordError
from app.ingest.study import FULL, read_study
from app.store.trials import TrialStore

BATCH_SIZE = 300

BATCHES_AHEAD = 3
"""Batches that are read and made ready while one is written: they are what a load holds in memory."""

FAILURES_KEPT = 1000

INDEX = re.compile(r"\[[0-9]+\]")
VALUE = re.compile(r": [^:]* (?=is (?:not |neither |spelled ))")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. Counts are of records, `odd` too; `oddities` counts each kind of oddity.

    `older`: the store holds a newer record of the same source. `failures` has the first FAILURES_KEPT faults.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    failed: int = 0
    failures: tuple[RecordError, ...] = ()
    odd: int = 0
    oddities: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0


Progress = Callable[[LoadReport], None]
"""Told after each batch how far the load is."""


def load(
    paths: Iterable[Path],
    store: TrialStore,
    *,
    progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    parse: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Loads files and folders.

    Args:
        paths: files in any known form, packed or not, and folders of them.
        store: at the newest revision.
        progress: told after each batch.
        batch_size: records a transaction.
        workers: processes that map records and parse criteria; None: one for each processor; 1: this one.
        parse: read the criteria now; else they stand as unread, unknown, until `TrialStore.read_again`.
        now: the clock, for the history and for when each record was fetched.
    """
    return load_records(
        find_in_paths(paths),
        store,
        progress=progress,
        batch_size=batch_size,
        workers=workers,
        parse=parse,
        now=now,
    )


def load_records(
    records: Iterable[Found],
    store: TrialStore,
    *,
    progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    replace_newer: bool = False,
    parse: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Loads records from anywhere. `replace_newer`: what comes is what the source says now (the registry itself)."""
    started = perf_counter()
    report = LoadReport()
    oddities: Counter[str] = Counter()
    with ExitStack() as stack:
        pool = stack.enter_context(IngestPool(workers, store.engine.dialect.name))
        reader = stack.enter_context(ThreadPoolExecutor(1))
        batches = _batches(records, batch_size)

        def next_batch() -> tuple[datetime, Ready] | None:
            batch = next(batches, None)
            at = now()
            return (at, pool.prepare(batch, at)) if batch is not None else None

        ahead: deque[Future[tuple[datetime, Ready] | None]] = deque()
        coming: deque[tuple[datetime, list[Item]] | None] = deque()

        def take() -> None:
            following = ahead.popleft().result()
            coming.append((following[0], following[1]()) if following is not None else None)

        while True:
            while len(ahead) < BATCHES_AHEAD:
                ahead.append(reader.submit(next_batch))
            if not coming:
                take()
            if parse and len(coming) == 1 and coming[0] and ahead[0].done() and ahead[0].exception() is None:
                # The texts of the next batch are parsed while this one is written.
                take()
            following = coming.popleft()
            if following is None:
                break
            at, items = following
            faults = [item for item in items if isinstance(item, RecordError)]
            good = [item for item in items if not isinstance(item, RecordError)]
            if parse:
                for each in (items, coming[0][1] if coming and coming[0] else []):
                    pool.parse_ahead(store, [item[0] for item in each if not isinstance(item, RecordError)])
            done = store.upsert_prepared(
                [record for record, _ in good], at=at, replace=replace_newer, read=pool.read if parse else None
            )
            pool.forget([record for record, _ in good])
            oddities.update(_kind(text) for _, odd in good for text in odd)
            report = LoadReport(
                read=report.read + len(items),
                new=report.new + len(done.new),
                changed=report.changed + len(done.changed),
                unchanged=report.unchanged + len(done.unchanged),
                older=report.older + len(done.older),
                failed=report.failed + len(faults),
                failures=(*report.failures, *faults)[:FAILURES_KEPT],
                odd=report.odd + sum(1 for _, odd in good if odd),
                oddities=tuple(oddities.most_common()),
                seconds=perf_counter() - started,
            )
            if progress is not None:
                progress(report)
    return replace(report, seconds=perf_counter() - started)


def store_record(
    study: Mapping[str, object], store: TrialStore, *, expected_id: str | None = None, at: datetime | None = None
) -> str:
    """Stores one API v2 study in place of what its source told before: `new`, `changed` or `unchanged`.

    Raises:
        RecordError: it cannot be read, or it is not the trial expected.
    """
    trial = read_study(study, source=FULL).trial
    if expected_id is not None and trial.nct_id != expected_id:
        raise RecordError(trial.nct_id, "its nctId is not the one of the address")
    at = at or datetime.now(UTC)
    done = store.upsert([fetched(trial, at)], at=at, replace=True)
    return "new" if done.new else "changed" if done.changed else "unchanged"


def _batches(records: Iterable[Found], size: int) -> Iterator[list[Found]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch


def _kind(oddity: str) -> str:
    """The oddity without the place in a list and without the value, so that equal ones are counted together."""
    return VALUE.sub(": a value ", INDEX.sub("[]", oddity))
