"""What a patient's facts at or below a concept say of the questions asked of it: `concepts` with truths and reasons only.

A question has parts (status, qualifiers, window, exceptions) that each look at one fact. Parts recur from question to
question, so each is asked once of each fact, by the judge's own functions; putting them together is arithmetic on bits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import orjson

from matching.judging import concepts
from matching.judging.concepts import Target
from matching.judging.dates import has_numbers
from matching.judging.evaluate import exceptions_judged
from matching.judging.facts import Facts, KnownList
from matching.judging.half_lives import half_life_of
from matching.judging.qualifiers import said_by_name, splits_status
from matching.judging.screen import state
from matching.judging.screen.touched import ABSENT, ALIKE, POSSIBLE, Way
from matching.judging.spells import Said
from matching.model.codes import WhyUnknown
from matching.model.criterion import ConditionIs, Expression, TreatmentIs
from matching.model.expression_json import placeless
from matching.model.truth import Truth

DECIDES = 1 << 8
"""A FALSE that stands although other facts are not known. Truth and reasons are as in `state`."""
_MISSING = state.unknown(WhyUnknown.MISSING)
_CONFLICT = state.unknown(WhyUnknown.CONFLICT)
_HOLDS = state.TRUE | state.EVIDENT_TRUE
_FAILS = state.FALSE | state.EVIDENT_FALSE


@dataclass(frozen=True, slots=True)
class Question:
    """One shape of question about a concept, by a leaf that asks it.

    `parts` and `exceptions` are numbers that are equal where the same is asked; `asked` is the number of all of them.
    """

    leaf: ConditionIs | TreatmentIs
    target: Target
    parts: tuple[int, ...]
    exceptions: tuple[int, ...]
    asked: int
    listed: bool
    distinct: bool


def question_of(leaf: Expression, number: Callable[[Hashable], int]) -> Question:
    """The question of a leaf about a condition or a treatment. `number`: the same for what is equal."""
    assert isinstance(leaf, ConditionIs | TreatmentIs)
    condition = isinstance(leaf, ConditionIs)
    target = concepts.target_of(leaf.concept, "condition" if condition else "treatment")
    told = _condition_parts(leaf, target) if isinstance(leaf, ConditionIs) else _treatment_parts(leaf, target)
    parts = tuple(number((condition, i, part)) for i, part in enumerate(told))
    exceptions = tuple(number(orjson.dumps(placeless(part))) for part in leaf.exceptions)
    return Question(
        leaf,
        target,
        parts,
        exceptions,
        number((parts, exceptions)),
        concepts.would_be_listed(target, condition=condition),
        concepts.is_distinct(target),
    )


def _condition_parts(leaf: ConditionIs, target: Target) -> tuple[Hashable, ...]:
    """What each of `concepts.CONDITION_PARTS` but the last looks at."""
    qualifiers, status = splits_status(leaf.qualifiers, leaf.status)
    windowed = has_numbers(leaf.window)
    by_name = tuple(qualifier in said_by_name(target.name) for qualifier in qualifiers)
    newly = "newly diagnosed" in leaf.qualifiers
    return (status, windowed), (qualifiers, by_name, windowed and newly), (leaf.window, newly)


def _treatment_parts(leaf: TreatmentIs, target: Target) -> tuple[Hashable, ...]:
    """What each of `concepts.TREATMENT_PARTS` but the last looks at."""
    once = leaf.type in {"procedure", "donation"}
    half_life = half_life_of((target.id,)) if target.id is not None and leaf.window is not None else None
    tested = leaf.window is None and concepts.is_diagnostic(target)
    return (leaf.status, has_numbers(leaf.window), once, tested), (leaf.window, once, half_life), leaf.dose


class Standing:
    """The facts of one sort, asked part by part."""

    def __init__(self, facts: Facts, known: KnownList, *, condition: bool) -> None:
        self._facts, self._known, self._condition = facts, known, condition
        self._said: dict[tuple[int, int], int] = {}
        self._judge = exceptions_judged()

    def state(self, question: Question, way: Way) -> int:
        """The state of every leaf with this question whose concept the facts meet in this way."""
        matched, marks = way
        leaf = question.leaf
        planned = isinstance(leaf, TreatmentIs) and leaf.status == "planned"
        best, reasons, settled = state.FALSE, 0, False
        for fact, exactly, symptom in matched:
            said = _MISSING if symptom and self._condition else self._of_fact(question, fact)
            truth = said & state.TRUTH
            best = max(best, truth)
            if truth == state.UNKNOWN:
                reasons |= said & state.REASONS
            elif exactly:
                settled |= self._settles(said, fact)
        absent = bool(marks & ABSENT) and not planned
        if absent and best != state.FALSE:
            return _CONFLICT
        if best == state.TRUE:
            return _HOLDS
        if best == state.UNKNOWN:
            return state.UNKNOWN | reasons
        if absent or settled:
            return _FAILS
        closed = question.listed or (question.distinct and not marks & ALIKE)
        return _FAILS if self._known.complete and closed and not planned and not marks & POSSIBLE else _MISSING

    def _settles(self, said: int, fact: int) -> bool:
        """Whether the very thing asked for, being so, leaves nothing open; for a drug: with the day it was stopped."""
        if self._condition:
            return bool(said & DECIDES)
        return said & state.TRUTH == state.FALSE and self._known.facts[fact].end is not None

    def _of_fact(self, question: Question, fact: int) -> int:
        key = fact, question.asked
        known = self._said.get(key)
        if known is None:
            known = self._said[key] = self._put_together(question, fact)
        return known

    def _put_together(self, question: Question, fact: int) -> int:
        said = _conjoined(self._part(i, question, fact) for i in range(len(question.parts)))
        if not question.exceptions or said & state.TRUTH == state.FALSE:
            return said
        excepted = (self._exception(i, question, fact) for i in range(len(question.exceptions)))
        return _conjoined((said, *excepted))

    def _exception(self, number: int, question: Question, fact: int) -> int:
        key = fact, question.exceptions[number]
        known = self._said.get(key)
        if known is None:
            exceptions, of_fact = question.leaf.exceptions[number : number + 1], self._known.facts[fact]
            said = concepts.not_excepted(
                exceptions, of_fact, self._facts, self._facts.on, self._judge, condition=self._condition
            )
            known = self._said[key] = _conjoined(map(_bits, said))
        return known

    def _part(self, number: int, question: Question, fact: int) -> int:
        key = fact, question.parts[number]
        known = self._said.get(key)
        if known is None:
            known = self._said[key] = _conjoined(map(_bits, self._asked(number, question, fact)))
        return known

    def _asked(self, number: int, question: Question, fact: int) -> list[Said]:
        leaf, of_fact, facts = question.leaf, self._known.facts[fact], self._facts
        if isinstance(leaf, ConditionIs):
            ask = concepts.CONDITION_PARTS[number]
            return ask(leaf, of_fact, question.target, facts, facts.on, self._judge)
        of_treatment = concepts.TREATMENT_PARTS[number]
        return of_treatment(leaf, of_fact, question.target, facts, facts.on, self._judge)


def _bits(said: Said) -> int:
    truth = said.truth.value + 1
    if said.truth is Truth.UNKNOWN:
        for reason in said.reasons:
            truth |= state.REASON[reason]
    return truth | (DECIDES if said.decides else 0)


def _conjoined(parts: Iterable[int]) -> int:
    """The weakest tells, as `concepts` joins what a leaf asks of one fact."""
    truth, made = state.TRUE, 0
    for part in parts:
        own = part & state.TRUTH
        if own < truth:
            truth, made = own, part
        elif own == truth:
            made |= part
    return truth | (made & (state.REASONS if truth == state.UNKNOWN else 0)) | (made & DECIDES)
