"""What a search asks (CONTRACT section 1) and how its answer looks."""

import re
from collections.abc import Sequence
from dataclasses import fields as fields_of
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

import matching
from app.api.schemas.matches import Answer, Phase, Radius, Status

AGE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]*)\Z")
AGE_UNITS = {
    "": "a", "a": "a", "y": "a", "yr": "a", "yrs": "a", "year": "a", "years": "a",
    "mo": "mo", "month": "mo", "months": "mo", "wk": "wk", "w": "wk", "week": "wk", "weeks": "wk",
    "d": "d", "day": "d", "days": "d",
}  # fmt: skip
DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0}

MAX_LIMIT = 1000

FIELDS = tuple(field.name for field in fields_of(matching.Trial))
"""What `fields` may name: the parts of a whole trial."""


def age_span(sent: str | float) -> tuple[float, float]:
    """The days of life that an age covers: "17" is from the 17th birthday until the 18th. Raises ValueError."""
    found = AGE.match(str(sent).strip().lower())
    if not found or found[2] not in AGE_UNITS:
        raise ValueError("an age is expected, such as 34 (years), 18mo or 6 weeks")
    value, unit = float(found[1]), DAYS[AGE_UNITS[found[2]]]
    if value * unit > 130 * 365.25:
        raise ValueError("not an age")
    return value * unit, (value + 1) * unit if value.is_integer() else value * unit + 1e-6


def _age(sent: str | float) -> str | float:
    age_span(sent)
    return sent


def _parted(sent: object) -> object:
    """One list from values that are repeated, or parted by commas."""
    if isinstance(sent, str):
        sent = [sent]
    if not isinstance(sent, Sequence):
        return sent
    return (
        [part.strip() for each in sent for part in each.split(",")] if all(isinstance(e, str) for e in sent) else sent
    )


def _field(name: str) -> str:
    if name not in FIELDS:
        raise ValueError("no such part of a trial")
    return name


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("words are expected")
    return text


Asked = Annotated[str, Field(max_length=300), AfterValidator(_filled)]
Parted = BeforeValidator(_parted)
FacetName = Literal["status", "phase", "study_type", "sex", "age_group", "country", "intervention_type", "funnel"]
StudyType = Literal["INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS"]


class SearchParams(BaseModel):
    """A search. Every parameter is optional; a trial is never left out because it lacks what a filter is about."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    condition: Asked | None = Field(None, description="A disease, in anyone's words; its kinds are found too.")
    term: Asked | None = Field(
        None, description="Words that stand anywhere in the trial, or a name of a disease or drug."
    )
    intervention: Asked | None = Field(None, description="A treatment or a class of treatments.")
    status: Annotated[list[Status], Parted, Field(max_length=20)] = Field(
        [], description="Repeatable. None: what can be joined now or soon; `any`: all."
    )
    phase: Annotated[list[Phase], Parted, Field(max_length=10)] = Field([], description="Repeatable.")
    study_type: Annotated[list[StudyType], Parted, Field(max_length=3)] = Field([], description="Repeatable.")
    sex: Literal["FEMALE", "MALE", "ALL"] | None = Field(
        None, description="A person's sex: trials that admit it. ALL: trials that admit everybody."
    )
    age: Annotated[str | int | float, AfterValidator(_age)] | None = Field(
        None, description="Years, or a number with its unit: 34, 18mo, 6 weeks.", examples=["34"]
    )
    country: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)] = Field(
        [], description="Names or ISO codes; repeatable. Also the country of a postal code in `near`."
    )
    near: Annotated[str, Field(max_length=200), AfterValidator(_filled)] | None = Field(
        None, description="`lat,lon`, a place, or a postal code with `country`.", examples=["Charleston, SC"]
    )
    radius: Radius | None = Field(None, description="How far from `near`, with its unit: 50km, 30mi.")
    sort: Literal["relevance", "distance", "last_update"] | None = Field(
        None, description="By default `distance` when `near` is given, else `relevance`."
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20
    cursor: Annotated[str, Field(max_length=600)] | None = None
    facets: Annotated[list[FacetName], Parted, Field(max_length=8)] = Field(
        [], description="Counts to give: fields of trials, and `funnel`: what each filter took away. Repeatable."
    )
    fields: Annotated[
        list[Annotated[str, AfterValidator(_field), Field(json_schema_extra={"enum": list(FIELDS)})]],
        Parted,
        Field(max_length=len(FIELDS)),
    ] = Field([], description="Parts of the whole trial to give beside the card. Repeatable.")


class SearchBody(SearchParams):
    """The same search in a body, so that nothing about a person stands in an address."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class ReadAs(Answer):
    """How words were read: the concepts meant, the likeliest first; `how` is exact, spelling, within, suggested or words."""

    text: str
    how: Literal["exact", "spelling", "within", "suggested", "words"]
    concepts: list[dict[str, str]]


class SiteOut(Answer):
    """A place where the trial runs; no distance: it cannot be placed."""

    facility: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    status: str | None = None
    distance_km: float | None = None
    precision: str | None = None


class CardOut(Answer):
    """A trial in short; what is not known is left out."""

    nct_id: str
    brief_title: str
    overall_status: str | None = None
    nearest_site: SiteOut | None = None
    condition_match: dict[str, Any] | None = None


class SearchOut(Answer):
    """A page of trials, and how many there are in all."""

    total: int
    read_as: dict[str, ReadAs]
    trials: list[CardOut]
    next_cursor: str | None
    facets: dict[str, list[dict[str, Any]]] | None = None
    funnel: dict[str, Any] | None = None
    data_version: str


class SitesOut(Answer):
    """All sites of a trial; nearest first when a place was given."""

    nct_id: str
    total: int
    sites: list[SiteOut]


class RelatedOut(Answer):
    """Trials that are alike, each with the reasons."""

    nct_id: str
    related: list[dict[str, Any]]
