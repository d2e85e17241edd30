import tarfile
from pathlib import Path

import pytest

from app.ingest.files import read_path
from app.ingest.source import Record, RecordError
from app.store.convert import trial_to_json

STUDY = """<?xml version="1.0" encoding="UTF-8"?>
<clinical_study rank="1">
  <required_header>
    <download_date>ClinicalTrials.gov processed this data on June 09, 2023</download_date>
    <url>https://clinicaltrials.gov/show/NCT01234567</url>
  </required_header>
  <id_info>
    <org_study_id>ORG-1</org_study_id>
    <secondary_id>SEC-1</secondary_id>
    <nct_id>NCT01234567</nct_id>
    <nct_alias>NCT00000099</nct_alias>
  </id_info>
  <brief_title>A brief
    title</brief_title>
  <sponsors>
    <lead_sponsor><agency>An Agency</agency><agency_class>U.S. Fed</agency_class></lead_sponsor>
    <collaborator><agency>A Firm</agency><agency_class>Industry</agency_class></collaborator>
  </sponsors>
  <source>An Agency</source>
  <oversight_info><has_dmc>Yes</has_dmc><is_fda_regulated_drug>No</is_fda_regulated_drug></oversight_info>
  <brief_summary><textblock>
      First line&#xD;
      second line.&#xD;
  </textblock></brief_summary>
  <overall_status>Active, not recruiting</overall_status>
  <last_known_status>Not yet recruiting</last_known_status>
  <start_date type="Actual">December 9, 2022</start_date>
  <completion_date type="Anticipated">August 2023</completion_date>
  <phase>Phase 1/Phase 2</phase>
  <study_type>Interventional</study_type>
  <has_expanded_access>No</has_expanded_access>
  <study_design_info>
    <allocation>Non-Randomized</allocation>
    <intervention_model>Single Group Assignment</intervention_model>
    <primary_purpose>Supportive Care</primary_purpose>
    <masking>Double (Participant, Outcomes Assessor)</masking>
  </study_design_info>
  <primary_outcome><measure>FEV1</measure><time_frame>1 year</time_frame></primary_outcome>
  <secondary_outcome><measure>Cost</measure><description>In euro</description></secondary_outcome>
  <enrollment type="Anticipated">50</enrollment>
  <condition>Asthma</condition>
  <arm_group>
    <arm_group_label>A</arm_group_label>
    <arm_group_type>Placebo Comparator</arm_group_type>
  </arm_group>
  <intervention>
    <intervention_type>Combination Product</intervention_type>
    <intervention_name>A pump</intervention_name>
    <arm_group_label>A</arm_group_label>
    <other_name>P</other_name>
  </intervention>
  <eligibility>
    <study_pop><textblock>A clinic</textblock></study_pop>
    <sampling_method>Non-Probability Sample</sampling_method>
    <criteria><textblock>
        Inclusion Criteria:&#xD;

          -  Asthma&#xD;

               -  severe
    </textblock></criteria>
    <gender>Both</gender>
    <gender_based>Yes</gender_based>
    <minimum_age>6 Months</minimum_age>
    <maximum_age>N/A</maximum_age>
    <healthy_volunteers>Accepts Healthy Volunteers</healthy_volunteers>
  </eligibility>
  <overall_official>
    <last_name>A. Person</last_name><role>Study Chair</role><affiliation>An Agency</affiliation>
  </overall_official>
  <overall_contact><last_name>The desk</last_name><phone>1</phone><email>a@example.org</email></overall_contact>
  <location>
    <facility>
      <name>A Hospital</name>
      <address><city>Lyon</city><zip>69003</zip><country>France</country></address>
    </facility>
    <status>Not yet recruiting</status>
    <contact><last_name>C. Person</last_name><phone_ext>5</phone_ext></contact>
    <investigator><last_name>D. Person</last_name><role>Sub-Investigator</role></investigator>
  </location>
  <location_countries><country>France</country></location_countries>
  <link><url>https://example.org</url><description>A page</description></link>
  <reference><citation>A paper.</citation><PMID>123</PMID></reference>
  <verification_date>April 2023</verification_date>
  <study_first_submitted>December 22, 2022</study_first_submitted>
  <study_first_posted type="Estimate">January 19, 2023</study_first_posted>
  <last_update_posted type="Actual">April 26, 2023</last_update_posted>
  <responsible_party><responsible_party_type>Sponsor</responsible_party_type></responsible_party>
  <keyword>Wheeze</keyword>
  <patient_data><sharing_ipd>Undecided</sharing_ipd><ipd_info_type>Analytic Code</ipd_info_type></patient_data>
</clinical_study>
"""

