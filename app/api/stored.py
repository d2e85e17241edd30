"""Stored trials and pages of their list, served as the bytes they are kept as.

A layer in front of the routes: what it knows goes out without routing, parsing, encoding or compressing, and everything
else goes on to the routes, whose answer it then keeps. It keeps answers about trials only: a list that was asked for with
anything that may speak of a person (a condition, an age, a place, free text) is never kept.

Another process's change of a trial shows here after MOST_STALE_S at the latest; one made by this process, at once.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.documents import Documents
from app.store.trials import TrialStore

TRIAL_PATH = re.compile(r"/v1/trials/(NCT[0-9]{8})\Z")
LIST_PATH = "/v1/trials"

IMPERSONAL = frozenset({"limit", "cursor", "status", "phase", "study_type", "sort"})
"""Parameters of a list that say nothing of a person."""

MOST_STALE_S = 0.5
MOST_BYTES = 32 * 1024 * 1024
LARGEST_KEPT = 1024 * 1024

LONGEST_CODING = 100
CONDITIONS = frozenset({b"if-none-match", b"if-modified-since"})
PLAIN = frozenset({b"", b"identity"})
JSON_ACCEPTED = frozenset({b"", b"*/*", b"application/json"})
Headers = list[tuple[bytes, bytes]]
Key = tuple[str, bytes, bytes]
"""The path, the query, and which codings of the body the client takes."""


@dataclass(frozen=True, slots=True)
class Route:
    """What the log and the counts call a path by; only that is looked at of a route."""

    path: str


TRIAL_ROUTE = Route("/v1/trials/{nct_id}")
LIST_ROUTE = Route(LIST_PATH)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is sent; `known_headers` go with a 304."""

    body: bytes
    headers: Headers
    known_headers: Headers
    etag: bytes
    route: Route


class KeptAnswers:
    """Answers in memory, as long as the version of the data that they are of; the one not asked for for longest goes first."""

    def __init__(self, store: TrialStore) -> None:
        self._store = store
        self._answers: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._version: tuple[str, int] = ("", -1)
        self._checked_at = float("-inf")

    def __contains__(self, key: Key) -> bool:
        return key in self._answers

    @property
    def keys(self) -> tuple[Key, ...]:
        """What is kept, the latest last."""
        return tuple(self._answers)

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def get(self, key: Key) -> Kept | None:
        """An answer of the version that was asked for last."""
        kept = self._answers.get(key)
        if kept is not None:
            self._answers.move_to_end(key)
        return kept

    def at_once(self, scope: Scope) -> Kept | None:
        """The whole answer to a request, where it is kept, nothing need be asked for it, and the client has none of it.

        Most requests for what is kept are such; for the layer that sees requests first.
        """
        accept = coding = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value
            elif name == b"accept-encoding":
                coding = value
            elif name in CONDITIONS:
                return None
        kept = self.get((scope["path"], scope["query_string"], coding))
        if kept is None or accept not in JSON_ACCEPTED or scope["method"] != "GET" or self._present() is None:
            return None
        return kept

    async def version(self) -> tuple[str, int] | None:
        """The version of the data, asked for now and then; None: the store does not answer."""
        present = self._present()
        if present is not None:
            return present
        local = self._store.changes
        self._checked_at = time.monotonic()
        try:
            version = (await anyio.to_thread.run_sync(self._store.data_version), local)
        except SQLAlchemyError:
            self._checked_at = float("-inf")
            return None
        if version != self._version:
            self._answers.clear()
            self._bytes = 0
            self._version = version
        return version

    def _present(self) -> tuple[str, int] | None:
        """The version that was asked for not long ago."""
        if self._store.changes == self._version[1] and time.monotonic() - self._checked_at < MOST_STALE_S:
            return self._version
        return None

    def keep(self, key: Key, kept: Kept, version: tuple[str, int]) -> None:
        """Keeps an answer that was made of a version of the data."""
        # What was read before a change that has been seen since is not kept.
        if (
            version != self._version
            or key in self._answers
            or len(kept.body) > LARGEST_KEPT
            or len(key[2]) > LONGEST_CODING
        ):
            return
        self._answers[key] = kept
        self._bytes += len(kept.body)
        while self._bytes > MOST_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= len(oldest.body)


