"""Counts and durations by route template, for Prometheus; no path parameter, query or body becomes a label."""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own setting: where processes put their counts, so that each can tell those of all."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def count_across_processes(folder: str) -> None:
    """From here on counts are kept in files of that folder; called before the workers are forked."""
    os.environ[FOLDER] = folder
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # the library says no types here


class Metrics:
    """One registry per app, so that two apps in one process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "trialmatch_requests_total", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "trialmatch_request_seconds",
            "Time to answer",
            ["route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request; `route` is a template such as /v1/trials/{nct_id}."""
        key = (method, route, status)
        known = self._children.get(key)
        if known is None:
            known = self._children[key] = (self.requests.labels(method, route, str(status)), self.seconds.labels(route))
        counter, histogram = known
        counter.inc()
        histogram.observe(seconds)

    def render(self) -> bytes:
        """The text a Prometheus server reads; of all workers, where there are several."""
        folder = os.environ.get(FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)
