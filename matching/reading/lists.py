"""Coordinations: members parted by commas, "and", "or", with modifiers and negations that reach over them."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.knowledge import hierarchy
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    ConditionIs,
    Expression,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from matching.reading.attributes import with_attributes, without_attributes
from matching.reading.cues import Cue
from matching.reading.hanging import either_status, hung, not_done
from matching.reading.items import CONTENT, NAMES, Item, find
from matching.reading.joining import combine, runs, spread_windows
from matching.reading.logic import all_of, any_of, clouded, leaves, narrowed
from matching.reading.mentions import NOTHING, Mods, with_qualifiers, with_window
from matching.reading.modifiers import join_modifiers, named
from matching.reading.parts import Line, Part
from matching.reading.phrase import Phrase
from matching.reading.shared_nouns import share_nouns, shares_its_noun, without_adjectives
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
        course, carried = _course(part, before, course, carried)
        base = carried
        if governor is not None:
            governor = governor if _is_governed(part, ends_in_or=ends_in_or) else None
            carried = carried._replace(narrow=governor)
        elif (first := _governor(part)) is not None:
            governor = first
        if part.expression is None:
            organs = before is not None and (
                isinstance(before.expression, ConditionIs)
                or (organs and any(i.kind == "anatomy" for i in before.items[-1:]))
            )
            _read_part(part, carried, line, depth, organs=organs, first=before is None)
            _maybe_of_course(part, course)
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
            _hold(parts[: parts.index(part)], part.mods.window)
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
    read = _trailing_phrases(read)
    _part_sexes(read)
    people = _shared_people(read)
    _share_cancers(read)
    _share_bases(read, line)
    _share_results(read)
    spread_windows(read)
    _spread_clause(read)
    joined = combine(runs(read), items, line)
    return all_of((*people, joined)) if people else joined


def _governor(part: Part) -> Item | None:
    """What narrows the first name of a member, and may narrow the names listed after it ("exacerbation of asthma or COPD")."""
    for item in part.items:
        if item.kind == "narrow":
            return None if item.text == "onset of" else item
        if item.kind not in {
            "plain",
            "prep",
            "qual",
            "status",
            "person",
            "neg",
            "modal",
            "word",
            "generic",
            "compound",
        }:
            return None
    return None


def _is_governed(part: Part, *, ends_in_or: bool) -> bool:
    """Whether a member is a bare name, or one with modifiers, that "or" joins to the names before it."""
    if not (part.joint == "or" or (part.joint == "," and ends_in_or)):
        return False
    n = next((k for k, i in enumerate(part.items) if i.kind in NAMES), -1)
    return n >= 0 and all(i.kind in {"qual", "plain"} for i in part.items[:n])


_OF_MEDICINE = re.compile(
    r"(?i)\b(?:medical|systemic|somatic|physical|organic)\s+(?:illness(?:es)?|conditions?|disorders?|diseases?|problems?)\b"
)
_COURSES = frozenset({"acute", "chronic", "subacute"})


def _course(part: Part, before: Part | None, course: tuple[str, ...], carried: Mods) -> tuple[tuple[str, ...], Mods]:
    """How a disease runs ("acute"), where a comma parts a name from the next: taken out of what is carried on, and kept.

    "Acute pulmonary disease, cardiac failure" may say it of the first alone; adjectives that share a noun share this too.
    """
    told = tuple(q for q in carried.qualifiers if q in _COURSES)
    if (
        not told
        or before is None
        or not isinstance(before.expression, ConditionIs)
        or not (part.joint == "," or part.comma)
        or any(shares_its_noun(i) for i in (*before.items, *part.items))
    ):
        return course, carried
    return told, carried._replace(qualifiers=tuple(q for q in carried.qualifiers if q not in told))


def _maybe_of_course(part: Part, course: tuple[str, ...]) -> None:
    """A name that the course of the one before may be said of: settled where both readings agree."""
    told = part.expression
    if not course or not isinstance(told, ConditionIs) or _COURSES.intersection(told.qualifiers) or part.restart:
        return
    mark = Unreadable(told.start, told.end, f"whether it must be {' or '.join(course)}")
    part.expression = any_of((with_qualifiers(told, course), all_of((told, mark))))


def _is_treatment(expression: Expression) -> bool:
    found = [e for e in leaves(expression) if not isinstance(e, Unreadable)]
    return bool(found) and all(isinstance(e, TreatmentIs) for e in found)


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


def _trailing_phrases(parts: list[Part]) -> list[Part]:
    """A part that a comma sets off and a preposition begins ("..., for all trauma patients") narrows the one before."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if last is not None and part.joint == "," and part.items and part.items[0].kind == "prep" and not part.negated:
            assert last.expression is not None and part.expression is not None
            rest = Unreadable(part.items[0].start, part.items[-1].end, "how this belongs to what stands before it")
            last.expression = all_of((last.expression, clouded(part.expression, rest)))
            continue
        out.append(part)
    return out


def _shared_people(parts: list[Part]) -> tuple[Expression, ...]:
    """The age and sex before a list ("adults over 65 with asthma or bronchitis"), taken out of its first member.

    They are said of the person, so they hold for every member that begins no statement of its own.
    """
    first = parts[0]
    if len(parts) < 2 or first.base is None or first.negated or any(p.restart or p.negated for p in parts[1:]):
        return ()
    base = first.base.of if isinstance(first.base, AllOf) else (first.base,)
    whole = first.expression.of if isinstance(first.expression, AllOf) else ()
    people = tuple(e for e in base if _is_person(e, base))
    if people and not any(isinstance(e, SexIs) for p in parts[1:] if p.expression for e in leaves(p.expression)):
        people = tuple(e for e in whole if e in people or isinstance(e, SexIs))
    rest = tuple(e for e in whole if e not in people)
    if not people or not rest or len(rest) + len(people) != len(whole):
        return ()
    left = tuple(e for e in base if e not in people)
    first.base = all_of(left) if left else None
    first.expression = all_of(rest)
    return people


