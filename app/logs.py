"""Logs as JSON lines on standard error. No query string, no body, no value of a patient is ever given to them."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Sends every library's records through one JSON writer; called once, by a command."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["path", "method", "status", "milliseconds", "error", "where", "request_id"]),
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
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [out]
    root.setLevel(level.upper())


def _without_traceback(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A traceback prints values of variables' reprs in exception texts; only the exception's class is kept."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
    event.pop("exception", None)
    return event
