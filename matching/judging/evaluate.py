"""The reference: what one expression says of one patient, in Kleene's three values, with its causes.

Total: every expression gives a finding for every patient. Slow and plain on purpose; screen.py must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import partial
from operator import attrgetter
from typing import assert_never, get_args

from matching.judging import concepts, measure, people
from matching.judging.dates import State, merge_states
from matching.judging.facts import Facts
from matching.model.codes import WhyUnknown
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    CountIs,
    Expression,
    If,
    Leaf,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.model.finding import Change, Distance, Evidence, Finding, MissingFact
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation

Judged = (
    AgeIs
    | SexIs
    | MeasurementIs
    | ResultIs
    | ScoreIs
    | ConditionIs
    | TreatmentIs
    | CountIs
    | PregnancyIs
    | LifeExpectancyIs
    | LifestyleIs
)
"""The leaves that facts of the patient can settle."""

MEMO_SIZE = 20_000
"""Findings kept for one patient, for the length of one request."""

_CONTENT: dict[type[Judged], Callable[[Judged], Hashable]] = {
    kind: attrgetter(*(f.name for f in fields(kind) if f.name not in {"start", "end"})) for kind in get_args(Judged)
}
"""What a leaf says, without its place in the text."""

MAX_DEPTH = 100
"""Nesting beyond this is not read: no text that people write comes near."""

MOST_TELLING = (
    WhyUnknown.CONFLICT,
    WhyUnknown.NOT_COMPARABLE,
    WhyUnknown.STALE,
    WhyUnknown.MISSING,
    WhyUnknown.UNREADABLE,
    WhyUnknown.ON_SITE,
)
"""The order of reasons: first what the patient could mend at once, last what waits for the study team anyway."""


def evaluate(
    expression: Expression, facts: Facts, favourable: Truth = Truth.TRUE, depth: int = 0, *, timed: bool = True
) -> Finding:
    """What the expression says of the patient.

    `favourable`: the truth of this expression that speaks for the patient (TRUE in an inclusion list); it matters only
    for what a patient states about consent and the like. `timed` False: without what time alone will change.
    """
    if depth > MAX_DEPTH:
        return Finding(expression, Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))
    match expression:
        case AllOf():
            return _all_of(
                expression, [evaluate(part, facts, favourable, depth + 1, timed=timed) for part in expression.of]
            )
        case AnyOf():
            return _any_of(
                expression, [evaluate(part, facts, favourable, depth + 1, timed=timed) for part in expression.of]
            )
        case AtLeast():
            parts = [evaluate(part, facts, favourable, depth + 1, timed=timed) for part in expression.of]
            return _at_least(expression, parts)
        case Not():
            return _not(expression, evaluate(expression.of, facts, negation(favourable), depth + 1, timed=timed))
        case If():
            if expression.when == expression.then:  # a permission ("prior X is allowed"): nobody fails it
                allowed = evaluate(expression.then, facts, favourable, depth + 1, timed=timed)
                shown = () if allowed.truth is Truth.UNKNOWN else allowed.evidence
                return Finding(expression, Truth.TRUE, evidence=shown)
            # `when` stands on the far side of an implication, as if under a Not.
            when = evaluate(expression.when, facts, negation(favourable), depth + 1, timed=timed)
            return _if(expression, when, evaluate(expression.then, facts, favourable, depth + 1, timed=timed))
        case OnSite():
            return people.judge_on_site(expression, facts, favourable)
        case Unreadable():
            return people.judge_unreadable(expression)
        case _:
            return _remembered(expression, facts, depth, timed=timed)


def content_of(leaf: Judged) -> Hashable:
    """What a leaf asks, wherever it stands."""
    return type(leaf), _CONTENT[type(leaf)](leaf)


def _remembered(leaf: Judged, facts: Facts, depth: int, *, timed: bool) -> Finding:
    """Trials ask the same things in other places: a finding of this patient is made once."""
    key = (type(leaf), timed, _CONTENT[type(leaf)](leaf))
    known = facts.memo.get(key)
    if not isinstance(known, Finding):
        known = _leaf(leaf, facts, depth) if timed else judge_leaf(leaf, facts, depth)
        if len(facts.memo) < MEMO_SIZE:
            facts.memo[key] = known
    elif known.expression is not leaf:
        return Finding(
            leaf,
            known.truth,
            known.reasons,
            known.evidence,
            known.missing,
            (),
            known.applicable,
            known.distances,
            known.timeline,
        )
    return known


def _leaf(leaf: Judged, facts: Facts, depth: int) -> Finding:
    finding = judge_leaf(leaf, facts, depth)
    match leaf:
        case MeasurementIs() | ResultIs() | ScoreIs() | LifeExpectancyIs():
            return _in_time(finding, leaf, facts, depth, measure.turning_points(leaf, facts))
        case ConditionIs() if own_place(leaf) is None:
            return _in_time(finding, leaf, facts, depth, concepts.turning_points(leaf, facts))
        case TreatmentIs():
            return _in_time(finding, leaf, facts, depth, concepts.turning_points(leaf, facts))
        case PregnancyIs():
            return _in_time(finding, leaf, facts, depth, people.pregnancy_turns(leaf, facts))
        case AgeIs() | SexIs() | ConditionIs() | CountIs() | LifestyleIs():
            return finding
        case _:
            assert_never(leaf)


def judge_leaf(leaf: Judged, facts: Facts, depth: int = 0, day: date | None = None) -> Finding:
    """What the leaf says on one day (None: the day of the facts), without what time alone will change."""
    on = facts.on if day is None else day
    match leaf:
        case AgeIs():
            return people.judge_age(leaf, facts)
        case SexIs():
            return people.judge_sex(leaf, facts)
        case MeasurementIs():
            return measure.judge_measurement(leaf, facts, on)
        case ResultIs():
            return measure.judge_result(leaf, facts, on)
        case ScoreIs():
            return measure.judge_score(leaf, facts, on)
        case ConditionIs():
            return _condition(leaf, facts, on, depth)
        case TreatmentIs():
            return concepts.judge_treatment(leaf, facts, on, _exception(depth))
        case CountIs():
            return concepts.judge_count(leaf, facts, on)
        case PregnancyIs():
            return people.judge_pregnancy(leaf, facts, on)
        case LifeExpectancyIs():
            return measure.judge_life_expectancy(leaf, facts, on)
        case LifestyleIs():
            return people.judge_lifestyle(leaf, facts, on)
        case _:
            assert_never(leaf)


def own_place(leaf: ConditionIs) -> str | None:
    """Most conditions are the patient's listed ones; three have a place of their own in what a patient says: the id of that."""
    match leaf.concept.id:
        case people.HEALTHY_VOLUNTEERS | people.HEALTHY_BY_FIELD:
            return leaf.concept.id
        case people.PREGNANCY if leaf.status != "history" and leaf.window is None and not leaf.qualifiers:
            return leaf.concept.id
        case people.BREAST_FEEDING if leaf.status != "history":
            return leaf.concept.id
        case _:
            return None


