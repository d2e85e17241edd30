"""What every sentence must be, over all shipped trials and people: of one language, with a question where one helps."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from string import Formatter

import orjson
import pytest
from real_trials import real_patients, real_trials

from app.api.patients import read_patient
from app.samples import PATIENTS
from matching.answering import phrases
from matching.answering.deciding import open_facts
from matching.answering.explain import explain_trial
from matching.answering.questions import ask
from matching.answering.wording import AUDIENCES, Audience, Language, Wording, sentences
from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.model.codes import WhyUnknown
from matching.model.finding import JudgedTrial
from matching.model.patient import Patient

ON = date(2026, 11, 22)
WORD = re.compile(r"[^\W\d_²³]+")


def people() -> list[Patient]:
    samples = [orjson.loads(path.read_bytes())["patient"] for path in sorted(PATIENTS.glob("*.json"))]
    return [*(read_patient(sample, ON) for sample in samples), *real_patients(3)]


@cache
def judged() -> tuple[JudgedTrial, ...]:
    return tuple(
        judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, facts)
        for facts in (prepare(person, ON) for person in people())
        for trial in real_trials()
    )


@cache
def spoken(language: Language, audience: Audience) -> tuple[str, ...]:
    """Every sentence once: explanations, near misses and questions."""
    words = Wording(language, audience)
    said: dict[str, None] = {}
    for trial in judged():
        told = explain_trial(trial, words)
        said |= dict.fromkeys(criterion.explanation for criterion in told.criteria)
        said |= dict.fromkeys(miss.explanation for miss in told.near_misses)
        said |= dict.fromkeys(ask(fact, words) for fact in open_facts(trial).values())
    return tuple(said)


def unquoted(sentence: str) -> str:
    """The sentence without what stands in quotation marks, also where a quote holds some itself."""
    kept, depth = [], 0
    for letter in sentence:
        depth += letter == "«"
        if depth == 0:
            kept.append(letter)
        depth -= letter == "»" and depth > 0
    return "".join(kept)


def words_of_tables() -> Iterator[str]:
    for row in sentences("es").values():
        for text in row.values():
            for literal, *_ in Formatter().parse(text):
                yield from WORD.findall(literal)
    with files("matching.answering").joinpath("names.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            yield from WORD.findall(row["spanish"])
    analytes = csv.DictReader(files("matching.knowledge").joinpath("data/analytes.csv").read_text("utf-8").splitlines())
    for row in analytes:
        yield from WORD.findall(row["question_es"])


def signs_of_units() -> Iterator[str]:
    for name in ("ucum.csv", "units.csv"):
        for row in csv.DictReader(files("matching.knowledge").joinpath(f"data/{name}").read_text("utf-8").splitlines()):
            for written in (row["code"], phrases.unit(row["code"], 2, Wording("es"))):
                yield from WORD.findall(re.sub(r"\{[^{}]*\}", "", written))


@pytest.mark.parametrize("audience", AUDIENCES)
def test_outside_of_quotations_spanish_sentences_hold_only_words_of_the_spanish_tables(audience: Audience) -> None:
    known = {word.lower() for word in words_of_tables()} | {sign.lower() for sign in signs_of_units()}
    foreign: Counter[str] = Counter()
    where = {}
    for sentence in spoken("es", audience):
        for word in WORD.findall(unquoted(sentence)):
            if word.lower() not in known:
                foreign[word] += 1
                where.setdefault(word, sentence)
    assert foreign == {}, {word: where[word] for word, _ in foreign.most_common(10)}


STARTS = ("The trial ", "Your ", "You ", "Only ", "El estudio ", "Su ", "Usted ", "Solo ")


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_sentence_is_said_twice_in_one_explanation(language: Language) -> None:
    for explanation in spoken(language, "patient"):
        parts = [part for part in re.split(r"(?<=[.?]) (?=[A-Z¿])", explanation) if part.startswith(STARTS)]
        assert len(parts) == len(set(parts)), explanation


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_a_fact_would_settle_ends_in_a_question(language: Language) -> None:
    words = Wording(language)
    for trial in judged():
        for criterion in explain_trial(trial, words).criteria:
            if criterion.why_unknown is WhyUnknown.MISSING:
                assert criterion.explanation.endswith("?"), criterion.explanation


def test_no_name_of_a_vocabulary_stands_inverted_in_a_sentence_for_patients() -> None:
    inverted = re.compile(r"\b(?:Neoplasms|Diseases?, [A-Z]|[A-Z][a-z]+, (?:Type \d|Acute|Chronic|Non-[A-Z]))")
    for sentence in spoken("en", "patient"):
        bare = re.sub(r'"[^"]*"', "", sentence)
        assert not inverted.search(bare), sentence
