"""Units in running text, conversion, and the tables behind them."""

import csv
from importlib.resources import files

import pytest

from matching.knowledge import analytes
from matching.knowledge.conversion import measure_of
from matching.knowledge.units import (
    Conversion,
    NotComparable,
    assume_unit,
    convert,
    convert_time,
    fits,
    match_unit,
    plausible,
    rows,
    ucum,
)
from tests.matching.proportion import grows_in_proportion


@pytest.mark.parametrize(
    ("text", "unit", "rest"),
    [
        ("1.5 x 10^9/L", "10*9/L", ""),
        (r"1.5 x 10\^9/L)", "10*9/L", ")"),
        ("100 × 109/L,", "10*9/L", ","),
        ("1,500/mm3 and", "/uL", " and"),
        ("75,000/mm(3) and", "/uL", " and"),
        ("50,000 cells/mm3", "/uL", ""),
        ("100K/uL", "10*3/uL", ""),
        ("100 K", "10*3", ""),
        ("5 K-ras", None, None),
        ("3 x 10^6 copies/mL", "10*6.{copies}/mL", ""),
        ("30 (kg/m2).", "kg/m2", "."),
        ("140/90 mmHg", None, None),
        ("90 mmHg.", "mm[Hg]", "."),
        ("160 mmHg/100 mmHg", "mm[Hg]", "/100 mmHg"),
        ("18-year-old", "a", "-old"),
        ("6 m walk", "m", " walk"),
        ("1.5 mg/dl (133 µmol/L)", "mg/dL", " (133 µmol/L)"),
        ("3 mg/dL and/or", "mg/dL", " and/or"),
        ("12 weeks' duration", "wk", "' duration"),
        ("500 mg/g creatinine", "mg/g", " creatinine"),
        ("40 mL/min per 24-hr urine", "mL/min", ""),
        ("2 per week", "/wk", ""),
        ("2 C-peptide", None, None),
        ("5 PD-L1", None, None),
        ("10 x ULN", None, None),
        ("2.5 times the ULN", None, None),
        ("20 mg/tablet", None, None),
        ("4 mg daily", "mg/d", ""),
        ("2 or more", None, None),
        ("5% of", "%", " of"),
        ("3 months per protocol", "mo", " per protocol"),
        ("3 in the last", None, None),
        ("2 a day", None, None),
        ("37.5 °C", "Cel", ""),
        ("30\u00a0kg/m\u00b2", "kg/m2", ""),
        ("5 units/day", "U/d", ""),
        ("1000 per cubic milliliter", None, None),
    ],
)
def test_match_unit_after_a_number(text: str, unit: str | None, rest: str | None) -> None:
    start = next(i for i, c in enumerate(text) if not (c.isdigit() or c in ".,"))
    found = match_unit(text, start, len(text))
    assert (found and found[1], found and text[found[0] :]) == (unit, rest)


def test_match_unit_never_reads_past_the_end() -> None:
    text = "at least 5 mg/dL"
    assert match_unit(text, 10, len(text) - 3) == (13, "mg")
    assert match_unit(text, 10, 10) is None


@pytest.mark.parametrize(
    "text", ["x" * 100_000, " " * 100_000, "(" * 100_000, "10^" * 30_000, "mg/" * 30_000, "K " * 50_000]
)
def test_adversarial_text_is_read_in_linear_time(text: str) -> None:
    assert grows_in_proportion(lambda part: (match_unit(part, 0, len(part)), ucum(part)), text)


def test_every_spelling_of_the_table_is_read_as_its_code() -> None:
    """Words that only count before a stroke, and counted things that leave no trace, are tried in their place."""
    wrong = []
    for row in rows():
        match row["kind"]:
            case "unit" | "code":
                read, expected = ucum(row["spelling"]), row["code"]
            case "part":
                read, expected = ucum(f"{row['spelling']}/mL"), f"{row['code']}/mL"
            case "scale":
                read, expected = ucum(f"{row['spelling']}/L"), f"{row['code']}/L"
            case "noun":
                read, expected = ucum(f"{row['spelling']}/uL"), "/uL"
            case _:
                read, expected = ucum(f"ng/mL {row['spelling']}"), f"ng/mL{row['code']}"
        if read != expected:
            wrong.append((row["spelling"], read, expected))
    assert wrong == []


def test_every_code_of_the_spellings_has_a_measure() -> None:
    assert [
        row["spelling"] for row in rows() if row["kind"] in ("unit", "code", "part") and measure_of(row["code"]) is None
    ] == []


def test_no_spelling_twice() -> None:
    spellings = [(r["spelling"] if r["case"] else r["spelling"].lower(), r["kind"] == "part") for r in rows()]
    assert len(spellings) == len(set(spellings))


