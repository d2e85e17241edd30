"""Whether work grows with its input in proportion: sizes are held against each other, never against a clock's limit."""

import time
from collections.abc import Callable

_TIMES = 4
_NOISE = 0.5
"""Seconds that a busy machine may add to the quicker of the runs."""


def grows_in_proportion(work: Callable[[str], object], text: str) -> bool:
    """Whether the whole text takes no more than about as many times as long as its first quarter.

    One run of three has to keep to it: a machine can be slow by chance, never quick. Squared work takes 16 times as long.
    """
    short = _least(work, text[: len(text) // _TIMES])
    return any(_seconds(work, text) < 2 * _TIMES * short + _NOISE for _ in range(3))


def _least(work: Callable[[str], object], text: str) -> float:
    return min(_seconds(work, text) for _ in range(2))


def _seconds(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began
