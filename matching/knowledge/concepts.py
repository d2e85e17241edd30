"""The vocabulary: concepts, their terms and their places in the trees, read once from the tables in `data/`.

Three layers, each over the one before: the publishers' files (built by matching.knowledge.build), diseases and drugs
that they lack (`concepts_curated.csv`), and words that people use (`lay_terms.csv`, `abbreviations.csv`,
`drug_classes.csv`). A name in a hand-written table must be known to the layers before it: a wrong one is an error.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sys import intern

from matching.knowledge.variants import variants
from matching.knowledge.words import key_of, uninvert

DATA = Path(__file__).parent / "data"
_ID = re.compile(r"(?:[DC]\d{6}(?:\d{3})?|MONDO:\d{7}|TM:[a-z0-9-]+)\Z")


_NOT_A_KIND = {"D006976": "C14.907.489"}
"""Places in MeSH's trees that people's words do not share: by "hypertension" nobody means the pulmonary one."""


class VocabularyError(ValueError):
    """A hand-written table names something that no table before it knows."""


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """What an abbreviation stands for, where one of the `context` words (normal words) is near; () means anywhere."""

    concept_id: str
    context: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that is known of names.

    `terms` maps a key to a concept id, `openings` the first two words of the longer keys to the lengths (in words) of
    the keys that begin so, longest first; `begins` are the first words of these. `abbreviations` are case-sensitive. `inverted` are keys that may be written with a comma.
    `parents` are edges beside the tree numbers; `classes` the ids with members in drug_classes.csv. `qualifies` maps a
    concept that is another one in a certain degree, stage or form (severe asthma, metastatic cancer) to that other one,
    or to * where it may be anything.
    """

    names: dict[str, str]
    trees: dict[str, tuple[str, ...]]
    parents: dict[str, tuple[str, ...]]
    categories: dict[str, str]
    terms: dict[str, str]
    openings: dict[str, tuple[int, ...]]
    begins: frozenset[str]
    abbreviations: dict[str, tuple[Abbreviation, ...]]
    inverted: frozenset[str]
    classes: frozenset[str]
    qualifies: dict[str, str]


def _rows(name: str) -> Iterator[list[str]]:
    text = gzip.decompress((DATA / name).read_bytes()).decode()
    return (line.split("\t") for line in text.splitlines())


def curated(name: str) -> Iterator[dict[str, str]]:
    """The rows of a hand-written table; lines that begin with # are remarks."""
    with (DATA / name).open(encoding="utf-8", newline="") as f:
        yield from csv.DictReader(line for line in f if not line.startswith("#"))


def split_cell(cell: str) -> list[str]:
    """The items of a cell, which are parted by bars."""
    return [item for part in cell.split("|") if (item := part.strip())]


def _resolve(name: str, terms: dict[str, str], names: dict[str, str], where: str) -> str:
    if _ID.match(name):
        if name in names:
            return name
    elif (found := terms.get(key_of(name)) or terms.get(key_of(uninvert(name)))) is not None:
        return found
    raise VocabularyError(f"{where}: no such concept: {name}")


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, loaded at the first call. Raises VocabularyError when a hand-written table names the unknown."""
    names: dict[str, str] = {}
    trees: dict[str, tuple[str, ...]] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for code, name, tree, up in _rows("concepts.tsv.gz"):
        code = intern(code)
        names[code] = name
        if tree:
            trees[code] = tuple(tree.split(" "))
        if up:
            parents[code] = tuple(up.split(" "))
    for code, above in _NOT_A_KIND.items():
        trees[code] = tuple(tree for tree in trees[code] if not tree.startswith(above + "."))
    ids = {code: code for code in names}
    terms: dict[str, str] = {}
    abbreviations: dict[str, tuple[Abbreviation, ...]] = {}
    inverted: set[str] = set()
    anywhere: frozenset[str] = frozenset()
    for key, _, code, kind in _rows("terms.tsv.gz"):
        if kind == "A":
            abbreviations[key] = (Abbreviation(ids[code], anywhere),)
            continue
        terms[key] = ids[code]
        if kind == "C":
            inverted.add(key)
    categories: dict[str, str] = {}
    more: dict[str, list[str]] = {}
    published = dict(terms)
    qualifies = _add_concepts(names, terms, published, categories, more)
    # A hand-written table refers to a publisher's concept by the publisher's name, whatever people's words are mapped to.
    by_name = terms | published
    classes = _add_classes(names, by_name, more)
    for row in curated("lay_terms.csv"):
        _put(terms, row["term"], _resolve(row["concept"], by_name, names, "lay_terms.csv"))
    for row in curated("stop_terms.csv"):
        terms.pop(key_of(row["term"]), None)
    _add_abbreviations(names, by_name, abbreviations)
    for code, up_ids in more.items():
        parents[code] = tuple(dict.fromkeys(parents.get(code, ()) + tuple(up_ids)))
    openings = _openings(terms)
    return Vocabulary(
        names=names,
        trees=trees,
        parents=parents,
        categories=categories,
        terms=terms,
        openings=openings,
        begins=frozenset(opening.partition(" ")[0] for opening in openings),
        abbreviations=abbreviations,
        inverted=frozenset(inverted),
        classes=classes,
        qualifies=qualifies,
    )


def _put(terms: dict[str, str], term: str, code: str) -> None:
    """A hand-written term displaces a publisher's; its variants do not."""
    key = key_of(term)
    terms[key] = code
    for variant in variants(key, condition=False):
        terms.setdefault(variant, code)


