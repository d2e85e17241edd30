"""The tables of sentences: whole, the same in both languages, readable, and free of promises and advice."""

import csv
import re
from importlib.resources import files
from string import Formatter

import pytest

from matching.answering.wording import AUDIENCES, LANGUAGES, Language, Wording, sentences


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_has_three_filled_cells_and_its_own_key(language: Language) -> None:
    with files("matching.answering").joinpath(f"wording.{language}.csv").open(encoding="utf-8") as table:
        rows = list(csv.reader(table))
    assert rows[0] == ["key", "patient", "clinician"]
    assert [row for row in rows if len(row) != 3 or not all(cell.strip() for cell in row)] == []
    keys = [row[0] for row in rows]
    assert len(keys) == len(set(keys))


def test_both_languages_have_the_same_sentences_with_the_same_placeholders() -> None:
    english, spanish = sentences("en"), sentences("es")
    assert list(english) == list(spanish)
    patient = {k for k in english if placeholders(english[k]["patient"]) != placeholders(spanish[k]["patient"])}
    clinician = {k for k in english if placeholders(english[k]["clinician"]) != placeholders(spanish[k]["clinician"])}
    assert (patient, clinician) == (set(), set())


PROMISES = re.compile(
    r"\b(eligible|qualif\w+|recommend\w*|should|advise\w*|guarantee\w*|cure\w*|safe|elegible\w*|debe\w*|recomend\w+|garanti\w+)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_promises_or_advises(language: Language) -> None:
    found = {key: text for key, row in sentences(language).items() for text in row.values() if PROMISES.search(text)}
    assert found == {}


NAMES = {
    "en": {"fact": "blood sugar", "quote": "severe kidney disease", "facts": "blood sugar and kidney disease"},
    "es": {"fact": "glucosa en sangre", "quote": "enfermedad grave del riñón", "facts": "glucosa y hemoglobina"},
}


def fill(sentence: str, language: Language) -> str:
    """The sentence with names of common things in its places."""
    return sentence.format(**{name: NAMES[language].get(name, "25") for name in placeholders(sentence)})


def syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    silent = 1 if re.search(r"[^l]e$", word.lower()) and len(groups) > 1 else 0
    return max(1, len(groups) - silent)


def syllables_es(word: str) -> int:
    strong = re.sub(r"[iuüy]?[aeoáéóíú][iuy]?", "V", word.lower())
    return max(1, len(re.findall(r"V|[iuü]+", strong)))


def spoken(language: Language) -> list[str]:
    """The patient's sentences, without the rows that are single words or pieces."""
    pieces = (
        "bound.",
        "times.",
        "window.",
        "anchor.",
        "unit.",
        "word.",
        "topic.",
        "setting",
        "quoted",
        "others",
        "clause.",
        "state.",
    )
    return [fill(row["patient"], language) for key, row in sentences(language).items() if not key.startswith(pieces)]


def test_english_reads_at_the_level_of_a_fourth_grader() -> None:
    text = spoken("en")
    words = [word for sentence in text for word in re.findall(r"[A-Za-z']+|\d+", sentence)]
    count = sum(len(re.findall(r"[.?!](?:\s|$)", sentence)) or 1 for sentence in text)
    grade = 0.39 * len(words) / count + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    assert grade < 4.0, grade


def test_no_english_sentence_is_harder_than_the_ninth_grade() -> None:
    hard = {}
    for sentence in spoken("en"):
        words = re.findall(r"[A-Za-z']+|\d+", sentence)
        count = len(re.findall(r"[.?!](?:\s|$)", sentence)) or 1
        grade = 0.39 * len(words) / count + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
        if grade > 9.0:
            hard[sentence] = round(grade, 1)
    assert hard == {}


def test_spanish_reads_as_easy_on_the_szigriszt_scale() -> None:
    text = spoken("es")
    words = [word for sentence in text for word in re.findall(r"[^\W\d_]+|\d+", sentence)]
    count = sum(len(re.findall(r"[.?!](?:\s|$)", sentence)) or 1 for sentence in text)
    ease = 206.835 - 62.3 * sum(map(syllables_es, words)) / len(words) - len(words) / count
    assert ease > 80.0, ease


def test_an_unknown_word_stands_as_it_is() -> None:
    assert Wording("es").word("anchor", "first_dose") == "la primera dosis"
    assert Wording("en").word("anchor", "visit_3") == "visit 3"
    assert Wording("es").word("anchor", "visit_3") == "«visit 3»"


def test_a_list_is_joined_in_the_language() -> None:
    assert [Wording("en").listing(x) for x in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert Wording("es").listing(("a", "b")) == "a y b"
    pairs = [
        ("a", "infecciones"),
        ("a", "hipertensión"),
        ("a", "hierro"),
        ("a", "hiato"),
        ("a", "índice"),
        ("a", "«in situ»"),
    ]
    assert [Wording("es").listing(pair).split()[1] for pair in pairs] == ["e", "e", "y", "y", "e", "y"]


def test_a_sentence_without_its_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Wording("en").say("number.true", fact="BMI")
    assert [len(row) for row in sentences("en").values()] == [len(AUDIENCES)] * len(sentences("en"))