def _part_sexes(parts: list[Part]) -> None:
    """Members for one sex and for the other are alternatives: "females of non-childbearing potential and male subjects"."""
    told = [
        {i.cue.value for i in p.items if i.kind == "sex" and i.cue is not None}
        if p.expression is not None and all(isinstance(e, SexIs | PregnancyIs) for e in leaves(p.expression))
        else set()
        for p in parts
    ]
    for n in range(1, len(parts)):
        if parts[n].joint == "and" and told[n - 1] and told[n] and not told[n - 1] & told[n]:
            parts[n].joint = "or"


def _share_cancers(parts: list[Part]) -> None:
    """A stage in a list ("lung cancer stage III or stage IV") is of the cancer before it."""
    base: Expression | None = None
    for part in parts:
        told = part.expression
        if isinstance(told, ScoreIs) and told.instrument in _STAGES:
            if base is not None and part.joint == "or":
                part.expression = all_of((base, told))
        elif isinstance(told, AllOf) and any(isinstance(e, ScoreIs) and e.instrument in _STAGES for e in told.of):
            base = next((e for e in told.of if isinstance(e, ConditionIs)), None)
        else:
            base = None


def _is_tumour(told: ConditionIs) -> bool:
    return told.concept.id is not None and hierarchy.is_a(told.concept.id, "D009369")


def _share_results(parts: list[Part]) -> None:
    """A result before a tumour ("CD20-positive lymphoma or leukemia") may be said of the tumours behind "or" too."""
    result: ResultIs | None = None
    for part in parts:
        told = part.expression
        if part.restart or part.negated or part.joint not in {"", "or", "/", ","}:
            result = None
        if isinstance(told, AllOf) and isinstance(told.of[0], ResultIs) and isinstance(told.of[-1], ConditionIs):
            before = told.of[0].start < told.of[-1].start and _is_tumour(told.of[-1])
            result = told.of[0] if before else None
        elif isinstance(told, ConditionIs) and result is not None and _is_tumour(told):
            mark = Unreadable(told.start, told.end, "whether the result is said of this one too")
            part.expression = all_of((told, any_of((result, mark))))
        else:
            result = None


_STAGES = frozenset({"stage", "ajcc_stage"})


def _is_person(part: Expression, beside: tuple[Expression, ...]) -> bool:
    """Whether a part bounds the age or the sex, or is the doubt about such a bound ("age = 65 years")."""
    if isinstance(part, AgeIs | SexIs):
        return True
    if isinstance(part, Unreadable):
        return any(isinstance(e, AnyOf) and part in e.of and _is_person(e, ()) for e in beside)
    return (
        isinstance(part, AnyOf)
        and all(isinstance(e, AgeIs | Unreadable) for e in part.of)
        and any(isinstance(e, AgeIs) for e in part.of)
    )


def _share_bases(parts: list[Part], line: Line) -> None:
    """After "diabetes with nephropathy" an "or retinopathy" may stand for diabetes with it, or for itself: both must hold."""
    base: Expression | None = None
    loose = required = False
    for part in parts:
        assert part.expression is not None
        if part.restart or part.negated or (part.joint == "and" and not line.exclusion):
            base = None
        elif base is not None and required and _is_treatment(part.expression):
            rest = Unreadable(part.items[0].start, part.items[-1].end, "whether it was required")
            part.expression = all_of(
                (base, part.expression, rest)
            )  # "hypoglycemia requiring glucagon or hospitalization"
        elif base is not None and part.base is None and part.items:
            rest = Unreadable(part.items[0].start, part.items[-1].end, "whether it stands for itself")
            part.expression = all_of((part.expression, any_of((base, rest)), *((rest,) if loose else ())))
        if part.base is not None:
            base, loose, required = part.base, part.loose, part.required


def _spread_clause(parts: list[Part]) -> None:
    """A clause after the last name ("A or B that requires oxygen") may be said of the names before it too."""
    last = parts[-1]
    if len(parts) < 2:
        return
    n = next((k for k, i in enumerate(last.items) if k and _begins_clause(i) and named(last.items[:k])), 0)
    if not n or (n == len(last.items) - 1 and last.items[n].kind != "word"):
        return
    mark = Unreadable(last.items[n].start, last.items[-1].end, "whether this is said of the whole list")
    for part in reversed(parts[:-1]):
        begins = part.restart and part is not parts[0]
        if begins or not isinstance(part.expression, ConditionIs | TreatmentIs):
            return
        part.expression = narrowed(part.expression, mark)


def _begins_clause(item: Item) -> bool:
    """Whether a clause begins that says more of the names before it ("that ...", "due to ...", "picked up by ...")."""
    return item.kind in {"that", "narrow"} or (item.kind == "word" and len(item.text) > 5 and item.text.endswith("ed"))


def _hold(parts: list[Part], window: Window) -> None:
    """A window set off by a comma holds for all members before it ("A, B or C, within 3 weeks")."""
    for part in parts:
        if part.expression is not None and part.window is None:
            part.expression = with_window(part.expression, window)


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
