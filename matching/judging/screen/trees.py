"""Trees of states: all nodes of one height and one connective at once, from the leaves up.

AND is the least truth, OR the greatest, NOT the negative, "at least k" the k-th greatest; what `evaluate` says of
reasons, evidence and of people whom a sentence is not about follows from the bits of the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.judging.screen import state
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.state import States
from matching.model.rows import Ints, distinct, in_order, rows_of, starts_of, stretches


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


_OTHERS_OF = np.array([state.OTHERS | state.OTHERS_FALSE, state.OTHERS, state.OTHERS | state.OTHERS_TRUE], np.uint16)


def _others(result: States, truth: NDArray[np.uint16], about_others: NDArray[np.bool_]) -> States:
    """Marks what is about other people."""
    return np.where(about_others, result | _OTHERS_OF[truth], result)


_FALSE, _UNKNOWN, _TRUE = 1, 2, 4
_REASONS_AT = 3
_OTHERS_FALSE, _OTHERS_TRUE, _NOT_OTHERS, _EVIDENT_FALSE, _EVIDENT_TRUE = (1 << (9 + i) for i in range(5))
_MARKS = 1 << 14
"""What parts are, as marks that can be put together bit by bit: the truths among them, their reasons, whether some are
about others, whether any is not, and what rests on evidence."""


@cache
def _marks() -> States:
    """The marks of every state."""
    every = np.arange(state.SIZE, dtype=np.uint16)
    marks: States = np.left_shift(1, np.minimum(every & state.TRUTH, state.TRUE)).astype(np.uint16)
    marks |= (every & np.uint16(state.REASONS)) >> np.uint16(2) << np.uint16(_REASONS_AT)
    for bit, mark in _MARK_OF.items():
        marks |= np.where(every & bit, mark, 0).astype(np.uint16)
    marks |= np.where(every & state.OTHERS, 0, _NOT_OTHERS).astype(np.uint16)
    return marks


_MARK_OF = {
    state.OTHERS_FALSE: _OTHERS_FALSE,
    state.OTHERS_TRUE: _OTHERS_TRUE,
    state.EVIDENT_FALSE: _EVIDENT_FALSE,
    state.EVIDENT_TRUE: _EVIDENT_TRUE,
}


@cache
def _joined() -> States:
    """What an "all" comes to by the marks of its parts, and behind these what an "any" comes to."""
    marks = np.arange(_MARKS, dtype=np.uint16)
    union = (marks >> np.uint16(_REASONS_AT) << np.uint16(2)) & np.uint16(state.REASONS)
    for bit, mark in _MARK_OF.items():
        union |= np.where(marks & mark, bit, 0).astype(np.uint16)
    nobody_else = (marks & _NOT_OTHERS) == 0
    made = []
    for order, deciding in (
        (((_FALSE, state.FALSE), (_UNKNOWN, state.UNKNOWN)), state.OTHERS_FALSE),
        (((_TRUE, state.TRUE), (_UNKNOWN, state.UNKNOWN)), state.OTHERS_TRUE),
    ):
        (first, first_truth), (second, second_truth) = order
        last = state.TRUE if first_truth == state.FALSE else state.FALSE
        truth = np.where(marks & first, first_truth, np.where(marks & second, second_truth, last)).astype(np.uint16)
        made.append(_others(_settled(truth, union), truth, nobody_else | ((union & deciding) != 0)))
    return np.concatenate(made)


def _all_or_any(parts: States, starts: NDArray[np.int64], ops: NDArray[np.uint8]) -> States:
    union = np.bitwise_or.reduceat(_marks()[parts], starts)
    joined: States = _joined()[union + ops * np.uint16(_MARKS)]
    return joined


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
        level = distinct(children[~seen[children]], len(seen))
    found = np.flatnonzero(seen).astype(np.int32)
    return found[found < first], found[found >= first] - np.int32(first)


def above(arrays: ScreenArrays, leaves: NDArray[np.integer[Any]]) -> Ints:
    """All inner nodes (their places) above the given leaves."""
    return distinct(arrays.above[rows_of(arrays.above_start, leaves)], len(arrays.child_start) - 1)


def all_above(parent_start: Ints, parent: Ints, leaves: int) -> tuple[Ints, Ints]:
    """Per leaf the places of all nodes above it, as starts and places. `parent`: of leaves, then nodes."""
    whose = np.arange(leaves, dtype=np.int64)
    at, found = whose.astype(np.int32), [np.zeros(0, dtype=np.int64)]
    while len(at):
        lengths = parent_start[at + 1] - parent_start[at]
        pairs = in_order(np.repeat(whose, lengths) << 32 | parent[rows_of(parent_start, at)])
        found.append(pairs)
        whose, at = pairs >> 32, ((pairs & ((1 << 32) - 1)) + leaves).astype(np.int32)
    pairs = in_order(np.concatenate(found))
    return starts_of(np.bincount(pairs >> 32, minlength=leaves)), (pairs & ((1 << 32) - 1)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Step:
    """Nodes (their places) of one height that are worked out at once: those of one connective, or all of "all" and "any"."""

    op: Op
    begin: int
    end: int


def steps_of(arrays: ScreenArrays) -> tuple[Step, ...]:
    """The blocks of nodes in order; an "any" goes with the "all" before it where no part of it lies in that."""
    steps: list[Step] = []
    for op, (begin, end) in zip(arrays.block_op.tolist(), pairwise(arrays.block_start.tolist()), strict=True):
        before = steps[-1] if steps else None
        if op == Op.ANY and before is not None and before.op is Op.ALL:
            parts = arrays.child[arrays.child_start[begin] : arrays.child_start[end]]
            if parts.max(initial=0) < len(arrays.leaf_shape) + before.begin:
                steps[-1] = Step(Op.ALL, before.begin, end)
                continue
        steps.append(Step(Op(op), begin, end))
    return tuple(steps)


def grown(arrays: ScreenArrays, steps: Sequence[Step], leaves: States, base: States | None = None) -> States:
    """The states of all leaves and, behind them, of all nodes.

    `base`: what this gave for other leaves; only what lies above the leaves that differ is worked out anew.
    """
    first, nodes = len(leaves), len(arrays.child_start) - 1
    to_do: Ints
    if base is None:
        states, to_do = np.zeros(first + nodes, dtype=np.uint16), np.arange(nodes, dtype=np.int32)
    else:
        states, to_do = base.copy(), above(arrays, np.flatnonzero(leaves != base[:first]))
    states[:first] = leaves
    begin = arrays.child_start[to_do].astype(np.int64)
    lengths = arrays.child_start[to_do + 1] - begin
    children, count = arrays.child[stretches(begin, lengths)], arrays.node_count[to_do]
    starts = np.concatenate(([0], np.cumsum(lengths)))
    ops = arrays.block_op[np.searchsorted(arrays.block_start, to_do, side="right") - 1]
    edges = np.searchsorted(to_do, [step.begin for step in steps]).tolist()
    edges.append(len(to_do))
    # Nodes lie by height: what is above comes later.
    for step, (here, end) in zip(steps, pairwise(edges), strict=True):
        if here < end:
            parts = states[children[starts[here] : starts[end]]]
            of_parts = starts[here:end] - starts[here]
            states[first + to_do[here:end]] = _block(step.op, parts, of_parts, count[here:end], ops[here:end])
    return states


def _block(
    op: Op, parts: States, starts: NDArray[np.int64], counts: NDArray[np.int16], ops: NDArray[np.uint8]
) -> States:
    """The states of some nodes of one step. `starts`: where the parts of each begin; `ops`: the connective of each."""
    match op:
        case Op.ALL | Op.ANY:
            return _all_or_any(parts, starts, ops)
        case Op.AT_LEAST:
            return _at_least(parts, starts, counts)
        case Op.NOT:
            negative: States = _negatives()[parts]
            return negative
        case Op.IF:
            return _if(parts[0::2], parts[1::2])
        case Op.PERMISSION:
            return _permission(parts)
