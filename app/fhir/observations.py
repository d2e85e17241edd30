"""Observation -> the patient's measurements, scores and results, with mCODE's profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import matching
from app.fhir.conditions import stage_in, stage_words
from app.fhir.elements import (
    Concept,
    Entry,
    Json,
    UnusableError,
    concept_of,
    listed,
    mapping,
    number_of,
    text_of,
)
from app.fhir.scores import (
    GENE_STUDIED,
    GRADES,
    INTERPRETED,
    STAGE_GROUP,
    VARIANT,
    answer_in,
    gene_in,
    grade_in,
    kind_of,
    tnm_in,
)
from matching import Observation, PartialDate

UNUSED = frozenset({"entered-in-error", "cancelled", "registered"})
PREGNANCY_STATUS = "82810-3"
SMOKING_STATUS = frozenset({"72166-2", "11367-0", "39240-7"})
PER_AREA = frozenset(
    {"33914-3", "48642-3", "48643-1", "50044-7", "62238-1", "69405-9", "88293-6", "88294-4", "98979-8"}
)
"""Filtration rates that LOINC defines per 1.73 m2, though laboratories report them as mL/min."""
SPECIFIC_VARIANT = frozenset({"81252-9", "81290-9", "48004-6", "48005-3", "51961-1"})
PREGNANT, NOT_PREGNANT = frozenset({"77386006", "LA15173-0"}), frozenset({"60001007", "LA26683-5"})
PREGNANT_FOR_DAYS, NOT_PREGNANT_FOR_DAYS = 294, 14
"""A pregnancy lasts 42 weeks at most; that there was none says little after two weeks."""

_NUMBER = re.compile(
    r"\s*(?P<comparator><=|>=|<|>|≤|≥)?\s*(?P<value>-?\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>[^\d\s].{0,39})?\Z"
)
_COMPARATORS = {"≤": "<=", "≥": ">="}
_NO_UNIT = frozenset({"score", "points", "point", "{score}", "(score)"})

Comparator = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class PregnancyStatus:
    """What an observation says of a pregnancy on the day of the match."""

    pregnant: bool


@dataclass(frozen=True, slots=True)
class StageGroup:
    """A cancer's stage, for the conditions that it is about; `focus` empty: the primary cancer."""

    qualifiers: tuple[str, ...]
    focus: tuple[str, ...]
    on: PartialDate | None


Observed = Observation | PregnancyStatus | StageGroup


def read_observation(entry: Entry) -> Iterator[Observed]:
    """One observation and those among its components."""
    if entry.status() in UNUSED:
        return
    concept = entry.concept("code")
    on = entry.day("effectiveDateTime", "effectivePeriod/end", "effectivePeriod/start", "effectiveInstant")
    if concept.has(PREGNANCY_STATUS):
        yield from _pregnancy(entry, on)
        return
    if concept.has(VARIANT) or "genetic-variant" in entry.profiles or "genomic-variant" in entry.profiles:
        yield from _variant(entry, on)
        return
    kind = kind_of(entry.profiles, concept)
    name, loinc = kind[::-1] if kind else _named(concept)
    if name is None:
        raise UnusableError("code", "neither words nor a code on file")
    if name in GRADES:
        yield _grade(entry, name, loinc, on)
        return
    if name == STAGE_GROUP or name.startswith("TNM "):
        yield from _stage(entry, name, loinc, on)
        return
    read = list(_valued(entry, "", entry.data, name, loinc, on))
    for index, part in enumerate(listed(entry.data.get("component"))):
        part_name, part_loinc = _component(part)
        if part_name is not None:
            read += _valued(entry, f"component/{index}/", part, part_name, part_loinc, on)
    if not read and not entry.faults:
        raise UnusableError("value", "no value that could be read")
    yield from read


def _named(concept: Concept) -> tuple[str | None, str | None]:
    """The name and LOINC code: of a coding whose analyte is on file, else of the first."""
    coded = [c for c in concept.codings if c.ours is not None and c.ours.system == "loinc"]
    for coding in coded:
        if coding.code in SMOKING_STATUS:
            return "smoking status", coding.code
        analyte = matching.analyte_of("", coding.code)
        if analyte is not None:
            return analyte, coding.code
    return concept.text, coded[0].code if coded and len(coded[0].code) <= 10 else None


def _component(part: Json) -> tuple[str | None, str | None]:
    """The name and LOINC code of a component; SNOMED codes are taken as in the whole."""
    concept = concept_of(part.get("code"))
    kind = kind_of("", concept)
    return kind[::-1] if kind else _named(concept)