class StoredAnswers:
    """Answers from memory, or from the store by the shortest way, or by the routes behind it."""

    def __init__(self, app: ASGIApp, documents: Documents, kept: KeptAnswers) -> None:
        self.app = app
        self.documents = documents
        self.kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what it can, passes the rest on."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(LIST_PATH):
            await self.app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"]
        trial = TRIAL_PATH.match(path)
        accept = coding = b""
        if_none_match = since = None
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value
            elif name == b"accept-encoding":
                coding = value
            elif name == b"if-none-match":
                if_none_match = value
            elif name == b"if-modified-since":
                since = value
        # A date without a tag is compared by the routes.
        if since is not None and if_none_match is None:
            await self.app(scope, receive, send)
            return
        key = (path, query, coding)
        # What is kept was found impersonal when it came.
        if accept not in JSON_ACCEPTED or not (
            trial or (path == LIST_PATH and (key in self.kept or _impersonal(query)))
        ):
            await self.app(scope, receive, send)
            return
        version = await self.kept.version()
        kept = self.kept.get(key)
        route = TRIAL_ROUTE if trial else LIST_ROUTE
        if kept is None and trial is not None and not query and version is not None and coding in PLAIN:
            kept = await self._read(key, trial[1], version)
        if kept is None or version is None:
            await self._capture(key, route, scope, receive, send, version)
            return
        scope["route"] = route
        is_known = if_none_match is not None and _is_known(kept, if_none_match)
        headers = kept.known_headers if is_known else kept.headers
        await send({"type": "http.response.start", "status": 304 if is_known else 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"" if is_known else kept.body})

    async def _read(self, key: Key, nct_id: str, version: tuple[str, int]) -> Kept | None:
        read = self.documents.read
        try:
            found = read(nct_id) if self.documents.is_local else await anyio.to_thread.run_sync(read, nct_id)
        except SQLAlchemyError:
            return None
        if found is None:
            return None
        kept = _answer(*found)
        self.kept.keep(key, kept, version)
        return kept

    async def _capture(
        self, key: Key, route: Route, scope: Scope, receive: Receive, send: Send, version: tuple[str, int] | None
    ) -> None:
        """Lets the routes answer, and keeps a whole answer that anybody may have."""
        headers: Headers | None = None

        async def watching(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                headers = list(message["headers"]) if message["status"] == 200 else None
            elif headers is not None and not message.get("more_body"):
                told = dict(headers)
                # Only what was told in one piece, with its tag, and not for one client alone.
                whole = len(message.get("body", b"")) == int(told.get(b"content-length", b"-1"))
                if version is not None and whole and b"etag" in told and b"no-store" not in told[b"cache-control"]:
                    known = [
                        (name, value)
                        for name, value in headers
                        if name not in (b"content-length", b"content-type", b"content-encoding")
                    ]
                    self.kept.keep(key, Kept(message["body"], headers, known, told[b"etag"], route), version)
            await send(message)

        await self.app(scope, receive, watching)


def _impersonal(query: bytes) -> bool:
    return not query or all(
        name in IMPERSONAL for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    )


def tag_of(body: bytes) -> str:
    """The ETag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def http_date(at: datetime) -> str:
    """An instant as HTTP writes it, to the second."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _answer(body: bytes, stored_at: datetime) -> Kept:
    tag = tag_of(body).encode()
    known = [
        (b"etag", tag),
        (b"cache-control", b"public, max-age=60"),
        (b"vary", b"Accept"),
        (b"last-modified", http_date(stored_at).encode()),
    ]
    told = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    return Kept(body, [*told, *known], known, tag, TRIAL_ROUTE)


def _is_known(kept: Kept, if_none_match: bytes) -> bool:
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return kept.etag in tags or tags == [b"*"]
