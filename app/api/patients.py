"""A patient request turned into the engine's patient, with every fault named by its JSON pointer in one answer."""

from collections.abc import Iterator
from datetime import date

from pydantic import ValidationError

import matching
from app.api.errors import Fault, InvalidRequestError, faults_of
from app.api.schemas.patient import ConditionIn, LocationIn, ObservationIn, PatientIn, QuantityIn, TreatmentIn

MAX_AGE_YEARS = 130


def read_patient(data: object, on: date, at: str = "/patient") -> matching.Patient:
    """A patient from plain JSON data; raises InvalidRequestError with all faults, pointers beginning with `at`."""
    try:
        sent = PatientIn.model_validate(data)
    except ValidationError as error:
        found = [Fault(at + f.pointer, f.message) for f in faults_of([dict(e) for e in error.errors()])]
        raise InvalidRequestError(summary(found), found) from None
    return to_patient(sent, on, at)


def to_patient(sent: PatientIn, on: date, at: str = "/patient") -> matching.Patient:
    """The engine's patient with what the note says; raises InvalidRequestError where facts are impossible on that day."""
    return with_note(described(sent, on, at), on)[0]


def with_note(patient: matching.Patient, on: date) -> tuple[matching.Patient, tuple[matching.NoteFact, ...]]:
    """The patient with what the note adds, and the facts that were read from it."""
    if not patient.note:
        return patient, ()
    reading = matching.read_note(patient.note, on)
    return matching.merge_note(patient, reading), reading.facts


def described(sent: PatientIn, on: date, at: str = "/patient") -> matching.Patient:
    """The patient as described field by field, the note unread; raises InvalidRequestError as `to_patient`."""
    found = list(_faults(sent, on, at))
    if found:
        raise InvalidRequestError(summary(found), found)
    return matching.Patient(
        birth_date=_date(sent.birth_date),
        age=_quantity(sent.age),
        sex=matching.Sex(sent.sex) if sent.sex else None,
        pregnant=sent.pregnant,
        breastfeeding=sent.breastfeeding,
        planning_pregnancy=sent.planning_pregnancy,
        healthy_volunteer=sent.healthy_volunteer,
        location=_location(sent.location),
        conditions=tuple(_condition(c) for c in sent.conditions),
        observations=tuple(_observation(o) for o in sent.observations),
        treatments=tuple(_treatment(t) for t in sent.treatments),
        complete=frozenset(sent.complete),
        statements=dict(sent.statements),
        note=sent.note,
    )


def overlaid(sent: PatientIn, change: PatientIn) -> PatientIn:
    """The patient with a change laid over: what the change says replaces the same fact, and adds what was not said.

    In the lists the same fact is one of the same name, whatever its case.
    """
    said = {name: getattr(change, name) for name in change.model_fields_set}
    if said.get("age") is not None:
        said.setdefault("birth_date", None)
    elif said.get("birth_date") is not None:
        said.setdefault("age", None)
    for name, key in (("conditions", "text"), ("treatments", "text"), ("observations", "name")):
        if name in said:
            new = {getattr(item, key).casefold() for item in said[name]}
            kept = [item for item in getattr(sent, name) if getattr(item, key).casefold() not in new]
            said[name] = kept + said[name]
    if "statements" in said:
        said["statements"] = {**sent.statements, **said["statements"]}
    return sent.model_copy(update=said)


def summary(found: list[Fault]) -> str:
    """The one sentence above a list of faults."""
    return f"{len(found)} fault{'s' * (len(found) != 1)} in the body; nothing was done"


def _faults(sent: PatientIn, on: date, at: str) -> Iterator[Fault]:
    """Impossible facts: dated after the day, ends before beginnings, units that do not fit."""
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


def _date(text: str | None) -> matching.PartialDate | None:
    return matching.PartialDate.parse(text) if text else None


def _quantity(sent: QuantityIn | None) -> matching.Quantity | None:
    return matching.Quantity(sent.value, matching.ucum(sent.unit) or sent.unit) if sent else None


def _condition(sent: ConditionIn) -> matching.Condition:
    return matching.Condition(
        text=sent.text,
        codes=tuple(matching.Code(c.system, c.code) for c in sent.codes),
        present=sent.present,
        onset_on=_date(sent.onset_on),
        resolved_on=_date(sent.resolved_on),
        active=sent.active,
        qualifiers=tuple(sent.qualifiers),
    )


def _observation(sent: ObservationIn) -> matching.Observation:
    return matching.Observation(
        name=sent.name,
        loinc=sent.loinc,
        value=sent.value,
        unit=matching.ucum(sent.unit) if sent.unit else None,
        result=sent.result,
        on=_date(sent.on),
        comparator=sent.comparator,
        value_high=sent.value_high,
        setting=sent.setting,
        reference_low=sent.reference_low,
        reference_high=sent.reference_high,
    )


def _treatment(sent: TreatmentIn) -> matching.Treatment:
    return matching.Treatment(
        text=sent.text,
        codes=tuple(matching.Code(c.system, c.code) for c in sent.codes),
        taken=sent.taken,
        started_on=_date(sent.started_on),
        stopped_on=_date(sent.stopped_on),
        current=sent.current,
        planned=sent.planned,
        dose=_quantity(sent.dose),
    )


def _location(sent: LocationIn | None) -> matching.Location | None:
    if sent is None:
        return None
    return matching.Location(
        lat=sent.lat, lon=sent.lon, place=sent.place, postal_code=sent.postal_code, country=sent.country
    )
