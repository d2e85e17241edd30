"""Titles, examples and definitions: words that say what other words of the line mean."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.model.criterion import (
    AnyOf,
    AtLeast,
    Bound,
    ConditionIs,
    CountIs,
    Expression,
    MeasurementIs,
    Not,
    OnSite,
    ResultIs,
    ScoreIs,
    Unreadable,
)
from matching.reading.defined import by_value, only_named, valued
from matching.reading.exceptions import rebuilt
from matching.reading.items import CONTENT, NAMES, Item, has, trim
from matching.reading.joining import join
from matching.reading.lists import read_list
from matching.reading.logic import all_of, any_of, between, clouded, explained, leaves, narrowed, negate
from matching.reading.mentions import NOTHING, Mods, shifted_name, with_qualifiers, with_window
from matching.reading.parts import Line
from matching.reading.people import on_subgroup, who

_SAYING = frozenset({"plain", "word", "qual", "status", "neg", "generic"})
_COUNTED = re.compile(r"(?i)\bat\s+least\s+(one|two|three|four|five|[1-9])\b")


_ANY = re.compile(r"(?i)\b(?:any|either|one|1)\s+(?:or\s+more\s+)?(?:of|conditions?)\b")
_FOLLOWING = re.compile(r"(?i)\b(?:following|these|below)\b")


_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


def read_labelled(label: list[Item], body: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Labelled = label ":" clause. A label without a name of its own only titles the clause; a subgroup is its condition."""
    comma = max((k for k, i in enumerate(label) if i.kind == "sep" and i.text in {",", "/"}), default=-1)
    if comma > 0 and any(i.kind == "measure" for i in label[:comma]):
        before = line.read(label[:comma], mods, depth + 1)
        after = (
            read_labelled(label[comma + 1 :], body, mods, line, depth + 1)
            if comma + 1 < len(label)
            else line.read(body, mods, depth + 1)
        )
        members = [e for e in (before, after) if e is not None]
        return (
            join(members, ",", line, Unreadable(label[0].start, body[-1].end, "a row of values")) if members else None
        )
    last = next((i for i in reversed(label) if i.kind not in {"plain", "prep", "sep"}), None)
    if last is not None and last.kind == "shift" and shifted_name(last) is not None:
        # "Allergy or intolerance to: eggs, milk": the colon parts nothing
        return line.read([*(i for i in label if i.kind != "prep"), *body], mods, depth + 1)
    inner = line.read(body, mods, depth + 1)
    if inner is None:
        titled = line.read(label, mods, depth + 1)
        if titled is None or any(i.kind in {"measure", "on_site"} for i in label) or not has(body, _SAYING):
            return titled
        # "Hospitalization status: outpatients", "Menopausal status: any": not what the title names alone
        return clouded(titled, line.unreadable(body))
    negations = sum(i.kind == "neg" for i in label)
    group = who(label)
    if group is not None:
        return on_subgroup(group, inner, line)
    if (both := _AND_SOME.search(line.text, label[0].start, label[-1].end + 1)) is not None:
        ahead = [i for i in label if i.end <= both.start()]
        first = line.read(ahead, mods, depth + 1) if has(ahead, CONTENT) else None
        choice = read_list(body, line, depth + 1)
        if first is not None and choice is not None:  # "no diabetes, and at least 1 of the following: A or B"
            told = (both[1] or "one").lower()
            count = int(told) if told.isdigit() else _NUMBERS.get(told, 1)
            met = AtLeast(count, choice.of) if count > 1 and isinstance(choice, AnyOf) else choice
            return all_of((first, met))
    if not has(label, CONTENT) or _names_its_list(label, line):
        status = NOTHING
        for item in label:
            if item.kind == "status" and item.cue is not None and mods == NOTHING:
                status = Mods(status=item.cue.value)
                inner = line.read(body, status, depth + 1) or inner
        inner = _chosen(inner, label, body, line, depth, status)
        for item in label:
            if item.kind == "window" and item.window is not None:
                inner = with_window(inner, item.window)
        if any(i.kind == "shift" for i in label) and not has(label, CONTENT):
            inner = clouded(inner, line.unreadable(label, "a title that changes the meaning"))
        return negate(inner) if negations % 2 else inner
    outer = line.read(label, mods, depth + 1)
    time = next((i.window for i in label if i.kind == "window"), None)
    if time is not None:
        inner = with_window(inner, time)  # "use of antiarrhythmics within 6 months, including: amiodarone"
    if outer is None:
        return inner
    mark = Unreadable(label[0].start, label[-1].end, "a title and what it names")
    if not any(i.kind == "measure" for i in label) and all(
        isinstance(e, (MeasurementIs, ResultIs, OnSite, Unreadable)) for e in leaves(outer)
    ):
        return inner  # a mere title: "Renal function: creatinine ..."
    if isinstance(outer, Not):
        return negate(between([outer.of, inner], mark))
    return between([outer, inner], mark)


