"""Words in their normal forms: the quick way for a registry's texts finds what the plain way finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.knowledge.words import registry_tokens, registry_words, words_of

TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("abS1 _-'`’´≥•\xa0\n.,²µéß"), st.characters(codec="utf-8")), max_size=60
)


@given(TEXTS)
def test_the_words_of_a_registry_s_text_are_the_words_of_the_text(text: str) -> None:
    assert registry_words(text) == words_of(text)


@given(TEXTS)
def test_what_stands_between_marks_is_one_word_each(text: str) -> None:
    assert [words_of(token) for token in registry_tokens(text)] == [[word] for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crohn's and Crohn’s and Crohn´s", ["crohn", "and", "crohn", "and", "crohn"]),
        ("'quoted' rock'n'roll", ["quoted", "rockn", "roll"]),
        ("HbA1c≥7.0%•BMI_35", ["hba1c", "7", "0", "bmi", "35"]),
        ("α-blockers, naïve", ["alpha", "blocker", "naive"]),
    ],
)
def test_marks_part_words_and_an_apostrophe_does_not(text: str, words: list[str]) -> None:
    assert registry_words(text) == words_of(text) == words
