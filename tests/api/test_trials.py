"""Stored trials over HTTP: read with an ETag, stored and withdrawn with a key."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import orjson
import pytest

from app import samples
from tests.api.conftest import KEY

AUTH = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def record():
    with gzip.open(samples.TRIALS[0]) as lines:
        return orjson.loads(next(lines))


def id_of(record):
    return record["protocolSection"]["identificationModule"]["nctId"]


def test_a_trial_is_served_whole_and_cached_by_its_etag(client):
    first = client.get("/v1/trials/NCT04061746")
    assert first.status_code == 200
    trial = first.json()
    assert trial["brief_title"] == "Cellular Therapy for Type 1 Diabetes Using Mesenchymal Stem Cells"
    assert trial["design"]["enrollment_count"] == 60
    again = client.get("/v1/trials/NCT04061746", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_trial_tells_when_it_became_so_and_is_304_for_who_has_it_since_then(client):
    for accept in ("application/json", "application/fhir+json"):
        first = client.get("/v1/trials/NCT04061746", headers={"accept": accept})
        since = first.headers["last-modified"]
        assert abs(parsedate_to_datetime(since) - datetime.now(UTC)) < timedelta(hours=1)
        again = client.get("/v1/trials/NCT04061746", headers={"accept": accept, "if-modified-since": since})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        earlier = format_datetime(parsedate_to_datetime(since) - timedelta(seconds=1), usegmt=True)
        later = client.get("/v1/trials/NCT04061746", headers={"accept": accept, "if-modified-since": earlier})
        assert (later.status_code, later.content) == (200, first.content)
    # An ETag that differs says more than a date (RFC 9110).
    other = client.get("/v1/trials/NCT04061746", headers={"if-none-match": '"x"', "if-modified-since": since})
    assert other.status_code == 200


def test_the_related_trials_of_the_page_are_held(client):
    assert client.get("/v1/trials/NCT04061746").json()["related"] == [
        "NCT01374854",
        "NCT01219465",
        "NCT06407297",
        "NCT02763423",
        "NCT01322789",
    ]


def test_the_parsed_criteria_quote_the_stored_text(client):
    text = client.get("/v1/trials/NCT06407297").json()["eligibility"]["text"]
    parsed = client.get("/v1/trials/NCT06407297/criteria").json()
    assert parsed["coverage"]["criteria"] == len([c for c in parsed["criteria"]])
    assert [text[c["start"] : c["end"]] for c in parsed["criteria"]] == [c["text"] for c in parsed["criteria"]]


def test_text_is_parsed_without_storing_it(client):
    text = "Exclusion Criteria:\n\n* Body Mass Index \\< 14 or \\>35"
    answer = client.post("/v1/criteria/parse", json={"text": text}).json()
    (criterion,) = answer["criteria"]
    assert (criterion["role"], criterion["text"]) == ("exclusion", "Body Mass Index \\< 14 or \\>35")
    assert [(p.get("upper") or p.get("lower"))["value"] for p in criterion["expression"]["of"]] == [14.0, 35.0]


def test_writing_needs_the_key(writer, record):
    path = f"/v1/trials/{id_of(record)}"
    assert writer.request("PUT", path, json=record).status_code == 401
    assert writer.request("PUT", path, json=record, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert writer.request("DELETE", path).status_code == 401


def test_a_trial_is_stored_changed_and_withdrawn(writer, record):
    path = f"/v1/trials/{id_of(record)}"
    assert writer.get(path).status_code == 404
    stored = writer.request("PUT", path, json=record, headers=AUTH)
    assert (stored.status_code, stored.json()["outcome"]) == (201, "new")
    assert writer.request("PUT", path, json=record, headers=AUTH).json()["outcome"] == "unchanged"
    changed = orjson.loads(orjson.dumps(record))
    changed["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    assert writer.request("PUT", path, json=changed, headers=AUTH).json()["outcome"] == "changed"
    assert writer.get(path).json()["brief_title"] == "Another title"
    assert writer.request("DELETE", path, headers=AUTH).status_code == 204
    assert writer.get(path).status_code == 404
    assert writer.request("DELETE", path, headers=AUTH).status_code == 404


def test_a_record_of_another_trial_is_refused(writer, record):
    refused = writer.request("PUT", "/v1/trials/NCT00000000", json=record, headers=AUTH)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == ""


def test_health_and_metrics(client):
    assert client.get("/health/live").json() == {"status": "ok"}
    ready = client.get("/health/ready").json()
    assert ready["status"] == "ok"
    assert ready["trials"] > 300
    assert 'route="/v1/trials/{nct_id}"' in client.get("/metrics").text
