"""A FHIR bundle read into a patient: what is used, what is set aside, and that nothing makes it fail."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import samples
from app.fhir.person import Asked
from app.fhir.read import BundleReading, read_bundle
from matching import Code, Condition, Location, Observation, PartialDate, Patient, Sex, Treatment

ON = date(2026, 11, 22)
BUNDLES = Path(__file__).parent / "bundles"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
RXNORM, CVX = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/cvx"
PERSON = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1980-05-01"}


def day(text: str) -> PartialDate:
    return PartialDate.parse(text)


def concept(system: str, code: str, display: str | None = None) -> dict:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def bundle(*resources: dict) -> dict:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def read(*resources: dict) -> BundleReading:
    return read_bundle(bundle(PERSON, *resources), ON)


def faults(reading: BundleReading) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.message) for fault in reading.faults]


def stored(name: str) -> dict:
    raw = (BUNDLES / name).read_bytes()
    return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)


def test_the_shipped_mcode_request():
    reading = read_bundle(json.loads((samples.FHIR / "mcode_request.json").read_bytes()), ON)
    assert reading.patient == Patient(
        birth_date=PartialDate(1953),
        sex=Sex.FEMALE,
        location=Location(postal_code="75001", country="US"),
        conditions=(
            Condition(
                "Malignant neoplasm of colon", (Code("snomed", "363406005"),), qualifiers=("stage III", "stage IIIA")
            ),
        ),
        observations=(
            Observation("ECOG performance status", "89247-1", value=3.0),
            Observation("Karnofsky performance status", "89243-0", value=60.0),
            Observation("AJCC stage", "21908-9", value=3.0),
        ),
    )
    assert reading.faults == ()
    assert reading.parameters == Asked(postal_code="75001")
    assert reading.deceased is False


def test_a_missing_birth_date_and_impossible_scores_are_named():
    reading = read_bundle(stored("mcode_request_2_missing_birth_date_invalid_ecog.json"), ON)
    assert faults(reading) == [
        ("/entry/0/resource/birthDate", "no birth date: the age stays unknown"),
        ("/entry/2/resource/value", "not a grade of Karnofsky performance status, so the fact was not used"),
        ("/entry/3/resource/value", "not a grade of ECOG performance status, so the fact was not used"),
    ]
    assert reading.patient.observations == ()
    assert [c.text for c in reading.patient.conditions] == ["Malignant neoplasm of breast"]


def test_tumour_categories_markers_and_a_secondary_cancer():
    patient = read_bundle(stored("mcode_request_4_eom.json"), ON).patient
    assert [(c.text, c.qualifiers) for c in patient.conditions] == [
        ("Primary malignant neoplasm of breast", ("stage IV",)),
        ("Metastatic malignant neoplasm to lung", ()),
    ]
    assert [
        (o.name, o.value, o.result) for o in patient.observations if o.name.startswith(("TNM", "AJCC", "ECOG"))
    ] == [
        ("AJCC stage", 4.0, None),
        ("TNM T category", 3.0, None),
        ("TNM N category", 3.0, None),
        ("TNM M category", 0.0, None),
        ("ECOG performance status", 3.0, None),
    ]
    assert [(o.name, o.result, str(o.on)) for o in patient.observations if o.on == day("2018-03-10")] == [
        ("HER2", "negative", "2018-03-10"),
        ("estrogen receptor", "positive", "2018-03-10"),
        ("progesterone receptor", "negative", "2018-03-10"),
    ]
    assert [(t.text, t.current, str(t.stopped_on)) for t in patient.treatments] == [
        ("abemaciclib Oral Product", False, "2022-01-01"),
        ("alpelisib Oral Product", False, "2022-01-01"),
    ]


def test_facts_about_another_patient_are_not_used():
    reading = read_bundle(stored("mcode_request_1_full.json"), ON)
    about = [f.pointer for f in reading.faults if f.message == "about another patient than the bundle's, so not used"]
    assert about == [
        "/entry/7/resource/subject",
        "/entry/11/resource/subject",
        "/entry/23/resource/subject",
        "/entry/24/resource/subject",
    ]
    assert not [o for o in reading.patient.observations if "variant" in o.name]


def test_a_dead_patient_is_known_to_be_dead():
    assert read_bundle(stored("synthea_bundle_08.json.gz"), ON).deceased is True
    assert read_bundle(stored("synthea_bundle_08.json.gz"), date(1980, 1, 1)).deceased is False


def test_a_whole_synthetic_record():
    reading = read_bundle(stored("synthea_bundle_09.json.gz"), ON)
    patient = reading.patient
    assert (patient.birth_date, patient.sex) == (day("1970-12-24"), Sex.MALE)
    assert [(c.text, c.active) for c in patient.conditions] == [
        ("Hypertension", True),
        ("Diabetes", True),
        ("Hyperglycemia", True),
        ("Hypertriglyceridemia", True),
        ("Metabolic syndrome X", True),
        ("Prediabetes", True),
        ("Anemia", True),
        ("Neuropathy due to type 2 diabetes mellitus", True),
        ("Acute viral pharyngitis", False),
    ]
    units = {(o.name, o.unit) for o in patient.observations}
    assert units >= {
        ("HbA1c", "%"),
        ("systolic blood pressure", "mm[Hg]"),
        ("eGFR", "mL/min/{1.73_m2}"),
        ("creatinine", "mg/dL"),
    }
    assert not {f.message for f in reading.faults if f.severity == "warning"}


CONDITIONS = [
    # what the resource says beside its code, the condition
    ({"clinicalStatus": concept("x", "active")}, Condition("Stroke", (Code("snomed", "230690007"),), active=True)),
    (
        {"clinicalStatus": concept("x", "resolved"), "onsetDateTime": "2019-04", "abatementDateTime": "2020"},
        Condition(
            "Stroke",
            (Code("snomed", "230690007"),),
            onset_on=day("2019-04"),
            resolved_on=day("2020"),
            active=False,
        ),
    ),
    (
        {"verificationStatus": concept("x", "refuted")},
        Condition("Stroke", (Code("snomed", "230690007"),), present=False),
    ),
    (
        {"clinicalStatus": concept("x", "remission"), "severity": concept(SNOMED, "24484000", "Severe")},
        Condition("Stroke", (Code("snomed", "230690007"),), active=False, qualifiers=("severe", "in remission")),
    ),
    ({}, Condition("Stroke", (Code("snomed", "230690007"),))),
]


@pytest.mark.parametrize(("said", "expected"), CONDITIONS)
def test_conditions(said, expected):
    code = concept(SNOMED, "230690007", "Stroke (disorder)")
    reading = read({"resourceType": "Condition", "code": code, **said})
    assert (reading.patient.conditions, reading.faults) == ((expected,), ())


NOT_USED = [
    # resource, the element at fault, the message
    (
        {"resourceType": "Condition", "code": {"text": "Stroke"}, "verificationStatus": concept("x", "provisional")},
        "verificationStatus",
        "not confirmed, so neither used for nor against the patient",
    ),
    (
        {"resourceType": "Condition", "code": {"text": "Stroke"}, "onsetDateTime": "2026-12-01"},
        "onsetDateTime",
        "dated after the day of the match, so the fact was not used",
    ),
    (
        {"resourceType": "Condition", "code": {"text": "Stroke"}, "onsetDateTime": "2019-13-45"},
        "onsetDateTime",
        "not a possible date, so the fact was not used",
    ),
    (
        {"resourceType": "Condition", "code": {"text": "Family history of stroke"}},
        "code",
        "not said to be a condition of the patient's own",
    ),
    (
        {"resourceType": "Condition", "code": concept(SNOMED, "999999999")},
        "code",
        "a code that is not on file, without words",
    ),
    (
        {"resourceType": "Condition", "code": concept(SNOMED, "230690007", "Gout")},
        "code",
        "the code and its display text name different things",
    ),
    (
        {
            "resourceType": "Condition",
            "code": {"text": "Stroke"},
            "verificationStatus": concept("x", "refuted"),
            "recordedDate": "2019-01-01",
        },
        "recordedDate",
        "ruled out more than a year ago, which says nothing of today",
    ),
    (
        {
            "resourceType": "Observation",
            "status": "final",
            "code": concept(LOINC, "2160-0"),
            "valueQuantity": {"value": 1.1, "unit": "mmHg"},
        },
        "valueQuantity/unit",
        "a unit that does not fit or is not known, so the value was not used",
    ),
    (
        {"resourceType": "Observation", "status": "final", "code": concept(LOINC, "2160-0")},
        "value",
        "no value that could be read",
    ),
    (
        {"resourceType": "Observation", "code": concept(LOINC, "89247-1"), "valueString": "7"},
        "value",
        "not a grade of ECOG performance status, so the fact was not used",
    ),
    (
        {"resourceType": "Procedure", "status": "completed", "code": {"text": "Human immunodeficiency virus antigen test"}},
        "code",
        "not a treatment that is on file",
    ),
    (
        {"resourceType": "MedicationStatement", "status": "not-taken", "medicationCodeableConcept": {"text": "Aspirin"}},
        "status",
        "not taken then, which says nothing of other times",
    ),
    (
        {"resourceType": "Condition", "code": {"text": "Stroke"}, "subject": {"reference": "Patient/another"}},
        "subject",
        "about another patient than the bundle's, so not used",
    ),
    (
        {"resourceType": "Observation", "code": concept(LOINC, "82810-3"), "valueCodeableConcept": concept(SNOMED, "77386006")},
        "value",
        "a pregnancy status too old, undated or unsure to hold on the day of the match",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "element", "message"), NOT_USED)
def test_what_is_not_used_is_named(resource, element, message):
    reading = read(resource)
    assert faults(reading) == [(f"/entry/1/resource/{element}", message)]
    assert reading.patient == read().patient


SILENT = [
    {"resourceType": "Condition", "code": {"text": "Stroke"}, "verificationStatus": concept("x", "entered-in-error")},
    {"resourceType": "Observation", "status": "cancelled", "code": concept(LOINC, "2160-0")},
    {"resourceType": "Procedure", "status": "not-done", "code": concept(SNOMED, "73761001")},
    {"resourceType": "Immunization", "status": "not-done", "vaccineCode": {"text": "influenza"}},
    {"resourceType": "MedicationRequest", "status": "cancelled", "medicationCodeableConcept": {"text": "Aspirin"}},
    {"resourceType": "Encounter", "status": "finished"},
]


@pytest.mark.parametrize("resource", SILENT)
def test_what_never_was_is_passed_over(resource):
    assert (read(resource).patient, read(resource).faults) == (read().patient, ())


def observed(**said) -> tuple[Observation, ...]:
    reading = read(
        {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-11-02T08:00:00Z", **said}
    )
    assert [f for f in reading.faults if f.severity == "warning"] == []
    return reading.patient.observations


def test_a_quantity_with_its_range():
    assert observed(
        code=concept(LOINC, "2160-0", "Creatinine"),
        valueQuantity={"value": 1.1, "unit": "mg/dl", "comparator": "<"},
        referenceRange=[{"low": {"value": 0.6, "unit": "mg/dL"}, "high": {"value": 1.2, "unit": "mg/dL"}}],
    ) == (
        Observation(
            "creatinine",
            "2160-0",
            value=1.1,
            unit="mg/dL",
            on=day("2026-11-02"),
            comparator="<",
            reference_low=0.6,
            reference_high=1.2,
        ),
    )


def test_a_range_of_another_unit_or_for_others_is_no_range():
    (one,) = observed(
        code=concept(LOINC, "2160-0"),
        valueQuantity={"value": 1.1, "unit": "mg/dL"},
        referenceRange=[{"high": {"value": 106, "unit": "umol/L"}}],
    )
    (two,) = observed(
        code=concept(LOINC, "2160-0"),
        valueQuantity={"value": 1.1, "unit": "mg/dL"},
        referenceRange=[{"high": {"value": 1.2}}, {"high": {"value": 1.0}}],
    )
    assert (one.reference_high, two.reference_high) == (None, None)


def test_blood_pressure_is_two_components():
    found = observed(
        code=concept(LOINC, "85354-9", "Blood pressure panel"),
        component=[
            {"code": concept(LOINC, "8480-6"), "valueQuantity": {"value": 132, "code": "mm[Hg]"}},
            {"code": concept(LOINC, "8462-4"), "valueQuantity": {"value": 84, "unit": "mmHg"}},
        ],
    )
    assert [(o.name, o.value, o.unit) for o in found] == [
        ("systolic blood pressure", 132.0, "mm[Hg]"),
        ("diastolic blood pressure", 84.0, "mm[Hg]"),
    ]


ANSWERS = [
    # code, value, name, value, unit, result
    (concept(LOINC, "33914-3"), {"valueQuantity": {"value": 71, "unit": "mL/min"}}, ("eGFR", 71.0, "mL/min/{1.73_m2}", None)),
    (concept(LOINC, "2160-0"), {"valueString": "< 0.2 mg/dL"}, ("creatinine", 0.2, "mg/dL", None)),
    (concept(LOINC, "48676-1"), {"valueCodeableConcept": concept(SNOMED, "10828004")}, ("HER2", None, None, "positive")),
    (concept(LOINC, "72166-2"), {"valueCodeableConcept": {"text": "Never smoker"}}, ("smoking status", None, None, "never smoker")),
    (concept(LOINC, "89247-1"), {"valueCodeableConcept": concept(LOINC, "LA9623-5")}, ("ECOG performance status", 1.0, None, None)),
    (concept(LOINC, "89247-1"), {"valueString": "2"}, ("ECOG performance status", 2.0, None, None)),
    (concept(LOINC, "2106-3"), {"interpretation": [concept("x", "NEG")]}, ("pregnancy test", None, None, "negative")),
    ({"text": "Some score"}, {"valueInteger": 4}, ("Some score", 4.0, None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "value", "expected"), ANSWERS)
def test_answers(code, value, expected):
    assert [(o.name, o.value, o.unit, o.result) for o in observed(code=code, **value)] == [expected]


def variant(value: str, *more: dict) -> tuple[Observation, ...]:
    gene = {
        "code": concept(LOINC, "48018-6"),
        "valueCodeableConcept": concept("http://www.genenames.org/geneId", "HGNC:1097"),
    }
    return observed(
        code=concept(LOINC, "69548-6"),
        valueCodeableConcept=concept(LOINC, value),
        component=[gene, *more],
    )


def test_one_variant_of_a_gene_is_not_every_mutation_of_it():
    named = {"code": concept(LOINC, "81290-9"), "valueCodeableConcept": {"text": "NM_004333.4:c.1799T>A"}}
    assert [(o.name, o.result) for o in variant("LA9633-4")] == [("BRAF gene variant", "positive")]
    assert [(o.name, o.result) for o in variant("LA9634-2", named)] == [("BRAF gene variant", "negative")]
    assert [(o.name, o.result) for o in variant("LA9634-2")] == [("BRAF mutation", "negative")]


TREATMENTS = [
    (
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "authoredOn": "2025-02-03",
            "medicationCodeableConcept": concept(RXNORM, "860975", "Metformin 500 MG"),
        },
        Treatment("Metformin 500 MG", (Code("rxnorm", "860975"),), started_on=day("2025-02-03"), current=True),
    ),
    (
        {
            "resourceType": "MedicationStatement",
            "status": "completed",
            "effectivePeriod": {"start": "2020", "end": "2021-05"},
            "medicationCodeableConcept": {"text": "Prednisone"},
        },
        Treatment("Prednisone", started_on=day("2020"), stopped_on=day("2021-05"), current=False),
    ),
    (
        {
            "resourceType": "MedicationStatement",
            "status": "intended",
            "medicationCodeableConcept": {"text": "Prednisone"},
        },
        Treatment("Prednisone", planned=True),
    ),
    (
        {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "effectiveDateTime": "2026-10-01",
            "medicationReference": {"reference": "#m"},
            "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Paclitaxel"}}],
        },
        Treatment("Paclitaxel", started_on=day("2026-10-01")),
    ),
    (
        {
            "resourceType": "Procedure",
            "status": "completed",
            "performedPeriod": {"start": "2024-01-02", "end": "2024-01-03"},
            "code": concept(SNOMED, "88039007", "Transplant of lung (procedure)"),
        },
        Treatment(
            "Transplant of lung",
            (Code("snomed", "88039007"),),
            started_on=day("2024-01-02"),
            stopped_on=day("2024-01-03"),
            current=False,
        ),
    ),
    (
        {
            "resourceType": "Immunization",
            "status": "completed",
            "occurrenceDateTime": "2026-10-05",
            "vaccineCode": concept(CVX, "140", "Influenza, seasonal, injectable"),
        },
        Treatment("influenza vaccine", started_on=day("2026-10-05"), stopped_on=day("2026-10-05"), current=False),
    ),
    (  # that there was a vaccination, and no diphtheria
        {
            "resourceType": "Procedure",
            "status": "completed",
            "performedDateTime": "2026-10-05",
            "code": {"text": "Vaccination for diphtheria, pertussis, and tetanus"},
        },
        Treatment("vaccination", started_on=day("2026-10-05"), stopped_on=day("2026-10-05"), current=False),
    ),
]


@pytest.mark.parametrize(("resource", "expected"), TREATMENTS)
def test_treatments(resource, expected):
    reading = read(resource)
    assert (reading.patient.treatments, reading.faults) == ((expected,), ())


def test_a_medication_elsewhere_in_the_bundle_is_found():
    medication = {"resourceType": "Medication", "id": "m1", "code": {"text": "Warfarin"}}
    statement = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationReference": {"reference": "Medication/m1"},
    }
    assert read(statement, medication).patient.treatments == (Treatment("Warfarin", current=True),)


def test_an_allergy_is_never_a_treatment_with_its_substance():
    penicillin = {"resourceType": "AllergyIntolerance", "clinicalStatus": concept("x", "active"), "code": concept(RXNORM, "7980", "Penicillin G")}  # fmt: skip
    patient = read(penicillin).patient
    assert (patient.conditions, patient.treatments) == ((Condition("allergy to Penicillin G", active=True),), ())


def test_a_history_of_something_is_over():
    past = {"resourceType": "Condition", "clinicalStatus": concept("x", "active"), "onsetDateTime": "2022-01-01", "code": {"text": "History of cardiac arrest (situation)"}}  # fmt: skip
    assert read(past).patient.conditions == (Condition("cardiac arrest", active=False),)


def test_a_pregnancy_that_began_years_ago_does_not_go_on():
    pregnancy = {"resourceType": "Condition", "clinicalStatus": concept("x", "active"), "code": concept(SNOMED, "72892002", "Normal pregnancy")}  # fmt: skip
    (old,) = read({**pregnancy, "onsetDateTime": "2019-01-01"}).patient.conditions
    (new,) = read({**pregnancy, "onsetDateTime": "2026-07-01"}).patient.conditions
    assert (old.active, new.active) == (False, True)


STAGE = {
    "resourceType": "Observation",
    "status": "final",
    "code": concept(LOINC, "21908-9"),
    "focus": [{"reference": "Condition/c"}],
}
CANCER = {"resourceType": "Condition", "id": "c", "code": {"text": "Breast cancer"}}


def test_the_newest_stage_counts_and_two_of_one_day_leave_it_unsaid():
    older = {**STAGE, "effectiveDateTime": "2020-01-01", "valueCodeableConcept": {"text": "Stage 2B"}}
    newer = {
        **STAGE,
        "effectiveDateTime": "2024-01-01",
        "valueCodeableConcept": concept("http://cancerstaging.org", "c4"),
    }
    other = {**newer, "valueCodeableConcept": {"text": "Stage IIIA"}}
    assert [c.qualifiers for c in read(CANCER, older, newer).patient.conditions] == [("stage IV",)]
    assert [c.qualifiers for c in read(CANCER, newer, other).patient.conditions] == [()]


PEOPLE = [
    # what the Patient says, birth, sex, place, faults
    ({"gender": "male", "birthDate": "1980"}, "1980", Sex.MALE, None, []),
    ({"gender": "other", "birthDate": "1980-05"}, "1980-05", None, None, ["gender"]),
    ({"gender": "male", "birthDate": "1780"}, None, Sex.MALE, None, ["birthDate"]),
    ({"gender": "male", "birthDate": "2027"}, None, Sex.MALE, None, ["birthDate"]),
    ({"gender": "male", "birthDate": 1980}, None, Sex.MALE, None, ["birthDate"]),
    (
        {
            "gender": "male",
            "birthDate": "1980",
            "extension": [
                {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"}
            ],
        },
        "1980",
        None,
        None,
        ["gender"],
    ),
    (
        {
            "gender": "male",
            "birthDate": "1980",
            "address": [{"use": "old", "city": "Oslo"}, {"city": "Charleston", "state": "SC", "country": "US"}],
        },
        "1980",
        Sex.MALE,
        Location(place="Charleston, SC", country="US"),
        [],
    ),
]


@pytest.mark.parametrize(("said", "birth", "sex", "place", "at_fault"), PEOPLE)
def test_people(said, birth, sex, place, at_fault):
    reading = read_bundle(bundle({"resourceType": "Patient", **said}), ON)
    patient = reading.patient
    assert (patient.birth_date, patient.sex, patient.location) == (birth and day(birth), sex, place)
    assert [f.pointer.rsplit("/", 1)[1] for f in reading.faults] == at_fault


WISHES = [
    ("zipCode", {"valueString": "29401-1234"}, Asked(postal_code="29401")),
    ("travelRadius", {"valueString": "10"}, Asked(radius_km=16.09344)),
    ("travelRadius", {"valueDecimal": 100}, Asked(radius_km=160.9344)),
    ("travelRadius", {"valueString": "50 km"}, Asked(radius_km=50.0)),
    ("phase", {"valueString": "phase-1-phase-2"}, Asked(phases=("PHASE1", "PHASE2"))),
    ("phase", {"valueString": "Early Phase 1"}, Asked(phases=("EARLY_PHASE1",))),
    ("phase", {"valueString": "Phase III"}, Asked(phases=("PHASE3",))),
    ("phase", {"valueString": "any"}, Asked()),
    ("recruitmentStatus", {"valueString": "all"}, Asked(statuses=None)),
    ("recruitmentStatus", {"valueString": "Active, not recruiting"}, Asked(statuses=("ACTIVE_NOT_RECRUITING",))),
    ("recruitmentStatus", {"valueString": "approved"}, Asked(statuses=("NOT_YET_RECRUITING",))),
]


@pytest.mark.parametrize(("name", "value", "expected"), WISHES)
def test_what_is_asked_of_trials(name, value, expected):
    reading = read({"resourceType": "Parameters", "parameter": [{"name": name, **value}]})
    assert (reading.parameters, reading.faults) == (expected, ())


@pytest.mark.parametrize(
    ("name", "value"), [("zipCode", "ABC"), ("travelRadius", "far"), ("phase", "5"), ("recruitmentStatus", "sometimes")]
)
def test_a_wish_that_cannot_be_read_is_named_without_its_value(name, value):
    reading = read({"resourceType": "Parameters", "parameter": [{"name": name, "valueString": value}]})
    assert faults(reading) == [("/entry/1/resource/parameter/0", f"{name} could not be read")]
    assert reading.parameters == Asked()


def test_parameters_may_hold_the_bundle():
    inside = bundle(PERSON, {"resourceType": "Condition", "code": {"text": "Stroke"}, "onsetDateTime": "2030"})
    body = {"resourceType": "Parameters", "parameter": [{"name": "zipCode", "valueString": "29401"}, {"name": "patient", "resource": inside}]}  # fmt: skip
    reading = read_bundle(body, ON)
    assert (reading.patient.sex, reading.parameters.postal_code) == (Sex.FEMALE, "29401")
    assert [f.pointer for f in reading.faults] == ["/parameter/1/resource/entry/1/resource/onsetDateTime"]


@pytest.mark.parametrize("body", [None, [], "x", 7, {}, {"resourceType": "Patient"}, {"resourceType": ["Bundle"]}])
def test_anything_else_is_one_fault(body):
    reading = read_bundle(body, ON)
    assert faults(reading) == [("/resourceType", "a Bundle, or Parameters with a Bundle, is expected")]
    assert reading.patient == Patient()


def test_a_bundle_within_a_bundle_and_a_second_patient_are_named():
    reading = read(bundle(PERSON), {**PERSON, "id": "q"})
    assert faults(reading) == [
        ("/entry/1/resource", "a bundle within a bundle is not read"),
        ("/entry/2/resource", "a second Patient: only the first and the facts about the first are read"),
    ]


WORDS = st.sampled_from(
    "Bundle Patient Condition Observation Parameters Procedure MedicationStatement AllergyIntolerance Immunization active "
    "final completed 2020-01-01 2020-13-45 8480-6 89247-1 69548-6 21908-9 82810-3 http://loinc.org male zipCode".split()
)
KEYS = st.sampled_from(
    "resourceType entry resource code coding system display text status valueQuantity value unit valueCodeableConcept "
    "valueString valueInteger component parameter name birthDate gender address extension url onsetDateTime subject "
    "reference meta profile stage summary focus effectivePeriod start end clinicalStatus referenceRange low high".split()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
RESOURCES = st.builds(
    lambda kind, rest: {**rest, "resourceType": kind},
    st.sampled_from(
        "Patient Condition Observation Parameters Procedure MedicationStatement MedicationRequest "
        "MedicationAdministration AllergyIntolerance Immunization Medication".split()
    ),
    st.dictionaries(KEYS, ANYTHING, max_size=8),
)


@given(st.lists(RESOURCES | ANYTHING, max_size=5))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_json_makes_it_fail(entries):
    body = {"resourceType": "Bundle", "entry": [{"resource": each} for each in entries]}
    assert isinstance(read_bundle(body, ON), BundleReading)


@given(ANYTHING)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_body_makes_it_fail(body):
    for data in (body, {"resourceType": "Bundle", "entry": body}, {"resourceType": "Parameters", "parameter": body}):
        assert isinstance(read_bundle(data, ON), BundleReading)


def test_no_fault_repeats_a_value():
    secret = "Zanzibar"
    resources = [
        {
            "resourceType": kind,
            "status": secret,
            "code": {"text": secret},
            "birthDate": secret,
            "gender": secret,
            "effectiveDateTime": secret,
            "valueString": secret,
            "onsetDateTime": secret,
        }
        for kind in ("Patient", "Condition", "Observation", "Procedure", "MedicationStatement", secret)
    ]
    reading = read_bundle(bundle(*resources), ON)
    assert len(reading.faults) >= 5
    assert not [f for f in reading.faults if secret in f"{f.resource}{f.pointer}{f.message}"]
