"""The states of all leaves for one patient: those that the patient's facts touch are judged, once for each shape."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import orjson
from numpy.typing import NDArray

from matching.judging import measure, people
from matching.judging.askable import FactKey, key, only_fact
from matching.judging.evaluate import evaluate
from matching.judging.facts import Facts
from matching.judging.screen import numbers
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.asks import Family
from matching.judging.screen.standing import OWN, Question, Standing, Wanted, question_of
from matching.judging.screen.state import States, state_of
from matching.judging.screen.touched import ConceptIndex, Touched, Way
from matching.judging.tested import TESTS
from matching.model.codes import Sex, Times
from matching.model.criterion import (
    Expression,
    MeasurementIs,
    ScoreIs,
)
from matching.model.expression_json import from_json
from matching.model.finding import Finding, MissingFact
from matching.model.rows import Ints, hashed, rows_of, unpacked
from matching.model.truth import Truth

Silences = tuple[str, str]
"""The array that tells what is so where no fact touches a leaf, for conditions and for treatments."""

MOST_LEAVES_KEPT = 50_000
"""Leaves of the registry that are kept as objects once they were asked for."""


class LeafTable:
    """What is looked up in the arrays by name, made ready once for each version of the data. Holds nothing of a patient."""

    def __init__(self, arrays: ScreenArrays) -> None:
        self.arrays = arrays
        self.concepts = ConceptIndex(arrays)
        self.facts = [(kind, name) for kind, _, name in (line.partition("\t") for line in unpacked(arrays.facts))]
        self.lines = [_line(text) for text in unpacked(arrays.lines)]
        self._leaves: dict[int, tuple[Expression, Truth]] = {}
        self._questions: dict[int, Question] = {}
        self._numbers: dict[Hashable, int] = {}
        family = arrays.variable_family
        self.family_rows = {
            kind: slice(
                int(arrays.variable_start[np.searchsorted(family, kind, "left")]),
                int(arrays.variable_start[np.searchsorted(family, kind, "right")]),
            )
            for kind in Family
        }

    @cached_property
    def fact_numbers(self) -> Mapping[FactKey, int]:
        """Facts by what makes them the same question."""
        return {fact: i for i, fact in enumerate(self.facts)}

    @cached_property
    def ages(self) -> tuple[slice, tuple[numbers.AgeSide, numbers.AgeSide]]:
        """The leaves that ask for an age, and their bounds."""
        rows = self.family_rows[Family.AGE]
        return rows, numbers.age_sides(self.arrays, rows, [unit for unit, _ in self.lines])

    @cached_property
    def instruments(self) -> Mapping[str, frozenset[str]]:
        """Instruments that are asked for, each with the names of readings that answer for it."""
        return {
            name: frozenset(measure.names_of_instrument(name)) for name in self._variables(Family.MEASURED, "score|")
        }

    @cached_property
    def habits(self) -> tuple[str, ...]:
        """Substances that are asked for."""
        return self._variables(Family.PERSON, "lifestyle|")

    def _variables(self, family: Family, prefix: str) -> tuple[str, ...]:
        """The names behind a prefix, found through their leaves."""
        arrays = self.arrays
        chosen = np.flatnonzero(arrays.variable_family == family)
        found = []
        for variable in chosen:
            leaf, _ = self.leaf(int(arrays.variable_start[variable]))
            name = getattr(leaf, "instrument", None) if prefix == "score|" else getattr(leaf, "substance", None)
            if name is not None:
                found.append(name)
        return tuple(dict.fromkeys(found))

    def leaf(self, row: int) -> tuple[Expression, Truth]:
        """The leaf as an expression, and the truth that favours the patient."""
        known = self._leaves.get(row)
        if known is None:
            begin, end = self.arrays.leaf_text_start[row : row + 2]
            text = self.arrays.leaf_text[begin:end].tobytes()
            known = from_json(orjson.loads(text[1:])), Truth(text[0] - 1)
            if len(self._leaves) < MOST_LEAVES_KEPT:
                self._leaves[row] = known
        return known

    def question(self, row: int) -> Question:
        """What a leaf about a condition or a treatment asks, made ready once for each shape."""
        shape = int(self.arrays.leaf_shape[row])
        known = self._questions.get(shape)
        if known is None:
            known = question_of(self.leaf(row)[0], self._number)
            if len(self._questions) < MOST_LEAVES_KEPT:
                self._questions[shape] = known
        return known

    def _number(self, said: Hashable) -> int:
        return self._numbers.setdefault(said, len(self._numbers))

    def variable(self, family: Family, name: str) -> int | None:
        """The number of a variable; None: nobody asks for it."""
        arrays = self.arrays
        code = np.uint64(hashed(f"{int(family)}|{name}"))
        at = int(np.searchsorted(arrays.variable_hash, code))
        return (
            int(arrays.variable_of_hash[at])
            if at < len(arrays.variable_hash) and arrays.variable_hash[at] == code
            else None
        )


def _line(text: str) -> tuple[str | None, Times | None]:
    unit, _, times = text.partition("\t")
    return None if unit == "?" else unit, Times(times) if times else None


def _runs(values: Ints) -> Iterator[tuple[int, int]]:
    """The stretches of equal values."""
    if len(values):
        edges = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1], [True]))).tolist()
        yield from pairwise(edges)


@dataclass(slots=True)
class LeafStates:
    """States of all leaves, and the fact that would settle each open one (-1: none alone).

    `facts` numbers go on beyond the table's for what only this patient's answers ask for: `more` names those.
    """

    states: States
    facts: Ints
    more: dict[FactKey, int]


def silences_of(facts: Facts) -> Silences:
    """What silence says of conditions and of treatments."""
    found = []
    for known, of_treatment in ((facts.conditions, False), (facts.treatments, True)):
        # A list that holds any treatment says nothing of those that no vocabulary holds.
        speaks = known.speaks_of_unlisted and not (of_treatment and any(fact.present for fact in known.facts))
        found.append("silent" if not known.complete else "closed" if speaks else "mute")
    return found[0], found[1]


def untouched_states(table: LeafTable, silences: Silences) -> States:
    """The leaves of somebody whose facts touch none of them."""
    states = table.arrays.silent.copy()
    for family, says in zip((Family.CONDITION, Family.TREATMENT), silences, strict=True):
        rows = table.family_rows[family]
        states[rows] = getattr(table.arrays, says)[rows]
    return states


class Judging:
    """One patient against the leaves of one version.

    `before`: what was found of the same facts before some of their silences were taken away.
    """

    def __init__(
        self,
        table: LeafTable,
        facts: Facts,
        more: dict[FactKey, int] | None = None,
        asked: NDArray[np.bool_] | None = None,
        *,
        wants_facts: bool = True,
        untouched: States | None = None,
        before: LeafStates | None = None,
    ) -> None:
        self._wants_facts = wants_facts
        self._table, self._facts, self._arrays, self._asked = table, facts, table.arrays, asked
        states = untouched_states(table, silences_of(facts)) if untouched is None else untouched.copy()
        self.made = LeafStates(states, table.arrays.leaf_fact.copy(), {} if more is None else more)
        self._before = before

    def all(self) -> LeafStates:
        """Judges what the facts touch."""
        if not self._facts.empty:
            self._people()
            if self._before is None:
                self._ages()
                self._measured()
                self._results()
            else:
                self._as_before(self._before)
            self._concepts()
        return self.made

    def _as_before(self, before: LeafStates) -> None:
        """Of values and ages no silence says anything."""
        for family in (Family.AGE, Family.MEASURED, Family.RESULT):
            every = self._table.family_rows[family]
            rows = self._kept(np.arange(every.start, every.stop, dtype=np.int32))
            self.made.states[rows], self.made.facts[rows] = before.states[rows], before.facts[rows]

    def judge(self, row: int) -> Finding:
        """What the reference says of one leaf today."""
        leaf, favourable = self._table.leaf(row)
        return evaluate(leaf, self._facts, favourable, timed=False)

    def _put(self, rows: Ints | slice, finding: Finding) -> None:
        self.made.states[rows] = state_of(finding)
        if self._wants_facts:
            fact = only_fact(finding)
            self.made.facts[rows] = -1 if fact is None else self.fact_number(key(fact))

    def fact_number(self, fact: FactKey) -> int:
        """The number of a fact, a new one where no leaf of the registry misses it by itself."""
        known = self._table.fact_numbers.get(fact)
        if known is not None:
            return known
        return self.made.more.setdefault(fact, len(self._table.facts) + len(self.made.more))

    def _kept(self, rows: Ints) -> Ints:
        """Those of the leaves that are asked for."""
        return rows if self._asked is None else rows[self._asked[rows]]

    def _by_shape(self, rows: Ints) -> None:
        """Judges one leaf of each shape among the leaves of one variable."""
        for begin, end in _runs(self._arrays.leaf_shape[rows]):
            self._put(rows[begin:end], self.judge(int(rows[begin])))

    def _variable_rows(self, family: Family, name: str) -> Ints | None:
        variable = self._table.variable(family, name)
        if variable is None:
            return None
        begin, end = self._arrays.variable_start[variable : variable + 2]
        rows = self._kept(np.arange(begin, end, dtype=np.int32))
        return rows if len(rows) else None

    def _judge_variables(self, family: Family, names: Iterable[str]) -> None:
        for name in names:
            rows = self._variable_rows(family, name)
            if rows is not None:
                self._by_shape(rows)

    def _people(self) -> None:
        facts = self._facts
        self._judge_variables(Family.PERSON, ("sex", "on_site", "pregnancy", "healthy"))
        if "life expectancy" in facts.readings:
            self._judge_variables(Family.PERSON, ("life_expectancy",))
        listed = bool(facts.conditions.facts) or facts.conditions.complete
        touched = (s for s in self._table.habits if listed or people.habit_readings(s, facts))
        self._judge_variables(Family.PERSON, (f"lifestyle|{substance}" for substance in touched))

    def _ages(self) -> None:
        rows = self._variable_rows(Family.AGE, "age")
        if rows is None:
            return
        if self._facts.birth is None:
            self._put(rows, self.judge(int(rows[0])))
            return
        every, sides = self._table.ages
        states = numbers.age_states(sides, every.stop - every.start, self._facts.birth, self._facts.on)
        self.made.states[rows] = states[rows - every.start]

    def _measured(self) -> None:
        facts = self._facts
        names = [f"measurement|{key}" for key in facts.readings]
        answered = facts.readings.keys()
        names += [f"score|{name}" for name, known in self._table.instruments.items() if not known.isdisjoint(answered)]
        holdings: list[numbers.Holding] = []
        for name in names:
            rows = self._variable_rows(Family.MEASURED, name)
            if rows is None:
                continue
            bounded = self._arrays.lower_line[rows] >= 0
            self._one_by_one(rows[~bounded])
            holdings += self._bounded(rows[bounded])
        if holdings:
            self._held(holdings)

    def _one_by_one(self, rows: Ints) -> None:
        for row in rows.tolist():
            self._put(slice(row, row + 1), self.judge(row))

    def _bounded(self, rows: Ints) -> Iterator[numbers.Holding]:
        """All bounds that one reading is held against; where none or several count, the judge is asked."""
        same: dict[object, tuple[measure.Chosen, bool, list[Ints]]] = {}
        for begin, end in _runs(self._arrays.leaf_shape[rows]):
            leaf, _ = self._table.leaf(int(rows[begin]))
            assert isinstance(leaf, MeasurementIs | ScoreIs)  # no other kind has bounds that are compared so
            choice = measure.chosen(leaf, self._facts, self._facts.on)
            window = leaf.window
            lasting = window is not None and window.direction == "duration"
            kind = (tuple(map(id, choice.readings)), choice.reason, choice.missing, lasting)
            same.setdefault(kind, (choice, lasting, []))[2].append(rows[begin:end])
        for choice, lasting, parts in same.values():
            together = np.concatenate(parts)
            if choice.reason is not None:
                self._put(together, self.judge(int(together[0])))
            elif len(choice.readings) == 1 and numbers.is_number(choice.readings[0]):
                yield numbers.Holding(together, choice, lasting)
            elif len(choice.readings) > 1 or numbers.may_be_normal(choice.readings[0]):
                self._one_by_one(together)
            else:
                self._put(together, self.judge(int(together[0])))

    def _held(self, holdings: list[numbers.Holding]) -> None:
        made = self.made
        held = numbers.held_states(self._arrays, holdings, self._table.lines, self._facts.sex)
        made.states[held.rows] = held.states
        if self._wants_facts:
            made.facts[held.rows] = -1
            for fact, which in held.asked:
                if which.any():
                    made.facts[held.rows[which]] = self.fact_number(key(fact))

    def _results(self) -> None:
        facts = self._facts
        names = dict.fromkeys(facts.readings)
        if facts.sex is Sex.MALE or facts.patient.pregnant is not None:
            names.update(dict.fromkeys(measure.PREGNANCY_TESTS))
        names.update(dict.fromkeys(TESTS))
        self._judge_variables(Family.RESULT, (f"result|{name}" for name in names))

    def _concepts(self) -> None:
        """Leaves of touched concepts: judged once for each way in which the facts meet a concept, and each shape."""
        arrays = self._arrays
        touched = Touched(self._table.concepts, self._facts, self._table.leaf)
        self._one_by_one(self._kept(rows_of(arrays.variable_start, touched.counted())))
        for family in (Family.CONDITION, Family.TREATMENT):
            variables, numbers_of_ways, ways = touched.variables(family)
            if not len(variables):
                continue
            rows = rows_of(arrays.variable_start, variables)
            lengths = arrays.variable_start[variables + 1] - arrays.variable_start[variables]
            way = np.repeat(numbers_of_ways, lengths).astype(np.int64)
            if self._asked is not None:
                kept = self._asked[rows]
                rows, way = rows[kept], way[kept]
            if not len(rows):
                continue
            question = np.where(way >= 0, arrays.leaf_shape[rows], arrays.leaf_rest[rows])
            _, first, which = np.unique(way << np.int64(32) | question, return_index=True, return_inverse=True)
            states, wanted = self._stand(family, rows[first], way[first], ways)
            self.made.states[rows] = states[which]
            if self._wants_facts:
                self._facts_of_concepts(rows, which, wanted)

    def _stand(
        self, family: Family, rows: Ints, numbers_of_ways: NDArray[np.int64], ways: list[Way]
    ) -> tuple[States, list[Wanted | None]]:
        """One leaf of each shape and way: by its parts where a fact is at or below the concept, else by the judge."""
        facts = self._facts
        known = facts.conditions if family is Family.CONDITION else facts.treatments
        standing = Standing(facts, known, condition=family is Family.CONDITION)
        states = np.empty(len(rows), dtype=np.uint16)
        wanted: list[Wanted | None] = []
        for i, (row, number) in enumerate(zip(rows.tolist(), numbers_of_ways.tolist(), strict=True)):
            if number >= 0:
                states[i], missing = standing.state(self._table.question(row), ways[number])
            else:
                finding = self.judge(row)
                states[i], missing = state_of(finding), self._wanted(row, only_fact(finding))
            wanted.append(missing)
        return states, wanted

    def _wanted(self, row: int, fact: MissingFact | None) -> Wanted | None:
        base = self._arrays.leaf_fact[row]
        if fact is None or base < 0:
            return None if fact is None else key(fact)
        kind, name = self._table.facts[base]
        return fact.id[len(name) :] if kind == fact.kind and fact.id.startswith(name) else key(fact)

    def _facts_of_concepts(self, rows: Ints, which: NDArray[np.intp], wanted: list[Wanted | None]) -> None:
        """What a judged leaf misses of its own concept, each leaf of the same shape misses of its own concept."""
        base, facts = self._arrays.leaf_fact[rows], self.made.facts
        facts[rows] = np.where(np.array([each == OWN for each in wanted], dtype=bool)[which], base, -1)
        for i, fact in enumerate(wanted):
            if fact is None or fact == OWN:
                continue
            alike = np.flatnonzero(which == i)
            if not isinstance(fact, str):
                facts[rows[alike]] = self.fact_number(fact)
                continue
            for at in alike[base[alike] >= 0]:
                kind, name = self._table.facts[base[at]]
                facts[rows[at]] = self.fact_number((kind, name + fact))
