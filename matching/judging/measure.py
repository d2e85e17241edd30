"""Measurements, results and scores: which reading counts, and what it says.

The latest reading inside the window counts. Readings of one day that lead to different answers are a conflict, but for
blood pressure, where their mean counts. Without a window in the text a value that can change counts for a year.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from matching.judging.classes import number_of
from matching.judging.compare import compare, evidence_of, fact_name
from matching.judging.dates import from_now, has_numbers, in_window, inside_upper, later, shift_days, turning_days
from matching.judging.facts import Facts, Reading, analyte_setting
from matching.judging.tested import TESTS
from matching.knowledge import analytes
from matching.model.codes import Sex, WhyUnknown
from matching.model.criterion import Analyte, Bound, LifeExpectancyIs, MeasurementIs, ResultIs, ScoreIs, Window
from matching.model.finding import Evidence, Finding, MissingFact
from matching.model.truth import Truth

STALE_AFTER_MONTHS = 12
"""How long a value that can change stands for today's where the text sets no window."""
PASSIVE_SETTINGS = frozenset(
    {"fasting", "random", "resting", "sitting", "supine", "morning", "room_air", "unstimulated", "pre_bronchodilator"}
)
"""Settings of an ordinary measurement: it may answer for a criterion that names none."""
REPEATED = frozenset({"systolic blood pressure", "diastolic blood pressure", "mean arterial pressure", "heart rate"})
"""What is taken several times a day and averaged."""
SAME_SCALE = {"who_ps": "ecog", "zubrod": "ecog"}
"""Instruments that are one scale under two names."""
RESULTS = {
    "positive": {"positive", "pos", "+", "reactive", "detected", "present", "yes", "true", "seropositive"},
    "negative": {
        "negative",
        "neg",
        "-",
        "non-reactive",
        "nonreactive",
        "not detected",
        "absent",
        "no",
        "false",
        "none",
        "seronegative",
    },
    "normal": {"normal", "within normal limits", "wnl", "unremarkable", "not elevated"},
    "abnormal": {"abnormal"},
    "elevated": {"elevated", "high", "raised", "increased", "above normal"},
    "low": {"low", "decreased", "reduced", "below normal"},
    "adequate": {"adequate", "sufficient", "good"},
    "inadequate": {"inadequate", "not adequate", "insufficient", "poor"},
    "controlled": {"controlled", "well controlled"},
    "uncontrolled": {"uncontrolled", "not controlled", "poorly controlled"},
    "stable": {"stable"},
    "unstable": {"unstable", "not stable"},
    "mutated": {
        "mutated",
        "mutation",
        "mutation positive",
        "variant detected",
        "mutant",
        "altered",
        "rearranged",
        "amplified",
    },
    "wild_type": {"wild_type", "wild type", "wild-type", "wildtype", "no mutation", "not mutated", "unmutated"},
    "detectable": {"detectable"},
    "undetectable": {"undetectable", "not detectable", "below detection", "below the limit of detection"},
}
_CANONICAL = {word: name for name, words in RESULTS.items() for word in words}
IMPLIES = {
    "mutated": {"positive"},
    "wild_type": {"negative"},
    "detectable": {"positive"},
    "undetectable": {"negative"},
    "elevated": {"abnormal"},
    "low": {"abnormal"},
    "normal": {"adequate"},
}
"""A result that is a kind of another."""
_OPPOSED = (
    ("positive", "negative"),
    ("mutated", "wild_type"),
    ("detectable", "undetectable"),
    ("normal", "abnormal"),
    ("elevated", "low"),
    ("positive", "wild_type"),
    ("negative", "mutated"),
    ("positive", "undetectable"),
    ("negative", "detectable"),
    ("normal", "elevated"),
    ("normal", "low"),
    ("adequate", "inadequate"),
    ("controlled", "uncontrolled"),
    ("stable", "unstable"),
)
OPPOSITES = frozenset(frozenset(pair) for pair in _OPPOSED)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The readings that count, or the reason why none does."""

    readings: tuple[Reading, ...]
    reason: WhyUnknown | None = None
    shown: tuple[Reading, ...] = ()
    missing: MissingFact | None = None


def judge_measurement(leaf: MeasurementIs, facts: Facts, day: date) -> Finding:
    """A measured value between bounds. Without bounds the words do not say enough to judge by."""
    return _bounded(leaf, facts, day)


def judge_score(leaf: ScoreIs, facts: Facts, day: date) -> Finding:
    """A score or class, on its own scale; words such as "class II" count as their number."""
    return _bounded(leaf, facts, day)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The readings that count for a leaf on a day, or why none does; `missing` is the fact to ask for."""

    readings: tuple[Reading, ...]
    missing: MissingFact
    reason: WhyUnknown | None = None
    shown: tuple[Reading, ...] = ()
    averaged: bool = False


