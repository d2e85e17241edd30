"""Expressions and criteria as plain JSON values, and back (CONTRACT: a parsed criterion).

Optional fields that hold nothing are null; tuples are lists. `from_json(to_json(x)) == x` for every expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never, cast

from matching.model.codes import Role, Sex, Times
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    AtLeast,
    Bound,
    Concept,
    ConditionIs,
    CountIs,
    Coverage,
    Criterion,
    Dose,
    Expression,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    ParsedCriteria,
    PregnancyIs,
    Problem,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)

Json = dict[str, Any]


def bound_to_json(bound: Bound | None) -> Json | None:
    """A bound; null for none."""
    if bound is None:
        return None
    times = None if bound.times is None else str(bound.times)
    return {"value": bound.value, "unit": bound.unit, "inclusive": bound.inclusive, "times": times}


def bound_from_json(value: Mapping[str, Any] | None) -> Bound | None:
    """The inverse of `bound_to_json`."""
    if value is None:
        return None
    times = None if value["times"] is None else Times(value["times"])
    return Bound(value["value"], value["unit"], value["inclusive"], times)


def window_to_json(window: Window | None) -> Json | None:
    """A window; null for none."""
    if window is None:
        return None
    return {
        "lower": window.lower,
        "upper": window.upper,
        "unit": window.unit,
        "anchor": window.anchor,
        "direction": window.direction,
        "lower_inclusive": window.lower_inclusive,
        "upper_inclusive": window.upper_inclusive,
        "otherwise": window_to_json(window.otherwise),
        "whichever": window.whichever,
    }


def window_from_json(value: Mapping[str, Any] | None) -> Window | None:
    """The inverse of `window_to_json`."""
    if value is None:
        return None
    return Window(
        lower=value["lower"],
        upper=value["upper"],
        unit=value["unit"],
        anchor=value["anchor"],
        direction=value["direction"],
        lower_inclusive=value["lower_inclusive"],
        upper_inclusive=value["upper_inclusive"],
        otherwise=window_from_json(value["otherwise"]),
        whichever=value["whichever"],
    )


def _concept_to_json(concept: Concept) -> Json:
    return {"text": concept.text, "id": concept.id, "mesh": concept.mesh, "icd10": concept.icd10}


def _concept_from_json(value: Mapping[str, Any]) -> Concept:
    return Concept(value["text"], value["id"], value["mesh"], value["icd10"])


def _analyte_to_json(analyte: Analyte) -> Json:
    return {"loinc": analyte.loinc, "name": analyte.name}


def _analyte_from_json(value: Mapping[str, Any]) -> Analyte:
    return Analyte(value["name"], value["loinc"])


def _dose_to_json(dose: Dose | None) -> Json | None:
    return None if dose is None else {"lower": bound_to_json(dose.lower), "upper": bound_to_json(dose.upper)}


def _dose_from_json(value: Mapping[str, Any] | None) -> Dose | None:
    return None if value is None else Dose(bound_from_json(value["lower"]), bound_from_json(value["upper"]))


def to_json(expression: Expression) -> Json:
    """An expression as the contract writes it; leaves carry `start` and `end`."""
    match expression:
        case Unreadable() as leaf:
            return {"kind": "unreadable", "start": leaf.start, "end": leaf.end, "reason": leaf.reason}
        case AllOf(of=of):
            return {"kind": "all_of", "of": [to_json(part) for part in of]}
        case AnyOf(of=of):
            return {"kind": "any_of", "of": [to_json(part) for part in of]}
        case AtLeast(count=count, of=of):
            return {"kind": "at_least", "count": count, "of": [to_json(part) for part in of]}
        case Not(of=part):
            return {"kind": "not", "of": to_json(part)}
        case If(when=when, then=then):
            return {"kind": "if", "when": to_json(when), "then": to_json(then)}
        case AgeIs() as leaf:
            return _leaf("age", leaf) | _range(leaf)
        case SexIs() as leaf:
            return _leaf("sex", leaf) | {"is": str(leaf.sex)}
        case MeasurementIs() as leaf:
            return (
                _leaf("measurement", leaf)
                | {"analyte": _analyte_to_json(leaf.analyte)}
                | _range(leaf)
                | {"window": window_to_json(leaf.window), "setting": leaf.setting}
            )
        case ResultIs() as leaf:
            return _leaf("result", leaf) | {
                "analyte": _analyte_to_json(leaf.analyte),
                "is": leaf.result,
                "window": window_to_json(leaf.window),
            }
        case ScoreIs() as leaf:
            return (
                _leaf("score", leaf)
                | {"instrument": leaf.instrument}
                | _range(leaf)
                | {"window": window_to_json(leaf.window)}
            )
        case ConditionIs() as leaf:
            return {
                "kind": "condition",
                "start": leaf.start,
                "end": leaf.end,
                "concept": _concept_to_json(leaf.concept),
                "status": leaf.status,
                "qualifiers": list(leaf.qualifiers),
                "window": window_to_json(leaf.window),
                "except": [to_json(part) for part in leaf.exceptions],
            }
        case TreatmentIs() as leaf:
            return {
                "kind": "treatment",
                "start": leaf.start,
                "end": leaf.end,
                "concept": _concept_to_json(leaf.concept),
                "type": leaf.type,
                "status": leaf.status,
                "dose": _dose_to_json(leaf.dose),
                "window": window_to_json(leaf.window),
                "except": [to_json(part) for part in leaf.exceptions],
            }
        case CountIs() as leaf:
            return (
                _leaf("count", leaf)
                | {"of": _concept_to_json(leaf.of)}
                | _range(leaf)
                | {"per": leaf.per, "window": window_to_json(leaf.window)}
            )
        case PregnancyIs() as leaf:
            return _leaf("pregnancy", leaf) | {"states": list(leaf.states), "window": window_to_json(leaf.window)}
        case LifeExpectancyIs() as leaf:
            return _leaf("life_expectancy", leaf) | _range(leaf)
        case LifestyleIs() as leaf:
            return (
                _leaf("lifestyle", leaf)
                | {"substance": leaf.substance, "status": leaf.status}
                | _range(leaf)
                | {"window": window_to_json(leaf.window)}
            )
        case OnSite() as leaf:
            return _leaf("on_site", leaf) | {"topic": leaf.topic}
        case _:
            assert_never(expression)


def placeless(expression: Expression) -> Json:
    """An expression without its places in the text: equal for equal questions."""
    without: Json = _without_places(to_json(expression))
    return without


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_places(part) for name, part in value.items() if name not in ("start", "end")}
    return [_without_places(part) for part in value] if isinstance(value, list) else value


_Ranged = AgeIs | MeasurementIs | ScoreIs | CountIs | LifeExpectancyIs | LifestyleIs
_AnyLeaf = _Ranged | SexIs | ResultIs | ConditionIs | TreatmentIs | PregnancyIs | OnSite | Unreadable


def _leaf(kind: str, leaf: _AnyLeaf) -> Json:
    return {"kind": kind, "start": leaf.start, "end": leaf.end}


def _range(leaf: _Ranged) -> Json:
    return {"lower": bound_to_json(leaf.lower), "upper": bound_to_json(leaf.upper)}


def from_json(value: Mapping[str, Any]) -> Expression:
    """The inverse of `to_json`. Raises KeyError for an unknown kind or a missing field."""
    return _READERS[value["kind"]](value)


def _many(values: Sequence[Mapping[str, Any]]) -> tuple[Expression, ...]:
    return tuple(from_json(value) for value in values)


def _lower(value: Mapping[str, Any]) -> Bound | None:
    return bound_from_json(value["lower"])


def _upper(value: Mapping[str, Any]) -> Bound | None:
    return bound_from_json(value["upper"])


def _window(value: Mapping[str, Any]) -> Window | None:
    return window_from_json(value["window"])


_READERS: dict[str, Callable[[Mapping[str, Any]], Expression]] = {
    "all_of": lambda v: AllOf(_many(v["of"])),
    "any_of": lambda v: AnyOf(_many(v["of"])),
    "at_least": lambda v: AtLeast(v["count"], _many(v["of"])),
    "not": lambda v: Not(from_json(v["of"])),
    "if": lambda v: If(from_json(v["when"]), from_json(v["then"])),
    "age": lambda v: AgeIs(v["start"], v["end"], _lower(v), _upper(v)),
    "sex": lambda v: SexIs(v["start"], v["end"], Sex(v["is"])),
    "measurement": lambda v: MeasurementIs(
        v["start"], v["end"], _analyte_from_json(v["analyte"]), _lower(v), _upper(v), _window(v), v["setting"]
    ),
    "result": lambda v: ResultIs(v["start"], v["end"], _analyte_from_json(v["analyte"]), v["is"], _window(v)),
    "score": lambda v: ScoreIs(v["start"], v["end"], v["instrument"], _lower(v), _upper(v), _window(v)),
    "condition": lambda v: ConditionIs(
        v["start"],
        v["end"],
        _concept_from_json(v["concept"]),
        v["status"],
        tuple(v["qualifiers"]),
        _window(v),
        _many(v["except"]),
    ),
    "treatment": lambda v: TreatmentIs(
        v["start"],
        v["end"],
        _concept_from_json(v["concept"]),
        v["type"],
        v["status"],
        _dose_from_json(v["dose"]),
        _window(v),
        _many(v["except"]),
    ),
    "count": lambda v: CountIs(
        v["start"], v["end"], _concept_from_json(v["of"]), _lower(v), _upper(v), v["per"], _window(v)
    ),
    "pregnancy": lambda v: PregnancyIs(v["start"], v["end"], tuple(v["states"]), _window(v)),
    "life_expectancy": lambda v: LifeExpectancyIs(v["start"], v["end"], _lower(v), _upper(v)),
    "lifestyle": lambda v: LifestyleIs(
        v["start"], v["end"], v["substance"], v["status"], _lower(v), _upper(v), _window(v)
    ),
    "on_site": lambda v: OnSite(v["start"], v["end"], v["topic"]),
    "unreadable": lambda v: Unreadable(v["start"], v["end"], v["reason"]),
}


def criterion_to_json(criterion: Criterion) -> Json:
    """A criterion; `part_of_parent` says that its parent's expression holds it already."""
    return {
        "id": criterion.id,
        "role": str(criterion.role),
        "text": criterion.text,
        "start": criterion.start,
        "end": criterion.end,
        "parent": criterion.parent,
        "applies_to": criterion.applies_to,
        "part_of_parent": criterion.part_of_parent,
        "expression": to_json(criterion.expression),
        "coverage": criterion.coverage,
    }


