"""Logs as JSON lines on standard error. No query string, no body, no value of a patient is ever given to them."""

import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import structlog

ACCESS = "app.access"
FIELDS = ("path", "method", "status", "milliseconds", "error", "where", "request_id")
"""What a line may hold beside its event."""

access = logging.getLogger(ACCESS)

_out: "logging.StreamHandler[TextIO] | None" = None
"""Where lines go, once it is configured; standard error is written to with the end of each line."""


def configure(level: str) -> None:
    """Sends every library's records through one JSON writer; called once, by a command."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=list(FIELDS)),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_traceback,
            structlog.processors.JSONRenderer(),
        ],
    )
    global _out
    _out = out = logging.StreamHandler(sys.stderr)
    out.setFormatter(formatter)
    # No line tells of threads, processes or places in the code, and to find them out costs as much as the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the library's own documented way
    root = logging.getLogger()
    root.handlers = [out]
    root.setLevel(level.upper())


def tell_request(method: str, path: str, status: int, milliseconds: float, request_id: str) -> None:
    """Writes a line of the access log at once, past the library: there is one for every request, and a record costs more.

    `method` and `path` (a route's template) are names of our own, with nothing that JSON would escape.
    """
    if not access.isEnabledFor(logging.INFO):
        return
    if _out is None:  # whoever runs the service has a log of their own
        told = {
            "path": path,
            "method": method,
            "status": status,
            "milliseconds": milliseconds,
            "request_id": request_id,
        }
        access.info("request", extra=told)
        return
    at = time.time()
    second = int(at)
    try:
        _out.stream.write(
            f'{{"event":"request","level":"info","logger":"{ACCESS}","path":"{path}","method":"{method}",'
            f'"status":{status},"milliseconds":{milliseconds},"request_id":"{request_id}",'
            f'"timestamp":"{_second(second)}.{int((at - second) * 1e6):06d}Z"}}\n'
        )
    except (OSError, ValueError):
        return  # whoever read the log is gone; requests are answered all the same


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
