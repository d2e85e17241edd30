"""Servers on loopback for measurements: started as an operator starts them, ended when the measurement is over."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench.load import processes


@contextmanager
def service(url: str, *more: str, arrays: Path | None) -> Iterator[tuple[int, list[int], float]]:
    """The service on a free port: its port, its processes and the seconds until it was ready.

    `arrays`: the folder of the registry's arrays; None: without them, for what builds them in the background is another
    subject than stored pages.
    """
    port = free_port()
    command = [str(Path(sys.executable).parent / "trialmatch"), "serve", "--port", str(port), *more]
    settings = {"TRIALMATCH_DATABASE_URL": url, "TRIALMATCH_KEEPS_ARRAYS": "false"}
    if arrays is not None:
        settings |= {"TRIALMATCH_KEEPS_ARRAYS": "true", "TRIALMATCH_SNAPSHOT_DIR": str(arrays)}
    with server(command, port, settings) as (pids, seconds):
        yield port, pids, seconds


@contextmanager
def server(command: Sequence[str], port: int, more: Mapping[str, str]) -> Iterator[tuple[list[int], float]]:
    """A server by its command: its processes and the seconds until it answered."""
    begin = time.perf_counter()
    server = subprocess.Popen(command, env={**os.environ, **more}, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                get(port, "/health/live")
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


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def get(port: int, path: str) -> bytes:
    """The body of an answer."""
    with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return bytes(answer.read())
