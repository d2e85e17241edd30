"""Comparators in words and signs: which end of a range a number is, and whether the number itself belongs to it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

End = Literal["lower", "upper", "equal", "lost", "near"]


class Comparator(NamedTuple):
    """`end` is the end of the range that the number is; "lost" where the sign is gone ("?3") or says no direction ("worse than"), "near" for "about 3"."""

    end: End
    inclusive: bool


GE, GT = Comparator("lower", True), Comparator("lower", False)
LE, LT = Comparator("upper", True), Comparator("upper", False)
EQUAL = Comparator("equal", True)
LOST = Comparator("lost", True)
NEAR = Comparator("near", True)

_UP = r"greater|grater|more|higher|older|larger|bigger|longer|later|heavier|major|superior"
_DOWN = r"less|lesser|lower|fewer|younger|smaller|shorter|earlier|inferior"
_OVER = r"over|above|beyond"
_UNDER = r"under|below"
_EQUAL = r"(?:\s*(?:,|/|or|and|and/or)\s*|\s+)(?:is\s+)?equal(?:s|ed)?(?:\s+(?:to|th[ae]n))?\b"

SIGN = (
    r"\\?[<>\u2264\u2265\u2266\u2267\u2a7d\u2a7e\uff1c\uff1e\u02c2\u02c3\uff1d=](?:\s?(?:\\?[<>=_/]|\\(?=[<>=])|&(?:amp;)?[lg]t;|or\s?\\?(?:=(?:\s?to\b)?|equal(?:\s+to)?))){0,3}"
    r"|&(?:amp;)?(?:lt|gt|le|ge);(?:\s?(?:\\?=|/\s?=))?"
    r"|\\u(?:226[4-7]|2a7[deDE]|003[ceCE])(?:\s?=)?"
)
"""A sign, however typed: >  \\>=  \u2265  =<  >/=  > or =  &gt;=  >_, or the code of one, left over from a file: a backslash and u2265."""

_CODED = re.compile(r"\\u([0-9a-f]{4})")

_WORDS = re.compile(
    rf"""(?ix)
    (?P<neg>(?:no|not|nor|never|does\s+not|do\s+not|must\s+not|cannot|shall\s+not)\s+(?:to\s+)?(?:be\s+)?)?
    (?:
        (?:(?P<up>{_UP})|(?P<down>{_DOWN})) (?: \s+(?:in\s+age\s+)?(?:th[ae]n|to)\b(?P<eq1>{_EQUAL}|\s+or(?=\s+\d))? | (?P<eq2>{_EQUAL}) )
      | (?:(?P<over>{_OVER})|(?P<under>{_UNDER}))\b(?P<eq3>{_EQUAL})?
      | (?P<exceed>exceed(?:s|ed|ing)?)\b
      | (?P<excess>in\s+excess\s+of)\b
    )
    | (?P<least>at\s+(?:the\s+)?least|(?:a\s+)?(?:minimum|minimal|mnimum)(?:\s+(?:of|age|score|value|weight)\b(?:\s+of\b)?)?|min\b\.?(?:\s+of\b)?)
    | (?P<most>at\s+(?:the\s+)?most|(?:a\s+)?(?:maximum|maximal)(?:\s+(?:of|age|score|value|weight)\b(?:\s+of\b)?)?|max\b\.?(?:\s+of\b)?|up\s?to)\b
    | equals?(?:\s+to)?\s*(?:,|/|or|and|and/or)\s*(?:to\s+)?(?:(?P<equp>{_UP}|{_OVER})|(?P<eqdown>{_DOWN}|{_UNDER}))\b(?:\s+(?:th[ae]n|to)\b(?:\s+or\s+equal\s+to\b)?)?
    | at\s+or\s+(?:(?P<atup>{_OVER})|(?P<atdown>{_UNDER}))\b
    | (?P<before>before|prior\s+to)\s+(?:the\s+)?age\b(?:\s+of\b)?
    | (?P<after>after)\s+(?:the\s+)?age\b(?:\s+of\b)?
    | (?P<start>starting\s+(?:from|at)|as\s+(?:low|young)\s+as)\b
    | (?P<unclear>(?:(?:no|not)\s+)?(?:better|worse|poorer)\s+(?:th[ae]n|or\s+equal\s+to)(?:\s+or\s+equal\s+to)?)\b
    | (?P<equal>equals?(?:\s+to\b)?|equivalent\s+to)\b
    | (?P<near>approximately|approx\b\.?|about|around|roughly|circa|nearly)
    """
)
"""comparator := ["no"] ("greater" | "less" | ...) "than" ["or equal to"] | ["not"] ("over" | "under") | "at least" | ..."""

STARTS = frozenset(
    "no not nor never does do must cannot shall at a minimum minimal mnimum min maximum maximal max up upto equal equals "
    "before prior after equivalent better worse poorer in starting as approximately approx about around roughly circa nearly exceed exceeds exceeded exceeding".split()
    + _UP.split("|") + _DOWN.split("|") + _OVER.split("|") + _UNDER.split("|")
)  # fmt: skip
"""The words that a comparator may begin with, in lower case."""

_AFTER = re.compile(
    rf"""(?ix)
    (?:or|and|and/or|&|to|,)\s+(?:is\s+|are\s+|any\s+)?
    (?:(?P<up>{_UP}|{_OVER}|up(?:wards?)?|elder|plus|beyond|greate)|(?P<down>{_DOWN}|{_UNDER}))\b
    (?!\s+(?:th[ae]n|to|or\s+equal|the|normal)\b)(?!\s*(?:\d|\\?[<>=\u2264\u2265]))
    | (?P<plus>\+|plus\b)(?!\s*[/\d])
    | (?P<least>(?:as\s+a\s+)?minimum\b|at\s+(?:the\s+)?least\b(?!\s*\d)|min\.(?=\W))
    | (?P<most>(?:as\s+a\s+)?maximum\b|at\s+most\b(?!\s*\d)|max\.(?=\W))
    """
)
"""after := ("or" | "and") ("older" | "less" | ...) | "+" | "minimum" | "maximum", behind the number."""


def read_sign(raw: str) -> Comparator | None:
    """A run of comparison characters; None where it points both ways ("<>")."""
    low = _CODED.sub(lambda m: chr(int(m[1], 16)), raw.lower())
    more = ">" in low or "gt" in low or "ge;" in low or any(c in low for c in "\u2265\u2267\u2a7e\uff1e\u02c3")
    less = "<" in low or "lt" in low or "le;" in low or any(c in low for c in "\u2264\u2266\u2a7d\uff1c\u02c2")
    inclusive = (
        any(c in low for c in "=_\u2265\u2264\u2267\u2266\u2a7e\u2a7d\uff1d")
        or "ge;" in low
        or "le;" in low
        or "equal" in low
    )
    if more and less:
        return None
    if more:
        return GE if inclusive else GT
    if less:
        return LE if inclusive else LT
    return EQUAL


def read_words(text: str, pos: int, end: int) -> tuple[int, Comparator] | None:
    """The comparator in words that begins at `pos`, with its end; None when there is none."""
    m = _WORDS.match(text, pos, end)
    if m is None:
        return None
    negated, found = m["neg"] is not None, None
    inclusive = (m["eq1"] or m["eq2"] or m["eq3"]) is not None
    if m["up"] or m["over"] or m["exceed"] or m["excess"]:
        found = Comparator("lower", inclusive)
    elif m["down"] or m["under"]:
        found = Comparator("upper", inclusive)
    if found is not None:
        if negated:
            found = Comparator("upper" if found.end == "lower" else "lower", not inclusive)
        return m.end(), found
    if m["before"]:
        return m.end(), LT
    if m["after"] or m["least"] or m["equp"] or m["atup"] or m["start"]:
        return m.end(), GE
    if m["most"] or m["eqdown"] or m["atdown"]:
        return m.end(), LE
    return m.end(), NEAR if m["near"] else LOST if m["unclear"] else EQUAL


def read_after(text: str, pos: int, end: int) -> tuple[int, Comparator] | None:
    """The comparator behind a number ("or older", "+") that begins at `pos`, with its end."""
    m = _AFTER.match(text, pos, end)
    if m is None:
        return None
    return m.end(), GE if m["up"] or m["plus"] or m["least"] else LE
