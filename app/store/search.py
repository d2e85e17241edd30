"""Search over the stored trials in SQL: what fits, in an order that a cursor can go on from, with counts.

A trial is never left out because it lacks the field that a filter is about. One exception: an observational study has
no phases by its nature, so a wish for phases leaves it out. Both databases give the same trials in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
)

from app.store import near
from app.store.near import Point
from app.store.rows import folded
from app.store.search_text import FIELDS, search_words, with_all
from app.store.tables import FACET, SITE, STATE, TRIAL, VERSION
from matching import Asked

Sort = Literal["relevance", "distance", "last_update"]
Key = tuple[int | str, ...]
"""Where a page ended: the values of the order's columns."""

NAMED = ("title", "names", "treatments")
NO_SITE = 1 << 40
MOST_IN_KEY = 1 << 62


@dataclass(frozen=True, slots=True)
class Term:
    """Free text: its words, each in the spellings that count, and the disease and treatment that it names as a whole."""

    words: tuple[tuple[str, ...], ...]
    conditions: tuple[str, ...] = ()
    treatments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. Empty and None: no wish.

    `statuses` None: any. `age`: the days of life between which the person is, from and until. `countries` are case
    folded. `kept_apart`: trials that recruit come before those that will, those by invitation and the rest, whatever
    the order is.
    """

    condition: Asked | None = None
    term: Term | None = None
    intervention: Asked | None = None
    statuses: tuple[str, ...] | None = None
    phases: tuple[str, ...] = ()
    study_types: tuple[str, ...] = ()
    sex: str | None = None
    age: tuple[float, float] | None = None
    countries: tuple[str, ...] = ()
    here: Point | None = None
    radius_km: float | None = None
    sort: Sort = "relevance"
    kept_apart: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One trial found: its summary as stored."""

    nct_id: str
    summary: bytes
    key: Key


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One version of the data for all questions of one answer."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


def page(connection: Connection, query: Query, *, limit: int, after: Key | None = None) -> list[Hit]:
    """At most `limit` trials behind the place `after`, in the order of the query."""
    dialect = connection.dialect.name
    source = _fitting(query, filters(query, dialect))
    order = _order(query, dialect, source.place)
    columns = [column.label(f"by_{number}") for number, (column, _) in enumerate(order)]
    behind = [_behind(order, after)] if after is not None else []
    statement = (
        select(TRIAL.c.nct_id, TRIAL.c.summary, *columns)
        .select_from(source.tables)
        .where(*source.where, *behind)
        .order_by(*(label.desc() if falling else label for label, (_, falling) in zip(columns, order, strict=True)))
        .limit(limit)
    )
    return [Hit(row[0], row[1], tuple(row[2:])) for row in connection.execute(statement)]


def count(connection: Connection, query: Query, wanted: Mapping[str, ColumnElement[bool]] | None = None) -> int:
    """How many trials fit; `wanted`: only these filters."""
    given = filters(query, connection.dialect.name) if wanted is None else wanted
    return connection.scalar(fitting_ids(query, given, func.count())) or 0


def fitting_ids(
    query: Query, wanted: Mapping[str, ColumnElement[bool]], column: ColumnElement[Any] | None = None
) -> Select[Any]:
    """The ids (or another column) of the trials that pass the filters."""
    source = _fitting(query, wanted)
    return select(TRIAL.c.nct_id if column is None else column).select_from(source.tables).where(*source.where)


def key_of(query: Query, position: Sequence[object]) -> Key | None:
    """The values as a place in the order of the query; None where they cannot be one."""
    shape: tuple[type, ...] = (int,) if query.kept_apart else ()
    shape += {"last_update": (str, str), "distance": (int, int, str), "relevance": (int, int, str, str)}[query.sort]
    if tuple(map(type, position)) != shape:
        return None
    key = tuple(value for value in position if isinstance(value, (int, str)))
    return None if any(isinstance(value, int) and abs(value) > MOST_IN_KEY for value in key) else key


