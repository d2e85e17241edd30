"""Whole answers to the shipped patients, without HTTP: considered, judged, ranked, explained, encoded."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app import samples
from app.api.matches import answer
from app.api.schemas.matches import MatchRequest
from app.ingest.run import load
from app.store.engine import create_engine_for, upgrade
from app.store.places import gazetteer
from app.store.trials import TrialStore
from bench.report import Report, timed
from bench.run import Run

ON = date(2026, 11, 22)


def requests() -> dict[str, MatchRequest]:
    """The shipped patients' requests by name."""
    return {
        p.stem: MatchRequest.model_validate(json.loads(p.read_text())) for p in sorted(samples.PATIENTS.glob("*.json"))
    }


def measure(report: Report, run: Run) -> None:
    """Asks over the shipped trials."""
    with tempfile.TemporaryDirectory(dir=run.folder) as folder:
        engine = create_engine_for(f"sqlite:///{Path(folder) / 'answers.db'}")
        upgrade(engine)
        store = TrialStore(engine)
        load(samples.TRIALS, store)

        def ask(request: MatchRequest) -> dict[str, Any]:
            with store.reader() as reader:
                found = answer(reader, request, ON, gazetteer())
            orjson.dumps(found)
            return found

        for name, request in requests().items():
            considered = ask(request)["totals"]["considered"]
            taken = timed(lambda request=request: ask(request))  # type: ignore[misc]  # bound at once
            report.timing(f"answer for the patient {name}", taken, f"{considered} trials considered")
        everything = requests()["type_1_diabetes"].model_copy(update={"scope": "all"})
        considered = ask(everything)["totals"]["considered"]
        taken = timed(lambda: ask(everything), times=5)
        report.add(
            "the same patient against all", taken.p50 / max(1, considered) * 1000, "ms a trial", f"{considered} trials"
        )
        engine.dispose()
