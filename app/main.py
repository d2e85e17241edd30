"""`create_app(settings)`: the whole service. Importing this module does no work."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware, add_compress_type

import matching
from app.api import (
    batch,
    criteria,
    errors,
    fhir,
    health,
    lookups,
    matches,
    notes,
    search,
    stats,
    trial_parts,
    trials,
)
from app.api.middleware import BodyLimit, HeadAsGet, Observe, RateLimit
from app.api.stored import KeptAnswers, StoredAnswers
from app.metrics import Metrics
from app.settings import Settings, load_settings, snapshot_folder
from app.store.documents import Documents
from app.store.engine import create_engine_for
from app.store.places import gazetteer
from app.store.replica import read_engine
from app.store.snapshot import RegistryKeeper
from app.store.trials import TrialStore

DESCRIPTION = """
Clinical trials that a patient may join, ranked, with every criterion explained.

* `POST /v1/matches` is the main job: a patient in, ranked trials out.
* What is not said of a patient is **unknown**, never false.
* Every quote can be checked: `text[start:end]` of the registry's own text equals `text`.
* Nothing about a patient is stored or logged; answers about a patient are `Cache-Control: no-store`.
* Every error is `application/problem+json` and repeats no value of the patient.

This service does not give medical advice. The study team decides who can join a trial.
"""

TAGS = [
    {"name": "matches", "description": "Patients in, ranked and explained trials out"},
    {"name": "trials", "description": "Stored trials, as normalized from the registries"},
    {"name": "criteria", "description": "Eligibility text read into expressions"},
    {"name": "notes", "description": "Clinical notes read into facts"},
    {"name": "fhir", "description": "FHIR R4 in and out"},
    {"name": "lookups", "description": "Type-ahead. Places: GeoNames (geonames.org), CC BY 4.0"},
    {"name": "operations", "description": "Health and metrics"},
]


def _problems_as_sent(document: dict[str, Any]) -> dict[str, Any]:
    """Every error answer under its own media type; FastAPI would put its models under application/json."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    answer["content"] = {errors.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
                    answer["description"] = errors.TITLES[HTTPStatus(int(status))]
    return document


def openapi_document() -> str:
    """The OpenAPI document as it is committed; needs no database."""
    app = create_app(Settings(database_url="sqlite://"))
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def create_app(settings: Settings | None = None) -> FastAPI:
    """A service over the settings' database; with no settings, those of the environment."""
    chosen = settings or load_settings()
    engine = create_engine_for(chosen.database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        matching.warm()
        gazetteer()
        # The tables live as long as the process: the collector need not look through them again and again.
        gc.collect()
        gc.freeze()
        gc.enable()
        keeper = None
        if chosen.keeps_arrays:
            keeper = RegistryKeeper(app.state.store, snapshot_folder(chosen), chosen.database_url)
            keeper.start()
        yield
        app.state.batch_processes.close()
        if keeper is not None:
            keeper.stop()
        app.state.store.close()

    app = FastAPIOffline(
        title="trialmatch",
        version=version("trialmatch"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        # Spans hold query strings, and a query may be about a person; our own counts and log do not.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.settings = chosen
    reads = read_engine(chosen.read_database_url, engine) if chosen.read_database_url else None
    app.state.store = TrialStore(engine, reads)
    app.state.batch_processes = batch.BatchProcesses(chosen)
    app.state.metrics = Metrics()
    errors.install(app)
    for router in (
        batch.router,
        matches.router,
        trials.router,
        stats.router,
        trial_parts.router,
        search.router,
        criteria.router,
        lookups.router,
        notes.router,
        health.router,
        fhir.router,
    ):
        app.include_router(router)
    # The last added is the outermost.
    for media_type in ("application/fhir+json", "application/x-ndjson", "text/csv"):
        add_compress_type(media_type)
    app.add_middleware(CompressMiddleware, minimum_size=1000)
    app.add_middleware(BodyLimit, limit=chosen.max_body_bytes, limits={batch.PATH: batch.MAX_BATCH_BYTES})
    kept = KeptAnswers(app.state.store)
    app.add_middleware(StoredAnswers, documents=Documents(app.state.store.reads), kept=kept)
    if chosen.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(chosen.cors_origins),
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "If-Modified-Since"],
            expose_headers=["ETag", "Last-Modified", "Link", "Retry-After", "X-Request-ID"],
        )
    if chosen.rate_limit:
        app.add_middleware(RateLimit, rate=chosen.rate_limit)
    app.add_middleware(HeadAsGet)
    # Layers in between that have a say in every answer must see each request.
    at_once = None if chosen.cors_origins or chosen.rate_limit else kept
    app.add_middleware(Observe, metrics=app.state.metrics, kept=at_once)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _problems_as_sent(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app
