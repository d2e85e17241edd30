"""`POST /v1/notes/parse`: a clinical note in, the facts read from it out. Nothing of it is kept."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

import matching
from app.api.answers import about_patient
from app.api.deps import Today
from app.api.matches import day_of
from app.api.schemas.matches import Answer, Problem
from app.api.schemas.patient import Day, Strict

router = APIRouter(tags=["notes"])

EXAMPLES: dict[str, Any] = {
    "a short note": {
        "summary": "What is so, what is not, what is of the family",
        "value": {
            "note": "A 58-year-old woman with hypertension. She denies diabetes. Her mother had breast cancer. "
            "BP 150/90, HbA1c 5.4 %. She takes lisinopril.",
            "on": "2026-11-22",
        },
    }
}


class NoteRequest(Strict):
    """A note as a clinician writes it, and the day that it was written on (today when absent)."""

    note: Annotated[str, Field(max_length=200_000)]
    on: Day | None = None


class NoteFactOut(Answer):
    """One fact: note[start:end] is `text`; `fact` is written as in a patient."""

    kind: str
    start: int
    end: int
    text: str
    fact: dict[str, Any]


class NoteOut(Answer):
    """The facts in the order of the note."""

    facts: list[NoteFactOut]


@router.post(
    "/v1/notes/parse",
    summary="Read a clinical note into facts",
    response_model=NoteOut,
    responses={422: {"model": Problem}, 413: {"model": Problem}},
)
def parse_note(today: Today, body: Annotated[NoteRequest, Body(openapi_examples=EXAMPLES)]) -> Response:
    """Each fact with its exact place; what the note denies is `present: false`, what it says of relatives is kind `family`."""
    reading = matching.read_note(body.note, day_of(body.on, today))
    return about_patient({"facts": matching.note_facts_to_json(reading.facts)})
