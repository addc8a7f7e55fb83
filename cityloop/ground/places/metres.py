"""Metres for shapes in degrees of WGS-84.

The map is linear: degrees times the length of a degree along the parallel and along the meridian (Snyder, Map
Projections, 1987, (4-18) and (4-19), ellipsoid WGS-84). So straight edges stay straight and what touches goes on
touching. Lengths from west to east are off by tan(latitude) x the distance to the middle: over a county of 100 km at
40 degrees by at most 0.7 % at its northern and southern edge. Areas are taken each at its own latitude and stay
within 0.01 % up to 50 km across.
"""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Shapes = NDArray[Any]
"""Polygons and multipolygons, an array of objects."""
Floats = NDArray[np.float64]
Index = NDArray[np.int64]

_EQUATOR = 6_378_137.0
_ECCENTRICITY_2 = 0.00669437999014
"""Radius in metres and squared eccentricity of WGS-84."""


class Metres(NamedTuple):
    """Metres from a middle in degrees; `lon_m`, `lat_m`: length of a degree there."""

    lon: float
    lat: float
    lon_m: float
    lat_m: float

    def shapes(self, shapes: ArrayLike) -> Shapes:
        """The same shapes with x to the east and y to the north of the middle, in metres."""
        middle, scale = np.array([self.lon, self.lat]), np.array([self.lon_m, self.lat_m])
        moved: Shapes = shapely.transform(as_shapes(shapes), lambda points: (points - middle) * scale)
        return moved


def around(shapes: ArrayLike) -> Metres:
    """Metres around the middle of all shapes; of nothing around 0, 0."""
    west, south, east, north = shapely.total_bounds(as_shapes(shapes)).tolist()
    lon, lat = ((west + east) / 2, (south + north) / 2) if west <= east else (0.0, 0.0)
    lon_m, lat_m = degree(np.array(lat))
    return Metres(lon, lat, float(lon_m), float(lat_m))


def degree(latitude: Floats) -> tuple[Floats, Floats]:
    """The length in metres of a degree of longitude and of one of latitude."""
    phi = np.radians(latitude)
    flat = 1 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    return (
        np.radians(_EQUATOR * np.cos(phi) / np.sqrt(flat)),
        np.radians(_EQUATOR * (1 - _ECCENTRICITY_2) / flat**1.5),
    )


def square_metres(shapes: ArrayLike) -> Floats:
    """The area of each shape in m2, at the latitude of its centroid; of nothing 0."""
    given = as_shapes(shapes)
    lon_m, lat_m = degree(np.nan_to_num(shapely.bounds(shapely.centroid(given))[:, 1]))
    areas: Floats = shapely.area(given) * lon_m * lat_m
    return areas


def as_shapes(shapes: ArrayLike) -> Shapes:
    return np.asarray(shapes, dtype=object).reshape(-1)


def polygons_of(shape: Any) -> list[Any]:
    """The polygons in a shape; lines and points in it are dropped."""
    if shape.geom_type == "Polygon":
        return [shape] if shape.area > 0 else []
    if shape.geom_type not in {"MultiPolygon", "GeometryCollection"}:
        return []
    return [polygon for part in shapely.get_parts(shape) for polygon in polygons_of(part)]
