"""Values and results in a note: vitals, laboratory lists, scores, tests in words. The names and units are the criteria's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from matching.knowledge import analytes
from matching.knowledge.analytes import AnalyteEntry, AnalyteMention
from matching.knowledge.conversion import assume_unit, fits, plausible
from matching.knowledge.units import match_unit
from matching.model.patient import NoteSpan, Observation
from matching.reading import numbers
from matching.reading.note_cues import Cues
from matching.reading.note_text import Sentence

_FILL = (
    r"(?:levels?|counts?|values?|scores?|scale|rates?|index|results?|class|grade|stage|readings?|ratio|status|ps|is|was|were|are|of|at|up|to|be|it|has|had|been|now|only|"
    r"measur\w+|equals?|found|reported|recorded|came|back|stable|elevated|raised|increased|decreased|reduced|low|high|normal|irregular|regular|around|about|"
    r"approximately|currently|today|initially|on|admission|presentation|arrival|the|a|an|mean|average|peak|last|latest|most|recent|for|in)"
)
_LINK = re.compile(rf"(?i)(?:\s*\([^()\d]{{0,20}}\))?(?:[\s:=~-]{{0,3}}\b{_FILL}\b){{0,7}}[\s:=~]{{0,3}}(?:-\s)?")
_COMPARE = re.compile(r"(?:(?P<sign><=|>=|<|>|≤|≥)|(?P<less>(?i:less\s+than|below|under))|(?P<more>(?i:greater\s+than|more\s+than|above|over)))\s*")  # fmt: skip
_VALUE = re.compile(rf"(?P<number>{numbers.DIGITS})")
_RANGE = re.compile(rf"\s?(?:-|–|to)\s?(?P<high>{numbers.DIGITS})(?![\d/])")
_OVER = re.compile(r"\s?/\s?(\d{1,3})(?![\d.,]*\d)")
_ROMAN = re.compile(r"(?:I{1,3}|IV|V)(?![A-Za-z])")
_LETTER = re.compile(r"[ABC](?![A-Za-z])")
_SIGNS = {"≤": "<=", "≥": ">=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_POSITIVE = r"positive|negative|non-?reactive|reactive|not\s+detected|undetectable|detected|unremarkable|within\s+normal\s+limits|wnl|normal|abnormal|elevated"
_RESULT_AFTER = re.compile(
    rf"(?i)[\s-]*(?:/[A-Z][\w-]{{0,6}})?(?:\s*(?:test(?:ing|s)?|assay|screen(?:ing)?|serolog(?:y|ies)|status|antibod(?:y|ies)|titers?|culture|levels?|exam(?:ination)?|findings?))?\s*(?:\([^()]{{0,12}}\))?\s*(?:(?:is|was|were|are|came\s+back|remained|:|=|-)\s*)?(?:(?:strongly|weakly|also|all|both|repeatedly)\s+)?(?P<word>{_POSITIVE}|\+(?=[\s,.;)]|$))(?![\w+])(?!\s+for\b)"
)
_RESULT_BEFORE = re.compile(rf"(?i)\b(?P<word>{_POSITIVE})\s+(?:for\s+)?(?:(?:serum|plasma|urine|blood|anti)\s+)*$")
_LISTED = re.compile(r"(?i)(?:\s|,|/|and|or|&)+\Z")
_WORDS = {"+": "positive", "wnl": "normal", "within normal limits": "normal", "unremarkable": "normal", "nonreactive": "negative",
          "non-reactive": "negative", "reactive": "positive", "undetectable": "not detected"}  # fmt: skip
_BARE_TEMPERATURE = re.compile(
    r"(?:(?<![\w-])(?:T|Tm|Tmax|TMAX)\s{0,2}[:=]?\s{0,2}|(?i:\bfevers?\s+(?:up\s+to|of|to|as\s+high\s+as|ranging\s+from|\()\s{0,2}))(?P<number>\d{2,3}(?:\.\d{1,2})?)(?![\d/])(?!\s?(?:[x%]|days?|weeks?|hours?|years?|mm|cm))"
)
_FEVER_RANGE = re.compile(r"\s?(?:-|–|to)\s?(?P<high>\d{2,3}(?:\.\d{1,2})?)(?![\d/])")
_GOES_ON = re.compile(r"[\w/]|[.,]\d")
PRESSURES = {"blood pressure": ("systolic blood pressure", "diastolic blood pressure")}
"""A pair of numbers under one name is two observations."""


def observations(
    text: str, sentence: Sentence, cues: Cues, mentions: Sequence[AnalyteMention]
) -> Iterator[Observation]:
    """Observation = name [link] [comparison] value [unit] | name [link] result | result name.

    A value that cannot be (by its unit or its size) is left out: it was misread or mistyped.
    """
    said: str | None = None
    taken: list[tuple[int, int]] = []
    for n, mention in enumerate(mentions):
        stop = mentions[n + 1].start if n + 1 < len(mentions) else sentence.end
        if cues.meaning(mention.start, mention.start).family:
            continue
        found = list(_valued(text, mention, stop, sentence.end))
        if found:
            taken.append((mention.start, max(o.span.end for o in found if o.span)))
            said = None
            yield from found
            continue
        result, said = _result(text, sentence, mentions, n, stop, said)
        if result is not None:
            meaning = cues.meaning(mention.start, mention.end)
            if not (meaning.unsure or meaning.planned):
                yield result
    for o in _temperatures(text, sentence):
        if o.span is not None and all(o.span.end <= a or o.span.start >= b for a, b in taken):
            yield o


def _valued(text: str, mention: AnalyteMention, stop: int, end: int) -> Iterator[Observation]:
    entry = mention.entry
    link = _LINK.match(text, mention.end, stop)
    at = link.end() if link is not None else mention.end
    compare = _COMPARE.match(text, at, stop)
    comparator = None
    if compare is not None:
        comparator = _SIGNS[compare["sign"]] if compare["sign"] else "<" if compare["less"] else ">"
        at = compare.end()
    if entry.kind == "score" and (graded := _graded(text, at, stop, entry)) is not None:
        yield _made(entry, graded[1], None, mention.start, graded[0], mention.setting)
        return
    value = _VALUE.match(text, at, end)
    if value is None or value.start() >= stop or (at == mention.end and at > 0 and text[at - 1].isalnum()):
        return
    readings = numbers.read_digits(value["number"])
    pos = value.end()
    if entry.name in PRESSURES or entry.name == "systolic blood pressure":
        over = _OVER.match(text, pos, end)
        if over is None and entry.name in PRESSURES:
            return
        if over is not None:
            yield from _pressures(text, entry, readings[0], float(over[1]), mention.start, over.end(), end)
            return
    high = _RANGE.match(text, pos, end)
    top = numbers.read_digits(high["high"]) if high is not None else None
    pos = high.end() if high is not None else pos
    if entry.kind == "score":
        over = _OVER.match(text, pos, end)
        pos = over.end() if over is not None else pos
    sized = _sized(text, entry, readings, pos, end)
    if sized is None:
        return
    chosen, unit, pos = sized
    o = _made(entry, chosen, unit, mention.start, pos, mention.setting, comparator, value["number"])
    if top is not None:
        if top[0] <= chosen:
            return
        o = replace(o, value_high=top[0], comparator=None)
    yield o


def _graded(text: str, at: int, stop: int, entry: AnalyteEntry) -> tuple[int, float] | None:
    """A class in roman numerals ("NYHA III") or letters ("Child-Pugh B")."""
    roman = _ROMAN.match(text, at, stop)
    if roman is not None:
        read = numbers.read_roman(roman[0])
        return None if read is None else (roman.end(), float(read[0]))
    if entry.instrument == "child_pugh" and (letter := _LETTER.match(text, at, stop)) is not None:
        return letter.end(), float("ABC".index(letter[0]) + 1)
    return None


def _sized(
    text: str, entry: AnalyteEntry, readings: Sequence[float], pos: int, end: int
) -> tuple[float, str | None, int] | None:
    """The likeliest reading of the number that can be of this analyte, with its unit: as written, else the one that is meant."""
    written = match_unit(text, pos, end)
    if written is not None and fits(written[1], entry.name):
        for value in readings:
            if plausible(entry, value, written[1]) is not False:
                return value, written[1], written[0]
        return None
    if written is not None and entry.units and text[pos : pos + 1] not in (",", ".", ";", ")"):
        return None  # a number of something else: "pulse 3 days ago"
    if _GOES_ON.match(text, pos, end):
        return None
    if entry.kind != "measurement":
        top = entry.plausible_high
        return (readings[0], None, pos) if top is None or readings[0] <= top else None
    for value in readings:
        unit = assume_unit(entry, value)
        if unit is not None:
            return value, unit, pos
    anything = [v for v in readings if any(plausible(entry, v, u) is not False for u in entry.units)]
    return (anything[0], None, pos) if anything or not entry.units else None


def _pressures(
    text: str, entry: AnalyteEntry, upper: float, lower: float, start: int, pos: int, end: int
) -> Iterator[Observation]:
    unit = match_unit(text, pos, end)
    if unit is not None and fits(unit[1], "blood pressure"):
        pos = unit[0]
    if not (30 <= lower < upper <= 300):
        return
    for name, value in zip(PRESSURES["blood pressure"], (upper, lower), strict=True):
        one = analytes.by_name(name)
        if one is not None:
            yield _made(one, value, "mm[Hg]", start, pos, None)


def _made(
    entry: AnalyteEntry,
    value: float,
    unit: str | None,
    start: int,
    end: int,
    setting: str | None,
    comparator: str | None = None,
    raw: str = "",
) -> Observation:
    digits = len(raw.partition(".")[2]) if "." in raw and "," not in raw else None
    signs = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return Observation(
        entry.name,
        entry.loinc,
        value,
        unit,
        comparator=signs.get(comparator or ""),  # type: ignore[arg-type]  # one of the four signs
        digits=digits,
        setting=setting,
        span=NoteSpan(start, end),
    )


def _result(
    text: str, sentence: Sentence, mentions: Sequence[AnalyteMention], n: int, stop: int, said: str | None
) -> tuple[Observation | None, str | None]:
    """The result in words behind the name, before it, or before the name that it is listed with."""
    mention = mentions[n]
    begin, finish = mention.start, mention.end
    after = _RESULT_AFTER.match(text, mention.end, stop if n + 1 < len(mentions) else sentence.end)
    lead_from = mentions[n - 1].end if n else sentence.start
    before = _RESULT_BEFORE.search(text[max(lead_from, mention.start - 60) : mention.start])
    word: str | None = None
    if after is not None:
        word, finish, said = after["word"], after.end(), None
    elif before is not None:
        begin = max(lead_from, mention.start - 60) + before.start()
        word = said = before["word"]
    elif said is not None and n and _LISTED.match(text[mentions[n - 1].end : mention.start]):
        word = said
    else:
        said = None
    if word is None:
        return None, said
    plain = " ".join(word.lower().split())
    plain = _WORDS.get(plain, plain)
    if mention.entry.kind == "score" or (plain == "elevated" and mention.entry.kind == "result"):
        return None, said
    o = Observation(
        mention.entry.name, mention.entry.loinc, result=plain, setting=mention.setting, span=NoteSpan(begin, finish)
    )
    return o, said


def _temperatures(text: str, sentence: Sentence) -> Iterator[Observation]:
    """Temperature = "T" number | "fever of" number [unit]: by its size in Celsius or Fahrenheit."""
    entry = analytes.by_name("body temperature")
    if entry is None or _VALUE.search(text, sentence.start, sentence.end) is None:
        return
    for m in _BARE_TEMPERATURE.finditer(text, sentence.start, sentence.end):
        values, pos = [float(m["number"])], m.end()
        high = _FEVER_RANGE.match(text, pos, sentence.end)
        if high is not None:
            values.append(float(high["high"]))
            pos = high.end()
        unit = "Cel" if 30 <= values[0] <= 44 else "[degF]" if 86 <= values[0] <= 111 else None
        written = match_unit(text, pos, sentence.end)
        if written is not None and written[1] in ("Cel", "[degF]"):
            unit, pos = written[1], written[0]
        if unit is None or not all(plausible(entry, v, unit) for v in values):
            continue
        o = _made(entry, values[0], unit, m.start(), pos, None, None, m["number"])
        yield replace(o, value_high=values[1]) if len(values) > 1 and values[1] > values[0] else o
