"""Look-ups for type-ahead: places."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.answers import cacheable
from app.api.places import choice_json
from app.api.schemas.matches import Problem
from app.store.places import gazetteer

router = APIRouter(tags=["lookups"])

DAY_S = 86_400

Typed = Annotated[
    str, Query(min_length=1, max_length=200, description="What was typed so far", examples=["vancouver, b"])
]
Shown = Annotated[int, Query(ge=1, le=50, description="How many to show")]


class PlaceOut(BaseModel):
    """A place by the name that finds it again (`label`); degrees are WGS 84."""

    label: Annotated[str, Field(examples=["Charleston, South Carolina, United States"])]
    name: str
    admin1: str | None
    country: str
    country_code: str
    postal_code: str | None
    kind: Annotated[str, Field(examples=["city"], description="city or postal_code")]
    population: int | None
    lat: float
    lon: float


class PlacesOut(BaseModel):
    """Places whose name begins as typed, the largest first."""

    places: list[PlaceOut]


@router.get(
    "/v1/places",
    summary="Places by the beginning of their name",
    response_model=PlacesOut,
    responses={422: {"model": Problem}},
)
def get_places(
    request: Request,
    q: Typed,
    limit: Shown = 10,
    country: Annotated[str | None, Query(max_length=60, description="A name or an ISO code", examples=["US"])] = None,
) -> Response:
    """Cities, towns and US ZIP codes, offline. Places: GeoNames (geonames.org), CC BY 4.0."""
    found = gazetteer().suggest(q, limit, country)
    return cacheable(request, orjson.dumps({"places": [choice_json(place) for place in found]}), max_age_s=DAY_S)
