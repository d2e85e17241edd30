"""One line to one expression: places, leads, coverage, and that no text breaks it or makes it slow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.codes import Role
from matching.model.criterion import Concept, ConditionIs, Not, TreatmentIs, Unreadable, Window
from matching.reading.grammar import MAX_LENGTH, MAX_LEVELS, read_line
from matching.reading.logic import leaves, levels, settles
from tests.matching.proportion import grows_in_proportion


def test_places_are_those_of_the_whole_text() -> None:
    text = "* Age > 18\r\n* No history of stroke"
    start = text.index("No")
    told = read_line(text, start, len(text), Role.INCLUSION).expression
    assert isinstance(told, Not)
    assert isinstance(told.of, ConditionIs)
    assert text[told.of.start : told.of.end] == "stroke"


def test_a_leaf_holds_the_name_and_not_the_sentence() -> None:
    text = "Patients who have received systemic treatment with cisplatin for any reason in the past 6 months"
    told = [e for e in leaves(read_line(text, 0, len(text), Role.EXCLUSION).expression) if isinstance(e, TreatmentIs)]
    assert [text[e.start : e.end] for e in told] == ["cisplatin"]
    assert told[0].window == Window(upper=6, unit="mo", anchor="now", direction="before")


def test_the_status_and_window_of_a_lead_hold_for_its_lines() -> None:
    text = "History of any of the following within 6 months:\n- stroke"
    lead = (0, text.index("\n"))
    told = read_line(text, text.index("stroke"), len(text), Role.EXCLUSION, lead).expression
    assert isinstance(told, ConditionIs)
    assert (told.status, told.window) == ("history", Window(upper=6, unit="mo"))


def test_a_concept_no_vocabulary_holds_keeps_its_name() -> None:
    text = "History of blorbitis"
    told = read_line(text, 0, len(text), Role.EXCLUSION).expression
    assert told == ConditionIs(11, 20, Concept("blorbitis"), "history")


def test_coverage_is_the_share_of_words_accounted_for() -> None:
    assert read_line("No history of stroke", 0, 20, Role.INCLUSION).coverage == 1.0
    half = "stroke frobnicated"
    assert read_line(half, 0, len(half), Role.EXCLUSION).coverage == 0.5


def test_nothing_read_is_unreadable_and_covers_nothing() -> None:
    for text in ("", "   ", "...", "(((", "\\*\\*"):
        told = read_line(text, 0, len(text), Role.INCLUSION)
        assert isinstance(told.expression, Unreadable)
        assert told.coverage == 0.0


def test_a_line_too_long_to_be_a_sentence_is_never_settled() -> None:
    text = "stroke " * (MAX_LENGTH // 4)
    told = read_line(text, 0, len(text), Role.EXCLUSION)
    assert settles(told.expression) == (False, False)
    assert told.coverage == 0.0


@pytest.mark.parametrize(
    "piece",
    [
        "1) asthma 2) diabetes ",  # why: adjacent names nested one another to thousands of levels
        "AST <= 3 x ULN ",
        "asthma xx diabetes yy ",
        "asthma (diabetes xx ",
        "(" + "asthma xx " * 50,
    ],
)
def test_a_row_of_names_without_end_makes_no_bottomless_tree(piece: str) -> None:
    text = piece * (MAX_LENGTH // len(piece))
    told = read_line(text, 0, len(text), Role.EXCLUSION).expression
    assert levels(told) <= MAX_LEVELS
    assert settles(told) == (False, False)


def test_a_line_is_told_by_nothing_behind_it() -> None:
    """The time in the next line was once taken for that of "onset of"."""
    line = "Patients with seizure at the onset of stroke."
    alone = read_line(line, 0, len(line), Role.EXCLUSION)
    assert read_line(line + "\n* Surgery within 3 months", 0, len(line), Role.EXCLUSION) == alone


_PIECES = st.sampled_from(
    "no not without history of active severe or and , ; : . ( ) e.g. such as except unless if other than stroke diabetes "
    "cisplatin HIV positive negative within 6 months > 18 years mg/dL women pregnant consent willing to unable investigator "
    "- / are allowed excluded must have non risk of allergy to penicillin foo bar \\> \u2265 \u00a0 \r\n".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=40), st.sampled_from(list(Role)))
def test_no_row_of_words_breaks_it(pieces: list[str], role: Role) -> None:
    text = " ".join(pieces)
    told = read_line(text, 0, len(text), role)
    assert 0.0 <= told.coverage <= 1.0
    for leaf in leaves(told.expression):
        assert 0 <= leaf.start <= leaf.end <= len(text)
        assert leaf.start < leaf.end or not text  # type: ignore[union-attr]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(list(Role)))
def test_no_text_breaks_it(text: str, role: Role) -> None:
    read_line(text, 0, len(text), role)


@pytest.mark.parametrize(
    "piece",
    ["except diabetes ", "not without no ", "(", "(diabetes ", "diabetes, ", "diabetes and cancer or ", "if diabetes then ",
     "diabetes: ", "consent and willing to ", "cancer such as ", "hb > 9 unless ", "must not have ", "HIV positive ", "non-"],
)  # fmt: skip
def test_no_text_makes_it_slow(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    read_line("stroke", 0, 6, Role.EXCLUSION)
    assert grows_in_proportion(lambda part: read_line(part, 0, len(part), Role.EXCLUSION), text)


def test_another_way_inside_brackets_breaks_nothing() -> None:
    # why: "or if they ..." at the end of brackets raised an error and failed the whole text
    for text in (
        "No insulin (unless needed, or if they agree)",
        "No insulin (or if the patient",
        "No insulin, or if on",
    ):
        assert read_line(text, 0, len(text), Role.INCLUSION).expression is not None
