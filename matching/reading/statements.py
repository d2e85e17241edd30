"""From a subject and its values to an expression, never sharper than the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from matching.knowledge import analytes
from matching.knowledge.analytes import AnalyteEntry, AnalyteMention
from matching.knowledge.lexicon import find_terms
from matching.model.codes import Sex
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    AtLeast,
    Bound,
    Expression,
    LifeExpectancyIs,
    MeasurementIs,
    ScoreIs,
    SexIs,
    Unreadable,
)
from matching.reading import bounds, doses, ordinals, subgroups
from matching.reading.defined import SHOWN_BY
from matching.reading.measured_line import MeasuredLine
from matching.reading.quantities import Interval, Limit, Value
from matching.reading.subgroups import Statement, Term
from matching.reading.subjects import Subject, accepts
from matching.reading.tnm import SUB_CLASS

SUBGROUP = "applies to a subgroup only"
LOST_SIGN = "the comparison is lost or does not say which way"
APPROXIMATE = "the number is only approximate"
EITHER = "one of these or all of them: the text may mean either"
BARE = "a number without a comparison"
_LISTED_DIGITS = re.compile(r"\d(?:,\d)+")


@dataclass(frozen=True, slots=True)
class Spot:
    """One numeric statement: where it stands and what it says. `negative`: the words beside it deny it."""

    start: int
    end: int
    expression: Expression
    negative: bool = False


def build(line: MeasuredLine, statement: Statement) -> Spot | None:
    """The statement as an expression; None where nothing could be made of it."""
    terms = _without_restatements(line, statement)
    if len(terms) > 1:
        subgroups.find(line, statement, terms)
    built: list[tuple[Term, Expression]] = []
    for n, term in enumerate(terms):
        expression = _leafs(line, statement.subject, term, first=n == 0)
        if expression is not None:
            built.append((term, expression))
    if not built:
        return None
    start = min([statement.subject.start] + [t.value.start for t, _ in built])
    end = max([statement.subject.end] + [t.value.end for t, _ in built])
    if len(built) == 1:
        return Spot(start, end, built[0][1])
    whole = _for_some(line, built) if _tells_whom(line, built) else _combine(built)
    covered = (
        max(t.end for t, _ in built if t.condition is not None or t.sex is not None)
        if any(t.condition or t.sex for t, _ in built)
        else end
    )
    return Spot(start, max(end, covered), whole)


def _without_restatements(line: MeasuredLine, statement: Statement) -> list[Term]:
    """Drops a second unit that agrees with the first; one that does not makes the bound unreadable."""
    kept: list[Term] = []
    entry = statement.subject.mentions[0].entry if statement.subject.mentions else None
    for term in statement.terms:
        if (
            kept
            and term.joined in ("(", "or")
            and term.condition is None
            and term.sex is None
            and _restates(kept[-1].value, term.value)
        ):
            first = kept[-1].value
            same = len(first.intervals) == len(term.value.intervals) and all(
                bounds.agree(entry, a, b)
                for a, b in zip(first.intervals, subgroups.like(first, term.value), strict=True)
            )
            form = first.form if same else "mismatch"
            if same:
                kept[-1] = replace(
                    kept[-1], value=replace(first, end=max(first.end, term.value.end), last=term.value.last)
                )
                continue
            if term.joined == "(" and form == "mismatch":
                kept[-1] = replace(
                    kept[-1],
                    value=replace(first, end=max(first.end, term.value.end), form="near"),
                    joined="mismatch",
                )
                continue
        kept.append(term)
    return kept


def _leafs(line: MeasuredLine, subject: Subject, term: Term, *, first: bool) -> Expression | None:
    value = term.value
    start = subject.start if first and 0 <= value.start - subject.start <= 160 else value.start
    if subject.kind in ("analyte", "phrase") and subject.start > value.start:
        start, end = value.start, max(value.end, subject.end) if subject.end - value.start < 120 else value.end
    else:
        end = value.end
    if term.joined == "mismatch":
        return Unreadable(start, end, bounds.MISMATCH)
    if subject.kind == "age":
        return _either([_age_leaf(start, end, i) for i in value.intervals], value)
    if subject.kind == "life":
        return _either([LifeExpectancyIs(start, end, _time(i.lower), _time(i.upper)) for i in value.intervals], value)
    if subject.kind == "class":
        return _either([_score_leaf(subject.name, None, start, end, i) for i in _merged(value)], value, exact=True)
    if subject.kind == "phrase":
        if analytes.find(subject.name) is not None:
            return Unreadable(start, end, bounds.UNFIT)  # the table knows it, and the value cannot be one of it
        shown = _value_shown_by(line, subject, value)
        if shown is not None:
            return _analyte_leaf(line, shown, value, start, end)
        name = Analyte(subject.name, None)
        return _either(
            [MeasurementIs(start, end, name, bounds.plain(i.lower), bounds.plain(i.upper)) for i in value.intervals],
            value,
        )
    parts = [
        _analyte_leaf(line, m, value, m.start if first and 0 <= value.start - m.start <= 160 else start, end)
        for m in subject.mentions
    ]
    return _joined(parts, subject, value)


def _value_shown_by(line: MeasuredLine, subject: Subject, value: Value) -> AnalyteMention | None:
    """The analyte whose value a finding is: "hypokalemia (<= 3 mmol/L)" is the potassium."""
    terms = find_terms(line.text, subject.start, subject.end)
    names = SHOWN_BY.get(terms[-1].concept_id) if terms and terms[-1].end == subject.end else None
    entry = analytes.find(min(names, key=len)) if names else None
    if entry is None or not accepts(entry, value):
        return None
    return AnalyteMention(subject.start, subject.end, entry, None)


def _analyte_leaf(line: MeasuredLine, mention: AnalyteMention, value: Value, start: int, end: int) -> Expression:
    entry = mention.entry
    intervals = _merged(value) if entry.kind == "score" else value.intervals
    if entry.kind == "score" and value.form == "bare":
        intervals = _comma_list(line, value) or intervals
    out: list[Expression] = []
    for i in intervals:
        if entry.kind == "score":
            out.append(_score_leaf(entry.instrument or entry.name, entry, start, end, i))
            leaf = out[-1]
            if isinstance(leaf, ScoreIs) and leaf.instrument == "child_pugh" and _in_points(leaf):
                out[-1] = ordinals.child_pugh((start, end), (mention.start, mention.end), leaf.lower, leaf.upper)
            continue
        lower, upper = bounds.bound(entry, i.lower), bounds.bound(entry, i.upper)
        lower, upper = (
            b if isinstance(b, str) else doses.completed(line.text, mention, value.end, b) for b in (lower, upper)
        )
        wrong = lower if isinstance(lower, str) else upper if isinstance(upper, str) else None
        if wrong is not None or isinstance(lower, str) or isinstance(upper, str):
            out.append(Unreadable(start, end, wrong or bounds.UNFIT))
        else:
            out.append(MeasurementIs(start, end, Analyte(entry.name, entry.loinc), lower, upper, None, mention.setting))
    ended = [_at_an_end(leaf, entry) for leaf in out] if value.form == "lost" and entry.kind == "score" else []
    if ended and all(e is not None for e in ended):
        return _either([e for e in ended if e is not None], replace(value, form="set"))
    return _either(out, value, exact=entry.kind == "score")


def _at_an_end(leaf: Expression, entry: AnalyteEntry) -> Expression | None:
    """A score at an end of its scale, where a lost sign loses nothing: "GCS = 3" is 3, since all have 3 or more."""
    if not isinstance(leaf, ScoreIs) or entry.plausible_low is None or entry.plausible_high is None:
        return None
    bound = leaf.lower or leaf.upper
    if bound is None or bound.value not in {entry.plausible_low, entry.plausible_high}:
        return None
    exact = replace(bound, inclusive=True)
    return replace(leaf, lower=exact, upper=exact)


def _comma_list(line: MeasuredLine, value: Value) -> tuple[Interval, ...]:
    """Commas between digits: "ASA 1,2": a class has no decimals, so the comma parts a list."""
    q = value.quantity
    if not _LISTED_DIGITS.fullmatch(line.text, q.start, q.end):
        return ()
    points = [replace(q, numbers=(float(d),)) for d in line.text[q.start : q.end].split(",")]
    return _merged(replace(value, form="set", intervals=tuple(Interval(Limit(p), Limit(p)) for p in points)))


def _in_points(leaf: ScoreIs) -> bool:
    """The bounds of a Child-Pugh score count points, not classes."""
    return all(b is None or b.value >= 4 for b in (leaf.lower, leaf.upper))


def _age_leaf(start: int, end: int, i: Interval) -> Expression:
    lower, upper = _time(i.lower, "a"), _time(i.upper, "a")
    if any(b is not None and b.unit == "a" and not 0 <= b.value <= 120 for b in (lower, upper)):
        return Unreadable(start, end, bounds.IMPLAUSIBLE)
    return AgeIs(start, end, lower, upper)


def _time(limit: Limit | None, default: str | None = None) -> Bound | None:
    if limit is None:
        return None
    unit = "mo" if limit.quantity.unit == "m" else limit.quantity.unit
    return Bound(limit.quantity.first, unit or default, limit.inclusive)


def _score_leaf(instrument: str, entry: AnalyteEntry | None, start: int, end: int, i: Interval) -> Expression:
    """A class with a letter ("IIIB") is the class, and what the letter says stays unread."""
    ends: list[Bound | None] = []
    lettered = False
    for limit in (i.lower, i.upper):
        if limit is None:
            ends.append(None)
            continue
        sized = bounds.size(entry, limit.quantity) if entry is not None else bounds.Sized(limit.quantity.first, "1")
        if isinstance(sized, str):
            return Unreadable(start, end, sized)
        lettered = lettered or bool(limit.quantity.letter)
        ends.append(Bound(sized.value, "1", limit.inclusive))
    leaf = ScoreIs(start, end, instrument, ends[0], ends[1])
    return _in_part(leaf, i) if lettered else leaf


def _in_part(leaf: ScoreIs, i: Interval) -> Expression:
    """A class with a letter at an end ("IB to IIIA"): between the ends all is told, at the end itself the letter is not."""
    low, high = leaf.lower, leaf.upper
    mark = Unreadable(leaf.start, leaf.end, SUB_CLASS)
    if low is not None and high is not None and low.value == high.value:
        return AllOf((leaf, mark))
    parts: list[Expression] = []
    inner = leaf
    if low is not None and i.lower is not None and i.lower.quantity.letter:
        inner = replace(inner, lower=Bound(low.value + 1, "1"))
        parts.append(AllOf((replace(leaf, lower=Bound(low.value, "1"), upper=Bound(low.value, "1")), mark)))
    if high is not None and i.upper is not None and i.upper.quantity.letter:
        inner = replace(inner, upper=Bound(high.value - 1, "1"))
        parts.append(AllOf((replace(leaf, lower=Bound(high.value, "1"), upper=Bound(high.value, "1")), mark)))
    if inner.lower is None or inner.upper is None or inner.lower.value <= inner.upper.value:
        parts.insert(0, inner)
    return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0]


def _merged(value: Value) -> tuple[Interval, ...]:
    """0, 1 or 2 is the interval from 0 to 2; I or III are two."""
    if value.form != "set" or any(i.lower is None for i in value.intervals):
        return value.intervals
    points = sorted({limit.quantity.first: limit for i in value.intervals if (limit := i.lower) is not None}.items())
    out: list[Interval] = []
    for number, limit in points:
        top = out[-1].upper if out else None
        if top is not None and number - top.quantity.first == 1 and number == int(number) and not limit.quantity.letter:
            out[-1] = Interval(out[-1].lower, limit)
        else:
            out.append(Interval(limit, limit))
    return tuple(out)


def _either(parts: Sequence[Expression], value: Value, *, exact: bool = False) -> Expression:
    """Alternatives of one value; a lost or absent comparison decides nothing beyond its own number."""
    whole = parts[0] if len(parts) == 1 else AnyOf(tuple(parts))
    if value.form == "lost":
        return _undecided(whole, value, LOST_SIGN)
    if value.form == "near":
        return _undecided(whole, value, APPROXIMATE)
    if value.form == "bare" and not exact:
        return _undecided(whole, value, BARE)
    return whole


def _undecided(whole: Expression, value: Value, reason: str) -> Expression:
    """Unknown whatever the patient's value is: the number is kept to be seen, the side of its bound is not known."""
    unreadable = Unreadable(value.start, value.end, reason)
    return AllOf((AnyOf((whole, unreadable)), unreadable))


