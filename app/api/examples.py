"""Worked examples for the OpenAPI document, read from the samples shipped with the project."""

import gzip
from functools import cache
from typing import Any

import orjson

from app import samples

PATIENTS = ("type_1_diabetes", "oncology", "child", "healthy_volunteer")


@cache
def patient(name: str) -> dict[str, Any]:
    """A sample request's content by its file name without the ending."""
    data = orjson.loads((samples.PATIENTS / f"{name}.json").read_bytes())
    assert isinstance(data, dict)
    return data


def request_examples(call: str) -> dict[str, Any]:
    """Examples for a call's body, by name."""
    if call == "matches":
        return {name: {"summary": name.replace("_", " "), "value": patient(name)} for name in PATIENTS}
    first = patient(PATIENTS[0])
    if call == "what_if":
        change = {"observations": [{"name": "stimulated C-peptide", "value": 0.9, "unit": "ng/mL", "on": first["on"]}]}
        return {"another C-peptide": {"summary": "another C-peptide", "value": {**first, "change": change}}}
    if call == "reverse":
        value = {"patients": [patient(name)["patient"] for name in PATIENTS], "on": first["on"]}
        return {"four patients": {"summary": "four patients", "value": value}}
    raise KeyError(call)


def record_examples() -> dict[str, Any]:
    """A small registry record, as `PUT /v1/trials/{nct_id}` takes it: the first of the samples."""
    with gzip.open(samples.TRIALS[0]) as lines:
        value = min((orjson.loads(line) for line in lines), key=lambda record: len(orjson.dumps(record)))
    return {"registry record": {"summary": "A record of ClinicalTrials.gov API v2", "value": value}}


def fhir_examples(call: str) -> dict[str, Any]:
    """An mCODE request: as a Bundle, inside Parameters, or as `patientData`."""
    bundle = orjson.loads((samples.FHIR / "mcode_request.json").read_bytes())
    if call == "match":
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "patient", "resource": bundle}]}
        return {
            "bundle": {"summary": "A Bundle", "value": bundle},
            "parameters": {"summary": "Parameters with a Bundle", "value": parameters},
        }
    if call == "wire":
        return {
            "bundle": {"summary": "A Bundle with Parameters inside", "value": bundle},
            "patientData": {"summary": "A Bundle under patientData", "value": {"patientData": bundle}},
        }
    raise KeyError(call)
