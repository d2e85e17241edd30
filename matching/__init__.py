"""The matching engine: the only import path for the service."""

from matching.answering.answer_json import answer_to_json, reverse_to_json, what_if_to_json
from matching.answering.sites import Locate
from matching.judge import judge_text, read_criterion
from matching.judging.eligibility import judge_criterion, judge_trial
from matching.judging.facts import prepare
from matching.knowledge.hierarchy import ancestors
from matching.knowledge.intake import analyte_of, unit_fits
from matching.knowledge.trial_concepts import trial_condition_ids
from matching.knowledge.units import ucum
from matching.match import EVERY_TRIAL, Filters, match, match_one, what_if
from matching.model.codes import JOINABLE, Eligibility, OverallStatus, Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import Criterion, ParsedCriteria
from matching.model.expression_json import parsed_from_json, parsed_to_json
from matching.model.finding import MatchAnswer, TrialMatch
from matching.model.patient import (
    Code,
    Condition,
    Location,
    Observation,
    PartialDate,
    Patient,
    Quantity,
    Treatment,
)
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
from matching.model.version import ENGINE_VERSION
from matching.ports import TrialReader
from matching.reading import PARSER_VERSION
from matching.reading.criteria import parse_eligibility
from matching.reading.trial_text import parse_trial_eligibility

__all__ = [
    "AGE_UNITS",
    "ENGINE_VERSION",
    "EVERY_TRIAL",
    "JOINABLE",
    "PARSER_VERSION",
    "AgeLimit",
    "Arm",
    "Code",
    "Condition",
    "Contact",
    "Criterion",
    "Design",
    "Eligibility",
    "EligibilityFields",
    "Filters",
    "Identifier",
    "Intervention",
    "IpdSharing",
    "Locate",
    "Location",
    "MatchAnswer",
    "MeshTerm",
    "Observation",
    "Official",
    "Outcome",
    "OverallStatus",
    "Oversight",
    "ParsedCriteria",
    "PartialDate",
    "Patient",
    "Provenance",
    "Quantity",
    "ReadableTrial",
    "Reference",
    "ResponsibleParty",
    "Role",
    "Sex",
    "Site",
    "Sponsor",
    "Treatment",
    "Trial",
    "TrialDate",
    "TrialMatch",
    "TrialReader",
    "TrialSummary",
    "Verdict",
    "WhyUnknown",
    "analyte_of",
    "ancestors",
    "answer_to_json",
    "judge_criterion",
    "judge_text",
    "judge_trial",
    "match",
    "match_one",
    "parse_eligibility",
    "parse_trial_eligibility",
    "parsed_from_json",
    "parsed_to_json",
    "prepare",
    "read_criterion",
    "reverse_to_json",
    "trial_condition_ids",
    "ucum",
    "unit_fits",
    "what_if",
    "what_if_to_json",
]
