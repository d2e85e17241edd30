"""Criteria of which a patient tells nothing are judged once for each trial that is kept, not once for each patient.

Most of what trials ask is not in what a patient tells: such a criterion comes out as for a patient of whom nothing is
known, and so do its sentences and its place in the answer. What is kept here is worked out of the trial alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from hashlib import blake2b
from itertools import count

import orjson

from matching.judging import targets
from matching.judging.eligibility import (
    FAILING,
    assembled,
    field_criteria,
    judge_criterion,
    judge_field,
)
from matching.judging.evaluate import MAX_DEPTH, content_of, evaluate, own_place
from matching.judging.facts import Facts, prepare
from matching.judging.people import STATEMENTS
from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    Criterion,
    Expression,
    If,
    Leaf,
    Not,
    OnSite,
    TreatmentIs,
    Unreadable,
)
from matching.model.expression_json import criterion_to_json
from matching.model.finding import JudgedCriterion, JudgedTrial
from matching.model.patient import Patient
from matching.model.trial import ReadableTrial
from matching.model.truth import Truth, negation

_OUTLINE = "judging.untold"
MOST_NUMBERS = 200_000
"""Things asked that have a number; beyond that all get new ones."""

_numbers: dict[Hashable, int] = {}
_next = count()


@dataclass(slots=True)
class _Asked:
    """A criterion, and each thing that it asks of a patient, by its number; no `leaves`: always judged anew."""

    criterion: Criterion
    leaves: tuple[tuple[int, Leaf, Truth], ...] | None
    untold: JudgedCriterion | None = None
    same: bytes | None = None
    """Equal where the same is asked in the same words; None until it is looked for."""


@dataclass(frozen=True, slots=True)
class _Outline:
    """A trial made ready for judging: the registry's fields as criteria, and the criteria of its text."""

    fields: tuple[Criterion, ...]
    criteria: tuple[_Asked, ...] = field(default_factory=tuple)


def judge_kept(trial: ReadableTrial, facts: Facts) -> JudgedTrial:
    """What `judge_trial` says, with what was worked out before of a trial that is kept."""
    nct_id = trial.summary.nct_id
    prefix, text = f"{nct_id}/", trial.summary.eligibility.text
    outline = trial.kept.get(_OUTLINE)
    if not isinstance(outline, _Outline):
        asked = tuple(_Asked(criterion, _asked_by(criterion)) for criterion in trial.parsed.criteria)
        outline = trial.kept[_OUTLINE] = _Outline(field_criteria(trial.summary.eligibility, prefix), asked)
    told = facts.memo.setdefault(_OUTLINE, {})
    assert isinstance(told, dict)  # nobody else uses the name
    read = []
    for one in outline.criteria:
        judged = None
        if one.leaves is not None and _tells_nothing(one.leaves, facts, told):
            judged = one.untold or _judged_untold(one, text, prefix)
        read.append(judged or _judged(one, facts, text, prefix))
    return assembled(nct_id, [_field(each, facts) for each in outline.fields], read, facts)


def _judged(one: _Asked, facts: Facts, text: str | None, prefix: str) -> JudgedCriterion:
    """Trials share whole criteria, to the letter: each is judged once for the patient, for the length of the request."""
    if one.same is None:
        one.same = _digest(one.criterion, text)
    key = (_OUTLINE, one.same)
    known = facts.memo.get(key)
    if not isinstance(known, JudgedCriterion):
        known = facts.memo[key] = replace(judge_criterion(one.criterion, facts, text, prefix), kept={})
    own_id, parent = prefix + one.criterion.id, one.criterion.parent
    return known if known.id == own_id else known.called(own_id, None if parent is None else prefix + parent)


def _digest(criterion: Criterion, text: str | None) -> bytes:
    """Equal for criteria that are equal but for their ids, as are the words that their leaves stand at."""
    asked = criterion_to_json(criterion)
    del asked["id"], asked["parent"]
    quotes = [] if text is None else [text[leaf.start : leaf.end] for leaf in _leaves(criterion.expression)]
    return blake2b(orjson.dumps((asked, quotes)), digest_size=16).digest()


