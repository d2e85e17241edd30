"""Rows in arrays: the arithmetic that all arrays of a registry share.

Where rows differ in length, `start` has one entry more than there are rows: row i is [start[i], start[i + 1]).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

DENSE = 128
"""Marking is faster than sorting while no more than so many numbers are there for each that is marked."""


def named(arrays: Any) -> dict[str, NDArray[np.generic]]:
    """Every array of a dataclass of arrays by its name, for a store that keeps them."""
    return {field.name: getattr(arrays, field.name) for field in fields(arrays)}


def hashed(text: str) -> int:
    """64 bits of a name, the same on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def packed(lines: list[str]) -> NDArray[np.uint8]:
    """Lines of text as bytes."""
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


def unpacked(text: NDArray[np.uint8]) -> list[str]:
    """The inverse of `packed`."""
    return text.tobytes().decode().split("\n") if len(text) else []


def inverted(start: NDArray[np.integer[Any]], values: Ints, count: int) -> tuple[Ints, Ints]:
    """For each of `count` values the rows that hold it, as starts and rows."""
    rows = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    return starts_of(np.bincount(values, minlength=count)), rows[np.argsort(values, kind="stable")]


def starts_of(lengths: Iterable[int] | NDArray[np.integer[Any]]) -> Ints:
    """Where each row of so many entries begins, and at last where all end."""
    counts = lengths if isinstance(lengths, np.ndarray) else np.fromiter(lengths, dtype=np.int64)
    starts = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=starts[1:])
    return starts


def distinct(numbers: NDArray[np.integer[Any]], count: int) -> Ints:
    """Each of some numbers below `count` once, in order."""
    seen = np.zeros(count, dtype=bool)
    seen[numbers] = True
    return np.flatnonzero(seen).astype(np.int32)


def in_order(values: NDArray[np.int64], count: int | None = None) -> NDArray[np.int64]:
    """Each value once, in order: several times as fast as `np.unique`, which hashes them first.

    `count`: where it is known, the number that all of them, from 0 on, are below.
    """
    if count is not None and count < DENSE * len(values):
        return distinct(values, count).astype(np.int64)
    ordered = np.sort(values)
    return ordered[_firsts(ordered)]


def with_times(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each value once, in order, and how often it comes."""
    ordered = np.sort(values)
    first = np.flatnonzero(_firsts(ordered))
    ends = np.empty(len(first), dtype=np.int64)
    if len(ends):
        ends[:-1], ends[-1] = first[1:], len(ordered)
    return ordered[first], ends - first


def _firsts(ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    firsts = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=firsts[1:])
    return firsts


def stretches(begin: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The numbers of several stretches, one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    rows: NDArray[np.int64] = np.arange(total) + np.repeat(begin - (ends - lengths), lengths)
    return rows


def rows_of(start: Ints | NDArray[np.int64], chosen: NDArray[np.integer[Any]]) -> Ints:
    """The rows of the chosen entries, one stretch after the other."""
    begin = start[chosen]
    lengths = start[chosen + 1] - begin
    ends = np.cumsum(lengths)
    rows: Ints = np.repeat((begin - (ends - lengths)).astype(np.int32), lengths)
    rows += np.arange(len(rows), dtype=np.int32)
    return rows
