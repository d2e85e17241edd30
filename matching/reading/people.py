"""Requirements on a subgroup: women, patients with a condition, those who take a drug."""

from __future__ import annotations

from matching.model.codes import Sex
from matching.model.criterion import Expression, If, PregnancyIs, SexIs, Unreadable
from matching.reading.items import CONTENT, Item, find, has
from matching.reading.logic import all_of, any_of, clouded, leaves, negate
from matching.reading.mentions import NOTHING, Mods
from matching.reading.parts import Line
from matching.reading.statements import SUBGROUP


def who(items: list[Item]) -> Expression | None:
    """Who = ["for" | "in"] (sex | childbearing potential | sex of childbearing potential) {plain word}."""
    found: list[Expression] = []
    for item in items:
        cue = item.cue
        if item.kind == "sex" and cue is not None:
            found.append(SexIs(item.start, item.end, Sex(cue.value)))
        elif item.kind == "pregnancy" and cue is not None and cue.value == "childbearing_potential":
            found = [PregnancyIs(item.start, item.end, ("childbearing_potential",))]
        elif item.kind == "group":
            continue
        elif item.kind not in {"person", "plain", "prep", "if", "agegroup", "modal", "that", "conj", "qual", "link"}:
            return None
    if not found or any(i.kind == "conj" for i in items):
        return None
    return found[0] if len(found) == 1 else None


def on_subgroup(when: Expression, then: Expression, line: Line) -> Expression:
    """A requirement on a subgroup: in inclusion lists an `if`, in exclusion lists both."""
    return all_of((when, then)) if line.exclusion else If(when, then)


_MUST = frozenset(
    {"must", "should", "must have", "must be", "should have", "should be", "need to", "needs to", "shall"}
)


_PEOPLE = ("patients ", "subjects ", "participants ", "those ", "individuals ")


def _who_must(items: list[Item], line: Line, mods: Mods, depth: int) -> Expression | None:
    """Requirement on the ill = person ("with" | "who have") clause "must" clause ("patients with diabetes must be stable")."""
    taking = bool(items) and items[0].kind == "status" and items[0].text.startswith(_PEOPLE)  # "patients on"
    if (
        len(items) < 4
        or (items[0].kind not in {"person", "sex", "agegroup"} and not taking)
        or not (taking or items[1].kind in {"link", "person", "modal", "status"} or items[1].text.startswith("with "))
    ):
        return None
    n = next((k for k, i in enumerate(items) if i.kind == "modal" and i.text in _MUST), -1)
    if (
        n < (2 if taking else 3)
        or not has(items[1:n], frozenset({"term"}))
        or any(i.kind in {"sep", "on_site", "measure"} for i in items[1:n])
    ):
        return None
    when = line.read(items[items[0].kind == "person" : n], NOTHING, depth + 1)
    then = line.read(items[n + 1 :], mods, depth + 1)
    if when is None:
        return None
    if then is None:
        then = Unreadable(items[n].start, items[-1].end, "what is asked of them")
    # in an exclusion list a duty names what excludes when it is not met
    return all_of((when, negate(then))) if line.exclusion else If(when, then)


_DUTY = frozenset(
    {
        "must",
        "should",
        "shall",
        "will",
        "need to",
        "needs to",
        "must have",
        "must be",
        "should have",
        "should be",
        "have",
        "has",
        "are",
        "is",
    }
)


def _asks_twice(items: list[Item], n: int) -> bool:
    """Whether a second "if" has a measure of its own before it, or the values before the first are for several sorts of people."""
    for item in items[:n]:
        if item.expression is not None and any(
            isinstance(e, Unreadable) and e.reason == SUBGROUP for e in leaves(item.expression)
        ):
            return True
    second = next((k for k in range(n + 1, len(items)) if items[k].kind == "if"), -1)
    return second > 0 and any(i.kind == "measure" for i in items[n:second])


def read_subgroup(items: list[Item], kinds: set[str], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Subgroup = who ("must" | on-site promise) clause | "if" clause ("," | "then") clause | clause "if" clause | clause "in" who."""
    told = _who_must(items, line, mods, depth)
    if told is not None:
        return told
    if items[0].kind == "if":
        listed = (
            items[0].text == "patients with known"
        )  # "patients with known asthma, COPD or gout": no condition of another
        cut = next(
            (
                k
                for k, i in enumerate(items)
                if k and ((i.kind == "sep" and i.text == "," and not listed) or i.text in {"then", "must", "should"})
            ),
            -1,
        )
        if cut > 0 and has(items[1:cut], CONTENT | {"sex"}) and has(items[cut + 1 :], CONTENT):
            when = who(items[:cut]) or line.read(items[1:cut], NOTHING, depth + 1)
            then = line.read(items[cut + 1 :], mods, depth + 1)
            if when is not None and then is not None:
                return on_subgroup(when, then, line)
        return None
    n = find(items, "if")
    if n > 0 and has(items[:n], CONTENT) and has(items[n + 1 :], CONTENT | {"sex"}):
        if _asks_twice(items, n):  # "A if X, or B if not X"
            told = line.read([i for i in items if i.kind != "if"], mods, depth + 1)
            mark = Unreadable(items[n].start, items[-1].end, "which of it is for whom")
            return clouded(told, mark) if told is not None else None
        if items[n].text in {"when", "whenever", "according"}:
            return None
        stop = next(
            (
                k
                for k in range(n + 1, len(items) - 1)
                if items[k].kind in {"conj", "sep"} and items[k + 1].kind == "measure"
            ),
            -1,
        )
        if stop > 0:  # "X for these people and Y for those"
            one = line.read(items[:stop], mods, depth + 1)
            two = line.read(items[stop + 1 :], mods, depth + 1)
            both = [e for e in (one, two) if e is not None]
            joint = items[stop].cue
            either = joint is not None and joint.value == "or"
            return (any_of(both) if either else all_of(both)) if both else None
        then = line.read(items[:n], mods, depth + 1)
        when = who(items[n:]) or line.read(items[n + 1 :], NOTHING, depth + 1)
        if when is not None and then is not None:
            if items[n].text in {"in the absence of", "for patients without", "in patients without"}:
                when = negate(when)
            return on_subgroup(when, then, line)
        return None
    for k, item in enumerate(items):
        if item.kind in {"measure", "term", "analyte", "neg", "lifestyle", "sep", "except"}:
            break
        if (item.kind == "modal" and item.text in _DUTY) or item.kind == "on_site":
            group = who(items[:k])
            if group is None:
                break
            rest = items[k + 1 :] if item.kind == "modal" else items[k:]
            if (
                item.kind == "modal"
                and item.text in {"have", "has", "are", "is"}
                and not isinstance(group, PregnancyIs)
                and not any(i.kind == "on_site" for i in rest[:3])
            ):
                break
            if not has(rest, CONTENT):
                break
            then = line.read(rest, mods, depth + 1)
            if then is None:
                break
            if line.exclusion and item.kind == "modal" and item.text in _MUST:
                then = negate(then)
            return on_subgroup(group, then, line)
    return None
