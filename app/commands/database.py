"""Commands on the database: its tables, what waits to be read, the arrays, its integrity."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.console import err, open_store, read_anew
from app.processes import behind_requests


def db_upgrade() -> None:
    """Create the tables, or bring them to this version of the program."""
    from app.settings import load_settings
    from app.store.engine import create_engine_for, revision_of, upgrade
    from app.store.trials import TrialStore

    engine = create_engine_for(load_settings().database_url)
    upgrade(engine)
    read_anew(TrialStore(engine))
    err.print(f"The database is at revision {revision_of(engine)}.")


def db_parse(
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a processor.")] = None,
) -> None:
    """Read the criteria that wait for it. A run that was cut off goes on where it was."""
    behind_requests()
    if not read_anew(open_store(), workers=workers):
        err.print("Nothing waits to be read.")


def db_screen(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing where all goes well.")] = False,
) -> None:
    """Make the arrays on which all trials are judged at once; the service does it by itself when trials change."""
    from app.settings import load_settings, snapshot_folder
    from app.store.snapshot import refresh

    made = refresh(open_store(), snapshot_folder(load_settings()))
    if not quiet:
        err.print(f"The arrays of the stored trials are at {made}.")


def db_check() -> None:
    """Check the integrity of what is stored; exits with 1 when something is wrong."""
    from app.store.engine import check

    found = check(open_store().engine)
    for fault in found:
        err.print(f"[red]{fault}[/red]")
    if found:
        raise typer.Exit(1)
    err.print("Nothing wrong was found.")
