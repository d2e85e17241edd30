"""What the engine finds: a tree of findings per expression, then per criterion, per trial, and the whole answer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from matching.model.codes import Eligibility, Role, Verdict, WhyUnknown
from matching.model.criterion import Expression, Leaf
from matching.model.patient import NoteSpan, PartialDate
from matching.model.truth import Truth


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact of the patient that a leaf was judged by, with the working shown.

    `value`/`unit` as the patient gave them; `as_value`/`as_unit` in the trial's unit (JSON: `as`, `as_unit`);
    `path` the ids from the patient's concept up to the trial's. `boundary`: the value lies on the bound, or the bound
    lies inside the value's rounding. `assumed`: something taken from a table, said in words ("usual upper limit 55 U/L").
    `formula`: how a derived fact was computed.
    """

    fact: str
    value: float | str | bool | None = None
    unit: str | None = None
    on: PartialDate | None = None
    as_value: float | None = None
    as_unit: str | None = None
    working: str | None = None
    path: tuple[str, ...] = ()
    boundary: bool = False
    assumed: str | None = None
    formula: str | None = None
    span: NoteSpan | None = None


@dataclass(frozen=True, slots=True, order=True)
class MissingFact:
    """A fact that would settle a leaf. `kind` groups facts for questions; `fact` is its name, the same for every trial.

    kind is one of age, sex, measurement, result, score, condition, treatment, count, pregnancy, life_expectancy,
    lifestyle, statement. `id` is what makes two facts the same question (analyte name and setting, concept id, ...).
    `aspect` is what is asked of the thing, where that is not whether it is there: active, onset, current, dates, start,
    dose, date, limit, baseline, or a qualifier ("severe"); it ends the `id` behind a colon. `subject` is then the thing.
    """

    kind: str
    id: str
    fact: str
    loinc: str | None = None
    unit: str | None = None
    mesh: str | None = None
    aspect: str = field(default="", compare=False)
    subject: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a definite failure is from its bound: `by` is value minus bound, signed, in `unit`.

    `changes` is by_itself (age, time since), can_change (weight, HbA1c, ...) or fixed.
    `relative` is |by| / |bound| (None where the bound is 0). The same distance in the patient's own unit when it differs.
    `about` is the fact whose value it is; `since`: the value is the time since then.
    """

    fact: str
    value: float
    bound: float
    by: float
    unit: str | None
    relative: float | None
    changes: str
    patient_by: float | None = None
    patient_unit: str | None = None
    explanation: str = ""
    about: MissingFact | None = field(default=None, compare=False)
    since: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """From `on` the truth is `to`, if nothing but time changes.

    `applicable` False: from then on it is about people this patient is not, so it will not speak against the patient.
    """

    on: date
    to: Truth
    applicable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one expression for one patient on one day.

    `reasons` says why it is UNKNOWN (empty when it is not), most telling first. `missing` are the facts that would
    settle it. `applicable` False: an `if` whose `when` is false, or a sentence about people this patient is not.
    `timeline` are the days on which the truth changes by the calendar alone, in order. Leaves have no `parts`.
    """

    expression: Expression
    truth: Truth
    reasons: tuple[WhyUnknown, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[MissingFact, ...] = ()
    parts: tuple[Finding, ...] = ()
    applicable: bool = True
    distances: tuple[Distance, ...] = ()
    timeline: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """The verdict of one leaf of a compound criterion, in the order of the text."""

    text: str
    start: int
    end: int
    truth: Truth
    why_unknown: WhyUnknown | None
    expression: Leaf


@dataclass(frozen=True, slots=True)
class JudgedCriterion:
    """One criterion, judged. `explanation` is empty until answering/explain.py words it.

    `kept` is for what is worked out of it where it comes up again: in every answer to a patient that tells nothing of what
    it asks, or under other ids in this one. None: it comes once.
    """

    id: str
    role: Role
    text: str
    start: int | None
    end: int | None
    verdict: Verdict
    why_unknown: WhyUnknown | None
    finding: Finding
    applies_to: str | None = None
    parent: str | None = None
    part_of_parent: bool = False
    part_verdicts: tuple[PartVerdict, ...] = ()
    eligible_from: date | None = None
    eligible_until: date | None = None
    explanation: str = ""
    failures: tuple[Change, ...] = ()
    """The days on which it will begin (TRUE) or cease (FALSE) to speak against the patient, by the calendar alone."""
    kept: dict[Hashable, Any] | None = field(default=None, compare=False, repr=False)

    def called(self, id: str, parent: str | None) -> JudgedCriterion:
        """The same under another id: `replace`, in a third of its time, as every row of an answer asks for it."""
        return JudgedCriterion(
            id,
            self.role,
            self.text,
            self.start,
            self.end,
            self.verdict,
            self.why_unknown,
            self.finding,
            self.applies_to,
            parent,
            self.part_of_parent,
            self.part_verdicts,
            self.eligible_from,
            self.eligible_until,
            self.explanation,
            self.failures,
            self.kept,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """Criteria of a trial by what was found; unknowns by their main reason."""

    in_favour: int = 0
    against: int = 0
    not_applicable: int = 0
    missing: int = 0
    stale: int = 0
    unreadable: int = 0
    on_site: int = 0
    not_comparable: int = 0
    conflict: int = 0


@dataclass(frozen=True, slots=True)
class JudgedTrial:
    """A trial with every criterion judged.

    `eligible_from`, `eligible_until`: the span of days on which no definite failure stands, as far as the calendar
    alone decides. `recheck_on`: the next day on which a verdict that counts changes.
    """

    nct_id: str
    eligibility: Eligibility
    criteria: tuple[JudgedCriterion, ...]
    counts: Counts
    near_misses: tuple[Distance, ...] = ()
    eligible_from: date | None = None
    eligible_until: date | None = None
    recheck_on: date | None = None
    cross_check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionMatch:
    """How the trial's condition meets the patient's. `path`: concept ids from the narrower to the broader.

    `relation` is same, narrower (the patient's is narrower than the trial's), broader, or healthy_volunteer.
    """

    patient: str
    trial: str
    path: tuple[str, ...] = ()
    relation: str = "same"


@dataclass(frozen=True, slots=True)
class NearestSite:
    """The nearest site that recruits; `distance_km` None where patient or site cannot be placed; precision site, city, country."""

    facility: str | None
    city: str | None
    country: str | None
    status: str | None
    distance_km: float | None
    precision: str | None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TrialMatch:
    """One row of the answer.

    `undecided`: minimal sets of facts that would settle the trial together; `undecided_exact` False beyond 12 facts.
    """

    rank: int
    nct_id: str
    brief_title: str
    overall_status: str | None
    phases: tuple[str, ...]
    judged: JudgedTrial
    score: float
    score_parts: Mapping[str, float]
    condition_match: ConditionMatch | None
    nearest_site: NearestSite | None
    undecided: tuple[tuple[str, ...], ...] = ()
    undecided_exact: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """A fact worth finding out: `decides` trials change their eligibility with it, for or against."""

    fact: MissingFact
    ask: str
    decides: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of trials."""

    considered: int
    likely_eligible: int
    possibly_eligible: int
    not_eligible: int


@dataclass(frozen=True, slots=True)
class NoteFact:
    """A fact read from a note and its place: `text` is note[start:end]; `fact` is a Patient part as a plain mapping."""

    kind: str
    start: int
    end: int
    text: str
    fact: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchAnswer:
    """The whole answer for one patient on one day. `next_after`: behind which key the next page begins; None at the end."""

    on: date
    totals: Totals
    matches: tuple[TrialMatch, ...]
    questions: tuple[Question, ...] = ()
    read_from_note: tuple[NoteFact, ...] = ()
    next_after: int | None = None
    data_version: str = ""