def _chosen(inner: Expression, label: list[Item], body: list[Item], line: Line, depth: int, mods: Mods) -> Expression:
    """What a label says of how the members hang together: "at least two of:", "any of the following:".

    An inclusion line that speaks of one of several, and names one, leaves the others out: without it nothing is settled.
    """
    text, begin, end = line.text, label[0].start, label[-1].end
    counted, either = _COUNTED.search(text, begin, end), _ANY.search(text, begin, end)
    if counted is None and either is None:
        return inner
    choice = read_list(body, line, depth + 1, mods)
    count = 1
    if counted is not None:
        count = _NUMBERS.get(counted[1].lower(), 0) or int(counted[1])
        if isinstance(choice, AnyOf):
            return AtLeast(count, choice.of) if count > 1 else choice
    elif isinstance(choice, AnyOf) or line.exclusion:
        return choice or inner
    if line.exclusion or _FOLLOWING.search(text, begin, end) is None:
        return inner
    rest = Unreadable(begin, end, "what else it may be")
    return clouded(inner, rest) if count > 1 else any_of((choice or inner, rest))


_AND_SOME = re.compile(
    r"(?i),?\s*\b(?:and|plus|with)\s+(?:have\s+|has\s+|meets?\s+)?(?:at\s+least\s+)?(one|two|three|four|five|[1-5]|any)?\s*(?:\(\d\)\s*)?(?:or\s+more\s+)?of\s+the\s+following\b"
)


def _names_its_list(label: list[Item], line: Line) -> bool:
    """Whether the label only says what sort of things its list holds ("the following causes of hypertension")."""
    told = _FOLLOWING.search(line.text, label[0].start, label[-1].end)
    if told is None or any(i.kind in {"measure", "window", "on_site"} for i in label):
        return False
    return all(i.start > told.start() for i in label if i.kind in CONTENT)


def read_examples(
    general: list[Item], cue: Item, examples: list[Item], mods: Mods, line: Line, depth: int
) -> Expression | None:
    """Examples = [clause] ("such as" | "including" | "e.g.") list: the general term, or any of the examples."""
    result = next((i.cue.value for i in general if i.kind == "result" and i.cue is not None), "")
    named = read_list(examples, line, depth + 1, Mods(result=result, shift=_shift_before(general)))
    if not trim(general):
        return named
    broad = line.read(general, mods, depth + 1)
    if named is None:
        if has(examples, frozenset({"word"})):
            line.skip(examples)
        return broad
    before = next((i.window for i in general if i.window is not None), None)
    after = examples[-1].window if examples and examples[-1].kind == "window" else None
    if before is not None:
        named = with_window(named, before)
    if after is not None and broad is not None:
        broad = with_window(broad, after)
    mark = Unreadable(general[0].start, general[-1].end, "a general term that could not be read")
    negative = any(i.kind == "neg" for i in general)
    if (
        broad is None
        or isinstance(broad, Unreadable)
        or (negative and isinstance(broad, Not) and isinstance(broad.of, Unreadable))
    ):
        line.skip(general)
        told = any_of((named, mark))
        told = _qualified(told, general)
        return negate(told) if sum(i.kind == "neg" for i in general) % 2 else told
    if isinstance(broad, Not) and negative:
        return negate(any_of((broad.of, named)))
    if cue.text in _SUCH_AS and isinstance(broad, CountIs) and broad.upper is None and _at_least_one(broad.lower):
        return any_of((broad, named))  # "one or more risk factors, such as obesity": each of them is one
    if not has(general, NAMES) or has(examples, frozenset({"measure", "pregnancy"})):
        return between([broad, named], Unreadable(cue.start, cue.end, "examples of what stands before"))
    return any_of((broad, named))


