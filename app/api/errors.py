"""Every error is `application/problem+json` (RFC 9457) and repeats no value of a request.

One table says which exception becomes which status; a test asserts that every error class of the project is placed.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.api.deps import today
from app.api.faults import (
    ApiError,
    CursorError,
    Fault,
    InvalidRequestError,
    KeyRequiredError,
    NotAcceptableError,
    NotReadyError,
    TooManyRequestsError,
    TrialNotFoundError,
    WritesOffError,
)
from app.api.impossible import impossible_in, with_more
from app.api.wording import NOT_JSON, faults_of, summary
from app.store.places import gazetteer

__all__ = [
    "MEDIA_TYPE",
    "STATUS",
    "TITLES",
    "ApiError",
    "CursorError",
    "Fault",
    "InvalidRequestError",
    "KeyRequiredError",
    "NotAcceptableError",
    "NotReadyError",
    "TooManyRequestsError",
    "TrialNotFoundError",
    "WritesOffError",
    "install",
    "problem",
    "problem_type",
    "unexpected",
]

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[ApiError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TrialNotFoundError: HTTPStatus.NOT_FOUND,
    CursorError: HTTPStatus.BAD_REQUEST,
    KeyRequiredError: HTTPStatus.UNAUTHORIZED,
    WritesOffError: HTTPStatus.FORBIDDEN,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
}

TITLES = {
    HTTPStatus.BAD_REQUEST: "The request cannot be served",
    HTTPStatus.UNAUTHORIZED: "An API key is needed",
    HTTPStatus.FORBIDDEN: "This call is switched off",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method not allowed",
    HTTPStatus.NOT_ACCEPTABLE: "No such form of the answer",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body's media type is not understood",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request is not valid",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service is not ready",
}


def problem_type(status: int) -> str:
    """The `type` of a problem document: `about:blank#` and the words of the status."""
    return f"about:blank#{HTTPStatus(status).phrase.lower().replace(' ', '-')}"


def problem(
    status: int,
    detail: str | None = None,
    *,
    faults: Sequence[Fault] = (),
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `type` is `about:blank#<status words>`, so that clients may compare it."""
    known = HTTPStatus(status)
    body: dict[str, object] = {
        "type": problem_type(status),
        "title": TITLES.get(known, known.phrase),
        "status": status,
    }
    if detail:
        body["detail"] = detail
    if faults:
        body["errors"] = [{"pointer": f.pointer, "message": f.message} for f in faults]
    body.update(extra or {})
    return JSONResponse(body, status, headers={**(headers or {}), "Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    status = STATUS[type(error)]
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return problem(status, error.detail, faults=error.faults, extra=error.extra, headers=headers)


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = {str(e["loc"][0]) for e in error.errors() if e.get("loc")}
    found = faults_of(error.errors(), skip=1)
    where = "body" if places == {"body"} else "parameters"
    if where == "body":
        day = request.app.dependency_overrides.get(today, today)()
        found = with_more(found, impossible_in(error.body, day, gazetteer()))
    if where == "parameters":
        found = [Fault(f.pointer.lstrip("/"), f.message) for f in found]
    return problem(422, summary(found, where), faults=found)


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI: a body that cannot even be decoded
        return problem(422, summary([NOT_JSON]), faults=[NOT_JSON])
    return problem(error.status_code, headers=error.headers)


def unexpected(request: Request, error: Exception) -> Response:
    """500, and a log line with the kind of the error and its place in the code."""
    # The text of the error may hold a patient's value: only its kind and the place in the code are logged.
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "unknown"
    logger.error("unexpected error", extra={"error": type(error).__name__, "where": where})
    return problem(500, "The fault was logged, without your data. Please try again later.")


def install(app: FastAPI) -> None:
    """Places every handler on the app."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, unexpected)
