"""Answers as bytes: the engine's JSON encoded once, with the headers its kind asks for."""

import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response


def about_patient(body: object) -> Response:
    """An answer that speaks of a patient: never stored by anything on the way."""
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})


def cacheable(
    request: Request, body: bytes, *, media_type: str = "application/json", max_age_s: int = 60, **headers: str
) -> Response:
    """A public answer with an ETag; 304 without a body when the client already has it."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    named = {"ETag": etag, "Cache-Control": f"public, max-age={max_age_s}", **headers}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers=named)
    return Response(body, media_type=media_type, headers=named)
