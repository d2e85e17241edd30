"""Logs as JSON lines on standard error. No query string, no body, no value of a patient is ever given to them."""

import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache

import orjson
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

    def __init__(self, **told: object) -> None:
        self.__dict__.update(PLAIN_RECORD, created=time.time(), **told)


PLAIN_RECORD = {
    **logging.LogRecord(ACCESS, logging.INFO, "", 0, "request", None, None).__dict__,
    "message": "request",
    "taskName": None,
}


class _Lines(structlog.stdlib.ProcessorFormatter):
    """The formatter of all, with a short way for the access log: there is one such line for every request."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line."""
        if record.name != ACCESS or record.exc_info:
            return super().format(record)
        told = record.__dict__
        line = {name: told[name] for name in FIELDS if name in told}
        second, rest = divmod(record.created, 1.0)
        at = f"{_second(int(second))}.{int(rest * 1e6):06d}Z"
        return orjson.dumps({"event": record.msg, "level": "info", "logger": ACCESS, **line, "timestamp": at}).decode()


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
