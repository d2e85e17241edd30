"""Which trials are considered for a patient, and their order: read one by one, or all at once on the registry's arrays.

Both ways give the same order and the same totals. The arrays are the fast one; the other is the plain reference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.answering.conditions import PatientCondition, condition_ids, match_conditions, patient_conditions
from matching.answering.deciding import deciding_facts
from matching.answering.deciding_arrays import deciders
from matching.answering.questions import Decider, QuestionCount
from matching.answering.rank import (
    GROUP_BIT,
    RankKey,
    eligibility_points,
    key_number,
    number_in,
    rank_key,
    score,
    score_parts,
)
from matching.answering.shortlist import Wanted
from matching.answering.sites import Locate, SiteChoice, Whereabouts, choose_site, whereabouts
from matching.judging.eligibility import judge_trial
from matching.judging.facts import Facts, prepare
from matching.judging.screen.counting import ELIGIBILITIES, NOT, Counted, Judged
from matching.model.codes import JOINABLE, Eligibility
from matching.model.finding import ConditionMatch, JudgedTrial, Totals
from matching.model.patient import Patient
from matching.model.trial import ReadableTrial, TrialSummary
from matching.ports import TrialReader
from matching.registry import Registry

JOINABLE_STATUSES = tuple(status.value for status in JOINABLE)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the caller asks of a trial. Empty: no wish. `statuses` None: any; by default what can be joined now or soon.

    A trial is never dropped because it lacks the field that a filter is about.
    """

    statuses: tuple[str, ...] | None = JOINABLE_STATUSES
    phases: tuple[str, ...] = ()
    radius_km: float | None = None
    countries: tuple[str, ...] = ()
    intervention_types: tuple[str, ...] = ()

    def keep(self, summary: TrialSummary) -> bool:
        """Whether a trial passes all filters but the radius."""
        status = summary.overall_status
        if self.statuses is not None and status is not None and status not in self.statuses:
            return False
        if not _meets(self.phases, summary.phases) or not _meets(self.intervention_types, summary.intervention_types):
            return False
        there = summary.countries or tuple(site.country for site in summary.sites if site.country)
        return _meets(tuple(map(str.casefold, self.countries)), tuple(map(str.casefold, there)))


EVERY_TRIAL = Filters(statuses=None)
"""No filter at all."""


def _meets(wanted: Collection[str], given: Collection[str]) -> bool:
    return not wanted or not given or any(each in wanted for each in given)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient made ready once for all trials."""

    patient: Patient
    facts: Facts
    conditions: tuple[PatientCondition, ...]
    here: Whereabouts
    on: date
    filters: Filters

    @property
    def healthy(self) -> bool:
        """Whether the patient would take part as a healthy volunteer."""
        return self.patient.healthy_volunteer is True

    def takes_all(self, scope: str) -> bool:
        """Whether every trial is considered: where it is asked for, and where nothing is known to narrow by."""
        return scope == "all" or (not self.conditions and not self.healthy)


def person_of(patient: Patient, on: date, filters: Filters, locate: Locate | None) -> Person:
    """The patient, indexed for judging and for ranking."""
    return Person(
        patient=patient,
        facts=prepare(patient, on),
        conditions=patient_conditions(patient),
        here=whereabouts(patient.location, locate),
        on=on,
        filters=filters,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """What of the ranked trials is asked for: rows behind a key, trials that are settled against too, what to ask."""

    after: int = -1
    limit: int = 20
    not_eligible: bool = False
    questions: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What the order needs of a judged trial; the rest is judged again for the page that is shown."""

    key: RankKey
    eligibility: Eligibility


@dataclass(frozen=True, slots=True)
class Ranked:
    """The considered trials: how many of each sort, the page's ids in order with their versions, and what to ask.

    `before` is how many rows stand before the page, `next_after` the key behind which the next one begins, None at the
    end. `versions` is empty where the reader's own rows were judged.
    """

    totals: Totals
    page: tuple[str, ...]
    before: int
    next_after: int | None
    asked: tuple[Decider, ...]
    data_version: str
    versions: tuple[int, ...] = ()


def ranked_trials(reader: TrialReader, person: Person, scope: str, page: Page) -> Ranked:
    """All considered trials in order, on the reader's arrays where it has them."""
    registry = reader.registry
    if registry is None:
        return ranked_by_reading(reader, person, scope, page)
    return ranked_on_arrays(registry, person, scope, page)


def ranked_by_reading(reader: TrialReader, person: Person, scope: str, page: Page) -> Ranked:
    """Every considered trial read and judged, one by one."""
    found: list[Row] = []
    counted = QuestionCount()
    for trial in considered(reader, person, scope):
        judged = judge(trial, person.facts)
        row = row_of(trial, judged, person)
        if row is None:
            continue
        found.append(row)
        if page.questions:
            counted.add(deciding_facts(judged))
    listed = sorted(row.key for row in found if page.not_eligible or row.eligibility is not Eligibility.NOT_ELIGIBLE)
    before = bisect_right(listed, page.after, key=key_number)
    shown = listed[before : before + page.limit]
    return Ranked(
        totals_of(row.eligibility for row in found),
        tuple(key[-1] for key in shown),
        before,
        key_number(shown[-1]) if before + len(shown) < len(listed) else None,
        counted.deciders(),
        reader.data_version,
    )


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


def considered(reader: TrialReader, person: Person, scope: str) -> Iterator[ReadableTrial]:
    """The trials of the scope that pass the filters. What is related is the reader's to say, with what the store knows."""
    filters = person.filters
    found = reader.considered(
        condition_ids=None if person.takes_all(scope) else condition_ids(person.conditions),
        words=tuple(condition.text for condition in person.conditions),
        healthy_volunteer=person.healthy,
        statuses=filters.statuses,
        phases=filters.phases,
        countries=filters.countries,
        intervention_types=filters.intervention_types,
    )
    for trial in found:
        if filters.keep(trial.summary):
            yield trial


def condition_of(summary: TrialSummary, person: Person) -> tuple[ConditionMatch | None, float]:
    """How the trial's conditions meet the person's, and what that is worth."""
    return match_conditions(summary, person.conditions, healthy_volunteer=person.healthy)


def judge(trial: ReadableTrial, facts: Facts) -> JudgedTrial:
    """Every criterion of the trial judged."""
    return judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, facts)


def site_of(summary: TrialSummary, person: Person) -> SiteChoice:
    """The site to show."""
    return choose_site(
        summary.sites,
        summary.overall_status,
        person.here,
        radius_km=person.filters.radius_km,
        countries=frozenset(map(str.casefold, person.filters.countries)),
    )


def row_of(trial: ReadableTrial, judged: JudgedTrial, person: Person) -> Row | None:
    """None where every site lies outside the radius."""
    choice = site_of(trial.summary, person)
    if not choice.within:
        return None
    related, worth = condition_of(trial.summary, person)
    parts = score_parts(judged.counts, worth, choice.nearest, trial.summary.last_update, person.on)
    key = rank_key(
        related=related is not None,
        eligibility=judged.eligibility,
        overall_status=trial.summary.overall_status,
        score=score(parts),
        nct_id=trial.summary.nct_id,
    )
    return Row(key, judged.eligibility)


def totals_of(eligibilities: Iterable[Eligibility]) -> Totals:
    """How many of each sort."""
    found = list(eligibilities)
    return Totals(
        considered=len(found),
        likely_eligible=found.count(Eligibility.LIKELY_ELIGIBLE),
        possibly_eligible=found.count(Eligibility.POSSIBLY_ELIGIBLE),
        not_eligible=found.count(Eligibility.NOT_ELIGIBLE),
    )
