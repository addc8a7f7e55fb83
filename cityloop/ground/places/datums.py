"""Coordinates as they come: WGS-84, GCJ-02 (what Chinese maps show) and BD-09 (what Baidu's show), in degrees.

GCJ-02 displaces WGS-84 by a published sum of sines over the Krasovsky ellipsoid, inside a box around China only;
BD-09 displaces GCJ-02 once more. Neither has a closed inverse: it is iterated until it stands still (below 1e-6 m).
CGCS2000 differs from WGS-84 by centimetres and counts as the same.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
"""Longitudes and latitudes."""
Inside = Callable[[Floats, Floats], NDArray[np.bool_]]
"""Which of the points (WGS-84 degrees) lie in the city; false for what is no place on earth."""


class Datum(StrEnum):
    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


DATUM_TITLES = {Datum.WGS84: "WGS-84", Datum.CGCS2000: "CGCS2000", Datum.GCJ02: "GCJ-02", Datum.BD09: "BD-09"}

BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of where GCJ-02 differs from WGS-84."""
_SEMI_MAJOR, _ECCENTRICITY_SQUARED = 6378245.0, 0.00669342162296594323
_BD_LON, _BD_LAT = 0.0065, 0.006
_STANDS_STILL = 1e-12
_MOST_ROUNDS = 30


@overload
def to_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]: ...
@overload
def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair: ...
def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats | float, Floats | float]:
    """Degrees of `datum` as degrees of WGS-84, arrays or single numbers.

    Points outside of `BOX`, and NaN, stay as they are. The box counts for the coordinates given: a point that
    `from_wgs84` carried over its edge does not come back.
    """
    return _where_displaced(_inverse, lon, lat, datum)


@overload
def from_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]: ...
@overload
def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair: ...
def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats | float, Floats | float]:
    """Degrees of WGS-84 as degrees of `datum`, arrays or single numbers. Points outside of `BOX`, and NaN, stay."""
    return _where_displaced(_forward, lon, lat, datum)


def _where_displaced(
    way: Callable[[Floats, Floats, Datum], Pair], lon: ArrayLike, lat: ArrayLike, datum: Datum
) -> tuple[Floats | float, Floats | float]:
    lons, lats = np.array(lon, np.float64), np.array(lat, np.float64)
    if datum in (Datum.GCJ02, Datum.BD09):
        west, south, east, north = BOX
        china = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        lons[china], lats[china] = way(lons[china], lats[china], datum)
    return (lons, lats) if lons.ndim else (float(lons), float(lats))


def _forward(lon: Floats, lat: Floats, datum: Datum) -> Pair:
    gcj = _gcj_from_wgs(lon, lat)
    return _bd_from_gcj(*gcj) if datum is Datum.BD09 else gcj


def _inverse(lon: Floats, lat: Floats, datum: Datum) -> Pair:
    gcj = _solved(_bd_from_gcj, lon, lat) if datum is Datum.BD09 else (lon, lat)
    return _solved(_gcj_from_wgs, *gcj)


def _solved(displace: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """The points that `displace` carries to these. It moves neighbours almost alike, so each round brings the guess
    a hundred times nearer."""
    guess_lon, guess_lat = lon, lat
    for _ in range(_MOST_ROUNDS):
        found_lon, found_lat = displace(guess_lon, guess_lat)
        off_lon, off_lat = found_lon - lon, found_lat - lat
        guess_lon, guess_lat = guess_lon - off_lon, guess_lat - off_lat
        if not lon.size or max(np.abs(off_lon).max(), np.abs(off_lat).max()) < _STANDS_STILL:
            break
    return guess_lon, guess_lat


def _gcj_from_wgs(lon: Floats, lat: Floats) -> Pair:
    """The displacement in metres east and north, as degrees of the ellipsoid at that latitude."""
    x, y = lon - 105.0, lat - 35.0
    fine = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (fine + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (fine + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))) * 2 / 3
    radians = np.radians(lat)
    flattened = 1 - _ECCENTRICITY_SQUARED * np.sin(radians) ** 2
    metres_north = np.radians(_SEMI_MAJOR * (1 - _ECCENTRICITY_SQUARED) / flattened**1.5)
    metres_east = np.radians(_SEMI_MAJOR / np.sqrt(flattened) * np.cos(radians))
    return lon + east / metres_east, lat + north / metres_north


def _waves(value: Floats, *waves: tuple[float, float]) -> Floats:
    """Sines of given heights; each repeats after twice its length, in degrees."""
    total = np.zeros_like(value)
    for height, length in waves:
        total += height * np.sin(np.pi * value / length)
    return total


def _bd_from_gcj(lon: Floats, lat: Floats) -> Pair:
    """Longer and turned as seen from 0 E 0 N, then moved."""
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(np.radians(lat * 3000))
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(np.radians(lon * 3000))
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT


# Points that fell outside of the city

SWAPPED = "swapped"
_CLEARLY = 3
"""So many points more must a datum bring into the city: at its border one or two may come in by chance."""


class Misplaced(NamedTuple):
    """`points`: for each point the correction that brings it into the city, empty where it lies there already or none
    does; `verdict`: the one for the whole file, or empty. `outside`: so many points lie outside as it stands;
    `left`: and so many with the verdict applied to all."""

    points: list[str]
    verdict: str
    outside: int
    left: int


def misplaced(lon: ArrayLike, lat: ArrayLike, inside: Inside, declared: Datum = Datum.WGS84) -> Misplaced:
    """What would bring points into the city that now lie outside of it.

    `lon`, `lat`: degrees of the datum `declared`, as the file has them. A correction is `swapped` or the datum that
    they seem to be in (`wgs84`, `gcj02`, `bd09`). The file's verdict is the correction that, applied to all, leaves
    fewest outside, if it leaves half as many or fewer; a datum shifts by a few hundred metres only, so it must
    besides bring in three points more than it loses. A single point is told its own correction where that is
    `swapped`, or where it is the verdict.
    """
    lons, lats = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    here = np.isfinite(lons) & np.isfinite(lats)
    lost = here & ~inside(*to_wgs84(lons, lats, declared))
    brought = {SWAPPED: here & inside(*to_wgs84(lats, lons, declared))}
    same = {Datum.WGS84, Datum.CGCS2000}
    for datum in (Datum.WGS84, Datum.GCJ02, Datum.BD09):
        if datum != declared and not {datum, declared} <= same:
            brought[datum.value] = here & inside(*to_wgs84(lons, lats, datum))
    outside = int(lost.sum())
    left = {correction: int((here & ~found).sum()) for correction, found in brought.items()}
    fit = [
        correction
        for correction, still in left.items()
        if 2 * still <= outside and outside - still >= (1 if correction == SWAPPED else _CLEARLY)
    ]
    verdict = min(fit, key=left.__getitem__) if fit else ""
    points = np.full(lons.shape, "", object)
    for correction in [verdict, SWAPPED] if verdict else [SWAPPED]:
        points[lost & brought[correction]] = correction
    return Misplaced(points.tolist(), verdict, outside, left.get(verdict, outside))
