"""Conditions that the text defines by a value: "neutropenia (ANC < 1.5 x 10^9/L)", "hypertension, defined as SBP > 160"."""

from __future__ import annotations

from dataclasses import replace

from matching.knowledge.measured import measures_of
from matching.model.criterion import ConditionIs, Expression, MeasurementIs, Not, ScoreIs, SexIs, Unreadable
from matching.reading.logic import all_of, any_of, between, leaves, negate

SHOWN_BY: dict[str, frozenset[str]] = {
    "D000740": frozenset({"hemoglobin", "hematocrit"}),  # anemia
    "D009503": frozenset({"neutrophil count"}),  # neutropenia
    "D013921": frozenset({"platelet count"}),  # thrombocytopenia
    "D007970": frozenset({"white blood cell count"}),  # leukopenia
    "D008231": frozenset({"lymphocyte count"}),  # lymphopenia
    "D006947": frozenset({"potassium"}),  # hyperkalemia
    "D007008": frozenset({"potassium"}),  # hypokalemia
    "D006955": frozenset({"sodium"}),  # hypernatremia
    "D007010": frozenset({"sodium"}),  # hyponatremia
    "D006934": frozenset({"calcium", "corrected calcium"}),  # hypercalcemia
    "D006996": frozenset({"calcium", "corrected calcium"}),  # hypocalcemia
    "D034141": frozenset({"albumin"}),  # hypoalbuminemia
    "D000419": frozenset({"urine albumin-to-creatinine ratio"}),  # albuminuria
    "D006932": frozenset({"total bilirubin"}),  # hyperbilirubinemia
    "D009765": frozenset({"BMI"}),  # obesity
    "D050177": frozenset({"BMI"}),  # overweight
    "D015228": frozenset({"triglycerides"}),  # hypertriglyceridemia
    "D005334": frozenset({"body temperature"}),  # fever
    "D008275": frozenset({"magnesium"}),  # hypomagnesemia
    "D017674": frozenset({"phosphate"}),  # hypophosphatemia
    "D033461": frozenset({"uric acid"}),  # hyperuricemia
    "D001919": frozenset({"heart rate"}),  # bradycardia
    "D013610": frozenset({"heart rate"}),  # tachycardia
}
"""Findings that are nothing but a value, by MeSH id, with the analytes that show them."""


def by_value(told: Expression) -> bool:
    """Whether an expression speaks of values only, each read whole."""
    return not isinstance(told, Not) and all(
        isinstance(e, (MeasurementIs, ScoreIs)) and (e.lower is not None or e.upper is not None) for e in leaves(told)
    )


def only_named(told: Expression) -> bool:
    """Whether a scale or a measure is named without any value ("per CTCAE")."""
    return all(isinstance(e, Unreadable) or _is_bare(e) for e in leaves(told)) and any(map(_is_bare, leaves(told)))


def _is_bare(leaf: Expression) -> bool:
    return isinstance(leaf, MeasurementIs) and leaf.lower is None and leaf.upper is None


def shown_by(told: Expression, measure: Expression) -> Expression | None:
    """The value that stands for the condition, where the condition is nothing but that value; else None."""
    if not isinstance(told, ConditionIs) or told.status == "history" or told.window is not None:
        return None
    names = SHOWN_BY.get(told.concept.id or "", frozenset())
    said = [e for e in leaves(measure) if not isinstance(e, SexIs)]
    return measure if said and all(isinstance(e, MeasurementIs) and e.analyte.name in names for e in said) else None


def valued(told: Expression, measure: Expression, rest: Unreadable) -> Expression:
    """What a value defines: FALSE where the value fails, TRUE where both hold.

    A value alone shows the condition only where the condition is nothing but that value ("anemia (Hb < 10 g/dL)").
    """
    if isinstance(told, Not):
        return negate(valued(told.of, measure, rest))
    found = leaves(told)
    shown = shown_by(told, measure)
    if shown is not None:
        return shown
    if isinstance(told, ConditionIs) and told.window is None and told.concept.id is not None:
        analytes = measures_of(told.concept.id)
        if analytes and all(isinstance(e, MeasurementIs) and e.analyte.name in analytes for e in leaves(measure)):
            # "severe renal impairment (creatinine > 3 mg/dL)": the value says how severe; who has no such disease has it not.
            return all_of((measure, replace(told, qualifiers=())))
    if not any(isinstance(e, ConditionIs) for e in found):
        return between([told, measure], rest)
    return all_of((measure, any_of((told, rest))))
