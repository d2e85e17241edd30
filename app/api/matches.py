"""`POST /v1/matches` and its relatives: patients in, ranked and explained trials out. Nothing of a patient is kept."""

from datetime import date

from fastapi import APIRouter, Body
from starlette.responses import Response

import matching
from app.api import cursors
from app.api.answers import about_patient
from app.api.deps import StoreDep, Today
from app.api.errors import CursorError, TrialNotFoundError
from app.api.examples import request_examples
from app.api.patients import check, described, overlaid, to_patient, with_note
from app.api.schemas.matches import (
    FiltersIn,
    MatchAnswerOut,
    MatchOptions,
    MatchRequest,
    Problem,
    ReverseAnswerOut,
    ReverseRequest,
    WhatIfOut,
    WhatIfRequest,
    radius_km,
)
from app.api.schemas.trials import NctId
from app.api.turns import turn
from app.store.countries import country_names
from app.store.places import PlaceStore, gazetteer
from app.store.reader import SqlTrialReader

router = APIRouter(tags=["matches"])

MOST = 2**63 - 1
"""The largest key that the arrays hold."""

PROBLEMS: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "The cursor belongs to another request"},
    413: {"model": Problem, "description": "The body is too large"},
    422: {"model": Problem, "description": "The request is not valid; every fault is named"},
}


def engine_filters(sent: FiltersIn) -> matching.Filters:
    """The engine's filters; no status means the trials a patient can join now or soon, `any` lifts that."""
    statuses = None if "any" in sent.status else tuple(sent.status) or tuple(s.value for s in matching.JOINABLE)
    return matching.Filters(
        statuses=statuses,
        phases=tuple(sent.phase),
        radius_km=radius_km(sent.radius) if sent.radius else None,
        countries=country_names(sent.country),
        intervention_types=tuple(sent.intervention_type),
    )


def day_of(sent: str | None, today: date) -> date:
    """The day of the match: as sent, else today."""
    return date.fromisoformat(sent) if sent else today


def after_of(sent: MatchOptions, bound_to: str) -> int:
    """The key of the last row that was shown before this page; raises CursorError."""
    if sent.cursor is None:
        return -1
    position = cursors.decode(sent.cursor, bound_to)
    if len(position) != 1 or not isinstance(position[0], int) or not 0 <= position[0] <= MOST:
        raise CursorError("This cursor was not given by this service; begin again without one.")
    return position[0]


def answer(reader: SqlTrialReader, sent: MatchRequest, today: date, places: PlaceStore) -> dict[str, object]:
    """The whole answer to one request, as plain JSON; raises InvalidRequestError with all that is impossible in it."""
    on = day_of(sent.on, today)
    check({"/patient": sent.patient}, on, places)
    patient, read_from_note = with_note(described(sent.patient), on)
    bound_to = cursors.binding(
        {**sent.model_dump(exclude={"cursor", "limit", "include", "language", "audience"}), "on": on.isoformat()}
    )
    found = matching.match(
        reader,
        patient,
        on=on,
        filters=engine_filters(sent.filters),
        scope=sent.scope,
        limit=sent.limit,
        after=after_of(sent, bound_to),
        include=frozenset(sent.include),
        locate=places.point,
        language=sent.language,
        audience=sent.audience,
        read_from_note=read_from_note,
    )
    next_cursor = cursors.encode([found.next_after], bound_to) if found.next_after is not None else None
    return matching.answer_to_json(found, include=frozenset(sent.include), next_cursor=next_cursor)


@router.post(
    "/v1/matches",
    summary="Match a patient with trials",
    response_model=MatchAnswerOut,
    responses=PROBLEMS,
)
def post_matches(
    store: StoreDep,
    today: Today,
    body: MatchRequest = Body(openapi_examples=request_examples("matches")),  # noqa: B008  # FastAPI's way to give examples
) -> Response:
    """Ranked trials that the patient may join, with an explanation for each criterion."""
    with turn(), store.reader() as reader:
        return about_patient(answer(reader, body, today, gazetteer()))


@router.post(
    "/v1/matches/what-if",
    summary="What would change with another fact",
    response_model=WhatIfOut,
    responses=PROBLEMS,
)
def post_what_if(
    store: StoreDep,
    today: Today,
    body: WhatIfRequest = Body(openapi_examples=request_examples("what_if")),  # noqa: B008  # FastAPI's way to give examples
) -> Response:
    """The same request plus `change`, a partial patient: which verdicts differ. Nothing is stored."""
    on = day_of(body.on, today)
    check({"/patient": body.patient, "/change": body.change}, on, gazetteer())
    patient = to_patient(body.patient, on)
    changed = to_patient(overlaid(body.patient, body.change), on)
    with turn(), store.reader() as reader:
        found = matching.what_if(
            reader,
            patient,
            changed,
            on=on,
            filters=engine_filters(body.filters),
            scope=body.scope,
            limit=body.limit,
            locate=gazetteer().point,
            language=body.language,
            audience=body.audience,
        )
    return about_patient(matching.what_if_to_json(found))


@router.post(
    "/v1/trials/{nct_id}/matches",
    summary="Match a trial with patients",
    response_model=ReverseAnswerOut,
    responses={**PROBLEMS, 404: {"model": Problem}},
)
def post_trial_matches(
    nct_id: NctId,
    store: StoreDep,
    today: Today,
    body: ReverseRequest = Body(openapi_examples=request_examples("reverse")),  # noqa: B008  # FastAPI's way to give examples
) -> Response:
    """One trial, many patients, ranked; each verdict equals that of the patient's own match."""
    on = day_of(body.on, today)
    check({f"/patients/{i}": sent for i, sent in enumerate(body.patients)}, on, gazetteer())
    patients = [to_patient(sent, on) for sent in body.patients]
    with store.reader() as reader:
        found = matching.match_one(
            reader,
            nct_id,
            patients,
            on=on,
            locate=gazetteer().point,
            language=body.language,
            audience=body.audience,
        )
    if found is None:
        raise TrialNotFoundError("No trial with this id is stored.")
    return about_patient(matching.reverse_to_json(found, include=frozenset(body.include)))
