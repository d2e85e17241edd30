"""What search looks at of all trials, as arrays: lists of trials by what they can be found by, filters, sites.

Made from the tables that search in SQL uses, so that both find the same. Nothing of a person is in them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select, text

import matching
from app.store.rows import folded, standing
from app.store.search_text import WEIGHTS, row_of
from app.store.tables import FACET, SITE, STATE, TRIAL
from matching import starts_of

NOT_GIVEN = -1

LISTED = ("phase", "country", "intervention_type")
"""The kinds of facets whose values are counted."""

WORDED = ("title", "names", "treatments")
"""The fields of words that have lists here; the rest of a trial's words is asked of the database."""

ROWS_AT_ONCE = 5_000

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class SearchArrays:
    """T trials in the order of their ids, K lists, P points, S sites. `*_start` have one entry more than rows."""

    ids: NDArray[np.bytes_]
    text_row: NDArray[np.int64]
    """Ascending: the number of each id as the words have it (`search_text.row_of`)."""
    text_trial: Ints
    standing: NDArray[np.uint8]
    status: NDArray[np.int16]
    study_type: NDArray[np.int16]
    sex: NDArray[np.int16]
    """Places in `told`; NOT_GIVEN for none."""
    lowest: NDArray[np.float64]
    too_old: NDArray[np.float64]
    """Days of life; infinite where there is no bound."""
    updated: Ints
    """Place in `told`, which is sorted; nothing is the empty text."""
    list_key: NDArray[np.uint64]
    """Ascending: `key_of` a kind and a value; the fields of words are kinds too."""
    list_start: NDArray[np.int64]
    list_trial: Ints
    site_start: NDArray[np.int64]
    site_point: Ints
    site_group: NDArray[np.uint8]
    point_lat: NDArray[np.float64]
    point_lon: NDArray[np.float64]
    """Degrees; NaN for sites that cannot be placed."""
    point_country: NDArray[np.int16]
    point_start: NDArray[np.int64]
    point_trial: Ints
    """The trials with a site at each point, as often as they have one there."""
    told_json: NDArray[np.uint8]
    """The texts that the numbers stand for, as JSON: status, study_type, sex, updated, point_country, LISTED."""


def key_of(kind: str, value: str) -> int:
    """The key of the list of those trials that have a value."""
    return int.from_bytes(blake2b(f"{kind}\0{value}".encode(), digest_size=8).digest(), "big")


def build(connection: Connection) -> tuple[SearchArrays, str]:
    """The arrays of what the connection sees, and the version of these data."""
    version = str(connection.scalar(select(STATE.c.digest).where(STATE.c.id == 1)))
    names = ("nct_id", "overall_status", "study_type", "sex", "minimum_age_days", "too_old_at_days", "last_update")
    trials = sorted(map(tuple, _rows(connection, select(*(TRIAL.c[name] for name in names)))))
    columns = list(zip(*trials, strict=True)) if trials else [()] * len(names)
    ids: tuple[str, ...] = columns[0]
    at = {nct_id: row for row, nct_id in enumerate(ids)}
    told: dict[str, list[str]] = {}
    coded: dict[str, Any] = {
        name: _coded(told, name, values)
        for name, values in zip(("status", "study_type", "sex"), columns[1:4], strict=True)
    }
    updates = [value or "" for value in columns[6]]
    told["updated"] = sorted(set(updates))
    place = {value: i for i, value in enumerate(told["updated"])}
    text_rows = np.array(list(map(row_of, ids)), dtype=np.int64)
    by_text_row = np.argsort(text_rows)
    lists = _lists(connection, at, told)
    keys = sorted(lists)
    arrays = SearchArrays(
        ids=np.array(ids, dtype="S11"),
        text_row=text_rows[by_text_row],
        text_trial=by_text_row.astype(np.int32),
        standing=np.array(list(map(standing, columns[1])), dtype=np.uint8),
        lowest=_bounds(columns[4], -np.inf),
        too_old=_bounds(columns[5], np.inf),
        updated=np.array([place[value] for value in updates], dtype=np.int32),
        list_key=np.array(keys, dtype=np.uint64),
        list_start=starts_of(len(lists[key]) for key in keys).astype(np.int64),
        list_trial=np.concatenate(
            [np.frombuffer(lists[key], dtype=np.int32) for key in keys] or [np.empty(0, np.int32)]
        ),
        **coded,
        **_sites(connection, at, columns[1], told),
        told_json=np.frombuffer(orjson.dumps(told), dtype=np.uint8),
    )
    return arrays, version


def _rows(connection: Connection, statement: Any) -> Iterator[Any]:
    yield from connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})


