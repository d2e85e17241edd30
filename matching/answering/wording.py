"""The sentences of the answer, from one table per language: `wording.en.csv`, `wording.es.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "es"]
Audience = Literal["patient", "clinician"]

LANGUAGES: tuple[Language, ...] = ("en", "es")
AUDIENCES: tuple[Audience, ...] = ("patient", "clinician")


@cache
def sentences(language: Language) -> Mapping[str, Mapping[str, str]]:
    """Key -> audience -> sentence with `{placeholders}`, in the order of the table."""
    source = files("matching.answering").joinpath(f"wording.{language}.csv")
    with source.open(encoding="utf-8") as table:
        return {row["key"]: {audience: row[audience] for audience in AUDIENCES} for row in csv.DictReader(table)}


@dataclass(frozen=True, slots=True)
class Wording:
    """One language for one audience."""

    language: Language = "en"
    audience: Audience = "patient"

    def has(self, key: str) -> bool:
        """Whether the table has such a sentence."""
        return key in sentences(self.language)

    def say(self, key: str, **values: str) -> str:
        """The sentence with its placeholders filled. Raises KeyError for an unknown key or a missing value."""
        return sentences(self.language)[key][self.audience].format(**values)

    def word(self, group: str, name: str) -> str:
        """A single word of a group ("anchor", "unit", ...); one that the table lacks stands as it is."""
        key = f"{group}.{name}"
        return sentences(self.language)[key][self.audience] if self.has(key) else name.replace("_", " ")

    def listing(self, items: tuple[str, ...]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.word('word', 'and')} {items[-1]}"
