"""What is measured of many patients and of the screen is what it says: patients that differ, a floor that agrees with itself."""

from itertools import islice
from pathlib import Path

import numpy as np
import orjson

import matching
from app.api.schemas.matches import MatchRequest
from app.ingest.study import read_study
from app.store.convert import summary_document, summary_from_bytes, trial_to_json
from bench.__main__ import main
from bench.corpus import base_records, replicate
from bench.population import patients
from bench.registry import stored_trials
from bench.screening import Floor


def test_patients_are_valid_differ_and_are_the_same_again():
    made = list(patients(40))
    assert made == list(patients(40))
    assert len({orjson.dumps(request["patient"]) for request in made}) == 40
    for request in made:
        MatchRequest.model_validate({name: value for name, value in request.items() if name != "id"})


def test_trials_made_in_memory_are_those_that_reading_each_study_gives():
    records = base_records()[:12]
    studies = list(replicate(records, 40, variants=2))
    for study, stored in zip(studies, stored_trials(studies), strict=True):
        trial = read_study(study).trial
        summary = summary_document(trial_to_json(trial), matching.trial_condition_ids(trial))
        assert stored.summary == summary_from_bytes(orjson.dumps(summary))
        assert stored.parsed == matching.parsed_to_json(matching.parse_trial_eligibility(trial.eligibility))
    assert len({id(stored.parsed) for stored in stored_trials(studies)}) <= 24


def test_the_floor_finds_the_same_trials_both_ways():
    floor = Floor(2_000)
    against, unknown = floor.columns()
    failed, left, open_ = floor.by_sorting()
    np.testing.assert_array_equal(against > 0, failed)
    np.testing.assert_array_equal(unknown[left], open_)
    assert 0 < len(left) < 2_000
    trial = next(t for t in range(2_000) if against[t])
    values = floor.value[floor.variable[:, trial]]
    assert against[trial] == sum((values < floor.low[:, trial]) | (values > floor.high[:, trial]))


def test_both_subjects_run_on_a_small_registry(tmp_path: Path):
    asked = [
        "screening",
        "population",
        "--sizes",
        "20",
        "--databases",
        "sqlite",
        "--patients",
        "50",
        "--out",
        str(tmp_path),
    ]
    assert main(asked) == 0
    told = (tmp_path / "report.md").read_text()
    assert "| our screen, 20 trials |" in told
    assert "x the columns" in told
    assert "extrapolated from 20 trials" in told
    assert "50 patients, 5 trials shown for each" in told
    assert (tmp_path / "screening.svg").exists()
    assert list(islice(tmp_path.rglob("*.ndjson"), 1)) == []
