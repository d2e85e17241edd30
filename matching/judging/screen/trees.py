"""Trees of states: all nodes of one height and one connective at once, from the leaves up.

AND is the least truth, OR the greatest, NOT the negative, "at least k" the k-th greatest; what `evaluate` says of
reasons, evidence and of people whom a sentence is not about follows from the bits of the parts.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from matching.judging.screen import state
from matching.judging.screen.arrays import Ints, ScreenArrays, rows_of
from matching.judging.screen.state import States


class Op(IntEnum):
    """Connectives. A permission ("X is allowed") holds for everybody, with X's evidence."""

    ALL = 0
    ANY = 1
    AT_LEAST = 2
    NOT = 3
    IF = 4
    PERMISSION = 5


_KEPT = np.uint16(state.REASONS | state.OTHERS)


def _settled(truth: NDArray[np.uint16], union: States) -> States:
    """The truth with the reasons of its unknown parts, or the evidence of the parts that agree with it."""
    known = np.where(
        truth == state.TRUE,
        union & np.uint16(state.EVIDENT_TRUE),
        np.where(truth == state.FALSE, union & np.uint16(state.EVIDENT_FALSE), union & np.uint16(state.REASONS)),
    )
    return truth | known


def _others(result: States, truth: NDArray[np.uint16], about_others: NDArray[np.bool_]) -> States:
    """Marks what is about other people."""
    marks = np.array([state.OTHERS | state.OTHERS_FALSE, state.OTHERS, state.OTHERS | state.OTHERS_TRUE], np.uint16)
    return np.where(about_others, result | marks[truth], result)


def _all_or_any(parts: States, starts: NDArray[np.int64], op: Op) -> States:
    truths = parts & np.uint16(state.TRUTH)
    union = np.bitwise_or.reduceat(parts, starts)
    everyone = np.bitwise_and.reduceat(parts, starts)
    if op is Op.ALL:
        truth, deciding = np.minimum.reduceat(truths, starts), state.OTHERS_FALSE
    else:
        truth, deciding = np.maximum.reduceat(truths, starts), state.OTHERS_TRUE
    about_others = ((union & np.uint16(deciding)) | (everyone & np.uint16(state.OTHERS))) != 0
    return _others(_settled(truth, union), truth, about_others)


def _at_least(parts: States, starts: NDArray[np.int64], counts: NDArray[np.int16]) -> States:
    truths = parts & np.uint16(state.TRUTH)
    holding = np.add.reduceat((truths == state.TRUE).astype(np.int32), starts)
    possible = np.add.reduceat((truths >= state.UNKNOWN).astype(np.int32), starts)
    truth = np.where(
        holding >= counts, state.TRUE, np.where(possible >= counts, state.UNKNOWN, state.FALSE)
    ).astype(np.uint16)  # fmt: skip
    failing = truths == state.FALSE
    failed = np.add.reduceat(failing.astype(np.int32), starts)
    others = np.add.reduceat((failing & ((parts & np.uint16(state.OTHERS)) != 0)).astype(np.int32), starts)
    about_others = (truth == state.FALSE) & (failed > 0) & (failed == others)
    return _others(_settled(truth, np.bitwise_or.reduceat(parts, starts)), truth, about_others)


@cache
def _negatives() -> States:
    """The negative of every state."""
    every = np.arange(state.SIZE, dtype=np.uint16)
    moved = (state.OTHERS_FALSE | state.EVIDENT_FALSE), (state.OTHERS_TRUE | state.EVIDENT_TRUE)
    truth = np.uint16(state.TRUE) - np.minimum(every & np.uint16(state.TRUTH), np.uint16(state.TRUE))
    swapped: States = (
        truth
        | every & _KEPT
        | (every & np.uint16(moved[0])) << np.uint16(1)
        | (every & np.uint16(moved[1])) >> np.uint16(1)
    )
    return swapped


