"""Which facts would change the eligibility of the most trials, on the registry's arrays: `deciding` for all trials at once.

For every open node the facts that alone can make it FALSE, and those that can make it TRUE, grow from the leaves up as
pairs (node, fact); equal nodes of different trials are one. Then the pairs of each trial's open criteria are put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.answering.questions import MOST_QUESTIONS, Decider
from matching.judging.askable import FINDABLE, FactKey, key, order_of_fact
from matching.judging.facts import Facts
from matching.judging.screen import state
from matching.judging.screen.arrays import Ints, ScreenArrays, rows_of, stretches
from matching.judging.screen.counting import POSSIBLY, Counted, Judged, Screen, Told
from matching.judging.screen.leaves import Judging
from matching.judging.screen.trees import Op, below
from matching.model.codes import Role
from matching.model.finding import MissingFact

Pairs = NDArray[np.int64]
"""A node, a criterion or a trial in the high half, a fact in the low half; sorted, each once."""

_LOW = np.int64((1 << 32) - 1)
_FINDABLE = np.uint16(sum(state.REASON[reason] for reason in FINDABLE))
_NOTHING: Pairs = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Open:
    """Trial (its row), criterion and whether it is of a cohort, for every open criterion of trials that may turn."""

    trial: Ints
    criterion: Ints
    of_cohort: NDArray[np.bool_]


def deciders(screen: Screen, facts: Facts, judged: Judged, counted: Counted) -> tuple[Decider, ...]:
    """The facts to ask for, the most useful first, in the greedy order of `questions.QuestionCount`."""
    asked = _open_criteria(screen.arrays, judged, counted)
    pairs = _of_trials(screen.arrays, judged, counted, asked)
    if not len(pairs):
        return ()
    trial, fact = pairs >> 32, pairs & _LOW
    names = _Names(screen, facts, judged)
    own = np.bincount(fact)
    fresh, waiting = own.copy(), np.ones(len(pairs), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < MOST_QUESTIONS:
        fresh_left = fresh.copy()
        fresh_left[[*chosen]] = -1
        fresh_left[own == 0] = -1
        if fresh_left.max() < 0:
            break
        best = _best(fresh_left, own, names)
        chosen.append(best)
        touched = np.unique(trial[waiting & (fact == best)])
        taken = waiting & np.isin(trial, touched)
        fresh -= np.bincount(fact[taken], minlength=len(fresh))
        waiting &= ~taken
    nodes = screen.arrays.criterion_node[np.unique(asked.criterion)]
    leaves, _ = below(screen.arrays, np.unique(nodes))
    return tuple(Decider(names.fact(number, leaves), int(own[number])) for number in chosen)


def _best(fresh: NDArray[np.int64], own: NDArray[np.int64], names: _Names) -> int:
    first = np.flatnonzero(fresh == fresh.max())
    first = first[own[first] == own[first].max()]
    best: int = min(first.tolist(), key=names.key)
    return best


class _Names:
    """Facts by number."""

    def __init__(self, screen: Screen, facts: Facts, judged: Judged) -> None:
        self._screen, self._judging = screen, Judging(screen.table, facts)
        self._told = [judged.told] if judged.doubted is None else [judged.told, judged.doubted]
        self._more = {number: name for told in self._told for name, number in told.leaves.more.items()}

    def key(self, number: int) -> FactKey:
        """Kind and id."""
        table = self._screen.table.facts
        return table[number] if number < len(table) else self._more[number]

    def fact(self, number: int, leaves: Ints) -> MissingFact:
        """The fact in full, as one of the leaves that miss it words it: the first by name."""
        wanted = self.key(number)
        rows = np.unique(np.concatenate([leaves[_misses(told, leaves, number)] for told in self._told]))
        _, one_each = np.unique(self._screen.arrays.leaf_variable[rows], return_index=True)
        judged = [self._judging.judge(row) for row in rows[one_each].tolist()]
        found = [fact for finding in judged for fact in finding.missing if key(fact) == wanted]
        return min(found, key=order_of_fact) if found else MissingFact(wanted[0], wanted[1], wanted[1])


def _misses(told: Told, leaves: Ints, number: int) -> NDArray[np.bool_]:
    unknown = (told.states[leaves] & np.uint16(state.TRUTH)) == state.UNKNOWN
    misses: NDArray[np.bool_] = unknown & (told.leaves.facts[leaves] == number)
    return misses


def _open_criteria(arrays: ScreenArrays, judged: Judged, counted: Counted) -> _Open:
    at = np.flatnonzero(counted.eligibility == POSSIBLY)
    trials = counted.trials[at]
    groups = rows_of(arrays.trial_group, trials)
    of_trial = np.repeat(trials, arrays.trial_group[trials + 1] - arrays.trial_group[trials])
    sizes = arrays.group_start[groups + 1] - arrays.group_start[groups]
    criteria = arrays.group_criterion[rows_of(arrays.group_start, groups)]
    group = np.repeat(np.arange(len(groups)), sizes)
    kinds = judged.kinds[criteria]
    cohort = arrays.group_cohort[groups] >= 0
    # The cohorts of one trial are told apart by their number: a long one may stand in several groups.
    name = of_trial.astype(np.int64) << 32 | (arrays.group_cohort[groups].astype(np.int64) + 1)
    lost = np.unique(name[np.unique(group[(kinds == _AGAINST) & cohort[group]])])
    is_open = (kinds < state.OPEN_KINDS) & ~np.isin(name, lost)[group]
    return _Open(of_trial[group[is_open]], criteria[is_open], cohort[group[is_open]])


_AGAINST = state.KINDS.index("against")


def _of_trials(arrays: ScreenArrays, judged: Judged, counted: Counted, asked: _Open) -> Pairs:
    """Trial and fact, for every fact that alone could settle a trial for or against."""
    trial, criterion, of_cohort = asked.trial, asked.criterion, asked.of_cohort
    if not len(trial):
        return _NOTHING
    bad, good = _of_criteria(arrays, judged, np.unique(criterion))
    against = _joined(trial[~of_cohort], criterion[~of_cohort], bad)
    favour, how_often = np.unique(_joined(trial, criterion, good, once=False), return_counts=True)
    wanted = np.bincount(trial)[favour >> 32]
    ruled_out = counted.trials[counted.cohort_ruled_out]
    favour = favour[(how_often == wanted) & ~np.isin(favour >> 32, ruled_out)]
    return np.union1d(against, favour)


def _joined(trial: Ints, criterion: Ints, pairs: Pairs, *, once: bool = True) -> Pairs:
    """The facts of each trial's criteria."""
    begin = np.searchsorted(pairs, criterion.astype(np.int64) << 32)
    end = np.searchsorted(pairs, (criterion.astype(np.int64) + 1) << 32)
    rows = stretches(begin, end - begin)
    made = np.repeat(trial.astype(np.int64), end - begin) << 32 | (pairs[rows] & _LOW)
    return np.unique(made) if once else made