def chosen(leaf: MeasurementIs | ScoreIs, facts: Facts, day: date) -> Chosen:
    """Which readings a bounded leaf is held against; whatever its bounds are."""
    match leaf:
        case MeasurementIs():
            key, entry = measured_key(leaf.analyte)
            setting = analyte_setting(leaf.setting)
            missing = measurement_fact(leaf.analyte, setting, leaf.lower or leaf.upper)
            choice = _choose(facts.readings.get(key, ()), leaf.window, setting, day, missing, _lasts(entry))
            averaged = key in REPEATED
        case ScoreIs():
            instrument, entry = _instrument(leaf.instrument)
            name = entry.name if entry is not None else instrument.replace("_", " ")
            missing = MissingFact("score", instrument, name, entry.loinc if entry is not None else None)
            choice = _choose(_scores(leaf.instrument, facts), leaf.window, None, day, missing, _lasts(entry))
            averaged = False
        case _:
            assert_never(leaf)
    return Chosen(choice.readings, choice.missing or missing, choice.reason, choice.shown, averaged)


def _bounded(leaf: MeasurementIs | ScoreIs, facts: Facts, day: date) -> Finding:
    choice = chosen(leaf, facts, day)
    if choice.reason is not None:
        shown = tuple(evidence_of(r) for r in choice.shown)
        return Finding(leaf, Truth.UNKNOWN, (choice.reason,), shown, (choice.missing,))
    lower, upper = leaf.lower, leaf.upper
    if lower is None and upper is None:
        evidence = tuple(evidence_of(r) for r in choice.readings)
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.UNREADABLE,), evidence)
    if isinstance(leaf, ScoreIs):
        lower, upper = (None if b is None else replace(b, unit="1") for b in (lower, upper))
    finding = _settle(leaf, choice.readings, lower, upper, facts.sex, choice.missing, averaged=choice.averaged)
    return _lasting(finding, leaf.window, choice.missing)


def judge_life_expectancy(leaf: LifeExpectancyIs, facts: Facts, day: date) -> Finding:
    """An expected length of life, where somebody stated one."""
    missing = MissingFact("life_expectancy", "life_expectancy", "life expectancy")
    choice = _choose(facts.readings.get("life expectancy", ()), None, None, day, missing, STALE_AFTER_MONTHS)
    if choice.reason is not None:
        return _open(leaf, choice, missing)
    if leaf.lower is None and leaf.upper is None:
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.UNREADABLE,), tuple(evidence_of(r) for r in choice.readings))
    return _settle(leaf, choice.readings, leaf.lower, leaf.upper, facts.sex, missing)


def judge_result(leaf: ResultIs, facts: Facts, day: date) -> Finding:
    """A result in words. What was not tested is not negative."""
    key, _ = measured_key(leaf.analyte)
    missing = MissingFact("result", key, key, leaf.analyte.loinc)
    if key in PREGNANCY_TESTS and facts.sex is Sex.MALE and facts.patient.pregnant is not True:
        return Finding(leaf, Truth.of(canonical(leaf.result) == "negative"), applicable=False)
    readings = facts.readings.get(key, ())
    if not readings and leaf.window is None and (told := _told_by_disease(leaf, key, facts)) is not None:
        return told
    choice = _choose(readings, leaf.window, None, day, missing, None, any_setting=True)
    if choice.reason is not None:
        return _open(leaf, choice, missing)
    wanted = canonical(leaf.result)
    truths = [_result_truth(r, wanted) for r in choice.readings]
    settled = {t for t in truths if t is not Truth.UNKNOWN}
    evidence = tuple(evidence_of(r) for r in choice.readings)
    if len(settled) == 1:
        truth = settled.pop()
        shown = tuple(e for e, t in zip(evidence, truths, strict=True) if t is truth)
        if leaf.window is not None and leaf.window.direction == "duration" and truth is Truth.TRUE:
            return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), shown, (missing,))
        return Finding(leaf, truth, (), shown)
    reason = WhyUnknown.CONFLICT if settled else WhyUnknown.MISSING
    return Finding(leaf, Truth.UNKNOWN, (reason,), evidence, (missing,))


