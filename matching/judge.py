"""One criterion in free text against one patient: reading, judging and explaining in one call."""

from dataclasses import replace
from datetime import date

from matching.answering.explain import explain
from matching.judging.eligibility import judge_criterion
from matching.judging.facts import prepare
from matching.model.codes import Role
from matching.model.criterion import AllOf, AnyOf, Criterion, Expression
from matching.model.finding import JudgedCriterion
from matching.model.patient import Patient
from matching.reading.criteria import parse_eligibility

HEADINGS = {Role.INCLUSION: "Inclusion Criteria:\n\n", Role.EXCLUSION: "Exclusion Criteria:\n\n"}


def read_criterion(text: str, role: Role) -> Criterion:
    """The text as one criterion of that role, whatever headings or bullets it holds; offsets count from our heading on.

    Several lines are joined as their list joins them: every inclusion line has to hold, any exclusion line excludes.
    """
    heading = HEADINGS[role]
    parsed = parse_eligibility(heading + text)
    counted = [c for c in parsed.criteria if not c.part_of_parent]
    parts = tuple(c.expression for c in counted)
    joined: Expression = AllOf(parts) if role is Role.INCLUSION else AnyOf(parts)
    expression = parts[0] if len(parts) == 1 else joined
    return Criterion(
        "i1" if role is Role.INCLUSION else "e1", role, text, len(heading), len(heading + text), expression
    )


def judge_text(text: str, role: Role, patient: Patient, on: date) -> JudgedCriterion:
    """The verdict on one criterion, explained for the patient in English."""
    criterion = read_criterion(text, role)
    judged = judge_criterion(criterion, prepare(patient, on))
    return replace(judged, explanation=explain(judged))


def warm() -> None:
    """Loads every table that a first request would wait for; takes about a second."""
    example = "Women aged 18 to 75 years with type 2 diabetes, HbA1c >= 7.0 %, no insulin within 3 months"
    judge_text(example, Role.INCLUSION, Patient(), date(2000, 1, 1))
