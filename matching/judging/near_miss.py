"""How far a definite failure is from its bound. Only what failed is a miss; what is unknown never is."""

from __future__ import annotations

from collections.abc import Iterator

from matching.model.criterion import Not
from matching.model.finding import Distance, Finding
from matching.model.truth import Truth, negation

LARGEST_RELATIVE = 0.5
"""A value farther than half its bound away is no near miss."""


def misses(finding: Finding, failing: Truth) -> tuple[Distance, ...]:
    """The distances of the leaves that made the expression come out as `failing`, in the order of the text.

    A failure that rests on something without a number as well (a sex, a disease) is no near miss: more than a number
    would have to change.
    """
    found = list(_deciding(finding, failing))
    if not found or any(distance is None for distance in found):
        return ()
    return tuple(
        dict.fromkeys(d for d in found if d is not None and (d.relative is None or d.relative <= LARGEST_RELATIVE))
    )


def _deciding(finding: Finding, failing: Truth) -> Iterator[Distance | None]:
    """One entry for each leaf that came out as it must not: its distance, or None where it has none."""
    if not finding.parts:
        if finding.truth is failing:
            yield finding.distances[0] if finding.distances else None
        return
    wanted = negation(failing) if isinstance(finding.expression, Not) else failing
    for part in finding.parts:
        if part.truth is wanted:
            yield from _deciding(part, wanted)
