"""A registry of several times the size of a stored one, by copying its rows under other ids, so that it is there in minutes.

For measuring searches the whole documents and the parsed criteria stay behind, as no search reads them; for measuring
matches they come too, the documents under their first ids. Places, dates, statuses, words and numbers are those of the
smaller one, each as often as there are copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, text

from app.store.engine import sqlite_path
from app.store.search_text import text_columns

APART = 9_000_000
"""The ids of a copy are by so much above those of the one before; a corpus of 100,000 trials spans less."""

OWN = "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position"
TABLES = ("trial", "trial_facet", "trial_site", "trial_text")
WHOLE = (*TABLES, "trial_version", "trial_criteria")


def multiply(base: Engine, made: Engine, copies: int, *, whole: bool = False) -> None:
    """Fills an empty migrated database with so many copies of another one of the same kind; `whole`: for matches too."""
    tables = WHOLE if whole else TABLES
    if base.dialect.name == "postgresql":
        _by_copy(base, made, copies, tables)
    else:
        _by_attaching(base, made, copies, tables)
    with base.connect() as connection:
        state = connection.execute(text("SELECT digest, trials FROM data_state")).one()
    with made.begin() as connection:
        told = {"digest": f"{int(state.digest, 16) ^ copies:032x}", "trials": state.trials * copies}
        connection.execute(text("UPDATE data_state SET digest = :digest, trials = :trials"), told)
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _by_attaching(base: Engine, made: Engine, copies: int, tables: tuple[str, ...]) -> None:
    connection = made.raw_connection()
    cursor: Any = connection.cursor()
    for setting in ("cache_size = -2000000", "synchronous = OFF", "foreign_keys = OFF"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.execute("ATTACH ? AS base", (sqlite_path(base.url.render_as_string(hide_password=False)),))
    cursor.execute("BEGIN")
    for table in tables:
        if table == "trial_text":
            names = text_columns("sqlite")
        else:
            names = tuple(row[1] for row in cursor.execute(f"PRAGMA table_info({table})").fetchall())
        for statement in _statements(table, names, copies, "base."):
            cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {statement}")
    cursor.execute("COMMIT")
    cursor.execute("DETACH base")
    connection.invalidate()


def _by_copy(base: Engine, made: Engine, copies: int, tables: tuple[str, ...]) -> None:
    source, target = base.raw_connection(), made.raw_connection()
    read: Any = source.cursor()
    write: Any = target.cursor()
    for table in tables:
        read.execute(OWN.format(table))
        names = tuple(row[0] for row in read.fetchall())
        for statement in _statements(table, names, copies, ""):
            with (
                read.copy(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)") as rows,
                write.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as filling,
            ):
                for block in rows:
                    filling.write(block)
    target.commit()
    source.close()
    target.close()


def _statements(table: str, names: tuple[str, ...], copies: int, schema: str) -> Iterator[str]:
    for number in range(copies):
        shift = number * APART
        moved = {
            "nct_id": f"CAST('NCT' || (CAST(substr(nct_id, 4) AS INTEGER) + {shift}) AS VARCHAR(11))",
            "rowid": f"rowid + {shift}",
        }
        yield f"SELECT {', '.join(moved.get(name, name) for name in names)} FROM {schema}{table}"
