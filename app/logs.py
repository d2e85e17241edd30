"""Logs as JSON lines on standard error. No query string, no body, no value of a patient is ever given to them."""

import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache

import structlog

ACCESS = "app.access"
FIELDS = ("path", "method", "status", "milliseconds", "error", "where", "request_id")
"""What a line may hold beside its event."""


def configure(level: str) -> None:
    """Sends every library's records through one JSON writer; called once, by a command."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=list(FIELDS)),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = _Lines(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_traceback,
            structlog.processors.JSONRenderer(),
        ],
    )
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(formatter)
    # No line tells of threads, processes or places in the code, and to find them out costs as much as the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the library's own documented way
    root = logging.getLogger()
    root.handlers = [out]
    root.setLevel(level.upper())


class AccessRecord(logging.LogRecord):
    """A line of the access log: the library's own record finds out a dozen things that no line tells."""

    def __init__(self, method: str, path: str, status: int, milliseconds: float, request_id: str) -> None:
        """`method` and `path` (a route's template) are names of our own, with nothing that JSON would escape."""
        self.__dict__ |= PLAIN_RECORD
        self.created = time.time()
        self.method, self.path, self.status = method, path, status
        self.milliseconds, self.request_id = milliseconds, request_id

    def line(self) -> str:
        """The line as JSON."""
        second = int(self.created)
        return (
            f'{{"event":"request","level":"info","logger":"{ACCESS}","path":"{self.path}","method":"{self.method}",'
            f'"status":{self.status},"milliseconds":{self.milliseconds},"request_id":"{self.request_id}",'
            f'"timestamp":"{_second(second)}.{int((self.created - second) * 1e6):06d}Z"}}'
        )


PLAIN_RECORD = {
    **logging.LogRecord(ACCESS, logging.INFO, "", 0, "request", None, None).__dict__,
    "message": "request",
    "taskName": None,
}


class _Lines(structlog.stdlib.ProcessorFormatter):
    """The formatter of all, with a short way for the access log: there is one such line for every request."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line."""
        return record.line() if isinstance(record, AccessRecord) else super().format(record)


@lru_cache(maxsize=2)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _without_traceback(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A traceback prints values of variables' reprs in exception texts; only the exception's class is kept."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
    event.pop("exception", None)
    return event
