"""The floor of serving: uvicorn, and an application that sends bytes from a dictionary."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn


def application(bodies: dict[str, bytes]) -> Any:
    """An application that knows nothing but these bodies by their path and query."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        query = scope["query_string"]
        body = bodies.get(f"{scope['path']}?{query.decode()}" if query else scope["path"], b"{}")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    uvicorn.run(
        application({path: body.encode() for path, body in told.items()}),
        port=int(sys.argv[1]),
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
    )
