"""`GET /v1/stats`: counts over everything stored, for researchers."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

import matching
from app.api.answers import cacheable
from app.api.deps import StoreDep
from app.api.schemas.matches import Answer, Problem
from app.store.stats import stats_of

router = APIRouter(tags=["trials"])

HOUR_S = 3600


class StatsOut(Answer):
    """Counts, how much of the criteria was read, and the thresholds that trials set, by analyte."""

    trials: int
    sites: int
    by_status: dict[str, int]
    coverage: dict[str, Any]
    thresholds: list[dict[str, Any]]
    data_version: str
    parser_version: str


@router.get(
    "/v1/stats", summary="Counts over all stored trials", response_model=StatsOut, responses={422: {"model": Problem}}
)
def get_stats(
    request: Request,
    store: StoreDep,
    analyte: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Thresholds of this one only")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Analytes to show, the most used first")] = 50,
) -> Response:
    """How many trials and sites, how much of their criteria could be read, and which thresholds they set."""
    version = store.data_version()
    found = stats_of(store.reads, version)
    rows = found.thresholds
    if analyte is not None:
        wanted = matching.analyte_of(analyte, None) or analyte
        rows = tuple(row for row in rows if row.analyte.casefold() == wanted.casefold())
    body = asdict(found) | {
        "by_status": _named(found.by_status),
        "by_study_type": _named(found.by_study_type),
        "coverage": {
            "trials_read": found.read_of,
            **found.coverage,
            "trials_with_unreadable": found.with_unreadable,
            "median_share_read": found.median_share_read,
        },
        "thresholds": [_threshold(asdict(row)) for row in rows[:limit]],
        "data_version": version,
        "parser_version": matching.PARSER_VERSION,
    }
    for name in ("read_of", "with_unreadable", "median_share_read"):
        body.pop(name)
    return cacheable(request, orjson.dumps(body), max_age_s=HOUR_S)


def _named(counts: dict[str | None, int]) -> dict[str, int]:
    return {name or "not given": number for name, number in counts.items()}


def _threshold(row: dict[str, Any]) -> dict[str, Any]:
    for side in ("lower", "upper"):
        values = row.pop(side)
        names = ("least", "lower_quartile", "median", "upper_quartile", "greatest")
        row[side] = {"count": row.pop(f"{side}_count"), **dict(zip(names, values, strict=False))}
    return row
