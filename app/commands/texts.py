"""Commands on texts: eligibility criteria, clinical notes, one criterion against one patient."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

import matching
from app.api.faults import Fault, InvalidRequestError
from app.commands.console import JobsOption, NdjsonOption, day_in, err, read_input, stream, text_in, today
from app.processes import processors


def parse_row(row: dict[str, Any]) -> dict[str, Any]:
    """The criteria of one text."""
    return matching.parsed_to_json(matching.parse_eligibility(text_in(row, "text")))


def load_tables() -> None:
    """Loads what reading needs once, for all processes that are forked; the collector of garbage need not walk it again."""
    matching.parse_eligibility("Age 18 or older")
    gc.collect()
    gc.freeze()


def parse(
    file: Annotated[Path | None, typer.Argument(help="Eligibility text; standard input when absent.")] = None,
    ndjson_form: NdjsonOption = False,
    jobs: JobsOption = None,
) -> None:
    """Read eligibility text into criteria, with expressions and exact places."""
    if ndjson_form:
        load_tables()
        stream(parse_row, jobs=jobs or processors())
        return
    parsed = matching.parsed_to_json(matching.parse_eligibility(read_input(file)))
    sys.stdout.write(orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode() + "\n")


def note_row(row: dict[str, Any]) -> dict[str, Any]:
    """The facts of one note."""
    reading = matching.read_note(text_in(row, "text"), day_in(row))
    return {"facts": matching.note_facts_to_json(reading.facts)}


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


def judge(ndjson_form: NdjsonOption = False, jobs: JobsOption = None) -> None:
    """Judge criteria in free text: lines {id, role, criterion, patient, on} in, verdicts out."""
    if not ndjson_form:
        err.print("Give --ndjson and lines of {id, role, criterion, patient, on} on standard input.")
        raise typer.Exit(2)
    jobs = jobs or processors()
    if jobs > 1:
        load_tables()
    stream(judge_row, jobs=jobs)
