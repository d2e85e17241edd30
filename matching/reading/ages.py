"""Whether a stretch of time is an age, whose, or a life expectancy."""

from __future__ import annotations

import re

from matching.reading.measured_line import MeasuredLine
from matching.reading.quantities import Value
from matching.reading.subjects import HEAD, PEOPLE, Subject, by_name

TIME = frozenset({"a", "mo", "wk", "d", "h", "min"})
"""The units of time that ages and life expectancies come in."""

_AGE_BEFORE = re.compile(
    r"(?i)\b(?:age[ds]?|aging|ageing|agemust|years\s+old)\b(?:\s*\(?(?:years|yrs?|y)\)?)?[^.;<>\d]{0,40}$"
)
_OTHER_AGE_BEFORE = re.compile(
    r"(?i)\b(?:onset|diagnosis|diagnosed|menarche|menopause|menopausal|bone|mental|donors?|partner|gestation\w*|conception(?:al|s)?|developmental|maternal|mother'?s?|father'?s?|parental|skeletal|first\s+\w+)\b[^.;,]{0,30}$"
)
_OTHER_AGE_AFTER = re.compile(
    r"(?i)\s*(?:old\s+)?(?:at|of)\s+(?:the\s+)?(?:time\s+of\s+)?(?:initial\s+|first\s+|disease\s+|symptom\s+)?(?P<what>onset|diagnosis|gestation\w*|menarche|menopause|symptoms?\s+onset)\b|\s*(?:of\s+)?(?:completed\s+)?(?P<gest>gestation\w*|GA\b|amenorrh)"
)
_GESTATION = re.compile(r"(?i)\bgestation\w*(?:\s+(?:age|period))?[^.;,\d]{0,25}$")
_LIFE = re.compile(
    r"(?i)\b(?:life[\s-]*expectanc\w*|life\s+expectation|(?:expected|anticipated|estimated|predicted|projected|likely|overall)\s+(?:overall\s+)?(?:survival|lifespan|life\s*span|life)(?:\s+(?:time|period))?|expected\s+to\s+(?:live|survive)|survival\s+(?:expectancy|expectation|time|prognosis|estimate)|expectancy\s+of\s+life|prognosis|anticipated\s+life\w*|survival)\b"
)


_GOES_ON_AS_AGE = re.compile(
    r"(?i)\s*(?:$|\\?[,;.:()\[\]/*\u2265\u2264<>-]|(?:and|or|but|with|who|whom|at|in|on|to|inclusive(?:ly)?|included|males?|females?|men|women|man|woman|boys?|girls?|patients?|subjects?|participants?|"
    r"children|adults?|volunteers?|individuals?|of\s+(?:either|both|any|all|whatever)|diagnosed|undergoing|scheduled|admitted|presenting|having|referred|requiring|from|for|both|"
    r"regardless|as|suffering|treated|without|receiving|hospitali[sz]ed|planned|whose|have|has|had|that|when|will|able|willing|american\w*|healthy)\b)|(?=\s*\n)"
)
"""What may follow an age that is only told by the people before it: "must be at least 1 year postmenopausal" is none."""
_NO_AGE = re.compile(
    r"(?i)\s*(?:on|since|after|post\w*|following|prior|before|free|ago|duration|history|"
    r"of\s+(?!age\b|either\b|both\b|any\b|all\b|life\b|whatever\b)\w)"
)
"""What follows a time at the head of a line that is no age: "less than 1 year on insulin"."""


