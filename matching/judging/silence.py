"""How far the silence of a complete list goes: it may speak for the patient where it must not speak against.

A list that names all there is answers for what it does not name. Two silences are too thin to shut anybody out: that of
a note on diseases (it tells of complaints whose cause nobody has named yet), and that on a name which no vocabulary holds
(the list may name it in other words).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from matching.judging.facts import Facts
from matching.knowledge import hierarchy, lexicon
from matching.knowledge.words import words_of

_DOUBTED = "silence.doubted"


def doubted(facts: Facts) -> Facts | None:
    """The patient without the silences that may not speak against; None where there are none.

    Kept in the facts' own memory, so that it lives and dies with the request.
    """
    if not (facts.conditions.complete or facts.treatments.complete):
        return None
    known = facts.memo.get(_DOUBTED)
    if not isinstance(known, Facts):
        read_from_note = bool(facts.patient.note)
        known = replace(
            facts,
            conditions=replace(
                facts.conditions,
                complete=facts.conditions.complete and not read_from_note,
                speaks_of_unlisted=False,
            ),
            treatments=replace(facts.treatments, speaks_of_unlisted=False),
            memo={},
        )
        facts.memo[_DOUBTED] = known
    return known


@lru_cache(maxsize=8192)
def words_around(concept_id: str) -> frozenset[str]:
    """The words of every name of a concept and of all that contain it."""
    found: set[str] = set()
    for own in (concept_id, *hierarchy.ancestors(concept_id)):
        for term in lexicon.terms_of(own):
            found.update(words_of(term))
    return frozenset(found)