def parts(connection: Connection, nct_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Parts of the whole trials by their names; what a trial lacks is left out."""
    if not names or not nct_ids:
        return {}
    present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
    rows = connection.execute(
        select(TRIAL.c.nct_id, VERSION.c.document)
        .select_from(TRIAL.join(VERSION, present))
        .where(TRIAL.c.nct_id.in_(nct_ids))
    )
    return {
        row.nct_id: {name: whole[name] for name in names if name in whole}
        for row in rows
        for whole in (orjson.loads(row.document),)
    }


def data_version(connection: Connection) -> str:
    """The version of the data that the connection sees."""
    return str(connection.scalar(select(STATE.c.digest).where(STATE.c.id == 1)))


def ids(connection: Connection, query: Query) -> list[str]:
    """The ids of all trials that fit, in the order of their ids."""
    wanted = filters(query, connection.dialect.name)
    return sorted(connection.scalars(fitting_ids(query, wanted)))


def filters(query: Query, dialect: str) -> dict[str, ColumnElement[bool]]:
    """Every filter that is asked for by its name, in the order in which a funnel applies them."""
    found: dict[str, ColumnElement[bool]] = {}
    if query.condition is not None:
        found["condition"] = _of_concept("condition", query.condition, dialect, ("title", "names"))
    if query.intervention is not None:
        found["intervention"] = _of_concept("intervention", query.intervention, dialect, ("title", "treatments"))
    if query.term is not None:
        found["term"] = _of_term(query.term, dialect)
    if query.statuses is not None:
        found["status"] = or_(TRIAL.c.overall_status.is_(None), TRIAL.c.overall_status.in_(query.statuses))
    if query.study_types:
        found["study_type"] = or_(TRIAL.c.study_type.is_(None), TRIAL.c.study_type.in_(query.study_types))
    if query.phases:
        none_known = and_(
            TRIAL.c.nct_id.not_in(_having("phase")),
            or_(TRIAL.c.study_type.is_(None), TRIAL.c.study_type == "INTERVENTIONAL"),
        )
        found["phase"] = or_(_in_facet("phase", query.phases), none_known)
    if query.sex is not None:
        admitted = {query.sex, "ALL"}
        found["sex"] = or_(TRIAL.c.sex.is_(None), TRIAL.c.sex.in_(sorted(admitted)))
    if query.age is not None:
        begins, ends = query.age
        found["age"] = and_(
            or_(TRIAL.c.minimum_age_days.is_(None), TRIAL.c.minimum_age_days < ends),
            or_(TRIAL.c.too_old_at_days.is_(None), TRIAL.c.too_old_at_days > begins),
        )
    if query.countries:
        found["country"] = or_(_in_facet("country", query.countries), TRIAL.c.nct_id.not_in(_having("country")))
    if query.here is not None and query.radius_km is not None:
        found["radius"] = or_(
            TRIAL.c.nct_id.in_(select(SITE.c.nct_id).where(near.in_box(query.here, query.radius_km))),
            TRIAL.c.nct_id.in_(select(SITE.c.nct_id).where(SITE.c.lat.is_(None))),
            TRIAL.c.nct_id.not_in(select(SITE.c.nct_id)),
        )
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """The tables to read, what must hold, and the number of each trial's best site (None: not asked for)."""

    tables: FromClause
    where: list[ColumnElement[bool]]
    place: ColumnElement[int] | None = None


def _fitting(query: Query, wanted: Mapping[str, ColumnElement[bool]]) -> _Source:
    where = list(wanted.values())
    by_radius = "radius" in wanted
    if query.here is None or not (by_radius or query.sort == "distance"):
        return _Source(TRIAL, where)
    order = near.site_order(query.here, query.radius_km, query.countries)
    best = (
        select(SITE.c.nct_id, func.min(order).label("place"))
        .select_from(SITE.join(TRIAL, TRIAL.c.nct_id == SITE.c.nct_id))
        .where(*where)
        .group_by(SITE.c.nct_id)
        .subquery("best")
    )
    if by_radius:
        # The filter's own condition only narrows what the number is made for.
        where = [*where, near.is_within(best.c.place)]
    return _Source(TRIAL.outerjoin(best, best.c.nct_id == TRIAL.c.nct_id), where, best.c.place)


def _order(query: Query, dialect: str, place: ColumnElement[int] | None) -> list[tuple[ColumnElement[Any], bool]]:
    """Columns of the order, each with whether it falls; the last one makes it total."""
    text_order = "C" if dialect == "postgresql" else "BINARY"
    group = near.status_group(TRIAL.c.overall_status)
    updated = func.coalesce(TRIAL.c.last_update, "").collate(text_order)
    by_id = TRIAL.c.nct_id.collate(text_order)
    relevance = (_relevance(query, dialect), False)
    columns: list[tuple[ColumnElement[Any], bool]] = [(group, False)] if query.kept_apart else []
    if query.sort == "last_update":
        return [*columns, (updated, True), (by_id, False)]
    if query.sort == "distance" and place is not None:
        return [*columns, (func.coalesce(place, literal(NO_SITE, BigInteger)), False), relevance, (by_id, False)]
    return [*columns, relevance, (group, False), (updated, True), (by_id, False)]


def _behind(order: Sequence[tuple[ColumnElement[Any], bool]], after: Key) -> ColumnElement[bool]:
    """Rows that come after a place in the order."""
    either: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, falling), value in zip(order, after, strict=True):
        either.append(and_(*equal, column < value if falling else column > value))
        equal.append(column == value)
    return or_(*either)


