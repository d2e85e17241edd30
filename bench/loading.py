"""Real records loaded a second, with the parsing of criteria; then the same records again."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app import samples
from app.ingest.run import load
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from bench.report import Report
from bench.run import Run


def measure(report: Report, run: Run) -> None:
    """Loads the shipped trials and those given into a new database on SQLite."""
    files = [*samples.TRIALS, *run.more_records]
    with tempfile.TemporaryDirectory(dir=run.folder) as folder:
        engine = create_engine_for(f"sqlite:///{Path(folder) / 'loading.db'}")
        upgrade(engine)
        store = TrialStore(engine)
        first, again = load(files, store), load(files, store)
        engine.dispose()
    report.add("records loaded, criteria parsed", first.read / first.seconds, "records/s", "all cores, SQLite")
    report.add("the same records again, unchanged", again.read / again.seconds, "records/s")
