import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

import matching
from app.ingest.files import read_paths
from app.ingest.pool import IngestPool
from app.ingest.run import LoadReport, load, load_records, store_record
from app.ingest.source import Record, RecordError
from app.ingest.study import read_study
from app.samples import TRIALS
from app.store.engine import check, create_engine_for, upgrade
from app.store.trials import TrialStore
from app.store.writing import read_criteria
from matching import EligibilityFields, Provenance, Site

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def store() -> TrialStore:
    engine = create_engine_for("sqlite://")
    upgrade(engine)
    return TrialStore(engine)


def study(number: int, **modules: Any) -> dict[str, Any]:
    title = {"nctId": f"NCT{number:08d}", "briefTitle": f"Trial {number}"}
    return {"protocolSection": {"identificationModule": title, **modules}}


def write(path: Path, *studies: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in studies))
    return path


def counts(report: LoadReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("read", "new", "changed", "unchanged", "older", "failed", "odd")}


def test_a_load_says_what_it_did(store: TrialStore, tmp_path: Path) -> None:
    odd = study(2, statusModule={"overallStatus": "DREAMING"})
    path = write(tmp_path / "a.ndjson", study(1), odd, {}, study(3))
    seen: list[LoadReport] = []
    report = load([path, tmp_path / "nowhere"], store, batch_size=2, workers=1, progress=seen.append)
    assert counts(report) == {"read": 5, "new": 3, "changed": 0, "unchanged": 0, "older": 0, "failed": 2, "odd": 1}
    assert [str(fault) for fault in report.failures] == [
        "a.ndjson:3: no protocolSection.identificationModule.nctId",
        "nowhere: the file cannot be read: FileNotFoundError",
    ]
    assert report.oddities == (("protocolSection.statusModule.overallStatus: a value is not a value known here", 1),)
    assert [row.read for row in seen] == [2, 4, 5]
    assert report.seconds > 0
    assert list(store.ids()) == ["NCT00000001", "NCT00000002", "NCT00000003"]


