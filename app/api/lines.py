"""One line of a batch, {id, patient, ...}, and the line that answers it: the same over HTTP and on the command line."""

import logging
from datetime import date
from typing import Any

import orjson
from pydantic import ValidationError

from app.api.errors import ApiError, Fault, problem_type
from app.api.impossible import every_fault
from app.api.matches import answer
from app.api.schemas.matches import MatchRequest
from app.api.wording import summary
from app.store.places import gazetteer
from app.store.trials import TrialStore

logger = logging.getLogger(__name__)


def problem_line(
    identifier: object, title: str, number: int, faults: list[Fault] | None = None, *, status: int = 422
) -> dict[str, Any]:
    """A problem document in place of an answer; `line` counts from 1."""
    errors = [{"pointer": f.pointer, "message": f.message} for f in faults or []]
    problem = {"type": problem_type(status), "title": title, "status": status, "line": number}
    return {"id": identifier, "problem": {**problem, **({"errors": errors} if errors else {})}}


def answer_line(line: bytes, number: int, store: TrialStore, today: date) -> dict[str, Any]:
    """The answer to one line {id, patient, ...}; a problem line for one that cannot be answered."""
    identifier: object = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            return problem_line(None, "an object is expected", number)
        identifier = row.pop("id", None)
        if not isinstance(identifier, (str, int)):
            return problem_line(None, "a line needs an id, a text or a whole number", number)
        sent = MatchRequest.model_validate(row)
        with store.reader() as reader:
            return {"id": identifier, **answer(reader, sent, today, gazetteer())}
    except orjson.JSONDecodeError:
        return problem_line(None, "the line is not valid JSON", number)
    except ValidationError as error:
        found = every_fault(error, row, today, places=gazetteer())
        return problem_line(identifier, summary(found), number, found)
    except ApiError as error:
        return problem_line(identifier, error.detail, number, list(error.faults))
    except Exception as error:
        # One line's fault must not end the stream; the error's text may hold a value of the line.
        logger.error("a line failed", extra={"error": type(error).__name__})
        return failed_line(identifier, number)


def failed_line(identifier: object, number: int) -> dict[str, Any]:
    """What a line is answered with that failed for no fault of its own."""
    return problem_line(identifier, "something went wrong with this line", number, status=500)


def encoded(body: dict[str, Any]) -> bytes:
    """A line of JSON with its end."""
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