def _joined(parts: list[Expression], subject: Subject, value: Value) -> Expression:
    """One value for several names: "and" all; "or" any; a slash or comma by the side of the bound."""
    if len(parts) == 1:
        return parts[0]
    if subject.joined == "or" and value.direction == "upper":
        # "AST or ALT <= 2.5 x ULN" is written for both as often as for either
        doubt = [Unreadable(subject.start, subject.end, EITHER)] * (len(parts) - 1)
        return AtLeast(len(parts), (*parts, *doubt))
    if subject.joined == "or" or (subject.joined == "" and value.direction == "lower"):
        return AnyOf(tuple(parts))
    return AllOf(tuple(parts))


def _restates(first: Value, second: Value) -> bool:
    a, b = first.quantity, second.quantity
    if a.times or b.times or a.unit is None or b.unit is None or a.unit == b.unit:
        return False
    return second.form in ("bare", "bound", "range") and (second.form == "bare" or first.direction == second.direction)


def _combine(built: list[tuple[Term, Expression]]) -> Expression:
    """Several values of one subject: by sex, by subgroup, or joined by and/or."""
    sexes = [t.sex for t, _ in built]
    if len(built) == 2 and set(sexes) == {Sex.FEMALE, Sex.MALE}:
        return AnyOf(
            tuple(
                AllOf((SexIs(t.value.start, t.end, s), e))
                for (t, e), s in zip(built, sexes, strict=True)
                if s is not None
            )
        )
    if (
        len(built) == 2
        and built[0][0].condition is None
        and (where := built[1][0].condition) is not None
        and _looser(built[0][0].value, built[1][0].value)
    ):
        return AnyOf((built[0][1], AllOf((Unreadable(where[0], where[1], SUBGROUP), built[1][1]))))
    if any(t.condition is not None or t.sex is not None for t, _ in built):
        doubt: list[Expression] = []
        for t, _ in built[1:]:
            a, b = t.condition or (t.value.start, t.end)
            doubt.append(Unreadable(a, b, SUBGROUP))
        return AtLeast(len(built), (*(e for _, e in built), *doubt))
    parts = tuple(e for _, e in built)
    kinds = {t.joined for t, _ in built[1:]}
    if kinds == {"or"}:
        return AnyOf(parts)
    if kinds == {"and"} or (all(t.value.form in ("bound", "range") for t, _ in built) and "(" not in kinds):
        return AllOf(parts)
    doubt = [Unreadable(t.value.start, t.value.end, SUBGROUP) for t, _ in built[1:]]
    return AtLeast(len(built), (*parts, *doubt))


