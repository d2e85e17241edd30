"""Stored trials: read, store, withdraw, and their parsed criteria."""

from typing import Any

import orjson
from fastapi import APIRouter, Body, Depends, Request
from starlette.responses import JSONResponse, Response

from app.api.answers import cacheable
from app.api.deps import StoreDep, require_key
from app.api.errors import Fault, InvalidRequestError, TrialNotFoundError
from app.api.examples import record_examples
from app.api.fhir import FHIR_JSON, form_asked, study_bytes
from app.api.schemas.matches import Problem
from app.api.schemas.trials import CriteriaOut, NctId, StoredOut, TrialOut
from app.ingest.run import store_record
from app.ingest.source import RecordError
from app.store.convert import trial_from_bytes

router = APIRouter(tags=["trials"])

NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": Problem}, 422: {"model": Problem}}


@router.get(
    "/v1/trials/{nct_id}",
    summary="One trial, whole",
    response_model=TrialOut,
    responses={
        **NOT_FOUND,
        200: {"content": {FHIR_JSON: {"schema": {"type": "object"}}}},
        406: {"model": Problem},
    },
)
def get_trial(nct_id: NctId, request: Request, store: StoreDep) -> Response:
    """Everything that the registry and the pages show of the trial, with where each came from.

    `Accept: application/fhir+json` gives a FHIR R4 ResearchStudy.
    """
    form = form_asked(request)
    found = store.dated_document(nct_id)
    if found is None:
        raise TrialNotFoundError("No trial with this id is stored.")
    body, stored_at = found
    if form == FHIR_JSON:
        body = study_bytes(trial_from_bytes(body))
    return cacheable(request, body, media_type=form, last_modified=stored_at, Vary="Accept")


@router.get(
    "/v1/trials/{nct_id}/criteria",
    summary="A trial's parsed criteria",
    response_model=CriteriaOut,
    responses=NOT_FOUND,
)
def get_criteria(nct_id: NctId, request: Request, store: StoreDep) -> Response:
    """Each criterion's expression and place in the text, the coverage, and what could not be read."""
    parsed = store.criteria_json(nct_id)
    if parsed is None:
        raise TrialNotFoundError("No trial with this id is stored.")
    return cacheable(request, orjson.dumps({"nct_id": nct_id, **parsed}))


@router.put(
    "/v1/trials/{nct_id}",
    summary="Store one trial",
    dependencies=[Depends(require_key)],
    response_model=StoredOut,
    responses={**NOT_FOUND, 401: {"model": Problem}, 403: {"model": Problem}, 413: {"model": Problem}},
)
def put_trial(
    nct_id: NctId,
    store: StoreDep,
    record: dict[str, Any] = Body(openapi_examples=record_examples()),  # noqa: B008  # FastAPI's way to give examples
) -> Response:
    """A record of ClinicalTrials.gov API v2; a changed record adds a version, the same record changes nothing."""
    try:
        outcome = store_record(record, store, expected_id=nct_id)
    except RecordError as error:
        raise InvalidRequestError("The record cannot be read.", [Fault("", error.reason)]) from None
    return JSONResponse({"nct_id": nct_id, "outcome": outcome}, 201 if outcome == "new" else 200)


@router.delete(
    "/v1/trials/{nct_id}",
    summary="Withdraw one trial",
    status_code=204,
    dependencies=[Depends(require_key)],
    responses={**NOT_FOUND, 401: {"model": Problem}, 403: {"model": Problem}},
)
def delete_trial(nct_id: NctId, store: StoreDep) -> Response:
    """The trial is no longer matched or shown; its history is kept."""
    if not store.withdraw(nct_id):
        raise TrialNotFoundError("No trial with this id is stored.")
    return Response(status_code=204)
