"""Findings for the tests of this room: leaves of facts, and trees over them."""

from matching.model.codes import Eligibility, Role, Verdict, WhyUnknown
from matching.model.criterion import AllOf, Analyte, AnyOf, AtLeast, Expression, If, MeasurementIs, Not, Unreadable
from matching.model.finding import Counts, Finding, JudgedCriterion, JudgedTrial, MissingFact
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation


def fact(name: str) -> MissingFact:
    return MissingFact("measurement", name, name)


def leaf(name: str, truth: Truth = Truth.UNKNOWN) -> Finding:
    """A measurement; unknown because its value is missing, unless a truth is given."""
    expression = MeasurementIs(0, 1, Analyte(name))
    if truth is not Truth.UNKNOWN:
        return Finding(expression, truth)
    return Finding(expression, truth, (WhyUnknown.MISSING,), missing=(fact(name),))


UNREAD = Finding(Unreadable(0, 1, "no rule"), Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))


def _reasons(truth: Truth, parts: tuple[Finding, ...]) -> tuple[WhyUnknown, ...]:
    if truth is not Truth.UNKNOWN:
        return ()
    return tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))


def node(expression: Expression, truth: Truth, parts: tuple[Finding, ...]) -> Finding:
    return Finding(expression, truth, _reasons(truth, parts), parts=parts)


def all_of(*parts: Finding) -> Finding:
    return node(AllOf(tuple(p.expression for p in parts)), conjunction(p.truth for p in parts), parts)


def any_of(*parts: Finding) -> Finding:
    return node(AnyOf(tuple(p.expression for p in parts)), disjunction(p.truth for p in parts), parts)


def some_of(count: int, *parts: Finding) -> Finding:
    return node(AtLeast(count, tuple(p.expression for p in parts)), at_least(count, (p.truth for p in parts)), parts)


def not_(part: Finding) -> Finding:
    return node(Not(part.expression), negation(part.truth), (part,))


def if_(when: Finding, then: Finding) -> Finding:
    truth = disjunction((negation(when.truth), then.truth))
    return node(If(when.expression, then.expression), truth, (when, then))


_VERDICTS = {
    (Role.INCLUSION, Truth.TRUE): Verdict.INCLUDED,
    (Role.INCLUSION, Truth.FALSE): Verdict.NOT_INCLUDED,
    (Role.EXCLUSION, Truth.TRUE): Verdict.EXCLUDED,
    (Role.EXCLUSION, Truth.FALSE): Verdict.NOT_EXCLUDED,
}


def criterion(finding: Finding, role: Role = Role.INCLUSION, name: str = "i1", **more: object) -> JudgedCriterion:
    verdict = _VERDICTS.get((role, finding.truth), Verdict.UNKNOWN)
    why = finding.reasons[0] if finding.reasons else None
    return JudgedCriterion(f"NCT1/{name}", role, "text", 0, 4, verdict, why, finding, **more)  # type: ignore[arg-type]


def trial(*criteria: JudgedCriterion, eligibility: Eligibility = Eligibility.POSSIBLY_ELIGIBLE) -> JudgedTrial:
    return JudgedTrial("NCT1", eligibility, criteria, Counts())
