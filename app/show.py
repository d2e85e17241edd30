"""What the command line shows a person: tables and progress, drawn by rich."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from app.ingest.run import LoadReport
from app.ingest.sync import SyncReport
from app.store.runs import SyncRun

ELIGIBILITY = {
    "likely_eligible": "[green]likely[/green]",
    "possibly_eligible": "[yellow]possibly[/yellow]",
    "not_eligible": "[red]not[/red]",
}

UNKNOWNS = ("missing", "stale", "unreadable", "on_site", "not_comparable", "conflict")


def match_table(out: Console, answer: dict[str, Any]) -> None:
    """The ranked trials, a row each, the totals and the most telling questions."""
    table = Table(title=f"Trials for this patient on {answer['on']}", title_justify="left", show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("Trial", ratio=1)
    table.add_column("May join?")
    table.add_column("Criteria", no_wrap=True)
    for row in answer["matches"]:
        counts = row["counts"]
        unknown = sum(counts[k] for k in UNKNOWNS)
        status = (row["overall_status"] or "status not given").replace("_", " ").lower()
        where = _site(row["nearest_site"])
        table.add_row(
            str(row["rank"]),
            f"[bold]{row['nct_id']}[/bold] {escape(row['brief_title'])}\n"
            f"[dim]{status}{' · ' + escape(where) if where else ''}[/dim]",
            f"{ELIGIBILITY[row['eligibility']]}\n{row['score']:.2f}",
            f"{counts['in_favour']:3d} for\n{counts['against']:3d} against\n{unknown:3d} open",
        )
    out.print(table)
    totals = answer["totals"]
    out.print(
        f"{totals['considered']} trials considered: {totals['likely_eligible']} likely, "
        f"{totals['possibly_eligible']} possibly, {totals['not_eligible']} not (a criterion is settled against)."
    )
    for question in answer.get("questions", [])[:5]:
        out.print(f"  • {escape(question['ask'])} [dim](would decide {question['decides']})[/dim]")


def _site(site: dict[str, Any] | None) -> str:
    if site is None:
        return ""
    where = ", ".join(str(site[k]) for k in ("city", "country") if site.get(k))
    return f"{where} ({site['distance_km']:.0f} km)" if site.get("distance_km") is not None else where


@contextmanager
def load_progress(out: Console) -> Iterator[Callable[[LoadReport], None]]:
    """A line that grows with each stored batch; how many records there are is not known before they are read."""
    with _progress(out, "Loading records", None) as (bar, task):
        yield lambda report: bar.update(task, completed=report.read)


def load_report(out: Console, report: LoadReport, most_failures: int = 20) -> None:
    """What a load did: counts, time, what was odd, and the records that could not be read, with reasons."""
    rate = f", {report.read / report.seconds:.0f}/s" if report.seconds else ""
    out.print(
        f"{report.read} records in {report.seconds:.1f} s{rate}: {report.new} new, {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.older} older than what is stored, {report.failed} could not be read."
    )
    for kind, count in report.oddities[:most_failures]:
        out.print(f"  odd: {escape(kind)} ({count})")
    for failure in report.failures[:most_failures]:
        out.print(f"  [red]not read:[/red] {escape(str(failure))}")
    if report.failed > most_failures:
        out.print(f"  ... and {report.failed - most_failures} more that could not be read")


@contextmanager
def parse_progress(out: Console, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over the trials whose criteria are read."""
    with _progress(out, "Reading criteria", total) as (bar, task):
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def sync_progress(out: Console) -> Iterator[Callable[[SyncReport], None]]:
    """A bar over the records that the registry says it has."""
    with _progress(out, "Asking the registry", None) as (bar, task):

        def report(done: SyncReport) -> None:
            words = "Going on with an earlier run" if done.resumed else "Fetching records"
            bar.update(task, completed=done.load.read + done.skipped, total=done.total, description=words)

        yield report


class _Rate(ProgressColumn):
    """Records a second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f}/s" if speed else "")


@contextmanager
def _progress(out: Console, words: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    """A bar with the rate and, where the total is known, the time left; quiet where the output is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        yield bar, bar.add_task(words, total=total)


def sync_report(out: Console, report: SyncReport) -> None:
    """What the sync did, in a line or two."""
    load_report(out, report.load)
    since = f"updates since {report.since}" if report.since else "everything"
    skipped = f", {report.skipped} of another status left out" if report.skipped else ""
    out.print(f"Run {report.run}: {since}{skipped}.")
    if report.vanished:
        kept = "" if report.withdrawn else " Too many for withdrawals: they were kept."
        out.print(f"{report.vanished} trials are not published any more, {report.withdrawn} withdrawn.{kept}")


def sync_history(out: Console, runs: Sequence[SyncRun]) -> None:
    """The runs, the newest first."""
    table = Table(title="Runs of the sync", title_justify="left")
    for name in ("Run", "Began (UTC)", "Scope", "Since", "State", "Read", "New", "Changed", "Failed", "Withdrawn"):
        table.add_column(name)
    for run in runs:
        counts = (run.read, run.new, run.changed, run.failed, run.withdrawn)
        began = run.started_at.strftime("%Y-%m-%d %H:%M")
        state = f"{run.state}: {run.note}" if run.note else run.state
        table.add_row(str(run.id), began, escape(run.scope), run.since or "", escape(state), *map(str, counts))
    out.print(table)
