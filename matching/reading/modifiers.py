"""Parts of a list that only modify: put before the part they modify, or made alternatives of it."""

from __future__ import annotations

from matching.knowledge import lexicon
from matching.model.criterion import Unreadable
from matching.reading.cues import Cue, phrases
from matching.reading.items import Item
from matching.reading.mentions import CONDITIONS
from matching.reading.parts import Part

_MODIFYING = frozenset(
    {
        "verb",
        "qual",
        "status",
        "route",
        "plain",
        "person",
        "modal",
        "neg",
        "result",
        "prep",
        "link",
        "shift",
        "narrow",
        "generic",
        "that",
        "agegroup",
        "sex",
    }
)


_BEFORE = frozenset({"plain", "person", "modal", "link", "verb", "neg"})
_SAYING = frozenset({"qual", "status", "route", "neg", "result", "shift", "narrow"})
_PEOPLE = frozenset({"generic", "sex", "agegroup"})


def join_modifiers(parts: list[Part]) -> list[Part]:
    """Parts that hold modifiers only are put before the next part; with "or" their qualifiers are alternatives."""
    out: list[Part] = []
    held: list[Part] = []
    parts = _states_apart(parts)
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        kinds = {i.kind for i in part.items}
        light = part.expression is None and kinds <= _MODIFYING
        says = not kinds.isdisjoint(_SAYING)
        if last and out and _qualifies(part) and all(_qualifies(p) for p in held) and part.joint in {",", "or"}:
            # "asthma, severe", "asthma, severe or uncontrolled": said of the name before
            if held:
                out[-1].items.append(Item("limit", held[0].items[0].start, part.items[-1].end))
                held = []
            elif part.comma:
                out[-1].items.extend(part.items)
            continue
        if light and not last and says and "generic" not in kinds:
            held.append(part)
            continue
        if light and not says and kinds.isdisjoint(_PEOPLE):
            if not last and not held:
                held.append(part)
            continue
        if held:
            says = any(not _SAYING.isdisjoint({i.kind for i in h.items}) for h in held)
            joint = held[0].joint if says else part.joint  # "bipolar disorder I and II or asthma"
            out.extend(_alternatives(held, part, joint=joint if out else ""))
            held = []
        else:
            out.append(part)
    if held and out:
        for part in held:
            out[-1].items.extend(part.items)
    elif held:
        out.append(Part([i for p in held for i in p.items], "", False))
    return out


_STATING = frozenset({"qual", "plain", "link", "modal", "person"})


def _states_apart(parts: list[Part]) -> list[Part]:
    """States after a name ("asthma that is severe or uncontrolled"): the name with each of them, with "and" with all."""
    k = len(parts)
    if k == 1:
        return parts
    while k > 1 and all(i.kind in _STATING for i in parts[k - 1].items):
        k -= 1
    joints = {p.joint for p in parts[k:]} - {","}
    if len(joints) != 1 or not joints <= {"and", "or"}:
        return parts
    part = parts[k - 1]
    n = next((j for j, i in enumerate(part.items) if j and i.text in _THAT and named(part.items[:j])), 0)
    states = [[i for i in row if i.kind == "qual"] for row in (part.items[n:], *(p.items for p in parts[k:]))]
    if not n or not all(states) or not all(i.kind in _STATING for i in part.items[n:]):
        return parts
    if joints == {"and"}:
        states = [[i for state in states for i in state]]
    each = [Part([*state, *part.items[:n]], "or", False, alternative=True) for state in states]
    each[0].joint, each[0].comma, each[0].alternative = part.joint, part.comma, part.alternative
    return [*parts[: k - 1], *each]


_THAT = frozenset({"that", "which", "who"})


def _qualifies(part: Part) -> bool:
    kinds = {i.kind for i in part.items}
    return part.expression is None and "qual" in kinds and kinds <= {"qual", "plain", "modal", "that"}


