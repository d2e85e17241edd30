"""Time that must have passed since a treatment: "at least 4 weeks since prior chemotherapy (6 weeks for nitrosoureas)".

Such a line asks for no treatment: who never had it fits, and who had it within that time does not, whatever else lies
further back. So it is read as the treatment within that time, denied.
"""

from __future__ import annotations

import re
from dataclasses import replace

from matching.model.criterion import ConditionIs, Expression, OnSite, TreatmentIs, Unreadable, Window
from matching.reading import windows
from matching.reading.exceptions import rebuilt
from matching.reading.items import NAMES, Item, has, trim
from matching.reading.lists import read_list
from matching.reading.logic import all_of, any_of, leaves, narrowed, negate
from matching.reading.mentions import Mods
from matching.reading.parts import Line

_LEADING = frozenset({"plain", "person", "modal", "verb", "sex", "agegroup", "conj", "sep"})
_NEXT = frozenset({"on_site", "neg", "modal", "measure", "elapsed", "shift", "verb", "person"})
"""What begins a statement of its own after the names."""
_FOR = re.compile(r"(?i)\s*(?:for|if|in\s+(?:the\s+)?case\s+of|since|after|from)\b")


def read_elapsed(items: list[Item], mods: Mods, line: Line) -> Expression | None:
    """Elapsed = [who] time "since" names ["(" time "for" names ")"] [("," | "and" | "with") statement].

    None where the line is of another form: then the time is a window like any other.
    """
    n = next(k for k, i in enumerate(items) if i.kind == "elapsed")
    window = items[n].window
    if window is None or any(i.kind not in _LEADING for i in items[:n]) or (line.exclusion and window.upper is None):
        return None
    stop = _end_of_names(items, n + 1)
    body = _without_concurrent([i for i in items[n + 1 : stop] if i.kind not in {"status", "plain"}])
    if any(i.kind == "neg" for i in body):
        return None
    others = [(i, also) for i in body if i.kind == "group" and (also := _other_time(i, line)) is not None]
    told = read_list([i for i in body if all(i is not g for g, _ in others)], line, 1)
    if told is None or not any(isinstance(e, TreatmentIs) for e in leaves(told)):
        return None
    within = _within(told, window)
    for group, (time, inner) in others:
        some = read_list(inner, line, 1)
        if some is None:
            within = narrowed(within, line.unreadable([group]))
            continue
        shorter = windows.lasts_less(time, window)
        within = any_of((_excepting(within, some) if shorter else within, _within(some, time)))
    result = within if window.upper is not None else negate(within)
    if window.upper is None and _may_be_asked_for(told, line.text[items[n].start : items[n].end]):
        had = rebuilt(told, lambda e: replace(e, status="any") if isinstance(e, TreatmentIs) else e)
        doubt = Unreadable(items[n].start, items[n].end, "whether it is asked for")
        result = all_of((result, any_of((had, doubt))))
    rest = trim(items[stop:])
    if not rest:
        return result
    if _RECOVERED.fullmatch(line.text, rest[0].start, rest[-1].end):
        return all_of((result, OnSite(rest[0].start, rest[-1].end, "recovery")))
    tail = line.read(rest, mods, 1) if not has(rest[:1], frozenset({"elapsed"})) else read_elapsed(rest, mods, line)
    if tail is None:
        return narrowed(result, line.unreadable(rest))
    return all_of((result, tail))


def as_windows(items: list[Item]) -> list[Item]:
    """The items with such times as windows: "with asthma at least 4 weeks since surgery"."""
    for item in items:
        if item.kind == "elapsed":
            item.kind = "window"
    return items


def _end_of_names(items: list[Item], n: int) -> int:
    """Where the names end and something else is said ("... and recovered", "with full recovery", "and no concurrent ...")."""
    named = False
    while n < len(items):
        item = items[n]
        named = named or item.kind in NAMES
        after = items[n + 1] if n + 1 < len(items) else None
        parted = item.kind in {"conj", "sep"} or (item.kind == "link" and item.text == "with")
        if named and parted and after is not None and (after.kind in _NEXT or after.text in _RECOVERY):
            return n
        if named and item.kind in {"elapsed", "except", "unless", "permit", "forbid", "if"}:
            return n
        n += 1
    return n


def _without_concurrent(body: list[Item]) -> list[Item]:
    """Names after "since prior and no (other) concurrent": what is denied within the time is denied now too."""
    n = next((k for k, i in enumerate(body) if i.kind in NAMES), 0)
    ahead = [i.kind for i in body[:n]]
    return body[n:] if "neg" in ahead and set(ahead) <= {"conj", "sep", "neg", "qual"} else body


def _other_time(group: Item, line: Line) -> tuple[Window, list[Item]] | None:
    """The other time of some of the names: "(6 weeks for nitrosoureas or mitomycin)"."""
    span = windows.leading_span(line.text, group.start + 1, group.end)
    if span is None:
        return None
    time, end = span
    link = _FOR.match(line.text, end, group.end)
    if link is None:
        return None
    inner = [i for i in group.inner if i.start >= link.end()]
    return (time, inner) if has(inner, NAMES) else None


def _may_be_asked_for(told: Expression, said: str) -> bool:
    """Whether the line may be for those who had a certain procedure ("at least 3 months since kidney transplantation").

    "Prior", "any" and "last", like treatments in general, speak of whoever had one.
    """
    if _WHATEVER.search(said):
        return False
    return any(
        isinstance(e, TreatmentIs) and e.type in {"procedure", "device"} and e.concept.id not in _ANY_SURGERY
        for e in leaves(told)
    )


_WHATEVER = re.compile(r"(?i)\b(?:prior|any|last|previous|most\s+recent|all|completion|end|doses?)\b")
_ANY_SURGERY = frozenset({"TM:major-surgery", "D013514", "D013511"})
"""Major surgery; MeSH: Surgical Procedures, Operative; Minor Surgical Procedures."""
_RECOVERY = frozenset({"recovered", "recovery", "fully", "full", "completely", "adequate", "adequately"})
_RECOVERED = re.compile(
    r"(?i)(?:(?:with|and|have|has|must|having|be)\s+)*(?:(?:fully|full|complete|completely|adequate|adequately)\s+)*recover(?:ed|y)"
)


def _within(told: Expression, time: Window) -> Expression:
    """The treatments and events, each within the time before now, whether past or going on."""
    value = time.lower if time.lower is not None else time.upper
    inclusive = not time.lower_inclusive if time.lower is not None else time.upper_inclusive
    window = Window(None, value, time.unit, "now", "before", upper_inclusive=inclusive)

    def timed(leaf: Expression) -> Expression:
        if isinstance(leaf, TreatmentIs) and leaf.window is None:
            return replace(leaf, window=window, status="any")
        if isinstance(leaf, ConditionIs) and leaf.window is None:
            return replace(leaf, window=window)
        return leaf

    return rebuilt(told, timed)


def _excepting(within: Expression, also: Expression) -> Expression:
    """The treatments without those that have a shorter time of their own."""
    some = tuple(e for e in leaves(also) if isinstance(e, TreatmentIs))

    def limited(leaf: Expression) -> Expression:
        return replace(leaf, exceptions=(*leaf.exceptions, *some)) if isinstance(leaf, TreatmentIs) else leaf

    return rebuilt(within, limited)