def _valued(
    entry: Entry, at: str, data: Json, name: str, loinc: str | None, on: PartialDate | None
) -> Iterator[Observation]:
    """The value of an observation or of a component."""
    coded = concept_of(data.get("valueCodeableConcept"))
    answer = answer_in(coded) or _plain_answer(data) or _interpreted(data)
    quantity = mapping(data.get("valueQuantity"))
    if quantity and answer_in(coded) is None:
        yield from _measured(entry, at, quantity, data, name, loinc, on)
    elif mapping(data.get("valueRange")):
        yield from _ranged(entry, at, mapping(data["valueRange"]), name, loinc, on)
    elif answer is not None:
        if quantity:
            entry.fault(f"{at}valueQuantity", "a second value; the coded one was used")
        yield from _answered(answer, name, loinc, on)
    else:
        number = number_of(data.get("valueInteger"))
        if number is not None:
            yield Observation(name, loinc, value=number, on=on)


def _measured(
    entry: Entry, at: str, quantity: Json, data: Json, name: str, loinc: str | None, on: PartialDate | None
) -> Iterator[Observation]:
    value = number_of(quantity.get("value"))
    if value is None:
        entry.fault(f"{at}valueQuantity", "no number")
        return
    comparator = quantity.get("comparator")
    if comparator not in (None, "<", "<=", ">", ">="):
        entry.fault(f"{at}valueQuantity/comparator", "not a comparator of R4, so the value was not used")
        return
    unit, known = _unit(quantity, loinc)
    analyte = matching.analyte_of(name, loinc)
    if not known or (unit is not None and analyte is not None and not matching.unit_fits(unit, analyte)):
        entry.fault(f"{at}valueQuantity/unit", "a unit that does not fit or is not known, so the value was not used")
        return
    low, high = _reference(data, unit, loinc)
    yield Observation(
        name,
        loinc,
        value=value,
        unit=unit,
        on=on,
        comparator=cast("Comparator | None", comparator),
        reference_low=low,
        reference_high=high,
    )


def _unit(quantity: Json, loinc: str | None) -> tuple[str | None, bool]:
    """The unit as a UCUM code, and whether it is known; none at all is known too."""
    said = [text for text in (text_of(quantity.get("code")), text_of(quantity.get("unit"))) if text]
    if not said or said[0].lower() in _NO_UNIT:
        return None, True
    unit = next((code for text in said if (code := matching.ucum(text)) is not None), None)
    if unit == "mL/min" and loinc in PER_AREA:
        unit = "mL/min/{1.73_m2}"
    return unit, unit is not None


def _reference(data: Json, unit: str | None, loinc: str | None) -> tuple[float | None, float | None]:
    """The normal range, in the value's unit; none where several are given or the units differ."""
    normal = [
        each
        for each in listed(data.get("referenceRange"))
        if not each.get("type") or concept_of(each["type"]).has("normal")
    ]
    if len(normal) != 1:
        return None, None
    ends: list[float | None] = []
    for end in ("low", "high"):
        quantity = mapping(normal[0].get(end))
        own, known = _unit(quantity, loinc)
        ends.append(number_of(quantity.get("value")) if known and own in (None, unit) else None)
    low, high = ends
    return (None, None) if low is not None and high is not None and low > high else (low, high)


def _ranged(
    entry: Entry, at: str, ends: Json, name: str, loinc: str | None, on: PartialDate | None
) -> Iterator[Observation]:
    low, high = mapping(ends.get("low")), mapping(ends.get("high"))
    values = number_of(low.get("value")), number_of(high.get("value"))
    units = _unit(low, loinc), _unit(high, loinc)
    if values[0] is None or values[1] is None or values[0] > values[1] or units[0] != units[1] or not units[0][1]:
        entry.fault(f"{at}valueRange", "not a range that could be read")
        return
    yield Observation(name, loinc, value=values[0], value_high=values[1], unit=units[0][0], on=on)


def _answered(answer: str, name: str, loinc: str | None, on: PartialDate | None) -> Iterator[Observation]:
    """A result in words, or a number that was sent as a text."""
    found = _NUMBER.match(answer)
    if found is None:
        yield Observation(name, loinc, result=answer, on=on)
        return
    unit = matching.ucum(found["unit"]) if found["unit"] else None
    analyte = matching.analyte_of(name, loinc)
    if found["unit"] and (unit is None or (analyte is not None and not matching.unit_fits(unit, analyte))):
        yield Observation(name, loinc, result=answer, on=on)
        return
    comparator = _COMPARATORS.get(found["comparator"], found["comparator"])
    yield Observation(
        name,
        loinc,
        value=float(found["value"]),
        unit=unit,
        on=on,
        comparator=cast("Comparator | None", comparator),
    )


