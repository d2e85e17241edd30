"""Whole sentences that a clinician can check line by line: a criterion, its list, and what it is read as.

`seeds_criteria.csv` holds the criteria of the two trials that the project grew from (NCT04061746, NCT06407297).
"unread" stands where words could not be read; they are joined so that they can only make the result less certain.
"""

import csv
from pathlib import Path

import pytest

from matching.model.codes import Role
from matching.reading.grammar import read_line
from tests.spec.render_sentence import render_sentence


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("row", _rows("sentences.csv") + _rows("seeds_criteria.csv"), ids=lambda r: r["line"][:60])
def test_sentence_is_read_as_written(row: dict[str, str]) -> None:
    line = row["line"]
    assert render_sentence(read_line(line, 0, len(line), Role(row["role"])).expression) == row["reading"]
