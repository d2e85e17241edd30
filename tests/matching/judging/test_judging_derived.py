from datetime import date

import pytest

from matching.judging.derived import ckd_epi_2021, cockcroft_gault
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.judging.half_lives import half_life_of, rows
from matching.knowledge import lexicon
from matching.model.codes import Sex
from matching.model.criterion import Analyte, Bound, MeasurementIs
from matching.model.patient import Observation, PartialDate, Patient
from matching.model.truth import Truth

ON = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "expected"),
    [
        # The National Kidney Foundation's calculator (CKD-EPI creatinine 2021) gives whole numbers.
        (1.0, 50, Sex.MALE, 92),
        (1.0, 50, Sex.FEMALE, 69),
        (0.6, 30, Sex.FEMALE, 124),
        (2.0, 70, Sex.MALE, 35),
        (0.8, 65, Sex.MALE, 98),
    ],
)
def test_ckd_epi_2021(creatinine, age, sex, expected):
    assert round(ckd_epi_2021(creatinine, age, sex)[0]) == expected


@pytest.mark.parametrize(
    ("creatinine", "age", "weight", "sex", "expected"),
    [(1.0, 60, 72.0, Sex.MALE, 80.0), (1.0, 60, 72.0, Sex.FEMALE, 68.0), (2.0, 40, 72.0, Sex.MALE, 50.0)],
)
def test_cockcroft_gault(creatinine, age, weight, sex, expected):
    assert cockcroft_gault(creatinine, age, weight, sex)[0] == pytest.approx(expected)


def seen(name, value, unit, on="2026-11-02", **more):
    return Observation(name, value=value, unit=unit, on=PartialDate.parse(on) if on else None, **more)


def judged(analyte, lower, unit, *observations, setting=None, **patient):
    leaf = MeasurementIs(0, 1, Analyte(analyte), Bound(lower, unit), None, None, setting)
    return evaluate(leaf, prepare(Patient(observations=observations, **patient), ON))


def test_bmi_shows_its_formula():
    finding = judged("BMI", 25, "kg/m2", seen("weight", 81, "kg"), seen("height", 180, "cm", None))
    (evidence,) = finding.evidence
    assert (finding.truth, evidence.value, evidence.formula, evidence.on) == (
        Truth.TRUE, pytest.approx(25.0), "BMI = 81 kg / (1.8 m)^2", PartialDate(2026, 11, 2),
    )  # fmt: skip


def test_a_measured_value_counts_before_a_computed_one():
    finding = judged("BMI", 25, "kg/m2", seen("weight", 90, "kg"), seen("height", 180, "cm"), seen("BMI", 24, "kg/m2"))
    assert (finding.truth, finding.evidence[0].formula) == (Truth.FALSE, None)


def test_egfr_needs_the_age_and_the_sex():
    given = seen("creatinine", 1.0, "mg/dL")
    finding = judged("eGFR", 60, "mL/min/{1.73_m2}", given, sex=Sex.MALE, birth_date=PartialDate(1976, 1, 1))
    assert (finding.truth, finding.evidence[0].formula) == (
        Truth.TRUE,
        "CKD-EPI 2021 from creatinine 1 mg/dL, 50 years, male",
    )
    assert judged("eGFR", 60, "mL/min/{1.73_m2}", given, birth_date=PartialDate(1976, 1, 1)).truth is Truth.UNKNOWN
    assert judged("eGFR", 60, "mL/min/{1.73_m2}", given, sex=Sex.MALE).truth is Truth.UNKNOWN
    assert (
        judged("eGFR", 60, "mL/min/{1.73_m2}", given, sex=Sex.MALE, birth_date=PartialDate(2015, 1, 1)).truth
        is Truth.UNKNOWN
    )


def test_creatinine_clearance_takes_the_weight():
    given = (seen("creatinine", 88.42, "umol/L"), seen("weight", 72, "kg"))
    finding = judged("creatinine clearance", 60, "mL/min", *given, sex=Sex.MALE, birth_date=PartialDate(1966, 1, 1))
    assert (finding.truth, finding.evidence[0].value) == (Truth.TRUE, pytest.approx(80, rel=0.01))


def test_calcium_is_corrected_by_albumin_only_where_the_trial_asks_for_that():
    given = (seen("calcium", 8.0, "mg/dL"), seen("albumin", 2.0, "g/dL"))
    finding = judged("calcium", 9.0, "mg/dL", *given, setting="corrected")
    assert (finding.truth, finding.evidence[0].value) == (Truth.TRUE, pytest.approx(9.6))
    assert judged("calcium", 9.0, "mg/dL", *given).truth is Truth.FALSE


def test_values_of_one_day_that_differ_give_no_computed_value():
    finding = judged("BMI", 25, "kg/m2", seen("weight", 81, "kg"), seen("weight", 99, "kg"), seen("height", 180, "cm"))
    assert finding.truth is Truth.UNKNOWN


def test_every_half_life_is_of_a_known_drug_once_and_a_range():
    ids = [lexicon.lookup(row["drug"]) for row in rows()]
    assert [row["drug"] for row, found in zip(rows(), ids, strict=True) if found is None or found.id is None] == []
    assert len({found.id for found in ids}) == len(ids) >= 60
    for row in rows():
        assert 0 < float(row["low_hours"]) <= float(row["high_hours"])
        assert row["source"].startswith("FDA label")
        assert half_life_of((lexicon.lookup(row["drug"]).id,)).low_hours == float(row["low_hours"])
