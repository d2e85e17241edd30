"""Answers to the other two questions: which of many patients fit one trial, and what changes when a fact changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from matching.model.codes import Eligibility, Verdict
from matching.model.finding import Totals, TrialMatch


@dataclass(frozen=True, slots=True)
class PatientMatch:
    """One patient's row for a trial; `patient` is the patient's place in the request, from 0."""

    patient: int
    match: TrialMatch


@dataclass(frozen=True, slots=True)
class ReverseAnswer:
    """One trial, many patients, best first. `totals.considered` counts patients."""

    on: date
    nct_id: str
    totals: Totals
    matches: tuple[PatientMatch, ...]
    data_version: str = ""


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A criterion whose verdict changes. None: the trial was not considered on that side."""

    id: str
    text: str
    before: Verdict | None
    after: Verdict | None
    explanation: str


@dataclass(frozen=True, slots=True)
class TrialChange:
    """A trial that is judged otherwise after the change. None: not considered on that side."""

    nct_id: str
    brief_title: str
    eligibility_before: Eligibility | None
    eligibility_after: Eligibility | None
    score_before: float | None
    score_after: float | None
    criteria: tuple[VerdictChange, ...]


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """The differences between two answers; trials whose eligibility changes come first. `changed` counts all of them."""

    on: date
    before: Totals
    after: Totals
    changed: int
    changes: tuple[TrialChange, ...]
    data_version: str = ""
