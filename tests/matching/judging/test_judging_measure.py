import csv
from datetime import date
from pathlib import Path

import pytest

from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.codes import Sex, Times, WhyUnknown
from matching.model.criterion import (
    Analyte,
    Bound,
    LifeExpectancyIs,
    MeasurementIs,
    ResultIs,
    ScoreIs,
    Window,
)
from matching.model.finding import Change, Distance, Evidence, MissingFact
from matching.model.patient import Observation, PartialDate, Patient
from matching.model.truth import Truth

ON = date(2026, 11, 22)
TABLE = Path(__file__).parents[2] / "spec" / "judging_measurements.csv"


def rows():
    with TABLE.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def number(cell):
    return float(cell) if cell else None


def bound(row, side):
    if not row[side]:
        return None
    times = Times(row["times"]) if row["times"] else None
    unit = "1" if times else row["bound_unit"] or None
    return Bound(float(row[side]), unit, row[f"{side}_inclusive"] == "yes", times)


def window(cell):
    if not cell:
        return None
    count, unit = cell.split()
    return Window(upper=float(count), unit=unit)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["why"])
def test_a_measured_value_against_its_bounds(row):
    observation = Observation(
        row["name"],
        value=float(row["value"]),
        unit=row["unit"] or None,
        on=PartialDate.parse(row["on"]) if row["on"] else None,
        comparator=row["comparator"] or None,
        value_high=number(row["value_high"]),
        digits=int(row["digits"]) if row["digits"] else None,
        setting=row["setting"] or None,
        reference_high=number(row["reference_high"]),
        reference_low=number(row["reference_low"]),
    )
    patient = Patient(sex=Sex(row["sex"]) if row["sex"] else None, observations=(observation,))
    leaf = MeasurementIs(
        0,
        1,
        Analyte(row["analyte"]),
        bound(row, "lower"),
        bound(row, "upper"),
        window(row["window"]),
        row["asked_setting"] or None,
    )
    finding = evaluate(leaf, prepare(patient, ON))
    assert (finding.truth.name, [r.value for r in finding.reasons]) == (
        row["truth"],
        [row["reason"]] if row["reason"] else [],
    )
    assert any(e.boundary for e in finding.evidence) is (row["boundary"] == "yes")
    assert bool(finding.missing) is (finding.truth is Truth.UNKNOWN)


def judged(leaf, *observations, **patient):
    return evaluate(leaf, prepare(Patient(observations=observations, **patient), ON))


def seen(name, value=None, unit=None, on="2026-11-02", **more):
    return Observation(name, value=value, unit=unit, on=PartialDate.parse(on) if on else None, **more)


@pytest.mark.parametrize(
    ("loinc", "name", "truth"),
    [
        ("1558-6", "glucose", Truth.TRUE),
        ("2345-7", "glucose", Truth.UNKNOWN),
        ("1558-6", "2-hour glucose", Truth.UNKNOWN),
    ],
    ids=["the code says it", "the code says none", "a name goes before its code"],
)
def test_a_code_may_say_the_setting(loinc, name, truth):
    leaf = MeasurementIs(0, 1, Analyte("glucose"), None, Bound(126, "mg/dL"), None, "fasting")
    assert judged(leaf, seen(name, 100.0, "mg/dL", loinc=loinc)).truth is truth


HB = Analyte("hemoglobin", "718-7")


def test_the_working_is_shown_and_the_distance_is_in_both_units():
    finding = judged(
        MeasurementIs(0, 1, Analyte("creatinine"), None, Bound(1.5, "mg/dL")), seen("creatinine", 200.0, "umol/L")
    )
    value = 200 * 113.12 / 10000
    assert finding.evidence == (
        Evidence(
            "creatinine",
            200.0,
            "umol/L",
            PartialDate(2026, 11, 2),
            pytest.approx(value),
            "mg/dL",
            "200 umol/L = 2.262 mg/dL (113.12 g/mol)",
        ),
    )
    (distance,) = finding.distances
    assert distance == Distance(
        "creatinine",
        pytest.approx(value),
        1.5,
        pytest.approx(value - 1.5),
        "mg/dL",
        pytest.approx((value - 1.5) / 1.5),
        "can_change",
        pytest.approx((value - 1.5) / 113.12 * 10000),
        "umol/L",
    )


def test_an_assumed_limit_is_said_to_be_assumed():
    finding = judged(
        MeasurementIs(0, 1, Analyte("creatinine"), None, Bound(3, "1", True, Times.ULN)),
        seen("creatinine", 1.0, "mg/dL"),
        sex=Sex.FEMALE,
    )
    (evidence,) = finding.evidence
    assert finding.truth is Truth.TRUE
    assert evidence.assumed == "usual upper limit 1.1 mg/dL"
    assert evidence.working == "1 mg/dL = 0.9091 x ULN (1.1 mg/dL, assumed)"


