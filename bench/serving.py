"""Stored trials over HTTP: pages and list pages beside a bare server that sends the same bytes; start and memory.

The bare server is uvicorn with the same settings and an application of ten lines around a dictionary of bytes: no
routing, no log, no database. Reads of trials that are not kept in memory are measured by asking for more of them than
there is room for.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from bench.load import Served, load, private_bytes, processes, request
from bench.report import Report
from bench.run import Run

TRIALS_ASKED = 2_000
PAGES_ASKED = 50
KEPT = 200
ROUNDS = 5
ROUND_S = 1.5


def measure(report: Report, run: Run) -> None:
    """The largest size on SQLite, one worker and two."""
    size = run.sizes[-1]
    store = run.store(size, "sqlite")
    url = store.engine.url.render_as_string(hide_password=False)
    ids = list(islice(store.ids(), 0, None, max(1, size // TRIALS_ASKED)))
    trials = [f"/v1/trials/{nct_id}" for nct_id in ids]
    note = f"{size:,} trials, SQLite, 8 connections"
    with _service(url) as (port, pids, started):
        report.add("service ready after its start", started, "s", note)
        pages = _walk(port)
        report.add("private memory of a worker before requests", private_bytes(pids[-1]) / 2**20, "MB")
        bodies = {path: _get(port, path) for path in (*trials[:KEPT], *pages)}
        with _bare(run.folder, bodies) as (bare_port, bare_pids):
            for name, paths, floor in (
                ("trial pages, kept in memory", trials[:KEPT], trials[:KEPT]),
                ("trial pages, more than are kept", trials, trials[:KEPT]),
                ("list pages of a walk", pages, pages),
            ):
                _side_by_side(report, name, (port, pids, paths), (bare_port, bare_pids, floor))
        report.add("private memory of a worker after requests", private_bytes(pids[-1]) / 2**20, "MB")
    with _service(url, "--workers", "2") as (port, pids, started):
        report.add("service of two workers ready after its start", started, "s")
        report.add("private memory, each of two workers", max(map(private_bytes, pids[1:])) / 2**20, "MB")
        _told(report, "trial pages, kept in memory, two workers", load(port, [request(p) for p in trials[:KEPT]], pids))


def _side_by_side(
    report: Report, what: str, ours: tuple[int, list[int], list[str]], bare: tuple[int, list[int], list[str]]
) -> None:
    """Both in turn, several rounds, so that what else the machine does meets both; the median round of each is told."""
    rounds: tuple[list[Served], list[Served]] = ([], [])
    for _ in range(ROUNDS):
        for (port, pids, paths), into in zip((bare, ours), rounds, strict=True):
            into.append(load(port, [request(path) for path in paths], pids, seconds=ROUND_S))
    floor, served = (sorted(each, key=lambda one: one.cpu_us)[ROUNDS // 2] for each in rounds)
    _told(report, f"bare server, bytes only: {what}", floor)
    share = (
        f"{served.rate / floor.rate:.0%} of the bare rate; by the server's processor {floor.cpu_us / served.cpu_us:.0%}"
    )
    _told(report, what, served, share)


def _told(report: Report, what: str, served: Served, note: str = "") -> None:
    assert not served.faults, f"{served.faults} answers of {what} were not 2xx"
    times = f"p50 {served.seconds[len(served.seconds) // 2] * 1000:.2f} ms, p99 {served.seconds[int(len(served.seconds) * 0.99)] * 1000:.2f} ms"
    report.add(what, served.rate, "requests/s", ", ".join(part for part in (note, times) if part))
    report.add(f"{what}: processor in the server", served.cpu_us, "us/request")


def _walk(port: int) -> list[str]:
    """The first pages of the list of all trials, as a walk by cursors gives them."""
    paths: list[str] = []
    cursor = None
    while len(paths) < PAGES_ASKED:
        asked = {"status": "any", "sort": "last_update", "limit": 20, **({"cursor": cursor} if cursor else {})}
        paths.append(f"/v1/trials?{urlencode(asked)}")
        cursor = json.loads(_get(port, paths[-1]))["next_cursor"]
        if cursor is None:
            break
    return paths


def _get(port: int, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return bytes(answer.read())


@contextmanager
def _service(url: str, *more: str) -> Iterator[tuple[int, list[int], float]]:
    """The service on a free port: its port, its processes and the seconds until it was ready."""
    port = _free_port()
    command = [str(Path(sys.executable).parent / "trialmatch"), "serve", "--port", str(port), *more]
    # What builds the registry's arrays in the background is another subject, and its work is not the pages'.
    settings = {"TRIALMATCH_DATABASE_URL": url, "TRIALMATCH_KEEPS_ARRAYS": "false"}
    with _server(command, port, settings) as (pids, seconds):
        yield port, pids, seconds


@contextmanager
def _bare(folder: Path, bodies: Mapping[str, bytes]) -> Iterator[tuple[int, list[int]]]:
    port = _free_port()
    file = folder / "bodies.json"
    file.write_text(json.dumps({path: body.decode() for path, body in bodies.items()}), encoding="utf-8")
    command = [sys.executable, "-m", "bench.bare", str(port), str(file)]
    with _server(command, port, {}) as (pids, _):
        yield port, pids


@contextmanager
def _server(command: Sequence[str], port: int, more: Mapping[str, str]) -> Iterator[tuple[list[int], float]]:
    begin = time.perf_counter()
    server = subprocess.Popen(command, env={**os.environ, **more}, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                _get(port, "/health/live")
                break
            except OSError:
                if server.poll() is not None or time.perf_counter() - begin > 120:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.005)
        seconds = time.perf_counter() - begin
        yield [pid for pid in processes(server.pid) if _is_worker(pid)], seconds
    finally:
        server.terminate()
        server.wait(30)


def _is_worker(pid: int) -> bool:
    return "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
