"""Counts over all stored trials for researchers: what there is, how much was read, which thresholds trials set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, distinct, func, select

from app.store.search import snapshot
from app.store.tables import CRITERIA, FACET, SITE, TRIAL

READ_AT_MOST = 50_000
"""Of more trials than this, the criteria of every second, third, ... are read."""

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The bounds that trials set on one analyte in one unit; quartiles are least, lower, median, upper, greatest."""

    analyte: str
    loinc: str | None
    unit: str
    trials: int
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    lower_count: int
    upper_count: int


@dataclass(frozen=True, slots=True)
class Stats:
    """`read_of`: of how many trials the criteria were read for coverage and thresholds."""

    trials: int
    sites: int
    by_status: dict[str | None, int]
    by_study_type: dict[str | None, int]
    by_phase: dict[str, int]
    countries: int
    read_of: int
    coverage: dict[str, int]
    with_unreadable: int
    median_share_read: float | None
    thresholds: tuple[Thresholds, ...]


@lru_cache(maxsize=2)
def stats_of(engine: Engine, version: str) -> Stats:
    """The statistics of a version of the data, kept until another is asked for: of trials only, nothing of a patient."""
    with snapshot(engine) as connection:
        return stats(connection)


def stats(connection: Connection) -> Stats:
    """Reads all that is stored; the caller keeps the answer for as long as the data's version is the same."""
    trials = connection.scalar(select(func.count()).select_from(TRIAL)) or 0
    step = 1 + trials // (READ_AT_MOST + 1)
    coverage: Counter[str] = Counter()
    shares: list[float] = []
    read_of = with_unreadable = 0
    lower: dict[tuple[str, str | None, str], list[float]] = defaultdict(list)
    upper: dict[tuple[str, str | None, str], list[float]] = defaultdict(list)
    naming: Counter[tuple[str, str | None, str]] = Counter()
    statement = select(CRITERIA.c.parsed).order_by(CRITERIA.c.nct_id)
    for number, (parsed,) in enumerate(connection.execute(statement, execution_options={"yield_per": 200})):
        if number % step:
            continue
        read_of += 1
        told = orjson.loads(parsed)
        own = told.get("coverage", {})
        coverage.update(own)
        with_unreadable += bool(own.get("unreadable"))
        if own.get("criteria"):
            shares.append(1 - own.get("unreadable", 0) / own["criteria"])
        seen = set()
        for key, bounds in _measurements(told):
            seen.add(key)
            for side, values in (("lower", lower), ("upper", upper)):
                value = _absolute(bounds.get(side))
                if value is not None:
                    values[key].append(value)
        naming.update(seen)
    ordered = sorted(naming, key=lambda key: (-naming[key], key[0], key[2]))
    return Stats(
        trials=trials,
        sites=connection.scalar(select(func.count()).select_from(SITE)) or 0,
        by_status=_by(connection, TRIAL.c.overall_status),
        by_study_type=_by(connection, TRIAL.c.study_type),
        by_phase={str(name): number for name, number in _facet(connection, "phase")},
        countries=connection.scalar(select(func.count(distinct(FACET.c.value))).where(FACET.c.kind == "country")) or 0,
        read_of=read_of,
        coverage=dict(sorted(coverage.items())),
        with_unreadable=with_unreadable,
        median_share_read=round(median(shares), 4) if shares else None,
        thresholds=tuple(
            Thresholds(
                *key, naming[key], _quartiles(lower[key]), _quartiles(upper[key]), len(lower[key]), len(upper[key])
            )
            for key in ordered
        ),
    )


def _by(connection: Connection, column: Any) -> dict[str | None, int]:
    rows = connection.execute(select(column, func.count()).select_from(TRIAL).group_by(column)).all()
    return {row[0]: row[1] for row in sorted(rows, key=lambda row: (-row[1], row[0] or ""))}


def _facet(connection: Connection, kind: str) -> list[tuple[str, int]]:
    rows = connection.execute(
        select(FACET.c.value, func.count()).where(FACET.c.kind == kind).group_by(FACET.c.value).order_by(FACET.c.value)
    )
    return [(row[0], row[1]) for row in rows]


def _measurements(parsed: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str | None, str], Mapping[str, Any]]]:
    """Each measurement with a bound in a unit, wherever it stands in the trees; multiples of a limit are no thresholds."""
    waiting: list[Any] = [criterion.get("expression") for criterion in parsed.get("criteria", ())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("kind") == "measurement":
                bounds = [bound for side in ("lower", "upper") if (bound := node.get(side)) and not bound.get("times")]
                unit = bounds[0]["unit"] if bounds else None
                if unit is not None and node.get("analyte"):
                    yield (node["analyte"]["name"], node["analyte"].get("loinc"), unit), node
            else:
                waiting.extend(value for value in node.values() if isinstance(value, (dict, list)))


def _absolute(bound: Mapping[str, Any] | None) -> float | None:
    """The value of a bound that is no multiple of a limit; None where it is one, or absent."""
    return None if not bound or bound.get("times") else float(bound["value"])


def _quartiles(values: list[float]) -> tuple[float, ...]:
    if not values:
        return ()
    ordered = sorted(values)
    return tuple(ordered[round(share * (len(ordered) - 1))] for share in QUARTERS)
