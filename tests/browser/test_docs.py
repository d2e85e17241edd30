"""The documentation in a real browser: it renders every call and asks nothing of any other host."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from app.main import create_app
from app.settings import Settings
from app.store.engine import create_engine_for, upgrade

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = "browser" in os.environ.get("TRIALMATCH_TESTS_REQUIRE", "").split()
# Without these the browser looks up its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A server on loopback over an empty store."""
    url = f"sqlite:///{tmp_path_factory.mktemp('browser') / 'empty.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    engine.dispose()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(Settings(database_url=url)), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(300):
        if server.started:
            break
        time.sleep(0.1)
    assert server.started
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(("page", "selector"), [("/docs", ".opblock"), ("/redoc", "h1")])
def test_the_documentation_renders_without_any_other_host(address, page, selector):
    asked: list[str] = []
    refused: list[str] = []
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        # What the page's policy forbids is told as a request too, but never leaves the browser.
        tab.on("requestfailed", lambda request: refused.append(request.url) if request.failure == "csp" else None)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.goto(address + page)
        tab.wait_for_selector(selector, timeout=30_000)
        text = tab.inner_text("body")
        browser.close()
    assert "Match a patient with trials" in text
    assert "Read eligibility text into criteria" in text
    assert [url for url in asked if not url.startswith((address, "data:", "blob:")) and url not in refused] == []
    assert faults == []