def test_loading_again_changes_nothing(store: TrialStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", *(study(number) for number in range(5)))
    load([path], store, workers=1, batch_size=2)
    version = store.data_version()
    assert counts(load([path], store, workers=1))["unchanged"] == 5
    assert store.data_version() == version


def test_a_load_that_was_cut_off_goes_on_where_it_was(store: TrialStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", *(study(number) for number in range(5)))

    def cut_off(report: LoadReport) -> None:
        if report.read == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load([path], store, workers=1, batch_size=2, progress=cut_off)
    assert (store.count(), check(store.engine)) == (4, ())
    report = load([path], store, workers=1, batch_size=2)
    assert (report.new, report.unchanged) == (1, 4)


def test_the_instant_of_the_fetch_is_kept(store: TrialStore, tmp_path: Path) -> None:
    load([write(tmp_path / "a.ndjson", study(1))], store, workers=1, now=lambda: AT)
    trial = store.get("NCT00000001")
    assert trial is not None
    assert trial.provenance == (
        Provenance("clinicaltrials_gov_partial", fetched_at=AT, url="https://clinicaltrials.gov/study/NCT00000001"),
    )


def test_the_same_trial_from_an_api_record_and_a_page_is_one(store: TrialStore, tmp_path: Path) -> None:
    record = study(
        4061746,
        statusModule={"lastUpdatePostDateStruct": {"date": "2025-05-02"}, "overallStatus": "SUSPENDED"},
        conditionsModule={"conditions": ["Type 1 Diabetes"]},
    )
    forward, backward = store, TrialStore(create_engine_for("sqlite://"))
    upgrade(backward.engine)
    paths = [write(tmp_path / "a.ndjson", record), TRIALS[2]]
    load(paths, forward, workers=1, batch_size=1)
    load(paths[::-1], backward, workers=1, batch_size=1)
    assert (forward.count(), forward.data_version()) == (1, backward.data_version())
    trial = forward.get("NCT04061746")
    assert trial is not None
    assert [row.source for row in trial.provenance] == ["clinicaltrials_gov", "registry_page"]
    assert trial.overall_status == "SUSPENDED"
    assert trial.conditions == ("Type 1 Diabetes",)
    page = Site("Medical University of South Carolina", None, "Charleston", "South Carolina", None, "United States")
    assert trial.sites == (page,)
    assert trial.provenance[0].fields["sites"] == "registry_page"
    assert trial.provenance[0].fields["conditions"] == "clinicaltrials_gov"


def test_all_samples_load_and_load_again(store: TrialStore) -> None:
    report = load(TRIALS, store, workers=1)
    assert counts(report) == {"read": 306, "new": 306, "changed": 0, "unchanged": 0, "older": 0, "failed": 0, "odd": 1}
    assert check(store.engine) == ()
    assert counts(load(TRIALS, store, workers=1))["unchanged"] == 306
    with gzip.open(TRIALS[0]) as lines:
        expected = [read_study(orjson.loads(line)).trial for line in lines]
    for trial in expected:
        stored = store.get(trial.nct_id)
        assert stored is not None
        assert replace(stored, provenance=()) == replace(trial, provenance=())


def test_the_registry_itself_is_believed_even_when_its_record_is_older(store: TrialStore) -> None:
    newer = read_study(study(1, statusModule={"lastUpdatePostDateStruct": {"date": "2026-02-01"}}))
    older = read_study(study(1, statusModule={"lastUpdatePostDateStruct": {"date": "2026-01-01"}}))
    load_records([newer], store, workers=1)
    assert counts(load_records([older], store, workers=1))["older"] == 1
    assert counts(load_records([older], store, workers=1, replace_newer=True))["changed"] == 1


def test_processes_read_the_same_criteria_in_the_same_order() -> None:
    texts = [f"Inclusion Criteria:\n\n* Age {age} years or older\n* BMI < {age}" for age in range(18, 98)]
    modules = [EligibilityFields(text=text) for text in texts]
    with IngestPool(2, "sqlite") as pool:
        assert list(pool.read(modules)) == read_criteria(modules)


POOL_THAT_WAITS = """
import sys, time
from app.ingest.pool import IngestPool
from matching import EligibilityFields

if __name__ == "__main__":
    with IngestPool(2, "sqlite") as pool:
        pool.read([EligibilityFields(text=f"Age {age} years or older") for age in range(100)])
        print("waits", flush=True)
        time.sleep(600)
"""


def test_processes_end_with_the_load_however_it_ends(tmp_path: Path) -> None:
    """Nothing stays behind of a load that was killed: its processes held the memory of the tables for ever."""
    script = tmp_path / "waits.py"
    script.write_text(POOL_THAT_WAITS)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "waits\n"
        started = psutil.Process(killed.pid).children(recursive=True)
        killed.kill()
    assert len(started) >= 2
    gone, alive = psutil.wait_procs(started, timeout=20)
    for process in alive:
        process.kill()
    assert len(gone) == len(started)


def test_processes_store_the_same_as_this_one(tmp_path: Path, store: TrialStore) -> None:
    texts = [f"Inclusion Criteria:\n\n* Age {18 + number % 40} years or older" for number in range(150)]
    studies = [study(number, eligibilityModule={"eligibilityCriteria": text}) for number, text in enumerate(texts)]
    path = write(tmp_path / "many.ndjson", *studies, {"protocolSection": {}}, *studies[:10])
    alone = TrialStore(create_engine_for("sqlite://"))
    upgrade(alone.engine)
    expected = load([path], alone, workers=1, batch_size=70, now=lambda: AT)
    found = load([path], store, workers=2, batch_size=70, now=lambda: AT)
    assert replace(found, seconds=0, failures=()) == replace(expected, seconds=0, failures=())
    assert list(map(str, found.failures)) == list(map(str, expected.failures))
    assert (found.read, found.new, found.unchanged, found.failed) == (161, 150, 10, 1)
    assert store.data_version() == alone.data_version()
    assert store.document("NCT00000077") == alone.document("NCT00000077")
    assert store.criteria_json("NCT00000077") == alone.criteria_json("NCT00000077")


def test_criteria_that_are_read_later_are_unknown_until_then(tmp_path: Path, store: TrialStore) -> None:
    text = "Inclusion Criteria:\n\n* Age 18 years or older"
    path = write(tmp_path / "a.ndjson", study(1, eligibilityModule={"eligibilityCriteria": text}), study(2))
    load([path], store, workers=1, parse=False)
    assert store.criteria_json("NCT00000001") == {
        "criteria": [
            {
                "id": "i1",
                "role": "inclusion",
                "text": text,
                "start": 0,
                "end": len(text),
                "parent": None,
                "applies_to": None,
                "part_of_parent": False,
                "expression": {"kind": "unreadable", "start": 0, "end": len(text), "reason": "not read yet"},
                "coverage": 0.0,
            }
        ],
        "coverage": {"criteria": 1, "computable": 0, "on_site": 0, "unreadable": 1},
        "problems": [],
    }
    assert store.unread() == 2
    told: list[int] = []
    assert store.read_again(progress=told.append) == 2
    assert (told, store.unread()) == ([2], 0)
    at_once = TrialStore(create_engine_for("sqlite://"))
    upgrade(at_once.engine)
    load([path], at_once, workers=1)
    assert store.data_version() == at_once.data_version()
    assert store.criteria_json("NCT00000001") == at_once.criteria_json("NCT00000001")


def test_a_later_load_does_not_undo_what_was_read(tmp_path: Path, store: TrialStore) -> None:
    module = {"eligibilityCriteria": "Inclusion Criteria:\n\n* Age 18 years or older"}
    load([write(tmp_path / "a.ndjson", study(1, eligibilityModule=module))], store, workers=1)
    read = store.criteria_json("NCT00000001")
    retitled = study(1, eligibilityModule=module, conditionsModule={"conditions": ["Asthma"]})
    report = load([write(tmp_path / "b.ndjson", retitled)], store, workers=1, parse=False)
    assert report.changed == 1
    assert (store.criteria_json("NCT00000001"), store.unread()) == (read, 0)


def test_storing_one_record(store: TrialStore) -> None:
    record = study(1)
    assert store_record(record, store, expected_id="NCT00000001", at=AT) == "new"
    assert store_record(record, store, at=AT) == "unchanged"
    shorter = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}
    assert store_record(shorter, store, at=AT) == "changed"
    trial = store.get("NCT00000001")
    assert trial is not None
    assert trial == matching.Trial(
        nct_id="NCT00000001",
        provenance=(
            Provenance("clinicaltrials_gov", fetched_at=AT, url="https://clinicaltrials.gov/study/NCT00000001"),
        ),
    )


def test_storing_a_record_under_another_address_is_refused(store: TrialStore) -> None:
    with pytest.raises(RecordError) as caught:
        store_record(study(1), store, expected_id="NCT00000002", at=AT)
    assert (caught.value.nct_id, caught.value.reason) == ("NCT00000001", "its nctId is not the one of the address")
    assert store.count() == 0


def test_readers_give_one_record_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", study(1), study(2))
    records = read_paths([path])
    first = next(records)
    assert isinstance(first, Record)
    assert first.trial.nct_id == "NCT00000001"
