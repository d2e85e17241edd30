import pytest

from matching.model.criterion import Window
from matching.reading import windows

ROWS = [
    ("stroke within the past 6 months", "within the past 6 months", Window(None, 6, "mo")),
    ("drug within twenty-one days", "within twenty-one days", Window(None, 21, "d")),
    ("drug for at least five-six months", "for at least five-six months", Window(5, 6, "mo", "now", "duration")),
    ("antibiotics in the last 30 days", "in the last 30 days", Window(None, 30, "d")),
    ("admitted in the previous year", "in the previous year", Window(None, 1, "a")),
    (
        "smoking within a month of screening",
        "within a month of screening",
        Window(None, 1, "mo", "screening", "around"),
    ),
    (
        "surgery within 4 weeks prior to randomization",
        "within 4 weeks prior to randomization",
        Window(None, 4, "wk", "randomisation"),
    ),
    (
        "drug within three (3) months (90 days) before the first dose",
        "within three (3) months (90 days) before the first dose",
        Window(None, 3, "mo", "first_dose"),
    ),
    ("test within14 days of enrollment", "within14 days of enrollment", Window(None, 14, "d", "enrolment", "around")),
    (
        "therapy less than 6 weeks before surgery",
        "less than 6 weeks before surgery",
        Window(None, 6, "wk", "surgery", upper_inclusive=False),
    ),
    ("infarction > 6 months ago", "> 6 months ago", Window(6, None, "mo", lower_inclusive=False)),
    (
        "at least 28 days since the last dose",
        "at least 28 days since the last dose",
        Window(28, None, "d", "last_dose", "after"),
    ),
    ("vaccine within 30 days after surgery", "within 30 days after surgery", Window(None, 30, "d", "surgery", "after")),
    ("stable for at least 3 months", "for at least 3 months", Window(3, None, "mo", "now", "duration")),
    ("treated for 3 months or more", "for 3 months or more", Window(3, None, "mo", "now", "duration")),
    (
        "pain > 3 months in duration",
        "> 3 months in duration",
        Window(3, None, "mo", "now", "duration", lower_inclusive=False),
    ),
    (
        "disease duration of more than 1 year",
        "duration of more than 1 year",
        Window(1, None, "a", "now", "duration", lower_inclusive=False),
    ),
    ("steroids 4 weeks before inclusion", "4 weeks before inclusion", Window(None, 4, "wk", "enrolment")),
    ("contraception during the study", "during the study", Window(anchor="study", direction="after")),
    ("positive at screening", "at screening", Window(anchor="screening", direction="around")),
    ("chemotherapy prior to enrollment", "prior to enrollment", Window(anchor="enrolment")),
    (
        "any drug within 30 days or 5 half-lives (whichever is longer) prior to first dose",
        "within 30 days or 5 half-lives (whichever is longer) prior to first dose",
        Window(None, 30, "d", "first_dose", otherwise=Window(None, 5, "{half_life}", "first_dose"), whichever="longer"),
    ),
]


@pytest.mark.parametrize(("text", "quote", "window"), ROWS, ids=[r[0] for r in ROWS])
def test_window_and_its_place(text: str, quote: str, window: Window) -> None:
    assert [(text[w.start : w.end], w.window) for w in windows.spot(text, 0, len(text))] == [(quote, window)]


@pytest.mark.parametrize(
    "text",
    [
        "life expectancy of at least 3 months",
        "18 years of age or older",
        "20 mg every 2 weeks",
        "unstable angina < 6 months",
        "between 24 and 34 weeks gestation",
        "HbA1c > 7 %",
    ],
)
def test_what_is_no_window_is_not_claimed(text: str) -> None:
    assert windows.spot(text, 0, len(text)) == []


def test_two_windows_in_order() -> None:
    text = "Stroke within 6 months, surgery within 4 weeks before screening"
    assert [text[w.start : w.end] for w in windows.spot(text, 0, len(text))] == [
        "within 6 months",
        "within 4 weeks before screening",
    ]
