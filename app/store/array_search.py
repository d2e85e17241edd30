"""The search of search.py on arrays: the same trials, orders, keys and counts, in a few passes over small columns.

The database is asked for the words of long texts and for the summaries of the trials that are shown, nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import cos, radians
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, text

from app.store import found, near
from app.store.facets import AGE_GROUPS, Counts, Facet, Step
from app.store.search import NO_SITE, Hit, Key, Query, wishes_of, with_summaries
from app.store.search_arrays import LISTED, NOT_GIVEN, WORDED, SearchArrays, key_of
from app.store.search_text import holding_all, row_of, with_all
from matching import EARTH_RADIUS_KM, rows_of

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Filter = tuple[str, Callable[[Rows], Mask]]

FAR = 30
"""A step for trials in no list of a wish."""

MOST_STEP, MOST_PLACE, MOST_TEXT = 1 << 7, 1 << 42, 1 << 32


class SearchIndex:
    """The arrays of one version of the data, ready to be asked by any number of threads."""

    def __init__(self, arrays: SearchArrays, data_version: str) -> None:
        self.arrays, self.data_version = arrays, data_version
        self.told: dict[str, list[str]] = orjson.loads(arrays.told_json.tobytes())

    @property
    def trials(self) -> int:
        """How many trials."""
        return len(self.arrays.ids)

    @cached_property
    def trig(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Latitude and longitude of the points in radians, and the cosine of the latitude."""
        lat, lon = np.radians(self.arrays.point_lat), np.radians(self.arrays.point_lon)
        return lat, lon, np.cos(lat)

    @cached_property
    def every(self) -> Rows:
        """All trials."""
        return np.arange(self.trials)

    @cached_property
    def group(self) -> Numbers:
        """The group of each trial's status."""
        groups: Numbers = self.arrays.standing.astype(np.int64) // 10
        return groups

    @cached_property
    def newest_first(self) -> Numbers:
        """A number for each trial's last update that is less for a newer one; between two days there is room for one."""
        return 2 * (len(self.told["updated"]) - self.arrays.updated.astype(np.int64))

    def listed(self, kind: str, value: str) -> NDArray[np.int32]:
        """The trials that have a value."""
        key = np.uint64(key_of(kind, value))
        at = int(np.searchsorted(self.arrays.list_key, key))
        if at == len(self.arrays.list_key) or self.arrays.list_key[at] != key:
            return self.arrays.list_trial[:0]
        return self.arrays.list_trial[self.arrays.list_start[at] : self.arrays.list_start[at + 1]]

    def having(self, kind: str, values: Sequence[str]) -> Mask:
        """Whether each trial has one of the values."""
        mask = np.zeros(self.trials, dtype=bool)
        for value in values:
            mask[self.listed(kind, value)] = True
        return mask

    def metres(self, here: near.Point) -> Numbers:
        """From a place to each point, as near.metres has it; UNPLACED_METRES where a point is nowhere."""
        lat, lon, cos_lat = self.trig
        north, east = np.sin((lat - radians(here[0])) / 2), np.sin((lon - radians(here[1])) / 2)
        chord = north * north + cos(radians(here[0])) * cos_lat * east * east
        far = np.floor(np.arcsin(np.sqrt(np.minimum(chord, 1.0))) * (2000.0 * EARTH_RADIUS_KM) + 0.5)
        return np.where(np.isnan(far), near.UNPLACED_METRES, far).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Left:
    """Trials that pass; `step` and `place` of each as in found.Source, where they were asked for."""

    rows: Rows
    step: NDArray[np.int16] | None
    place: Numbers | None


