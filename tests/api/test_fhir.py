"""FHIR over HTTP: bundles in, searchsets out, a trial by its Accept header, and bad input."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.researchstudy import ResearchStudy

from app import samples

BUNDLES = Path(__file__).parents[1] / "app" / "fhir" / "bundles"
MATCH, WIRE = "/fhir/ResearchStudy/$match", "/getClinicalTrial"
ON = {"on": "2026-11-22"}
FHIR = "application/fhir+json"


def stored(name):
    raw = (BUNDLES / name).read_bytes()
    return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)


@pytest.fixture(scope="module")
def request_body():
    return json.loads((samples.FHIR / "mcode_request.json").read_bytes())


def graded(bundle):
    """Each match's id, grade and score."""
    return [
        (e["resource"]["id"], e["search"]["extension"][0]["valueCode"], e["search"]["score"])
        for e in bundle["entry"]
        if e["search"]["mode"] == "match"
    ]


def test_a_bundle_is_answered_with_a_searchset(client):
    response = client.post(MATCH, json=stored("synthea_bundle_09.json.gz"), params={**ON, "_count": 5})
    assert (response.status_code, response.headers["content-type"]) == (200, FHIR)
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    Bundle.model_validate(answer)
    modes = [entry["search"]["mode"] for entry in answer["entry"]]
    assert modes == ["match"] * 5 + ["outcome"]
    bands = {"probable": (0.75, 1), "possible": (0.01, 0.74)}
    assert all(bands[grade][0] <= score <= bands[grade][1] for _, grade, score in graded(answer))
    issues = answer["entry"][-1]["resource"]["issue"]
    assert {issue["severity"] for issue in issues} == {"information"}


def test_the_verdicts_are_those_of_the_own_call(client):
    """The same patient said in the service's own words: same trials, same order, same verdicts."""
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Patient", "gender": "female", "birthDate": "1975-02-03"}},
            {
                "resource": {
                    "resourceType": "Condition",
                    "clinicalStatus": {"coding": [{"code": "active"}]},
                    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "254837009"}], "text": "breast cancer"},
                }
            },
            {
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "effectiveDateTime": "2026-11-01",
                    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
                    "valueQuantity": {"value": 12.1, "unit": "g/dL"},
                }
            },
        ],
    }  # fmt: skip
    patient = {
        "birth_date": "1975-02-03",
        "sex": "FEMALE",
        "conditions": [{"text": "breast cancer", "codes": [{"system": "snomed", "code": "254837009"}], "active": True}],
        "observations": [{"name": "haemoglobin", "loinc": "718-7", "value": 12.1, "unit": "g/dL", "on": "2026-11-01"}],
    }
    fhir = client.post(MATCH, json=bundle, params={**ON, "_count": 20}).json()
    own = client.post("/v1/matches", json={"patient": patient, **ON, "limit": 20}).json()
    assert [e["resource"]["id"] for e in fhir["entry"]] == [m["nct_id"] for m in own["matches"]] != []
    told = [
        [
            ({p["url"]: p.get("valueCode") or p.get("valueString") for p in x["extension"]})
            for x in e["search"]["extension"]
            if x["url"] == "urn:trialmatch:criterion"
        ]
        for e in fhir["entry"]
    ]
    assert [[(c["id"], c["verdict"]) for c in each] for each in told] == [
        [(c["id"], c["verdict"]) for c in m["criteria"]] for m in own["matches"]
    ]


def test_parameters_with_the_bundle_give_the_same_answer(client, request_body):
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "patient", "resource": request_body}]}
    one = client.post(MATCH, json=request_body, params=ON)
    two = client.post(MATCH, json=parameters, params=ON, headers={"Content-Type": FHIR})
    assert one.content == two.content
    assert one.status_code == 200