def _condition(leaf: ConditionIs, facts: Facts, on: date, depth: int) -> Finding:
    match own_place(leaf):
        case None:
            return concepts.judge_condition(leaf, facts, on, _exception(depth))
        case people.PREGNANCY:
            asked = PregnancyIs(leaf.start, leaf.end, ("pregnant",))
            return _renamed(leaf, people.judge_pregnancy(asked, facts, facts.on))
        case people.BREAST_FEEDING:
            asked = PregnancyIs(leaf.start, leaf.end, ("breastfeeding",))
            return _renamed(leaf, people.judge_pregnancy(asked, facts, facts.on))
        case _:
            return people.judge_healthy_volunteer(leaf, facts)


def exceptions_judged() -> concepts.Judge:
    """How exceptions of a leaf that stands alone are judged."""
    return _exception(0)


def _exception(depth: int) -> concepts.Judge:
    """How an exception is judged: as any expression, without regard to which side it favours."""
    return lambda expression, facts: evaluate(expression, facts, depth=depth + 1, timed=False)


def _renamed(leaf: Leaf, finding: Finding) -> Finding:
    return Finding(
        leaf,
        finding.truth,
        finding.reasons,
        finding.evidence,
        finding.missing,
        applicable=finding.applicable,
        timeline=finding.timeline,
    )


def _in_time(finding: Finding, leaf: Judged, facts: Facts, depth: int, turns: set[date]) -> Finding:
    """The finding of today, and the days on which the same facts will say something else."""
    days = [day for day in turns if day > facts.on]
    if not days:
        return finding
    now, changes = (finding.truth, finding.applicable), []
    for day in sorted(days):
        later = judge_leaf(leaf, facts, depth, day)
        if (later.truth, later.applicable) != now:
            now = later.truth, later.applicable
            changes.append(Change(day, *now))
    return replace(finding, timeline=tuple(changes)) if changes else finding


def _all_of(expression: Expression, parts: list[Finding]) -> Finding:
    """Of people this patient is not as soon as one part that fails is about them."""
    return _joined(expression, parts, conjunction, _about_all)


