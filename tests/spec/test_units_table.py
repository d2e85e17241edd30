"""Conversions that a clinician can check line by line, and those that must be refused."""

import csv
from pathlib import Path

import pytest

from matching.knowledge.units import Conversion, NotComparable, convert, ucum

HERE = Path(__file__).parent


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize(
    "row", _rows("units.csv"), ids=lambda r: f"{r['analyte']}: {r['value']} {r['from']} in {r['to']}"
)
def test_conversion_is_exact_to_two_parts_in_a_thousand(row: dict[str, str]) -> None:
    result = convert(float(row["value"]), row["from"], row["to"], row["analyte"])
    assert isinstance(result, Conversion)
    assert result.value == pytest.approx(float(row["expected"]), rel=0.002)


@pytest.mark.parametrize("row", _rows("units_refused.csv"), ids=lambda r: f"{r['analyte']}: {r['from']} in {r['to']}")
def test_unsafe_conversion_is_refused_with_a_reason(row: dict[str, str]) -> None:
    result = convert(1.0, row["from"], row["to"], row["analyte"])
    assert isinstance(result, NotComparable)
    assert row["from"] in result.reason or row["to"] in result.reason


@pytest.mark.parametrize("row", _rows("units.csv"), ids=lambda r: f"{r['analyte']}: {r['from']} in {r['to']}")
def test_there_and_back_again(row: dict[str, str]) -> None:
    there = convert(float(row["value"]), row["from"], row["to"], row["analyte"])
    assert isinstance(there, Conversion)
    back = convert(there.value, row["to"], row["from"], row["analyte"])
    assert isinstance(back, Conversion)
    assert back.value == pytest.approx(float(row["value"]), rel=1e-9)


@pytest.mark.parametrize("row", _rows("unit_spellings.csv"), ids=lambda r: r["text"])
def test_spelling(row: dict[str, str]) -> None:
    assert ucum(row["text"]) == (row["ucum"] or None)