_FOR_WHOM = re.compile(
    r"(?i)\b(?:if|unless|when|in\s+case\s+of|(?:for|in)\s+(?:patients|subjects|participants|those|individuals)|(?:not\s+)?diagnosed\s+with)\b"
)


def _tells_whom(line: MeasuredLine, built: list[tuple[Term, Expression]]) -> bool:
    """Words between two values tell for whom the first is, and no sex or subgroup was made of them."""
    return all(t.condition is None and t.sex is None for t, _ in built) and any(
        _FOR_WHOM.search(line.text, a.value.end, b.value.start) for (a, _), (b, _) in pairwise(built)
    )


def _for_some(line: MeasuredLine, built: list[tuple[Term, Expression]]) -> Expression:
    """Each value for its own people, whoever they are: settled only where all values agree."""
    doubt = [Unreadable(t.value.start, t.value.end, SUBGROUP) for t, _ in built[1:]]
    return AtLeast(len(built), (*(e for _, e in built), *doubt))


def _looser(first: Value, second: Value) -> bool:
    """Whether every value that meets the first bound meets the second."""
    if (
        len(first.intervals) != 1
        or len(second.intervals) != 1
        or first.quantity.unit != second.quantity.unit
        or first.quantity.times != second.quantity.times
    ):
        return False
    a, b = first.intervals[0], second.intervals[0]
    if a.upper is not None and a.lower is None and b.upper is not None and b.lower is None:
        return b.upper.quantity.first >= a.upper.quantity.first
    if a.lower is not None and a.upper is None and b.lower is not None and b.upper is None:
        return b.lower.quantity.first <= a.lower.quantity.first
    return False
