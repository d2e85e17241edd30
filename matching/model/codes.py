"""Closed lists of words: verdicts, reasons, roles, and the registry's own values."""

from enum import StrEnum


class Role(StrEnum):
    """Which list a criterion stands in. Applied in one place, at the end (judging/eligibility.py)."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class Verdict(StrEnum):
    """What a criterion says of a patient, in the labels of the field."""

    INCLUDED = "included"
    NOT_INCLUDED = "not_included"
    EXCLUDED = "excluded"
    NOT_EXCLUDED = "not_excluded"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class WhyUnknown(StrEnum):
    """Why a verdict is unknown."""

    MISSING = "missing"
    STALE = "stale"
    UNREADABLE = "unreadable"
    ON_SITE = "on_site"
    NOT_COMPARABLE = "not_comparable"
    CONFLICT = "conflict"


class Eligibility(StrEnum):
    """What all criteria of a trial say together."""

    LIKELY_ELIGIBLE = "likely_eligible"
    POSSIBLY_ELIGIBLE = "possibly_eligible"
    NOT_ELIGIBLE = "not_eligible"


class Sex(StrEnum):
    """A patient's sex, or the sexes a trial admits (ALL)."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    ALL = "ALL"


class OverallStatus(StrEnum):
    """The registry's recruitment status of a trial or of a site (ClinicalTrials.gov API v2)."""

    RECRUITING = "RECRUITING"
    NOT_YET_RECRUITING = "NOT_YET_RECRUITING"
    ENROLLING_BY_INVITATION = "ENROLLING_BY_INVITATION"
    ACTIVE_NOT_RECRUITING = "ACTIVE_NOT_RECRUITING"
    COMPLETED = "COMPLETED"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"
    WITHDRAWN = "WITHDRAWN"
    AVAILABLE = "AVAILABLE"
    NO_LONGER_AVAILABLE = "NO_LONGER_AVAILABLE"
    TEMPORARILY_NOT_AVAILABLE = "TEMPORARILY_NOT_AVAILABLE"
    APPROVED_FOR_MARKETING = "APPROVED_FOR_MARKETING"
    WITHHELD = "WITHHELD"
    UNKNOWN = "UNKNOWN"


JOINABLE = (OverallStatus.RECRUITING, OverallStatus.NOT_YET_RECRUITING, OverallStatus.ENROLLING_BY_INVITATION)
"""The statuses a patient can join now or soon, in the order in which they are shown."""


class Times(StrEnum):
    """What a bound's value is a multiple of."""

    ULN = "uln"
    LLN = "lln"
    BASELINE = "baseline"


class CodeSystem(StrEnum):
    """Vocabularies a patient's code may come from."""

    MESH = "mesh"
    ICD10CM = "icd10cm"
    SNOMED = "snomed"
    NCIT = "ncit"
    LOINC = "loinc"
    RXNORM = "rxnorm"
    MONDO = "mondo"
