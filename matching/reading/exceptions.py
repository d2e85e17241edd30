"""What does not count: exceptions joined to the expression that they limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from matching.knowledge import hierarchy
from matching.model.criterion import AllOf, AnyOf, AtLeast, ConditionIs, Expression, If, Not, TreatmentIs, Unreadable
from matching.reading.logic import all_of, any_of, clouded, leaves, negate


def except_from(expression: Expression, exceptions: list[Expression], *, exclusion: bool, widen: bool) -> Expression:
    """Exceptions are held by the leaves that they are a kind of, else by all conditions and treatments.

    `widen`: the exception opens the requirement ("Hb >= 9 unless transfused") instead of narrowing what is named.
    """
    flat = [_untold(e) for x in exceptions for e in (x.of if isinstance(x, AnyOf) else (x,))]
    holders = [e for e in leaves(expression) if isinstance(e, (ConditionIs, TreatmentIs))]
    if holders and not widen:
        chosen = set([h for h in holders if any(_kind_of(e, h) for e in flat)] or holders)

        def attach(leaf: Expression) -> Expression:
            if leaf in chosen and isinstance(leaf, (ConditionIs, TreatmentIs)):
                return replace(leaf, exceptions=(*leaf.exceptions, *flat))
            return leaf

        return rebuilt(expression, attach)
    if (exclusion or isinstance(expression, Not)) and all(isinstance(e, Unreadable) for e in leaves(expression)):
        return clouded(negate(any_of(flat)), expression)  # "a disorder, other than narcolepsy": there may be both
    if widen or (not exclusion and not isinstance(expression, Not)):
        return any_of((expression, *flat))
    if isinstance(expression, Not):
        return negate(all_of((expression.of, negate(any_of(flat)))))
    return all_of((expression, negate(any_of(flat))))


_FORMS = ("D004304", "D019999")
"""MeSH: Dosage Forms, Pharmaceutical Solutions. Which of them a patient's drug comes in is not known."""


def _untold(exception: Expression) -> Expression:
    """A form of a drug ("except eye drops") is an exception that no listed drug shows."""
    code = exception.concept.id if isinstance(exception, TreatmentIs) else None
    if isinstance(exception, TreatmentIs) and code is not None and any(hierarchy.is_a(code, f) for f in _FORMS):
        return Unreadable(exception.start, exception.end, "which form of the drug")
    return exception


def rebuilt(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same tree with every leaf changed; the `when` of an `if` stays."""
    match expression:
        case AllOf(of):
            return AllOf(tuple(rebuilt(e, change) for e in of))
        case AnyOf(of):
            return AnyOf(tuple(rebuilt(e, change) for e in of))
        case AtLeast(count, of):
            return AtLeast(count, tuple(rebuilt(e, change) for e in of))
        case Not(of):
            return Not(rebuilt(of, change))
        case If(when, then):
            return If(when, rebuilt(then, change))
        case _:
            return change(expression)


def _kind_of(exception: Expression, holder: Expression) -> bool:
    for leaf in leaves(exception):
        if isinstance(leaf, (ConditionIs, TreatmentIs)) and isinstance(holder, (ConditionIs, TreatmentIs)):
            a, b = leaf.concept.id, holder.concept.id
            if a is not None and b is not None and (a == b or hierarchy.is_a(a, b)):
                return True
    return False
