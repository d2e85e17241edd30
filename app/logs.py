"""Logs as JSON lines on standard error. No query string, no body, no value of a patient is ever given to them."""

import logging
import sys
from datetime import UTC, datetime

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
    root = logging.getLogger()
    root.handlers = [out]
    root.setLevel(level.upper())


class _Lines(structlog.stdlib.ProcessorFormatter):
    """The formatter of all, with a short way for the access log: there is one such line for every request."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line."""
        if record.name != ACCESS or record.exc_info:
            return super().format(record)
        told = record.__dict__
        line = {name: told[name] for name in FIELDS if name in told}
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        return orjson.dumps(
            {"event": record.getMessage(), "level": "info", "logger": ACCESS, **line, "timestamp": at}
        ).decode()


def _without_traceback(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A traceback prints values of variables' reprs in exception texts; only the exception's class is kept."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
    event.pop("exception", None)
    return event
