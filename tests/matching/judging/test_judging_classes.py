"""Scores given in words or letters: the categories of a tumour, classes with a letter behind the number."""

from datetime import date

import pytest

from matching import Role, judge_text
from matching.judging.classes import categories, number_of
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.criterion import Bound, ScoreIs
from matching.model.finding import MissingFact
from matching.model.patient import Observation, Patient
from matching.model.truth import Truth

ON = date(2026, 11, 22)
T, N, M = "TNM T category", "TNM N category", "TNM M category"


def told(*observations: Observation) -> Patient:
    return Patient(observations=observations)


@pytest.mark.parametrize(
    ("key", "result", "number"),
    [
        (T, "T2", 2.0),
        (T, "cT2b", 2.0),
        (T, "2a", 2.0),
        (T, "ypT1c N0", 1.0),
        (N, "pT2 N1 M0", 1.0),
        (M, "T2N1M0", 0.0),
        (T, "Tis", None),
        (T, "TX", None),
        (N, "T2", None),
        ("AJCC stage", "IIIA", 3.0),
        ("AJCC stage", "stage IV", 4.0),
        ("NYHA class", "NYHA class II", 2.0),
        ("Child-Pugh", "class B", 2.0),
        ("AJCC stage", "not known", None),
    ],
)
def test_the_number_of_a_class_in_words(key: str, result: str, number: float | None) -> None:
    assert number_of(key, result) == number


def test_letters_of_other_things_are_no_categories() -> None:
    assert categories("H1N1") == {}
    assert categories("AST 2") == {}


@pytest.mark.parametrize(
    ("observation", "truth"),
    [
        (Observation(T, value=2.0), Truth.TRUE),
        (Observation("T stage", result="cT2b"), Truth.TRUE),
        (Observation("T stage", result="T3"), Truth.FALSE),
        (Observation("TNM stage", result="T1cN0M0"), Truth.TRUE),
        (Observation("TNM stage", result="III"), Truth.UNKNOWN),
        (Observation("T category", result="TX"), Truth.UNKNOWN),
        (Observation("N stage", result="N2"), Truth.UNKNOWN),
    ],
)
def test_a_category_against_its_bounds(observation: Observation, truth: Truth) -> None:
    leaf = ScoreIs(0, 4, "tnm_t", Bound(1.0, "1"), Bound(2.0, "1"))
    assert evaluate(leaf, prepare(told(observation), ON)).truth is truth


def test_a_missing_category_is_asked_for() -> None:
    finding = evaluate(ScoreIs(0, 2, "tnm_n", Bound(0.0, "1"), Bound(0.0, "1")), prepare(told(), ON))
    assert finding.missing == (MissingFact("score", "tnm_n", N, "21906-3"),)


@pytest.mark.parametrize(
    ("criterion", "result", "verdict"),
    [
        ("T1-2, N0-1, M0 breast cancer", "T2N1M0", "unknown"),  # the cancer is not told
        ("T1-2, N0-1, M0", "T2N1M0", "included"),
        ("T1-2, N0-1, M0", "T3N1M0", "not_included"),
        ("T1-2, N0-1, M0", "T2N1M1", "not_included"),
        ("cT3-4a, any N, M0", "T3N2M0", "included"),
        ("cT3-4a, any N, M0", "T4N2M0", "unknown"),
        ("cT3-4a, any N, M0", "T2N2M0", "not_included"),
        ("T3N0 or T2N1, M0", "T3N0M1", "unknown"),
        ("T3N0 or T2N1, M0", "T2N1M1", "not_included"),
        ("T3N0 or T2N1, M0", "T3N0M0", "included"),
        ("T4 or N2 disease", "T1N2M0", "included"),
    ],
)
def test_chains_of_categories(criterion: str, result: str, verdict: str) -> None:
    patient = told(Observation("TNM", result=result))
    assert judge_text(criterion, Role.INCLUSION, patient, ON).verdict == verdict
