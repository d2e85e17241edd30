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
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.asked import Asked
from matching.judging.screen.counting import POSSIBLY, Base, Counted, Judged, Screen, Told
from matching.judging.screen.trees import Op, above, below
from matching.model.codes import Role
from matching.model.criterion import Expression
from matching.model.finding import MissingFact
from matching.model.rows import Ints, distinct, in_order, rows_of, starts_of, stretches, with_times
from matching.model.truth import Truth

Pairs = NDArray[np.int64]
"""A node, a criterion or a trial in the high half, a fact in the low half; sorted, each once."""

_LOW = np.int64((1 << 32) - 1)
_FINDABLE = np.uint16(sum(state.REASON[reason] for reason in FINDABLE))
_NOTHING: Pairs = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Open:
    """Every open criterion of trials that may turn: trial (a place among them), criterion, and whether it is of a cohort.

    `criteria` has each criterion once, in order; `which` is the place in it of each of the others. `ruled_out`: for each of
    the trials, whether a cohort is.
    """

    ruled_out: NDArray[np.bool_]
    trial: Ints
    of_cohort: NDArray[np.bool_]
    which: NDArray[np.intp]
    criteria: Ints


def deciders(screen: Screen, facts: Facts, judged: Judged, counted: Counted) -> tuple[Decider, ...]:
    """The facts to ask for, the most useful first, in the greedy order of `questions.QuestionCount`."""
    arrays = screen.arrays
    asked = _open_criteria(arrays, judged, counted)
    sides = tuple(_sides(judged, asked.criteria))
    trial, fact, there = _of_trials(arrays, sides, asked)
    if not len(fact):
        return ()
    names = _Names(screen, facts, sides)
    own = np.bincount(fact, minlength=len(there))
    fresh = own.copy()
    chosen: list[int] = []
    rows_of_trial = starts_of(np.bincount(trial))
    waiting = np.ones(len(rows_of_trial) - 1, dtype=bool)
    for _ in range(min(MOST_QUESTIONS, int((own > 0).sum()))):
        left = np.where(own > 0, fresh, -1)
        left[chosen] = -1
        best = _best(left, own, there, names)
        chosen.append(best)
        touched = trial[fact == best]
        touched = touched[waiting[touched]]
        waiting[touched] = False
        fresh -= np.bincount(fact[rows_of(rows_of_trial, touched)], minlength=len(fresh))
    return tuple(Decider(names.fact(int(there[at])), int(own[at])) for at in chosen)


def _places(each: Ints, count: int) -> NDArray[np.intp]:
    """Where each of the numbers, all below `count`, stands."""
    places = np.zeros(count, dtype=np.intp)
    places[each] = np.arange(len(each))
    return places


def _best(fresh: NDArray[np.int64], own: NDArray[np.int64], facts: Ints, names: _Names) -> int:
    first = np.flatnonzero(fresh == fresh.max())
    first = first[own[first] == own[first].max()]
    best: int = min(first.tolist(), key=lambda at: names.key(int(facts[at])))
    return best


class _Names:
    """Facts by number."""

    def __init__(self, screen: Screen, facts: Facts, sides: Sequence[_Side]) -> None:
        self._table, self._facts, self._sides = screen.table, facts, sides
        self._more = {number: name for side in sides for name, number in side.told.leaves.more.items()}
        arrays = screen.arrays
        leaves = [arrays.below[rows_of(arrays.below_start, side.criteria)] for side in sides]
        self._leaves = [distinct(each, len(arrays.leaf_shape)) for each in leaves]

    def key(self, number: int) -> FactKey:
        """Kind and id."""
        table = self._table.facts
        return table[number] if number < len(table) else self._more[number]

    def fact(self, number: int) -> MissingFact:
        """The fact in full, as one of the leaves that miss it words it: the first by name."""
        wanted = self.key(number)
        missing = [_missing(side.told, leaves, number) for side, leaves in zip(self._sides, self._leaves, strict=True)]
        rows = np.unique(np.concatenate(missing))
        _, one_each = np.unique(self._table.arrays.leaf_variable[rows], return_index=True)
        judged = [evaluate(*self._asked(row), timed=False) for row in rows[one_each].tolist()]
        found = [fact for finding in judged for fact in finding.missing if key(fact) == wanted]
        return min(found, key=order_of_fact) if found else MissingFact(wanted[0], wanted[1], wanted[1])

    def _asked(self, row: int) -> tuple[Expression, Facts, Truth]:
        leaf, favourable = self._table.leaf(row)
        return leaf, self._facts, favourable


def _missing(told: Told, leaves: Ints, number: int) -> Ints:
    """Those of the leaves that miss the fact."""
    mine = leaves[told.leaves.facts[leaves] == number]
    missing: Ints = mine[(told.states[mine] & np.uint16(state.TRUTH)) == state.UNKNOWN]
    return missing


