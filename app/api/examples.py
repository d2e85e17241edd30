"""Worked examples for the OpenAPI document, read from the samples shipped with the project."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

PATIENTS = ("type_1_diabetes", "oncology", "child", "healthy_volunteer")


@cache
def patient(name: str) -> dict[str, Any]:
    """A sample request's content by its file name without the ending."""
    data = orjson.loads(files("app.samples").joinpath("patients", f"{name}.json").read_bytes())
    assert isinstance(data, dict)
    return data


def request_examples(call: str) -> dict[str, Any]:
    """Examples for a call's body, by name."""
    if call == "matches":
        return {name: {"summary": name.replace("_", " "), "value": patient(name)} for name in PATIENTS}
    raise KeyError(call)