def _relevance(query: Query, dialect: str) -> ColumnElement[int]:
    """0 for what was asked for, more for what is only a kind of it or only speaks of it."""
    parts: list[ColumnElement[int]] = []
    if query.condition is not None:
        parts.append(_step("condition", query.condition, dialect, ("title", "names")))
    if query.intervention is not None:
        parts.append(_step("intervention", query.intervention, dialect, ("title", "treatments")))
    if query.term is not None:
        term = query.term
        steps: list[tuple[ColumnElement[bool], int]] = []
        if term.words:
            steps.append((TRIAL.c.nct_id.in_(with_all(dialect, term.words, ("title",))), 0))
            steps.append((TRIAL.c.nct_id.in_(with_all(dialect, term.words, NAMED)), 1))
        for kind, ids in (("condition", term.conditions), ("intervention", term.treatments)):
            if ids:
                steps += [(_in_facet(kind, ids), 1), (_in_facet(f"{kind}_above", ids), 2)]
        parts.append(_first(steps, 3))
    if not parts:
        return literal(0, Integer)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _step(kind: str, asked: Asked, dialect: str, fields: Sequence[str]) -> ColumnElement[int]:
    words = search_words(asked.text)
    steps: list[tuple[ColumnElement[bool], int]] = []
    if words and asked.how != "exact":
        steps.append((TRIAL.c.nct_id.in_(with_all(dialect, [[word] for word in words], fields)), 0))
    if asked.ids:
        steps.append((_in_facet(kind, asked.ids), 0 if asked.how in ("exact", "spelling") else 1))
    return _first(steps, 2)


def _first(steps: Sequence[tuple[ColumnElement[bool], int]], otherwise: int) -> ColumnElement[int]:
    if not steps:
        return literal(otherwise, Integer)
    return case(*((test, literal(value, Integer)) for test, value in steps), else_=literal(otherwise, Integer))


def _of_concept(kind: str, asked: Asked, dialect: str, fields: Sequence[str]) -> ColumnElement[bool]:
    """The concept, a kind of it, or (only where no concept is known) its words."""
    either: list[ColumnElement[bool]] = []
    if kind == "condition":
        either.append(_in_facet("word", [folded(asked.text)]))
    if asked.ids:
        either += [_in_facet(kind, asked.ids), _in_facet(f"{kind}_above", asked.ids)]
    words = search_words(asked.text)
    if words and (not asked.ids or kind == "intervention"):
        either.append(TRIAL.c.nct_id.in_(with_all(dialect, [[word] for word in words], fields)))
    return or_(*either) if either else false()


def _of_term(term: Term, dialect: str) -> ColumnElement[bool]:
    either: list[ColumnElement[bool]] = []
    if term.words:
        either.append(TRIAL.c.nct_id.in_(with_all(dialect, term.words, FIELDS)))
    for kind, ids in (("condition", term.conditions), ("intervention", term.treatments)):
        if ids:
            either += [_in_facet(kind, ids), _in_facet(f"{kind}_above", ids)]
    return or_(*either) if either else false()


def _having(kind: str) -> Select[Any]:
    return select(FACET.c.nct_id).where(FACET.c.kind == kind)


def _in_facet(kind: str, values: Sequence[str]) -> ColumnElement[bool]:
    return TRIAL.c.nct_id.in_(_having(kind).where(FACET.c.value.in_(sorted(set(values)))))
