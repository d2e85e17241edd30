"""What a leaf asks, in two halves: the variable that it is about, and the shape of the question.

Two leaves of one variable and one shape get the same verdict for every patient, and two concepts to which a patient's
facts stand in the same way get the same verdict for one shape: so the judge is asked once for all of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import assert_never

from matching.judging import people, targets
from matching.judging.dates import has_numbers
from matching.judging.evaluate import own_place
from matching.judging.facts import analyte_setting
from matching.judging.half_lives import half_life_of
from matching.judging.measure import canonical, measured_key
from matching.judging.qualifiers import said_by_name
from matching.judging.spells import only_lower
from matching.model.criterion import (
    AgeIs,
    Bound,
    ConditionIs,
    CountIs,
    Expression,
    Leaf,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.model.truth import Truth


class Family(IntEnum):
    """Sorts of variables, by how the facts that touch them are found. Leaves are stored in this order."""

    CONSTANT = 0
    PERSON = 1
    AGE = 2
    MEASURED = 3
    RESULT = 4
    COUNT = 5
    CONDITION = 6
    TREATMENT = 7


OF_LISTS = (Family.CONDITION, Family.TREATMENT)
"""What a complete list of the patient speaks about."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`bounded`: the bounds are compared as numbers and are no part of the shape.

    `rest` is what is left of the shape where no fact of the patient lies at or below the concept: nothing to be severe,
    recent or excepted.
    """

    family: Family
    variable: str
    shape: Hashable
    bounded: bool = False
    rest: Hashable = None


ALONE = "alone"
"""First in the shape of a leaf that is judged by itself, whatever it shares with others."""


def ask_of(leaf: Leaf, favourable: Truth) -> Ask:
    """The halves of one leaf. `favourable` matters only for what a patient states about consent and the like."""
    match leaf:
        case Unreadable():
            return Ask(Family.CONSTANT, "unreadable", ())
        case AgeIs():
            return Ask(Family.AGE, "age", (), bounded=True)
        case SexIs():
            return Ask(Family.PERSON, "sex", leaf.sex)
        case OnSite():
            return Ask(Family.PERSON, "on_site", (leaf.topic, favourable))
        case PregnancyIs():
            return Ask(Family.PERSON, "pregnancy", (leaf.states, has_numbers(leaf.window)))
        case LifestyleIs():
            shape = (leaf.status, leaf.lower, leaf.upper, has_numbers(leaf.window))
            return Ask(Family.PERSON, f"lifestyle|{leaf.substance}", shape)
        case LifeExpectancyIs():
            return Ask(Family.PERSON, "life_expectancy", (leaf.lower, leaf.upper))
        case MeasurementIs():
            key = measured_key(leaf.analyte)[0]
            question = (analyte_setting(leaf.setting), leaf.window)
            return _bounded(leaf, f"measurement|{key}", question)
        case ScoreIs():
            return _bounded(leaf, f"score|{leaf.instrument}", (leaf.window,))
        case ResultIs():
            key = measured_key(leaf.analyte)[0]
            return Ask(Family.RESULT, f"result|{key}", (canonical(leaf.result), leaf.window))
        case CountIs():
            return Ask(Family.COUNT, _name_of(targets.target_of(leaf.of, "count")), (ALONE, unplaced(leaf)))
        case ConditionIs():
            return _condition(leaf)
        case TreatmentIs():
            return _treatment(leaf)
        case _:
            assert_never(leaf)


def line_of(leaf: Leaf, bound: Bound) -> str:
    """The unit (a question mark for none) and the multiple that a bound's number is in."""
    unit = "1" if isinstance(leaf, ScoreIs) else "?" if bound.unit is None else bound.unit
    return f"{unit}\t{bound.times or ''}"


def _bounded(leaf: MeasurementIs | ScoreIs, variable: str, question: Hashable) -> Ask:
    """Bounds in two units, or the wrong way round, are judged alone; so are words without a bound."""
    lower, upper = leaf.lower, leaf.upper
    alone = lower is None and upper is None
    if lower is not None and upper is not None:
        alone = (lower.unit, lower.times) != (upper.unit, upper.times) or lower.value > upper.value
    if alone:
        return Ask(Family.MEASURED, variable, (ALONE, unplaced(leaf)))
    return Ask(Family.MEASURED, variable, question, bounded=True)


def _condition(leaf: ConditionIs) -> Ask:
    match own_place(leaf):
        case None:
            pass
        case people.PREGNANCY | people.BREAST_FEEDING as concept:
            return Ask(Family.PERSON, "pregnancy", (ALONE, concept))
        case concept:
            return Ask(Family.PERSON, "healthy", (ALONE, concept))
    target = targets.target_of(leaf.concept, "condition")
    shape = (
        leaf.status,
        leaf.qualifiers,
        tuple(qualifier in said_by_name(target.name) for qualifier in leaf.qualifiers),
        leaf.window,
        tuple(unplaced(part) for part in leaf.exceptions),
        listed := (targets.would_be_listed(target, condition=True), targets.is_distinct(target)),
    )
    return Ask(Family.CONDITION, _name_of(target), shape, rest=listed)


def _treatment(leaf: TreatmentIs) -> Ask:
    target = targets.target_of(leaf.concept, "treatment")
    shape = (
        leaf.type,
        leaf.status,
        leaf.dose,
        leaf.window,
        half_life_of((target.id,)) if target.id is not None and leaf.window is not None else None,
        tuple(unplaced(part) for part in leaf.exceptions),
        listed := (targets.would_be_listed(target, condition=False), targets.is_distinct(target)),
        targets.is_diagnostic(target),
    )
    rest = (listed, leaf.status == "planned", only_lower(leaf.window))
    return Ask(Family.TREATMENT, _name_of(target), shape, rest=rest)


def _name_of(target: targets.Target) -> str:
    """A concept under one of its names: facts may meet either. Allergies are looked for in their own way."""
    sort = "|allergy" if targets.is_allergy(target) else "|malignant" if target.malignant else ""
    return f"{target.id or ''}|{target.key}{sort}"


def unplaced(expression: Expression) -> Expression:
    """The same leaf without its place in the text; compound expressions as they are."""
    return replace(expression, start=0, end=0) if isinstance(expression, Leaf) else expression