def _coded(told: dict[str, list[str]], name: str, values: Sequence[str | None]) -> NDArray[np.int16]:
    told[name] = sorted({value for value in values if value is not None})
    place = {value: i for i, value in enumerate(told[name])}
    return np.array([NOT_GIVEN if value is None else place[value] for value in values], dtype=np.int16)


def _bounds(values: Sequence[float | None], otherwise: float) -> NDArray[np.float64]:
    return np.array([otherwise if value is None else value for value in values], dtype=np.float64)


def _lists(connection: Connection, at: Mapping[str, int], told: dict[str, list[str]]) -> dict[int, array[int]]:
    """The trials of each facet and of each word of the shorter fields, ascending."""
    lists: dict[int, array[int]] = {}
    told.update({kind: [] for kind in LISTED})
    joined = select(FACET.c.kind, FACET.c.value, func.aggregate_strings(FACET.c.nct_id, ","))
    for kind, value, ids in connection.execute(
        joined.group_by(FACET.c.kind, FACET.c.value), execution_options={"yield_per": 500}
    ):
        lists[key_of(kind, value)] = array("i", sorted(map(at.__getitem__, ids.split(","))))
        if kind in LISTED:
            told[kind].append(value)
    worded: dict[tuple[str, str], array[int]] = {}
    for nct_id, words in _words(connection):
        row = at.get(nct_id)
        if row is not None:
            for each in words:
                found = worded.get(each)
                if found is None:
                    found = worded[each] = array("i")
                found.append(row)
    for (field, word), rows in worded.items():
        lists[key_of(field, word)] = array("i", sorted(rows))
    return lists


def _words(connection: Connection) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Each trial's words of the shorter fields, each once with its field."""
    if connection.dialect.name != "postgresql":
        for nct_id, *texts in _rows(connection, text(f"SELECT nct_id, {', '.join(WORDED)} FROM trial_text")):
            yield nct_id, {(name, word) for name, told in zip(WORDED, texts, strict=True) for word in told.split()}
        return
    fields = {WEIGHTS[name]: name for name in WORDED}
    filtered = text("SELECT nct_id, CAST(ts_filter(document, '{a,b,c}') AS text) FROM trial_text")
    for nct_id, vector in _rows(connection, filtered):
        # 'word':1A,7B 'other':2A
        parts = [part.rpartition(":") for part in vector.split()]
        pairs = (
            (letter, word.strip("'")) for word, _, places in parts for letter in {p[-1] for p in places.split(",")}
        )
        yield nct_id, {(fields[letter], word) for letter, word in pairs}


def _sites(
    connection: Connection, at: Mapping[str, int], statuses: Sequence[str | None], told: dict[str, list[str]]
) -> dict[str, NDArray[Any]]:
    columns = [SITE.c[name] for name in ("nct_id", "status", "country", "lat", "lon")]
    countries: dict[str, int] = {}
    points: dict[tuple[float, float, int], int] = {}
    nowhere: dict[int, int] = {}
    trials, of_point, groups = array("i"), array("i"), array("B")
    for nct_id, status, country, lat, lon in _rows(connection, select(*columns)):
        where = NOT_GIVEN if country is None else countries.setdefault(folded(country), len(countries))
        if lat is None or lon is None:
            point = nowhere.setdefault(where, len(points) + len(nowhere))
        else:
            point = points.setdefault((lat, lon, where), len(points) + len(nowhere))
        row = at[nct_id]
        trials.append(row)
        of_point.append(point)
        groups.append(matching.status_group(status or statuses[row]))
    told["point_country"] = list(countries)
    count = len(points) + len(nowhere)
    lat, lon = np.full(count, np.nan), np.full(count, np.nan)
    there = np.full(count, NOT_GIVEN, dtype=np.int16)
    for (north, east, where), point in points.items():
        lat[point], lon[point], there[point] = north, east, where
    for where, point in nowhere.items():
        there[point] = where
    site_trial, site_point = np.frombuffer(trials, np.int32), np.frombuffer(of_point, np.int32)
    by_trial, by_point = np.argsort(site_trial, kind="stable"), np.argsort(site_point, kind="stable")
    return {
        "site_start": starts_of(np.bincount(site_trial, minlength=len(at))).astype(np.int64),
        "site_point": site_point[by_trial],
        "site_group": np.frombuffer(groups, np.uint8)[by_trial],
        "point_lat": lat,
        "point_lon": lon,
        "point_country": there,
        "point_start": starts_of(np.bincount(site_point, minlength=count)).astype(np.int64),
        "point_trial": site_trial[by_point],
    }
