"""Coordinations: members parted by commas, "and", "or", with modifiers and negations that reach over them."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.model.criterion import (
    ConditionIs,
    Expression,
    TreatmentIs,
    Unreadable,
)
from matching.reading.attributes import with_attributes, without_attributes
from matching.reading.cues import Cue
from matching.reading.hanging import either_status, hung, not_done
from matching.reading.items import CONTENT, NAMES, Item, find
from matching.reading.joining import combine, runs, spread_windows
from matching.reading.logic import all_of, narrowed
from matching.reading.mentions import NOTHING, Mods
from matching.reading.modifiers import join_modifiers
from matching.reading.parts import Line, Part
from matching.reading.phrase import Phrase
from matching.reading.shared_meaning import (
    course_of,
    governor_of,
    hold,
    is_governed,
    maybe_of_course,
    part_sexes,
    share_bases,
    share_cancers,
    share_results,
    shared_people,
    spread_clause,
    trailing_phrases,
)
from matching.reading.shared_nouns import share_nouns, without_adjectives
from matching.reading.shared_words import shared_abuse, shared_shifts

MAX_PARTS = 400
"""A line with more coordinated parts than this is no sentence: the rest is left unread."""


_OR = Cue("conj", "or")


def read_list(items: list[Item], line: Line, depth: int, mods: Mods = NOTHING) -> Expression | None:
    """List = clause, in which "and" and "or" both part the members ("except A and B")."""
    turned = [_parting(i) for i in items]
    return line.read(turned, mods, depth)


def _parting(item: Item) -> Item:
    """A conjunction or a comma as "or"; anything else as it is."""
    if item.kind == "conj" or (item.kind == "sep" and item.text == ","):
        return Item("conj", item.start, item.end, item.text, _OR)
    return item


def _split(items: list[Item]) -> list[Part]:
    parts = [Part([], "", False)]
    joint, comma = "", False
    for item in items:
        if item.kind == "conj" and item.cue is not None:
            joint = item.cue.value if joint != "or" else joint
        elif item.kind == "sep":
            comma = comma or item.text in {",", "•", "-", ":"}
            joint = joint or ""
            if item.text == "/":
                joint = joint or "/"
            elif not joint:
                joint = ","
        else:
            if item.kind == "link" and item.text.startswith("and ") and any(p.joint == "or" for p in parts):
                joint = joint or "and"  # "A or B and have C": not said of B alone
            if (joint or comma) and parts[-1].items:
                parts.append(Part([], joint, comma))
            joint, comma = "", False
            parts[-1].items.append(item)
    return [p for p in parts if p.items]


_SPOKEN = CONTENT | {"generic", "word", "compound"}


def _denials(items: list[Item]) -> list[Item]:
    """A negation after a name with what it denies, as one item: up to the next statement, over "or" and its commas."""
    spoken = False
    for n, item in enumerate(items):  # noqa: B007 -- where the loop stopped is used below
        if item.kind == "neg" and spoken:
            break
        if item.kind in {"sep", "conj"}:
            spoken = False
        elif item.kind in _SPOKEN:
            spoken = True
    else:
        return items
    stop = n + 1
    while stop < len(items):
        item = items[stop]
        if item.kind in {"sep", "conj"}:
            after = next((i for i in items[stop + 1 :] if i.kind not in {"conj", "plain"}), None)
            if after is None or after.kind in {
                "modal",
                "link",
                "neg",
                "measure",
                "on_site",
                "pregtest",
                "person",
                "status",
                "that",
            }:
                break
            if item.kind == "sep" and not any(
                i.kind == "conj" and i.cue is not None and i.cue.value == "or" for i in items[stop:]
            ):
                break
        stop += 1
    rest = items[n + 1 : stop]
    examples = [i for i in rest if i.kind == "group" and any(k.kind == "eg" for k in i.inner)]
    inner = [i for i in rest if i not in examples]
    denied = Item.of("denied", items[n].start, (inner[-1] if inner else items[n]).end, inner=inner)
    return (
        [*items[:n], *examples, denied, *_denials(items[stop:])]
        if stop < len(items)
        else [*items[:n], *examples, denied]
    )


def _without_indifferent(items: list[Item]) -> list[Item]:
    """Drops "with or without" and what it names, up to the next comma: it restricts nothing."""
    n = find(items, "regardless")
    if n <= 0 or not any(i.kind in _SPOKEN for i in items[:n]):
        return [i for i in items if i.kind != "regardless"] if n >= 0 else items
    stop = n + 1
    while stop < len(items) and not (items[stop].kind == "sep" or items[stop].kind in {"window", "measure"}):
        if items[stop].kind == "conj" and stop + 1 < len(items) and items[stop + 1].kind in _OPENING:
            break
        stop += 1
    return _without_indifferent([*items[:n], *items[stop:]])


_OPENING = frozenset({"modal", "link", "neg", "person", "status", "on_site", "measure", "sex", "agegroup"})


def read_coordination(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Coordination = part {("," | "and" | "or" | "and/or" | "/") part}.

    A part that only modifies ("severe or", "history of and") modifies the next. A negation holds for the parts after it
    until a part begins a new statement. In an exclusion list two names joined by "and" may mean both or either.
    """
    items = not_done(items)
    kinds = {i.kind for i in items}
    told = _without_indifferent(items) if "regardless" in kinds else items
    parts = hung(either_status(_split(_denials(told) if "neg" in kinds else told)), items)
    if not parts:
        return None
    if len(parts) > MAX_PARTS:
        rest = [i for p in parts[MAX_PARTS:] for i in p.items]
        parts = parts[:MAX_PARTS]
        line.skip(rest)
        parts.append(Part([], "", False, Unreadable(rest[0].start, rest[-1].end, "too long a list")))
    if len(parts) > 1:
        attributes = without_attributes(parts) if "qual" in kinds or "result" in kinds else []
        if "shift" in kinds:
            parts = shared_shifts(parts)
        if "lifestyle" in kinds:
            parts = shared_abuse(parts)
        parts = share_nouns(join_modifiers(parts))
        with_attributes(parts, attributes)
    else:
        parts = join_modifiers(parts)
    carried = base = mods
    before: Part | None = None
    organs = False
    repeated: set[str] = set()
    ends_in_or = bool(parts) and parts[-1].joint == "or"
    governor: Item | None = None
    course: tuple[str, ...] = ()
    for part in parts:
        if part.alternative:
            carried = base
        course, carried = course_of(part, before, course, carried)
        base = carried
        if governor is not None:
            governor = governor if is_governed(part, ends_in_or=ends_in_or) else None
            carried = carried._replace(narrow=governor)
        elif (first := governor_of(part)) is not None:
            governor = first
        if part.expression is None:
            organs = before is not None and (
                isinstance(before.expression, ConditionIs)
                or (organs and any(i.kind == "anatomy" for i in before.items[-1:]))
            )
            _read_part(part, carried, line, depth, organs=organs, first=before is None)
            maybe_of_course(part, course)
        if _only_modifies(part, before):
            continue
        if base.qualifiers:
            said = {i.cue.value for i in part.items if i.kind == "qual" and i.cue is not None}
            repeated |= said & set(base.qualifiers)
        carried = without_adjectives(part) if part.items and part.items[-1].borrowed else part.mods
        if _again_at(part, before):
            carried = carried._replace(window=None)
            continue
        if part.alternative or repeated:  # what is said of each by itself holds for no other
            own = mods.qualifiers if part.alternative else tuple(q for q in carried.qualifiers if q not in repeated)
            carried = carried._replace(qualifiers=own)
        if part.expression is None and part.mods.window is not None and before is not None and not mods.window:
            hold(parts[: parts.index(part)], part.mods.window)
            carried = carried._replace(window=None)
        if part.items and any(i.kind == "denied" for i in part.items):
            carried = carried._replace(qualifiers=())
        before = part
    for part in parts:
        if part.expression is None and part.joint and part.items:
            general = _OF_MEDICINE.search(line.text, part.items[0].start, part.items[-1].end)
            if general is not None:  # "neurological or medical disorders": whatever that may be
                part.expression = Unreadable(general.start(), general.end(), "a general term that could not be read")
    read = [p for p in parts if p.expression is not None]
    if not read:
        return None
    if len(read) == 1:
        return combine(runs(read), items, line)
    read = trailing_phrases(read)
    part_sexes(read)
    people = shared_people(read)
    share_cancers(read)
    share_bases(read, line)
    share_results(read)
    spread_windows(read)
    spread_clause(read)
    joined = combine(runs(read), items, line)
    return all_of((*people, joined)) if people else joined


