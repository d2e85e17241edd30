"""The gazetteer: one meaning, or choices, or nothing; never a guess."""

from __future__ import annotations

import random
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.places import Ambiguous, Place, fold, gazetteer
from matching import Location


def meaning(place: str | None = None, **more: str) -> tuple[float, float] | list[str] | None:
    found = gazetteer().locate(Location(place=place, **more))
    return [choice.label for choice in found.choices] if isinstance(found, Ambiguous) else found


CHARLESTON = (32.776, -79.933)
VANCOUVER = (49.25, -123.119)
VANCOUVER_WA = (45.639, -122.661)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("Charleston, SC", CHARLESTON),
        ("charleston sc", CHARLESTON),
        ("Charleston, South Carolina", CHARLESTON),
        ("Charleston, South Carolina, United States", CHARLESTON),
        ("Charleston, S.C., USA", CHARLESTON),
        ("Charleston, SC 29401", (32.78, -79.937)),
        ("Vancouver, BC", VANCOUVER),
        ("Vancouver, Canada", VANCOUVER),
        ("Vancouver, CA", VANCOUVER),
        ("Vancouver WA", VANCOUVER_WA),
        ("Vancouver, Washington", VANCOUVER_WA),
        ("Paris, France", (48.853, 2.349)),
        ("Paris TX", (33.661, -95.556)),
        ("London, England", (51.509, -0.126)),
        ("London, UK", (51.509, -0.126)),
        ("London, ON", (42.983, -81.233)),
        ("St Louis Missouri", (38.627, -90.198)),
        ("Saint Louis, MO", (38.627, -90.198)),
        ("München", (48.137, 11.575)),
        ("munchen", (48.137, 11.575)),
        ("Munich", (48.137, 11.575)),
        ("北京", (39.908, 116.397)),
        ("Łódź", (51.771, 19.474)),
        ("lodz", (51.771, 19.474)),
        ("Tbilisi, Georgia", (41.691, 44.834)),
        ("Atlanta, Georgia", (33.749, -84.388)),
        ("San Juan, Puerto Rico", (18.466, -66.106)),
        ("NYC", (40.714, -74.006)),
        ("Winston-Salem", (36.1, -80.244)),
        ("Washington, DC", (38.895, -77.036)),
        # Of its namesakes the largest has 6,420 inhabitants.
        ("Houston", (29.763, -95.363)),
    ],
)
def test_a_text_of_one_meaning(text: str, point: tuple[float, float]) -> None:
    assert meaning(text) == point


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("Vancouver", ["Vancouver, British Columbia, Canada", "Vancouver, Washington, United States"]),
        (
            "Charleston",
            [
                "Charleston, South Carolina, United States",
                "Charleston, West Virginia, United States",
                "Charleston, Illinois, United States",
            ],
        ),
        ("Boston", ["Boston, Massachusetts, United States", "Boston, England, United Kingdom"]),
        (
            "London",
            ["London, England, United Kingdom", "London, Ontario, Canada", "London, Ohio, United States"],
        ),
    ],
)
def test_a_name_of_several_places_gives_the_choices(text: str, choices: list[str]) -> None:
    assert meaning(text) == choices


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "  ",
        "Nowhereville",
        "Charleston, Narnia",
        "Charleston, WV 29401",
        "29401",
        "Germany",
        "a" * 300,
        "\x00",
        "�",
    ],
)
def test_what_names_no_place_is_not_known(text: str) -> None:
    assert meaning(text) is None


def test_a_country_settles_a_name_and_a_wrong_one_finds_nothing() -> None:
    assert meaning("Vancouver", country="Canada") == VANCOUVER
    assert meaning("Vancouver", country="us") == VANCOUVER_WA
    assert meaning("Vancouver", country="France") is None
    assert meaning("Vancouver", country="Narnia") is None


def test_a_state_that_is_another_s_is_not_passed_over_but_a_district_is() -> None:
    """The registry writes provinces in several languages: with a country they may be passed over, another state not."""
    assert meaning("Munich, Oberbayern", country="Germany") == (48.137, 11.575)
    assert meaning("Munich, Oberbayern") is None
    assert meaning("Perth, Queensland", country="Australia") is None


@pytest.mark.parametrize(
    ("code", "country", "point"),
    [
        ("29401", "US", (32.78, -79.937)),
        ("98660-1234", "United States", (45.642, -122.68)),
        ("00901", "Puerto Rico", (18.465, -66.105)),
        ("99999", "US", None),
        ("2940", "US", None),
        ("80331", "Germany", None),
    ],
)
def test_postal_codes(code: str, country: str, point: tuple[float, float] | None) -> None:
    found = gazetteer().locate(Location(postal_code=code, country=country))
    assert found == (pytest.approx(point, abs=0.02) if point else None)


def test_coordinates_win_over_names() -> None:
    assert gazetteer().locate(Location(lat=1.0, lon=2.0, place="Vancouver")) == (1.0, 2.0)


def test_the_engine_is_given_no_guess() -> None:
    assert gazetteer().point(Location(place="Vancouver")) is None
    assert gazetteer().point(Location(place="Vancouver, BC")) == VANCOUVER


def test_a_label_finds_its_place_again() -> None:
    """Choices are offered by their label: sending one back must settle the question."""
    places = gazetteer()
    pick = random.Random(7)
    letters = [fold(chr(pick.randrange(97, 123)) + chr(pick.choice([97, 101, 105, 111]))) for _ in range(60)]
    lost = []
    for start in letters:
        for place in places.suggest(start, 15):
            found = places.find(place.label)
            if not any(other.point == place.point for other in found):
                lost.append(place.label)
    assert lost == []


def test_type_ahead_shows_the_largest_first_and_reads_states_after_the_comma() -> None:
    def labels(typed: str, limit: int = 3) -> list[str]:
        return [place.label for place in gazetteer().suggest(typed, limit)]

    assert labels("charleston", 2) == [
        "Charleston, South Carolina, United States",
        "Charleston, West Virginia, United States",
    ]
    assert labels("vancouver, b") == ["Vancouver, British Columbia, Canada"]
    assert labels("Vancouver, wa") == ["Vancouver, Washington, United States"]
    assert labels("münch", 1) == ["Munich, Bavaria, Germany"]
    assert labels("294", 1) == ["Charleston, South Carolina, United States (29401)"]
    assert labels("") == labels(",") == labels("zzzz") == labels("123456") == []


def test_a_postal_code_s_place_is_whole() -> None:
    assert gazetteer().suggest("29401", 5) == [
        Place(
            name="Charleston",
            admin1="South Carolina",
            country="United States",
            country_code="US",
            lat=32.78,
            lon=-79.937,
            population=0,
            kind="postal_code",
            postal_code="29401",
        )
    ]


@given(st.text(max_size=60), st.one_of(st.none(), st.text(max_size=20)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_answered(text: str, country: str | None) -> None:
    gazetteer().locate(Location(place=text, postal_code=text, country=country))
    assert len(gazetteer().suggest(text, 5, country)) <= 5


@pytest.mark.parametrize("typed", ["s", "ch", "san", "new y", "a, c", "9", "ß"])
def test_type_ahead_is_quick(typed: str) -> None:
    """Under 10 ms on a quiet machine; the bound is wide, since tests share theirs."""
    gazetteer().suggest(typed)
    times = []
    for _ in range(5):
        started = perf_counter()
        gazetteer().suggest(typed)
        times.append(perf_counter() - started)
    assert min(times) < 0.05