DOCUMENT = {
    "nct_id": "NCT01234567",
    "provenance": [
        {
            "source": "legacy_xml",
            "record_version": "2023-06-09",
            "url": "https://clinicaltrials.gov/show/NCT01234567",
        }
    ],
    "aliases": ["NCT00000099"],
    "org_study_id": {"value": "ORG-1"},
    "other_identifiers": [{"value": "SEC-1"}],
    "brief_title": "A brief title",
    "organization": {"name": "An Agency"},
    "overall_status": "ACTIVE_NOT_RECRUITING",
    "last_known_status": "NOT_YET_RECRUITING",
    "status_verified": "2023-04",
    "start": {"on": "2022-12-09", "type": "ACTUAL"},
    "completion": {"on": "2023-08", "type": "ESTIMATED"},
    "first_submitted": {"on": "2022-12-22"},
    "first_posted": {"on": "2023-01-19", "type": "ESTIMATED"},
    "last_update": {"on": "2023-04-26", "type": "ACTUAL"},
    "has_results": False,
    "expanded_access": False,
    "sponsor": {"name": "An Agency", "class": "FED"},
    "collaborators": [{"name": "A Firm", "class": "INDUSTRY"}],
    "responsible_party": {"type": "SPONSOR"},
    "officials": [{"name": "A. Person", "role": "STUDY_CHAIR", "affiliation": "An Agency"}],
    "oversight": {"has_dmc": True, "fda_regulated_drug": False},
    "brief_summary": "First line\nsecond line.",
    "conditions": ["Asthma"],
    "keywords": ["Wheeze"],
    "design": {
        "study_type": "INTERVENTIONAL",
        "phases": ["PHASE1", "PHASE2"],
        "allocation": "NON_RANDOMIZED",
        "intervention_model": "SINGLE_GROUP",
        "primary_purpose": "SUPPORTIVE_CARE",
        "masking": "DOUBLE",
        "who_masked": ["PARTICIPANT", "OUTCOMES_ASSESSOR"],
        "enrollment_count": 50,
        "enrollment_type": "ESTIMATED",
    },
    "arms": [{"label": "A", "type": "PLACEBO_COMPARATOR", "interventions": ["A pump"]}],
    "interventions": [{"name": "A pump", "type": "COMBINATION_PRODUCT", "other_names": ["P"], "arms": ["A"]}],
    "outcomes": [
        {"rank": "primary", "measure": "FEV1", "time_frame": "1 year"},
        {"rank": "secondary", "measure": "Cost", "description": "In euro"},
    ],
    "eligibility": {
        "text": "Inclusion Criteria:\n\n  -  Asthma\n\n       -  severe",
        "sex": "ALL",
        "gender_based": True,
        "minimum_age": {"value": 6.0, "unit": "mo"},
        "healthy_volunteers": True,
        "study_population": "A clinic",
        "sampling_method": "NON_PROBABILITY_SAMPLE",
    },
    "sites": [
        {
            "facility": "A Hospital",
            "status": "NOT_YET_RECRUITING",
            "city": "Lyon",
            "zip": "69003",
            "country": "France",
            "contacts": [
                {"name": "C. Person", "role": "CONTACT", "phone_extension": "5"},
                {"name": "D. Person", "role": "SUB_INVESTIGATOR"},
            ],
        }
    ],
    "countries": ["France"],
    "central_contacts": [{"name": "The desk", "role": "CONTACT", "phone": "1", "email": "a@example.org"}],
    "references": [
        {"citation": "A paper.", "pmid": "123", "type": "BACKGROUND"},
        {"citation": "A page", "type": "LINK", "url": "https://example.org"},
    ],
    "ipd_sharing": {"sharing": "UNDECIDED", "info_types": ["ANALYTIC_CODE"]},
}


