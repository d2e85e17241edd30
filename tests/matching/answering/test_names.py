"""The table of names: whole, of things that there are, and said where nothing is listed."""

import csv
from collections.abc import Iterator
from importlib.resources import files

import pytest

from matching.answering import names
from matching.answering.wording import LANGUAGES, Language, Wording
from matching.judging.people import HABITS, STATEMENTS
from matching.judging.qualifiers import _SCALES, ACTIVE
from matching.knowledge import analytes, hierarchy

SPANISH = Wording("es")


def rows() -> Iterator[dict[str, str]]:
    with files("matching.answering").joinpath("names.csv").open(encoding="utf-8") as table:
        yield from csv.DictReader(table)


def listed(kind: str) -> set[str]:
    return {row["key"] for row in rows() if row["kind"] == kind}


def test_every_row_names_something_once_and_in_spanish() -> None:
    keys = [(row["kind"], row["key"]) for row in rows()]
    assert len(keys) == len(set(keys))
    assert [row for row in rows() if not row["spanish"].strip() or row["spanish"] != row["spanish"].strip()] == []


def test_every_analyte_and_score_has_a_spanish_name() -> None:
    assert listed("analyte") == {entry.name for entry in analytes.entries()}


def test_every_named_concept_is_one_of_the_vocabulary_and_has_both_names() -> None:
    concepts = [row for row in rows() if row["kind"] == "concept"]
    assert [row["key"] for row in concepts if hierarchy.name(row["key"]) is None] == []
    assert [row["key"] for row in concepts if not row["english"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_setting_habit_and_degree_has_its_words(language: Language) -> None:
    words = Wording(language)
    with files("matching.knowledge").joinpath("data/on_site.csv").open(encoding="utf-8") as table:
        topics = {row["topic"] for row in csv.DictReader(table)}
    assert {topic for topic in (*topics, *STATEMENTS) if not words.has(f"topic.{topic}")} == set()
    settings = set(analytes.SETTINGS)
    assert {setting for setting in settings if not words.has(f"setting.{setting}")} == set()
    assert set(HABITS) <= listed("substance")
    assert {word for scale in (*_SCALES, ACTIVE) for word in scale} - listed("qualifier") == {"ongoing"}


def test_what_has_no_spanish_name_is_quoted_as_it_was_written() -> None:
    assert names.concept(None, "zeta fever", SPANISH) == "«zeta fever»"
    assert names.concept("D000038", "abscesses", SPANISH) == "absceso"
    assert names.measured("zeta antibody", None, SPANISH) == "«zeta antibody»"
    assert names.word("qualifier", "odd", SPANISH) == "«odd»"
    assert names.as_written("1:160", SPANISH) == "1:160"
    assert names.reason("which of the treatments: severe", SPANISH) == "a qué tratamiento se refiere: grave"
    assert names.reason("a reason of tomorrow", SPANISH) == "«a reason of tomorrow»"


def test_what_patients_said_is_translated_where_it_is_a_name_and_kept_otherwise() -> None:
    assert names.said_by_patient("breast cancer", SPANISH) == "cáncer de mama"
    assert names.said_by_patient("mi rodilla mala", SPANISH) == "«mi rodilla mala»"
    assert names.said_by_patient("Breast Neoplasms", Wording("en")) == "breast cancer"
    assert names.said_by_patient("my bad knee", Wording("en")) == "my bad knee"
    assert names.denied("pregnant", SPANISH) == "sin embarazo"
    assert names.denied("ascites", SPANISH) == "sin ascitis"


def test_how_something_was_worked_out_is_told_in_the_language() -> None:
    assert names.working("usual upper limit 55 U/L", SPANISH) == "límite superior habitual 55 U/L"
    assert names.working("CKD-EPI 2021 from creatinine 0.8 mg/dL, 58 years, female", SPANISH) == (
        "CKD-EPI 2021 con creatinina 0.8 mg/dL, 58 años, mujer"
    )
    assert names.working("BMI = 66 kg / (1.7 m)^2", SPANISH) == "IMC = 66 kg / (1.7 m)^2"
    assert names.working("mean of 120, 130", Wording("en")) == "mean of 120, 130"
