from datetime import date

import pytest

from matching.judging.dates import (
    HalfLife,
    Span,
    birthday,
    completed,
    elapsed_at_least,
    elapsed_at_most,
    in_window,
    later,
    merge,
    overlaps,
    spans_without,
    timeline,
    truth_on,
    turning_days,
)
from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.codes import Sex
from matching.model.criterion import AllOf, Not, PregnancyIs, Window
from matching.model.finding import Change
from matching.model.patient import PartialDate, Patient
from matching.model.truth import Truth, conjunction

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def on(text):
    return Span.of(PartialDate.parse(text))


@pytest.mark.parametrize(
    ("day", "count", "unit", "expected"),
    [
        (date(2026, 8, 31), 6, "mo", date(2027, 2, 28)),
        (date(2027, 8, 31), 6, "mo", date(2028, 2, 29)),
        (date(2024, 2, 29), 1, "a", date(2025, 2, 28)),
        (date(2024, 2, 29), 4, "a", date(2028, 2, 29)),
        (date(2026, 11, 22), -6, "mo", date(2026, 5, 22)),
        (date(2026, 11, 22), 4, "wk", date(2026, 12, 20)),
        (date(2026, 11, 22), 28, "d", date(2026, 12, 20)),
        (date(2026, 11, 22), 36, "h", date(2026, 11, 23)),
        (date(2026, 11, 22), 0.5, "a", date(2027, 5, 22)),
        (date(2026, 11, 22), 1e12, "a", date.max),
        (date(2026, 11, 22), 9000, "a", date.max),
        (date(2026, 11, 22), -9000, "a", date.min),
    ],
)
def test_calendar_arithmetic(day, count, unit, expected):
    assert later(day, count, unit) == expected


def test_who_was_born_on_29_february_grows_older_on_1_march():
    born = date(2008, 2, 29)
    assert birthday(born, 18) == date(2026, 3, 1)
    assert birthday(born, 20) == date(2028, 2, 29)
    assert [completed(born, day, "a") for day in (date(2026, 2, 28), date(2026, 3, 1))] == [17, 18]


@pytest.mark.parametrize(
    ("unit", "day", "expected"),
    [
        ("a", date(2026, 11, 21), 24),
        ("a", date(2026, 11, 22), 25),
        ("mo", date(2002, 1, 21), 1),
        ("mo", date(2002, 1, 22), 2),
        ("wk", date(2001, 12, 5), 1),
        ("wk", date(2001, 12, 6), 2),
        ("d", date(2001, 11, 30), 8),
        ("a", date(1990, 1, 1), 0),
    ],
)
def test_completed_units(unit, day, expected):
    assert completed(date(2001, 11, 22), day, unit) == expected


@pytest.mark.parametrize(
    ("event", "count", "unit", "inclusive", "expected"),
    [
        ("2026-10-25", 28, "d", True, T),
        ("2026-10-26", 28, "d", True, F),
        ("2026-10-25", 28, "d", False, F),
        ("2026-05-22", 6, "mo", True, T),
        ("2026-05-23", 6, "mo", True, F),
        ("2026-10", 28, "d", True, U),
        ("2026-09", 28, "d", True, T),
        ("2026", 28, "d", True, U),
        ("2025", 10, "mo", True, T),
        ("2026-11-20", 24, "h", True, T),
        ("2026-11-21", 24, "h", True, U),
        ("2026-11-22", 24, "h", True, F),
    ],
)
def test_time_that_has_passed_on_22_november_2026(event, count, unit, inclusive, expected):
    assert elapsed_at_least(on(event), count, unit, date(2026, 11, 22), inclusive=inclusive) is expected
    opposite = {T: F, F: T, U: U}[expected]
    assert elapsed_at_most(on(event), count, unit, date(2026, 11, 22), inclusive=not inclusive) is opposite


def test_half_lives_count_only_where_one_is_on_file():
    event, day = on("2026-11-12"), date(2026, 11, 22)
    assert elapsed_at_least(event, 5, "{half_life}", day) is U
    assert elapsed_at_least(event, 5, "{half_life}", day, half_life=HalfLife(20, 40)) is T
    assert elapsed_at_least(event, 5, "{half_life}", day, half_life=HalfLife(20, 60)) is U
    assert elapsed_at_least(event, 5, "{half_life}", day, half_life=HalfLife(50, 60)) is F


@pytest.mark.parametrize(
    ("whichever", "stopped", "expected"),
    [
        ("longer", "2026-10-13", T),  # 40 days: beyond 30 days, inside 5 half-lives of 10 days
        ("shorter", "2026-10-13", F),
        (None, "2026-10-13", U),
        ("longer", "2026-11-02", T),
        ("shorter", "2026-11-02", T),
        (None, "2026-11-02", T),
        ("longer", "2026-09-01", F),
        ("shorter", "2026-09-01", F),
        (None, "2026-09-01", F),
    ],
)
def test_30_days_or_5_half_lives(whichever, stopped, expected):
    window = Window(upper=30, unit="d", otherwise=Window(upper=5, unit="{half_life}"), whichever=whichever)
    assert in_window(window, on(stopped), date(2026, 11, 22), HalfLife(240, 240)) is expected


