"""What all criteria of each trial come to for one patient, and so the trial's eligibility: `judge_trial` on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.judging import silence
from matching.judging.askable import FactKey
from matching.judging.facts import Facts
from matching.judging.screen import state
from matching.judging.screen.arrays import Ints, ScreenArrays, rows_of, stretches
from matching.judging.screen.leaves import Judging, LeafStates, LeafTable, Silences, silences_of, untouched_states
from matching.judging.screen.trees import below, grown
from matching.model.codes import Eligibility
from matching.model.finding import Counts

ELIGIBILITIES = (Eligibility.LIKELY_ELIGIBLE, Eligibility.POSSIBLY_ELIGIBLE, Eligibility.NOT_ELIGIBLE)
LIKELY, POSSIBLY, NOT = range(3)
PART_IS_SMALL = 4
"""Under a quarter of the registry, only what that part asks is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """What everything comes to where no fact touches anything: states of all nodes and criteria, counts of all groups."""

    states: state.States
    criteria: state.States
    kinds: NDArray[np.uint8]
    sums: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one set of facts says: of leaves, of all nodes, of distinct criteria, and what these come to."""

    leaves: LeafStates
    states: state.States
    criteria: state.States
    kinds: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What each distinct criterion comes to (places in `state.KINDS`), and what that rests on.

    `doubted` has what is left without the silences that may not speak against; it counts where `fails` is set.
    """

    kinds: NDArray[np.uint8]
    told: Told
    doubted: Told | None
    fails: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The counts of some trials, in the order of `trials` (rows of the arrays).

    `eligibility` are places in ELIGIBILITIES. `packed` has the counts of `state.KINDS` of each trial's first group; the
    trials of `several` (their places) have more, and their counts in `together`.
    """

    trials: Ints
    eligibility: NDArray[np.uint8]
    in_favour: NDArray[np.int32]
    against: NDArray[np.int32]
    open: NDArray[np.int32]
    cohort_ruled_out: NDArray[np.bool_]
    packed: NDArray[np.uint64]
    several: NDArray[np.int64]
    together: NDArray[np.int32]

    @property
    def kinds(self) -> NDArray[np.int32]:
        """The counts of `state.KINDS`, one row a trial."""
        table = _unpacked(self.packed)
        table[self.several] = self.together
        return table

    def counts(self, at: int) -> Counts:
        """The counts of one trial as `judge_trial` gives them."""
        named = dict(zip(state.KINDS, self.kinds[at].tolist(), strict=True))
        named.pop("unexplained")
        return Counts(**named)


class Screen:
    """One version of the registry, ready to be asked. Holds nothing of a patient; safe to share between threads."""

    def __init__(self, arrays: ScreenArrays) -> None:
        self.arrays = arrays
        self.table = LeafTable(arrays)
        self.every = np.arange(len(arrays.trial_number), dtype=np.int32)
        first = arrays.trial_group[:-1]
        self._bases: dict[tuple[Silences, bool], Base] = {}
        self._in_groups = (np.diff(arrays.trial_group) > 1) | (arrays.group_cohort[first] >= 0)

    def judge(self, facts: Facts, trials: Ints | None = None, *, wants_facts: bool = False) -> Judged:
        """All leaves, nodes and distinct criteria for one patient, or those that the given trials ask.

        What the trials do not ask has no meaning then. `wants_facts`: with the fact that would settle each open leaf.
        """
        part = self._part(trials)
        told = self._told(facts, part, {}, wants_facts)
        fails = np.equal(told.criteria & np.uint16(state.TRUTH), _FAILING[self.arrays.criterion_role])
        # A failure that rests on a silence too thin to shut anybody out is none.
        if not fails.any() or (doubted := silence.doubted(facts)) is None:
            return Judged(told.kinds, told, None, fails)
        failing = self.arrays.criterion_node[np.flatnonzero(fails)]
        again = self._told(doubted, self._below(failing, part), told.leaves.more, wants_facts)
        return Judged(np.where(fails, again.kinds, told.kinds), told, again, fails)

    def _part(self, trials: Ints | None) -> NDArray[np.bool_] | None:
        """Which leaves a part of the trials asks; None where it is so large that all are taken."""
        if trials is None or not self._is_small(trials):
            return None
        arrays = self.arrays
        criteria = np.unique(arrays.group_criterion[rows_of(arrays.group_start, rows_of(arrays.trial_group, trials))])
        return self._below(arrays.criterion_node[criteria])

    def _below(self, nodes: Ints, among: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Which leaves lie at or below the nodes, of those `among` which they are looked for."""
        leaves, _ = below(self.arrays, np.unique(nodes))
        asked = np.zeros(len(self.arrays.leaf_shape), dtype=bool)
        asked[leaves] = True
        return asked if among is None else asked & among

    def _is_small(self, trials: Ints) -> bool:
        return len(trials) * PART_IS_SMALL < len(self.every)

    def _told(self, facts: Facts, asked: NDArray[np.bool_] | None, more: dict[FactKey, int], wants_facts: bool) -> Told:
        arrays, base = self.arrays, self.base(facts)
        untouched = base.states[: len(arrays.leaf_shape)]
        leaves = Judging(self.table, facts, more, asked, wants_facts=wants_facts, untouched=untouched).all()
        states = grown(arrays, leaves.states, base.states)
        moved = arrays.used[rows_of(arrays.used_start, np.flatnonzero(states != base.states))]
        criteria, kinds = base.criteria.copy(), base.kinds.copy()
        criteria[moved] = states[arrays.criterion_node[moved]]
        kinds[moved] = state.kind_table(facts.empty)[arrays.criterion_role[moved], criteria[moved]]
        return Told(leaves, states, criteria, kinds)

    def base(self, facts: Facts) -> Base:
        """Everything for somebody whose facts touch nothing; kept, as it is the same for all of whom silence says the same."""
        silences = silences_of(facts)
        known = self._bases.get((silences, facts.empty))
        if known is None:
            states = grown(self.arrays, untouched_states(self.table, silences))
            criteria = states[self.arrays.criterion_node]
            kinds = state.kind_table(facts.empty)[self.arrays.criterion_role, criteria]
            sums = self._sums(kinds, np.arange(len(self.arrays.group_cohort), dtype=np.int32))
            known = self._bases[silences, facts.empty] = Base(states, criteria, kinds, sums)
        return known

    def count(self, facts: Facts, kinds: NDArray[np.uint8], trials: Ints | None = None) -> Counted:
        """The counts of the given trials, or of all."""
        arrays = self.arrays
        chosen = self.every if trials is None else trials
        if trials is not None and self._is_small(trials):
            groups = rows_of(arrays.trial_group, chosen)
            lengths = arrays.trial_group[chosen + 1] - arrays.trial_group[chosen]
            sums, first, cohort = self._sums(kinds, groups), np.cumsum(lengths) - lengths, arrays.group_cohort[groups]
        else:
            sums, first, cohort = self._all_sums(facts, kinds), arrays.trial_group[chosen], arrays.group_cohort
        packed = sums[first]
        favour, against = state.number_of(packed, "in_favour"), state.number_of(packed, "against")
        still_open = state.number_open(packed)
        ruled_out = np.zeros(len(chosen), dtype=bool)
        several = np.flatnonzero(self._in_groups[chosen])
        together = np.zeros((len(several), len(state.KINDS)), dtype=np.int32)
        if len(several):
            grouped = chosen[several]
            how_many = arrays.trial_group[grouped + 1] - arrays.trial_group[grouped]
            own = np.repeat(np.arange(len(several)), how_many)
            places = stretches(first[several], how_many)
            together, ruled_out[several] = _joined(_unpacked(sums[places]), own, cohort[places], len(several))
            favour[several], against[several] = together[:, _FAVOUR], together[:, _AGAINST]
            still_open[several] = together[:, : state.OPEN_KINDS].sum(axis=1)
        unsure = arrays.trial_unread[chosen] | ruled_out | facts.empty
        eligibility = np.where(against > 0, NOT, np.where((still_open > 0) | unsure, POSSIBLY, LIKELY)).astype(np.uint8)
        return Counted(chosen, eligibility, favour, against, still_open, ruled_out, packed, several, together)

    def _all_sums(self, facts: Facts, kinds: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """The packed counts of every group: those of the base, and what the criteria that differ from it change."""
        arrays, base = self.arrays, self.base(facts)
        moved = np.flatnonzero(kinds != base.kinds)
        change = state.COUNT_ONE[kinds[moved]] - state.COUNT_ONE[base.kinds[moved]]
        sums = base.sums.copy()
        times = arrays.asked_start[moved + 1] - arrays.asked_start[moved]
        np.add.at(sums, arrays.asked_by[rows_of(arrays.asked_start, moved)], np.repeat(change, times))
        return sums

    def _sums(self, kinds: NDArray[np.uint8], groups: Ints) -> NDArray[np.uint64]:
        """The packed counts of the given groups, added up."""
        arrays = self.arrays
        lengths = arrays.group_start[groups + 1] - arrays.group_start[groups]
        sums = np.zeros(len(groups), dtype=np.uint64)
        filled = np.flatnonzero(lengths)
        if len(filled):
            one = state.COUNT_ONE[kinds[arrays.group_criterion[rows_of(arrays.group_start, groups)]]]
            sums[filled] = np.add.reduceat(one, (np.cumsum(lengths) - lengths)[filled])
        return sums


_FAILING = np.array([state.FALSE, state.TRUE, state.FALSE, state.TRUE], dtype=np.uint16)
"""The truth of a criterion that speaks against the patient, by the code of its role."""
_AGAINST, _FAVOUR = state.KINDS.index("against"), state.KINDS.index("in_favour")
_NOT_APPLICABLE = state.KINDS.index("not_applicable")
_SHIFTS = np.array([state.BITS * i for i in range(len(state.KINDS))], dtype=np.uint64)


def _unpacked(sums: NDArray[np.uint64]) -> NDArray[np.int32]:
    return ((sums[:, None] >> _SHIFTS) & np.uint64(state.MOST_CRITERIA)).astype(np.int32)


def _joined(
    table: NDArray[np.int32], trial: NDArray[np.int64], cohorts: Ints, trials: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The groups of each trial put together. A cohort with a failure is another's: its criteria are not about this patient."""
    name = trial << 32 | (cohorts.astype(np.int64) + 1)
    lost = np.unique(name[(cohorts >= 0) & (table[:, _AGAINST] > 0)])
    other = np.isin(name, lost)
    moved = table[other].sum(axis=1)
    table[other] = 0
    table[other, _NOT_APPLICABLE] = moved
    ruled_out = np.zeros(trials, dtype=bool)
    ruled_out[lost >> 32] = True
    starts = np.searchsorted(trial, np.arange(trials))
    return np.add.reduceat(table, starts, axis=0), ruled_out
