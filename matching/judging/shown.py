"""Values that may show a disease which the patient's list does not name, or denies."""

from __future__ import annotations

from matching.judging.facts import Facts, Reading
from matching.knowledge import analytes
from matching.knowledge.measured import measures_of
from matching.knowledge.units import NotComparable, convert
from matching.model.codes import Sex


def out_of_range(concept_id: str, facts: Facts) -> tuple[Reading, ...]:
    """The readings that lie outside the laboratory's range, or the usual one; a reading without a range counts too."""
    names = sorted(measures_of(concept_id))
    return tuple(r for name in names for r in facts.readings.get(name, ()) if not _within(r, facts))


def _within(reading: Reading, facts: Facts) -> bool:
    o = reading.observation
    if o.value is None:
        return (o.result or "").strip().lower() in {"normal", "negative", "within normal limits"}
    if o.reference_low is not None or o.reference_high is not None:
        low = o.reference_low is None or o.value >= o.reference_low
        return low and (o.reference_high is None or o.value <= o.reference_high)
    if reading.entry is None or o.unit is None:
        return False
    return all(_usual(reading.entry, o.value, o.unit, sex) for sex in ((facts.sex,) if facts.sex else _BOTH))


_BOTH = (Sex.FEMALE, Sex.MALE)


def _usual(entry: analytes.AnalyteEntry, value: float, unit: str, sex: Sex) -> bool:
    """Whether the value lies within the usual limits of adults of that sex."""
    limits = analytes.usual_limits(entry, sex)
    line = convert(value, unit, limits.unit, entry.name) if limits is not None else None
    if limits is None or line is None or isinstance(line, NotComparable):
        return False
    return (limits.lower is None or line.value >= limits.lower) and (limits.upper is None or line.value <= limits.upper)