class ArraySearch:
    """The questions of one answer. `connection` sees the version of the data that the index is of."""

    def __init__(self, index: SearchIndex, connection: Connection) -> None:
        self._index, self._arrays, self._connection = index, index.arrays, connection
        self.data_version = index.data_version

    def find(self, query: Query, *, limit: int, after: Key | None = None) -> tuple[list[Hit], int]:
        """A page, and how many trials fit."""
        left = self._left(query)
        return self._shown(query, left, limit, after), len(left.rows)

    def page(self, query: Query, *, limit: int, after: Key | None = None) -> list[Hit]:
        """At most `limit` trials behind the place `after`, in the order of the query."""
        return self._shown(query, self._left(query), limit, after)

    def funnel(self, query: Query) -> tuple[int, list[Step]]:
        """All stored trials, and what each filter took away when they are applied one after the other."""
        rows, steps = self._index.every, []
        for name, passes in self._filters(query):
            kept = rows[passes(rows)]
            steps.append(Step(name, len(rows) - len(kept), len(kept)))
            rows = kept
        return self._index.trials, steps

    def facet(self, query: Query, name: Facet) -> Counts:
        """How many trials have each value, the most frequent first; the facet's own filter is lifted, the others hold."""
        own = "age" if name == "age_group" else name
        rows = self._index.every
        for filter_, passes in self._filters(query):
            if filter_ != own:
                rows = rows[passes(rows)]
        if name == "age_group":
            found_: Counts = [
                (group, int(np.count_nonzero(self._takes_age(rows, *ages)))) for group, ages in AGE_GROUPS.items()
            ]
        elif name in LISTED:
            found_ = self._listed_counts(rows, name)
        else:
            column = getattr(self._arrays, name)[rows]
            values = self._index.told[name]
            counts = np.bincount(column.astype(np.intp) - NOT_GIVEN, minlength=len(values) + 1).tolist()
            found_ = list(zip((None, *values), counts, strict=True))
        if name != "age_group":
            found_ = [each for each in found_ if each[1]]
        return sorted(found_, key=lambda each: (-each[1], each[0] or ""))

    def _listed_counts(self, rows: Rows, kind: str) -> Counts:
        fits, lacks = np.zeros(self._index.trials, dtype=bool), np.zeros(self._index.trials, dtype=bool)
        fits[rows] = lacks[rows] = True
        counts: Counts = []
        for value in self._index.told[kind]:
            trials = self._index.listed(kind, value)
            lacks[trials] = False
            counts.append((value, int(np.count_nonzero(fits[trials]))))
        return [*counts, (None, int(np.count_nonzero(lacks)))]

    def _left(self, query: Query) -> Left:
        """All that fit. What is asked for by name comes first, else the place: they leave the least."""
        wishes = wishes_of(query)
        here, by_radius = query.here, query.here is not None and query.radius_km is not None
        rows = self._index.every
        if not wishes and here is not None and query.radius_km is not None:
            rows = self._around(here, query.radius_km)
        step: NDArray[np.int16] | None = None
        for wish in wishes:
            steps, fulfils = self._of_wish(wish)
            step = steps if step is None else step + steps
            rows = np.flatnonzero(fulfils) if wish is wishes[0] else rows[fulfils[rows]]
        for _, passes in self._filters(replace(query, condition=None, intervention=None, term=None, radius_km=None)):
            rows = rows[passes(rows)]
        place = None
        if here is not None and (by_radius or query.sort == "distance"):
            place = self._places(rows, query)
            if by_radius:
                within = self._is_within(place)
                rows, place = rows[within], place[within]
        return Left(rows, None if step is None else step[rows], place)

    def _filters(self, query: Query) -> Iterator[Filter]:
        """As search.filters."""
        arrays, index = self._arrays, self._index
        for wish in wishes_of(query):
            fulfils = self._of_wish(wish)[1]
            yield wish.name, lambda rows, mask=fulfils: mask[rows]  # type: ignore[misc]
        if query.statuses is not None:
            yield "status", lambda rows: self._one_of("status", query.statuses or ())[arrays.status[rows]]
        if query.study_types:
            yield "study_type", lambda rows: self._one_of("study_type", query.study_types)[arrays.study_type[rows]]
        if query.phases:
            lacks = index.having("none", ["phase"])
            may_have = self._one_of("study_type", ["INTERVENTIONAL"])
            phased = index.having("phase", query.phases)
            yield "phase", lambda rows: phased[rows] | (lacks[rows] & may_have[arrays.study_type[rows]])
        if query.sex is not None:
            takes = self._one_of("sex", [query.sex, "ALL"])
            yield "sex", lambda rows: takes[arrays.sex[rows]]
        if query.age is not None:
            begins, ends = query.age
            yield "age", lambda rows: self._takes_age(rows, begins, ends)
        if query.countries:
            there = index.having("country", query.countries) | index.having("none", ["country"])
            yield "country", lambda rows: there[rows]
        if query.here is not None and query.radius_km is not None:
            yield "radius", lambda rows: self._is_within(self._places(rows, query))

    def _one_of(self, name: str, wanted: Sequence[str]) -> Mask:
        """For each number of a column, whether it is wanted; the last one is that of nothing given, which always is."""
        return np.array([*(value in wanted for value in self._index.told[name]), True])

    def _takes_age(self, rows: Rows, begins: float, ends: float) -> Mask:
        taken: Mask = (self._arrays.lowest[rows] < ends) & (self._arrays.too_old[rows] > begins)
        return taken

    def _of_wish(self, wish: found.Asked) -> tuple[NDArray[np.int16], Mask]:
        """For every trial, its least step, and whether it fulfils the wish."""
        step = np.full(self._index.trials, FAR, dtype=np.int16)
        fulfils = np.zeros(self._index.trials, dtype=bool)
        lists: list[tuple[NDArray[Any], int, bool]] = [
            (self._index.listed(kind, value), worth, True)
            for kind, values, worth in wish.facets
            for value in set(values)
        ]
        lists += [(self._holding(words), worth, True) for words, worth in wish.words]
        lists += [(self._holding(words), worth, False) for words, worth in wish.beside]
        # The least step is written last.
        for trials, worth, fulfilled in sorted(lists, key=lambda each: -each[1]):
            step[trials] = worth
            if fulfilled:
                fulfils[trials] = True
        return step, fulfils

    def _holding(self, words: found.Words) -> NDArray[Any]:
        """The trials with all words in the fields: from lists where there are some, else from the database."""
        if not set(words.fields) <= set(WORDED):
            return self._asked_of_database(words)
        every = np.ones(self._index.trials, dtype=bool)
        for forms in words.words:
            one = np.zeros(self._index.trials, dtype=bool)
            for field in words.fields:
                for form in forms:
                    one[self._index.listed(field, form)] = True
            every &= one
        return np.flatnonzero(every)

    def _asked_of_database(self, words: found.Words) -> NDArray[Any]:
        dialect = self._connection.dialect.name
        matches = with_all(dialect, words.words, words.fields)
        # The database joins them: a hundred thousand rows take far longer than one long text.
        if dialect == "postgresql":
            ids = holding_all(matches).subquery()
            numbers = _numbers(self._connection.scalar(func.aggregate_strings(ids.c.nct_id, ",").select()) or "")
        else:
            test = text(f"SELECT group_concat(rowid) FROM trial_text WHERE {matches[0]} :asked").bindparams(
                bindparam("asked", matches[1])
            )
            numbers = np.fromstring(self._connection.scalar(test) or "", dtype=np.int64, sep=",")
        if not self._index.trials:
            return self._arrays.text_trial
        at = np.minimum(np.searchsorted(self._arrays.text_row, numbers), self._index.trials - 1)
        trials: NDArray[Any] = self._arrays.text_trial[at[self._arrays.text_row[at] == numbers]]
        return trials

    def _around(self, here: near.Point, radius_km: float) -> Rows:
        """Trials that may be within reach: with a site there, with one that cannot be placed, or with none."""
        far = self._index.metres(here)
        points = np.flatnonzero((far <= round(radius_km * 1000)) | (far == near.UNPLACED_METRES))
        mask = self._index.having("none", ["site"])
        mask[self._arrays.point_trial[rows_of(self._arrays.point_start, points)]] = True
        return np.flatnonzero(mask)

    def _places(self, rows: Rows, query: Query) -> Numbers:
        """The number of the best site of each trial, as near.site_order has it; NO_SITE without one."""
        arrays = self._arrays
        assert query.here is not None
        sites = rows_of(arrays.site_start, rows)
        counts = arrays.site_start[rows + 1] - arrays.site_start[rows]
        best: Numbers = np.full(len(rows), NO_SITE, dtype=np.int64)
        if not len(sites):
            return best
        far = self._index.metres(query.here)
        if query.radius_km is not None:
            beyond = (far > round(query.radius_km * 1000)) & ~np.isnan(arrays.point_lat)
            far = far + beyond * near.BEYOND_AT
        if query.countries:
            there = np.array([*(name in query.countries for name in self._index.told["point_country"]), False])
            far = far + ~there[arrays.point_country] * near.ELSEWHERE_AT
        group = arrays.site_group[sites].astype(np.int64)
        order = far[arrays.site_point[sites]] + group * near.GROUP_AT + (group == near.CLOSED) * near.CLOSED_AT
        sited = counts > 0
        begins = (np.cumsum(counts) - counts)[sited]
        best[sited] = np.minimum.reduceat(order, begins)
        return best

    def _is_within(self, place: Numbers) -> Mask:
        within: Mask = (place == NO_SITE) | (place & near.BEYOND_AT == 0)
        return within

    def _shown(self, query: Query, left: Left, limit: int, after: Key | None) -> list[Hit]:
        arrays, told = self._arrays, self._index.told["updated"]
        rows = left.rows
        group = self._index.group[rows]
        step = np.zeros(len(rows), dtype=np.int64) if left.step is None else left.step.astype(np.int64)
        newest_first = self._index.newest_first[rows]
        place = np.zeros(len(rows), dtype=np.int64) if left.place is None else left.place
        major, minor = _packed(query, group, step, newest_first, place, 2 * rows)
        chosen = np.arange(len(rows))
        if after is not None:
            behind = self._packed_key(query, after)
            chosen = np.flatnonzero((major > behind[0]) | ((major == behind[0]) & (minor > behind[1])))
            major, minor = major[chosen], minor[chosen]
        if len(chosen) > 4 * limit:
            best = np.flatnonzero(major <= np.partition(major, limit - 1)[limit - 1])
            chosen, major, minor = chosen[best], major[best], minor[best]
        chosen = chosen[np.lexsort((minor, major))[:limit]]
        keys: list[tuple[str, Key]] = []
        for i in chosen.tolist():
            nct_id = arrays.ids[rows[i]].decode()
            updated = told[arrays.updated[rows[i]]]
            first = (int(group[i]),) if query.kept_apart else ()
            key: Key
            if query.sort == "last_update":
                key = (*first, updated, nct_id)
            elif query.sort == "distance":
                key = (*first, int(place[i]), int(step[i]), nct_id)
            else:
                key = (*first, int(step[i]), int(group[i]), updated, nct_id)
            keys.append((nct_id, key))
        return with_summaries(self._connection, keys)

    def _packed_key(self, query: Query, after: Key) -> tuple[int, int]:
        """A place in the order, whether or not a trial stands just there."""
        rest: list[Any] = list(after)
        group = _within(rest.pop(0), 16) if query.kept_apart else 0
        step = place = newest_first = 0
        if query.sort == "distance":
            place, step = _within(rest[0], MOST_PLACE), _within(rest[1], MOST_STEP)
        else:
            if query.sort == "relevance":
                step, group_again = _within(rest[0], MOST_STEP), _within(rest[1], 16)
                group = group if query.kept_apart else group_again
            told = self._index.told["updated"]
            at = bisect_left(told, rest[-2])
            newest_first = 2 * (len(told) - at) + (0 if at < len(told) and told[at] == rest[-2] else 1)
        wanted = rest[-1].encode()[:12]
        row = int(np.searchsorted(self._arrays.ids, wanted))
        same = row < self._index.trials and self._arrays.ids[row] == wanted
        major, minor = _packed(query, group, step, newest_first, place, 2 * row if same else 2 * row - 1)
        return int(major), int(minor)


def _numbers(ids: str) -> Numbers:
    """The numbers (`row_of`) of ids joined by commas."""
    digits = ids.replace("NCT", "")
    if ids.count("NCT") == ids.count(",") + 1 and digits.replace(",", "").isdigit():
        return np.fromstring(digits, dtype=np.int64, sep=",")
    return np.array([row_of(each) for each in ids.split(",") if each], dtype=np.int64)


def _within(number: int, most: int) -> int:
    return max(0, min(number, most - 1))


def _packed(query: Query, group: Any, step: Any, newest_first: Any, place: Any, row: Any) -> tuple[Any, Any]:
    """The columns of the order as two numbers that sort alike; of arrays or of one place."""
    first = group if query.kept_apart else 0 * group
    if query.sort == "last_update":
        return first * MOST_TEXT + newest_first, row
    if query.sort == "distance" and query.here is not None:
        return first * MOST_PLACE + place, step * MOST_TEXT + row
    return ((first * MOST_STEP + step) * 16 + group) * MOST_TEXT + newest_first, row
