"""Runs the migrations: over the connection the service hands in, or over TRIALMATCH_DATABASE_URL from the shell."""

import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import app.store.tables
from app.store.engine import WRITE, create_engine_for

assert app.store.tables  # its import fills SQLModel.metadata, which `alembic revision --autogenerate` compares with


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        # SQLite cannot alter a table in place.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        # On PostgreSQL each revision commits by itself: an index is then made without a lock that stops writers.
        transaction_per_migration=connection.dialect.name != "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    from app.settings import load_settings

    url = os.environ.get("TRIALMATCH_DATABASE_URL") or load_settings().database_url
    with create_engine_for(url).connect().execution_options(**WRITE) as own:
        if own.dialect.name == "sqlite":
            with own.begin():
                run(own)
        else:
            run(own)
