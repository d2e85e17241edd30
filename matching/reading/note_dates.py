"""Days in a note: written out, or counted back from the day of the note."""

from __future__ import annotations

import re
from datetime import date, timedelta

from matching.model.patient import PartialDate
from matching.reading.numbers import read_word

_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = r"(?P<{}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{{0,6}}\.?"
_WRITTEN = re.compile(
    rf"""(?ix)(?<![\d/.-])(?:
      (?P<iso>\d{{4}}-\d{{2}}(?:-\d{{2}})?)(?![\d-])
    | {_MONTH.format("m1")}\s+(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<y1>(?:19|20)\d\d)\b
    | (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH.format("m2")},?\s+(?P<y2>(?:19|20)\d\d)\b
    | (?P<day>\d{{1,2}})/(?P<other>\d{{1,2}})/(?P<y3>(?:19|20)\d\d)(?![\d/])
    | \b(?:in|since)\s+(?P<y4>(?:19|20)\d\d)\b
    )"""
)
_COUNT = r"(?P<n>\d{1,3}(?:\.\d)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_UNIT = r"(?P<u>day|week|wk|month|mo|year|yr)s?"
_AGO = re.compile(rf"(?i)\b{_COUNT}[\s-]+{_UNIT}\s+(?:ago|earlier|before\s+(?:admission|presentation)|prior(?:\s+to\s+(?:(?:his|her|the)\s+)?(?:admission|presentation|arrival))?)\b")  # fmt: skip
_FOR = re.compile(
    rf"(?i)(?:\b(?:for|over|of|during)\s+(?:the\s+)?(?:past|last|previous|about|around|approximately)?\s*{_COUNT}[\s-]+{_UNIT}\b|\b{_COUNT.replace('?P<n>', '?P<n2>')}[\s-]+{_UNIT.replace('?P<u>', '?P<u2>')}['’]?[\s-]+(?:history|hx|h/o)\b)"
)
_ROUGH = frozenset({"week", "month", "year"})


def written(text: str, start: int, end: int) -> tuple[int, int, PartialDate] | None:
    """The first date written in text[start:end]: 2026-11-02, November 2026, 2 Nov 2026, in 2019.

    11/02/2026 may be either month: the year is what it surely says.
    """
    m = _WRITTEN.search(text, start, end)
    if m is None:
        return None
    try:
        if m["iso"]:
            return m.start(), m.end(), PartialDate.parse(m["iso"])
        year = int(m["y1"] or m["y2"] or m["y3"] or m["y4"])
        month = m["m1"] or m["m2"]
        day = int(m["d1"] or m["d2"]) if (m["d1"] or m["d2"]) else None
        if m["day"] and int(m["day"]) == int(m["other"]):
            month, day = list(_MONTHS)[int(m["day"]) - 1] if int(m["day"]) <= 12 else None, int(m["day"])
        elif m["day"] and (int(m["day"]) > 12) != (int(m["other"]) > 12):
            first, second = int(m["day"]), int(m["other"])
            day, number = (first, second) if first > 12 else (second, first)
            month = list(_MONTHS)[number - 1] if 1 <= number <= 12 else None
        if month is None:
            return m.start(), m.end(), PartialDate(year)
        found = PartialDate(year, _MONTHS[month.lower()], day)
        if day is not None:
            date(found.year, found.month or 1, day)
        return m.start(), m.end(), found
    except (ValueError, IndexError):
        return None


def counted(text: str, start: int, end: int, on: date, *, lasting: bool) -> PartialDate | None:
    """When something was that is told as "two weeks ago", or began that has lasted "for 9 months" (`lasting`).

    As rough as people count: weeks ago is a month, months ago a month, years ago a year.
    """
    m = (_FOR if lasting else _AGO).search(text, start, end)
    if m is None:
        return None
    groups = m.groupdict()
    said, unit = (
        (groups.get("n") or groups.get("n2") or "").lower(),
        (groups.get("u") or groups.get("u2") or "").lower(),
    )
    count = 1.0 if said in ("a", "an") else read_word(said) if said.isalpha() else float(said)
    if count is None:
        return None
    days = count * {"d": 1.0, "w": 7.0, "m": 30.4375, "y": 365.25}[unit[0]]
    if days > 40_000:
        return None
    then = on - timedelta(days=round(days))
    if unit[0] == "d":
        return PartialDate(then.year, then.month, then.day)
    return PartialDate(then.year) if unit[0] == "y" else PartialDate(then.year, then.month)
