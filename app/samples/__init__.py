"""Real trials and made-up patients shipped with the project, so that it works with no network (SOURCES.md)."""

from pathlib import Path

FOLDER = Path(__file__).parent

TRIALS = (
    FOLDER / "trials.jsonl.gz",
    FOLDER / "t1d_relatives.ndjson",
    FOLDER / "nct04061746_registry_page.txt",
    FOLDER / "nct06407297_medpath_page.txt",
)
"""Files that `trialmatch load` reads; `trialmatch demo` loads them all."""

PATIENTS = FOLDER / "patients"
"""One JSON file a patient: `type_1_diabetes`, `oncology`, `child`, `healthy_volunteer`."""

FHIR = FOLDER / "fhir"
"""A FHIR bundle as an mCODE client sends it."""
