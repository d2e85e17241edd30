"""NDJSON in, NDJSON out: line by line, in order; a bad line yields an error line with its id and the stream goes on."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from app.api.errors import ApiError

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Answer = Callable[[Row], Row]


def answer_lines(lines: Iterable[bytes], answer: Answer) -> Iterator[bytes]:
    """One line of JSON for each line that is not blank; `answer` adds to the row's id.

    An error line is {"id", "error": {"title", "detail"?, "errors"?}} and holds no value of the line but its id.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield orjson.dumps(answer_line(line, number, answer)) + b"\n"


def answer_line(line: bytes, number: int, answer: Answer) -> Row:
    """The answer to one line; never raises."""
    identifier: object = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            return {"id": None, "error": {"title": "not an object", "line": number}}
        identifier = row.get("id")
        if not isinstance(identifier, (str, int)):
            return {"id": None, "error": {"title": "the line has no id", "line": number}}
        return {"id": identifier, **answer(row)}
    except orjson.JSONDecodeError:
        return {"id": None, "error": {"title": "not valid JSON", "line": number}}
    except ApiError as error:
        said = [{"pointer": f.pointer, "message": f.message} for f in error.faults]
        return {"id": identifier, "error": {"title": error.detail, "errors": said, "line": number}}
    except Exception as error:
        # The error's text may hold a value of the line: only its kind is told.
        logger.error("a line failed", extra={"error": type(error).__name__})
        return {"id": identifier, "error": {"title": "something went wrong with this line", "line": number}}
