"""Type-ahead over the names of the vocabulary: what a person may mean by the letters typed so far, misspelt or not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import log1p

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from matching.knowledge import hierarchy
from matching.knowledge.concepts import _rows, curated, split_cell, vocabulary
from matching.knowledge.lay_searches import essential, phrases
from matching.knowledge.words import key_of, words_of

_CONDITIONS = frozenset({"condition", "finding"})
SHORT = 5
"""Letters up to which a word is corrected in one place only: two make another word of it ("quit" is no "squint")."""

_TYPO = 72  # rapidfuzz ratio below which a word is another word: one wrong letter in five gives 80


@dataclass(frozen=True, slots=True)
class _Index:
    """Surfaces with their concepts and how often each concept is used, and the words that lead to them."""

    surfaces: list[tuple[str, str]]
    keys: list[str]
    by_word: dict[str, list[int]]
    words: list[str]
    by_letter: dict[str, dict[int, list[str]]]
    by_length: dict[int, list[str]]
    uses: dict[str, int]


@cache
def _index(categories: frozenset[str]) -> _Index:
    known = vocabulary()
    found: dict[str, tuple[str, str]] = {}

    def add(key: str, surface: str, code: str | None) -> None:
        if code is not None and known.terms.get(key) == code and hierarchy.category(code) in categories:
            found.setdefault(key, (surface, code))

    for code, name in known.names.items():
        add(key_of(name), name, code)
    for row in curated("concepts_curated.csv"):
        for term in split_cell(row["terms"]):
            add(key_of(term), term, row["id"])
    for row in curated("lay_terms.csv"):
        add(key := key_of(row["term"]), row["term"], known.terms.get(key))
    if categories == _CONDITIONS:
        for row in curated("lay_searches.csv"):
            for term in split_cell(row["terms"]):
                found.setdefault(" ".join(essential(term)), (term, phrases()[essential(term)][0]))
    for key, surface, code, kind in _rows("terms.tsv.gz"):
        if kind != "V":
            add(key, surface or key, code)
    for short, meanings in known.abbreviations.items():
        for meaning in meanings:
            if hierarchy.category(meaning.concept_id) in categories:
                found.setdefault(short.lower(), (short, meaning.concept_id))
    by_word: dict[str, list[int]] = {}
    for n, key in enumerate(found):
        for word in dict.fromkeys(key.split()):
            by_word.setdefault(word, []).append(n)
    by_letter: dict[str, dict[int, list[str]]] = {}
    by_length: dict[int, list[str]] = {}
    for word in by_word:
        if len(word) > 3:
            by_letter.setdefault(word[0], {}).setdefault(len(word), []).append(word)
            by_length.setdefault(len(word), []).append(word)
    uses = {code: int(count) for code, count in _rows("uses.tsv.gz")}
    return _Index(list(found.values()), list(found), by_word, sorted(by_word), by_letter, by_length, uses)


def suggest(text: str, limit: int = 10, categories: frozenset[str] = _CONDITIONS) -> tuple[tuple[str, str, float], ...]:
    """Concepts that the text may be the beginning of: (concept id, the name that fits, score 0 to 100), best first.

    Names that begin with the text come first, then names with words that begin so, by how often the registry's texts
    use the concept; only where that finds too little are misspelt words put right. Each concept comes once.
    """
    index = _index(categories)
    words = words_of(text[:100])
    if not words or limit <= 0:
        return ()
    scored = _ranked(index, words, _candidates(index, words), 0.0)
    if len(scored) < min(limit, 3):
        told = essential(text[:100])
        better = [_corrected(index, word, last=n == len(told) - 1) for n, word in enumerate(told)]
        if better != words:
            for code, entry in _ranked(index, better, _candidates(index, better), 12.0).items():
                scored.setdefault(code, entry)
    order = sorted(scored.items(), key=lambda item: (-item[1][1], len(item[1][0]), item[1][0]))
    return tuple((code, surface, round(score, 1)) for code, (surface, score) in order[:limit])


def corrected(text: str, categories: frozenset[str] = _CONDITIONS) -> str:
    """The text with words that no name has put right where a name's word is near; its normal words where any was."""
    index = _index(categories)
    words = words_of(text[:200])
    better = [_corrected(index, word, last=False) for word in words]
    return text if better == words else " ".join(better)


def _beginning(index: _Index, prefix: str) -> set[int]:
    first, found = bisect_left(index.words, prefix), set[int]()
    for word in index.words[first : first + 3000]:
        if not word.startswith(prefix):
            break
        found.update(index.by_word[word])
    return found


def _candidates(index: _Index, words: list[str]) -> set[int]:
    found = _beginning(index, words[-1])
    if len(words) == 1 and len(words[0]) < 3:  # a letter or two: only what is often asked for
        found = {n for n in found if index.uses.get(index.surfaces[n][1], 0) >= 20}
    for word in words[:-1]:
        found &= set(index.by_word.get(word, ()))
    return found


def _ranked(index: _Index, words: list[str], candidates: Iterable[int], penalty: float) -> dict[str, tuple[str, float]]:
    typed = " ".join(words)
    best: dict[str, tuple[str, float]] = {}
    for n in candidates:
        surface, code = index.surfaces[n]
        key = index.keys[n]
        score = 60.0 if key == typed else 40.0 if key.startswith(typed) else 20.0
        score += min(3.0 * log1p(index.uses.get(code, 0)), 30.0) - min(len(key) - len(typed), 40) / 4 - penalty
        score = max(score, 1.0)
        if code not in best or score > best[code][1]:
            best[code] = (surface, min(score + 10, 100.0))
    return best


def _stems(word: str) -> list[str]:
    """What a word may be a form of: "coughing" is no "cushing"."""
    stems = [word[: -len(ending)] for ending in ("ing", "ed") if word.endswith(ending)]
    single = [stem[:-1] for stem in stems if len(stem) > 2 and stem[-1] == stem[-2]]
    return [stem for stem in (*stems, *(stem + "e" for stem in stems), *single) if len(stem) > 2]


def _corrected(index: _Index, word: str, *, last: bool) -> str:
    """The vocabulary's word nearest to a misspelt one; the word itself where it is known or nothing is near."""
    if len(word) < 4 or word in index.by_word or (last and _beginning(index, word)):
        return word
    if (stem := next((each for each in _stems(word) if each in index.by_word), None)) is not None:
        return stem
    first = index.by_letter.get(word[0], {})
    near = [w for length in range(len(word) - 3, len(word) + 4) for w in first.get(length, ())]
    found = process.extract(word, near, scorer=fuzz.ratio, limit=5, score_cutoff=_TYPO)
    if not found or found[0][1] < 85:  # the first letter may be the wrong one ("neumonia")
        others = [w for length in range(len(word) - 2, len(word) + 3) for w in index.by_length.get(length, ())]
        found += process.extract(word, others, scorer=fuzz.ratio, limit=5, score_cutoff=_TYPO + 8)
    if len(word) <= SHORT:
        found = [each for each in found if OSA.distance(word, each[0]) == 1]
    if not found:
        return word
    return str(max(found, key=lambda f: (f[1] + min(len(index.by_word[f[0]]), 40) / 8, f[0]))[0])
