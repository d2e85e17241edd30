"""How read parts are joined, so that what was not understood can only make a result less certain.

The rule behind every function here: for a patient, the expression may be UNKNOWN where the sentence is true or false,
but it is never TRUE where the sentence may be false, nor FALSE where it may be true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    Expression,
    If,
    Leaf,
    Not,
    OnSite,
    SexIs,
    TreatmentIs,
    Unreadable,
)


def all_of(parts: Iterable[Expression]) -> Expression:
    """Every part holds; nested conjunctions are flattened, one part stands for itself."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, AllOf):
            flat.extend(part.of)
        else:
            flat.append(part)
    if len(flat) > 1:
        flat = list(dict.fromkeys(flat))
        sexes = [part for part in flat if isinstance(part, SexIs)]
        if len(sexes) > 1 and len({part.sex for part in sexes}) > 1:
            return _of_both_sexes(flat, sexes)
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def _of_both_sexes(parts: list[Expression], sexes: list[SexIs]) -> Expression:
    """Nobody is of both sexes: "men and women" means either, and what else is said may be for one of them only."""
    either = AnyOf(tuple(sexes))
    if len(parts) == len(sexes):
        return either
    mark = Unreadable(sexes[0].start, sexes[0].end, "which of it is for whom")
    return clouded(AllOf((either, *(part for part in parts if part not in sexes))), mark)


def any_of(parts: Iterable[Expression]) -> Expression:
    """One part or more holds; nested disjunctions are flattened, one part stands for itself."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, AnyOf):
            flat.extend(part.of)
        else:
            flat.append(part)
    if len(flat) > 1:
        flat = list(dict.fromkeys(flat))
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def negate(part: Expression) -> Expression:
    """The part does not hold; a double negation falls away."""
    return part.of if isinstance(part, Not) else Not(part)


def narrowed(part: Expression, rest: Unreadable) -> Expression:
    """Unread words that narrow `part`: FALSE stands, TRUE becomes unknown."""
    return all_of((part, rest))


def clouded(part: Expression, rest: Expression) -> Expression:
    """Unread words that may change `part` either way: unknown whatever the patient, with `part` kept in sight."""
    return AllOf((AnyOf((part, rest)), rest))


def between(parts: Sequence[Expression], rest: Unreadable) -> Expression:
    """It is not clear whether all or any of the parts are meant: TRUE when all hold, FALSE when none does."""
    parts = list(dict.fromkeys(parts))
    if len(parts) == 1:
        return parts[0]
    return AtLeast(len(parts), (*parts, *[rest] * (len(parts) - 1)))


def explained(part: Expression, meaning: Expression, rest: Unreadable) -> Expression:
    """A name and what the text says it means: both are needed, and what the name is not stays FALSE.

    Where the meaning could be read whole, either may decide; where facts can never make it true (a part is not read), it
    only narrows the name. Treatments and times in a meaning may add to the name ("within 4 weeks (6 weeks for mitomycin)").
    """
    adds = any(isinstance(e, TreatmentIs) or getattr(e, "window", None) is not None for e in leaves(meaning))
    if adds or settles(meaning)[0]:
        return between([part, meaning], rest)
    return all_of((part, any_of((meaning, rest))))


def factored(expression: Expression) -> Expression:
    """The same meaning with what all members of an "any of" (or "all of") share said once: (D, A) or (D, B) is D, (A or B).

    Conjunction and disjunction distribute over each other with three values too, so no verdict changes.
    """
    match expression:
        case AnyOf(of):
            return _factored(expression, [factored(e) for e in of], AnyOf, AllOf)
        case AllOf(of):
            return _factored(expression, [factored(e) for e in of], AllOf, AnyOf)
        case AtLeast(count, of):
            return AtLeast(count, tuple(factored(e) for e in of))
        case Not(of):
            return Not(factored(of))
        case If(when, then):
            return If(when, then) if when == then else If(factored(when), factored(then))
        case _:
            return expression


def _factored(
    whole: AllOf | AnyOf, members: list[Expression], outer: type[AllOf | AnyOf], inner: type[AllOf | AnyOf]
) -> Expression:
    """`whole` with `members`, which `outer` joins: each of them joins its own parts by `inner`."""
    sides = [e.of for e in members if isinstance(e, inner)]
    if len(sides) < 2 or len(sides) < len(members):
        return _with_members(whole, members, outer)
    shared = [e for e in sides[0] if all(e in side for side in sides[1:])]
    if all(isinstance(e, Unreadable) for e in shared):
        return _with_members(whole, members, outer)
    rests = [tuple(e for e in side if e not in shared) for side in sides]
    if all(rests):
        shared.append(outer(tuple(rest[0] if len(rest) == 1 else inner(rest) for rest in rests)))
    return shared[0] if len(shared) == 1 else inner(tuple(shared))


def _with_members(whole: AllOf | AnyOf, members: list[Expression], outer: type[AllOf | AnyOf]) -> Expression:
    for old, new in zip(whole.of, members, strict=True):
        if old is not new:
            return outer(tuple(members))
    return whole


def settles(expression: Expression) -> tuple[bool, bool]:
    """Whether facts of a patient can make the expression TRUE, and whether they can make it FALSE.

    What cannot be read, or only the study team knows, stays unknown; a permission holds whatever it is about.
    """
    match expression:
        case OnSite() | Unreadable():
            return False, False
        case AllOf(of):
            true, false = True, False
            for e in of:
                can_be, cannot = settles(e)
                true, false = true and can_be, false or cannot
            return true, false
        case AnyOf(of):
            true, false = False, True
            for e in of:
                can_be, cannot = settles(e)
                true, false = true or can_be, false and cannot
            return true, false
        case AtLeast(count, of):
            sides = [settles(e) for e in of]
            return sum(t for t, _ in sides) >= count, sum(f for _, f in sides) > len(sides) - count
        case Not(of):
            true, false = settles(of)
            return false, true
        case If(when, then):
            (begins, never), (true, false) = settles(when), settles(then)
            return when == then or never or (begins and true), when != then and begins and false
        case _:
            _: Leaf = expression
            return True, True


def leaves(expression: Expression) -> list[Expression]:
    """The leaves in the order of the tree; exceptions of a leaf are not among them."""
    found: list[Expression] = []
    _gather(expression, found)
    return found


def _gather(expression: Expression, found: list[Expression]) -> None:
    match expression:
        case AllOf(of) | AnyOf(of) | AtLeast(_, of):
            for part in of:
                _gather(part, found)
        case Not(of):
            _gather(of, found)
        case If(when, then):
            _gather(when, found)
            _gather(then, found)
        case _:
            found.append(expression)


def levels(expression: Expression) -> int:
    """How deep the tree is; a leaf has one level. Takes a tree of any depth."""
    count, level = 0, [expression]
    while level:
        count += 1
        below: list[Expression] = []
        for node in level:
            match node:
                case AllOf(of) | AnyOf(of) | AtLeast(_, of):
                    below.extend(of)
                case Not(of):
                    below.append(of)
                case If(when, then):
                    below += (when, then)
                case ConditionIs(exceptions=exceptions) | TreatmentIs(exceptions=exceptions):
                    below.extend(exceptions)
                case _:
                    pass
        level = below
    return count
