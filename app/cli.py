"""The command line `trialmatch` (CONTRACT section 5).

What one command alone needs is imported where it is needed: reading a text does not wait for the database and the server.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console

import matching
from app import ndjson
from app.api.faults import ApiError, Fault, InvalidRequestError
from app.processes import behind_requests, processors

if TYPE_CHECKING:
    from app.api.schemas.matches import MatchRequest
    from app.store.reader import SqlTrialReader
    from app.store.trials import TrialStore

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
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="Processes that answer the lines of --ndjson; one a processor.")
]


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


def stream(answer: ndjson.Answer, lines: Iterable[bytes] | None = None, jobs: int = 1) -> None:
    """Answers each line of standard input as soon as it is read, by `jobs` processes."""
    lines = lines if lines is not None else sys.stdin.buffer
    write(ndjson.answer_lines(lines, answer) if jobs == 1 else ndjson.answer_lines_shared(lines, answer, jobs))


def write(answers: Iterable[bytes]) -> None:
    """Each line to standard output as soon as it is there."""
    out = sys.stdout.buffer
    for line in answers:
        out.write(line)
        out.flush()


def read_input(path: Path | None) -> str:
    """The text of a file, or of standard input for no file or `-`; bytes that are not UTF-8 are replaced."""
    if path is not None and str(path) != "-" and not path.is_file():
        err.print(f"[red]There is no file {path}.[/red]")
        raise typer.Exit(2)
    raw = sys.stdin.buffer.read() if path is None or str(path) == "-" else path.read_bytes()
    return raw.decode("utf-8", "replace")


def parse_row(row: dict[str, Any]) -> dict[str, Any]:
    """The criteria of one text."""
    return matching.parsed_to_json(matching.parse_eligibility(text_in(row, "text")))


def load_tables() -> None:
    """Loads what reading needs once, for all processes that are forked."""
    matching.parse_eligibility("Age 18 or older")


@app.command()
def parse(
    file: Annotated[Path | None, typer.Argument(help="Eligibility text; standard input when absent.")] = None,
    ndjson_form: NdjsonOption = False,
    jobs: JobsOption = None,
) -> None:
    """Read eligibility text into criteria, with expressions and exact places."""
    if ndjson_form:
        jobs = jobs or processors()
        if jobs > 1:
            load_tables()
        stream(parse_row, jobs=jobs)
        return
    parsed = matching.parsed_to_json(matching.parse_eligibility(read_input(file)))
    sys.stdout.write(orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode() + "\n")


def note_row(row: dict[str, Any]) -> dict[str, Any]:
    """The facts of one note."""
    reading = matching.read_note(text_in(row, "text"), day_in(row))
    return {"facts": matching.note_facts_to_json(reading.facts)}


@app.command("read-note")
def read_note(
    file: Annotated[Path | None, typer.Argument(help="A clinical note; standard input when absent.")] = None,
    ndjson_form: NdjsonOption = False,
) -> None:
    """Read a clinical note into facts, each with its exact place."""
    if ndjson_form:
        stream(note_row)
        return
    facts = matching.note_facts_to_json(matching.read_note(read_input(file), today()).facts)
    sys.stdout.write(orjson.dumps({"facts": facts}, option=orjson.OPT_INDENT_2).decode() + "\n")


def judge_row(row: dict[str, Any]) -> dict[str, Any]:
    """One criterion in free text against one patient."""
    from app.api.patients import read_patient

    on = day_in(row)
    role = row.get("role")
    if role not in ("inclusion", "exclusion"):
        raise InvalidRequestError("a fault in the line", [Fault("/role", "inclusion or exclusion is expected")])
    patient = read_patient(row.get("patient", {}), on)
    judged = matching.judge_text(text_in(row, "criterion"), matching.Role(role), patient, on)
    return {"verdict": judged.verdict, "why_unknown": judged.why_unknown, "explanation": judged.explanation}


@app.command()
def judge(ndjson_form: NdjsonOption = False, jobs: JobsOption = None) -> None:
    """Judge criteria in free text: lines {id, role, criterion, patient, on} in, verdicts out."""
    if not ndjson_form:
        err.print("Give --ndjson and lines of {id, role, criterion, patient, on} on standard input.")
        raise typer.Exit(2)
    jobs = jobs or processors()
    if jobs > 1:
        load_tables()
    stream(judge_row, jobs=jobs)


def open_store(*, make: bool = False, parse: bool = True) -> TrialStore:
    """The store of the environment's database; one without tables is told of.

    `make`: creates its tables. `parse`: and reads again what an earlier version of the reader read.
    """
    from app.settings import load_settings
    from app.store.engine import create_engine_for, newest_revision, revision_of, upgrade
    from app.store.trials import TrialStore

    engine = create_engine_for(load_settings().database_url)
    if make:
        upgrade(engine)
        read_anew(TrialStore(engine), parse=parse)
    elif revision_of(engine) is None:
        err.print(
            "[red]The database has no tables yet. Run `trialmatch db upgrade`, then `trialmatch load PATH`.[/red]"
        )
        raise typer.Exit(2)
    elif revision_of(engine) != newest_revision():
        err.print("[red]The database is of another version of the program. Run `trialmatch db upgrade`.[/red]")
        raise typer.Exit(2)
    return TrialStore(engine)


def read_anew(store: TrialStore, *, parse: bool = True, workers: int | None = None) -> int:
    """Reads what waits for it and what an earlier version of the reader read; how many trials. Goes on where it was."""
    from app import show
    from app.ingest.pool import IngestPool

    store.index_missing()
    waiting = store.unread() if parse else 0
    if not waiting:
        return 0
    with IngestPool(workers, store.engine.dialect.name) as pool, show.parse_progress(err, waiting) as progress:
        done = store.read_again(read=pool.read, progress=progress)
    err.print(f"The criteria of {done} stored trials were read by this version's reader.")
    return done


class Parse(StrEnum):
    """When the criteria of loaded trials are read."""

    NOW = "now"
    LATER = "later"


@app.command()
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


@app.command("sync")
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


def json_in(path: Path) -> object:
    """The JSON of a file or of standard input; raises InvalidRequestError."""
    try:
        return orjson.loads(read_input(path))
    except orjson.JSONDecodeError:
        raise InvalidRequestError("The file is not valid JSON.") from None


def request_in(data: object, path: Path, limit: int) -> MatchRequest:
    """A match request: a whole one, or a bare patient; raises InvalidRequestError with all faults."""
    from pydantic import ValidationError

    from app.api.impossible import every_fault
    from app.api.schemas.matches import MatchRequest
    from app.store.places import gazetteer

    if isinstance(data, dict) and "patient" not in data:
        data = {"patient": data}
    try:
        sent = MatchRequest.model_validate(data)
    except ValidationError as error:
        found = every_fault(error, data, today(), places=gazetteer())
        raise InvalidRequestError(f"{path} is not a match request.", found) from None
    return sent.model_copy(update={"limit": limit})


def answer_in(reader: SqlTrialReader, path: Path, limit: int) -> dict[str, object]:
    """The answer for the request, the patient or the FHIR Bundle in a file."""
    from app.api import fhir
    from app.api.matches import answer
    from app.store.places import gazetteer

    data = json_in(path)
    if not isinstance(data, dict) or "resourceType" not in data:
        return answer(reader, request_in(data, path, limit), today(), gazetteer())
    reading = fhir.usable(data, today())
    if reading.deceased:
        raise InvalidRequestError("The record says that the patient has died: no trial was matched.")
    for fault in reading.faults:
        if fault.severity == "warning":
            err.print(f"{fault.pointer or fault.resource}: {fault.message}", markup=False, style="yellow")
    found = fhir.matched(reader, reading, today(), limit, gazetteer().point, explained=True)
    return matching.answer_to_json(found, include=frozenset({"criteria", "questions"}), next_cursor=None)


@app.command()
def match(
    patient: Annotated[
        Path | None,
        typer.Argument(help="A match request, a patient, or a FHIR Bundle, as JSON; `-` for standard input."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Trials to show.")] = 20,
    json_form: Annotated[bool, typer.Option("--json", help="The whole answer as JSON, with every criterion.")] = False,
    ndjson_form: NdjsonOption = False,
    jobs: JobsOption = None,
) -> None:
    """Match a patient with the stored trials: the main job, without HTTP.

    --ndjson: many patients, lines {id, patient, on, filters, scope, limit, include} on standard input, as
    `POST /v1/matches/batch` takes them.
    """
    from app import show

    if ndjson_form:
        match_lines(jobs or processors())
        return
    if patient is None:
        err.print("Give a file with a patient (`-` for standard input), or --ndjson and lines on standard input.")
        raise typer.Exit(2)
    store = open_store()
    with store.reader() as reader:
        found = answer_in(reader, patient, limit)
    if json_form:
        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    show.match_table(Console(), found)


def match_lines(jobs: int) -> None:
    """Lines of patients in, answers out, on the arrays of what is stored now."""
    from app import population
    from app.settings import load_settings, snapshot_folder

    settings = load_settings()
    store = open_store()
    snapshot = population.snapshot_of(store, snapshot_folder(settings)) if settings.keeps_arrays else None
    store.close()
    source = population.Source(settings.database_url, settings.read_database_url)
    write(population.matched(sys.stdin.buffer, source, snapshot, jobs=jobs))


@app.command()
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


@app.command()
def rank(ndjson_form: NdjsonOption = False, jobs: JobsOption = None) -> None:
    """Rank the stored trials for patients: lines {id, patient, on, filters, scope, limit} in, ranked ids out."""
    if not ndjson_form:
        err.print("Give --ndjson and lines of {id, patient, on, filters, scope, limit} on standard input.")
        raise typer.Exit(2)
    from app import population
    from app.settings import load_settings

    settings = load_settings()
    open_store().close()
    source = population.Source(settings.database_url, settings.read_database_url)
    write(population.ranked(sys.stdin.buffer, source, jobs=jobs or processors()))


@database.command("upgrade")
def db_upgrade() -> None:
    """Create the tables, or bring them to this version of the program."""
    from app.settings import load_settings
    from app.store.engine import create_engine_for, revision_of, upgrade
    from app.store.trials import TrialStore

    engine = create_engine_for(load_settings().database_url)
    upgrade(engine)
    read_anew(TrialStore(engine))
    err.print(f"The database is at revision {revision_of(engine)}.")


@database.command("parse")
def db_parse(
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a processor.")] = None,
) -> None:
    """Read the criteria that wait for it. A run that was cut off goes on where it was."""
    behind_requests()
    if not read_anew(open_store(), workers=workers):
        err.print("Nothing waits to be read.")


@database.command("screen")
def db_screen(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing where all goes well.")] = False,
) -> None:
    """Make the arrays on which all trials are judged at once; the service does it by itself when trials change."""
    from app.settings import load_settings, snapshot_folder
    from app.store.snapshot import refresh

    made = refresh(open_store(), snapshot_folder(load_settings()))
    if not quiet:
        err.print(f"The arrays of the stored trials are at {made}.")


@database.command("check")
def db_check() -> None:
    """Check the integrity of what is stored; exits with 1 when something is wrong."""
    from app.store.engine import check

    found = check(open_store().engine)
    for fault in found:
        err.print(f"[red]{fault}[/red]")
    if found:
        raise typer.Exit(1)
    err.print("Nothing wrong was found.")


@app.command()
def openapi(
    path: Annotated[Path, typer.Option(help="Where to write.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the OpenAPI document."""
    from app.main import openapi_document

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(openapi_document(), encoding="utf-8")
    err.print(f"Wrote {path}.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Run the service on port 8000."""
    # What a start makes stays: the collector would look through all of it again and again. It begins when all is loaded.
    gc.disable()
    import uvicorn

    from app import workers as processes
    from app.logs import configure
    from app.main import create_app
    from app.settings import load_settings

    settings = load_settings()
    configure(settings.log_level)
    address, listens_on = host or settings.host, port or settings.port
    if workers > 1:
        processes.serve(settings, address, listens_on, workers)
        return
    uvicorn.run(create_app(settings), host=address, port=listens_on, **processes.configured())  # type: ignore[arg-type]


def main() -> None:
    """The entry point: faults as one plain line each, never a traceback that may hold a patient's value."""
    try:
        app()
    except ApiError as error:
        err.print(f"[red]{error.detail}[/red]")
        for fault in error.faults:
            err.print(f"  {fault.pointer or '(the whole)'}: {fault.message}")
        sys.exit(2)
