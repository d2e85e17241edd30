"""Nearest site: status first, then true distance. Coordinates are those of the cities."""

from math import pi

import pytest

from matching.answering.sites import EARTH_RADIUS_KM, Whereabouts, choose_site, distance_km, whereabouts
from matching.model.finding import NearestSite
from matching.model.patient import Location
from matching.model.trial import Site

CHARLESTON = (32.7766, -79.9309)
ATLANTA = (33.749, -84.388)
BOSTON = (42.3584, -71.0598)


def site(city: str, point: tuple[float, float] | None, status: str | None = None, **more: str) -> Site:
    lat, lon = point if point else (None, None)
    return Site(facility=f"{city} Hospital", city=city, status=status, lat=lat, lon=lon, **more)  # type: ignore[arg-type]


HERE = Whereabouts(point=CHARLESTON)


def chosen(
    sites: list[Site], overall: str | None = "RECRUITING", here: Whereabouts = HERE, **more: object
) -> NearestSite:
    nearest = choose_site(sites, overall, here, **more).nearest  # type: ignore[arg-type]
    assert nearest is not None
    return nearest


@pytest.mark.parametrize(
    ("one", "two", "km"),
    [
        ((0.0, 0.0), (0.0, 180.0), EARTH_RADIUS_KM * pi),
        ((0.0, 179.5), (0.0, -179.5), EARTH_RADIUS_KM * pi / 180),  # across the antimeridian
        ((89.5, 0.0), (89.5, 180.0), EARTH_RADIUS_KM * pi / 180),  # across the pole
        ((45.6387, -122.6615), (44.9429, -123.0351), 82.74),  # Vancouver WA to Salem OR
        (CHARLESTON, CHARLESTON, 0.0),
    ],
)
def test_great_circle_distance(one: tuple[float, float], two: tuple[float, float], km: float) -> None:
    assert distance_km(one, two) == pytest.approx(km, abs=0.1)
    assert distance_km(one, two) == pytest.approx(distance_km(two, one))


def test_the_nearest_recruiting_site_and_not_the_first() -> None:
    sites = [site("Boston", BOSTON, "RECRUITING"), site("Atlanta", ATLANTA, "RECRUITING")]
    assert chosen(sites) == NearestSite("Atlanta Hospital", "Atlanta", None, "RECRUITING", 428.2, "city")


def test_a_sites_own_status_counts_before_the_trials() -> None:
    sites = [site("Charleston", CHARLESTON, "COMPLETED"), site("Boston", BOSTON)]
    assert chosen(sites).city == "Boston"
    assert chosen(sites).status == "RECRUITING"
    assert chosen([site("Charleston", CHARLESTON, "NOT_YET_RECRUITING"), *sites]).city == "Boston"


def test_the_only_enrolling_site_is_shown_though_the_trial_is_closed() -> None:
    sites = [site("Charleston", CHARLESTON), site("Boston", BOSTON, "RECRUITING")]
    assert chosen(sites, "ACTIVE_NOT_RECRUITING").city == "Boston"


def test_a_closed_trial_shows_its_nearest_site_with_its_status() -> None:
    assert chosen([site("Boston", BOSTON), site("Atlanta", ATLANTA)], "COMPLETED") == NearestSite(
        "Atlanta Hospital", "Atlanta", None, "COMPLETED", 428.2, "city"
    )


def test_a_site_without_coordinates_is_kept_after_those_that_can_be_placed() -> None:
    unplaced = site("Nowhere", None, country="France")
    assert chosen([unplaced, site("Boston", BOSTON)]).city == "Boston"
    assert chosen([unplaced]) == NearestSite("Nowhere Hospital", "Nowhere", "France", "RECRUITING", None, None)


def test_the_patients_town_by_name_where_nothing_has_coordinates() -> None:
    here = whereabouts(Location(place="Charleston, SC"), None)
    sites = [site("Boston", BOSTON, country="United States"), site("Charleston", None, state="South Carolina")]
    assert chosen(sites, here=here) == NearestSite(
        "Charleston Hospital", "Charleston", None, "RECRUITING", None, "city", "South Carolina"
    )


def test_another_state_is_another_town() -> None:
    here = whereabouts(Location(place="Portland, Maine"), None)
    assert chosen([site("Portland", None, state="Oregon"), site("Boston", BOSTON)], here=here).precision is None


def test_a_locator_places_the_patient_and_the_sites_without_coordinates() -> None:
    known = {"Charleston, SC": CHARLESTON, "Atlanta, Georgia": ATLANTA}
    here = whereabouts(Location(place="Charleston, SC"), lambda place: known.get(place.place or ""))
    assert here.point == CHARLESTON
    assert chosen([site("Atlanta", None, state="Georgia", country="United States")], here=here).distance_km == 428.2


@pytest.mark.parametrize(
    ("sites", "radius", "within"),
    [
        ([site("Atlanta", ATLANTA)], 429.0, True),
        ([site("Atlanta", ATLANTA)], 428.0, False),
        ([site("Atlanta", ATLANTA, "COMPLETED"), site("Boston", BOSTON)], 429.0, False),  # the near one is closed
        ([site("Atlanta", ATLANTA), site("Nowhere", None)], 50.0, True),  # nobody can tell where the other one is
        ([], 50.0, True),
    ],
)
def test_the_radius_drops_only_what_surely_lies_outside(sites: list[Site], radius: float, within: bool) -> None:
    assert choose_site(sites, "RECRUITING", HERE, radius_km=radius).within is within


def test_a_patient_who_cannot_be_placed_is_inside_every_radius() -> None:
    choice = choose_site([site("Boston", BOSTON)], "RECRUITING", whereabouts(None, None), radius_km=1.0)
    assert (choice.within, choice.nearest) == (
        True,
        NearestSite("Boston Hospital", "Boston", None, "RECRUITING", None, None),
    )


def test_inside_the_radius_counts_before_the_status() -> None:
    sites = [site("Boston", BOSTON, "RECRUITING"), site("Atlanta", ATLANTA, "NOT_YET_RECRUITING")]
    assert chosen(sites, radius_km=500.0).city == "Atlanta"


def test_asked_countries_come_first() -> None:
    sites = [site("Toronto", (43.7, -79.4), country="Canada"), site("Atlanta", ATLANTA, country="United States")]
    assert chosen(sites, countries=frozenset({"canada"})).city == "Toronto"
    assert chosen(sites, countries=frozenset({"france"})).city == "Atlanta"


def test_no_site_no_choice() -> None:
    assert choose_site([], "RECRUITING", HERE).nearest is None
