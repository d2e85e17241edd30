"""Which facts would change the eligibility of the most trials, on the registry's arrays: `deciding` for all trials at once.

For every open node the facts that alone can make it FALSE, and those that can make it TRUE, grow from the leaves up as
pairs (node, fact); equal nodes of different trials are one. Then the pairs of each trial's open criteria are put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.answering.questions import MOST_QUESTIONS, Decider
from matching.judging.askable import FINDABLE, FactKey, key, order_of_fact
from matching.judging.evaluate import evaluate
from matching.judging.facts import Facts
from matching.judging.screen import state
from matching.judging.screen.arrays import (
    Ints,
    ScreenArrays,
    distinct,
    in_order,
    rows_of,
    starts_of,
    stretches,
    with_times,
)
from matching.judging.screen.asked import Asked
from matching.judging.screen.counting import POSSIBLY, Counted, Judged, Screen, Told
from matching.judging.screen.trees import Op, below
from matching.model.codes import Role
from matching.model.criterion import Expression
from matching.model.finding import MissingFact
from matching.model.truth import Truth

Pairs = NDArray[np.int64]
"""A node, a criterion or a trial in the high half, a fact in the low half; sorted, each once."""

_LOW = np.int64((1 << 32) - 1)
_FINDABLE = np.uint16(sum(state.REASON[reason] for reason in FINDABLE))
_NOTHING: Pairs = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Open:
    """Every open criterion of trials that may turn: trial (its row), criterion, and whether it is of a cohort.

    `criteria` has each criterion once, in order; `which` is the place in it of each of the others.
    """

    trial: Ints
    of_cohort: NDArray[np.bool_]
    which: NDArray[np.intp]
    criteria: Ints


def deciders(screen: Screen, facts: Facts, judged: Judged, counted: Counted) -> tuple[Decider, ...]:
    """The facts to ask for, the most useful first, in the greedy order of `questions.QuestionCount`."""
    asked = _open_criteria(screen.arrays, judged, counted)
    movers = [_Movers(screen.arrays, told, criteria) for told, criteria in _sides(judged, asked.criteria)]
    pairs = _of_trials(screen.arrays, movers, counted, asked)
    if not len(pairs):
        return ()
    names = _Names(screen, facts, movers)
    trial, fact = pairs >> 32, pairs & _LOW
    facts_there = distinct(fact, int(fact.max()) + 1)
    place = np.zeros(int(fact.max()) + 1, dtype=np.intp)
    place[facts_there] = np.arange(len(facts_there))
    fact = place[fact]
    own = np.bincount(fact)
    fresh = own.copy()
    chosen: list[int] = []
    rows_of_trial = starts_of(np.bincount(trial))
    waiting = np.ones(len(rows_of_trial) - 1, dtype=bool)
    for _ in range(min(MOST_QUESTIONS, len(facts_there))):
        left = fresh.copy()
        left[chosen] = -1
        best = _best(left, own, facts_there, names)
        chosen.append(best)
        touched = trial[fact == best]
        touched = touched[waiting[touched]]
        waiting[touched] = False
        fresh -= np.bincount(fact[rows_of(rows_of_trial, touched)], minlength=len(fresh))
    return tuple(Decider(names.fact(int(facts_there[at])), int(own[at])) for at in chosen)


def _best(fresh: NDArray[np.int64], own: NDArray[np.int64], facts: Ints, names: _Names) -> int:
    first = np.flatnonzero(fresh == fresh.max())
    first = first[own[first] == own[first].max()]
    best: int = min(first.tolist(), key=lambda at: names.key(int(facts[at])))
    return best


class _Names:
    """Facts by number."""

    def __init__(self, screen: Screen, facts: Facts, movers: Sequence[_Movers]) -> None:
        self._table, self._facts, self._movers = screen.table, facts, movers
        self._more = {number: name for side in movers for name, number in side.told.leaves.more.items()}

    def key(self, number: int) -> FactKey:
        """Kind and id."""
        table = self._table.facts
        return table[number] if number < len(table) else self._more[number]

    def fact(self, number: int) -> MissingFact:
        """The fact in full, as one of the leaves that miss it words it: the first by name."""
        wanted = self.key(number)
        rows = np.unique(np.concatenate([side.missing(number) for side in self._movers]))
        _, one_each = np.unique(self._table.arrays.leaf_variable[rows], return_index=True)
        judged = [evaluate(*self._asked(row), timed=False) for row in rows[one_each].tolist()]
        found = [fact for finding in judged for fact in finding.missing if key(fact) == wanted]
        return min(found, key=order_of_fact) if found else MissingFact(wanted[0], wanted[1], wanted[1])

    def _asked(self, row: int) -> tuple[Expression, Facts, Truth]:
        leaf, favourable = self._table.leaf(row)
        return leaf, self._facts, favourable


def _open_criteria(arrays: ScreenArrays, judged: Judged, counted: Counted) -> _Open:
    asked, may_turn = counted.asked, counted.eligibility == POSSIBLY
    if not asked.gathered:
        asked, may_turn = Asked(arrays, counted.trials[may_turn]), np.ones(int(may_turn.sum()), dtype=bool)
    kinds, cohorts = judged.kinds[asked.criteria], arrays.group_cohort[asked.groups]
    turns = np.repeat(may_turn, asked.groups_each)
    if (cohorts >= 0).any():
        # The cohorts of one trial are told apart by their number: a long one may stand in several groups.
        name = np.repeat(np.arange(len(asked.trials)), asked.groups_each) << 32 | (cohorts.astype(np.int64) + 1)
        failing = np.repeat(np.arange(len(cohorts)), asked.sizes)[kinds == _AGAINST]
        turns &= ~np.isin(name, name[failing[cohorts[failing] >= 0]])
    rows = np.flatnonzero((kinds < state.OPEN_KINDS) & np.repeat(turns, asked.sizes))
    group = np.repeat(np.arange(len(cohorts), dtype=np.int32), asked.sizes)[rows]
    criterion = asked.criteria[rows]
    each = distinct(criterion, len(arrays.criterion_node))
    place = np.zeros(len(arrays.criterion_node), dtype=np.intp)
    place[each] = np.arange(len(each))
    return _Open(np.repeat(asked.trials, asked.groups_each)[group], cohorts[group] >= 0, place[criterion], each)


_AGAINST = state.KINDS.index("against")


def _of_trials(arrays: ScreenArrays, movers: Sequence[_Movers], counted: Counted, asked: _Open) -> Pairs:
    """Trial and fact, for every fact that alone could settle a trial for or against."""
    trial, which = asked.trial, asked.which
    bad, good = (_Each(pairs, asked.criteria) for pairs in _of_criteria(arrays, movers))
    of_all = np.flatnonzero(~asked.of_cohort & (bad.lengths[which] > 0))
    against = in_order(bad.of(trial[of_all], which[of_all]))
    # A fact decides in favour where it closes all that is open: not where something is open that no fact closes.
    count = len(arrays.trial_number)
    hopeless = np.zeros(count, dtype=bool)
    hopeless[trial[good.lengths[which] == 0]] = True
    hopeless[counted.trials[counted.cohort_ruled_out]] = True
    left = np.flatnonzero(~hopeless[trial])
    favour, how_often = with_times(good.of(trial[left], which[left]))
    wanted = np.bincount(trial[left], minlength=count)
    return in_order(np.concatenate((against, favour[how_often == wanted[favour >> 32]])))


class _Each:
    """The facts of each of some nodes or criteria, which stand in order."""

    def __init__(self, pairs: Pairs, each: Ints) -> None:
        self._facts = pairs & _LOW
        self._begin = np.searchsorted(pairs, each.astype(np.int64) << 32)
        self.lengths = np.searchsorted(pairs, (each.astype(np.int64) + 1) << 32) - self._begin

    def of(self, whose: Ints, which: NDArray[np.intp]) -> Pairs:
        """Whose fact, and the fact, for all the facts of the nodes in those places."""
        lengths = self.lengths[which]
        rows = stretches(self._begin[which], lengths)
        made: Pairs = np.repeat(whose.astype(np.int64) << 32, lengths) | self._facts[rows]
        return made


def _joined(whose: Ints, nodes: Ints, pairs: Pairs) -> Pairs:
    """The facts of each one's node. The same may come twice."""
    return _Each(pairs, nodes).of(whose, np.arange(len(nodes)))


