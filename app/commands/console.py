"""What the commands share: the console, what comes in as text or lines, and the store they work on."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from app import ndjson
from app.api.faults import Fault, InvalidRequestError

if TYPE_CHECKING:
    from app.store.trials import TrialStore

err = Console(stderr=True)
NdjsonOption = Annotated[bool, typer.Option("--ndjson", help="A line of JSON in, a line of JSON out, in order.")]
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="Processes that answer the lines of --ndjson; one a processor.")
]

GZIP = b"\x1f\x8b"
"""What packed files begin with: they are told by it, whatever they are called."""


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


def stream(answer: ndjson.Answer, jobs: int = 1) -> None:
    """Answers each line of standard input as soon as it is read, by `jobs` processes."""
    lines = lines_in()
    write(ndjson.answer_lines(lines, answer) if jobs == 1 else ndjson.answer_lines_shared(lines, answer, jobs))


def write(answers: Iterable[bytes]) -> None:
    """Each line to standard output as soon as it is there."""
    out = sys.stdout.buffer
    for line in answers:
        out.write(line)
        out.flush()


def lines_in() -> Iterable[bytes]:
    """The lines of standard input, unpacked where it is packed."""
    given = sys.stdin.buffer
    source = given if isinstance(given, io.BufferedReader) else io.BufferedReader(given)  # type: ignore[type-var]
    return _unpacked(source) if source.peek(len(GZIP))[: len(GZIP)] == GZIP else source


def _unpacked(source: IO[bytes]) -> Iterator[bytes]:
    """Raises InvalidRequestError, which says nothing of the content, where the packing is broken."""
    try:
        with gzip.open(source) as lines:
            yield from lines
    except (OSError, EOFError, zlib.error):
        raise InvalidRequestError("The input is packed (gzip) and broken.") from None


def read_input(path: Path | None) -> str:
    """The text of a file, or of standard input for no file or `-`; unpacked where it is packed.

    Bytes that are not UTF-8 are replaced.
    """
    if path is not None and str(path) != "-" and not path.is_file():
        err.print(f"[red]There is no file {path}.[/red]")
        raise typer.Exit(2)
    raw = sys.stdin.buffer.read() if path is None or str(path) == "-" else path.read_bytes()
    if raw.startswith(GZIP):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            raise InvalidRequestError("The input is packed (gzip) and broken.") from None
    return raw.decode("utf-8", "replace")


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
