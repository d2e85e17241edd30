"""The lexical layer of measures: numbers, comparators, connectives and brackets of one line, in order, with spans."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from matching.reading import comparators, numbers
from matching.reading.comparators import Comparator

Kind = Literal[
    "number", "roman", "multiple", "compare", "between", "dash", "to", "and", "or", "comma", "slash",
    "open", "close", "colon", "stop", "word", "mention",
]  # fmt: skip


class Token(NamedTuple):
    """`numbers` are the readings of a number; `compare` what a comparator says; `text` the lower-case word."""

    kind: Kind
    start: int
    end: int
    numbers: tuple[float, ...] = ()
    compare: Comparator | None = None
    text: str = ""


VERSION_FORM = r"\bv(?:er(?:s(?:ion)?)?)?\.?\s?\d+(?:\.\d+)*(?!\w|\s?[-\u2013/]|\s+(?:to|or)\b)"
"""The edition of a classification ("CTCAE v4.03"): no value, though "v" is five in roman numerals."""
VERSION = re.compile(rf"(?i:{VERSION_FORM})")

_LEX = re.compile(
    rf"""(?x)\s*(?:
      (?P<word>[^\W\d_]\w*(?:['\u2019][^\W\d_]+)?)
    | (?P<number>{numbers.DIGITS})
    | (?P<comma>[,\uff0c])
    | (?P<open>\\?[(\[{{])
    | (?P<close>\\?[)\]}}])
    | (?P<sign>(?i:{comparators.SIGN}))
    | (?P<dash>\\?[-\u2010-\u2015\u2212~\uff5e\u301c])
    | (?P<slash>/)
    | (?P<stop>;|[.!?](?=\s|$))
    | (?P<colon>:)
    | (?P<and>&(?!(?i:(?:amp;)?[lg][te];))|\\?\+)
    | (?P<lost>(?<=[\s(])\?(?=\s?\d))
    | (?P<other>\S)
    )"""
)
_GLUED = re.compile(
    r"(?i)(?:or|and|to|than|of|least|age|aged|ages|over|under|within|is|between|x|status|score|scores|grade|class|stage|ecog|bmi|asa)(?=\d)"
)
_NUMBER_WORD = re.compile(r"(?i)(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-(?:one|two|three|four|five|six|seven|eight|nine)\b")  # fmt: skip
_KINDS: dict[str, Kind] = {
    "between": "between", "from": "between", "range": "between", "ranging": "between", "ranges": "between",
    "betweeen": "between", "beetween": "between",
    "to": "to", "through": "to", "until": "to", "till": "to", "thru": "to", "and": "and", "but": "and", "or": "or",
}  # fmt: skip

_WORDY = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|sixteen|eighteen|nineteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|twice|double|triple|thrice|u\.?l\.?n|lln|unl|limits?|i{1,3}|iv|lll?|i{1,3}[abc]|iv[abc])\b"
)
DIGITS = re.compile(r"\d+")
NUMBER_LIKE = re.compile(rf"\d+|{_WORDY}")
"""What may be, or stand for, a number, in a text in lower case."""

_NAMES: dict[str, str] = {
    **dict.fromkeys(comparators.STARTS, "compare"), **dict.fromkeys(numbers.WORDS, "number"),
    **dict.fromkeys(numbers.MULTIPLES, "multiple"), **_KINDS,
}  # fmt: skip


def lex(text: str, start: int, end: int) -> list[Token]:
    """The tokens of text[start:end]. Letters with digits in them ("IL6", "CYP3A4") are one word."""
    out: list[Token] = []
    add, match, names, new = out.append, _LEX.match, _NAMES, Token
    pos = start
    while (m := match(text, pos, end)) is not None:
        kind = m.lastgroup
        a, pos = m.span(kind or 0)
        if kind == "word":
            raw = text[a:pos]
            word = raw.lower()
            name = names.get(word)
            if word[0] == "v" and (version := VERSION.match(text, a, end)) is not None:
                pos = version.end()
                add(new("word", a, pos, (), None, word))
            elif name is None:
                if len(word) > 5 and word.isalpha():
                    add(new("word", a, pos, (), None, word))
                else:
                    pos = _short(text, a, pos, end, word, out)
            elif name == "compare":
                found = comparators.read_words(text, a, end)
                if found is None:
                    add(new("word", a, pos, (), None, word))
                else:
                    pos = found[0]
                    add(new("compare", a, pos, (), found[1], word))
            elif name == "number":
                compound = _NUMBER_WORD.match(text, a, end)
                if compound is not None:
                    pos, word = compound.end(), compound[0].lower()
                value = numbers.read_word(word)
                add(new("number", a, pos, () if value is None else (value,), None, word))
            elif name == "multiple":
                add(new("multiple", a, pos, (numbers.MULTIPLES[word],), None, word))
            else:
                add(new(_KINDS[word], a, pos, (), None, word))
        elif kind == "number":
            raw = text[a:pos]
            add(new("number", a, pos, numbers.read_digits(raw), None, raw))
        elif kind == "sign":
            add(new("compare", a, pos, (), comparators.read_sign(text[a:pos]) or comparators.LOST))
        elif kind == "lost":
            add(new("compare", a, pos, (), comparators.LOST))
        elif kind != "other":
            add(new(kind, a, pos))  # type: ignore[arg-type] # the group names are the kinds
    return out


def _short(text: str, a: int, pos: int, end: int, word: str, out: list[Token]) -> int:
    """A short word or one with digits: a roman numeral, a word with its number written on to it ("or2"), or a name."""
    if not word.isalpha() and any(c.isdigit() for c in word):
        glued = _GLUED.match(text, a, pos)
        if glued is not None:
            out.extend(lex(text, a, glued.end()))
            return glued.end()
    if word == "i" and text.startswith(".e", pos):  # "i.e."
        out.append(Token("word", a, pos, (), None, word))
    elif word[0] in "ivl" and len(word) <= 6 and (roman := numbers.read_roman(word)) is not None:
        out.append(Token("roman", a, pos, (float(roman[0]),), None, word))
    else:
        out.append(Token("word", a, pos, (), None, word))
    return pos
