"""Chooses the sample trials: `python -m app.samples.choose RECORDS.jsonl.gz`, where each line is an API v2 study.

The choice depends on the records alone. Each rule below names a kind of record that a reader, a matcher or a page can
get wrong, and how many of it to take, in the order of a hash of their ids; then recruiting trials fill up
to COUNT. Persons to contact, results, documents and the registry's browse lists are taken out; a record whose free text
holds an e-mail address is not taken.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from app.samples import TRIALS

COUNT = 300

HEAVIEST = 60_000
"""Bytes of a record, but for those chosen for having many sites."""

Study = dict[str, Any]

EMAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}\.[A-Za-z]")
DROPPED_SECTIONS = ("resultsSection", "documentSection", "annotationSection")
DROPPED_LISTS = ("browseLeaves", "browseBranches")


def module(study: Study, name: str) -> dict[str, Any]:
    """A module of the protocol section."""
    found: dict[str, Any] = study["protocolSection"].get(name, {})
    return found


def nct_id(study: Study) -> str:
    """The record's id."""
    return str(module(study, "identificationModule")["nctId"])


def sites(study: Study) -> list[dict[str, Any]]:
    """The record's locations."""
    found: list[dict[str, Any]] = module(study, "contactsLocationsModule").get("locations", [])
    return found


def criteria(study: Study) -> str:
    """The eligibility text."""
    return str(module(study, "eligibilityModule").get("eligibilityCriteria", ""))


def about(*words: str) -> Callable[[Study], bool]:
    """A rule: recruiting, and one of the words is in a condition."""

    def holds(study: Study) -> bool:
        named = " ".join(module(study, "conditionsModule").get("conditions", [])).casefold()
        recruiting = module(study, "statusModule").get("overallStatus") in ("RECRUITING", "NOT_YET_RECRUITING")
        return recruiting and any(word in named for word in words)

    return holds


def has_age_in(unit: str) -> Callable[[Study], bool]:
    """A rule: an age limit is in this unit."""
    return lambda study: any(
        unit in module(study, "eligibilityModule").get(key, "") for key in ("minimumAge", "maximumAge")
    )


def years(study: Study, key: str) -> float | None:
    """An age limit in years, where it is in years."""
    text = str(module(study, "eligibilityModule").get(key, ""))
    return float(text.split()[0]) if text.endswith(("Years", "Year")) else None


def mesh_ids(study: Study) -> list[str]:
    """The ids of the MeSH terms of the record's conditions."""
    browse = study.get("derivedSection", {}).get("conditionBrowseModule", {})
    return [row["id"] for row in browse.get("meshes", [])]


is_cancer = about("cancer", "carcinoma", "leukemia", "lymphoma", "melanoma", "tumor", "neoplasm", "myeloma")

RULES: tuple[tuple[str, int, Callable[[Study], bool]], ...] = (
    ("type 1 diabetes", 12, about("type 1 diabetes", "diabetes mellitus, type 1", "type1")),
    ("other diabetes", 10, about("diabet")),
    ("breast cancer", 12, about("breast")),
    ("lung cancer", 8, about("lung")),
    ("other cancers", 12, is_cancer),
    ("asthma and lungs", 6, about("asthma", "copd", "pulmonary", "cystic fibrosis")),
    ("heart and vessels", 8, about("heart", "hypertension", "atrial", "stroke", "coronary")),
    ("mind", 8, about("depress", "schizo", "anxiety", "autism", "adhd", "bipolar")),
    ("nerves", 8, about("epilep", "parkinson", "alzheimer", "multiple sclerosis", "migraine")),
    ("infection", 8, about("hiv", "hepatitis", "covid", "tubercul", "malaria", "infection")),
    ("pregnancy", 6, about("pregnan", "preterm", "preeclampsia")),
    ("children only", 12, lambda s: (years(s, "maximumAge") or 99) < 18),
    ("older people only", 5, lambda s: (years(s, "minimumAge") or 0) >= 60),
    ("ages in months", 4, has_age_in("Month")),
    ("ages in days", 3, has_age_in("Day")),
    ("no age", 4, lambda s: not {"minimumAge", "maximumAge"} & module(s, "eligibilityModule").keys()),
    ("healthy volunteers", 12, lambda s: module(s, "eligibilityModule").get("healthyVolunteers") is True),
    ("women only", 5, lambda s: module(s, "eligibilityModule").get("sex") == "FEMALE"),
    ("men only", 5, lambda s: module(s, "eligibilityModule").get("sex") == "MALE"),
    ("by gender", 2, lambda s: module(s, "eligibilityModule").get("genderBased") is True),
    ("observational", 12, lambda s: module(s, "designModule").get("studyType") == "OBSERVATIONAL"),
    ("no section headings", 6, lambda s: "nclusion" not in criteria(s) and "NCLUSION" not in criteria(s)),
    ("criteria on one line", 4, lambda s: criteria(s) != "" and "\n" not in criteria(s)),
    ("cohorts", 4, lambda s: "cohort" in criteria(s).casefold()),
    ("nested bullets", 4, lambda s: "\n   * " in criteria(s)),
    ("no sites", 4, lambda s: not sites(s)),
    ("sites without coordinates", 4, lambda s: any("geoPoint" not in site for site in sites(s))),
    ("sites without status", 4, lambda s: any("status" not in site for site in sites(s))),
    ("sites listed twice", 2, lambda s: "locations_nested" in module(s, "contactsLocationsModule")),
    ("ten countries or more", 4, lambda s: len({site.get("country") for site in sites(s)}) >= 10),
    ("zero-padded MeSH ids", 4, lambda s: any(len(i) == 10 and i < "D000066388" for i in mesh_ids(s))),
    ("long MeSH ids", 3, lambda s: any(len(i) == 10 and i >= "D000066388" for i in mesh_ids(s))),
    ("no MeSH terms", 4, lambda s: not mesh_ids(s)),
    ("former ids", 2, lambda s: "nctIdAliases" in module(s, "identificationModule")),
    ("ids of other registries", 3, lambda s: "secondaryIdInfos" in module(s, "identificationModule")),
    ("with results", 4, lambda s: s.get("hasResults") is True),
    ("stopped", 4, lambda s: "whyStopped" in module(s, "statusModule")),
    ("month as a date", 2, lambda s: len(module(s, "statusModule").get("startDateStruct", {}).get("date", "")) == 7),
)

