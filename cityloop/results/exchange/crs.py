"""Coordinate reference systems in which features are told, and boxes of theirs as windows in degrees of WGS-84."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Transformer

from cityloop.results.exchange.drawing import Shapes
from cityloop.results.exchange.mercator import Box, Numbers

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
GEOGRAPHIC = (4326, 4490)
"""WGS-84 and CGCS2000, which differ by centimetres and count as one here; both tell the latitude first."""
MERCATOR = 3857
SIDE = 20037508.342789244
"""Metres from the middle of its square to the edge."""
FIRST_ZONE, FIRST_MERIDIAN, LAST_MERIDIAN = 4534, 75, 135
"""CGCS2000 in Gauss-Krueger zones three degrees wide without a zone number: EPSG 4534 to 4554."""
WORLD = Box(-180, -90, 180, 90)
STEPS = 32
"""Points along each edge of a box in metres: curves in degrees."""


class Window(NamedTuple):
    """What a box asks for, in degrees: one box, or two where it crosses the antimeridian.

    `outer` holds all of it, `inner` lies in it; `shape` is exactly it.
    """

    outer: tuple[Box, ...]
    inner: tuple[Box, ...]
    shape: Any


def offered(middle: float | None) -> list[str]:
    """The addresses of all that are offered, the first by default; `middle`: the city's longitude, for its own zone."""
    codes = [*GEOGRAPHIC, MERCATOR]
    if middle is not None and FIRST_MERIDIAN - 1.5 <= middle <= LAST_MERIDIAN + 1.5:
        codes.append(FIRST_ZONE + round((middle - FIRST_MERIDIAN) / 3))
    return [CRS84, *(f"{EPSG}{code}" for code in codes)]


def told_in(shapes: Shapes, uri: str) -> Shapes:
    """Shapes in degrees (longitude first) in another system, its axes in its own order."""
    if uri == CRS84:
        return shapes
    known = _known(uri)

    def change(points: Numbers) -> Numbers:
        x, y = points.T if known.way is None else known.way.transform(*points.T)
        return np.column_stack((y, x) if known.swapped else (x, y))

    changed: Shapes = shapely.transform(shapes, change)
    return changed


def window(corners: Sequence[float], uri: str) -> Window:
    """The window of a box (two corners of two numbers) in a system. ValueError where it is none."""
    known = _known(uri)
    west, south, east, north = (corners[at] for at in ((1, 0, 3, 2) if known.swapped else (0, 1, 2, 3)))
    if south > north or (west > east and known.way is not None):
        raise ValueError("a box begins at its lower corner")
    if known.way is None:
        if not (-90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
            raise ValueError("a box lies on the globe")
        sides = ((west, east),) if west <= east else ((west, 180.0), (-180.0, east))
        boxes = tuple(Box(left, south, right, north) for left, right in sides)
        return Window(boxes, boxes, shapely.union_all([shapely.box(*box) for box in boxes]))
    if uri == f"{EPSG}{MERCATOR}":
        west, south, east, north = (min(max(side, -SIDE), SIDE) for side in (west, south, east, north))
    return _curved(known.way, west, south, east, north)


class _Known(NamedTuple):
    """`way` from degrees, None for degrees themselves; `swapped`: northing or latitude comes first."""

    way: Transformer | None
    swapped: bool


@lru_cache(maxsize=16)
def _known(uri: str) -> _Known:
    if uri == CRS84:
        return _Known(None, swapped=False)
    code = int(uri.removeprefix(EPSG))
    if code in GEOGRAPHIC:
        return _Known(None, swapped=True)
    way = Transformer.from_crs("OGC:CRS84", code, always_xy=True)
    return _Known(way, CRS.from_epsg(code).axis_info[0].direction == "north")


def _curved(way: Transformer, west: float, south: float, east: float, north: float) -> Window:
    """A box in metres: its edges bend in degrees, so that it has an outer and an inner box."""
    along, back = np.linspace(0, 1, STEPS), np.linspace(1, 0, STEPS)
    x = np.concatenate([west + (east - west) * along, np.full(STEPS, east), west + (east - west) * back,
                        np.full(STEPS, west)])  # fmt: skip
    y = np.concatenate([np.full(STEPS, south), south + (north - south) * along, np.full(STEPS, north),
                        south + (north - south) * back])  # fmt: skip
    lon, lat = way.transform(x, y, direction="INVERSE")
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("a box lies where its system holds")
    low, right, high, left = (slice(edge * STEPS, (edge + 1) * STEPS) for edge in range(4))
    outer = Box(*(float(value) for value in (lon.min(), lat.min(), lon.max(), lat.max())))
    inner = Box(*(float(v) for v in (lon[left].max(), lat[low].max(), lon[right].min(), lat[high].min())))
    return Window((outer,), (inner,), shapely.make_valid(shapely.Polygon(np.column_stack((lon, lat)))))
