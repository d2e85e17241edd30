"""Eligibility text -> criteria: the lines of the text, each read by the grammar, put together as the text joins them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from matching.model.codes import Role
from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    Coverage,
    Criterion,
    Expression,
    If,
    Not,
    ParsedCriteria,
    Unreadable,
)
from matching.reading import grammar, leads
from matching.reading.caution import cautious, open_to_both_sexes
from matching.reading.logic import settles
from matching.reading.sections import Line, joined_by_or, split

_TOO_SHORT = 1
"""Characters that cannot hold a criterion: a text of nothing but such lines must not cost a reading each."""

_ABOUT_THE_LIST = re.compile(
    r"(?i)\W*the\s+(?:above|following|preceding)\s+(?:information|list|criteria)\s+(?:is|are)\s+not\s+intended\s+to\s+"
    r"(?:contain|include|list)\s+all\s+(?:considerations|criteria|requirements)\b[^.;:]*\W*$"
)
"""A sentence about the list itself, which asks nothing."""
_NOT_SPECIFIED = ("not specified", "not applicable", "none", "n/a", "na", "none specified", "not stated")


def parse_eligibility(text: str, *, id_prefix: str = "") -> ParsedCriteria:
    """Criteria in the order of the text: i1, i2, ... of the inclusion lists, e1, e2, ... of the exclusion lists.

    Takes any string and never raises. Offsets count the text as it is.
    """
    lines = split(text)
    ids = _ids(lines, id_prefix)
    children: dict[int, list[Line]] = {}
    for line in lines:
        if line.parent is not None:
            children.setdefault(line.parent, []).append(line)
    made: dict[int, Criterion] = {}
    for line in reversed(lines):
        if line.index not in ids:
            continue
        parts = [(child, made[child.index]) for child in children.get(line.index, [])]
        made[line.index], held = _criterion(text, line, lines, parts, ids)
        for child, criterion in parts:
            if child.index in held:
                shown = _shown(text, line, child, criterion.expression)
                made[child.index] = replace(criterion, expression=shown, part_of_parent=True)
    criteria = tuple(made[line.index] for line in lines if line.index in made)
    counted = [
        c for c, line in zip(criteria, (x for x in lines if x.index in made), strict=True) if line.kind != "heading"
    ]
    return ParsedCriteria(criteria, coverage_of(counted))


def _ids(lines: tuple[Line, ...], prefix: str) -> dict[int, str]:
    counts = {Role.INCLUSION: 0, Role.EXCLUSION: 0}
    ids: dict[int, str] = {}
    for line in lines:
        if not line.silent:
            counts[line.role] += 1
            ids[line.index] = f"{prefix}{line.role.value[0]}{counts[line.role]}"
    return ids


def _criterion(
    text: str, line: Line, lines: tuple[Line, ...], parts: list[tuple[Line, Criterion]], ids: dict[int, str]
) -> tuple[Criterion, set[int]]:
    """The criterion of one line, and the indices of the lines under it that its expression holds."""
    own, coverage = _own_reading(text, line, lines)
    expression, end = own, line.end
    held: set[int] = set()
    if parts:
        group = _group(text, line, own, parts)
        alone = _each_alone(line, own, group, tuple(criterion.expression for _, criterion in parts))
        if alone is not None:
            expression = alone
        elif group is not None:
            expression, held = group, {part.index for part, _ in parts}
            coverage = sum(criterion.coverage for _, criterion in parts) / len(parts)
        elif not leads.leads_on(text, line.body, line.end):
            held = {part.index for part, _ in parts if leads.permits(text, part.body, part.end)}
            expression = _with_permissions(line, own, [part for part, _ in parts if part.index in held])
        end = max((criterion.end for part, criterion in parts if part.index in held), default=end)
    parent = ids.get(line.parent) if line.parent is not None else None
    criterion = Criterion(
        id=ids[line.index],
        role=line.role,
        text=text[line.start : end],
        start=line.start,
        end=end,
        expression=expression,
        parent=parent,
        applies_to=line.applies_to,
        coverage=coverage,
    )
    return criterion, held


def _each_alone(
    line: Line, own: Expression, group: Expression | None, parts: tuple[Expression, ...]
) -> Expression | None:
    """What the lead says for itself where its parts, standing alone, mean the same as its group; else None.

    An inclusion list joins its lines as "all of" does, an exclusion list as "any of" does: under a lead that states no
    connective such parts are criteria of their own, each with its own verdict, and nothing is said twice.
    """
    if line.connective is None or line.connective.stated:
        return None
    join = AllOf if line.role is Role.INCLUSION else AnyOf
    joined = join(parts)
    if group == joined or (len(parts) == 1 and group == parts[0]):
        return neutral(line.role)
    return own if group in (join((own, joined)), join((own, *parts))) else None


def neutral(role: Role) -> Expression:
    """What decides nothing: always holds in an inclusion list, never in an exclusion list."""
    return _ALL_OF_NOTHING if role is Role.INCLUSION else _ANY_OF_NOTHING


_ALL_OF_NOTHING, _ANY_OF_NOTHING = AllOf(()), AnyOf(())


def _own_reading(text: str, line: Line, lines: tuple[Line, ...]) -> tuple[Expression, float]:
    """What the line itself says, read beside the lead or label that it stands under."""
    if line.beyond:
        return Unreadable(line.body, line.end, "too long a text"), 0.0
    if line.kind == "heading" or not (
        text[line.body : line.body + 1].isalnum() or any(map(str.isalnum, text[line.body : line.end]))
    ):
        return neutral(line.role), 1.0
    if line.end - line.body <= 20 and text[line.body : line.end].strip(" .;,*-").lower() in _NOT_SPECIFIED:
        return neutral(line.role), 1.0
    if line.end - line.body <= 250 and _ABOUT_THE_LIST.match(text, line.body, line.end):
        return neutral(line.role), 1.0
    if line.end - line.body <= _TOO_SHORT:
        return Unreadable(line.body, line.end, "too short to say anything"), 0.0
    above = line.context
    if line.parent is not None:
        lead = lines[line.parent]
        if leads.leads_on(text, lead.body, lead.end) and not leads.treats_people(text, lead.body, lead.end):
            above = (lead.body, lead.end)
    if line.names_cohort or (
        line.kind == "lead" and leads.leads_on(text, line.body, line.end) and leads.is_pure(text, line.body, line.end)
    ):
        return neutral(line.role), 1.0
    reading = grammar.read_line(text, line.body, line.end, line.role, above)
    return open_to_both_sexes(cautious(reading.expression, line.role), line.role), reading.coverage


def _group(text: str, line: Line, own: Expression, parts: list[tuple[Line, Criterion]]) -> Expression | None:
    """The expression of a lead with what stands under it; None where each stands for itself.

    Where the text does not say how the lead's words and the parts hang together, the reading that decides less is taken.
    """
    expressions = tuple(criterion.expression for _, criterion in parts)
    if line.connective is None or line.connective.count > len(parts):
        return None
    if any(part.applies_to != line.applies_to for part, _ in parts):
        return None  # each part is for its own cohort
    if line.alternatives:
        every = (own, *expressions)
        return AnyOf(every) if line.role is Role.INCLUSION else AllOf(every)
    match line.connective.kind:
        case "all":
            group: Expression = AllOf(_alternatives(text, parts))
        case "any":
            group = AnyOf(expressions)
        case "at_least":
            group = AtLeast(line.connective.count, expressions)
        case _:
            assert_never(line.connective.kind)
    here = (line.body, line.end)
    if not leads.leads_on(text, *here):
        return _under_a_sentence(text, line, own, group, parts)
    if len(expressions) == 1 and line.connective.kind != "at_least":
        group = expressions[0]
    rest = Unreadable(line.body, line.end, "how this line restricts the lines under it")
    if _lets_through(text, line):
        return _with_exceptions(text, line, own, group, rest)
    if leads.sets_time_apart(text, *here):
        return AllOf((AnyOf((group, rest)), rest))
    if line.negated:
        none = _negated(text, line, expressions, rest)
        if line.role is Role.EXCLUSION or leads.is_pure(text, *here):
            return none
        return AllOf((own, none))  # "No serious illness, including:" holds more than its examples
    if line.names_cohort or leads.is_pure(text, *here):
        return group
    if isinstance(own, Unreadable) and line.connective.stated and leads.says_little(text, *here):
        return group
    inclusion = line.role is Role.INCLUSION
    clear = not has_unreadable(own)
    if leads.requires_of_some(text, *here):
        if inclusion:
            return If(own, group) if clear else AnyOf((group, rest))
        return AllOf((own, group)) if clear else AllOf((group, rest))
    if inclusion and leads.treats_people(text, *here):
        return AllOf((AnyOf((own, AllOf((Not(group), rest)))), AnyOf((group, rest))))
    if inclusion:
        return AllOf((own, group))
    if leads.gives_examples(text, *here):
        return AnyOf((own, group))
    of_people = leads.says_of_people(text, *here)
    if of_people or (leads.names_people(text, *here) and not line.connective.stated):
        return AllOf((own, group)) if clear else AllOf((group, rest))
    if leads.restricts(text, *here) and not leads.defines(text, *here):
        return AllOf((group, rest))
    return group


def _alternatives(text: str, parts: list[tuple[Line, Criterion]]) -> tuple[Expression, ...]:
    """The parts, those that an "or" joins taken together."""
    out: list[Expression] = []
    for n, (line, criterion) in enumerate(parts):
        if n and joined_by_or(text, parts[n - 1][0], line):
            before = out.pop()
            out.append(AnyOf((*(before.of if isinstance(before, AnyOf) else (before,)), criterion.expression)))
        else:
            out.append(criterion.expression)
    return tuple(out)


def _lets_through(text: str, line: Line) -> bool:
    """Whether what stands under the line is an exception to it; who may take part at all is no exception."""
    here = (line.body, line.end)
    at_the_top = line.role is Role.INCLUSION and line.parent is None and not line.negated
    return leads.has_exception(text, *here) and not (at_the_top and leads.admits(text, *here))


def _negated(text: str, line: Line, expressions: tuple[Expression, ...], rest: Unreadable) -> Expression:
    """None of the parts hold. An exclusion list's "without:" may also mean that not all of them do: then both."""
    assert line.connective is not None
    some: Expression = AnyOf(expressions) if len(expressions) > 1 else expressions[0]
    every: Expression = AllOf(expressions) if len(expressions) > 1 else expressions[0]
    if line.connective.kind == "at_least":
        some = every = AtLeast(line.connective.count, expressions)
    elif line.connective.stated and line.connective.kind == "all":
        some = every
    if leads.restricts(text, line.body, line.end):
        some, every = AllOf((some, rest)), AllOf((every, rest))
    if line.role is Role.EXCLUSION and not leads.lacks(text, line.body, line.end):
        # "No:" or "Must not have:" over an exclusion list is a slip as often as it is meant.
        return AllOf((AnyOf((Not(some), rest)), rest))
    if line.role is Role.INCLUSION or line.connective.stated:
        return Not(some)
    return AnyOf((Not(some), AllOf((Not(every), rest))))


