"""`POST /v1/matches/batch`: NDJSON in, NDJSON out, streamed; a bad line yields a problem line and the stream goes on."""

import logging
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.deps import SettingsDep, StoreDep, Today
from app.api.errors import ApiError, Fault, faults_of, problem_type
from app.api.matches import answer
from app.api.patients import summary
from app.api.schemas.matches import MatchRequest
from app.store.places import gazetteer
from app.store.trials import TrialStore

logger = logging.getLogger(__name__)

router = APIRouter(tags=["matches"])

PATH = "/v1/matches/batch"
MEDIA_TYPE = "application/x-ndjson"
MAX_BATCH_BYTES = 4 * 1024**3
"""Lines are read and forgotten one by one: this only bounds how long one call can last."""


class DuplexResponse(StreamingResponse):
    """Streams while the request's body is still being read.

    A plain StreamingResponse waits for a disconnect by reading the same channel, and so eats the body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream; a client that goes away ends it when the body ends."""
        await self.stream_response(send)


async def lines_of(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | None]:
    """Lines without their ends, as soon as each is whole; None in place of a line longer than `limit` bytes."""
    held = bytearray()
    skipping = False
    async for chunk in chunks:
        held += chunk
        *whole, rest = held.split(b"\n")
        for line in whole:
            yield None if skipping or len(line) > limit else bytes(line)
            skipping = False
        held = bytearray() if skipping or len(rest) > limit else bytearray(rest)
        skipping = skipping or len(rest) > limit
    if held or skipping:
        yield None if skipping else bytes(held)


def problem_line(
    identifier: object, title: str, number: int, faults: list[Fault] | None = None, *, status: int = 422
) -> dict[str, Any]:
    """A problem document in place of an answer; `line` counts from 1."""
    errors = [{"pointer": f.pointer, "message": f.message} for f in faults or []]
    problem = {"type": problem_type(status), "title": title, "status": status, "line": number}
    return {"id": identifier, "problem": {**problem, **({"errors": errors} if errors else {})}}


def answer_line(line: bytes, number: int, store: TrialStore, today: date) -> dict[str, Any]:
    """The answer to one line {id, patient, ...}; a problem line for one that cannot be answered."""
    identifier: object = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            return problem_line(None, "an object is expected", number)
        identifier = row.pop("id", None)
        if not isinstance(identifier, (str, int)):
            return problem_line(None, "a line needs an id, a text or a whole number", number)
        sent = MatchRequest.model_validate(row)
        with store.reader() as reader:
            return {"id": identifier, **answer(reader, sent, today, gazetteer())}
    except orjson.JSONDecodeError:
        return problem_line(None, "the line is not valid JSON", number)
    except ValidationError as error:
        found = faults_of([dict(e) for e in error.errors()])
        return problem_line(identifier, summary(found), number, found)
    except ApiError as error:
        return problem_line(identifier, error.detail, number, list(error.faults))
    except Exception as error:
        # One line's fault must not end the stream; the error's text may hold a value of the line.
        logger.error("a line failed", extra={"error": type(error).__name__})
        return problem_line(identifier, "something went wrong with this line", number, status=500)


@router.post(
    PATH,
    summary="Match many patients, streamed",
    response_class=StreamingResponse,
    responses={
        200: {"content": {MEDIA_TYPE: {}}, "description": "A line {id, ...answer} or {id, problem} for each line"}
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MEDIA_TYPE: {"schema": {"type": "string"}, "example": '{"id": "a", "patient": {"sex": "MALE"}}'}
            },
        }
    },
)
async def post_batch(request: Request, store: StoreDep, settings: SettingsDep, today: Today) -> DuplexResponse:
    """A line is a match request with an `id`; answers come in the order of the lines, each as soon as it is known."""

    async def answers() -> AsyncIterator[bytes]:
        number = 0
        async for line in lines_of(request.stream(), settings.max_body_bytes):
            number += 1
            if line is None:
                body = problem_line(None, "the line is too long", number)
            elif not line.strip():
                continue
            else:
                body = await run_in_threadpool(answer_line, line, number, store, today)
            yield orjson.dumps(body) + b"\n"

    return DuplexResponse(answers(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
