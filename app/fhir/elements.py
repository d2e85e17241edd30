"""FHIR's data types out of JSON that may be anything: what is not of the right form is not there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from matching import Code, PartialDate

SYSTEMS = {
    "http://snomed.info/sct": "snomed",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "http://hl7.org/fhir/sid/icd-10": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.90": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://loinc.org": "loinc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl": "ncit",
    "http://ncimeta.nci.nih.gov": "ncit",
    "https://www.nlm.nih.gov/mesh": "mesh",
    "http://www.nlm.nih.gov/mesh": "mesh",
    "http://purl.obolibrary.org/obo/mondo.owl": "mondo",
}
"""FHIR's names of code systems -> ours."""

TYPES = frozenset(
    "AllergyIntolerance Appointment Binary Bundle CarePlan CareTeam Claim ClinicalImpression Communication Composition "
    "Condition Consent Coverage Device DeviceRequest DeviceUseStatement DiagnosticReport DocumentReference Encounter "
    "EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Goal Group ImagingStudy Immunization List Location Media "
    "Medication MedicationAdministration MedicationDispense MedicationRequest MedicationStatement MedicationUsage "
    "MolecularSequence NutritionOrder Observation OperationOutcome Organization Parameters Patient Person Practitioner "
    "PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson ResearchStudy "
    "ResearchSubject RiskAssessment ServiceRequest Specimen Task".split()
)
"""Resource types that may be named in a fault: any other word may be a patient's own."""

MAX_TEXT = 500
_TAG = re.compile(
    r"\s*\((?:disorder|finding|situation|procedure|regime/therapy|event|morphologic abnormality|morphology|product"
    r"|substance|qualifier value|observable entity|clinical drug|medicinal product|tumor staging|physical object"
    r"|person|body structure)\)\s*\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r"(\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:T\d{2}:.{0,40})?\Z")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntryFault:
    """Something in an entry that was set aside, without its value. `index` is the entry's place, from 0.

    `pointer` is a JSON pointer into the body. `index` None: it is about the whole. `severity` is information where
    nothing is wrong with the entry, and warning where something in it could not be used.
    """

    index: int | None
    resource: str
    pointer: str
    message: str
    severity: Literal["information", "warning"] = "warning"


@dataclass(eq=False)
class UnusableError(Exception):
    """A resource that says nothing that may be used; `element` is the one that is at fault."""

    element: str
    message: str
    severity: Literal["information", "warning"] = "warning"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code with its system as FHIR names it; `ours` is the code where the system is one of ours."""

    system: str
    code: str
    display: str | None
    ours: Code | None


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept; `text` is the first of its text and displays, without SNOMED's tag."""

    text: str | None
    codings: tuple[Coding, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes of systems that we know."""
        return tuple(coding.ours for coding in self.codings if coding.ours is not None)

    def has(self, *wanted: str) -> bool:
        """Whether one of the codings is one of these codes, whatever its system."""
        return any(coding.code in wanted for coding in self.codings)

    @property
    def words(self) -> tuple[str, ...]:
        """Text, displays and codes: all that may say what is meant."""
        shown = (word for coding in self.codings for word in (coding.display, coding.code))
        return tuple(word for word in (self.text, *shown) if word)


NOTHING = Concept(None, ())


@dataclass(slots=True)
class Entry:
    """One resource of a bundle, where it stands, and the faults that are found in it.

    `at` is its JSON pointer; `found` resolves a reference within the bundle.
    """

    index: int
    at: str
    data: Json
    on: date
    found: Mapping[str, Json] = field(default_factory=dict)
    faults: list[EntryFault] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The resource type, where it is one."""
        name = self.data.get("resourceType")
        return name if isinstance(name, str) and name in TYPES else "resource"

    @property
    def profiles(self) -> str:
        """The names of its profiles, in one text."""
        named = mapping(self.data.get("meta")).get("profile")
        return " ".join(each for each in named if isinstance(each, str)) if isinstance(named, list) else ""

    def fault(self, element: str, message: str, severity: Literal["information", "warning"] = "warning") -> None:
        """Notes what was set aside."""
        at = f"{self.at}/{element}" if element else self.at
        self.faults.append(EntryFault(self.index, self.type, at, message, severity))

    def day(self, *elements: str) -> PartialDate | None:
        """The first of the named dates that is given.

        Raises UnusableError for one that is impossible or lies after the day: such a fact is not a fact.
        """
        for element in elements:
            value: Any = self.data
            for part in element.split("/"):
                value = mapping(value).get(part)
            if value is None:
                continue
            day = day_of(value)
            if day is None:
                raise UnusableError(element, "not a possible date, so the fact was not used")
            if day.earliest > self.on:
                raise UnusableError(element, "dated after the day of the match, so the fact was not used")
            return day
        return None

    def end(self, *elements: str) -> PartialDate | None:
        """As `day`, but an end that lies ahead is no end yet."""
        try:
            return self.day(*elements)
        except UnusableError as error:
            if "after" in error.message:
                return None
            raise

    def concept(self, element: str) -> Concept:
        """A CodeableConcept of the resource."""
        return concept_of(self.data.get(element))

    def status(self, element: str = "status") -> str:
        """A plain status in lower case; empty when not given."""
        value = self.data.get(element)
        return value.strip().lower() if isinstance(value, str) else ""


def mapping(value: object) -> Json:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> Iterator[Json]:
    """The objects of a list; a single object counts as a list of it."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def text_of(value: object) -> str | None:
    """A text of some length without odd white space, cut at 500 characters; None for anything else."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.replace("\u200b", "").split())[:MAX_TEXT]
    return text or None


def number_of(value: object) -> float | None:
    """A finite number; None for anything else, also for true and false."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def day_of(value: object) -> PartialDate | None:
    """A date or the date of a dateTime, as written there and then; None where it is no possible date."""
    found = _DATE.match(value) if isinstance(value, str) and len(value) < 60 else None
    if found is None:
        return None
    try:
        return PartialDate.parse(found[1])
    except ValueError:
        return None


def untagged(text: str) -> str:
    """A SNOMED term without its tag: "Stroke (disorder)" is "Stroke"."""
    return _TAG.sub("", text) or text


def concept_of(value: object) -> Concept:
    """A CodeableConcept, or one of R5's CodeableReferences; empty where there is none."""
    data = mapping(value)
    if "concept" in data:
        data = mapping(data["concept"])
    codings = tuple(_coding(each) for each in listed(data.get("coding")))
    if not codings and isinstance(data.get("code"), str):
        codings = (_coding(data),)
    text = text_of(data.get("text")) or next((c.display for c in codings if c.display), None)
    return Concept(untagged(text) if text else None, tuple(c for c in codings if c.code or c.display))


def _coding(data: Json) -> Coding:
    system = text_of(data.get("system")) or ""
    code = text_of(data.get("code")) or ""
    ours = SYSTEMS.get(system.rstrip("/"), "")
    display = text_of(data.get("display"))
    known = Code(ours, code) if ours and code and len(code) <= 40 else None
    return Coding(system, code, untagged(display) if display else None, known)


def extensions(data: Json, name: str) -> Iterator[Json]:
    """The extensions whose address ends in `name`."""
    for each in listed(data.get("extension")):
        url = each.get("url")
        if isinstance(url, str) and url.rstrip("/").endswith(name):
            yield each


def reference_of(value: object) -> str | None:
    """The address in a Reference."""
    return text_of(mapping(value).get("reference"))
