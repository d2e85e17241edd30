"""Patient -> who it is; Parameters -> what the caller asks of the trials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matching
from app.fhir.elements import (
    Entry,
    EntryFault,
    Json,
    UnusableError,
    day_of,
    extensions,
    listed,
    mapping,
    number_of,
    text_of,
)
from matching import Location, PartialDate, Sex

OLDEST_YEARS = 130
KM_A_MILE = 1.609344
SEXES = {"male": Sex.MALE, "female": Sex.FEMALE, "m": Sex.MALE, "f": Sex.FEMALE}
PHASES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
STATUSES: dict[str, tuple[str, ...] | None] = {
    "all": None,
    "any": None,
    "active": ("RECRUITING", "ENROLLING_BY_INVITATION"),
    "approved": ("NOT_YET_RECRUITING",),
    "closed-to-accrual": ("ACTIVE_NOT_RECRUITING",),
    "temporarily-closed-to-accrual": ("SUSPENDED",),
    "administratively-completed": ("TERMINATED",),
    "in-review": ("UNKNOWN", "WITHHELD"),
    **{status.value.lower().replace("_", "-"): (status.value,) for status in matching.OverallStatus},
}
"""recruitmentStatus, as FHIR or the registry spells it -> the registry's statuses; None: any."""

_ZIP = re.compile(r"(\d{5})(?:-\d{4})?\Z")
_RADIUS = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*(mi|miles?|km)?\Z", re.IGNORECASE)
_PHASE = re.compile(r"(?:early[-_ ]?)?phase[-_ ]?(?:[1-4]|i{1,3}v?|iv)\b", re.IGNORECASE)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}