def _told_by_disease(leaf: ResultIs, key: str, facts: Facts) -> Finding | None:
    """What a disease, or its known absence, says of the test that shows it."""
    wanted = canonical(leaf.result)
    if wanted not in {"positive", "negative"}:
        return None
    if key in PREGNANCY_TESTS and facts.patient.pregnant is not None:
        evidence = Evidence("pregnant", facts.patient.pregnant)
        return Finding(leaf, Truth.of(facts.patient.pregnant is (wanted == "positive")), (), (evidence,))
    meaning = TESTS.get(key)
    if meaning is None or not meaning.denies:
        return None
    present = facts.conditions.below.get(meaning.concept, ())
    absent = [k for k in facts.conditions.by_id.get(meaning.concept, ()) if not k.present and k.exact]
    if bool(present) is bool(absent):
        return None
    known = present[0] if present else absent[0]
    evidence = Evidence(known.text, None if known.present else False, on=known.began_on, span=known.span)
    return Finding(leaf, Truth.of(bool(present) is (wanted == "positive")), (), (evidence,))


PREGNANCY_TESTS = frozenset({"pregnancy test", "hCG"})


def turning_points(leaf: MeasurementIs | ResultIs | ScoreIs | LifeExpectancyIs, facts: Facts) -> set[date]:
    """The days on which time alone may change what the leaf says."""
    lasts: int | None = STALE_AFTER_MONTHS
    match leaf:
        case MeasurementIs():
            key, entry = measured_key(leaf.analyte)
            readings, lasts, window = facts.readings.get(key, ()), _lasts(entry), leaf.window
        case ResultIs():
            readings, lasts, window = facts.readings.get(measured_key(leaf.analyte)[0], ()), None, leaf.window
        case ScoreIs():
            entry = _instrument(leaf.instrument)[1]
            readings, lasts, window = _scores(leaf.instrument, facts), _lasts(entry), leaf.window
        case LifeExpectancyIs():
            readings, window = facts.readings.get("life expectancy", ()), None
        case _:
            assert_never(leaf)
    spans = [r.when for r in readings]
    if window is not None and has_numbers(window) and window.direction != "duration":
        return turning_days(window, spans)
    # Only the first day beyond the time for which a value lasts can change anything.
    return set() if lasts is None else {shift_days(later(s.latest, lasts, "mo"), 1) for s in spans if s is not None}


def _instrument(instrument: str) -> tuple[str, analytes.AnalyteEntry | None]:
    own = SAME_SCALE.get(instrument, instrument)
    return own, analytes.by_instrument(own) or analytes.by_instrument(instrument)


def names_of_instrument(instrument: str) -> tuple[str, ...]:
    """The names under which readings of an instrument stand, under any of its names."""
    own, entry = _instrument(instrument)
    names = [entry.name] if entry is not None else []
    for twin in (own, instrument, *(other for other, same in SAME_SCALE.items() if same == own)):
        found = analytes.by_instrument(twin)
        names.extend((twin,) if found is None else (twin, found.name))
    return tuple(dict.fromkeys(names))


def _scores(instrument: str, facts: Facts) -> tuple[Reading, ...]:
    """All readings of an instrument, with words brought to numbers."""
    return tuple(_numbered(r) for name in names_of_instrument(instrument) for r in facts.readings.get(name, ()))


