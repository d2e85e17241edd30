"""The log's lines: one JSON object each, the access log's the quick way and the others' the library's."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app import logs
from app.logs import ACCESS, configure, tell_request


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logs._out)
    kept = {name: getattr(logging, name) for name in ("logThreads", "logProcesses", "logMultiprocessing", "_srcfile")}
    configure("INFO")
    written = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level, logs._out = before
    for name, value in kept.items():
        setattr(logging, name, value)


def test_a_line_of_the_access_log_is_what_the_library_would_write(lines: io.StringIO) -> None:
    told = {"method": "GET", "path": "/v1/trials/{nct_id}", "status": 200, "milliseconds": 1.25, "request_id": "ab"}
    tell_request("GET", "/v1/trials/{nct_id}", 200, 1.25, "ab")
    logging.getLogger("app.other").info("request", extra=told)
    quick, slow = (json.loads(line) for line in lines.getvalue().splitlines())
    assert quick.pop("logger") == ACCESS
    assert slow.pop("logger") == "app.other"
    assert quick.pop("timestamp")[:16] == slow.pop("timestamp")[:16]
    assert quick == slow == {"event": "request", "level": "info", **told}


def test_what_is_not_allowed_in_a_line_is_left_out(lines: io.StringIO) -> None:
    logging.getLogger("app.other").info("request", extra={"path": "/x", "query": "age=34"})
    assert "34" not in lines.getvalue()


def test_a_reader_of_the_log_that_is_gone_hinders_nobody(lines: io.StringIO) -> None:
    lines.close()
    tell_request("GET", "/x", 200, 1.25, "ab")


def test_another_log_is_told_of_requests_too(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_out", None)
    with caplog.at_level(logging.INFO, ACCESS):
        tell_request("GET", "/x", 200, 1.25, "ab")
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["path"], record.__dict__["status"]) == ("request", "/x", 200)
