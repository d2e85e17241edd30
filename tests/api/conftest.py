"""A service over a real SQLite database that holds the shipped samples."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import samples
from app.ingest.run import load
from app.main import create_app
from app.settings import Settings
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore

KEY = "a-key-for-tests"


@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated database with all samples loaded."""
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'samples.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    load(samples.TRIALS, TrialStore(engine), workers=1)
    engine.dispose()
    return url


class Client:
    """Plain synchronous calls to the app, in process, without a server."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


@pytest.fixture(scope="session")
def app(sample_database: str) -> Iterator[Any]:
    made = create_app(Settings(database_url=sample_database, api_keys=()))
    yield made
    made.state.store.engine.dispose()


@pytest.fixture
def client(app: Any) -> Client:
    return Client(app)


@pytest.fixture
def writer(sample_database: str, tmp_path: Path) -> Iterator[Client]:
    """A client of an app that may write, over a database of its own."""
    url = f"sqlite:///{tmp_path / 'writes.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    engine.dispose()
    made = create_app(Settings(database_url=url, api_keys=(KEY,)))
    yield Client(made)
    made.state.store.engine.dispose()
