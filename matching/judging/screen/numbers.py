"""Bounds by the thousand against one reading, or one date of birth: the arithmetic of `compare` and `people` on arrays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from matching.judging import people
from matching.judging.compare import (
    ASSUMED_MARGIN,
    Compared,
    Interval,
    Line,
    interval,
    limit_fact,
    lines,
    normal_is_enough,
)
from matching.judging.dates import Span
from matching.judging.facts import Reading
from matching.judging.measure import Chosen
from matching.judging.screen import state
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.state import States
from matching.model.codes import Sex, Times, WhyUnknown
from matching.model.criterion import Bound
from matching.model.finding import MissingFact
from matching.model.rows import Ints, distinct

Truths = NDArray[np.uint16]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME = 1e-9
"""Numbers are equal but for the last bits of arithmetic: `compare.same`."""
_MISSING = np.uint16(state.unknown(WhyUnknown.MISSING))


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """Bounded leaves, the one reading that counts for them, and whether their bounds are to hold for a time."""

    rows: Ints
    choice: Chosen
    lasting: bool


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The states of some leaves, and for each fact that would settle open ones, which of them."""

    rows: Ints
    states: States
    asked: tuple[tuple[MissingFact, Mask], ...]


def is_number(reading: Reading) -> bool:
    """Whether the reading has a value to hold against bounds."""
    return interval(reading) is not None


