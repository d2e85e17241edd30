"""The SQL prefilter may drop only what the engine itself would never consider."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ingest.study import read_study
from app.samples import TRIALS
from app.store.engine import create_engine_for, upgrade
from app.store.reader import SqlTrialReader
from app.store.trials import TrialStore
from matching import Filters, ReadableTrial
from matching.answering.conditions import PatientCondition, match_conditions
from matching.knowledge import hierarchy
from tests.store.trials_made import no_text


@pytest.fixture(scope="module")
def reader() -> Iterator[SqlTrialReader]:
    engine = create_engine_for("sqlite://")
    upgrade(engine)
    store = TrialStore(engine)
    with gzip.open(TRIALS[0]) as lines:
        trials = [read_study(orjson.loads(line)).trial for line in lines]
    store.upsert(trials, at=datetime(2026, 11, 22, tzinfo=UTC), read=no_text)
    with store.reader() as opened:
        yield opened
    engine.dispose()


def every(reader: SqlTrialReader) -> list[ReadableTrial]:
    found = reader.considered(
        condition_ids=None,
        words=(),
        healthy_volunteer=False,
        statuses=None,
        phases=(),
        countries=(),
        intervention_types=(),
    )
    return list(found)


@cache
def known(reader: SqlTrialReader) -> tuple[list[ReadableTrial], list[str], list[str], list[str]]:
    """All trials, their condition ids, what lies above those, and their words."""
    trials = every(reader)
    own = sorted({concept for trial in trials for concept in trial.summary.condition_ids})
    above = sorted({upper for concept in own for upper in hierarchy.ancestors(concept)})
    named = sorted({name for trial in trials for name in (*trial.summary.conditions, *trial.summary.keywords)})
    return trials, own, above, named


STATUSES = ["RECRUITING", "COMPLETED", "NOT_YET_RECRUITING", "UNKNOWN", "WITHDRAWN"]
PHASES = ["NA", "EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4"]
COUNTRIES = ["United States", "france", "Japan", "Brazil", "Nowhere"]
TYPES = ["DRUG", "DEVICE", "BEHAVIORAL", "RADIATION", "GENETIC"]

few = st.lists


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    healthy=st.booleans(),
    statuses=st.none() | few(st.sampled_from(STATUSES), max_size=3),
    phases=few(st.sampled_from(PHASES), max_size=2),
    countries=few(st.sampled_from(COUNTRIES), max_size=2),
    types=few(st.sampled_from(TYPES), max_size=2),
)
def test_what_the_engine_would_consider_is_never_dropped(
    reader: SqlTrialReader,
    data: st.DataObject,
    healthy: bool,
    statuses: list[str] | None,
    phases: list[str],
    countries: list[str],
    types: list[str],
) -> None:
    trials, own, above, named = known(reader)
    ids = data.draw(few(st.sampled_from(own) | st.sampled_from(above), max_size=2))
    words = data.draw(few(st.sampled_from(named), max_size=2))
    conditions = (
        *(PatientCondition("no words", (concept,)) for concept in ids),
        *(PatientCondition(word.upper(), ()) for word in words),
    )
    filters = Filters(
        statuses=None if statuses is None else tuple(statuses),
        phases=tuple(phases),
        countries=tuple(countries),
        intervention_types=tuple(types),
    )
    wanted = {
        trial.summary.nct_id
        for trial in trials
        if filters.keep(trial.summary)
        and match_conditions(trial.summary, conditions, healthy_volunteer=healthy)[0] is not None
    }
    found = [
        trial.summary.nct_id
        for trial in reader.considered(
            condition_ids=ids,
            words=[word.upper() for word in words],
            healthy_volunteer=healthy,
            statuses=statuses,
            phases=phases,
            countries=countries,
            intervention_types=types,
        )
    ]
    assert found == sorted(found)
    assert wanted <= set(found)


def test_the_law_is_not_empty(reader: SqlTrialReader) -> None:
    """Some trials are dropped and some are kept, so the law above has something to say."""
    found = list(
        reader.considered(
            condition_ids=["D009369"],
            words=(),
            healthy_volunteer=False,
            statuses=["RECRUITING"],
            phases=(),
            countries=(),
            intervention_types=(),
        )
    )
    assert 20 < len(found) < 150
