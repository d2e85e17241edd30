"""`POST /v1/matches` over HTTP: the shipped patients, 20 rows explained, on one worker and two; and while data changes.

The registry is one of open trials alone, as large as asked for. Its arrays are made before, as they are for an operator
whose service starts again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import orjson

from app.store.snapshot import refresh
from app.store.trials import TrialStore
from bench.answers import requests
from bench.load import Served, load, paced, private_bytes, request
from bench.report import Report
from bench.run import Run
from bench.server import service

SECONDS = 6.0
A_SECOND = 50
CHANGED = 1_000
QUIET_S = 10.0


def measure(report: Report, run: Run) -> None:
    """Every size on SQLite; data changes under the largest."""
    for size in run.sizes:
        store = run.multiplied(size, "sqlite", whole=True)
        begin = time.perf_counter()
        arrays = run.folder / f"arrays_{size}"
        made = refresh(store, arrays)
        note = f"{sum(file.stat().st_size for file in made.iterdir()) / 2**20:,.0f} MB"
        report.add(f"arrays of {size:,} trials made and saved", time.perf_counter() - begin, "s", note)
        _answers(report, store, arrays, size)
    _while_data_changes(report, run, store, arrays)


def _posts(**more: object) -> dict[str, bytes]:
    """The shipped patients' requests as they go over the wire, by name."""
    return {
        name: request("/v1/matches", method="POST", body=orjson.dumps(sent.model_dump() | more))
        for name, sent in requests().items()
    }


def _answers(report: Report, store: TrialStore, arrays: Path, size: int) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    posts = _posts()
    with service(url, arrays=arrays) as (port, pids, started):
        first = time.perf_counter()
        _answered(port, posts.values())
        report.add(f"ready after its start, {size:,} trials", started, "s", "one worker")
        report.add(f"first answers to all patients, {size:,} trials", time.perf_counter() - first, "s")
        for name, post in posts.items():
            _told(report, f"patient {name}, {size:,} trials", load(port, [post], pids, connections=1, seconds=SECONDS))
        everything = list(_posts(scope="all").values())
        _told(report, f"all trials, {size:,}", load(port, everything, pids, connections=1, seconds=SECONDS))
        _told(
            report, f"one worker, 8 connections, {size:,} trials", load(port, [*posts.values()], pids, seconds=SECONDS)
        )
        report.add(f"private memory of the worker, {size:,} trials", private_bytes(pids[-1]) / 2**20, "MB")
    with service(url, "--workers", "2", arrays=arrays) as (port, pids, _):
        _answered(port, posts.values())
        _told(
            report, f"two workers, 8 connections, {size:,} trials", load(port, [*posts.values()], pids, seconds=SECONDS)
        )
        report.add("private memory, each of two workers", max(map(private_bytes, pids[1:])) / 2**20, "MB")
        report.add(f"workers killed, answers again after, {size:,} trials", _again(port, pids[1:], posts["child"]), "s")


def _again(port: int, workers: list[int], post: bytes) -> float:
    """Seconds from the death of all workers until a new one has answered: a fork, the arrays mapped, one patient judged."""
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    begin = time.perf_counter()
    while True:
        try:
            served = load(port, [post], [], connections=1, seconds=0.001)
        except (OSError, EOFError):  # a connection that a dead worker had taken
            continue
        assert not served.faults
        return time.perf_counter() - begin


def _while_data_changes(report: Report, run: Run, store: TrialStore, arrays: Path) -> None:
    """A load of changed trials into the database that is served: no fault, and how long answers take."""
    size = run.sizes[-1]
    url = store.engine.url.render_as_string(hide_password=False)
    changed = run.folder / "changed.ndjson"
    ids = sorted(store.ids())[:: max(1, size // CHANGED)][:CHANGED]
    _write_changed(changed, run, set(ids))
    command = [str(Path(sys.executable).parent / "trialmatch"), "load", str(changed)]
    search = [request("/v1/trials?condition=diabetes&limit=20"), request(f"/v1/trials/{ids[0]}")]
    asked = [*search, _posts(limit=5, include=[])["child"]]
    with service(url, "--workers", "2", arrays=arrays) as (port, pids, _):
        load(port, asked, pids, seconds=3.0)  # each worker has loaded what a first answer waits for
        quiet = paced(port, asked, pids, a_second=A_SECOND, seconds=QUIET_S)
        before = store.data_version()
        with subprocess.Popen(
            command, env={**os.environ, "TRIALMATCH_DATABASE_URL": url}, stdout=subprocess.DEVNULL
        ) as loading:
            rounds = []
            while loading.poll() is None or len(rounds) < 2:
                rounds.append(paced(port, asked, pids, a_second=A_SECOND, seconds=QUIET_S))
        rounds.append(paced(port, asked, pids, a_second=A_SECOND, seconds=QUIET_S))
        assert loading.returncode == 0
        assert store.data_version() != before
        busy = sorted(seconds for one in rounds for seconds in one.seconds)
        faults = sum(one.faults for one in rounds) + quiet.faults
    slow, calm = busy[int(len(busy) * 0.99)], quiet.at(0.99)
    note = f"{slow / calm:.1f} x the quiet p99 of {calm * 1000:.1f} ms, {faults} faults, {len(busy)} answers"
    report.add(f"p99 while {CHANGED:,} trials change, {A_SECOND} requests/s", slow * 1000, "ms", note)


def _write_changed(target: Path, run: Run, ids: set[str]) -> None:
    """The trials once more, with a title that changes and a later update."""
    with target.open("wb") as lines:
        for study in run.corpus(run.sizes[-1], open_only=True):
            protocol = study["protocolSection"]
            if protocol["identificationModule"]["nctId"] in ids:
                named = protocol["identificationModule"] | {"briefTitle": f"Changed at {time.time()}"}
                status = protocol["statusModule"] | {"lastUpdatePostDateStruct": {"date": "2026-11-21"}}
                changed = study | {
                    "protocolSection": protocol | {"identificationModule": named, "statusModule": status}
                }
                lines.write(orjson.dumps(changed, option=orjson.OPT_APPEND_NEWLINE))


def _answered(port: int, posts: Iterable[bytes]) -> None:
    """Waits until each of the requests was answered once: what is loaded for the first of a kind is loaded."""
    for post in posts:
        assert not load(port, [post], [], connections=1, seconds=0.01).faults


def _told(report: Report, what: str, served: Served) -> None:
    assert not served.faults, f"{served.faults} answers of {what} were not 2xx"
    times = f"p50 {served.at(0.5) * 1000:.1f} ms, p99 {served.at(0.99) * 1000:.1f} ms"
    size = served.bytes_read / max(1, len(served.seconds)) / 1000
    note = f"{times}, {served.cpu_us / 1000:.1f} ms of processor, {size:.0f} kB"
    report.add(what, served.rate, "requests/s", note)
