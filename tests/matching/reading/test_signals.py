"""What the words of a line can be part of: a signal may promise too much, never too little."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.knowledge import analytes
from matching.reading import items, measures, merged, signals, windows
from matching.reading.lowered import lowered
from tests.property.real_trials import real_trials


def told(text: str) -> int:
    low = lowered(text)
    return signals.signals([low[m.start() : m.end()] for m in items._WORDS.finditer(text)])


def all_spots(text: str, signs: int) -> tuple[object, ...]:
    end = len(text)
    known, mentioned = windows.spot(text, 0, end, signs), analytes.spot(text, 0, end)
    formulas = list(items._FORMULA.finditer(text)) if signs & signals.FORMULA else []
    spans = [m.span() for m in formulas]
    return known, measures.spot(text, 0, end, known, mentioned, signs), merged.merged(text, 0, end, signs), spans


@pytest.mark.parametrize(
    ("line", "signal"),
    [
        ("three months", signals.NUMBER | signals.NUMBER_IN_LETTERS | signals.COUNTED | signals.TIME),
        ("ALT < 3 x U.L.N.", signals.NUMBER | signals.NUMBER_IN_LETTERS),
        ("24h", signals.NUMBER | signals.COUNTED | signals.TIME),
        ("within30days", signals.NUMBER | signals.COUNTED | signals.TIME | signals.LONE_TIME),
        ("the past year", signals.TIME | signals.LONE_TIME),
        ("at screening", signals.AT | signals.VISIT),
        ("Crohn’s", signals.APOSTROPHE),
        ("(see below", signals.BRACKET),
        ("by the Cockcroft equation", signals.FORMULA),
        ("anaphylaxis to X", signals.REACTION | signals.TOWARDS),
        ("heart and kidney", 0),
    ],
)
def test_what_the_words_of_a_line_promise(line: str, signal: int) -> None:
    assert told(line) & signal == signal
    assert signal or told(line) == 0


def test_no_signal_is_missed_in_real_texts() -> None:
    lines = {
        " ".join(c.text.split())[:400]
        for trial in real_trials()[:150]
        for c in trial.parsed.criteria
        if len(c.text) > 20
    }
    assert len(lines) > 1000
    wrong = [line for line in lines if all_spots(line, told(line)) != all_spots(line, signals.ALL)]
    assert wrong == []


_PIECES = (
    "six three one 3 18 within past prior month months mo years half-life h d 24h at on screening baseline before after during the study "
    "throughout while duration of course - ( ) , . / or u.l.n. ULN iii IIb limits allergy reactions to against absorption that may affect "
    "calculated by equation diagnosis surgery last twenty-one \u0130 \u0131n \u017fix _one_ one_".split()
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14), st.sampled_from([" ", "", "-"]))
def test_no_signal_is_missed_in_any_row_of_words(pieces: list[str], between: str) -> None:
    line = between.join(pieces)
    assert all_spots(line, told(line)) == all_spots(line, signals.ALL)


def test_a_name_by_its_number_is_told_by_the_last_word() -> None:
    assert measures._names_by_number("in a phase. ")
    assert measures._names_by_number("see (Type")
    assert not measures._names_by_number("after chemotherapy")
