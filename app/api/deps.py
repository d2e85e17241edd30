"""What routes are given: the settings, the store, today's day, and the check of an API key."""

import secrets
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.faults import KeyRequiredError, WritesOffError
from app.settings import Settings
from app.store.trials import TrialStore

bearer = HTTPBearer(auto_error=False, description="An API key of the operator, for storing and withdrawing trials")


def get_settings(request: Request) -> Settings:
    """The settings the app was made with."""
    settings = request.app.state.settings
    assert isinstance(settings, Settings)
    return settings


def get_store(request: Request) -> TrialStore:
    """The store the app was made with."""
    store = request.app.state.store
    assert isinstance(store, TrialStore)
    return store


def today() -> date:
    """The day at the edge (UTC); the engine is always given its day."""
    return datetime.now(UTC).date()


def require_key(
    settings: Annotated[Settings, Depends(get_settings)],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> None:
    """Lets a write pass only with a configured key; raises WritesOffError while none is configured."""
    if not settings.api_keys:
        raise WritesOffError("No API key is configured, so storing and withdrawing trials is off.")
    offered = given.credentials.encode() if given else b""
    # Every key is compared, so that the time taken tells nothing.
    matches = [secrets.compare_digest(offered, key.get_secret_value().encode()) for key in settings.api_keys]
    if not any(matches):
        raise KeyRequiredError("Send a valid API key as `Authorization: Bearer KEY`.")


SettingsDep = Annotated[Settings, Depends(get_settings)]
StoreDep = Annotated[TrialStore, Depends(get_store)]
Today = Annotated[date, Depends(today)]
