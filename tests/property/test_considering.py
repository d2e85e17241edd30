"""The order on arrays is the order that reading trial by trial gives: the same totals, rows, scores and pages."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

import matching
from app.store.places import gazetteer
from matching import Filters, StoredTrial, build_registry, match, parsed_to_json
from tests.matching.memory_reader import MemoryReader
from tests.property.judging_strategies import ON
from tests.property.real_trials import real_patients, real_trials

FILTERS = (
    Filters(),
    Filters(statuses=None),
    Filters(statuses=None, phases=("PHASE2", "PHASE3")),
    Filters(statuses=None, radius_km=400.0),
    Filters(statuses=("COMPLETED", "RECRUITING"), countries=("United States", "France")),
    Filters(statuses=None, intervention_types=("DEVICE",), radius_km=900.0, countries=("China",)),
)


@cache
def readers() -> tuple[MemoryReader, MemoryReader]:
    slow, fast = MemoryReader(real_trials()), MemoryReader(real_trials())
    stored = (StoredTrial(trial.summary, parsed_to_json(trial.parsed)) for trial in real_trials())
    fast.registry = build_registry(stored, slow.data_version, locate=gazetteer().point)
    return slow, fast


def answers(patient, filters, *, located: bool, **asked):
    locate = gazetteer().point if located else None
    for reader in readers():
        found = match(reader, patient, on=ON, filters=filters, locate=locate, **asked)
        next_cursor = None if found.next_after is None else str(found.next_after)
        yield matching.answer_to_json(found, include=asked.get("include", frozenset()), next_cursor=next_cursor)


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_the_same_page_and_totals(number):
    for i, patient in enumerate(real_patients(3)):
        scope, include = ("all", frozenset({"not_eligible"})) if i % 2 else ("relevant", frozenset())
        after = -1
        for _ in range(1 + i):
            asked = {"scope": scope, "include": include, "limit": 15, "after": after}
            slow, fast = answers(patient, FILTERS[number], located=True, **asked)
            assert fast == slow
            after = int(fast["next_cursor"] or -1)


@pytest.mark.parametrize("scope", ["relevant", "all"])
def test_the_same_questions(scope):
    for patient in real_patients(9):
        slow, fast = answers(
            patient, Filters(statuses=None), located=True, scope=scope, include=frozenset({"questions"}), limit=1
        )
        assert fast["questions"] == slow["questions"]
        assert fast == slow


def test_the_same_differences_after_a_change():
    """Conditions, values and the completeness of lists change; cohorts are ruled out on either side; filters stay."""
    people = [matching.Patient(), *real_patients(6)]
    found = 0
    for i, (patient, changed) in enumerate(pairwise(people)):
        changed = changed if i % 2 else replace(patient, observations=changed.observations, sex=changed.sex)
        asked = {"filters": FILTERS[i % len(FILTERS)], "scope": ("relevant", "all")[i % 2], "limit": 40}
        slow, fast = (matching.what_if(reader, patient, changed, on=ON, **asked) for reader in readers())
        assert fast == slow
        found += slow.changed
    assert found > 40


def test_a_place_that_nobody_can_find_is_compared_by_its_name():
    patient = replace(real_patients(3)[2], location=matching.Location(place="Houston, Texas, United States"))
    slow, fast = answers(patient, Filters(statuses=None, radius_km=10.0), located=False, scope="all", limit=30)
    assert fast == slow
