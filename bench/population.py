"""Many patients against a made registry, by the command line on every processor: patients a second and memory.

The patients are made from the shipped ones: other ages, places, weights and results, and some facts left out; the same
number gives the same patients anywhere. They go to the command through its pipe and are in no file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import orjson

from app import samples
from app.population import snapshot_of
from app.processes import processors
from bench.load import private_bytes, processes
from bench.report import Report
from bench.run import Run

COMMAND = [sys.executable, "-c", "from app.cli import main; main()", "match", "--ndjson"]
PLACES = (
    "Boston, MA",
    "Houston, TX",
    "Paris, France",
    "Chicago, IL",
    "Seoul, South Korea",
    "Madrid, Spain",
    "Cairo, Egypt",
)
SHOWN = 5
LEFT_OUT = 0.15
"""A fact is left out with this chance."""


def patients(count: int, seed: int = 5) -> Iterator[dict[str, Any]]:
    """Requests with an id: the shipped patients in turn, each varied by chance."""
    shipped = [orjson.loads(path.read_bytes()) for path in sorted(samples.PATIENTS.glob("*.json"))]
    for number in range(count):
        request = shipped[number % len(shipped)]
        chance = Random(seed << 32 | number)
        yield {**request, "id": number, "patient": varied(request["patient"], chance), "limit": SHOWN}


def varied(patient: dict[str, Any], chance: Random) -> dict[str, Any]:
    """The patient with other numbers; the days of what was measured stay."""
    year, _, rest = patient["birth_date"].partition("-")
    made = {**patient, "birth_date": f"{int(year) - chance.randrange(6)}-{rest.replace('02-29', '02-28')}"}
    made["location"] = {"place": chance.choice(PLACES)}
    for name in ("conditions", "observations", "treatments"):
        made[name] = [fact for fact in patient.get(name, ()) if chance.random() > LEFT_OUT]
    made["observations"] = [
        {**fact, "value": round(fact["value"] * chance.uniform(0.8, 1.25), 1)}
        if isinstance(fact.get("value"), int | float) and fact["value"] > 5
        else fact
        for fact in made["observations"]
    ]
    return made


def measure(report: Report, run: Run) -> None:
    """Every size of the run, with one process and with all."""
    lines = [orjson.dumps(request) + b"\n" for request in patients(run.patients)]
    jobs = sorted({1, processors()})
    plotted: dict[str, list[tuple[float, float]]] = {f"{n} processes": [] for n in jobs}
    for size in run.sizes:
        store = run.store(size, "sqlite")
        folder = run.folder / "arrays"
        begin = time.perf_counter()
        snapshot_of(store, folder)
        report.add(f"arrays made or found, {size:,} trials", time.perf_counter() - begin, "s")
        url = store.engine.url.render_as_string(hide_password=False)
        for number in jobs:
            # A rate shows on a part of them too.
            some = lines if number == jobs[-1] else lines[: max(50, len(lines) // 10)]
            rate = _run(report, some, url, folder, number, f"{size:,} trials, {number} processes")
            plotted[f"{number} processes"].append((size, rate))
    if len(run.sizes) > 1:
        report.plot("population", "Patients matched a second", plotted, up="patients/s")


def _run(report: Report, lines: Sequence[bytes], url: str, folder: Path, jobs: int, note: str) -> float:
    environment = {**os.environ, "TRIALMATCH_DATABASE_URL": url, "TRIALMATCH_SNAPSHOT_DIR": str(folder)}
    begun = time.perf_counter()
    with subprocess.Popen(
        [*COMMAND, "--jobs", str(jobs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as command:
        assert command.stdin is not None
        assert command.stdout is not None
        sending = threading.Thread(target=_send, args=(command.stdin, lines), daemon=True)
        sending.start()
        first = before = spent = 0.0
        answered = problems = size = 0
        counted = 1
        private: dict[int, int] = {}
        for answer in command.stdout:
            answered += 1
            size += len(answer)
            problems += b'"problem"' in answer[:40]
            if answered == 1:
                first, before = time.perf_counter(), _processor(command.pid)
            if answered % max(1, len(lines) // 20) == 0:
                with suppress(ProcessLookupError, FileNotFoundError):  # the last answer may be on its way already
                    spent, counted = _processor(command.pid) - before, answered - 1
                    private |= {pid: max(private.get(pid, 0), private_bytes(pid)) for pid in processes(command.pid)}
        end = time.perf_counter()
    assert (answered, problems) == (len(lines), 0), f"{answered} answers, {problems} problems"
    rate = (answered - 1) / (end - first)
    report.add(f"patients, {note}", rate, "patients/s", f"{answered:,} patients, {SHOWN} trials shown for each")
    report.add(f"processor, {note}", spent / counted * 1000, "ms/patient", "of all its processes")
    report.add(f"from the start to the first answer, {note}", first - begun, "s")
    report.add(f"answers, {note}", size / answered / 1024, "kB/patient")
    workers = {pid: held for pid, held in private.items() if pid != command.pid} or private
    report.add(f"private memory of a process at most, {note}", max(workers.values()) / 2**20, "MB")
    return rate


def _send(pipe: Any, lines: Sequence[bytes]) -> None:
    for line in lines:
        pipe.write(line)
    pipe.close()


def _processor(pid: int) -> float:
    """Seconds of processor that a process and all it has started have used."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
