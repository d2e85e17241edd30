"""What a patient's words look for in trials' texts: weighted words and weighted concepts, for a store to score by.

The weights were tried on judged patient notes: the diseases' own words count most, the rest of the note a little;
a trial whose own disease is the patient's counts more than one whose text only speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matching.answering.conditions import patient_conditions
from matching.knowledge import hierarchy
from matching.knowledge.words import words_of
from matching.model.patient import Patient

NOTE_WORD = 0.3
CONDITION_WORD = 1.0
FINDING = 0.5
"""A sign or symptom, against a disease."""
FADING = 0.95
"""What each further condition counts against the one before: notes begin with what matters."""
SAME, BELOW, ABOVE = 2.0, 1.0, 0.5
"""A trial about the same concept, a kind of it, or a wider one."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Weights by word and by concept id; `below` and `above` are of trials about kinds of it and about wider ones."""

    words: Mapping[str, float]
    same: Mapping[str, float]
    below: Mapping[str, float]


def sought(patient: Patient) -> Sought:
    """What to look for: the words of the note and of the present conditions, and the conditions' concepts."""
    words = dict.fromkeys(words_of(patient.note or ""), NOTE_WORD)
    same: dict[str, float] = {}
    below: dict[str, float] = {}
    seen: set[object] = set()
    weight = 1.0
    for condition in patient_conditions(patient):
        key = condition.ids or condition.text.casefold()
        if key in seen:
            continue
        seen.add(key)
        symptom = condition.ids and all(hierarchy.category(each) == "finding" for each in condition.ids)
        worth = weight * condition.weight * (FINDING if symptom else 1.0)
        for word in dict.fromkeys(words_of(condition.text)):
            words[word] = words.get(word, 0.0) + CONDITION_WORD * worth
        for concept in condition.ids:
            same[concept] = same.get(concept, 0.0) + SAME * worth
            below[concept] = below.get(concept, 0.0) + BELOW * worth
            for wider in hierarchy.ancestors(concept):
                same[wider] = same.get(wider, 0.0) + ABOVE * worth
        weight *= FADING
    return Sought(words, same, below)
