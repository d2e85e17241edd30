"""Which trials are considered for a patient, and their order: read and judged one by one.

This is the plain reference; `ordering` gives the same all at once on the registry's arrays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from matching.answering.conditions import PatientCondition, condition_ids, match_conditions, patient_conditions
from matching.answering.deciding import deciding_facts
from matching.answering.questions import Decider, QuestionCount
from matching.answering.rank import (
    RankKey,
    key_number,
    rank_key,
    score,
    score_parts,
)
from matching.answering.sites import Locate, SiteChoice, Whereabouts, choose_site, whereabouts
from matching.judging.eligibility import judge_trial
from matching.judging.facts import Facts, prepare
from matching.model.codes import JOINABLE, Eligibility
from matching.model.finding import ConditionMatch, JudgedTrial, Totals
from matching.model.patient import Patient
from matching.model.trial import ReadableTrial, TrialSummary
from matching.ports import TrialReader

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
