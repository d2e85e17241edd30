import pytest

from matching.reading.numbers import read_digits, read_roman, read_word


@pytest.mark.parametrize(
    ("raw", "readings"),
    [
        ("18", (18.0,)),
        ("1,500", (1500.0, 1.5)),
        ("100,000", (100000.0, 100.0)),
        ("1,500,000", (1500000.0,)),
        ("7,5", (7.5,)),
        ("10,0", (10.0,)),
        ("0,125", (0.125,)),
        ("50.000", (50.0, 50000.0)),
        ("0.125", (0.125,)),
        ("2.5", (2.5,)),
        (".5", (0.5,)),
        ("100 000", (100000.0,)),
        ("1·5", (1.5,)),
        ("1,234.5", (1234.5,)),
    ],
)
def test_digits_keep_every_reading_that_the_marks_allow(raw: str, readings: tuple[float, ...]) -> None:
    assert read_digits(raw) == readings


@pytest.mark.parametrize(
    ("word", "value"),
    [("seven", 7.0), ("twenty-one", 21.0), ("sixty", 60.0), ("twenty-ten", None), ("none", None), ("sixty-", None)],
)
def test_number_words(word: str, value: float | None) -> None:
    assert read_word(word) == value


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("IV", (4, "")),
        ("ıııb", (3, "b")),  # why: patterns that ignore case take a dotless i for an i
        ("iii", (3, "")),
        ("lll", (3, "")),
        ("IIIb", (3, "b")),
        ("IVA", (4, "a")),
        ("x", None),
        ("mix", None),
    ],
)
def test_roman_classes_with_their_letter(word: str, found: tuple[int, str] | None) -> None:
    assert read_roman(word) == found
