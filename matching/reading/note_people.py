"""Who a note is about: age, sex, pregnancy, habits, and what the patient is said to agree to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from matching.knowledge.units import match_unit
from matching.model.codes import Sex
from matching.model.patient import Quantity
from matching.reading.note_cues import RELATIVES, Cues, Meaning
from matching.reading.note_text import Sentence
from matching.reading.numbers import read_word

_NUMBER = r"(?P<n>\d{1,3}(?:\.\d)?|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_AGE = re.compile(
    rf"""(?ix)\b{_NUMBER}[\s-]{{0,3}}(?:
      (?P<unit>y(?:ea)?rs?|months?|mos?|weeks?|wks?|days?)[\s-]{{0,3}}(?:old|of\s+age)\b
    | (?P<yo>y\.?\s?/?\s?o\b\.?|yo(?=[fm]\b))
    )"""
)
_AGED = re.compile(
    rf"(?i)\b(?:age[d]?(?:\s+(?:of|is))?|age\s*:)\s*{_NUMBER}\b\s*(?P<unit>years?|yrs?|months?|weeks?|days?)?"
)
_SHORT_AGE = re.compile(r"(?:\A|(?<=[\s(]))(?P<n>\d{1,3})\s?(?P<sex>[MF])\b(?=[\s,.:]|$)")
_SHORT_SEX = re.compile(r"[\s,-]{0,3}(?P<sex>[MF])\b(?!['’.]\w)|(?P<glued>[fm])\b")
_NOUNS = {
    "man": Sex.MALE, "boy": Sex.MALE, "male": Sex.MALE, "gentleman": Sex.MALE, "father": None, "woman": Sex.FEMALE,
    "girl": Sex.FEMALE, "female": Sex.FEMALE, "lady": Sex.FEMALE,
}  # fmt: skip
_NOUN = re.compile(r"(?i)\b(man|woman|boy|girl|male|female|gentleman|lady)\b")
_RELATIVE = re.compile(rf"(?i)\b(?:{RELATIVES})\b")
_PRONOUN = re.compile(r"(?i)\b(?:(he|his|him|himself)|(she|her|hers|herself))\b")
_OWN_RELATIVE = re.compile(
    rf"(?i)(?:his|her)\s+(?:(?:older|younger|elder|maternal|paternal|twin|late|two|three)\s+)?(?:{RELATIVES})\b"
)
"""In a sentence about relatives only the one whose relatives they are is surely the patient."""
_UNITS = {"y": "a", "m": "mo", "w": "wk", "d": "d"}


class Told(NamedTuple):
    """A fact about the person: what it is about, its value, and its place."""

    name: str
    value: object
    start: int
    end: int
    unit: str | None = None


def age(text: str, first: list[Sentence]) -> Told | None:
    """The first age that is the patient's and not a relative's: "58-year-old", "67 y/o", "a 3 month old", "48 M", "aged 45"."""
    for sentence in first:
        for pattern in (_AGE, _AGED, _SHORT_AGE):
            for m in pattern.finditer(text, sentence.start, sentence.end):
                lead = text[max(sentence.start, m.start() - 30) : m.start()]
                tail = text[m.end() : min(sentence.end, m.end() + 25)]
                if (
                    _RELATIVE.search(lead)
                    or _RELATIVE.match(tail.lstrip(" -"))
                    or re.search(r"(?i)\bat\s+(?:the\s+)?$", lead)
                ):
                    continue
                unit = _UNITS[(m.groupdict().get("unit") or "y")[0].lower()]
                said = m["n"].lower()
                value = float(said) if said[0].isdigit() else read_word("-".join(said.split()))
                if value is None or not 0 <= value <= {"a": 120, "mo": 1440, "wk": 6000, "d": 40000}[unit]:
                    continue
                return Told("age", Quantity(value, unit), m.start(), m.end())
    return None


def sex(text: str, sentences: list[Sentence], aged: Told | None) -> Told | None:
    """By the noun beside the age, else the first noun for a person, else the pronouns where all agree."""
    if aged is not None:
        short = _SHORT_AGE.match(text, aged.start) or _SHORT_SEX.match(text, aged.end)
        if short is not None:
            letter = (short["sex"] if "sex" in short.groupdict() and short["sex"] else short[0].strip(" ,-")).upper()
            return Told("sex", Sex.MALE if letter == "M" else Sex.FEMALE, short.start(), short.end())
        noun = _NOUN.search(text, aged.end, min(len(text), aged.end + 80))
        stop = re.compile(r"[.;]").search(text, aged.end, min(len(text), aged.end + 80))
        if noun is not None and (stop is None or noun.start() < stop.start()):
            value = _NOUNS[noun[1].lower()]
            if value is not None:
                return Told("sex", value, noun.start(), noun.end())
    for sentence in sentences[:3]:
        for noun in _NOUN.finditer(text, sentence.start, sentence.end):
            value = _NOUNS[noun[1].lower()]
            if value is not None and not _RELATIVE.search(text, max(sentence.start, noun.start() - 20), noun.start()):
                return Told("sex", value, noun.start(), noun.end())
    males = females = 0
    first: re.Match[str] | None = None
    for sentence in sentences:
        related = _RELATIVE.search(text, sentence.start, sentence.end) is not None
        for m in _PRONOUN.finditer(text, sentence.start, sentence.end):
            if related and not _OWN_RELATIVE.match(text, m.start(), sentence.end):
                continue
            first = first or m
            males, females = males + bool(m[1]), females + bool(m[2])
    if first is not None and (males == 0) != (females == 0):
        return Told("sex", Sex.MALE if males else Sex.FEMALE, first.start(), first.end())
    return None


_PREGNANT = re.compile(
    r"""(?ix)
      \b(?:is|currently|who\s+is|a|an|old|year-old|yo|y/o|now|found\s+to\s+be|newly)\s+(?:\d{1,2}[\s-]weeks?[\s-])?(?P<yes>pregnant)\b
    | \b(?P<weeks>\d{1,2}(?:[\s-]?(?:\d/7|\+\s?\d))?[\s-]?(?:weeks?|wks?)['’]?[\s-]+(?:pregnant|(?:of\s+)?(?:gestation|pregnancy)|gestational\s+age|gravid))\b
    | \bG\d{1,2}\s?P\d{1,4}\b[^.;]{0,40}?\b(?:at|@)\s*(?P<at>\d{1,2}(?:\s?[+/]\s?\d)*\s*(?:weeks?|wks?))
    | \b(?P<not>not\s+(?:currently\s+|known\s+to\s+be\s+)?pregnant|denies\s+(?:being\s+pregnant|pregnancy)|non-?pregnant)\b
    """
)
_BORN = re.compile(r"(?i)\b(?:born|deliver(?:ed|y)|birth|premature|preterm|old\s+(?:infant|baby|newborn)|neonate)\b")
_BREASTFEEDING = re.compile(
    r"(?i)\b(?:is|currently|and|or|now)\s+(?P<no>not\s+)?(?:currently\s+)?(?:breast-?\s?feeding|lactating|nursing\s+(?:her|a|an|the)\b)"
)


def _named(text: str, sentence: Sentence, stems: tuple[str, ...]) -> bool:
    """A quick look that spares the long one."""
    low = text[sentence.start : sentence.end].lower()
    return any(stem in low for stem in stems)


_OF_PREGNANCY = ("pregnan", "week", "wk", "gest", "gravid", "breast", "lactat", "nursing")
_OF_HABITS = ("smok", "tobacco", "cigar", "alcohol", "ethanol", "etoh", "drinker", "drug", "substance", "iv")
_OF_STATEMENTS = ("consent", "participate", "take part", "enrol", "join", "comply", "adhere", "follow")


def pregnancy(text: str, sentence: Sentence, cues: Cues) -> Iterator[Told]:
    """Pregnant = "is pregnant" | n "weeks pregnant" | "G2P1 at" n "weeks"; a birth at n weeks is the baby's."""
    if not _named(text, sentence, _OF_PREGNANCY):
        return
    for m in _PREGNANT.finditer(text, sentence.start, sentence.end):
        meaning = cues.meaning(m.start(), m.end())
        if meaning.family or meaning.unsure:
            continue
        if m["not"]:
            yield Told("pregnant", False, m.start(), m.end())
            continue
        if _BORN.search(text, max(sentence.start, m.start() - 40), min(sentence.end, m.end() + 20)):
            continue
        if not meaning.past:
            yield Told("pregnant", not meaning.denied, m.start(), m.end())
    for m in _BREASTFEEDING.finditer(text, sentence.start, sentence.end):
        meaning = cues.meaning(m.start(), m.end())
        if not (meaning.family or meaning.unsure or meaning.past):
            yield Told("breastfeeding", not (m["no"] or meaning.denied), m.start(), m.end())


_HABITS = re.compile(
    r"""(?ix)
      (?P<tobacco>\b(?:non-?\s?|ex-?\s?)?(?:smok(?:es?|ed|ers?|ing)|tobacco|cigarettes?)\b)
    | (?P<alcohol>\b(?:alcohol(?:ic)?(?!\s+(?:swab|wipe|based))|ethanol|etoh|drinker)\b)
    | (?P<drugs>\b(?:illicit|recreational|street|illegal)\s+(?:drugs?|substances?)\b|\b(?:drug|substance)\s+(?:use|abuse|misuse)\b|\biv\s?du\b|\biv\s+drugs?\b|\bdrugs?\b(?=,?\s+(?:and|or)\s+alcohol))
    """
)
_NAMES = {"tobacco": "smoking status", "alcohol": "alcohol use", "drugs": "drug use"}
_FORMER = re.compile(r"(?i)\b(?:former|ex|quit|quitted|stopped|gave\s+up|ceased|remote|previous|past|off|sober)\b")
_HISTORY = re.compile(r"(?i)\b(?:history|hx|h/o)\b")
_AMOUNT = re.compile(r"(?<![\d.,/-])(\d{1,3}(?:\.\d{1,2})?)(?=[\s-]{0,2}(?:packs?|cigarettes?|drinks?|ppd)\b)(?!\s*(?:to|-)\s*\d)")  # fmt: skip
_RANGE_BEFORE = re.compile(r"\d\s*(?:to|-|–)\s*\Z")


def habits(text: str, sentence: Sentence, cues: Cues) -> Iterator[Told]:
    """Habit = [denial | "former" | "history of"] substance; an amount only where it is one number."""
    if not _named(text, sentence, _OF_HABITS):
        return
    told: set[str] = set()
    for m in _HABITS.finditer(text, sentence.start, sentence.end):
        kind = m.lastgroup or ""
        meaning = cues.meaning(m.start(), m.end())
        if meaning.family or meaning.unsure or kind in told:
            continue
        result = _habit(text, sentence, m, meaning)
        if result is not None:
            told.add(kind)
            yield Told(_NAMES[kind], result, m.start(), m.end())
    if "tobacco" in told or "alcohol" in told:
        for m in _AMOUNT.finditer(text, sentence.start, sentence.end):
            if _RANGE_BEFORE.search(text, max(sentence.start, m.start() - 8), m.start()):
                continue
            unit = match_unit(text, m.end(), sentence.end)
            substance = "" if unit is None else unit[1].split("}")[0].strip("{")
            name = {"packs": "tobacco", "pack_years": "tobacco", "cigarettes": "tobacco", "drinks": "alcohol"}.get(
                substance
            )
            if unit is not None and name is not None:
                yield Told(name, float(m[1]), m.start(), unit[0], unit[1])


def _habit(text: str, sentence: Sentence, m: re.Match[str], meaning: Meaning) -> str | None:
    word = m[0].lower()
    around = text[max(sentence.start, m.start() - 30) : min(sentence.end, m.end() + 30)]
    if word.startswith("non") or meaning.denied:
        return "never" if meaning.never or "never" in around.lower() else "denies use"
    if word.startswith("ex") or meaning.stopped or meaning.over or _FORMER.search(around):
        return "former"
    if meaning.past and (_HISTORY.search(around) or word.startswith("smoked")):
        return "used, now not said"
    if meaning.planned:
        return None
    return "current"


_CONSENT = re.compile(
    r"""(?ix)\b(?P<lead>(?:(?:is|are|was)\s+)?(?:(?:not|un)\s*)?(?:will|would|can|cannot|able|unable|willing|unwilling|agree[sd]?|capable|refus(?:es|ed)|declin(?:es|ed)|ha(?:s|ve)|gave|gives|given|provide[sd]?|sign(?:s|ed)?|consent(?:s|ed)?)
        (?:\s+(?:not|to|and|able|willing|of|be|will|the|a|her|his|has))*)\s*(?:(?:provid|giv|sign)\w*\s+)?(?:(?:her|his|a|an|the|written|full|voluntary|informed|signed)\s+)*(?P<what>consent(?:\s+form)?\b|(?:participate|take\s+part|enroll?|join)\b|to\s+(?:participate|take\s+part|enroll?|join)\b)"""
)
_COMPLY = re.compile(
    r"(?ix)\b(?P<lead>(?:will|would|can|cannot|able|unable|willing|unwilling|agree[sd]?|refus(?:es|ed))(?:\s+(?:not|to|and|able|willing|be|fully|also))*)\s+(?P<what>comply|adhere|follow\s+(?:the\s+|all\s+)?(?:study|trial|protocol))"
)
_NOT = re.compile(r"(?i)\b(?:not|cannot|unable|unwilling|refus|declin)")
_WILL_COMPLY = re.compile(r"(?i)\bwill\b[^.;]{0,120}?\b(?:and|,)\s+(?:will\s+)?(?P<what>comply|adhere)\b")


_EASILY = re.compile(
    r"(?i)\bwithout\s+(?:any\s+)?(?:practical|logistic(?:al)?)\s+(?:issues?|problems?|difficult(?:y|ies)|obstacles?|barriers?)\b"
)
"""Nothing in the way of what the study asks for: travel, time, language, what one must be able to do."""


def statements(text: str, sentence: Sentence) -> Iterator[Told]:
    """Statement = ("will" | "is able to" | "agrees to") ("consent" | "comply" | "participate"), or their denial."""
    if not _named(text, sentence, _OF_STATEMENTS):
        return
    for name, patterns in (("can_consent", (_CONSENT,)), ("will_comply", (_COMPLY, _WILL_COMPLY))):
        for pattern in patterns:
            m = pattern.search(text, sentence.start, sentence.end)
            if m is not None:
                lead = text[max(sentence.start, m.start() - 12) : m.start("what")]
                willing = _NOT.search(lead) is None
                yield Told(name, willing, m.start(), m.end())
                easily = _EASILY.search(text, m.end(), sentence.end) if name == "will_comply" and willing else None
                if easily is not None:
                    yield Told("no_practical_issues", True, easily.start(), easily.end())
                break
