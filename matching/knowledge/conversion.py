"""From one UCUM unit to another, with the working shown, or a reason why not.

Everything goes through a straight line, value * slope + intercept, made once for each (analyte, from, to).
Factors of single codes stand in data/ucum.csv; a test holds them, and products of them, equal to what an independent
UCUM library computes. That library takes seconds to start, so it is not used when the service runs.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from matching.knowledge.analytes import AnalyteEntry, by_name

_PART = re.compile(r"(?P<code>\[[^\]]*\]|\{[^}]*\}|10\*\d+|[A-Za-z%]+(?:\[[^\]]*\])?|1)(?P<exponent>\d)?")
_PIECES = re.compile(r"\{[^}]*\}|(?:[^.{\[]|\[[^\]]*\])+")
_STROKE = re.compile(r"/(?![^{]*\})")
_COUNT_OF = re.compile(r"\((\d+)\.([a-z]+)\)")
_TIMES = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0, "h": 1 / 24, "min": 1 / 1440}
"""Days in a unit of time, for durations only: ages and windows go by the calendar."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value in another unit: `value` = the value given * `slope` + `intercept`, to 12 digits; `working` rounds to 4 digits."""

    value: float
    slope: float
    intercept: float
    working: str


@dataclass(frozen=True, slots=True)
class NotComparable:
    """Two units between which there is no safe way, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float
    intercept: float
    how: str


Dimension = tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]
"""Exponents of the base units above and below the stroke, kept apart: mg/g and % are both numbers, yet not the same."""


@cache
def _codes() -> dict[str, tuple[Fraction, str]]:
    table = files("matching.knowledge").joinpath("data/ucum.csv").read_text(encoding="utf-8")
    return {row["code"]: (Fraction(row["factor"]), row["dimension"]) for row in csv.DictReader(table.splitlines())}


@cache
def measure_of(unit: str) -> tuple[Fraction, Dimension] | None:
    """A UCUM code as a factor to base units and its dimension; None for a code that the table does not hold."""
    factor = Fraction(1)
    above: Counter[str] = Counter()
    below: Counter[str] = Counter()
    body, tail = (
        (unit[: unit.index("{")], unit[unit.index("{") :]) if unit.endswith("}") and "/{" not in unit else (unit, "")
    )
    if tail and (not body or body.endswith((".", "/"))):
        body, tail = unit, ""
    if tail:
        above[tail] += 1
    for index, part in enumerate(_STROKE.split(_COUNT_OF.sub(r"\1#\2", body))):
        for piece in _PIECES.findall(part):
            count, _, piece = piece.rpartition("#")
            read = _piece(piece)
            if read is None:
                return None
            size, bases = read
            size *= int(count or 1)
            factor = factor / size if index else factor * size
            for base, exponent in bases:
                side = below if (index > 0) == (exponent > 0) else above
                side[base] += abs(exponent)
    return factor, (tuple(sorted(above.items())), tuple(sorted(below.items())))


def _piece(piece: str) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """One code with its exponent: its factor, and its base units with their exponents."""
    code, power = piece, 1
    if piece not in _codes() and not piece.startswith("{"):
        found = _PART.fullmatch(piece)
        if found is None or not found["exponent"]:
            return None
        code, power = found["code"], int(found["exponent"])
    if code.startswith("{"):
        return Fraction(1), ((code, power),)
    if code not in _codes():
        return None
    factor, dimension = _codes()[code]
    match = re.fullmatch(r"(\[?[^\d-]*\]?)(-?\d)?", dimension)
    if not dimension or match is None or dimension == "":
        return factor**power, ()
    if dimension == "1":
        return factor**power, (("1", power),)
    return factor**power, ((match[1], int(match[2] or 1) * power),)


@cache
def fits(unit: str, analyte: str) -> bool:
    """Whether a value of the analyte may stand in this unit: one the table allows, or one of the same dimension.

    An analyte that the table does not know fits every unit that is known.
    """
    entry = by_name(analyte)
    measured = measure_of(unit)
    if entry is None:
        return measured is not None
    if unit in entry.units:
        return True
    if measured is None:
        return False
    return any((allowed := measure_of(u)) is not None and allowed[1] == measured[1] for u in entry.units)


def convert(
    value: float, from_unit: str, to_unit: str, analyte: str | None = None, *, delta: bool = False
) -> Conversion | NotComparable:
    """A value in `to_unit`; both units are UCUM codes, `analyte` is a preferred name of the analyte table.

    `delta`: the value is a difference (a fall of 1 Cel is a fall of 1.8 [degF]).
    """
    line = _line(analyte, from_unit, to_unit, delta)
    if isinstance(line, str):
        return NotComparable(line)
    result = float(f"{value * line.slope + line.intercept:.12g}")  # 150000/uL is 150, not 149.99999999999997
    working = f"{significant(value)} {from_unit} = {significant(result)} {to_unit}{line.how}"
    return Conversion(result, line.slope, line.intercept, working)


def plausible(entry: AnalyteEntry, value: float, unit: str) -> bool | None:
    """Whether a value of this size occurs in people; None where the unit does not fit or no range is on file."""
    if entry.unit is None or (entry.plausible_low is None and entry.plausible_high is None):
        return None
    converted = convert(value, unit, entry.unit, entry.name)
    if isinstance(converted, NotComparable):
        return None
    low, high = entry.plausible_low, entry.plausible_high
    return (low is None or converted.value >= low) and (high is None or converted.value <= high)


def assume_unit(entry: AnalyteEntry, value: float) -> str | None:
    """The unit that a text means which writes this number of the analyte and no unit; None where it could be several.

    The analyte's default unit where the number is plausible in it; else the only unit in which it is plausible
    (units of the same scale, such as 10*9/L and 10*3/uL, are one).
    """
    if entry.default_unit is not None and plausible(entry, value, entry.default_unit):
        return entry.default_unit
    found: dict[float, str] = {}
    for unit in entry.units:
        if plausible(entry, value, unit) is not False:
            line = _line(entry.name, unit, entry.units[0], False)
            if isinstance(line, str):
                return None  # a unit that cannot be weighed against the others
            found.setdefault(float(f"{line.slope:.9g}"), unit)
    return next(iter(found.values())) if len(found) == 1 else None


def convert_time(value: float, from_unit: str, to_unit: str) -> float | None:
    """A duration in another unit of time (a month is 365.25/12 days); None if either is no unit of time."""
    if from_unit not in _TIMES or to_unit not in _TIMES:
        return None
    return value if from_unit == to_unit else value * (_TIMES[from_unit] / _TIMES[to_unit])


def significant(value: float) -> str:
    """A number rounded to 4 significant digits, without an exponent."""
    if value == 0 or value != value or abs(value) in (float("inf"),):
        return f"{value:g}"
    text = f"{value:.4g}"
    if "e" in text:
        text = f"{float(text):.10f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{float(text):.0f}"
    return text


@cache
def _line(analyte: str | None, from_unit: str, to_unit: str, delta: bool) -> _Line | str:
    entry = by_name(analyte) if analyte is not None else None
    name = entry.name if entry is not None else "this measurement"
    for unit in (from_unit, to_unit):
        if measure_of(unit) is None:
            return f"the unit {unit} is not known"
        if entry is not None and not fits(unit, entry.name):
            return f"the unit {unit} does not fit {name}"
    if from_unit == to_unit:
        return _Line(1.0, 0.0, "")
    temperature = _temperature(from_unit, to_unit, delta)
    if temperature is not None:
        return temperature
    source, target = measure_of(from_unit), measure_of(to_unit)
    assert source is not None and target is not None
    if source[1] == target[1]:
        return _Line(float(source[0] / target[0]), 0.0, "")
    if entry is None:
        return f"{from_unit} and {to_unit} measure different things"
    return _through_table(entry, from_unit, to_unit, source, target)


def _temperature(from_unit: str, to_unit: str, delta: bool) -> _Line | None:
    match (from_unit, to_unit):
        case ("Cel", "[degF]"):
            return _Line(1.8, 0.0 if delta else 32.0, "")
        case ("[degF]", "Cel"):
            return _Line(1 / 1.8, 0.0 if delta else -32 / 1.8, "")
        case _:
            return None


def _through_table(
    entry: AnalyteEntry,
    from_unit: str,
    to_unit: str,
    source: tuple[Fraction, Dimension],
    target: tuple[Fraction, Dimension],
) -> _Line | str:
    """Ways that only the analyte's row opens: a bridge, the molar mass, the valence."""
    for bridge in entry.bridges:
        for left, right, slope, intercept in (
            (bridge.left, bridge.right, bridge.slope, bridge.intercept),
            (
                bridge.right,
                bridge.left,
                1 / bridge.slope,
                -bridge.intercept / bridge.slope if bridge.intercept else 0.0,
            ),
        ):
            start, stop = measure_of(left), measure_of(right)
            if start is None or stop is None or start[1] != source[1] or stop[1] != target[1]:
                continue
            before, after = float(source[0] / start[0]), float(stop[0] / target[0])
            return _Line(before * slope * after, intercept * after, f" ({bridge.note})" if bridge.note else "")
    way = _chemical(entry, source[1], target[1])
    if way is None:
        return f"{from_unit} and {to_unit} of {entry.name} cannot be converted safely"
    factor, how = way
    return _Line(float(source[0] / target[0] * factor), 0.0, how)


