"""Facts that are well-formed and cannot be, and all faults of a request in one answer, whichever check finds them.

The shapes of `schemas` see one field at a time; what follows from the day of the match, from two fields together or from
the analyte is checked here, also in the sound part of a request that has faults of shape.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

import matching
from app.api.faults import Fault
from app.api.places import location_of, place_faults
from app.api.schemas.patient import ConditionIn, Day, ObservationIn, PatientIn, TreatmentIn
from app.api.wording import faults_of
from app.store.places import PlaceStore

Model = TypeVar("Model", bound=BaseModel)

MAX_AGE_YEARS = 130

LISTS: Mapping[str, type[BaseModel]] = {
    "conditions": ConditionIn,
    "observations": ObservationIn,
    "treatments": TreatmentIn,
}
"""The lists of a patient whose members are checked one by one."""


def every_fault(
    error: ValidationError, data: object, on: date, at: str = "", places: PlaceStore | None = None
) -> list[Fault]:
    """The faults of shape in a patient (`at` is its pointer) or a request, and the impossible facts of what is sound."""
    found = [Fault(at + f.pointer, f.message) for f in faults_of([dict(e) for e in error.errors()])]
    more = impossible(sound(data), on, at, places) if at else impossible_in(data, on, places)
    return with_more(found, more)


def with_more(found: list[Fault], more: Iterable[Fault]) -> list[Fault]:
    """Both, less what would say a second thing of the same place."""
    told = {fault.pointer for fault in found}
    return found + [fault for fault in more if fault.pointer not in told]


def impossible_in(body: object, today: date, places: PlaceStore | None) -> Iterator[Fault]:
    """The impossible facts of every patient in a body that may have faults of shape."""
    if not isinstance(body, dict):
        return
    day = _sound_field(Day, body.get("on"))
    on = date.fromisoformat(day) if day is not None else today
    for name in ("patient", "change"):
        yield from impossible(sound(body.get(name)), on, f"/{name}", places)
    several = body.get("patients")
    for i, data in enumerate(several if isinstance(several, list) else ()):
        yield from impossible(sound(data), on, f"/patients/{i}", places)


def sound(data: object) -> PatientIn:
    """What is sound of a patient, field by field; the rest as if it were not said. Members of lists keep their places."""
    sent = data if isinstance(data, dict) else {}
    members = {
        name: [_sound(model, member) for member in sent[name]]
        for name, model in LISTS.items()
        if isinstance(sent.get(name), list)
    }
    return _sound(PatientIn, {k: v for k, v in sent.items() if k not in LISTS}).model_copy(update=members)


def _sound(model: type[Model], data: object) -> Model:
    sent = data if isinstance(data, dict) else {}
    fields = {name: _sound_field(_kind(model, name), sent[name]) for name in model.model_fields if name in sent}
    needed = {name: "" for name, field in model.model_fields.items() if field.is_required()}
    return model.model_construct(**needed | {name: value for name, value in fields.items() if value is not None})


def _sound_field(kind: Any, value: object) -> Any:
    """The value as its field takes it, or None."""
    try:
        return _adapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return None


@cache
def _kind(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def impossible(sent: PatientIn, on: date, at: str, places: PlaceStore | None = None) -> Iterator[Fault]:
    """Facts that are well-formed and cannot be: dated after the day, ends before beginnings, units that do not fit.

    Where `places` are at hand, a place of several meanings too.
    """
    if sent.birth_date and sent.age:
        yield Fault(f"{at}/age", "give the birth_date or the age, not both")
    if sent.birth_date and matching.PartialDate.parse(sent.birth_date).earliest > on:
        yield Fault(f"{at}/birth_date", "dated after the day of the match")
    if sent.birth_date and matching.PartialDate.parse(sent.birth_date).year < on.year - MAX_AGE_YEARS:
        yield Fault(f"{at}/birth_date", f"more than {MAX_AGE_YEARS} years ago")
    if sent.age:
        unit = matching.ucum(sent.age.unit)
        if unit not in ("a", "mo", "wk", "d"):
            yield Fault(f"{at}/age/unit", "a unit of age is expected: a, mo, wk or d")
        elif not 0 <= sent.age.value <= MAX_AGE_YEARS * {"a": 1, "mo": 12, "wk": 53, "d": 366}[unit]:
            yield Fault(f"{at}/age/value", "not an age")
    for i, c in enumerate(sent.conditions):
        yield from _span_faults(f"{at}/conditions/{i}", ("onset_on", c.onset_on), ("resolved_on", c.resolved_on), on)
    for i, t in enumerate(sent.treatments):
        yield from _span_faults(f"{at}/treatments/{i}", ("started_on", t.started_on), ("stopped_on", t.stopped_on), on)
        if t.dose and matching.ucum(t.dose.unit) is None:
            yield Fault(f"{at}/treatments/{i}/dose/unit", "not a unit that we know")
    if places is not None:
        yield from place_faults(location_of(sent.location), places, f"{at}/location")
    for i, o in enumerate(sent.observations):
        yield from _observation_faults(o, on, f"{at}/observations/{i}")


def _span_faults(at: str, begin: tuple[str, str | None], end: tuple[str, str | None], on: date) -> Iterator[Fault]:
    for name, text in (begin, end):
        if text and matching.PartialDate.parse(text).earliest > on:
            yield Fault(f"{at}/{name}", "dated after the day of the match")
    if (
        begin[1]
        and end[1]
        and matching.PartialDate.parse(end[1]).latest < matching.PartialDate.parse(begin[1]).earliest
    ):
        yield Fault(f"{at}/{end[0]}", f"lies before {begin[0]}")


def _observation_faults(o: ObservationIn, on: date, at: str) -> Iterator[Fault]:
    if o.on and matching.PartialDate.parse(o.on).earliest > on:
        yield Fault(f"{at}/on", "dated after the day of the match")
    if o.value_high is not None and (o.value is None or o.value_high < o.value):
        yield Fault(f"{at}/value_high", "the higher end of a range from value")
    if None not in (o.reference_low, o.reference_high) and o.reference_low > o.reference_high:  # type: ignore[operator]  # both are numbers here
        yield Fault(f"{at}/reference_low", "above reference_high")
    if o.unit is None:
        return
    unit = matching.ucum(o.unit)
    if unit is None:
        yield Fault(f"{at}/unit", "not a unit that we know")
    elif (analyte := matching.analyte_of(o.name, o.loinc)) is not None and not matching.unit_fits(unit, analyte):
        yield Fault(f"{at}/unit", f"this unit does not fit {analyte}")
