"""Diseases that values of the laboratory show: what a list does not name, or denies, such a value may tell all the same."""

from __future__ import annotations

from functools import lru_cache

from matching.knowledge import hierarchy

_KIDNEY = frozenset({"creatinine", "creatinine clearance", "eGFR", "blood urea nitrogen", "cystatin C"})
_LIVER = frozenset({"ALT", "AST", "total bilirubin", "INR"})
MEASURED_BY = {
    "D007674": _KIDNEY,  # kidney diseases
    "D051437": _KIDNEY,  # renal insufficiency
    "D008107": _LIVER,  # liver diseases
    "D048550": _LIVER,  # hepatic insufficiency
}
"""Concept ids and the analytes, by their preferred names, that are out of range where the disease is marked."""


@lru_cache(maxsize=4096)
def measures_of(concept_id: str) -> frozenset[str]:
    """The analytes that show the disease or one that contains it; empty for most."""
    found: set[str] = set()
    for own in (concept_id, *hierarchy.ancestors(concept_id)):
        found |= MEASURED_BY.get(own, frozenset())
    return frozenset(found)
