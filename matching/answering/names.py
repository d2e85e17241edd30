"""What facts, tests, diseases and drugs are called in a language: `names.csv`.

A name that the table lacks is the vocabulary's in English. In another language the words stand in quotation marks as they
were written: a foreign name is never mixed into a sentence as if it belonged there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from matching.answering.wording import Wording
from matching.knowledge import analytes, hierarchy, lexicon
from matching.knowledge.spoken import spoken
from matching.model.finding import MissingFact

OF_CONCEPTS = frozenset({"condition", "treatment", "count"})
"""Kinds of facts that name a concept."""

LONGEST_INITIALS = 6
"""An instrument of no table with so short a name is taken to be called by its initials."""

_ADJECTIVE = re.compile(r"(?:ic|ac|al|ive|ary|ous|ed|ent|ant)$")
_GLOSS = re.compile(r" \([^()]*\)$")
_ARTICLE = re.compile(r"^(?:an?|un|una) ")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@cache
def _table() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Kind and key -> language -> name; an empty cell of English stands for the key itself."""
    with files("matching.answering").joinpath("names.csv").open(encoding="utf-8") as table:
        return {
            (row["kind"], row["key"]): {"en": row["english"] or row["key"], "es": row["spanish"]}
            for row in csv.DictReader(table)
        }


def listed(kind: str, key: str, words: Wording) -> str | None:
    """The name in the table; None where it has none."""
    row = _table().get((kind, key))
    return None if row is None else row[words.language]


def as_written(text: str, words: Wording) -> str:
    """Words for which there is no name in the language: quoted, but in English, and where they are only signs."""
    if words.language == "en" or not _LETTERS.search(text):
        return text
    return words.say("quoted", quote=text)


def word(kind: str, key: str, words: Wording) -> str:
    """The name in the table, else the words as they were written."""
    found = listed(kind, key, words)
    return as_written(key.replace("_", " "), words) if found is None else found


def concept(concept_id: str | None, text: str, words: Wording) -> str:
    """A disease, drug or procedure; `text` is what a trial calls it."""
    found = listed("concept", concept_id, words) if concept_id is not None else None
    if found is not None:
        return found
    if words.language == "en":
        named = hierarchy.name(concept_id) if concept_id is not None else None
        if named is not None:
            return spoken(named)
    made = _made_up(text, words)
    return made if made is not None else as_written(spoken(text), words)


@cache
def _of_kind(kind: str) -> Mapping[str, Mapping[str, str]]:
    """Key -> language -> name, of one kind."""
    return {key: row for (its_kind, key), row in _table().items() if its_kind == kind}


def _made_up(text: str, words: Wording) -> str | None:
    """A name that the reader put together of two: "hypersensitivity to heparin"."""
    for start, row in _of_kind("prefix").items():
        if text.lower().startswith(f"{start} "):
            rest = text[len(start) + 1 :]
            if words.language == "en":
                return f"{row['en']} {spoken(rest)}"
            meant = lexicon.lookup(rest)
            return f"{row[words.language]} {concept(meant.id if meant else None, rest, words)}"
    return None


def measured(name: str, setting: str | None, words: Wording) -> str:
    """A test, a score or a measurement by the name of the analytes' table, with the setting it is taken in."""
    found = listed("analyte", name, words)
    called = as_written(name, words) if found is None else found
    return words.say("setting", setting=words.word("setting", setting), fact=called) if setting else called


def instrument(name: str, words: Wording) -> str:
    """A score by the id of its instrument."""
    spaced = name.replace("_", " ")
    entry = analytes.by_instrument(name) or analytes.by_name(spaced)
    if entry is not None:
        return measured(entry.name, None, words)
    return as_written(spaced.upper() if len(spaced) <= LONGEST_INITIALS else spaced, words)


def said_by_patient(text: str, words: Wording) -> str:
    """What a patient calls something: by its name in the language where it is one, else in the patient's own words.

    Nothing is remembered of it.
    """
    found = listed("told", text.lower(), words)
    if found is not None:
        return found
    entry = analytes.by_name(text)
    if entry is not None:
        return measured(entry.name, None, words)
    meant = lexicon.lookup(text)
    if meant is None or meant.id is None:
        found = _made_up(text, words)
        if found is None and (tested := analytes.find_with_setting(text)) is not None:
            found = measured(tested[0].name, tested[1], words)
        return found if found is not None else as_written(text, words)
    if words.language == "en" and text != hierarchy.name(meant.id):
        return text  # the engine's own names are the vocabulary's; all others are the patient's
    return without_gloss(concept(meant.id, text, words))


