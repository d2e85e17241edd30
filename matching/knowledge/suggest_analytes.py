"""Type-ahead over analytes and scores: what a person may mean by the letters typed so far, misspelt or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from matching.knowledge.analytes import AnalyteEntry, entries
from matching.knowledge.words import key_of

TYPO = 78
"""The least likeness (rapidfuzz ratio) of a misspelt name."""


@dataclass(frozen=True, slots=True)
class AnalyteName:
    """An analyte or score by one of its names; `also` are its other names, `unit` the one it is usually given in."""

    name: str
    matched: str
    loinc: str | None
    kind: str
    unit: str | None
    also: tuple[str, ...]


@cache
def _names() -> tuple[list[str], list[tuple[str, AnalyteEntry]]]:
    """The keys of all names and, in parallel, each name with its entry; the table's order within equal names."""
    found: dict[str, tuple[str, AnalyteEntry]] = {}
    for entry in entries():
        for name in (entry.name, *entry.synonyms, *entry.abbreviations):
            found.setdefault(key_of(name), (name, entry))
    return list(found), list(found.values())


def suggest_analytes(text: str, limit: int = 10) -> tuple[AnalyteName, ...]:
    """Analytes that the text may begin: the same name first, then names that begin so, then names with such a word.

    Where nothing begins so, misspelt names. Between equals a preferred name, then a shorter one comes first. Each analyte comes once.
    """
    typed = key_of(text[:100])
    if not typed or limit <= 0:
        return ()
    keys, named = _names()
    scored = [
        (rank, named[n][0] != named[n][1].name, len(key), n)
        for n, key in enumerate(keys)
        if (rank := _rank(key, typed)) is not None
    ]
    if not scored:
        near = process.extract(typed, keys, scorer=fuzz.ratio, limit=limit * 3, score_cutoff=TYPO)
        scored = [(100 - int(score), False, len(key), n) for key, score, n in near]
    best: dict[str, AnalyteName] = {}
    for *_, n in sorted(scored):
        name, entry = named[n]
        if entry.name not in best:
            best[entry.name] = AnalyteName(
                entry.name, name, entry.loinc, entry.kind, entry.unit, (*entry.abbreviations, *entry.synonyms)[:5]
            )
            if len(best) == limit:
                break
    return tuple(best.values())


def _rank(key: str, typed: str) -> int | None:
    if key == typed:
        return 0
    if key.startswith(typed):
        return 1
    return 2 if f" {typed}" in key else None
