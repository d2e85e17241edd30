"""Processes that do pieces of work in any order for one that asks: one that dies is replaced, and its piece done by another.

A piece goes to a process and its result comes back through a pipe: nothing of it stands in a file, and nothing of it is
left behind when a process ends.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

logger = logging.getLogger(__name__)

Work = Callable[..., bytes]
Begin = Callable[..., Work]

FORK = "fork" if sys.platform == "linux" else "spawn"
"""Forked processes share the tables that are loaded by then; elsewhere a fork is not safe."""

APART = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""For a process with many threads, which must not be forked: one without any is started, and forked instead of it."""

PRELOADED = "app.preloaded"
NICENESS = 10
"""Of what may wait: with it a process has about a tenth of the time of one without, where both want the processor."""

TRIES = 2
"""A piece of work that ends so many processes is given up."""


class WorkerDiedError(Exception):
    """A piece of work ended every process that it was given to."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


class Pool:
    """Processes that each call `begin(*given)` once and then its result for each piece of work.

    `begin` must be a function of a module. With `start` FORK make it before there are other threads. `close` it.
    """

    def __init__(self, jobs: int, begin: Begin, *given: object, start: str = FORK) -> None:
        self._context: Any = multiprocessing.get_context(start)
        if start == "forkserver":
            self._context.set_forkserver_preload([PRELOADED])
        self._begin, self._given = begin, given
        self._waiting: SimpleQueue[tuple[tuple[object, ...], Future[bytes]] | None] = SimpleQueue()
        self._starting = Lock()
        self._closed = False
        self._workers = [self._start() for _ in range(jobs)]
        self._threads = [Thread(target=self._serve, args=(place,), daemon=True) for place in range(jobs)]
        for thread in self._threads:
            thread.start()

    @property
    def jobs(self) -> int:
        """How many processes."""
        return len(self._workers)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that work now."""
        return tuple(worker.process.pid or 0 for worker in self._workers)

    def submit(self, *piece: object) -> Future[bytes]:
        """Begins a piece of work as soon as a process is free; the result may be a WorkerDiedError."""
        future: Future[bytes] = Future()
        if self._closed:
            future.cancel()
        else:
            self._waiting.put((piece, future))
        return future

    def close(self) -> None:
        """Ends the processes at once; what was not done yet is cancelled."""
        self._closed = True
        with self._starting:
            for worker in self._workers:
                worker.process.terminate()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.process.terminate()  # one may have been replaced meanwhile
            worker.process.join()
            worker.pipe.close()

    def _start(self) -> _Worker:
        # One at a time: another process that is forked meanwhile would hold this one's end of the pipe open.
        with self._starting:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_work, args=(theirs, self._begin, self._given), daemon=True)
            process.start()
            theirs.close()
            return _Worker(process, ours)

    def _serve(self, place: int) -> None:
        """One thread for each process: it gives it a piece and waits for the result."""
        while (item := self._waiting.get()) is not None:
            piece, future = item
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._done(place, piece))
            except Exception as error:
                future.set_exception(error)

    def _done(self, place: int, piece: tuple[object, ...]) -> bytes:
        for _ in range(TRIES):
            worker = self._workers[place]
            try:
                worker.pipe.send(piece)
                return worker.pipe.recv_bytes()
            except (EOFError, OSError):
                if self._closed:
                    break
                logger.error("a process that answers lines died and is replaced")
                worker.pipe.close()
                worker.process.join()
                self._workers[place] = self._start()
        raise WorkerDiedError


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _work(pipe: Connection, begin: Begin, given: tuple[object, ...]) -> None:
    """A process's life; interrupts are left to the one that started it, and it ends with that, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()
    try:
        work = begin(*given)
        while True:
            pipe.send_bytes(work(*pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)
    except BaseException as error:
        # The text of an error may hold a value: only its kind is told.
        logger.error("a process that answers lines ended", extra={"error": type(error).__name__})
        os._exit(1)


def behind_requests() -> None:
    """From here on this process, and those it starts, take the processor's time that a service beside them leaves."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
