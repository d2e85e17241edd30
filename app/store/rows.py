"""A trial as the rows of its tables, for bulk writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import matching
from app.store.convert import Json, document_bytes, summary_document
from app.store.tables import FACET_WIDTH
from matching import AgeLimit, Trial

Row = dict[str, Any]

DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0, "h": 1 / 24, "min": 1 / 1440}
"""Days in each unit of age; months and years are mean ones, good enough to sort and to search by."""


def folded(value: str) -> str:
    """The form in which words and countries are compared."""
    return " ".join(value.casefold().split())[:FACET_WIDTH]


def days(limit: AgeLimit | None) -> float | None:
    """An age in days; None for no limit or a unit that is not one of time."""
    if limit is None or limit.unit not in DAYS:
        return None
    return limit.value * DAYS[limit.unit]


def too_old_at(limit: AgeLimit | None) -> float | None:
    """The day of life from which a person is too old: a maximum of 17 years ends with the 18th birthday."""
    return None if limit is None else days(AgeLimit(limit.value + 1, limit.unit))


def trial_row(
    trial: Trial, document: Json, condition_ids: Sequence[str], *, version: int, content_hash: str, stored_at: datetime
) -> Row:
    """The row of `trial`; `document` is the trial's own."""
    summary = summary_document(document, condition_ids)
    return {
        "nct_id": trial.nct_id,
        "version": version,
        "content_hash": content_hash,
        "stored_at": stored_at,
        "brief_title": summary["brief_title"],
        "overall_status": _cut(trial.overall_status),
        "study_type": _cut(trial.design.study_type),
        "sex": trial.eligibility.sex[:10] if trial.eligibility.sex else None,
        "minimum_age_days": days(trial.eligibility.minimum_age),
        "maximum_age_days": days(trial.eligibility.maximum_age),
        "too_old_at_days": too_old_at(trial.eligibility.maximum_age),
        "healthy_volunteers": trial.eligibility.healthy_volunteers,
        "last_update": str(trial.last_update.on) if trial.last_update else None,
        "summary": document_bytes(summary),
    }


def facet_rows(trial: Trial, condition_ids: Sequence[str]) -> Iterator[Row]:
    """The rows of `trial_facet`, each once."""
    tested = matching.trial_intervention_ids(trial)
    over = {ancestor for concept in tested for ancestor in matching.ancestors(concept)}
    over.update(term.id for term in trial.intervention_ancestors)
    above = {ancestor for concept in condition_ids for ancestor in matching.ancestors(concept)}
    above.update(term.id for term in trial.condition_ancestors)
    sited = {site.country for site in trial.sites}
    kinds: dict[str, set[str]] = {
        "condition": set(condition_ids),
        "condition_above": above,
        "intervention": set(tested),
        "intervention_above": over,
        "word": {folded(word) for word in (*trial.conditions, *trial.keywords)},
        "phase": set(trial.design.phases),
        "intervention_type": {row.type for row in trial.interventions if row.type},
        "country": {folded(country) for country in (*trial.countries, *sited) if country},
    }
    for kind, values in kinds.items():
        for value in sorted(values):
            yield {"kind": kind, "value": value[:FACET_WIDTH], "nct_id": trial.nct_id}


def site_rows(trial: Trial) -> Iterator[Row]:
    """The rows of `trial_site`."""
    for position, site in enumerate(trial.sites):
        yield {
            "nct_id": trial.nct_id,
            "position": position,
            "facility": site.facility,
            "status": _cut(site.status),
            "city": site.city,
            "state": site.state,
            "zip": site.zip,
            "country": site.country,
            "lat": site.lat,
            "lon": site.lon,
        }


def _cut(value: str | None) -> str | None:
    # A value the registry does not know may be of any length; the whole of it stays in the document.
    return value[:40] if value is not None else None
