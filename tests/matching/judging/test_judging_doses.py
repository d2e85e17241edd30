"""Doses as quantities of their own: what a patient's treatments tell of them, and what may be compared."""

from datetime import date

import pytest

from matching import Role, judge_text
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.codes import WhyUnknown
from matching.model.criterion import Analyte, Bound, MeasurementIs
from matching.model.patient import Observation, Patient, Quantity, Treatment
from matching.model.truth import Truth

ON = date(2026, 11, 22)


def above(analyte: str, value: float, unit: str, patient: Patient) -> tuple[Truth, tuple[WhyUnknown, ...]]:
    finding = evaluate(MeasurementIs(0, 1, Analyte(analyte), Bound(value, unit)), prepare(patient, ON))
    return finding.truth, finding.reasons


def taking(*drugs: tuple[str, float, str]) -> Patient:
    return Patient(treatments=tuple(Treatment(name, current=True, dose=Quantity(n, unit)) for name, n, unit in drugs))


GLARGINE, ASPART = ("insulin glargine", 30.0, "U/d"), ("insulin aspart", 20.0, "U/d")


@pytest.mark.parametrize(
    ("analyte", "bound", "unit", "patient", "truth"),
    [
        ("insulin dose", 40, "U/d", taking(GLARGINE, ASPART), Truth.TRUE),
        ("insulin dose", 50, "[IU]/d", taking(GLARGINE, ASPART), Truth.TRUE),
        ("insulin dose", 60, "U/d", taking(GLARGINE, ASPART), Truth.UNKNOWN),  # others may go unlisted
        ("basal insulin dose", 30, "U/d", taking(GLARGINE, ASPART), Truth.TRUE),
        ("basal insulin dose", 40, "U/d", taking(GLARGINE, ASPART), Truth.UNKNOWN),
        ("bolus insulin dose", 20, "U/d", taking(GLARGINE, ASPART), Truth.TRUE),
        ("insulin dose", 0.5, "U/kg/d", taking(GLARGINE), Truth.UNKNOWN),
        ("basal insulin dose", 10, "U/d", taking(("insulin", 40.0, "U/d")), Truth.UNKNOWN),  # of which sort is not told
        ("steroid dose, prednisone equivalent", 10, "mg/d", taking(("prednisone", 20.0, "mg/d")), Truth.TRUE),
        ("steroid dose, prednisone equivalent", 10, "mg/d", taking(("prednisone", 5.0, "mg/d")), Truth.UNKNOWN),
    ],
)
def test_listed_doses_add_up_to_at_least_so_much(
    analyte: str, bound: float, unit: str, patient: Patient, truth: Truth
) -> None:
    assert above(analyte, bound, unit, patient)[0] is truth


@pytest.mark.parametrize("unit", ["U", "U/d", "U/kg/d", "[IU]/kg"])
def test_who_takes_none_takes_nothing_in_any_unit(unit: str) -> None:
    never = Patient(treatments=(Treatment("insulin", taken=False),))
    assert above("insulin dose", 0.1, unit, never) == (Truth.FALSE, ())
    assert above("basal insulin dose", 50, unit, never) == (Truth.FALSE, ())


def test_never_one_product_says_nothing_of_the_others() -> None:
    never = Patient(treatments=(Treatment("insulin glargine", taken=False),))
    assert above("insulin dose", 10, "U/d", never)[0] is Truth.UNKNOWN


def test_a_dose_that_was_told_counts_before_the_listed_ones() -> None:
    patient = Patient(
        treatments=taking(GLARGINE).treatments,
        observations=(Observation("total daily insulin dose", value=45.0, unit="U/d"),),
    )
    assert above("insulin dose", 50, "U/d", patient)[0] is Truth.FALSE


def test_doses_in_different_units_and_concentrations_are_not_compared() -> None:
    per_day = Patient(observations=(Observation("basal insulin dose", value=60.0, unit="U/d"),))
    assert above("basal insulin dose", 50, "U", per_day) == (Truth.UNKNOWN, (WhyUnknown.NOT_COMPARABLE,))
    assert above("basal insulin dose", 0.5, "U/kg/d", per_day) == (Truth.UNKNOWN, (WhyUnknown.NOT_COMPARABLE,))
    level = Patient(observations=(Observation("fasting insulin", value=60.0, unit="u[IU]/mL"),))
    assert above("insulin dose", 50, "U/d", level) == (Truth.UNKNOWN, (WhyUnknown.MISSING,))


@pytest.mark.parametrize(
    ("patient", "verdict"),
    [
        (taking(("insulin degludec", 60.0, "U/d")), "excluded"),
        (taking(("insulin aspart", 60.0, "U/d")), "unknown"),
        (Patient(treatments=(Treatment("insulin", taken=False),)), "not_excluded"),
        (Patient(), "unknown"),
    ],
)
def test_a_bound_on_a_sort_of_insulin(patient: Patient, verdict: str) -> None:
    assert judge_text("Basal insulin > 50 U/day", Role.EXCLUSION, patient, ON).verdict == verdict
