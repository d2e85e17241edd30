"""The arrays of the stored trials: what is judged on them is what is stored, and a request sees one version."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import pytest
from sqlalchemy import Engine

import matching
from app.store import snapshot
from app.store.trials import TrialStore
from matching.model.codes import Sex
from matching.model.patient import Condition, Observation, PartialDate, Patient
from tests.store.trials_made import AT, LATER, registry_trial

ON = date(2026, 11, 25)
PATIENT = Patient(
    birth_date=PartialDate(2000, 5, 1),
    sex=Sex.FEMALE,
    conditions=(Condition("type 1 diabetes"),),
    observations=(Observation("BMI", value=31.0, unit="kg/m2", on=PartialDate(2026, 11, 1)),),
)
EVERYTHING = frozenset({"criteria", "questions", "not_eligible"})


def asked(store: TrialStore, patient: Patient = PATIENT) -> dict[str, object]:
    with store.reader() as reader:
        found = matching.match(reader, patient, on=ON, include=EVERYTHING)
    return matching.answer_to_json(found, include=EVERYTHING, next_cursor=None)


def with_bmi_under(number: int, bound: int) -> matching.Trial:
    trial = registry_trial(number)
    text = f"Inclusion Criteria:\n\n* Age 18 years or older\n\nExclusion Criteria:\n\n* BMI > {bound} kg/m2"
    return replace(trial, eligibility=replace(trial.eligibility, text=text))


@pytest.fixture
def store(engine: Engine) -> TrialStore:
    made = TrialStore(engine)
    made.upsert([registry_trial(number) for number in range(1, 8)], at=AT)
    return made


def test_saved_and_mapped_arrays_are_the_ones_that_were_built(store: TrialStore, tmp_path: Path) -> None:
    built = snapshot.build(store)
    loaded = snapshot.load(snapshot.save(built, tmp_path))
    assert loaded.data_version == built.data_version == store.data_version()
    assert loaded.trials == 7
    before, after = built.named(), loaded.named()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=before[name].dtype.kind == "f") for name in before)


def test_the_answer_on_arrays_is_the_answer_of_the_rows(store: TrialStore, tmp_path: Path) -> None:
    by_reading = asked(store)
    store.registry = snapshot.load(snapshot.refresh(store, tmp_path))
    assert asked(store) == by_reading


def test_a_request_on_older_arrays_is_of_that_version_to_the_last_word(store: TrialStore, tmp_path: Path) -> None:
    store.registry = snapshot.load(snapshot.refresh(store, tmp_path))
    before = asked(store)
    changed = replace(with_bmi_under(2, 29), brief_title="Trial 2, changed")
    store.upsert([changed, with_bmi_under(3, 28)], at=LATER, replace=True)
    store.withdraw("NCT00000005", at=LATER)
    store.upsert([registry_trial(9)], at=LATER)
    # The rows are newer than the arrays: changed and withdrawn trials are read as they were.
    assert asked(store) == before
    store.registry = snapshot.load(snapshot.refresh(store, tmp_path))
    after = asked(store)
    assert after["data_version"] != before["data_version"]
    assert after["totals"] == {"considered": 7, "likely_eligible": 0, "possibly_eligible": 0, "not_eligible": 2} | {
        key: after["totals"][key] for key in ("likely_eligible", "possibly_eligible")
    }
    store.registry = None
    assert asked(store) == after


def test_a_snapshot_is_made_once_for_a_version_and_old_ones_go(store: TrialStore, tmp_path: Path) -> None:
    first = snapshot.refresh(store, tmp_path)
    stamp = (first / "about.json").stat().st_mtime_ns
    assert snapshot.refresh(store, tmp_path) == first
    assert (first / "about.json").stat().st_mtime_ns == stamp
    made = [first]
    for number in (11, 12, 13):
        store.upsert([registry_trial(number)], at=LATER)
        made.append(snapshot.refresh(store, tmp_path))
    assert snapshot.newest(tmp_path) == made[-1]
    assert [path.is_dir() for path in made] == [False, False, True, True]


def test_half_a_snapshot_is_none(store: TrialStore, tmp_path: Path) -> None:
    made = snapshot.refresh(store, tmp_path)
    (made / "about.json").unlink()
    assert snapshot.newest(tmp_path) is None
    assert snapshot.refresh(store, tmp_path) == made
    assert snapshot.load(made).trials == 7


def test_the_keeper_changes_over_when_the_data_changes(engine: Engine, store: TrialStore, tmp_path: Path) -> None:
    keeper = snapshot.RegistryKeeper(store, tmp_path, engine.url.render_as_string(hide_password=False))
    keeper.check()
    assert store.registry is not None
    assert store.registry.data_version == store.data_version()
    held = store.registry
    keeper.check()
    assert store.registry is held
    store.upsert([registry_trial(8)], at=LATER)
    keeper.check()
    assert store.registry is not held
    assert (store.registry.trials, held.trials) == (8, 7)


def test_the_files_hold_trials_and_nothing_of_a_patient(store: TrialStore, tmp_path: Path) -> None:
    store.registry = snapshot.load(snapshot.refresh(store, tmp_path))
    canary = replace(
        PATIENT,
        conditions=(Condition("type 1 diabetes"), Condition("xanthelasma canariensis")),
        observations=(Observation("BMI", value=31.7183, unit="kg/m2", on=PartialDate(2026, 11, 1)),),
    )
    orjson.dumps(asked(store, canary))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"canariensis" not in path.read_bytes()
    kept = (
        repr(vars(store.registry.columns))
        + repr(vars(store.registry.screen.table))
        + repr(vars(store.registry.screen.table.concepts))
    )
    assert "canariensis" not in kept
    assert "31.7183" not in kept