def read(folder: Path, text: str) -> Record | RecordError:
    path = folder / "study.xml"
    path.write_text(text)
    (item,) = read_path(path)
    return item


def test_a_whole_study(tmp_path: Path) -> None:
    record = read(tmp_path, STUDY)
    assert isinstance(record, Record)
    assert trial_to_json(record.trial) == DOCUMENT
    assert record.odd == ()


def test_an_archive_of_studies(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(STUDY)
    (tmp_path / "b.xml").write_text(STUDY.replace("NCT01234567", "NCT07654321"))
    with tarfile.open(tmp_path / "studies.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.xml", "a.xml")
        archive.add(tmp_path / "b.xml", "b.xml")
    ids = [item.trial.nct_id for item in read_path(tmp_path / "studies.tar.gz") if isinstance(item, Record)]
    assert ids == ["NCT01234567", "NCT07654321"]


@pytest.mark.parametrize(
    ("element", "instead", "path", "value"),
    [
        ("<phase>Phase 1/Phase 2</phase>", "<phase>N/A</phase>", ("design", "phases"), ["NA"]),
        ("<phase>Phase 1/Phase 2</phase>", "<phase>Early Phase 1</phase>", ("design", "phases"), ["EARLY_PHASE1"]),
        ("Active, not recruiting", "Unknown status", ("overall_status",), "UNKNOWN"),
        ("Active, not recruiting", "Available", ("overall_status",), "AVAILABLE"),
        ("Active, not recruiting", "Enrolling by invitation", ("overall_status",), "ENROLLING_BY_INVITATION"),
        ("<study_type>Interventional", "<study_type>Expanded Access", ("design", "study_type"), "EXPANDED_ACCESS"),
        ("Non-Randomized", "N/A", ("design", "allocation"), "NA"),
        ("Double (Participant, Outcomes Assessor)", "None (Open Label)", ("design", "masking"), "NONE"),
        ("Accepts Healthy Volunteers", "No", ("eligibility", "healthy_volunteers"), False),
    ],
)
def test_words_of_the_form_become_the_api_s(
    tmp_path: Path, element: str, instead: str, path: tuple[str, ...], value: object
) -> None:
    assert element in STUDY
    record = read(tmp_path, STUDY.replace(element, instead))
    assert isinstance(record, Record)
    found: object = trial_to_json(record.trial)
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert (found, record.odd) == (value, ())


def test_only_who_is_masked(tmp_path: Path) -> None:
    record = read(tmp_path, STUDY.replace("Double (Participant, Outcomes Assessor)", "Participant, Investigator"))
    assert isinstance(record, Record)
    assert (record.trial.design.masking, record.trial.design.who_masked) == (None, ("PARTICIPANT", "INVESTIGATOR"))


def test_a_fault_in_a_field_is_told(tmp_path: Path) -> None:
    faulty = STUDY.replace("December 9, 2022", "soon").replace("Active, not recruiting", "Dreaming")
    record = read(tmp_path, faulty)
    assert isinstance(record, Record)
    assert (record.trial.start, record.trial.overall_status) == (None, "Dreaming")
    assert sorted(record.odd) == [
        "overall_status: Dreaming is not a value known here",
        "start_date: soon is not a date",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (STUDY[:-40], "study.xml: not well-formed XML"),
        (STUDY.replace("NCT01234567", "x"), "study.xml: no id_info/nct_id of NCT and eight digits"),
        (
            STUDY.replace("<clinical_study", '<!DOCTYPE x [<!ENTITY a "b">]>\n<clinical_study', 1),
            "study.xml: a document type declaration is not accepted",
        ),
    ],
)
def test_what_is_no_study_is_told(tmp_path: Path, text: str, fault: str) -> None:
    assert str(read(tmp_path, text)) == fault