def may_be_normal(reading: Reading) -> bool:
    """Whether the reading says "normal" in words, which bounds in multiples of the limits of normal may be met by."""
    return normal_is_enough(reading, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """How the readings stand beside the bounds, one row for each reading and sort of bound."""

    low: Floats
    high: Floats
    low_in: Mask
    high_in: Mask
    limit: Floats
    assumed: Mask

    def of(self, which: NDArray[np.intp]) -> _Way:
        """The rows for leaves."""
        return _Way(*(getattr(self, name)[which] for name in self.__slots__))

    def mirrored(self) -> _Way:
        """The same for bounds from above."""
        return _Way(-self.high, -self.low, self.high_in, self.low_in, -self.limit, self.assumed)


def _way(values: Sequence[tuple[Interval, Line]]) -> _Way:
    there = [value.scaled(line.slope, line.intercept) for value, line in values]
    return _Way(
        np.array([value.low for value in there]),
        np.array([value.high for value in there]),
        np.array([value.low_in for value in there]),
        np.array([value.high_in for value in there]),
        np.array([line.limit for _, line in values]),
        np.array([line.assumed is not None for _, line in values]),
    )


def held_states(
    arrays: ScreenArrays, holdings: Sequence[Holding], table: Sequence[tuple[str | None, Times | None]], sex: Sex | None
) -> Held:
    """Bounded leaves against the readings that count. `table`: unit and multiple of each line number."""
    rows = np.concatenate([holding.rows for holding in holdings])
    whose = np.repeat(np.arange(len(holdings)), [len(holding.rows) for holding in holdings])
    sort = whose * len(table) + arrays.lower_line[rows]
    sorts = distinct(sort, len(holdings) * len(table))
    place = np.zeros(len(holdings) * len(table), dtype=np.intp)
    place[sorts] = np.arange(len(sorts))
    which = place[sort]
    found: list[tuple[Holding, tuple[Line, ...] | Compared]] = []
    for number in sorts.tolist():
        holding = holdings[number // len(table)]
        unit, times = table[number % len(table)]
        found.append((holding, lines(holding.choice.readings[0], unit, times, sex, holding.choice.missing)))
    ways = [
        [(_value_of(h), line) for line in beside] if not isinstance(beside, Compared) else [] for h, beside in found
    ]
    none = np.array([_state_of(beside) if isinstance(beside, Compared) else 0 for _, beside in found], dtype=np.uint16)
    comparable = np.flatnonzero(none[which] == 0)
    states = none[which]
    unsafe, is_open = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    if len(comparable):
        filled = [way or _NOWHERE for way in ways]
        either = [_way([way[0] for way in filled])]
        if any(len(way) > 1 for way in ways):
            either.append(_way([way[-1] for way in filled]))
        here = which[comparable]
        truth, near = _both(arrays, rows[comparable], [way.of(here) for way in either])
        # A value of today can only show that "at least 3 months" does not hold.
        lasting = np.array([holding.lasting for holding, _ in found])[here]
        unsettled = (truth == state.UNKNOWN) | near | (lasting & (truth == state.TRUE))
        evident = np.where(truth == state.TRUE, state.EVIDENT_TRUE, state.EVIDENT_FALSE).astype(np.uint16)
        states[comparable] = np.where(unsettled, _MISSING, truth | evident)
        unsafe[comparable], is_open[comparable] = near, unsettled & ~near
    return Held(rows, states, tuple(_asked(found, which, unsafe, is_open)))


_NOWHERE = [(Interval(0.0, 0.0), Line(None))]


def _value_of(holding: Holding) -> Interval:
    value = interval(holding.choice.readings[0])
    assert value is not None  # is_number
    return value


def _state_of(beside: Compared) -> int:
    return state.unknown(beside.reason if beside.reason is not None else WhyUnknown.MISSING)


def _asked(
    found: Sequence[tuple[Holding, tuple[Line, ...] | Compared]],
    which: NDArray[np.intp],
    unsafe: Mask,
    is_open: Mask,
) -> Iterator[tuple[MissingFact, Mask]]:
    """The facts that would settle what is open, and where."""
    for number, (holding, beside) in enumerate(found):
        here = which == number
        if isinstance(beside, Compared):
            if beside.missing is not None and beside.reason is not WhyUnknown.NOT_COMPARABLE:
                yield beside.missing, here
            continue
        yield limit_fact(holding.choice.missing, holding.choice.readings[0]), here & unsafe
        yield holding.choice.missing, here & is_open


def _both(arrays: ScreenArrays, rows: Ints, ways: Sequence[_Way]) -> tuple[Truths, Mask]:
    """The truth of each leaf, and whether it rests on a usual limit that is too near to its bound."""
    lower, upper = arrays.lower[rows], arrays.upper[rows]
    sides = (
        (~np.isnan(lower), *_side(lower, arrays.lower_inclusive[rows], ways, is_lower=True)),
        (~np.isnan(upper), *_side(upper, arrays.upper_inclusive[rows], ways, is_lower=False)),
    )
    truth = np.minimum(
        np.where(sides[0][0], sides[0][1], np.uint16(state.TRUE)),
        np.where(sides[1][0], sides[1][1], np.uint16(state.TRUE)),
    )
    unsafe = np.zeros(len(rows), dtype=bool)
    for there, own, near in sides:
        unsafe |= there & (own == truth) & near
    return truth, unsafe


def _side(bound: Floats, inclusive: Mask, ways: Sequence[_Way], *, is_lower: bool) -> tuple[Truths, Mask]:
    truth, unsafe = _one_way(bound, inclusive, ways[0], is_lower=is_lower)
    for way in ways[1:]:
        other, near = _one_way(bound, inclusive, way, is_lower=is_lower)
        unsafe = (truth != other) | unsafe | near
    return truth, unsafe


def _one_way(bound: Floats, inclusive: Mask, way: _Way, *, is_lower: bool) -> tuple[Truths, Mask]:
    way = way if is_lower else way.mirrored()
    limit = bound * way.limit
    truth = _over(way, limit, inclusive)
    if not way.assumed.any():
        return truth, way.assumed
    point = np.where(np.isfinite(way.low), way.low, way.high)
    if not is_lower:  # mirrored: `low` is the value's upper end
        point = np.where(np.isfinite(way.high), way.high, way.low)
        point = np.where((truth == state.FALSE) & np.isfinite(way.low), way.low, point)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(limit != 0, np.abs(point - limit) / np.abs(limit), np.where(point != 0, np.inf, 0.0))
    return truth, way.assumed & (relative < ASSUMED_MARGIN)


def _over(way: _Way, bound: Floats, inclusive: Mask) -> Truths:
    """Whether the value lies above the bound."""
    low_is, high_is = _same(way.low, bound), _same(way.high, bound)
    holds = ((way.low > bound) & ~low_is) | (low_is & (inclusive | (~way.low_in)))
    fails = ((way.high < bound) & ~high_is) | (high_is & ~(inclusive & way.high_in))
    return np.where(holds, state.TRUE, np.where(fails, state.FALSE, state.UNKNOWN)).astype(np.uint16)


def _same(value: Floats, bound: Floats) -> Mask:
    near = np.abs(bound - value) <= SAME * np.maximum(np.abs(bound), np.abs(value))
    return np.where(np.isfinite(value), near, bound == value)


@dataclass(frozen=True, slots=True, eq=False)
class AgeSide:
    """One side of the bounds of age: which leaves (places among them) have it, and whose is which of the distinct bounds.

    `alike` are the bounds of one kind, by value; `which` counts through all of them.
    """

    there: NDArray[np.intp]
    alike: tuple[tuple[Bound, ...], ...]
    which: NDArray[np.intp]


def age_sides(arrays: ScreenArrays, rows: slice, units: Sequence[str | None]) -> tuple[AgeSide, AgeSide]:
    """The lower and the upper bounds of the leaves that ask for an age. `units`: of each line number."""
    return (
        _age_side(arrays.lower[rows], arrays.lower_inclusive[rows], arrays.lower_line[rows], units),
        _age_side(arrays.upper[rows], arrays.upper_inclusive[rows], arrays.upper_line[rows], units),
    )


def _age_side(values: Floats, inclusive: Mask, line: Ints, units: Sequence[str | None]) -> AgeSide:
    there = np.flatnonzero(~np.isnan(values))
    bounds = [Bound(float(values[i]), units[line[i]], bool(inclusive[i])) for i in there]
    ordered = sorted(set(bounds), key=lambda bound: (*_kind_of(bound), bound.value))
    place = {bound: i for i, bound in enumerate(ordered)}
    alike = tuple(tuple(same) for _, same in groupby(ordered, key=_kind_of))
    return AgeSide(there, alike, np.array([place[bound] for bound in bounds], dtype=np.intp))


def _kind_of(bound: Bound) -> tuple[str, bool, bool]:
    """Within a kind the days turn in the order of the values: "up to 40" takes the whole year, "up to 40.5" does not."""
    return str(bound.unit), bound.inclusive, float(bound.value).is_integer()


def age_states(sides: tuple[AgeSide, AgeSide], count: int, birth: Span, on: date) -> States:
    """The ages between bounds on a day, of all `count` leaves."""
    truth = np.full(count, state.TRUE, dtype=np.uint16)
    for side, is_lower in zip(sides, (True, False), strict=True):
        parts = [_ages_by_value(same, birth, on, is_lower=is_lower) for same in side.alike]
        if parts:
            truth[side.there] = np.minimum(truth[side.there], np.concatenate(parts)[side.which])
    evident = np.where(truth == state.TRUE, state.EVIDENT_TRUE, state.EVIDENT_FALSE).astype(np.uint16)
    return np.where(truth == state.UNKNOWN, _MISSING, truth | evident)


def _ages_by_value(bounds: Sequence[Bound], birth: Span, on: date, *, is_lower: bool) -> Truths:
    """The truths of bounds that rise: first those that a lower bound lets pass (an upper one not), at last the others."""
    begin, end = (state.TRUE, state.FALSE) if is_lower else (state.FALSE, state.TRUE)

    def steps(bound: Bound) -> int:
        truth = people.age_turn(bound, birth, is_lower=is_lower).truth(on).value + 1
        return abs(truth - begin)

    open_from = bisect_right(bounds, 0, key=steps)
    # A birthday that is known leaves nothing between.
    whole = open_from == len(bounds) or steps(bounds[open_from]) > 1
    open_to = open_from if whole else bisect_right(bounds, 1, open_from, key=steps)
    rising = np.full(len(bounds), end, dtype=np.uint16)
    rising[:open_to], rising[:open_from] = state.UNKNOWN, begin
    return rising
