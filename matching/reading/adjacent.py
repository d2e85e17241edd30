"""Two names side by side, with nothing said of how they belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.knowledge import hierarchy
from matching.model.criterion import (
    Expression,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    Unreadable,
)
from matching.reading import phrase_words as told_by
from matching.reading.items import Item
from matching.reading.logic import all_of, any_of, clouded, leaves, narrowed
from matching.reading.mentions import CONDITIONS, mention

if TYPE_CHECKING:
    from matching.reading.phrase import Phrase


def adjacent(phrase: Phrase, item: Item, words: list[Item]) -> None:
    """Adjacent = name [{word}] name, with nothing said of how they belong together."""
    leaf = mention(item, phrase.mods if not words else phrase.mods._replace(shift=None), phrase.line.text)
    assert phrase.expression is not None
    same = (
        phrase.last is not None
        and phrase.last.term is not None
        and item.term is not None
        and phrase.last.term.concept_id == item.term.concept_id
    )
    phrase.words = []
    if same or (not words and _head_only(phrase, item)):
        return
    if not words and phrase.last is not None and phrase.last.term is not None and item.term is not None:
        compound = _compounded(phrase, phrase.last, item)
        if compound is not None:
            phrase.expression = compound if phrase.prior is None else all_of((phrase.prior, compound))
            phrase.last = item
            return
    first = words[0] if words else item
    rest = (
        phrase.line.unreadable(words) if words else Unreadable(first.start, item.end, "how two names belong together")
    )
    measured = phrase.last.expression if phrase.last is not None else None
    scored = measured is not None and _of_scores(measured)
    scored = scored or isinstance(phrase.expression, ResultIs)
    if not words and (scored or isinstance(leaf, (PregnancyIs, OnSite))):
        phrase.expression = all_of((phrase.expression, leaf))
    elif words and words[0].text.endswith(told_by.NOT_NOUNS):
        phrase.expression = all_of((phrase.expression, clouded(leaf, rest)))
    elif _shows(phrase, item):  # "chest radiography shows heart failure"
        phrase.expression = narrowed(leaf if phrase.prior is None else all_of((phrase.prior, leaf)), rest)
    elif not words and phrase.last is not None and phrase.last.term is not None and item.term is not None:
        # One of the two is what is spoken of, the other narrows it: who has neither has nothing of it.
        phrase.expression = narrowed(any_of((phrase.expression, leaf)), rest)
    else:
        phrase.expression = clouded(all_of((phrase.expression, leaf)), rest)
    phrase.last = item


def _shows(phrase: Phrase, item: Item) -> bool:
    """Whether a test without a value stands before a disease that it shows."""
    last = phrase.last
    if last is None or item.term is None:
        return False
    between = phrase.line.text[last.end : item.start].lower().split()
    if not between or between[0] not in told_by.SHOWING or len(between) > 3:
        return False
    tested = last.analyte is not None or (last.term is not None and last.term.category == "procedure")
    return tested and item.term.category in CONDITIONS


def _head_only(phrase: Phrase, item: Item) -> bool:
    """Whether the second name only says of what sort the first is ("HIV infection", "tuberculosis disease")."""
    last = phrase.last
    if last is None or last.term is None or last.term.category not in CONDITIONS or item.term is None:
        return False
    if item.text.lower() in told_by.SORTS:
        return True
    return hierarchy.is_a(last.term.concept_id, item.term.concept_id)


def _compounded(phrase: Phrase, last: Item, item: Item) -> Expression | None:
    """Compound = name name, where the first qualifies the second ("diabetic gastroparesis", "glaucoma surgery").

    A second name with a capital letter begins something else: a list that lost its commas.
    """
    text = phrase.line.text
    if not text[item.start].islower() or last.end + 1 < item.start or last.term is None or item.term is None:
        return None
    told = text[last.start : last.end]
    if last.term.category in {"procedure", "device"} and item.text.lower() in told_by.OPERATIONS:
        return phrase.expression  # "deep brain stimulation surgery"
    if item.term.category in CONDITIONS:
        return mention(item, phrase.mods._replace(qualifiers=(*phrase.mods.qualifiers, told)), text)
    return narrowed(mention(item, phrase.mods, text), Unreadable(last.start, last.end, "which of the treatments"))


def _of_scores(measured: Expression) -> bool:
    """Whether a statement bounds scores alone, whatever of their classes was not told apart."""
    found = list(leaves(measured))
    return all(isinstance(e, ScoreIs | Unreadable) for e in found) and any(isinstance(e, ScoreIs) for e in found)
