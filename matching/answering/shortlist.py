"""The order of all considered trials, on arrays: the same filters, scores and keys as `rank`, `sites` and `conditions`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from matching.answering.columns import NOT_GIVEN, PHASES, STATUSES, TYPES, ColumnArrays, bits_of, is_closed
from matching.answering.conditions import (
    BROADER_STEP,
    HEALTHY_VOLUNTEER,
    NARROWER_STEP,
    PatientCondition,
    folded,
)
from matching.answering.rank import (
    CLASS_BIT,
    GROUP_BIT,
    NOT_KNOWN,
    POINTS,
    RELATED_BIT,
    SCORE_BIT,
    condition_points,
    distance_points,
    freshness_points,
    total_points,
)
from matching.answering.sites import EARTH_RADIUS_KM, Whereabouts, in_same_city
from matching.judging.screen.counting import Counted
from matching.knowledge import hierarchy
from matching.model.rows import Ints, hashed, rows_of, unpacked
from matching.model.trial import Site

MOST_IDS_KEPT = 2_048
"""Concept ids whose relations to the registry's conditions are kept; they are computed from ids alone."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters as the columns have them. None or empty: no wish. Country names case folded."""

    statuses: Collection[str] | None = None
    phases: Collection[str] = ()
    types: Collection[str] = ()
    countries: frozenset[str] = frozenset()
    radius_km: float | None = None


