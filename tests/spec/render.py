"""Expressions as one line that a clinician can read, so that a table can hold whole values."""

from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    Bound,
    CountIs,
    Expression,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)


def _bounds(lower: Bound | None, upper: Bound | None) -> str:
    out = ""
    for bound, signs in ((lower, (">=", ">")), (upper, ("<=", "<"))):
        if bound is not None:
            unit = f" x {bound.times.upper()}" if bound.times else f" {bound.unit}" if bound.unit else " ?"
            out += f" {signs[0] if bound.inclusive else signs[1]} {bound.value:.6g}{unit if unit != ' 1' else ''}"
    return out


def render(e: Expression) -> str:
    """The expression without its places in the text."""
    match e:
        case AllOf(of):
            return "all(" + "; ".join(map(render, of)) + ")"
        case AnyOf(of):
            return "any(" + "; ".join(map(render, of)) + ")"
        case AtLeast(count, of):
            return f"at least {count}(" + "; ".join(map(render, of)) + ")"
        case Not(of):
            return f"not({render(of)})"
        case If(when, then):
            return f"if({render(when)}; {render(then)})"
        case SexIs():
            return e.sex.value.lower()
        case Unreadable():
            return f"unreadable: {e.reason}"
        case AgeIs():
            return "age" + _bounds(e.lower, e.upper)
        case LifeExpectancyIs():
            return "life expectancy" + _bounds(e.lower, e.upper)
        case MeasurementIs():
            setting = f" ({e.setting})" if e.setting else ""
            return e.analyte.name + setting + _bounds(e.lower, e.upper)
        case ScoreIs():
            return "score " + e.instrument + _bounds(e.lower, e.upper)
        case CountIs():
            return f"count of {e.of.text}" + _bounds(e.lower, e.upper) + (f" per {e.per}" if e.per else "")
        case LifestyleIs():
            return "use of " + e.substance + _bounds(e.lower, e.upper)
        case TreatmentIs():
            dose = e.dose
            return "treatment " + e.concept.text.lower() + (_bounds(dose.lower, dose.upper) if dose else "")
        case _:
            return type(e).__name__