def age(line: MeasuredLine, value: Value, floor: int) -> Subject | None:
    """Age = "aged" value | value "of age" | people value "years" | value "or older"."""
    text, q = line.text, value.quantity
    if (q.unit not in TIME and q.unit not in (None, "m")) or q.times is not None or q.roman:
        return None
    low = max(line.start, value.start - 70, line.tokens[floor - 1].end if floor else 0)
    lead = text[low : value.start]
    said = text[value.start : value.end].lower()
    other = _OTHER_AGE_AFTER.match(text, value.end, line.end) or (
        _GESTATION.search(lead) if q.unit in ("wk", "d") else None
    )
    if other is not None and q.unit is not None:
        return _other_age(line, lead, value, other)
    word = _AGE_BEFORE.search(lead) or (" age" in said or "aged" in said or "ages" in said)
    if value.form == "bare" and not (value.older or word):
        return None
    if not word and not value.older:
        if _aged_by_words(line, value, lead, low):
            return Subject("age", value.start, value.start)
        if q.unit is None or q.unit == "min":
            return None
        people = PEOPLE.search(lead)
        if not (people or (HEAD.match(lead) and low == line.start and q.unit in ("a", "mo"))):
            return None
        if not people and _NO_AGE.match(text, value.end, line.end) is not None:
            return None
        if people and _GOES_ON_AS_AGE.match(text, value.end, line.end) is None:
            return None
        if people and re.search(r"(?i)(?:must\s+be|be|is|are)\s*$", people[0]) and q.unit != "a":
            return None
    if q.unit is None and value.form == "lost" and not word:
        return None
    other = _OTHER_AGE_BEFORE.search(lead)
    if other is not None:
        return _other_age(line, lead, value, other)
    start = value.start
    if word and not isinstance(word, bool):
        start = low + word.start()
    return Subject("age", start, start)


def _aged_by_words(line: MeasuredLine, value: Value, lead: str, low: int) -> bool:
    """Age without a word for it: "patients under 18" | ", over 18 years," | "18-50 ages" | "19 and over, under 75" as a whole line."""
    q, text = value.quantity, line.text
    rest = text[value.end : min(line.end, value.end + 40)]
    said = text[value.start : value.end].lower()
    if re.match(r"(?i)\s*(?:ages?\b|in\s+age\b)", rest):
        return True
    worded = re.match(r"(?:over|above|under|below)\b", said) is not None
    ends = re.match(r"(?i)\s*(?:[,;.)]|$|and\b|or\b|with\b|of\s+(?:either|both|any)\b|who\b)", rest) is not None
    people = re.search(r"(?i)(?:patients?|subjects?|participants?|adults?|children|people|persons)\s*$", lead)
    if ends and people and value.form == "bound" and q.unit is None and 10 <= q.first <= 100 and not q.word:
        return True
    if (
        worded
        and ends
        and ((q.unit == "a" and q.first >= 10) or (q.unit is None and 1 <= q.first <= 100 and PEOPLE.search(lead)))
    ):
        return True
    alone = low == line.start and HEAD.match(lead) is not None and not rest.strip(" .,;)")
    return (
        alone and q.unit is None and re.search(r"over|above|under|below|up", said) is not None and 1 <= q.first <= 110
    )


def _other_age(line: MeasuredLine, lead: str, value: Value, other: re.Match[str]) -> Subject | None:
    """An age that is not the patient's own age now: at onset, at diagnosis, of the donor, gestational."""
    if _LIFE.search(lead):
        return None
    said = other[0].lower()
    word = next(
        w
        for w in ("gest", "onset", "diagnos", "menarche", "menopaus", "bone", "mental", "donor", "partner", "")
        if w in said
    )
    names = {
        "gest": "gestational age",
        "onset": "age at onset",
        "diagnos": "age at diagnosis",
        "": "age of another kind",
    }
    return by_name(Subject("phrase", value.start, value.start, name=names.get(word, f"age ({word})")), value)


def life(line: MeasuredLine, value: Value) -> Subject | None:
    """Life expectancy = "life expectancy" ["of"] value | value "survival"."""
    q = value.quantity
    if q.unit not in TIME or value.form == "bare":
        return None
    low = max(line.start, value.start - 60)
    found = next(reversed(list(_LIFE.finditer(line.text, low, value.start))), None)
    if found is not None and not re.search(r"[.;]\s", line.text[found.end() : value.start]):
        return Subject("life", found.start(), found.end())
    after = _LIFE.search(line.text, value.end, min(line.end, value.end + 25))
    if after is not None and re.fullmatch(r"(?i)\s*(?:of\s+)?(?:the\s+)?", line.text[value.end : after.start()]):
        return Subject("life", after.start(), after.end())
    return None
