"""Searches as apps ask them: common and rare diseases, near a place, with words, with a drug; p50 and p99 by size."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson

from app.api.lookups import condition_names
from app.api.schemas.search import SearchParams
from app.api.search import answer, read_query
from app.store.array_search import SearchIndex
from app.store.places import gazetteer
from app.store.snapshot import load_search, newest_search, refresh_search
from app.store.trials import TrialStore
from bench.report import Report, Timing, timed, timed_each
from bench.run import Run

PLACES = ("32.78,-79.93", "40.71,-74.01", "51.51,-0.13", "48.86,2.35", "35.68,139.69", "-33.87,151.21", "19.43,-99.13")
"""Charleston, New York, London, Paris, Tokyo, Sydney, Mexico City."""

QUESTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "common condition": tuple(
        {"condition": text} for text in ("breast cancer", "type 2 diabetes", "stroke", "depression", "heart failure")
    ),
    "rare condition": tuple(
        {"condition": text} for text in ("myasthenia gravis", "phenylketonuria", "sarcoidosis", "achalasia", "gout")
    ),
    "common condition, any status": tuple(
        {"condition": text, "status": ["any"]} for text in ("breast cancer", "type 2 diabetes", "stroke")
    ),
    "common condition within 50 km": tuple(
        {"condition": "breast cancer", "near": place, "radius": "50km"} for place in PLACES
    ),
    "common condition, nearest first": tuple({"condition": "type 2 diabetes", "near": place} for place in PLACES),
    "anything within 50 km": tuple({"near": place, "radius": "50km"} for place in PLACES),
    "condition, age, sex, phase, country": tuple(
        {"condition": "cancer", "age": age, "sex": "FEMALE", "phase": ["PHASE2"], "country": [country]}
        for age in ("17", "45", "70")
        for country in ("United States", "France")
    ),
    "free text": tuple({"term": text} for text in ("stem cells", "blood sugar monitor", "quality of life", "car t")),
    "drug": tuple({"intervention": text} for text in ("metformin", "pembrolizumab", "semaglutide", "prednisone")),
    "everything, newest first": ({"sort": "last_update", "status": ["any"]},),
}

TYPED = ("di", "brea", "heart at", "alzh", "lung canc", "diabtes")


WAYS = ("arrays", "sql")
"""As the service answers, and as it does while the arrays of newly stored data are being made."""

MOST_S = {"arrays": 20.0, "sql": 4.0}


def measure(report: Report, run: Run) -> None:
    """Whole answers without HTTP: words read, trials and their count found, cards made, encoded."""
    grown: dict[str, list[tuple[float, float]]] = {}
    for database in run.databases:
        for size in run.sizes:
            store = run.multiplied(size, database)
            where = f"{size:,} trials, {database}"
            if (size, database, False) in run.filled:
                report.add(f"stored, {where}", run.filled[size, database, False], "records/s", "each text parsed once")
            index = _index(report, run, store, where)
            for way in WAYS:
                store.search_index = index if way == "arrays" else None
                for name, asked in QUESTIONS.items():
                    timing, told = _timing(store, asked, MOST_S[way])
                    report.timing(f"{name}, {where}, {way}", timing, told)
                    if way == "arrays":
                        grown.setdefault(f"{name}, {database}", []).append((size, timing.p50 * 1000))
    for database in run.databases:
        of = {name.removesuffix(f", {database}"): line for name, line in grown.items() if name.endswith(database)}
        report.plot(f"search_{database}", f"Search on {database}, median", of, up="ms", asked=20)
    _typing(report)


def _index(report: Report, run: Run, store: TrialStore, where: str) -> SearchIndex:
    """The arrays as the service has them: written to files once and mapped."""
    folder = run.folder / "arrays" / where
    kept = newest_search(folder)
    if kept is None or load_search(kept).data_version != store.data_version():
        begin = time.perf_counter()
        kept = refresh_search(store, folder)
        size = sum(path.stat().st_size for path in kept.iterdir())
        report.add(f"arrays for search made, {where}", time.perf_counter() - begin, "s", f"{size / 1e6:,.0f} MB")
    return load_search(kept)


def _timing(store: TrialStore, asked: Sequence[dict[str, Any]], most_s: float) -> tuple[Timing, str]:
    found = [ask(store, **one) for one in asked]
    timing = timed_each([partial(ask, store, **one) for one in asked] * 8, most_s=most_s)
    packed = max(len(gzip.compress(body, 6)) for body in found)
    totals = sorted(orjson.loads(body)["total"] for body in found)
    return timing, f"{totals[0]:,} to {totals[-1]:,} found, {packed:,} B packed"


def ask(store: TrialStore, **asked: object) -> bytes:
    """The answer as its bytes, before they are packed."""
    sent = SearchParams.model_validate(asked)
    query, read_as = read_query(sent)
    return orjson.dumps(answer(store, sent, query, read_as))


def _typing(report: Report) -> None:
    def each(ask_: Any, typed: Sequence[str]) -> Any:
        return timed_each([partial(ask_, text, 10) for text in typed] * 20)

    report.timing("type-ahead: conditions", each(condition_names, TYPED))
    report.timing("type-ahead: places", each(gazetteer().suggest, ("par", "vancouver", "san", "l", "294", "sao p")))
    report.timing("place by its name", timed(lambda: gazetteer().find("Charleston, SC")))
