"""Trials for tests, each with one provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from matching import (
    AgeLimit,
    Design,
    EligibilityFields,
    Intervention,
    MeshTerm,
    PartialDate,
    Provenance,
    Site,
    Trial,
    TrialDate,
)

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


NO_CRITERIA = b'{"criteria":[],"coverage":{"criteria":0,"computable":0,"on_site":0,"unreadable":0},"problems":[]}'


def no_text(modules: Sequence[EligibilityFields]) -> list[bytes]:
    """Reads no criteria, for tests of what does not depend on them."""
    return [NO_CRITERIA] * len(modules)


def registry_trial(number: int = 1) -> Trial:
    return Trial(
        nct_id=f"NCT{number:08d}",
        provenance=(Provenance(source="clinicaltrials_gov", record_version="2026-07-17"),),
        brief_title=f"Trial {number}",
        overall_status="RECRUITING",
        last_update=TrialDate(PartialDate(2026, 7, 1), "ACTUAL"),
        conditions=("Type 1 Diabetes",),
        keywords=("Islets",),
        design=Design(study_type="INTERVENTIONAL", phases=("PHASE1", "PHASE2")),
        interventions=(Intervention(name="Teplizumab", type="DRUG"),),
        eligibility=EligibilityFields(
            text="Inclusion Criteria:\n\n* Age 18 years or older\n\nExclusion Criteria:\n\n* BMI > 35 kg/m2",
            sex="ALL",
            minimum_age=AgeLimit(18, "a"),
            healthy_volunteers=False,
        ),
        sites=(
            Site("Hospital", "RECRUITING", "Charleston", "South Carolina", "29425", "United States", 32.7765, -79.9311),
            Site(city="Lyon", country="France"),
        ),
        countries=("United States", "France"),
        condition_mesh=(MeshTerm("D003922", "Diabetes Mellitus, Type 1"),),
        condition_ancestors=(MeshTerm("D003920", "Diabetes Mellitus"),),
    )


def page_trial(number: int = 1) -> Trial:
    """What a page tells of the same trial: less, and a title of its own."""
    return Trial(
        nct_id=f"NCT{number:08d}",
        provenance=(Provenance(source="medpath_page"),),
        brief_title="A title of the page",
        brief_summary="A summary that only the page has.",
        overall_status="COMPLETED",
        design=Design(phases=("PHASE4",), enrollment_count=24),
    )


def dated(trial: Trial, month: int) -> Trial:
    """The trial with another month of its last update in 2026."""
    return replace(trial, last_update=TrialDate(PartialDate(2026, month, 1), "ACTUAL"))
