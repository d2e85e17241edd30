"""Words that patients type, misspelt ones too, and the disease that must be among the first three of the type-ahead."""

import csv
from pathlib import Path

import pytest

import matching
from app.api.lookups import condition_names

ROWS = list(csv.DictReader((Path(__file__).parent / "lay_queries.csv").open(encoding="utf-8")))


def test_there_are_a_hundred():
    assert len(ROWS) == len({row["query"] for row in ROWS}) == 100


@pytest.mark.parametrize("row", ROWS, ids=[row["query"] for row in ROWS])
def test_the_disease_is_found_at_rank_1_to_3(row):
    found = [matching.concept_name(code) for code in condition_names(row["query"], 3)]
    assert row["condition"] in found


@pytest.mark.parametrize("word", ["quit", "torn", "hand"])
def test_a_short_word_of_everyday_speech_is_not_bent_into_a_disease(word):
    """ "Quit smoking" found strabismus, since "quit" is two letters from "squint"."""
    assert matching.corrected(word) == word


@pytest.mark.parametrize(
    ("typed", "not_found"),
    [
        ("coughing up blood", "Cushing Syndrome"),
        ("cutting myself", "Speech Disorders"),
        ("drooping face", "Sialorrhea"),
    ],
)
def test_a_form_of_a_word_is_not_bent_into_another_word(typed: str, not_found: str):
    assert not_found not in matching.read_condition(typed).names


def test_what_patients_type_is_found_among_other_words_and_names_no_concept_of_criteria():
    read = matching.read_condition("husband on dialysis and can\u2019t sleep")
    assert (read.how, read.names) == (
        "within",
        ("Kidney Failure, Chronic", "Sleep Initiation and Maintenance Disorders"),
    )
    assert matching.read_condition("torn ACL").how == "exact"
    kept = matching.parse_eligibility(
        "Inclusion Criteria:\n\n* Fits the profile of the study and plans to quit smoking"
    )
    assert "Seizures" not in str(kept)
