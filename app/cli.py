"""The command line `trialmatch` (CONTRACT section 5)."""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

import matching
from app import ndjson
from app.api.errors import ApiError, Fault, InvalidRequestError
from app.api.patients import read_patient
from app.logs import configure
from app.settings import load_settings

app = typer.Typer(
    name="trialmatch",
    help="Clinical trials that a patient may join: ranked, with every criterion explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
database = typer.Typer(help="Migrations and integrity of the database.", no_args_is_help=True)
app.add_typer(database, name="db")

err = Console(stderr=True)
NdjsonOption = Annotated[bool, typer.Option("--ndjson", help="A line of JSON in, a line of JSON out, in order.")]


def today() -> date:
    """The day at the edge (UTC)."""
    return datetime.now(UTC).date()


def day_in(row: dict[str, Any]) -> date:
    """The `on` of a row, else today; raises InvalidRequestError."""
    sent = row.get("on")
    if sent is None:
        return today()
    try:
        return date.fromisoformat(sent)
    except (TypeError, ValueError):
        raise InvalidRequestError(
            "a fault in the line", [Fault("/on", "a possible day is expected: YYYY-MM-DD")]
        ) from None


def text_in(row: dict[str, Any], name: str) -> str:
    """A text of a row; raises InvalidRequestError."""
    sent = row.get(name)
    if not isinstance(sent, str):
        raise InvalidRequestError("a fault in the line", [Fault(f"/{name}", "a text is expected")])
    return sent


def stream(answer: ndjson.Answer, lines: Iterable[bytes] | None = None) -> None:
    """Answers each line of standard input as soon as it is read."""
    out = sys.stdout.buffer
    for line in ndjson.answer_lines(lines if lines is not None else sys.stdin.buffer, answer):
        out.write(line)
        out.flush()


def read_input(path: Path | None) -> str:
    """The text of a file, or of standard input for no file or `-`; bytes that are not UTF-8 are replaced."""
    if path is not None and str(path) != "-" and not path.is_file():
        err.print(f"[red]There is no file {path}.[/red]")
        raise typer.Exit(2)
    raw = sys.stdin.buffer.read() if path is None or str(path) == "-" else path.read_bytes()
    return raw.decode("utf-8", "replace")


@app.command()
def parse(
    file: Annotated[Path | None, typer.Argument(help="Eligibility text; standard input when absent.")] = None,
    ndjson_form: NdjsonOption = False,
) -> None:
    """Read eligibility text into criteria, with expressions and exact places."""
    if ndjson_form:
        stream(lambda row: matching.parsed_to_json(matching.parse_eligibility(text_in(row, "text"))))
        return
    parsed = matching.parsed_to_json(matching.parse_eligibility(read_input(file)))
    sys.stdout.write(orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode() + "\n")


def judge_row(row: dict[str, Any]) -> dict[str, Any]:
    """One criterion in free text against one patient."""
    on = day_in(row)
    role = row.get("role")
    if role not in ("inclusion", "exclusion"):
        raise InvalidRequestError("a fault in the line", [Fault("/role", "inclusion or exclusion is expected")])
    patient = read_patient(row.get("patient", {}), on)
    judged = matching.judge_text(text_in(row, "criterion"), matching.Role(role), patient, on)
    return {"verdict": judged.verdict, "why_unknown": judged.why_unknown, "explanation": judged.explanation}


@app.command()
def judge(ndjson_form: NdjsonOption = False) -> None:
    """Judge criteria in free text: lines {id, role, criterion, patient, on} in, verdicts out."""
    if not ndjson_form:
        err.print("Give --ndjson and lines of {id, role, criterion, patient, on} on standard input.")
        raise typer.Exit(2)
    stream(judge_row)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Run the service (and the page) on port 8000."""
    import uvicorn

    settings = load_settings()
    configure(settings.log_level)
    # The server's own access log holds query strings, and a query may be about a person: ours holds paths.
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host or settings.host,
        port=port or settings.port,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
    )


def main() -> None:
    """The entry point: faults as one plain line each, never a traceback that may hold a patient's value."""
    try:
        app()
    except ApiError as error:
        err.print(f"[red]{error.detail}[/red]")
        for fault in error.faults:
            err.print(f"  {fault.pointer or '(the whole)'}: {fault.message}")
        sys.exit(2)
