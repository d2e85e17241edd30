"""A small registry on loopback that speaks the form of the API v2, with faults on demand."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RANGE = re.compile(r"AREA\[LastUpdatePostDate\]RANGE\[([0-9-]+),MAX\]")


@dataclass
class Fault:
    """One answer that goes wrong: a status with headers, a body cut at half, another body, or a late one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    body: bytes | None = None
    late_s: float = 0.0


@dataclass
class LocalRegistry:
    """What the server holds; `faults` are answered first, one a request. An empty page follows every third."""

    studies: list[dict[str, Any]]
    timestamp: str = "2026-11-20T09:00:05"
    faults: list[Fault] = field(default_factory=list)
    page_s: float = 0.0
    tokens_die: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append({"path": path, **query})
        if self.faults:
            fault = self.faults.pop(0)
            time.sleep(fault.late_s)
            if fault.status != 200:
                return fault.status, fault.headers, b"slow down"
            if fault.body is not None:
                return 200, {}, fault.body
            body = self.body(path, query)
            return 200, {}, body[: len(body) // 2] if fault.cut else body
        if query.get("pageToken") and self.tokens_die:
            return 400, {}, b"Incorrect token"
        if path.endswith("/studies"):
            time.sleep(self.page_s)
        return 200, {}, self.body(path, query)

    def body(self, path: str, query: dict[str, str]) -> bytes:
        if path == "/api/v2/version":
            return json.dumps({"apiVersion": "2.0.5", "dataTimestamp": self.timestamp}).encode()
        found = [study for study in self.studies if self.wanted(study, query)]
        size = int(query["pageSize"])
        at, _, empty = query.get("pageToken", "0").partition("e")
        start = int(at)
        if empty:
            return json.dumps({"studies": [], "nextPageToken": at}).encode()
        page: dict[str, Any] = {"studies": found[start : start + size]}
        if start == 0 and query.get("countTotal") == "true":
            page["totalCount"] = len(found)
        if start + size < len(found):
            page["nextPageToken"] = f"{start + size}{'e' if (start // size) % 3 == 2 else ''}"
        if query.get("fields") == "NCTId":
            page["studies"] = [
                {"protocolSection": {"identificationModule": {"nctId": nct_id(study)}}} for study in page["studies"]
            ]
        return json.dumps(page).encode()

    def wanted(self, study: dict[str, Any], query: dict[str, str]) -> bool:
        protocol = study["protocolSection"]
        status = protocol["statusModule"]
        if "filter.overallStatus" in query and status["overallStatus"] not in query["filter.overallStatus"].split("|"):
            return False
        if "filter.ids" in query and nct_id(study) not in query["filter.ids"].split(","):
            return False
        if "filter.advanced" in query:
            since = RANGE.fullmatch(query["filter.advanced"])
            assert since is not None
            if status["lastUpdatePostDateStruct"]["date"] < since[1]:
                return False
        named = " ".join(protocol.get("conditionsModule", {}).get("conditions", [])).lower()
        return query.get("query.cond", "").lower() in named


def nct_id(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["identificationModule"]["nctId"])


@contextmanager
def serving(registry: LocalRegistry) -> Iterator[LocalRegistry]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, headers, body = registry.answer(parts.path, query)
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client was killed, or did not wait

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    registry.url = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
