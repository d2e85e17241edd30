"""Which trials answer differently after a change: read one by one, or all at once on the registry's arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.answering.rank import RankKey, number_in, points_in
from matching.considering import Person, considered, judge, row_of, totals_of
from matching.judging.screen.counting import ELIGIBILITIES
from matching.judging.screen.differing import differing
from matching.model.codes import Eligibility
from matching.model.finding import Totals
from matching.ordering import Screened, screened
from matching.ports import TrialReader
from matching.registry import Registry


@dataclass(frozen=True, slots=True)
class Side:
    """What one trial comes to before, or after."""

    eligibility: Eligibility
    score: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A trial with another verdict; None: it is not considered on that side."""

    nct_id: str
    before: Side | None
    after: Side | None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """All that differs: how many trials, and the first of them in order."""

    before: Totals
    after: Totals
    changed: int
    shown: tuple[Difference, ...]
    data_version: str


def compared(reader: TrialReader, before: Person, after: Person, scope: str, limit: int) -> Compared:
    """Trials whose eligibility changes come first, then by the order of the new answer; on the reader's arrays if it has them."""
    registry = reader.registry
    if registry is None:
        return compared_by_reading(reader, before, after, scope, limit)
    return compared_on_arrays(registry, before, after, scope, limit)


@dataclass(frozen=True, slots=True)
class _Read:
    key: RankKey
    eligibility: Eligibility
    verdicts: tuple[str, ...]


def compared_by_reading(reader: TrialReader, before: Person, after: Person, scope: str, limit: int) -> Compared:
    """Every considered trial read and judged on both sides, one by one."""
    old_ones, new_ones = _read(reader, before, scope), _read(reader, after, scope)
    found: list[tuple[bool, RankKey, str]] = []
    for nct_id in old_ones.keys() | new_ones.keys():
        old, new = old_ones.get(nct_id), new_ones.get(nct_id)
        if old is not None and new is not None and old.verdicts == new.verdicts:
            continue
        same = old is not None and new is not None and old.eligibility is new.eligibility
        shown = new or old
        assert shown is not None  # every id comes from one of the two
        found.append((same, shown.key, nct_id))
    found.sort()
    return Compared(
        totals_of(each.eligibility for each in old_ones.values()),
        totals_of(each.eligibility for each in new_ones.values()),
        len(found),
        tuple(
            Difference(nct_id, _side(old_ones.get(nct_id)), _side(new_ones.get(nct_id)))
            for _, _, nct_id in found[:limit]
        ),
        reader.data_version,
    )


def _read(reader: TrialReader, person: Person, scope: str) -> dict[str, _Read]:
    sides = {}
    for trial in considered(reader, person, scope):
        judged = judge(trial, person.facts)
        row = row_of(trial, judged, person)
        if row is not None:
            verdicts = tuple(f"{each.verdict.value}/{each.why_unknown}" for each in judged.criteria)
            sides[trial.summary.nct_id] = _Read(row.key, row.eligibility, verdicts)
    return sides


def _side(read: _Read | None) -> Side | None:
    return None if read is None else Side(read.eligibility, -read.key[3])


_NONE = -1


def compared_on_arrays(registry: Registry, before: Person, after: Person, scope: str, limit: int) -> Compared:
    """The same on the registry's arrays."""
    old, new = (screened(registry, person, scope, held=True) for person in (before, after))
    both = np.intersect1d(old.counted.trials, new.counted.trials, assume_unique=True)
    trials = np.union1d(
        np.setxor1d(old.counted.trials, new.counted.trials, assume_unique=True),
        differing(registry.screen.arrays, both, old.judged.kinds, new.judged.kinds),
    )
    (old_class, old_key), (new_class, new_key) = _on(old, trials), _on(new, trials)
    there = new_class != _NONE
    order = np.lexsort((np.where(there, new_key, old_key), old_class == new_class))[:limit]
    numbers = [number_in(key) for key in np.where(there, new_key, old_key)[order].tolist()]
    shown = zip(
        numbers,
        _sides(old_class[order], old_key[order]),
        _sides(new_class[order], new_key[order]),
        registry.versions(numbers),
        strict=True,
    )
    return Compared(
        old.totals(),
        new.totals(),
        len(trials),
        tuple(Difference(f"NCT{number:08d}", one, two, version) for number, one, two, version in shown),
        registry.data_version,
    )


def _on(side: Screened, trials: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place in ELIGIBILITIES and the key of each trial; of those that are not considered, _NONE."""
    counted = side.counted
    classes, keys = np.full(len(trials), _NONE, dtype=np.int64), np.full(len(trials), _NONE, dtype=np.int64)
    there = np.flatnonzero(np.isin(trials, counted.trials, assume_unique=True))
    places = np.searchsorted(counted.trials, trials[there])
    classes[there], keys[there] = counted.eligibility[places], side.order.keys(places)
    return classes, keys


def _sides(classes: NDArray[np.int64], keys: NDArray[np.int64]) -> Iterable[Side | None]:
    for place, key in zip(classes.tolist(), keys.tolist(), strict=True):
        yield None if place == _NONE else Side(ELIGIBILITIES[place], points_in(key))