def measurement_fact(analyte: Analyte, setting: str | None, bound: Bound | None) -> MissingFact:
    """The fact to ask for: the same for every trial that asks for this analyte in this setting."""
    key, entry = measured_key(analyte)
    unit = entry.unit if entry is not None else bound.unit if bound is not None and bound.times is None else None
    loinc = analyte.loinc or (entry.loinc if entry is not None else None)
    return MissingFact(
        "measurement", key if setting is None else f"{key}|{setting}", fact_name(key, setting), loinc, unit
    )


def canonical(result: str) -> str:
    """One word for a result: "not detected" is negative."""
    text = result.strip().lower().replace("_", " ")
    return _CANONICAL.get(text, _CANONICAL.get(text.replace(" ", "_"), text))


def measured_key(analyte: Analyte) -> tuple[str, analytes.AnalyteEntry | None]:
    """The name under which a patient's readings of the analyte stand, and its row of the table."""
    entry = analytes.by_name(analyte.name)
    return (entry.name, entry) if entry is not None else (analytes.normalise(analyte.name), None)


def _lasts(entry: analytes.AnalyteEntry | None) -> int | None:
    """Months for which a value stands for today's where no window is set; None for what never changes."""
    return None if entry is not None and entry.changes == "fixed" else STALE_AFTER_MONTHS


def _choose(
    readings: Sequence[Reading],
    window: Window | None,
    setting: str | None,
    day: date,
    missing: MissingFact,
    lasts_months: int | None,
    *,
    any_setting: bool = False,
) -> _Choice:
    """The readings that count on `day`: of the right setting, inside the window, the latest."""
    if not readings:
        return _Choice((), WhyUnknown.MISSING)
    usable = tuple(r for r in readings if any_setting or _setting_fits(setting, r.setting))
    if not usable:
        return _Choice((), WhyUnknown.MISSING, tuple(readings))
    if window is not None and not from_now(window):
        return _Choice((), WhyUnknown.MISSING, usable)
    if window is None or not has_numbers(window) or window.direction == "duration":
        fresh = [r for r in usable if not _too_old(r, day, lasts_months)]
        return _latest(fresh) if fresh else _Choice((), WhyUnknown.STALE, usable)
    inside, unsure, stale = [], [], []
    for reading in usable:
        truth = Truth.UNKNOWN if reading.when is None else in_window(window, reading.when, day)
        if truth is Truth.TRUE:
            inside.append(reading)
        elif truth is Truth.UNKNOWN:
            unsure.append(reading)
        elif reading.when is not None and inside_upper(window, reading.when, day) is Truth.FALSE:
            stale.append(reading)
    if inside:
        return _latest(inside)
    if unsure:
        words = f"the date of your {missing.fact}"
        dated = MissingFact(
            missing.kind, f"{missing.id}:date", words, missing.loinc, aspect="date", subject=missing.fact
        )
        return _Choice((), WhyUnknown.MISSING, tuple(unsure), dated)
    return _Choice((), WhyUnknown.STALE if stale else WhyUnknown.MISSING, tuple(stale))


def _setting_fits(wanted: str | None, given: str | None) -> bool:
    if wanted == given:
        return True
    return wanted is None and given in PASSIVE_SETTINGS


def _too_old(reading: Reading, day: date, lasts_months: int | None) -> bool:
    return (
        lasts_months is not None and reading.when is not None and later(reading.when.latest, lasts_months, "mo") < day
    )


def _latest(readings: Sequence[Reading]) -> _Choice:
    """The newest readings; those whose partial date leaves it open whether they are newer stay beside them."""
    dated = [(r, r.when) for r in readings if r.when is not None]
    if not dated:
        return _Choice(tuple(readings))
    newest = max(when.earliest for _, when in dated)
    return _Choice(tuple(r for r, when in dated if when.latest >= newest))


def _open(
    leaf: MeasurementIs | ResultIs | ScoreIs | LifeExpectancyIs, choice: _Choice, missing: MissingFact
) -> Finding:
    reason = choice.reason if choice.reason is not None else WhyUnknown.MISSING
    return Finding(
        leaf, Truth.UNKNOWN, (reason,), tuple(evidence_of(r) for r in choice.shown), (choice.missing or missing,)
    )