def _shown(text: str, lead: Line, part: Line, expression: Expression) -> Expression:
    """What a line under a lead says for itself: denied under "none of:", open where it lets people through."""
    lets_through = _lets_through(text, lead) or (
        not leads.leads_on(text, lead.body, lead.end) and leads.permits(text, part.body, part.end)
    )
    if leads.sets_time_apart(text, lead.body, lead.end):
        rest = Unreadable(part.body, part.end, "how long it must be over")
        return AllOf((AnyOf((expression, rest)), rest))
    if lets_through:
        rest = Unreadable(part.body, part.end, "lets some people through")
        return AllOf((AnyOf((expression, rest)), rest))
    if lead.negated and lead.role is Role.EXCLUSION and not leads.lacks(text, lead.body, lead.end):
        rest = Unreadable(part.body, part.end, "a denial in an exclusion list")
        return AllOf((AnyOf((expression, rest)), rest))
    return Not(expression) if lead.negated else expression


def _under_a_sentence(
    text: str, line: Line, own: Expression, group: Expression, parts: list[tuple[Line, Criterion]]
) -> Expression | None:
    """A whole sentence with lines under it: they are requirements of their own, or alternatives where they only name things."""
    stated = line.connective is not None and line.connective.stated
    if line.role is Role.INCLUSION:
        if stated and line.connective is not None and line.connective.kind != "all":
            return AllOf((own, group))
        if len(parts) > 1 and all(leads.is_noun(text, part.body, part.end) for part, _ in parts):
            return AllOf((own, AnyOf(tuple(criterion.expression for _, criterion in parts))))
    elif stated and line.connective is not None and line.connective.kind != "any":
        return AllOf((own, group))
    return None


