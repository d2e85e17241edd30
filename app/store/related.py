"""Candidates for related trials: those that share the rarest of a trial's concepts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, func, select

import matching
from app.store.convert import trial_from_bytes
from app.store.tables import CRITERIA, FACET, TRIAL, VERSION

KINDS = {"condition": "condition", "condition_above": "condition", "intervention": "intervention",
         "intervention_above": "intervention"}  # fmt: skip
MOST_CONCEPTS = 12
MOST_SHARED = 3000
"""A concept that more trials hold is too general to find candidates by, unless the trial has no rarer one."""
MOST_CANDIDATES = 120


def related(connection: Connection, nct_id: str) -> list[matching.Related] | None:
    """The trials most alike to one, with the reasons; None: no such trial."""
    described = _described(connection, [nct_id])
    if not described:
        return None
    one = described[0]
    own = connection.execute(
        select(FACET.c.kind, FACET.c.value).where(FACET.c.nct_id == nct_id, FACET.c.kind.in_(list(KINDS)))
    ).all()
    stored = connection.scalar(select(func.count()).select_from(TRIAL)) or 0
    counts = _counts(connection, {row.value for row in own})
    rarity = matching.rarity_of(counts, stored)
    worth: dict[str, dict[str, float]] = defaultdict(dict)
    for kind in ("condition", "intervention"):
        values = sorted({row.value for row in own if KINDS[row.kind] == kind}, key=lambda value: (counts[value], value))
        chosen = [value for value in values if counts[value] <= MOST_SHARED][:MOST_CONCEPTS] or values[:1]
        if not chosen:
            continue
        rows = connection.execute(
            select(FACET.c.nct_id, FACET.c.value).where(
                FACET.c.kind.in_([kind, f"{kind}_above"]), FACET.c.value.in_(chosen), FACET.c.nct_id != nct_id
            )
        )
        for row in rows:
            best = worth[row.nct_id]
            best[kind] = max(best.get(kind, 0.0), rarity[row.value])
    for named in one.trial.related:
        worth.setdefault(named, {})
    ranked = sorted(worth, key=lambda other: (-sum(worth[other].values()), other))[:MOST_CANDIDATES]
    named_too = [other for other in one.trial.related if other not in set(ranked)]
    return matching.related(one, _described(connection, [*ranked, *named_too]), rarity)


def _counts(connection: Connection, values: set[str]) -> dict[str, int]:
    counts = dict.fromkeys(values, 1)
    rows = connection.execute(
        select(FACET.c.value, func.count(func.distinct(FACET.c.nct_id)))
        .where(FACET.c.kind.in_(list(KINDS)), FACET.c.value.in_(sorted(values)))
        .group_by(FACET.c.value)
    )
    counts.update((row[0], row[1]) for row in rows)
    return counts


def _described(connection: Connection, nct_ids: Sequence[str]) -> list[matching.Described]:
    present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
    tables = TRIAL.join(VERSION, present).join(CRITERIA, CRITERIA.c.nct_id == TRIAL.c.nct_id)
    rows = connection.execute(
        select(TRIAL.c.nct_id, VERSION.c.document, CRITERIA.c.parsed)
        .select_from(tables)
        .where(TRIAL.c.nct_id.in_(nct_ids))
        .order_by(TRIAL.c.nct_id)
    ).all()
    own: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in connection.execute(
        select(FACET.c.nct_id, FACET.c.kind, FACET.c.value)
        .where(FACET.c.nct_id.in_(nct_ids), FACET.c.kind.in_(["condition", "intervention"]))
        .order_by(FACET.c.value)
    ):
        own[row.nct_id, row.kind].append(row.value)
    return [
        matching.Described(
            trial_from_bytes(row.document),
            tuple(own[row.nct_id, "condition"]),
            tuple(own[row.nct_id, "intervention"]),
            matching.criteria_topics(orjson.loads(row.parsed)),
        )
        for row in rows
    ]
