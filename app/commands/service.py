"""Commands on the service: run it, write its document."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from app.commands.console import err


def openapi(
    path: Annotated[Path, typer.Option(help="Where to write.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the OpenAPI document."""
    from app.main import openapi_document

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(openapi_document(), encoding="utf-8")
    err.print(f"Wrote {path}.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Run the service on port 8000."""
    # What a start makes stays: the collector would look through all of it again and again. It begins when all is loaded.
    gc.disable()
    import uvicorn

    from app import workers as processes
    from app.logs import configure
    from app.main import create_app
    from app.settings import load_settings

    settings = load_settings()
    configure(settings.log_level)
    address, listens_on = host or settings.host, port or settings.port
    if workers > 1:
        processes.serve(settings, address, listens_on, workers)
        return
    uvicorn.run(create_app(settings), host=address, port=listens_on, **processes.configured())  # type: ignore[arg-type]
