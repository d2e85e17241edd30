"""What some trials ask: their groups and the criteria of these, gathered once for all that looks at them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from matching.judging.screen.arrays import ScreenArrays
from matching.model.rows import Ints, distinct, rows_of


class Asked:
    """Some trials (their rows), and what they ask. Each array is made when it is first looked at."""

    def __init__(self, arrays: ScreenArrays, trials: Ints) -> None:
        self._arrays, self.trials = arrays, trials

    @cached_property
    def groups_each(self) -> Ints:
        """How many groups each trial has."""
        start = self._arrays.trial_group
        lengths: Ints = start[self.trials + 1] - start[self.trials]
        return lengths

    @cached_property
    def groups(self) -> Ints:
        """Their groups, one trial after the other."""
        return rows_of(self._arrays.trial_group, self.trials)

    @cached_property
    def sizes(self) -> Ints:
        """How many criteria each of the groups has."""
        start = self._arrays.group_start
        return (start[self.groups + 1] - start[self.groups]).astype(np.int32)

    @cached_property
    def criteria(self) -> Ints:
        """The criteria of the groups, one group after the other."""
        self.gathered = True
        criteria: Ints = self._arrays.group_criterion[rows_of(self._arrays.group_start, self.groups)]
        return criteria

    gathered = False
    """Whether `criteria` has been made."""

    def distinct(self, *, held: bool) -> Ints:
        """Each of the criteria once. `held`: also those that are only shown, as a parent's expression holds them."""
        arrays, count = self._arrays, len(self._arrays.criterion_node)
        criteria = distinct(self.criteria, count)
        if held:
            more = arrays.part_criterion[rows_of(arrays.part_start, self.trials)]
            criteria = distinct(np.concatenate((criteria, more)), count)
        return criteria
