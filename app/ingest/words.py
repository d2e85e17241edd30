"""Small words that every registry form shares: ages, clean text, MeSH ids."""

from __future__ import annotations

import re

from matching import AGE_UNITS, AgeLimit

AGE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?) *(Year|Month|Week|Day|Hour|Minute)s?", re.IGNORECASE)

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

FIRST_LONG_NUMBER = {"D": 66388, "C": 588000}
"""MeSH numbers from here on are written with ten characters (D000066388); smaller ones have seven (D066331).

Descriptors: the largest of seven and the smallest of ten characters in MeSH 2021. Supplementary concepts: between the
largest of seven (C586847) and the smallest of ten (C000589319) that registry records hold.
"""


def age_limit(text: str) -> AgeLimit | None:
    """`18 Years`, `6 Months`, ... Anything else is None."""
    found = AGE.fullmatch(text.strip())
    if found is None:
        return None
    return AgeLimit(float(found[1]), AGE_UNITS[found[2].capitalize()])


def clean(text: str) -> str:
    """The text with NUL and lone surrogates, which no database holds, as U+FFFD; its length stays."""
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub("�", text)


def mesh_id(text: str) -> str:
    """The genuine spelling: `D000003924` is D003924, `D000084202` is itself."""
    if len(text) == 10 and text[1:4] == "000" and text[4:].isdigit() and text[0] in FIRST_LONG_NUMBER:
        return text[0] + text[4:] if int(text[4:]) < FIRST_LONG_NUMBER[text[0]] else text
    return text
