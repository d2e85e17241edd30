"""Numbers as eligibility texts write them: 1,500  50.000  7,5  .5  100 000  twenty-one  27 6/7  III  lll."""

from __future__ import annotations

import re

from matching.reading.lowered import lowered_word

UNITS_OF_TEN = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
MULTIPLES = {"twice": 2.0, "double": 2.0, "triple": 3.0, "thrice": 3.0}
"""Words that count something else: "twice the upper limit of normal"."""
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
WORDS: dict[str, float] = {**UNITS_OF_TEN, **TENS, "hundred": 100}

TITRE = r"(?<![\d.,:])1\s?:\s?(?:\d{1,3}(?:,\d{3})+|\d{2,6})(?![\d.,]*[\d:])(?!\s?[ap]\.?m\b)"
"""A dilution: "1:80"; not "1:1" of a randomisation, nor the time of day."""
DIGITS = (
    rf"{TITRE}|"
    r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,])"
    r"|\d+(?:[.,\u00b7]\d+)?"
    r"|(?<![\d.])\.\d+"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+")
_DOT_GROUP = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_ROMAN = re.compile(r"(?i)(iv|v?i{1,3}|l{1,3}|vi?|v)([abc])?\d?")


def read_digits(raw: str) -> tuple[float, ...]:
    """The numbers that `raw` may stand for, likeliest first: "50.000" is 50 or 50,000; "1,500" is 1,500 or 1.5.

    A comma that cannot part thousands is a decimal comma. More than one reading means that only the size of what is
    measured can tell which is meant.
    """
    if ":" in raw:  # a titre: the higher the dilution, the more there is
        return (float(raw.partition(":")[2].replace(",", "")),)
    if _SPACED.fullmatch(raw):
        return (float(re.sub(r"[ \u00a0\u202f]", "", raw)),)
    if _GROUPED.fullmatch(raw):
        grouped = float(raw.replace(",", ""))
        if raw.count(",") == 1 and "." not in raw and not raw.startswith("0"):
            return (grouped, float(raw.replace(",", ".")))
        return (float(raw.replace(",", ".")),) if raw.startswith("0,") and raw.count(",") == 1 else (grouped,)
    plain = float(raw.replace(",", ".").replace("\u00b7", "."))
    if _DOT_GROUP.fullmatch(raw):
        return (plain, float(raw.replace(".", "")))
    return (plain,)


def read_word(word: str) -> float | None:
    """A lower-case number word ("seven", "twenty-one"), or None."""
    if word in WORDS:
        return float(WORDS[word])
    tens, dash, unit = word.partition("-")
    if dash and tens in TENS and 0 < UNITS_OF_TEN.get(unit, 0) < 10:
        return float(TENS[tens] + UNITS_OF_TEN[unit])
    return None


def read_roman(word: str) -> tuple[int, str] | None:
    """A class in roman numerals, with its letter: "IIIb" is (3, "b"); "lll" is typed for III. None when it is not one."""
    m = _ROMAN.fullmatch(word)
    if m is None:
        return None
    numeral = lowered_word(m[1]).replace("l", "i")
    return ROMAN[numeral], (m[2] or "").lower()