class Columns:
    """The columns of one version, ready to be asked. Holds nothing of a patient."""

    def __init__(self, arrays: ColumnArrays) -> None:
        self.arrays = arrays
        self._related: dict[str, tuple[Ints, NDArray[np.float64]]] = {}

    @cached_property
    def _concepts(self) -> list[str]:
        return unpacked(self.arrays.concepts)

    @cached_property
    def _concept_place(self) -> dict[str, int]:
        return {concept: i for i, concept in enumerate(self._concepts)}

    @cached_property
    def _above_place(self) -> dict[str, int]:
        return {concept: i for i, concept in enumerate(unpacked(self.arrays.above))}

    @cached_property
    def countries(self) -> dict[str, int]:
        """Country names, case folded, by number."""
        return {name: i for i, name in enumerate(unpacked(self.arrays.countries))}

    @cached_property
    def place_names(self) -> list[str]:
        """City, state and country of each place, as JSON."""
        return unpacked(self.arrays.place_name)

    @cached_property
    def _freshness(self) -> NDArray[np.int64]:
        return np.array([freshness_points(days) for days in range(40_000)], dtype=np.int64)

    def related(self, mine: str) -> tuple[Ints, NDArray[np.float64]]:
        """The registry's conditions that are `mine`, or above or below it, and what such a meeting is worth."""
        known = self._related.get(mine)
        if known is None:
            found = self._relate(mine)
            known = np.array(list(found), dtype=np.int32), np.array(list(found.values()), dtype=np.float64)
            if len(self._related) < MOST_IDS_KEPT:
                self._related[mine] = known
        return known

    def _relate(self, mine: str) -> dict[int, float]:
        found: dict[int, float] = {}
        for theirs in hierarchy.ancestors(mine):
            place = self._concept_place.get(theirs)
            steps = hierarchy.distance(mine, theirs) if place is not None else None
            if place is not None and steps is not None:
                found[place] = NARROWER_STEP**steps
        above = self._above_place.get(mine)
        if above is not None:
            for place in self.arrays.below[
                self.arrays.below_start[above] : self.arrays.below_start[above + 1]
            ].tolist():
                steps = hierarchy.distance(self._concepts[place], mine)
                if steps is not None:
                    found.setdefault(place, BROADER_STEP**steps)
        own = self._concept_place.get(mine)
        if own is not None:
            found[own] = 1.0
        return found

    def meetings(self, conditions: Sequence[PatientCondition], *, healthy: bool) -> NDArray[np.int64]:
        """For every trial, what its meeting with the patient's conditions is worth in points; below zero: they do not meet."""
        arrays = self.arrays
        worth = np.full(len(arrays.status), -1, dtype=np.int64)
        for condition in conditions:
            for mine in condition.ids:
                places, steps = self.related(mine)
                lengths = arrays.concept_start[places + 1] - arrays.concept_start[places]
                points = np.array(
                    [condition_points(condition.weight * step) for step in steps.tolist()], dtype=np.int64
                )
                trials = arrays.concept_trial[rows_of(arrays.concept_start, places)]
                np.maximum.at(worth, trials, np.repeat(points, lengths))
            code = np.uint64(hashed(folded(condition.text)))
            begin, end = (
                np.searchsorted(arrays.word_hash, code, "left"),
                np.searchsorted(arrays.word_hash, code, "right"),
            )
            named = arrays.word_trial[begin:end]
            worth[named] = np.maximum(worth[named], condition_points(condition.weight))
        if healthy:
            worth[(worth < 0) & arrays.takes_healthy] = condition_points(HEALTHY_VOLUNTEER)
        return worth

    def kept(self, wanted: Wanted) -> NDArray[np.bool_] | None:
        """Which trials pass the filters but the radius; None: all. A trial is never dropped for a field that it lacks."""
        arrays = self.arrays
        parts: list[NDArray[np.bool_]] = []
        if wanted.statuses is not None:
            allowed = np.zeros(256, dtype=bool)
            allowed[[STATUSES.index(status) for status in wanted.statuses if status in STATUSES]] = True
            allowed[NOT_GIVEN] = True
            parts.append(allowed[arrays.status])
        if wanted.phases:
            parts.append((arrays.phases == 0) | (arrays.phases & np.uint16(bits_of(PHASES, wanted.phases)) != 0))
        if wanted.types:
            parts.append((arrays.types == 0) | (arrays.types & np.uint16(bits_of(TYPES, wanted.types)) != 0))
        if wanted.countries:
            meets = _any(np.isin(arrays.country, self._numbers(wanted.countries)), arrays.country_start)
            parts.append(meets | (np.diff(arrays.country_start) == 0))
        return np.logical_and.reduce(parts) if parts else None

    def _numbers(self, names: Collection[str]) -> list[int]:
        return [self.countries[name] for name in names if name in self.countries]

    def distances(self, here: Whereabouts) -> NDArray[np.float64]:
        """For every place, the distance in km; 0 for the patient's own town by name, infinite where nobody can tell."""
        arrays = self.arrays
        km = np.full(len(arrays.place_lat), np.inf)
        measured = np.zeros(len(km), dtype=bool)
        if here.point is not None:
            there = ~np.isnan(arrays.place_lat)
            measured = there & arrays.place_given if here.locate is None else there
            km[measured] = _haversine(here.point, arrays.place_lat[measured], arrays.place_lon[measured])
        if here.words:
            code = np.uint64(hashed(here.words[0]))
            begin, end = (
                np.searchsorted(arrays.city_hash, code, "left"),
                np.searchsorted(arrays.city_hash, code, "right"),
            )
            for place in arrays.city_place[begin:end].tolist():
                city, state, country = orjson.loads(self.place_names[place])
                if not measured[place] and in_same_city(Site(city=city, state=state, country=country), here):
                    km[place] = 0.0
        return km

    def nearest(
        self, trials: Ints, km: NDArray[np.float64], wanted: Wanted
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """For the given trials the points of their nearest site, and whether they lie within the radius."""
        arrays = self.arrays
        if not wanted.countries and wanted.radius_km is None:
            start, place = self._shown_sites
            rows = slice(None) if len(trials) == len(start) - 1 else rows_of(start, trials)
            return _best_points(start, trials, _points_of(km)[place[rows]]), np.ones(len(trials), dtype=bool)
        within = np.ones(len(trials), dtype=bool)
        lengths = arrays.site_start[trials + 1] - arrays.site_start[trials]
        with_sites = np.flatnonzero(lengths)
        sites = rows_of(arrays.site_start, trials)
        distance = km[arrays.site_place[sites]]
        points = _points_of(distance)
        if len(with_sites):
            starts, counts = (np.cumsum(lengths) - lengths)[with_sites], lengths[with_sites]
            group = arrays.site_group[sites].astype(np.int16)
            if wanted.countries:
                here = np.isin(arrays.site_country[sites], self._numbers(wanted.countries))
                some = np.repeat(np.logical_or.reduceat(here, starts), counts)
                group[some & ~here] = _SKIPPED
            _skip_closed(group, starts, counts)
            if wanted.radius_km is not None:
                group[(distance > wanted.radius_km) & np.isfinite(distance)] += _OUTSIDE
            best = np.minimum.reduceat(group, starts)
            points[group != np.repeat(best, counts)] = _NOWHERE
            within[with_sites] = best < _OUTSIDE
        return _best_points(arrays.site_start, trials, points), within

    @cached_property
    def _shown_sites(self) -> tuple[Ints, Ints]:
        """For every trial the places of the sites that may be shown where no filter is about places."""
        arrays = self.arrays
        lengths = np.diff(arrays.site_start)
        with_sites = np.flatnonzero(lengths)
        if not len(with_sites):
            return arrays.site_start, arrays.site_place
        starts, counts = arrays.site_start[:-1][with_sites], lengths[with_sites]
        group = arrays.site_group.astype(np.int16)
        _skip_closed(group, starts, counts)
        shown = group == np.repeat(np.minimum.reduceat(group, starts), counts)
        start = np.concatenate(([0], np.cumsum(shown)))[arrays.site_start].astype(np.int32)
        return start, arrays.site_place[shown]

    def bands(self, counted: Counted, meetings: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The first part of the key of each trial, which stands before its score. `meetings`: of the counted trials."""
        bands: NDArray[np.uint8] = (
            ((meetings < 0).astype(np.uint8) << np.uint8(RELATED_BIT - GROUP_BIT))
            | (counted.eligibility << np.uint8(CLASS_BIT - GROUP_BIT))
            | self.arrays.status_group[counted.trials]
        )
        return bands

    def keys(
        self,
        trials: Ints,
        numbers: Ints,
        bands: NDArray[np.uint8],
        eligible: NDArray[np.int64],
        meetings: NDArray[np.int64],
        near: NDArray[np.int64],
        on: date,
    ) -> NDArray[np.int64]:
        """The key that orders the given trials: smaller comes first, as `key_number` has it.

        `numbers`: of their nct_ids. `eligible` and `near`: points.
        """
        updated = self.arrays.last_update[trials]
        age = np.clip(on.toordinal() - updated, 0, len(self._freshness) - 1)
        fresh = np.where(updated == 0, NOT_KNOWN, self._freshness[age])
        score = total_points(eligible, np.maximum(meetings, 0), near, fresh)
        key: NDArray[np.int64] = (
            (bands.astype(np.int64) << GROUP_BIT) | ((POINTS - score) << SCORE_BIT) | numbers.astype(np.int64)
        )
        return key


_OUTSIDE, _SKIPPED = 8, 64
_NOWHERE = -1
"""The points of a site of which nobody can tell how far it is."""


def _skip_closed(group: NDArray[np.int16], starts: Ints, counts: Ints) -> None:
    """Leaves out the closed sites of trials that have open ones."""
    some_open = np.repeat(~is_closed(np.minimum.reduceat(group, starts).astype(np.uint8)), counts)
    group[some_open & is_closed(group.astype(np.uint8))] = _SKIPPED


def _points_of(km: NDArray[np.float64]) -> NDArray[np.int16]:
    """What each distance is worth."""
    points = np.full(len(km), _NOWHERE, dtype=np.int16)
    known = np.isfinite(km)
    points[known] = distance_points(np.rint(10 * km[known]).astype(np.int64))
    return points


def _best_points(start: Ints, trials: Ints, points: NDArray[np.int16]) -> NDArray[np.int64]:
    """The points of the nearest of each trial's sites."""
    best = np.full(len(trials), NOT_KNOWN, dtype=np.int64)
    lengths = start[trials + 1] - start[trials]
    with_sites = np.flatnonzero(lengths)
    if len(with_sites):
        most = np.maximum.reduceat(points, (np.cumsum(lengths) - lengths)[with_sites])
        best[with_sites] = np.where(most == _NOWHERE, NOT_KNOWN, most)
    return best


def _any(marks: NDArray[np.bool_], start: Ints) -> NDArray[np.bool_]:
    """For each row whether one of its entries is marked."""
    total = np.concatenate(([0], np.cumsum(marks)))
    found: NDArray[np.bool_] = total[start[1:]] > total[start[:-1]]
    return found


def _haversine(here: tuple[float, float], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    lat1, lon1, lat2, lon2 = np.radians(here[0]), np.radians(here[1]), np.radians(lat), np.radians(lon)
    chord = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    km: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    return km
