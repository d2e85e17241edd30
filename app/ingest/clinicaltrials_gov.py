"""A client of the registry's API v2: pages of studies, politely, with retries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
import stamina

BASE_URL = "https://clinicaltrials.gov/api/v2"

USER_AGENT = "trialmatch (open-source clinical-trial matching; polite client)"

PAGE_SIZE = 500
"""The registry allows 1,000; half of it keeps a page small enough to be fetched again."""

IDS_AT_ONCE = 400

LONGEST_WAIT_S = 300.0
"""The longest that a Retry-After is obeyed; the client gives up rather than wait longer."""

RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(eq=False)
class RegistryError(Exception):
    """The registry did not answer as it should, also not when asked again."""

    reason: str
    status: int | None = None

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Page:
    """Studies as published, in their order; no token: the last page. `total` comes with the first page only."""

    studies: Sequence[object]
    next_token: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a condition in words, statuses as the registry spells them, updates since a day."""

    condition: str | None = None
    statuses: tuple[str, ...] = ()
    since: str | None = None

    def parameters(self) -> dict[str, str]:
        """As the API has them."""
        asked: dict[str, str] = {}
        if self.condition:
            asked["query.cond"] = self.condition
        if self.statuses:
            asked["filter.overallStatus"] = "|".join(self.statuses)
        if self.since:
            asked["filter.advanced"] = f"AREA[LastUpdatePostDate]RANGE[{self.since},MAX]"
        return asked


@dataclass(slots=True)
class Registry:
    """The client; use it in a `with` statement.

    Args:
        base_url: of the API.
        interval_s: seconds between the beginnings of two requests.
        timeout_s: for one answer.
        attempts: how often one request is tried.
        wait_s: seconds before the second attempt; later ones wait longer, and a Retry-After is obeyed.
    """

    base_url: str = BASE_URL
    interval_s: float = 1.2
    timeout_s: float = 60.0
    attempts: int = 8
    wait_s: float = 2.0
    _client: httpx.Client = field(init=False)
    _last: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            timeout=self.timeout_s,
            follow_redirects=True,
        )

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def data_timestamp(self) -> str | None:
        """When the registry's data was last brought up to date (`2026-11-20T09:00:05`)."""
        told = self._get("/version", {}).get("dataTimestamp")
        return told if isinstance(told, str) else None

    def pages(self, asked: Asked, *, token: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[Page]:
        """The pages, one request each, from the token on; an empty page with a token is not the last.

        Raises RegistryError; with status 400 for a token the registry does not take any more.
        """
        parameters = {**asked.parameters(), "pageSize": str(page_size), "countTotal": "true"}
        seen: set[str] = set()
        while True:
            answer = self._get("/studies", {**parameters, "pageToken": token} if token else parameters, want="studies")
            following = answer.get("nextPageToken")
            following = following if isinstance(following, str) and following else None
            total = answer.get("totalCount")
            yield Page(answer["studies"], following, total if isinstance(total, int) else None)
            if following is None:
                return
            if following in seen:
                raise RegistryError("the registry gives the same page token again and again")
            seen.add(following)
            token = following

    def present(self, nct_ids: Sequence[str]) -> set[str]:
        """Which of the ids the registry still publishes."""
        found: set[str] = set()
        for start in range(0, len(nct_ids), IDS_AT_ONCE):
            asked = nct_ids[start : start + IDS_AT_ONCE]
            parameters = {"filter.ids": ",".join(asked), "fields": "NCTId", "pageSize": str(IDS_AT_ONCE)}
            token: str | None = None
            while True:
                sent = {**parameters, "pageToken": token} if token else parameters
                answer = self._get("/studies", sent, want="studies")
                for study in answer["studies"]:
                    nct_id = _nct_id(study)
                    if nct_id is not None:
                        found.add(nct_id)
                token = answer.get("nextPageToken")
                if not token:
                    break
        return found & set(nct_ids)

    def _get(self, path: str, parameters: Mapping[str, str], want: str | None = None) -> dict[str, Any]:
        try:
            for attempt in stamina.retry_context(
                on=_again,
                attempts=self.attempts,
                timeout=None,
                wait_initial=self.wait_s,
                wait_max=60.0,
                wait_jitter=self.wait_s / 2,
            ):
                with attempt:
                    return self._get_once(path, parameters, want)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise RegistryError(f"the registry answered {status} to {path}", status) from error
        except (httpx.HTTPError, _BrokenAnswerError) as error:
            raise RegistryError(f"the registry could not be read ({type(error).__name__}: {error})") from error
        raise AssertionError("the last attempt returns or raises")

    def _get_once(self, path: str, parameters: Mapping[str, str], want: str | None) -> dict[str, Any]:
        wait = self._last + self.interval_s - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last = time.monotonic()
        answer = self._client.get(self.base_url + path, params=parameters)
        answer.raise_for_status()
        try:
            body = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise _BrokenAnswerError("not whole JSON") from None
        if not isinstance(body, dict) or (want is not None and not isinstance(body.get(want), list)):
            raise _BrokenAnswerError(f"no list `{want}`" if want else "not an object")
        return body


class _BrokenAnswerError(Exception):
    """An answer of status 200 that is cut off or has another form: mostly whole when asked again."""


def _again(error: Exception) -> bool | float:
    """Whether to ask again, or after how many seconds."""
    if isinstance(error, httpx.HTTPStatusError):
        if error.response.status_code not in RETRIED:
            return False
        told = _retry_after(error.response.headers.get("Retry-After"), lambda: datetime.now(UTC))
        if told is None:
            return True
        return told if told <= LONGEST_WAIT_S else False
    return isinstance(error, (httpx.TransportError, httpx.DecodingError, _BrokenAnswerError))


def _retry_after(value: str | None, now: Callable[[], datetime]) -> float | None:
    """Seconds of a Retry-After header: a number of them, or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds())
    except (TypeError, ValueError):
        return None


def _nct_id(study: object) -> str | None:
    found: Any = study
    for key in ("protocolSection", "identificationModule", "nctId"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
