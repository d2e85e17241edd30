"""Members of a list under their connectives.

Where it is not clear which connective is meant, the result is settled only where all readings agree.
"""

from __future__ import annotations

from dataclasses import dataclass

from matching.model.criterion import (
    AtLeast,
    ConditionIs,
    Expression,
    If,
    LifestyleIs,
    Not,
    PregnancyIs,
    ResultIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.reading.absence import away
from matching.reading.items import Item
from matching.reading.logic import all_of, any_of, between, clouded, leaves, negate
from matching.reading.mentions import dated, with_window
from matching.reading.parts import Line, Part


@dataclass(slots=True)
class _Run:
    expression: Expression
    joint: str
    comma: bool
    count: int
    either: bool = False
    predicate: bool = False


def runs(parts: list[Part]) -> list[_Run]:
    """Run = part | negation part {part}: the negated parts together are denied, each one of them."""
    runs: list[_Run] = []
    group: list[Expression] = []
    head: Part | None = None
    for part in parts:
        assert part.expression is not None
        if head is not None and not part.negated and not part.restart:
            group.append(part.expression)
            continue
        if head is not None:
            runs.append(_Run(negate(away(any_of(group))), head.joint, head.comma, len(group)))
            head, group = None, []
        if part.negated and part.alone:
            runs.append(_Run(negate(away(part.expression)), part.joint, part.comma, 1))
        elif part.negated:
            head, group = part, [part.expression]
        else:
            runs.append(_Run(part.expression, part.joint, part.comma, 1, part.either, part.predicate))
    if head is not None:
        runs.append(_Run(negate(away(any_of(group))), head.joint, head.comma, len(group)))
    return runs


def spread_windows(parts: list[Part]) -> None:
    """A window after the last member of a list holds for the members before it ("A, B or C within 6 months")."""
    last = parts[-1]
    if last.window is None or len(parts) < 2:
        return
    if last.joint == "," and last.items and last.items[0].text in {"any", "any other"}:
        return  # "metastatic disease, lung cancer, any other cancer within 5 years"
    for part, after in zip(reversed(parts[:-1]), reversed(parts[1:]), strict=True):
        if part.window is not None or part.expression is None or after.restart:
            return
        if not any(isinstance(e, PregnancyIs) for e in leaves(part.expression)):
            part.expression = with_window(dated(part.expression), last.window)


def combine(runs: list[_Run], items: list[Item], line: Line) -> Expression:
    """The members under their connectives: one kind of word takes the commas; of two kinds, the one after a comma is outer."""
    every = [r.expression for r in runs]
    if len(every) == 1:
        return every[0]
    words = {r.joint for r in runs[1:] if r.joint in {"and", "or"}}
    span = Unreadable(items[0].start, items[-1].end, "whether all or any of the list is meant")
    if words == {"and", "or"}:
        told = _choices(runs, line)
        if told is not None:
            return join(told, "and", line, span)
        outer = {r.joint for r in runs[1:] if r.comma and r.joint in {"and", "or"}}
        inner = {r.joint for r in runs[1:] if not r.comma and r.joint in {"and", "or"}}
        if len(outer) == 1 and len(inner) == 1 and outer != inner:
            groups: list[list[_Run]] = [[runs[0]]]
            for run in runs[1:]:
                if run.comma:
                    groups.append([run])
                else:
                    groups[-1].append(run)
            members = [join([r.expression for r in g], inner.copy().pop(), line, span) for g in groups]
            return join(members, outer.pop(), line, span)
        by_and: list[list[Expression]] = [[every[0]]]
        by_or: list[list[Expression]] = [[every[0]]]
        for run in runs[1:]:
            if run.joint == "or" or (run.joint == "," and line.exclusion):
                by_and.append([run.expression])
                by_or[-1].append(run.expression)
            else:
                by_and[-1].append(run.expression)
                by_or.append([run.expression])
        first = any_of(all_of(g) for g in by_and)
        second = all_of(any_of(g) for g in by_or)
        return first if first == second else AtLeast(2, (first, second, span))
    joint = words.pop() if words else ("/" if any(r.joint == "/" for r in runs[1:]) else ",")
    return join(every, joint, line, span)


def _choices(runs: list[_Run], line: Line) -> list[Expression] | None:
    """Members joined by "and" whose "or" stay inside one: "A and either B or C", "A or B and have C". None: not clear."""
    groups: list[list[_Run]] = [[runs[0]]]
    for run in runs[1:]:
        if run.joint == "and":
            groups.append([run])
        elif run.joint == "or":
            groups[-1].append(run)
        else:
            return None
    clear = all(
        len(group) == 1 or group[0].either or (n == 0 and not line.exclusion and groups[1][0].predicate)
        for n, group in enumerate(groups)
    )
    return [any_of(run.expression for run in group) for group in groups] if clear else None


_NOUNS = (ConditionIs, TreatmentIs, ResultIs)


def join(members: list[Expression], joint: str, line: Line, span: Unreadable) -> Expression:
    """Joined = members under one connective; a bare comma is "or" where names exclude, "and" where statements require."""
    if len(members) == 1:
        return members[0]
    if joint == "or":
        return any_of(members)
    found = [leaf for m in members for leaf in leaves(m)]
    nouns = all(isinstance(m, _NOUNS) or _is_noun_list(m) for m in members)
    if line.exclusion:
        if all(isinstance(e, (PregnancyIs, LifestyleIs, SexIs)) for e in found):
            return any_of(members) if not any(isinstance(e, SexIs) for e in found) else all_of(members)
        if joint in {",", "/"}:
            if any(isinstance(m, Unreadable) for m in members):
                return _trailing(members, span)
            return any_of(members)
        if nouns:
            return any_of(members) if len(members) > 2 else between(members, span)
        return all_of(members) if len(members) == 2 else between(members, span)
    if joint in {",", "/"}:
        if any(isinstance(m, Unreadable) for m in members):
            return _trailing(members, span)
        if nouns:
            return between(members, span)
    return all_of(members)


def _is_noun_list(expression: Expression) -> bool:
    return not isinstance(expression, (Not, If)) and all(
        isinstance(e, (*_NOUNS, Unreadable)) for e in leaves(expression)
    )


def _trailing(members: list[Expression], span: Unreadable) -> Expression:
    """Unread words set off by a comma: they narrow what stands before them, or are members themselves; not known which."""
    read = [m for m in members if not isinstance(m, Unreadable)]
    unread = [m for m in members if isinstance(m, Unreadable)]
    if not read:
        return Unreadable(span.start, span.end, "words that could not be read")
    body = read[0] if len(read) == 1 else between(read, span)
    return clouded(body, unread[0])
