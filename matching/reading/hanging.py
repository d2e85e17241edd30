"""Modifiers whose name stands in the next member of the list, and participles that a "not" denies."""

from __future__ import annotations

from matching.reading.cues import Cue
from matching.reading.items import NAMES, Item, has
from matching.reading.parts import Part

_LINKS = frozenset({"link", "prep", "narrow"})
_MODIFIERS = frozenset({"qual", "plain", "route", "status"})


def hung(parts: list[Part], items: list[Item]) -> list[Part]:
    """Hung = name link modifier {"or" modifier} name: "diabetes with mild or severe retinopathy", "surgery for new or old pain".

    What is linked is the whole list of the modified names; without this, its last name would stand for itself.
    """
    out: list[Part] = []
    n = 0
    while n < len(parts):
        part = parts[n]
        k = _link_before_modifiers(part.items)
        m = n + 1
        while k and m < len(parts) and all(i.kind in _MODIFIERS for i in parts[m].items):
            m += 1
        if k and m < len(parts) and _is_modified_name(parts[m].items):
            begin, end = part.items[k + 1].start, parts[m].items[-1].end
            inner = [i for i in items if begin <= i.start and i.end <= end]
            part.items = [*part.items[: k + 1], Item.of("hung", begin, end, inner=inner)]
            n = m
        out.append(part)
        n += 1
    return out


def _link_before_modifiers(items: list[Item]) -> int:
    """Where a link stands behind a name, with nothing but modifiers behind it; 0 if nowhere."""
    k = len(items) - 1
    while k > 0 and items[k].kind in _MODIFIERS:
        k -= 1
    if k <= 0 or items[k].kind not in _LINKS or not any(i.kind == "qual" for i in items[k + 1 :]):
        return 0
    return k if has(items[:k], NAMES | {"measure", "generic", "compound"}) else 0


def _is_modified_name(items: list[Item]) -> bool:
    """Whether a name of several words, or modifiers and a name, come first, with no verb or link before the name."""
    n = next((k for k, i in enumerate(items) if i.kind in NAMES | {"generic"}), -1)
    if n == 0:
        return " " in items[0].text
    modified = all(i.kind in {"qual", "plain", "route"} for i in items[:n]) and has(items[:n], frozenset({"qual"}))
    return n > 0 and modified


def not_done(items: list[Item]) -> list[Item]:
    """Denied = "not" {adverb} participle name: "not medically managed disease" is a disease of that sort, not its absence."""
    n = next((k for k, i in enumerate(items) if i.kind == "neg" and i.text == "not"), -1)
    if n < 0:
        return items
    j = n + 1
    while (
        j < len(items)
        and (items[j].kind == "plain" or items[j].text.endswith("ly"))
        and not items[j].text.endswith("ed")
    ):
        j += 1
    if j >= len(items) or items[j].kind not in {"qual", "word"} or not items[j].text.endswith("ed"):
        return items
    k = j + 1
    while k < len(items) and items[k].kind in {"qual", "word", "plain"}:
        k += 1
    if k >= len(items) or items[k].kind not in NAMES:
        return items
    cue = items[j].cue
    told = f"non-{cue.value if items[j].kind == 'qual' and cue is not None else items[j].text}"
    denied = Item("qual", items[n].start, items[j].end, told, Cue("qual", told))
    return [*items[:n], denied, *not_done(items[j + 1 :])]


_WHEN = frozenset({"history", "active", "current", "any"})
_BESIDE = frozenset({"status", "plain", "neg", "modal", "person", "link"})


def either_status(parts: list[Part]) -> list[Part]:
    """Either = status "or" status name: "any history of or active cancer" is cancer at any time."""
    out: list[Part] = []
    for part in parts:
        before = out[-1] if out else None
        first = next((k for k, i in enumerate(part.items) if i.kind != "plain"), None)
        if (
            before is not None
            and first is not None
            and part.joint in {"or", "and"}
            and all(i.kind in _BESIDE for i in before.items)
            and (said := next((i for i in before.items if i.kind == "status"), None)) is not None
        ):
            after = part.items[first]
            values = {i.cue.value for i in (said, after) if i.kind == "status" and i.cue is not None}
            if after.kind == "status" and len(values) == 2 and values <= _WHEN:
                both = Item("status", said.start, after.end, f"{said.text} or {after.text}", Cue("status", "any"))
                beside = [i for i in before.items if i.kind != "status"]
                out[-1] = Part([*beside, both, *part.items[first + 1 :]], before.joint, before.comma)
                continue
        out.append(part)
    return out
