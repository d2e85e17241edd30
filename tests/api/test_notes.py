"""`POST /v1/notes/parse` and the `note` of a patient."""

NOTE = "A 58-year-old woman with hypertension. She denies diabetes."


def test_a_note_is_read_into_facts(client):
    response = client.post("/v1/notes/parse", json={"note": NOTE, "on": "2026-11-22"})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert [(f["kind"], f["start"], f["end"], f["text"]) for f in response.json()["facts"]] == [
        ("age", 2, 13, "58-year-old"),
        ("sex", 14, 19, "woman"),
        ("condition", 25, 37, "hypertension"),
        ("condition", 50, 58, "diabetes"),
    ]


def test_a_match_tells_what_it_read_from_the_note(client):
    patient = {"note": NOTE, "conditions": [{"text": "type 1 diabetes"}]}
    body = client.post("/v1/matches", json={"patient": patient, "on": "2026-11-22", "include": ["criteria"]}).json()
    assert [f["text"] for f in body["read_from_note"]] == ["58-year-old", "woman", "hypertension", "diabetes"]
    told = client.post(
        "/v1/matches",
        json={"patient": {"conditions": patient["conditions"], "sex": "FEMALE"}, "on": "2026-11-22"},
    ).json()
    assert told["read_from_note"] == []


def test_faults_of_a_note_request_repeat_nothing(client):
    response = client.post("/v1/notes/parse", json={"note": 7, "on": "2026-13-01", "zyx": NOTE})
    assert response.status_code == 422
    assert "hypertension" not in response.text
    assert [e["pointer"] for e in response.json()["errors"]] == ["/note", "/on", "/zyx"]
