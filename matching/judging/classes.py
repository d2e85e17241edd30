"""Scores given in words or letters, as their numbers: "NYHA class II", "IIIA", "cT2b", "T2N0M0".

A letter behind the number of a class names a part of it; the number stands for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from matching.knowledge import analytes
from matching.model.patient import Observation

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "a": 1, "b": 2, "c": 3, "d": 4}
_ORDINAL = re.compile(
    r"(?:.*\b)?(?:(?P<number>\d{1,3}(?:\.\d)?)|(?P<roman>iv|i{1,3}|v|[a-d]))(?:(?<=[\div])[a-d])?[\s.]*\Z",
    re.IGNORECASE | re.DOTALL,
)
_LETTERS = {"TNM T category": "T", "TNM N category": "N", "TNM M category": "M"}
_STRETCH = re.compile(
    r"(?<![A-Za-z0-9-])(?:[cpyr]{0,2}[TNM]\s?(?:[0-4](?:mi|[a-d])?\d?|[xX]|is|a)(?:\s?\([^()]{0,10}\))?[\s,;]*)+(?![\w-])"
)
_CATEGORY = re.compile(r"([TNM])\s?([0-4])")
_BARE = re.compile(r"\s*([0-4])\s?[a-d]?\d?\s*\Z")


def number_of(key: str, result: str) -> float | None:
    """The number of a result in words, None where it has none; `key` is the analyte's preferred name."""
    text = result[:60]
    letter = _LETTERS.get(key)
    if letter is not None:
        bare = _BARE.match(text)
        return float(bare[1]) if bare else categories(text).get(letter)
    found = _ORDINAL.match(text)
    if found is None:
        return None
    return float(found["number"]) if found["number"] else float(_ROMAN[found["roman"].lower()])


def categories(text: str) -> dict[str, float]:
    """The categories of a tumour that a text gives by their letters: "pT2 N0" is T 2 and N 0."""
    found: dict[str, float] = {}
    for stretch in _STRETCH.finditer(text[:60]):
        for m in _CATEGORY.finditer(stretch[0]):
            found.setdefault(m[1], float(m[2]))
    return found


def told_by_stage(observation: Observation, entry: analytes.AnalyteEntry | None) -> Iterator[Observation]:
    """The categories that the stage of a tumour gives ("TNM stage: T2N0M0"), each as an observation of its own."""
    if observation.result is None or not (
        "tnm" in observation.name.lower() or (entry is not None and entry.instrument == "ajcc_stage")
    ):
        return
    told = categories(observation.result)
    for name, letter in _LETTERS.items():
        if letter in told and (entry is None or entry.name != name):
            yield replace(observation, name=name, value=told[letter], unit=None, result=None, loinc=None)