_OF_MEDICINE = re.compile(
    r"(?i)\b(?:medical|systemic|somatic|physical|organic)\s+(?:illness(?:es)?|conditions?|disorders?|diseases?|problems?)\b"
)


_SAYING_MORE = (
    "requir",
    "accompanied",
    "complicated",
    "due to",
    "caused by",
    "secondary to",
    "because of",
    "associated",
)


def _only_modifies(part: Part, before: Part | None) -> bool:
    """Takes a member without a name that only says more of the disease before it.

    "asthma considered unstable and/or requiring treatment": a member of its own, of the same disease; set off by a comma
    ("asthma, unstable or requiring treatment") it narrows what stands before it.
    """
    if before is None or part.negated:
        return False
    items = [i for i in part.items if i.kind not in {"plain", "that"}]
    required = bool(items) and items[0].kind == "narrow" and items[0].text.startswith(_SAYING_MORE)
    if not (required or (items and items[0].kind == "qual" and part.joint == ",")):
        return False
    if len(items) < 2 or any(
        i.kind not in {"generic", "compound", "word", "qual", "route", "narrow"} for i in items[1:]
    ):
        return False
    told = before.expression
    if not isinstance(told, ConditionIs) or not any(i.kind == "narrow" for i in items):
        return False
    rest = Unreadable(items[0].start, items[-1].end, "what it requires")
    if part.joint == ",":
        before.expression, part.expression = narrowed(told, rest), None
    else:
        part.expression = narrowed(replace(told, qualifiers=()), rest)
    return True


