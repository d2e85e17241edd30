"""The matching engine: the only import path for the service."""

from matching.knowledge.hierarchy import ancestors
from matching.knowledge.trial_concepts import trial_condition_ids
from matching.model.criterion import ParsedCriteria
from matching.model.expression_json import parsed_from_json, parsed_to_json
from matching.model.patient import PartialDate
from matching.model.trial import (
    AGE_UNITS,
    AgeLimit,
    Arm,
    Contact,
    Design,
    EligibilityFields,
    Identifier,
    Intervention,
    IpdSharing,
    MeshTerm,
    Official,
    Outcome,
    Oversight,
    Provenance,
    ReadableTrial,
    Reference,
    ResponsibleParty,
    Site,
    Sponsor,
    Trial,
    TrialDate,
    TrialSummary,
)
from matching.ports import TrialReader
from matching.reading import PARSER_VERSION
from matching.reading.criteria import parse_eligibility

__all__ = [
    "AGE_UNITS",
    "PARSER_VERSION",
    "AgeLimit",
    "Arm",
    "Contact",
    "Design",
    "EligibilityFields",
    "Identifier",
    "Intervention",
    "IpdSharing",
    "MeshTerm",
    "Official",
    "Outcome",
    "Oversight",
    "ParsedCriteria",
    "PartialDate",
    "Provenance",
    "ReadableTrial",
    "Reference",
    "ResponsibleParty",
    "Site",
    "Sponsor",
    "Trial",
    "TrialDate",
    "TrialReader",
    "TrialSummary",
    "ancestors",
    "parse_eligibility",
    "parsed_from_json",
    "parsed_to_json",
    "trial_condition_ids",
]
