"""Requests that are bound by the processor take turns in a worker: side by side in threads they only hinder one another.

Eight of them at once on one interpreter lock took more than twice the processor time, each, of one after another. Other
workers have turns of their own, and what waits for a database or goes out as stored bytes waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 1

_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Waits for the processor, in the order of arrival as far as the lock goes."""
    with _turns:
        yield