def _plain_answer(data: Json) -> str | None:
    if isinstance(data.get("valueBoolean"), bool):
        return "yes" if data["valueBoolean"] else "no"
    text = text_of(data.get("valueString"))
    return text.lower() if text else None


def _interpreted(data: Json) -> str | None:
    """A result that only the interpretation says; "N" and "H" count where there is no value."""
    if any(key.startswith("value") for key in data):
        return None
    for each in listed(data.get("interpretation")):
        concept = concept_of(each)
        for coding in concept.codings:
            if coding.code in INTERPRETED:
                return INTERPRETED[coding.code]
        answer = answer_in(concept) if concept.has("POS", "NEG", "DET", "ND", "10828004", "260385009") else None
        if answer:
            return answer
    return None


def _grade(entry: Entry, name: str, loinc: str | None, on: PartialDate | None) -> Observation:
    """A performance status; an impossible one is a fault."""
    data = entry.data
    value = data.get("valueInteger", data.get("valueString", mapping(data.get("valueQuantity")).get("value")))
    coded = concept_of(data.get("valueCodeableConcept"))
    told = list(listed(data.get("interpretation")))
    if value is None and not coded.codings and told:
        coded = concept_of(told[0])
    grade = grade_in(name, value, coded)
    if grade is None:
        raise UnusableError("value", f"not a grade of {name}, so the fact was not used")
    return Observation(name, loinc, value=grade, on=on)


def _stage(entry: Entry, name: str, loinc: str | None, on: PartialDate | None) -> Iterator[Observed]:
    """A stage group, for the score and for the cancer's qualifiers; or a category of T, N or M."""
    data = entry.data
    coded = concept_of(data.get("valueCodeableConcept"))
    if not coded.words:
        coded = concept_of({"text": data.get("valueString")})
    if name != STAGE_GROUP:
        found = tnm_in(name, coded)
        if found is None:
            raise UnusableError("value", "not a category that could be read")
        yield Observation(name, loinc, value=float(found[0]), on=on)
        return
    stage = stage_in(coded)
    if stage is None:
        raise UnusableError("value", "not a stage that could be read")
    yield Observation(name, loinc, value=float(stage[0]), on=on)
    focus = (text_of(each.get("reference")) for each in listed(data.get("focus")))
    yield StageGroup(stage_words(stage), tuple(each for each in focus if each), on)


def _variant(entry: Entry, on: PartialDate | None) -> Iterator[Observation]:
    """A gene that was looked at.

    A variant that is there is one of many, and one named variant that is not there denies no other: only a gene
    without any variant is called by the name under which trials ask for a mutation.
    """
    parts = [(concept_of(part.get("code")), part) for part in listed(entry.data.get("component"))]
    gene = next(
        (gene_in(concept_of(part.get("valueCodeableConcept"))) for code, part in parts if code.has(GENE_STUDIED)), None
    )
    if gene is None:
        raise UnusableError("component", "the gene is not named, or by a number that is not on file")
    result = answer_in(concept_of(entry.data.get("valueCodeableConcept"))) or _plain_answer(entry.data)
    if result not in ("positive", "negative"):
        raise UnusableError("value", "neither present nor absent")
    specific = any(code.has(*SPECIFIC_VARIANT) for code, _ in parts)
    name = f"{gene} mutation" if result == "negative" and not specific else f"{gene} gene variant"
    yield Observation(name, None, result=result, on=on)


def _pregnancy(entry: Entry, on: PartialDate | None) -> Iterator[PregnancyStatus]:
    """The status as recorded, while it can still be so."""
    coded = entry.concept("valueCodeableConcept")
    days = (entry.on - on.latest).days if on is not None else None
    if coded.has(*PREGNANT) and days is not None and days <= PREGNANT_FOR_DAYS:
        yield PregnancyStatus(True)
    elif coded.has(*NOT_PREGNANT) and days is not None and days <= NOT_PREGNANT_FOR_DAYS:
        yield PregnancyStatus(False)
    else:
        raise UnusableError("value", "a pregnancy status too old, undated or unsure to hold on the day of the match")
