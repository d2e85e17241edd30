"""The table of analytes, row by row, and names found in text."""

import re

import pytest

from matching.knowledge import analytes
from matching.knowledge.conversion import measure_of
from matching.knowledge.units import Conversion, convert, fits, ucum
from matching.model.codes import Sex

ENTRIES = analytes.entries()


def _check_digit_holds(code: str) -> bool:
    """LOINC's last digit is mod 10 (Luhn) of the others."""
    body, _, last = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(last)


def test_the_check_digit_is_really_checked() -> None:
    assert _check_digit_holds("4548-4")
    assert not _check_digit_holds("4548-5")


def test_size_of_the_table() -> None:
    assert len(ENTRIES) >= 250
    assert len([e for e in ENTRIES if e.kind == "score"]) >= 60


def test_no_name_and_no_instrument_twice() -> None:
    names = [e.name.lower() for e in ENTRIES]
    instruments = [e.instrument for e in ENTRIES if e.instrument]
    assert len(names) == len(set(names))
    assert len(instruments) == len(set(instruments))


def test_no_alias_twice() -> None:
    seen: dict[str, str] = {}
    twice = []
    for entry in ENTRIES:
        for spelling in {analytes.normalise(s) for s in (entry.name, *entry.synonyms)}:
            if seen.setdefault(spelling, entry.name) != entry.name:
                twice.append((spelling, seen[spelling], entry.name))
    exact: dict[str, str] = {}
    for entry in ENTRIES:
        for spelling in entry.abbreviations:
            if exact.setdefault(spelling, entry.name) != entry.name:
                twice.append((spelling, exact[spelling], entry.name))
    assert twice == []


def test_no_loinc_twice() -> None:
    codes = [c for e in ENTRIES for c in (e.loinc, *e.other_loincs) if c]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_row(entry: analytes.AnalyteEntry) -> None:
    for code in (entry.loinc, *entry.other_loincs):
        assert code is None or (re.fullmatch(r"\d{3,6}-\d", code) and _check_digit_holds(code))
    assert entry.kind in ("measurement", "score", "result")
    assert (entry.kind == "score") == (entry.instrument is not None)
    assert entry.units or entry.kind == "result"
    for unit in entry.units:
        assert ucum(unit) == unit
        assert measure_of(unit) is not None
        assert fits(unit, entry.name)
    assert entry.default_unit is None or entry.default_unit in entry.units
    for bridge in entry.bridges:
        assert fits(bridge.left, entry.name)
        assert fits(bridge.right, entry.name)
        assert isinstance(convert(1.0, bridge.left, bridge.right, entry.name), Conversion)
    for limits in entry.limits.values():
        assert fits(limits.unit, entry.name)
        assert limits.source
        assert limits.lower is None or limits.upper is None or limits.lower < limits.upper
    low, high = entry.plausible_low, entry.plausible_high
    assert low is None or high is None or low < high
    assert set(entry.settings) <= set(analytes.SETTINGS)
    assert entry.changes in ("can_change", "fixed", "by_itself")
    assert entry.question_en.endswith("?")
    assert entry.question_es.startswith("¿")
    assert entry.question_es.endswith("?")
    assert all(s == s.lower() for s in entry.synonyms)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_every_spelling_finds_its_row(entry: analytes.AnalyteEntry) -> None:
    for spelling in (entry.name, *entry.synonyms, *entry.abbreviations):
        assert analytes.find(spelling) is entry, spelling
        if spelling == entry.name:
            continue  # names such as "tumour size, largest" are for display
        text = f"with {spelling} of"
        if entry.kind == "result" and re.search(r"(positiv|negativ|mutant|mutated|deficient|wild.?type|\+)", spelling):
            continue  # the word of the result is cut off, see below
        mentions = [(m.entry.name, text[m.start : m.end]) for m in analytes.spot(text, 0, len(text))]
        assert mentions == [(entry.name, spelling)]