def criterion_from_json(value: Mapping[str, Any]) -> Criterion:
    """The inverse of `criterion_to_json`."""
    return Criterion(
        id=value["id"],
        role=Role(value["role"]),
        text=value["text"],
        start=value["start"],
        end=value["end"],
        expression=from_json(value["expression"]),
        parent=value["parent"],
        applies_to=value["applies_to"],
        coverage=value["coverage"],
        part_of_parent=value["part_of_parent"],
    )


def problem_to_json(problem: Problem) -> Json:
    """A problem; null where it is about no single criterion or place."""
    return {
        "code": problem.code,
        "message": problem.message,
        "criterion": problem.criterion,
        "start": problem.start,
        "end": problem.end,
    }


def parsed_to_json(parsed: ParsedCriteria) -> Json:
    """What `parse_eligibility` gives, as the contract writes it."""
    coverage = parsed.coverage
    return {
        "criteria": [criterion_to_json(criterion) for criterion in parsed.criteria],
        "coverage": {
            "criteria": coverage.criteria,
            "computable": coverage.computable,
            "on_site": coverage.on_site,
            "unreadable": coverage.unreadable,
        },
        "problems": [problem_to_json(problem) for problem in parsed.problems],
    }


def parsed_from_json(value: Mapping[str, Any]) -> ParsedCriteria:
    """The inverse of `parsed_to_json`."""
    coverage = cast("dict[str, int]", value["coverage"])
    return ParsedCriteria(
        criteria=tuple(criterion_from_json(criterion) for criterion in value["criteria"]),
        coverage=Coverage(**coverage),
        problems=tuple(Problem(**problem) for problem in value["problems"]),
    )
