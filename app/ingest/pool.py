"""Processes that do a load's work beside the writer: records are mapped and made ready, criteria are parsed.

Small loads are done in this process: starting others takes longer.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from multiprocessing.context import BaseContext
from threading import Thread
from types import TracebackType
from typing import Self

from app.ingest.files import Found
from app.ingest.raw import Marked, Same
from app.ingest.source import Record, RecordError
from app.store.prepare import Prepared, prepare, text_hash
from app.store.trials import TrialStore
from app.store.writing import read_criteria
from matching import EligibilityFields, Trial

WORTH_A_POOL = 64
"""Fewer records than this are done here."""

PRELOADED = "app.ingest.preloaded"

RECORDS_AT_ONCE = 50
TEXTS_AT_ONCE = 8

Item = tuple[Prepared, tuple[str, ...]] | RecordError | Same
"""A record made ready, with what was odd about it; why it could not be read; or that it need not be."""

Ready = Callable[[], list[Item]]
"""Waits for a batch that is being made ready."""


class IngestPool:
    """Workers that start with the first batch that is worth it. Use it in a `with` statement."""

    def __init__(self, workers: int | None, dialect: str) -> None:
        self._workers = workers if workers is not None else os.cpu_count() or 1
        self._dialect = dialect
        self._pool: ProcessPoolExecutor | None = None
        self._parsing: dict[str, tuple[Future[list[bytes]], int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def prepare(self, batch: Sequence[Found | Marked | Same], at: datetime) -> Ready:
        """Begins to read a batch and make it ready for the tables; what it gives back waits for the end."""
        wanted = [found for found in batch if not isinstance(found, Same)]
        pool = self._worth(len(wanted))
        if pool is None:
            return lambda: self.prepare_here(batch, at)
        parts = [
            pool.submit(prepare_all, wanted[start : start + RECORDS_AT_ONCE], at, self._dialect)
            for start in range(0, len(wanted), RECORDS_AT_ONCE)
        ]

        def ready() -> list[Item]:
            made = iter([item for part in parts for item in part.result()])
            return [found if isinstance(found, Same) else next(made) for found in batch]

        return ready

    def prepare_here(self, batch: Sequence[Found | Marked | Same], at: datetime) -> list[Item]:
        """Reads a batch and makes it ready in this process."""
        return prepare_all(batch, at, self._dialect)

    def parse_ahead(self, store: TrialStore, records: Sequence[Prepared]) -> None:
        """Begins to parse the texts of a batch that the store has not parsed yet; `read` then waits for them."""
        pool = self._worth(len(records))
        texts = {record.text_hash: record for record in records if record.text_hash not in self._parsing}
        if pool is None or not texts:
            return
        for known in store.parsed_hashes(list(texts)):
            texts.pop(known, None)
        wanted = list(texts.items())
        for start in range(0, len(wanted), TEXTS_AT_ONCE):
            part = wanted[start : start + TEXTS_AT_ONCE]
            doing = pool.submit(read_criteria, [record.module() for _, record in part])
            self._parsing.update({hashed: (doing, place) for place, (hashed, _) in enumerate(part)})

    def forget(self, records: Sequence[Prepared]) -> None:
        """Lets go of what was parsed for a batch that is stored now."""
        for record in records:
            self._parsing.pop(record.text_hash, None)

    def read(self, modules: Sequence[EligibilityFields]) -> Sequence[bytes]:
        """The parsed criteria of each module, in order."""
        hashes = [text_hash(module) for module in modules]
        rest = [module for hashed, module in zip(hashes, modules, strict=True) if hashed not in self._parsing]
        others = iter(self._read(rest))
        found = []
        for hashed in hashes:
            if hashed in self._parsing:
                doing, place = self._parsing[hashed]
                found.append(doing.result()[place])
            else:
                found.append(next(others))
        return found

    def _read(self, modules: Sequence[EligibilityFields]) -> list[bytes]:
        pool = self._worth(len(modules))
        if pool is None:
            return read_criteria(modules)
        parts = [modules[start : start + TEXTS_AT_ONCE] for start in range(0, len(modules), TEXTS_AT_ONCE)]
        return [parsed for part in pool.map(read_criteria, parts) for parsed in part]

    def _worth(self, count: int) -> ProcessPoolExecutor | None:
        if self._workers <= 1 or (self._pool is None and count < WORTH_A_POOL):
            return None
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, mp_context=_context(), initializer=_begin)
        return self._pool


def prepare_all(batch: Sequence[Found | Marked | Same], at: datetime, dialect: str) -> list[Item]:
    """Reads records, each with the instant of its fetch, and makes them ready."""
    return [found if isinstance(found, Same) else _prepare(found, at, dialect) for found in batch]


def _prepare(found: Found | Marked, at: datetime, dialect: str) -> Item:
    unread = found.found if isinstance(found, Marked) else found
    record = unread if isinstance(unread, Record | RecordError) else unread.read()
    if isinstance(record, RecordError):
        return record
    prepared = prepare(fetched(record.trial, at), dialect)
    if isinstance(found, Marked) and not record.odd:
        # What is odd about a record is told whenever it comes, and for that it must be read.
        prepared.raw_hash = found.raw_hash
    return prepared, record.odd


def fetched(trial: Trial, at: datetime) -> Trial:
    """The trial with the instant it was fetched at, unless its source told one."""
    first, *rest = trial.provenance
    if first.fetched_at is not None:
        return trial
    return replace(trial, provenance=(replace(first, fetched_at=at), *rest))


def _context() -> BaseContext:
    """Not forked from this process: that would share the database's connections. One of its own loads the tables."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", PRELOADED])
    return context


def _begin() -> None:
    # The tables live as long as the worker: the collector need not look at them again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """Ends the worker with the process that it works for, however that ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
