"""A finding as one number of 16 bits, and what a trial's criteria come to, so that whole registries fit in arrays.

The bits: truth (0 FALSE, 1 UNKNOWN, 2 TRUE), the reasons of an unknown, whether the finding is about other people
(apart for FALSE and TRUE, as the connectives ask for it), and whether a settled finding rests on evidence.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from matching.judging.eligibility import FAILING, ROLES
from matching.judging.evaluate import MOST_TELLING
from matching.model.codes import Role, Verdict, WhyUnknown
from matching.model.finding import Finding
from matching.model.truth import Truth

States = NDArray[np.uint16]

FALSE, UNKNOWN, TRUE = 0, 1, 2
TRUTH = 0b11
REASON = {reason: 1 << (2 + i) for i, reason in enumerate(MOST_TELLING)}
REASONS = sum(REASON.values())
OTHERS_FALSE, OTHERS_TRUE, OTHERS = 1 << 8, 1 << 9, 1 << 10
"""About people this patient is not: and FALSE, and TRUE, and whatever it is."""
EVIDENT_FALSE, EVIDENT_TRUE = 1 << 11, 1 << 12
SIZE = 1 << 13

ROLE_CODES = {Role.INCLUSION: 0, Role.EXCLUSION: 1}
NEUTRAL = 2
"""Added to the code of a role for a criterion that asks nothing of anybody."""

KINDS = (
    "missing", "stale", "unreadable", "not_comparable", "conflict", "unexplained",
    "on_site", "in_favour", "against", "not_applicable",
)  # fmt: skip
"""What a criterion comes to. The first OPEN_KINDS keep a trial from being settled."""
OPEN_KINDS = 6
BITS = 6
"""Each kind is counted in so many bits of one 64-bit number."""
MOST_CRITERIA = (1 << BITS) - 1
"""So a number counts no more than this; longer lists are counted in several."""
_FIELD = (1 << BITS) - 1
_OPEN_MASK = np.uint64((1 << (BITS * OPEN_KINDS)) - 1)
_SUM_FIELDS = np.uint64(sum(1 << (BITS * i) for i in range(OPEN_KINDS)))
_LAST_OPEN = np.uint64(BITS * (OPEN_KINDS - 1))


def state_of(finding: Finding) -> int:
    """A finding's truth, reasons, reach and footing."""
    truth = finding.truth.value + 1
    state = truth
    if truth == UNKNOWN:
        for reason in finding.reasons:
            state |= REASON[reason]
    elif finding.evidence:
        state |= EVIDENT_TRUE if truth == TRUE else EVIDENT_FALSE
    if not finding.applicable:
        state |= OTHERS | (OTHERS_TRUE if truth == TRUE else OTHERS_FALSE if truth == FALSE else 0)
    return state


def unknown(reason: WhyUnknown) -> int:
    """The state of a leaf that is unknown for one reason."""
    return UNKNOWN | REASON[reason]


@cache
def kind_table(empty: bool) -> NDArray[np.uint8]:
    """What a criterion comes to, by the code of its role and its state: the rules of `judge_criterion`, once.

    `empty`: nothing is known of the patient, so nothing speaks against anybody.
    """
    table = np.zeros((4, SIZE), dtype=np.uint8)
    for role, code in ROLE_CODES.items():
        for state in range(SIZE):
            if state & TRUTH != 3:
                kind = _kind(role, state, empty)
                table[code, state] = KINDS.index(kind)
                table[code + NEUTRAL, state] = KINDS.index("not_applicable")
    return table


def _kind(role: Role, state: int, empty: bool) -> str:
    if state & OTHERS:
        return "not_applicable"
    truth = Truth((state & TRUTH) - 1)
    if truth is FAILING[role] and (empty or not state & (EVIDENT_FALSE | EVIDENT_TRUE)):
        return WhyUnknown.UNREADABLE.value
    match ROLES[role, truth]:
        case Verdict.UNKNOWN:
            return next((reason.value for reason, bit in REASON.items() if state & bit), "unexplained")
        case Verdict.NOT_INCLUDED | Verdict.EXCLUDED:
            return "against"
        case _:
            return "in_favour"


COUNT_ONE = np.array([1 << (BITS * i) for i in range(len(KINDS))], dtype=np.uint64)
"""One criterion of each kind, to be added up."""


def number_of(counts: NDArray[np.uint64], kind: str) -> NDArray[np.int32]:
    """How many criteria of one kind each number counts."""
    return ((counts >> np.uint64(BITS * KINDS.index(kind))) & np.uint64(_FIELD)).astype(np.int32)


def number_open(counts: NDArray[np.uint64]) -> NDArray[np.int32]:
    """How many criteria keep each from being settled. The fields are summed inside the number: their sum fits in one."""
    return ((((counts & _OPEN_MASK) * _SUM_FIELDS) >> _LAST_OPEN) & np.uint64(_FIELD)).astype(np.int32)
