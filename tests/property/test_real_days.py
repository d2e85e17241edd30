"""The days of an answer, over the shipped trials and people: verdicts change exactly there, seen on the day and the day before."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from real_trials import real_patients, real_trials

from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.model.codes import Eligibility, Verdict
from matching.model.finding import JudgedTrial
from matching.model.patient import PartialDate, Patient
from matching.model.trial import ReadableTrial

ON = date(2026, 11, 22)
FAR = date(2060, 1, 1)
DAY = timedelta(days=1)
AGAINST = frozenset({Verdict.NOT_INCLUDED, Verdict.EXCLUDED})


def people() -> list[Patient]:
    """People near the borders of what trials ask: of whole dates, just before a birthday, just after a treatment."""
    chance = random.Random(3)
    found = []
    for person in real_patients(24):
        year = chance.choice((1946, 1951, 1961, 1966, 1976, 1996, 2006, 2008, 2014, 2020))
        born = PartialDate(year, chance.choice((11, 12)), chance.randint(23, 28))
        found.append(replace(person, birth_date=chance.choice((born, born, person.birth_date))))
    return found


def judged(trial: ReadableTrial, patient: Patient, day: date = ON) -> JudgedTrial:
    return judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, prepare(patient, day))


@cache
def samples() -> tuple[tuple[ReadableTrial, Patient, JudgedTrial], ...]:
    everybody, chance = people(), random.Random(5)
    pairs = [(trial, patient) for trial in real_trials() for patient in chance.sample(everybody, 4)]
    return tuple((trial, patient, judged(trial, patient)) for trial, patient in pairs)


def fails(trial: ReadableTrial, patient: Patient, day: date) -> bool:
    return judged(trial, patient, day).eligibility is Eligibility.NOT_ELIGIBLE


def test_a_trial_opens_and_closes_on_its_days_and_not_the_day_before() -> None:
    seen: Counter[str] = Counter()
    for trial, patient, today in samples():
        if today.eligible_from is not None:
            seen["from"] += 1
            assert today.eligible_from > ON
            assert today.eligibility is Eligibility.NOT_ELIGIBLE
            assert fails(trial, patient, today.eligible_from - DAY), trial.summary.nct_id
            assert not fails(trial, patient, today.eligible_from), trial.summary.nct_id
        if today.eligible_until is not None:
            seen["until"] += 1
            assert today.eligible_until > (today.eligible_from or ON)
            assert not fails(trial, patient, today.eligible_until - DAY), trial.summary.nct_id
            assert fails(trial, patient, today.eligible_until), trial.summary.nct_id
    assert min(seen["from"], seen["until"]) > 30, seen


def test_a_trial_without_such_days_stays_as_it_is() -> None:
    """Neither opens nor closes by the calendar alone, on any of the days on which something of it changes."""
    chance = random.Random(9)
    seen = 0
    for trial, patient, today in samples():
        if today.eligible_until is not None:
            continue
        begins = today.eligible_from
        if begins is None and today.eligibility is Eligibility.NOT_ELIGIBLE:
            later = [ON + timedelta(days=chance.randrange(1, 9000))]
            seen += 1
            assert all(fails(trial, patient, day) for day in later), trial.summary.nct_id
        elif chance.random() < 0.3:
            start = begins or ON
            seen += 1
            assert not fails(trial, patient, start + timedelta(days=chance.randrange(1, 9000))), trial.summary.nct_id
    assert seen > 100


def test_each_criterion_turns_on_its_own_days() -> None:
    seen: Counter[str] = Counter()
    for trial, patient, today in samples():
        turning = {  # of a cohort that is ruled out, now or then, no verdict counts
            c.id: c for c in today.criteria if (c.eligible_from or c.eligible_until) and c.applies_to is None
        }
        days = {d for c in turning.values() for d in (c.eligible_from, c.eligible_until) if d is not None and d < FAR}
        on_day = {
            day: {c.id: c.verdict for c in judged(trial, patient, day).criteria}
            for turn in days
            for day in (turn - DAY, turn)
        }
        for own, criterion in turning.items():
            begins, ends = criterion.eligible_from, criterion.eligible_until
            if begins is not None and begins < FAR:
                seen["from"] += 1
                assert criterion.verdict in AGAINST
                assert on_day[begins - DAY][own] in AGAINST, (own, begins)
                assert on_day[begins][own] not in AGAINST, (own, begins)
            if ends is not None and ends < FAR:
                seen["until"] += 1
                assert on_day[ends - DAY][own] not in AGAINST, (own, ends)
                assert on_day[ends][own] in AGAINST, (own, ends)
    assert min(seen["from"], seen["until"]) > 30, seen


def counted(trial: JudgedTrial) -> list[Verdict]:
    """The verdicts that count; lines that a line above holds are shown only."""
    return [criterion.verdict for criterion in trial.criteria if not criterion.part_of_parent]


def test_verdicts_stay_until_the_day_to_look_again_and_change_on_it() -> None:
    seen: Counter[bool] = Counter()
    chance = random.Random(13)
    for trial, patient, today in samples():
        if chance.random() < 0.4:
            continue
        verdicts = counted(today)
        until = min(today.recheck_on or FAR, FAR)
        between = ON + timedelta(days=chance.randrange((until - ON).days))
        for day in (between, until - DAY):
            assert counted(judged(trial, patient, day)) == verdicts, (
                trial.summary.nct_id,
                day,
            )
        seen[today.recheck_on is not None] += 1
        if today.recheck_on is not None and today.recheck_on < FAR:
            changed = counted(judged(trial, patient, today.recheck_on))
            assert changed != verdicts, (trial.summary.nct_id, today.recheck_on)
    assert min(seen.values()) > 50, seen
