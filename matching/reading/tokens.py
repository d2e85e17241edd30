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


_LEX = re.compile(
    rf"""(?ix)
    (?P<number>{numbers.DIGITS})
    | (?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)*\d*\w*)
    | (?P<sign>{comparators.SIGN})
    | (?P<lost>(?<=[\s(])\?(?=\s?\d))
    | (?P<dash>\\?[-\u2010-\u2015\u2212~\uff5e\u301c])
    | (?P<open>\\?[(\[{{])
    | (?P<close>\\?[)\]}}])
    | (?P<comma>[,\uff0c])
    | (?P<slash>/)
    | (?P<colon>:)
    | (?P<and>&(?!(?:amp;)?[lg][te];)|\\?\+)
    | (?P<stop>;|[.!?](?=\s|$))
    """
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

ANYTHING = re.compile(
    r"(?i)\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|sixteen|eighteen|nineteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|twice|double|triple|thrice|uln|lln|unl|limits?|i{1,3}|iv|lll?|i{1,3}[abc]|iv[abc]|child|pugh)\b"
)
"""What a line must hold to say anything in numbers."""


def lex(text: str, start: int, end: int) -> list[Token]:
    """The tokens of text[start:end]. Letters with digits in them ("IL6", "CYP3A4") are one word."""
    out: list[Token] = []
    pos = start
    search = _LEX.search
    while pos < end:
        m = search(text, pos, end)
        if m is None:
            break
        a, pos = m.span()
        kind = m.lastgroup
        if kind == "word":
            word = m[0].lower()
            if word[-1].isdigit() or (not word.isalpha() and any(c.isdigit() for c in word)):
                glued = _GLUED.match(text, a, pos)
                if glued is None:
                    roman = numbers.read_roman(word)
                    out.append(
                        Token("roman", a, pos, (float(roman[0]),), text=word)
                        if roman
                        else Token("word", a, pos, text=word)
                    )
                    continue
                pos = glued.end()
                word = text[a:pos].lower()
            if word in comparators.STARTS:
                found = comparators.read_words(text, a, end)
                if found is not None:
                    pos = found[0]
                    out.append(Token("compare", a, pos, compare=found[1]))
                    continue
            listed = _KINDS.get(word)
            if listed is not None:
                out.append(Token(listed, a, pos, text=word))
            elif word in numbers.WORDS:
                compound = _NUMBER_WORD.match(text, a, end)
                if compound is not None:
                    pos, word = compound.end(), compound[0].lower()
                value = numbers.read_word(word)
                out.append(Token("number", a, pos, (value,) if value is not None else (), text=word))
            elif word in numbers.MULTIPLES:
                out.append(Token("multiple", a, pos, (numbers.MULTIPLES[word],), text=word))
            elif len(word) <= 4 and word[0] in "ivl" and (roman := numbers.read_roman(word)) is not None:
                out.append(Token("roman", a, pos, (float(roman[0]),), text=word))
            else:
                out.append(Token("word", a, pos, text=word))
        elif kind == "number":
            out.append(Token("number", a, pos, numbers.read_digits(m[0]), text=m[0]))
        elif kind == "sign":
            sign = comparators.read_sign(m[0])
            out.append(Token("compare", a, pos, compare=sign or comparators.LOST))
        elif kind == "lost":
            out.append(Token("compare", a, pos, compare=comparators.LOST))
        elif kind is not None:
            out.append(Token(kind, a, pos))  # type: ignore[arg-type] # the group names are the kinds
    return out
