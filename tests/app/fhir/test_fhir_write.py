"""Trials as ResearchStudy: every sample is valid R4 for an independent library, and one is as expected to the letter."""

import gzip
import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.researchstudy import ResearchStudy

from app.fhir.elements import EntryFault
from app.fhir.searchset import nobody, operation_outcome
from app.fhir.write import PHASES, STATUS, research_study
from app.ingest.study import read_study
from app.samples import TRIALS
from matching import (
    AgeLimit,
    Arm,
    Contact,
    Design,
    EligibilityFields,
    Intervention,
    MeshTerm,
    Official,
    Outcome,
    OverallStatus,
    PartialDate,
    Reference,
    Site,
    Sponsor,
    Trial,
    TrialDate,
)

WHOLE = Trial(
    nct_id="NCT00000000",
    brief_title="A trial",
    overall_status="NOT_YET_RECRUITING",
    start=TrialDate(PartialDate(2026, 3)),
    completion=TrialDate(PartialDate(2027, 1, 31)),
    sponsor=Sponsor("A university"),
    officials=(Official("A. Person", "PRINCIPAL_INVESTIGATOR"),),
    brief_summary="What it is about.",
    conditions=("Gout", "Joint pain"),
    condition_mesh=(MeshTerm("D006073", "Gout"),),
    keywords=("uric acid", " "),
    design=Design(study_type="INTERVENTIONAL", phases=("PHASE1", "PHASE2"), primary_purpose="TREATMENT", enrollment_count=40),
    arms=(Arm("Drug arm", "EXPERIMENTAL", "gets the drug", ("A drug",)),),
    interventions=(Intervention("A drug", "DRUG", "twice a day", ("Another name",), ("Drug arm",)),),
    outcomes=(Outcome("primary", "Urate below 6 mg/dL"),),
    eligibility=EligibilityFields("Inclusion: gout", sex="ALL", minimum_age=AgeLimit(18, "a"), healthy_volunteers=False),
    sites=(
        Site("A clinic", "RECRUITING", "Ulm", None, "89073", "Germany", 48.4, 9.98, (Contact(phone="+49 731 1"),)),
        Site(country="Germany"),
    ),
    countries=("Germany",),
    central_contacts=(Contact("Study desk", phone="1", phone_extension="2", email="desk@example.org"),),
    references=(Reference(pmid="123"), Reference()),
)  # fmt: skip


def test_a_whole_trial():
    status = "urn:trialmatch:overall-status"
    field = "urn:trialmatch:eligibility-field"
    assert research_study(WHOLE) == {
        "resourceType": "ResearchStudy",
        "id": "NCT00000000",
        "extension": [{"url": status, "valueCode": "NOT_YET_RECRUITING"}],
        "identifier": [{"use": "official", "system": "http://clinicaltrials.gov", "value": "NCT00000000"}],
        "title": "A trial",
        "protocol": [{"reference": "#intervention-0", "type": "PlanDefinition"}],
        "status": "approved",
        "primaryPurposeType": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/research-study-prim-purp-type",
                    "code": "treatment",
                }
            ],
            "text": "Treatment",
        },
        "phase": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/research-study-phase", "code": "phase-1-phase-2"}
            ],
            "text": "phase 1 phase 2",
        },
        "category": [{"text": "Study Type: Interventional"}, {"text": "Primary Purpose: Treatment"}],
        "condition": [
            {
                "coding": [{"system": "https://www.nlm.nih.gov/mesh", "code": "D006073", "display": "Gout"}],
                "text": "Gout",
            },
            {"text": "Joint pain"},
        ],
        "contact": [
            {
                "name": "Study desk",
                "telecom": [
                    {"system": "phone", "value": "1 ext. 2", "use": "work"},
                    {"system": "email", "value": "desk@example.org", "use": "work"},
                ],
            }
        ],
        "relatedArtifact": [{"type": "documentation", "url": "https://pubmed.ncbi.nlm.nih.gov/123/"}],
        "keyword": [{"text": "uric acid"}],
        "location": [{"text": "Germany"}],
        "description": "What it is about.",
        "enrollment": [{"reference": "#eligibility", "type": "Group", "display": "Inclusion: gout"}],
        "period": {"start": "2026-03", "end": "2027-01-31"},
        "sponsor": {"reference": "#sponsor", "type": "Organization", "display": "A university"},
        "principalInvestigator": {"reference": "#investigator", "type": "Practitioner", "display": "A. Person"},
        "site": [{"reference": "#site-0", "type": "Location"}, {"reference": "#site-1", "type": "Location"}],
        "arm": [{"name": "Drug arm", "type": {"text": "Experimental"}, "description": "gets the drug"}],
        "objective": [
            {
                "name": "Urate below 6 mg/dL",
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/research-study-objective-type",
                            "code": "primary",
                        }
                    ],
                    "text": "primary",
                },
            }
        ],
        "contained": [
            {
                "resourceType": "PlanDefinition",
                "id": "intervention-0",
                "title": "A drug",
                "subtitle": "Another name",
                "type": {"text": "Drug"},
                "status": "unknown",
                "subjectCodeableConcept": {"text": "Drug arm"},
                "description": "twice a day",
            },
            {
                "resourceType": "Group",
                "id": "eligibility",
                "extension": [
                    {
                        "url": field,
                        "extension": [{"url": "name", "valueCode": "sex"}, {"url": "value", "valueCode": "ALL"}],
                    },
                    {
                        "url": field,
                        "extension": [
                            {"url": "name", "valueCode": "minimum_age"},
                            {
                                "url": "value",
                                "valueQuantity": {"value": 18, "system": "http://unitsofmeasure.org", "code": "a"},
                            },
                        ],
                    },
                    {
                        "url": field,
                        "extension": [
                            {"url": "name", "valueCode": "healthy_volunteers"},
                            {"url": "value", "valueBoolean": False},
                        ],
                    },
                ],
                "type": "person",
                "actual": False,
                "quantity": 40,
            },
            {"resourceType": "Organization", "id": "sponsor", "name": "A university"},
            {"resourceType": "Practitioner", "id": "investigator", "name": [{"text": "A. Person"}]},
            {
                "resourceType": "Location",
                "id": "site-0",
                "extension": [{"url": status, "valueCode": "RECRUITING"}],
                "name": "A clinic",
                "telecom": [{"system": "phone", "value": "+49 731 1", "use": "work"}],
                "address": {"use": "work", "city": "Ulm", "postalCode": "89073", "country": "Germany"},
                "position": {"longitude": 9.98, "latitude": 48.4},
            },
            {"resourceType": "Location", "id": "site-1", "address": {"use": "work", "country": "Germany"}},
        ],
    }
    ResearchStudy.model_validate(research_study(WHOLE))


