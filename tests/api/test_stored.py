"""Stored trials as kept bytes: never older than the data for long, and nothing about a person among them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api import stored
from app.api.stored import StoredAnswers
from app.main import create_app
from app.settings import Settings
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from tests.store.trials_made import AT, no_text, registry_trial


class Service:
    """An app over a database of its own, asked in one event loop, so that what it keeps is kept between requests."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        url = f"sqlite:///{folder / 'trials.db'}"
        self.elsewhere = TrialStore(create_engine_for(url))
        upgrade(self.elsewhere.engine)
        self.elsewhere.upsert([registry_trial(1), registry_trial(2)], at=AT, read=no_text)
        self.app = create_app(Settings(database_url=url, **settings))
        self.store: TrialStore = self.app.state.store

    def ask(self, *paths: str, between: Any = None, **headers: str) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                answers = []
                for path in paths:
                    if answers and between is not None:
                        between()
                    answers.append(await client.get(path, headers=headers))
                return answers

        return asyncio.run(all_of_them())

    def layer(self) -> StoredAnswers:
        layer = self.app.middleware_stack
        while not isinstance(layer, StoredAnswers):
            layer = layer.app  # type: ignore[union-attr]
        return layer

    def kept(self) -> list[str]:
        return [path + ("?" + query.decode() if query else "") for path, query, _ in self.layer().kept.keys]


@pytest.fixture
def service(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Service(tmp_path)
    yield made
    made.store.close()
    made.elsewhere.close()


ONE = "/v1/trials/NCT00000001"


def test_kept_bytes_are_the_stored_bytes_with_the_same_headers(service: Service) -> None:
    first, second = service.ask(ONE, ONE, **{"accept-encoding": "identity"})
    assert first.content == second.content == service.store.document("NCT00000001")
    assert service.kept() == [ONE]
    for answer in (first, second):
        told = dict(answer.headers)
        assert len(told.pop("x-request-id")) == 32
        assert told == {
            "content-length": str(len(first.content)),
            "content-type": "application/json",
            "etag": stored.tag_of(first.content),
            "cache-control": "public, max-age=60",
            "vary": "Accept",
            "last-modified": "Sun, 22 Nov 2026 09:30:00 GMT",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        }


def test_each_coding_is_kept_for_those_who_take_it(service: Service) -> None:
    service.store.upsert([registry_trial(number) for number in range(3, 13)], at=AT, read=no_text)
    page = "/v1/trials?status=any"
    (plain,) = service.ask(page, **{"accept-encoding": "identity"})
    first, second = service.ask(page, page, **{"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "gzip"
    assert first.content == second.content == plain.content
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in second.headers["vary"]


def test_a_client_that_has_it_gets_304(service: Service) -> None:
    (first,) = service.ask(ONE)
    (again,) = service.ask(ONE, **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-length" not in again.headers


def test_who_has_no_leave_to_ask_gets_no_kept_answer(tmp_path: Path) -> None:
    limited = Service(tmp_path, rate_limit="2/hour")
    try:
        assert [answer.status_code for answer in limited.ask(ONE, ONE, ONE)] == [200, 200, 429]
    finally:
        limited.store.close()
        limited.elsewhere.close()


def test_a_kept_answer_tells_other_origins_what_the_first_one_did(tmp_path: Path) -> None:
    asked = Service(tmp_path, cors_origins=("https://page.example",))
    try:
        first, second = asked.ask(ONE, ONE, origin="https://page.example")
        assert first.headers["access-control-allow-origin"] == second.headers["access-control-allow-origin"]
    finally:
        asked.store.close()
        asked.elsewhere.close()


def test_head_and_other_methods_are_answered_as_before_where_an_answer_is_kept(service: Service) -> None:
    (first,) = service.ask(ONE)

    async def others() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return [await client.head(ONE), await client.post(ONE), await client.get(ONE)]

    head, posted, again = asyncio.run(others())
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
    assert posted.status_code == 405
    assert again.content == first.content


def test_every_answer_has_an_id_of_its_own_and_is_counted(service: Service) -> None:
    answers = service.ask(ONE, ONE, ONE)
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    (counts,) = service.ask("/metrics")
    told = 'trialmatch_requests_total{method="GET",route="/v1/trials/{nct_id}",status="200"} 3.0'
    assert told in counts.text


def test_what_this_process_changes_shows_at_once(service: Service) -> None:
    def change() -> None:
        retitled = replace(registry_trial(1), brief_title="Another title")
        service.store.upsert([retitled], at=AT, read=no_text, replace=True)

    first, second = service.ask(ONE, ONE, between=change)
    assert (first.json()["brief_title"], second.json()["brief_title"]) == ("Trial 1", "Another title")


def test_a_withdrawn_trial_is_gone_at_once(service: Service) -> None:
    first, second = service.ask(ONE, ONE, between=lambda: service.store.withdraw("NCT00000001", at=AT))
    assert (first.status_code, second.status_code) == (200, 404)


def test_what_another_process_changes_shows_when_the_version_is_asked_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        retitled = replace(registry_trial(1), brief_title="Another title")
        service.elsewhere.upsert([retitled], at=AT, read=no_text, replace=True)
        monkeypatch.setattr(stored, "MOST_STALE_S", 0.0)

    first, second = service.ask(ONE, ONE, between=change)
    assert (first.json()["brief_title"], second.json()["brief_title"]) == ("Trial 1", "Another title")


def test_pages_of_the_list_are_kept_unless_they_may_speak_of_a_person(service: Service) -> None:
    plain = "/v1/trials?status=any&limit=1"
    personal = [
        f"/v1/trials?{asked}"
        for asked in (
            "condition=asthma",
            "age=34",
            "sex=MALE",
            "near=32.7%2C-79.9",
            "country=US",
            "term=x",
            "limit=1&age=4",
        )
    ]
    first, second, *others = service.ask(plain, plain, *personal)
    assert first.content == second.content
    assert first.json()["total"] == 2
    assert second.headers["link"] == first.headers["link"]
    assert {answer.status_code for answer in others} == {200}
    assert service.kept() == [plain]


def test_faults_and_other_forms_are_not_kept(service: Service) -> None:
    answers = service.ask(
        "/v1/trials/NCT00000009", "/v1/trials?limit=0", "/v1/trials?cursor=x", f"{ONE}?x=%00", ONE[:-1]
    )
    assert [answer.status_code for answer in answers[:3]] == [404, 422, 400]
    (study,) = service.ask(ONE, accept="application/fhir+json")
    assert study.headers["content-type"].startswith("application/fhir+json")
    (refused,) = service.ask(ONE, accept="text/html")
    assert refused.status_code == 406
    assert [kept for kept in service.kept() if not kept.startswith(f"{ONE}?")] == []


def test_no_more_is_kept_than_there_is_room_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(service.store.document("NCT00000001") or b"")
    monkeypatch.setattr(stored, "MOST_BYTES", size + 10)
    service.ask(ONE, "/v1/trials/NCT00000002")
    assert service.kept() == ["/v1/trials/NCT00000002"]
    assert service.layer().kept.bytes <= size + 10
