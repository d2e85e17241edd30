"""Every error is `application/problem+json` (RFC 9457) and repeats no value of a request.

One table says which exception becomes which status; a test asserts that every error class of the project is placed.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

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

__all__ = [
    "MEDIA_TYPE",
    "SENTENCES",
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
    "faults_of",
    "install",
    "pointer",
    "problem",
    "problem_type",
    "sentence",
    "unexpected",
]

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}\Z")


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


def pointer(location: Sequence[int | str]) -> str:
    """A JSON pointer. A name that is not a plain word may be a patient's own, and ends the pointer unrepeated."""
    parts = []
    for part in location:
        text = str(part)
        if not isinstance(part, int) and not PLAIN_NAME.match(text):
            break
        parts.append(text)
    return "".join(f"/{p}" for p in parts)


# pydantic's own sentences may quote the input: each kind gets a sentence of ours, the rest its safe part.
SENTENCES = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field",
    "json_invalid": "the body is not valid JSON",
    "string_type": "a text is expected",
    "bool_type": "true or false is expected",
    "float_type": "a number is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a finite number is expected",
    "list_type": "a list is expected",
    "dict_type": "an object is expected",
    "model_type": "an object is expected",
    "model_attributes_type": "an object is expected",
    "too_long": "the list is too long",
    "string_too_long": "the text is too long",
    "string_too_short": "the text is too short",
}
SAFE_CONTEXT = ("expected", "ge", "gt", "le", "lt", "max_length", "min_length")


def sentence(error: Mapping[str, object]) -> str:
    """What is wrong, without the value that was sent."""
    kind = str(error.get("type"))
    context = error.get("ctx")
    limits = context if isinstance(context, Mapping) else {}
    if kind in SENTENCES:
        limit = limits.get("max_length")
        return SENTENCES[kind] + (f" (at most {limit})" if limit is not None else "")
    if kind == "value_error" and isinstance(limits.get("error"), ValueError):
        return str(limits["error"])  # our own validators' words, which hold no value
    if kind in ("literal_error", "enum") and "expected" in limits:
        return f"one of {limits['expected']} is expected"
    said = ", ".join(f"{name} {limits[name]}" for name in SAFE_CONTEXT if name in limits)
    return f"not valid ({kind.replace('_', ' ')}{': ' + said if said else ''})"


def faults_of(errors: Sequence[Mapping[str, object]], skip: int = 0) -> list[Fault]:
    """Pydantic's errors as faults; `skip` leading parts of each location are left out (such as `body`)."""
    found = []
    for error in errors:
        raw = error.get("loc")
        location = list(raw)[skip:] if isinstance(raw, (tuple, list)) else []
        if error.get("type") == "json_invalid":
            location = []
        found.append(Fault(pointer(location), sentence(error)))
    return list(dict.fromkeys(found))


def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    status = STATUS[type(error)]
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return problem(status, error.detail, faults=error.faults, extra=error.extra, headers=headers)


def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = {str(e["loc"][0]) for e in error.errors() if e.get("loc")}
    found = faults_of(error.errors(), skip=1)
    where = "body" if places == {"body"} else "parameters"
    if where == "parameters":
        found = [Fault(f.pointer.lstrip("/"), f.message) for f in found]
    return problem(422, f"{len(found)} fault{'s' * (len(found) != 1)} in the {where}; nothing was done", faults=found)


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI: a body that cannot even be decoded
        return problem(422, "1 fault in the body; nothing was done", faults=[Fault("", SENTENCES["json_invalid"])])
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
