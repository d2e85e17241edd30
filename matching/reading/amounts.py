"""Amounts that are neither age nor measurement: counts of events, amounts of drink and tobacco, doses of drugs."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.knowledge import lexicon
from matching.model.criterion import (
    Bound,
    Concept,
    CountIs,
    Dose,
    Expression,
    LifestyleIs,
    TimeUnit,
    TreatmentIs,
    TreatmentType,
)
from matching.reading import bounds, doses, subjects
from matching.reading.quantities import Value
from matching.reading.tokens import Token

Found = tuple[int, int, Expression]

_SUBSTANCES = {
    "{drinks}": "alcohol", "{glasses}": "alcohol", "{cigarettes}": "tobacco", "{packs}": "tobacco", "{pack_years}": "tobacco",
    "{cups}": "caffeine",
}  # fmt: skip
_ALCOHOL = re.compile(r"(?i)\b(?:alcohol|ethanol|beer|wine|spirits|drink(?:s|ing|er)?|beverages?)\b")
_TOBACCO = re.compile(r"(?i)\b(?:smok\w+|cigarettes?|tobacco|cigars?)\b")
_CAFFEINE = re.compile(r"(?i)\b(?:caffeine|coffee|tea|xanthine)\b")
_PER = re.compile(
    r"(?i)\s*(?:per|/|a|an|each|every|in\s+(?:a|any|one)|in\s+each)\s*(?:calendar\s+)?(?P<u>year|month|week|day|hour|yr|wk)s?\b|\s*(?P<ly>yearly|annually|monthly|weekly|daily)\b"
)
_PERS: dict[str, TimeUnit] = {"ye": "a", "yr": "a", "an": "a", "mo": "mo", "we": "wk", "wk": "wk", "da": "d", "ho": "h"}
_NOT_COUNTED = frozenset(
    "following criteria criterion conditions features these those others parent parents guardian guardians years months weeks days hours "
    "minutes characteristics ones of autoantibodies antibodies signs elements items components".split()
)
_COUNTED = re.compile(
    r"(?i)\b(?:episode|relapse|exacerbation|attack|seizure|line|regimen|course|cycle|lesion|event|hospitali[sz]ation|admission|visit|metasta|drug|medication|agent|dose|"
    r"treatment|therap|transfusion|injection|infusion|pregnanc|cigarette|drink|joint|node|tooth|teeth|site|prior|previous|surger|procedure|fall|headache|migraine|stool|bowel|void|"
    r"biops|organ|vessel|stent|tumou?r|nodule|embryo|follicle|infection|flare|crisis|crises|attempt|miscarriage|cesarean|caesarean|delivery|deliveries|birth|occasion|risk\s+factor|time|class|system|antibiotic|antihypertensive)"
)
_DAILY = re.compile(r"(?i)[\s,]*(?:/|per\s+|a\s+|each\s+|every\s+|once\s+(?:a\s+|per\s+)?)?(?:daily|day|qd)\b")
_DAILY_BEFORE = re.compile(r"(?i)\bdaily\s+(?:dose|dosage)s?\b")
_DOSED = re.compile(r"^(?:\[?IU\]?|g|mg|ug|mcg|ng|U|mL|\[IU\]|k\[IU\]|meq|mmol)(?:/kg|/m2)?(?:/(?:d|wk|mo|h|min))?$")


def read(text: str, start: int, end: int, tokens: list[Token], value: Value, floor: int) -> Found | None:
    """The amount that `value` is, or None when it is of none of these kinds."""
    return (
        _lifestyle(text, start, end, value)
        or _dose(text, start, end, tokens, value, floor)
        or _count(text, end, tokens, value)
    )


def _ends(value: Value) -> tuple[Bound | None, Bound | None] | None:
    if len(value.intervals) != 1 or value.form not in ("bound", "range"):
        return None
    return bounds.plain(value.intervals[0].lower), bounds.plain(value.intervals[0].upper)


def _lifestyle(text: str, start: int, end: int, value: Value) -> Found | None:
    """Amount of a substance: "more than 14 drinks per week" | ">= 10 pack-years" | "alcohol > 40 g/day"."""
    ends, unit = _ends(value), value.quantity.unit
    if ends is None or unit is None:
        return None
    around = text[max(start, value.start - 60) : min(end, value.end + 40)]
    substance = _SUBSTANCES.get(unit.split("/")[0])
    if substance is None or unit.startswith("{glasses}"):
        if unit.split("/")[0] not in ("g", "mg", "mL", "U", "{glasses}", "L", "[foz_us]", "{oz}"):
            return None
        if _ALCOHOL.search(around):
            substance = "alcohol"
        elif _CAFFEINE.search(around):
            substance = "caffeine"
        elif substance is not None or not _TOBACCO.search(around):
            return None
        else:
            substance = "tobacco"
    return value.start, value.end, LifestyleIs(value.start, value.end, substance, "any", ends[0], ends[1])


def _daily(ends: tuple[Bound | None, Bound | None]) -> tuple[Bound | None, Bound | None]:
    """The same amounts per day."""
    low, high = (b if b is None or b.unit is None or "/" in b.unit else replace(b, unit=b.unit + "/d") for b in ends)
    return low, high


def _dose(text: str, start: int, end: int, tokens: list[Token], value: Value, floor: int) -> Found | None:
    """Drug ["at a dose of"] value | value ["of"] drug."""
    ends, unit = _ends(value), value.quantity.unit
    if ends is None or unit is None or not _DOSED.match(unit) or value.quantity.times is not None:
        return None
    low = max(start, value.start - 70, tokens[floor - 1].end if floor else start)
    high = min(end, value.end + 50)
    before = [
        t
        for t in lexicon.find_terms(text, low, value.start, remember=True)
        if t.category in ("drug", "class", "substance")
    ]
    if before:
        term = before[-1]
        if re.search(r"[.;]", text[term.end : value.start]) is None:
            concept = lexicon.concept(term.concept_id, text[term.start : term.end])
            kind: TreatmentType = "class" if term.category == "class" else "drug"
            if _DAILY_BEFORE.search(text, max(start, term.start - 30), value.start):
                ends = _daily(ends)
            measured = doses.of_sort(text, term.start, term.end, (term.start, value.end), Dose(*ends))
            if measured is not None:
                return measured
            return term.start, value.end, TreatmentIs(term.start, value.end, concept, kind, "any", Dose(*ends))
    after = [
        t
        for t in lexicon.find_terms(text, value.end, high, remember=True)
        if t.category in ("drug", "class", "substance")
    ]
    if after and re.fullmatch(
        r"(?i)[\s,(]*(?:of\s+|a\s+|the\s+|oral\s+|daily\s+|per\s+day\s+|equivalent\s+)*",
        text[value.end : after[0].start],
    ):
        term, stop = after[0], after[0].end
        if "/" not in unit and (said := _DAILY.match(text, stop, end)) is not None:
            ends, stop = _daily(ends), said.end()
        concept = lexicon.concept(term.concept_id, text[term.start : term.end])
        kind = "class" if term.category == "class" else "drug"
        measured = doses.of_sort(text, term.start, term.end, (value.start, stop), Dose(*ends))
        if measured is not None:
            return measured
        return value.start, stop, TreatmentIs(value.start, stop, concept, kind, "any", Dose(*ends))
    return None


def _count(text: str, end: int, tokens: list[Token], value: Value) -> Found | None:
    """Value noun [per time]: "at most 2 prior lines of chemotherapy", "> 2 episodes per week"."""
    ends, q = _ends(value), value.quantity
    if ends is None or q.unit is not None or q.times is not None or q.roman or q.over is not None:
        return None
    lower, upper = ends
    if any(b is not None and b.value != int(b.value) for b in ends):
        return None
    noun = subjects.words_behind(text, tokens, value.last, 6)
    if noun is None or noun[0] - value.end > 3:
        return None
    words = noun[2].split()
    if (
        words[0] in _NOT_COUNTED
        or words[-1] in ("following", "criteria")
        or any(w in ("following", "criteria", "years", "months", "weeks", "days") for w in words)
    ):
        return None
    if not any(w.endswith("s") and len(w) > 3 for w in words) and not _COUNTED.search(noun[2]):
        return None
    if lower is not None and upper is None and lower.value == 1 and lower.inclusive and not _COUNTED.search(noun[2]):
        return None
    if words[-1] in _NOT_COUNTED and not _COUNTED.search(noun[2]):
        return None
    stop, per = noun[1], None
    if (m := _PER.match(text, stop, end)) is not None:
        said = (m["u"] or m["ly"]).lower()
        per, stop = _PERS[said[:2]], m.end()
    one = [None if b is None else Bound(b.value, "1", b.inclusive) for b in ends]
    return value.start, stop, CountIs(value.start, stop, Concept(noun[2]), one[0], one[1], per)
