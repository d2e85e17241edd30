"""Adjectives that share a noun: "erosive or ulcerative esophagitis", "gastric, macular or renal disease".

An adjective alone names nothing; with the noun that the last member ends in it is a member of its own.
"""

from __future__ import annotations

from copy import copy

from matching.reading.items import Item
from matching.reading.mentions import CONDITIONS, Mods
from matching.reading.parts import Part
from matching.reading.unlisted import HEADS

_ADJECTIVES = ("ic", "al", "ar", "ary", "ous", "ive", "ory", "ine", "oid")
_LEADING = frozenset({"qual", "status", "plain", "person", "modal", "verb", "agegroup", "sex"})
_LONGEST = 2
"""Words of an adjective ("upper gastrointestinal")."""


def share_nouns(parts: list[Part]) -> list[Part]:
    """The parts, those that are nothing but adjectives with the noun of the part after them."""
    noun: Item | None = None
    for part, after in zip(reversed(parts[:-1]), reversed(parts[1:]), strict=True):
        own = _noun(after)
        noun = own if own is not None else noun if _adjectives_only(after, borrowed=True) else None
        if noun is None or after.joint not in {"or", "and", "/", ","} or part.expression is not None:
            continue
        if _adjectives_only(part):
            shared = copy(noun)
            shared.borrowed = True
            part.items = [*part.items, shared]
    return parts


def without_adjectives(part: Part) -> Mods:
    """What the part says of the members after it: the adjectives that borrowed a noun are its own."""
    own = " ".join(i.text for i in part.items if _is_adjective(i))
    route = part.mods.route
    if route is not None and any(i.start == route.start for i in part.items if _is_adjective(i)):
        route = None
    return part.mods._replace(qualifiers=tuple(q for q in part.mods.qualifiers if q != own), route=route)


def _is_adjective(item: Item) -> bool:
    return item.kind in {"word", "anatomy"} and len(item.text) > 4 and item.text.lower().endswith(_ADJECTIVES)


def _body(part: Part) -> list[Item]:
    n = 0
    while n < len(part.items) and part.items[n].kind in _LEADING:
        n += 1
    return part.items[n:]


def _adjectives_only(part: Part, *, borrowed: bool = False) -> bool:
    body = _body(part)
    if borrowed and body and body[-1].borrowed:
        body = body[:-1]
    return 0 < len(body) <= _LONGEST and all(_is_adjective(i) for i in body)


def _noun(part: Part) -> Item | None:
    """The noun that adjectives of this part stand before; None where it has no such pair."""
    body = _body(part)
    n = 0
    while n < len(body) and n < _LONGEST and _is_adjective(body[n]):
        n += 1
    if n == 0 or n >= len(body) or body[n].borrowed:
        return None
    noun = body[n]
    if noun.kind == "term" and noun.term is not None:
        return noun if noun.term.category in CONDITIONS | {"procedure"} else None
    if noun.kind in {"generic", "compound"} and (noun.text in HEADS or noun.text in {"surgery", "surgeries"}):
        return noun
    return None