def _leaves(expression: Expression) -> Iterator[Leaf]:
    match expression:
        case AllOf() | AnyOf() | AtLeast():
            for part in expression.of:
                yield from _leaves(part)
        case Not():
            yield from _leaves(expression.of)
        case If():
            yield from _leaves(expression.when)
            yield from _leaves(expression.then)
        case _:
            yield expression


def _field(criterion: Criterion, facts: Facts) -> JudgedCriterion:
    """A field asks the same in many trials: it is judged once for the patient, for the length of the request."""
    key = (_OUTLINE, criterion.text, criterion.expression)
    known = facts.memo.get(key)
    if not isinstance(known, JudgedCriterion):
        known = facts.memo[key] = replace(judge_field(criterion, facts), kept={})
    return known if known.id == criterion.id else known.called(criterion.id, None)


def _tells_nothing(leaves: tuple[tuple[int, Leaf, Truth], ...], facts: Facts, told: dict[int, bool]) -> bool:
    for number, leaf, favourable in leaves:
        known = told.get(number)
        if known is None:
            known = told[number] = not _is_silent(leaf, facts) and (
                evaluate(leaf, facts, favourable) != evaluate(leaf, _nobody(), favourable)
            )
        if known:
            return False
    return True


def _is_silent(leaf: Leaf, facts: Facts) -> bool:
    """Whether the patient's list says nothing of the disease or treatment, whatever is asked of it. False: it may."""
    match leaf:
        case ConditionIs() if own_place(leaf) is None:
            known, kind = facts.conditions, "condition"
        case TreatmentIs():
            known, kind = facts.treatments, "treatment"
        case _:
            return False
    key = (_OUTLINE, kind, leaf.concept)
    silent = facts.memo.get(key)
    if silent is None:
        silent = facts.memo[key] = targets.is_silent(known, targets.target_of(leaf.concept, kind))
    return silent is True


def _judged_untold(asked: _Asked, text: str | None, prefix: str) -> JudgedCriterion | None:
    """None, from then on, where the criterion fails though nothing is known: then the list's silence has a say."""
    criterion = asked.criterion
    failing = FAILING[criterion.role]
    if evaluate(criterion.expression, _nobody(), negation(failing)).truth is failing:
        asked.leaves = None
        return None
    judged = replace(judge_criterion(criterion, _nobody(), text, prefix), kept={})
    asked.untold = judged
    return judged


@cache
def _nobody() -> Facts:
    return prepare(Patient(), date(2000, 1, 1))


def _asked_by(criterion: Criterion) -> tuple[tuple[int, Leaf, Truth], ...] | None:
    found: dict[int, tuple[int, Leaf, Truth]] = {}
    favourable = negation(FAILING[criterion.role])
    return tuple(found.values()) if _collect(criterion.expression, favourable, 0, found) else None


def _collect(expression: Expression, favourable: Truth, depth: int, found: dict[int, tuple[int, Leaf, Truth]]) -> bool:
    """Every leaf with the truth of it that speaks for the patient, as `evaluate` walks them. False: nested too deeply."""
    if depth > MAX_DEPTH:
        return False
    match expression:
        case AllOf() | AnyOf() | AtLeast():
            return all(_collect(part, favourable, depth + 1, found) for part in expression.of)
        case Not():
            return _collect(expression.of, negation(favourable), depth + 1, found)
        case If():
            if expression.when != expression.then and not _collect(
                expression.when, negation(favourable), depth + 1, found
            ):
                return False
            return _collect(expression.then, favourable, depth + 1, found)
        case Unreadable():
            return True
        case OnSite():
            if STATEMENTS.get(expression.topic):
                number = _number((OnSite, expression.topic, favourable))
                found.setdefault(number, (number, expression, favourable))
            return True
        case _:
            number = _number(content_of(expression))
            found.setdefault(number, (number, expression, favourable))
            return True


def _number(content: Hashable) -> int:
    number = _numbers.get(content)
    if number is None:
        if len(_numbers) >= MOST_NUMBERS:
            _numbers.clear()
        number = _numbers[content] = next(_next)
    return number