def test_the_own_limit_counts_before_the_usual_one():
    leaf = MeasurementIs(0, 1, Analyte("ALT"), None, Bound(1, "1", True, Times.ULN))
    finding = judged(leaf, seen("ALT", 54.0, "U/L", reference_high=55.0), sex=Sex.MALE)
    assert (finding.truth, finding.evidence[0].working, finding.evidence[0].assumed) == (
        Truth.TRUE,
        "54 U/L = 0.9818 x ULN (55 U/L)",
        None,
    )


def test_what_would_settle_it_is_the_same_fact_for_every_trial():
    asked = MissingFact("measurement", "C-peptide|stimulated", "stimulated C-peptide", "1986-9", "ng/mL")
    for given in (Bound(0.2, "nmol/L"), Bound(1, "ng/mL"), Bound(2, None)):
        finding = judged(MeasurementIs(0, 1, Analyte("C-peptide"), given, None, None, "stimulated"))
        assert (finding.missing[0].id, finding.missing[0].fact) == (asked.id, asked.fact)
        assert (
            finding.missing
            == judged(MeasurementIs(5, 9, Analyte("C-peptide"), Bound(3, "ug/L"), None, None, "stimulated")).missing
        )


def test_the_latest_value_counts():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"))
    assert (
        judged(
            leaf, seen("hemoglobin", 9.0, "g/dL", "2026-10-01"), seen("hemoglobin", 11.0, "g/dL", "2026-11-01")
        ).truth
        is Truth.TRUE
    )
    assert (
        judged(
            leaf, seen("hemoglobin", 11.0, "g/dL", "2026-10-01"), seen("hemoglobin", 9.0, "g/dL", "2026-11-01")
        ).truth
        is Truth.FALSE
    )


def test_the_latest_value_inside_the_window_counts_and_an_older_one_never_stands_in():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"), None, Window(lower=7, upper=60, unit="d"))
    finding = judged(
        leaf, seen("hemoglobin", 11.0, "g/dL", "2026-11-01"), seen("hemoglobin", 9.0, "g/dL", "2026-11-20")
    )
    assert finding.truth is Truth.TRUE


def test_values_of_one_day_that_differ_in_their_answer_are_a_conflict():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"))
    finding = judged(leaf, seen("hemoglobin", 9.0, "g/dL"), seen("hemoglobin", 11.0, "g/dL"))
    assert (finding.truth, finding.reasons, [e.value for e in finding.evidence]) == (
        Truth.UNKNOWN,
        (WhyUnknown.CONFLICT,),
        [9.0, 11.0],
    )


def test_values_of_one_day_that_agree_in_their_answer_are_none():
    assert (
        judged(
            MeasurementIs(0, 1, HB, Bound(10, "g/dL")),
            seen("hemoglobin", 10.5, "g/dL"),
            seen("hemoglobin", 11.0, "g/dL"),
        ).truth
        is Truth.TRUE
    )


def test_the_order_of_an_undated_month_and_a_day_in_it_is_not_known():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"))
    finding = judged(leaf, seen("hemoglobin", 9.0, "g/dL", "2026-11"), seen("hemoglobin", 11.0, "g/dL", "2026-11-10"))
    assert (finding.truth, finding.reasons) == (Truth.UNKNOWN, (WhyUnknown.CONFLICT,))


def test_blood_pressures_of_one_day_are_averaged_with_the_formula_shown():
    leaf = MeasurementIs(0, 1, Analyte("systolic blood pressure"), None, Bound(140, "mm[Hg]"))
    finding = judged(
        leaf, seen("systolic blood pressure", 150.0, "mm[Hg]"), seen("systolic blood pressure", 128.0, "mm[Hg]")
    )
    (evidence,) = finding.evidence
    assert (finding.truth, evidence.value, evidence.formula) == (Truth.TRUE, 139.0, "mean of 128, 150")


def test_a_value_that_lasts_is_not_known_from_one_day():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"), None, Window(lower=3, unit="mo", direction="duration"))
    assert judged(leaf, seen("hemoglobin", 11.0, "g/dL")).reasons == (WhyUnknown.MISSING,)
    assert judged(leaf, seen("hemoglobin", 9.0, "g/dL")).truth is Truth.FALSE


def test_a_value_at_a_time_that_is_not_now_is_not_known():
    leaf = MeasurementIs(0, 1, HB, Bound(10, "g/dL"), None, Window(anchor="diagnosis"))
    assert judged(leaf, seen("hemoglobin", 11.0, "g/dL")).reasons == (WhyUnknown.MISSING,)
    screening = MeasurementIs(0, 1, HB, Bound(10, "g/dL"), None, Window(anchor="screening"))
    assert judged(screening, seen("hemoglobin", 11.0, "g/dL")).truth is Truth.TRUE


