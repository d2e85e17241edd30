"""From a number as written to a bound of an analyte: its unit, its size, and whether both can be."""

from __future__ import annotations

from dataclasses import dataclass

from matching.knowledge.analytes import AnalyteEntry
from matching.knowledge.units import Conversion, convert, convert_time, fits
from matching.model.criterion import Bound
from matching.reading.quantities import TITRE, Interval, Limit, Quantity

IMPLAUSIBLE = "implausible value"
UNFIT = "the unit does not belong to what is measured"
TWO_SIZES = "the number can be read in two sizes"
MISMATCH = "the value and its second unit do not agree"

_PER_VOLUME = {"mm3": "/uL", "uL": "/uL", "L": "/L", "mL": "/mL", "dL": "/dL"}
_NO_UNIT = frozenset({None, "1", "{score}", "{points}", "{ratio}", "{INR}"})
_TIMES_OF_TIME = frozenset({"a", "mo", "wk", "d", "h", "min"})


@dataclass(frozen=True, slots=True)
class Sized:
    """A number with its unit, the reading that can be; `assumed`: the text writes no unit."""

    value: float
    unit: str | None
    assumed: bool = False


def _plausible(entry: AnalyteEntry, value: float, unit: str) -> bool:
    if value == 0 or entry.unit is None or (entry.plausible_low is None and entry.plausible_high is None):
        return True
    if unit != entry.unit:
        found = convert(value, unit, entry.unit, entry.name)
        if not isinstance(found, Conversion):
            return True
        value = found.value
    low, high = entry.plausible_low, entry.plausible_high
    slack = 1e-6 * abs(value)
    return (low is None or value >= low - slack) and (high is None or value <= high + slack)


def _size_score(entry: AnalyteEntry, q: Quantity) -> Sized | str:
    if q.unit in _TIMES_OF_TIME or (
        q.unit not in _NO_UNIT and q.unit not in ("%", "mm", "cm") and not fits(q.unit or "1", entry.name)
    ):
        return UNFIT
    can = [v for v in q.numbers if _plausible(entry, v, entry.unit or "1")]
    return Sized(can[0], "1") if can else IMPLAUSIBLE


def size(entry: AnalyteEntry, q: Quantity) -> Sized | str:
    """The bound that `q` is for this analyte, or the reason why it is none.

    A number without a unit takes the table's usual unit if it is plausible in it, else the only allowed unit in which
    it is; with no unit of that kind the bound keeps none and cannot be compared.
    """
    if q.times is not None:
        return Sized(q.first, "1")
    if entry.kind == "score":
        return _size_score(entry, q)
    unit, values = q.unit, q.numbers
    if unit == TITRE:
        return Sized(values[0], "1") if entry.kind == "result" or fits("1", entry.name) else UNFIT
    if unit is not None and unit.startswith("10*") and unit[3:].isdigit():
        values, unit = tuple(v * 10.0 ** int(unit[3:]) for v in values), None
    if unit in _NO_UNIT and not (unit is not None and fits(unit, entry.name)):
        unit = None
    if unit is not None:
        unit = _allowed(entry, unit, values)
        if unit is None:
            return UNFIT
        can = [v for v in values if _plausible(entry, v, unit)]
        if not can:
            return IMPLAUSIBLE
        return Sized(can[0], unit) if len(can) == 1 or (values[0] in can and values[0] >= 1000) else TWO_SIZES
    if not entry.units:
        return Sized(values[0], None)
    for value in values:
        if entry.default_unit is not None and _plausible(entry, value, entry.default_unit):
            return Sized(value, entry.default_unit, True)
    for value in values:
        fitting = [u for u in entry.units if _plausible(entry, value, u)]
        if fitting and all(_same_size(entry, fitting[0], u) for u in fitting):
            return Sized(value, fitting[0], True)
        if fitting:
            return Sized(value, None, True)
    return IMPLAUSIBLE


def _same_size(entry: AnalyteEntry, one: str, other: str) -> bool:
    """One number means the same in both units ("10*9/L" and "10*3/uL")."""
    if one == other:
        return True
    found = convert(1.0, one, other, entry.name)
    return isinstance(found, Conversion) and abs(found.value - 1.0) < 1e-9


def _allowed(entry: AnalyteEntry, unit: str, values: tuple[float, ...]) -> str | None:
    """The unit itself, or what it is short for ("1000 mm3" cells, "10 g" of haemoglobin); None if neither."""
    if fits(unit, entry.name):
        return unit
    per = _PER_VOLUME.get(unit)
    if per is not None and fits(per, entry.name):
        return per
    longer = [u for u in entry.units if u.startswith(unit + "/") and any(_plausible(entry, v, u) for v in values)]
    return longer[0] if len(longer) == 1 else None


def bound(entry: AnalyteEntry, limit: Limit | None) -> Bound | str | None:
    """The limit as a bound of the analyte; a reason where it cannot be one; None for an open end."""
    if limit is None:
        return None
    sized = size(entry, limit.quantity)
    if isinstance(sized, str):
        return sized
    return Bound(sized.value, sized.unit, limit.inclusive, limit.quantity.times)


def plain(limit: Limit | None) -> Bound | None:
    """The limit as a bound of something that no table knows: the number as it is most likely meant."""
    if limit is None:
        return None
    q = limit.quantity
    return Bound(q.first, q.unit if q.times is None and q.unit != TITRE else "1", limit.inclusive, q.times)


def agree(entry: AnalyteEntry | None, one: Interval, other: Interval) -> bool:
    """The same interval in two units, within 5 %."""
    return _agree(entry, one.lower, other.lower) and _agree(entry, one.upper, other.upper)


def _agree(entry: AnalyteEntry | None, a: Limit | None, b: Limit | None) -> bool:
    if a is None or b is None:
        return a is b
    if entry is None:
        if a.quantity.unit is None or b.quantity.unit is None:
            return False
        lasting = convert_time(b.quantity.first, b.quantity.unit, a.quantity.unit)
        if lasting is not None:
            return _near(lasting, a.quantity.first)
        found = convert(b.quantity.first, b.quantity.unit, a.quantity.unit)
        return isinstance(found, Conversion) and _near(found.value, a.quantity.first)
    left, right = size(entry, a.quantity), size(entry, b.quantity)
    if isinstance(left, str) or isinstance(right, str) or left.unit is None or right.unit is None:
        return False
    found = convert(right.value, right.unit, left.unit, entry.name)
    return isinstance(found, Conversion) and _near(found.value, left.value)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 0.05 * max(abs(a), abs(b)) + 1e-12