@pytest.mark.parametrize("form", ["bundle", "patientData", "text"])
def test_the_wire_form_of_the_matching_service(client, request_body, form):
    body = {"bundle": request_body, "patientData": {"patientData": request_body}, "text": {"patientData": json.dumps(request_body)}}[form]  # fmt: skip
    response = client.post(WIRE, json=body)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    answer = response.json()
    Bundle.model_validate(answer)
    assert (answer["resourceType"], answer["type"]) == ("Bundle", "searchset")
    assert {entry["resource"]["resourceType"] for entry in answer["entry"]} == {"ResearchStudy"}
    assert answer["total"] == len(answer["entry"]) > 0
    for study in (entry["resource"] for entry in answer["entry"]):
        # What the service's app reads without asking whether it is there.
        assert study["identifier"][0]["value"] == study["id"]
        assert all("text" in each for name in ("category", "condition", "keyword") for each in study.get(name, []))
        assert all(each["display"].strip() for each in study["enrollment"])


def test_the_wire_form_tells_faults_beside_the_studies(client):
    answer = client.post(WIRE, json=stored("mcode_request_2_missing_birth_date_invalid_ecog.json")).json()
    told = [extension["valueString"] for extension in answer["meta"]["extension"]]
    assert told[0] == "/entry/0/resource/birthDate: no birth date: the age stays unknown"
    assert len(told) == 3
    assert {entry["search"]["mode"] for entry in answer["entry"]} == {"match"}


def test_wishes_of_the_parameters_narrow_the_trials(client, request_body):
    def total(**wishes):
        more = [{"name": name, "valueString": value} for name, value in wishes.items()]
        entry = {"resource": {"resourceType": "Parameters", "parameter": more}}
        body = {**request_body, "entry": [*request_body["entry"], entry]}
        return client.post(MATCH, json=body, params=ON).json()["total"]

    assert total(recruitmentStatus="all") > total() > total(phase="phase-3")


def radius_of(client, request_body, zip_code):
    """How many trials lie within 500 miles, and what was told."""
    wishes = {"zipCode": zip_code, "travelRadius": "500", "recruitmentStatus": "all"}
    more = {"resourceType": "Parameters", "parameter": [{"name": n, "valueString": v} for n, v in wishes.items()]}
    body = {**request_body, "entry": [*request_body["entry"][1:], {"resource": more}]}
    answer = client.post(MATCH, json=body, params={**ON, "_count": 50}).json()
    told = [
        i["diagnostics"] for e in answer["entry"] if e["search"]["mode"] == "outcome" for i in e["resource"]["issue"]
    ]
    return answer["total"], told


def test_the_radius_counts_from_the_zip_code(client, request_body):
    near, told = radius_of(client, request_body, "29401")
    everywhere, told_of_nowhere = radius_of(client, request_body, "00000")
    assert 0 < near < everywhere
    assert (told, told_of_nowhere) == (
        [],
        ["Parameters: the patient's place is not known, so travelRadius was not applied"],
    )


def test_a_dead_patient_matches_no_trial(client):
    answer = client.post(MATCH, json=stored("synthea_bundle_08.json.gz"), params=ON).json()
    assert (answer["total"], [e["search"]["mode"] for e in answer["entry"]]) == (0, ["outcome"])
    said = answer["entry"][0]["resource"]["issue"][0]["diagnostics"]
    assert said == "Patient: the record says that the patient has died: no trial was matched"
    assert client.post(WIRE, json=stored("synthea_bundle_08.json.gz")).json()["entry"] == []


def deep(levels):
    return '{"resourceType":"Bundle","entry":[' + '{"resource":' * levels + "1" + "}" * levels + "]}"


