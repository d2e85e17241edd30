"""What search needs of trials that were stored by a version of the service without it."""

from __future__ import annotations

from sqlalchemy import Engine, bindparam, delete, select, update

import matching
from app.store.bulk import insert_rows
from app.store.convert import trial_from_bytes
from app.store.engine import WRITE
from app.store.rows import FACET_COLUMNS, facet_values, too_old_at
from app.store.search_text import TEXT, text_columns, text_values, trial_words
from app.store.tables import FACET, TRIAL, VERSION


def index_missing(engine: Engine, *, batch_size: int = 300) -> int:
    """Makes the words, facets and ages of stored trials that have no words yet, a transaction a batch; how many."""
    dialect = engine.dialect.name
    with engine.connect() as connection:
        missing = connection.scalars(
            select(TRIAL.c.nct_id).where(TRIAL.c.nct_id.not_in(select(TEXT.c.nct_id))).order_by(TRIAL.c.nct_id)
        ).all()
    present = (VERSION.c.nct_id == TRIAL.c.nct_id) & (VERSION.c.version == TRIAL.c.version)
    for start in range(0, len(missing), batch_size):
        ids = missing[start : start + batch_size]
        with engine.connect().execution_options(**WRITE) as connection, connection.begin():
            rows = connection.execute(
                select(VERSION.c.document)
                .select_from(TRIAL.join(VERSION, present))
                .where(TRIAL.c.nct_id.in_(ids), TRIAL.c.nct_id.not_in(select(TEXT.c.nct_id)))
            )
            trials = [trial_from_bytes(row.document) for row in rows]
            if not trials:
                continue
            connection.execute(
                update(TRIAL).where(TRIAL.c.nct_id == bindparam("of")).values(too_old_at_days=bindparam("to")),
                [{"of": trial.nct_id, "to": too_old_at(trial.eligibility.maximum_age)} for trial in trials],
            )
            connection.execute(delete(FACET).where(FACET.c.nct_id.in_([trial.nct_id for trial in trials])))
            facets = [row for trial in trials for row in facet_values(trial, matching.trial_condition_ids(trial))]
            insert_rows(connection, "trial_facet", FACET_COLUMNS, facets)
            words = [text_values(trial.nct_id, trial_words(trial), dialect) for trial in trials]
            insert_rows(connection, "trial_text", text_columns(dialect), words)
    return len(missing)
