"""FHIR R4: a patient's Bundle in, a searchset of ResearchStudy out. Nothing of a patient is kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

import matching
from app.api.deps import StoreDep, Today
from app.api.errors import Fault, InvalidRequestError, NotAcceptableError
from app.api.examples import fhir_examples
from app.api.schemas.fhir import FhirIn, PatientDataIn, SearchsetOut
from app.api.schemas.matches import MAX_LIMIT, Problem
from app.api.schemas.patient import Day
from app.api.wording import faults_of
from app.fhir.elements import EntryFault
from app.fhir.read import BundleReading, read_bundle
from app.fhir.searchset import nobody, plain_searchset, searchset
from app.fhir.write import research_study
from app.store.countries import registry_name
from app.store.places import gazetteer
from app.store.reader import SqlTrialReader
from app.store.trials import TrialStore

router = APIRouter(tags=["fhir"])

FHIR_JSON = "application/fhir+json"
JSON = "application/json"
PROBLEMS: dict[int | str, dict[str, object]] = {
    200: {"content": {FHIR_JSON: {"schema": {"$ref": "#/components/schemas/SearchsetOut"}}}},
    413: {"model": Problem},
    422: {"model": Problem},
}
STUDIES_FOR_CLIENTS = 50
"""The wire form of /getClinicalTrial knows no pages."""


@router.post(
    "/fhir/ResearchStudy/$match",
    summary="Match a FHIR Bundle with trials",
    response_model=SearchsetOut,
    responses=PROBLEMS,
)
def post_match(
    store: StoreDep,
    today: Today,
    body: FhirIn = Body(openapi_examples=fhir_examples("match")),  # noqa: B008  # FastAPI's way to give examples
    on: Annotated[Day | None, Query(description="The day of the match; today when absent.")] = None,
    count: Annotated[int, Query(alias="_count", ge=1, le=MAX_LIMIT, description="Trials to answer with.")] = 20,
) -> Response:
    """A Bundle, or Parameters with one, in; a searchset of ResearchStudy with score, grade and verdicts out.

    What could not be used of the request is told in an OperationOutcome at the end. Parameters may also hold
    zipCode, travelRadius (miles), phase and recruitmentStatus.
    """
    day = date.fromisoformat(on) if on else today
    reading = usable(body.model_dump(exclude_none=True), day)
    if reading.deceased:
        return fhir(nobody(reading.faults, outcome=True))
    with store.reader() as reader:
        found = matched(reader, reading, day, count, gazetteer().point, explained=True)
    return fhir(searchset(found, _trials(store, found), reading.faults, explained=True))


@router.post(
    "/getClinicalTrial",
    summary="Match as the clinical-trial-matching-service does",
    response_model=SearchsetOut,
    responses={**PROBLEMS, 200: {}},
)
def post_get_clinical_trial(
    store: StoreDep,
    today: Today,
    body: PatientDataIn = Body(openapi_examples=fhir_examples("wire")),  # noqa: B008  # FastAPI's way to give examples
) -> Response:
    """The wire form of MITRE's clinical-trial-matching-service: a Bundle (or `patientData`) in, a searchset out.

    Every entry is a ResearchStudy; what could not be used of the request stands in the searchset's `meta`.
    """
    reading = usable(_patient_data(body), today)
    if reading.deceased:
        return fhir(nobody(reading.faults, outcome=False), JSON)
    with store.reader() as reader:
        found = matched(reader, reading, today, STUDIES_FOR_CLIENTS, gazetteer().point, explained=False)
    return fhir(plain_searchset(found, _trials(store, found), reading.faults), JSON)


def _patient_data(body: PatientDataIn) -> dict[str, Any]:
    """The Bundle wherever it stands; raises InvalidRequestError."""
    sent: object = body.patientData
    at = "/patientData"
    if sent is None:
        sent, at = body.model_dump(exclude_none=True), ""
    elif isinstance(sent, str):
        try:
            sent = orjson.loads(sent)
        except orjson.JSONDecodeError:
            raise InvalidRequestError("1 fault in the body", [Fault(at, "the text is not valid JSON")]) from None
    try:
        return FhirIn.model_validate(sent).model_dump(exclude_none=True)
    except ValidationError as error:
        found = [Fault(at + f.pointer, f.message) for f in faults_of([dict(each) for each in error.errors()])]
        raise InvalidRequestError("The patient's data is not a Bundle that holds something.", found) from None


def usable(data: Mapping[str, Any], on: date) -> BundleReading:
    """The patient of a Bundle or Parameters; raises InvalidRequestError where nothing at all could be read."""
    reading = read_bundle(data, on)
    if reading.patient == matching.Patient() and not reading.deceased:
        faults = [Fault(f.pointer, f.message) for f in reading.faults] or [Fault("", "no patient data")]
        raise InvalidRequestError("The body holds nothing of a patient that could be used.", faults)
    location = reading.patient.location
    if location is not None and location.country:
        location = replace(location, country=registry_name(location.country))
        reading = replace(reading, patient=replace(reading.patient, location=location))
    if reading.parameters.radius_km and (location is None or not _is_placed(location)):
        told = EntryFault(None, "Parameters", "", "the patient's place is not known, so travelRadius was not applied")
        reading = replace(reading, faults=(*reading.faults, told))
    return reading


def _is_placed(location: matching.Location) -> bool:
    return location.lat is not None or gazetteer().point(location) is not None


def matched(
    reader: SqlTrialReader,
    reading: BundleReading,
    on: date,
    limit: int,
    locate: matching.Locate | None,
    *,
    explained: bool,
) -> matching.MatchAnswer:
    """The ranked answer for a bundle's patient, with the filters that its Parameters ask for."""
    asked, patient = reading.parameters, reading.patient
    joinable = tuple(status.value for status in matching.JOINABLE)
    return matching.match(
        reader,
        patient,
        on=on,
        filters=matching.Filters(
            statuses=joinable if asked.statuses == () else asked.statuses,
            phases=asked.phases,
            radius_km=asked.radius_km,
        ),
        limit=limit,
        include=frozenset({"criteria", "questions"}) if explained else frozenset(),
        locate=locate,
    )


