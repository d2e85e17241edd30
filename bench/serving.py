"""Stored trials over HTTP: pages and list pages beside a bare server that sends the same bytes; start and memory.

The bare server is uvicorn with the same settings and an application of ten lines around a dictionary of bytes: no
routing, no log, no database. Reads of trials that are not kept in memory are measured by asking for more of them than
there is room for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

from bench.load import Served, load, private_bytes, request
from bench.report import Report
from bench.run import Run
from bench.server import free_port, get, server, service

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
    with service(url, arrays=None) as (port, pids, started):
        report.add("service ready after its start", started, "s", note)
        pages = _walk(port)
        report.add("private memory of a worker before requests", private_bytes(pids[-1]) / 2**20, "MB")
        bodies = {path: get(port, path) for path in (*trials[:KEPT], *pages)}
        with _bare(run.folder, bodies) as (bare_port, bare_pids):
            for name, paths, floor in (
                ("trial pages, kept in memory", trials[:KEPT], trials[:KEPT]),
                ("trial pages, more than are kept", trials, trials[:KEPT]),
                ("list pages of a walk", pages, pages),
            ):
                _side_by_side(report, name, (port, pids, paths), (bare_port, bare_pids, floor))
        report.add("private memory of a worker after requests", private_bytes(pids[-1]) / 2**20, "MB")
    with service(url, "--workers", "2", arrays=None) as (port, pids, started):
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
    times = f"p50 {served.at(0.5) * 1000:.2f} ms, p99 {served.at(0.99) * 1000:.2f} ms"
    report.add(what, served.rate, "requests/s", ", ".join(part for part in (note, times) if part))
    report.add(f"{what}: processor in the server", served.cpu_us, "us/request")


def _walk(port: int) -> list[str]:
    """The first pages of the list of all trials, as a walk by cursors gives them."""
    paths: list[str] = []
    cursor = None
    while len(paths) < PAGES_ASKED:
        asked = {"status": "any", "sort": "last_update", "limit": 20, **({"cursor": cursor} if cursor else {})}
        paths.append(f"/v1/trials?{urlencode(asked)}")
        cursor = json.loads(get(port, paths[-1]))["next_cursor"]
        if cursor is None:
            break
    return paths


@contextmanager
def _bare(folder: Path, bodies: Mapping[str, bytes]) -> Iterator[tuple[int, list[int]]]:
    port = free_port()
    file = folder / "bodies.json"
    file.write_text(json.dumps({path: body.decode() for path, body in bodies.items()}), encoding="utf-8")
    command = [sys.executable, "-m", "bench.bare", str(port), str(file)]
    with server(command, port, {}) as (pids, _):
        yield port, pids
