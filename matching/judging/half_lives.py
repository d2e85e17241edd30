"""Elimination half-lives on file (data/half_lives.csv), for washouts that a trial counts in half-lives."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from matching.judging.dates import HalfLife
from matching.knowledge import lexicon


def rows() -> list[dict[str, str]]:
    """The table as it stands: drug, low_hours, high_hours, source."""
    with files("matching.knowledge").joinpath("data/half_lives.csv").open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


@cache
def _by_concept() -> dict[str, HalfLife]:
    found = {}
    for row in rows():
        concept = lexicon.lookup(row["drug"])
        if concept is not None and concept.id is not None:
            found[concept.id] = HalfLife(float(row["low_hours"]), float(row["high_hours"]))
    return found


def half_life_of(concept_ids: tuple[str, ...]) -> HalfLife | None:
    """The half-life of the first of the drugs that is on file; None where none is."""
    table = _by_concept()
    return next((table[i] for i in concept_ids if i in table), None)
