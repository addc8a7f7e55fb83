"""Outlines of areas, kept in memory: in the unit square once, coarser for the zooms from which detail is not seen."""

import threading
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from cityloop.results.exchange.drawing import DETAIL, coarse, draw
from cityloop.results.exchange.mercator import EXTENT, Tile, to_square
from cityloop.results.exchange.mvt import Layer

GAP = 6
"""Where only grids tell what belongs to an area: as many grids may be missing between two of them."""
SPECK = 100
"""A part so many times smaller than the largest is not drawn."""

_making = threading.Lock()
"""Many tiles are asked for at once; one of them works out what all wait for."""

_AREAS = """
SELECT scheme, level, code, coalesce(names ->> 'zh', name), coalesce(names ->> 'en', name), cardinality(path), id, shape
FROM places_area
WHERE valid_from <= %(day)s AND (valid_to IS NULL OR valid_to > %(day)s)
ORDER BY cardinality(path), code
"""
_GRIDS = """
SELECT a.path, g.west, g.south, g.east, g.north FROM places_unitgrid g JOIN places_area a ON a.id = g.area_id
WHERE g.valid_from <= %(day)s AND (g.valid_to IS NULL OR g.valid_to > %(day)s)
"""


class Outlines(NamedTuple):
    """Areas that lie somewhere: what is said of each, its polygon in the unit square, and where its name may stand."""

    properties: list[dict[str, str | int]]
    shapes: NDArray[Any]
    middles: NDArray[np.float64]


@lru_cache(maxsize=1024)
def tile(revision: str, day: date, place: Tile) -> bytes:
    """The outlines in a tile, each with scheme, level, code, depth and its name in both languages.

    Layer `names` says the same of a point inside each area, in the one tile that holds the point.
    """
    areas = _coarse(revision, day, min(place.z, DETAIL))
    layer = Layer("areas")
    draw(layer, areas.shapes, place, areas.properties)
    return layer.encode() + _names(areas, place)


def _names(areas: Outlines, place: Tile) -> bytes:
    layer = Layer("names")
    steps = np.floor(place.steps(areas.middles)).astype(int).tolist()
    for properties, (x, y) in zip(areas.properties, steps, strict=True):
        if 0 <= x < EXTENT and 0 <= y < EXTENT:
            layer.point(x, y, properties)
    return layer.encode()


@lru_cache(maxsize=2 * DETAIL)
def _coarse(revision: str, day: date, zoom: int) -> Outlines:
    with _making:
        fine = _fine(revision, day)
    return fine._replace(shapes=coarse(fine.shapes, zoom))


@lru_cache(maxsize=2)
def _fine(revision: str, day: date) -> Outlines:
    """All areas of a day: by their boundary, or where none is known by the grids in them. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(_AREAS, {"day": day})
        rows = cursor.fetchall()
        cursor.execute(_GRIDS, {"day": day})
        covered = _covered(cursor.fetchall(), {row[-2] for row in rows if row[-1] is None})
    keys = ("scheme", "level", "code", "name_zh", "name_en", "depth")
    found = [
        (dict(zip(keys, row[:6], strict=True)), _known(row[-1]) if row[-1] is not None else covered[row[-2]])
        for row in rows
        if row[-1] is not None or row[-2] in covered
    ]
    shapes = np.array([shape for _, shape in found], dtype=object)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    return Outlines([properties for properties, _ in found], shapes, middles)


def _known(boundary: bytes) -> Any:
    return shapely.transform(shapely.make_valid(shapely.from_wkb(bytes(boundary))), to_square)


def _covered(grids: list[tuple[Any, ...]], wanted: set[int]) -> dict[int, Any]:
    """A line around the grids in each wanted area, in the unit square."""
    if not grids or not wanted:
        return {}
    boxes = np.array([row[1:] for row in grids])
    corners = np.column_stack((to_square(boxes[:, :2]), to_square(boxes[:, 2:])))
    gap = GAP * float(np.median(corners[:, 2] - corners[:, 0]))
    by_path: dict[tuple[int, ...], list[int]] = {}
    for place, row in enumerate(grids):
        by_path.setdefault(tuple(row[0]), []).append(place)
    parts: dict[int, list[Any]] = {}
    for path, places in by_path.items():
        for area in wanted.intersection(path):
            parts.setdefault(area, []).append(places)
    return {area: _around(corners[np.concatenate(places)], gap) for area, places in parts.items()}


def _around(corners: NDArray[np.float64], gap: float) -> Any:
    """Boxes with what lies between them filled; a box far from the others does not count."""
    grown = shapely.union_all(shapely.buffer(shapely.box(*corners.T), gap / 2, join_style="mitre"))
    shape = shapely.buffer(grown, -gap / 2, join_style="mitre")
    filled = [shapely.Polygon(part.exterior) for part in shapely.get_parts(shape)]
    largest = max(part.area for part in filled)
    return shapely.union_all([part for part in filled if part.area * SPECK > largest])
