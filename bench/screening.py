"""All trials judged for one patient: the plain reference, a floor of flat bounds in numpy, our screen, and the order.

All in one run, over registries that are built in memory. The floor knows no trees, units, concepts or reasons: 20 bounds
a trial over 200 variables, of which a patient's 60 are known, compared column by column or found in sorted bounds.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

import matching
from app.api.matches import engine_filters
from app.api.patients import to_patient
from app.store.places import gazetteer
from bench.answers import ON, requests
from bench.registry import registry_of, stored_trials
from bench.report import Report, Timing, timed, timed_each
from bench.run import Run
from matching.considering import Filters, Page, Person, person_of
from matching.judging.screen.leaves import Judging
from matching.judging.screen.trees import grown
from matching.ordering import ranked_on_arrays

CRITERIA, VARIABLES, KNOWN = 20, 200, 60
IN_CACHE = 16_384
RUNS = 9
SAMPLE = 200
"""Trials that the reference judges; the rest is extrapolated."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """The bounds of one variable: each side sorted, and beside it whose it is."""

    low: NDArray[np.float32]
    low_trial: NDArray[np.int32]
    high: NDArray[np.float32]
    high_trial: NDArray[np.int32]


class Floor:
    """Flat bounds: trial t asks in slot s that its variable lie within [low, high]; infinite: no such side."""

    def __init__(self, trials: int, seed: int = 11) -> None:
        chance = np.random.default_rng(seed)
        weights = 1.0 / np.arange(1, VARIABLES + 1)
        weights /= weights.sum()
        self.trials = trials
        self.variable = chance.choice(VARIABLES, size=(CRITERIA, trials), p=weights).astype(np.uint8)
        usual = chance.uniform(10, 100, VARIABLES).astype(np.float32)
        around = usual[self.variable]
        self.low = around * chance.uniform(0.3, 1.0, around.shape).astype(np.float32)
        self.high = around * chance.uniform(1.0, 2.5, around.shape).astype(np.float32)
        side = chance.integers(0, 3, around.shape, dtype=np.uint8)
        self.low[side == 0] = -np.inf
        self.high[side == 1] = np.inf
        self.known = np.sort(chance.choice(VARIABLES, KNOWN, replace=False, p=weights))
        self.value = np.full(VARIABLES, np.nan, dtype=np.float32)
        self.value[self.known] = usual[self.known] * chance.uniform(0.8, 1.2, KNOWN).astype(np.float32)
        self.by_trial = np.ascontiguousarray(self.variable.T)
        self.bounds = {int(v): self._bound(int(v)) for v in range(VARIABLES)}

    def _bound(self, variable: int) -> Bound:
        slot, trial = np.nonzero(self.variable == variable)
        low, high, whose = self.low[slot, trial], self.high[slot, trial], trial.astype(np.int32)
        up, down = np.argsort(low), np.argsort(high)
        return Bound(low[up], whose[up], high[down], whose[down])

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """How many bounds of each trial fail, and how many are about what is not known."""
        against = np.zeros(self.trials, dtype=np.uint8)
        unknown = np.zeros(self.trials, dtype=np.uint8)
        for begin in range(0, self.trials, IN_CACHE):
            here = slice(begin, begin + IN_CACHE)
            for slot in range(CRITERIA):
                value = self.value[self.variable[slot, here]]
                against[here] += (value < self.low[slot, here]) | (value > self.high[slot, here])
                unknown[here] += np.isnan(value)
        return against, unknown

    def by_sorting(self) -> tuple[Bools, NDArray[np.intp], NDArray[np.intp]]:
        """Which trials a bound fails, the others, and how many unknown bounds each of those has."""
        against = np.zeros(self.trials, dtype=bool)
        for variable in self.known.tolist():
            bound, value = self.bounds[variable], self.value[variable]
            against[bound.low_trial[np.searchsorted(bound.low, value, side="right") :]] = True
            against[bound.high_trial[: np.searchsorted(bound.high, value, side="left")]] = True
        left = np.flatnonzero(~against)
        return against, left, np.isnan(self.value[self.by_trial[left]]).sum(axis=1)


def people() -> dict[str, Person]:
    """The shipped patients, ready to be judged, by name."""
    found = {}
    for name, request in requests().items():
        on = date.fromisoformat(request.on) if request.on else ON
        patient = to_patient(request.patient, on)
        found[name] = person_of(patient, on, engine_filters(request.filters), gazetteer().point)
    return found


def measure(report: Report, run: Run) -> None:
    """Every size of the run."""
    matching.warm()
    lines: dict[str, list[tuple[float, float]]] = {}
    for size in run.sizes:
        for name, seconds in _measure(report, run, size).items():
            lines.setdefault(name, []).append((size, seconds * 1000))
    report.plot("screening", "Every trial judged for one patient", lines, up="ms")


def _measure(report: Report, run: Run, size: int) -> dict[str, float]:
    everybody = people()
    naive = _reference(run, size, list(everybody.values()))
    begin = time.perf_counter()
    registry = registry_of(run.corpus(size))
    built = time.perf_counter() - begin
    # Close to our own in time: other work on the machine slows both alike.
    floor = Floor(size)
    against, unknown = floor.columns()
    failed, left, open_ = floor.by_sorting()
    assert ((against > 0) == failed).all()
    assert (unknown[left] == open_).all()
    flat, sorted_ = timed(floor.columns, times=RUNS).p50, timed(floor.by_sorting, times=RUNS).p50
    del floor, against, unknown, failed, left, open_
    screen = registry.screen
    judged = {name: screen.judge(person.facts) for name, person in everybody.items()}

    def each(work: Callable[[str, Person], object]) -> Timing:
        doing = [lambda name=n, person=p: work(name, person) for n, p in everybody.items()]  # type: ignore[misc]
        for one in doing:
            one()
        return timed_each(doing * RUNS)

    def whole(_: str, person: Person) -> None:
        screen.count(person.facts, screen.judge(person.facts).kinds)

    def trees(name: str, person: Person) -> None:
        grown(screen.arrays, screen.steps, judged[name].told.leaves.states, screen.base(person.facts).states)

    ours = each(whole)
    leaves = each(lambda _, person: Judging(screen.table, person.facts).all())
    grow = each(trees)
    counting = each(lambda name, person: screen.count(person.facts, judged[name].kinds))
    order = each(lambda _, person: ranked_on_arrays(registry, person, "relevant", Page()))
    all_of = each(lambda _, person: ranked_on_arrays(registry, _for_all(person), "all", Page()))
    again = sum(each_.doubted is not None for each_ in judged.values())
    trials = f"{size:,} trials"
    arrays = registry.named()
    held = sum(array.nbytes for array in arrays.values())
    distinct = f"{len(screen.arrays.criterion_node):,} distinct criteria, {len(screen.arrays.leaf_shape):,} leaves"
    report.add(f"reference, {trials}", naive * 1000, "ms a patient", f"extrapolated from {min(size, SAMPLE)} trials")
    report.add(f"floor by columns, {trials}", flat * 1000, "ms", f"median of {RUNS}, {CRITERIA} bounds a trial")
    report.add(f"floor by sorted bounds, {trials}", sorted_ * 1000, "ms", f"median of {RUNS}")
    report.timing(f"our screen, {trials}", ours, f"{ours.p50 / flat:.2f} x the columns")
    report.timing(f"  leaves, {trials}", leaves, distinct)
    report.timing(f"  trees, {trials}", grow, f"leaves and trees twice for {again} of {len(judged)} patients")
    report.timing(f"  counting, {trials}", counting)
    report.timing(f"the whole order, {trials}", order, "judged, counted, related, near, ranked; what is relevant")
    report.timing(f"the whole order of all trials, {trials}", all_of, "scope all, any status")
    report.add(f"arrays in memory, {trials}", held / 2**20, "MB", f"built in {built:,.0f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    report.add(f"peak of this process, {trials}", peak, "GB", "corpus, building and floor in it")
    return {
        "reference (extrapolated)": naive,
        "floor, columns": flat,
        "floor, sorted bounds": sorted_,
        "our screen": ours.p50,
        "the whole order": order.p50,
    }


def _for_all(person: Person) -> Person:
    return Person(person.patient, person.facts, person.conditions, person.here, person.on, Filters(statuses=None))


def _reference(run: Run, size: int, everybody: list[Person]) -> float:
    """Seconds that the reference would need for all trials: `judge_trial` over the first ones, which are all different."""
    sample: list[tuple[Any, ...]] = []
    for trial in islice(stored_trials(run.corpus(size)), SAMPLE):
        parsed = matching.parsed_from_json(trial.parsed)
        sample.append((trial.summary.nct_id, parsed.criteria, trial.summary.eligibility))

    def work(person: Person) -> None:
        for nct_id, criteria, eligibility in sample:
            matching.judge_trial(nct_id, criteria, eligibility, person.facts)

    works = [lambda person=person: work(person) for person in everybody]  # type: ignore[misc]  # bound at once
    return timed_each(works).p50 / len(sample) * size
