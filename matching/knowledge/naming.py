"""What a code or a name that comes from outside stands for: for those who bring facts in, not for those who judge."""

from __future__ import annotations

from dataclasses import dataclass

from matching.knowledge import codes, hierarchy, lexicon


@dataclass(frozen=True, slots=True)
class NamedConcept:
    """A concept; `category` is condition, finding, drug, class, procedure, device, substance, anatomy, ..."""

    id: str
    name: str
    category: str


def coded_concept(system: str, code: str) -> NamedConcept | None:
    """The concept of a code (`system` a CodeSystem value); None where the code is not on file."""
    return _named(codes.concept_of(system, code))


def whole_concept(text: str) -> NamedConcept | None:
    """The concept that the whole text names; None where it names none, or more than that."""
    found = lexicon.lookup(text)
    return _named(found.id) if found is not None else None


def concepts_within(text: str) -> tuple[NamedConcept, ...]:
    """Every concept that a part of the text names, in the order of the text."""
    named = (_named(found.id) for found in lexicon.lookup_all(text))
    return tuple(each for each in named if each is not None)


def are_related(a: NamedConcept, b: NamedConcept) -> bool:
    """Whether one is the other or a kind of it."""
    return hierarchy.is_a(a.id, b.id) or hierarchy.is_a(b.id, a.id)


def _named(concept_id: str | None) -> NamedConcept | None:
    if concept_id is None:
        return None
    return NamedConcept(concept_id, hierarchy.name(concept_id) or concept_id, hierarchy.category(concept_id))
