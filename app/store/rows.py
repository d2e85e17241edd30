"""A trial as the values of its tables' columns, for bulk writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import matching
from app.store.convert import Json, document_bytes
from app.store.tables import FACET_WIDTH
from matching import AgeLimit, Trial

Row = dict[str, Any]

DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0, "h": 1 / 24, "min": 1 / 1440}
"""Days in each unit of age; months and years are mean ones, good enough to sort and to search by."""


STANDING: Mapping[str | None, int] = {
    "RECRUITING": 0, "AVAILABLE": 1, "NOT_YET_RECRUITING": 10, "ENROLLING_BY_INVITATION": 20, None: 30, "UNKNOWN": 31,
    "TEMPORARILY_NOT_AVAILABLE": 32, "ACTIVE_NOT_RECRUITING": 40, "COMPLETED": 41, "SUSPENDED": 42, "TERMINATED": 43,
    "WITHDRAWN": 44, "NO_LONGER_AVAILABLE": 45, "APPROVED_FOR_MARKETING": 46, "WITHHELD": 47,
}  # fmt: skip
"""A number for each status: ten times the group that the engine puts it in, and a place within the group."""

OTHER_STANDING = 49


def standing(status: str | None) -> int:
    """The number of a status; all that the registry does not know share one."""
    return STANDING.get(status, OTHER_STANDING)


def folded(value: str) -> str:
    """The form in which words and countries are compared."""
    return " ".join(value.casefold().split())[:FACET_WIDTH]


@lru_cache(maxsize=1024)
def _folded_country(value: str) -> str:
    return folded(value)


def days(limit: AgeLimit | None) -> float | None:
    """An age in days; None for no limit or a unit that is not one of time."""
    if limit is None or limit.unit not in DAYS:
        return None
    return limit.value * DAYS[limit.unit]


def too_old_at(limit: AgeLimit | None) -> float | None:
    """The day of life from which a person is too old: a maximum of 17 years ends with the 18th birthday."""
    return None if limit is None else days(AgeLimit(limit.value + 1, limit.unit))


TRIAL_COLUMNS = (
    "nct_id", "version", "content_hash", "stored_at", "brief_title", "overall_status", "study_type", "sex",
    "minimum_age_days", "maximum_age_days", "too_old_at_days", "healthy_volunteers", "last_update", "summary",
)  # fmt: skip
FACET_COLUMNS = ("kind", "value", "standing", "nct_id", "updated")
SITE_COLUMNS = ("nct_id", "position", "status", "country", "lat", "lon", "standing")


def trial_values(trial: Trial, summary: Json) -> tuple[Any, ...]:
    """The values of TRIAL_COLUMNS behind `stored_at`."""
    return (
        summary["brief_title"],
        _cut(trial.overall_status),
        _cut(trial.design.study_type),
        trial.eligibility.sex[:10] if trial.eligibility.sex else None,
        days(trial.eligibility.minimum_age),
        days(trial.eligibility.maximum_age),
        too_old_at(trial.eligibility.maximum_age),
        trial.eligibility.healthy_volunteers,
        str(trial.last_update.on) if trial.last_update else None,
        document_bytes(summary),
    )


def facet_values(trial: Trial, condition_ids: Sequence[str]) -> list[tuple[str, str, int, str, str]]:
    """The values of FACET_COLUMNS, each once."""
    tested = matching.trial_intervention_ids(trial)
    over = set().union(*map(matching.ancestors, tested), (term.id for term in trial.intervention_ancestors))
    above = set().union(*map(matching.ancestors, condition_ids), (term.id for term in trial.condition_ancestors))
    sited = {site.country for site in trial.sites}
    kinds: dict[str, set[str]] = {
        "condition": set(condition_ids),
        "condition_above": above,
        "intervention": set(tested),
        "intervention_above": over,
        "word": {folded(word) for word in (*trial.conditions, *trial.keywords)},
        "phase": set(trial.design.phases),
        "intervention_type": {row.type for row in trial.interventions if row.type},
        "country": {_folded_country(country) for country in (*trial.countries, *sited) if country},
    }
    kinds["none"] = {kind for kind in ("phase", "country") if not kinds[kind]} | (
        {"site"} if not trial.sites else set()
    )
    of_trial, updated = standing(trial.overall_status), str(trial.last_update.on) if trial.last_update else ""
    return [
        (kind, value[:FACET_WIDTH], of_trial, trial.nct_id, updated)
        for kind, values in kinds.items()
        for value in sorted(values)
    ]


def site_values(trial: Trial) -> list[tuple[Any, ...]]:
    """The values of SITE_COLUMNS."""
    of_trial = standing(trial.overall_status)
    return [
        (trial.nct_id, position, _cut(site.status), site.country, site.lat, site.lon, of_trial)
        for position, site in enumerate(trial.sites)
    ]


def _cut(value: str | None) -> str | None:
    # A value the registry does not know may be of any length; the whole of it stays in the document.
    return value[:40] if value is not None else None
