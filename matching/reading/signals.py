"""What the words of a line can be part of, so that a pattern is tried only where a word stands that it needs.

Most patterns need a word that few lines have. Each distinct word is looked at once, and a line has the signals of its
words together. A signal may promise too much, since the pattern itself still decides; never too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from matching.reading.numbers import WORDS

NUMBER = 1
"""A digit, a number word, a roman numeral, a limit of normal: what a statement in numbers needs."""
NUMBER_IN_LETTERS = 2
"""The same in letters."""
COUNTED = 4
"""A digit or a number word: what a stretch of time needs."""
TIME = 8
"""A unit of time."""
LONE_TIME = 16
"""What stands before a unit of time without a number ("past month")."""
IN_STUDY = 32
MOMENT = 64
"""What stands before a moment ("prior to surgery")."""
AT = 128
"""What stands before a moment of the study ("at screening")."""
VISIT = 256
"""Such a moment."""
FORMULA = 512
REACTION = 1024
TOWARDS = 2048
"""What stands between a reaction and what it is to."""
ABSORPTION = 4096
APOSTROPHE = 8192
BRACKET = 16384
AXIS = 32768
ALL = 65535
"""Of a line whose words are not known."""

MOST_REMEMBERED = 65_536

_EXACT = {
    **dict.fromkeys(("during", "throughout", "while", "duration", "course"), IN_STUDY),
    **dict.fromkeys(("before", "prior", "preceding", "after", "since", "following"), MOMENT),
    **dict.fromkeys(("at", "on", "upon"), AT),
    **dict.fromkeys(("to", "toward", "towards", "against"), TOWARDS),
    **dict.fromkeys(("'", "’", "´", "`"), APOSTROPHE),
    **dict.fromkeys("([{}])（）", BRACKET),
}
_COUNT = "|".join(WORDS)
_PATTERNS = tuple(
    (re.compile(pattern), signal)
    for pattern, signal in (
        (r"\d", NUMBER | COUNTED),
        (rf"\A(?:{_COUNT}|twice|double|triple|thrice|ul?|uln|lln|unl|limits?|i{{1,3}}[abc]?|iv[abc]?|lll?)\Z", NUMBER | NUMBER_IN_LETTERS),
        (_COUNT, COUNTED),
        (rf"(?:\A|\d|{_COUNT})(?:half|li(?:fe|ves)|(?:years?|yrs?|months?|mos?|mths?|weeks?|wks?|days?|hours?|hrs?|minutes?|mins?|[hd])(?![a-z]))", TIME),
        (r"last|past|previous|preceding|prior|latest|within", LONE_TIME),
        (r"\A(?:screening|baseline|enrol|randomi|consent|inclusion|entry|admission|registration|diagnosis|surgery|visit|signing|study|delivery)", VISIT),
        (r"\A(?:equation|formula)", FORMULA),
        (r"allerg|sensitivit|reaction|anaphyla", REACTION),
        (r"absor", ABSORPTION),
        (r"axis", AXIS),
    )
)  # fmt: skip


def _signals_of(word: str) -> int:
    found = _EXACT.get(word, 0)
    for pattern, signal in _PATTERNS:
        if pattern.search(word) is not None:
            found |= signal
    return found


class _Remembered(dict[str, int]):
    """Signals of words of registry texts. Nothing of a patient is put here."""

    def __missing__(self, word: str) -> int:
        known = _signals_of(word)
        if len(self) < MOST_REMEMBERED:
            self[word] = known
        return known


_REMEMBERED = _Remembered()


def signals(words: Iterable[str]) -> int:
    """The signals of words and signs in lower case, together. Kept for the next time: never for a patient's words."""
    found = 0
    known = _REMEMBERED
    for word in words:
        found |= known[word]
    return found
