"""The committed OpenAPI document is current, its examples are valid, and the calls answer as it says."""

import json
from pathlib import Path

import jsonschema
import pytest

from app.main import openapi_document

DOCUMENT = Path(__file__).parents[2] / "openapi" / "openapi.json"
METHODS = {"get", "post", "put", "delete"}


@pytest.fixture(scope="module")
def document():
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def whole(document, schema):
    """A schema with the document's components, so that references resolve."""
    return {**schema, "components": document["components"]}


def test_the_committed_document_is_current():
    assert DOCUMENT.read_text(encoding="utf-8") == openapi_document(), "run `make openapi`"


def test_every_call_has_a_summary_and_a_description(document):
    assert [(p, m) for p, m, o in operations(document) if not (o.get("summary") and o.get("description"))] == []


def test_every_json_body_has_an_example_that_fits_its_schema(document):
    without, wrong = [], []
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        named = content.get("examples") or {}
        if not named and not inline_examples(document, content["schema"]):
            without.append((path, method))
        for value in [e["value"] for e in named.values()]:
            validator = jsonschema.Draft202012Validator(whole(document, content["schema"]))
            wrong += [(path, method, error.message) for error in validator.iter_errors(value)]
    assert without == []
    assert wrong == []


def inline_examples(document, schema):
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found = document["components"]["schemas"].get(name, schema)
    return [p for p in found.get("properties", {}).values() if p.get("examples")]


def test_every_error_answer_is_a_problem(document):
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                content = answer.get("content", {})
                assert set(content) == {"application/problem+json"}, (path, method, status)


def test_the_examples_are_answered_as_the_document_says(document, client):
    content = document["paths"]["/v1/matches"]["post"]
    answer_schema = content["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator(whole(document, answer_schema))
    for example in content["requestBody"]["content"]["application/json"]["examples"].values():
        response = client.post("/v1/matches", json=example["value"])
        assert response.status_code == 200
        assert [e.message for e in validator.iter_errors(response.json())] == []


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_documentation_needs_no_network(client, page):
    response = client.get(page)
    assert response.status_code == 200
    links = [part.split('"')[0] for part in response.text.replace("'", '"').split('="')[1:]]
    assert [link for link in links if link.startswith(("http://", "https://", "//"))] == []
    for link in links:
        if link.startswith("/static-offline-docs"):
            assert client.get(link).status_code == 200
