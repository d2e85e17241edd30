from datetime import date

import pytest

from matching.answering.rank import (
    POINTS,
    WEIGHTS,
    rank_key,
    score,
    score_parts,
    share,
)
from matching.model.codes import Eligibility
from matching.model.finding import Counts, NearestSite
from matching.model.patient import PartialDate

ON = date(2026, 11, 22)


def site(distance: float | None, precision: str | None = "city") -> NearestSite:
    return NearestSite("Hospital", "Charleston", "United States", "RECRUITING", distance, precision)


def parts_of(counts=Counts(), nearest=None, updated=None):  # noqa: B008  # frozen
    return score_parts(counts, 0.0, nearest, updated, ON)


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        (Counts(), 0.5),
        (Counts(on_site=7, not_applicable=3), 0.5),
        (Counts(in_favour=9), 0.95),
        (Counts(in_favour=9, missing=2, unreadable=3, on_site=3), 0.8),
        (Counts(against=1), 0.25),
        (Counts(stale=1, not_comparable=1, conflict=1), 0.5),
    ],
)
def test_the_eligibility_part(counts: Counts, part: float) -> None:
    assert parts_of(counts=counts)["eligibility"] == part


@pytest.mark.parametrize(
    ("nearest", "part"),
    [
        (None, 0.5),
        (site(0.0), 1.0),
        (site(100.0), 0.5),
        (site(300.0), 0.25),
        (site(None, "city"), 1.0),
        (site(None, "country"), 0.5),
        (site(None, None), 0.5),
    ],
)
def test_the_distance_part(nearest: NearestSite | None, part: float) -> None:
    assert parts_of(nearest=nearest)["distance"] == part


@pytest.mark.parametrize(
    ("updated", "part"),
    [
        (None, 0.5),
        (PartialDate(2026, 11, 22), 1.0),
        (PartialDate(2026, 11), 1.0),  # the month's last day lies after the day asked about
        (PartialDate(2024, 11, 22), 0.5),
        (PartialDate(2022, 11, 23), 0.25),
    ],
)
def test_the_freshness_part(updated: PartialDate | None, part: float) -> None:
    assert parts_of(updated=updated)["freshness"] == part


def test_the_score_is_the_weighted_mean_in_four_decimals() -> None:
    parts = score_parts(Counts(in_favour=9), 1.0, site(100.0), PartialDate(2024, 11, 22), ON)
    assert parts == {"eligibility": 0.95, "condition": 1.0, "distance": 0.5, "freshness": 0.5}
    assert score(parts) == 0.8525
    assert sum(WEIGHTS.values()) == 100


def test_shares_round_halves_up_in_whole_numbers() -> None:
    # 1/32 is 312.5 points and 3/160 is 187.5: no float decides.
    assert (share(1, 32), share(3, 160), share(1, 3), share(2, 3)) == (313, 188, 3333, 6667)
    assert share(1, 1) == POINTS


def test_the_order_of_the_keys() -> None:
    likely, possibly, no = Eligibility.LIKELY_ELIGIBLE, Eligibility.POSSIBLY_ELIGIBLE, Eligibility.NOT_ELIGIBLE
    wanted = [
        (True, likely, "RECRUITING", 0.2, "NCT2"),
        (True, likely, "NOT_YET_RECRUITING", 0.9, "NCT1"),
        (True, likely, "ENROLLING_BY_INVITATION", 0.9, "NCT3"),
        (True, likely, None, 0.9, "NCT4"),
        (True, likely, "COMPLETED", 0.9, "NCT5"),
        (True, possibly, "RECRUITING", 0.8, "NCT6"),
        (True, possibly, "RECRUITING", 0.7, "NCT0"),
        (True, possibly, "RECRUITING", 0.7, "NCT7"),
        (True, no, "RECRUITING", 1.0, "NCT8"),
        (False, likely, "RECRUITING", 1.0, "NCT9"),
    ]
    keys = [
        rank_key(related=related, eligibility=eligibility, overall_status=status, score=points, nct_id=nct_id)
        for related, eligibility, status, points, nct_id in wanted
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
