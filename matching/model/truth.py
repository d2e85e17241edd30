"""Three-valued (Kleene) truth: what the engine knows about a sentence."""

from collections.abc import Iterable
from enum import Enum
from typing import NoReturn


class Truth(Enum):
    """Whether a sentence holds for a patient. UNKNOWN is never a no.

    The values order the three so that AND is the least, OR the greatest and NOT the negative.
    """

    FALSE = -1
    UNKNOWN = 0
    TRUE = 1

    def __bool__(self) -> NoReturn:
        raise TypeError("Truth has three values: compare with `is Truth.TRUE`, never test it as a bool")

    @classmethod
    def of(cls, known: bool) -> "Truth":
        """The truth of something that is known either way."""
        return cls.TRUE if known else cls.FALSE


_NEGATIVE = {Truth.TRUE: Truth.FALSE, Truth.UNKNOWN: Truth.UNKNOWN, Truth.FALSE: Truth.TRUE}


def conjunction(truths: Iterable[Truth]) -> Truth:
    """Kleene AND, the least of them; TRUE when there is nothing to hold."""
    least = Truth.TRUE
    for truth in truths:
        if truth is Truth.FALSE:
            return truth
        if truth is Truth.UNKNOWN:
            least = truth
    return least


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Kleene OR, the greatest of them; FALSE when there is nothing to choose from."""
    greatest = Truth.FALSE
    for truth in truths:
        if truth is Truth.TRUE:
            return truth
        if truth is Truth.UNKNOWN:
            greatest = truth
    return greatest


def negation(truth: Truth) -> Truth:
    """Kleene NOT."""
    return _NEGATIVE[truth]


def at_least(count: int, truths: Iterable[Truth]) -> Truth:
    """Whether `count` or more hold: the count-th largest; TRUE for a count of 0, FALSE when there are too few."""
    if count <= 0:
        return Truth.TRUE
    ordered = sorted((t.value for t in truths), reverse=True)
    return Truth(ordered[count - 1]) if len(ordered) >= count else Truth.FALSE
