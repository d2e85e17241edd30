"""Numeric statements that a clinician can check line by line: a line of a criterion, and what it is read as.

`&` parts independent statements of one line; an empty reading means that the line states no number.
"""

import csv
from pathlib import Path

import pytest

from matching.reading import measures
from tests.spec.render import render

with (Path(__file__).parent / "measures.csv").open(encoding="utf-8", newline="") as source:
    ROWS = list(csv.DictReader(source))


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["line"])
def test_line_is_read_as_written(row: dict[str, str]) -> None:
    line = row["line"]
    assert " & ".join(render(s.expression) for s in measures.spot(line, 0, len(line))) == row["reading"]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["line"])
def test_reading_does_not_depend_on_what_surrounds_the_line(row: dict[str, str]) -> None:
    text = f"Inclusion Criteria: 7\n{row['line']}\n9 lines follow"
    start = text.index(row["line"], 20)
    found = measures.spot(text, start, start + len(row["line"]))
    assert " & ".join(render(s.expression) for s in found) == row["reading"]
    assert all(start <= s.start < s.end <= start + len(row["line"]) for s in found)
