"""The words of trials, in FTS5 on SQLite and as a tsvector on PostgreSQL, so that both find the same.

Words are brought to their normal forms here, once for trials and once for questions; the databases only keep and find
them. Both hold five fields: the title, names (conditions, keywords, acronym), treatments, body (summary and
description) and other (each word of the criteria, outcomes and sponsors once). PostgreSQL knows four weights: body and
other share one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, column, select, table, text

import matching
from matching import Trial

FIELDS = ("title", "names", "treatments", "body", "other")

WEIGHTS: Mapping[str, str] = {"title": "A", "names": "B", "treatments": "C", "body": "D", "other": "D"}

TEXT = table("trial_text", column("nct_id"))
"""The table of words, as far as both databases have the same columns."""

PLAIN = re.compile(r"[a-z0-9]+\Z")

STOP = frozenset(
    "a an and are as at be by can do for from had has have i in is it its me my no not of on or our that the their this "
    "to was we were will with you your".split()
)
"""Words that tell nothing of a trial."""

MOST_BODY_WORDS = 3000
MOST_POSITION = 16_383
LONGEST_WORD = 60
MOST_REMEMBERED = 65_536

Words = Mapping[str, Sequence[str]]


def search_words(text_: str) -> list[str]:
    """The normal words of a question, without those that tell nothing; a word of another script is spelled in hex."""
    return [_plain(word) for word in matching.words_of(text_) if word not in STOP]


def trial_words(trial: Trial) -> dict[str, list[str]]:
    """The words of each field, in order; of `other` each once."""
    titles = (trial.brief_title, trial.official_title if trial.official_title != trial.brief_title else None)
    treatments = [name for row in trial.interventions for name in (row.name, *row.other_names)]
    people = (trial.sponsor, *trial.collaborators)
    sponsors = [sponsor.name for sponsor in people if sponsor is not None]
    other = (
        trial.eligibility.text,
        *(outcome.measure for outcome in trial.outcomes),
        *(arm.label for arm in trial.arms),
        *sponsors,
    )
    body = _words((trial.brief_summary, trial.detailed_description))
    told = set(body)
    return {
        "title": _words(titles),
        "names": _words((*trial.conditions, *trial.keywords, trial.acronym)),
        "treatments": _words(treatments),
        "body": body[:MOST_BODY_WORDS],
        "other": [word for word in _words_once(other) if word not in told],
    }


def text_columns(dialect: str) -> tuple[str, ...]:
    """The columns of `trial_text` that are written."""
    return ("nct_id", "document") if dialect == "postgresql" else ("rowid", "nct_id", *FIELDS)


def text_values(nct_id: str, words: Words, dialect: str) -> tuple[Any, ...]:
    """A trial's words as the values of `text_columns`."""
    if dialect == "postgresql":
        return (nct_id, _vector(words))
    return (row_of(nct_id), nct_id, *(" ".join(words[name]) for name in FIELDS))


def delete_words(connection: Connection, nct_ids: Iterable[str]) -> None:
    """Takes the words of trials out; of one that has none, nothing happens."""
    if connection.dialect.name == "postgresql":
        statement, key = text("DELETE FROM trial_text WHERE nct_id IN :ids"), list(nct_ids)
        listed: list[str] | list[int] = key
    else:
        statement = text("DELETE FROM trial_text WHERE rowid IN :ids")
        listed = [row_of(nct_id) for nct_id in nct_ids]
    if listed:
        connection.execute(statement.bindparams(bindparam("ids", expanding=True)), {"ids": listed})


Matches = tuple[str, str, str]
"""A condition on `trial_text` in three parts: what stands before the value asked with, the value, what stands behind it."""


def with_all(dialect: str, words: Sequence[Sequence[str]], fields: Sequence[str] = FIELDS) -> Matches:
    """Trials that hold each of the words in one of the fields; a word may be one of several spellings."""
    if dialect == "postgresql":
        labels = "" if len(fields) == len(FIELDS) else "".join(dict.fromkeys(WEIGHTS[name] for name in fields))
        suffix = f":{labels}" if labels else ""
        asked = " & ".join("(" + " | ".join(f"'{form}'{suffix}" for form in forms) + ")" for forms in words)
        return "trial_text.document @@ CAST(", asked, " AS tsquery)"
    inner = " AND ".join("(" + " OR ".join(f'"{form}"' for form in forms) + ")" for forms in words)
    return (
        "trial_text MATCH",
        inner if len(fields) == len(FIELDS) else "{" + " ".join(fields) + "} : (" + inner + ")",
        "",
    )


def holding_all(matches: Matches) -> Select[tuple[str]]:
    """The ids of the trials that match."""
    before, asked, behind = matches
    test = text(f"{before} :asked{behind}").bindparams(bindparam("asked", asked, unique=True))
    return select(TEXT.c.nct_id).where(test)


def row_of(nct_id: str) -> int:
    """The row of a trial's words on SQLite: the number of its id; of an id of another registry, a hash."""
    if nct_id.startswith("NCT") and nct_id[3:].isascii() and nct_id[3:].isdigit():
        return int(nct_id[3:])
    return (1 << 62) | int.from_bytes(hashlib.blake2b(nct_id.encode(), digest_size=7).digest(), "big")


def _plain(word: str) -> str:
    return word[:LONGEST_WORD] if PLAIN.match(word) else "u" + word.encode()[: LONGEST_WORD // 2].hex()


class _Kept(dict[str, str]):
    """The form in which a registry's word is kept, empty for one that tells nothing; remembered, as they recur."""

    def __missing__(self, token: str) -> str:
        (word,) = matching.registry_words(token)
        form = "" if word in STOP else _plain(word)
        if len(self) < MOST_REMEMBERED:
            self[token] = form
        return form


_KEPT = _Kept()


def _words(texts: Iterable[str | None]) -> list[str]:
    """Words of a trial. Never for a patient's words: their forms are remembered."""
    return list(filter(None, map(_KEPT.__getitem__, _tokens(texts))))


def _words_once(texts: Iterable[str | None]) -> dict[str, None]:
    """The same, each once in the order in which they first come."""
    kept = dict.fromkeys(map(_KEPT.__getitem__, dict.fromkeys(_tokens(texts))))
    kept.pop("", None)
    return kept


def _tokens(texts: Iterable[str | None]) -> list[str]:
    told = "\n".join(filter(None, texts))
    return matching.registry_tokens(told) if told else []


def _vector(words: Words) -> str:
    places: dict[str, list[str]] = {}
    at = 0
    for name in FIELDS:
        for word in words[name]:
            at += 1
            places.setdefault(word, []).append(f"{min(at, MOST_POSITION)}{WEIGHTS[name]}")
    # PostgreSQL keeps 255 places of a word; the first ones hold the heavier fields.
    return " ".join(f"'{word}':{','.join(listed[:255])}" for word, listed in places.items())
