"""The nearest site that a patient could go to: who recruits first, then who is near."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, inf, radians, sin, sqrt

import numpy as np

from matching.model.finding import NearestSite
from matching.model.patient import Location
from matching.model.trial import Site

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

Locate = Callable[[Location], tuple[float, float] | None]
"""Degrees (lat, lon) of a place name or postal code; None when it is not known or means several places."""

STATUS_GROUP: Mapping[str | None, int] = {
    "RECRUITING": 0,
    "AVAILABLE": 0,
    "NOT_YET_RECRUITING": 1,
    "ENROLLING_BY_INVITATION": 2,
    "TEMPORARILY_NOT_AVAILABLE": 3,
    "UNKNOWN": 3,
    None: 3,
}
"""Order in which statuses are shown; a status not named here is closed (4)."""

CLOSED = 4

FEW = 4
"""So few sites are placed one by one."""
NEARLY = 1e-9
"""Sites whose chords differ by no greater share are both placed by the exact formula."""


def status_group(status: str | None) -> int:
    """0 recruits now, 1 soon, 2 by invitation, 3 not known, 4 closed."""
    return STATUS_GROUP.get(status, CLOSED)


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance between two points in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = radians(here[0]), radians(here[1]), radians(there[0]), radians(there[1])
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the patient is, resolved once: coordinates when known, and the words of the place in lower case."""

    point: tuple[float, float] | None = None
    words: tuple[str, ...] = ()
    country: str | None = None
    locate: Locate | None = None


def whereabouts(location: Location | None, locate: Locate | None) -> Whereabouts:
    """Resolves the patient's location; without one, or with one nobody knows, `point` is None."""
    if location is None:
        return Whereabouts(locate=locate)
    if location.lat is not None and location.lon is not None:
        point: tuple[float, float] | None = (location.lat, location.lon)
    else:
        point = locate(location) if locate is not None else None
    words = tuple(part.strip().casefold() for part in (location.place or "").split(",") if part.strip())
    return Whereabouts(point, words, location.country.casefold() if location.country else None, locate)


def in_same_city(site: Site, here: Whereabouts) -> bool:
    """Whether the patient's place names the site's city, and nothing said of state or country speaks against it."""
    if not here.words or not site.city or site.city.casefold() != here.words[0]:
        return False
    known = {part.casefold() for part in (site.state, site.country) if part}
    rest = [word for word in here.words[1:] if len(word) > 2]  # "SC" is no state's full name: it cannot speak against
    return all(word in known for word in rest) and (here.country is None or _same_country(site, here))


def _same_country(site: Site, here: Whereabouts) -> bool:
    if not site.country:
        return False
    country = site.country.casefold()
    return country == here.country or country in here.words


def _place(site: Site, here: Whereabouts) -> tuple[float | None, str | None]:
    """Distance in km and its precision. The registry's own coordinates are those of the city, not of the street."""
    if site.lat is not None and site.lon is not None:
        if here.point is not None:
            return distance_km(here.point, (site.lat, site.lon)), "city"
    elif here.point is not None and here.locate is not None and site.city:
        place = ", ".join(part for part in (site.city, site.state) if part)
        found = here.locate(Location(place=place, country=site.country))
        if found is not None:
            return distance_km(here.point, found), "city"
    if in_same_city(site, here):
        return None, "city"
    return None, "country" if _same_country(site, here) else None


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """The site to show, and whether the trial stays within the asked radius (also where nobody can tell)."""

    nearest: NearestSite | None
    within: bool


_PRECISION_ORDER = {"city": 0, "country": 1, None: 2}


class PlacedSites:
    """A trial's sites made ready for any patient: those of the best status, with their coordinates as arrays.

    Worked out of the trial alone; kept with it.
    """

    def __init__(self, sites: Sequence[Site], overall_status: str | None) -> None:
        groups = [status_group(site.status or overall_status) for site in sites]
        best = min(groups, default=CLOSED)
        self._sites = [site for site, group in zip(sites, groups, strict=True) if group == best]
        degrees = [(site.lat, site.lon) for site in self._sites]
        self._others = [index for index, (lat, lon) in enumerate(degrees) if lat is None or lon is None]
        self._index = [index for index, (lat, lon) in enumerate(degrees) if lat is not None and lon is not None]
        points = np.radians(np.array([degrees[index] for index in self._index], dtype=float).reshape(-1, 2))
        self._lat, self._lon, self._cos = points[:, 0], points[:, 1], np.cos(points[:, 0])

    def shortlist(self, here: Whereabouts) -> Sequence[Site]:
        """The sites among which the nearest is, in the registry's order: all that may be as near as any other."""
        if here.point is None or len(self._index) < FEW:
            return self._sites
        lat, lon = map(radians, here.point)
        chord = np.sin((self._lat - lat) / 2) ** 2 + cos(lat) * self._cos * np.sin((self._lon - lon) / 2) ** 2
        near = np.flatnonzero(chord <= chord.min() * (1 + NEARLY) + NEARLY**2).tolist()
        return [self._sites[index] for index in sorted([*self._others, *(self._index[at] for at in near)])]


def choose_site(
    sites: Sequence[Site],
    overall_status: str | None,
    here: Whereabouts,
    *,
    radius_km: float | None = None,
    countries: Collection[str] = (),
) -> SiteChoice:
    """The site that recruits (a site's own status first, the trial's only where it has none) and is nearest.

    A trial is outside the radius only when every site that may take people can be placed and all lie beyond it.
    A trial without sites, or a patient who cannot be placed, is never outside.

    Args:
        sites: in the registry's order, which breaks ties.
        overall_status: the trial's.
        here: the patient's place.
        radius_km: None for no radius.
        countries: when given, names (lower case) of the countries whose sites count, unless the trial has none there.
    """
    kept = [site for site in sites if not countries or (site.country or "").casefold() in countries] or list(sites)
    if not kept:
        return SiteChoice(None, True)
    groups = [status_group(site.status or overall_status) for site in kept]
    some_open = min(groups) < CLOSED
    best: tuple[tuple[bool, int, float, int, int], Site, float | None, str | None] | None = None
    within = False
    for index, (site, group) in enumerate(zip(kept, groups, strict=True)):
        if some_open and group == CLOSED:
            continue
        distance, precision = _place(site, here)
        outside = radius_km is not None and distance is not None and distance > radius_km
        within = within or not outside
        key = (
            outside,
            group,
            inf if distance is None else distance,
            _PRECISION_ORDER[precision],
            index,
        )
        if (
            precision == "city" and distance is None
        ):  # the same town by name, with no coordinates: as near as can be told
            key = (outside, group, 0.0, 0, index)
        if best is None or key < best[0]:
            best = (key, site, distance, precision)
    assert best is not None  # the closed are skipped only when another is open
    _, site, distance, precision = best
    nearest = NearestSite(
        facility=site.facility,
        city=site.city,
        country=site.country,
        status=site.status or overall_status,
        distance_km=None if distance is None else round(distance, 1),
        precision=precision,
        state=site.state,
    )
    return SiteChoice(nearest, within)
