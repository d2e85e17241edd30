"""A FHIR R4 Bundle, or Parameters with one inside -> the engine's patient, with a list of what was set aside and why.

Nothing in a body makes it raise. A fact that is impossible, unconfirmed, of somebody else or dated after the day is
not used, and its entry is named in `faults` without its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar, assert_never

import matching
from app.fhir.conditions import read_allergy, read_condition
from app.fhir.elements import Entry, EntryFault, Json, UnusableError, mapping, reference_of, text_of
from app.fhir.observations import Observed, PregnancyStatus, StageGroup, read_observation
from app.fhir.person import Asked, Person, read_parameters, read_person
from app.fhir.treatments import read_immunization, read_medication, read_procedure
from matching import Condition, Observation, Patient, Treatment

Fact = Observed | Condition | Treatment
Told = TypeVar("Told", Condition, Observation, Treatment)

READERS: Mapping[str, Callable[[Entry], Iterator[Fact]]] = {
    "Condition": read_condition,
    "AllergyIntolerance": read_allergy,
    "Observation": read_observation,
    "MedicationStatement": read_medication,
    "MedicationUsage": read_medication,
    "MedicationRequest": read_medication,
    "MedicationAdministration": read_medication,
    "Procedure": read_procedure,
    "Immunization": read_immunization,
}
"""Resource type -> its reader. Other types (encounters, claims, plans, ...) hold no fact that a criterion asks for."""


@dataclass(frozen=True, slots=True)
class EntryRead:
    """What an entry became: `facts` of it were used; `understood`: at least one is in the vocabulary."""

    index: int
    resource: str
    facts: int
    understood: bool


@dataclass(frozen=True, slots=True)
class BundleReading:
    """A patient as a bundle tells of one. `deceased`: dead on the day; nobody should match such a patient."""

    patient: Patient
    read: tuple[EntryRead, ...] = ()
    faults: tuple[EntryFault, ...] = ()
    parameters: Asked = field(default_factory=Asked)
    deceased: bool = False


@dataclass(slots=True)
class _Facts:
    """What was found so far; conditions with the addresses by which others refer to them."""

    conditions: list[tuple[frozenset[str], bool, Condition]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    treatments: list[Treatment] = field(default_factory=list)
    stages: list[StageGroup] = field(default_factory=list)
    pregnant: set[bool] = field(default_factory=set)


def read_bundle(data: object, on: date) -> BundleReading:
    """The patient of a Bundle or of Parameters on a day. Anything else gives an empty patient and one fault."""
    body = mapping(data)
    if body.get("resourceType") not in ("Bundle", "Parameters"):
        fault = EntryFault(None, "resource", "/resourceType", "a Bundle, or Parameters with a Bundle, is expected")
        return BundleReading(Patient(), faults=(fault,))
    placed = list(_placed(body))
    known = {address: resource for _, url, resource in placed for address in _addresses(url, resource)}
    entries = [
        (Entry(index, at, resource, on, known), url) for index, (at, url, resource) in enumerate(placed) if resource
    ]
    faults = [
        EntryFault(index, "entry", at, "no resource") for index, (at, _, resource) in enumerate(placed) if not resource
    ]
    person, own = _the_patient(entries, faults)
    facts, read = _Facts(), []
    for entry, url in entries:
        reader = READERS.get(entry.type)
        if reader is not None:
            read.append(_read(entry, url, reader, own, facts))
        elif entry.type == "Bundle":
            entry.fault("", "a bundle within a bundle is not read")
        faults += entry.faults
    asked = read_parameters([entry for entry, _ in entries if entry.type == "Parameters"], body, faults)
    patient = _whole(person, asked, facts, faults)
    ordered = sorted(faults, key=lambda fault: (fault.index is None, fault.index or 0))
    return BundleReading(patient, tuple(read), tuple(ordered), asked, person.deceased)


def _placed(body: Json) -> Iterator[tuple[str, str | None, Json]]:
    """JSON pointer, full URL and resource of each entry; Parameters may hold bundles and single resources."""
    if body.get("resourceType") == "Bundle":
        yield from _entries(body, "")
        return
    parameters = body.get("parameter")
    for i, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
        resource = mapping(mapping(parameter).get("resource"))
        if resource.get("resourceType") == "Bundle":
            yield from _entries(resource, f"/parameter/{i}/resource")
        elif resource:
            yield f"/parameter/{i}/resource", None, resource


def _entries(bundle: Json, at: str) -> Iterator[tuple[str, str | None, Json]]:
    entries = bundle.get("entry")
    for i, entry in enumerate(entries if isinstance(entries, list) else ()):
        found = mapping(entry)
        yield f"{at}/entry/{i}/resource", text_of(found.get("fullUrl")), mapping(found.get("resource"))


def _addresses(url: str | None, resource: Json) -> Iterator[str]:
    """Every address by which another resource may refer to this one."""
    if url:
        yield url
    name, kind = text_of(resource.get("id")), text_of(resource.get("resourceType"))
    if name and kind:
        yield f"{kind}/{name}"
        yield f"urn:uuid:{name}"


def _the_patient(
    entries: list[tuple[Entry, str | None]], faults: list[EntryFault]
) -> tuple[Person, frozenset[str] | None]:
    """The patient and the addresses that mean this patient; None where any single subject will do."""
    people = [(entry, url) for entry, url in entries if entry.type == "Patient"]
    if not people:
        faults.append(EntryFault(None, "Bundle", "", "no Patient: age and sex stay unknown"))
        subjects = [subject for entry, _ in entries if entry.type in READERS and (subject := _subject(entry))]
        return Person(), frozenset(subjects[:1]) or None
    for entry, _ in people[1:]:
        entry.fault("", "a second Patient: only the first and the facts about the first are read")
    first, url = people[0]
    return read_person(first), frozenset(_addresses(url, first.data)) or None


def _subject(entry: Entry) -> str | None:
    return reference_of(entry.data.get("subject")) or reference_of(entry.data.get("patient"))


def _is_about(subject: str | None, own: frozenset[str] | None) -> bool:
    if subject is None or own is None:
        return True
    plain = subject.split("/_history/")[0]
    return plain in own or any(plain.endswith(f"/{address}") for address in own)


def _read(
    entry: Entry, url: str | None, reader: Callable[[Entry], Iterator[Fact]], own: frozenset[str] | None, facts: _Facts
) -> EntryRead:
    """Reads one entry into `facts`."""
    try:
        found = list(reader(entry))
    except UnusableError as error:
        entry.fault(error.element, error.message, error.severity)
        found = []
    if found and not _is_about(_subject(entry), own):
        entry.fault("subject", "about another patient than the bundle's, so not used")
        found = []
    addresses = frozenset(_addresses(url, entry.data))
    primary = "primary-cancer-condition" in entry.profiles
    for fact in found:
        match fact:
            case Condition():
                facts.conditions.append((addresses, primary, fact))
            case Observation():
                facts.observations.append(fact)
            case Treatment():
                facts.treatments.append(fact)
            case StageGroup():
                facts.stages.append(fact)
            case PregnancyStatus():
                facts.pregnant.add(fact.pregnant)
            case _:
                assert_never(fact)
    understood = any(_understood(fact) for fact in found)
    if found and not understood:
        entry.fault("", "kept in its own words: neither a code nor a name of it is on file", "information")
    return EntryRead(entry.index, entry.type, len(found), understood)


def _understood(fact: Fact) -> bool:
    """Whether the engine knows what the fact is about."""
    match fact:
        case Observation():
            return fact.name == "smoking status" or matching.analyte_of(fact.name, fact.loinc) is not None
        case Condition() | Treatment():
            coded = any(matching.coded_concept(code.system, code.code) for code in fact.codes)
            return coded or matching.whole_concept(fact.text) is not None or bool(matching.concepts_within(fact.text))
        case StageGroup() | PregnancyStatus():
            return True
        case _:
            assert_never(fact)


def _whole(person: Person, asked: Asked, facts: _Facts, faults: list[EntryFault]) -> Patient:
    """The patient with all facts, each once."""
    pregnant = next(iter(facts.pregnant)) if len(facts.pregnant) == 1 else None
    if len(facts.pregnant) == 2:
        faults.append(EntryFault(None, "Observation", "", "pregnancy statuses contradict each other: left unknown"))
    location = person.location
    if asked.postal_code and (location is None or location.postal_code != asked.postal_code):
        location = matching.Location(postal_code=asked.postal_code, country="US")
    return Patient(
        birth_date=person.birth_date,
        sex=person.sex,
        pregnant=pregnant,
        location=location,
        conditions=_once(_staged(facts)),
        observations=_once(facts.observations),
        treatments=_once(facts.treatments),
    )


def _staged(facts: _Facts) -> Iterator[Condition]:
    """The conditions, each cancer with its newest stage; stages of one day that differ leave it unsaid."""
    primaries = [addresses for addresses, primary, _ in facts.conditions if primary]
    for addresses, primary, condition in facts.conditions:
        alone = primary and len(primaries) == 1
        own = [s for s in facts.stages if addresses.intersection(s.focus) or (alone and not s.focus)]
        if not own:
            yield condition
            continue
        newest = max(_earliest(s) for s in own)
        said = {s.qualifiers for s in own if _earliest(s) == newest}
        others = tuple(q for q in condition.qualifiers if not q.startswith("stage "))
        yield replace(condition, qualifiers=others + (said.pop() if len(said) == 1 else ()))


def _earliest(stage: StageGroup) -> date:
    return stage.on.earliest if stage.on else date.min


def _once(facts: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(dict.fromkeys(facts))
