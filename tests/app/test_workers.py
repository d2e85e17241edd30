"""Several workers on one port: all answer, their counts are told together, and one that dies is replaced."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from tests.store.trials_made import AT, no_text, registry_trial


def ask(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def until(holds) -> bool:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    store = TrialStore(create_engine_for(url))
    upgrade(store.engine)
    store.upsert([registry_trial(1)], at=AT, read=no_text)
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [str(Path(sys.executable).parent / "trialmatch"), "serve", "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(command, env={**os.environ, "TRIALMATCH_DATABASE_URL": url}, stderr=subprocess.DEVNULL)
    assert until(lambda: ask(port, "/health/live"))
    yield server, port
    server.kill()
    server.wait()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes through /proc")
def test_workers_answer_count_together_are_replaced_and_end(service: tuple[subprocess.Popen[bytes], int]) -> None:
    server, port = service
    assert until(lambda: len(children(server.pid)) == 2)
    for _ in range(30):
        assert '"NCT00000001"' in ask(port, "/v1/trials/NCT00000001")
    counted = re.search(
        r'requests_total\{method="GET",route="/v1/trials/\{nct_id\}",status="200"\} (\S+)', ask(port, "/metrics")
    )
    assert counted is not None
    assert float(counted[1]) == 30.0
    before = children(server.pid)
    os.kill(min(before), signal.SIGKILL)
    assert until(lambda: len(children(server.pid)) == 2 and children(server.pid) != before)
    assert '"ok"' in ask(port, "/health/ready")
    workers = children(server.pid)
    server.terminate()
    assert server.wait(30) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
