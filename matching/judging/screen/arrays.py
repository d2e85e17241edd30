"""The arrays of one version of the registry: leaves, trees, criteria, trials. Written once, shared by all who read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

DENSE = 64
"""Marking is faster than sorting while no more than so many numbers are there for each that is marked."""


@dataclass(frozen=True, slots=True, eq=False)
class ScreenArrays:
    """All of it. L leaves, V variables, N inner nodes, C criteria, G groups, T trials.

    Leaves lie sorted by variable (and those by family), then by shape. A node's number is L plus its place; nodes lie by
    height, then by connective, in blocks. A group is the criteria of one cohort of a trial, or those of all its people,
    at most `state.MOST_CRITERIA` each. `*_start` have one entry more than rows: row i is [start[i], start[i + 1]).
    """

    leaf_variable: Ints
    leaf_shape: Ints
    leaf_rest: Ints
    """What is left of the shape where no fact lies at or below the concept."""
    lower_line: Ints
    upper_line: Ints
    """Which of the lines (unit and multiple) a bound is in; both -1: no bounds that are compared as numbers."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """NaN: no such bound."""
    lower_inclusive: NDArray[np.bool_]
    upper_inclusive: NDArray[np.bool_]
    silent: NDArray[np.uint16]
    """The state of the leaf for somebody of whom nothing is known."""
    closed: NDArray[np.uint16]
    """The same where the lists of conditions and treatments are complete and empty."""
    mute: NDArray[np.uint16]
    """The same where they say nothing of names that no vocabulary holds."""
    leaf_fact: Ints
    """The one fact that would settle the leaf, as a number of `facts`; -1: none, or several."""
    leaf_text: NDArray[np.uint8]
    leaf_text_start: NDArray[np.int64]
    """The leaf as JSON, and the truth that favours the patient (one byte, first)."""

    variable_family: NDArray[np.uint8]
    variable_start: Ints
    variable_concept: Ints
    """The number of its concept in `concepts`; -1: none."""
    variable_malignant: NDArray[np.bool_]
    """Its concept is asked for by the name of a cancer, which a benign tumour is not."""
    variable_hash: NDArray[np.uint64]
    """Sorted hashes of family and name; `variable_of_hash` beside it."""
    variable_of_hash: Ints
    key_hash: NDArray[np.uint64]
    """Sorted hashes of the normal forms of concepts' names; `key_variable` beside it."""
    key_variable: Ints
    word_hash: NDArray[np.uint64]
    """Sorted hashes of the telling words of concepts' names; `word_variable` beside it."""
    word_variable: Ints
    under_start: Ints
    """Per concept, the variables at or below it."""
    under: Ints
    concepts: NDArray[np.uint8]
    """Ids of all concepts asked for and of all above them, joined by newlines."""
    facts: NDArray[np.uint8]
    """Kind and id of every fact, parted by a tab, joined by newlines."""
    lines: NDArray[np.uint8]
    """Unit and multiple, parted by a tab, joined by newlines; a unit that is not given is a question mark."""

    block_op: NDArray[np.uint8]
    block_start: Ints
    child_start: Ints
    child: Ints
    node_count: NDArray[np.int16]
    """How many parts an "at least" asks for."""
    parent_start: Ints
    """Per leaf and node, the places of the nodes that it is a part of."""
    parent: Ints
    used_start: Ints
    """Per leaf and node, the criteria that it is the whole of."""
    used: Ints

    criterion_node: Ints
    criterion_role: NDArray[np.uint8]
    group_start: NDArray[np.int64]
    group_criterion: Ints
    asked_start: Ints
    """Per criterion, the groups that it stands in, once for each time."""
    asked_by: Ints
    group_cohort: Ints
    """-1: for all people of the trial; else which of its cohorts."""
    trial_group: Ints
    part_start: Ints
    """Per trial, the criteria that a parent's expression holds: they are shown, and count for nothing."""
    part_criterion: Ints
    part_cohort: Ints
    """-1: for all people, or for a cohort in which nothing counts."""
    trial_number: Ints
    """The digits of the nct_id."""
    trial_version: Ints
    trial_unread: NDArray[np.bool_]
    """No criterion of the text was read."""

    def named(self) -> dict[str, NDArray[np.generic]]:
        """Every array by its name, for a store that keeps them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
