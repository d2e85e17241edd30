"""Which concepts of the registry a patient's facts touch, and in which way.

A concept's way is all that the judge looks at: which facts lie at or below it, whether one is the very thing or only a
symptom of it, whether it is known to be absent, excluded by another, or might be what is listed under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from matching.judging import shown, silence, targets
from matching.judging.facts import Facts, KnownList
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.asks import Family
from matching.judging.targets import Target
from matching.knowledge import hierarchy
from matching.knowledge.measured import MEASURED_BY, measures_of
from matching.model.criterion import Concept, ConditionIs, CountIs, Expression, TreatmentIs
from matching.model.rows import Ints, hashed, unpacked
from matching.model.truth import Truth

Way = tuple[tuple[tuple[int, bool, bool], ...], int]
"""The facts at or below a concept (which, the very thing, only a symptom), and the marks of the rest."""

ABSENT, EXCLUDED, POSSIBLE, ALIKE, MEASURED = 1, 2, 4, 8, 16
"""Known not to be; excluded by a fact; what a listed fact might be; a name that shares a word with a listed one; what a
reading out of its range may show."""

Leaves = Callable[[int], tuple[Expression, Truth]]
MOST_IDS_KEPT = 4_096
"""Concept ids whose relations to the registry's concepts are kept; they are computed from ids alone."""


class ConceptIndex:
    """The registry's concepts by id, key and word. What it remembers comes from concept ids alone."""

    def __init__(self, arrays: ScreenArrays) -> None:
        self.arrays = arrays
        self.ids = unpacked(arrays.concepts)
        self.place = {concept: i for i, concept in enumerate(self.ids)}
        asked = np.zeros(len(self.ids), dtype=bool)
        asked[arrays.variable_concept[arrays.variable_concept >= 0]] = True
        self.asked = np.flatnonzero(asked)
        self._may_be: dict[str, NDArray[np.bool_]] = {}
        self._excluded: dict[str, NDArray[np.bool_]] = {}

    def at_or_below(self, concept: str) -> Ints:
        """The variables whose concept is the given one or a kind of it."""
        place = self.place.get(concept)
        if place is None:
            return np.zeros(0, dtype=np.int32)
        return self.arrays.under[self.arrays.under_start[place] : self.arrays.under_start[place + 1]]

    def with_key(self, key: str) -> Ints:
        """The variables whose concept is called so."""
        return _looked_up(self.arrays.key_hash, self.arrays.key_variable, key)

    def with_word(self, word: str) -> Ints:
        """The variables whose concept's name has a telling word."""
        return _looked_up(self.arrays.word_hash, self.arrays.word_variable, word)

    def may_be(self, said: str) -> NDArray[np.bool_]:
        """For each concept, whether something known by the name `said` might be it, without lying at or below it."""
        return self._of_all(
            self._may_be,
            said,
            lambda asked: asked != said and hierarchy.may_be(said, asked) and asked not in hierarchy.ancestors(said),
        )

    def excluded(self, said: str) -> NDArray[np.bool_]:
        """For each concept, whether `said` excludes it by definition."""
        return self._of_all(self._excluded, said, lambda asked: hierarchy.mutually_exclusive(said, asked))

    def _of_all(self, kept: dict[str, NDArray[np.bool_]], said: str, holds: Callable[[str], bool]) -> NDArray[np.bool_]:
        known = kept.get(said)
        if known is None:
            known = np.zeros(len(self.ids) + 1, dtype=bool)  # the last stands for "no concept"
            for i in self.asked:
                known[i] = holds(self.ids[i])
            if len(kept) < MOST_IDS_KEPT:
                kept[said] = known
        return known


def _looked_up(hashes: NDArray[np.uint64], values: Ints, name: str) -> Ints:
    code = np.uint64(hashed(name))
    begin, end = np.searchsorted(hashes, code, "left"), np.searchsorted(hashes, code, "right")
    return values[begin:end]


