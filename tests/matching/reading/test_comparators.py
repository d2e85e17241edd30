import pytest

from matching.reading.comparators import EQUAL, GE, GT, LE, LT, NEAR, Comparator, read_after, read_sign, read_words


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (">", GT),
        ("\\>=", GE),
        ("≥", GE),
        ("=>", GE),
        (">/=", GE),
        ("> or =", GE),
        (">_", GE),
        ("&gt;", GT),
        ("&ge;", GE),
        ("<", LT),
        ("\\<=", LE),
        ("=<", LE),
        ("≦", LE),
        ("&amp;lt;", LT),
        ("=", EQUAL),
        ("<>", None),
    ],
)
def test_sign_however_typed(raw: str, said: Comparator | None) -> None:
    assert read_sign(raw) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("at least", GE),
        ("a minimum of", GE),
        ("greater than or equal to", GE),
        ("equal to or greater than", GE),
        ("not less than", GE),
        ("no fewer than", GE),
        ("at or above", GE),
        ("more than", GT),
        ("exceeding", GT),
        ("in excess of", GT),
        ("over", GT),
        ("no more than", LE),
        ("not exceeding", LE),
        ("does not exceed", LE),
        ("less than or equal to", LE),
        ("up to", LE),
        ("a maximum of", LE),
        ("less than", LT),
        ("younger then", LT),
        ("below", LT),
        ("equal to", EQUAL),
        ("approximately", NEAR),
    ],
)
def test_words_before_a_number(words: str, said: Comparator) -> None:
    assert read_words(words + " 5", 0, len(words) + 2) == (len(words), said)


def test_no_comparator_begins_here() -> None:
    assert read_words("patients", 0, 8) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("or older", GE),
        ("and above", GE),
        ("or more", GE),
        ("+", GE),
        ("or less", LE),
        ("and younger", LE),
        ("maximum", LE),
    ],
)
def test_words_behind_a_number(words: str, said: Comparator) -> None:
    assert read_after(words, 0, len(words)) == (len(words), said)


@pytest.mark.parametrize("words", ["or more than 5", "or > 35", "and over 65"])
def test_a_second_comparator_is_not_one_behind_the_first_number(words: str) -> None:
    assert read_after(words, 0, len(words)) is None
