"""Commands on patients: match, rank."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console

import matching
from app.api.faults import InvalidRequestError
from app.commands.console import JobsOption, NdjsonOption, err, lines_in, open_store, read_input, today, write
from app.processes import processors

if TYPE_CHECKING:
    from app.api.schemas.matches import MatchRequest
    from app.store.reader import SqlTrialReader


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
    write(population.matched(lines_in(), source, snapshot, jobs=jobs))


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
    write(population.ranked(lines_in(), source, jobs=jobs or processors()))
