"""What a patient's facts at or below a concept say of the questions asked of it: `concepts` with truths, reasons and what is missing only.

A question has parts (status, qualifiers, window, exceptions) that each look at one fact. Parts recur from question to
question, so each is asked once of each fact, by the judge's own functions; putting them together is arithmetic on bits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import orjson

from matching.judging import concepts, targets
from matching.judging.askable import FINDABLE, FactKey, key
from matching.judging.dates import has_numbers
from matching.judging.evaluate import exceptions_judged
from matching.judging.facts import Facts, KnownList
from matching.judging.half_lives import half_life_of
from matching.judging.qualifiers import said_by_name, splits_status
from matching.judging.screen import state
from matching.judging.screen.touched import ABSENT, ALIKE, POSSIBLE, Way
from matching.judging.spells import Said
from matching.judging.targets import Target
from matching.model.codes import WhyUnknown
from matching.model.criterion import ConditionIs, Expression, TreatmentIs
from matching.model.expression_json import placeless
from matching.model.finding import MissingFact
from matching.model.truth import Truth

DECIDES = 1 << 8
"""A FALSE that stands although other facts are not known. Truth and reasons are as in `state`."""
_FINDABLE = sum(state.REASON[reason] for reason in FINDABLE)

Wanted = str | FactKey
"""A fact that would settle a leaf: what its name has behind that of the fact that the concept itself is, or all of it."""
OWN: Wanted = ""
Settling = frozenset[Wanted]
Bits = tuple[int, Settling]
"""A state, and the facts that are missing."""

_NOTHING: Settling = frozenset()
_ITSELF: Settling = frozenset({OWN})
_MISSING: Bits = state.unknown(WhyUnknown.MISSING), _ITSELF
_CONFLICT: Bits = state.unknown(WhyUnknown.CONFLICT), _ITSELF
_HOLDS: Bits = state.TRUE | state.EVIDENT_TRUE, _NOTHING
_FAILS: Bits = state.FALSE | state.EVIDENT_FALSE, _NOTHING


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
    target = targets.target_of(leaf.concept, "condition" if condition else "treatment")
    told = _condition_parts(leaf, target) if isinstance(leaf, ConditionIs) else _treatment_parts(leaf, target)
    parts = tuple(number((condition, i, part)) for i, part in enumerate(told))
    exceptions = tuple(number(orjson.dumps(placeless(part))) for part in leaf.exceptions)
    return Question(
        leaf,
        target,
        parts,
        exceptions,
        number((parts, exceptions)),
        targets.would_be_listed(target, condition=condition),
        targets.is_distinct(target),
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
    tested = leaf.window is None and targets.is_diagnostic(target)
    return (leaf.status, has_numbers(leaf.window), once, tested), (leaf.window, once, half_life), leaf.dose


class Standing:
    """The facts of one sort, asked part by part."""

    def __init__(self, facts: Facts, known: KnownList, *, condition: bool) -> None:
        self._facts, self._known, self._condition = facts, known, condition
        self._said: dict[tuple[int, int], Bits] = {}
        self._judge = exceptions_judged()

    def state(self, question: Question, way: Way) -> tuple[int, Wanted | None]:
        """The state of every leaf with this question whose concept the facts meet in this way, and the fact that settles it alone."""
        bits, missing = self._weighed(question, way)
        return bits, next(iter(missing)) if len(missing) == 1 and bits & _FINDABLE else None

    def _weighed(self, question: Question, way: Way) -> Bits:
        matched, marks = way
        leaf = question.leaf
        planned = isinstance(leaf, TreatmentIs) and leaf.status == "planned"
        best, reasons, settled, missing = state.FALSE, 0, False, _NOTHING
        for fact, exactly, symptom in matched:
            said, asked = _MISSING if symptom and self._condition else self._of_fact(question, fact)
            truth = said & state.TRUTH
            best = max(best, truth)
            if truth == state.UNKNOWN:
                reasons |= said & state.REASONS
                missing |= asked
            elif exactly:
                settled |= self._settles(said, fact)
        absent = bool(marks & ABSENT) and not planned
        if absent and best != state.FALSE:
            return _CONFLICT
        if best == state.TRUE:
            return _HOLDS
        if best == state.UNKNOWN:
            return state.UNKNOWN | reasons, missing
        if absent or settled:
            return _FAILS
        closed = question.listed or (question.distinct and not marks & ALIKE)
        return _FAILS if self._known.complete and closed and not planned and not marks & POSSIBLE else _MISSING

    def _settles(self, said: int, fact: int) -> bool:
        """Whether the very thing asked for, being so, leaves nothing open; for a drug: with the day it was stopped."""
        if self._condition:
            return bool(said & DECIDES)
        return said & state.TRUTH == state.FALSE and self._known.facts[fact].end is not None

    def _of_fact(self, question: Question, fact: int) -> Bits:
        key = fact, question.asked
        known = self._said.get(key)
        if known is None:
            known = self._said[key] = self._put_together(question, fact)
        return known

    def _put_together(self, question: Question, fact: int) -> Bits:
        said = _conjoined(self._part(i, question, fact) for i in range(len(question.parts)))
        if not question.exceptions or said[0] & state.TRUTH == state.FALSE:
            return said
        excepted = (self._exception(i, question, fact) for i in range(len(question.exceptions)))
        return _conjoined((said, *excepted))

    def _exception(self, number: int, question: Question, fact: int) -> Bits:
        key = fact, question.exceptions[number]
        known = self._said.get(key)
        if known is None:
            exceptions, of_fact = question.leaf.exceptions[number : number + 1], self._known.facts[fact]
            said = concepts.not_excepted(
                exceptions, of_fact, self._facts, self._facts.on, self._judge, condition=self._condition
            )
            known = self._said[key] = _conjoined(_bits(one, None) for one in said)
        return known

    def _part(self, number: int, question: Question, fact: int) -> Bits:
        key = fact, question.parts[number]
        known = self._said.get(key)
        if known is None:
            own = question.target.missing
            known = self._said[key] = _conjoined(_bits(said, own) for said in self._asked(number, question, fact))
        return known

    def _asked(self, number: int, question: Question, fact: int) -> list[Said]:
        leaf, of_fact, facts = question.leaf, self._known.facts[fact], self._facts
        if isinstance(leaf, ConditionIs):
            ask = concepts.CONDITION_PARTS[number]
            return ask(leaf, of_fact, question.target, facts, facts.on, self._judge)
        of_treatment = concepts.TREATMENT_PARTS[number]
        return of_treatment(leaf, of_fact, question.target, facts, facts.on, self._judge)


def _bits(said: Said, own: MissingFact | None) -> Bits:
    """`own`: the fact that the concept itself is. Exceptions are about other things: what they miss is named in full."""
    truth = said.truth.value + 1
    decides = DECIDES if said.decides else 0
    if said.truth is not Truth.UNKNOWN:
        return truth | decides, _NOTHING
    for reason in said.reasons:
        truth |= state.REASON[reason]
    return truth | decides, frozenset(_wanted(fact, own) for fact in said.missing) if said.missing else _NOTHING


def _wanted(fact: MissingFact, own: MissingFact | None) -> Wanted:
    if own is None or fact.kind != own.kind or not fact.id.startswith(own.id):
        return key(fact)
    return fact.id[len(own.id) :]


def _conjoined(parts: Iterable[Bits]) -> Bits:
    """The weakest tells, as `concepts` joins what a leaf asks of one fact."""
    truth, made, missing = state.TRUE, 0, _NOTHING
    for part, asked in parts:
        own = part & state.TRUTH
        if own < truth:
            truth, made, missing = own, part, asked
        elif own == truth:
            made |= part
            missing |= asked
    return truth | (made & (state.REASONS if truth == state.UNKNOWN else 0)) | (made & DECIDES), missing