def test_at_least_30_days_or_5_half_lives_since():
    window = Window(lower=30, unit="d", otherwise=Window(lower=5, unit="{half_life}"), whichever="longer")
    assert in_window(window, on("2026-10-13"), date(2026, 11, 22), HalfLife(240, 240)) is F
    assert in_window(window, on("2026-09-01"), date(2026, 11, 22), HalfLife(240, 240)) is T


def test_an_end_that_is_not_inclusive():
    window = Window(upper=28, unit="d", upper_inclusive=False)
    assert [in_window(window, on(d), date(2026, 11, 22)) for d in ("2026-10-25", "2026-10-26")] == [F, T]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-01-01", "2026-11-22", T),
        ("2020-01-01", "2026-05-21", F),
        ("2020-01-01", "2026-05-22", T),
        ("2020-01-01", None, U),
        (None, "2026-05-21", F),
        ("2026-10-01", None, U),
    ],
)
def test_a_spell_touches_the_last_six_months(start, end, expected):
    window = Window(upper=6, unit="mo")
    spell = [on(day) if day else None for day in (start, end)]
    assert overlaps(window, spell[0], spell[1], date(2026, 11, 22)) is expected


def test_a_timeline_holds_only_days_of_change():
    changes = timeline(
        date(2026, 1, 1),
        F,
        [date(2025, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)],
        lambda d: T if d.month in (2, 3) else F,
    )
    assert changes == (Change(date(2026, 2, 1), T), Change(date(2026, 4, 1), F))
    assert [truth_on(F, changes, d) for d in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 4, 1))] == [F, T, F]


def test_timelines_are_merged_by_their_connective():
    a = (F, (Change(date(2026, 2, 1), T), Change(date(2026, 6, 1), F)))
    b = (F, (Change(date(2026, 3, 1), T),))
    assert merge(F, [a, b], conjunction) == (Change(date(2026, 3, 1), T), Change(date(2026, 6, 1), F))


@pytest.mark.parametrize(
    ("truth", "changes", "expected"),
    [
        (T, [], (None, None)),
        (F, [], (None, None)),
        (T, [("2027-01-01", F)], (None, date(2027, 1, 1))),
        (F, [("2027-01-01", T)], (date(2027, 1, 1), None)),
        (
            F,
            [("2027-01-01", U), ("2027-02-01", T), ("2028-01-01", F), ("2029-01-01", T)],
            (date(2027, 1, 1), date(2028, 1, 1)),
        ),
    ],
)
def test_the_span_without_failure(truth, changes, expected):
    assert spans_without(F, truth, [Change(date.fromisoformat(d), t) for d, t in changes]) == expected


@pytest.mark.parametrize(
    "window",
    [
        Window(upper=28, unit="d"),
        Window(upper=28, unit="d", upper_inclusive=False),
        Window(lower=4, unit="wk"),
        Window(lower=4, unit="wk", lower_inclusive=False),
        Window(lower=1, upper=3, unit="mo"),
        Window(upper=48, unit="h"),
        Window(lower=36, unit="h"),
        Window(upper=30, unit="d", otherwise=Window(upper=5, unit="{half_life}"), whichever="longer"),
        Window(upper=5, unit="{half_life}"),
    ],
)
@pytest.mark.parametrize("event", ["2026-01-31", "2026-01", "2026"])
def test_nothing_changes_on_a_day_that_is_not_a_turning_day(window, event):
    half_life = HalfLife(30, 45)
    days = turning_days(window, [on(event)], half_life)
    truths = {
        d: in_window(window, on(event), date.fromordinal(d), half_life)
        for d in range(date(2026, 1, 1).toordinal(), date(2027, 8, 1).toordinal())
    }
    changed = {date.fromordinal(d) for d in truths if d - 1 in truths and truths[d] is not truths[d - 1]}
    assert changed <= days
    assert changed


def test_a_compound_is_about_the_patient_on_each_day_as_it_is_today():
    # why: of "fertile women who are not pregnant" the day was told on which it ceased to fail, though it went on failing
    fertile = PregnancyIs(0, 1, ("childbearing_potential",))
    whole = AllOf((fertile, Not(PregnancyIs(2, 3, ("pregnant",)))))
    facts = prepare(Patient(sex=Sex.FEMALE, birth_date=PartialDate(1970, 5, 1)), date(2026, 11, 22))
    (change,) = evaluate(whole, facts).timeline
    assert (change.on, change.to, change.applicable) == (date(2030, 5, 1), Truth.FALSE, True)
