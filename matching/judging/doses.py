"""Doses as quantities of their own ("insulin dose", "basal insulin dose"): what the patient's treatments tell of them.

A listed drug with its dose tells that at least so much is taken, since other drugs of the sort may go unlisted. Who is
known not to take any takes none, in whatever unit. No dose is ever computed from a body weight, or compared across units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matching.knowledge import hierarchy
from matching.model.patient import Observation, Quantity

NONE_TAKEN = "none of it is taken"
"""How a reading came about that is zero in every unit."""

_BASAL = frozenset({"D049528", "TM:insulin-degludec"})
_BOLUS = frozenset({"D061266", "TM:insulin-glulisine"})
_STEROIDS = frozenset({"D000305", "D005938", "TM:systemic-corticosteroids"})


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of drugs with a dose of its own: `counted` are the drugs whose doses add up, `all_of_it` what takes in all of the sort."""

    name: str
    counted: frozenset[str]
    all_of_it: frozenset[str]
    units: tuple[str, ...]


_SORTS = (
    _Sort("insulin dose", frozenset({"D007328"}) | _BASAL | _BOLUS, frozenset({"D007328"}), ("U/d", "[IU]/d")),
    _Sort("basal insulin dose", _BASAL, frozenset({"D007328", "D049528"}), ("U/d", "[IU]/d")),
    _Sort("bolus insulin dose", _BOLUS, frozenset({"D007328", "D061266"}), ("U/d", "[IU]/d")),
    _Sort("steroid dose, prednisone equivalent", frozenset({"D011241", "D011239"}), _STEROIDS, ("mg/d",)),
)


def told_by_treatments(
    taken: Iterable[tuple[tuple[str, ...], bool, bool | None, Quantity | None]],
) -> Iterator[tuple[Observation, str]]:
    """The doses that treatments tell, with how. Each treatment: its concepts, taken or not, going on, and its dose."""
    given = tuple(taken)
    for sort in _SORTS:
        present = [t for t in given if t[1] and _is_of(t[0], sort.counted | sort.all_of_it)]
        if not present:
            if any(not t[1] and sort.all_of_it.intersection(t[0]) for t in given):
                yield Observation(sort.name, value=0.0), NONE_TAKEN
            continue
        unit = next((d.unit for _, _, on, d in present if on and d is not None and d.unit in sort.units), None)
        doses = [
            d.value
            for ids, _, on, d in present
            if on and d is not None and d.unit == unit and _is_of(ids, sort.counted)
        ]
        if doses:
            told = " + ".join(f"{d:.4g}" for d in sorted(doses))
            yield Observation(sort.name, value=sum(doses), unit=unit, comparator=">="), f"listed doses: {told} {unit}"


def _is_of(ids: tuple[str, ...], sort: frozenset[str]) -> bool:
    return any(own in sort or sort & hierarchy.ancestors(own) for own in ids)
