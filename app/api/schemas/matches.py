"""Requests about patients (CONTRACT sections 1 to 3)."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

import matching
from app.api.schemas.patient import Day, PatientIn, Strict

RADIUS = re.compile(r"(\d+(?:\.\d+)?)\s*(km|mi|m)\Z")
KM = {"km": 1.0, "mi": 1.609344, "m": 0.001}
MAX_LIMIT = 100


def radius_km(text: str) -> float:
    """`50km` or `30mi` in kilometres; raises ValueError for a bare number or another unit."""
    found = RADIUS.match(text.strip().lower())
    if not found or float(found[1]) <= 0:
        raise ValueError("a distance with its unit is expected, such as 50km or 30mi")
    return float(found[1]) * KM[found[2]]


def _radius(text: str) -> str:
    radius_km(text)
    return text


STATUSES = tuple(s.value for s in matching.OverallStatus)
PHASES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA")
INTERVENTION_TYPES = (
    "BEHAVIORAL",
    "BIOLOGICAL",
    "COMBINATION_PRODUCT",
    "DEVICE",
    "DIAGNOSTIC_TEST",
    "DIETARY_SUPPLEMENT",
    "DRUG",
    "GENETIC",
    "PROCEDURE",
    "RADIATION",
    "OTHER",
)


def _one_of(*words: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)} is expected")
        return text

    return AfterValidator(check)


Status = Annotated[str, _one_of("any", *STATUSES), Field(json_schema_extra={"enum": ["any", *STATUSES]})]
Phase = Annotated[str, _one_of(*PHASES), Field(json_schema_extra={"enum": list(PHASES)})]
InterventionType = Annotated[
    str, _one_of(*INTERVENTION_TYPES), Field(json_schema_extra={"enum": list(INTERVENTION_TYPES)})
]
Radius = Annotated[str, Field(max_length=20, examples=["50km", "30mi"]), AfterValidator(_radius)]
Include = Literal["criteria", "questions", "not_eligible"]


class FiltersIn(Strict):
    """Which trials to consider. No status: those a patient can join now or soon."""

    status: Annotated[list[Status], Field(max_length=20)] = []
    phase: Annotated[list[Phase], Field(max_length=10)] = []
    radius: Radius | None = None
    country: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=300)] = []
    intervention_type: Annotated[list[InterventionType], Field(max_length=20)] = []


class MatchOptions(Strict):
    """Everything of a match request but the patient."""

    on: Day | None = Field(None, description="The day of the match; today when absent.")
    filters: FiltersIn = FiltersIn()
    scope: Literal["relevant", "all"] = "relevant"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20
    cursor: Annotated[str, Field(max_length=600)] | None = None
    include: Annotated[list[Include], Field(max_length=3)] = ["criteria", "questions"]
    language: Literal["en", "es"] = "en"
    audience: Literal["patient", "clinician"] = "patient"


class MatchRequest(MatchOptions):
    """A patient, and how to match."""

    patient: PatientIn


class ReverseRequest(Strict):
    """Many patients for one trial; the answer ranks them."""

    patients: Annotated[list[PatientIn], Field(min_length=1, max_length=1000)]
    on: Day | None = None
    include: Annotated[list[Literal["criteria"]], Field(max_length=1)] = []
    language: Literal["en", "es"] = "en"
    audience: Literal["patient", "clinician"] = "patient"


class WhatIfRequest(MatchRequest):
    """A match request and a partial patient laid over its patient."""

    change: PatientIn


class Answer(BaseModel):
    """Shapes of answers, for the document; the engine's own JSON is sent."""

    model_config = ConfigDict(extra="allow")


class EvidenceOut(Answer):
    """A fact the verdict rests on, with its working."""

    fact: str
    value: float | str | bool | None = None
    unit: str | None = None
    on: str | None = None
    as_unit: str | None = None
    working: str | None = None


class MissingOut(Answer):
    """A fact that would settle the criterion."""

    fact: str
    loinc: str | None = None


class CriterionOut(Answer):
    """One criterion, judged and explained."""

    id: str
    role: Literal["inclusion", "exclusion"]
    text: str
    start: int | None
    end: int | None
    verdict: Literal["included", "not_included", "excluded", "not_excluded", "not_applicable", "unknown"]
    why_unknown: Literal["missing", "stale", "unreadable", "on_site", "not_comparable", "conflict"] | None
    explanation: str
    evidence: list[EvidenceOut]
    missing: list[MissingOut]
    part_verdicts: list[dict[str, Any]]


class TrialMatchOut(Answer):
    """One trial of the ranked list."""

    rank: int
    nct_id: str
    brief_title: str
    overall_status: str | None
    phases: list[str]
    eligibility: Literal["likely_eligible", "possibly_eligible", "not_eligible"]
    score: float
    score_parts: dict[str, float]
    counts: dict[str, int]
    undecided: list[list[str]]
    near_misses: list[dict[str, Any]]
    criteria: list[CriterionOut] | None = None


class TotalsOut(Answer):
    """Numbers of trials considered and found."""

    considered: int
    likely_eligible: int
    possibly_eligible: int
    not_eligible: int


class QuestionOut(Answer):
    """A fact worth finding out and how many trials it would decide."""

    fact: str
    ask: str
    decides: int
    unit: str | None = None
    loinc: str | None = None


class MatchAnswerOut(Answer):
    """The ranked, explained answer (CONTRACT section 3)."""

    on: str
    engine_version: str
    data_version: str
    digest: str
    totals: TotalsOut
    read_from_note: list[dict[str, Any]]
    questions: list[QuestionOut] | None = None
    matches: list[TrialMatchOut]
    next_cursor: str | None


class ReverseAnswerOut(Answer):
    """One trial, many patients, best first; `patient` is the place in the request, from 0."""

    on: str
    engine_version: str
    data_version: str
    digest: str
    nct_id: str
    totals: TotalsOut
    matches: list[dict[str, Any]]


class WhatIfOut(Answer):
    """Totals before and after, and the trials whose verdicts differ."""

    on: str
    engine_version: str
    data_version: str
    digest: str


class ProblemFault(Answer):
    """One fault."""

    pointer: str
    message: str


class Problem(Answer):
    """RFC 9457; never repeats a value of the patient."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[ProblemFault] | None = None
