"""What a name does not say: a test of a gene is no proof of a variant, a test no proof of what it looks for."""

from datetime import date

import pytest

import matching


@pytest.mark.parametrize(
    ("criterion", "told", "verdict"),
    [
        ("BRAF V600E mutation", "BRAF mutation", "unknown"),
        ("BRAF V600E mutation", "BRAF V600E mutation", "included"),
        ("KRAS G12C mutation", "KRAS mutation", "unknown"),
        ("KRAS G12C mutation", "KRAS G12D mutation", "unknown"),
        ("EGFR T790M mutation", "EGFR mutation", "unknown"),
        ("EGFR exon 19 deletion", "EGFR L858R mutation", "unknown"),
        ("BRCA2 mutation", "BRCA1 mutation", "unknown"),
        ("MET amplification", "MET exon 14 skipping mutation", "unknown"),
    ],
)
def test_a_variant_is_settled_by_its_own_test_only(criterion, told, verdict):
    patient = matching.Patient(observations=(matching.Observation(told, result="positive"),))
    judged = matching.judge_text(criterion, matching.Role.INCLUSION, patient, date(2026, 11, 22))
    assert judged.verdict == verdict


@pytest.mark.parametrize("text", ["Human immunodeficiency virus antigen test", "screening for tuberculosis infection"])
def test_a_test_is_not_the_disease_it_looks_for(text):
    for patient in (
        matching.Patient(treatments=(matching.Treatment(text),)),
        matching.Patient(conditions=(matching.Condition(text),)),
    ):
        for criterion in ("HIV infection", "tuberculosis"):
            judged = matching.judge_text(criterion, matching.Role.EXCLUSION, patient, date(2026, 11, 22))
            assert judged.verdict == "unknown"
