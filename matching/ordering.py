"""All considered trials of a person on the registry's arrays, and their order.

They give the same order and the same totals as `considering.ranked_by_reading`, which is the plain reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.answering.deciding_arrays import deciders
from matching.answering.rank import GROUP_BIT, eligibility_points, number_in
from matching.answering.shortlist import Wanted
from matching.considering import Page, Person, Ranked, ranked_by_reading
from matching.judging.screen.counting import ELIGIBILITIES, NOT, Counted, Judged
from matching.model.finding import Totals
from matching.ports import TrialReader
from matching.registry import Registry


def ranked_trials(reader: TrialReader, person: Person, scope: str, page: Page) -> Ranked:
    """All considered trials in order, on the reader's arrays where it has them."""
    registry = reader.registry
    if registry is None:
        return ranked_by_reading(reader, person, scope, page)
    return ranked_on_arrays(registry, person, scope, page)


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """All considered trials of one person on the arrays."""

    judged: Judged
    counted: Counted
    order: Order

    def totals(self) -> Totals:
        """How many of each sort."""
        classes = self.counted.eligibility
        likely, possibly, against = np.bincount(classes, minlength=len(ELIGIBILITIES)).tolist()
        return Totals(len(classes), likely, possibly, against)


def screened(
    registry: Registry, person: Person, scope: str, *, wants_facts: bool = False, held: bool = False
) -> Screened:
    """Every considered trial judged and counted. `wants_facts` and `held` as `Screen.judge` has them."""
    screen, columns, filters = registry.screen, registry.columns, person.filters
    wanted = Wanted(
        filters.statuses,
        filters.phases,
        filters.intervention_types,
        frozenset(map(str.casefold, filters.countries)),
        filters.radius_km,
    )
    meetings = columns.meetings(person.conditions, healthy=person.healthy)
    kept = columns.kept(wanted)
    if not person.takes_all(scope):
        kept = meetings >= 0 if kept is None else kept & (meetings >= 0)
    trials = screen.every if kept is None else np.flatnonzero(kept).astype(np.int32)
    km = columns.distances(person.here)
    if wanted.radius_km is not None:
        trials = trials[columns.nearest(trials, km, wanted)[1]]
    asked = screen.asked(trials)
    judged = screen.judge(person.facts, asked, wants_facts=wants_facts, held=held)
    counted = screen.count(person.facts, judged.kinds, asked)
    return Screened(judged, counted, Order(registry, person, wanted, km, counted, meetings[trials]))


def ranked_on_arrays(registry: Registry, person: Person, scope: str, page: Page) -> Ranked:
    """The same on the registry's arrays."""
    found = screened(registry, person, scope, wants_facts=page.questions)
    shown, before, goes_on = found.order.page(page)
    numbers = [number_in(key) for key in shown]
    return Ranked(
        found.totals(),
        tuple(f"NCT{number:08d}" for number in numbers),
        before,
        shown[-1] if goes_on else None,
        deciders(registry.screen, person.facts, found.judged, found.counted) if page.questions else (),
        registry.data_version,
        registry.versions(numbers),
    )


class Order:
    """The order of counted trials: by bands first, so that only those near the page have to be scored."""

    def __init__(
        self,
        registry: Registry,
        person: Person,
        wanted: Wanted,
        km: NDArray[np.float64],
        counted: Counted,
        meetings: NDArray[np.int64],
    ) -> None:
        self._registry, self._person, self._wanted, self._km = registry, person, wanted, km
        self._counted, self._meetings = counted, meetings
        self._bands = registry.columns.bands(counted, meetings)

    def page(self, page: Page) -> tuple[list[int], int, bool]:
        """The keys of the page in order, how many listed trials stand before it, and whether more come behind it."""
        listed = np.flatnonzero((self._counted.eligibility != NOT) | page.not_eligible)
        of_band = np.bincount(self._bands[listed], minlength=1)
        first = max(page.after, 0) >> GROUP_BIT
        # The page may begin anywhere in the first band: only what lies in those behind it is sure to be left.
        last = first + 1 + int(np.searchsorted(np.cumsum(of_band[first + 1 :]), page.limit, side="right"))
        bands = self._bands[listed]
        keys = self.keys(listed[(bands >= first) & (bands <= last)])
        left = keys[keys > page.after]
        before = int(of_band[:first].sum()) + len(keys) - len(left)
        goes_on = len(listed) - before > page.limit
        shown = np.partition(left, page.limit - 1)[: page.limit] if len(left) > page.limit else left
        return np.sort(shown).tolist(), before, goes_on

    def keys(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        """The keys of the counted trials at these places."""
        counted, columns = self._counted, self._registry.columns
        trials = counted.trials[places]
        return columns.keys(
            trials,
            self._registry.screen.arrays.trial_number[trials],
            self._bands[places],
            eligibility_points(
                *(n[places].astype(np.int64) for n in (counted.in_favour, counted.against, counted.open))
            ),
            self._meetings[places],
            columns.nearest(trials, self._km, self._wanted)[0],
            self._person.on,
        )
