"""Commands that bring trials in: load, sync, and the demo from an empty machine."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.commands.console import err, open_store
from app.commands.patients import answer_in
from app.processes import behind_requests


class Parse(StrEnum):
    """When the criteria of loaded trials are read."""

    NOW = "now"
    LATER = "later"


def load(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders: API v2 JSON, NDJSON, XML, page text; .gz, .zip, .tar.gz.")
    ],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that map and parse; one a processor.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=10_000, help="Records a transaction.")] = None,
    parse_when: Annotated[
        Parse,
        typer.Option("--parse", help="later: criteria stay unread, and so unknown, until `trialmatch db parse`."),
    ] = Parse.NOW,
) -> None:
    """Load trials from files. Loading again changes nothing, so a load that was cut off is simply run again."""
    from app import show
    from app.ingest import run

    missing = [path for path in paths if not path.exists()]
    if missing:
        err.print(f"[red]There is no {', '.join(str(p) for p in missing)}.[/red]")
        raise typer.Exit(2)
    now = parse_when is Parse.NOW
    behind_requests()
    store = open_store(make=True, parse=now)
    with show.load_progress(err) as progress:
        report = run.load(paths, store, progress=progress, workers=workers, batch_size=batch_size, parse=now)
    show.load_report(err, report)
    if not now:
        err.print(f"The criteria of {store.unread()} trials are still to be read: trialmatch db parse")
    if report.failed and report.failed == report.read:
        raise typer.Exit(1)


def sync_trials(
    condition: Annotated[str | None, typer.Option(help="Only trials of this condition.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Updates from this day on; else from the last good run."),
    ] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only this status (repeatable), such as RECRUITING.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    vanished: Annotated[
        bool, typer.Option("--vanished", help="Then ask for every stored trial; withdraw those no longer published.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that parse criteria; one a processor.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Show the earlier runs instead.")] = False,
) -> None:
    """Fetch what has changed at ClinicalTrials.gov. A run that was cut off goes on where it was."""
    from app import show
    from app.ingest.clinicaltrials_gov import Registry, RegistryError
    from app.ingest.sync import sync
    from app.ingest.words import STATUSES
    from app.settings import load_settings
    from app.store.runs import SyncRuns

    statuses = tuple(word.strip().upper() for word in status or ())
    unknown = [word for word in statuses if word not in STATUSES]
    if unknown:
        err.print(f"[red]{', '.join(unknown)}: no such status. One of: {', '.join(sorted(STATUSES))}.[/red]")
        raise typer.Exit(2)
    if not history:
        behind_requests()
    store = open_store(make=not history)
    if history:
        show.sync_history(Console(), SyncRuns(store.engine).history())
        return
    try:
        with Registry(load_settings().registry_url) as registry, show.sync_progress(err) as progress:
            report = sync(
                store,
                registry,
                condition=condition,
                statuses=statuses,
                since=since.date() if since else None,
                limit=limit,
                vanished=vanished,
                progress=progress,
                workers=workers,
            )
    except RegistryError as error:
        err.print(f"[red]{error.reason}[/red]\nWhat came before is stored; run the same command again to go on.")
        raise typer.Exit(1) from None
    show.sync_report(err, report)


def demo() -> None:
    """From an empty machine to a first answer: make the database, load the shipped trials, match the sample patient."""
    from app import samples, show
    from app.ingest import run
    from app.settings import load_settings
    from app.store.engine import name_of

    out = Console()
    settings = load_settings()
    out.print(f"[bold]1.[/bold] The database: {name_of(settings.database_url)}")
    store = open_store(make=True)
    out.print("[bold]2.[/bold] The trials shipped with the project (real records of ClinicalTrials.gov)")
    with show.load_progress(out) as progress:
        report = run.load(samples.TRIALS, store, progress=progress)
    show.load_report(out, report)
    out.print("[bold]3.[/bold] A sample patient: 18 years old, newly diagnosed type 1 diabetes, in Charleston, SC")
    with store.reader() as reader:
        found = answer_in(reader, samples.PATIENTS / "type_1_diabetes.json", 12)
    show.match_table(out, found)
    out.print("\nEvery criterion's verdict, with its reason:")
    out.print("  trialmatch match app/samples/patients/type_1_diabetes.json --json")
    out.print("The service, with documentation at /docs:\n  make serve")
