"""Answers as bytes: the engine's JSON encoded once, with the headers its kind asks for."""

from datetime import datetime
from email.utils import parsedate_to_datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.api.stored import http_date, tag_of


def about_patient(body: object) -> Response:
    """An answer that speaks of a patient: never stored by anything on the way."""
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})


def cacheable(
    request: Request,
    body: bytes,
    *,
    media_type: str = "application/json",
    max_age_s: int = 60,
    last_modified: datetime | None = None,
    link: str | None = None,
    **headers: str,
) -> Response:
    """A public answer with an ETag; 304 without a body when the client already has it.

    `last_modified` (UTC) counts only for a client that sends no ETag (RFC 9110).
    """
    etag = tag_of(body)
    named = {"ETag": etag, "Cache-Control": f"public, max-age={max_age_s}", **headers}
    if link is not None:
        named["Link"] = link
    if last_modified is not None:
        named["Last-Modified"] = http_date(last_modified)
    if _is_known(request, etag, last_modified):
        return Response(status_code=304, headers=named)
    return Response(body, media_type=media_type, headers=named)


def _is_known(request: Request, etag: str, last_modified: datetime | None) -> bool:
    sent = request.headers.get("if-none-match")
    if sent is not None:
        known = [tag.strip().removeprefix("W/") for tag in sent.split(",")]
        return etag in known or known == ["*"]
    since = request.headers.get("if-modified-since")
    if since is None or last_modified is None:
        return False
    try:
        return last_modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