EACH_VALUE: tuple[tuple[str, int, Callable[[Study], list[str]]], ...] = (
    ("status", 5, lambda s: [module(s, "statusModule").get("overallStatus", "")]),
    ("phase", 5, lambda s: module(s, "designModule").get("phases", [])),
    (
        "intervention",
        4,
        lambda s: [
            row["type"] for row in module(s, "armsInterventionsModule").get("interventions", []) if "type" in row
        ],
    ),
    ("country", 1, lambda s: sorted({site["country"] for site in sites(s) if "country" in site})),
    ("purpose", 2, lambda s: [module(s, "designModule").get("designInfo", {}).get("primaryPurpose", "")]),
)
"""For each value that the records hold, so many records."""

MOST_SITES = 2
"""So many of the records with the most sites."""


def chosen(studies: list[Study]) -> list[Study]:
    """The chosen records, cleaned, in the order of their ids."""
    cleaned = [cleaned_study(study) for study in studies]
    clean = [study for study in cleaned if EMAIL.search(orjson.dumps(study)) is None]
    by_hash = sorted(clean, key=lambda study: hashlib.sha256(nct_id(study).encode()).digest())
    light = [study for study in by_hash if len(orjson.dumps(study)) <= HEAVIEST]
    taken = {nct_id(study): study for study in sorted(by_hash, key=lambda s: -len(sites(s)))[:MOST_SITES]}
    for wanted, holds in _rules(light):
        have = sum(1 for study in taken.values() if holds(study))
        for study in light:
            if have >= wanted:
                break
            if nct_id(study) not in taken and holds(study):
                taken[nct_id(study)] = study
                have += 1
    recruiting = [study for study in light if module(study, "statusModule").get("overallStatus") == "RECRUITING"]
    # Cancers are far more frequent than other diseases among the records; the rest of the places are for the others.
    for study in sorted(recruiting, key=is_cancer):
        if len(taken) >= COUNT:
            break
        taken.setdefault(nct_id(study), study)
    return [taken[name] for name in sorted(taken)]


def _rules(studies: list[Study]) -> Iterator[tuple[int, Callable[[Study], bool]]]:
    for _, wanted, holds in RULES:
        yield wanted, holds
    for _, wanted, values in EACH_VALUE:
        for value in sorted({value for study in studies for value in values(study)}):
            yield wanted, lambda study, values=values, value=value: value in values(study)  # type: ignore[misc]


def cleaned_study(study: Study) -> Study:
    """The record without what DROPPED names and without persons to contact."""
    kept = {key: value for key, value in study.items() if key not in DROPPED_SECTIONS}
    protocol = dict(kept["protocolSection"])
    contacts = dict(protocol.get("contactsLocationsModule", {}))
    contacts.pop("centralContacts", None)
    for key in ("locations", "locations_nested"):
        if key in contacts:
            contacts[key] = [{k: v for k, v in site.items() if k != "contacts"} for site in contacts[key]]
    if contacts:
        protocol["contactsLocationsModule"] = contacts
    kept["protocolSection"] = protocol
    if "derivedSection" in kept:
        kept["derivedSection"] = {
            name: {key: value for key, value in part.items() if key not in DROPPED_LISTS}
            for name, part in kept["derivedSection"].items()
        }
    return kept


def main() -> None:
    """Writes the samples; says how many and how large."""
    with gzip.open(sys.argv[1]) as lines:
        studies = chosen([orjson.loads(line) for line in lines])
    packed = gzip.compress(b"".join(orjson.dumps(study) + b"\n" for study in studies), 9, mtime=0)
    Path(TRIALS[0]).write_bytes(packed)
    sys.stdout.write(f"{len(studies)} trials, {len(packed)} bytes\n")


if __name__ == "__main__":
    main()
