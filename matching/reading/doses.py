"""Doses that are measured by themselves: of insulin and its sorts, in the unit that the text writes.

A name that says "daily" makes a bare amount one per day. "Basal insulin >= 20 U/day" bounds the dose of that sort, and the
insulins of a patient add up to it: none of them alone need reach the bound.
"""

from __future__ import annotations

import re
from dataclasses import replace

from matching.knowledge import analytes, lexicon
from matching.knowledge.analytes import AnalyteMention
from matching.model.criterion import AllOf, Analyte, Bound, Dose, Expression, MeasurementIs, TreatmentIs

_SORTS = {
    "insulin dose": re.compile(r"(?i)(?:exogenous\s+)?insulins?\Z"),
    "basal insulin dose": re.compile(r"(?i)(?:basal|long-?\s?acting)\s+insulins?\Z"),
    "bolus insulin dose": re.compile(
        r"(?i)(?:bolus|prandial|mealtime|rapid-?\s?acting|short-?\s?acting)\s+insulins?\Z"
    ),
}
_SORT_BEFORE = re.compile(r"(?i)\b(?:basal|bolus|prandial|mealtime|(?:long|rapid|short)-?\s?acting)\s+\Z")
_DAILY = re.compile(r"(?i)\bdaily\b|\bTDD\b|\brequirements?\b|\bneeds?\b")
_BEHIND = re.compile(
    r"(?i)\s*(?:\(\s*(?:I?U|units?)\s*\)\s*)?(?:per|/)\s*(?:kilograms?|kg)\b(?:\s*\(kg\))?(?:\s+(?:of\s+)?(?:body\s+)?weight)?"
    r"(?P<daily>\s*(?:(?:per|/|a)\s*day|daily|/\s*d)\b)?"
)
_BARE = frozenset({"U", "[IU]", "U/kg", "[IU]/kg"})


def completed(text: str, mention: AnalyteMention, end: int, bound: Bound | None) -> Bound | None:
    """The bound of a dose with what its name and the words behind it (from `end`) say of its unit: "daily", "(IU) per kilogram"."""
    if bound is None or bound.unit not in _BARE or mention.entry.name not in _SORTS:
        return bound
    unit, daily = bound.unit, _DAILY.search(text, mention.start, mention.end) is not None
    if (behind := _BEHIND.match(text, end)) is not None:
        unit = f"{unit}/kg" if "/kg" not in unit else unit
        daily = daily or behind["daily"] is not None
    return replace(bound, unit=f"{unit}/d" if daily else unit)


def of_sort(text: str, start: int, end: int, span: tuple[int, int], dose: Dose) -> tuple[int, int, Expression] | None:
    """Insulin, or insulin of the sort named in text[start:end], taken in such a dose; None for one product or another drug.

    `span` is the place of the whole statement.
    """
    before = _SORT_BEFORE.search(text, max(0, start - 16), start)
    begin = before.start() if before is not None else start
    for name, pattern in _SORTS.items():
        entry, concept = analytes.by_name(name), lexicon.lookup("insulin")
        if entry is None or concept is None or not pattern.fullmatch(text, begin, end):
            continue
        low, high = min(begin, span[0]), span[1]
        leaf = MeasurementIs(low, high, Analyte(entry.name, entry.loinc), dose.lower, dose.upper)
        taken = TreatmentIs(begin, end, replace(concept, text=text[begin:end]), "class")
        return low, high, AllOf((taken, leaf))
    return None
