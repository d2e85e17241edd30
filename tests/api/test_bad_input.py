"""Bad input: each with its status and its problem document, all faults at once, no value repeated."""

import json

import pytest

PROBLEM = "application/problem+json"


def body(**patient):
    return {"patient": patient, "on": "2026-11-22"}


def errors(response):
    assert response.headers["content-type"] == PROBLEM
    assert response.status_code == 422
    document = response.json()
    assert document["title"] == "The request is not valid"
    assert document["status"] == 422
    return [(e["pointer"], e["message"]) for e in document["errors"]]


CASES = [
    # what is sent as JSON, the faults
    ({}, [("/patient", "this field is required")]),
    ([], [("", "an object is expected")]),
    ("text", [("", "an object is expected")]),
    (None, [("", "this field is required")]),
    ({"patient": []}, [("/patient", "an object is expected")]),
    (body(sex="female"), [("/patient/sex", "one of 'FEMALE' or 'MALE' is expected")]),
    (body(pregnant="no"), [("/patient/pregnant", "true or false is expected")]),
    (body(pregnant=0), [("/patient/pregnant", "true or false is expected")]),
    (body(weight=80), [("/patient/weight", "there is no such field")]),
    (body(birth_date=1990), [("/patient/birth_date", "a text is expected")]),
    (
        body(birth_date="1990-02-30"),
        [("/patient/birth_date", "a possible date is expected: YYYY-MM-DD, YYYY-MM or YYYY")],
    ),
    (body(birth_date="2027-01-01"), [("/patient/birth_date", "dated after the day of the match")]),
    (body(birth_date="1850"), [("/patient/birth_date", "more than 130 years ago")]),
    (
        body(birth_date="1990", age={"value": 3, "unit": "a"}),
        [("/patient/age", "give the birth_date or the age, not both")],
    ),
    (body(age={"value": 3, "unit": "kg"}), [("/patient/age/unit", "a unit of age is expected: a, mo, wk or d")]),
    (
        body(observations=[{"name": "HbA1c", "value": False}]),
        [("/patient/observations/0/value", "a number is expected")],
    ),
    (
        body(observations=[{"name": "HbA1c", "value": "7"}]),
        [("/patient/observations/0/value", "a number is expected")],
    ),
    (body(observations=[{"name": "HbA1c"}]), [("/patient/observations/0", "an observation needs a value or a result")]),
    (
        body(observations=[{"name": "HbA1c", "value": 7, "unit": "%", "on": "2026-11-23"}]),
        [("/patient/observations/0/on", "dated after the day of the match")],
    ),
    (
        body(observations=[{"name": "HbA1c", "value": 7, "unit": "mm[Hg]"}]),
        [("/patient/observations/0/unit", "this unit does not fit HbA1c")],
    ),
    (
        body(observations=[{"name": "HbA1c", "value": 7, "unit": "florins"}]),
        [("/patient/observations/0/unit", "not a unit that we know")],
    ),
    (
        body(conditions=[{"text": "asthma", "onset_on": "2020-05", "resolved_on": "2019"}]),
        [("/patient/conditions/0/resolved_on", "lies before onset_on")],
    ),
    (body(location={"lat": 3.0}), [("/patient/location", "lat and lon go together")]),
    (body(location={"lat": 93.0, "lon": 0.0}), [("/patient/location/lat", "at most 90 is expected")]),
    ({**body(), "limit": 0}, [("/limit", "at least 1 is expected")]),
    ({**body(), "on": "tomorrow"}, [("/on", "a possible day is expected: YYYY-MM-DD")]),
    (
        {**body(), "filters": {"radius": "50"}},
        [("/filters/radius", "a distance with its unit is expected, such as 50km or 30mi")],
    ),
    ({**body(), "scope": "some"}, [("/scope", "one of 'relevant' or 'all' is expected")]),
    (
        {**body(sex="X", pregnant="no", observations=[{"name": "", "value": []}]), "limit": True},
        [
            ("/limit", "a whole number is expected"),
            ("/patient/sex", "one of 'FEMALE' or 'MALE' is expected"),
            ("/patient/pregnant", "true or false is expected"),
            ("/patient/observations/0/name", "the text is too short"),
            ("/patient/observations/0/value", "a number is expected"),
        ],
    ),
    (
        {
            **body(
                weight=80,
                birth_date="2027",
                location={"place": "Vancouver"},
                conditions=[{"text": "asthma", "sure": True, "onset_on": "2026-11-23"}, "asthma"],
                observations=[{"name": "HbA1c", "value": "7", "unit": "kg", "on": "2026-13"}],
            ),
            "limit": 0,
        },
        [
            ("/limit", "at least 1 is expected"),
            ("/patient/conditions/0/sure", "there is no such field"),
            ("/patient/conditions/1", "an object is expected"),
            ("/patient/observations/0/value", "a number is expected"),
            ("/patient/observations/0/on", "a possible date is expected: YYYY-MM-DD, YYYY-MM or YYYY"),
            ("/patient/weight", "there is no such field"),
            ("/patient/birth_date", "dated after the day of the match"),
            ("/patient/conditions/0/onset_on", "dated after the day of the match"),
            (
                "/patient/location/place",
                "several places have this name: send one of Vancouver, British Columbia, Canada; "
                "Vancouver, Washington, United States",
            ),
            ("/patient/observations/0/unit", "this unit does not fit HbA1c"),
        ],
    ),
]


