"""Whole criteria as one line that a clinician can read: conditions, treatments, results, promises, windows."""

from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    Expression,
    If,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from tests.spec.render import render


def _window(window: Window | None) -> str:
    if window is None:
        return ""
    ends = [f"{sign}{value:g}" for sign, value in ((">=", window.lower), ("<=", window.upper)) if value is not None]
    numbers = f"{' '.join(ends)} {window.unit} " if ends else ""
    return f" [{numbers}{window.direction} {window.anchor}]"


def render_sentence(e: Expression) -> str:
    """The expression without its places in the text; a concept by its id, or by its name where no vocabulary has it."""
    match e:
        case AllOf(of):
            return "all(" + "; ".join(map(render_sentence, of)) + ")"
        case AnyOf(of):
            return "any(" + "; ".join(map(render_sentence, of)) + ")"
        case AtLeast(count, of):
            return f"at least {count}(" + "; ".join(map(render_sentence, of)) + ")"
        case Not(of):
            return f"not({render_sentence(of)})"
        case If(when, then):
            return f"if({render_sentence(when)}; {render_sentence(then)})"
        case ConditionIs():
            words = [e.concept.text.lower() if e.concept.id is None else e.concept.id]
            words += [e.status] if e.status != "any" else []
            words += [" + ".join(e.qualifiers)] if e.qualifiers else []
            spared = f" except {'; '.join(map(render_sentence, e.exceptions))}" if e.exceptions else ""
            return "condition " + ", ".join(words) + _window(e.window) + spared
        case TreatmentIs():
            words = [e.concept.text.lower() if e.concept.id is None else e.concept.id]
            words += [e.status] if e.status != "any" else []
            spared = f" except {'; '.join(map(render_sentence, e.exceptions))}" if e.exceptions else ""
            return f"{e.type} " + ", ".join(words) + _window(e.window) + spared
        case ResultIs():
            return f"{e.analyte.name} is {e.result}" + _window(e.window)
        case PregnancyIs():
            return " or ".join(e.states) + _window(e.window)
        case LifestyleIs():
            return f"{e.substance} {e.status}" + _window(e.window)
        case OnSite():
            return f"on site: {e.topic}"
        case Unreadable():
            return "unread"
        case MeasurementIs():
            return render(e) + _window(e.window)
        case _:
            return render(e)
