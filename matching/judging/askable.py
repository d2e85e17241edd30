"""Which facts would settle an open leaf, if somebody found them out."""

from __future__ import annotations

from matching.model.codes import WhyUnknown
from matching.model.criterion import OnSite, Unreadable
from matching.model.finding import Finding, MissingFact
from matching.model.truth import Truth

FINDABLE = frozenset({WhyUnknown.MISSING, WhyUnknown.STALE, WhyUnknown.CONFLICT})
"""Reasons that a fact removes."""

FactKey = tuple[str, str]


def key(fact: MissingFact) -> FactKey:
    """What makes two facts the same question."""
    return fact.kind, fact.id


def order_of_fact(fact: MissingFact) -> tuple[str, ...]:
    """A total order of facts, whatever was met first."""
    return (fact.kind, fact.id, fact.fact, fact.loinc or "", fact.unit or "", fact.mesh or "")


def askable(leaf: Finding) -> tuple[MissingFact, ...]:
    """The facts that would settle an open leaf: none when no fact could."""
    missing = leaf.missing
    if not missing or leaf.truth is not Truth.UNKNOWN or FINDABLE.isdisjoint(leaf.reasons):
        return ()
    return () if isinstance(leaf.expression, OnSite | Unreadable) else missing


def only_fact(leaf: Finding) -> MissingFact | None:
    """The fact that settles the leaf alone; None where none does, or several are missing."""
    facts = askable(leaf)
    return facts[0] if len({key(fact) for fact in facts}) == 1 else None