@dataclass(frozen=True, slots=True)
class Person:
    """Who the patient is."""

    birth_date: PartialDate | None = None
    sex: Sex | None = None
    location: Location | None = None
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks of the trials. `statuses` empty: those that can be joined now or soon; None: any."""

    postal_code: str | None = None
    radius_km: float | None = None
    phases: tuple[str, ...] = ()
    statuses: tuple[str, ...] | None = ()


def read_person(entry: Entry) -> Person:
    """Birth, sex, whether alive, and where; faults for what is missing or impossible."""
    return Person(_birth(entry), _sex(entry), _location(entry.data), _deceased(entry))


def _birth(entry: Entry) -> PartialDate | None:
    try:
        born = entry.day("birthDate")
    except UnusableError:
        entry.fault("birthDate", "not a possible date of birth: the age stays unknown")
        return None
    if born is None:
        entry.fault("birthDate", "no birth date: the age stays unknown")
    elif born.year < entry.on.year - OLDEST_YEARS:
        entry.fault("birthDate", f"more than {OLDEST_YEARS} years ago: the age stays unknown")
        return None
    return born


def _sex(entry: Entry) -> Sex | None:
    """The administrative gender, else the sex at birth; where they differ it stays unknown which one a trial means."""
    gender = SEXES.get(entry.status("gender"))
    coded = next((text_of(each.get("valueCode")) for each in extensions(entry.data, "us-core-birthsex")), None)
    at_birth = SEXES.get((coded or "").lower())
    if gender and at_birth and gender is not at_birth:
        entry.fault("gender", "differs from the sex at birth: the sex stays unknown")
        return None
    if not gender and not at_birth:
        entry.fault("gender", "neither male nor female: the sex stays unknown")
    return gender or at_birth


def _deceased(entry: Entry) -> bool:
    told = entry.data.get("deceasedDateTime")
    if told is None:
        return entry.data.get("deceasedBoolean") is True
    died = day_of(told)
    if died is None:
        entry.fault("deceasedDateTime", "not a possible date: taken as dead on the day of the match")
        return True
    if died.earliest > entry.on:
        entry.fault("deceasedDateTime", "dated after the day of the match, so not used")
        return False
    return True


def _location(data: Json) -> Location | None:
    """The first address in use: its coordinates where given, its postal code and its town."""
    for address in listed(data.get("address")):
        if address.get("use") in ("old", "billing"):
            continue
        lat, lon = _coordinates(address)
        country, postal_code = text_of(address.get("country")), text_of(address.get("postalCode"))
        town = [part for part in (text_of(address.get("city")), text_of(address.get("state"))) if part]
        place = ", ".join(town) if address.get("city") else None
        if lat is not None or place or (postal_code and country):
            return Location(lat, lon, place, postal_code if country else None, country)
    return None


def _coordinates(address: Json) -> tuple[float | None, float | None]:
    for found in extensions(address, "geolocation"):
        named = {str(each.get("url")): number_of(each.get("valueDecimal")) for each in listed(found.get("extension"))}
        lat, lon = named.get("latitude"), named.get("longitude")
        if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180:
            return lat, lon
    return None, None


def read_parameters(entries: Sequence[Entry], body: Json, faults: list[EntryFault]) -> Asked:
    """zipCode, travelRadius (miles unless it says km), phase and recruitmentStatus; the last of each counts."""
    asked = Asked()
    places: list[tuple[int | None, str, Json]] = [(entry.index, entry.at, entry.data) for entry in entries]
    if body.get("resourceType") == "Parameters":
        places.append((None, "", body))
    for index, at, data in places:
        for i, name, value in _parameters(data):
            changed = _with(asked, name, value)
            if changed is None:
                faults.append(EntryFault(index, "Parameters", f"{at}/parameter/{i}", f"{name} could not be read"))
            else:
                asked = changed
    return asked


KNOWN = frozenset({"zipCode", "travelRadius", "phase", "recruitmentStatus"})


def _parameters(data: Json) -> Iterator[tuple[int, str, str]]:
    """The parameters that we know, with their values as text; an empty value asks for nothing."""
    given = data.get("parameter")
    for i, parameter in enumerate(given if isinstance(given, list) else ()):
        found = mapping(parameter)
        name = found.get("name")
        if not isinstance(name, str) or name not in KNOWN:
            continue
        for key in ("valueString", "valueCode", "valueDecimal", "valueInteger", "valuePositiveInt"):
            value = found.get(key)
            number = number_of(value)
            text = f"{number:g}" if number is not None else text_of(value)
            if text:
                yield i, name, text
                break


def _with(asked: Asked, name: str, value: str) -> Asked | None:
    """The wishes with one more; None where the value cannot be read."""
    if name == "zipCode":
        code = _ZIP.match(value)
        return Asked(code[1], asked.radius_km, asked.phases, asked.statuses) if code else None
    if name == "travelRadius":
        radius = _RADIUS.match(value)
        if not radius or float(radius[1]) <= 0:
            return None
        km = float(radius[1]) * (1 if (radius[2] or "").lower() == "km" else KM_A_MILE)
        return Asked(asked.postal_code, km, asked.phases, asked.statuses)
    if name == "phase":
        phases = _phases(value)
        return None if phases is None else Asked(asked.postal_code, asked.radius_km, phases, asked.statuses)
    wanted = value.lower().replace(",", "").replace("_", "-").replace(" ", "-")
    if wanted not in STATUSES:
        return None
    return Asked(asked.postal_code, asked.radius_km, asked.phases, STATUSES[wanted])


def _phases(value: str) -> tuple[str, ...] | None:
    """`phase-1-phase-2`, `early-phase-1`, `Phase 2/Phase 3`, `n-a`; `any` asks for none. None: not a phase."""
    text = value.strip().lower()
    if text in ("any", "all"):
        return ()
    if text in ("n-a", "na", "n/a", "not applicable"):
        return ("NA",)
    found = []
    for match in _PHASE.finditer(text):
        number = re.sub(r".*phase[-_ ]?", "", match[0])
        found.append(("EARLY_" if match[0].startswith("early") else "") + "PHASE" + _ROMAN.get(number, number))
    return tuple(dict.fromkeys(found)) if found and all(each in PHASES for each in found) else None
