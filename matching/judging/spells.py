"""When a condition or a treatment was there, against the status and the window that a criterion asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import assert_never

from matching.judging.dates import (
    HalfLife,
    Span,
    bounds_of,
    from_now,
    has_numbers,
    in_window,
    inside_upper,
    later,
    overlaps,
    past_lower,
    shift_days,
)
from matching.judging.facts import Known
from matching.knowledge.spoken import spoken
from matching.model.codes import WhyUnknown
from matching.model.criterion import Status, TreatmentStatus, Window
from matching.model.finding import Distance, Evidence, MissingFact
from matching.model.truth import Truth, conjunction


@dataclass(frozen=True, slots=True)
class Said:
    """What one fact of the patient says of one part of a criterion.

    `decides`: a FALSE that stands although other facts are not known, because the fact is the very thing asked for.
    """

    truth: Truth
    reasons: tuple[WhyUnknown, ...] = ()
    missing: tuple[MissingFact, ...] = ()
    evidence: Evidence | None = None
    distance: Distance | None = None
    decides: bool = False


HOLDS = Said(Truth.TRUE)
FAILS = Said(Truth.FALSE)
UNCLEAR = Said(Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))


def only_lower(window: Window | None) -> bool:
    """Whether the window only says how long ago at least ("4 weeks since")."""
    if window is None or window.direction == "duration":
        return False
    ends = bounds_of(window)
    return any(w.lower is not None for w in ends) and all(w.upper is None for w in ends)


def end_days(known: Known) -> set[date]:
    """The days around the recorded end, on which a fact stops to go on."""
    if known.end is None:
        return set()
    return {shift_days(d, step) for d in (known.end.earliest, known.end.latest) for step in (0, 1)}


def _asks(fact: MissingFact, what: str, words: str) -> Said:
    asked = MissingFact(fact.kind, f"{fact.id}:{what}", words, aspect=what, subject=fact.fact)
    return Said(Truth.UNKNOWN, (WhyUnknown.MISSING,), (asked,))


def _over(known: Known, day: date) -> Truth:
    """Whether the fact has ended by `day`."""
    if known.goes_on is not None:
        return Truth.of(not known.goes_on)
    if known.end is not None:
        return Truth.TRUE if known.end.latest < day else Truth.UNKNOWN
    return Truth.UNKNOWN


def condition_status(known: Known, status: Status, day: date, missing: MissingFact, *, windowed: bool) -> Said:
    """Active, or ever. A plain mention means a condition that is there now: whether an old one counts is not said."""
    over = _over(known, day)
    match status:
        case "history":
            return HOLDS
        case "any":
            return UNCLEAR if over is Truth.TRUE and not windowed else HOLDS
        case "active":
            if over is Truth.UNKNOWN:
                return _asks(missing, "active", f"whether you have {spoken(missing.fact)} now")
            return HOLDS if over is Truth.FALSE else Said(Truth.FALSE, decides=True)
        case _:
            assert_never(status)


def condition_window(
    known: Known, window: Window, day: date, missing: MissingFact, *, acute: bool, onset: bool
) -> Said:
    """When the condition was there. `onset`: the window is about its beginning ("newly diagnosed within 6 months")."""
    asked = _asks(missing, "onset", f"when your {spoken(missing.fact)} began")
    over = _over(known, day)
    if window.direction == "duration" and has_numbers(window):
        return _lasted(known, window, day, over, asked)
    if window.anchor == "diagnosis" and has_numbers(window):
        onset = True
    elif not from_now(window):
        return UNCLEAR if has_numbers(window) or window.anchor != "study" else HOLDS if over is Truth.FALSE else UNCLEAR
    if not has_numbers(window):
        return HOLDS
    if onset:
        if known.start is None:
            return asked
        return _settled(
            in_window(window, known.start, day), asked, _distance(known.start, window, day, missing), decides=True
        )
    if only_lower(window):
        return _long_ago(known, window, day, acute=acute, asked=asked)
    begun_inside = in_window(window, known.start, day) if known.start is not None else Truth.UNKNOWN
    if begun_inside is Truth.TRUE:
        return Said(Truth.TRUE, distance=_distance(known.start, window, day, missing))
    if acute:
        return _settled(begun_inside, asked)
    end = known.end if known.end is not None else Span(day, day) if over is Truth.FALSE else None
    truth = overlaps(window, known.start, end, day)
    if end is not None and known.start is None and known.end is not None:
        truth = in_window(window, end, day)
    ask_end = _asks(missing, "active", f"whether you have {spoken(missing.fact)} now")
    return _settled(
        truth, asked if known.start is None else ask_end, _distance(end, window, day, missing), decides=True
    )


def _lasted(known: Known, window: Window, day: date, over: Truth, asked: Said) -> Said:
    """For "at least 3 months": from its beginning to its end, or to today."""
    if known.start is None:
        return asked
    if over is Truth.TRUE:
        return UNCLEAR if known.end is None else _settled(in_window(window, known.start, known.end.latest), asked)
    return _settled(in_window(window, known.start, day), asked, decides=True)


def _long_ago(known: Known, window: Window, day: date, *, acute: bool, asked: Said) -> Said:
    """For "more than 5 years ago": it must have ended by then; having begun since is enough to fail."""
    begun = past_lower(window, known.start, day) if known.start is not None else Truth.UNKNOWN
    if begun is Truth.FALSE:
        return FAILS
    if acute:
        return _settled(begun, asked)
    ended = past_lower(window, known.end, day) if known.end is not None else Truth.UNKNOWN
    if ended is Truth.TRUE:
        return HOLDS
    return asked if known.start is None else Said(Truth.UNKNOWN, (WhyUnknown.UNREADABLE,), asked.missing)


def treatment_status(
    known: Known, status: TreatmentStatus, day: date, missing: MissingFact, *, windowed: bool, event: bool
) -> Said:
    """Taken now, ever, or to come. A plain mention of a drug means one that is taken: whether an old course counts is not said."""
    ask = _asks(missing, "current", f"whether you get {spoken(missing.fact)} now")
    if known.planned:
        match status:
            case "planned":
                return HOLDS
            case "any":
                return UNCLEAR
            case "current" | "prior":
                return FAILS
            case _:
                assert_never(status)
    over = _over(known, day)
    match status:
        case "planned":
            return Said(Truth.UNKNOWN, (WhyUnknown.MISSING,), (missing,))
        case "prior":
            return HOLDS
        case "any":
            return UNCLEAR if over is Truth.TRUE and not windowed and not event else HOLDS
        case "current":
            return ask if over is Truth.UNKNOWN else Said(Truth.of(over is Truth.FALSE))
        case _:
            assert_never(status)


def treatment_window(
    known: Known, window: Window, day: date, missing: MissingFact, *, half_life: HalfLife | None, event: bool
) -> Said:
    """When the treatment was taken. `event`: it happens on one day (surgery, a donation)."""
    if not has_numbers(window):
        return HOLDS if from_now(window) or (known.planned and window.direction == "after") else UNCLEAR
    since_last = window.anchor == "last_dose" and window.direction == "after"
    if not (from_now(window) or since_last):
        return UNCLEAR
    over = _over(known, day)
    asked = _asks(missing, "dates", f"when you last had {spoken(missing.fact)}")
    if known.planned:
        return UNCLEAR
    if window.direction == "duration":
        begun = _asks(missing, "start", f"when you began {spoken(missing.fact)}")
        if known.start is None:
            return begun
        if over is Truth.TRUE:
            return UNCLEAR if known.end is None else _settled(in_window(window, known.start, known.end.latest), asked)
        held = in_window(window, known.start, day)
        return asked if over is Truth.UNKNOWN and held is not Truth.FALSE else _settled(held, begun)
    end = (
        known.end
        if known.end is not None
        else known.start
        if event
        else Span(day, day)
        if over is Truth.FALSE
        else None
    )
    if _no_half_life(window, half_life):
        return _half_life_missing(known, window, end, day)
    if only_lower(window) or since_last:
        return _since(known, window, end, day, half_life, missing, asked)
    if known.start is not None and in_window(window, known.start, day, half_life) is Truth.TRUE:
        return Said(Truth.TRUE, distance=_distance(end, window, day, missing))
    if known.start is None and end is not None:
        truth = in_window(window, end, day, half_life)
    else:
        truth = overlaps(window, known.start, end, day, half_life)
    return _settled(truth, asked, _distance(end, window, day, missing))


def _since(
    known: Known,
    window: Window,
    end: Span | None,
    day: date,
    half_life: HalfLife | None,
    missing: MissingFact,
    asked: Said,
) -> Said:
    """For "at least 4 weeks since": counted from the end; who has not even begun so long ago fails."""
    if end is not None:
        return _settled(in_window(window, end, day, half_life), asked, _distance(end, window, day, missing))
    if known.start is not None and past_lower(window, known.start, day, half_life) is Truth.FALSE:
        return FAILS
    return asked


def _no_half_life(window: Window, half_life: HalfLife | None) -> bool:
    return half_life is None and any(w.unit == "{half_life}" for w in bounds_of(window))


def _half_life_missing(known: Known, window: Window, end: Span | None, day: date) -> Said:
    """A washout in half-lives of a drug whose half-life is not on file: only the other half of the sentence may decide."""
    if end is not None:
        truth = conjunction((past_lower(window, end, day), inside_upper(window, end, day)))
        if truth is not Truth.UNKNOWN:
            return Said(truth)
    return Said(Truth.UNKNOWN, (WhyUnknown.NOT_COMPARABLE,))


def _settled(truth: Truth, asked: Said, distance: Distance | None = None, *, decides: bool = False) -> Said:
    if truth is Truth.UNKNOWN:
        return asked
    return Said(truth, distance=distance, decides=decides and truth is Truth.FALSE)


def _distance(event: Span | None, window: Window, day: date, missing: MissingFact) -> Distance | None:
    """Days since the event against the end of the window that matters: time alone changes it."""
    if event is None or event.earliest != event.latest:
        return None
    limit = window.upper if window.upper is not None else window.lower
    if limit is None or window.unit == "{half_life}" or window.otherwise is not None:
        return None
    days = (day - event.latest).days
    bound = (later(event.latest, limit, window.unit) - event.latest).days
    changes = "by_itself" if days <= bound else "fixed"
    relative = abs(days - bound) / bound if bound else None
    name = f"time since {spoken(missing.fact)}"
    return Distance(name, days, bound, days - bound, "d", relative, changes, about=missing, since=True)
