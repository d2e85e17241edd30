"""`POST /v1/criteria/parse`: eligibility text in, criteria out."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

import matching
from app.api.schemas.matches import Answer, Problem
from app.api.schemas.patient import Strict

router = APIRouter(tags=["criteria"])

EXAMPLE = "Inclusion Criteria:\n\n* Age 18 to 40 years\n* HbA1c \\<= 9 %\n\nExclusion Criteria:\n\n* Pregnancy"


class ParseRequest(Strict):
    """An eligibility text as a registry publishes it."""

    text: Annotated[str, Field(max_length=100_000, examples=[EXAMPLE])]


class ParsedOut(Answer):
    """The parsed criteria (CONTRACT section 4)."""

    criteria: list[dict[str, Any]]
    coverage: dict[str, int]
    problems: list[dict[str, Any]]


@router.post(
    "/v1/criteria/parse",
    summary="Read eligibility text into criteria",
    response_model=ParsedOut,
    responses={422: {"model": Problem}, 413: {"model": Problem}},
)
def parse_criteria(body: ParseRequest) -> Response:
    """Each criterion with its expression, its exact place in the text, and what could not be read."""
    parsed = matching.parsed_to_json(matching.parse_eligibility(body.text))
    return Response(orjson.dumps(parsed), media_type="application/json")
