"""Loading: records are read, mapped, stored as one trial each, and their criteria parsed, a transaction a batch.

Loading the same files again changes nothing, so a load that was cut off is simply run again.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from time import perf_counter

from app.ingest.files import read_paths
from app.ingest.source import Record, RecordError
from app.ingest.study import FULL, read_study
from app.store.trials import TrialStore
from app.store.writing import ReadCriteria, read_criteria
from matching import EligibilityFields, Trial

BATCH_SIZE = 300

WORTH_A_POOL = 64
"""Fewer texts than this are parsed here: starting processes takes longer."""

TEXTS_AT_ONCE = 16

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
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Loads files and folders.

    Args:
        paths: files in any known form, packed or not, and folders of them.
        store: at the newest revision.
        progress: told after each batch.
        batch_size: records a transaction.
        workers: processes that parse criteria; None: one for each processor; 1: this one.
        now: the clock, for the history and for when each record was fetched.
    """
    return load_records(read_paths(paths), store, progress=progress, batch_size=batch_size, workers=workers, now=now)


def load_records(
    records: Iterable[Record | RecordError],
    store: TrialStore,
    *,
    progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    replace_newer: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Loads records from anywhere. `replace_newer`: what comes is what the source says now (the registry itself)."""
    started = perf_counter()
    report = LoadReport()
    oddities: Counter[str] = Counter()
    with ExitStack() as stack:
        read = stack.enter_context(criteria_pool(workers))
        ahead = stack.enter_context(ThreadPoolExecutor(1))
        batches = _batches(records, batch_size)
        # The next batch is read and mapped while this one is parsed and written.
        coming = ahead.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, batches, None)
            at = now()
            faults = [item for item in batch if isinstance(item, RecordError)]
            good = [item for item in batch if isinstance(item, Record)]
            done = store.upsert([_fetched(item.trial, at) for item in good], at=at, replace=replace_newer, read=read)
            oddities.update(_kind(text) for item in good for text in item.odd)
            report = LoadReport(
                read=report.read + len(batch),
                new=report.new + len(done.new),
                changed=report.changed + len(done.changed),
                unchanged=report.unchanged + len(done.unchanged),
                older=report.older + len(done.older),
                failed=report.failed + len(faults),
                failures=(*report.failures, *faults)[:FAILURES_KEPT],
                odd=report.odd + sum(1 for item in good if item.odd),
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
    done = store.upsert([_fetched(trial, at)], at=at, replace=True)
    return "new" if done.new else "changed" if done.changed else "unchanged"


@contextmanager
def criteria_pool(workers: int | None) -> Iterator[ReadCriteria]:
    """A reader of criteria that shares large batches among processes, which start with the first such batch."""
    count = workers if workers is not None else os.cpu_count() or 1
    pool: ProcessPoolExecutor | None = None

    def read(modules: Sequence[EligibilityFields]) -> Sequence[bytes]:
        nonlocal pool
        if count <= 1 or len(modules) < WORTH_A_POOL:
            return read_criteria(modules)
        if pool is None:
            # Spawned, not forked: a fork would share the database's connections.
            pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
        parts = [modules[start : start + TEXTS_AT_ONCE] for start in range(0, len(modules), TEXTS_AT_ONCE)]
        return list(chain.from_iterable(pool.map(read_criteria, parts)))

    try:
        yield read
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _batches(records: Iterable[Record | RecordError], size: int) -> Iterator[list[Record | RecordError]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch


def _fetched(trial: Trial, at: datetime) -> Trial:
    """The trial with the instant it was fetched at, unless its source told one."""
    first, *rest = trial.provenance
    if first.fetched_at is not None:
        return trial
    return replace(trial, provenance=(replace(first, fetched_at=at), *rest))


def _kind(oddity: str) -> str:
    """The oddity without the place in a list and without the value, so that equal ones are counted together."""
    return VALUE.sub(": a value ", INDEX.sub("[]", oddity))
