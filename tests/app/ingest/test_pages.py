from pathlib import Path

import orjson
import pytest

from app.ingest.files import read_path
from app.ingest.medpath_page import read_page as read_medpath
from app.ingest.registry_page import read_page as read_registry
from app.ingest.source import Record, RecordError
from app.samples import FOLDER
from app.store.convert import trial_to_json

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(
    ("page", "expected", "odd"),
    [
        (
            "nct04061746_registry_page.txt",
            "nct04061746.json",
            (
                "sponsors: the page does not say which of them leads; all are kept as collaborators",
                "conditions: the page's list is empty",
            ),
        ),
        ("nct06407297_medpath_page.txt", "nct06407297.json", ()),
    ],
)
def test_a_seed_page_is_read_whole(page: str, expected: str, odd: tuple[str, ...]) -> None:
    (record,) = read_path(FOLDER / page)
    assert isinstance(record, Record)
    assert trial_to_json(record.trial) == orjson.loads((EXPECTED / expected).read_bytes())
    assert record.odd == odd


@pytest.mark.parametrize("page", ["nct04061746_registry_page.txt", "nct06407297_medpath_page.txt"])
def test_no_line_of_the_criteria_is_lost_or_changed(page: str) -> None:
    (record,) = read_path(FOLDER / page)
    assert isinstance(record, Record)
    lines = (FOLDER / page).read_text().splitlines()
    first, last = (
        lines.index("Inclusion Criteria"),
        max(i for i, line in enumerate(lines) if line[:3] in ("* S", "  1")),
    )
    wanted = [line for line in lines[first : last + 1] if line and not line.endswith("Criteria")]
    kept = (record.trial.eligibility.text or "").split("\n")
    assert [line for line in kept if line and "Criteria" not in line[:20]] == wanted


def test_a_registry_page_with_what_the_seed_lacks() -> None:
    page = """A title
NCT ID: NCT00000001
Last Updated: 2024-02-30
Basic Information
What this is.
COMPLETED
PHASE2/PHASE3
Conditions
What this is.
Asthma
Eczema
Asthma
Interventions
What this is.
A pump
-
Eligibility Criteria
What this is.
Inclusion Criteria

* Asthma
6 Months
FEMALE
Yes
Sponsors
What this is.
A Hospital
OTHER
Locations
What this is.
RECRUITING
A Hospital
Paris, France
Another
Monaco
Other Identifiers
What this is.
2019-001
Identifier Type: EUDRACT_NUMBER
Identifier Source: -
"""
    assert trial_to_json(read_registry(page.splitlines()).trial) == {
        "nct_id": "NCT00000001",
        "provenance": [{"source": "registry_page", "record_version": "2024-02-30"}],
        "other_identifiers": [{"value": "2019-001", "type": "EUDRACT_NUMBER"}],
        "brief_title": "A title",
        "overall_status": "COMPLETED",
        "sponsor": {"name": "A Hospital", "class": "OTHER"},
        "conditions": ["Asthma", "Eczema"],
        "design": {"phases": ["PHASE2", "PHASE3"]},
        "interventions": [{"name": "A pump"}],
        "eligibility": {"text": "Inclusion Criteria\n\n* Asthma", "sex": "FEMALE", "healthy_volunteers": True},
        "sites": [
            {"facility": "A Hospital", "status": "RECRUITING", "city": "Paris", "country": "France"},
            {"facility": "Another", "country": "Monaco"},
        ],
        "countries": ["France", "Monaco"],
    }


def test_a_medpath_page_with_what_the_seed_lacks() -> None:
    page = """MedPath

A title

Phase 1/Phase 2
Completed
Interventions
A pump
Diagnostic Test: MRI
Registration Number
NCT00000001
Recruitment & Eligibility

Status
DREAMING
Sex
Female
Exclusion Criteria
  1. Asthma
Arm && Interventions
GroupInterventionDescription
Active ComparatorMRITwice a year
No words known
Primary Outcome Measures
NameTimeMethod
FEV1Baseline, 1 year

In litres

Something without a time

-

Trial Locations

Locations (2)

A Hospital

\U0001f1eb\U0001f1f7

Paris, France
"""
    record = read_medpath(page.splitlines())
    assert trial_to_json(record.trial) == {
        "nct_id": "NCT00000001",
        "provenance": [{"source": "medpath_page"}],
        "brief_title": "A title",
        "overall_status": "DREAMING",
        "design": {"phases": ["PHASE1", "PHASE2"]},
        "arms": [
            {
                "label": "Active Comparator",
                "type": "ACTIVE_COMPARATOR",
                "description": "Twice a year",
                "interventions": ["MRI"],
            }
        ],
        "interventions": [{"name": "A pump"}, {"name": "MRI", "type": "DIAGNOSTIC_TEST"}],
        "outcomes": [
            {"rank": "primary", "measure": "FEV1", "description": "In litres", "time_frame": "Baseline, 1 year"},
            {"rank": "primary", "measure": "Something without a time"},
        ],
        "eligibility": {"text": "Exclusion Criteria:\n\n  1. Asthma", "sex": "FEMALE"},
        "sites": [{"facility": "A Hospital", "city": "Paris", "country": "France"}],
        "countries": ["France"],
    }
    assert record.odd == (
        "arms: a row whose cells cannot be told apart",
        "status: DREAMING is not a value known here",
        "outcomes: a primary one whose name and time cannot be told apart",
    )


def test_pages_of_other_registries_are_told(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("MedPath\n\nA title\n\nRegistration Number\nChiCTR2000030000\n")
    (fault,) = read_path(page)
    assert isinstance(fault, RecordError)
    assert str(fault) == "page.txt: its registration number is not NCT and eight digits"
    page.write_text("A title\nNCT ID: NCT123\nLast Updated: 2024-01-01\n")
    (fault,) = read_path(page)
    assert str(fault) == "page.txt: no `NCT ID:` of NCT and eight digits"
