"""A trial's eligibility module: its text parsed, and checked against the registry's own fields beside it."""

from __future__ import annotations

from matching.model.codes import Sex
from matching.model.criterion import ParsedCriteria
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
