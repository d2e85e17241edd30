"""Each trial's best site for somebody at a point, as one number that SQL can sort by; the meaning is the engine's.

The number grows with: a site outside the countries asked for, a closed site, a site beyond the radius, the group of its
status (recruits, soon, by invitation, not known), the distance in metres. So the least number of a trial's sites is the
site that `matching` would choose. A site that cannot be placed is as far as can be, and never beyond a radius.
"""

from __future__ import annotations

from collections.abc import Collection
from math import asin, ceil, cos, degrees, floor, pi, radians, sin

from sqlalchemy import BigInteger, ColumnElement, Float, Integer, and_, case, cast, func, literal, literal_column, or_

from app.store.tables import SITE, TRIAL
from matching import EARTH_RADIUS_KM, STATUS_GROUP

CLOSED = 4

UNPLACED_METRES = (1 << 26) - 1
"""More than half the way round the Earth."""

GROUP_AT = 1 << 26
BEYOND_AT = 1 << 30
CLOSED_AT = 1 << 31
ELSEWHERE_AT = 1 << 32

CELL = "(CAST(round(lat) AS INTEGER) * 361 + CAST(round(lon) AS INTEGER))"
"""The degree of latitude and of longitude that a site lies in, as an index of the migrations has it."""

MOST_CELLS = 400
"""Around a larger circle the latitude alone narrows the sites."""

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
    return cast(func.round(half * (2000.0 * EARTH_RADIUS_KM)), BigInteger)


def site_order(
    here: Point,
    radius_km: float | None,
    countries: Collection[str],
    group: ColumnElement[int] | None = None,
) -> ColumnElement[int]:
    """The number of one site of a trial.

    Args:
        here: degrees.
        radius_km: None: nothing is beyond.
        countries: case folded; a trial with no site there has all its sites.
        group: that of the site's status; None: as the site tells, else its trial.
    """
    placed = SITE.c.lat.is_not(None) & SITE.c.lon.is_not(None)
    far = metres(here)
    if group is None:
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


def in_cells(here: Point, radius_km: float) -> ColumnElement[bool]:
    """The same sites as `in_box`, by the degrees that they lie in where these are few."""
    box = in_box(here, radius_km)
    cells = _cells(here, radius_km)
    return and_(literal_column(CELL, Integer).in_(cells), box) if cells is not None else box


def _cells(here: Point, radius_km: float) -> list[int] | None:
    lat, lon = here
    angle = min(radius_km * 1.001 / EARTH_RADIUS_KM, pi)
    south, north = lat - degrees(angle), lat + degrees(angle)
    if south <= -90 or north >= 90:
        return None
    reach = degrees(asin(min(1.0, sin(angle) / cos(radians(lat)))))
    # Databases differ in how they round a half, so both ways are in.
    rows = range(ceil(south - 0.5), floor(north + 0.5) + 1)
    columns = range(ceil(lon - reach - 0.5), floor(lon + reach + 0.5) + 1)
    if len(rows) * len(columns) > MOST_CELLS:
        return None
    around = {column + 360 * ((column < -180) - (column > 180)) for column in columns}
    if around & {-180, 180}:
        around |= {-180, 180}
    return [row * 361 + column for row in rows for column in sorted(around)]
