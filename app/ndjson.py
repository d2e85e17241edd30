"""NDJSON in, NDJSON out: line by line, in order; a bad line yields an error line with its id and the stream goes on."""

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from queue import Queue
from threading import Event, Thread
from typing import Any

import orjson

from app.api.faults import ApiError

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Answer = Callable[[Row], Row]

AHEAD = 8
"""Lines that may wait for each process: enough that none is idle, and few, so that memory is bounded."""

START = "fork" if sys.platform == "linux" else "spawn"
"""Forked processes share the tables that are loaded by then; elsewhere a fork is not safe."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answer_lines(lines: Iterable[bytes], answer: Answer) -> Iterator[bytes]:
    """One line of JSON for each line that is not blank; `answer` adds to the row's id.

    An error line is {"id", "error": {"title", "detail"?, "errors"?}} and holds no value of the line but its id.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield answer_bytes(line, number, answer)


def answer_lines_shared(lines: Iterable[bytes], answer: Answer, jobs: int) -> Iterator[bytes]:
    """`answer_lines` by several processes: the same lines in the same order, each as soon as it and those before it are done.

    `answer` must be a function of a module. Raises what reading a line raises, after the answers to the lines before.
    """
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(START), initializer=_begin)
    pool.submit(processors)  # starts the processes now, before there is a thread
    waiting: Queue[Future[bytes] | BaseException | None] = Queue(jobs * AHEAD)
    given_up = Event()

    def send() -> None:
        end: BaseException | None = None
        try:
            for number, line in enumerate(lines, 1):
                if given_up.is_set():
                    return
                if line.strip():
                    waiting.put(pool.submit(answer_bytes, line, number, answer))
        except BaseException as error:
            end = error
        waiting.put(end)

    Thread(target=send, daemon=True).start()
    try:
        while isinstance(done := waiting.get(), Future):
            yield done.result()
        if done is not None:
            raise done
    finally:
        given_up.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """A process of the pool leaves interrupts to the one that started it, and ends with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def answer_bytes(line: bytes, number: int, answer: Answer) -> bytes:
    """The answer to one line as a line."""
    return orjson.dumps(answer_line(line, number, answer)) + b"\n"


def answer_line(line: bytes, number: int, answer: Answer) -> Row:
    """The answer to one line; never raises."""
    identifier: object = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            return {"id": None, "error": {"title": "not an object", "line": number}}
        identifier = row.get("id")
        if not isinstance(identifier, (str, int)):
            return {"id": None, "error": {"title": "the line has no id", "line": number}}
        return {"id": identifier, **answer(row)}
    except orjson.JSONDecodeError:
        return {"id": None, "error": {"title": "not valid JSON", "line": number}}
    except ApiError as error:
        said = [{"pointer": f.pointer, "message": f.message} for f in error.faults]
        return {"id": identifier, "error": {"title": error.detail, "errors": said, "line": number}}
    except Exception as error:
        # The error's text may hold a value of the line: only its kind is told.
        logger.error("a line failed", extra={"error": type(error).__name__})
        return {"id": identifier, "error": {"title": "something went wrong with this line", "line": number}}
