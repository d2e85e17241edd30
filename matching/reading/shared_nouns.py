"""Adjectives that share a noun: "erosive or ulcerative esophagitis", "gastric, macular or renal disease".

An adjective alone names nothing; with the noun that the last member ends in it is a member of its own.
"""

from __future__ import annotations

from copy import copy

from matching.knowledge import hierarchy, lexicon
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
    shares = False
    for part, after in zip(reversed(parts[:-1]), reversed(parts[1:]), strict=True):
        own = _noun(after)
        noun = own if own is not None else noun if shares else None
        shares = False
        if noun is None or after.joint not in {"or", "and", "/", ","} or part.expression is not None:
            continue
        if (named := _named_with(part, noun)) is not None:
            part.items = named
            shares = True
        elif not _body(part) and part.items[-1].text in _PLACES:
            part.items = [*part.items[:-1], _as_word_of_place(part.items[-1])]
        elif _adjectives_only(part) or (noun.kind == "function" and _organs_only(part)):
            shared = copy(noun)
            shared.borrowed = True
            part.items = [*map(_as_word, part.items), shared] if noun.kind == "function" else [*part.items, shared]
            shares = True
    return parts


_PLACES = frozenset({"central", "local", "regional", "proximal", "distal"})
"""Words of place that elsewhere add nothing; alone before "or" they stand for a name."""


def _named_with(part: Part, noun: Item) -> list[Item] | None:
    """The part with the name that its words make with the noun ("open angle, ... or pigmentary glaucoma"), None where they make none."""
    body = _body(part)
    if not body and part.items[-1].text in _PLACES:
        body = [_as_word_of_place(part.items[-1])]
    if not 0 < len(body) <= _LONGEST + 1 or any(i.kind not in {"word", "anatomy", "route"} for i in body):
        return None
    for begin in (part.items, body):
        told = f"{' '.join(i.text for i in begin)} {noun.text}"
        found = lexicon.lookup_remembered(told)
        if found is not None and found.id is not None:
            break
    if found is None or found.id is None or hierarchy.category(found.id) not in CONDITIONS | {"procedure"}:
        return None
    start, end = begin[0].start, body[-1].end
    item = Item("term", start, end, told)
    item.term = lexicon.TermMatch(start, end, found.id, hierarchy.category(found.id), told)
    return [*part.items[: len(part.items) - len(begin)], item]


def shares_its_noun(item: Item) -> bool:
    """Whether an item is an adjective that took its noun from a later member ("pulmonary, cardiac or hepatic disease")."""
    return item.borrowed or (item.kind == "term" and " " not in item.text and item.text.lower().endswith(_ADJECTIVES))


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


def _adjectives_only(part: Part) -> bool:
    body = _body(part)
    return 0 < len(body) <= _LONGEST and all(_is_adjective(i) for i in body)


_ORGANS = frozenset(
    """bone marrow liver kidney heart lung organ organs hepatic renal cardiac pulmonary hematologic haematologic hematological
    haematological hematopoietic coagulation thyroid respiratory end-organ end""".split()
)


def _organs_only(part: Part) -> bool:
    """Whether the part names nothing but what has a function ("adequate bone marrow, ... function")."""
    body = [i for i in part.items if i.kind not in _LEADING - {"plain"} and i.kind != "result"]
    words = [w for i in body for w in i.text.lower().split()]
    return 0 < len(words) <= _LONGEST and all(w in _ORGANS for w in words)


def _as_word_of_place(item: Item) -> Item:
    return Item("word", item.start, item.end, item.text)


def _as_word(item: Item) -> Item:
    """The item, as a word where it is an organ that elsewhere says nothing ("organ")."""
    return Item("word", item.start, item.end, item.text) if item.kind == "plain" and item.text in _ORGANS else item


def _noun_of_name(name: Item) -> Item | None:
    """The noun inside a name of its own ("eosinophilic esophagitis", "renal disease")."""
    first, _, rest = name.text.partition(" ")
    if name.kind != "term" or name.term is None or name.term.category not in CONDITIONS or not rest:
        return None
    if not first.lower().endswith(_ADJECTIVES):
        return None
    start = name.end - len(rest)
    told = lexicon.find_terms(rest, remember=True)
    if len(told) == 1 and told[0].text == rest and told[0].category in CONDITIONS:
        noun = Item("term", start, name.end, rest)
        noun.term = told[0]._replace(start=start, end=name.end)
        return noun
    return Item("generic", start, name.end, rest.lower()) if rest.lower() in HEADS else None


def _noun(part: Part) -> Item | None:
    """The noun that adjectives of this part stand before; None where it has no such pair."""
    body = _body(part)
    n = 0
    while n < len(body) and n < _LONGEST and _is_adjective(body[n]):
        n += 1
    if n >= len(body) or body[n].borrowed:
        return None
    noun = body[n]
    if n == 0 and noun.kind == "result" and len(body) > 1:
        noun = body[1]
    if noun.kind == "function" and noun.text.lower().endswith(" function"):
        return Item("function", noun.end - len("function"), noun.end, "function")
    if n == 0:
        return _noun_of_name(noun)
    if noun.kind == "term" and noun.term is not None:
        return noun if noun.term.category in CONDITIONS | {"procedure"} else None
    if noun.kind in {"generic", "compound"} and (noun.text in HEADS or noun.text in {"surgery", "surgeries"}):
        return noun
    return None
