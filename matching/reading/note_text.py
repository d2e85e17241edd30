"""A clinical note cut into sentences, each with the section that it stands in; offsets are into the note as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Section = Literal["", "family", "allergies", "history", "medications"]

LONGEST_SENTENCE = 1500
"""What runs on longer is cut at a space: no person writes such a sentence, and what is in it stays readable."""

_HIDDEN = re.compile(r"\[\*\*[^\[\]]{0,80}\*\*\]")
_HEADING = re.compile(r"[ \t*#\-]{0,8}([A-Za-z][A-Za-z /&'-]{1,40}?)[ \t]{0,4}:")
_SECTIONS: tuple[tuple[str, Section], ...] = (
    (r"family|fh|fhx|family hx", "family"),
    (r"allerg|nkda", "allergies"),
    (r"pmh|psh|past |prior medical|medical history|surgical history|history of past|problem list|comorbidit|history$", "history"),
    (r"(?:home |current |discharge |outpatient )?med(?:s|ications?)\b", "medications"),
)  # fmt: skip
_SECTION = re.compile("|".join(f"(?P<s{n}>{words})" for n, (words, _) in enumerate(_SECTIONS)), re.IGNORECASE)
_END = re.compile(r"[.!?]+[\"')\]]{0,2}(?=\s|$)|\n+|\r+")
_ABBREVIATED = re.compile(
    r"(?i)(?:\b(?:e\.g|i\.e|vs|cf|approx|dr|mr|mrs|ms|st|no|hx|pt|wt|ht|temp|resp|dx|tx|rx|s\.p|yr|yrs|mo|wk|hr|hrs|q\.d|b\.i\.d|t\.i\.d|p\.o)|\b[a-z])\Z"
)


class Sentence(NamedTuple):
    """text[start:end] is one sentence, or one line of a list."""

    start: int
    end: int
    section: Section


def shown(note: str) -> str:
    """The note with what was hidden to protect somebody ("[**2148-10-1**]") as blanks: every place stays."""
    return _HIDDEN.sub(lambda m: " " * len(m[0]), note)


def sentences(text: str) -> Iterator[Sentence]:
    """Note = { [heading ":"] sentence }; a heading that is known holds until the next line with a heading."""
    section: Section = ""
    start, line_start = 0, True
    for stop in _END.finditer(text):
        broken = stop[0][0] in "\n\r"
        if broken:
            follows = text[stop.end() : stop.end() + 1]
            before = text[max(start, stop.start() - 1) : stop.start()]
            if len(stop[0]) == 1 and follows.islower() and before not in (".", ":", ";", ""):
                continue  # a line that was wrapped
        elif (
            _ABBREVIATED.search(text, max(start, stop.start() - 12), stop.start())
            and text[stop.end() : stop.end() + 2].strip()[:1].islower()
        ):
            continue
        end = stop.start() if broken else stop.end()
        if line_start:
            section = _section(text, start, end, section)
        yield from _pieces(text, start, end, section)
        start, line_start = stop.end(), broken
    if line_start:
        section = _section(text, start, len(text), section)
    yield from _pieces(text, start, len(text), section)


def _section(text: str, start: int, end: int, current: Section) -> Section:
    """Heading = words ":" at the beginning of a line. One that is not known ends the section before it when it stands alone."""
    while start < end and text[start].isspace():
        start += 1
    heading = _HEADING.match(text, start, end)
    if heading is None:
        return current
    found = _SECTION.match(heading[1])
    if found is not None and found.lastgroup is not None:
        return _SECTIONS[int(found.lastgroup[1:])][1]
    return "" if len(heading[1]) > 3 else current


def _pieces(text: str, start: int, end: int, section: Section) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end - start > LONGEST_SENTENCE:
        cut = text.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
        cut = cut if cut > 0 else start + LONGEST_SENTENCE
        yield Sentence(start, cut, section)
        start = cut
    if start < end:
        yield Sentence(start, end, section)
