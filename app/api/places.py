"""Places that callers name: one meaning or a fault that lists the choices, never a guess."""

import re
from collections.abc import Mapping

import matching
from app.api.faults import Fault, InvalidRequestError
from app.api.schemas.patient import LocationIn
from app.store.places import Ambiguous, Place, PlaceStore

POINT = re.compile(r"\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*,\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*\Z")
POSTAL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,11}\Z")


def location_of(sent: LocationIn | None) -> matching.Location | None:
    """The engine's location."""
    if sent is None:
        return None
    return matching.Location(
        lat=sent.lat, lon=sent.lon, place=sent.place, postal_code=sent.postal_code, country=sent.country
    )


def place_faults(location: matching.Location | None, places: PlaceStore, at: str) -> list[Fault]:
    """A fault for a name of several places, with the names that tell them apart; a place nobody knows is no fault."""
    found = places.locate(location) if location is not None else None
    if not isinstance(found, Ambiguous):
        return []
    # The choices are the gazetteer's words; the caller's own are not repeated.
    listed = "; ".join(place.label for place in found.choices)
    return [Fault(f"{at}/place", f"several places have this name: send one of {listed}")]


def place_choices(location: matching.Location | None, places: PlaceStore) -> list[Mapping[str, object]]:
    """The places that a name of several stands for; none where it is not in doubt."""
    found = places.locate(location) if location is not None else None
    return [choice_json(place) for place in found.choices] if isinstance(found, Ambiguous) else []


def near_point(text: str, country: str | None, places: PlaceStore) -> tuple[float, float]:
    """The point of a `near` parameter: `lat,lon`, a place name, or a postal code with `country`.

    Raises InvalidRequestError for a point off the globe, a name of several places (with the choices), or of none.
    """
    point = POINT.match(text)
    if point:
        lat, lon = float(point[1]), float(point[2])
        if abs(lat) > 90 or abs(lon) > 180:
            raise InvalidRequestError("No such point.", [Fault("near", "lat from -90 to 90, lon from -180 to 180")])
        return lat, lon
    named = matching.Location(place=text, country=country)
    if country and POSTAL_CODE.match(text.strip()) and any(letter.isdigit() for letter in text):
        named = matching.Location(place=text, postal_code=text, country=country)
    found = places.locate(named)
    if isinstance(found, Ambiguous):
        listed = "; ".join(place.label for place in found.choices)
        raise InvalidRequestError(
            "Several places have this name.",
            [Fault("near", f"several places have this name: send one of {listed}")],
            {"choices": [choice_json(place) for place in found.choices]},
        )
    if found is None:
        raise InvalidRequestError(
            "The place is not known.",
            [Fault("near", "lat,lon or a place such as `Charleston, SC` or a US ZIP code with `country` is expected")],
        )
    return found


def choice_json(place: Place) -> Mapping[str, object]:
    """A place as the answers show it; what is not known is null."""
    return {
        "label": place.label,
        "name": place.name,
        "admin1": place.admin1,
        "country": place.country,
        "country_code": place.country_code,
        "postal_code": place.postal_code,
        "kind": place.kind,
        "population": place.population or None,
        "lat": place.lat,
        "lon": place.lon,
    }
