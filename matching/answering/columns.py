"""What ranking needs of every trial, as arrays: status, phases, last update, conditions, sites. Rows as in the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from matching.answering.conditions import folded
from matching.answering.sites import CLOSED, status_group
from matching.knowledge import hierarchy
from matching.model.codes import OverallStatus
from matching.model.patient import Location
from matching.model.rows import Ints, hashed, packed, starts_of
from matching.model.trial import Site, TrialSummary

STATUSES = tuple(status.value for status in OverallStatus)
NOT_GIVEN = 255
PHASES = ("NA", "EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
TYPES = (
    "BEHAVIORAL", "BIOLOGICAL", "COMBINATION_PRODUCT", "DEVICE", "DIAGNOSTIC_TEST", "DIETARY_SUPPLEMENT",
    "DRUG", "GENETIC", "PROCEDURE", "RADIATION", "OTHER",
)  # fmt: skip
"""The registry's own values; another one is kept as the bit after the last."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnArrays:
    """T trials, S sites, P places. `*_start` have one entry more than rows."""

    status: NDArray[np.uint8]
    """Place in STATUSES; NOT_GIVEN for none."""
    status_group: NDArray[np.uint8]
    phases: NDArray[np.uint16]
    types: NDArray[np.uint16]
    """A bit for each; 0 where none is given."""
    last_update: Ints
    """Days since the first of January of the year 1; 0 for none."""
    takes_healthy: NDArray[np.bool_]
    country_start: Ints
    country: NDArray[np.int16]
    countries: NDArray[np.uint8]
    """Names, case folded, joined by newlines."""
    concepts: NDArray[np.uint8]
    """Ids of the trials' own conditions, joined by newlines; `concept_trial` has the trials of each."""
    concept_start: Ints
    concept_trial: Ints
    above: NDArray[np.uint8]
    """Ids of all that lies above those; `below` has the concepts (their places) under each."""
    below_start: Ints
    below: Ints
    word_hash: NDArray[np.uint64]
    word_trial: Ints
    """Sorted hashes of conditions and keywords, case folded."""
    site_start: Ints
    site_place: Ints
    site_group: NDArray[np.uint8]
    site_country: NDArray[np.int16]
    """-1 for none."""
    place_lat: NDArray[np.float64]
    place_lon: NDArray[np.float64]
    """Degrees; NaN where nobody can place it."""
    place_given: NDArray[np.bool_]
    """The registry gave the coordinates; else they were found by the city's name."""
    place_name: NDArray[np.uint8]
    """City, state and country of each place as a JSON list, joined by newlines."""
    city_hash: NDArray[np.uint64]
    city_place: Ints
    """Sorted hashes of the cities' names, case folded."""


Place = tuple[str | None, str | None, str | None, float | None, float | None]


