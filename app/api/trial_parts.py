"""A trial's sites and its relatives."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

import matching
from app.api.answers import cacheable
from app.api.deps import StoreDep
from app.api.errors import TrialNotFoundError
from app.api.places import near_point
from app.api.schemas.matches import Problem
from app.api.schemas.search import RelatedOut, SitesOut
from app.api.schemas.trials import NctId
from app.store.places import gazetteer
from app.store.related import related
from app.store.search import snapshot

router = APIRouter(tags=["trials"])

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}

Near = Annotated[
    str | None, Query(min_length=1, max_length=200, description="`lat,lon`, a place, or a postal code with `country`")
]
Country = Annotated[str | None, Query(min_length=1, max_length=100, description="Of a postal code in `near`")]


@router.get("/v1/trials/{nct_id}/sites", summary="A trial's sites", response_model=SitesOut, responses=NOT_FOUND)
def get_sites(nct_id: NctId, request: Request, store: StoreDep, near: Near = None, country: Country = None) -> Response:
    """Every site, nearest first when `near` is given; those that cannot be placed come last, without a distance.

    A site's status is its own, or the trial's where the registry gives it none; `recruiting` says which sites take people.
    """
    document = store.document(nct_id)
    if document is None:
        raise TrialNotFoundError("No trial with this id is stored.")
    here = near_point(near, country, gazetteer()) if near else None
    whole = orjson.loads(document)
    sites = [_site(site, whole.get("overall_status"), here) for site in whole.get("sites", [])]
    if here is not None:
        sites.sort(key=lambda site: (site["distance_km"] is None, site["distance_km"] or 0.0))
    return cacheable(request, orjson.dumps({"nct_id": nct_id, "total": len(sites), "sites": sites}))


def _site(site: dict[str, Any], overall_status: str | None, here: tuple[float, float] | None) -> dict[str, Any]:
    status = site.get("status") or overall_status
    placed = site.get("lat") is not None and site.get("lon") is not None
    told = {**site, "status": status, "recruiting": matching.status_group(status) == 0}
    if here is None:
        return told
    away = round(matching.distance_km(here, (site["lat"], site["lon"])), 1) if placed else None
    # The registry's coordinates are those of the city.
    return {**told, "distance_km": away, "precision": "city" if placed else None}


@router.get("/v1/trials/{nct_id}/related", summary="Related trials", response_model=RelatedOut, responses=NOT_FOUND)
def get_related(
    nct_id: NctId,
    request: Request,
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=100, description="How many to show")] = 10,
) -> Response:
    """The trials most alike, each with the reasons; its own extensions first, and among equals those that recruit."""
    with snapshot(store.reads) as connection:
        found = related(connection, nct_id)
    if found is None:
        raise TrialNotFoundError("No trial with this id is stored.")
    rows = [_row(asdict(each)) for each in found[:limit]]
    return cacheable(request, orjson.dumps({"nct_id": nct_id, "related": rows}))


def _row(told: dict[str, Any]) -> dict[str, Any]:
    reasons = [{key: value for key, value in reason.items() if value is not None} for reason in told.pop("reasons")]
    return {**told, "reasons": reasons}