def _chemical(entry: AnalyteEntry, source: Dimension, target: Dimension) -> tuple[Fraction, str] | None:
    """The factor between mass, amount and equivalents above the stroke (below it everything must agree)."""
    grams = _per_mole(entry, source[0])
    other = _per_mole(entry, target[0])
    if grams is None or other is None or source[1] != target[1]:
        return None
    (size_from, rest_from), (size_to, rest_to) = grams, other
    if rest_from != rest_to:
        return None
    kinds = {base for base, _ in (*source[0], *target[0])}
    said = [f"{significant_mass(entry.molar_mass)} g/mol"] if "g" in kinds and entry.molar_mass else []
    if "eq" in kinds and entry.valence:
        said.append(f"valence {entry.valence}")
    return size_to / size_from, f" ({', '.join(said)})" if said else ""


def _per_mole(
    entry: AnalyteEntry, above: tuple[tuple[str, int], ...]
) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """How many of the base units above the stroke one mole of the analyte is; and what else stands above."""
    found = [base for base, exponent in above if base in ("g", "mol", "eq") and exponent == 1]
    if len(found) != 1:
        return None
    rest = tuple(pair for pair in above if pair[0] != found[0])
    size = {"g": entry.molar_mass, "mol": 1, "eq": entry.valence}[found[0]]
    return None if size is None else (Fraction(str(size)), rest)


def significant_mass(mass: float | None) -> str:
    """A molar mass as the table writes it."""
    return "" if mass is None else f"{mass:g}" if mass < 1000 else f"{mass:.1f}".rstrip("0").rstrip(".")