def _with_permissions(line: Line, own: Expression, parts: list[Line]) -> Expression:
    """A sentence under which lines let some people through: it may stop fewer than it says."""
    if not parts:
        return own
    some = tuple(Unreadable(part.body, part.end, "lets some people through") for part in parts)
    if line.role is Role.INCLUSION:
        return AnyOf((own, *some))
    return AllOf((own, *some))


def _with_exceptions(text: str, line: Line, own: Expression, group: Expression, rest: Unreadable) -> Expression:
    """What stands under "except:" lets people through; under "are eligible if:" nobody can say what fails.

    Inclusion, "no cancer except: A": without cancer it holds; with A it may. Exclusion, "cancer except: A": without
    cancer it does not hold; with A it may not.
    """
    if not leads.excepts(text, line.body, line.end) or line.negated:
        return AllOf((AnyOf((group, rest)), rest))
    if line.role is Role.INCLUSION:
        return AnyOf((own, AllOf((group, rest))))
    return AllOf((own, AnyOf((Not(group), rest))))


def has_unreadable(expression: Expression) -> bool:
    """Whether any part of an expression could not be read."""
    match expression:
        case Unreadable():
            return True
        case AllOf(of=of) | AnyOf(of=of) | AtLeast(of=of):
            return any(has_unreadable(part) for part in of)
        case Not(of=part):
            return has_unreadable(part)
        case If(when=when, then=then):
            return has_unreadable(when) or has_unreadable(then)
        case _:
            return False


def coverage_of(criteria: list[Criterion]) -> Coverage:
    """Criteria by what can come of them.

    Computable: facts about the patient can settle it, at least one way ("stroke, and ..." with an unread rest is
    settled by no stroke). On site: nothing but the study team can, and all of it was read. Unreadable: the rest.
    """
    computable = on_site = unreadable = 0
    for criterion in criteria:
        true, false = settles(criterion.expression)
        if true or false or criterion.expression in (_ALL_OF_NOTHING, _ANY_OF_NOTHING):
            computable += 1
        elif has_unreadable(criterion.expression):
            unreadable += 1
        else:
            on_site += 1
    return Coverage(len(criteria), computable, on_site, unreadable)