def _alternatives(held: list[Part], part: Part, *, joint: str) -> list[Part]:
    """The part with the modifiers before it; qualifiers parted by "or" make one part each."""
    joints = {p.joint for p in [*held[1:], part]}
    first = part.items[0] if part.items else None
    if first is not None and first.kind == "pregnancy" and first.cue is not None and first.cue.value == "planning":
        now = [
            i for p in held for i in p.items if i.kind == "status" and i.cue is not None and i.cue.value != "planned"
        ]
        if now and "or" in joints:  # "current or planned pregnancy"
            carrying = Item("pregnancy", first.start, first.end, first.text, Cue("pregnancy", "pregnant"))
            return [Part([carrying], joint, held[0].comma), Part(part.items, "or", False, alternative=True)]
    said = {i.kind for p in held for i in p.items}
    own = [i for i in part.items if i.kind in {"qual", "status"}][:1]
    qualifying = said <= _BEFORE | {"qual", "status", "sex"} and (
        "qual" in said or ("status" in said and any(i.kind == "qual" for i in own))
    )
    planned = said <= {"status", "plain", "person", "modal"} and any(
        i.cue is not None and i.cue.value == "planned" for p in held for i in [*p.items, *own] if i.kind == "status"
    )
    either = "and" not in joints and ("or" in joints or any(" or " in i.text for i in own))
    statuses = [i for i in held[0].items if i.kind == "status"]
    if all(i.kind != "qual" for i in held[0].items):
        statuses = []  # "active or chronic hepatitis": a state beside the others
    if either and not said.isdisjoint({"qual", "status"}) and said <= _BEFORE | {"qual", "status"} and not own:
        base = _without_state(part)
        if base is None and "qual" in said and first is not None and first.kind == "term":
            states = [i for p in held for i in p.items if i.kind == "qual"]
            unclear = Unreadable(states[0].start, states[-1].end, "what these words are said of")
            lead = [i for i in held[0].items if i.kind != "qual"]
            return [Part([*lead, *part.items], joint, held[0].comma), Part(states, "or", False, unclear)]
        if base is not None and len(held) < 4:
            copies = [Part([*(statuses if n else ()), *p.items, *base], "or", False) for n, p in enumerate(held)]
            copies[0].joint, copies[0].comma = joint, held[0].comma
            return [*copies, Part([*statuses, *part.items], "or", False, alternative=True)]
    if either and (qualifying or planned) and own and len(held) < 4:
        rest = [i for i in part.items if i is not own[0]]
        shared = statuses if own[0].kind == "qual" and "qual" in said else []
        copies = [Part([*(shared if n else ()), *p.items, *rest], "or", False) for n, p in enumerate(held)]
        copies[0].joint, copies[0].comma = joint, held[0].comma
        for copy in copies[1:]:
            copy.alternative = True
        return [*copies, Part([*shared, *part.items], "or", False, alternative=True)]
    items = [i for p in held for i in p.items]
    statuses = [i for i in items if i.kind == "status"]
    return [Part([*statuses, *(i for i in items if i.kind != "status"), *part.items], joint, held[0].comma)]


def _without_state(part: Part) -> list[Item] | None:
    """The items with a name that holds a state cut to what is left of it: "chronic hepatitis" is a hepatitis."""
    n = next((k for k, i in enumerate(part.items) if i.kind == "term"), -1)
    if n < 0 or part.items[n].term is None:
        return None
    name = part.items[n]
    first, _, rest = name.text.partition(" ")
    cue = phrases().cues.get(first.lower())
    if not rest or cue is None or cue.kind != "qual":
        return None
    left = [t for t in lexicon.find_terms(rest) if t.start == 0 and t.end == len(rest)]
    if len(left) != 1 or left[0].category not in CONDITIONS:
        return None
    term = left[0]._replace(start=name.end - len(rest), end=name.end)
    item = Item("term", term.start, term.end, rest)
    item.term = term
    return [*part.items[:n], item, *part.items[n + 1 :]]


def named(items: list[Item]) -> bool:
    """Whether a name of a concept is among the items."""
    return any(i.kind in {"term", "anatomy"} for i in items)
