"""Geometries of foreign files: into degrees of WGS-84, and what is wrong with them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from cityloop.core.errors import Refused
from cityloop.ground.places.datums import Datum, Floats, from_wgs84, to_wgs84

Shapes = NDArray[np.object_]
"""Shapely geometries, or None."""
_DEGREES = {4326, 4979, 4490, 4480}
"""EPSG codes of WGS-84 and CGCS2000 in degrees, flat and with heights."""
_REASON = re.compile(r"(.+?)\[(\S+) (\S+)\]")
_CODES = {"Self-intersection": "polygon_crosses", "Ring Self-intersection": "polygon_crosses",
          "Hole lies outside shell": "polygon_hole_outside"}  # fmt: skip


class Wrong(NamedTuple):
    """What is wrong with the geometry at `position`: a code of `problems.TEXTS` and its facts."""

    position: int
    code: str
    facts: dict[str, object]


def projection(crs: str, *, asked: bool) -> pyproj.Transformer | None:
    """Into WGS-84; None where coordinates are degrees already, or the file's own words say nothing of use.

    Refused where somebody `asked` for a system that there is not.
    """
    try:
        found = pyproj.CRS.from_user_input(crs)
        if found.to_epsg() in _DEGREES:
            return None
        return pyproj.Transformer.from_crs(found, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        if asked:
            raise Refused("crs_unknown", crs=crs[:80]) from error
        return None


def placed(shapes: Shapes, transformer: pyproj.Transformer | None, datum: Datum) -> tuple[Shapes, list[Wrong]]:
    """The shapes in degrees of WGS-84, and all that is wrong with them, by position. What lies outside of the world
    becomes None; polygons that are not valid stay as they are. A projected file is projected first, then its
    `datum` counts."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    lon, lat = transformer.transform(*points.T) if transformer and len(points) else points.T
    world = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # false for NaN and infinity too
    lost, first = np.unique(owner[~world], return_index=True)
    wrong = [
        Wrong(int(position), "outside_world", {"lon": _short(x), "lat": _short(y)})
        for position, (x, y) in zip(lost, points[~world][first], strict=True)
    ]
    lon, lat = to_wgs84(np.where(world, lon, 0.0), np.where(world, lat, 0.0), datum)
    found = shapely.set_coordinates(shapes.copy(), np.column_stack([lon, lat]))
    found[lost] = None
    wrong += [Wrong(int(place), "geometry_empty", {}) for place in np.flatnonzero(shapely.is_empty(found))]
    return found, [*wrong, *invalid(found)]


def in_datum(shapes: Shapes, datum: Datum) -> Shapes:
    """Shapes in degrees of WGS-84 in those of `datum`."""
    points = shapely.get_coordinates(shapes)
    moved = from_wgs84(points[:, 0], points[:, 1], datum)
    found: Shapes = shapely.set_coordinates(shapes.copy(), np.column_stack(moved))
    return found


def invalid(shapes: Shapes) -> Iterator[Wrong]:
    """Polygons that a person must mend, with the place in degrees of WGS-84."""
    unfit = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    for position, reason in zip(unfit.tolist(), shapely.is_valid_reason(shapes[unfit]), strict=True):
        match = _REASON.fullmatch(reason)
        if match is None:
            middle = shapely.get_coordinates(shapes[position])[0]
            yield Wrong(
                position, "polygon_unfit", {"reason": reason, "lon": _short(middle[0]), "lat": _short(middle[1])}
            )
            continue
        facts: dict[str, object] = {"lon": _short(float(match[2])), "lat": _short(float(match[3]))}
        code = _CODES.get(match[1], "polygon_unfit")
        yield Wrong(position, code, facts if code in _CODES.values() else {**facts, "reason": match[1]})


def _short(value: float) -> str:
    """A coordinate as people read it: seven decimals of a degree are a centimetre."""
    return f"{value:.7f}".rstrip("0").rstrip(".")


def from_columns(x: Sequence[float], y: Sequence[float]) -> Shapes:
    """Points; None where a coordinate is NaN."""
    xs: Floats = np.array(x, np.float64)
    ys: Floats = np.array(y, np.float64)
    points: NDArray[Any] = shapely.points(xs, ys)
    points[np.isnan(xs) | np.isnan(ys)] = None
    return points
