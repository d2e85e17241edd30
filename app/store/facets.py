"""Counts beside a search: what each value of a field would find, and how many trials each filter took away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from app.store.search import Query, count, filters, fitting_ids
from app.store.tables import FACET, TRIAL

Facet = Literal["status", "phase", "study_type", "sex", "age_group", "country", "intervention_type"]

FACETS: tuple[Facet, ...] = ("status", "phase", "study_type", "sex", "age_group", "country", "intervention_type")

AGE_GROUPS = {"CHILD": (0.0, 18 * 365.25), "ADULT": (18 * 365.25, 65 * 365.25), "OLDER_ADULT": (65 * 365.25, 1e9)}
"""The registry's groups of ages, in days of life: from and until. A trial counts in each that it takes somebody of."""

NOT_GIVEN = None
"""The value under which trials without the field are counted."""

Counts = list[tuple[str | None, int]]


@dataclass(frozen=True, slots=True)
class Step:
    """One filter of a funnel: how many it took away of what was left, and how many then were left."""

    filter: str
    removed: int
    left: int


def facet(connection: Connection, query: Query, name: Facet) -> Counts:
    """How many trials have each value, the most frequent first; the facet's own filter is lifted, the others hold."""
    wanted = filters(query, connection.dialect.name)
    wanted.pop(name, None)
    if name == "age_group":
        wanted.pop("age", None)
        found = [
            (group, count(connection, query, {**wanted, "age_group": _takes(*ages)}))
            for group, ages in AGE_GROUPS.items()
        ]
    elif name in ("status", "study_type", "sex"):
        column = {"status": TRIAL.c.overall_status, "study_type": TRIAL.c.study_type, "sex": TRIAL.c.sex}[name]
        found = [(row[0], row[1]) for row in connection.execute(_grouped(query, wanted, column))]
    else:
        ids = fitting_ids(query, wanted).subquery()
        kind = select(FACET.c.nct_id, FACET.c.value).where(FACET.c.kind == name).subquery()
        both = ids.outerjoin(kind, kind.c.nct_id == ids.c.nct_id)
        rows = connection.execute(select(kind.c.value, func.count()).select_from(both).group_by(kind.c.value))
        found = [(row[0], row[1]) for row in rows]
    return sorted(found, key=lambda each: (-each[1], each[0] or ""))


def funnel(connection: Connection, query: Query) -> tuple[int, list[Step]]:
    """All stored trials, and what each filter took away when they are applied one after the other."""
    stored = connection.scalar(select(func.count()).select_from(TRIAL)) or 0
    left, applied, steps = stored, {}, []
    for name, condition in filters(query, connection.dialect.name).items():
        applied[name] = condition
        now = count(connection, query, applied)
        steps.append(Step(name, left - now, now))
        left = now
    return stored, steps


def _grouped(query: Query, wanted: dict[str, ColumnElement[bool]], column: ColumnElement[str]):  # type: ignore[no-untyped-def]
    inner = fitting_ids(query, wanted, column.label("value")).subquery()
    return select(inner.c.value, func.count()).group_by(inner.c.value)


def _takes(begins: float, ends: float) -> ColumnElement[bool]:
    return and_(
        or_(TRIAL.c.minimum_age_days.is_(None), TRIAL.c.minimum_age_days < ends),
        or_(TRIAL.c.too_old_at_days.is_(None), TRIAL.c.too_old_at_days > begins),
    )
