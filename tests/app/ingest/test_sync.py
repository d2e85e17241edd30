"""The sync with the registry, against a server on loopback that speaks its form with its real records."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.ingest.clinicaltrials_gov import Registry, RegistryError
from app.ingest.run import LoadReport
from app.ingest.sync import SyncReport, sync
from app.samples import TRIALS
from app.show import sync_progress
from app.store.engine import check, create_engine_for, upgrade
from app.store.runs import SyncRuns
from app.store.trials import TrialStore
from tests.app.ingest.registry_server import Fault, LocalRegistry, nct_id, serving

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def sample_studies(count: int) -> list[dict[str, Any]]:
    file = next(path for path in TRIALS if path.name == "trials.jsonl.gz")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    dated = [row for row in rows if "lastUpdatePostDateStruct" in row["protocolSection"]["statusModule"]]
    return dated[:count]


@pytest.fixture
def local() -> Iterator[LocalRegistry]:
    with serving(LocalRegistry(sample_studies(47))) as registry:
        yield registry


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrialStore]:
    engine = create_engine_for(f"sqlite:///{tmp_path / 'trials.db'}")
    upgrade(engine)
    yield TrialStore(engine)
    engine.dispose()


def client(local: LocalRegistry, **more: Any) -> Registry:
    return Registry(local.url, **{"interval_s": 0.0, "wait_s": 0.01, "timeout_s": 5.0, "attempts": 4, **more})


def run(store: TrialStore, local: LocalRegistry, **more: Any) -> Any:
    with client(local) as registry:
        return sync(store, registry, page_size=5, workers=1, **{"now": lambda: AT, **more})


def published(local: LocalRegistry) -> list[str]:
    return sorted(nct_id(study) for study in local.studies)


def moved(study: dict[str, Any], day: str, **status: str) -> dict[str, Any]:
    changed = copy.deepcopy(study)
    changed["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
    changed["protocolSection"]["statusModule"].update(status)
    return changed


def test_every_record_comes_once_through_empty_pages(store: TrialStore, local: LocalRegistry) -> None:
    report = run(store, local)
    assert (report.load.read, report.load.new, report.load.failed, report.total) == (47, 47, 0, 47)
    assert list(store.ids()) == published(local)
    assert [asked["pageToken"] for asked in local.asked if asked.get("pageToken", "").endswith("e")] == [
        "15e",
        "30e",
        "45e",
    ]
    (told,) = SyncRuns(store.engine).history()
    assert (told.state, told.read, told.new, told.data_timestamp) == ("done", 47, 47, "2026-11-20T09:00:05")
    assert check(store.engine) == ()


def test_the_next_run_asks_only_for_what_changed(store: TrialStore, local: LocalRegistry) -> None:
    run(store, local)
    local.studies[3] = moved(local.studies[3], "2026-11-21", overallStatus="COMPLETED")
    local.asked.clear()
    report = run(store, local, now=lambda: LATER)
    assert report.since == "2026-11-19"
    assert (report.load.changed, report.load.new) == (1, 0)
    assert local.asked[1]["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-11-19,MAX]"
    trial = store.get(nct_id(local.studies[3]))
    assert trial is not None and trial.overall_status == "COMPLETED"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=429, headers={"Retry-After": "0"}),
        Fault(cut=True),
        Fault(body=b"<html>maintenance</html>"),
        Fault(body=b'{"message": "no list of studies"}'),
        Fault(body=b"[]"),
    ],
    ids=["500", "429", "truncated", "not JSON", "no list", "not an object"],
)
def test_a_passing_fault_is_asked_again(store: TrialStore, local: LocalRegistry, fault: Fault) -> None:
    local.faults = [Fault(), fault, fault]
    assert run(store, local).load.new == 47
    assert list(store.ids()) == published(local)


def test_retry_after_is_obeyed(store: TrialStore, local: LocalRegistry) -> None:
    local.faults = [Fault(), Fault(status=429, headers={"Retry-After": "1"})]
    started = time.monotonic()
    run(store, local)
    assert time.monotonic() - started >= 1.0


def test_a_late_answer_is_asked_again(store: TrialStore, local: LocalRegistry) -> None:
    local.faults = [Fault(), Fault(late_s=0.8)]
    with client(local, timeout_s=0.3) as registry:
        assert sync(store, registry, page_size=20, workers=1).load.new == 47


def test_a_lasting_fault_is_told_and_the_next_run_goes_on_from_there(store: TrialStore, local: LocalRegistry) -> None:
    local.faults = [Fault() for _ in range(5)] + [Fault(status=503)] * 4
    with pytest.raises(RegistryError, match="503"):
        run(store, local)
    stored = store.count()
    assert 0 < stored < 47
    (told,) = SyncRuns(store.engine).history()
    assert (told.state, told.note) == ("failed", "the registry answered 503 to /studies")
    local.asked.clear()
    report = run(store, local)
    assert report.resumed and report.run == told.id
    assert local.asked[0]["pageToken"] == told.page_token
    assert list(store.ids()) == published(local)
    assert SyncRuns(store.engine).history()[0].state == "done"


def test_a_token_that_has_died_begins_the_run_anew(store: TrialStore, local: LocalRegistry) -> None:
    local.faults = [Fault() for _ in range(5)] + [Fault(status=503)] * 4
    with pytest.raises(RegistryError):
        run(store, local)
    local.tokens_die = True
    with client(local) as registry:
        report = sync(store, registry, page_size=100, workers=1, now=lambda: AT)
    assert report.resumed
    assert list(store.ids()) == published(local)


def test_a_wrong_request_is_not_repeated(store: TrialStore, local: LocalRegistry) -> None:
    local.faults = [Fault(), Fault(status=403)]
    with pytest.raises(RegistryError, match="403"):
        run(store, local)
    assert len(local.asked) == 2


def test_a_schema_surprise_is_kept_or_told_and_the_rest_is_stored(store: TrialStore, local: LocalRegistry) -> None:
    strange = copy.deepcopy(local.studies[0])
    strange["protocolSection"]["statusModule"]["overallStatus"] = "PAUSED_BY_MOONLIGHT"
    strange["protocolSection"]["newModule"] = {"a": [1, {"b": None}]}
    local.studies[0] = strange
    broken = {
        "protocolSection": {
            "identificationModule": {"nctId": "unknown"},
            "statusModule": strange["protocolSection"]["statusModule"],
        }
    }
    local.studies.insert(7, broken)
    report = run(store, local)
    assert (report.load.new, report.load.failed) == (47, 1)
    assert [fault.reason for fault in report.load.failures] == ["nctId is not NCT and eight digits"]
    trial = store.get(nct_id(strange))
    assert trial is not None and trial.overall_status == "PAUSED_BY_MOONLIGHT"


def test_condition_status_since_and_limit_are_asked_for(store: TrialStore, local: LocalRegistry) -> None:
    protocol = next(
        study["protocolSection"]
        for study in local.studies
        if study["protocolSection"]["statusModule"]["overallStatus"] == "RECRUITING"
    )
    condition = protocol["conditionsModule"]["conditions"][0]
    report = run(store, local, condition=condition, statuses=("RECRUITING",), since=date(2000, 1, 1), limit=1)
    assert {key: local.asked[1][key] for key in ("query.cond", "filter.advanced")} == {
        "query.cond": condition,
        "filter.advanced": "AREA[LastUpdatePostDate]RANGE[2000-01-01,MAX]",
    }
    assert report.load.read == 1
    trials = [store.get(each) for each in store.ids()]
    assert [(trial.overall_status, condition in trial.conditions) for trial in trials if trial] == [
        ("RECRUITING", True)
    ]


def test_a_limited_run_does_not_count_as_a_good_one(store: TrialStore, local: LocalRegistry) -> None:
    assert run(store, local, limit=12).load.read == 12
    assert SyncRuns(store.engine).history()[0].state == "limited"
    assert run(store, local).since is None
    assert store.count() == 47


def test_a_trial_that_leaves_the_wanted_statuses_is_brought_up_to_date(store: TrialStore, local: LocalRegistry) -> None:
    run(store, local, statuses=("RECRUITING",))
    recruiting = list(store.ids())
    at, study = next((i, study) for i, study in enumerate(local.studies) if nct_id(study) == recruiting[0])
    local.studies[at] = moved(study, "2026-11-21", overallStatus="TERMINATED")
    other = next(i for i, study in enumerate(local.studies) if nct_id(study) not in recruiting)
    local.studies[other] = moved(local.studies[other], "2026-11-21")
    report = run(store, local, statuses=("RECRUITING",), now=lambda: LATER)
    trial = store.get(recruiting[0])
    assert trial is not None and trial.overall_status == "TERMINATED"
    assert list(store.ids()) == recruiting
    assert report.skipped == 1


def test_vanished_trials_are_withdrawn_with_their_history(store: TrialStore, local: LocalRegistry) -> None:
    run(store, local)
    gone = nct_id(local.studies.pop(5))
    report = run(store, local, vanished=True, now=lambda: LATER)
    assert (report.vanished, report.withdrawn) == (1, 1)
    assert store.get(gone) is None
    assert [version.withdrawn for version in store.history(gone)] == [False, True]
    assert list(store.ids()) == published(local)


def test_too_many_vanished_trials_are_a_fault_of_the_listing(store: TrialStore, local: LocalRegistry) -> None:
    run(store, local)
    kept = list(store.ids())
    del local.studies[20:]
    report = run(store, local, vanished=True, now=lambda: LATER)
    assert (report.vanished, report.withdrawn) == (27, 0)
    assert list(store.ids()) == kept
    assert SyncRuns(store.engine).history()[0].note == (
        "27 trials are not listed any more: too many to be withdrawals, so they were kept"
    )


CHILD = """
import sys
from app.ingest.clinicaltrials_gov import Registry
from app.ingest.sync import sync
from app.store.engine import create_engine_for
from app.store.trials import TrialStore
with Registry(sys.argv[1], interval_s=0.0, wait_s=0.01) as registry:
    sync(TrialStore(create_engine_for(sys.argv[2])), registry, page_size=3, workers=1)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(local: LocalRegistry, tmp_path: Path) -> None:
    """Twenty kills at random moments, on one database; then the next run completes what they left."""
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    store = TrialStore(engine)
    local.page_s = 0.03
    pick = random.Random(20261122)
    tokens: set[str | None] = set()
    killed, day = 0, date(2026, 11, 20)
    for _ in range(20):
        local.asked.clear()
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), local.url, url], cwd=ROOT)
        # At a random page, and a random moment after it was asked for.
        pages = pick.randint(0, 14)
        while len(local.asked) <= pages and child.poll() is None:
            time.sleep(0.005)
        time.sleep(pick.uniform(0.0, 0.15))
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            killed += 1
        child.wait()
        assert check(engine) == ()
        tokens.add(SyncRuns(engine).history()[0].page_token if SyncRuns(engine).history() else None)
        if any(told.state == "done" for told in SyncRuns(engine).history(1)):
            # The registry moves on, so that the later kills have something to interrupt.
            day += timedelta(days=2)
            local.timestamp = f"{day}T09:00:05"
            local.studies = [moved(study, day.isoformat()) for study in local.studies]
    assert killed >= 10
    assert len(tokens) >= 3, "the kills came at too few places to show anything"
    local.page_s = 0.0
    run(store, local)
    assert SyncRuns(engine).history()[0].state == "done"
    assert list(store.ids()) == published(local)
    for study in local.studies:
        trial = store.get(nct_id(study))
        assert trial is not None and trial.last_update is not None
        assert str(trial.last_update.on) == study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]
        hashes = [version.content_hash for version in store.history(nct_id(study))]
        assert len(hashes) == len(set(hashes))
    assert check(engine) == ()
    engine.dispose()


def test_the_command_syncs_and_tells_of_its_runs(
    local: LocalRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALMATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'made.db'}")
    monkeypatch.setenv("TRIALMATCH_REGISTRY_URL", local.url)
    monkeypatch.setenv("COLUMNS", "200")

    def told(*more: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["sync", *more])
        return ran.exit_code, ran.output

    assert told("--limit", "3", "--workers", "1")[0] == 0
    code, runs = told("--history")
    assert (code, "limited" in runs) == (0, True)
    assert told("--workers", "1")[0] == 0
    assert "done" in told("--history")[1]
    code, refused = told("--status", "NEARLY_OPEN")
    assert (code, "NEARLY_OPEN: no such status" in refused) == (2, True)


def test_the_bar_shows_the_rate_and_the_time_left() -> None:
    shown = io.StringIO()
    with sync_progress(Console(file=shown, force_terminal=True, width=160)) as progress:
        for read in (0, 100, 200, 300):
            progress(SyncReport(run=1, since=None, resumed=False, total=1000, load=LoadReport(read=read)))
            time.sleep(0.12)
    assert re.search(r"300/1000.*[1-9]\d*/s.*0:00:0\d", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue()))
