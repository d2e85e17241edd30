"""Words that are no facts themselves but say how facts are meant: negation, status, severity, exceptions, subgroups.

The phrases are rows of cues.csv, on_site.csv, lifestyle.csv and plain_words.csv in matching/knowledge/data. Hyphens,
quotes and case do not matter: a phrase is a run of words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product

WORD = re.compile(r"[^\W_]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Cue:
    """What a phrase says: `kind` (neg, status, qual, ...), its value, and for habits whether it is use or abuse."""

    kind: str
    value: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases by their words joined with a blank, and the lengths (longest first) of those beginning with a word.

    `pairs` are the first two words of every phrase of several.
    """

    cues: dict[str, Cue]
    lengths: dict[str, tuple[int, ...]]
    pairs: frozenset[tuple[str, str]]


def _rows(name: str) -> Iterator[dict[str, str]]:
    source = resources.files("matching.knowledge") / "data" / name
    with source.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def spelled(phrase: str) -> str:
    """A phrase as it is looked up: words and signs in lower case, hyphens gone."""
    return " ".join(w for w in WORD.findall(phrase.lower()) if w not in "-‐‑–")


def _expanded(phrase: str) -> Iterator[str]:
    """Every reading of a phrase with alternatives: "{another/other} {trial/study}" is four phrases."""
    choices = [part.split("/") for part in re.findall(r"\{([^}]*)\}", phrase)]
    return (" ".join(words) for words in product(*choices))


@cache
def phrases() -> Phrases:
    """The tables, read once. A phrase of an earlier table is not overridden by a later one."""
    cues: dict[str, Cue] = {}
    for name in ("lifestyle.csv", "cues.csv", "on_site.csv", "plain_words.csv"):
        for row in _rows(name):
            kind = row.get("kind") or "on_site"
            cue = Cue(kind, row.get("value") or row.get("topic") or "", row.get("status") or "")
            for phrase in row["phrases"].split("|"):
                for form in _expanded(phrase) if "{" in phrase else (phrase,):
                    key = spelled(form)
                    if key:
                        cues.setdefault(key, cue)
    lengths: dict[str, set[int]] = {}
    pairs: set[tuple[str, str]] = set()
    for key in cues:
        words = key.split(" ")
        lengths.setdefault(words[0], set()).add(len(words))
        if len(words) > 1:
            pairs.add((words[0], words[1]))
    longest_first = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
    return Phrases(cues, longest_first, frozenset(pairs))
