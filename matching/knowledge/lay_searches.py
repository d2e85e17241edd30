"""What patients type into a search, in their own words: "can't sleep", "on dialysis". Never read in criteria or notes."""

from __future__ import annotations

from functools import cache

from matching.knowledge.concepts import VocabularyError, curated, split_cell, vocabulary
from matching.knowledge.words import key_of, words_of

SMALL = frozenset(
    "a am an and are at been by feel feeling for from get getting got had has have having i im in is his her it its ive keep me my of on or "
    "really so some that the this to very was with".split()
)
"""Words that change nothing of what is meant."""


def essential(text: str) -> tuple[str, ...]:
    """The words of a search without those that change nothing; all of them where only such are left."""
    words = words_of(text)
    return tuple(word for word in words if word not in SMALL) or tuple(words)


@cache
def phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Concept ids by the essential words of each phrase. Raises VocabularyError for a name that no vocabulary holds."""
    known = vocabulary()
    by_name = known.terms | {key_of(name): code for code, name in known.names.items()}
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in curated("lay_searches.csv"):
        names = split_cell(row["concepts"])
        if unknown := [name for name in names if key_of(name) not in by_name]:
            raise VocabularyError(f"lay_searches.csv: no such concepts: {unknown}")
        found.update(dict.fromkeys(map(essential, split_cell(row["terms"])), tuple(by_name[key_of(n)] for n in names)))
    return found


def whole(text: str) -> tuple[str, ...]:
    """What the text means as a whole; empty: it is no such phrase."""
    return phrases().get(essential(text), ())


def within(text: str) -> tuple[str, ...]:
    """What the longest phrases within the text mean, none of them twice; one word is no phrase."""
    words, found, at = essential(text), list[str](), 0
    while at < len(words):
        for end in range(len(words), at, -1):
            if (meant := phrases().get(words[at:end])) and (end > at + 1 or words[at:end] in _shortened()):
                found += meant
                at = end - 1
                break
        at += 1
    return tuple(dict.fromkeys(found))


@cache
def _shortened() -> frozenset[tuple[str, ...]]:
    """Single words that stand for a phrase: "dialysis" for "on dialysis"."""
    terms = [term for row in curated("lay_searches.csv") for term in split_cell(row["terms"])]
    return frozenset(essential(term) for term in terms if len(essential(term)) == 1 < len(words_of(term)))