def test_the_timeline_names_the_day_on_which_a_value_grows_too_old():
    windowed = MeasurementIs(0, 1, HB, Bound(10, "g/dL"), None, Window(upper=28, unit="d"))
    assert judged(windowed, seen("hemoglobin", 11.0, "g/dL", "2026-11-02")).timeline == (
        Change(date(2026, 12, 1), Truth.UNKNOWN),
    )
    plain = MeasurementIs(0, 1, HB, Bound(10, "g/dL"))
    assert judged(plain, seen("hemoglobin", 11.0, "g/dL", "2026-11-02")).timeline == (
        Change(date(2027, 11, 3), Truth.UNKNOWN),
    )


def test_a_measurement_without_bounds_is_no_verdict():
    assert judged(MeasurementIs(0, 1, HB), seen("hemoglobin", 11.0, "g/dL")).reasons == (WhyUnknown.UNREADABLE,)
    assert judged(MeasurementIs(0, 1, HB)).reasons == (WhyUnknown.MISSING,)


@pytest.mark.parametrize(
    ("given", "wanted", "truth"),
    [
        ("positive", "positive", Truth.TRUE),
        ("Detected", "positive", Truth.TRUE),
        ("not detected", "positive", Truth.FALSE),
        ("negative", "negative", Truth.TRUE),
        ("wild type", "mutated", Truth.FALSE),
        ("mutated", "positive", Truth.TRUE),
        ("negative", "mutated", Truth.FALSE),
        ("equivocal", "positive", Truth.UNKNOWN),
        ("normal", "elevated", Truth.FALSE),
        ("elevated", "abnormal", Truth.TRUE),
        ("low", "elevated", Truth.FALSE),
    ],
)
def test_a_result_in_words(given, wanted, truth):
    assert judged(ResultIs(0, 1, Analyte("zeta antibody"), wanted), seen("Zeta antibody", result=given)).truth is truth


def test_not_tested_is_not_negative():
    for wanted in ("positive", "negative"):
        finding = judged(ResultIs(0, 1, Analyte("zeta antibody"), wanted))
        assert (finding.truth, finding.reasons) == (Truth.UNKNOWN, (WhyUnknown.MISSING,))


def test_a_number_is_elevated_by_its_own_reference_range():
    leaf = ResultIs(0, 1, Analyte("ALT"), "elevated")
    assert judged(leaf, seen("ALT", 80.0, "U/L", reference_high=55.0)).truth is Truth.TRUE
    assert judged(leaf, seen("ALT", 40.0, "U/L", reference_high=55.0)).truth is Truth.FALSE
    assert judged(leaf, seen("ALT", 40.0, "U/L")).truth is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("instrument", "name", "given", "low", "high", "truth"),
    [
        ("ecog", "ECOG performance status", {"value": 1.0}, 0, 1, Truth.TRUE),
        ("ecog", "ECOG", {"value": 2.0}, 0, 1, Truth.FALSE),
        ("ecog", "WHO performance status", {"value": 2.0}, 0, 2, Truth.TRUE),
        ("nyha", "NYHA", {"result": "class II"}, 3, 4, Truth.FALSE),
        ("nyha", "NYHA", {"result": "III"}, 3, 4, Truth.TRUE),
        ("child_pugh", "Child-Pugh", {"result": "A"}, None, 1, Truth.TRUE),
        ("child_pugh", "Child-Pugh", {"result": "B"}, None, 1, Truth.FALSE),
        ("ecog", "ECOG", {"result": "good"}, 0, 1, Truth.UNKNOWN),
    ],
)
def test_scores(instrument, name, given, low, high, truth):
    leaf = ScoreIs(
        0, 1, instrument, None if low is None else Bound(low, "1"), None if high is None else Bound(high, "1")
    )
    finding = judged(
        leaf, seen(name, given.get("value"), "{score}" if "value" in given else None, result=given.get("result"))
    )
    assert finding.truth is truth


def test_a_score_that_nobody_gave_is_asked_for():
    (asked,) = judged(ScoreIs(0, 1, "ecog", None, Bound(1, "1"))).missing
    assert (asked.kind, asked.id) == ("score", "ecog")


def test_a_life_expectancy_without_a_bound_is_unreadable_whatever_was_stated():
    # why: nothing to compare with once raised an error
    facts = prepare(Patient(observations=(Observation("life expectancy", value=6.0, unit="mo"),)), ON)
    finding = evaluate(LifeExpectancyIs(0, 1), facts)
    assert (finding.truth, finding.reasons) == (Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))


def test_life_expectancy_is_compared_across_units_of_time():
    leaf = LifeExpectancyIs(0, 1, Bound(12, "wk"))
    assert judged(leaf).reasons == (WhyUnknown.MISSING,)
    assert judged(leaf, seen("life expectancy", 6.0, "mo")).truth is Truth.TRUE
    assert judged(leaf, seen("life expectancy", 2.0, "mo")).truth is Truth.FALSE
