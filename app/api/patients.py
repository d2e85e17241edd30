"""A patient request turned into the engine's patient, with every fault named by its JSON pointer in one answer."""

from collections.abc import Mapping
from datetime import date

from pydantic import ValidationError

import matching
from app.api.errors import Fault, InvalidRequestError
from app.api.impossible import every_fault, impossible
from app.api.places import location_of, place_choices
from app.api.schemas.patient import ConditionIn, ObservationIn, PatientIn, QuantityIn, TreatmentIn
from app.api.wording import summary
from app.store.places import PlaceStore


def read_patient(data: object, on: date, at: str = "/patient") -> matching.Patient:
    """A patient from plain JSON data; raises InvalidRequestError with all faults, pointers beginning with `at`."""
    try:
        sent = PatientIn.model_validate(data)
    except ValidationError as error:
        found = every_fault(error, data, on, at)
        raise InvalidRequestError(summary(found), found) from None
    found = list(impossible(sent, on, at))
    if found:
        raise InvalidRequestError(summary(found), found)
    return to_patient(sent, on)


def check(patients: Mapping[str, PatientIn], on: date, places: PlaceStore) -> None:
    """Raises InvalidRequestError with everything that is impossible in patients named by their pointers.

    A name of several places is a fault too; the choices for the first such name are told.
    """
    found: list[Fault] = []
    choices: list[Mapping[str, object]] = []
    for at, sent in patients.items():
        found += impossible(sent, on, at, places)
        choices = choices or place_choices(location_of(sent.location), places)
    if found:
        raise InvalidRequestError(summary(found), found, {"choices": choices} if choices else {})


def to_patient(sent: PatientIn, on: date) -> matching.Patient:
    """The engine's patient with what the note says, of one whose facts were checked."""
    return with_note(described(sent), on)[0]


def with_note(patient: matching.Patient, on: date) -> tuple[matching.Patient, tuple[matching.NoteFact, ...]]:
    """The patient with what the note adds, and the facts that were read from it."""
    if not patient.note:
        return patient, ()
    reading = matching.read_note(patient.note, on)
    return matching.merge_note(patient, reading), reading.facts


def described(sent: PatientIn) -> matching.Patient:
    """The patient as described field by field, the note unread."""
    return matching.Patient(
        birth_date=_date(sent.birth_date),
        age=_quantity(sent.age),
        sex=matching.Sex(sent.sex) if sent.sex else None,
        pregnant=sent.pregnant,
        breastfeeding=sent.breastfeeding,
        planning_pregnancy=sent.planning_pregnancy,
        healthy_volunteer=sent.healthy_volunteer,
        location=location_of(sent.location),
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