_SUCH_AS = frozenset({"such as", "e.g.", "e.g", "eg", "for example", "for instance", "like"})


def _at_least_one(bound: Bound | None) -> bool:
    return bound is not None and bound.value == (1 if bound.inclusive else 0)


def _shift_before(general: list[Item]) -> Item | None:
    """The words that turn the name before examples, and so the examples: "allergy to antibiotics, e.g. penicillin"."""
    shift: Item | None = None
    for item in general:
        if item.kind == "shift":
            shift = item if shifted_name(item) is not None else None
        elif item.kind == "conj" or (item.kind == "sep" and item.text != ","):
            shift = None
    return shift


def _qualified(expression: Expression, general: list[Item]) -> Expression:
    qualifiers = tuple(i.cue.value for i in general if i.kind == "qual" and i.cue is not None)
    status = next((i.cue.value for i in general if i.kind == "status" and i.cue is not None), "")
    if qualifiers:
        expression = with_qualifiers(expression, qualifiers)
    if status in {"history", "active"}:

        def set_status(leaf: Expression) -> Expression:
            if isinstance(leaf, ConditionIs) and leaf.status == "any":
                return replace(leaf, status="history" if status == "history" else "active")
            return leaf

        expression = rebuilt(expression, set_status)
    return expression


_EVIDENCE = frozenset({"by", "per", "as per", "based on", "according to", "in accordance with", "confirmed by", "as confirmed by", "diagnosed by",
                       "documented by", "as documented by", "established by", "verified by", "proven by", "as diagnosed by", "by means of",
                       "on the basis of", "as determined by", "determined by", "as assessed by", "assessed by", "as measured by", "measured by"})  # fmt: skip


_FOUND = (MeasurementIs, ScoreIs, ResultIs)


def read_definition(
    defined: list[Item], cue: Item, definition: list[Item], mods: Mods, line: Line, depth: int
) -> Expression | None:
    """Definition = clause ("defined as" | "i.e." | "as measured by") clause: where both say something, either may decide."""
    told = line.read(defined, mods, depth + 1) if has(defined, CONTENT | {"word"}) else None
    meant = line.read(definition, NOTHING, depth + 1) if has(definition, CONTENT) else None
    mark = Unreadable(cue.start, cue.end, "a definition")
    if told is None:
        negations = sum(i.kind == "neg" for i in defined)
        if meant is None:
            return None
        return negate(meant) if negations % 2 else meant
    if meant is None:
        if cue.text in _EVIDENCE or not has(definition, frozenset({"word"})):
            return told
        rest = line.unreadable([cue, *definition], "a definition that could not be read")
        join = narrowed if all(isinstance(e, ConditionIs) for e in leaves(told)) else clouded
        if isinstance(told, Not):
            return negate(join(told.of, rest))
        return join(told, rest) if has(definition, frozenset({"word"})) else told
    if cue.text in _EVIDENCE and (only_named(meant) or not any(isinstance(e, _FOUND) for e in leaves(meant))):
        return told if not isinstance(told, Unreadable) else meant
    if isinstance(told, Unreadable):
        return meant
    if by_value(meant):
        return valued(told, meant, mark)
    if isinstance(told, Not):
        return negate(explained(told.of, meant, mark))
    return explained(told, meant, mark)
