from typing import Any

import pytest

from app.ingest.source import Record, RecordError
from app.ingest.study import read_study
from matching import (
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
    PartialDate,
    Provenance,
    Reference,
    ResponsibleParty,
    Site,
    Sponsor,
    Trial,
    TrialDate,
)

WHOLE: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT01234567",
            "nctIdAliases": ["NCT00000099"],
            "orgStudyIdInfo": {"id": "R01-1", "type": "NIH", "link": "https://reporter.nih.gov/x"},
            "secondaryIdInfos": [{"id": "2019-001", "type": "EUDRACT_NUMBER", "domain": "EudraCT"}],
            "organization": {"fullName": "An Institute", "class": "NIH"},
            "briefTitle": " A brief title ",
            "officialTitle": "An official title",
            "acronym": "ABC",
        },
        "statusModule": {
            "statusVerifiedDate": "2026-05",
            "overallStatus": "SUSPENDED",
            "lastKnownStatus": "RECRUITING",
            "whyStopped": "No funds",
            "expandedAccessInfo": {"hasExpandedAccess": False},
            "startDateStruct": {"date": "2020-02-27", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": "2027-03", "type": "ESTIMATED"},
            "completionDateStruct": {"date": "2027"},
            "studyFirstSubmitDate": "2019-12-01",
            "studyFirstPostDateStruct": {"date": "2019-12-03", "type": "ESTIMATED"},
            "resultsFirstPostDateStruct": {"date": "2026-01-02", "type": "ACTUAL"},
            "lastUpdatePostDateStruct": {"date": "2026-05-09", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {
            "responsibleParty": {
                "type": "PRINCIPAL_INVESTIGATOR",
                "investigatorFullName": "A. Person",
                "investigatorTitle": "Professor",
                "investigatorAffiliation": "An Institute",
            },
            "leadSponsor": {"name": "An Institute", "class": "NIH"},
            "collaborators": [{"name": "A Firm", "class": "INDUSTRY"}],
        },
        "oversightModule": {"oversightHasDmc": True, "isFdaRegulatedDrug": False, "isUsExport": True},
        "descriptionModule": {"briefSummary": "Brief.", "detailedDescription": "Detailed."},
        "conditionsModule": {"conditions": ["Asthma", "Asthma", "Eczema"], "keywords": ["Wheeze"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "patientRegistry": False,
            "targetDuration": "1 Year",
            "designInfo": {
                "allocation": "RANDOMIZED",
                "interventionModel": "PARALLEL",
                "interventionModelDescription": "Two arms",
                "primaryPurpose": "TREATMENT",
                "observationalModel": "COHORT",
                "timePerspective": "PROSPECTIVE",
                "maskingInfo": {
                    "masking": "DOUBLE",
                    "maskingDescription": "By capsule",
                    "whoMasked": ["PARTICIPANT", "INVESTIGATOR"],
                },
            },
            "bioSpec": {"retention": "SAMPLES_WITH_DNA", "description": "Blood"},
            "enrollmentInfo": {"count": 60, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {
                    "label": "Arm A",
                    "type": "EXPERIMENTAL",
                    "description": "Gets it",
                    "interventionNames": ["Drug: Drug X: high dose", "Other: not listed below"],
                }
            ],
            "interventions": [
                {
                    "type": "DRUG",
                    "name": "Drug X: high dose",
                    "description": "Daily",
                    "armGroupLabels": ["Arm A"],
                    "otherNames": ["X"],
                }
            ],
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": "FEV1", "description": "In litres", "timeFrame": "1 year"}],
            "secondaryOutcomes": [{"measure": "Quality of life"}],
            "otherOutcomes": [{"measure": "Cost", "timeFrame": "2 years"}],
        },
        "eligibilityModule": {
            "eligibilityCriteria": "\nInclusion:\r\n\n* BMI \\> 20 ",
            "healthyVolunteers": False,
            "sex": "FEMALE",
            "genderBased": True,
            "genderDescription": "Self-reported",
            "minimumAge": "6 Months",
            "maximumAge": "17 Years",
            "stdAges": ["CHILD"],
            "studyPopulation": "A clinic",
            "samplingMethod": "PROBABILITY_SAMPLE",
        },
        "contactsLocationsModule": {
            "centralContacts": [
                {"name": "The desk", "role": "CONTACT", "phone": "1", "phoneExt": "2", "email": "a@example.org"}
            ],
            "overallOfficials": [{"name": "B. Person", "affiliation": "An Institute", "role": "STUDY_CHAIR"}],
            "locations": [
                {
                    "facility": "A Hospital",
                    "status": "RECRUITING",
                    "city": "Lyon",
                    "state": "Rhône",
                    "zip": "69003",
                    "country": "France",
                    "geoPoint": {"lat": 45.75, "lon": 4.85},
                    "contacts": [{"name": "C. Person", "role": "CONTACT"}],
                },
                {"city": "Paris", "country": "France"},
            ],
            "locations_nested": [
                {"city": "Paris", "country": "France"},
                {"facility": "Only here", "city": "Bern", "country": "Switzerland"},
            ],
        },
        "referencesModule": {
            "references": [{"pmid": "123", "type": "BACKGROUND", "citation": "A paper."}],
            "seeAlsoLinks": [{"label": "A page", "url": "https://example.org"}],
            "availIpds": [{"type": "Data Set", "url": "https://example.org/data"}],
        },
        "ipdSharingStatementModule": {
            "ipdSharing": "YES",
            "description": "On request",
            "infoTypes": ["SAP"],
            "timeFrame": "1 year",
            "accessCriteria": "A plan",
            "url": "https://example.org/ipd",
        },
    },
    "derivedSection": {
        "miscInfoModule": {"versionHolder": "2026-07-17"},
        "conditionBrowseModule": {
            "meshes": [{"id": "D000001249", "term": "Asthma"}],
            "ancestors": [{"id": "D012140", "term": "Respiratory Tract Diseases"}],
        },
        "interventionBrowseModule": {
            "meshes": [{"id": "C000582435", "term": "Pembrolizumab"}, {"id": "D000084202", "term": "A younger one"}],
            "ancestors": [{"id": "D000077868", "term": "Genuine"}],
        },
    },
    "resultsSection": {"never": "read"},
    "hasResults": True,
}


def test_a_whole_study_field_by_field() -> None:
    assert read_study(WHOLE) == Record(
        Trial(
            nct_id="NCT01234567",
            provenance=(
                Provenance("clinicaltrials_gov", "2026-07-17", url="https://clinicaltrials.gov/study/NCT01234567"),
            ),
            aliases=("NCT00000099",),
            org_study_id=Identifier("R01-1", "NIH", None, "https://reporter.nih.gov/x"),
            other_identifiers=(Identifier("2019-001", "EUDRACT_NUMBER", "EudraCT"),),
            brief_title="A brief title",
            official_title="An official title",
            acronym="ABC",
            organization=Sponsor("An Institute", "NIH"),
            overall_status="SUSPENDED",
            last_known_status="RECRUITING",
            why_stopped="No funds",
            status_verified=PartialDate(2026, 5),
            start=TrialDate(PartialDate(2020, 2, 27), "ACTUAL"),
            primary_completion=TrialDate(PartialDate(2027, 3), "ESTIMATED"),
            completion=TrialDate(PartialDate(2027)),
            first_submitted=TrialDate(PartialDate(2019, 12, 1)),
            first_posted=TrialDate(PartialDate(2019, 12, 3), "ESTIMATED"),
            results_first_posted=TrialDate(PartialDate(2026, 1, 2), "ACTUAL"),
            last_update=TrialDate(PartialDate(2026, 5, 9), "ACTUAL"),
            has_results=True,
            expanded_access=False,
            sponsor=Sponsor("An Institute", "NIH"),
            collaborators=(Sponsor("A Firm", "INDUSTRY"),),
            responsible_party=ResponsibleParty("PRINCIPAL_INVESTIGATOR", "A. Person", "Professor", "An Institute"),
            officials=(Official("B. Person", "STUDY_CHAIR", "An Institute"),),
            oversight=Oversight(has_dmc=True, fda_regulated_drug=False, us_export=True),
            brief_summary="Brief.",
            detailed_description="Detailed.",
            conditions=("Asthma", "Eczema"),
            keywords=("Wheeze",),
            design=Design(
                study_type="INTERVENTIONAL",
                phases=("PHASE1", "PHASE2"),
                allocation="RANDOMIZED",
                intervention_model="PARALLEL",
                intervention_model_description="Two arms",
                primary_purpose="TREATMENT",
                masking="DOUBLE",
                masking_description="By capsule",
                who_masked=("PARTICIPANT", "INVESTIGATOR"),
                observational_model="COHORT",
                time_perspective="PROSPECTIVE",
                patient_registry=False,
                target_duration="1 Year",
                biospecimen_retention="SAMPLES_WITH_DNA",
                biospecimen_description="Blood",
                enrollment_count=60,
                enrollment_type="ESTIMATED",
            ),
            arms=(Arm("Arm A", "EXPERIMENTAL", "Gets it", ("Drug X: high dose", "Other: not listed below")),),
            interventions=(Intervention("Drug X: high dose", "DRUG", "Daily", ("X",), ("Arm A",)),),
            outcomes=(
                Outcome("primary", "FEV1", "In litres", "1 year"),
                Outcome("secondary", "Quality of life"),
                Outcome("other", "Cost", None, "2 years"),
            ),
            eligibility=EligibilityFields(
                text="\nInclusion:\r\n\n* BMI \\> 20 ",
                sex="FEMALE",
                gender_based=True,
                gender_description="Self-reported",
                minimum_age=AgeLimit(6, "mo"),
                maximum_age=AgeLimit(17, "a"),
                healthy_volunteers=False,
                standard_ages=("CHILD",),
                study_population="A clinic",
                sampling_method="PROBABILITY_SAMPLE",
            ),
            sites=(
                Site(
                    "A Hospital",
                    "RECRUITING",
                    "Lyon",
                    "Rhône",
                    "69003",
                    "France",
                    45.75,
                    4.85,
                    (Contact("C. Person", "CONTACT"),),
                ),
                Site(city="Paris", country="France"),
                Site(facility="Only here", city="Bern", country="Switzerland"),
            ),
            countries=("France", "Switzerland"),
            central_contacts=(Contact("The desk", "CONTACT", "1", "2", "a@example.org"),),
            references=(
                Reference("A paper.", "123", "BACKGROUND"),
                Reference("A page", None, "LINK", "https://example.org"),
                Reference("Data Set", None, "LINK", "https://example.org/data"),
            ),
            ipd_sharing=IpdSharing("YES", "On request", ("SAP",), "1 year", "A plan", "https://example.org/ipd"),
            condition_mesh=(MeshTerm("D001249", "Asthma"),),
            condition_ancestors=(MeshTerm("D012140", "Respiratory Tract Diseases"),),
            intervention_mesh=(MeshTerm("C582435", "Pembrolizumab"), MeshTerm("D000084202", "A younger one")),
            intervention_ancestors=(MeshTerm("D000077868", "Genuine"),),
        )
    )


def study(**modules: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}, **modules}}