class ColumnBuilder:
    """Takes the trials' summaries one by one. `locate` places sites that have no coordinates by their city."""

    def __init__(self, locate: Callable[[Location], tuple[float, float] | None] | None = None) -> None:
        self._locate = locate
        self._rows: list[tuple[int, int, int, int, int, bool]] = []
        self._countries: dict[str, int] = {}
        self._country_rows: list[list[int]] = []
        self._concepts: dict[str, list[int]] = {}
        self._words: list[tuple[int, int]] = []
        self._places: dict[Place, int] = {}
        self._site_rows: list[int] = []
        self._sites: list[tuple[int, int, int]] = []

    def add(self, summary: TrialSummary) -> None:
        """One trial."""
        trial = len(self._rows)
        status = summary.overall_status
        self._rows.append(
            (
                STATUSES.index(status) if status in STATUSES else NOT_GIVEN,
                status_group(status),
                _bits(PHASES, summary.phases),
                _bits(TYPES, summary.intervention_types),
                0 if summary.last_update is None else summary.last_update.latest.toordinal(),
                summary.eligibility.healthy_volunteers is True,
            )
        )
        there = summary.countries or tuple(site.country for site in summary.sites if site.country)
        self._country_rows.append(sorted({self._country(name) for name in there}))
        for concept in dict.fromkeys(summary.condition_ids):
            self._concepts.setdefault(concept, []).append(trial)
        self._words += [(hashed(word), trial) for word in {folded(w) for w in (*summary.keywords, *summary.conditions)}]
        self._site_rows.append(len(summary.sites))
        for site in summary.sites:
            country = -1 if not site.country else self._country(site.country)
            self._sites.append((self._place(site), status_group(site.status or status), country))

    def _country(self, name: str) -> int:
        return self._countries.setdefault(name.casefold(), len(self._countries))

    def _place(self, site: Site) -> int:
        key = (site.city, site.state, site.country, site.lat, site.lon)
        return self._places.setdefault(key, len(self._places))

    def finish(self) -> ColumnArrays:
        """The arrays of all trials that were added."""
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * 6
        concepts = sorted(self._concepts)
        under: dict[str, list[int]] = {}
        for i, concept in enumerate(concepts):
            for up in hierarchy.ancestors(concept):
                under.setdefault(up, []).append(i)
        above = sorted(under)
        words = sorted(set(self._words))
        sites = list(zip(*self._sites, strict=True)) if self._sites else [()] * 3
        return ColumnArrays(
            status=np.array(columns[0], dtype=np.uint8),
            status_group=np.array(columns[1], dtype=np.uint8),
            phases=np.array(columns[2], dtype=np.uint16),
            types=np.array(columns[3], dtype=np.uint16),
            last_update=np.array(columns[4], dtype=np.int32),
            takes_healthy=np.array(columns[5], dtype=bool),
            country_start=starts_of(map(len, self._country_rows)),
            country=np.array([c for row in self._country_rows for c in row], dtype=np.int16),
            countries=packed(list(self._countries)),
            concepts=packed(concepts),
            concept_start=starts_of(len(self._concepts[concept]) for concept in concepts),
            concept_trial=np.array([t for concept in concepts for t in self._concepts[concept]], dtype=np.int32),
            above=packed(above),
            below_start=starts_of(len(under[up]) for up in above),
            below=np.array([i for up in above for i in under[up]], dtype=np.int32),
            word_hash=np.array([code for code, _ in words], dtype=np.uint64),
            word_trial=np.array([trial for _, trial in words], dtype=np.int32),
            site_start=starts_of(self._site_rows),
            site_place=np.array(sites[0], dtype=np.int32),
            site_group=np.array(sites[1], dtype=np.uint8),
            site_country=np.array(sites[2], dtype=np.int16),
            **self._of_places(),
        )

    def _of_places(self) -> dict[str, Any]:
        points = [self._point(place) for place in self._places]
        cities = sorted((hashed(p[0].casefold()), i) for i, p in enumerate(self._places) if p[0])
        return {
            "place_lat": np.array([lat for lat, _ in points], dtype=np.float64),
            "place_lon": np.array([lon for _, lon in points], dtype=np.float64),
            "place_given": np.array([p[3] is not None and p[4] is not None for p in self._places], dtype=bool),
            "place_name": packed([orjson.dumps(p[:3]).decode() for p in self._places]),
            "city_hash": np.array([code for code, _ in cities], dtype=np.uint64),
            "city_place": np.array([i for _, i in cities], dtype=np.int32),
        }

    def _point(self, place: Place) -> tuple[float, float]:
        city, state, country, lat, lon = place
        if lat is not None and lon is not None:
            return lat, lon
        if self._locate is not None and city:
            name = ", ".join(part for part in (city, state) if part)
            found = self._locate(Location(place=name, country=country))
            if found is not None:
                return found
        return np.nan, np.nan


def _bits(known: Sequence[str], given: Iterable[str]) -> int:
    return sum({1 << (known.index(value) if value in known else len(known)) for value in given})


def bits_of(known: Sequence[str], wanted: Iterable[str]) -> int:
    """The bits of the values that a filter wants; one that the registry does not know is met by no trial."""
    return sum({1 << known.index(value) for value in wanted if value in known})


def is_closed(group: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which statuses take nobody any more."""
    return np.equal(group, CLOSED)
