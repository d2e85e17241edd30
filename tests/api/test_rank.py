"""`trialmatch rank`: a note in, every stored trial out, the patient's own disease first."""

from datetime import date

import pytest

from app.api.errors import InvalidRequestError
from app.api.ranking import rank_row

NOTE = "A 25-year-old man with type 1 diabetes, diagnosed two months ago. He takes insulin. No history of cancer."
ON = date(2026, 11, 22)


def ranked(app, **row):
    asked = {"patient": {"note": NOTE}, "filters": {"status": ["any"]}, "scope": "all", "limit": 1000, **row}
    return rank_row(app.state.store, asked, ON)["ranked"]


def test_no_trial_is_lost_and_the_patients_disease_is_first(app):
    rows = ranked(app)
    assert len({row["nct_id"] for row in rows}) == len(rows) == app.state.store.count()
    first = {row["nct_id"] for row in rows[:6]}
    assert len(first & {"NCT04061746", "NCT06407297", "NCT01374854", "NCT01219465", "NCT01322789"}) >= 3
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_filters_and_the_limit_hold(app):
    assert len(ranked(app, limit=3)) == 3
    open_now = {row["nct_id"] for row in ranked(app, filters={"status": ["RECRUITING"]})}
    assert 0 < len(open_now) < app.state.store.count()


def test_a_faulty_line_names_its_faults(app):
    with pytest.raises(InvalidRequestError) as caught:
        ranked(app, limit=0)
    assert [fault.pointer for fault in caught.value.faults] == ["/limit"]