def test_a_trial_of_which_nothing_is_known():
    study = research_study(Trial("NCT00000000"))
    assert study == {
        "resourceType": "ResearchStudy",
        "id": "NCT00000000",
        "identifier": [{"use": "official", "system": "http://clinicaltrials.gov", "value": "NCT00000000"}],
        "status": "in-review",
        "enrollment": [{"reference": "#eligibility", "type": "Group"}],
        "contained": [{"resourceType": "Group", "id": "eligibility", "type": "person", "actual": False}],
    }
    ResearchStudy.model_validate(study)


def test_every_sample_is_valid():
    with gzip.open(TRIALS[0]) as lines:
        trials = [read_study(json.loads(line)).trial for line in lines]
    assert len(trials) == 300
    for trial in trials:
        study = research_study(trial)
        ResearchStudy.model_validate(study)
        assert study["enrollment"][0].get("display") == trial.eligibility.text
        assert len(study.get("site", [])) == len(trial.sites)


def test_every_status_of_the_registry_has_its_word():
    assert STATUS.keys() == {status.value for status in OverallStatus}
    assert len(set(PHASES.values())) == len(PHASES)


@pytest.mark.parametrize("outcome", [True, False])
def test_nobody_matches_the_dead(outcome):
    answer = nobody((), outcome=outcome)
    Bundle.model_validate(answer)
    assert (answer["total"], [e["search"]["mode"] for e in answer["entry"]]) == (0, ["outcome"] if outcome else [])


def test_faults_as_an_outcome():
    told = operation_outcome(
        [
            EntryFault(3, "Patient", "/entry/3/resource/birthDate", "no birth date: the age stays unknown"),
            EntryFault(4, "Procedure", "/entry/4/resource/code", "not a treatment that is on file", "information"),
            EntryFault(None, "Bundle", "", "no Patient"),
        ]
    )
    OperationOutcome.model_validate(told)
    assert told["issue"] == [
        {
            "severity": "warning",
            "code": "value",
            "diagnostics": "Patient: no birth date: the age stays unknown",
            "expression": ["Bundle.entry[3].resource.birthDate"],
        },
        {
            "severity": "information",
            "code": "informational",
            "diagnostics": "Procedure: not a treatment that is on file",
            "expression": ["Bundle.entry[4].resource.code"],
        },
        {"severity": "warning", "code": "incomplete", "diagnostics": "Bundle: no Patient"},
    ]
