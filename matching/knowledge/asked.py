"""What a person means by the words typed into a search: a disease or a treatment of the vocabulary, or only words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from matching.knowledge import hierarchy, lay_searches, lexicon
from matching.knowledge.suggest import corrected, suggest
from matching.knowledge.trial_concepts import TREATMENTS

CONDITIONS = frozenset({"condition", "finding"})
LONGEST = 200
"""Letters of a search that are read; nobody types more to name a disease."""

How = Literal["exact", "spelling", "within", "suggested", "words"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a search was read; any of `ids` is meant, the likeliest first, each with its preferred name.

    `how`: the whole text is a name (exact), is one once misspelt words are put right (spelling), holds one among other
    words (within), is the beginning of one (suggested), or no name was found and only its words count (words).
    """

    text: str
    how: How
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def read_condition(text: str) -> Asked:
    """The disease that a person's words mean, lay words and misspelt ones too."""
    return _read(text, CONDITIONS)


def read_treatment(text: str) -> Asked:
    """The drug, class of drugs, procedure or device that a person's words mean."""
    return _read(text, TREATMENTS)


def path_to(own: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    """The shortest way from one of a trial's own concepts up to one that was asked for, both ends included.

    Empty where the vocabulary knows no way (the registry's own ancestors may reach further than ours).
    """
    paths = [found for mine in own for wanted in asked if (found := hierarchy.path(mine, wanted)) is not None]
    return min(paths, key=len, default=())


def concept_name(concept_id: str) -> str:
    """The preferred name; the id itself where the vocabulary does not hold it."""
    return hierarchy.name(concept_id) or concept_id


def _read(text: str, categories: frozenset[str]) -> Asked:
    cut = " ".join(text[:LONGEST].split())
    better = corrected(cut, categories)
    tried: list[tuple[str, How]] = [(cut, "exact")]
    if better.casefold() != cut.casefold():
        tried.append((better, "spelling"))
    of_patients = categories == CONDITIONS
    for form, how in tried:
        whole = lexicon.lookup(form)
        if whole is not None and whole.id is not None and hierarchy.category(whole.id) in categories:
            return _asked(text, how, [whole.id])
        if of_patients and (said := lay_searches.whole(form)):
            return _asked(text, how, list(said))
    for form, _ in tried:
        inside = [found.id for found in lexicon.lookup_all(form) if found.id is not None]
        meant = [concept for concept in inside if hierarchy.category(concept) in categories]
        if of_patients:
            meant = [*lay_searches.within(form), *meant]
        if meant:
            return _asked(text, "within", meant)
    begun = suggest(cut, 1, categories)
    return _asked(text, "suggested", [begun[0][0]]) if begun else Asked(text, "words")


def _asked(text: str, how: How, ids: list[str]) -> Asked:
    each = tuple(dict.fromkeys(ids))
    return Asked(text, how, each, tuple(map(concept_name, each)))
