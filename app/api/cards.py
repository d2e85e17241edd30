"""Trials in short: the cards of a search as JSON, and the same as rows of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

import matching
from app.store.search import Hit, Query

Json = dict[str, Any]

MOST_LISTED = 5
LONGEST_LIST = 300
"""Letters of a card's list; a longer one is cut after a whole item, and its true length is told."""

COLUMNS = (
    "nct_id", "brief_title", "overall_status", "phases", "study_type", "conditions", "intervention_types", "sex",
    "minimum_age", "maximum_age", "healthy_volunteers", "countries", "last_update", "nearest_facility", "nearest_city",
    "nearest_country", "nearest_status", "distance_km",
)  # fmt: skip

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run as a formula by spreadsheets."""


def card(hit: Hit, query: Query, more: Mapping[str, Any] | None = None) -> Json:
    """The trial in short; `more` are parts of the whole trial that were asked for."""
    told = orjson.loads(hit.summary)
    eligibility = told.get("eligibility", {})
    sites = told.get("sites", [])
    out: Json = {
        "nct_id": hit.nct_id,
        "brief_title": told["brief_title"],
        "overall_status": told.get("overall_status"),
        "phases": told.get("phases", []),
        "study_type": told.get("study_type"),
        **_listed("conditions", told),
        "intervention_types": told.get("intervention_types", []),
        "sex": eligibility.get("sex"),
        "minimum_age": eligibility.get("minimum_age"),
        "maximum_age": eligibility.get("maximum_age"),
        "healthy_volunteers": eligibility.get("healthy_volunteers"),
        **_listed("countries", told),
        "sites": {"total": len(sites), "recruiting": _recruiting(sites, told.get("overall_status"))},
        "last_update": told.get("last_update"),
    }
    if query.condition is not None:
        out["condition_match"] = _condition_match(told, query.condition)
    if query.here is not None:
        out["nearest_site"] = nearest(told, query)
    return {**{key: value for key, value in out.items() if value not in (None, [])}, **(more or {})}


def nearest(told: Json, query: Query) -> Json | None:
    """The site of the trial that the engine would choose for somebody at the place asked for."""
    chosen = matching.choose_site(
        [matching.Site(**site) for site in told.get("sites", ())],
        told.get("overall_status"),
        matching.Whereabouts(point=query.here),
        radius_km=query.radius_km,
        countries=query.countries,
    )
    return asdict(chosen.nearest) if chosen.nearest is not None else None


def csv_rows(cards: Iterable[Json]) -> Iterable[bytes]:
    """The cards as CSV (RFC 4180), the header first; lists are joined by `; `."""
    yield _line(COLUMNS)
    for each in cards:
        site = each.get("nearest_site") or {}
        flat = {
            **each,
            "nearest_facility": site.get("facility"),
            "nearest_city": site.get("city"),
            "nearest_country": site.get("country"),
            "nearest_status": site.get("status"),
            "distance_km": site.get("distance_km"),
        }
        yield _line([_cell(flat.get(name)) for name in COLUMNS])


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if isinstance(value, dict):
        value = f"{value['value']:g} {value['unit']}"
    text = str(value)
    return "'" + text if text.startswith(RISKY) else text


def _listed(name: str, told: Json) -> Json:
    whole = told.get(name, [])
    shown: list[str] = []
    length = 0
    for item in whole[:MOST_LISTED]:
        length += len(item)
        if shown and length > LONGEST_LIST:
            break
        shown.append(item)
    return {name: shown, **({f"{name}_total": len(whole)} if len(shown) < len(whole) else {})}


def _recruiting(sites: list[Json], overall_status: str | None) -> int:
    return sum(matching.status_group(site.get("status") or overall_status) == 0 for site in sites)


def _condition_match(told: Json, asked: matching.Asked) -> Json:
    """Which of the trial's conditions met the one asked for, and the way up from it to that one."""
    own = tuple(told.get("condition_ids", ()))
    path = matching.path_to(own, asked.ids)
    if path:
        return {"asked": matching.concept_name(path[-1]), "trial": matching.concept_name(path[0]), "path": list(path)}
    named = told.get("conditions", [])
    return {"asked": asked.names[0] if asked.names else asked.text, "trial": named[0] if named else None, "path": []}
