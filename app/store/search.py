"""Search over the stored trials in SQL: what fits, in an order that a cursor can go on from, with counts.

A trial is never left out because it lacks the field that a filter is about. One exception: an observational study has
no phases by its nature, so a wish for phases leaves it out. Both databases give the same trials in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)

from app.store import found, near
from app.store.found import Source
from app.store.near import Point
from app.store.rows import STANDING, folded
from app.store.search_text import FIELDS, holding_all, search_words, with_all
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

    @property
    def unfiltered(self) -> bool:
        """Whether every trial fits."""
        reach = self.here if self.radius_km is None else None
        return self == Query(here=reach, sort=self.sort, kept_apart=self.kept_apart)


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


def find(connection: Connection, query: Query, *, limit: int, after: Key | None = None) -> tuple[list[Hit], int]:
    """A page, and how many trials fit."""
    every, placed = _driven(query, connection.dialect.name)
    if after is not None or query.unfiltered:
        return _page(connection, query, placed, limit, after)[0], _count(connection, query, every)
    # The first page counts on its way: what is found need not be found twice.
    hits, total = _page(connection, query, placed, limit, None, counts=True)
    return hits, total


def page(connection: Connection, query: Query, *, limit: int, after: Key | None = None) -> list[Hit]:
    """At most `limit` trials behind the place `after`, in the order of the query."""
    return _page(connection, query, _driven(query, connection.dialect.name)[1], limit, after)[0]


def count(connection: Connection, query: Query, wanted: Mapping[str, ColumnElement[bool]] | None = None) -> int:
    """How many trials fit; `wanted`: only these filters."""
    if wanted is not None:
        return connection.scalar(fitting_ids(query, wanted, func.count())) or 0
    return _count(connection, query, _driven(query, connection.dialect.name)[0])


def _page(
    connection: Connection, query: Query, source: Source, limit: int, after: Key | None, *, counts: bool = False
) -> tuple[list[Hit], int]:
    order = _order(query, connection.dialect.name, source)
    columns = [column.label(f"by_{number}") for number, (column, _) in enumerate(order)]
    behind = [_behind(order, after)] if after is not None else []
    statement = (
        select(source.nct_id, func.count().over() if counts else literal(0, Integer), *columns)
        .select_from(source.tables)
        .where(*source.where, *behind)
        .order_by(*(label.desc() if falling else label for label, (_, falling) in zip(columns, order, strict=True)))
        .limit(limit)
    )
    rows = connection.execute(statement).all()
    # The wide rows are read of those alone that are shown.
    hits = with_summaries(connection, [(row[0], tuple(row[2:])) for row in rows])
    return hits, rows[0][1] if rows else 0


def with_summaries(connection: Connection, found_keys: Sequence[tuple[str, Key]]) -> list[Hit]:
    """The trials found, each with its key, with their summaries."""
    if not found_keys:
        return []
    wide = select(TRIAL.c.nct_id, TRIAL.c.summary).where(TRIAL.c.nct_id.in_([nct_id for nct_id, _ in found_keys]))
    summaries = {row.nct_id: row.summary for row in connection.execute(wide)}
    return [Hit(nct_id, summaries[nct_id], key) for nct_id, key in found_keys]


def _count(connection: Connection, query: Query, source: Source) -> int:
    if query.unfiltered:
        return connection.scalar(select(STATE.c.trials).where(STATE.c.id == 1)) or 0
    return connection.scalar(select(func.count()).select_from(source.tables).where(*source.where)) or 0


def fitting_ids(
    query: Query, wanted: Mapping[str, ColumnElement[bool]], column: ColumnElement[Any] | None = None
) -> Select[Any]:
    """The ids (or another column) of the trials that pass the filters."""
    tables, where = _fitting(query, wanted)
    return select(TRIAL.c.nct_id if column is None else column).select_from(tables).where(*where)


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
    named: dict[str, ColumnElement[bool]] = {wish.name: _fulfils(wish, dialect) for wish in wishes_of(query)}
    if query.statuses is not None:
        named["status"] = _has_status(query.statuses)
    if query.study_types:
        named["study_type"] = or_(TRIAL.c.study_type.is_(None), TRIAL.c.study_type.in_(query.study_types))
    if query.phases:
        named["phase"] = or_(_in_facet("phase", query.phases), and_(_in_facet("none", ["phase"]), _may_have_phases()))
    if query.sex is not None:
        named["sex"] = _takes_sex(query.sex)
    if query.age is not None:
        named["age"] = _takes_age(*query.age)
    if query.countries:
        named["country"] = _in_one_facet((("country", query.countries), ("none", ("country",))))
    if query.here is not None and query.radius_km is not None:
        named["radius"] = or_(
            TRIAL.c.nct_id.in_(select(SITE.c.nct_id).where(near.in_cells(query.here, query.radius_km))),
            TRIAL.c.nct_id.in_(select(SITE.c.nct_id).where(SITE.c.lat.is_(None))),
            _in_facet("none", ["site"]),
        )
    return named


def _driven(query: Query, dialect: str) -> tuple[Source, Source]:
    """Everything that fits, read from the shortest lists: those of what is asked for, or of the place, or all trials.

    Twice: as it is counted, and with all that its order needs.
    """
    wishes = wishes_of(query)
    by_radius = query.here is not None and query.radius_km is not None
    if query.here is not None and query.radius_km is not None:
        source = found.within(wishes, query.here, query.radius_km, query.countries, query.statuses, dialect)
    else:
        source = found.of_wishes(wishes, query.statuses, dialect) if wishes else found.of_all()
    where: list[ColumnElement[bool]] = []
    of_trial: list[ColumnElement[bool]] = []
    if query.statuses is not None:
        numbered = set(query.statuses) <= STANDING.keys()
        if numbered and source.tables is not TRIAL:
            where.append(source.standing.in_(found.standings(query.statuses)))
        else:
            of_trial.append(_has_status(query.statuses))
    if query.study_types:
        of_trial.append(or_(TRIAL.c.study_type.is_(None), TRIAL.c.study_type.in_(query.study_types)))
    if query.phases:
        none = and_(found.has_facet(source, (("none", ["phase"]),)), _may_have_phases())
        of_trial.append(or_(found.has_facet(source, (("phase", query.phases),)), none))
    if query.sex is not None:
        of_trial.append(_takes_sex(query.sex))
    if query.age is not None:
        of_trial.append(_takes_age(*query.age))
    if query.countries:
        either = (("country", query.countries), ("none", ["country"]))
        where.append(found.has_facet(source, either) if source.tables is not TRIAL else _in_one_facet(either))
    tables = source.tables
    if of_trial and not source.has_trial:
        tables = tables.join(TRIAL, TRIAL.c.nct_id == source.nct_id)
    source = replace(source, tables=tables, where=[*source.where, *where, *of_trial])
    if query.here is None or by_radius or query.sort != "distance":
        return source, source
    return source, found.with_places(source, query.here, query.countries)


def wishes_of(query: Query) -> list[found.Asked]:
    """What is asked for in words or names, in the order in which a funnel applies it."""
    wishes = []
    if query.condition is not None:
        wishes.append(_wish("condition", query.condition, ("title", "names")))
    if query.intervention is not None:
        wishes.append(_wish("intervention", query.intervention, ("title", "treatments")))
    if query.term is not None:
        term = query.term
        steps = ((("title",), 0), (NAMED, 1), (FIELDS, 3))
        words = [(found.Words(term.words, fields), step) for fields, step in steps if term.words]
        facets = [
            (kind, ids, step)
            for name, ids in (("condition", term.conditions), ("intervention", term.treatments))
            for kind, step in ((name, 1), (f"{name}_above", 2))
        ]
        wishes.append(found.Asked("term", facets, words))
    return wishes


def _wish(kind: str, asked: Asked, fields: Sequence[str]) -> found.Asked:
    own = 0 if asked.how in ("exact", "spelling") else 1
    facets = [(kind, asked.ids, own), (f"{kind}_above", asked.ids, 2)]
    if kind == "condition":
        facets.append(("word", (folded(asked.text),), 2))
    words = search_words(asked.text)
    if not words:
        return found.Asked(kind, facets)
    fulfils = not asked.ids or kind == "intervention"
    lists = [(found.Words([[word] for word in words], fields), 2 if asked.how == "exact" else 0)]
    if fulfils:
        return found.Asked(kind, facets, lists)
    return found.Asked(kind, facets, beside=lists if asked.how != "exact" else ())


def _fitting(query: Query, wanted: Mapping[str, ColumnElement[bool]]) -> tuple[FromClause, list[ColumnElement[bool]]]:
    """The trials that pass some of the filters: for counts of what a filter takes away."""
    where = list(wanted.values())
    if query.here is None or "radius" not in wanted:
        return TRIAL, where
    order = near.site_order(query.here, query.radius_km, query.countries)
    best = (
        select(SITE.c.nct_id, func.min(order).label("place"))
        .select_from(SITE.join(TRIAL, TRIAL.c.nct_id == SITE.c.nct_id))
        .where(*where)
        .group_by(SITE.c.nct_id)
        .subquery("best")
    )
    # The filter's own condition only narrows what the number is made for.
    return TRIAL.outerjoin(best, best.c.nct_id == TRIAL.c.nct_id), [*where, near.is_within(best.c.place)]


def _order(query: Query, dialect: str, source: Source) -> list[tuple[ColumnElement[Any], bool]]:
    """Columns of the order, each with whether it falls; the last one makes it total."""
    text_order = "C" if dialect == "postgresql" else "BINARY"
    updated = source.updated.collate(text_order)
    by_id = source.nct_id.collate(text_order)
    relevance = (source.step if source.step is not None else literal(0, Integer), False)
    columns: list[tuple[ColumnElement[Any], bool]] = [(source.group, False)] if query.kept_apart else []
    if query.sort == "last_update":
        return [*columns, (updated, True), (by_id, False)]
    if query.sort == "distance" and source.place is not None:
        return [*columns, (func.coalesce(source.place, literal(NO_SITE, BigInteger)), False), relevance, (by_id, False)]
    return [*columns, relevance, (source.group, False), (updated, True), (by_id, False)]


def _behind(order: Sequence[tuple[ColumnElement[Any], bool]], after: Key) -> ColumnElement[bool]:
    """Rows that come after a place in the order."""
    either: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, falling), value in zip(order, after, strict=True):
        either.append(and_(*equal, column < value if falling else column > value))
        equal.append(column == value)
    return or_(*either)


def _has_status(statuses: Sequence[str]) -> ColumnElement[bool]:
    return or_(TRIAL.c.overall_status.is_(None), TRIAL.c.overall_status.in_(statuses))


def _takes_sex(sex: str) -> ColumnElement[bool]:
    return or_(TRIAL.c.sex.is_(None), TRIAL.c.sex.in_(sorted({sex, "ALL"})))


def _takes_age(begins: float, ends: float) -> ColumnElement[bool]:
    return and_(
        or_(TRIAL.c.minimum_age_days.is_(None), TRIAL.c.minimum_age_days < ends),
        or_(TRIAL.c.too_old_at_days.is_(None), TRIAL.c.too_old_at_days > begins),
    )


def _may_have_phases() -> ColumnElement[bool]:
    return or_(TRIAL.c.study_type.is_(None), TRIAL.c.study_type == "INTERVENTIONAL")


def _fulfils(wish: found.Asked, dialect: str) -> ColumnElement[bool]:
    """Whether a trial is in one of the lists that fulfil the wish."""
    lists: list[Select[Any]] = [
        _having(kind).where(FACET.c.value.in_(sorted(set(values)))) for kind, values, _ in wish.facets if values
    ]
    lists += [holding_all(with_all(dialect, asked.words, asked.fields)) for asked, _ in wish.words]
    return TRIAL.c.nct_id.in_(union_all(*lists)) if lists else false()


def _having(kind: str) -> Select[Any]:
    return select(FACET.c.nct_id).where(FACET.c.kind == kind)


def _in_facet(kind: str, values: Sequence[str]) -> ColumnElement[bool]:
    return _in_one_facet(((kind, values),))


def _in_one_facet(either: Sequence[tuple[str, Sequence[str]]]) -> ColumnElement[bool]:
    tests = [and_(FACET.c.kind == kind, FACET.c.value.in_(sorted(set(values)))) for kind, values in either]
    return TRIAL.c.nct_id.in_(select(FACET.c.nct_id).where(or_(*tests)))
