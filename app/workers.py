"""Several processes that serve on one port: everything heavy is loaded once, then shared.

The supervisor imports the service and loads its tables before it forks, so a worker begins in the time of a fork and
shares with the others all memory that it does not change. A worker that dies is replaced. Connections to the database
are opened by each worker for itself, after the fork.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

import matching
from app.main import create_app
from app.metrics import count_across_processes
from app.settings import Settings
from app.store.places import gazetteer

logger = logging.getLogger(__name__)

SHORT_LIFE_S = 5.0
"""A worker that dies sooner is replaced only after this: what ended it may last."""

PATIENCE_S = 30.0
"""How long workers may take to answer what they have begun, when the service ends."""

BACKLOG = 2048


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    listening = _bind(host, port)
    folder = tempfile.mkdtemp(prefix="trialmatch-metrics-")
    count_across_processes(folder)
    matching.warm()
    gazetteer()
    # What is loaded now is never looked at by a worker's collector, so its pages stay shared.
    gc.collect()
    gc.freeze()
    gc.enable()
    try:
        _Supervisor(workers, lambda: _work(settings, listening)).run()
    finally:
        listening.close()
        shutil.rmtree(folder, ignore_errors=True)


def configured(**more: object) -> dict[str, object]:
    """How uvicorn is set up, whatever the number of workers.

    The server's own access log holds query strings, and a query may be about a person: ours holds paths.
    """
    return {"access_log": False, "log_config": None, "server_header": False, **more}


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


def _work(settings: Settings, listening: socket.socket) -> None:
    config = uvicorn.Config(create_app(settings), **configured())  # type: ignore[arg-type]  # of several types
    uvicorn.Server(config).run(sockets=[listening])


class _Supervisor:
    """Keeps a number of workers alive until it is told to end."""

    def __init__(self, workers: int, work: Callable[[], None]) -> None:
        self._workers = workers
        self._work = work
        self._begun: dict[int, float] = {}
        self._ending = False

    def run(self) -> None:
        """Starts the workers and watches them."""
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, self._end)
        while not self._ending:
            while len(self._begun) < self._workers and not self._ending:
                self._begin()
            self._reap(wait=True)
        until = time.monotonic() + PATIENCE_S
        while self._begun and time.monotonic() < until:
            self._reap(wait=False)
            time.sleep(0.02)
        for pid in self._begun:
            os.kill(pid, signal.SIGKILL)

    def _begin(self) -> None:
        pid = os.fork()
        if pid:
            self._begun[pid] = time.monotonic()
            return
        status = 1
        try:
            for told in (signal.SIGTERM, signal.SIGINT):
                signal.signal(told, signal.SIG_DFL)
            self._work()
            status = 0
        except BaseException as error:
            # The text of an error may hold a value: only its kind is told.
            logger.error("a worker ended", extra={"error": type(error).__name__})
        finally:
            # Nothing of the supervisor's own clean-up belongs to a worker.
            os._exit(status)

    def _reap(self, *, wait: bool) -> None:
        try:
            pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except InterruptedError:
            return
        except ChildProcessError:
            self._begun.clear()
            return
        begun = self._begun.pop(pid, None)
        if begun is not None and not self._ending:
            logger.error("a worker died and is replaced")
            if time.monotonic() - begun < SHORT_LIFE_S:
                time.sleep(SHORT_LIFE_S)

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True
        for pid in self._begun:
            os.kill(pid, signal.SIGTERM)