def _of_criteria(arrays: ScreenArrays, movers: Sequence[_Movers]) -> tuple[Pairs, Pairs]:
    """Criterion and fact, for the facts that can settle it against the patient, and for those that can settle it for."""
    nodes = [arrays.criterion_node[side.criteria] for side in movers]
    can_fail, can_hold = (
        np.concatenate(
            [_joined(side.criteria, own, pairs) for side, own, pairs in zip(movers, nodes, moved, strict=True)]
        )
        for moved in ([side.false for side in movers], [side.true for side in movers])
    )
    inclusion = arrays.criterion_role == state.ROLE_CODES[Role.INCLUSION]
    for_false, for_true = inclusion[can_fail >> 32], inclusion[can_hold >> 32]
    bad = np.concatenate((can_fail[for_false], can_hold[~for_true]))
    good = np.concatenate((can_hold[for_true], can_fail[~for_false]))
    return in_order(bad), in_order(good)


def _sides(judged: Judged, criteria: Ints) -> Iterator[tuple[Told, Ints]]:
    if judged.doubted is None:
        yield judged.told, criteria
        return
    fails = judged.fails[criteria]
    yield from ((judged.told, criteria[~fails]), (judged.doubted, criteria[fails]))


class _Movers:
    """The facts that alone make a node FALSE, or TRUE: for some criteria and all below, as `deciding._movers` has them."""

    def __init__(self, arrays: ScreenArrays, told: Told, criteria: Ints) -> None:
        self._arrays, self._states = arrays, told.states
        self.told, self.criteria = told, criteria
        self._first = len(arrays.leaf_shape)
        self._leaves, inner = below(arrays, arrays.criterion_node[criteria])
        asked = self._leaves[self._is_open(self._leaves)]
        facts = told.leaves.facts[asked]
        own = (asked.astype(np.int64) << 32 | facts.astype(np.int64))[facts >= 0]
        self.false, self.true = own, own
        edges = np.searchsorted(inner, arrays.block_start)
        for block, op in enumerate(arrays.block_op):
            mine = inner[edges[block] : edges[block + 1]]
            mine = mine[self._is_open(mine + self._first)]
            if len(mine):
                false, true = self._grow(mine, Op(op))
                # Places of nodes rise with the blocks, so the pairs stay sorted.
                self.false, self.true = np.concatenate((self.false, false)), np.concatenate((self.true, true))

    def missing(self, number: int) -> Ints:
        """The leaves that miss the fact."""
        unknown = (self._states[self._leaves] & np.uint16(state.TRUTH)) == state.UNKNOWN
        missing: Ints = self._leaves[unknown & (self.told.leaves.facts[self._leaves] == number)]
        return missing

    def _is_open(self, nodes: Ints) -> NDArray[np.bool_]:
        states = self._states[nodes]
        unknown = (states & np.uint16(state.TRUTH)) == state.UNKNOWN
        findable: NDArray[np.bool_] = unknown & ((states & np.uint16(state.OTHERS)) == 0) & ((states & _FINDABLE) != 0)
        return findable

    def _grow(self, nodes: Ints, op: Op) -> tuple[Pairs, Pairs]:
        arrays = self._arrays
        children = arrays.child[rows_of(arrays.child_start, nodes)]
        lengths = arrays.child_start[nodes + 1] - arrays.child_start[nodes]
        parent = np.repeat(nodes + self._first, lengths)
        truths = self._states[children] & np.uint16(state.TRUTH)
        match op:
            case Op.ALL:
                return self._any(parent, children, self.false), self._every(
                    parent, children, truths, self.true, state.TRUE
                )
            case Op.ANY:
                return self._every(parent, children, truths, self.false, state.FALSE), self._any(
                    parent, children, self.true
                )
            case Op.AT_LEAST:
                count = arrays.node_count[nodes].astype(np.int64)
                return (
                    self._some(parent, children, truths, self.false, state.FALSE, nodes, lengths - count + 1),
                    self._some(parent, children, truths, self.true, state.TRUE, nodes, count),
                )
            case Op.NOT:
                return self._any(parent, children, self.true), self._any(parent, children, self.false)
            case Op.IF:
                when, then = children[0::2], children[1::2]
                one = parent[0::2]
                both = np.concatenate((self._moved(one, when, self.true), self._moved(one, then, self.false)))
                pairs, times = with_times(both)
                is_open = (truths[0::2] == state.UNKNOWN).astype(np.int64) + (truths[1::2] == state.UNKNOWN)
                false = pairs[times == is_open[np.searchsorted(one, pairs >> 32)]]
                true = in_order(np.concatenate((self._moved(one, when, self.false), self._moved(one, then, self.true))))
                return false, true
            case Op.PERMISSION:  # settled for everybody
                return _NOTHING, _NOTHING

    def _moved(self, parent: Ints, children: Ints, pairs: Pairs) -> Pairs:
        return _joined(parent, children, pairs)

    def _any(self, parent: Ints, children: Ints, pairs: Pairs) -> Pairs:
        return in_order(self._moved(parent, children, pairs))

    def _every(self, parent: Ints, children: Ints, truths: NDArray[np.uint16], pairs: Pairs, already: int) -> Pairs:
        """The facts that move all parts that are not so already."""
        needed = np.bincount(parent[truths != already], minlength=int(parent[-1]) + 1)
        found, times = with_times(self._moved(parent, children, pairs))
        moved: Pairs = found[times == needed[found >> 32]]
        return moved

    def _some(
        self,
        parent: Ints,
        children: Ints,
        truths: NDArray[np.uint16],
        pairs: Pairs,
        already: int,
        nodes: Ints,
        count: NDArray[np.int64],
    ) -> Pairs:
        """The facts that move as many parts as are still needed."""
        done = np.bincount(parent[truths == already], minlength=int(parent[-1]) + 1)
        found, times = with_times(self._moved(parent, children, pairs))
        needed = count[np.searchsorted(nodes + self._first, found >> 32)] - done[found >> 32]
        moved: Pairs = found[times >= needed]
        return moved