def without_gloss(name: str) -> str:
    """The name without the bracket that explains it, for places that are brackets themselves."""
    return _GLOSS.sub("", name)


def denied(text: str, words: Wording) -> str:
    """That the patient has not, or is not, what the words say."""
    found = listed("not told", text.lower(), words)
    if found is not None:
        return found
    return words.say("word.not_present", fact=_ARTICLE.sub("", said_by_patient(text, words)))


def concept_of(fact: MissingFact) -> str | None:
    """The concept that a fact is about; None for what no vocabulary holds."""
    base = fact.id.removesuffix(f":{fact.aspect}") if fact.aspect else fact.id
    return base if hierarchy.name(base) is not None else None


def sort_of(fact: MissingFact) -> str:
    """Its kind, finer in two ways: "clause" for what is asked as it stands, "procedure" for a treatment that is done once."""
    if is_clause(fact):
        return "clause"
    if fact.kind == "treatment" and (concept_id := concept_of(fact)) is not None:
        return "procedure" if hierarchy.category(concept_id) == "procedure" else fact.kind
    return fact.kind


def is_clause(fact: MissingFact) -> bool:
    """Whether the fact is asked for as it stands: "Can you tell us whether ...?"."""
    return bool(fact.aspect) or fact.kind == "pregnancy" or fact.id == "healthy_volunteer"


def fact(missing: MissingFact, words: Wording, written: str = "") -> str:
    """The name of a fact; `written` is what a trial calls the disease or treatment, which is kept where it is a name."""
    if missing.aspect:
        return _aspect(missing, words)
    if missing.kind == "pregnancy" or missing.id == "healthy_volunteer":
        clause = f"clause.{missing.id}"
        return words.say(clause) if words.has(clause) else as_written(missing.fact, words)
    return _subject(missing, words, written)


def dose(missing: MissingFact, words: Wording) -> str:
    """The dose of a drug, without whose it is."""
    return words.say("word.dose", fact=_subject(missing, words, ""))


def _aspect(missing: MissingFact, words: Wording) -> str:
    about = _subject(missing, words, "")
    clause = f"clause.{missing.aspect}"
    if words.has(clause):
        return words.say(clause, fact=about)
    return words.say("clause.qualifier", fact=about, form=word("qualifier", missing.aspect, words))


def _subject(missing: MissingFact, words: Wording, written: str) -> str:
    """What a fact is about, without what is asked of it."""
    name = missing.subject or missing.fact
    if missing.kind in OF_CONCEPTS:
        if words.language == "en" and written and not _ADJECTIVE.search(written):
            return _made_up(written, words) or spoken(written)
        return concept(concept_of(missing), written or name, words)
    base = missing.id.removesuffix(f":{missing.aspect}") if missing.aspect else missing.id
    if missing.kind == "score":
        return instrument(base, words)
    if missing.kind in ("measurement", "result"):
        analyte, _, setting = base.partition("|")
        listed_name = analyte if setting else name
        if written and listed("analyte", listed_name, words) is None:
            listed_name = written
        return measured(listed_name, setting or None, words)
    if missing.kind == "lifestyle":
        return word("substance", missing.id, words)
    return word("fact", name, words)


def working(text: str, words: Wording) -> str:
    """What was assumed, or how something was worked out: the engine's few phrases, the numbers as they are."""
    if words.language == "en":
        return text
    phrases = _of_kind("working")
    return _phrases_of_workings().sub(lambda found: phrases[found[0]][words.language], text)


@cache
def _phrases_of_workings() -> re.Pattern[str]:
    longest_first = sorted(_of_kind("working"), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(key)}(?!\w)" for key in longest_first))


def reason(text: str, words: Wording) -> str:
    """Why a part could not be read; a narrower form of a reason stands behind a colon."""
    found = listed("reason", text, words)
    if found is not None or words.language == "en":
        return found or text
    whole, colon, narrower = text.partition(": ")
    known = listed("reason", whole, words)
    return f"{known}: {word('qualifier', narrower, words)}" if known and colon else as_written(text, words)
