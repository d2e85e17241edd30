"""The matching engine: the only import path for the service."""

from matching.answering.answer_json import answer_to_json, note_facts_to_json, reverse_to_json, what_if_to_json
from matching.answering.related import Described, Reason, Related, criteria_topics, rarity_of, related
from matching.answering.relevance import Sought, sought
from matching.answering.sites import (
    EARTH_RADIUS_KM,
    STATUS_GROUP,
    Locate,
    Whereabouts,
    choose_site,
    distance_km,
    status_group,
)
from matching.considering import EVERY_TRIAL, Filters
from matching.judge import judge_text, read_criterion, warm
from matching.judging.eligibility import judge_criterion, judge_trial
from matching.judging.facts import prepare
from matching.knowledge.asked import Asked, concept_name, path_to, read_condition, read_treatment
from matching.knowledge.hierarchy import ancestors
from matching.knowledge.intake import analyte_of, unit_fits
from matching.knowledge.naming import NamedConcept, are_related, coded_concept, concepts_within, whole_concept
from matching.knowledge.suggest import corrected, suggest
from matching.knowledge.suggest_analytes import AnalyteName, suggest_analytes
from matching.knowledge.trial_concepts import trial_condition_ids, trial_intervention_ids
from matching.knowledge.units import ucum
from matching.knowledge.words import registry_tokens, registry_words, words_of
from matching.match import match, match_one, what_if
from matching.model.codes import JOINABLE, Eligibility, OverallStatus, Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import Criterion, ParsedCriteria
from matching.model.expression_json import parsed_from_json, parsed_to_json
from matching.model.finding import JudgedCriterion, MatchAnswer, NoteFact, TrialMatch
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
from matching.model.rows import named, rows_of, starts_of
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
from matching.reading.note import NoteReading, merge_note, read_note
from matching.reading.trial_text import not_read_yet, parse_trial_eligibility
from matching.registry import Registry, StoredTrial, build_registry, registry_from

__all__ = [
    "AGE_UNITS",
    "EARTH_RADIUS_KM",
    "ENGINE_VERSION",
    "EVERY_TRIAL",
    "JOINABLE",
    "PARSER_VERSION",
    "STATUS_GROUP",
    "AgeLimit",
    "AnalyteName",
    "Arm",
    "Asked",
    "Code",
    "Condition",
    "Contact",
    "Criterion",
    "Described",
    "Design",
    "Eligibility",
    "EligibilityFields",
    "Filters",
    "Identifier",
    "Intervention",
    "IpdSharing",
    "JudgedCriterion",
    "Locate",
    "Location",
    "MatchAnswer",
    "MeshTerm",
    "NamedConcept",
    "NoteFact",
    "NoteReading",
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
    "Reason",
    "Reference",
    "Registry",
    "Related",
    "ResponsibleParty",
    "Role",
    "Sex",
    "Site",
    "Sought",
    "Sponsor",
    "StoredTrial",
    "Treatment",
    "Trial",
    "TrialDate",
    "TrialMatch",
    "TrialReader",
    "TrialSummary",
    "Verdict",
    "Whereabouts",
    "WhyUnknown",
    "analyte_of",
    "ancestors",
    "answer_to_json",
    "are_related",
    "build_registry",
    "choose_site",
    "coded_concept",
    "concept_name",
    "concepts_within",
    "corrected",
    "criteria_topics",
    "distance_km",
    "judge_criterion",
    "judge_text",
    "judge_trial",
    "match",
    "match_one",
    "merge_note",
    "named",
    "not_read_yet",
    "note_facts_to_json",
    "parse_eligibility",
    "parse_trial_eligibility",
    "parsed_from_json",
    "parsed_to_json",
    "path_to",
    "prepare",
    "rarity_of",
    "read_condition",
    "read_criterion",
    "read_note",
    "read_treatment",
    "registry_from",
    "registry_tokens",
    "registry_words",
    "related",
    "reverse_to_json",
    "rows_of",
    "sought",
    "starts_of",
    "status_group",
    "suggest",
    "suggest_analytes",
    "trial_condition_ids",
    "trial_intervention_ids",
    "ucum",
    "unit_fits",
    "warm",
    "what_if",
    "what_if_to_json",
    "whole_concept",
    "words_of",
]
