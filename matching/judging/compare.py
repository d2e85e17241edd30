"""One measured value against the bounds of a criterion: unit-safe, with the working shown and the distance to the bound.

A censored value ("<0.1") and a range are intervals: the verdict holds only when it holds for all of the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from matching.judging.doses import NONE_TAKEN
from matching.judging.facts import Reading
from matching.knowledge import analytes
from matching.knowledge.conversion import significant
from matching.knowledge.units import NotComparable, convert
from matching.model.codes import Sex, Times, WhyUnknown
from matching.model.criterion import Bound
from matching.model.finding import Distance, Evidence, MissingFact
from matching.model.truth import Truth, conjunction

ASSUMED_MARGIN = 0.25
"""Upper limits of laboratories differ by up to a third: a verdict by a usual limit counts only farther from the bound."""

PLAIN = frozenset({None, "1", "{score}", "{points}", "{score}/{total}"})


@dataclass(frozen=True, slots=True)
class Compared:
    """One value against the bounds: the truth, or the reason why there is none."""

    truth: Truth
    evidence: Evidence
    reason: WhyUnknown | None = None
    missing: MissingFact | None = None
    distance: Distance | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """What a value may be: from low to high, ends included or not."""

    low: float
    high: float
    low_in: bool = True
    high_in: bool = True

    def scaled(self, slope: float, intercept: float) -> Interval:
        """The same interval in another unit."""
        a, b = self.low * slope + intercept, self.high * slope + intercept
        return Interval(a, b, self.low_in, self.high_in) if slope >= 0 else Interval(b, a, self.high_in, self.low_in)


@dataclass(frozen=True, slots=True)
class _Held:
    """A value held against one bound, both in the same unit."""

    truth: Truth
    value: float
    bound: float
    unit: str | None
    slope: float
    boundary: bool
    working: str | None = None
    assumed: str | None = None
    as_value: float | None = None
    as_unit: str | None = None
    unsafe: bool = False


def same(a: float, b: float) -> bool:
    """Whether two numbers are equal but for the last bits of arithmetic."""
    return a == b or (abs(a - b) <= 1e-9 * max(abs(a), abs(b)) and math.isfinite(a) and math.isfinite(b))


def compare(
    reading: Reading, lower: Bound | None, upper: Bound | None, sex: Sex | None, missing: MissingFact
) -> Compared:
    """The reading against a lower and an upper bound, one of which is there.

    `missing` is the fact to ask for where the reading does not settle it.
    """
    value_range = interval(reading)
    if value_range is None:
        evidence = evidence_of(reading)
        if normal_is_enough(reading, lower, upper):
            return Compared(Truth.TRUE, evidence)
        return Compared(Truth.UNKNOWN, evidence, WhyUnknown.MISSING, missing)
    held: list[_Held] = []
    for bound, is_lower in ((lower, True), (upper, False)):
        if bound is None:
            continue
        result = _hold(reading, value_range, bound, is_lower, sex, missing)
        if isinstance(result, Compared):
            return result
        held.append(result)
    truth = conjunction(h.truth for h in held)
    telling = [h for h in held if h.truth is truth]
    nearest = min(telling, key=lambda h: _relative(h.value, h.bound))
    shown = next((h for h in held if h.working), nearest)
    evidence = evidence_of(reading, shown, boundary=any(h.boundary for h in held))
    if truth is Truth.UNKNOWN or any(h.unsafe for h in telling):
        asked = limit_fact(missing, reading) if any(h.unsafe for h in telling) else missing
        return Compared(Truth.UNKNOWN, evidence, WhyUnknown.MISSING, asked)
    return Compared(truth, evidence, distance=_distance(reading, nearest, missing))


def evidence_of(reading: Reading, held: _Held | None = None, *, boundary: bool = False) -> Evidence:
    """The reading as a fact, with the working of its comparison where there was one."""
    o = reading.observation
    shown: float | str | None = o.value if o.value is not None else o.result
    if o.value is not None and o.comparator is not None:
        shown = f"{o.comparator}{significant(o.value)}"
    elif o.value is not None and o.value_high is not None:
        shown = f"{significant(o.value)}-{significant(o.value_high)}"
    name = fact_name(reading.key, reading.setting)
    if held is None:
        return Evidence(name, shown, o.unit, o.on, formula=reading.formula, span=o.span)
    return Evidence(
        name,
        shown,
        o.unit,
        o.on,
        held.as_value,
        held.as_unit,
        held.working,
        (),
        boundary,
        held.assumed,
        reading.formula,
        o.span,
    )


def fact_name(name: str, setting: str | None) -> str:
    """What a person calls it: "stimulated C-peptide"."""
    return name if setting is None else f"{setting.replace('_', ' ')} {name}"


def interval(reading: Reading) -> Interval | None:
    """What the value may be; None where the reading has no number."""
    o = reading.observation
    if o.value is None or not math.isfinite(o.value):
        return None
    match o.comparator:
        case "<" | "<=":
            return Interval(-math.inf, o.value, False, o.comparator == "<=")
        case ">" | ">=":
            return Interval(o.value, math.inf, o.comparator == ">=", False)
    if o.value_high is not None and math.isfinite(o.value_high):
        return Interval(min(o.value, o.value_high), max(o.value, o.value_high))
    return Interval(o.value, o.value)


def normal_is_enough(reading: Reading, lower: Bound | None, upper: Bound | None) -> bool:
    """A result given as "normal" lies between the limits of normal."""
    if (reading.observation.result or "").strip().lower() not in {"normal", "within normal limits", "wnl"}:
        return False
    below = upper is None or (
        upper.times is Times.ULN and (upper.value > 1 or (same(upper.value, 1) and upper.inclusive))
    )
    above = lower is None or (
        lower.times is Times.LLN and (lower.value < 1 or (same(lower.value, 1) and lower.inclusive))
    )
    return below and above


@dataclass(frozen=True, slots=True)
class Line:
    """How a reading is brought beside bounds of one sort: the value times `slope` plus `intercept`, a bound times `limit`.

    With `assumed` the limit is a usual one, and a verdict counts only ASSUMED_MARGIN away from the bound.
    """

    unit: str | None
    slope: float = 1.0
    intercept: float = 0.0
    limit: float = 1.0
    working: str | None = None
    assumed: str | None = None
    as_value: float | None = None
    as_unit: str | None = None


def lines(
    reading: Reading, unit: str | None, times: Times | None, sex: Sex | None, missing: MissingFact
) -> tuple[Line, ...] | Compared:
    """The ways to hold the reading against bounds in `unit`, or against multiples of a limit; or why there is none.

    Several lines where the limit depends on a sex that is not known: they must agree.
    """
    match times:
        case Times.BASELINE:
            asked = MissingFact(
                "measurement",
                f"{missing.id}:baseline",
                f"baseline {missing.fact}",
                missing.loinc,
                missing.unit,
                aspect="baseline",
                subject=missing.fact,
            )
            return Compared(Truth.UNKNOWN, evidence_of(reading), WhyUnknown.MISSING, asked)
        case Times.ULN | Times.LLN:
            return _lines_of_limit(reading, times, sex, missing)
        case None:
            pass
    given = reading.observation.unit
    if given in PLAIN and unit in PLAIN:
        return (Line(unit),)
    if reading.formula == NONE_TAKEN:
        return (Line(unit),)
    if given is None or unit is None:
        return Compared(Truth.UNKNOWN, evidence_of(reading), WhyUnknown.NOT_COMPARABLE, missing)
    analyte = reading.entry.name if reading.entry is not None else None
    line = convert(reading.observation.value or 0.0, given, unit, analyte)
    if isinstance(line, NotComparable):
        return Compared(
            Truth.UNKNOWN, replace(evidence_of(reading), working=line.reason), WhyUnknown.NOT_COMPARABLE, missing
        )
    return (Line(unit, line.slope, line.intercept, working=line.working if given != unit else None),)


def _lines_of_limit(
    reading: Reading, times: Times, sex: Sex | None, missing: MissingFact
) -> tuple[Line, ...] | Compared:
    """Against multiples of a limit: the laboratory's own limit, else the usual one, said to be assumed."""
    o = reading.observation
    upper_limit = times is Times.ULN
    own = o.reference_high if upper_limit else o.reference_low
    sign = "ULN" if upper_limit else "LLN"
    if own is not None and own > 0 and o.value is not None:
        working = f"{significant(o.value)} {o.unit or ''} = {significant(o.value / own)} x {sign} ({significant(own)} {o.unit or ''})"
        shown = " ".join(working.replace(" )", ")").split())
        return (Line(o.unit, limit=own, working=shown, as_value=o.value / own, as_unit=sign),)
    entry, evidence = reading.entry, evidence_of(reading)
    if entry is None or o.unit is None or o.value is None:
        return Compared(Truth.UNKNOWN, evidence, WhyUnknown.MISSING, limit_fact(missing, reading))
    found = []
    for who in (sex,) if sex is not None else (Sex.FEMALE, Sex.MALE):
        limits = analytes.usual_limits(entry, who)
        limit = None if limits is None else limits.upper if upper_limit else limits.lower
        if limits is None or limit is None or limit <= 0:
            return Compared(Truth.UNKNOWN, evidence, WhyUnknown.MISSING, limit_fact(missing, reading))
        line = convert(o.value, o.unit, limits.unit, entry.name)
        if isinstance(line, NotComparable):
            return Compared(Truth.UNKNOWN, replace(evidence, working=line.reason), WhyUnknown.NOT_COMPARABLE, missing)
        word = "upper" if upper_limit else "lower"
        shown = significant(line.value / limit)
        found.append(
            Line(
                limits.unit, line.slope, line.intercept, limit,
                working=f"{significant(o.value)} {o.unit} = {shown} x {sign} ({significant(limit)} {limits.unit}, assumed)",
                assumed=f"usual {word} limit {significant(limit)} {limits.unit}",
                as_value=line.value / limit, as_unit=sign,
            )
        )  # fmt: skip
    return tuple(found)


