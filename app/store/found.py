"""What a search finds, from the facets alone where they tell enough: the trials with all that an order needs.

A facet's row bears its trial's status and last update, so a disease's joinable trials are one short range of an index.
Only filters on other columns look at the trial, through an index that holds them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    TextualSelect,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from app.store import near
from app.store.rows import OTHER_STANDING, STANDING
from app.store.rows import standing as standing_of
from app.store.search_text import with_all
from app.store.tables import FACET, SITE, TRIAL

TENS = literal_column("10", Integer)

STANDING_OF_T = (
    f"CASE WHEN t.overall_status IS NULL THEN {STANDING[None]} "
    + " ".join(f"WHEN t.overall_status = '{name}' THEN {number}" for name, number in STANDING.items() if name)
    + f" ELSE {OTHER_STANDING} END"
)
"""A trial's status as its number, as facets and sites bear it."""

NO_PLACE = literal_column("CAST(NULL AS BIGINT)", BigInteger)


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
class Words:
    """Trials that hold each of the words, in one of its spellings, in one of the fields."""

    words: Sequence[Sequence[str]]
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish for a disease, a treatment or words: lists of trials, each with how far it is from the wish.

    `name`: of the filter. `facets`: kind, values, step. `words`: trials by their words, step. `beside`: lists that may
    bring a trial nearer to the wish, but do not fulfil it.
    """

    name: str
    facets: Sequence[tuple[str, Sequence[str], int]]
    words: Sequence[tuple[Words, int]] = ()
    beside: Sequence[tuple[Words, int]] = ()


def standings(statuses: Sequence[str]) -> list[int]:
    """The numbers of trials that a wish for statuses may leave: theirs, and that of none given."""
    return sorted({standing_of(status) for status in (None, *statuses)})


def of_all() -> Source:
    """Every trial."""
    return Source(
        TRIAL, [], TRIAL.c.nct_id, _standing_of_trial(), func.coalesce(TRIAL.c.last_update, ""), has_trial=True
    )


def of_wishes(wishes: Sequence[Asked], statuses: Sequence[str] | None, dialect: str) -> Source:
    """The trials that fulfil every wish; `statuses` narrow the lists, and only more is left than they ask for."""
    found = _grouped(_listed(wishes, statuses, dialect), len(wishes)).cte("found")
    return Source(found, [], found.c.nct_id, found.c.standing, found.c.updated, found.c.step)


def within(
    wishes: Sequence[Asked],
    here: near.Point,
    radius_km: float,
    countries: Sequence[str],
    statuses: Sequence[str] | None,
    dialect: str,
) -> Source:
    """The trials within reach that fulfil every wish (none: all), with the number of each one's best site.

    Read from the degrees around the place alone: a trial's site beyond the radius matters only where those within are
    closed or elsewhere, and is looked for only then. Wishes and places are lists of one grouping, not joined: no
    database can tell beforehand how long they are, and one that expects few rows joins them row by row.
    """
    wanted = standings(statuses) if statuses is not None else None
    order = near.site_order(here, radius_km, countries, _site_group())
    around = [
        select(SITE.c.nct_id, SITE.c.standing, order.label("place")).where(test)
        for test in (near.in_cells(here, radius_km), SITE.c.lat.is_(None))
    ]
    around.append(
        select(FACET.c.nct_id, FACET.c.standing, NO_PLACE.label("place")).where(
            FACET.c.kind == "none", FACET.c.value == "site"
        )
    )
    if wanted is not None:
        around = [each.where(each.selected_columns.standing.in_(wanted)) for each in around]
    found = _grouped(_listed(wishes, statuses, dialect) if wishes else None, len(wishes), around).cte("found")
    better = select(SITE.c.nct_id).where(SITE.c.nct_id == found.c.nct_id, order < found.c.place)
    reached = [
        near.is_within(found.c.place),
        or_(
            found.c.place.is_(None),
            found.c.place < near.CLOSED_AT,
            ~better.correlate_except(SITE).exists(),
        ),
    ]
    source = Source(found, reached, found.c.nct_id, found.c.standing, found.c.updated, place=found.c.place)
    if wishes:
        return replace(source, step=found.c.step)
    tables = found.join(TRIAL, TRIAL.c.nct_id == found.c.nct_id)
    return replace(source, tables=tables, updated=func.coalesce(TRIAL.c.last_update, ""), has_trial=True)


def _grouped(listed: TextualSelect | None, wishes: int, around: Sequence[Select[Any]] = ()) -> Select[Any]:
    """One row a trial, of those that are in a list of every wish and, where there are places, in one of these."""
    names = [f"{name}_{number}" for number in range(wishes) for name in ("step", "fulfils")]
    lists: list[Select[Any]] = []
    if listed is not None:
        rows = listed.subquery("listed")
        place = [NO_PLACE.label("place"), literal_column("0", Integer).label("near")] if around else []
        lists.append(select(rows.c.nct_id, rows.c.standing, rows.c.updated, *(rows.c[name] for name in names), *place))
    for number, each in enumerate(around):
        site = each.subquery(f"around_{number}")
        none = [literal_column("CAST(NULL AS INTEGER)", Integer).label(name) for name in names]
        lists.append(
            select(
                site.c.nct_id,
                site.c.standing,
                literal_column("''", String).label("updated"),
                *none,
                site.c.place,
                literal_column("1", Integer).label("near"),
            )
        )
    every = (union_all(*lists) if len(lists) > 1 else lists[0]).subquery("every_list")
    columns: list[ColumnElement[Any]] = [
        every.c.nct_id,
        func.min(every.c.standing).label("standing"),
        func.max(every.c.updated).label("updated"),
    ]
    fulfilled = [func.max(every.c[f"fulfils_{number}"]) == literal_column("1") for number in range(wishes)]
    if wishes:
        step: ColumnElement[int] = func.min(every.c.step_0)
        for number in range(1, wishes):
            step = step + func.min(every.c[f"step_{number}"])
        columns.append(step.label("step"))
    if around:
        columns.append(func.min(every.c.place).label("place"))
        fulfilled.append(func.max(every.c.near) == literal_column("1"))
    return select(*columns).group_by(every.c.nct_id).having(and_(*fulfilled))


def _listed(wishes: Sequence[Asked], statuses: Sequence[str] | None, dialect: str) -> TextualSelect:
    """A row for each list that a trial is in, with its step and whether it fulfils the wish.

    Spelled as text: as expressions it took longer to build than the databases take to answer it.
    """
    values: dict[str, object] = {}

    def given(value: object) -> str:
        values[f"v{len(values)}"] = value
        return f":v{len(values) - 1}"

    def told(number: int, step: int, fulfils: int) -> str:
        own = {number: (step, fulfils)}
        none = ("CAST(NULL AS INTEGER)",) * 2
        pairs = [own.get(each, none) for each in range(len(wishes))]
        return ", ".join(f"{pair[0]} AS step_{each}, {pair[1]} AS fulfils_{each}" for each, pair in enumerate(pairs))

    joinable = f" AND {{}} IN {given(standings(statuses))}" if statuses is not None else ""
    lists = []
    for number, wish in enumerate(wishes):
        lists += [
            f"SELECT nct_id, standing, updated, {told(number, step, 1)} FROM trial_facet"
            f" WHERE kind = '{kind}' AND value IN {given(sorted(set(ids)))}{joinable.format('standing')}"
            for kind, ids, step in wish.facets
            if ids
        ]
        for fulfils, worded in ((1, wish.words), (0, wish.beside)):
            lists += [
                f"SELECT t.nct_id, {STANDING_OF_T} AS standing, COALESCE(t.last_update, '') AS updated,"
                f" {told(number, step, fulfils)} FROM trial_text JOIN trial t ON t.nct_id = trial_text.nct_id"
                f" WHERE {test} {given(asked)}{cast}{joinable.format(STANDING_OF_T)}"
                for asked_words, step in worded
                for test, asked, cast in (with_all(dialect, asked_words.words, asked_words.fields),)
            ]
    columns: list[ColumnElement[Any]] = [
        column("nct_id", String),
        column("standing", Integer),
        column("updated", String),
    ]
    columns += [column(f"{name}_{number}", Integer) for number in range(len(wishes)) for name in ("step", "fulfils")]
    bound: list[BindParameter[Any]] = [
        bindparam(name, value, expanding=isinstance(value, list), unique=True) for name, value in values.items()
    ]
    return text(" UNION ALL ".join(lists)).bindparams(*bound).columns(*columns)


def with_places(source: Source, here: near.Point, countries: Sequence[str]) -> Source:
    """The source with the number of each trial's best site, wherever it is; grouped where the sites are joined."""
    order = near.site_order(here, None, countries, _site_group())
    place = case((SITE.c.nct_id.is_(None), NO_PLACE), else_=order)
    columns: list[ColumnElement[Any]] = [
        source.nct_id.label("nct_id"),
        func.min(source.standing).label("standing"),
        func.min(source.updated).label("updated"),
        func.min(place).label("place"),
    ]
    if source.step is not None:
        columns.append(func.min(source.step).label("step"))
    placed = (
        select(*columns)
        .select_from(source.tables.outerjoin(SITE, SITE.c.nct_id == source.nct_id))
        .where(*source.where)
        .group_by(source.nct_id)
        .cte("placed")
    )
    step = placed.c.step if source.step is not None else None
    return Source(placed, [], placed.c.nct_id, placed.c.standing, placed.c.updated, step, placed.c.place)


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