def _if(when: States, then: States) -> States:
    """Where `when` is false it is about other people; `then` alone gives the evidence of what is settled otherwise."""
    when_truth, then_truth = when & np.uint16(state.TRUTH), then & np.uint16(state.TRUTH)
    nobody = when_truth == state.FALSE
    truth = np.maximum(np.uint16(state.TRUE) - when_truth, then_truth).astype(np.uint16)
    reasons = (when | then) & np.uint16(state.REASONS)
    evident = then & np.uint16(state.EVIDENT_FALSE | state.EVIDENT_TRUE)
    evident = np.where(nobody & ((when & np.uint16(state.EVIDENT_FALSE)) != 0), np.uint16(state.EVIDENT_TRUE), evident)
    evident = np.where(nobody & ((when & np.uint16(state.EVIDENT_FALSE)) == 0), np.uint16(0), evident)
    result = (truth | np.where(truth == state.UNKNOWN, reasons, evident)).astype(np.uint16)
    return _others(result, truth, nobody)


def _permission(parts: States) -> States:
    evident = (parts & np.uint16(state.EVIDENT_FALSE | state.EVIDENT_TRUE)) != 0
    return np.where(evident, np.uint16(state.TRUE | state.EVIDENT_TRUE), np.uint16(state.TRUE))


def below(arrays: ScreenArrays, nodes: Ints) -> tuple[Ints, Ints]:
    """All leaves, and all inner nodes (their places), at or below the given ones."""
    first = len(arrays.leaf_shape)
    seen = np.zeros(first + len(arrays.child_start) - 1, dtype=bool)
    level = nodes
    while len(level):
        seen[level] = True
        inner = level[level >= first] - first
        children = arrays.child[rows_of(arrays.child_start, inner)]
        level = np.unique(children[~seen[children]])
    found = np.flatnonzero(seen).astype(np.int32)
    return found[found < first], found[found >= first] - np.int32(first)


def grown(arrays: ScreenArrays, leaves: States, base: States | None = None) -> States:
    """The states of all leaves and, behind them, of all nodes.

    `base`: what this gave for other leaves; only what the leaves that differ can change is worked out anew.
    """
    first, nodes = len(leaves), len(arrays.child_start) - 1
    if base is None:
        states, to_do = np.zeros(first + nodes, dtype=np.uint16), np.ones(nodes, dtype=bool)
    else:
        states, to_do = base.copy(), np.zeros(nodes, dtype=bool)
        to_do[_parents(arrays, np.flatnonzero(leaves != base[:first]))] = True
    states[:first] = leaves
    for block, op in enumerate(arrays.block_op):
        begin, end = int(arrays.block_start[block]), int(arrays.block_start[block + 1])
        here = begin + np.flatnonzero(to_do[begin:end])
        if not len(here):
            continue
        # Nodes lie by height: what is above comes later.
        made = _block(Op(op), arrays, states, here)
        if base is not None:
            to_do[_parents(arrays, first + here[made != base[first + here]])] = True
        states[first + here] = made
    return states


def _parents(arrays: ScreenArrays, numbers: NDArray[np.intp]) -> Ints:
    return arrays.parent[rows_of(arrays.parent_start, numbers)]


def _block(op: Op, arrays: ScreenArrays, states: States, nodes: NDArray[np.intp]) -> States:
    """The states of some nodes of one height and connective."""
    parts = states[arrays.child[rows_of(arrays.child_start, nodes)]]
    lengths = arrays.child_start[nodes + 1] - arrays.child_start[nodes]
    starts = (np.cumsum(lengths) - lengths).astype(np.int64)
    match op:
        case Op.ALL | Op.ANY:
            return _all_or_any(parts, starts, op)
        case Op.AT_LEAST:
            return _at_least(parts, starts, arrays.node_count[nodes])
        case Op.NOT:
            negative: States = _negatives()[parts]
            return negative
        case Op.IF:
            return _if(parts[0::2], parts[1::2])
        case Op.PERMISSION:
            return _permission(parts)
