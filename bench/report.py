"""What the measurements say: timings with their percentiles, tables in markdown, plots as SVG.

One run on a machine that may do other work: absolute figures vary from day to day, ratios within a run do not.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEAD = """# Measured on {machine}, {cores} cores, Python {python}

One run on a machine that may do other work: read ratios. Registries larger than the shipped trials are made by
`bench/corpus.py`, which repeats real records with other ids, places, dates, statuses and numbers.
"""

Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one piece of work in seconds, ascending."""

    taken: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return self.at(0.5)

    @property
    def p99(self) -> float:
        """The time that one in a hundred exceeds; of fewer runs than a hundred, the longest."""
        return self.at(0.99)

    def at(self, share: float) -> float:
        """The time that `share` of the runs do not exceed (nearest rank)."""
        return self.taken[min(len(self.taken) - 1, max(0, -int(-len(self.taken) * share // 1) - 1))]


def timed(work: Callable[[], object], *, times: int = 30, most_s: float = 20.0) -> Timing:
    """The times of a piece of work after one run to warm up; fewer than `times` runs when they take long."""
    return timed_each([work] * times, most_s=most_s)


def timed_each(works: Sequence[Callable[[], object]], *, most_s: float = 20.0) -> Timing:
    """The times of several pieces of work of one kind, such as requests that differ; the first runs once more before."""
    works[0]()
    taken: list[float] = []
    until = time.perf_counter() + most_s
    for work in works:
        begin = time.perf_counter()
        work()
        end = time.perf_counter()
        taken.append(end - begin)
        if end > until and len(taken) >= 3:
            break
    return Timing(tuple(sorted(taken)))


@dataclass
class Report:
    """Tables by subject, printed as they come, and plots beside them in the folder `out`."""

    out: Path
    sections: dict[str, list[Row]] = field(default_factory=dict)
    plots: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    subject: str = ""

    def begin(self, subject: str) -> None:
        """What is added from here on belongs to this subject."""
        self.subject = subject
        self.sections[subject] = []
        print(f"\n{subject}", flush=True)

    def add(self, what: str, figure: float, unit: str, note: str = "") -> None:
        """One figure, three significant digits."""
        shown = f"{figure:,.3g}" if abs(figure) < 1000 else f"{figure:,.0f}"
        self.sections[self.subject].append((what, shown, unit, note))
        print(f"{what:66} {shown:>10} {unit:14} {note}", flush=True)

    def timing(self, what: str, timing: Timing, note: str = "") -> None:
        """Two figures in milliseconds: the median and the 99th percentile."""
        shown = f"{timing.p50 * 1000:,.3g} / {timing.p99 * 1000:,.3g}"
        note = ", ".join(part for part in (note, f"{len(timing.taken)} runs") if part)
        self.sections[self.subject].append((what, shown, "ms, p50 / p99", note))
        print(f"{what:66} {shown:>18} ms, p50 / p99  {note}", flush=True)

    def plot(
        self,
        name: str,
        title: str,
        lines: Mapping[str, Sequence[tuple[float, float]]],
        *,
        across: str = "trials",
        up: str,
        asked: float | None = None,
    ) -> None:
        """Lines over a doubly logarithmic field; `asked`: a level that they should stay below, or above."""
        import matplotlib

        matplotlib.use("svg")
        matplotlib.rcParams["svg.hashsalt"] = "trialmatch"
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
        for label, points in lines.items():
            axes.plot(*zip(*sorted(points), strict=True), marker="o", label=label)
        if asked is not None:
            axes.axhline(asked, color="grey", linestyle="--", linewidth=1, label="asked for")
        axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up, title=title)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(fontsize="small")
        self.out.mkdir(parents=True, exist_ok=True)
        figure.savefig(self.out / f"{name}.svg", metadata={"Date": None})
        pyplot.close(figure)
        self.plots.setdefault(self.subject, []).append((title, f"{name}.svg"))

    def markdown(self) -> str:
        """The report: a table for each subject and its plots."""
        parts = [
            HEAD.format(machine=platform.machine(), cores=os.cpu_count(), python=platform.python_version()),
        ]
        for subject, rows in self.sections.items():
            parts.append(f"\n## {subject}\n\n| what | figure | unit | note |\n|---|---|---|---|\n")
            parts += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in rows]
            parts += [f"\n![{title}]({file})\n" for title, file in self.plots.get(subject, ())]
        return "".join(parts)

    def write(self) -> Path:
        """Writes the report, as far as it has come."""
        self.out.mkdir(parents=True, exist_ok=True)
        file = self.out / "report.md"
        file.write_text(self.markdown(), encoding="utf-8")
        return file
