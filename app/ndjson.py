"""NDJSON in, NDJSON out: line by line, in order; a bad line yields an error line with its id and the stream goes on."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from queue import Queue
from threading import Event, Thread
from typing import Any

import orjson

from app.api.faults import ApiError
from app.processes import Pool, Work, WorkerDiedError

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Answer = Callable[[Row], Row]
Answered = Callable[[bytes, int], bytes]
Send = Callable[[Pool, bytes, int], Future[bytes]]

AHEAD = 8
"""Lines that may wait for each process: enough that none is idle, and few, so that memory is bounded."""

FAILED = "something went wrong with this line"


def answer_lines(lines: Iterable[bytes], answer: Answer) -> Iterator[bytes]:
    """One line of JSON for each line that is not blank; `answer` adds to the row's id.

    An error line is {"id", "error": {"title", "detail"?, "errors"?}} and holds no value of the line but its id.
    """
    yield from alone(lines, lambda line, number: answer_bytes(line, number, answer))


def answer_lines_shared(lines: Iterable[bytes], answer: Answer, jobs: int) -> Iterator[bytes]:
    """`answer_lines` by several processes. `answer` must be a function of a module."""
    yield from shared(lines, Pool(jobs, _answering, answer), Pool.submit, failed_bytes)


def _answering(answer: Answer) -> Work:
    return partial(answer_bytes, answer=answer)


def alone(lines: Iterable[bytes], answered: Answered) -> Iterator[bytes]:
    """The answers of this process; `answered` is given each line that is not blank, with its number from 1."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield answered(line, number)


def shared(lines: Iterable[bytes], pool: Pool, send: Send, failed: Answered) -> Iterator[bytes]:
    """The pool's answers in the order of the lines, each as soon as it and those before it are done. Closes the pool.

    A line that ends its processes is answered by `failed`. Raises what reading a line raises, after the answers to the
    lines before.
    """
    waiting: Queue[tuple[Future[bytes], bytes, int] | BaseException | None] = Queue(pool.jobs * AHEAD)
    given_up = Event()

    def read() -> None:
        end: BaseException | None = None
        try:
            for number, line in enumerate(lines, 1):
                if given_up.is_set():
                    return
                if line.strip():
                    waiting.put((send(pool, line, number), line, number))
        except BaseException as error:
            end = error
        waiting.put(end)

    Thread(target=read, daemon=True).start()
    try:
        while isinstance(item := waiting.get(), tuple):
            future, line, number = item
            try:
                yield future.result()
            except WorkerDiedError:
                yield failed(line, number)
        if item is not None:
            raise item
    finally:
        given_up.set()
        pool.close()


def answer_bytes(line: bytes, number: int, answer: Answer) -> bytes:
    """The answer to one line as a line."""
    return orjson.dumps(answer_line(line, number, answer)) + b"\n"


def answer_line(line: bytes, number: int, answer: Answer) -> Row:
    """The answer to one line; never raises."""
    identifier: str | int | None = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            return _error(None, "not an object", number)
        identifier = row.get("id")
        if not isinstance(identifier, (str, int)):
            return _error(None, "the line has no id", number)
        return {"id": identifier, **answer(row)}
    except orjson.JSONDecodeError:
        return _error(None, "not valid JSON", number)
    except ApiError as error:
        said = [{"pointer": f.pointer, "message": f.message} for f in error.faults]
        return {"id": identifier, "error": {"title": error.detail, "errors": said, "line": number}}
    except Exception as error:
        # The error's text may hold a value of the line: only its kind is told.
        logger.error("a line failed", extra={"error": type(error).__name__})
        return _error(identifier, FAILED, number)


def failed_bytes(line: bytes, number: int) -> bytes:
    """What a line is answered with that ended the processes it was given to."""
    return orjson.dumps(_error(id_of(line), FAILED, number)) + b"\n"


def id_of(line: bytes) -> str | int | None:
    """The id of a line that nobody could answer; None: it has none."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    found = row.get("id") if isinstance(row, dict) else None
    return found if isinstance(found, (str, int)) else None


def _error(identifier: str | int | None, title: str, number: int) -> Row:
    return {"id": identifier, "error": {"title": title, "line": number}}
