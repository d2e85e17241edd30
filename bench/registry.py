"""A registry's arrays built in memory from a made corpus, without a database: each distinct record and text is read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson

import matching
from app.ingest.study import read_study
from app.store.convert import summary_document, summary_from_bytes, trial_to_json
from app.store.places import gazetteer
from matching import EligibilityFields, PartialDate, Registry, Site, StoredTrial, TrialSummary

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What all repetitions of one record with one text have in common."""

    summary: TrialSummary
    eligibility: EligibilityFields
    parsed: Json
    module: Json


def stored_trials(studies: Iterable[Json]) -> Iterator[StoredTrial]:
    """The studies of `bench.corpus.replicate` as a store would hand them over."""
    kinds: dict[tuple[int, str], Kind] = {}
    sites: dict[tuple[object, ...], Site] = {}
    for study in studies:
        kind = _kind(study, kinds)
        protocol = study["protocolSection"]
        status = protocol["statusModule"]
        updated = status.get("lastUpdatePostDateStruct", {}).get("date")
        there = tuple(_site(s, sites) for s in protocol.get("contactsLocationsModule", {}).get("locations", ()))
        yield StoredTrial(
            replace(
                kind.summary,
                nct_id=protocol["identificationModule"]["nctId"],
                overall_status=status["overallStatus"],
                last_update=_day(updated) if updated else None,
                sites=there,
                countries=tuple(dict.fromkeys(site.country for site in there if site.country)),
            ),
            kind.parsed,
        )


def registry_of(studies: Iterable[Json]) -> Registry:
    """Their arrays."""
    return matching.build_registry(stored_trials(studies), "made", locate=gazetteer().point)


def _kind(study: Json, kinds: dict[tuple[int, str], Kind]) -> Kind:
    protocol = study["protocolSection"]
    module = protocol.get("eligibilityModule", {})
    # The corpus shares these objects between the repetitions of a record; `module` is kept, so that no id is given again.
    key = (id(module), protocol["identificationModule"].get("briefTitle", ""))
    kind = kinds.get(key)
    if kind is None:
        trial = read_study(study).trial
        summary = summary_document(trial_to_json(trial), matching.trial_condition_ids(trial))
        parsed = matching.parsed_to_json(matching.parse_trial_eligibility(trial.eligibility))
        kind = Kind(summary_from_bytes(orjson.dumps(summary)), trial.eligibility, parsed, module)
        kinds[key] = kind
    return kind


def _site(row: Json, known: dict[tuple[object, ...], Site]) -> Site:
    point = row.get("geoPoint", {})
    told = tuple(row.get(name) for name in ("facility", "status", "city", "state", "zip", "country"))
    key = (*told, point.get("lat"), point.get("lon"))
    site = known.get(key)
    if site is None:
        if len(known) > 200_000:
            known.clear()
        site = known[key] = Site(*key)  # type: ignore[arg-type]  # texts, then degrees
    return site


def _day(text: str) -> PartialDate:
    day = date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    return PartialDate(day.year, day.month, day.day if len(text) > 7 else None)