def _spotted(text: str) -> list[tuple[str, str, str | None]]:
    return [(text[m.start : m.end], m.entry.name, m.setting) for m in analytes.spot(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "AST, ALT and ALP <= 3 x ULN",
            [("AST", "AST", None), ("ALT", "ALT", None), ("ALP", "alkaline phosphatase", None)],
        ),
        ("fasting glucose > 270 mg/dL", [("fasting glucose", "glucose", "fasting")]),
        ("Blood glucose (fasting) above", [("Blood glucose (fasting)", "glucose", "fasting")]),
        ("peak stimulated C-peptide above", [("peak stimulated C-peptide", "C-peptide", "stimulated")]),
        (
            "post-bronchodilator FEV1/FVC < 0.7",
            [("post-bronchodilator FEV1/FVC", "FEV1/FVC ratio", "post_bronchodilator")],
        ),
        ("absolute neutrophil count (ANC) >=", [("absolute neutrophil count (ANC)", "neutrophil count", None)]),
        (
            "platelets, platelet counts",
            [("platelets", "platelet count", None), ("platelet counts", "platelet count", None)],
        ),
        ("haemoglobin or hemoglobin", [("haemoglobin", "hemoglobin", None), ("hemoglobin", "hemoglobin", None)]),
        ("K+ < 3.5; known K-ras", [("K+", "potassium", None), ("K-ras", "KRAS mutation", None)]),
        ("PSA doubling time of 9 months", [("PSA doubling time", "PSA doubling time", None)]),
        (
            "gestational age, age at diagnosis",
            [("gestational age", "gestational age", None), ("age at diagnosis", "age at diagnosis", None)],
        ),
        ("weight loss of 5 %, weight", [("weight loss", "weight loss", None), ("weight", "body weight", None)]),
        ("urinary sodium of 20", []),
        ("EGFR mutation", [("EGFR mutation", "EGFR mutation", None)]),
        ("EGFR or ALK", [("EGFR", "EGFR mutation", None), ("ALK", "ALK rearrangement", None)]),
        ("EGFR > 60 mL/min", [("EGFR", "eGFR", None)]),
        ("eGFR ≥ 30", [("eGFR", "eGFR", None)]),
        (
            "New York Heart Association (NYHA) class III",
            [("New York Heart Association (NYHA) class", "NYHA class", None)],
        ),
        ("ECOG PS of 0-1", [("ECOG PS", "ECOG performance status", None)]),
        ("plateletpheresis", []),
        ("HR-positive, HER2-negative", [("HR", "hormone receptor", None), ("HER2", "HER2", None)]),
        ("within 24 hrs", []),
        ("laboratory abnormalities", []),
    ],
)
def test_spot(text: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert _spotted(text) == expected


def test_spot_keeps_to_its_stretch_and_its_offsets() -> None:
    text = "İ HbA1c; HbA1c and ALT"
    start = text.index(";")
    assert [(m.start, m.end) for m in analytes.spot(text, start, len(text) - 4)] == [(9, 14)]


def test_spot_reads_a_name_that_is_broken_over_lines() -> None:
    text = "  serum  creatinine\n            clearance   and fasting\r\n  glucose"
    found = [(text[m.start : m.end], m.entry.name, m.setting) for m in analytes.spot(text, 2, len(text))]
    assert found == [
        ("serum  creatinine\n            clearance", "creatinine clearance", None),
        ("fasting\r\n  glucose", "glucose", "fasting"),
    ]


def test_names_of_patients() -> None:
    glucose = analytes.by_name("glucose")
    assert glucose is not None
    assert analytes.find_with_setting("Fasting Glucose") == (glucose, "fasting")
    assert analytes.find_with_setting("glucose, fasting") == (glucose, "fasting")
    assert analytes.find_with_setting("Glucose [Mass/volume] in Blood") == (glucose, None)
    assert analytes.find_with_setting("serum glucose level") == (glucose, None)
    assert analytes.find("glucose and insulin") is None
    assert analytes.find("something else") is None
    assert analytes.find("") is None


def test_codes() -> None:
    assert [e.name for e in (analytes.by_loinc("4548-4"), analytes.by_loinc("2339-0")) if e] == ["HbA1c", "glucose"]
    assert analytes.by_loinc("0-0") is None
    assert analytes.setting_of_loinc("1558-6") == "fasting"
    assert analytes.setting_of_loinc("2345-7") is None
    ecog = analytes.by_instrument("ecog")
    assert ecog is not None
    assert ecog.name == "ECOG performance status"


def test_the_instruments_of_the_contract_are_there() -> None:
    named = (
        "ecog karnofsky lansky who_ps nyha ccs asa child_pugh meld fib4 gleason edss mmse moca phq9 hamd pasi mrs nihss"
    )
    named += " fitzpatrick madrs das28 gcs apache2 sofa vas_pain nrs_pain gad7 hama ymrs panss cgi_s updrs hoehn_yahr cdr bprs"
    named += " audit easi iga dlqi basdai asdas mayo cdai bristol iss tnm_t tnm_n tnm_m who_fc bclc rai binet ann_arbor figo ajcc_stage"
    assert [i for i in named.split() if analytes.by_instrument(i) is None] == []


def test_usual_limits() -> None:
    creatinine, alt = analytes.by_name("creatinine"), analytes.by_name("ALT")
    assert creatinine is not None
    assert alt is not None
    assert analytes.usual_limits(creatinine, Sex.FEMALE) == (
        0.5,
        1.1,
        "mg/dL",
        "ABIM laboratory reference ranges, adults",
    )
    assert analytes.usual_limits(creatinine, None) is None
    assert analytes.usual_limits(alt, None) == (10, 40, "U/L", "ABIM laboratory reference ranges, adults")
    assert analytes.usual_limits(alt, Sex.ALL) == (10, 40, "U/L", "ABIM laboratory reference ranges, adults")
