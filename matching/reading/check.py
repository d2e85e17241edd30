"""Oddities of a parsed text: contradictions, what is always true, duplicates, implausible sizes, fields against text.

Nothing is corrected here: a problem is shown beside the criteria.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from matching.knowledge import analytes
from matching.knowledge.conversion import plausible
from matching.model.codes import Role, Sex
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    Bound,
    Criterion,
    Expression,
    If,
    MeasurementIs,
    Not,
    ParsedCriteria,
    PregnancyIs,
    Problem,
    ScoreIs,
    SexIs,
    Unreadable,
)
from matching.model.trial import AgeLimit

_DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0, "h": 1 / 24, "min": 1 / 1440}
_HEALTHY = re.compile(
    r"(?i)^\W*(?:(?:must\s+be|be|are|is|subjects?|participants?|adults?|male|female|and|or|non-?smoking|normal|the|generally|in|good)\W+){0,4}"
    r"healthy\s+(?:(?:adult|male|female|human|and|or|non-?smoking|young|older|elderly)\W+){0,4}"
    r"(?:volunteers?|subjects?|participants?|adults?|males?|females?|men|women|individuals?|controls?)\b"
)

Range = AgeIs | MeasurementIs | ScoreIs


@dataclass(frozen=True, slots=True)
class _Required:
    """A leaf that must hold (`negated`: must not hold) for anyone to join, and its criterion."""

    leaf: Expression
    negated: bool
    criterion: Criterion


def check(
    parsed: ParsedCriteria,
    *,
    sex: Sex | None = None,
    minimum_age: AgeLimit | None = None,
    maximum_age: AgeLimit | None = None,
    healthy_volunteers: bool | None = None,
) -> tuple[Problem, ...]:
    """What is odd about the criteria, and where the registry's own fields (None: absent) differ from the text.

    A field that is absent differs from nothing. Criteria of one cohort are not held against the fields.
    """
    required = [found for criterion in parsed.criteria for found in _required(criterion)]
    return (
        *_ranges(parsed),
        *_contradictions(required),
        *_duplicates(parsed),
        *_ages(required, minimum_age, maximum_age),
        *_sexes(required, sex),
        *_volunteers(parsed, healthy_volunteers),
    )


def with_problems(parsed: ParsedCriteria, problems: tuple[Problem, ...]) -> ParsedCriteria:
    """The parsed text with more problems, each once."""
    return replace(parsed, problems=tuple(dict.fromkeys((*parsed.problems, *problems))))


def _leaves(expression: Expression) -> Iterator[Expression]:
    match expression:
        case AllOf(of=of) | AnyOf(of=of) | AtLeast(of=of):
            for part in of:
                yield from _leaves(part)
        case Not(of=part):
            yield from _leaves(part)
        case If(when=when, then=then):
            yield from _leaves(when)
            yield from _leaves(then)
        case _:
            yield expression


def _required(criterion: Criterion) -> Iterator[_Required]:
    if not criterion.part_of_parent and criterion.applies_to is None:
        yield from _conjuncts(criterion.expression, criterion.role is Role.EXCLUSION, criterion)


def _conjuncts(expression: Expression, negated: bool, criterion: Criterion) -> Iterator[_Required]:
    match expression:
        case AllOf(of=of) if not negated or len(of) == 1:
            for part in of:
                yield from _conjuncts(part, negated, criterion)
        case AnyOf(of=of) if negated or len(of) == 1:
            for part in of:
                yield from _conjuncts(part, negated, criterion)
        case Not(of=part):
            yield from _conjuncts(part, not negated, criterion)
        case AllOf() | AnyOf() | AtLeast() | If():
            return
        case _:
            yield _Required(expression, negated, criterion)


def _problem(code: str, message: str, criterion: Criterion, leaf: Expression | None = None) -> Problem:
    match leaf:
        case AgeIs() | MeasurementIs() | ScoreIs() | SexIs() | PregnancyIs() | Unreadable():
            return Problem(code, message, criterion.id, leaf.start, leaf.end)
        case _:
            return Problem(code, message, criterion.id, criterion.start, criterion.end)


def _ranges(parsed: ParsedCriteria) -> Iterator[Problem]:
    """Ranges that nothing or everything meets, and sizes that no one has."""
    for criterion in parsed.criteria:
        if criterion.part_of_parent:
            continue
        for leaf in _leaves(criterion.expression):
            match leaf:
                case AgeIs() | MeasurementIs() | ScoreIs():
                    if _is_empty(leaf.lower, leaf.upper):
                        yield _problem("contradiction", "The lower bound lies above the upper bound.", criterion, leaf)
                    elif _is_everything(leaf):
                        yield _problem("always_true", "Every value meets this range.", criterion, leaf)
                    elif isinstance(leaf, MeasurementIs) and not _is_plausible(leaf):
                        yield _problem("implausible", "No one has a value of this size.", criterion, leaf)
                case Unreadable(reason=reason) if "implausible" in reason:
                    yield _problem("implausible", "No one has a value of this size.", criterion, leaf)
                case _:
                    pass


def _same_measure(lower: Bound, upper: Bound) -> bool:
    return lower.unit == upper.unit and lower.times is upper.times


def _is_empty(lower: Bound | None, upper: Bound | None) -> bool:
    if lower is None or upper is None or not _same_measure(lower, upper):
        return False
    if lower.value == upper.value:
        return not (lower.inclusive and upper.inclusive)
    return lower.value > upper.value


def _is_everything(leaf: Range) -> bool:
    lower, upper = leaf.lower, leaf.upper
    match leaf:
        case AgeIs():
            return lower is not None and lower.value <= 0 and lower.inclusive and upper is None
        case MeasurementIs():
            if lower is None or upper is None or lower.times or upper.times or not lower.unit == upper.unit == "%":
                return False
            return lower.value <= 0 and upper.value >= 100 and lower.inclusive and upper.inclusive
        case _:
            return False


def _is_plausible(leaf: MeasurementIs) -> bool:
    """Whether each bound is a size that people have; a bound that cannot be compared is let pass."""
    entry = analytes.by_name(leaf.analyte.name)
    if entry is None or not entry.units:
        return True
    bounds = (
        b for b in (leaf.lower, leaf.upper) if b is not None and b.times is None and b.unit is not None and b.value != 0
    )
    return all(plausible(entry, bound.value, bound.unit or "1") is not False for bound in bounds)


def _subject(leaf: Expression) -> tuple[str, ...] | None:
    """What a range is about: two ranges of the same subject can be held against each other."""
    match leaf:
        case AgeIs():
            return ("age",)
        case MeasurementIs(analyte=analyte, setting=setting, window=None):
            return ("measurement", analyte.name, setting or "")
        case ScoreIs(instrument=instrument, window=None):
            return ("score", instrument)
        case _:
            return None


def _bounds(found: _Required) -> tuple[Bound | None, Bound | None]:
    """The bounds that a person must keep: those of the leaf, or the other side of those of a leaf that must not hold."""
    match found.leaf:
        case (
            AgeIs(lower=lower, upper=upper)
            | MeasurementIs(lower=lower, upper=upper)
            | ScoreIs(lower=lower, upper=upper)
        ):
            if not found.negated:
                return lower, upper
            if lower is not None and upper is not None:
                return None, None
            return _other_side(upper), _other_side(lower)
        case _:
            return None, None


def _other_side(bound: Bound | None) -> Bound | None:
    return None if bound is None else replace(bound, inclusive=not bound.inclusive)


def _contradictions(required: list[_Required]) -> Iterator[Problem]:
    """Two requirements of the same thing that nobody can meet together."""
    seen: dict[tuple[str, ...], list[tuple[_Required, Bound | None, Bound | None]]] = {}
    for found in required:
        subject = _subject(found.leaf)
        if subject is None:
            continue
        lower, upper = _bounds(found)
        others = seen.setdefault(subject, [])
        for other, other_lower, other_upper in others[:50]:
            if other.criterion.id == found.criterion.id:
                continue
            if _is_empty(lower, other_upper) or _is_empty(other_lower, upper):
                yield _problem(
                    "contradiction", f"Nobody can meet this and {other.criterion.id}.", found.criterion, found.leaf
                )
                break
        others.append((found, lower, upper))


def _duplicates(parsed: ParsedCriteria) -> Iterator[Problem]:
    """The same words twice in one list, or in both lists."""
    seen: dict[tuple[str, str | None], Criterion] = {}
    for criterion in parsed.criteria:
        words = " ".join(criterion.text.lower().split()).rstrip(" .;,")
        if len(words) < 12 or criterion.part_of_parent or criterion.expression in (AllOf(()), AnyOf(())):
            continue
        first = seen.setdefault((words, criterion.applies_to), criterion)
        if first is criterion:
            continue
        if first.role is criterion.role:
            yield _problem("duplicate", f"The same as {first.id}.", criterion)
        else:
            yield _problem("contradiction", f"The same words as {first.id}, in the other list.", criterion)


def _ages(required: list[_Required], minimum: AgeLimit | None, maximum: AgeLimit | None) -> Iterator[Problem]:
    for found in required:
        if not isinstance(found.leaf, AgeIs):
            continue
        lower, upper = _bounds(found)
        if _differs(lower, minimum):
            yield _problem(
                "age_differs", "The text and the registry's minimum age differ.", found.criterion, found.leaf
            )
        if _differs(upper, maximum):
            yield _problem(
                "age_differs", "The text and the registry's maximum age differ.", found.criterion, found.leaf
            )


def _differs(bound: Bound | None, limit: AgeLimit | None) -> bool:
    """Whether a bound of the text and a field are more than a year (of young children: a month) apart.

    "Under 75" is written as 74 or 75 years in the field.
    """
    if bound is None or limit is None or bound.unit not in _DAYS or limit.unit not in _DAYS:
        return False
    apart = abs(bound.value * _DAYS[bound.unit] - limit.value * _DAYS[limit.unit])
    return apart > max(_DAYS[bound.unit], _DAYS[limit.unit]) * 1.01


def _sexes(required: list[_Required], sex: Sex | None) -> Iterator[Problem]:
    if sex is None:
        return
    for found in required:
        match found.leaf:
            case SexIs(sex=asked):
                if found.negated:
                    asked = Sex.MALE if asked is Sex.FEMALE else Sex.FEMALE
                if asked is not sex:
                    yield _problem(
                        "sex_differs", "The text and the registry's sex differ.", found.criterion, found.leaf
                    )
            case PregnancyIs() if sex is Sex.MALE and not found.negated:
                yield _problem(
                    "sex_differs", "The text asks for pregnancy, the registry for men.", found.criterion, found.leaf
                )
            case _:
                pass


def _volunteers(parsed: ParsedCriteria, healthy_volunteers: bool | None) -> Iterator[Problem]:
    if healthy_volunteers is not False:
        return
    for criterion in parsed.criteria:
        if criterion.role is Role.INCLUSION and _HEALTHY.match(criterion.text):
            message = "The text takes healthy volunteers, the registry's field says that none are taken."
            yield _problem("healthy_volunteers_differs", message, criterion)