def _about_all(states: Sequence[State]) -> bool:
    return _about_some(states) and not any(truth is Truth.FALSE and not applicable for truth, applicable in states)


def _any_of(expression: Expression, parts: list[Finding]) -> Finding:
    return _joined(expression, parts, disjunction, _about_any)


def _about_any(states: Sequence[State]) -> bool:
    return _about_some(states) and not any(truth is Truth.TRUE and not applicable for truth, applicable in states)


def _about_some(states: Sequence[State]) -> bool:
    """Whether a part is about this patient; where there is none, nothing says that it is about others."""
    return not states or any(applicable for _, applicable in states)


def _at_least(expression: AtLeast, parts: list[Finding]) -> Finding:
    """Of people this patient is not where nothing else makes it fail. What no number of parts can change rests on no fact."""
    count = expression.count
    if not 0 < count <= len(parts):
        return Finding(expression, at_least(count, [p.truth for p in parts]), parts=tuple(parts))

    def about(states: Sequence[State]) -> bool:
        if at_least(count, [truth for truth, _ in states]) is not Truth.FALSE:
            return True
        return any(applicable for truth, applicable in states if truth is Truth.FALSE)

    return _joined(expression, parts, partial(at_least, count), about)


def _not(expression: Expression, part: Finding) -> Finding:
    return Finding(
        expression,
        negation(part.truth),
        part.reasons,
        part.evidence,
        part.missing,
        (part,),
        applicable=part.applicable,
        distances=part.distances,
        timeline=tuple(Change(c.on, negation(c.to), c.applicable) for c in part.timeline),
    )


def _if(expression: Expression, when: Finding, then: Finding) -> Finding:
    """When -> then. Where `when` is false it holds of nobody here; where `when` is open, only a `then` that holds settles it."""
    implies = negation(when.truth)
    joined = _joined(expression, [when, then], _implication, _about_those_who)
    if when.truth is Truth.FALSE:
        return replace(joined, evidence=when.evidence, distances=(), applicable=False)
    if joined.truth is Truth.UNKNOWN and when.truth is Truth.UNKNOWN and then.truth is Truth.FALSE:
        return replace(joined, reasons=when.reasons, missing=when.missing, evidence=(*when.evidence, *then.evidence))
    if implies is Truth.FALSE or joined.truth is Truth.TRUE:
        return replace(joined, evidence=then.evidence, distances=then.distances)
    return joined


def _about_those_who(states: Sequence[State]) -> bool:
    return states[0][0] is not Truth.FALSE


def _implication(truths: Iterable[Truth]) -> Truth:
    when, then = truths
    return disjunction((negation(when), then))


def _joined(
    expression: Expression,
    parts: list[Finding],
    combine: Callable[[Iterable[Truth]], Truth],
    about: Callable[[Sequence[State]], bool],
) -> Finding:
    """Parts under a connective: the parts that decide give the reasons, evidence and missing facts."""
    truth = combine([p.truth for p in parts])
    telling = [p for p in parts if p.truth is truth]
    unsure = truth is Truth.UNKNOWN
    states = [(p.truth, p.applicable) for p in parts]
    applicable = about(states)
    changes: tuple[Change, ...] = ()
    if any(p.timeline for p in parts):
        whole = [(state, p.timeline) for state, p in zip(states, parts, strict=True)]
        changes = merge_states((truth, applicable), whole, combine, about)
    if len(telling) == 1:
        (one,) = telling
        causes = one.reasons, one.evidence, one.missing, one.distances
    else:
        reasons_found: set[WhyUnknown] = set()
        evidence_found: dict[Evidence, None] = {}
        missing_found: dict[MissingFact, None] = {}
        distances_found: list[Distance] = []
        for part in telling:
            if unsure:
                reasons_found.update(part.reasons)
                for fact in part.missing:
                    missing_found[fact] = None
            for each in part.evidence:
                evidence_found[each] = None
            distances_found += part.distances
        causes = most_telling(reasons_found), tuple(evidence_found), tuple(missing_found), tuple(distances_found)
    reasons, evidence, missing, distances = causes
    return Finding(expression, truth, reasons, evidence, missing, tuple(parts), applicable, distances, changes)


def most_telling(reasons: Iterable[WhyUnknown]) -> tuple[WhyUnknown, ...]:
    """Each reason once, the most telling first."""
    once = set(reasons)
    return tuple(once) if len(once) == 1 else tuple(r for r in MOST_TELLING if r in once)
