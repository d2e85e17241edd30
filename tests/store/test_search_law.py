"""Search in SQL against a plain reading of every trial in Python: the same trials in the same order, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

import matching
from app import samples
from app.ingest.files import read_paths
from app.ingest.source import Record
from app.store import facets, search
from app.store.array_search import ArraySearch, SearchIndex
from app.store.rows import days, folded, too_old_at
from app.store.search import Query, Term
from app.store.search_arrays import build
from app.store.search_text import FIELDS, search_words, trial_words
from app.store.searching import Searching, SqlSearch
from app.store.trials import TrialStore
from matching import Trial
from tests.store.trials_made import AT, no_text

NAMED = ("title", "names", "treatments")


@dataclass(frozen=True, slots=True)
class Read:
    """A trial with everything that search looks at."""

    trial: Trial
    words: dict[str, set[str]]
    condition: frozenset[str]
    condition_above: frozenset[str]
    intervention: frozenset[str]
    intervention_above: frozenset[str]
    names: frozenset[str]
    countries: frozenset[str]


@cache
def everything() -> tuple[Read, ...]:
    latest: dict[str, Trial] = {}
    for record in read_paths(samples.TRIALS[:2]):
        assert isinstance(record, Record)
        latest[record.trial.nct_id] = record.trial
    return tuple(read(trial) for trial in latest.values())


def read(trial: Trial) -> Read:
    condition, intervention = matching.trial_condition_ids(trial), matching.trial_intervention_ids(trial)
    return Read(
        trial=trial,
        words={field: set(words) for field, words in trial_words(trial).items()},
        condition=frozenset(condition),
        condition_above=above(condition, trial.condition_ancestors),
        intervention=frozenset(intervention),
        intervention_above=above(intervention, trial.intervention_ancestors),
        names=frozenset(folded(name) for name in (*trial.conditions, *trial.keywords)),
        countries=frozenset(folded(name) for name in (*trial.countries, *(s.country for s in trial.sites)) if name),
    )


def above(ids: tuple[str, ...], registry: tuple[matching.MeshTerm, ...]) -> frozenset[str]:
    return frozenset(a for each in ids for a in matching.ancestors(each)) | {term.id for term in registry}


def holds(one: Read, words: tuple[tuple[str, ...], ...], fields: tuple[str, ...]) -> bool:
    present = set[str]().union(*(one.words[field] for field in fields))
    return all(any(form in present for form in forms) for forms in words)


def fits(one: Read, query: Query) -> bool:
    trial = one.trial
    tests = [
        query.condition is None or of_concept(one, "condition", query.condition, ("title", "names")),
        query.intervention is None or of_concept(one, "intervention", query.intervention, ("title", "treatments")),
        query.term is None or of_term(one, query.term),
        query.statuses is None or trial.overall_status is None or trial.overall_status in query.statuses,
        not query.study_types or trial.design.study_type in (None, *query.study_types),
        not query.phases or bool(set(query.phases) & set(trial.design.phases)) or phases_unknown(trial),
        query.sex is None or trial.eligibility.sex in (None, "ALL", query.sex),
        query.age is None or of_age(trial, *query.age),
        not query.countries or not one.countries or bool(one.countries & set(query.countries)),
        query.radius_km is None or chosen(trial, query).within,
    ]
    return all(tests)


def of_concept(one: Read, kind: str, asked: matching.Asked, fields: tuple[str, ...]) -> bool:
    own, over = getattr(one, kind), getattr(one, f"{kind}_above")
    words = tuple((word,) for word in search_words(asked.text))
    by_words = bool(words) and (not asked.ids or kind == "intervention") and holds(one, words, fields)
    named = kind == "condition" and folded(asked.text) in one.names
    return named or by_words or bool(own & set(asked.ids)) or bool(over & set(asked.ids))


def of_term(one: Read, term: Term) -> bool:
    return (
        (bool(term.words) and holds(one, term.words, FIELDS))
        or bool((one.condition | one.condition_above) & set(term.conditions))
        or bool((one.intervention | one.intervention_above) & set(term.treatments))
    )


def of_age(trial: Trial, begins: float, ends: float) -> bool:
    low, high = days(trial.eligibility.minimum_age), too_old_at(trial.eligibility.maximum_age)
    return (low is None or low < ends) and (high is None or high > begins)


def phases_unknown(trial: Trial) -> bool:
    return not trial.design.phases and trial.design.study_type in (None, "INTERVENTIONAL")


def chosen(trial: Trial, query: Query):
    return matching.choose_site(
        trial.sites,
        trial.overall_status,
        matching.Whereabouts(point=query.here),
        radius_km=query.radius_km,
        countries=query.countries,
    )


def relevance(one: Read, query: Query) -> int:
    total = 0
    for kind, asked, fields in (
        ("condition", query.condition, ("title", "names")),
        ("intervention", query.intervention, ("title", "treatments")),
    ):
        if asked is not None:
            words = tuple((word,) for word in search_words(asked.text))
            if words and asked.how != "exact" and holds(one, words, fields):
                continue
            own = bool(getattr(one, kind) & set(asked.ids))
            total += (0 if asked.how in ("exact", "spelling") else 1) if own else 2
    term = query.term
    if term is not None:
        steps = {
            0: bool(term.words) and holds(one, term.words, ("title",)),
            1: (bool(term.words) and holds(one, term.words, NAMED))
            or bool(one.condition & set(term.conditions) or one.intervention & set(term.treatments)),
            2: bool(one.condition_above & set(term.conditions) or one.intervention_above & set(term.treatments)),
            3: True,
        }
        step = min(each for each, holding in steps.items() if holding)
        total += step
    return total


def falling(text: str) -> tuple[int, ...]:
    """Sorts a text of digits and dashes the other way round, a longer one before its beginning."""
    return (*(-ord(letter) for letter in text), 1)


def order(one: Read, query: Query) -> tuple:
    trial = one.trial
    group = matching.status_group(trial.overall_status)
    updated = falling(str(trial.last_update.on) if trial.last_update else "")
    first = (group,) if query.kept_apart else ()
    if query.sort == "last_update":
        return (*first, updated, trial.nct_id)
    if query.sort == "distance":
        return (*first, site_order(trial, query), relevance(one, query), trial.nct_id)
    return (*first, relevance(one, query), group, updated, trial.nct_id)


def site_order(trial: Trial, query: Query) -> tuple:
    site = chosen(trial, query).nearest
    if site is None:
        return (1,)
    away = None
    group = matching.status_group(site.status)
    there = not query.countries or folded(site.country or "") in query.countries
    if site.distance_km is not None and query.here is not None:
        away = min(
            matching.distance_km(query.here, (each.lat, each.lon))
            for each in trial.sites
            if each.lat is not None
            and each.lon is not None
            and matching.status_group(each.status or trial.overall_status) == group
            and (not there or not query.countries or folded(each.country or "") in query.countries)
        )
    beyond = query.radius_km is not None and away is not None and away > query.radius_km
    metres = float("inf") if away is None else int(away * 1000 + 0.5)
    return (0, not there, group == 4, beyond, group, metres)


STATUSES = ["RECRUITING", "COMPLETED", "NOT_YET_RECRUITING", "UNKNOWN", "ENROLLING_BY_INVITATION"]
CONDITIONS = [
    "diabetes",
    "type 1 diabetes",
    "cancer",
    "brest cancer",
    "heart disease",
    "lung",
    "qwertz",
    "pain of the knee",
]
TREATMENTS = ["chemotherapy", "insulin", "radiotherapy", "stem cells", "a pump", "antibody"]
TERMS = ["cancer", "quality of life", "placebo", "children with asthma", "stem cell", "heart attack", "zzz"]
PLACES = [(32.78, -79.93), (40.7, -74.0), (31.2, 121.5), (-17.8, 179.9), (89.9, 10.0), (-90.0, 0.0), (51.5, -0.1)]


def term(text: str) -> Term:
    condition, treatment = matching.read_condition(text), matching.read_treatment(text)
    return Term(
        tuple((word,) for word in search_words(text)),
        condition.ids if condition.how == "exact" else (),
        treatment.ids if treatment.how == "exact" else (),
    )


def one_of(values: list[str], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


def rarely(some: st.SearchStrategy, otherwise: object) -> st.SearchStrategy:
    """Every filter in every question would leave nothing to compare."""
    return st.just(otherwise) | st.just(otherwise) | some


def whole(query: Query) -> Query:
    """Without a place there is no radius and no order by distance."""
    if query.here is not None:
        return query
    return replace(query, radius_km=None, sort="relevance" if query.sort == "distance" else query.sort)


queries = st.builds(
    Query,
    condition=st.none() | st.none() | st.sampled_from(CONDITIONS).map(matching.read_condition),
    term=st.none() | st.none() | st.sampled_from(TERMS).map(term),
    intervention=st.none() | st.none() | st.sampled_from(TREATMENTS).map(matching.read_treatment),
    statuses=st.none() | one_of(STATUSES, 3),
    phases=rarely(one_of(["PHASE1", "PHASE2", "PHASE3", "NA"]), ()),
    study_types=rarely(one_of(["INTERVENTIONAL", "OBSERVATIONAL"], 1), ()),
    sex=st.none() | st.none() | st.sampled_from(["FEMALE", "MALE", "ALL"]),
    age=rarely(st.integers(0, 90).map(lambda years: (years * 365.25, (years + 1) * 365.25)), None),
    countries=rarely(one_of(["united states", "china", "france", "nowhere"]), ()),
    here=st.none() | st.sampled_from(PLACES),
    radius_km=st.none() | st.sampled_from([30.0, 300.0, 5000.0, 30000.0]),
    sort=st.sampled_from(["relevance", "distance", "last_update"]),
    kept_apart=st.booleans(),
).map(whole)


def test_sql_and_arrays_find_what_reading_every_trial_finds(engine: Engine) -> None:
    TrialStore(engine).upsert([one.trial for one in everything()], at=AT, read=no_text)
    with search.snapshot(engine) as connection:
        index = SearchIndex(*build(connection))
    sizes: Counter[bool] = Counter()

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(query=queries, size=st.integers(7, 90))
    def law(query: Query, size: int) -> None:
        kept = sorted((one for one in everything() if fits(one, query)), key=lambda one: order(one, query))
        wanted = [one.trial.nct_id for one in kept]
        statuses = Counter(one.trial.overall_status for one in everything() if fits(one, replace(query, statuses=None)))
        told = []
        with search.snapshot(engine) as connection:
            ways: list[Searching] = [SqlSearch(connection, index.data_version), ArraySearch(index, connection)]
            for way in ways:
                found: list[search.Hit] = []
                while hits := way.page(query, limit=size, after=found[-1].key if found else None):
                    found += hits
                assert [hit.nct_id for hit in found] == wanted
                assert way.find(query, limit=size) == (found[:size], len(wanted))
                stored, steps = way.funnel(query)
                assert stored == len(everything())
                assert (steps[-1].left if steps else stored) == len(wanted)
                counts = {name: way.facet(query, name) for name in facets.FACETS}
                assert dict(counts["status"]) == statuses
                between = [
                    (*hit.key[:-1], str(hit.key[-1])[:-1]) for hit in found[:3]
                ]  # a trial that is gone meanwhile
                told.append((found, steps, counts, [way.page(query, limit=2, after=key) for key in between]))
        assert told[0] == told[1]
        sizes[bool(wanted)] += 1

    law()
    assert sizes[True] > 12, "the law must not be about empty answers"