def _hold(
    reading: Reading, value: Interval, bound: Bound, is_lower: bool, sex: Sex | None, missing: MissingFact
) -> _Held | Compared:
    ways = lines(reading, bound.unit, bound.times, sex, missing)
    if isinstance(ways, Compared):
        return ways
    answers = [_held(reading, value, bound, is_lower, line) for line in ways]
    if len({a.truth for a in answers}) > 1:
        return replace(answers[0], unsafe=True)
    return max(answers, key=lambda a: a.unsafe)


def _held(reading: Reading, value: Interval, bound: Bound, is_lower: bool, line: Line) -> _Held:
    there = value.scaled(line.slope, line.intercept)
    limit = bound.value * line.limit
    truth = _above(there, limit, bound.inclusive) if is_lower else _below(there, limit, bound.inclusive)
    point = there.low if math.isfinite(there.low) else there.high
    if math.isfinite(there.high) and not is_lower and truth is Truth.FALSE:
        point = there.high
    rounding = 0.5 * 10.0 ** -_digits(reading) * abs(line.slope)
    boundary = same(point, limit) or (there.low == there.high and abs(point - limit) <= rounding * (1 + 1e-9))
    as_value, as_unit = line.as_value, line.as_unit
    if as_unit is None and line.working is not None:
        as_value, as_unit = point, line.unit
    unsafe = line.assumed is not None and _relative(point, limit) < ASSUMED_MARGIN
    return _Held(
        truth, point, limit, line.unit, line.slope, boundary, line.working, line.assumed, as_value, as_unit, unsafe
    )


