"""Each trial's best site for somebody at a point, as one number that SQL can sort by; the meaning is the engine's.

The number grows with: a site outside the countries asked for, a closed site, a site beyond the radius, the group of its
status (recruits, soon, by invitation, not known), the distance in metres. So the least number of a trial's sites is the
site that `matching` would choose. A site that cannot be placed is as far as can be, and never beyond a radius.
"""

from __future__ import annotations

from collections.abc import Collection
from math import asin, cos, degrees, pi, radians, sin

from sqlalchemy import BigInteger, ColumnElement, Float, Integer, and_, case, cast, func, literal, or_

from app.store.tables import SITE, TRIAL
from matching import EARTH_RADIUS_KM, STATUS_GROUP

CLOSED = 4

UNPLACED_METRES = (1 << 26) - 1
"""More than half the way round the Earth."""

GROUP_AT = 1 << 26
BEYOND_AT = 1 << 30
CLOSED_AT = 1 << 31
ELSEWHERE_AT = 1 << 32

Point = tuple[float, float]


def status_group(*statuses: ColumnElement[str | None]) -> ColumnElement[int]:
    """The group of the first status that is given, as the engine groups them."""
    status = func.coalesce(*statuses) if len(statuses) > 1 else statuses[0]
    unknown = STATUS_GROUP[None]
    groups = [(status == name, literal(group, Integer)) for name, group in STATUS_GROUP.items() if name is not None]
    return case((status.is_(None), literal(unknown, Integer)), *groups, else_=literal(CLOSED, Integer))


def metres(here: Point) -> ColumnElement[int]:
    """Great-circle distance of a placed site (haversine), in whole metres."""
    lat, lon = SITE.c.lat, SITE.c.lon
    north = func.sin(func.radians(lat - here[0]) / 2)
    east = func.sin(func.radians(lon - here[1]) / 2)
    chord = north * north + cast(literal(cos(radians(here[0]))), Float) * func.cos(func.radians(lat)) * east * east
    # Rounding may bring it above 1 at the other end of the Earth.
    half = func.asin(func.sqrt(case((chord > 1.0, literal(1.0)), else_=chord)))
    return cast(func.floor(half * (2000.0 * EARTH_RADIUS_KM) + 0.5), BigInteger)


def site_order(here: Point, radius_km: float | None, countries: Collection[str]) -> ColumnElement[int]:
    """The number of one site of a trial; `countries` are case folded, and a trial with none there has all its sites."""
    placed = SITE.c.lat.is_not(None) & SITE.c.lon.is_not(None)
    far = metres(here)
    group = status_group(SITE.c.status, TRIAL.c.overall_status)
    order = case((placed, far), else_=literal(UNPLACED_METRES, BigInteger)) + cast(group, BigInteger) * GROUP_AT
    order = order + case((group == CLOSED, literal(CLOSED_AT, BigInteger)), else_=literal(0, BigInteger))
    if radius_km is not None:
        beyond = and_(placed, far > round(radius_km * 1000))
        order = order + case((beyond, literal(BEYOND_AT, BigInteger)), else_=literal(0, BigInteger))
    if countries:
        there = func.lower(SITE.c.country).in_(sorted(countries))
        order = order + case((there, literal(0, BigInteger)), else_=literal(ELSEWHERE_AT, BigInteger))
    return order


def is_within(order: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a trial's least number says that it may be reached; a trial without sites is never out of reach."""
    return or_(order.is_(None), order.op("&")(BEYOND_AT) == 0)


def in_box(here: Point, radius_km: float) -> ColumnElement[bool]:
    """Placed sites that may lie within the radius: a box in degrees, across the antimeridian and around the poles."""
    lat, lon = here
    angle = min(radius_km * 1.001 / EARTH_RADIUS_KM, pi)
    south, north = lat - degrees(angle), lat + degrees(angle)
    within = [SITE.c.lat >= south, SITE.c.lat <= north]
    if south > -90 and north < 90:
        reach = degrees(asin(min(1.0, sin(angle) / cos(radians(lat)))))
        west, east = lon - reach, lon + reach
        if west < -180:
            within.append(or_(SITE.c.lon >= west + 360, SITE.c.lon <= east))
        elif east > 180:
            within.append(or_(SITE.c.lon >= west, SITE.c.lon <= east - 360))
        else:
            within += [SITE.c.lon >= west, SITE.c.lon <= east]
    return and_(*within)
