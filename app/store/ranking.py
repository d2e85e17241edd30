"""How much each stored trial's text is about what is sought: BM25 on SQLite, ts_rank by rarity on PostgreSQL.

The two databases weigh words differently, so equal data may rank a little differently on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import log

from sqlalchemy import Connection, bindparam, func, select, text

from app.store.search_text import search_words
from app.store.tables import FACET, TRIAL

FIELD_WEIGHTS = "0, 3, 2, 1, 1, 0.5"
"""Of nct_id, title, names, treatments, body, other."""


def text_scores(
    connection: Connection, words: Mapping[str, float], same: Mapping[str, float], below: Mapping[str, float]
) -> dict[str, float]:
    """A score above 0 for each trial that has anything of what is sought; words and concepts by their rarity."""
    stored = connection.scalar(select(func.count()).select_from(TRIAL)) or 0
    scores: dict[str, float] = defaultdict(float)
    for word, weight in words.items():
        for plain in search_words(word):
            for nct_id, score in _of_word(connection, plain, stored):
                scores[nct_id] += weight * score
    for kind, wanted in (("condition", same), ("condition_above", below)):
        found: dict[str, list[str]] = defaultdict(list)
        listed = sorted(wanted)
        for start in range(0, len(listed), 500):
            rows = connection.execute(
                select(FACET.c.value, FACET.c.nct_id).where(
                    FACET.c.kind == kind, FACET.c.value.in_(listed[start : start + 500])
                )
            )
            for value, nct_id in rows:
                found[value].append(nct_id)
        for value, ids in found.items():
            for nct_id in ids:
                scores[nct_id] += wanted[value] * log(1 + stored / (1 + len(ids)))
    return dict(scores)


def _of_word(connection: Connection, word: str, stored: int) -> Iterator[tuple[str, float]]:
    if connection.dialect.name != "postgresql":
        statement = text(
            f"SELECT nct_id, -bm25(trial_text, {FIELD_WEIGHTS}) FROM trial_text WHERE trial_text MATCH :word"
        )
        for nct_id, score in connection.execute(statement, {"word": f'"{word}"'}):
            yield nct_id, max(0.0, score)
        return
    statement = text(
        "SELECT nct_id, ts_rank('{0.25, 0.35, 0.7, 1.0}', document, CAST(:word AS tsquery), 1) FROM trial_text"
        " WHERE document @@ CAST(:word AS tsquery)"
    ).bindparams(bindparam("word", f"'{word}'"))
    rows = connection.execute(statement).all()
    rarity = log(1 + (stored - len(rows) + 0.5) / (len(rows) + 0.5))
    for nct_id, score in rows:
        yield nct_id, 10 * rarity * score
