"""What an operator can set, all through environment variables that begin with TRIALMATCH_."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def default_database_url() -> str:
    """SQLite in the user's data folder ($XDG_DATA_HOME or ~/.local/share)."""
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return f"sqlite:///{base / 'trialmatch' / 'trialmatch.db'}"


class Settings(BaseSettings):
    """Read once, at the start of a command or a service."""

    model_config = SettingsConfigDict(env_prefix="TRIALMATCH_")

    database_url: str = Field(default_factory=default_database_url)
    """Any SQLAlchemy URL of SQLite or PostgreSQL."""

    read_database_url: str | None = None
    """A replica of the database that reads go to; while it does not answer, they go to the primary."""

    keeps_arrays: bool = True
    """The service judges on arrays of all trials, kept current in the background; off: trial by trial."""

    snapshot_dir: Path | None = None
    """Where the registry's arrays are kept; None: in the user's cache folder, apart for each database."""

    batch_processes: int | None = Field(default=None, ge=0)
    """Processes of each worker that answer long batches, started with the first; None: one a processor; 0: none."""

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys that may store and withdraw trials, separated by commas; none: those calls are off."""

    max_body_bytes: int = 8 * 1024 * 1024
    """A larger body is refused with 413."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins that browsers may call from, separated by commas; `*` for all."""

    rate_limit: str | None = None
    """Requests a client address may make, such as `100/minute`; None: no limit."""

    registry_url: str = "https://clinicaltrials.gov/api/v2"
    """Where `trialmatch sync` asks: the registry's API v2, or a mirror of it."""

    log_level: str = "INFO"

    host: str = "127.0.0.1"
    port: int = 8000

    @field_validator("api_keys", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def load_settings(**values: Any) -> Settings:
    """The settings of the environment, with `values` on top."""
    return Settings(**values)


def snapshot_folder(settings: Settings) -> Path:
    """Where the arrays of the settings' database are kept ($XDG_CACHE_HOME or ~/.cache)."""
    if settings.snapshot_dir is not None:
        return settings.snapshot_dir
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "trialmatch" / blake2b(settings.database_url.encode(), digest_size=8).hexdigest()
