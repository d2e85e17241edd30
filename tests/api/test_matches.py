"""The main job over HTTP: forward, reverse, what-if and batch."""

import json

import pytest

from app import samples
from app.api.examples import PATIENTS, patient

FIRST = "NCT04061746"
SECOND = "NCT06407297"


def verdicts(match):
    return [(c["id"], c["verdict"], c["why_unknown"]) for c in match["criteria"]]


@pytest.fixture(scope="module")
def requests():
    return {name: patient(name) for name in PATIENTS}


def test_both_seed_trials_stand_in_the_answer_for_the_sample_patient(client, requests):
    answer = client.post("/v1/matches", json=requests["type_1_diabetes"]).json()
    found = {m["nct_id"]: m for m in answer["matches"]}
    assert {FIRST, SECOND} <= found.keys()
    for match in found.values():
        assert match["criteria"]
        assert all(c["verdict"] and c["explanation"] for c in match["criteria"])
    assert found[FIRST]["nearest_site"]["city"] == "Charleston"
    assert answer["totals"]["considered"] == sum(answer["totals"][k] for k in answer["totals"] if k != "considered")


def test_quotes_are_exact(client, requests):
    answer = client.post("/v1/matches", json=requests["type_1_diabetes"]).json()
    for match in answer["matches"]:
        text = client.get(f"/v1/trials/{match['nct_id']}").json()["eligibility"]["text"]
        for criterion in match["criteria"]:
            if criterion["start"] is not None:
                assert text[criterion["start"] : criterion["end"]] == criterion["text"]


def test_the_same_request_gives_the_same_bytes(client, requests):
    first, second = (client.post("/v1/matches", json=requests["oncology"]).content for _ in range(2))
    assert first == second


def test_an_answer_about_a_patient_is_never_stored(client, requests):
    assert client.post("/v1/matches", json=requests["child"]).headers["cache-control"] == "no-store"


def test_without_criteria_an_answer_is_small(client, requests):
    request = {**requests["oncology"], "include": [], "limit": 10}
    response = client.post("/v1/matches", json=request)
    assert [m for m in response.json()["matches"] if m.get("criteria")] == []
    assert len(response.content) < 30_000


def test_no_fact_at_all_excludes_nobody(client):
    answer = client.post("/v1/matches", json={"patient": {}, "scope": "all", "on": "2026-11-22", "include": []}).json()
    assert answer["totals"]["considered"] > 100
    assert answer["totals"]["not_eligible"] == 0


def test_a_walk_yields_each_trial_once(client):
    filters = {"status": ["RECRUITING"], "country": ["France"]}
    request = {"patient": {"sex": "FEMALE"}, "scope": "all", "filters": filters, "limit": 7, "on": "2026-11-22"}
    request["include"] = ["not_eligible"]
    seen, cursor = [], None
    for _ in range(20):
        answer = client.post("/v1/matches", json={**request, "cursor": cursor}).json()
        seen += [m["nct_id"] for m in answer["matches"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert cursor is None
    assert len(seen) == len(set(seen)) == answer["totals"]["considered"]


def test_the_reverse_verdicts_equal_the_forward_ones(client, requests):
    body = {
        "patients": [requests[name]["patient"] for name in PATIENTS],
        "on": "2026-11-22",
        "include": ["criteria"],
    }
    reverse = client.post(f"/v1/trials/{FIRST}/matches", json=body).json()
    assert sorted(row["patient"] for row in reverse["matches"]) == [0, 1, 2, 3]
    for row in reverse["matches"]:
        request = {
            "patient": body["patients"][row["patient"]],
            "on": "2026-11-22",
            "scope": "all",
            "filters": {"radius": "60km"},
            "limit": 100,
            "include": ["criteria", "not_eligible"],
        }
        # Beside the trial's own city few trials are left to page through.
        request["patient"] = {**request["patient"], "location": {"lat": 32.78, "lon": -79.94}}
        cursor, match = None, None
        while match is None:
            forward = client.post("/v1/matches", json={**request, "cursor": cursor}).json()
            match = next((m for m in forward["matches"] if m["nct_id"] == FIRST), None)
            cursor = forward["next_cursor"]
            assert match or cursor
        assert verdicts(match) == verdicts(row)
        assert match["eligibility"] == row["eligibility"]


def test_what_if_tells_what_a_fact_would_change(client, requests):
    request = requests["type_1_diabetes"]
    change = {"birth_date": "1980-01-01"}
    answer = client.post("/v1/matches/what-if", json={**request, "change": change}).json()
    changed = {c["nct_id"]: c for c in answer["changes"]}
    assert changed[FIRST]["eligibility"]["after"] == "not_eligible"
    assert {"before": "included", "after": "not_included"}.items() <= next(
        c for c in changed[FIRST]["criteria"] if c["id"] == f"{FIRST}/age"
    ).items()
    unchanged = client.post("/v1/matches/what-if", json={**request, "change": {}}).json()
    assert unchanged["changes"] == []


def test_a_batch_goes_on_after_bad_lines(client, requests):
    lines = [
        json.dumps({"id": "first", **requests["child"], "limit": 1}),
        "{not json",
        json.dumps({"patient": {}}),
        "",
        json.dumps({"id": "bad", "patient": {"sex": "zyx"}}),
        json.dumps({"id": "last", **requests["child"], "limit": 1}),
    ]
    response = client.post("/v1/matches/batch", content="\n".join(lines).encode())
    assert response.headers["content-type"].startswith("application/x-ndjson")
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [(r["id"], "problem" in r) for r in rows] == [
        ("first", False),
        (None, True),
        (None, True),
        ("bad", True),
        ("last", False),
    ]
    assert rows[3]["problem"]["errors"] == [
        {"pointer": "/patient/sex", "message": "one of 'FEMALE' or 'MALE' is expected"}
    ]
    assert {**rows[0], "id": ""} == {**rows[4], "id": ""}
    assert "zyx" not in response.text


def test_every_sample_patient_is_matched(client, requests):
    for name, request in requests.items():
        answer = client.post("/v1/matches", json=request).json()
        assert answer["totals"]["considered"] > 0, name
    assert {p.stem for p in samples.PATIENTS.glob("*.json")} == set(PATIENTS)


def test_a_line_that_fails_unexpectedly_does_not_end_the_batch(client, monkeypatch):
    import app.api.lines as lines_of_batch

    ask = lines_of_batch.answer

    def fail_once(reader, sent, *more):
        if sent.limit == 7:
            raise RuntimeError("zyx is the patient's")
        return ask(reader, sent, *more)

    monkeypatch.setattr(lines_of_batch, "answer", fail_once)
    lines = [
        json.dumps({"id": n, "patient": {"sex": "MALE"}, "limit": limit, "filters": {"country": ["Fiji"]}})
        for n, limit in (("a", 7), ("b", 1))
    ]
    response = client.post("/v1/matches/batch", content="\n".join(lines).encode())
    first, second = (json.loads(line) for line in response.text.splitlines())
    assert first == {
        "id": "a",
        "problem": {
            "type": "about:blank#internal-server-error",
            "title": "something went wrong with this line",
            "status": 500,
            "line": 1,
        },
    }
    assert second["id"] == "b"
    assert "totals" in second