def _open_criteria(arrays: ScreenArrays, judged: Judged, counted: Counted) -> _Open:
    asked, may_turn, ruled_out = counted.asked, counted.eligibility == POSSIBLY, counted.cohort_ruled_out
    if not asked.gathered:
        asked, ruled_out = Asked(arrays, counted.trials[may_turn]), ruled_out[may_turn]
        may_turn = np.ones(len(ruled_out), dtype=bool)
    trial = np.repeat(np.arange(len(ruled_out), dtype=np.int32), asked.groups_each)
    kinds, cohorts = judged.kinds[asked.criteria], arrays.group_cohort[asked.groups]
    turns = np.repeat(may_turn, asked.groups_each)
    if (cohorts >= 0).any():
        # The cohorts of one trial are told apart by their number: a long one may stand in several groups.
        name = trial.astype(np.int64) << 32 | (cohorts.astype(np.int64) + 1)
        failing = np.repeat(np.arange(len(cohorts)), asked.sizes)[kinds == _AGAINST]
        turns &= ~np.isin(name, name[failing[cohorts[failing] >= 0]])
    rows = np.flatnonzero((kinds < state.OPEN_KINDS) & np.repeat(turns, asked.sizes))
    group = np.repeat(np.arange(len(cohorts), dtype=np.int32), asked.sizes)[rows]
    criterion = asked.criteria[rows]
    each = distinct(criterion, len(arrays.criterion_node))
    which = _places(each, len(arrays.criterion_node))[criterion]
    return _Open(ruled_out, trial[group], cohorts[group] >= 0, which, each)


_AGAINST = state.KINDS.index("against")


def _of_trials(
    arrays: ScreenArrays, sides: Sequence[_Side], asked: _Open
) -> tuple[NDArray[np.int64], NDArray[np.int64], Ints]:
    """Trial and fact, for every fact that alone could settle a trial for or against; by trial. A fact is a place in the third."""
    trial, which = asked.trial, asked.which
    bad, good = (each.compact() for each in _of_criteria(arrays, sides, asked.criteria))
    every = np.concatenate((bad.facts, good.facts))
    there = distinct(every, int(every.max(initial=0)) + 1)
    places = _places(there, int(every.max(initial=0)) + 1)
    bad, good = (_Each(places[each.facts], each.begin, each.lengths) for each in (bad, good))
    bits, count = len(there).bit_length(), len(asked.ruled_out)
    of_all = np.flatnonzero(~asked.of_cohort & (bad.lengths[which] > 0))
    against = bad.of(trial[of_all], which[of_all], bits)
    # A fact decides in favour where it closes all that is open: not where something is open that no fact closes.
    hopeless = asked.ruled_out.copy()
    hopeless[trial[good.lengths[which] == 0]] = True
    left = np.flatnonzero(~hopeless[trial])
    favour, how_often = with_times(good.of(trial[left], which[left], bits))
    wanted = np.bincount(trial[left], minlength=count)
    pairs = in_order(np.concatenate((against, favour[how_often == wanted[favour >> bits]])), count << bits)
    return pairs >> bits, pairs & ((1 << bits) - 1), there


@dataclass(frozen=True, slots=True)
class _Each:
    """The facts of each of some nodes or criteria: where they begin in `facts`, and how many they are."""

    facts: NDArray[np.int64]
    begin: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def of(self, whose: Ints, which: NDArray[np.intp], bits: int) -> Pairs:
        """Whose fact, and in so many low bits the fact, for all the facts of the nodes in those places."""
        lengths = self.lengths[which]
        rows = stretches(self.begin[which], lengths)
        made: Pairs = np.repeat(whose.astype(np.int64) << bits, lengths) | self.facts[rows]
        return made

    def chosen(self, which: Ints) -> _Each:
        """Those of the nodes in some places."""
        return _Each(self.facts, self.begin[which], self.lengths[which])

    def compact(self) -> _Each:
        """The same without the facts of others."""
        ends = np.cumsum(self.lengths)
        return _Each(self.facts[stretches(self.begin, self.lengths)], ends - self.lengths, self.lengths)


def _each(pairs: Pairs, nodes: Ints) -> _Each:
    """The facts of the nodes."""
    begin = np.searchsorted(pairs, nodes.astype(np.int64) << 32)
    return _Each(pairs & _LOW, begin, np.searchsorted(pairs, (nodes.astype(np.int64) + 1) << 32) - begin)


def _joined(whose: Ints, nodes: Ints, pairs: Pairs) -> Pairs:
    """The facts of each one's node. The same may come twice."""
    return _each(pairs, nodes).of(whose, np.arange(len(nodes)), 32)


