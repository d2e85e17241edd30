"""Which trials have another verdict for one patient than for another: criterion by criterion, as they are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.judging.screen import state
from matching.judging.screen.arrays import ScreenArrays
from matching.model.rows import Ints, distinct, rows_of

Kinds = NDArray[np.uint8]
_AGAINST, _NOT_APPLICABLE = (np.uint8(state.KINDS.index(kind)) for kind in ("against", "not_applicable"))


def differing(arrays: ScreenArrays, trials: Ints, before: Kinds, after: Kinds) -> Ints:
    """Those of the trials that have a criterion with another verdict, or another reason. Kinds are of distinct criteria."""
    changed = before != after
    count = len(arrays.trial_number)
    groups = arrays.asked_by[rows_of(arrays.asked_start, np.flatnonzero(changed))]
    of_groups = np.searchsorted(arrays.trial_group, distinct(groups, len(arrays.group_cohort)), side="right") - 1
    of_parts = np.searchsorted(arrays.part_start, np.flatnonzero(changed[arrays.part_criterion]), side="right") - 1
    hit = np.zeros(count, dtype=bool)
    hit[of_groups] = hit[of_parts] = True
    wanted = np.zeros(count, dtype=bool)
    wanted[trials] = True
    found = np.flatnonzero(hit & wanted).astype(np.int32)
    return found[_differ(arrays, found, before, after)]


def _differ(arrays: ScreenArrays, trials: Ints, before: Kinds, after: Kinds) -> NDArray[np.bool_]:
    """A cohort that is another's has nothing to say on that side: so a change inside it may be none."""
    groups = rows_of(arrays.trial_group, trials)
    members = arrays.group_start[groups + 1] - arrays.group_start[groups]
    parts = arrays.part_start[trials + 1] - arrays.part_start[trials]
    own = np.repeat(np.arange(len(trials)), arrays.trial_group[trials + 1] - arrays.trial_group[trials])
    rows = rows_of(arrays.part_start, trials)
    trial = np.concatenate((np.repeat(own, members), np.repeat(np.arange(len(trials)), parts)))
    criteria = np.concatenate(
        (arrays.group_criterion[rows_of(arrays.group_start, groups)], arrays.part_criterion[rows])
    )
    cohort = np.concatenate((np.repeat(arrays.group_cohort[groups], members), arrays.part_cohort[rows]))
    counted = np.arange(len(criteria)) < members.sum()
    name = trial << 32 | (cohort.astype(np.int64) + 1)

    def shown(kinds: Kinds) -> Kinds:
        own_kinds = kinds[criteria]
        lost = np.unique(name[counted & (cohort >= 0) & (own_kinds == _AGAINST)])
        return np.where(np.isin(name, lost), _NOT_APPLICABLE, own_kinds) if len(lost) else own_kinds

    differ = np.zeros(len(trials), dtype=bool)
    differ[trial[shown(before) != shown(after)]] = True
    return differ
