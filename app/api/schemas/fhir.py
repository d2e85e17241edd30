"""Shapes of FHIR requests and answers, as far as they are fixed: what is inside a resource is read by `app.fhir`."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_ENTRIES = 20_000

Listed = Annotated[list[Any], Field(max_length=MAX_ENTRIES)]


class FhirIn(BaseModel):
    """A Bundle, or Parameters that hold one. Anything else in it is FHIR's own."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["Bundle", "Parameters"]
    entry: Listed | None = None
    parameter: Listed | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if not (self.entry if self.resourceType == "Bundle" else self.parameter):
            raise ValueError(f"the {self.resourceType} is empty")
        return self


class PatientDataIn(BaseModel):
    """A Bundle by itself, or under `patientData`, there also as a text of JSON."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["Bundle"] | None = None
    entry: Listed | None = None
    patientData: dict[str, Any] | Annotated[str, Field(max_length=8_000_000)] | None = None


class SearchsetOut(BaseModel):
    """A searchset Bundle of ResearchStudy, best first; `total` counts every trial that is not ruled out."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["Bundle"]
    type: Literal["searchset"]
    total: int
    entry: list[dict[str, Any]]
