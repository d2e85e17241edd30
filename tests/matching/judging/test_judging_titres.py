"""Dilutions: "1:160" is more than "1:80"."""

from datetime import date

import pytest

from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.criterion import Analyte, Bound, MeasurementIs
from matching.model.patient import Observation, PartialDate, Patient
from matching.model.truth import Truth

ON = date(2026, 11, 22)
ASKED = MeasurementIs(0, 1, Analyte("antinuclear antibody"), Bound(80, "1"))


@pytest.mark.parametrize(
    ("result", "value", "truth", "boundary"),
    [
        ("1:160", None, Truth.TRUE, False),
        ("1:80", None, Truth.TRUE, True),
        ("positive, 1:80", None, Truth.TRUE, True),
        ("1:40", None, Truth.FALSE, False),
        ("< 1:40", None, Truth.FALSE, False),
        (">= 1:1,280", None, Truth.TRUE, False),
        ("> 1:40", None, Truth.UNKNOWN, False),
        (None, 160, Truth.TRUE, False),
        ("positive", None, Truth.UNKNOWN, False),
        ("1:80 with a speckled pattern", None, Truth.UNKNOWN, False),
    ],
)
def test_titres(result, value, truth, boundary):
    seen = Observation("ANA", result=result, value=value, on=PartialDate(2026, 11, 2))
    finding = evaluate(ASKED, prepare(Patient(observations=(seen,)), ON))
    assert finding.truth is truth
    if truth is not Truth.UNKNOWN:
        assert finding.evidence[0].boundary is boundary
