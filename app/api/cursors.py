"""Opaque cursors: where the next page begins, bound to the request they were given for."""

import base64
import binascii
import hashlib

import orjson

from app.api.errors import CursorError


def binding(request: object) -> str:
    """A short digest of everything a cursor is bound to: filters, patient, day; not the limit or the cursor itself."""
    return hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def encode(position: list[object], bound_to: str) -> str:
    """A cursor that resumes at `position` (plain JSON values)."""
    return base64.urlsafe_b64encode(orjson.dumps([bound_to, *position])).decode().rstrip("=")


def decode(cursor: str, bound_to: str) -> list[object]:
    """The position; raises CursorError for a cursor that is broken or was given for another request."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = orjson.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        given, *rest = parts
    except (ValueError, TypeError, binascii.Error):
        raise CursorError("This cursor was not given by this service; begin again without one.") from None
    if given != bound_to:
        raise CursorError("This cursor belongs to a request with other filters; begin again without one.")
    position: list[object] = rest
    return position