def _of_criteria(arrays: ScreenArrays, sides: Sequence[_Side], criteria: Ints) -> tuple[_Each, _Each]:
    """For each criterion, the facts that can settle it against the patient, and those that can settle it for.

    Where the patient's facts touch nothing below a criterion, these are the same for everybody.
    """
    parts: list[tuple[NDArray[np.intp], tuple[_Each, _Each]]] = []
    for side in sides:
        if not len(side.criteria):
            continue
        touched = _touched(arrays, side.told)[side.criteria]
        same, moved = side.criteria[~touched], side.criteria[touched]
        bad, good = _of_untouched(arrays, side.told.base)
        parts.append((side.places[~touched], (bad.chosen(same), good.chosen(same))))
        against, favour = _settling(arrays, side.told.states, side.told.leaves.facts, moved)
        parts.append((side.places[touched], (_each(against, moved), _each(favour, moved))))
    bad_parts, good_parts = [(at, each) for at, (each, _) in parts], [(at, each) for at, (_, each) in parts]
    return _together(len(criteria), bad_parts), _together(len(criteria), good_parts)


def _together(count: int, parts: Sequence[tuple[NDArray[np.intp], _Each]]) -> _Each:
    """One table of several: each has the facts of those in some places."""
    begin, lengths = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    before = 0
    for places, each in parts:
        begin[places], lengths[places] = each.begin + before, each.lengths
        before += len(each.facts)
    return _Each(np.concatenate([_NOTHING, *(each.facts for _, each in parts)]), begin, lengths)


def _touched(arrays: ScreenArrays, told: Told) -> NDArray[np.bool_]:
    """The criteria below which a leaf says something else than where no fact touches it, or misses another fact."""
    count = len(arrays.leaf_shape)
    leaves = np.flatnonzero((told.states[:count] != told.base.states[:count]) | (told.leaves.facts != arrays.leaf_fact))
    touched = np.zeros(len(arrays.criterion_node), dtype=bool)
    for nodes in (leaves, above(arrays, leaves) + count):
        touched[arrays.used[rows_of(arrays.used_start, nodes)]] = True
    return touched


def _of_untouched(arrays: ScreenArrays, base: Base) -> tuple[_Each, _Each]:
    """The same for all criteria where no fact touches anything; worked out once for each version of the registry."""
    known: tuple[_Each, _Each] | None = base.kept.get(_of_untouched)
    if known is None:
        every = np.arange(len(arrays.criterion_node), dtype=np.int32)
        bad, good = _settling(arrays, base.states, arrays.leaf_fact, every)
        known = base.kept[_of_untouched] = _each(bad, every), _each(good, every)
    return known


def _settling(arrays: ScreenArrays, states: state.States, facts: Ints, criteria: Ints) -> tuple[Pairs, Pairs]:
    """Criterion and fact, for the facts that can settle it against the patient, and for those that can settle it for."""
    nodes = arrays.criterion_node[criteria]
    movers = _Movers(arrays, states, facts, nodes)
    can_fail, can_hold = _joined(criteria, nodes, movers.false), _joined(criteria, nodes, movers.true)
    inclusion = arrays.criterion_role == state.ROLE_CODES[Role.INCLUSION]
    for_false, for_true = inclusion[can_fail >> 32], inclusion[can_hold >> 32]
    bad = np.concatenate((can_fail[for_false], can_hold[~for_true]))
    good = np.concatenate((can_hold[for_true], can_fail[~for_false]))
    return in_order(bad), in_order(good)


@dataclass(frozen=True, slots=True)
class _Side:
    """Some of the open criteria, their places among these, and what says what they come to."""

    told: Told
    criteria: Ints
    places: NDArray[np.intp]


def _sides(judged: Judged, criteria: Ints) -> Iterator[_Side]:
    if judged.doubted is None:
        yield _Side(judged.told, criteria, np.arange(len(criteria)))
        return
    fails = judged.fails[criteria]
    for told, mine in ((judged.told, ~fails), (judged.doubted, fails)):
        yield _Side(told, criteria[mine], np.flatnonzero(mine))


class _Movers:
    """The facts that alone make a node FALSE, or TRUE: for some nodes and all below, as `deciding._movers` has them."""

    def __init__(self, arrays: ScreenArrays, states: state.States, facts: Ints, nodes: Ints) -> None:
        self._arrays, self._states = arrays, states
        self._first = len(arrays.leaf_shape)
        leaves, inner = below(arrays, nodes)
        asked = leaves[self._is_open(leaves)]
        missed = facts[asked]
        own = (asked.astype(np.int64) << 32 | missed.astype(np.int64))[missed >= 0]
        self.false, self.true = own, own
        inner = inner[self._is_open(inner + self._first)]
        edges = np.searchsorted(inner, arrays.block_start)
        for block in np.flatnonzero(edges[1:] > edges[:-1]).tolist():
            false, true = self._grow(inner[edges[block] : edges[block + 1]], Op(int(arrays.block_op[block])))
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