def _trials(store: TrialStore, found: matching.MatchAnswer) -> dict[str, matching.Trial]:
    trials = ((match.nct_id, store.get(match.nct_id)) for match in found.matches)
    return {nct_id: trial for nct_id, trial in trials if trial is not None}


def fhir(body: object, media_type: str = FHIR_JSON) -> Response:
    """An answer that speaks of a patient: never stored by anything on the way."""
    return Response(orjson.dumps(body), media_type=media_type, headers={"Cache-Control": "no-store"})


def study_bytes(trial: matching.Trial) -> bytes:
    """A trial as the bytes of a ResearchStudy."""
    return orjson.dumps(research_study(trial))


def form_asked(request: Request) -> str:
    """`application/json` or FHIR's JSON, whichever the Accept header likes better; raises NotAcceptableError."""
    likes = {JSON: 0.0, FHIR_JSON: 0.0}
    ranges = [_range(part) for part in request.headers.get("accept", "*/*").split(",") if part.strip()]
    for form in likes:
        kind = form.split("/")[0]
        for wanted in (form, f"{kind}/*", "*/*"):  # the most telling range counts
            told = [quality for name, quality in ranges if name == wanted]
            if told:
                likes[form] = max(told)
                break
    if not any(likes.values()):
        raise NotAcceptableError(f"This is given as {JSON} or as {FHIR_JSON}.")
    return FHIR_JSON if likes[FHIR_JSON] > likes[JSON] else JSON


def _range(part: str) -> tuple[str, float]:
    """A media range and its quality; parameters such as `fhirVersion` are passed over."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return name, 0.0
    return name, 1.0
