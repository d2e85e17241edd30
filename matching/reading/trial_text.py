"""A trial's eligibility module: its text parsed, and checked against the registry's own fields beside it."""

from __future__ import annotations

from matching.model.codes import Role, Sex
from matching.model.criterion import Coverage, Criterion, ParsedCriteria, Unreadable
from matching.model.trial import EligibilityFields
from matching.reading.check import check, with_problems
from matching.reading.criteria import parse_eligibility


def parse_trial_eligibility(fields: EligibilityFields) -> ParsedCriteria:
    """The criteria of the text (none without a text), with every oddity of the text and against the fields.

    A sex that the registry does not know is not checked.
    """
    parsed = parse_eligibility(fields.text or "")
    problems = check(
        parsed,
        sex=Sex(fields.sex) if fields.sex in list(Sex) else None,
        minimum_age=fields.minimum_age,
        maximum_age=fields.maximum_age,
        healthy_volunteers=fields.healthy_volunteers,
    )
    return with_problems(parsed, problems)


def not_read_yet(fields: EligibilityFields) -> ParsedCriteria:
    """What stands for the criteria until the text is read: all of it, unknown. Nothing is ruled in or out by it."""
    text = fields.text
    if not text:
        return ParsedCriteria((), Coverage(0, 0, 0, 0))
    whole = Criterion(
        id="i1",
        role=Role.INCLUSION,
        text=text,
        start=0,
        end=len(text),
        expression=Unreadable(0, len(text), "not read yet"),
        coverage=0.0,
    )
    return ParsedCriteria((whole,), Coverage(1, 0, 0, 1))