class Touched:
    """One patient's lists against the registry's concepts."""

    def __init__(self, index: ConceptIndex, facts: Facts, leaf: Leaves) -> None:
        self._index, self._facts, self._leaf = index, facts, leaf
        self._arrays = index.arrays
        self._shown_by: dict[frozenset[str], bool] = {}

    def counted(self) -> Ints:
        """Variables of counts that the facts may answer: by a reading's name, or by what never was."""
        found = [self._index.with_key(name) for name in self._facts.readings]
        for known in (self._facts.conditions, self._facts.treatments):
            found += [self._index.with_key(key) for key in known.by_key]
            for absent in known.facts:
                if not absent.present:
                    found += [self._index.at_or_below(own) for own in absent.ids]
        return self._of_family(found, Family.COUNT)

    def variables(self, family: Family) -> tuple[Ints, Ints, list[Way]]:
        """The touched variables of one family, the number of each one's way (below zero where no fact is at or below), and the ways."""
        known = self._facts.conditions if family is Family.CONDITION else self._facts.treatments
        numbers: dict[Way, int] = {}
        named = self._of_family([self._index.with_key(key) for key in known.by_key], family)
        asked_of_judge = set(named.tolist())
        matched = self._matched(known)
        marked = (
            (ABSENT, self._absent(known)),
            (EXCLUDED, self._excluded(known)),
            (POSSIBLE, self._possible(known, family)),
            (ALIKE, self._alike(known, family)),
            (MEASURED, self._measured(family)),
        )
        found = [rows for _, rows in marked if len(rows)]
        found += [self._exactly_at(concept) for concept in matched]
        every = self._of_family(found, family)
        if any(fact.present and targets.is_benign(fact) for fact in known.facts):
            asked_of_judge.update(every[self._arrays.variable_malignant[every]].tolist())
        flags = np.zeros(len(self._arrays.variable_family), dtype=np.int64)
        for bit, rows in marked:
            flags[rows] |= bit
        ways: list[Way] = []
        kept = []
        for variable in every.tolist():
            if variable in asked_of_judge:
                continue
            concept = int(self._arrays.variable_concept[variable])
            way = (matched.get(concept, ()), int(flags[variable]))
            kept.append(variable)
            ways.append(way)
        for variable in sorted(asked_of_judge):
            kept.append(variable)
            ways.append(self._way_of(variable, known, family))
        places = [numbers.setdefault(way, len(numbers)) for way in ways]
        signed = [place if way[0] else -1 - place for place, way in zip(places, ways, strict=True)]
        return np.array(kept, dtype=np.int32), np.array(signed, dtype=np.int32), list(numbers)

    def _of_family(self, found: Iterable[Ints], family: Family) -> Ints:
        rows = self._distinct(found)
        own: Ints = rows[self._arrays.variable_family[rows] == family]
        return own

    def _distinct(self, parts: Iterable[Ints]) -> Ints:
        """The variables that are in one of the parts."""
        seen = np.zeros(len(self._arrays.variable_family), dtype=bool)
        for part in parts:
            seen[part] = True
        return np.flatnonzero(seen).astype(np.int32)

    def _exactly_at(self, place: int) -> Ints:
        begin, end = self._arrays.under_start[place : place + 2]
        rows = self._arrays.under[begin:end]
        own: Ints = rows[self._arrays.variable_concept[rows] == place]
        return own

    def _matched(self, known: KnownList) -> dict[int, tuple[tuple[int, bool, bool], ...]]:
        """By concept, the facts at or below it: which, whether the very thing, whether only a symptom."""
        order = {id(fact): i for i, fact in enumerate(known.facts)}
        found = {}
        for concept, facts in known.below.items():
            place = self._index.place.get(concept)
            if place is not None:
                target = targets.target_of(Concept("", concept), "condition")
                found[place] = tuple(
                    (order[id(fact)], concept in fact.ids, targets.only_a_symptom(fact, target)) for fact in facts
                )
        return found

    def _absent(self, known: KnownList) -> Ints:
        """What lies at or below something that is known not to be."""
        parts = [
            self._index.at_or_below(own) for fact in known.facts if not fact.present and fact.exact for own in fact.ids
        ]
        return self._distinct(parts)

    def _excluded(self, known: KnownList) -> Ints:
        present = {own for fact in known.facts if fact.present for own in fact.ids}
        return self._where(self._index.excluded(own) for own in sorted(present))

    def _where(self, marks: Iterable[NDArray[np.bool_]]) -> Ints:
        union = np.zeros(len(self._index.ids) + 1, dtype=bool)
        for mark in marks:
            union |= mark
        return np.flatnonzero(union[self._arrays.variable_concept]).astype(np.int32)

    def _possible(self, known: KnownList, family: Family) -> Ints:
        """Where the list is complete: what a listed fact might be. Elsewhere it makes no difference."""
        if not known.complete:
            return np.zeros(0, dtype=np.int32)
        parts = [self._where(self._index.may_be(own) for own in sorted(self._present_ids(known)))]
        for fact in known.facts:
            if not fact.present:
                continue
            if not fact.telling:
                if not fact.ids:
                    return np.flatnonzero(self._arrays.variable_family == family).astype(np.int32)
                continue
            parts += [self._index.with_word(word) for word in fact.telling if not fact.ids]
        return self._distinct(parts)

    def _alike(self, known: KnownList, family: Family) -> Ints:
        """Where a complete list speaks of names that no vocabulary holds: those that share a word with a listed name."""
        if not known.speaks_of_unlisted or family is not Family.CONDITION:
            return np.zeros(0, dtype=np.int32)
        words = {word for own in self._present_ids(known) for word in silence.words_around(own)}
        parts = [self._index.with_word(word) for word in words]
        rows = self._distinct(parts)
        nameless: Ints = rows[self._arrays.variable_concept[rows] < 0]
        return nameless

    def _measured(self, family: Family) -> Ints:
        """Diseases that a reading out of its range may show."""
        if family is not Family.CONDITION:
            return np.zeros(0, dtype=np.int32)
        parts = []
        for concept, names in MEASURED_BY.items():
            if not names.isdisjoint(self._facts.readings):
                rows = self._index.at_or_below(concept)
                parts.append(rows[[self._shown(int(place)) for place in self._arrays.variable_concept[rows]]])
        return self._distinct(parts)

    def _shown(self, place: int) -> bool:
        names = measures_of(self._index.ids[place])
        known = self._shown_by.get(names)
        if known is None:
            known = self._shown_by[names] = bool(shown.out_of_range(self._index.ids[place], self._facts))
        return known

    @staticmethod
    def _present_ids(known: KnownList) -> set[str]:
        return {own for own, facts in known.by_id.items() if any(fact.present for fact in facts)}

    def _way_of(self, variable: int, known: KnownList, family: Family) -> Way:
        """The way of one variable, asked of the judge itself: where the patient used its very name, for one."""
        target, condition = self._target(variable, family), family is Family.CONDITION
        matched = targets.matched_by(known, target)
        order = {id(fact): i for i, fact in enumerate(known.facts)}
        return (
            tuple(
                (order[id(fact)], targets.is_exactly(fact, target), targets.only_a_symptom(fact, target))
                for fact in matched
            ),
            bool(targets.absent_by(known, target)) * ABSENT
            + bool(targets.excluded_by(known, target)) * EXCLUDED
            + (known.complete and bool(targets.might_be(known, target))) * POSSIBLE
            + (known.complete and not targets.unlisted_and_unlike(known, target, condition=condition)) * ALIKE
            + (condition and target.id is not None and bool(shown.out_of_range(target.id, self._facts))) * MEASURED,
        )

    def _target(self, variable: int, family: Family) -> Target:
        leaf, _ = self._leaf(int(self._arrays.variable_start[variable]))
        assert isinstance(leaf, ConditionIs | TreatmentIs | CountIs)
        concept = leaf.of if isinstance(leaf, CountIs) else leaf.concept
        return targets.target_of(concept, family.name.lower())
