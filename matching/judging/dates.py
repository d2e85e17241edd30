"""Calendar arithmetic, windows of time, and truths that change with the calendar.

Birthdays roll forward: who was born on 29 February is a year older on 1 March of a common year. Windows clip back:
six months after 31 August is 28 (or 29) February. An event whose day is not known is an interval of days.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from matching.model.criterion import Window
from matching.model.finding import Change
from matching.model.patient import PartialDate
from matching.model.truth import Truth, conjunction, disjunction, negation

NOW_LIKE = frozenset({"now", "consent", "screening", "enrolment", "randomisation", "first_dose", "baseline"})
"""Anchors that lie at the door of the trial: whoever asks today would pass them about now."""

HOURS = {"h": 1.0, "min": 1 / 60}
DAYS = {"d": 1, "wk": 7}
MONTHS = {"mo": 1, "a": 12}
DAYS_IN_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Span:
    """A day that is only known to lie between two days, both included."""

    earliest: date
    latest: date

    @classmethod
    def of(cls, on: PartialDate | None) -> Span | None:
        """The days a date may mean; None for no date."""
        return None if on is None else cls(on.earliest, on.latest)


@dataclass(frozen=True, slots=True)
class HalfLife:
    """A drug's elimination half-life in hours, as a range."""

    low_hours: float
    high_hours: float


def shift_days(day: date, days: int) -> date:
    """A day so many days later, held inside the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def _shift_months(day: date, months: int, *, forward: bool) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year > 9999:
        return date.max
    if year < 1:
        return date.min
    if day.day <= 28:
        return date(year, month + 1, day.day)
    last = calendar.monthrange(year, month + 1)[1]
    if day.day <= last:
        return date(year, month + 1, day.day)
    end = date(year, month + 1, last)
    return shift_days(end, 1) if forward else end


def later(day: date, count: float, unit: str, *, forward: bool = False) -> date:
    """The day `count` units (a, mo, wk, d, h, min) after `day`, negative counts before it.

    Parts of a month count as days, parts of a day are dropped. `forward`: a day that the month lacks becomes the
    first of the next month, else the last of the month.
    """
    if not math.isfinite(count) or abs(count) > 4_000_000:
        return date.max if count > 0 else date.min
    if unit in MONTHS:
        months = count * MONTHS[unit]
        whole = math.floor(months)
        moved = _shift_months(day, whole, forward=forward)
        return shift_days(moved, math.floor((months - whole) * DAYS_IN_MONTH))
    if unit in HOURS:
        return shift_days(day, math.floor(count * HOURS[unit] / 24))
    return shift_days(day, math.floor(count * DAYS.get(unit, 1)))


def birthday(born: date, age: float, unit: str = "a") -> date:
    """The day on which someone born on `born` reaches the age."""
    return later(born, age, unit, forward=True)


def completed(born: date, on: date, unit: str) -> int:
    """Whole units (a, mo, wk, d) that have passed; 0 before birth."""
    if unit in MONTHS:
        months = (on.year - born.year) * 12 + on.month - born.month
        while months > 0 and _shift_months(born, months, forward=True) > on:
            months -= 1
        return max(0, months // MONTHS[unit])
    return max(0, (on - born).days // DAYS.get(unit, 1))


def elapsed_at_least(
    event: Span, count: float, unit: str, day: date, *, inclusive: bool = True, half_life: HalfLife | None = None
) -> Truth:
    """Whether at least `count` units have passed from the event to `day` (more than, when not inclusive).

    Hours are compared with what whole days can tell. A half-life that is not on file leaves it unknown.
    """
    if unit == "{half_life}":
        if half_life is None:
            return Truth.UNKNOWN
        enough = (day - event.latest).days * 24 >= count * half_life.high_hours
        too_few = (day - event.earliest).days * 24 < count * half_life.low_hours
    elif unit in HOURS:
        hours = count * HOURS[unit]
        enough = ((day - event.latest).days - 1) * 24 >= hours
        too_few = ((day - event.earliest).days + 1) * 24 <= hours
    else:
        due_last, due_first = later(event.latest, count, unit), later(event.earliest, count, unit)
        enough = day >= due_last if inclusive else day > due_last
        too_few = day < due_first if inclusive else day <= due_first
    return Truth.TRUE if enough else Truth.FALSE if too_few else Truth.UNKNOWN


def elapsed_at_most(
    event: Span, count: float, unit: str, day: date, *, inclusive: bool = True, half_life: HalfLife | None = None
) -> Truth:
    """Whether at most `count` units have passed (less than, when not inclusive)."""
    return negation(elapsed_at_least(event, count, unit, day, inclusive=not inclusive, half_life=half_life))


def bounds_of(window: Window) -> tuple[Window, ...]:
    """The window and its alternative ("30 days or 5 half-lives")."""
    return (window,) if window.otherwise is None else (window, window.otherwise)


def _joined(window: Window, truths: Sequence[Truth], *, widest: bool) -> Truth:
    """Truths of both halves of "whichever is longer/shorter"; `widest`: a longer time makes the sentence easier to meet."""
    if len(truths) == 1:
        return truths[0]
    if window.whichever is None:
        return truths[0] if truths[0] is truths[1] else Truth.UNKNOWN
    return disjunction(truths) if (window.whichever == "longer") is widest else conjunction(truths)


def past_lower(window: Window, event: Span, day: date, half_life: HalfLife | None = None) -> Truth:
    """Whether the event lies at least the window's lower end back; TRUE where it has none."""
    truths = [
        elapsed_at_least(event, w.lower, w.unit, day, inclusive=w.lower_inclusive, half_life=half_life)
        for w in bounds_of(window)
        if w.lower is not None
    ]
    return _joined(window, truths, widest=False) if truths else Truth.TRUE


