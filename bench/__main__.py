"""`make bench`: how fast criteria are read, trials loaded, patients judged and requests answered, side by side.

Everything is measured on the trials shipped with the project, in this one process unless said otherwise. A plain
regular-expression pass over the same criteria is the floor that the reader is held against. The report goes to
bench/out/report.md and to standard output.
"""

import gzip
import json
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson

import matching
from app import samples
from app.api.matches import answer
from app.api.schemas.matches import MatchRequest
from app.ingest.run import load
from app.store.engine import create_engine_for, upgrade
from app.store.places import gazetteer
from app.store.trials import TrialStore

OUT = Path(__file__).parent / "out"
ON = date(2026, 11, 22)
NUMBER = re.compile(r"(?:[<>≤≥=]=?|at least|more than|less than)\s*(\d+(?:[.,]\d+)?)")


@dataclass
class Report:
    """Rows of (what, figure, unit, note), printed as they come."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, figure: float, unit: str, note: str = "") -> None:
        """One figure, three significant digits."""
        self.rows.append((what, f"{figure:,.3g}" if figure < 1000 else f"{figure:,.0f}", unit, note))
        print(f"{what:58} {self.rows[-1][1]:>10} {unit:14} {note}", flush=True)

    def markdown(self) -> str:
        """The report as a table."""
        head = f"# Measured on {platform.machine()}, Python {platform.python_version()}\n\n"
        head += "One run on a machine that may do other work: read ratios.\n\n| what | figure | unit | note |\n|---|---|---|---|\n"
        return head + "".join(f"| {a} | {b} | {c} | {d} |\n" for a, b, c, d in self.rows)


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The median time of a piece of work, after one run to warm up."""
    work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def texts() -> list[str]:
    """The eligibility texts of the shipped trials."""
    with gzip.open(samples.TRIALS[0]) as lines:
        records = [orjson.loads(line) for line in lines]
    found = (r["protocolSection"].get("eligibilityModule", {}).get("eligibilityCriteria") for r in records)
    return [text for text in found if text]


def reading(report: Report) -> None:
    """Criteria read a second on one core, beside a bare regular expression on the same texts."""
    source = texts()
    criteria = sum(len(matching.parse_eligibility(text).criteria) for text in source)
    taken = seconds(lambda: [matching.parse_eligibility(text) for text in source], times=1)
    floor = seconds(lambda: [NUMBER.findall(text) for text in source])
    report.add(
        "criteria read", criteria / taken, "criteria/s", f"{criteria} criteria of {len(source)} trials, one core"
    )
    report.add("texts read", len(source) / taken, "trials/s")
    report.add(
        "floor: one regular expression over the same texts", criteria / floor, "criteria/s", "finds numbers only"
    )
    report.add("reader / floor", taken / floor, "times the time")
    longest = "* HbA1c >= 7.0 % and " * 5000
    begin = time.perf_counter()
    matching.parse_eligibility(longest)
    report.add("worst case: 100 kB of one repeated phrase", time.perf_counter() - begin, "s")


def loading(report: Report, url: str) -> TrialStore:
    """Records loaded a second, with the parsing of criteria; then the same records again."""
    engine = create_engine_for(url)
    upgrade(engine)
    store = TrialStore(engine)
    first = load(samples.TRIALS, store)
    again = load(samples.TRIALS, store)
    report.add("records loaded, criteria parsed", first.read / first.seconds, "records/s", "all cores, SQLite")
    report.add("the same records again, unchanged", again.read / again.seconds, "records/s")
    return store


def requests() -> dict[str, MatchRequest]:
    """The shipped patients' requests by name."""
    return {
        p.stem: MatchRequest.model_validate(json.loads(p.read_text())) for p in sorted(samples.PATIENTS.glob("*.json"))
    }


def matches(report: Report, store: TrialStore) -> None:
    """Whole answers, without HTTP: considered, judged, ranked, explained, encoded."""

    def ask(request: MatchRequest) -> dict[str, Any]:
        with store.reader() as reader:
            found = answer(reader, request, ON, gazetteer())
        orjson.dumps(found)
        return found

    for name, request in requests().items():
        considered = ask(request)["totals"]["considered"]
        taken = seconds(lambda request=request: ask(request), times=5)  # type: ignore[misc]  # bound at once
        report.add(f"answer for the patient {name}", taken * 1000, "ms", f"{considered} trials considered")
    everything = requests()["type_1_diabetes"].model_copy(update={"scope": "all"})
    considered = ask(everything)["totals"]["considered"]
    taken = seconds(lambda: ask(everything))
    report.add("the same patient against all", taken / max(1, considered) * 1000, "ms a trial", f"{considered} trials")


def main() -> int:
    """Runs all measurements and writes the report."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        reading(report)
        store = loading(report, f"sqlite:///{folder}/bench.db")
        matches(report, store)
        store.engine.dispose()
    OUT.mkdir(exist_ok=True)
    (OUT / "report.md").write_text(report.markdown(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
