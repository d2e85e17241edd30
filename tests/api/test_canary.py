"""A patient whose every value is a canary: none may appear in a log, a file, a table, a metric or an error."""

import io
import logging
import sqlite3
from pathlib import Path

import pytest

from app import logs

WORDS = "zyxcanaryword"
NUMBER = 73.19283746
PATIENT = {
    "birth_date": "1971-03-09",
    "sex": "FEMALE",
    "conditions": [{"text": f"{WORDS} disease"}, {"text": "type 1 diabetes"}],
    "observations": [{"name": "HbA1c", "value": NUMBER, "unit": "mmol/mol", "on": "2026-03-17"}],
    "treatments": [{"text": f"{WORDS} mab"}],
    "location": {"place": f"{WORDS}ville"},
    "note": f"A 55-year-old woman with {WORDS} syndrome.",
    "statements": {WORDS: True},
}
CANARIES = (WORDS, "73.19283746", "1971-03-09", "2026-03-17")


def seen_in(text: str) -> list[str]:
    return [c for c in CANARIES if c in text.lower()]


@pytest.fixture
def log_text():
    """Everything that every logger writes while a test runs, through the service's own formatter."""
    logs.configure("DEBUG")
    root = logging.getLogger()
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    # The test's own client logs the addresses it asks; the service does not.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    yield stream
    root.handlers.clear()
    root.setLevel(logging.WARNING)


def test_no_value_of_a_patient_is_left_anywhere(client, app, log_text, sample_database, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    good = client.post("/v1/matches", json={"patient": PATIENT, "on": "2026-11-22"})
    assert good.status_code == 200
    bad = [
        client.post("/v1/matches", json={"patient": {**PATIENT, f"{WORDS} {WORDS}": NUMBER}}),
        client.post("/v1/matches", json={"patient": {**PATIENT, "sex": WORDS}}),
        client.post("/v1/matches", json={"patient": {**PATIENT, "birth_date": WORDS}}),
        client.post("/v1/matches", json={"patient": PATIENT, "on": "1999-01-01"}),
        client.post("/v1/matches", json={"patient": PATIENT, "cursor": WORDS}),
        client.post("/v1/matches", content=f'{{"patient": "{WORDS}'.encode()),
        client.get(f"/v1/trials/{WORDS}"),
    ]
    assert [r.status_code for r in bad] == [422, 422, 422, 422, 400, 422, 422]
    assert [seen_in(r.text) for r in bad] == [[]] * len(bad)
    assert "request" in log_text.getvalue()
    assert seen_in(log_text.getvalue()) == []
    assert seen_in(app.state.metrics.render().decode()) == []
    path = Path(sample_database.removeprefix("sqlite:///"))
    dump = "\n".join(sqlite3.connect(path).iterdump())
    assert "NCT04061746" in dump
    assert seen_in(dump) == []
    assert [p for p in tmp_path.rglob("*") if p.is_file() and seen_in(p.read_text(errors="replace"))] == []


def test_an_unexpected_error_tells_nothing(client, app, log_text, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"cannot convert {WORDS} {NUMBER}")

    monkeypatch.setattr("app.api.matches.described", fail)
    response = client.post("/v1/matches", json={"patient": PATIENT, "on": "2026-11-22"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Something went wrong on our side"
    assert seen_in(response.text) == []
    assert "RuntimeError" in log_text.getvalue()
    assert seen_in(log_text.getvalue()) == []
