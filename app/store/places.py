"""Places by name and postal code, offline: which places a text can mean, where they lie, and type-ahead.

The gazetteer is a file of sorted arrays, read once on first use. A name that several places bear is never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

import numpy as np

from app.store.countries import country_code, name_of_code
from matching import Location

DATA = Path(__file__).parent / "data"
DATA_FILE = DATA / "places.npz"
ADMIN1_FILE = DATA / "admin1.tsv"

NOTEWORTHY = 10_000
"""Inhabitants from which a place of the same name makes that name ambiguous."""

NOTEWORTHY_SHARE = 0.05
"""The same for a smaller place: this part of the inhabitants of the largest place of the name."""

SAME_PLACE_KM = 25
"""A smaller place of the same name and country within this distance is a part or the surroundings of the larger."""

LONGEST = 200
"""Longer texts are no place names."""

CHOICES = 8

OTHER_NAME_WEIGHT = 0.05
"""In type-ahead, how much a place counts that begins so only in another language or in former times."""

ABBREVIATIONS = {
    "CA": dict(
        pair.split("=")
        for pair in "AB=01 BC=02 MB=03 NB=04 NL=05 NS=07 ON=08 PE=09 QC=10 SK=11 YT=12 NT=13 NU=14".split()
    ),
    "AU": dict(pair.split("=") for pair in "ACT=01 NSW=02 NT=03 QLD=04 SA=05 TAS=06 VIC=07 WA=08".split()),
}
"""Postal abbreviations of states whose GeoNames codes are others; those of the US are the codes themselves."""

LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
SILENT = str.maketrans({letter: "" for letter in "'’‘ʻʼ`´."})
NO_LETTER = re.compile(r"[^\w]+|_+")
SHORT_WORDS = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
ZIP = re.compile(r"([0-9]{5})(?:-[0-9]{4})?")
ZIP_AT_END = re.compile(r"[, ]+([0-9]{5})(?:-[0-9]{4})?\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A populated place or a postal code's area. Degrees WGS 84; `country` and `admin1` are names.

    `kind`: `city` or `postal_code`; `population` 0: not known.
    """

    name: str
    admin1: str | None
    country: str
    country_code: str
    lat: float
    lon: float
    population: int
    kind: str = "city"
    postal_code: str | None = None

    @property
    def label(self) -> str:
        """The place in words that find it again."""
        parts = (self.name, self.admin1, self.country)
        words = ", ".join(part for part in parts if part)
        return f"{words} ({self.postal_code})" if self.postal_code else words

    @property
    def point(self) -> tuple[float, float]:
        """Latitude and longitude."""
        return self.lat, self.lon


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A name that several places bear, the largest first."""

    choices: tuple[Place, ...]


def fold(text: str) -> str:
    """The form in which names are compared: no case, accents or punctuation; `St. Louis` is `saint louis`."""
    plain = text.casefold().translate(LETTERS)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(SILENT)
    else:
        plain = plain.translate(SILENT)
    words = NO_LETTER.sub(" ", plain).split()
    # The last word stands for itself: `st` alone is the beginning of Stockholm.
    return " ".join([*(SHORT_WORDS.get(word, word) for word in words[:-1]), *words[-1:]])


class PlaceStore:
    """The gazetteer in memory; safe to share between threads. `gazetteer()` is the one to use."""

    def __init__(self, file: Path = DATA_FILE) -> None:
        with np.load(file, allow_pickle=False) as data:
            arrays: dict[str, Any] = dict(data.items())
        self._keys = _Texts(arrays["key_bytes"], arrays["key_lengths"])
        self._key_place = np.cumsum(arrays["key_place"], dtype=np.int32)
        self._key_own = np.unpackbits(arrays["key_own"], count=len(self._key_place)).astype(bool)
        self._names = _Texts(arrays["name_bytes"], arrays["name_lengths"])
        self._lat, self._lon = arrays["lat"], arrays["lon"]
        self._population, self._area = arrays["population"], arrays["area"]
        self._areas = [
            _Area(country, code, name, fold(name))
            for country, code, name in zip(
                arrays["area_country"].tolist(), arrays["area_code"].tolist(), arrays["area_name"].tolist(), strict=True
            )
        ]
        self._areas_in: dict[str, list[_Area]] = {}
        for area in self._areas:
            self._areas_in.setdefault(area.country, []).append(area)
        self._zip = arrays["zip"]
        self._zip_lat, self._zip_lon, self._zip_area = arrays["zip_lat"], arrays["zip_lon"], arrays["zip_area"]
        self._zip_names = _Texts(arrays["zip_name_bytes"], arrays["zip_name_lengths"])

    def find(self, text: str, country: str | None = None, limit: int = 20) -> list[Place]:
        """Places that bear the name, the largest first; parts of a larger place of the name are left out.

        A place that has the name only in another language or in former times is left out when a larger one bears it now.

        Args:
            text: a name, with or without its state and country: `Charleston, SC`, `Paris France`, `29401` with a country.
            country: a name or an ISO code; a country that is not known finds nothing.
            limit: at most so many.
        """
        if len(text) > LONGEST:
            return []
        code = country_code(country) if country else None
        if country and code is None:
            return []
        at_end = ZIP_AT_END.search(text)
        if at_end and code in (None, "US"):
            found = self._zip_place(at_end[1])
            # The city and the state before the code must agree with it.
            if found and (before := self.find(text[: at_end.start()], "US", limit=CHOICES)):
                if any(place.admin1 == found.admin1 for place in before):
                    return [found]
                return []
        postal = ZIP.fullmatch(text.strip())
        if postal and code in (None, "US"):
            found = self._zip_place(postal[1])
            # Digits alone may be a code of any country.
            return [found] if found and code else []
        return [self._place(i) for i in self._distinct(self._now(self._named(text, code)))[:limit]]

    def locate(self, location: Location) -> tuple[float, float] | Ambiguous | None:
        """Where the location is; Ambiguous for a name of several places; None: not known.

        A name alone means one place only when no other noteworthy place bears it (NOTEWORTHY, NOTEWORTHY_SHARE).
        Coordinates win over a postal code, and that over a name.
        """
        if location.lat is not None and location.lon is not None:
            return location.lat, location.lon
        if location.postal_code and location.country and country_code(location.country) in ("US", "PR"):
            postal = ZIP.fullmatch(location.postal_code.strip())
            found = self._zip_place(postal[1]) if postal else None
            if found is not None:
                return found.point
        if not location.place:
            return None
        places = self.find(location.place, location.country, limit=CHOICES + 1)
        if not places:
            return None
        largest = places[0].population
        rivals = [p for p in places[1:] if p.population >= min(NOTEWORTHY, largest * NOTEWORTHY_SHARE)]
        return Ambiguous((places[0], *rivals)[:CHOICES]) if rivals else places[0].point

    def point(self, location: Location) -> tuple[float, float] | None:
        """Where the location is, for the engine: None where it is not known or means several places."""
        found = self.locate(location)
        return None if isinstance(found, Ambiguous) else found

    def suggest(self, q: str, limit: int = 10, country: str | None = None) -> list[Place]:
        """Places whose name begins with `q`, the largest first; for type-ahead. Digits suggest US ZIP codes.

        After a comma the state or country is typed: `vancouver, b`.
        """
        if len(q) > LONGEST:
            return []
        code = country_code(country) if country else None
        typed = q.strip()
        if typed.isascii() and typed.isdigit():
            return list(self._zips(typed, limit)) if code in (None, "US") else []
        name, *rest = [fold(part) for part in q.split(",")]
        if not name:
            return []
        prefixes = [part for part in rest if part]
        low, high = self._keys.exactly(name) if rest else self._keys.beginning(name)
        chosen: dict[int, None] = {}
        for i in self._by_weight(name, low, high):
            area = self._area_of(i)
            if (code is None or area.country == code) and all(area.begins(prefix) for prefix in prefixes):
                chosen[i] = None
                if len(chosen) == limit * 2:
                    break
        return [self._place(i) for i in self._distinct(chosen)[:limit]]

    def _by_weight(self, name: str, low: int, high: int) -> Iterator[int]:
        """The places of a range of keys by their inhabitants; those of a name that is not their own weigh less."""
        places = self._key_place[low:high]
        weights = self._population[places] * np.where(self._key_own[low:high], 1.0, OTHER_NAME_WEIGHT)
        same = self._keys.exactly(name)[1] - low
        # The name typed in full comes first.
        weights[:same] *= 100
        yield from places[np.argsort(-weights, kind="stable")].tolist()

    def _now(self, named: Sequence[tuple[int, bool]]) -> list[int]:
        own = [i for i, owned in named if owned]
        largest = max((int(self._population[i]) for i in own), default=0)
        # Manhattan is one place, and New York, which is called so too, is around it.
        return [
            i
            for i, owned in named
            if owned or (self._population[i] >= largest and not any(self._near(i, each) for each in own))
        ]

    def _named(self, text: str, code: str | None) -> list[tuple[int, bool]]:
        """The places that the text names and whether it is their own name, in the order of their population."""
        name, *qualifiers = [part.strip() for part in text.split(",")]
        qualifiers = [part for part in qualifiers if part]
        found = self._qualified(fold(name), qualifiers, code)
        if found or qualifiers:
            return found
        words = name.split()
        for size in (1, 2, 3):
            if len(words) > size and (
                found := self._qualified(fold(" ".join(words[:-size])), [_last(words, size)], code)
            ):
                return found
        return []

    def _qualified(self, key: str, qualifiers: Sequence[str], code: str | None) -> list[tuple[int, bool]]:
        found = self._bearing(key)
        if code is not None:
            found = [(i, own) for i, own in found if self._area_of(i).country == code]
        for qualifier in qualifiers:
            test = _qualifier(qualifier)
            kept = [(i, own) for i, own in found if test(self._area_of(i))]
            # A district or a state in another language is passed over where the country is settled without it.
            if kept or code is None or any(test(area) for area in self._areas_in.get(code, ())):
                found = kept
            elif len(self._distinct(self._now(found))) > 1:
                return []
        return found

    def _bearing(self, key: str) -> list[tuple[int, bool]]:
        found: dict[int, bool] = {}
        for spelling in (key, SHORT_WORDS.get(key, "")):
            if spelling:
                low, high = self._keys.exactly(spelling)
                owned = self._key_own[low:high].tolist()
                found |= dict(zip(self._key_place[low:high].tolist(), owned, strict=True))
        return sorted(found.items(), key=lambda item: (-int(self._population[item[0]]), item[0]))

    def _distinct(self, places: Iterable[int]) -> list[int]:
        """Without the smaller places that lie in or around a larger one of the same country."""
        kept: list[int] = []
        for i in places:
            if not any(self._area_of(i).country == self._area_of(k).country and self._near(i, k) for k in kept):
                kept.append(i)
        return kept

    def _near(self, one: int, other: int) -> bool:
        lat, lon = (float(column[one] - column[other]) / 1000 for column in (self._lat, self._lon))
        return 111.2 * hypot(lat, lon * cos(radians(float(self._lat[one]) / 1000))) <= SAME_PLACE_KM

    def _area_of(self, i: int) -> _Area:
        return self._areas[int(self._area[i])]

    def _place(self, i: int) -> Place:
        area = self._area_of(i)
        return Place(
            name=self._names[i].decode(),
            admin1=area.name or None,
            country=name_of_code(area.country),
            country_code=area.country,
            lat=int(self._lat[i]) / 1000,
            lon=int(self._lon[i]) / 1000,
            population=int(self._population[i]),
        )

    def _zip_place(self, digits: str) -> Place | None:
        at = int(np.searchsorted(self._zip, int(digits)))
        return self._zip_at(at) if at < len(self._zip) and self._zip[at] == int(digits) else None

    def _zips(self, digits: str, limit: int) -> Iterator[Place]:
        if len(digits) <= 5:
            width = 10 ** (5 - len(digits))
            low, high = np.searchsorted(self._zip, [int(digits) * width, (int(digits) + 1) * width]).tolist()
            for at in range(low, min(high, low + limit)):
                yield self._zip_at(at)

    def _zip_at(self, at: int) -> Place:
        area = self._areas[int(self._zip_area[at])]
        return Place(
            name=self._zip_names[at].decode(),
            admin1=area.name or area.code,
            country=name_of_code("US"),
            country_code="US",
            lat=int(self._zip_lat[at]) / 1000,
            lon=int(self._zip_lon[at]) / 1000,
            population=0,
            kind="postal_code",
            postal_code=f"{int(self._zip[at]):05d}",
        )


@cache
def gazetteer() -> PlaceStore:
    """The one gazetteer of the process, read on first use."""
    return PlaceStore()


@dataclass(frozen=True, slots=True)
class _Area:
    """A first-level division of a country: a state, a province."""

    country: str
    code: str
    name: str
    folded: str

    def begins(self, prefix: str) -> bool:
        return (
            self.folded.startswith(prefix)
            or (self.country == "US" and self.code.lower() == prefix)
            or any(name.lower() == prefix and code == self.code for name, code in _abbreviations(self.country))
            or fold(name_of_code(self.country)).startswith(prefix)
            or country_code(prefix) == self.country
        )


def _abbreviations(country: str) -> Iterable[tuple[str, str]]:
    return ABBREVIATIONS.get(country, {}).items()


def _qualifier(text: str) -> Callable[[_Area], bool]:
    """Whether a division is the one that the text names: by its name or abbreviation, or by its country's."""
    country, short, folded = country_code(text), text.replace(".", "").upper(), fold(text)

    def fits(area: _Area) -> bool:
        if area.country == country and folded not in NATIONS:
            return True
        code = ABBREVIATIONS.get(area.country, {}).get(short, short)
        return area.folded == folded or (area.code == code and area.country in ("US", "CA", "AU"))

    return fits


NATIONS = frozenset(("england", "scotland", "wales", "northern ireland"))
"""Parts of the United Kingdom, which GeoNames has as divisions: they say more than the country."""


def _last(words: Sequence[str], size: int) -> str:
    return " ".join(words[-size:])


class _Texts:
    """Texts in one run of bytes; those of the names' keys are sorted."""

    def __init__(self, run: Any, lengths: Any) -> None:
        self._run: bytes = run.tobytes()
        self._ends = np.cumsum(lengths, dtype=np.uint32)
        self._lengths = lengths

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, i: int) -> bytes:
        end = int(self._ends[i])
        return self._run[end - int(self._lengths[i]) : end]

    def exactly(self, text: str) -> tuple[int, int]:
        """The range of the texts that equal `text`."""
        raw = text.encode()
        return self._border(raw), self._border(raw + b"\x00")

    def beginning(self, text: str) -> tuple[int, int]:
        """The range of the texts that begin with `text`."""
        raw = text.encode()
        return self._border(raw), self._border(raw + b"\xff")

    def _border(self, raw: bytes) -> int:
        return bisect_left(range(len(self)), raw, key=self.__getitem__)
