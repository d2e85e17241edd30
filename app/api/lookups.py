"""Look-ups for type-ahead: places, diseases, analytes."""

from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

import matching
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


class ConditionName(BaseModel):
    """A disease by the name that fits what was typed, and its preferred name."""

    id: Annotated[str, Field(examples=["D009203"])]
    name: Annotated[str, Field(examples=["Myocardial Infarction"])]
    matched: Annotated[str, Field(examples=["heart attack"])]


class ConditionsOut(BaseModel):
    """Diseases, the likeliest first."""

    conditions: list[ConditionName]


class AnalyteOut(BaseModel):
    """An analyte or score by the name that fits what was typed; `unit` is the one it is usually given in (UCUM)."""

    name: Annotated[str, Field(examples=["HbA1c"])]
    matched: str
    loinc: str | None
    kind: str
    unit: str | None
    also: list[str]


class AnalytesOut(BaseModel):
    """Analytes and scores, the likeliest first."""

    analytes: list[AnalyteOut]


@router.get(
    "/v1/conditions",
    summary="Diseases by the beginning of a name",
    response_model=ConditionsOut,
    responses={422: {"model": Problem}},
)
def get_conditions(request: Request, q: Typed, limit: Shown = 10) -> Response:
    """Lay words and misspelt ones are understood; the order is by likeness and by how often trials name the disease."""
    found = condition_names(q, limit)
    rows = [{"id": code, "name": matching.concept_name(code), "matched": matched} for code, matched in found.items()]
    return cacheable(request, orjson.dumps({"conditions": rows}), max_age_s=DAY_S)


def condition_names(q: str, limit: int) -> dict[str, str]:
    """Concept ids of the diseases that `q` names, begins or misspells, each with the name that fits, likeliest first."""
    meant = matching.read_condition(q)
    found = dict.fromkeys(meant.ids if meant.how in ("exact", "spelling") else (), q)
    for code, surface, _ in matching.suggest(q, limit):
        found[code] = surface
    return dict(list((found or dict.fromkeys(meant.ids, q)).items())[:limit])


@router.get(
    "/v1/analytes",
    summary="Analytes and scores by the beginning of a name",
    response_model=AnalytesOut,
    responses={422: {"model": Problem}},
)
def get_analytes(request: Request, q: Typed, limit: Shown = 10) -> Response:
    """What a laboratory measures and what scores count, with LOINC and the usual unit."""
    rows = [asdict(each) for each in matching.suggest_analytes(q, limit)]
    return cacheable(request, orjson.dumps({"analytes": rows}), max_age_s=DAY_S)
