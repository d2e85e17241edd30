"""The patient as a request says it (CONTRACT section 2), checked and turned into the engine's `Patient`.

Everything is optional; what is not said is unknown, never false. Types are strict: `false` is no number.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

import matching


class Strict(BaseModel):
    """No unknown fields, no coercion."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _partial_date(text: str) -> str:
    try:
        matching.PartialDate.parse(text)
    except ValueError:
        raise ValueError("a possible date is expected: YYYY-MM-DD, YYYY-MM or YYYY") from None
    return text


def _day(text: str) -> str:
    try:
        if matching.PartialDate.parse(text).day is None:
            raise ValueError
    except ValueError:
        raise ValueError("a possible day is expected: YYYY-MM-DD") from None
    return text


PartialDay = Annotated[
    str, Field(max_length=10, examples=["2001-04-03", "2001-04", "2001"]), AfterValidator(_partial_date)
]
Day = Annotated[str, Field(max_length=10, examples=["2026-11-22"]), AfterValidator(_day)]
Words = Annotated[str, Field(min_length=1, max_length=500)]
Unit = Annotated[str, Field(min_length=1, max_length=60)]

TIME_UNITS = ("a", "mo", "wk", "d")
SETTINGS_HINT = "such as fasting, stimulated, random"


class CodeIn(Strict):
    """A code of a vocabulary."""

    system: Literal["mesh", "icd10cm", "snomed", "ncit", "loinc", "rxnorm", "mondo"]
    code: Annotated[str, Field(min_length=1, max_length=40)]


class QuantityIn(Strict):
    """A number with its unit."""

    value: float
    unit: Unit


class ConditionIn(Strict):
    """A disease or finding the patient has, had, or (`present: false`) is known not to have."""

    text: Words
    codes: Annotated[list[CodeIn], Field(max_length=20)] = []
    present: bool = True
    onset_on: PartialDay | None = None
    resolved_on: PartialDay | None = None
    active: bool | None = None
    qualifiers: Annotated[list[Words], Field(max_length=10)] = []


class ObservationIn(Strict):
    """A measured value, a score, or a result in words."""

    name: Words
    loinc: Annotated[str, Field(min_length=3, max_length=10)] | None = None
    value: float | None = None
    unit: Unit | None = None
    result: Words | None = None
    on: PartialDay | None = None
    comparator: Literal["<", "<=", ">", ">="] | None = None
    value_high: float | None = None
    setting: Annotated[str, Field(min_length=1, max_length=40, description=SETTINGS_HINT)] | None = None
    reference_low: float | None = None
    reference_high: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.value is None and self.result is None:
            raise ValueError("an observation needs a value or a result")
        return self


class TreatmentIn(Strict):
    """A drug, procedure, device or radiation; `taken: false`: known never to have had it."""

    text: Words
    codes: Annotated[list[CodeIn], Field(max_length=20)] = []
    taken: bool = True
    started_on: PartialDay | None = None
    stopped_on: PartialDay | None = None
    current: bool | None = None
    planned: bool = False
    dose: QuantityIn | None = None


class LocationIn(Strict):
    """Coordinates, or a place name, or a postal code with its country."""

    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    place: Words | None = None
    postal_code: Annotated[str, Field(min_length=2, max_length=12)] | None = None
    country: Words | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon go together")
        if self.lat is None and self.place is None and self.postal_code is None:
            raise ValueError("a location is lat and lon, or a place, or a postal_code with its country")
        if self.postal_code is not None and self.country is None:
            raise ValueError("a postal_code needs its country")
        return self


class PatientIn(Strict):
    """Everything optional; unknown is never no."""

    birth_date: PartialDay | None = None
    age: QuantityIn | None = None
    sex: Literal["FEMALE", "MALE"] | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    planning_pregnancy: bool | None = None
    healthy_volunteer: bool | None = None
    location: LocationIn | None = None
    conditions: Annotated[list[ConditionIn], Field(max_length=1000)] = []
    observations: Annotated[list[ObservationIn], Field(max_length=5000)] = []
    treatments: Annotated[list[TreatmentIn], Field(max_length=1000)] = []
    complete: Annotated[list[Literal["conditions", "treatments", "observations"]], Field(max_length=3)] = []
    statements: Annotated[dict[Annotated[str, Field(max_length=60)], bool], Field(max_length=50)] = {}
    note: Annotated[str, Field(max_length=200_000)] | None = None
