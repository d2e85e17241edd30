from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.codes import Times
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    AtLeast,
    Bound,
    Expression,
    If,
    Leaf,
    MeasurementIs,
    Not,
    Unreadable,
)
from matching.reading import measures, statements


def leaves(e: Expression) -> list[Leaf]:
    match e:
        case AllOf(of) | AnyOf(of):
            return [leaf for part in of for leaf in leaves(part)]
        case AtLeast(_, of):
            return [leaf for part in of for leaf in leaves(part)]
        case Not(of):
            return leaves(of)
        case If(when, then):
            return leaves(when) + leaves(then)
        case _:
            return [e]


def test_leaf_spans_from_the_name_to_the_value() -> None:
    text = "Patients must have a haemoglobin level of at least 10 g/dL at screening"
    (found,) = measures.spot(text, 0, len(text))
    assert text[found.start : found.end] == "haemoglobin level of at least 10 g/dL"
    assert found.expression == MeasurementIs(
        found.start, found.end, Analyte("hemoglobin", "718-7"), Bound(10.0, "g/dL"), None
    )


def test_each_name_of_a_list_has_its_own_span() -> None:
    text = "AST and ALT <= 2.5 x ULN"
    (found,) = measures.spot(text, 0, len(text))
    assert [text[leaf.start : leaf.end] for leaf in leaves(found.expression)] == [text, "ALT <= 2.5 x ULN"]
    upper = Bound(2.5, "1", True, Times.ULN)
    assert [leaf.upper for leaf in leaves(found.expression) if isinstance(leaf, MeasurementIs)] == [upper, upper]


def test_condition_of_a_subgroup_keeps_its_place_so_that_it_can_be_read() -> None:
    text = "ALT <= 2.5 x ULN (<= 5 x ULN if liver metastases)"
    (found,) = measures.spot(text, 0, len(text))
    conditions = [leaf for leaf in leaves(found.expression) if isinstance(leaf, Unreadable)]
    assert [(text[c.start : c.end], c.reason) for c in conditions] == [("if liver metastases", statements.SUBGROUP)]


def test_numbers_of_windows_are_left_to_the_windows() -> None:
    text = "Age >= 18 years; surgery within the past 6 months or 2 weeks before screening"
    assert [s.expression for s in measures.spot(text, 0, len(text))] == [AgeIs(0, 15, Bound(18.0, "a"), None)]


def test_offsets_count_the_source_as_it_is() -> None:
    text = "* HbA1c \\>= 7 %\r\n* BMI \\< 40 kg/m\\^2\r\n"
    start = text.index("* BMI")
    (found,) = measures.spot(text, start, len(text))
    assert text[found.start : found.end] == "BMI \\< 40 kg/m\\^2"


@pytest.mark.parametrize(
    "unit",
    [
        "9 ",
        "<= 5 ",
        "ALT > 3 x ULN or ",
        "age 18 to ",
        "(((",
        "> ",
        "1,",
        "one ",
        "within 6 months ",
        "if liver metastases in patients with ",
        "10^",
        "not less than or equal to ",
        "III/",
        "upper limit of the institutional ",
        "12 (",
        "=18 and ",
        "for women ",
    ],
)
def test_a_long_line_is_read_to_its_end(unit: str) -> None:
    # A reader that goes back and forth would take minutes here.
    text = unit * (100_000 // len(unit))
    spots = measures.spot(text, 0, len(text))
    assert all(0 <= s.start < s.end <= len(text) for s in spots)


PIECES = st.sampled_from(
    "age ALT AST HbA1c ECOG BP > >= < \\<= = ≥ 18 7.5 1,500 50.000 100 II IV % mg/dL x ULN years months of or and to "
    "between ( ) , ; . - / in women males if liver metastases within at least 3 weeks two (2) greater than 140/90".split(
        " "
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=80))
def test_any_line_is_read_without_fault_and_in_order(text: str) -> None:
    found = measures.spot(text, 0, len(text))
    assert [s.start for s in found] == sorted(s.start for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    for s in found:
        assert all(0 <= leaf.start < leaf.end <= len(text) for leaf in leaves(s.expression))
