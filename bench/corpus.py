"""A registry of any size for measurements, made by repeating real records with what varies between trials changed.

`python -m bench.corpus --trials N --out FILE.ndjson.gz [--records FILE ...]`. The same records, count and seed give the
same trials anywhere. Every repetition has an id of its own above the registry's present ones, places of other records,
dates moved as a whole, a status drawn with the registry's shares, and one of a few variants of its numbers: a loader that
parses equal texts once has no more than records x variants to parse.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson

from app import samples
from bench.numbers import Change, varied_age, varied_text

Json = dict[str, Any]

FIRST_ID = 10_000_000
"""The registry has not come so far: no id of a real trial is given to another."""

ID_STEP = 89

MOST = (100_000_000 - FIRST_ID) // ID_STEP

RARE_SHARE = 10
RARE_ROUNDS = 40
"""One record in so many stands for rare diseases: after the first round it comes only once in RARE_ROUNDS."""

STATUSES = {
    "COMPLETED": 540, "UNKNOWN": 140, "RECRUITING": 115, "TERMINATED": 57, "NOT_YET_RECRUITING": 45,
    "ACTIVE_NOT_RECRUITING": 38, "WITHDRAWN": 28, "ENROLLING_BY_INVITATION": 8, "SUSPENDED": 3,
}  # fmt: skip
"""About the shares of the registry, in thousandths (2026)."""

OPEN = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION")

MOST_SITES = (1, 1, 1, 2, 3, 5, 10, 100)
"""A repetition keeps at most one of these numbers of its record's sites: the records have more than the registry's mean,
which is about six."""

LATEST = date(2026, 11, 20)
"""No trial was updated later."""


def replicate(
    records: Sequence[Json], count: int, *, variants: int = 8, seed: int = 7, open_only: bool = False
) -> Iterator[Json]:
    """`count` trials by ascending id, one at a time; equal arguments give equal trials.

    What does not vary is shared between the trials: change none of them.

    Args:
        records: whole API v2 studies, in an order that stays.
        count: how many, at most MOST.
        variants: texts that a record's criteria come in; the first is as published.
        seed: another one gives other places, dates and statuses.
        open_only: only trials that recruit, will, or do by invitation, as large as the open part of a registry.

    Raises:
        ValueError: no records, or too many trials for eight digits.
    """
    if not records or count > MOST:
        raise ValueError(f"needs records, and at most {MOST} trials")
    places = _Places(records)
    statuses = {name: share for name, share in STATUSES.items() if not open_only or name in OPEN}
    texts: dict[tuple[int, int], Json] = {}
    order = _order(len(records))
    for number in range(count):
        at, round_ = next(order)
        random = Random(seed << 32 | number)
        variant = round_ % variants
        protocol: Json = dict(records[at]["protocolSection"])
        if (at, variant) not in texts:
            texts[at, variant] = _varied_eligibility(protocol.get("eligibilityModule", {}), at, variant)
        protocol["eligibilityModule"] = texts[at, variant]
        protocol["identificationModule"] = {
            **{k: v for k, v in protocol["identificationModule"].items() if k != "nctIdAliases"},
            "nctId": f"NCT{FIRST_ID + number * ID_STEP + random.randrange(ID_STEP):08d}",
        }
        status = random.choices(tuple(statuses), tuple(statuses.values()))[0]
        protocol["statusModule"] = _moved(protocol["statusModule"], status, random)
        if sites := protocol.get("contactsLocationsModule", {}).get("locations"):
            protocol["contactsLocationsModule"] = {"locations": places.drawn(sites, status, random)}
        yield {
            "protocolSection": protocol,
            "derivedSection": records[at].get("derivedSection", {}),
            "hasResults": records[at].get("hasResults", False),
        }


def _order(size: int) -> Iterator[tuple[int, int]]:
    """Which record comes next, and how often it came before."""
    came = [0] * size
    round_ = 0
    while True:
        for at in range(size):
            if round_ and at % RARE_SHARE == RARE_SHARE - 1 and (round_ + at) % RARE_ROUNDS:
                continue
            yield at, came[at]
            came[at] += 1
        round_ += 1


def _varied_eligibility(module: Json, at: int, variant: int) -> Json:
    if not variant:
        return module
    change = Change.drawn(Random(at << 8 | variant))
    varied = dict(module)
    for name in ("minimumAge", "maximumAge"):
        if name in module:
            varied[name] = varied_age(module[name], change)
    if "eligibilityCriteria" in module:
        varied["eligibilityCriteria"] = varied_text(module["eligibilityCriteria"], change)
    return varied


def _moved(module: Json, status: str, random: Random) -> Json:
    """The dates moved by one number of days, so that open trials are fresh and closed ones lie up to 15 years back."""
    back = random.randrange(700 if status in OPEN else 5500)
    updated = _day(module.get("lastUpdatePostDateStruct", {}).get("date")) or LATEST
    delta = LATEST - timedelta(days=back) - updated
    moved: Json = {**module, "overallStatus": status}
    moved.pop("lastKnownStatus", None)
    for name, value in module.items():
        if isinstance(value, dict) and "date" in value:
            moved[name] = {**value, "date": _shifted(value["date"], delta)}
        elif name.endswith("Date") and isinstance(value, str):
            moved[name] = _shifted(value, delta)
    return moved


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01") if text else None


def _shifted(text: str, delta: timedelta) -> str:
    day = _day(text)
    return (day + delta).isoformat()[: len(text)] if day else text


class _Places:
    """The places of all records by country. A trial's countries are exchanged as a whole, so that its sites stay near."""

    def __init__(self, records: Sequence[Json]) -> None:
        self._in: dict[str, list[Json]] = {}
        for record in records:
            for site in record["protocolSection"].get("contactsLocationsModule", {}).get("locations", ()):
                place = {name: site[name] for name in ("city", "state", "zip", "country", "geoPoint") if name in site}
                if "country" in place and "city" in place:
                    self._in.setdefault(place["country"], []).append(place)
        self._countries = sorted(self._in)
        self._weights = [len(self._in[name]) for name in self._countries]

    def drawn(self, sites: Sequence[Json], status: str, random: Random) -> list[Json]:
        """The sites at other places; only of an open trial do sites tell a status of their own, as in the registry."""
        pools: dict[str | None, list[Json]] = {}
        found = []
        for site in sites[: random.choice(MOST_SITES)]:
            country = site.get("country")
            pool = pools.get(country)
            if pool is None:
                pool = pools[country] = self._in[random.choices(self._countries, self._weights)[0]]
            drawn: Json = {"facility": site["facility"]} if "facility" in site else {}
            if status in OPEN and "status" in site:
                drawn["status"] = status if site["status"] in OPEN else site["status"]
            drawn.update(pool[int(random.random() * len(pool))])
            found.append(drawn)
        return found


def read_records(files: Iterable[Path]) -> list[Json]:
    """The studies of NDJSON files, packed or not, in their order, without results."""
    found = []
    for file in files:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                record.pop("resultsSection", None)
                found.append(record)
    return found


def base_records(more: Iterable[Path] = ()) -> list[Json]:
    """The shipped trials and those of more files; a trial that stands in several comes once, as it stands first."""
    found: dict[str, Json] = {}
    for record in read_records((samples.TRIALS[0], *more)):
        found.setdefault(record["protocolSection"]["identificationModule"]["nctId"], record)
    return list(found.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes a corpus as packed NDJSON."""
    parser = argparse.ArgumentParser("python -m bench.corpus", description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--records", type=Path, nargs="*", default=[], help="files of more API v2 studies, one a line")
    parser.add_argument("--variants", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--open-only", action="store_true", help="only trials that recruit or will")
    sent = parser.parse_args(arguments)
    trials = replicate(
        base_records(sent.records), sent.trials, variants=sent.variants, seed=sent.seed, open_only=sent.open_only
    )
    # No file name and no time in the packing: equal corpora are equal files.
    with sent.out.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as out:
        for trial in trials:
            out.write(orjson.dumps(trial, option=orjson.OPT_APPEND_NEWLINE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