def _again_at(part: Part, before: Part | None) -> bool:
    """A second time for the name before ("glaucoma at screening or diagnosed within 6 months"): read as an alternative."""
    if part.expression is not None or part.joint != "or" or before is None or part.mods.window is None:
        return False
    last = before.expression
    if not isinstance(last, ConditionIs | TreatmentIs) or before.window is None or last.window != before.window:
        return False
    part.expression = replace(last, window=part.mods.window)
    part.window = part.mods.window
    return True


_PREDICATES = frozenset({"have", "has", "had", "is", "are", "was", "were", "been", "being", "must", "should"})


_BEFORE_A_PHRASE = frozenset({"neg", "plain", "person", "modal", "that", "link", "prep", "agegroup", "verb"})


def _read_part(part: Part, carried: Mods, line: Line, depth: int, *, organs: bool = False, first: bool = True) -> None:
    """Part = {negation} phrase. `organs`: a part of the body stands for its diseases ("heart disease, liver")."""
    items = part.items
    n = 0
    negations = 0
    while n < len(items) and items[n].kind in _BEFORE_A_PHRASE:
        negations += items[n].kind == "neg"
        n += 1
    part.restart = n < len(items) and items[n].kind in {"measure", "on_site", "pregtest"}
    part.alone = any(i.kind == "neg" and i.text == "non" for i in items[:n])
    if n:
        opening = items[:n]
        part.negated = negations % 2 == 1
        part.either = any(i.text == "either" for i in opening)
        part.predicate = any(not _PREDICATES.isdisjoint(i.text.split()) for i in opening)
        part.restart = part.restart or any(i.kind in {"modal", "link", "verb"} for i in opening)
    body = [i for i in items[:n] if i.kind not in {"neg"}] + items[n:] if n else items
    if part.joint and carried.result and any(i.kind == "status" for i in items):
        carried = carried._replace(result="")  # "abnormal renal function or undergoing dialysis"
    if part.restart and part.joint:
        carried = NOTHING
    elif carried.governor is not None and body and body[0].kind not in NAMES | {"qual", "route", "plain"}:
        carried = carried._replace(governor=None)
    Phrase(line, carried, depth, organs=organs, first=first).read(part, body)
