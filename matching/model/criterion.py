"""A criterion and the expressions it is read into (CONTRACT: a parsed criterion).

Every expression says when the SENTENCE is true; roles are applied elsewhere, once.
`start` and `end` are offsets into the source text: `text[start:end]` is the quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from matching.model.codes import Role, Sex, Times

Status = Literal["active", "history", "any"]
TreatmentStatus = Literal["current", "prior", "planned", "any"]
TreatmentType = Literal["drug", "class", "procedure", "device", "radiation", "donation"]
TimeUnit = Literal["a", "mo", "wk", "d", "h", "min", "{half_life}"]
Direction = Literal["before", "after", "around", "duration"]
PregnancyState = Literal["pregnant", "breastfeeding", "planning", "childbearing_potential"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range.

    `unit` is a UCUM code ("1" for a plain number and for multiples, None where the text names none and none is implied:
    such a bound is not comparable). With `times`, `value` is the multiple.
    """

    value: float
    unit: str | None = None
    inclusive: bool = True
    times: Times | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time against an anchor.

    "within the past 6 months": upper=6, unit="mo", anchor="now", direction="before".
    "at least 4 weeks since": lower=4. "for at least 3 months" (how long something lasts): direction="duration".
    `otherwise` with `whichever` holds the second half of "30 days or 5 half-lives, whichever is longer".
    `anchor` is one of now, consent, screening, enrolment, randomisation, first_dose, last_dose, surgery, diagnosis,
    delivery, study (the whole study), or another noun as it stands.
    """

    lower: float | None = None
    upper: float | None = None
    unit: TimeUnit = "d"
    anchor: str = "now"
    direction: Direction = "before"
    lower_inclusive: bool = True
    upper_inclusive: bool = True
    otherwise: Window | None = None
    whichever: Literal["longer", "shorter"] | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing named in text: a disease, drug, class, procedure.

    `text` is what the source (or the vocabulary) calls it. `id` is our knowledge base's id: a MeSH id, or an id of
    our own table for what MeSH lacks; None when the name is in no vocabulary (then only equal names match).
    """

    text: str
    id: str | None = None
    mesh: str | None = None
    icd10: str | None = None


@dataclass(frozen=True, slots=True)
class Analyte:
    """A thing that is measured. `name` is the preferred name of the analyte table; `loinc` None when it has none."""

    name: str
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    of: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part or more holds."""

    of: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`count` parts or more hold."""

    count: int
    of: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    of: Expression


@dataclass(frozen=True, slots=True)
class If:
    """A requirement on a subgroup, in inclusion lists: where `when` is false the criterion is not applicable."""

    when: Expression
    then: Expression


@dataclass(frozen=True, slots=True)
class AgeIs:
    """The patient's age now lies between the bounds; units a, mo, wk, d."""

    start: int
    end: int
    lower: Bound | None = None
    upper: Bound | None = None


@dataclass(frozen=True, slots=True)
class SexIs:
    """The patient is female, or male. `sex` is never ALL."""

    start: int
    end: int
    sex: Sex


@dataclass(frozen=True, slots=True)
class MeasurementIs:
    """A measured value lies between the bounds (both None: it has been measured, or is "abnormal" by the qualifier)."""

    start: int
    end: int
    analyte: Analyte
    lower: Bound | None = None
    upper: Bound | None = None
    window: Window | None = None
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class ResultIs:
    """A test came out as `result`: positive, negative, abnormal, normal, mutated, wild_type, detectable, ..."""

    start: int
    end: int
    analyte: Analyte
    result: str
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ScoreIs:
    """An ordinal score or class; letters and roman numerals as numbers (Child-Pugh A = 1, NYHA II = 2)."""

    start: int
    end: int
    instrument: str
    lower: Bound | None = None
    upper: Bound | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ConditionIs:
    """The patient has, or had, a condition. `exceptions` are conditions that do not count (JSON: `except`)."""

    start: int
    end: int
    concept: Concept
    status: Status = "any"
    qualifiers: tuple[str, ...] = ()
    window: Window | None = None
    exceptions: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a treatment; unit UCUM, such as mg/d."""

    lower: Bound | None = None
    upper: Bound | None = None


@dataclass(frozen=True, slots=True)
class TreatmentIs:
    """The patient takes, took or will take a treatment. `exceptions` do not count (JSON: `except`)."""

    start: int
    end: int
    concept: Concept
    type: TreatmentType = "drug"
    status: TreatmentStatus = "any"
    dose: Dose | None = None
    window: Window | None = None
    exceptions: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class CountIs:
    """How often something happened ("more than 2 episodes a week"); `per` is a time unit or None."""

    start: int
    end: int
    of: Concept
    lower: Bound | None = None
    upper: Bound | None = None
    per: TimeUnit | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class PregnancyIs:
    """The patient is in one of the states."""

    start: int
    end: int
    states: tuple[PregnancyState, ...]
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class LifeExpectancyIs:
    """Expected to live between the bounds; units a, mo, wk, d."""

    start: int
    end: int
    lower: Bound | None = None
    upper: Bound | None = None


@dataclass(frozen=True, slots=True)
class LifestyleIs:
    """Use of a substance or a habit: substance `tobacco`, `alcohol`, `drugs`, ...; status current, former, any, abuse."""

    start: int
    end: int
    substance: str
    status: str = "any"
    lower: Bound | None = None
    upper: Bound | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class OnSite:
    """Only the study team can settle this (consent, compliance, investigator_opinion, contraception, ...)."""

    start: int
    end: int
    topic: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Text that could not be read, and why; never a verdict."""

    start: int
    end: int
    reason: str


Leaf = (
    AgeIs
    | SexIs
    | MeasurementIs
    | ResultIs
    | ScoreIs
    | ConditionIs
    | TreatmentIs
    | CountIs
    | PregnancyIs
    | LifeExpectancyIs
    | LifestyleIs
    | OnSite
    | Unreadable
)
Expression = AllOf | AnyOf | AtLeast | Not | If | Leaf


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of an eligibility text. `parent` is the id of the line a nested bullet belongs to.

    `coverage` is the share of the line's words that the expression accounts for, 0 to 1.
    A parent line that only carries a connective ("at least one of the following:") holds the whole group's expression;
    its nested lines hold their own and are judged for display, but only the parent counts (`part_of_parent`).
    """

    id: str
    role: Role
    text: str
    start: int
    end: int
    expression: Expression
    parent: str | None = None
    applies_to: str | None = None
    coverage: float = 1.0
    part_of_parent: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd about a text, found by reading/check.py: `code` names the kind, `criterion` the line (or None)."""

    code: str
    message: str
    criterion: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a text was read: numbers of criteria."""

    criteria: int
    computable: int
    on_site: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class ParsedCriteria:
    """What `parse_eligibility` gives: criteria in the order of the text."""

    criteria: tuple[Criterion, ...]
    coverage: Coverage
    problems: tuple[Problem, ...] = ()
