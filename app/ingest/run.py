"""Loading: records are read, mapped, stored as one trial each, and their criteria parsed, a transaction a batch.

Loading the same files again changes nothing, so a load that was cut off is simply run again; studies of the registry's own
form that are stored from the same bytes are not even read (raw.py).
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
from app.ingest.raw import Same, mark
from app.ingest.source import RecordError
from app.ingest.study import FULL, read_study
from app.store.planning import Upserted
from app.store.prepare import Prepared
from app.store.trials import TrialStore

BATCH_SIZE = 300
BATCH_SIZE_UNPARSED = 1000
"""Records a transaction; without criteria to parse the larger one takes as long."""

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
    batch_size: int | None = None,
    workers: int | None = None,
    parse: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Loads files and folders.

    Args:
        paths: files in any known form, packed or not, and folders of them.
        store: at the newest revision.
        progress: told after each batch.
        batch_size: records a transaction; None: BATCH_SIZE, or more where criteria are left for later.
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
    batch_size: int | None = None,
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
        ahead = _Ahead(
            _batches(records, batch_size or (BATCH_SIZE if parse else BATCH_SIZE_UNPARSED)), store, pool, reader, now
        )
        coming: deque[_Batch] = deque()
        changed: deque[set[str]] = deque(maxlen=BATCHES_AHEAD + 2)
        while True:
            if not coming and not ahead.take_into(coming):
                break
            if parse and len(coming) == 1 and ahead.is_begun():
                # The texts of the next batch are parsed while this one is written.
                ahead.take_into(coming)
            at, items = coming.popleft()
            if parse:
                for each in (items, coming[0][1] if coming else []):
                    pool.parse_ahead(store, [record for record, _ in _read(each)])
            changed.append({record.nct_id for record, _ in _read(items)})
            items = _sure(items, set().union(*changed), pool, at)
            good = _read(items)
            faults = [item for item in items if isinstance(item, RecordError)]
            done = Upserted()
            if good:
                done = store.upsert_prepared(
                    [record for record, _ in good], at=at, replace=replace_newer, read=pool.read if parse else None
                )
                pool.forget([record for record, _ in good])
            oddities.update(_kind(text) for _, odd in good for text in odd)
            report = LoadReport(
                read=report.read + len(items),
                new=report.new + len(done.new),
                changed=report.changed + len(done.changed),
                unchanged=report.unchanged + len(done.unchanged) + len(items) - len(good) - len(faults),
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


_Batch = tuple[datetime, list[Item]]


class _Ahead:
    """Batches that are read by a thread, and made ready by the pool while others are written.

    The database is asked by the thread that writes alone: one in memory has a single connection.
    """

    def __init__(
        self,
        batches: Iterator[list[Found]],
        store: TrialStore,
        pool: IngestPool,
        reader: ThreadPoolExecutor,
        now: Callable[[], datetime],
    ) -> None:
        self._batches, self._store, self._pool, self._reader, self._now = batches, store, pool, reader, now
        self._reading: deque[Future[list[Found] | None]] = deque()
        self._begun: deque[tuple[datetime, Ready]] = deque()
        self._ended = False

    def take_into(self, coming: deque[_Batch]) -> bool:
        """Waits for the next batch; False: there is none."""
        self._begin(wait=not self._begun)
        if not self._begun:
            return False
        at, ready = self._begun.popleft()
        coming.append((at, ready()))
        return True

    def is_begun(self) -> bool:
        """Whether the next batch is read, so that it need not be waited for long."""
        self._begin(wait=False)
        return bool(self._begun)

    def _begin(self, *, wait: bool) -> None:
        while not self._ended and len(self._begun) < BATCHES_AHEAD:
            while len(self._reading) < BATCHES_AHEAD:
                self._reading.append(self._reader.submit(next, self._batches, None))
            first = self._reading[0]
            # A fault of the source is raised when all before it is stored.
            if not wait and (not first.done() or first.exception() is not None):
                return
            batch = self._reading.popleft().result()
            wait = False
            if batch is None:
                self._ended = True
            else:
                at = self._now()
                self._begun.append((at, self._pool.prepare(mark(batch, self._store), at)))


def _read(items: Iterable[Item]) -> list[tuple[Prepared, tuple[str, ...]]]:
    return [item for item in items if isinstance(item, tuple)]


def _sure(items: list[Item], changed: set[str], pool: IngestPool, at: datetime) -> list[Item]:
    """Reads what was the same as stored when that was asked, where a record that came before it may have changed that."""
    if not any(isinstance(item, Same) and item.nct_id in changed for item in items):
        return items
    return [
        pool.prepare_here([item.marked], at)[0] if isinstance(item, Same) and item.nct_id in changed else item
        for item in items
    ]


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
