"""What is read of FHIR bundles, as a table: `python -m bench.bundles BUNDLE...` (JSON, gzipped or not).

Each bundle also goes through `POST /fhir/ResearchStudy/$match` of the service, over the database of the environment.
Only names of codes are printed, never a value; still, this is meant for made-up patients.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from app.fhir.read import READERS, BundleReading, read_bundle
from app.main import create_app
from app.settings import load_settings

HEAD = (
    "| bundle | resources | may hold a fact | told one | understood | conditions | values | treatments | set aside | answer |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def resources(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of a Bundle, or of the Bundle inside Parameters, in the order in which the reader counts them."""
    if data.get("resourceType") == "Bundle":
        for entry in data.get("entry", []):
            yield entry.get("resource", {})
    else:
        for parameter in data.get("parameter", []):
            inner = parameter.get("resource", {})
            if inner.get("resourceType") == "Bundle":
                yield from resources(inner)
            elif inner:
                yield inner


def unnamed(data: Mapping[str, Any], reading: BundleReading) -> Counter[str]:
    """Names of what was not understood, with how often; "no fact" where nothing of it was used."""
    every = list(resources(data))
    found: Counter[str] = Counter()
    for entry in (e for e in reading.read if not e.understood):
        code = every[entry.index].get("code") or every[entry.index].get("medicationCodeableConcept") or {}
        coded = (code.get("coding") or [{}])[0]
        name = " ".join(str(code.get("text") or coded.get("display") or coded.get("code") or "no code").split())
        found[f"{entry.resource}: {name}" + ("" if entry.facts else " (no fact)")] += 1
    return found


async def answered(client: httpx.AsyncClient, data: Mapping[str, Any], on: date) -> str:
    """The status of $match, how many trials are not ruled out, and how many are in the answer."""
    response = await client.post(
        "/fhir/ResearchStudy/$match",
        params={"on": on.isoformat()},
        content=json.dumps(data),
        headers={"Content-Type": "application/fhir+json"},
    )
    if response.status_code != 200:
        return str(response.status_code)
    body = response.json()
    shown = sum(e["resource"]["resourceType"] == "ResearchStudy" for e in body.get("entry", []))
    return f"{body['total']} trials, {shown} shown"


async def main(paths: list[Path], on: date) -> None:
    """Prints the table and below it what was not understood in all the bundles."""
    every: Counter[str] = Counter()
    set_aside: Counter[str] = Counter()
    app = create_app(load_settings())
    transport = httpx.ASGITransport(app)
    print(HEAD)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service", timeout=120) as client,
    ):
        for path in paths:
            raw = path.read_bytes()
            data = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
            reading = read_bundle(data, on)
            patient = reading.patient
            every.update(unnamed(data, reading))
            set_aside.update(f.message for f in reading.faults)
            kinds = [r.get("resourceType") in READERS for r in resources(data)]
            row = (
                path.name.split(".")[0], len(kinds), sum(kinds), sum(e.facts > 0 for e in reading.read),
                sum(e.understood for e in reading.read), len(patient.conditions), len(patient.observations),
                len(patient.treatments), len(reading.faults),
                "has died" if reading.deceased else await answered(client, data, on),
            )  # fmt: skip
            print("| " + " | ".join(map(str, row)) + " |")
    for title, counted in (("Not understood", every), ("Set aside, and why", set_aside)):
        print(f"\n{title}:\n")
        print("\n".join(f"- {n} x {name}" for name, n in counted.most_common()))


if __name__ == "__main__":
    asyncio.run(main([Path(p) for p in sys.argv[1:]], date(2026, 11, 22)))
