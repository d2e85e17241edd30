import gzip
import re
from collections import Counter
from datetime import date
from pathlib import Path

import orjson
import pytest

from app.api.patients import read_patient
from app.ingest.study import read_study
from app.samples import FOLDER, PATIENTS, TRIALS, choose
from matching import Trial

CONTACT = re.compile(rb'"(?:phone|phoneExt|email|centralContacts)"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]')


def studies() -> list[choose.Study]:
    with gzip.open(TRIALS[0]) as lines:
        return [orjson.loads(line) for line in lines]


def trials() -> list[Trial]:
    return [read_study(study).trial for study in studies()]


def test_they_are_small_and_real() -> None:
    rows = trials()
    assert len(rows) == len({row.nct_id for row in rows}) == 300
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 4_000_000
    assert all(row.brief_title and row.eligibility.text and row.provenance[0].url for row in rows)


def test_they_name_no_person_to_contact() -> None:
    for path in TRIALS:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert CONTACT.search(raw) is None, path.name


def test_they_vary() -> None:
    rows = trials()
    statuses = Counter(row.overall_status for row in rows)
    assert statuses["RECRUITING"] >= 100
    assert statuses.keys() >= {
        "NOT_YET_RECRUITING",
        "ENROLLING_BY_INVITATION",
        "ACTIVE_NOT_RECRUITING",
        "COMPLETED",
        "TERMINATED",
        "SUSPENDED",
        "WITHDRAWN",
        "UNKNOWN",
    }
    assert {phase for row in rows for phase in row.design.phases} == {
        "NA",
        "EARLY_PHASE1",
        "PHASE1",
        "PHASE2",
        "PHASE3",
        "PHASE4",
    }
    assert {row.eligibility.sex for row in rows} == {"ALL", "FEMALE", "MALE"}
    units = {age.unit for row in rows for age in (row.eligibility.minimum_age, row.eligibility.maximum_age) if age}
    assert units >= {"a", "mo", "d"}
    assert len({country for row in rows for country in row.countries}) >= 60
    assert max(len(row.sites) for row in rows) >= 500
    assert sum(1 for row in rows if not row.sites) >= 4
    assert sum(1 for row in rows if any(site.lat is None for site in row.sites)) >= 4
    assert sum(1 for row in rows if row.design.study_type == "OBSERVATIONAL") >= 12
    assert sum(1 for row in rows if row.eligibility.minimum_age is None and row.eligibility.maximum_age is None) >= 4
    assert sum(1 for row in rows if "nclusion" not in (row.eligibility.text or "").lower()) >= 6
    assert sum(1 for row in rows if row.eligibility.healthy_volunteers) >= 12


def test_the_choice_is_the_same_every_time() -> None:
    rows = studies()
    assert choose.chosen(rows) == choose.chosen(rows[::-1]) == rows


@pytest.mark.parametrize("name", ["type_1_diabetes", "oncology", "child", "healthy_volunteer"])
def test_the_patients_are_read_without_a_fault(name: str) -> None:
    sent = orjson.loads((PATIENTS / f"{name}.json").read_bytes())
    assert sent.keys() == {"patient", "on"}
    patient = read_patient(sent["patient"], date.fromisoformat(sent["on"]))
    assert patient.location is not None
    assert len(patient.observations) == len(sent["patient"]["observations"])
    assert len(patient.conditions) == len(sent["patient"]["conditions"])


def test_every_sample_has_its_source() -> None:
    told = (FOLDER / "SOURCES.md").read_text()
    data = {path.name for path in FOLDER.iterdir() if path.suffix not in {".py", ".md"} and path.is_file()}
    assert data == {path.name for path in TRIALS}
    assert all(f"`{name}`" in told for name in data)
    assert {path.stem for path in Path(PATIENTS).iterdir()} == {
        "type_1_diabetes",
        "oncology",
        "child",
        "healthy_volunteer",
    }
