"""Pure ASGI layers around the routes: the last net for errors, the access log, rate limits, security headers."""

import random
import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import problem, unexpected
from app.api.stored import KeptAnswers
from app.logs import tell_request
from app.metrics import Metrics

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_HOST_ONLY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; frame-ancestors 'none'"
)
"""Pages ask nothing of any other host, whatever the libraries in them would like to load."""


ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class Observe:
    """Logs and counts each request by its path and route template, never by its query.

    An error that no route caught becomes a problem document here, inside the server's own handler, which would
    otherwise log the error's text.

    With `kept` what is kept whole is answered here: where no layer in between has to see the request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, kept: KeptAnswers | None) -> None:
        self.app = app
        self.metrics = metrics
        self.kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, then logs and counts it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin = time.perf_counter()
        request_id = f"{random.getrandbits(128):032x}"
        kept = self.kept.at_once(scope) if self.kept is not None else None
        if kept is None:
            await self._through(scope, receive, send, begin, request_id)
            return
        headers = [*kept.headers, *ALWAYS, (b"x-request-id", request_id.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": kept.body})
        self._tell("GET", kept.route.path, 200, begin, request_id)

    async def _through(self, scope: Scope, receive: Receive, send: Send, begin: float, request_id: str) -> None:
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = message.get("headers", ())
                headers = message["headers"] = [*told, *ALWAYS, (b"x-request-id", request_id.encode())]
                for name, value in told:
                    if name == b"content-type":
                        if value.startswith(b"text/html"):
                            headers.append((b"content-security-policy", OWN_HOST_ONLY.encode()))
                        break
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            response = unexpected(Request(scope), error)
            if status == 0:
                await response(scope, receive, sending)
        finally:
            route = scope.get("route")
            template = getattr(route, "path", None) or "unmatched"
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
            self._tell(method, template, status, begin, request_id)

    def _tell(self, method: str, template: str, status: int, begin: float, request_id: str) -> None:
        seconds = time.perf_counter() - begin
        self.metrics.record(method, template, status, seconds)
        # The path may name a trial, never a person; the query string is left out on purpose.
        tell_request(method, template, status, int(seconds * 1e5) / 100, request_id)


class BodyLimit:
    """Refuses with 413 a body over `limit` bytes, by its Content-Length or as soon as it has sent more.

    `limits` holds other limits by path. FastAPI's own limit answers in plain text.
    """

    def __init__(self, app: ASGIApp, limit: int, limits: Mapping[str, int]) -> None:
        self.app = app
        self.limit = limit
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on while its body is small enough."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] in BODILESS and not any(
            name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]
        ):
            await self.app(scope, receive, send)
            return
        limit = self.limits.get(scope["path"], self.limit)
        said = Headers(scope=scope).get("content-length", "")
        if said.isascii() and said.isdigit() and int(said[:20]) > limit:
            response = problem(413, f"At most {limit} bytes are accepted.")
            await response(scope, receive, send)
            return
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > limit:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


class HeadAsGet:
    """Answers HEAD as GET would be answered, without the body (RFC 9110): routes need not name both."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; of the answer to a HEAD only status and headers are sent."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, bodiless)


class RateLimit:
    """Refuses with 429 what one client address asks beyond `rate` ("100/minute"), per worker process."""

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self.app = app
        # It comes with clients of databases that take a while to load; few services set a rate.
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import FixedWindowRateLimiter

        self.item = parse(rate)
        self.limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 429 with Retry-After."""
        if scope["type"] != "http" or scope["path"].startswith("/health"):
            await self.app(scope, receive, send)
            return
        client = (scope.get("client") or ("unknown",))[0]
        if self.limiter.hit(self.item, client):
            await self.app(scope, receive, send)
            return
        wait = max(1, round(self.limiter.get_window_stats(self.item, client).reset_time - time.time()))
        response = problem(429, "Please wait before asking again.", headers={"Retry-After": str(wait)})
        await response(scope, receive, send)
