"""Studies that come again from the same bytes are not read; whatever may have changed is."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.ingest import raw
from app.ingest.raw import Marked, Same, mark, raw_hash
from app.ingest.run import load, load_records
from app.ingest.study import FULL
from app.ingest.study_files import StudyText
from app.samples import TRIALS
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore


@pytest.fixture
def store() -> Iterator[TrialStore]:
    engine = create_engine_for("sqlite://")
    upgrade(engine)
    yield TrialStore(engine)
    engine.dispose()


def study(title: str, *, day: str = "2026-01-01", seen: str = "2026-11-20", number: int = 1) -> bytes:
    record: dict[str, Any] = {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": title},
            "statusModule": {"lastUpdatePostDateStruct": {"date": day}},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": seen}},
    }
    return json.dumps(record).encode()


def found(*studies: bytes) -> list[StudyText]:
    return [StudyText(each, "made") for each in studies]


def title(store: TrialStore) -> str | None:
    trial = store.get("NCT00000001")
    assert trial is not None
    return trial.brief_title


def test_equal_bytes_are_known_without_being_read(store: TrialStore) -> None:
    load_records(found(study("A")), store, workers=1)
    known, other, unread = mark([*found(study("A"), study("B"), study("A", number=2))], store)[:3]
    assert isinstance(known, Same)
    assert known.nct_id == "NCT00000001"
    assert isinstance(other, Marked)
    assert isinstance(unread, Marked)
    # What the hash says is believed: B is not read, since the store says that its bytes were.
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE trial_record SET raw_hash = :of"), {"of": raw_hash(study("B"))})
    report = load_records(found(study("B")), store, workers=1)
    assert (report.read, report.unchanged, title(store)) == (1, 1, "A")


def test_the_day_of_the_registrys_data_is_no_part_of_a_record(store: TrialStore) -> None:
    assert raw_hash(study("A")) == raw_hash(study("A", seen="2026-11-21"))
    assert raw_hash(study("A")) != raw_hash(study("A", day="2026-01-02"))
    spoken = study('"versionHolder": "2026-11-20"', seen="")
    assert raw_hash(spoken) != raw_hash(spoken.replace(b"2026-11-20", b"2026-11-21"))
    assert raw_hash(b'{"a": "versionHolder"}') != raw_hash(b'{"a": ""}')


def test_another_reader_reads_all_again(store: TrialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    load_records(found(study("A")), store, workers=1)
    monkeypatch.setattr(raw, "reader_version", lambda: b"another")
    (again,) = mark(found(study("A")), store)
    assert isinstance(again, Marked)
    assert load_records(found(study("A")), store, workers=1).unchanged == 1
    assert isinstance(mark(found(study("A")), store)[0], Same)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 10])
def test_the_order_of_records_counts_also_where_one_is_as_stored(store: TrialStore, batch_size: int) -> None:
    load_records(found(study("A")), store, workers=1)
    there_and_back = found(study("B"), study("A", number=2), study("A"))
    report = load_records(there_and_back, store, workers=1, batch_size=batch_size, replace_newer=True)
    assert title(store) == "A"
    # Within a batch a trial that is changed and changed back is not written.
    assert (report.read, report.new, report.changed) == (3, 1, 2 if batch_size < 3 else 0)


def test_a_record_with_something_odd_is_told_of_again(store: TrialStore) -> None:
    odd = study("A").replace(b'"date": "2026-01-01"', b'"date": "soon"')
    first, second = (load_records(found(odd), store, workers=1) for _ in range(2))
    assert (second.unchanged, second.odd, second.oddities) == (1, 1, first.oddities)
    assert store.raw_hashes(["NCT00000001"]) == set()


def test_a_withdrawn_trial_comes_back(store: TrialStore) -> None:
    load_records(found(study("A")), store, workers=1)
    store.withdraw("NCT00000001")
    assert load_records(found(study("A")), store, workers=1).new == 1


def test_the_shipped_records_are_known_again_however_they_are_packed(store: TrialStore, tmp_path: Path) -> None:
    load([TRIALS[0]], store, workers=1)
    with gzip.open(TRIALS[0]) as lines:
        studies = list(lines)
    marked = mark(found(*studies), store)
    assert [type(each) for each in marked].count(Same) >= len(studies) - 1
    listed = tmp_path / "list.json"
    listed.write_bytes(b"[" + b",\n".join(each.strip() for each in studies) + b"]")
    version = store.data_version()
    assert load([listed], store, workers=1).unchanged == len(studies)
    assert store.data_version() == version
    with store.engine.connect() as connection:
        sources = set(connection.execute(text("SELECT source FROM trial_record WHERE raw_hash IS NOT NULL")).scalars())
    assert sources == {FULL}