def _add_concepts(
    names: dict[str, str],
    terms: dict[str, str],
    published: dict[str, str],
    categories: dict[str, str],
    more: dict[str, list[str]],
) -> dict[str, str]:
    rows = list(curated("concepts_curated.csv"))
    for row in rows:
        code = intern(row["id"])
        names[code] = row["name"]
        categories[code] = row["category"]
        for term in (row["name"], *split_cell(row["terms"])):
            _put(terms, term, code)
    by_name = terms | published
    qualifies: dict[str, str] = {}
    for row in rows:
        wider = row["qualifies"]
        if wider:
            where = f"concepts_curated.csv, {row['id']}"
            qualifies[row["id"]] = wider if wider == "*" else _resolve(wider, by_name, names, where)
        for up in split_cell(row["parents"]):
            more.setdefault(row["id"], []).append(_resolve(up, by_name, names, f"concepts_curated.csv, {row['id']}"))
    return qualifies


def _add_classes(names: dict[str, str], terms: dict[str, str], more: dict[str, list[str]]) -> frozenset[str]:
    classes: set[str] = set()
    for row in curated("drug_classes.csv"):
        where = f"drug_classes.csv, {row['class']}"
        code = _resolve(row["class"], terms, names, where)
        classes.add(code)
        for member in split_cell(row["members"]):
            child = _resolve(member, terms, names, where)
            if child != code:
                more.setdefault(child, []).append(code)
    return frozenset(classes)


def _add_abbreviations(
    names: dict[str, str], terms: dict[str, str], abbreviations: dict[str, tuple[Abbreviation, ...]]
) -> None:
    own: dict[str, tuple[Abbreviation, ...]] = {}
    for row in curated("abbreviations.csv"):
        short = row["abbreviation"]
        if row["concept"] == "-":  # not a concept's name in criteria, whatever a publisher says
            abbreviations.pop(short, None)
            continue
        context = frozenset(word for item in split_cell(row["context"]) for word in key_of(item).split())
        code = _resolve(row["concept"], terms, names, f"abbreviations.csv, {short}")
        own[short] = (*own.get(short, ()), Abbreviation(code, context))
    abbreviations.update(own)


def _openings(terms: dict[str, str]) -> dict[str, tuple[int, ...]]:
    masks: dict[str, int] = {}
    for key in terms:
        words = key.split(" ", 2)
        if len(words) > 1:
            opening = f"{words[0]} {words[1]}"
            masks[opening] = masks.get(opening, 0) | 1 << key.count(" ")
    shared: dict[int, tuple[int, ...]] = {}
    openings: dict[str, tuple[int, ...]] = {}
    for opening, mask in masks.items():
        if mask not in shared:
            shared[mask] = tuple(n + 1 for n in range(mask.bit_length() - 1, 0, -1) if mask >> n & 1)
        openings[opening] = shared[mask]
    return openings
