"""The normalized trial. Absent stays absent: None or an empty tuple, never an empty string, never a default.

Enum values keep the spelling of ClinicalTrials.gov API v2.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from matching.model.criterion import ParsedCriteria
from matching.model.patient import PartialDate

AGE_UNITS = {"Year": "a", "Month": "mo", "Week": "wk", "Day": "d", "Hour": "h", "Minute": "min"}
"""The registry's words for units of age, singular, and their UCUM codes."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """Another id of the trial; `type` and `source` (the registry's domain) as published."""

    value: str
    type: str | None = None
    source: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class TrialDate:
    """A date with its precision; `type` is ACTUAL, ESTIMATED or None."""

    on: PartialDate
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Sponsor:
    """A lead sponsor or a collaborator; `sponsor_class` NIH, INDUSTRY, OTHER, ... (JSON: `class`)."""

    name: str
    sponsor_class: str | None = None


@dataclass(frozen=True, slots=True)
class ResponsibleParty:
    """Who answers for the record."""

    type: str | None = None
    name: str | None = None
    title: str | None = None
    affiliation: str | None = None


@dataclass(frozen=True, slots=True)
class Official:
    """An overall official; `role` PRINCIPAL_INVESTIGATOR, STUDY_DIRECTOR, STUDY_CHAIR, ..."""

    name: str
    role: str | None = None
    affiliation: str | None = None


@dataclass(frozen=True, slots=True)
class Oversight:
    """Committees and regulators; None where not said."""

    has_dmc: bool | None = None
    fda_regulated_drug: bool | None = None
    fda_regulated_device: bool | None = None
    unapproved_device: bool | None = None
    us_export: bool | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """Study type and how it is run."""

    study_type: str | None = None
    phases: tuple[str, ...] = ()
    allocation: str | None = None
    intervention_model: str | None = None
    intervention_model_description: str | None = None
    primary_purpose: str | None = None
    masking: str | None = None
    masking_description: str | None = None
    who_masked: tuple[str, ...] = ()
    observational_model: str | None = None
    time_perspective: str | None = None
    patient_registry: bool | None = None
    target_duration: str | None = None
    biospecimen_retention: str | None = None
    biospecimen_description: str | None = None
    enrollment_count: int | None = None
    enrollment_type: str | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """A study group; `interventions` are names of Intervention rows, as "Drug: name" is resolved to the name."""

    label: str
    type: str | None = None
    description: str | None = None
    interventions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intervention:
    """What is tested; `type` DRUG, DEVICE, BIOLOGICAL, PROCEDURE, ..."""

    name: str
    type: str | None = None
    description: str | None = None
    other_names: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome measure; `rank` is primary, secondary or other."""

    rank: str
    measure: str
    description: str | None = None
    time_frame: str | None = None


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """An age as the registry gives it: a number and a UCUM unit of time (a, mo, wk, d, h, min)."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class EligibilityFields:
    """The registry's eligibility module. `sex` FEMALE, MALE or ALL."""

    text: str | None = None
    sex: str | None = None
    gender_based: bool | None = None
    gender_description: str | None = None
    minimum_age: AgeLimit | None = None
    maximum_age: AgeLimit | None = None
    healthy_volunteers: bool | None = None
    standard_ages: tuple[str, ...] = ()
    study_population: str | None = None
    sampling_method: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or desk to ask, as published."""

    name: str | None = None
    role: str | None = None
    phone: str | None = None
    phone_extension: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place where the trial runs; degrees WGS 84; `status` None where the registry gives none."""

    facility: str | None = None
    status: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A publication or a link; `type` BACKGROUND, RESULT, DERIVED or LINK."""

    citation: str | None = None
    pmid: str | None = None
    type: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class IpdSharing:
    """Sharing of individual participants' data."""

    sharing: str | None = None
    description: str | None = None
    info_types: tuple[str, ...] = ()
    time_frame: str | None = None
    access_criteria: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class MeshTerm:
    """A MeSH concept; `id` in its genuine spelling (zero padding removed)."""

    id: str
    term: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record came from: `source` names a reader (clinicaltrials_gov, medpath_page, ...).

    `fields` names, per field, the source it was taken from where more than one source was merged.
    """

    source: str
    record_version: str | None = None
    fetched_at: datetime | None = None
    url: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial, normalized. `related` are ids that a page names as related."""

    nct_id: str
    provenance: tuple[Provenance, ...] = ()
    aliases: tuple[str, ...] = ()
    org_study_id: Identifier | None = None
    other_identifiers: tuple[Identifier, ...] = ()
    brief_title: str | None = None
    official_title: str | None = None
    acronym: str | None = None
    organization: Sponsor | None = None
    overall_status: str | None = None
    last_known_status: str | None = None
    why_stopped: str | None = None
    status_verified: PartialDate | None = None
    start: TrialDate | None = None
    primary_completion: TrialDate | None = None
    completion: TrialDate | None = None
    first_submitted: TrialDate | None = None
    first_posted: TrialDate | None = None
    results_first_posted: TrialDate | None = None
    last_update: TrialDate | None = None
    has_results: bool | None = None
    expanded_access: bool | None = None
    sponsor: Sponsor | None = None
    collaborators: tuple[Sponsor, ...] = ()
    responsible_party: ResponsibleParty | None = None
    officials: tuple[Official, ...] = ()
    oversight: Oversight | None = None
    brief_summary: str | None = None
    detailed_description: str | None = None
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    design: Design = field(default_factory=Design)
    arms: tuple[Arm, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    eligibility: EligibilityFields = field(default_factory=EligibilityFields)
    sites: tuple[Site, ...] = ()
    countries: tuple[str, ...] = ()
    central_contacts: tuple[Contact, ...] = ()
    references: tuple[Reference, ...] = ()
    ipd_sharing: IpdSharing | None = None
    condition_mesh: tuple[MeshTerm, ...] = ()
    condition_ancestors: tuple[MeshTerm, ...] = ()
    intervention_mesh: tuple[MeshTerm, ...] = ()
    intervention_ancestors: tuple[MeshTerm, ...] = ()
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """What ranking needs of a trial, without its long texts."""

    nct_id: str
    brief_title: str
    overall_status: str | None
    phases: tuple[str, ...]
    study_type: str | None
    conditions: tuple[str, ...]
    keywords: tuple[str, ...]
    condition_ids: tuple[str, ...]
    intervention_types: tuple[str, ...]
    countries: tuple[str, ...]
    last_update: PartialDate | None
    eligibility: EligibilityFields
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class ReadableTrial:
    """A stored trial as the engine reads it: its summary and its parsed criteria (ids without the trial's prefix).

    `kept` holds what the engine has worked out of the trial alone, for as long as somebody keeps the trial.
    """

    summary: TrialSummary
    parsed: ParsedCriteria
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
