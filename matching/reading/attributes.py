"""A result before a noun that several states share: "HER2-positive locally advanced or metastatic breast cancer"."""

from __future__ import annotations

from matching.reading.items import Item
from matching.reading.parts import Part

_LEADING = frozenset({"neg", "person", "link", "modal", "plain", "prep", "verb", "status", "agegroup", "sex"})
_NAMING = frozenset({"qual", "term", "anatomy", "word"})


class Attribute:
    """A result that stands before states, and the members it is said of: told by the items that they hold."""

    def __init__(self, head: list[Item], members: list[Item]) -> None:
        self.head = head
        self.members = {id(i) for i in members}


def without_attributes(parts: list[Part]) -> list[Attribute]:
    """Takes results out of the members where only states follow and "or" parts these from the name they belong to.

    attribute = result {"," result} ["," ] state {("," | "or") state} "or" name
    """
    taken = []
    for k in range(len(parts) - 2, -1, -1):
        part = parts[k]
        n = next((j for j, i in enumerate(part.items) if i.kind not in _LEADING), 0)
        size = _size(part.items[n:])
        head, states = part.items[n : n + size], part.items[n + size :]
        last = _name_after(parts, k, bool(states)) if size and all(i.kind == "qual" for i in states) else 0
        if not last:
            continue
        members = [*states, *(i for p in parts[k + 1 : last + 1] for i in p.items)]
        part.items = [*part.items[:n], *states]
        taken.append(Attribute(head, members))
        if not states:
            parts[k + 1].items[:0] = part.items
            parts[k + 1].joint, parts[k + 1].comma = part.joint, part.comma
            del parts[k]
    return taken


def _size(items: list[Item]) -> int:
    """How many items make a result: "HER2 | negative", or one that says it of a receptor."""
    if [i.kind for i in items[:2]] == ["analyte", "result"]:
        return 2
    first = items[0] if items else None
    return int(first is not None and first.cue is not None and first.kind == "qual" and "receptor" in first.cue.value)


def _name_after(parts: list[Part], k: int, stated: bool) -> int:
    """Where the name stands that the states after parts[k] share, 0 where there is none."""
    j = k + 1
    while j < len(parts) and all(i.kind == "qual" for i in parts[j].items) and parts[j].joint in {",", "or"}:
        stated = True
        j += 1
    if not stated or j == len(parts) or parts[j].joint != "or" or parts[j].items[0].kind not in _NAMING:
        return 0
    while j + 1 < len(parts) and parts[j + 1].joint == "or" and all(i.kind != "term" for i in parts[j].items):
        j += 1
    return j


def with_attributes(parts: list[Part], taken: list[Attribute]) -> list[Part]:
    """Puts each result before the states and names that it is said of."""
    for attribute in taken:
        for part in parts:
            n = next((k for k, i in enumerate(part.items) if id(i) in attribute.members and i.kind in _NAMING), -1)
            if n >= 0:
                part.items = [*part.items[:n], *attribute.head, *part.items[n:]]
    return parts
