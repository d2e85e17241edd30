"""Words that patients type, misspelt ones too, and the disease that must be among the first three of the type-ahead."""

import csv
from pathlib import Path

import pytest

import matching
from app.api.lookups import condition_names

ROWS = list(csv.DictReader((Path(__file__).parent / "lay_queries.csv").open(encoding="utf-8")))


def test_there_are_sixty():
    assert len(ROWS) == len({row["query"] for row in ROWS}) == 60


@pytest.mark.parametrize("row", ROWS, ids=[row["query"] for row in ROWS])
def test_the_disease_is_found_at_rank_1_to_3(row):
    found = [matching.concept_name(code) for code in condition_names(row["query"], 3)]
    assert row["condition"] in found


@pytest.mark.parametrize("word", ["quit", "torn", "hand"])
def test_a_short_word_of_everyday_speech_is_not_bent_into_a_disease(word):
    """ "Quit smoking" found strabismus, since "quit" is two letters from "squint"."""
    assert matching.corrected(word) == word
