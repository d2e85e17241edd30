"""Transactions that another one overtook are run again: on any database that tells of it by the standard's codes."""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

T = TypeVar("T")

logger = logging.getLogger(__name__)

SERIALIZATION_FAILURE = "40001"
DEADLOCK_DETECTED = "40P01"
AGAIN = frozenset({SERIALIZATION_FAILURE, DEADLOCK_DETECTED})
"""What PostgreSQL and the engines that speak its protocol ask the client to run again."""

INTEGRITY_CLASS = "23"
"""How the standard's codes of broken constraints begin."""

ATTEMPTS = 8
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 2.0


def driver_errors() -> tuple[type[Exception], ...]:
    """What databases raise: SQLAlchemy's errors, and PostgreSQL's own from what goes past it (COPY).

    For an `except` clause, which asks only when something was raised: a service on SQLite starts without that driver.
    """
    psycopg = sys.modules.get("psycopg")
    return (DBAPIError, psycopg.Error) if psycopg is not None else (DBAPIError,)


def sqlstate(error: BaseException) -> str | None:
    """The five letters that PostgreSQL gives an error; None for another database's."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(inner, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_overtaken(error: BaseException) -> bool:
    """Whether the whole transaction may be run again and may then succeed."""
    return sqlstate(error) in AGAIN


def is_collision(error: BaseException) -> bool:
    """Whether a key is there already, or a row that another one points at is not."""
    return isinstance(error, IntegrityError) or (sqlstate(error) or "").startswith(INTEGRITY_CLASS)


def run_again(work: Callable[[], T], *, attempts: int = ATTEMPTS, wait: Callable[[float], None] = time.sleep) -> T:
    """Runs a whole transaction, again when it was overtaken, with growing waits that differ between clients.

    `work` must begin its transaction itself and leave nothing behind when it fails. The last error is raised.
    """
    for attempt in range(attempts):
        try:
            return work()
        except driver_errors() as error:
            if attempt == attempts - 1 or not is_overtaken(error):
                raise
            logger.info("a transaction is run again", extra={"error": sqlstate(error)})
            pause(attempt, wait)
    raise AssertionError("the last attempt returns or raises")


def pause(attempt: int, wait: Callable[[float], None]) -> None:
    """Waits before the attempt after this one, counted from 0; longer each time, and differently in each client."""
    wait(random.uniform(0.5, 1.0) * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))