def _of_criteria(arrays: ScreenArrays, judged: Judged, criteria: Ints) -> tuple[Pairs, Pairs]:
    """Criterion and fact, for the facts that can settle it against the patient, and for those that can settle it for."""
    false, true = [], []
    for told, mine in _sides(judged, criteria):
        movers = _Movers(arrays, told, np.unique(arrays.criterion_node[mine]))
        false.append(_joined(mine, arrays.criterion_node[mine], movers.false))
        true.append(_joined(mine, arrays.criterion_node[mine], movers.true))
    can_fail, can_hold = np.concatenate(false), np.concatenate(true)
    inclusion = arrays.criterion_role == state.ROLE_CODES[Role.INCLUSION]
    for_false, for_true = inclusion[can_fail >> 32], inclusion[can_hold >> 32]
    bad = np.concatenate((can_fail[for_false], can_hold[~for_true]))
    good = np.concatenate((can_hold[for_true], can_fail[~for_false]))
    return np.unique(bad), np.unique(good)


def _sides(judged: Judged, criteria: Ints) -> Iterator[tuple[Told, Ints]]:
    if judged.doubted is None:
        yield judged.told, criteria
        return
    fails = judged.fails[criteria]
    yield from ((judged.told, criteria[~fails]), (judged.doubted, criteria[fails]))


class _Movers:
    """The facts that alone make a node FALSE, or TRUE: for the given nodes and all below, as `deciding._movers` has them."""

    def __init__(self, arrays: ScreenArrays, told: Told, nodes: Ints) -> None:
        self._arrays, self._states = arrays, told.states
        self._first = len(arrays.leaf_shape)
        leaves, inner = below(arrays, nodes)
        facts = told.leaves.facts[leaves]
        asked = leaves[self._is_open(leaves) & (facts >= 0)]
        own = asked.astype(np.int64) << 32 | told.leaves.facts[asked].astype(np.int64)
        self.false, self.true = own, own
        edges = np.searchsorted(inner, arrays.block_start)
        for block, op in enumerate(arrays.block_op):
            mine = inner[edges[block] : edges[block + 1]]
            mine = mine[self._is_open(mine + self._first)]
            if len(mine):
                false, true = self._grow(mine, Op(op))
                # Places of nodes rise with the blocks, so the pairs stay sorted.
                self.false, self.true = np.concatenate((self.false, false)), np.concatenate((self.true, true))

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
                pairs, times = np.unique(both, return_counts=True)
                is_open = (truths[0::2] == state.UNKNOWN).astype(np.int64) + (truths[1::2] == state.UNKNOWN)
                false = pairs[times == is_open[np.searchsorted(one, pairs >> 32)]]
                true = np.union1d(self._moved(one, when, self.false), self._moved(one, then, self.true))
                return false, true
            case Op.PERMISSION:  # settled for everybody
                return _NOTHING, _NOTHING

    def _moved(self, parent: Ints, children: Ints, pairs: Pairs) -> Pairs:
        return _joined(parent, children, pairs, once=False)

    def _any(self, parent: Ints, children: Ints, pairs: Pairs) -> Pairs:
        return np.unique(self._moved(parent, children, pairs))

    def _every(self, parent: Ints, children: Ints, truths: NDArray[np.uint16], pairs: Pairs, already: int) -> Pairs:
        """The facts that move all parts that are not so already."""
        needed = np.bincount(parent[truths != already], minlength=int(parent[-1]) + 1)
        found, times = np.unique(self._moved(parent, children, pairs), return_counts=True)
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
        found, times = np.unique(self._moved(parent, children, pairs), return_counts=True)
        needed = count[np.searchsorted(nodes + self._first, found >> 32)] - done[found >> 32]
        moved: Pairs = found[times >= needed]
        return moved
