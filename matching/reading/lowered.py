"""A text in lower case with the offsets of the text itself: patterns without the ignore-case flag are several times as fast."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def lowered(text: str) -> str:
    """The text in lower case, character for character. The last one is kept, since its lines are read one after another.

    Letters that patterns take for an "i" or an "s" when they ignore case are written so. Never for a patient's words.
    """
    low = text.lower()
    if low.isascii():
        return low
    if len(low) != len(text):  # the lower case of "İ" is two characters
        low = "".join([c.lower()[0] for c in text])
    return _plain(low)


def lowered_word(word: str) -> str:
    """A word in lower case as a pattern that ignores case takes it, so that a table holds whatever the pattern found."""
    low = word.lower()
    return low if low.isascii() else _plain(low)


def _plain(low: str) -> str:
    return low.replace("ı", "i").replace("ſ", "s")