def inside_upper(window: Window, event: Span, day: date, half_life: HalfLife | None = None) -> Truth:
    """Whether the event lies at most the window's upper end back; TRUE where it has none."""
    truths = [
        elapsed_at_most(event, w.upper, w.unit, day, inclusive=w.upper_inclusive, half_life=half_life)
        for w in bounds_of(window)
        if w.upper is not None
    ]
    return _joined(window, truths, widest=True) if truths else Truth.TRUE


def in_window(window: Window, event: Span, day: date, half_life: HalfLife | None = None) -> Truth:
    """Whether an event lies inside a window that looks back from `day`. An event after `day` does not."""
    return conjunction((past_lower(window, event, day, half_life), inside_upper(window, event, day, half_life)))


def overlaps(
    window: Window, start: Span | None, end: Span | None, day: date, half_life: HalfLife | None = None
) -> Truth:
    """Whether something that lasted from `start` to `end` touches the window; an end of `day` means it goes on.

    A side that is not known leaves its half unknown.
    """
    begun = past_lower(window, start, day, half_life) if start is not None else _unless_no_lower(window)
    not_over = inside_upper(window, end, day, half_life) if end is not None else Truth.UNKNOWN
    return conjunction((begun, not_over))


def _unless_no_lower(window: Window) -> Truth:
    return Truth.TRUE if all(w.lower is None for w in bounds_of(window)) else Truth.UNKNOWN


def from_now(window: Window) -> bool:
    """Whether the window is about a time up to now, which facts of today can answer for."""
    if window.anchor == "study":
        return window.direction in {"before", "around", "duration"}
    return window.anchor in NOW_LIKE and (window.direction != "after" or not has_numbers(window))


def has_numbers(window: Window | None) -> bool:
    """Whether the window has an end in numbers."""
    return window is not None and any(w.lower is not None or w.upper is not None for w in bounds_of(window))


