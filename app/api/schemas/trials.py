"""Shapes of the answers about stored trials; the store's own bytes are sent."""

from typing import Annotated, Any

from fastapi import Path

from app.api.schemas.matches import Answer

NctId = Annotated[str, Path(pattern=r"^NCT\d{8}$", examples=["NCT04061746"], description="The registry's id")]


class TrialOut(Answer):
    """The whole normalized trial; what the registry does not say is absent."""

    nct_id: str
    brief_title: str | None = None
    overall_status: str | None = None


class CriteriaOut(Answer):
    """The parsed criteria of a stored trial, and how much of its text was read."""

    nct_id: str
    criteria: list[dict[str, Any]]
    coverage: dict[str, int]
    problems: list[dict[str, Any]]


class StoredOut(Answer):
    """What a write did: new, changed or unchanged."""

    nct_id: str
    outcome: str
