"""The tables of phrases: every row is one the grammar knows, and words are found whatever their hyphens and case."""

import csv
from importlib import resources

import pytest

from matching.reading.cues import Cue, phrases, spelled

KINDS = {
    "abuse", "agegroup", "bothsex", "compound", "conj", "eg", "except", "forbid", "function", "generic", "healthy", "ie", "if",
    "lifestyle", "limit", "link", "modal", "narrow", "neg", "not_childbearing", "on_site", "permit", "person", "place", "plain",
    "pregnancy", "pregtest", "prep", "qual", "regardless", "result", "route", "sex", "shift", "status", "substance", "suffix", "that", "trial",
    "unless", "verb", "word",
}  # fmt: skip
TABLES = ("cues.csv", "on_site.csv", "lifestyle.csv", "plain_words.csv")


def _rows(name: str) -> list[dict[str, str]]:
    with (resources.files("matching.knowledge") / "data" / name).open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_whole(name: str) -> None:
    for row in _rows(name):
        assert None not in row and None not in row.values(), row
        assert row.get("kind", "on_site") in KINDS
        assert row["phrases"]
        assert all(spelled(p) for p in row["phrases"].split("|") if "{" not in p), row


def test_values_that_the_model_knows() -> None:
    told = {(c.kind, c.value) for c in phrases().cues.values()}
    assert {v for k, v in told if k == "status"} == {"history", "any", "active", "current", "planned"}
    assert {v for k, v in told if k == "pregnancy"} == {
        "pregnant",
        "breastfeeding",
        "planning",
        "childbearing_potential",
    }
    assert {v for k, v in told if k == "sex"} == {"FEMALE", "MALE"}
    assert {v for k, v in told if k == "conj"} == {"and", "or"}
    assert {v for k, v in told if k == "shift"} == {
        "family",
        "own or family",
        "hypersensitivity",
        "intolerance",
        "contraindication",
        "risk",
        "team",
        "recovery",
        "cloud",
    }


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("Breast-feeding", Cue("pregnancy", "breastfeeding")),
        ("h/o", Cue("status", "history")),
        ("and/or", Cue("conj", "or")),
        ("e.g.", Cue("eg")),
        ("POORLY CONTROLLED", Cue("qual", "uncontrolled")),
        ("participating in another clinical study", Cue("trial")),
        ("alcohol abuse", Cue("lifestyle", "alcohol", "abuse")),
        ("informed consent", Cue("on_site", "consent")),
    ],
)
def test_a_phrase_is_found_whatever_its_hyphens_and_case(text: str, cue: Cue) -> None:
    assert phrases().cues[spelled(text)] == cue