def _digits(reading: Reading) -> int:
    """Decimals of the value as it was given: a computed value has no rounding to speak of."""
    o = reading.observation
    if reading.formula is not None:
        return 9
    if o.digits is not None:
        return o.digits
    text = f"{o.value:.10g}"
    return len(text.partition(".")[2]) if "e" not in text else 0


def _above(value: Interval, bound: float, inclusive: bool) -> Truth:
    low_is, high_is = same(value.low, bound), same(value.high, bound)
    if (value.low > bound and not low_is) or (low_is and (inclusive or not value.low_in)):
        return Truth.TRUE
    if (value.high < bound and not high_is) or (high_is and not (inclusive and value.high_in)):
        return Truth.FALSE
    return Truth.UNKNOWN


def _below(value: Interval, bound: float, inclusive: bool) -> Truth:
    return _above(Interval(-value.high, -value.low, value.high_in, value.low_in), -bound, inclusive)


def _relative(value: float, bound: float) -> float:
    return abs(value - bound) / abs(bound) if bound else (math.inf if value else 0.0)


def _distance(reading: Reading, held: _Held, missing: MissingFact) -> Distance:
    by = held.value - held.bound
    unit = reading.observation.unit
    other = unit is not None and unit != held.unit and held.slope != 0
    return Distance(
        missing.fact,
        held.value,
        held.bound,
        by,
        held.unit,
        _relative(held.value, held.bound) if held.bound else None,
        reading.entry.changes if reading.entry is not None else "can_change",
        by / held.slope if other else None,
        unit if other else None,
        about=missing,
    )


def limit_fact(missing: MissingFact, reading: Reading) -> MissingFact:
    """The limit of the laboratory's own range for this analyte."""
    return MissingFact(
        missing.kind,
        f"{missing.id}:limit",
        f"your laboratory's normal range of {missing.fact}",
        missing.loinc,
        reading.observation.unit,
        aspect="limit",
        subject=missing.fact,
    )