def turning_days(window: Window | None, events: Iterable[Span | None], half_life: HalfLife | None = None) -> set[date]:
    """Every day on which an event may enter or leave the window (a superset)."""
    days: set[date] = set()
    if window is None:
        return days
    limits = [(n, w.unit) for w in bounds_of(window) for n in (w.lower, w.upper) if n is not None]
    for event in events:
        if event is None:
            continue
        bases = (event.earliest,) if event.earliest == event.latest else (event.earliest, event.latest)
        for base in bases:
            for count, unit in limits:
                days.update(_turns(base, count, unit, half_life))
    return days


def _turns(base: date, count: float, unit: str, half_life: HalfLife | None) -> Iterator[date]:
    if unit == "{half_life}":
        for hours in (half_life.low_hours, half_life.high_hours) if half_life is not None else ():
            yield shift_days(base, math.ceil(count * hours / 24))
            yield shift_days(base, math.floor(count * hours / 24) + 1)
        return
    turn = later(base, count, unit)
    for step in (-1, 0, 1, 2) if unit in HOURS else (0, 1):
        yield shift_days(turn, step)


def timeline(on: date, truth: Truth, days: Iterable[date], judge: Callable[[date], Truth]) -> tuple[Change, ...]:
    """The changes after `on` of a truth that can only change on one of `days`."""
    changes = []
    for day in sorted({d for d in days if d > on}):
        new = judge(day)
        if new is not truth:
            changes.append(Change(day, new))
            truth = new
    return tuple(changes)


def truth_on(truth: Truth, changes: Sequence[Change], day: date) -> Truth:
    """The truth on a day at or after the day of judging."""
    last = _last_change(changes, day)
    return truth if last is None else last.to


def applies_on(applicable: bool, changes: Sequence[Change], day: date) -> bool:
    """Whether the sentence is about the patient on a day at or after the day of judging."""
    last = _last_change(changes, day)
    return applicable if last is None else last.applicable


def _last_change(changes: Sequence[Change], day: date) -> Change | None:
    """The last change up to a day; None: nothing has changed by then."""
    last = None
    for change in changes:
        if change.on > day:
            break
        last = change
    return last


def failing_changes(bad: Truth, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes as failures: TRUE from the days on which the truth is `bad` of this patient, FALSE from the others."""
    return tuple(Change(c.on, Truth.of(c.to is bad and c.applicable)) for c in changes)


State = tuple[Truth, bool]
"""A truth, and whether the sentence is about the patient."""


def merge(
    truth: Truth, parts: Sequence[tuple[Truth, tuple[Change, ...]]], combine: Callable[[Iterable[Truth]], Truth]
) -> tuple[Change, ...]:
    """The timeline of a compound: its parts' truths combined on each day on which one changes."""
    return merge_states(
        (truth, True), [((first, True), changes) for first, changes in parts], combine, lambda _states: True
    )


def merge_states(
    now: State,
    parts: Sequence[tuple[State, tuple[Change, ...]]],
    combine: Callable[[Iterable[Truth]], Truth],
    about: Callable[[Sequence[State]], bool],
) -> tuple[Change, ...]:
    """As `merge`; `about` tells of the parts' states whether the compound is about the patient."""
    days = {change.on for _, changes in parts for change in changes}
    merged = []
    for day in sorted(days):
        states = [
            (truth_on(truth, changes, day), applies_on(applicable, changes, day))
            for (truth, applicable), changes in parts
        ]
        new = combine([truth for truth, _ in states]), about(states)
        if new != now:
            merged.append(Change(day, *new))
            now = new
    return tuple(merged)


def spans_without(bad: Truth, truth: Truth, changes: Sequence[Change]) -> tuple[date | None, date | None]:
    """From when and until when the truth is not `bad`.

    (None, None): not `bad` now and never will be, or `bad` for ever. `from` None: not bad now. `until` is the first
    day on which it is bad again.
    """
    start: date | None = None
    is_bad = truth is bad
    for change in changes:
        if is_bad and change.to is not bad:
            start, is_bad = change.on, False
        elif not is_bad and change.to is bad:
            return start, change.on
    return start, None
