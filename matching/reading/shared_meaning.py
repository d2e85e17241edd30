"""What members of a list say for one another: people, times, stages, results and clauses that reach over several.

Where the text may mean one member or all, the result is settled only where both readings agree.
"""

from __future__ import annotations

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
from matching.reading.items import NAMES, Item
from matching.reading.logic import all_of, any_of, clouded, leaves, narrowed
from matching.reading.mentions import Mods, with_qualifiers, with_window
from matching.reading.modifiers import named
from matching.reading.parts import Line, Part
from matching.reading.shared_nouns import shares_its_noun


def governor_of(part: Part) -> Item | None:
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


def is_governed(part: Part, *, ends_in_or: bool) -> bool:
    """Whether a member is a bare name, or one with modifiers, that "or" joins to the names before it."""
    if not (part.joint == "or" or (part.joint == "," and ends_in_or)):
        return False
    n = next((k for k, i in enumerate(part.items) if i.kind in NAMES), -1)
    return n >= 0 and all(i.kind in {"qual", "plain"} for i in part.items[:n])


_COURSES = frozenset({"acute", "chronic", "subacute"})


def course_of(part: Part, before: Part | None, course: tuple[str, ...], carried: Mods) -> tuple[tuple[str, ...], Mods]:
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


def maybe_of_course(part: Part, course: tuple[str, ...]) -> None:
    """A name that the course of the one before may be said of: settled where both readings agree."""
    told = part.expression
    if not course or not isinstance(told, ConditionIs) or _COURSES.intersection(told.qualifiers) or part.restart:
        return
    mark = Unreadable(told.start, told.end, f"whether it must be {' or '.join(course)}")
    part.expression = any_of((with_qualifiers(told, course), all_of((told, mark))))


def _is_treatment(expression: Expression) -> bool:
    found = [e for e in leaves(expression) if not isinstance(e, Unreadable)]
    return bool(found) and all(isinstance(e, TreatmentIs) for e in found)


def trailing_phrases(parts: list[Part]) -> list[Part]:
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


def shared_people(parts: list[Part]) -> tuple[Expression, ...]:
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


def part_sexes(parts: list[Part]) -> None:
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


def share_cancers(parts: list[Part]) -> None:
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


def share_results(parts: list[Part]) -> None:
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


def share_bases(parts: list[Part], line: Line) -> None:
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


def spread_clause(parts: list[Part]) -> None:
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


def hold(parts: list[Part], window: Window) -> None:
    """A window set off by a comma holds for all members before it ("A, B or C, within 3 weeks")."""
    for part in parts:
        if part.expression is not None and part.window is None:
            part.expression = with_window(part.expression, window)
