"""A patient as the caller describes one. What is not said is unknown, never false."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from matching.model.codes import Sex


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A day, a month of a year, or a year: an interval of days."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Reads `2001`, `2001-04` or `2001-04-03`. Raises ValueError for anything else or an impossible date."""
        parts = text.split("-")
        widths = [4, 2, 2][: len(parts)]
        if len(parts) > 3 or [len(p) for p in parts] != widths or not all(p.isascii() and p.isdigit() for p in parts):
            raise ValueError("not a date, a year and month, or a year")
        numbers = [int(p) for p in parts]
        date(*[*numbers, 1, 1][:3])
        return cls(*numbers)

    @property
    def earliest(self) -> date:
        """The first day it may mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        return "-".join([f"{self.year:04d}"] + [f"{p:02d}" for p in (self.month, self.day) if p is not None])


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a vocabulary; `system` is a CodeSystem value."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its UCUM unit."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class NoteSpan:
    """Where in the note a fact was read."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A disease or a finding. `present` False: known not to have (or have had) it.

    `active` False: resolved; None: not said. `family` facts are never about the patient and are not put here.
    """

    text: str
    codes: tuple[Code, ...] = ()
    present: bool = True
    onset_on: PartialDate | None = None
    resolved_on: PartialDate | None = None
    active: bool | None = None
    qualifiers: tuple[str, ...] = ()
    span: NoteSpan | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A measured value, a score, or a result in words.

    `value` in `unit` (UCUM, None: none given); `comparator` "<", "<=", ">", ">=" for a censored value;
    `value_high` for a range (value to value_high); `result` in words (positive, negative, current, never, ...).
    `reference_low` and `reference_high` are in the observation's own unit. `on` None: date not given.
    """

    name: str
    loinc: str | None = None
    value: float | None = None
    unit: str | None = None
    result: str | None = None
    on: PartialDate | None = None
    comparator: Literal["<", "<=", ">", ">="] | None = None
    value_high: float | None = None
    digits: int | None = None
    setting: str | None = None
    reference_low: float | None = None
    reference_high: float | None = None
    span: NoteSpan | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """A drug, procedure, device or radiation. `taken` False: known never to have had it.

    `planned` True: not yet begun. `stopped_on` None with `current` None: not said whether it goes on.
    """

    text: str
    codes: tuple[Code, ...] = ()
    taken: bool = True
    started_on: PartialDate | None = None
    stopped_on: PartialDate | None = None
    current: bool | None = None
    planned: bool = False
    dose: Quantity | None = None
    span: NoteSpan | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where the patient is: coordinates in degrees (WGS 84), or a place name, or a postal code with its country."""

    lat: float | None = None
    lon: float | None = None
    place: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything optional. `complete` names lists that hold all there is; `statements` are yes/no answers by topic."""

    birth_date: PartialDate | None = None
    age: Quantity | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    planning_pregnancy: bool | None = None
    healthy_volunteer: bool | None = None
    location: Location | None = None
    conditions: tuple[Condition, ...] = ()
    observations: tuple[Observation, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    complete: frozenset[str] = frozenset()
    statements: Mapping[str, bool] = field(default_factory=dict)
    note: str | None = None
