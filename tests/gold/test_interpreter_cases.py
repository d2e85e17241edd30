"""The published cases of another parser's interpreter: each bound that they expect is read, and no other one.

They may not be copied, so they are read from `TRIALMATCH_GOLD`, or from a `data` folder of a neighbour of the checkout.
Where a case's own note corrects what is expected, more may be read than it lists.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import matching

FILE = "fb_interpreter_cases.json"
NAMES = {
    "a1c": "HbA1c",
    "anc": "neutrophil count",
    "weight": "body weight",
    "bmi": "BMI",
    "karnofsky_score": "karnofsky",
    "sbp": "systolic blood pressure",
    "dbp": "diastolic blood pressure",
    "ast": "AST",
    "alt": "ALT",
    "ast/alt_ratio": "AST/ALT ratio",
    "triglyceride_level": "triglycerides",
    "fasting_triglyceride_level": "triglycerides",
    "total_cholesterol": "total cholesterol",
    "wbc": "white blood cell count",
    "pf_ratio": "PaO2/FiO2 ratio",
}
"""Its names of what is measured, and ours; the same where it is not listed."""

Bounds = tuple[str, tuple[float, bool] | None, tuple[float, bool] | None, str | None]


def cases() -> list[dict[str, Any]]:
    folders = [Path(os.environ["TRIALMATCH_GOLD"])] if "TRIALMATCH_GOLD" in os.environ else []
    folders += sorted(Path(__file__).parents[3].glob("*/data"))
    for folder in folders:
        if (folder / FILE).is_file():
            found: list[dict[str, Any]] = json.loads((folder / FILE).read_bytes())
            return found
    return []


CASES = cases()


def expected(relation: dict[str, Any]) -> Bounds:
    name = NAMES.get(relation["name"], relation["name"])
    if "value" in relation:  # a score: the grades that are allowed
        grades = sorted(map(float, relation["value"]))
        return name, (grades[0], True), (grades[-1], True), None
    sides = [(float(b["value"]), bool(b.get("incl"))) if (b := relation.get(s)) else None for s in ("lower", "upper")]
    return name, sides[0], sides[1], "uln" if relation.get("unit") == "uln" else None


def read(expression: dict[str, Any]) -> Iterator[Bounds]:
    match expression["kind"]:
        case "all_of" | "any_of" | "at_least":
            for part in expression["of"]:
                yield from read(part)
        case "not":
            yield from read(expression["of"])
        case "if":
            yield from read(expression["when"])
            yield from read(expression["then"])
        case "measurement" | "score":
            sides = [expression["lower"], expression["upper"]]
            times = next((b["times"] for b in sides if b is not None), None)
            name = expression["analyte"]["name"] if expression["kind"] == "measurement" else expression["instrument"]
            lower, upper = ((b["value"] * SCALE.get(b["unit"], 1), b["inclusive"]) if b else None for b in sides)
            if name == "ecog" and lower is None and upper is not None:
                lower = (0.0, True)  # "at most 2" is one of 0, 1 and 2
            yield name, lower, upper, times


SCALE = {"10*9/L": 1e9}


@pytest.mark.skipif(not CASES, reason=f"no {FILE} beside the checkout (TRIALMATCH_GOLD names its folder)")
def test_each_case_is_read_as_its_note_corrects_it() -> None:
    wrong = []
    for case in CASES:
        parsed = matching.parsed_to_json(matching.parse_eligibility(f"Inclusion Criteria:\n\n* {case['input']}\n"))
        ours = {bounds for criterion in parsed["criteria"] for bounds in read(criterion["expression"])}
        wanted = {expected(relation) for relation in case["expected"]}
        if not (wanted <= ours if case.get("adjust") else wanted == ours):
            wrong.append((case["input"], sorted(map(str, ours ^ wanted))))
    assert wrong == []
    assert len(CASES) == 39
