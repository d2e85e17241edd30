"""Bounds by the thousand against one reading, or one date of birth: the arithmetic of `compare` and `people` on arrays."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
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
from matching.judging.screen.arrays import Ints, ScreenArrays
from matching.judging.screen.state import States
from matching.model.codes import Sex, Times, WhyUnknown
from matching.model.criterion import Bound
from matching.model.finding import MissingFact

Truths = NDArray[np.uint16]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME = 1e-9
"""Numbers are equal but for the last bits of arithmetic: `compare.same`."""
_MISSING = np.uint16(state.unknown(WhyUnknown.MISSING))


@dataclass(frozen=True, slots=True)
class Held:
    """The states of some leaves, and for each fact that would settle open ones, which of them."""

    states: States
    asked: tuple[tuple[MissingFact, Mask], ...]


def is_number(reading: Reading) -> bool:
    """Whether the reading has a value to hold against bounds."""
    return interval(reading) is not None


def may_be_normal(reading: Reading) -> bool:
    """Whether the reading says "normal" in words, which bounds in multiples of the limits of normal may be met by."""
    return normal_is_enough(reading, None, None)


def held_states(
    arrays: ScreenArrays,
    rows: Ints,
    table: Sequence[tuple[str | None, Times | None]],
    choice: Chosen,
    sex: Sex | None,
    *,
    lasting: bool,
) -> Held:
    """Bounded leaves against the one reading that counts. `table`: unit and multiple of each line number."""
    reading = choice.readings[0]
    value = interval(reading)
    assert value is not None  # is_number
    states = np.empty(len(rows), dtype=np.uint16)
    asked: list[tuple[MissingFact, Mask]] = []
    of_line = arrays.lower_line[rows]
    for number in np.unique(of_line):
        here = np.flatnonzero(of_line == number)
        unit, times = table[number]
        ways = lines(reading, unit, times, sex, choice.missing)
        if isinstance(ways, Compared):
            reason = ways.reason if ways.reason is not None else WhyUnknown.MISSING
            states[here] = state.unknown(reason)
            if ways.missing is not None and reason is not WhyUnknown.NOT_COMPARABLE:
                asked.append((ways.missing, _mask(len(rows), here)))
            continue
        truth, unsafe = _both(arrays, rows[here], value, ways)
        is_open = (truth == state.UNKNOWN) | unsafe
        by_limit = unsafe
        if lasting:  # a value of today can only show that "at least 3 months" does not hold
            is_open |= truth == state.TRUE
        evident = np.where(truth == state.TRUE, state.EVIDENT_TRUE, state.EVIDENT_FALSE).astype(np.uint16)
        states[here] = np.where(is_open, _MISSING, truth | evident)
        if by_limit.any():
            asked.append((limit_fact(choice.missing, reading), _mask(len(rows), here[by_limit])))
        if (is_open & ~by_limit).any():
            asked.append((choice.missing, _mask(len(rows), here[is_open & ~by_limit])))
    return Held(states, tuple(asked))


def _mask(size: int, where: NDArray[np.intp]) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[where] = True
    return mask


def _both(arrays: ScreenArrays, rows: Ints, value: Interval, ways: tuple[Line, ...]) -> tuple[Truths, Mask]:
    """The truth of each leaf, and whether it rests on a usual limit that is too near to its bound."""
    lower, upper = arrays.lower[rows], arrays.upper[rows]
    sides = [
        (~np.isnan(lower), *_side(lower, arrays.lower_inclusive[rows], value, ways, is_lower=True)),
        (~np.isnan(upper), *_side(upper, arrays.upper_inclusive[rows], value, ways, is_lower=False)),
    ]
    truth = np.minimum(
        np.where(sides[0][0], sides[0][1], np.uint16(state.TRUE)),
        np.where(sides[1][0], sides[1][1], np.uint16(state.TRUE)),
    )
    unsafe = np.zeros(len(rows), dtype=bool)
    for there, own, near in sides:
        unsafe |= there & (own == truth) & near
    return truth, unsafe


def _side(
    bound: Floats, inclusive: Mask, value: Interval, ways: tuple[Line, ...], *, is_lower: bool
) -> tuple[Truths, Mask]:
    answers = [_one_way(bound * line.limit, inclusive, value, line, is_lower=is_lower) for line in ways]
    truth, unsafe = answers[0]
    for other, near in answers[1:]:
        unsafe = np.where(truth != other, True, unsafe | near)
    return truth, unsafe


def _one_way(limit: Floats, inclusive: Mask, value: Interval, line: Line, *, is_lower: bool) -> tuple[Truths, Mask]:
    there = value.scaled(line.slope, line.intercept)
    if is_lower:
        truth = _above(there, limit, inclusive)
    else:
        truth = _above(Interval(-there.high, -there.low, there.high_in, there.low_in), -limit, inclusive)
    if line.assumed is None:
        return truth, np.zeros(len(limit), dtype=bool)
    point = np.full(len(limit), there.low if math.isfinite(there.low) else there.high)
    if not is_lower and math.isfinite(there.high):
        point[truth == state.FALSE] = there.high
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(limit != 0, np.abs(point - limit) / np.abs(limit), np.where(point != 0, np.inf, 0.0))
    return truth, relative < ASSUMED_MARGIN


def _above(value: Interval, bound: Floats, inclusive: Mask) -> Truths:
    low_is, high_is = _same(value.low, bound), _same(value.high, bound)
    holds = ((value.low > bound) & ~low_is) | (low_is & (inclusive | (not value.low_in)))
    fails = ((value.high < bound) & ~high_is) | (high_is & ~(inclusive & value.high_in))
    return np.where(holds, state.TRUE, np.where(fails, state.FALSE, state.UNKNOWN)).astype(np.uint16)


def _same(value: float, bound: Floats) -> Mask:
    if not math.isfinite(value):
        return np.equal(bound, value)
    return np.abs(bound - value) <= SAME * np.maximum(np.abs(bound), abs(value))


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

    open_from, open_to = (bisect_right(bounds, step, key=steps) for step in (0, 1))
    rising = np.full(len(bounds), end, dtype=np.uint16)
    rising[:open_to], rising[:open_from] = state.UNKNOWN, begin
    return rising