@pytest.mark.parametrize(("sent", "expected"), CASES, ids=[json.dumps(c[0])[:60] for c in CASES])
def test_faults_are_named(client, sent, expected):
    assert errors(client.post("/v1/matches", json=sent)) == expected


LATE = {"birth_date": "2027", "sexx": "MALE"}
LATE_FAULTS = [("sexx", "there is no such field"), ("birth_date", "dated after the day of the match")]


@pytest.mark.parametrize(
    ("path", "sent", "places"),
    [
        ("/v1/matches/what-if", {"patient": LATE, "change": LATE}, ["/patient", "/change"]),
        ("/v1/trials/NCT04061746/matches", {"patients": [LATE, {}, LATE]}, ["/patients/0", "/patients/2"]),
    ],
)
def test_every_patient_of_a_request_is_checked_for_everything(client, path, sent, places):
    found = errors(client.post(path, json={**sent, "on": "2026-11-22"}))
    assert sorted(found) == sorted((f"{at}/{name}", message) for at in places for name, message in LATE_FAULTS)


def test_a_line_of_a_batch_is_checked_for_everything(client):
    sent = json.dumps({"id": 1, "patient": LATE, "on": "2026-11-22"})
    [line] = client.post("/v1/matches/batch", content=sent).text.splitlines()
    told = json.loads(line)["problem"]["errors"]
    assert [(e["pointer"], e["message"]) for e in told] == [(f"/patient/{at}", words) for at, words in LATE_FAULTS]


NOT_FINITE = [("/patient/age/value", "a finite number is expected")]
RAW = [
    ("no body", b"", [("", "this field is required")]),
    ("not JSON", b"{'patient': 1}", [("", "the body is not valid JSON")]),
    ("cut off", b'{"patient": {"sex": "FEM', [("", "the body is not valid JSON")]),
    ("broken UTF-8", b'{"patient": {"note": "\xff\xfe"}}', [("", "the body is not valid JSON")]),
    ("deep nesting", b'{"patient": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", [("", "the body is not valid JSON")]),
    ("not a number", b'{"patient": {"age": {"value": NaN, "unit": "a"}}}', NOT_FINITE),
]


@pytest.mark.parametrize(("raw", "expected"), [c[1:] for c in RAW], ids=[c[0] for c in RAW])
def test_bodies_that_are_no_json(client, raw, expected):
    response = client.post("/v1/matches", content=raw, headers={"content-type": "application/json"})
    assert errors(response) == expected


def test_a_body_of_20_megabytes_is_refused(client):
    raw = b'{"patient": {"note": "' + b"a" * 20_000_000 + b'"}}'
    response = client.post("/v1/matches", content=raw, headers={"content-type": "application/json"})
    assert response.status_code == 413
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["title"] == "The body is too large"


def test_a_name_that_may_be_a_person_is_not_repeated(client):
    response = client.post("/v1/matches", json={"patient": {"Jane Q. Doe": 1, "statements": {"Jane Q. Doe": "x"}}})
    assert "Jane" not in response.text
    assert errors(response) == [
        ("/patient/statements", "true or false is expected"),
        ("/patient", "there is no such field"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/v1/nothing", 404, "Not found"),
        ("DELETE", "/v1/matches", 405, "Method not allowed"),
        ("GET", "/v1/trials/NCT99999999", 404, "Not found"),
        ("GET", "/v1/trials/NCT1", 422, "The request is not valid"),
        ("PUT", "/v1/trials/NCT04061746", 403, "This call is switched off"),
        ("DELETE", "/v1/trials/NCT04061746", 403, "This call is switched off"),
    ],
)
def test_every_error_is_a_problem_document(client, method, path, status, title):
    response = client.request(method, path, **({"json": {}} if method == "PUT" else {}))
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    assert (response.json()["title"], response.json()["status"]) == (title, status)


def test_a_cursor_of_another_request_is_refused(client):
    request = {"patient": {"sex": "FEMALE"}, "scope": "all", "limit": 1, "on": "2026-11-22", "include": []}
    cursor = client.post("/v1/matches", json=request).json()["next_cursor"]
    assert client.post("/v1/matches", json={**request, "cursor": cursor}).status_code == 200
    for changed in ({"scope": "relevant"}, {"patient": {"sex": "MALE"}}, {"filters": {"phase": ["PHASE1"]}}):
        refused = client.post("/v1/matches", json={**request, **changed, "cursor": cursor})
        assert (refused.status_code, refused.headers["content-type"]) == (400, PROBLEM)
    for broken in ("x", "!!!", "e30", cursor[:-3]):
        assert client.post("/v1/matches", json={**request, "cursor": broken}).status_code == 400
