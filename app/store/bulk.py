"""Many rows at once: PostgreSQL's COPY, and on SQLite the driver's own loop, past SQLAlchemy's work on each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection

if TYPE_CHECKING:
    import psycopg

SQLITE_INSTANT = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy writes an instant for SQLite."""


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Inserts rows whose values stand in the order of `columns`.

    Raises:
        sqlalchemy.exc.IntegrityError, psycopg.IntegrityError: a key is there already.
    """
    listed = rows if isinstance(rows, list) else list(rows)
    if not listed:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
            for row in listed:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", listed)


def instant(connection: Connection, at: datetime) -> datetime | str:
    """An instant as a value for `insert_rows`."""
    return at if connection.dialect.name == "postgresql" else at.strftime(SQLITE_INSTANT)
