"""The whole: considered trials -> judged -> ranked -> explained, for one patient, for one trial, or for a change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from matching.answering.deciding import undecided_sets
from matching.answering.explain import explain, explain_trial
from matching.answering.questions import names_of, questions
from matching.answering.rank import RankKey, rank_key, score, score_parts
from matching.answering.sites import Locate, PlacedSites, choose_site
from matching.answering.wording import Audience, Language, Wording
from matching.comparing import Difference, compared
from matching.considering import (
    EVERY_TRIAL,
    Filters,
    Page,
    Person,
    condition_of,
    judge,
    person_of,
    site_of,
    totals_of,
)
from matching.judging.untold import judge_kept
from matching.model.answer import PatientMatch, ReverseAnswer, TrialChange, VerdictChange, WhatIfAnswer
from matching.model.finding import JudgedCriterion, JudgedTrial, MatchAnswer, NearestSite, NoteFact, TrialMatch
from matching.model.patient import Patient
from matching.model.trial import ReadableTrial
from matching.ordering import ranked_trials
from matching.ports import TrialReader


def match(
    reader: TrialReader,
    patient: Patient,
    *,
    on: date,
    filters: Filters | None = None,
    scope: str = "relevant",
    limit: int = 20,
    after: int = -1,
    include: Collection[str] = frozenset(),
    locate: Locate | None = None,
    language: Language = "en",
    audience: Audience = "patient",
    read_from_note: Sequence[NoteFact] = (),
) -> MatchAnswer:
    """The ranked answer for one patient on one day; only the page behind `after` is explained.

    Args:
        reader: one version of the stored trials. Where it has the registry's arrays all is judged on those, and the answer
            is of their version; else each considered trial is read and judged.
        patient: with what was read from the note already in it.
        on: the day for which everything is judged.
        filters: None for the defaults.
        scope: `relevant` or `all`. A patient of whom no condition is known, and who is no healthy volunteer, is matched
            with all trials: silence narrows nothing.
        limit: rows of a page.
        after: the `next_after` of the page before; the first page needs none.
        include: of `criteria`, `questions`, `not_eligible`: with `criteria` they are explained; with `questions` these
            are counted; with `not_eligible` such trials are listed too (they are always in the totals).
        locate: finds a place's coordinates; without it only given coordinates and equal city names count.
        language: of the sentences.
        audience: for whom they are worded.
        read_from_note: given back as it is.
    """
    words = Wording(language, audience)
    person = person_of(patient, on, filters or Filters(), locate)
    page = Page(after, limit, not_eligible="not_eligible" in include, questions="questions" in include)
    ranked = ranked_trials(reader, person, scope, page)
    matches = tuple(
        _row_of(trial, person, rank, words, explained="criteria" in include)
        for rank, trial in enumerate(reader.trials(ranked.page, ranked.versions), start=ranked.before + 1)
    )
    return MatchAnswer(
        on=on,
        totals=ranked.totals,
        matches=matches,
        questions=questions(ranked.asked, words),
        read_from_note=tuple(read_from_note),
        next_after=ranked.next_after,
        data_version=ranked.data_version,
    )


def match_one(
    reader: TrialReader,
    nct_id: str,
    patients: Sequence[Patient],
    *,
    on: date,
    locate: Locate | None = None,
    language: Language = "en",
    audience: Audience = "patient",
) -> ReverseAnswer | None:
    """One trial against many patients, the best first; ties in the order of the request. None: no such trial.

    Nobody is left out: the caller named the trial, so neither scope nor filters apply. Verdicts are those of `match`.
    """
    trial = next(iter(reader.trials([nct_id])), None)
    if trial is None:
        return None
    words = Wording(language, audience)
    found: list[tuple[RankKey, int, TrialMatch]] = []
    for index, patient in enumerate(patients):
        person = person_of(patient, on, EVERY_TRIAL, locate)
        one = _row_of(trial, person, 0, words, explained=True)
        found.append((_key_of(one), index, one))
    found.sort(key=lambda each: each[:2])
    matches = tuple(PatientMatch(index, replace(one, rank=rank)) for rank, (_, index, one) in enumerate(found, start=1))
    return ReverseAnswer(
        on=on,
        nct_id=nct_id,
        totals=totals_of(each.match.judged.eligibility for each in matches),
        matches=matches,
        data_version=reader.data_version,
    )


def what_if(
    reader: TrialReader,
    patient: Patient,
    changed: Patient,
    *,
    on: date,
    filters: Filters | None = None,
    scope: str = "relevant",
    limit: int = 20,
    locate: Locate | None = None,
    language: Language = "en",
    audience: Audience = "patient",
) -> WhatIfAnswer:
    """How the answer for `changed` differs from that for `patient`: every trial with another verdict, nothing stored.

    A trial considered on one side only is compared with nothing on the other. Trials whose eligibility changes come
    first, then by the order of the new answer; at most `limit` of them are shown, all are counted.
    """
    words = Wording(language, audience)
    people = tuple(person_of(each, on, filters or Filters(), locate) for each in (patient, changed))
    found = compared(reader, people[0], people[1], scope, limit)
    shown = {each.nct_id: each for each in found.shown}
    changes = []
    for trial in reader.trials(list(shown), [each.version for each in found.shown]):
        difference = shown[trial.summary.nct_id]
        old, new = (
            None if side is None else judge(trial, person.facts)
            for side, person in zip((difference.before, difference.after), people, strict=True)
        )
        changes.append(_change(trial, old, new, difference, words))
    return WhatIfAnswer(
        on=on,
        before=found.before,
        after=found.after,
        changed=found.changed,
        changes=tuple(changes),
        data_version=found.data_version,
    )


def _change(
    trial: ReadableTrial,
    old: JudgedTrial | None,
    new: JudgedTrial | None,
    difference: Difference,
    words: Wording,
) -> TrialChange:
    olds = {each.id: each for each in old.criteria} if old else {}
    news = {each.id: each for each in new.criteria} if new else {}
    criteria = []
    for criterion_id in {**olds, **news}:
        one: JudgedCriterion | None = olds.get(criterion_id)
        two: JudgedCriterion | None = news.get(criterion_id)
        shown = two or one
        if shown is None or (one and two and (one.verdict, one.why_unknown) == (two.verdict, two.why_unknown)):
            continue
        criteria.append(
            VerdictChange(
                id=criterion_id,
                text=shown.text,
                before=one.verdict if one else None,
                after=two.verdict if two else None,
                explanation=explain(shown, words),
            )
        )
    return TrialChange(
        nct_id=trial.summary.nct_id,
        brief_title=trial.summary.brief_title,
        eligibility_before=difference.before.eligibility if difference.before else None,
        eligibility_after=difference.after.eligibility if difference.after else None,
        score_before=difference.before.score if difference.before else None,
        score_after=difference.after.score if difference.after else None,
        criteria=tuple(criteria),
    )


def _row_of(trial: ReadableTrial, person: Person, rank: int, words: Wording, *, explained: bool) -> TrialMatch:
    """A row of the answer, its criteria in words or not."""
    summary = trial.summary
    judged = judge_kept(trial, person.facts)
    nearest = _nearest(trial, person)
    related, worth = condition_of(summary, person)
    parts = score_parts(judged.counts, worth, nearest, summary.last_update, person.on)
    sets, exact = undecided_sets(judged)
    return TrialMatch(
        rank=rank,
        nct_id=summary.nct_id,
        brief_title=summary.brief_title,
        overall_status=summary.overall_status,
        phases=summary.phases,
        judged=explain_trial(judged, words, criteria=explained),
        score=score(parts),
        score_parts=parts,
        condition_match=related,
        nearest_site=nearest,
        undecided=tuple(names_of(group) for group in sets),
        undecided_exact=exact,
    )


def _nearest(trial: ReadableTrial, person: Person) -> NearestSite | None:
    """What `site_of` shows, from the few sites that may be it."""
    summary, filters = trial.summary, person.filters
    if filters.radius_km is not None or filters.countries:
        return site_of(summary, person).nearest
    placed = trial.kept.get(PlacedSites)
    if not isinstance(placed, PlacedSites):
        placed = trial.kept[PlacedSites] = PlacedSites(summary.sites, summary.overall_status)
    return choose_site(placed.shortlist(person.here), summary.overall_status, person.here).nearest


def _key_of(one: TrialMatch) -> RankKey:
    return rank_key(
        related=one.condition_match is not None,
        eligibility=one.judged.eligibility,
        overall_status=one.overall_status,
        score=one.score,
        nct_id=one.nct_id,
    )