BAD = [
    ({}, [("/resourceType", "this field is required")]),
    ([], [("", "an object is expected")]),
    ({"resourceType": "Patient"}, [("/resourceType", "one of 'Bundle' or 'Parameters' is expected")]),
    ({"resourceType": "Bundle"}, [("", "the Bundle is empty")]),
    ({"resourceType": "Bundle", "entry": []}, [("", "the Bundle is empty")]),
    ({"resourceType": "Bundle", "entry": {}}, [("/entry", "a list is expected")]),
    ({"resourceType": "Parameters", "parameter": []}, [("", "the Parameters is empty")]),
    (
        {"resourceType": "Bundle", "entry": [7, {"resource": {"resourceType": "Zanzibar"}}]},
        [("/entry/0/resource", "no resource"), ("", "no Patient: age and sex stay unknown")],
    ),
    (
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "birthDate": "Zanzibar"}}]},
        [
            ("/entry/0/resource/birthDate", "not a possible date of birth: the age stays unknown"),
            ("/entry/0/resource/gender", "neither male nor female: the sex stays unknown"),
        ],
    ),
]


@pytest.mark.parametrize(("body", "expected"), BAD)
def test_bad_input_is_a_problem(client, body, expected):
    response = client.post(MATCH, json=body, params=ON)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert [(e["pointer"], e["message"]) for e in response.json()["errors"]] == expected
    assert "Zanzibar" not in response.text


@pytest.mark.parametrize(
    "body", [{}, {"patientData": "{"}, {"patientData": {}}, {"patientData": []}, {"resourceType": "Bundle"}]
)
def test_bad_input_in_the_wire_form(client, body):
    response = client.post(WIRE, json=body)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("levels", [200, 100_000])
def test_a_nested_body_is_refused(client, levels):
    headers = {"Content-Type": FHIR}
    assert client.post(MATCH, content=deep(levels), headers=headers).status_code == 422


def test_a_huge_body_is_refused_unread(client):
    assert client.post(MATCH, content=b"[" + b" " * (9 * 1024 * 1024)).status_code == 413


def test_r5_is_read_where_it_says_the_same(client):
    entries = [
        {"resourceType": "Patient", "gender": "male", "birthDate": "1960"},
        {"resourceType": "Condition", "code": {"text": "Gout"}, "clinicalStatus": {"coding": [{"code": "active"}]}},
        {
            "resourceType": "MedicationStatement",
            "status": "recorded",
            "medication": {"concept": {"text": "Allopurinol"}},
        },
    ]
    body = {"resourceType": "Bundle", "entry": [{"resource": each} for each in entries]}
    answer = client.post(MATCH, json=body, params={**ON, "_count": 1}).json()
    assert [e["search"]["mode"] for e in answer["entry"] if e["search"]["mode"] == "outcome"] == []


def test_the_day_is_today_when_it_is_not_given(client, request_body):
    today = datetime.now(UTC).date().isoformat()
    assert (
        client.post(MATCH, json=request_body).content
        == client.post(MATCH, json=request_body, params={"on": today}).content
    )


ACCEPT = [
    (None, "application/json"),
    ("*/*", "application/json"),
    ("application/json", "application/json"),
    ("application/*", "application/json"),
    ("application/fhir+json", FHIR),
    ("application/fhir+json; fhirVersion=4.0", FHIR),
    ("application/json;q=0.5, application/fhir+json", FHIR),
    ("application/fhir+json;q=0.1, */*;q=0.5", "application/json"),
    ("text/html, */*;q=0.1", "application/json"),
]


@pytest.mark.parametrize(("accept", "form"), ACCEPT)
def test_a_trial_in_the_form_that_is_asked_for(client, accept, form):
    headers = {"Accept": accept} if accept else {}
    response = client.get("/v1/trials/NCT04061746", headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, form)
    assert response.headers["vary"].split(",")[0] == "Accept"
    body = response.json()
    if form == FHIR:
        assert ResearchStudy.model_validate(body).id == body["id"] == "NCT04061746"
    else:
        assert body["nct_id"] == "NCT04061746"
    again = client.get("/v1/trials/NCT04061746", headers={**headers, "If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_no_other_form_is_given(client):
    response = client.get("/v1/trials/NCT04061746", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (406, "application/problem+json")
    assert client.get("/v1/trials/NCT99999999", headers={"Accept": FHIR}).status_code == 404
