"""Scores whose values are no plain numbers: Child-Pugh letters and points, Gleason sums.

    child_pugh = name fillers [comparator] grade { ("," | "or" | "and" | "/" | "to" | "-") grade } ["or worse" | "or better"]
    grade      = ("A" | "B" | "C") [points]
    gleason    = name fillers [comparator] digit "+" digit ["=" digit]

Child-Pugh has two scales under one name, three classes and 5 to 15 points (A 5-6, B 7-9, C 10-15: Pugh et al. 1973).
They never meet, so an expression can hold for either: what a patient gives on one scale is compared on that scale.
"""

from __future__ import annotations

import re

from matching.knowledge.analytes import AnalyteMention
from matching.model.criterion import AllOf, AnyOf, Bound, Expression, ScoreIs, Unreadable
from matching.reading import comparators
from matching.reading.comparators import Comparator

PART_OF_A_CLASS = "the class holds more points than the text"
PART_OF_A_SUM = "the sum does not tell the order of its parts"

_POINTS = {"A": (5, 6), "B": (7, 9), "C": (10, 15)}
_LOWEST, _HIGHEST = 5, 15
_FILL = r"(?:[\s:(,=-]|\b(?:score|scores|class|classes|stage|status|grade|classification|category|of|is|are|at|was|cirrhosis|liver|function|ctp|a|an|only|as|with|disease)\b(?!\W+(?:or|and)\b))"
_GRADE = r"(?:class\s+|grade\s+|score\s+)?([ABC])\s?(\d{1,2})?(?![\w-])"
_LETTERS = re.compile(
    rf"(?:(?i:{_FILL}){{0,12}}?)(?P<compare>{comparators.SIGN}|(?i:greater\s+than(?:\s+or\s+equal\s+to)?|less\s+than(?:\s+or\s+equal\s+to)?|more\s+than|above|worse\s+than|better\s+than|no\s+worse\s+than|not\s+worse\s+than|at\s+least|up\s+to))?\s*(?i:class\s+|grade\s+)?(?P<first>[ABC])\s?(?P<points>\d{{1,2}})?(?![\w-]*[a-z])(?P<more>(?:\s*(?:,|/|-|\u2013|(?i:or|and|to|and/or)\b)\s*(?:(?i:or|and)\s+)?(?i:class\s+|grade\s+)?[ABC]\s?(?:\d{{1,2}})?(?![\w-]*[a-z])){{0,3}})"
    rf"(?P<after>\s*\(?(?i:or|and)\s+(?:(?P<worse>(?i:worse|higher|greater|above|more))|(?P<better>(?i:better|lower|less|below)))\b)?"
)
_EACH = re.compile(_GRADE)
_SUM = re.compile(
    rf"(?i)(?:[\s:(=]|\b(?:score|scores|sum|grade|pattern|of|is)\b){{0,8}}?(?P<compare>{comparators.SIGN})?\s*(?P<a>[1-5])\s?\+\s?(?P<b>[1-5])(?!\d)(?:\s?=\s?(?P<sum>\d{{1,2}}))?"
)

Found = tuple[int, int, Expression]


def read(text: str, mention: AnalyteMention, end: int) -> Found | None:
    """What the words behind the name of such a score say; None where a plain number follows, or nothing."""
    match mention.entry.instrument:
        case "child_pugh":
            return _child_pugh_letters(text, mention, end)
        case "gleason":
            return _gleason_sum(text, mention, end)
        case _:
            return None


def _child_pugh_letters(text: str, mention: AnalyteMention, end: int) -> Found | None:
    m = _LETTERS.match(text, mention.end, end)
    if m is None:
        return None
    grades = [(m["first"], m["points"]), *((g[1], g[2]) for g in _EACH.finditer(m["more"]))]
    ranges = [_range(letter, points) for letter, points in grades]
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    said = _side(m)
    if said is not None and len(grades) == 1:
        if said.end == "lower":
            low, high = (low if said.inclusive else high + 1), _HIGHEST
        elif said.end == "upper":
            low, high = _LOWEST, (high if said.inclusive else low - 1)
        else:
            return None
    if not _LOWEST <= low <= high <= _HIGHEST:
        return None
    return (
        mention.start,
        m.end(),
        child_pugh((mention.start, mention.end), (mention.start, m.end()), Bound(low, "1"), Bound(high, "1")),
    )


def _range(letter: str, points: str | None) -> tuple[int, int]:
    return (int(points), int(points)) if points else _POINTS[letter]


def _side(m: re.Match[str]) -> Comparator | None:
    """Worse is more points."""
    if m["worse"]:
        return comparators.GE
    if m["better"]:
        return comparators.LE
    said = m["compare"]
    if said is None:
        return None
    low = said.lower()
    if "worse" in low:
        return comparators.LE if low.startswith("no") else comparators.GT
    if "better" in low:
        return comparators.LT
    words = comparators.read_words(said, 0, len(said))
    return words[1] if words is not None else comparators.read_sign(said)


def child_pugh(
    points: tuple[int, int], classes: tuple[int, int], lower: Bound | None, upper: Bound | None
) -> Expression:
    """Bounds in points, said of points or of the classes that lie within them.

    `points`, `classes`: the spans of the two. The text writes one scale; the other follows from the name, and quotes it.
    """
    low = Bound(_LOWEST, "1") if lower is None else lower
    high = Bound(_HIGHEST, "1") if upper is None else upper
    least = low.value if low.inclusive else low.value + 1
    most = high.value if high.inclusive else high.value - 1
    # no class is above 3, so an open top end takes none in; an open bottom end would
    parts: list[Expression] = [ScoreIs(*points, "child_pugh", low, upper)]
    whole = [n for n, (a, b) in enumerate(_POINTS.values(), 1) if least <= a and b <= most]
    if whole:
        parts.append(ScoreIs(*classes, "child_pugh", Bound(whole[0], "1"), Bound(whole[-1], "1")))
    for n, (a, b) in enumerate(_POINTS.values(), 1):
        if n not in whole and least <= b and a <= most:
            partly = ScoreIs(*classes, "child_pugh", Bound(n, "1"), Bound(n, "1"))
            parts.append(AllOf((partly, Unreadable(*classes, PART_OF_A_CLASS))))
    return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0]


def _gleason_sum(text: str, mention: AnalyteMention, end: int) -> Found | None:
    m = _SUM.match(text, mention.end, end)
    if m is None:
        return None
    total = int(m["a"]) + int(m["b"])
    said = comparators.read_sign(m["compare"]) if m["compare"] else comparators.EQUAL
    if said is None or (m["sum"] and int(m["sum"]) != total):
        return None
    lower = Bound(total, "1") if said.end in ("lower", "equal") else None
    upper = Bound(total, "1") if said.end in ("upper", "equal") else None
    leaf = ScoreIs(mention.start, m.end(), "gleason", lower, upper)
    return mention.start, m.end(), AllOf((leaf, Unreadable(mention.start, m.end(), PART_OF_A_SUM)))
