"""Loading a registry: criteria left for later, then read; the same again; memory; and the steps of a record by themselves.

The corpus is made by repeating real records (bench/corpus.py). "Processor" is the time of all processes of the load, so
that it tells the same on a machine that does other work: two cores give at most 2 / that time.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from app.ingest.study import read_study
from app.store.convert import content_bytes, trial_to_json
from app.store.engine import create_engine_for, upgrade
from app.store.prepare import prepare
from app.store.rows import facet_values, site_values
from app.store.search_text import trial_words
from app.store.trials import TrialStore
from app.store.writing import read_criteria
from bench.report import Report
from bench.run import Run

AT = datetime(2026, 11, 22, tzinfo=UTC)
MOST_LOADED = 20_000
STEPS = 1_000
TEXTS = 200
WRITTEN_AT_ONCE = 300

LOAD = """
import json, psutil, sys, time
from pathlib import Path
from app.ingest.run import load
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore

# The workers are forked from a process of their own, which nobody here waits for: they are asked while they live.
cpu, memory, own = {}, {}, psutil.Process()

def look(_=None):
    for process in (own, *own.children(recursive=True)):
        try:
            cpu[process.pid] = sum(process.cpu_times()[:2])
            memory[process.pid] = max(memory.get(process.pid, 0), process.memory_info().rss)
        except psutil.NoSuchProcess:
            pass

if __name__ == "__main__":
    engine = create_engine_for(sys.argv[1])
    upgrade(engine)
    store = TrialStore(engine)
    look()
    begin, before = time.perf_counter(), sum(cpu.values())
    report = load([Path(sys.argv[2])], store, parse=False, progress=look)
    seconds = time.perf_counter() - begin
    look()
    store.close()
    told = dict(read=report.read, new=report.new, failed=report.failed, seconds=seconds,
                cpu=sum(cpu.values()) - before, memory=sum(memory.values()))
    print(json.dumps(told))
"""


def measure(report: Report, run: Run) -> None:
    """Loads a file of the largest size, MOST_LOADED at most, into each database."""
    size = min(run.sizes[-1], MOST_LOADED)
    with tempfile.TemporaryDirectory(dir=run.folder) as folder:
        file = Path(folder) / "corpus.ndjson"
        with file.open("wb") as out:
            out.writelines(orjson.dumps(study) + b"\n" for study in run.corpus(size))
        megabytes = file.stat().st_size / 1e6
        note = f"{size:,} records of {megabytes * 1000 / size:.0f} kB, {os.cpu_count()} cores"
        for database in run.databases:
            url = run.database("ingest", database)
            for what in ("loaded, criteria later", "again, unchanged"):
                told = _load(url, file)
                assert told["read"] == size and not told["failed"]
                assert told["new"] == (size if what.startswith("loaded") else 0)
                name = f"{database}: records {what}"
                report.add(name, size / told["seconds"], "records/s", note)
                report.add(f"{name}: processor", told["cpu"] / size * 1e6, "us/record", "workers' start included")
            report.add(
                f"{database}: most memory, all processes",
                told["memory"] / 2**20,
                "MB",
                "resident, pages that they share counted for each",
            )
    _steps(report, run)


def _load(url: str, file: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.py"
        script.write_text(LOAD, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, str(script), url, str(file)], env=environment, check=True, capture_output=True
        )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _steps(report: Report, run: Run) -> None:
    """What each step of one record costs, one process, its own processor time."""
    lines = [orjson.dumps(study) for study in islice(run.corpus(STEPS), STEPS)]
    studies = [orjson.loads(line) for line in lines]
    trials = [read_study(study).trial for study in studies]
    prepared = [prepare(trial, "sqlite") for trial in trials]
    documents = [trial_to_json(trial) for trial in trials]
    for what, work, over in (
        ("JSON decoded", orjson.loads, lines),
        ("study mapped", read_study, studies),
        ("document made", trial_to_json, trials),
        ("content hashed", lambda document: hashlib.sha256(content_bytes(document)).hexdigest(), documents),
        ("facets made", lambda trial: facet_values(trial, ()), trials),
        ("sites made", site_values, trials),
        ("words made", trial_words, trials),
        ("all of it, ready for the tables", lambda trial: prepare(trial, "sqlite"), trials),
    ):
        report.add(f"step: {what}", _each(work, over) * 1e6, "us/record", "processor time, one process")
    for database in run.databases:
        engine = create_engine_for(run.database("steps", database))
        upgrade(engine)
        store = TrialStore(engine)
        rows = prepared if database == "sqlite" else [prepare(trial, "postgresql") for trial in trials]
        begin = time.process_time()
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            store.upsert_prepared(rows[start : start + WRITTEN_AT_ONCE], at=AT, read=None)
        report.add(
            f"step: planned and written, {database}",
            (time.process_time() - begin) / len(rows) * 1e6,
            "us/record",
            "this process",
        )
        store.close()
    modules = list({trial.eligibility.text: trial.eligibility for trial in trials}.values())[:TEXTS]
    each = _each(lambda module: read_criteria([module]), modules)
    report.add("step: criteria parsed", 1 / each, "texts/s", "processor time, one process; times the cores in a load")


def _each(work: Callable[[Any], object], over: Iterable[Any]) -> float:
    """Seconds of this process's processor for each of the items."""
    items = list(over)
    begin = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - begin) / len(items)
