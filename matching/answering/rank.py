"""The order of the answer: a score in parts, and a key that orders every pair of trials. DECISIONS.md has the formula."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from matching.answering.sites import status_group
from matching.model.codes import Eligibility
from matching.model.finding import Counts, NearestSite
from matching.model.patient import PartialDate

WEIGHTS: Mapping[str, float] = {"eligibility": 0.45, "condition": 0.30, "distance": 0.15, "freshness": 0.10}
"""Shares of the score; they sum to 1."""

HALF_DISTANCE_KM = 100.0
"""At this distance the distance part is one half."""

HALF_LIFE_DAYS = 730.0
"""A record last updated this long ago has a freshness of one half."""

NOT_KNOWN = 0.5
"""What a part is worth when nothing is known of it: neither for nor against."""

_CLASS = {Eligibility.LIKELY_ELIGIBLE: 0, Eligibility.POSSIBLY_ELIGIBLE: 1, Eligibility.NOT_ELIGIBLE: 2}

RankKey = tuple[bool, int, int, float, str]


def eligibility_part(counts: Counts) -> float:
    """The share of criteria in favour; an open one counts half, one on site or not applicable not at all.

    One more criterion, half in favour, is added: a trial of which nothing could be read stands in the middle.
    """
    still_open = counts.missing + counts.stale + counts.unreadable + counts.not_comparable + counts.conflict
    return (counts.in_favour + 0.5 * still_open + 0.5) / (counts.in_favour + counts.against + still_open + 1)


def distance_part(nearest: NearestSite | None) -> float:
    """1 next door, one half at HALF_DISTANCE_KM, towards 0 far away; the same town by name is next door."""
    if nearest is None:
        return NOT_KNOWN
    if nearest.distance_km is None:
        return 1.0 if nearest.precision == "city" else NOT_KNOWN
    return HALF_DISTANCE_KM / (HALF_DISTANCE_KM + nearest.distance_km)


def freshness_part(last_update: PartialDate | None, on: date) -> float:
    """1 for a record updated today, halved every HALF_LIFE_DAYS."""
    if last_update is None:
        return NOT_KNOWN
    age = max(0, (on - last_update.latest).days)
    return float(0.5 ** (age / HALF_LIFE_DAYS))


def score_parts(
    counts: Counts, condition: float, nearest: NearestSite | None, last_update: PartialDate | None, on: date
) -> dict[str, float]:
    """The four parts, each 0 to 1, rounded to 4 decimals so that the same request gives the same bytes."""
    return {
        "eligibility": round(eligibility_part(counts), 4),
        "condition": round(condition, 4),
        "distance": round(distance_part(nearest), 4),
        "freshness": round(freshness_part(last_update, on), 4),
    }


def score(parts: Mapping[str, float]) -> float:
    """The weighted sum of the parts, 0 to 1, 4 decimals."""
    return round(sum(weight * parts[name] for name, weight in WEIGHTS.items()), 4)


def rank_key(
    *, related: bool, eligibility: Eligibility, overall_status: str | None, score: float, nct_id: str
) -> RankKey:
    """Smaller comes first; no two trials have the same key.

    Trials for the patient's conditions before all others; then by eligibility; then those that recruit, those that
    will, those by invitation, those whose status nobody gave, the closed; then by score; then by nct_id.
    """
    return (not related, _CLASS[eligibility], status_group(overall_status), -score, nct_id)
