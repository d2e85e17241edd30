"""Many patients: lines {id, patient, on, filters, scope, limit, include} in, their answers out, on every processor.

`match_partition` is all that an engine such as Dask, Ray or Spark needs: a function of a part of the lines, which opens
what it needs once in each process. `Population` does the same with processes of this machine. Both give the lines that
`POST /v1/matches/batch` gives. A line is held in memory alone, from its pipe to its answer.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import matching
from app.api import lines as batch_lines
from app.api.deps import today
from app.api.ranking import rank_row
from app.ndjson import alone, answer_bytes, failed_bytes, id_of, shared
from app.processes import Begin, Pool, Work
from app.store.places import gazetteer
from app.store.reading_only import read_only_store
from app.store.snapshot import code_version, load, newest, refresh
from app.store.trials import TrialStore
from matching import Registry

SNAPSHOTS = 2
"""Versions that a process keeps open: calls that began before a change go on with theirs beside those that came after."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the trials are: the database, and the replica that is read where there is one."""

    database_url: str
    read_database_url: str | None = None


class Matcher:
    """What one process has opened. Belongs to one thread."""

    def __init__(self, source: Source) -> None:
        matching.warm()
        gazetteer()
        self.store: TrialStore = read_only_store(source.database_url, source.read_database_url)
        self._registries: dict[Path, Registry] = {}

    def line(self, line: bytes, number: int, snapshot: Path | None, on: date | None = None) -> bytes:
        """The answer to one line, on the arrays of the snapshot; None: trial by trial."""
        self.store.registry = self._registry(snapshot)
        return batch_lines.encoded(batch_lines.answer_line(line, number, self.store, on or today()))

    def _registry(self, snapshot: Path | None) -> Registry | None:
        if snapshot is None:
            return None
        found = self._registries.pop(snapshot, None)
        if found is None:
            found = _loaded(snapshot)
            if found is None:
                return None
        self._registries[snapshot] = found
        if len(self._registries) > SNAPSHOTS:
            self._registries.pop(next(iter(self._registries)))
        return found


def _loaded(snapshot: Path) -> Registry | None:
    """The snapshot's arrays; where it is gone, because the data changed since, the newest ones."""
    for found in (snapshot, newest(snapshot.parent)):
        try:
            if found is not None:
                return load(found)
        except (OSError, KeyError):
            continue
    return None


@cache
def matcher_of(source: Source) -> Matcher:
    """Opened once in each process."""
    return Matcher(source)


def match_partition(
    lines: Iterable[bytes], *, database_url: str, snapshot: str | Path | None, on: date | None = None
) -> list[bytes]:
    """The answers to a part of the lines, in order; blank lines have none. Equal lines have equal answers anywhere.

    Args:
        lines: each a JSON object, with or without its end.
        database_url: as every process that is given a part can open it.
        snapshot: the arrays that `trialmatch db screen` made of that database, on a disk that every process sees; None:
            every trial is read for every patient.
        on: the day for lines that name none; None: today.

    A line that cannot be answered is answered with a problem, whose `line` counts from 1 in this part.
    """
    matcher = matcher_of(Source(database_url))
    folder = Path(snapshot) if snapshot is not None else None
    return [matcher.line(line, number, folder, on) for number, line in enumerate(lines, 1) if line.strip()]


def snapshot_of(store: TrialStore, folder: Path) -> Path:
    """The arrays of what is stored now; they are made where they are not there yet."""
    return refresh(store, folder)


def snapshot_held(registry: Registry | None, folder: Path) -> Path | None:
    """Where the files of arrays are that are in memory; None: there are none."""
    return folder / f"{registry.data_version}-{_code_version()}" if registry is not None else None


_code_version = cache(code_version)


def begin_matching(source: Source) -> Work:
    """What a process does with each line of `match`: (line, number, snapshot, on) in, the answer out."""
    return matcher_of(source).line


def begin_ranking(source: Source) -> Work:
    """What a process does with each line of `rank`: (line, number) in, the answer out."""
    return partial(answer_bytes, answer=_ranked(source))


def _ranked(source: Source) -> Callable[[dict[str, Any]], dict[str, Any]]:
    matcher = matcher_of(source)
    return lambda row: rank_row(matcher.store, row, today())


def matched(
    lines: Iterable[bytes], source: Source, snapshot: Path | None, *, jobs: int, on: date | None = None
) -> Iterator[bytes]:
    """The answers of `jobs` processes to all lines, in order, each as soon as it and those before it are known."""

    def failed(line: bytes, number: int) -> bytes:
        return batch_lines.encoded(batch_lines.failed_line(id_of(line), number))

    def send(pool: Pool, line: bytes, number: int) -> Future[bytes]:
        return pool.submit(line, number, snapshot, on)

    if jobs == 1:
        yield from alone(lines, lambda line, number: matcher_of(source).line(line, number, snapshot, on))
    else:
        yield from shared(lines, _pool(jobs, begin_matching, source), send, failed)


def ranked(lines: Iterable[bytes], source: Source, *, jobs: int) -> Iterator[bytes]:
    """The ranked ids of `trialmatch rank`, in the same way."""
    if jobs == 1:
        yield from alone(lines, begin_ranking(source))
    else:
        yield from shared(lines, _pool(jobs, begin_ranking, source), Pool.submit, failed_bytes)


def _pool(jobs: int, begin: Begin, source: Source) -> Pool:
    # What is loaded now is shared by all processes.
    matching.warm()
    gazetteer()
    gc.collect()
    gc.freeze()
    return Pool(jobs, begin, source)
