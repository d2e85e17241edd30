"""The command line `trialmatch` (CONTRACT section 5).

What one command alone needs is imported where it is needed: reading a text does not wait for the database and the server.
"""

from __future__ import annotations

import sys

import typer

from app.api.faults import ApiError
from app.commands import database, patients, service, texts, trials
from app.commands.console import err

app = typer.Typer(
    name="trialmatch",
    help="Clinical trials that a patient may join: ranked, with every criterion explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("parse")(texts.parse)
app.command("read-note")(texts.read_note)
app.command("judge")(texts.judge)
app.command("load")(trials.load)
app.command("sync")(trials.sync_trials)
app.command("match")(patients.match)
app.command("demo")(trials.demo)
app.command("rank")(patients.rank)
app.command("openapi")(service.openapi)
app.command("serve")(service.serve)

of_database = typer.Typer(help="Migrations and integrity of the database.", no_args_is_help=True)
of_database.command("upgrade")(database.db_upgrade)
of_database.command("parse")(database.db_parse)
of_database.command("screen")(database.db_screen)
of_database.command("check")(database.db_check)
app.add_typer(of_database, name="db")


def main() -> None:
    """The entry point: faults as one plain line each, never a traceback that may hold a patient's value."""
    try:
        app()
    except ApiError as error:
        err.print(f"[red]{error.detail}[/red]")
        for fault in error.faults:
            err.print(f"  {fault.pointer or '(the whole)'}: {fault.message}")
        sys.exit(2)
