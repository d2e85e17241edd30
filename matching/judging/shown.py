"""Values that may show a disease which the patient's list does not name, or denies."""

from __future__ import annotations

from matching.judging.facts import Facts, Reading
from matching.knowledge import analytes
from matching.knowledge.measured import measures_of
from matching.knowledge.units import NotComparable, convert


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
    limits = analytes.usual_limits(reading.entry, facts.sex) if reading.entry is not None else None
    if limits is None or o.unit is None:
        return False
    line = convert(o.value, o.unit, limits.unit, reading.key)
    if isinstance(line, NotComparable):
        return False
    return (limits.lower is None or line.value >= limits.lower) and (limits.upper is None or line.value <= limits.upper)
