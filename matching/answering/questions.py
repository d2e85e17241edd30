"""What to ask next: the facts that would change the eligibility of the most trials, in the words of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matching.answering import names
from matching.answering.wording import Wording
from matching.judging.askable import FactKey, order_of_fact
from matching.knowledge import analytes
from matching.model.codes import Sex
from matching.model.finding import MissingFact, Question

MOST_QUESTIONS = 10
"""Questions in one answer; more would not be read."""


MOST_FACTS = 4
"""Facts that one question names."""


@dataclass(frozen=True, slots=True)
class Decider:
    """A fact, and how many of the considered trials it decides alone."""

    fact: MissingFact
    decides: int


class QuestionCount:
    """Counts, trial by trial, the facts that would change its eligibility."""

    def __init__(self) -> None:
        self._facts: dict[FactKey, MissingFact] = {}
        self._groups: Counter[frozenset[FactKey]] = Counter()

    def add(self, deciding: Mapping[FactKey, MissingFact]) -> None:
        """Takes the deciding facts of one trial."""
        if deciding:
            for key, fact in deciding.items():
                self._facts[key] = min(fact, self._facts.get(key, fact), key=order_of_fact)
            self._groups[frozenset(deciding)] += 1

    def deciders(self, limit: int = MOST_QUESTIONS) -> tuple[Decider, ...]:
        """The greedy order: first the fact that moves the most trials, then the most of those that no earlier one moves.

        When every trial is touched, the rest follow by their own count. `decides` is always the fact's own count.
        Ties go to the greater own count, then by name.
        """
        own: Counter[FactKey] = Counter()
        for group, number in self._groups.items():
            for key in group:
                own[key] += number
        fresh = Counter(own)
        untouched = dict(self._groups)
        chosen: list[FactKey] = []
        left = set(own)
        while left and len(chosen) < limit:
            best = min(left, key=lambda key: (-fresh[key], -own[key], key))
            chosen.append(best)
            left.remove(best)
            for group in [group for group in untouched if best in group]:
                number = untouched.pop(group)
                for key in group:
                    fresh[key] -= number
        return tuple(Decider(self._facts[key], own[key]) for key in chosen)


def questions(deciders: Iterable[Decider], words: Wording) -> tuple[Question, ...]:
    """The facts as they are asked for."""
    return tuple(Question(each.fact, ask(each.fact, words), each.decides) for each in deciders)


def ask(fact: MissingFact, words: Wording, written: str = "") -> str:
    """The question for one fact: the analyte table's own where it has one, else the sentence for its kind.

    `written`: what the trial calls the disease or treatment.
    """
    kind = fact.kind
    if words.audience == "patient" and kind in ("measurement", "score") and not fact.aspect:
        found = analytes.find_with_setting(fact.fact)
        if found is not None:
            entry, setting = found
            question = entry.question_es if words.language == "es" else entry.question_en
            if question and setting is None:
                return question
    named = names.fact(fact, words, written)
    for key in (f"ask.{kind}.{fact.id}", f"ask.{names.sort_of(fact)}"):
        if words.has(key):
            return words.say(key, fact=named)
    return words.say("ask.statement", fact=named)


def names_of(facts: Iterable[MissingFact]) -> tuple[str, ...]:
    """The names of facts as they stand in `missing`, each once, in order."""
    return tuple(dict.fromkeys(fact.fact for fact in facts))


def ask_for_all(facts: Sequence[tuple[MissingFact, str]], words: Wording) -> str:
    """One question for one or several facts, each with what the trial calls it ("" where nothing is to be said of that).

    A name is said once; after the first few the others are counted.
    """
    named: dict[str, tuple[MissingFact, str]] = {}
    for fact, written in facts:
        named.setdefault(names.fact(fact, words, written), (fact, written))
    if len(named) == 1:
        fact, written = next(iter(named.values()))
        return ask(fact, words, written)
    shown = [
        words.say("word.result", fact=name) if fact.kind == "result" else name
        for name, (fact, _) in list(named.items())[:MOST_FACTS]
    ]
    if len(named) > MOST_FACTS:
        shown.append(words.say("others", count=str(len(named) - MOST_FACTS)))
    kinds = {names.sort_of(fact) for fact, _ in named.values()}
    if kinds == {"treatment", "procedure"}:
        kinds = {"treatment"}
    together = f"question.many.{kinds.pop()}" if len(kinds) == 1 else "question.many"
    return words.say(together if words.has(together) else "question.many", facts=words.listing(tuple(shown)))


def sex_word(sex: Sex | str, words: Wording) -> str:
    """FEMALE or MALE as a word."""
    return words.word("word", str(sex))
