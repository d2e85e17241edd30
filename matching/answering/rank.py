"""The order of the answer: a score in parts, and a key that orders every pair of trials. DECISIONS.md has the formula."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from matching.answering.sites import status_group
from matching.model.codes import Eligibility
from matching.model.finding import Counts, NearestSite
from matching.model.patient import PartialDate

WEIGHTS: Mapping[str, int] = {"eligibility": 45, "condition": 30, "distance": 15, "freshness": 10}
"""Shares of the score, in hundredths; they sum to 100."""

POINTS = 10_000
"""Parts and scores are counted in ten-thousandths: whole numbers, so that all machines, and arrays, round alike."""

HALF_DISTANCE_KM = 100
"""At this distance the distance part is one half."""

HALF_LIFE_DAYS = 730.0
"""A record last updated this long ago has a freshness of one half."""

NOT_KNOWN = POINTS // 2
"""What a part is worth when nothing is known of it: neither for nor against."""

_CLASS = {Eligibility.LIKELY_ELIGIBLE: 0, Eligibility.POSSIBLY_ELIGIBLE: 1, Eligibility.NOT_ELIGIBLE: 2}

RankKey = tuple[bool, int, int, float, str]

RELATED_BIT, CLASS_BIT, GROUP_BIT, SCORE_BIT = 46, 44, 41, 27
"""Where the parts of a key stand when it is one whole number; the nct_id's number is below."""

Whole = Any
"""A whole number, or an array of them: the formulas are the same."""


def share(part: Whole, whole: Whole) -> Whole:
    """Part of a whole in points, halves rounded up; whole numbers, or arrays of them."""
    return (2 * POINTS * part + whole) // (2 * whole)


def eligibility_points(in_favour: Whole, against: Whole, still_open: Whole) -> Whole:
    """The share of criteria in favour; an open one counts half, one on site or not applicable not at all.

    One more criterion, half in favour, is added: a trial of which nothing could be read stands in the middle.
    """
    return share(2 * in_favour + still_open + 1, 2 * (in_favour + against + still_open + 1))


def distance_points(tenths_of_km: Whole) -> Whole:
    """All next door, one half at HALF_DISTANCE_KM, towards 0 far away."""
    return share(10 * HALF_DISTANCE_KM, 10 * HALF_DISTANCE_KM + tenths_of_km)


def freshness_points(age_days: int) -> int:
    """All for a record updated today, halved every HALF_LIFE_DAYS."""
    left: float = 0.5 ** (max(0, age_days) / HALF_LIFE_DAYS)
    return round(POINTS * left)


def condition_points(worth: float) -> int:
    """The worth of the meeting of conditions, 0 to 1."""
    return round(POINTS * worth)


def total_points(eligibility: Whole, condition: Whole, distance: Whole, freshness: Whole) -> Whole:
    """The weighted mean of the parts, halves rounded up."""
    parts = zip(WEIGHTS.values(), (eligibility, condition, distance, freshness), strict=True)
    return (sum(weight * part for weight, part in parts) + 50) // 100


def _points_of_site(nearest: NearestSite | None) -> int:
    """The same town by name is next door."""
    if nearest is None:
        return NOT_KNOWN
    if nearest.distance_km is None:
        return POINTS if nearest.precision == "city" else NOT_KNOWN
    points: int = distance_points(round(10 * nearest.distance_km))
    return points


def score_parts(
    counts: Counts, condition: float, nearest: NearestSite | None, last_update: PartialDate | None, on: date
) -> dict[str, float]:
    """The four parts, each 0 to 1 with 4 decimals, so that the same request gives the same bytes."""
    still_open = counts.missing + counts.stale + counts.unreadable + counts.not_comparable + counts.conflict
    points = {
        "eligibility": eligibility_points(counts.in_favour, counts.against, still_open),
        "condition": condition_points(condition),
        "distance": _points_of_site(nearest),
        "freshness": NOT_KNOWN if last_update is None else freshness_points((on - last_update.latest).days),
    }
    return {name: part / POINTS for name, part in points.items()}


def score(parts: Mapping[str, float]) -> float:
    """The weighted mean of the parts, 0 to 1, 4 decimals."""
    points: int = total_points(*(round(POINTS * parts[name]) for name in WEIGHTS))
    return points / POINTS


def rank_key(
    *, related: bool, eligibility: Eligibility, overall_status: str | None, score: float, nct_id: str
) -> RankKey:
    """Smaller comes first; no two trials have the same key.

    Trials for the patient's conditions before all others; then by eligibility; then those that recruit, those that
    will, those by invitation, those whose status nobody gave, the closed; then by score; then by nct_id.
    """
    return (not related, _CLASS[eligibility], status_group(overall_status), -score, nct_id)


def key_number(key: RankKey) -> int:
    """The key as one whole number in the same order; a page begins behind one, whatever has come or gone before it."""
    others_first, eligibility, group, minus_score, nct_id = key
    points = POINTS + round(POINTS * minus_score)
    parts = others_first << RELATED_BIT, eligibility << CLASS_BIT, group << GROUP_BIT, points << SCORE_BIT
    return sum(parts) + int(nct_id.removeprefix("NCT"))


def points_in(key: int) -> float:
    """The score that stands in a key."""
    return (POINTS - ((key >> SCORE_BIT) & ((1 << (GROUP_BIT - SCORE_BIT)) - 1))) / POINTS


def number_in(key: int) -> int:
    """The number of the nct_id that a key ends with."""
    return key & ((1 << SCORE_BIT) - 1)
