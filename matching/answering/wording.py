"""The sentences of the answer, from one table per language: `wording.en.csv`, `wording.es.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

_SOUNDS_LIKE_I = re.compile(r"h?[ií](?![aeo])", re.IGNORECASE)

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
        """A single word of a group ("anchor", "unit", ...); one that the table lacks stands as it is, in English at least."""
        key = f"{group}.{name}"
        if self.has(key):
            return sentences(self.language)[key][self.audience]
        plain = name.replace("_", " ")
        return plain if self.language == "en" else self.say("quoted", quote=plain)

    def listing(self, items: tuple[str, ...]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self._joint(items[-1])} {items[-1]}"

    def _joint(self, following: str) -> str:
        """The "and" before a word: in Spanish it is "e" before the sound of an i."""
        if self.language == "es" and _SOUNDS_LIKE_I.match(following):
            return "e"
        return self.word("word", "and")