def test_a_record_with_nothing_but_its_id() -> None:
    assert read_study(study()) == Record(
        Trial(
            nct_id="NCT00000001",
            provenance=(Provenance("clinicaltrials_gov_partial", url="https://clinicaltrials.gov/study/NCT00000001"),),
        )
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([], "a study is a JSON object"),
        (None, "a study is a JSON object"),
        ({}, "no protocolSection.identificationModule.nctId"),
        ({"protocolSection": []}, "no protocolSection.identificationModule.nctId"),
        ({"protocolSection": {"identificationModule": {"nctId": 7}}}, "no protocolSection.identificationModule.nctId"),
        ({"protocolSection": {"identificationModule": {"nctId": "NCT1"}}}, "nctId is not NCT and eight digits"),
        ({"protocolSection": {"identificationModule": {"nctId": "NCT0000000１"}}}, "nctId is not NCT and eight digits"),
    ],
)
def test_a_record_without_its_id_cannot_be_read(record: object, reason: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_study(record)
    assert (caught.value.nct_id, caught.value.reason) == (None, reason)


@pytest.mark.parametrize(
    ("module", "content", "odd"),
    [
        ("statusModule", [], "protocolSection.statusModule: not an object"),
        (
            "statusModule",
            {"startDateStruct": {"date": "2020-13"}},
            "protocolSection.statusModule.startDateStruct.date: not a date",
        ),
        (
            "statusModule",
            {"startDateStruct": {"date": 2020}},
            "protocolSection.statusModule.startDateStruct.date: not a date",
        ),
        ("eligibilityModule", {"minimumAge": "old"}, "protocolSection.eligibilityModule.minimumAge: old is not an age"),
        (
            "eligibilityModule",
            {"healthyVolunteers": "No"},
            "protocolSection.eligibilityModule.healthyVolunteers: not true or false",
        ),
        (
            "designModule",
            {"enrollmentInfo": {"count": True}},
            "protocolSection.designModule.enrollmentInfo.count: not a count",
        ),
        (
            "designModule",
            {"enrollmentInfo": {"count": -1}},
            "protocolSection.designModule.enrollmentInfo.count: not a count",
        ),
        ("descriptionModule", {"briefSummary": ["x"]}, "protocolSection.descriptionModule.briefSummary: not a text"),
        ("conditionsModule", {"keywords": [1]}, "protocolSection.conditionsModule.keywords[0]: not a text"),
        ("outcomesModule", {"primaryOutcomes": {}}, "protocolSection.outcomesModule.primaryOutcomes: not a list"),
        (
            "outcomesModule",
            {"primaryOutcomes": [1]},
            "protocolSection.outcomesModule.primaryOutcomes[0]: not an object",
        ),
    ],
)
def test_a_fault_in_one_field_leaves_the_field_absent(module: str, content: object, odd: str) -> None:
    assert read_study(study(**{module: content})) == Record(read_study(study()).trial, (odd,))


def test_a_point_off_the_globe_leaves_the_site_without_one() -> None:
    record = read_study(
        study(contactsLocationsModule={"locations": [{"city": "Oslo", "geoPoint": {"lat": 591.0, "lon": 10.7}}]})
    )
    assert record.trial.sites == (Site(city="Oslo"),)
    assert record.odd == ("protocolSection.contactsLocationsModule.locations[0].geoPoint.lat: not degrees within 90",)


def test_an_unknown_value_is_kept_and_told() -> None:
    record = read_study(study(statusModule={"overallStatus": "DREAMING"}))
    assert record.trial.overall_status == "DREAMING"
    assert record.odd == ("protocolSection.statusModule.overallStatus: DREAMING is not a value known here",)


def test_another_spelling_of_a_known_value_is_told() -> None:
    record = read_study(study(armsInterventionsModule={"interventions": [{"type": "DIAGNOSTIC TEST", "name": "MRI"}]}))
    assert record.trial.interventions == (Intervention("MRI", "DIAGNOSTIC_TEST"),)
    assert record.odd == (
        "protocolSection.armsInterventionsModule.interventions[0].type: "
        "DIAGNOSTIC TEST is spelled DIAGNOSTIC_TEST elsewhere",
    )


def test_a_text_where_a_list_belongs_is_its_only_item() -> None:
    record = read_study(study(conditionsModule={"conditions": "Asthma"}))
    assert record.trial.conditions == ("Asthma",)
    assert record.odd == ("protocolSection.conditionsModule.conditions: a text instead of a list",)


def test_empty_texts_are_absent() -> None:
    empty = study(
        descriptionModule={"briefSummary": "  "},
        conditionsModule={"conditions": ["", " "]},
        eligibilityModule={"eligibilityCriteria": " \n", "maximumAge": "N/A"},
        contactsLocationsModule={"locations": [{}], "centralContacts": [{}]},
    )
    assert read_study(empty) == read_study(study())


def test_what_no_database_can_hold_is_replaced_at_its_place() -> None:
    record = read_study(study(eligibilityModule={"eligibilityCriteria": "a\x00b\ud800c"}))
    assert record.trial.eligibility.text == "a\ufffdb\ufffdc"
