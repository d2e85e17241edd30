"""`trialmatch rank`: every stored trial in the order in which it fits a patient, by text first, then by eligibility."""

from datetime import date
from typing import Any

from pydantic import ValidationError

import matching
from app.api.errors import Fault, InvalidRequestError
from app.api.impossible import every_fault
from app.api.matches import day_of, engine_filters
from app.api.patients import check, to_patient
from app.api.schemas.matches import MatchRequest
from app.store import ranking, search
from app.store.places import gazetteer
from app.store.rows import folded
from app.store.trials import TrialStore

JUDGED = 300
"""The first of the list are judged by their criteria; what lies behind is too far from the patient's disease."""

NOT_ELIGIBLE = 0.85
"""What the score of a trial is worth to somebody whom a criterion keeps out."""

MOST = 1_000_000


def rank_row(store: TrialStore, row: dict[str, Any], today: date) -> dict[str, Any]:
    """One patient's ranked trials; raises InvalidRequestError. Trials without a status or a text come last, but come."""
    limit = row.get("limit", 20)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST:
        raise InvalidRequestError("a fault in the line", [Fault("/limit", f"a number from 1 to {MOST} is expected")])
    asked = {name: row[name] for name in ("patient", "on", "filters", "scope") if name in row}
    try:
        sent = MatchRequest.model_validate(asked)
    except ValidationError as error:
        raise InvalidRequestError("faults in the line", every_fault(error, asked, today, places=gazetteer())) from None
    on = day_of(sent.on, today)
    check({"/patient": sent.patient}, on, gazetteer())
    patient = to_patient(sent.patient, on)
    looked_for = matching.sought(patient)
    filters = engine_filters(sent.filters)
    query = search.Query(
        statuses=filters.statuses, phases=filters.phases, countries=tuple(map(folded, filters.countries))
    )
    with search.snapshot(store.reads) as connection:
        fitting = search.ids(connection, query)
        scores = ranking.text_scores(connection, looked_for.words, looked_for.same, looked_for.below)
    if sent.scope == "relevant":
        fitting = [nct_id for nct_id in fitting if scores.get(nct_id, 0.0) > 0]
    ordered = sorted(fitting, key=lambda nct_id: (-scores.get(nct_id, 0.0), nct_id))
    facts = matching.prepare(patient, on)
    judged: dict[str, str] = {}
    with store.reader() as reader:
        for trial in reader.trials(ordered[:JUDGED]):
            summary = trial.summary
            found = matching.judge_trial(summary.nct_id, trial.parsed.criteria, summary.eligibility, facts)
            judged[summary.nct_id] = found.eligibility.value
            if found.eligibility is matching.Eligibility.NOT_ELIGIBLE:
                scores[summary.nct_id] = scores.get(summary.nct_id, 0.0) * NOT_ELIGIBLE
    ordered.sort(key=lambda nct_id: (-scores.get(nct_id, 0.0), nct_id))
    return {
        "ranked": [
            {"nct_id": nct_id, "score": round(scores.get(nct_id, 0.0), 4), "eligibility": judged.get(nct_id)}
            for nct_id in ordered[:limit]
        ]
    }
