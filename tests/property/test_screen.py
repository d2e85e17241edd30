"""One meaning, two speeds: the arrays give for every trial what the reference gives, on made and on real criteria."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.judging.screen import Screen, ScreenBuilder
from matching.judging.screen.counting import ELIGIBILITIES
from matching.judging.screen.differing import differing
from matching.model.codes import Role, Sex
from matching.model.criterion import Criterion
from matching.model.expression_json import criterion_to_json
from matching.model.finding import JudgedTrial
from matching.model.patient import Patient
from matching.model.trial import AgeLimit, EligibilityFields
from tests.property import judging_strategies as made
from tests.property.real_trials import real_patients, real_trials

REAL_PATIENTS = int(os.environ.get("TRIALMATCH_SCREEN_PATIENTS", "8"))
"""More of them take minutes: 500 before a release."""


@st.composite
def criteria(draw):
    found = []
    for i in range(draw(st.integers(0, 6))):
        found.append(
            Criterion(
                f"i{i}",
                draw(st.sampled_from(list(Role))),
                "words",
                0,
                5,
                draw(made.expressions),
                applies_to=draw(st.sampled_from([None, None, "cohort A", "cohort B"])),
                part_of_parent=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return tuple(found)


limits = made.maybe(st.builds(AgeLimit, st.integers(0, 80), st.sampled_from(["a", "mo"])))
fields = st.builds(
    EligibilityFields,
    sex=st.sampled_from([None, Sex.FEMALE, Sex.MALE, Sex.ALL]),
    gender_based=st.booleans(),
    minimum_age=limits,
    maximum_age=limits,
    healthy_volunteers=made.maybe(st.booleans()),
)
trials = st.lists(st.tuples(fields, criteria()), min_size=1, max_size=4)


def built(given_trials) -> Screen:
    builder = ScreenBuilder()
    for i, (asked, read) in enumerate(given_trials):
        builder.add(f"NCT{i:08d}", asked, [criterion_to_json(each) for each in read])
    return Screen(builder.finish())


def agrees(screen: Screen, given_trials, patient: Patient) -> None:
    facts = prepare(patient, made.ON)
    counted = screen.count(facts, screen.judge(facts).kinds)
    slower = screen.count(facts, screen.judge(facts, wants_facts=True).kinds)
    assert np.array_equal(slower.kinds, counted.kinds)
    for i, (asked, read) in enumerate(given_trials):
        judged: JudgedTrial = judge_trial(f"NCT{i:08d}", read, asked, facts)
        assert (counted.counts(i), ELIGIBILITIES[counted.eligibility[i]]) == (judged.counts, judged.eligibility)


@given(trials, made.patients)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_made_criteria_come_out_as_the_reference_has_them(given_trials, patient):
    agrees(built(given_trials), given_trials, patient)


@given(trials, made.patients)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_part_of_the_trials_comes_out_as_in_the_whole(given_trials, patient):
    given_trials = [*given_trials] * 5
    screen, facts = built(given_trials), prepare(patient, made.ON)
    part = screen.every[1::7]
    whole = screen.count(facts, screen.judge(facts).kinds)
    asked = screen.asked(part)
    alone = screen.count(facts, screen.judge(facts, asked).kinds, asked)
    assert [alone.counts(i) for i in range(len(part))] == [whole.counts(i) for i in part]


@given(trials, made.patients, made.patients)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_trials_that_answer_differently_are_those_with_another_verdict(given_trials, patient, changed):
    screen = built(given_trials)
    sides = [prepare(each, made.ON) for each in (patient, changed)]
    kinds = [screen.judge(facts, held=True).kinds for facts in sides]
    verdicts = [
        [
            [(c.verdict, c.why_unknown) for c in judge_trial(f"NCT{i:08d}", read, asked, facts).criteria]
            for facts in sides
        ]
        for i, (asked, read) in enumerate(given_trials)
    ]
    expected = [i for i, (before, after) in enumerate(verdicts) if before != after]
    assert differing(screen.arrays, screen.every, *kinds).tolist() == expected


@cache
def real_screen() -> tuple[Screen, list]:
    given_trials = [(trial.summary.eligibility, trial.parsed.criteria) for trial in real_trials()]
    return built(given_trials), given_trials


def test_real_criteria_come_out_as_the_reference_has_them():
    screen, given_trials = real_screen()
    for patient in [Patient(), *real_patients(REAL_PATIENTS)]:
        agrees(screen, given_trials, patient)