@pytest.mark.slow
def test_factors_equal_those_of_an_independent_ucum_library() -> None:
    """Base units differ (m3 and m, Pa and kg/m/s2), so factors are compared as ratios within a dimension."""
    from ucumvert import PintUcumRegistry

    registry = PintUcumRegistry()
    with files("matching.knowledge").joinpath("data/ucum.csv").open(encoding="utf-8") as source:
        table = list(csv.DictReader(source))
    own = {
        "Cel",
        "[degF]",
        "dB",
        "[pH]",
        "[BAU]",
        "[ELU]",
        "[BU]",
        "Mb",
        "[p'diop]",
    }  # offset, logarithmic, not in UCUM
    first: dict[str, tuple[str, float, float]] = {}
    compared = 0
    for row in table:
        if row["code"] in own or not row["dimension"] or row["dimension"].startswith("["):
            continue
        theirs = (1 * registry.from_ucum(row["code"])).to_base_units().magnitude
        ours, _ = measure_of(row["code"]) or (None, None)
        assert ours is not None
        code, our_first, their_first = first.setdefault(row["dimension"], (row["code"], float(ours), theirs))
        assert float(ours) / our_first == pytest.approx(theirs / their_first, rel=1e-9), (row["code"], code)
        compared += 1
    assert compared >= 80
    for unit in (
        "mg/dL",
        "10*9/L",
        "/uL",
        "kg/m2",
        "mL/min",
        "ng/mL",
        "mmol/L",
        "U/L",
        "ukat/L",
        "g/d",
        "ug/min",
        "mg/kg/d",
    ):
        for other in ("mg/dL", "10*9/L", "/uL", "ng/mL", "U/L", "ukat/L", "g/d", "ug/min"):
            ours, theirs = measure_of(unit), registry.from_ucum(unit)
            against, them = measure_of(other), registry.from_ucum(other)
            assert ours is not None
            assert against is not None
            if theirs.dimensionality == them.dimensionality and ours[1] == against[1]:
                assert float(ours[0] / against[0]) == pytest.approx(((1 * theirs).to(them)).magnitude, rel=1e-9)


def test_working_rounds_and_value_does_not() -> None:
    result = convert(0.6, "ng/mL", "nmol/L", "C-peptide")
    assert result == Conversion(0.198655762673, 0.331092937787637, 0.0, "0.6 ng/mL = 0.1987 nmol/L (3020.3 g/mol)")


def test_powers_of_ten_leave_no_crumbs() -> None:
    for count in (1_500, 75_000, 99_999, 100_000, 140_000, 150_000):
        result = convert(count, "/uL", "10*9/L", "platelet count")
        assert isinstance(result, Conversion)
        assert result.value == count / 1000


def test_haemoglobin_a1c_is_affine() -> None:
    result = convert(108, "mmol/mol", "%", "HbA1c")
    assert isinstance(result, Conversion)
    assert result.working == "108 mmol/mol = 12.03 % (IFCC = 10.929 x (NGSP - 2.15))"
    assert isinstance(convert(7, "%", "mmol/mol"), NotComparable)


def test_temperature_and_its_differences() -> None:
    absolute = convert(38, "Cel", "[degF]", "body temperature")
    delta = convert(1, "Cel", "[degF]", "body temperature", delta=True)
    assert isinstance(absolute, Conversion)
    assert isinstance(delta, Conversion)
    assert (absolute.value, delta.value) == (100.4, 1.8)


def test_same_unit_is_the_same_value() -> None:
    assert convert(7.1, "%", "%", "HbA1c") == Conversion(7.1, 1.0, 0.0, "7.1 % = 7.1 %")


def test_without_an_analyte_only_the_dimension_counts() -> None:
    assert isinstance(convert(1, "g", "mg"), Conversion)
    assert convert(1, "mg/dL", "mmol/L") == NotComparable("mg/dL and mmol/L measure different things")
    assert convert(1, "furlong", "m") == NotComparable("the unit furlong is not known")


def test_unit_that_does_not_fit() -> None:
    assert convert(1, "%", "10*9/L", "platelet count") == NotComparable("the unit % does not fit platelet count")
    assert fits("mg/dL", "glucose")
    assert fits("g/L", "glucose")
    assert fits("mL/min", "eGFR")
    assert not fits("mm[Hg]", "glucose")
    assert not fits("nonsense", "an analyte nobody knows")


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("platelet count", 100_000, "/uL"),
        ("platelet count", 100, "10*9/L"),
        ("neutrophil count", 1_500, "/uL"),
        ("HbA1c", 7, "%"),
        ("HbA1c", 53, "mmol/mol"),
        ("creatinine", 1.5, "mg/dL"),
        ("creatinine", 133, "umol/L"),
        ("glucose", 126, "mg/dL"),
        ("glucose", 15, None),
        ("systolic blood pressure", 140, "mm[Hg]"),
        ("QTc interval", 470, "ms"),
        ("BMI", 30, "kg/m2"),
        ("C-peptide", 0.2, None),
    ],
)
def test_unit_that_is_not_written(name: str, value: float, unit: str | None) -> None:
    entry = analytes.by_name(name)
    assert entry is not None
    assert assume_unit(entry, value) == unit


def test_plausible() -> None:
    entry = analytes.by_name("platelet count")
    assert entry is not None
    assert plausible(entry, 50, "10*9/L") is True
    assert plausible(entry, 50, "/uL") is False
    assert plausible(entry, 50, "%") is None


def test_durations() -> None:
    assert convert_time(2, "wk", "d") == 14
    assert convert_time(1, "a", "mo") == pytest.approx(12)
    assert convert_time(1, "{half_life}", "d") is None
