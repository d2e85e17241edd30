"""What a search finds, from the facets alone where they tell enough: the trials with all that an order needs.

A facet's row bears its trial's status and last update, so a disease's joinable trials are one short range of an index.
Only filters on other columns look at the trial, through an index that holds them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    String,
    TextualSelect,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
)

from app.store import near
from app.store.rows import OTHER_STANDING, STANDING
from app.store.rows import standing as standing_of
from app.store.search_text import Matches
from app.store.tables import FACET, SITE, TRIAL

TENS = literal_column("10", Integer)

STANDING_OF_T = (
    f"CASE WHEN t.overall_status IS NULL THEN {STANDING[None]} "
    + " ".join(f"WHEN t.overall_status = '{name}' THEN {number}" for name, number in STANDING.items() if name)
    + f" ELSE {OTHER_STANDING} END"
)
"""A trial's status as its number, as facets and sites bear it."""

COLUMNS = (column("nct_id", String), column("step", Integer), column("standing", Integer), column("updated", String))


@dataclass(frozen=True, slots=True)
class Source:
    """Tables and conditions that leave one row a trial, with the columns that orders are made of.

    `place`: the number of each trial's best site (near.py); None: not asked for. `step`: how far it is from what was
    asked for; None: nothing was. `has_trial`: whether the trial's own row is among the tables.
    """

    tables: FromClause
    where: list[ColumnElement[bool]]
    nct_id: ColumnElement[str]
    standing: ColumnElement[int]
    updated: ColumnElement[str]
    step: ColumnElement[int] | None = None
    place: ColumnElement[int] | None = None
    has_trial: bool = False

    @property
    def group(self) -> ColumnElement[int]:
        """The group of the trial's status."""
        return self.standing.op("/")(TENS)


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish for a disease, a treatment or words: lists of trials, each with how far it is from the wish.

    `facets`: kind, values, step. `words`: trials by their words, step. `beside`: lists that may bring a trial nearer to
    the wish, but do not fulfil it.
    """

    facets: Sequence[tuple[str, Sequence[str], int]]
    words: Sequence[tuple[Matches, int]] = ()
    beside: Sequence[tuple[Matches, int]] = ()


def standings(statuses: Sequence[str]) -> list[int]:
    """The numbers of trials that a wish for statuses may leave: theirs, and that of none given."""
    return sorted({standing_of(status) for status in (None, *statuses)})


def of_all() -> Source:
    """Every trial."""
    return Source(
        TRIAL, [], TRIAL.c.nct_id, _standing_of_trial(), func.coalesce(TRIAL.c.last_update, ""), has_trial=True
    )


def of_wishes(wishes: Sequence[Asked], statuses: Sequence[str] | None) -> Source:
    """The trials that fulfil every wish; `statuses` narrow the lists, and only more is left than they ask for."""
    found = [_fulfilling(wish, statuses).cte(f"found_{number}") for number, wish in enumerate(wishes)]
    first, *others = found
    tables: FromClause = first
    step: ColumnElement[int] = first.c.step
    for other in others:
        tables = tables.join(other, other.c.nct_id == first.c.nct_id)
        step = step + other.c.step
    return Source(tables, [], first.c.nct_id, first.c.standing, first.c.updated, step)


def within(
    source: Source | None, here: near.Point, radius_km: float, countries: Sequence[str], statuses: Sequence[str] | None
) -> Source:
    """The trials of the source (None: of all) within reach, with the number of each one's best site.

    Read from the degrees around the place alone: a trial's site beyond the radius matters only where those within are
    closed or elsewhere, and is looked for only then.
    """
    wanted = standings(statuses) if statuses is not None else None
    order = near.site_order(here, radius_km, countries, _site_group())
    sites = [
        select(SITE.c.nct_id, SITE.c.standing, order.label("place")).where(test)
        for test in (near.in_cells(here, radius_km), SITE.c.lat.is_(None))
    ]
    none = select(FACET.c.nct_id, FACET.c.standing, null().label("place")).where(
        FACET.c.kind == "none", FACET.c.value == "site"
    )
    if wanted is not None:
        sites = [each.where(SITE.c.standing.in_(wanted)) for each in sites]
        none = none.where(FACET.c.standing.in_(wanted))
    every = union_all(*sites, none).subquery("around")
    best = (
        select(every.c.nct_id, func.min(every.c.standing).label("standing"), func.min(every.c.place).label("place"))
        .group_by(every.c.nct_id)
        .cte("best")
    )
    better = select(SITE.c.nct_id).where(SITE.c.nct_id == best.c.nct_id, order < best.c.place).correlate_except(SITE)
    reached = [
        near.is_within(best.c.place),
        or_(best.c.place.is_(None), best.c.place < near.CLOSED_AT, ~better.exists()),
    ]
    if source is not None:
        tables = source.tables.join(best, best.c.nct_id == source.nct_id)
        return replace(source, tables=tables, where=[*source.where, *reached], place=best.c.place)
    tables = best.join(TRIAL, TRIAL.c.nct_id == best.c.nct_id)
    updated = func.coalesce(TRIAL.c.last_update, "")
    return Source(tables, reached, best.c.nct_id, best.c.standing, updated, place=best.c.place, has_trial=True)


def _fulfilling(wish: Asked, statuses: Sequence[str] | None) -> TextualSelect:
    """One row a trial. Spelled as text: as expressions it took longer to build than the databases take to answer it."""
    values: dict[str, object] = {}

    def given(value: object) -> str:
        values[f"v{len(values)}"] = value
        return f":v{len(values) - 1}"

    joinable = f" AND {{}} IN {given(standings(statuses))}" if statuses is not None else ""
    lists = [
        f"SELECT nct_id, {step} AS step, standing, updated, 1 AS fulfils FROM trial_facet"
        f" WHERE kind = '{kind}' AND value IN {given(sorted(set(ids)))}{joinable.format('standing')}"
        for kind, ids, step in wish.facets
        if ids
    ]
    for fulfils, worded in ((1, wish.words), (0, wish.beside)):
        lists += [
            f"SELECT t.nct_id, {step} AS step, {STANDING_OF_T} AS standing,"
            f" COALESCE(t.last_update, '') AS updated, {fulfils} AS fulfils"
            f" FROM trial_text JOIN trial t ON t.nct_id = trial_text.nct_id"
            f" WHERE {test} {given(asked)}{cast}{joinable.format(STANDING_OF_T)}"
            for (test, asked, cast), step in worded
        ]
    having = " HAVING MAX(fulfils) = 1" if wish.beside else ""
    statement = (
        "SELECT nct_id, MIN(step) AS step, MIN(standing) AS standing, MIN(updated) AS updated"
        f" FROM ({' UNION ALL '.join(lists)}) AS listed GROUP BY nct_id{having}"
    )
    bound: list[BindParameter[Any]] = [
        bindparam(name, value, expanding=isinstance(value, list), unique=True) for name, value in values.items()
    ]
    return text(statement).bindparams(*bound).columns(*COLUMNS)


def with_places(source: Source, here: near.Point, countries: Sequence[str]) -> Source:
    """The source with the number of each trial's best site, wherever it is."""
    order = near.site_order(here, None, countries, _site_group())
    best = (
        select(source.nct_id.label("nct_id"), func.min(order).label("place"))
        .select_from(source.tables.join(SITE, SITE.c.nct_id == source.nct_id))
        .where(*source.where)
        .group_by(source.nct_id)
        .cte("best")
    )
    tables = source.tables.outerjoin(best, best.c.nct_id == source.nct_id)
    return replace(source, tables=tables, place=best.c.place)


def _site_group() -> ColumnElement[int]:
    """The group of a site's own status, else of its trial's, both from the site's row."""
    return case((SITE.c.status.is_(None), SITE.c.standing.op("/")(TENS)), else_=near.status_group(SITE.c.status))


def _standing_of_trial() -> ColumnElement[int]:
    return literal_column(STANDING_OF_T.replace("t.overall_status", "trial.overall_status"), Integer)


def has_facet(source: Source, either: Sequence[tuple[str, Sequence[str]]]) -> ColumnElement[bool]:
    """Whether each trial of the source bears one of these values; two steps down the index a trial and value."""
    tests = [and_(FACET.c.kind == kind, FACET.c.value.in_(sorted(set(values)))) for kind, values in either]
    of_trial = (FACET.c.standing == source.standing, FACET.c.nct_id == source.nct_id)
    return or_(
        *(
            select(literal_column("1")).select_from(FACET).where(test, *of_trial).correlate_except(FACET).exists()
            for test in tests
        )
    )
