"""Many patients: over HTTP, on the command line, as a function of a part of the lines, and as an engine's map, one answer."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import app.api.batch as batch
from app import samples
from app.main import create_app
from app.population import match_partition, snapshot_of
from app.settings import Settings, snapshot_folder
from app.store.engine import create_engine_for
from app.store.reading_only import read_only_store
from app.store.snapshot import RegistryKeeper
from app.store.trials import TrialStore
from tests.api.conftest import Client
from tests.api.test_canary import PATIENT, log_text, seen_in  # noqa: F401  # a fixture

COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]
REQUESTS = [json.loads(path.read_text()) for path in sorted(samples.PATIENTS.glob("*.json"))]


def lines_of(count: int) -> list[bytes]:
    """Patients of many weights; now and then a line that cannot be answered."""
    lines = []
    for number in range(count):
        request = REQUESTS[number % len(REQUESTS)]
        heavier = {"name": "weight", "value": 20 + number, "unit": "kg", "on": "2026-11-01"}
        patient = {**request["patient"], "observations": [*request["patient"]["observations"], heavier]}
        row = {
            "id": number,
            "patient": patient,
            "on": request["on"],
            "limit": 3,
            "scope": "all",
            "include": ["criteria"],
        }
        lines.append(b'{"id": %d, "patient": {"sex": "zyx"}}' % number if number % 7 == 5 else json.dumps(row).encode())
    return lines


@pytest.fixture(scope="module")
def snapshot(sample_database, tmp_path_factory) -> Path:
    store = TrialStore(create_engine_for(sample_database))
    made = snapshot_of(store, tmp_path_factory.mktemp("arrays"))
    store.close()
    return made


@pytest.fixture
def served(sample_database, snapshot, monkeypatch):
    """A service with processes from the third line of a call on."""
    monkeypatch.setattr(batch, "WORTH_PROCESSES", 2)
    settings = Settings(database_url=sample_database, snapshot_dir=snapshot.parent, batch_processes=2)
    made = create_app(settings)
    keeper = RegistryKeeper(made.state.store, snapshot_folder(settings), sample_database)
    keeper.check()
    yield made
    made.state.batch_processes.close()
    made.state.store.close()


def test_http_the_command_line_and_a_part_of_the_lines_give_the_same(served, sample_database, snapshot):
    lines = lines_of(16)
    expected = match_partition(lines, database_url=sample_database, snapshot=snapshot)
    assert [json.loads(line)["id"] for line in expected] == list(range(16))
    assert ["problem" in json.loads(line) for line in expected] == [n % 7 == 5 for n in range(16)]
    sent = b"\n".join(lines)
    assert Client(served).post("/v1/matches/batch", content=sent).content == b"".join(expected)
    assert len(served.state.batch_processes.pool().pids) == 2
    environment = {
        **os.environ,
        "TRIALMATCH_DATABASE_URL": sample_database,
        "TRIALMATCH_SNAPSHOT_DIR": str(snapshot.parent),
    }
    for jobs in ("1", "2"):
        command = [*COMMAND, "match", "--ndjson", "--jobs", jobs]
        done = subprocess.run(command, input=sent, capture_output=True, env=environment, check=True)
        assert done.stdout == b"".join(expected)
        assert done.stderr == b""


def test_with_and_without_arrays_the_answers_are_equal(sample_database, snapshot):
    lines = lines_of(4)
    fast = match_partition(lines, database_url=sample_database, snapshot=snapshot)
    assert match_partition(lines, database_url=sample_database, snapshot=None) == fast


def test_dask_maps_it_over_partitions(sample_database, snapshot):
    bag = pytest.importorskip("dask.bag")
    lines = [line for line in lines_of(20) if b"zyx" not in line]
    mapped = bag.from_sequence(lines, npartitions=3).map_partitions(
        match_partition, database_url=sample_database, snapshot=str(snapshot), on=date(2026, 11, 22)
    )
    answers = mapped.compute(scheduler="processes", num_workers=2)
    assert answers == match_partition(lines, database_url=sample_database, snapshot=snapshot)


def test_a_process_that_is_killed_is_replaced_while_the_stream_goes_on(served, sample_database, snapshot):
    lines = lines_of(16)
    pool = served.state.batch_processes.pool()
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    answers = Client(served).post("/v1/matches/batch", content=b"\n".join(lines)).content
    assert answers == b"".join(match_partition(lines, database_url=sample_database, snapshot=snapshot))
    assert not set(pool.pids) & set(before)


def test_a_snapshot_that_is_gone_is_taken_for_the_newest(sample_database, snapshot):
    line = lines_of(1)
    gone = snapshot.parent / "0-gone"
    assert match_partition(line, database_url=sample_database, snapshot=gone) == match_partition(
        line, database_url=sample_database, snapshot=snapshot
    )


def test_the_database_itself_refuses_a_write(sample_database):
    store = read_only_store(sample_database)
    with store.engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM trial"))
    store.close()


def canary_lines() -> bytes:
    rows = [{"id": n, "patient": PATIENT, "on": "2026-11-22", "limit": 1} for n in range(6)]
    rows += [
        {"id": 6, "patient": {**PATIENT, "sex": "zyxcanaryword"}},
        {"id": 7, "patient": PATIENT, "on": "1999-01-01"},
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows) + b'\n{"id": 8, "patient": "zyxcanaryword'


def left_in(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and seen_in(p.read_bytes().decode("utf-8", "replace"))]


def test_nothing_of_a_patient_is_left_by_processes_of_the_service(served, log_text, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    answer = Client(served).post("/v1/matches/batch", content=canary_lines())
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert ["problem" in row for row in rows] == [False] * 6 + [True] * 3
    assert [seen_in(json.dumps(row)) for row in rows[6:]] == [[]] * 3
    pids = served.state.batch_processes.pool().pids
    titles = [
        Path(f"/proc/{pid}/{name}").read_bytes().decode() for pid in pids for name in ("cmdline", "environ", "comm")
    ]
    assert [seen_in(title) for title in titles] == [[]] * len(titles)
    assert seen_in(log_text.getvalue()) == []
    assert left_in(tmp_path) == []


def test_nothing_of_a_patient_is_left_by_the_command(sample_database, snapshot, tmp_path):
    environment = {
        **os.environ,
        "TRIALMATCH_DATABASE_URL": sample_database,
        "TRIALMATCH_SNAPSHOT_DIR": str(snapshot.parent),
        "TMPDIR": str(tmp_path),
        "HOME": str(tmp_path),
    }
    command = [*COMMAND, "match", "--ndjson", "--jobs", "2"]
    done = subprocess.run(command, input=canary_lines(), capture_output=True, env=environment, check=True, cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 9
    assert seen_in(done.stderr.decode()) == []
    assert left_in(tmp_path) + left_in(snapshot.parent) == []
    assert left_in(Path(sample_database.removeprefix("sqlite:///")).parent) == []
