"""What all criteria of each trial come to for one patient, and so the trial's eligibility: `judge_trial` on arrays."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.judging import silence
from matching.judging.askable import FactKey
from matching.judging.facts import Facts
from matching.judging.screen import state
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.asked import Asked
from matching.judging.screen.leaves import Judging, LeafStates, LeafTable, Silences, silences_of, untouched_states
from matching.judging.screen.trees import grown, steps_of
from matching.model.codes import Eligibility
from matching.model.finding import Counts
from matching.model.rows import Ints, rows_of, stretches

ELIGIBILITIES = (Eligibility.LIKELY_ELIGIBLE, Eligibility.POSSIBLY_ELIGIBLE, Eligibility.NOT_ELIGIBLE)
LIKELY, POSSIBLY, NOT = range(3)
LONG = 1_000
"""What so many groups ask is counted by itself: nothing has to be gathered."""
PART_IS_SMALL = 4
"""Under a quarter of the registry, only what that part asks is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """What everything comes to where no fact touches anything: states of all nodes and criteria, counts of all groups.

    `kept` is for what others work out of these.
    """

    states: state.States
    criteria: state.States
    kinds: NDArray[np.uint8]
    sums: NDArray[np.uint64]
    kept: dict[Hashable, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one set of facts says: of leaves, of all nodes, of distinct criteria, and what these come to.

    `base`: what is so where the facts touch nothing.
    """

    base: Base
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
class Groups:
    """The groups of some trials, one after the other; `starts`: where each trial's begin.

    `lost` are those of cohorts with a failure: the cohort is another's, its criteria are not about this patient.
    """

    sums: NDArray[np.uint64]
    starts: NDArray[np.int64]
    lost: NDArray[np.bool_]

    def added(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """For each trial the sum over its groups, but for the lost ones."""
        sums: NDArray[np.int32] = np.add.reduceat(np.where(self.lost, np.int32(0), numbers), self.starts)
        return sums

    def together(self) -> NDArray[np.int32]:
        """The counts of `state.KINDS`, one row a trial."""
        table = _unpacked(self.sums)
        moved = table[self.lost].sum(axis=1)
        table[self.lost] = 0
        table[self.lost, _NOT_APPLICABLE] = moved
        return np.add.reduceat(table, self.starts, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The counts of some trials, in the order of `asked.trials`.

    `eligibility` are places in ELIGIBILITIES. `packed` has the counts of `state.KINDS` of each trial's first group; the
    trials of `several` (their places) have more, which are in `groups`.
    """

    asked: Asked
    eligibility: NDArray[np.uint8]
    in_favour: NDArray[np.int32]
    against: NDArray[np.int32]
    open: NDArray[np.int32]
    cohort_ruled_out: NDArray[np.bool_]
    packed: NDArray[np.uint64]
    several: NDArray[np.int64]
    groups: Groups | None

    @property
    def trials(self) -> Ints:
        """The trials, as rows of the arrays."""
        return self.asked.trials

    @property
    def kinds(self) -> NDArray[np.int32]:
        """The counts of `state.KINDS`, one row a trial."""
        table = _unpacked(self.packed)
        if self.groups is not None:
            table[self.several] = self.groups.together()
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
        self.steps = steps_of(arrays)
        self.every = np.arange(len(arrays.trial_number), dtype=np.int32)
        first = arrays.trial_group[:-1]
        names = np.repeat(self.every, np.diff(arrays.trial_group)).astype(np.int64) << 32 | arrays.group_cohort
        self._long_cohorts = bool(((names[1:] == names[:-1]) & (arrays.group_cohort[1:] >= 0)).any())
        self._bases: dict[tuple[Silences, bool], Base] = {}
        self._in_groups = (np.diff(arrays.trial_group) > 1) | (arrays.group_cohort[first] >= 0)

    def asked(self, trials: Ints) -> Asked:
        """What the given trials ask."""
        return Asked(self.arrays, trials)

    def judge(
        self, facts: Facts, asked: Asked | None = None, *, wants_facts: bool = False, held: bool = False
    ) -> Judged:
        """All leaves, nodes and distinct criteria for one patient, or those that some trials ask.

        What these do not ask has no meaning then; of many trials everything is judged. `wants_facts`: with the fact that would settle each open leaf.
        `held`: also the criteria that are only shown, as a parent's expression holds them.
        """
        part = None if asked is None or not self._is_small(asked) else self._below(asked.distinct(held=held))
        told = self._told(facts, part, {}, wants_facts)
        fails = np.equal(told.criteria & np.uint16(state.TRUTH), _FAILING[self.arrays.criterion_role])
        # A failure that rests on a silence too thin to shut anybody out is none.
        if not fails.any() or (doubted := silence.doubted(facts)) is None:
            return Judged(told.kinds, told, None, fails)
        again = self._told(
            doubted, self._below(np.flatnonzero(fails), part), told.leaves.more, wants_facts, told.leaves
        )
        return Judged(np.where(fails, again.kinds, told.kinds), told, again, fails)

    def _below(self, criteria: NDArray[np.integer[Any]], among: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Which leaves the criteria have, of those `among` which they are looked for."""
        arrays = self.arrays
        asked = np.zeros(len(arrays.leaf_shape), dtype=bool)
        asked[arrays.below[rows_of(arrays.below_start, criteria)]] = True
        return asked if among is None else asked & among

    def _is_small(self, asked: Asked) -> bool:
        return len(asked.trials) * PART_IS_SMALL < len(self.every)

    def _told(
        self,
        facts: Facts,
        asked: NDArray[np.bool_] | None,
        more: dict[FactKey, int],
        wants_facts: bool,
        before: LeafStates | None = None,
    ) -> Told:
        arrays, base = self.arrays, self.base(facts)
        untouched = base.states[: len(arrays.leaf_shape)]
        judging = Judging(self.table, facts, more, asked, wants_facts=wants_facts, untouched=untouched, before=before)
        leaves = judging.all()
        states = grown(arrays, self.steps, leaves.states, base.states)
        moved = arrays.used[rows_of(arrays.used_start, np.flatnonzero(states != base.states))]
        criteria, kinds = base.criteria.copy(), base.kinds.copy()
        criteria[moved] = states[arrays.criterion_node[moved]]
        kinds[moved] = state.kind_table(facts.empty)[arrays.criterion_role[moved], criteria[moved]]
        return Told(base, leaves, states, criteria, kinds)

    def base(self, facts: Facts) -> Base:
        """Everything for somebody whose facts touch nothing; kept, as it is the same for all of whom silence says the same."""
        silences = silences_of(facts)
        known = self._bases.get((silences, facts.empty))
        if known is None:
            states = grown(self.arrays, self.steps, untouched_states(self.table, silences))
            criteria = states[self.arrays.criterion_node]
            kinds = state.kind_table(facts.empty)[self.arrays.criterion_role, criteria]
            sums = self._sums(kinds, self.asked(self.every))
            known = self._bases[silences, facts.empty] = Base(states, criteria, kinds, sums)
        return known

    def count(self, facts: Facts, kinds: NDArray[np.uint8], asked: Asked | None = None) -> Counted:
        """The counts of the given trials, or of all."""
        arrays = self.arrays
        asked = self.asked(self.every) if asked is None else asked
        chosen = asked.trials
        if self._is_small(asked):
            sums, cohort = self._sums(kinds, asked), arrays.group_cohort[asked.groups]
            first = np.cumsum(asked.groups_each) - asked.groups_each
        else:
            sums, first, cohort = self._all_sums(facts, kinds), arrays.trial_group[chosen], arrays.group_cohort
        packed = sums[first]
        favour, against = state.number_of(packed, "in_favour"), state.number_of(packed, "against")
        still_open = state.number_open(packed)
        unsure = arrays.trial_unread[chosen] | facts.empty
        ruled_out, made = np.zeros(len(chosen), dtype=bool), None
        several = np.flatnonzero(self._in_groups[chosen])
        if len(several):
            made = self._several(chosen[several], first[several], sums, cohort)
            favour[several] = made.added(state.number_of(made.sums, "in_favour"))
            against[several] = made.added(state.number_of(made.sums, "against"))
            still_open[several] = made.added(state.number_open(made.sums))
            ruled_out[several] = np.logical_or.reduceat(made.lost, made.starts)
            unsure |= ruled_out
        eligibility = np.where((still_open > 0) | unsure, np.uint8(POSSIBLY), np.uint8(LIKELY))
        eligibility[against > 0] = NOT
        return Counted(asked, eligibility, favour, against, still_open, ruled_out, packed, several, made)

    def _several(self, trials: Ints, first: NDArray[np.integer[Any]], sums: NDArray[np.uint64], cohort: Ints) -> Groups:
        """The groups of trials that have several. `sums` and `cohort` are of groups, each trial's from `first` on."""
        how_many = (self.arrays.trial_group[trials + 1] - self.arrays.trial_group[trials]).astype(np.int64)
        places = stretches(first, how_many)
        own, of_cohort = sums[places], cohort[places]
        lost = (of_cohort >= 0) & (state.number_of(own, "against") > 0)
        if self._long_cohorts:  # a failure in one group of a cohort is one of them all
            names = np.repeat(np.arange(len(trials)), how_many) << 32 | of_cohort
            lost = (of_cohort >= 0) & np.isin(names, names[lost])
        return Groups(own, np.cumsum(how_many) - how_many, lost)

    def _all_sums(self, facts: Facts, kinds: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """The packed counts of every group: those of the base, and what the criteria that differ from it change."""
        arrays, base = self.arrays, self.base(facts)
        moved = np.flatnonzero(kinds != base.kinds)
        change = state.COUNT_ONE[kinds[moved]] - state.COUNT_ONE[base.kinds[moved]]
        begin = arrays.asked_start[moved]
        times = arrays.asked_start[moved + 1] - begin
        sums, is_long = base.sums.copy(), times > LONG
        for i in np.flatnonzero(is_long).tolist():
            np.add.at(sums, arrays.asked_by[begin[i] : begin[i] + times[i]], change[i])
        rows = stretches(begin[~is_long], times[~is_long])
        np.add.at(sums, arrays.asked_by[rows], np.repeat(change[~is_long], times[~is_long]))
        return sums

    @staticmethod
    def _sums(kinds: NDArray[np.uint8], asked: Asked) -> NDArray[np.uint64]:
        """The packed counts of the groups, added up."""
        sizes = asked.sizes
        sums = np.zeros(len(sizes), dtype=np.uint64)
        filled = np.flatnonzero(sizes)
        if len(filled):
            one = state.COUNT_ONE[kinds[asked.criteria]]
            sums[filled] = np.add.reduceat(one, (np.cumsum(sizes) - sizes)[filled])
        return sums


_FAILING = np.array([state.FALSE, state.TRUE, state.FALSE, state.TRUE], dtype=np.uint16)
"""The truth of a criterion that speaks against the patient, by the code of its role."""
_NOT_APPLICABLE = state.KINDS.index("not_applicable")
_SHIFTS = np.array([state.BITS * i for i in range(len(state.KINDS))], dtype=np.uint64)


def _unpacked(sums: NDArray[np.uint64]) -> NDArray[np.int32]:
    return ((sums[:, None] >> _SHIFTS) & np.uint64(state.MOST_CRITERIA)).astype(np.int32)