def _settle(
    leaf: MeasurementIs | ScoreIs | LifeExpectancyIs,
    readings: Sequence[Reading],
    lower: Bound | None,
    upper: Bound | None,
    sex: Sex | None,
    missing: MissingFact,
    *,
    averaged: bool = False,
) -> Finding:
    compared = [compare(r, lower, upper, sex, missing) for r in readings]
    settled = {c.truth for c in compared if c.truth is not Truth.UNKNOWN}
    if len(settled) > 1 and averaged and (mean := _mean(readings)) is not None:
        compared = [compare(mean, lower, upper, sex, missing)]
        settled = {c.truth for c in compared if c.truth is not Truth.UNKNOWN}
    if len(settled) == 1:
        truth = settled.pop()
        telling = [c for c in compared if c.truth is truth]
        distances = tuple(c.distance for c in telling if c.distance is not None)[:1]
        return Finding(leaf, truth, (), tuple(c.evidence for c in telling), distances=distances)
    evidence = tuple(c.evidence for c in compared)
    if settled:
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.CONFLICT,), evidence, (missing,))
    reasons = tuple(dict.fromkeys(c.reason for c in compared if c.reason is not None))
    asked = tuple(dict.fromkeys(c.missing for c in compared if c.missing is not None))
    return Finding(leaf, Truth.UNKNOWN, reasons, evidence, asked)


def _lasting(finding: Finding, window: Window | None, missing: MissingFact) -> Finding:
    """For "at least 3 months": a value of today can only show that it does not hold."""
    if window is None or window.direction != "duration" or finding.truth is not Truth.TRUE:
        return finding
    return Finding(finding.expression, Truth.UNKNOWN, (WhyUnknown.MISSING,), finding.evidence, (missing,))


def _mean(readings: Sequence[Reading]) -> Reading | None:
    """The mean of plain values in one unit, of one day."""
    first = readings[0]
    values = [r.observation.value for r in readings if r.observation.value is not None]
    plain = all(r.observation.comparator is None and r.observation.value_high is None for r in readings)
    days = {(r.when.earliest, r.when.latest) if r.when is not None else None for r in readings}
    if len(values) != len(readings) or not plain or len(days) != 1 or len({r.observation.unit for r in readings}) != 1:
        return None
    mean = math.fsum(values) / len(values)
    formula = f"mean of {', '.join(f'{v:g}' for v in sorted(values))}"
    return replace(first, observation=replace(first.observation, value=mean), formula=formula)


def _numbered(reading: Reading) -> Reading:
    """A score in words as its number, without a unit: "NYHA class II" is 2, "A" is 1."""
    o = reading.observation
    if o.value is not None:
        return reading if o.unit is None else replace(reading, observation=replace(o, unit=None))
    number = number_of(reading.key, o.result or "")
    return reading if number is None else replace(reading, observation=replace(o, value=number, unit=None))


def _result_truth(reading: Reading, wanted: str) -> Truth:
    given = _result_of(reading, wanted)
    if given is None:
        return Truth.UNKNOWN
    if given == wanted or wanted in IMPLIES.get(given, ()):
        return Truth.TRUE
    kinds = {given, *IMPLIES.get(given, ())}
    return Truth.FALSE if any(frozenset((kind, wanted)) in OPPOSITES for kind in kinds) else Truth.UNKNOWN


def _result_of(reading: Reading, wanted: str) -> str | None:
    """The result in one word: as given, or by the reading's own reference range where the range answers."""
    o = reading.observation
    if o.result is not None:
        return canonical(o.result)
    if o.value is None:
        return None
    if wanted in {"detectable", "undetectable"}:
        return (
            "undetectable"
            if o.comparator in {"<", "<="}
            else "detectable"
            if o.value > 0 and o.comparator is None
            else None
        )
    if wanted in {"normal", "abnormal", "elevated", "low"} and o.comparator is None:
        if o.reference_high is not None and o.value > o.reference_high:
            return "elevated"
        if o.reference_low is not None and o.value < o.reference_low:
            return "low"
        if o.reference_high is not None and (o.reference_low is not None or wanted == "elevated"):
            return "normal"
    return None
