"""The log's lines: one JSON object each, the access log's the quick way and the others' the library's."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app.logs import ACCESS, AccessRecord, configure


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    kept = {name: getattr(logging, name) for name in ("logThreads", "logProcesses", "logMultiprocessing", "_srcfile")}
    configure("INFO")
    written = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = before[0], before[1]
    for name, value in kept.items():
        setattr(logging, name, value)


def test_a_line_of_the_access_log_is_what_the_library_would_write(lines: io.StringIO) -> None:
    told = {"method": "GET", "path": "/v1/trials/{nct_id}", "status": 200, "milliseconds": 1.25, "request_id": "ab"}
    logging.getLogger(ACCESS).handle(AccessRecord("GET", "/v1/trials/{nct_id}", 200, 1.25, "ab"))
    logging.getLogger("app.other").info("request", extra=told)
    quick, slow = (json.loads(line) for line in lines.getvalue().splitlines())
    assert quick.pop("logger") == ACCESS
    assert slow.pop("logger") == "app.other"
    assert quick.pop("timestamp")[:16] == slow.pop("timestamp")[:16]
    assert quick == slow == {"event": "request", "level": "info", **told}


def test_what_is_not_allowed_in_a_line_is_left_out(lines: io.StringIO) -> None:
    record = AccessRecord("GET", "/x", 200, 1.25, "ab")
    record.query = "age=34"
    logging.getLogger(ACCESS).handle(record)
    logging.getLogger("app.other").info("request", extra={"path": "/x", "query": "age=34"})
    assert "34" not in lines.getvalue()
