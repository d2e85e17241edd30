"""The corpus for measurements: the same anywhere, and read as real records are."""

import gzip
import re
from decimal import Decimal
from itertools import islice
from pathlib import Path

import orjson
import pytest

import matching
from app.ingest.files import read_paths
from app.ingest.source import Record
from app.ingest.study import read_study
from bench import corpus
from bench.corpus import base_records, replicate
from bench.numbers import Change, varied_age, varied_text

CHANGE = Change(factor=Decimal("1.2"), years=3, limit=Decimal("0.5"))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("* Age 18 to 65 years", "* Age 21 to 68 years"),
        ("* 18 years or older; children of 6 years with a parent", "* 21 years or older; children of 6 years with a parent"),
        ("ALT \\<= 1.5 x ULN, AST \\<= 2.5 times the upper limit", "ALT \\<= 2.0 x ULN, AST \\<= 3.0 times the upper limit"),
        ("HbA1c \\>= 7.0 % and \\< 9.5%", "HbA1c \\>= 8.4 % and \\< 11.4%"),
        ("Platelets ≥ 100,000/mm3; neutrophils > 1.5 x 10^9/L", "Platelets ≥ 100,000/mm3; neutrophils > 1.8 x 10^9/L"),
        ("eGFR > 45 mL/min/1.73 m2 within 30 days", "eGFR > 54 mL/min/1.73 m2 within 35 days"),
        ("Karnofsky performance status at least 70; ECOG <= 2", "Karnofsky performance status at least 70; ECOG <= 2"),
        ("Type 2 diabetes, stage III, COVID-19, since 2015", "Type 2 diabetes, stage III, COVID-19, since 2015"),
        ("saturation of 92% in air", "saturation of 92% in air"),
    ],
)  # fmt: skip
def test_numbers_that_bound_something_change_and_nothing_else_does(text: str, expected: str) -> None:
    assert varied_text(text, CHANGE) == expected


def test_an_age_of_the_fields_moves_as_the_text_does() -> None:
    assert varied_age("18 Years", CHANGE) == "21 Years"
    assert varied_age("6 Months", CHANGE) == "6 Months"


def test_the_words_of_a_text_stay() -> None:
    letters = re.compile(r"[\d.,]+")
    for record in base_records()[:40]:
        text = record["protocolSection"]["eligibilityModule"].get("eligibilityCriteria", "")
        assert letters.sub("", varied_text(text, CHANGE)) == letters.sub("", text)


def test_equal_arguments_give_equal_trials_and_another_seed_others() -> None:
    records = base_records()[:30]
    first = list(map(orjson.dumps, replicate(records, 90)))
    assert first == list(map(orjson.dumps, replicate(records, 90)))
    assert first != list(map(orjson.dumps, replicate(records, 90, seed=8)))


def test_ids_are_valid_new_and_in_order() -> None:
    records = base_records()[:30]
    ids = [trial["protocolSection"]["identificationModule"]["nctId"] for trial in replicate(records, 3000)]
    assert all(re.fullmatch(r"NCT[1-9]\d{7}", each) for each in ids)
    assert ids == sorted(set(ids))


def test_the_base_is_left_as_it_was() -> None:
    records = base_records()[:10]
    before = orjson.dumps(records)
    list(replicate(records, 50))
    assert orjson.dumps(records) == before


def test_texts_come_in_no_more_variants_than_asked_for() -> None:
    records = base_records()[:10]
    trials = list(replicate(records, 400, variants=4))
    texts = {trial["protocolSection"]["eligibilityModule"]["eligibilityCriteria"] for trial in trials}
    assert 20 < len(texts) <= 40


def test_trials_are_made_as_they_are_asked_for() -> None:
    assert len(list(islice(replicate(base_records()[:3], corpus.MOST), 5))) == 5
    with pytest.raises(ValueError, match="at most"):
        next(replicate(base_records()[:3], corpus.MOST + 1))
    with pytest.raises(ValueError, match="needs records"):
        next(replicate([], 1))


def test_every_trial_maps_without_a_fault_of_its_own_and_its_criteria_are_read() -> None:
    records = base_records()
    odd = {text for record in records for text in read_study(record).odd}
    for trial in islice(replicate(records, 900), 0, None, 7):
        read = read_study(trial)
        assert set(read.odd) <= odd
        assert read.trial.sites == () or read.trial.countries
        if text := read.trial.eligibility.text:
            assert matching.parse_eligibility(text).criteria


def test_only_open_trials_on_demand() -> None:
    statuses = {
        trial["protocolSection"]["statusModule"]["overallStatus"]
        for trial in replicate(base_records()[:20], 500, open_only=True)
    }
    assert statuses == set(corpus.OPEN)


def test_the_command_writes_a_file_that_is_loaded_as_any_other(tmp_path: Path) -> None:
    one, other = tmp_path / "one.ndjson.gz", tmp_path / "other.ndjson.gz"
    for out in (one, other):
        assert corpus.main(["--trials", "40", "--out", str(out)]) == 0
    assert one.read_bytes() == other.read_bytes()
    assert len(gzip.decompress(one.read_bytes()).splitlines()) == 40
    read = list(read_paths([one]))
    assert len(read) == 40 and all(isinstance(item, Record) for item in read)
