"""A last look at an expression: forms that a misreading makes costly are made less certain."""

from __future__ import annotations

from matching.model.codes import Role, Sex
from matching.model.criterion import AllOf, AnyOf, AtLeast, Expression, If, Not, PregnancyIs, SexIs, Unreadable

_DEPTH = 60


def open_to_both_sexes(expression: Expression, role: Role) -> Expression:
    """The same with "male or female" as what it is, a permission: it holds for everybody, and nobody is asked for a sex.

    An exclusion that says nothing else stays as it is: it cannot mean what it says.
    """
    if _is_everybody(expression):
        return If(expression, expression) if role is Role.INCLUSION else expression
    return _narrower(expression, 0)


def _narrower(expression: Expression, depth: int) -> Expression:
    if depth > _DEPTH:
        return expression
    match expression:
        case AllOf(of=parts):
            return AllOf(tuple(If(part, part) if _is_everybody(part) else _narrower(part, depth + 1) for part in parts))
        case AnyOf(of=parts):
            return AnyOf(tuple(_narrower(part, depth + 1) for part in parts))
        case _:
            return expression


def _is_everybody(expression: Expression) -> bool:
    if not isinstance(expression, AnyOf) or not all(isinstance(part, SexIs) for part in expression.of):
        return False
    return {part.sex for part in expression.of if isinstance(part, SexIs)} == {Sex.FEMALE, Sex.MALE}


def cautious(expression: Expression, role: Role, depth: int = 0) -> Expression:
    """The same expression, where a sex stands beside other exclusions as one of them: open unless both hold.

    "For female participants only - pregnant or breast-feeding" names whom the exclusion is about, though it reads like
    a list. A list that really excludes a sex is kept open as well: that costs certainty, the other costs a patient.
    """
    if role is Role.INCLUSION or depth > _DEPTH:
        return expression
    match expression:
        case AnyOf(of=parts):
            read = tuple([cautious(part, role, depth + 1) for part in parts])
            return _with_sexes(read)
        case AllOf(of=parts):
            return AllOf(tuple([cautious(part, role, depth + 1) for part in parts]))
        case _:
            return expression


def _with_sexes(parts: tuple[Expression, ...]) -> Expression:
    sexes = tuple([part for part in parts if isinstance(part, SexIs)])
    if not sexes or len(sexes) == len(parts):
        return AnyOf(parts)
    rest = tuple(part for part in parts if not isinstance(part, SexIs))
    people = sexes[0] if len(sexes) == 1 else AnyOf(sexes)
    others = rest[0] if len(rest) == 1 else AnyOf(rest)
    both = AllOf((people, others))
    if all(map(_of_pregnancy, rest)):
        return both
    unsure = Unreadable(sexes[0].start, sexes[0].end, "whether these people are meant or only named")
    return AnyOf((both, AllOf((AnyOf((people, others)), unsure))))


def _of_pregnancy(part: Expression) -> bool:
    """Whether a part speaks of pregnancy and the like, and of what could not be read beside it."""
    match part:
        case PregnancyIs():
            return True
        case AllOf(of=parts) | AnyOf(of=parts) | AtLeast(of=parts):
            return any(map(_of_pregnancy, parts)) and all(
                _of_pregnancy(each) or isinstance(each, Unreadable) for each in parts
            )
        case Not(of=part):
            return _of_pregnancy(part)
        case If(then=then):
            return _of_pregnancy(then)
        case _:
            return False
