"""Lines and polygons in steps of a tile: clipped, simplified as far as nobody sees it, what has a size left."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cityloop.results.exchange.mercator import EXTENT, Tile
from cityloop.results.exchange.mvt import Layer, Line, Properties

BUFFER = 64
"""Steps beyond the edge, so that no edge of a tile shows as an outline."""
TOLERANCE = 4
"""Steps by which an outline may be off: half a pixel."""
DETAIL = 14
"""From this zoom on nothing is left out."""
Shapes = NDArray[Any]


def coarse(shapes: Shapes, zoom: int) -> Shapes:
    """Shapes of the unit square with the corners that are seen at a zoom."""
    return shapes if zoom >= DETAIL else shapely.simplify(shapes, TOLERANCE / EXTENT / 2**zoom)


def bounds_of(shapes: Shapes) -> tuple[float, float, float, float] | None:
    """West, south, east and north (in the unit square the other way round) of all shapes; None of nothing."""
    if not len(shapes) or not np.isfinite(edges := shapely.total_bounds(shapes)).all():
        return None
    west, south, east, north = edges.tolist()
    return west, south, east, north


def draw(layer: Layer, shapes: Shapes, place: Tile, properties: Sequence[Properties]) -> None:
    """Add to `layer` what lies in a tile of lines and polygons (in the unit square), each with its properties."""
    side, margin = 2.0**place.z, BUFFER / EXTENT
    edges = [(place.x - margin) / side, (place.y - margin) / side]
    edges += [(place.x + 1 + margin) / side, (place.y + 1 + margin) / side]
    clipped = shapely.clip_by_rect(shapes, *edges)
    parts, owners = shapely.get_parts(clipped, return_index=True)
    if not len(parts):
        return
    steps = shapely.transform(parts, lambda points: np.rint(place.steps(points)))
    kinds = shapely.get_type_id(steps)
    for kind, add in ((shapely.GeometryType.POLYGON, layer.polygon), (shapely.GeometryType.LINESTRING, layer.line)):
        which = kinds == kind
        split = _rings if kind == shapely.GeometryType.POLYGON else _lines
        for owner, lines in split(steps[which], owners[which]).items():
            add(lines, properties[owner])


def _lines(lines: Shapes, owners: NDArray[np.int64]) -> dict[int, list[Line]]:
    long = shapely.length(lines) > 0
    return _by_owner(shapely.remove_repeated_points(lines[long]), owners[long], closed=False)


def _rings(polygons: Shapes, owners: NDArray[np.int64]) -> dict[int, list[Line]]:
    """The rings of polygons, the outer one first and clockwise on the screen; none of one that is too small."""
    large = shapely.area(shapely.polygons(shapely.get_exterior_ring(polygons))) > 0
    oriented = shapely.orient_polygons(polygons[large])
    rings, of = shapely.get_rings(oriented, return_index=True)
    kept = shapely.area(shapely.polygons(rings)) > 0
    return _by_owner(shapely.remove_repeated_points(rings[kept]), owners[large][of[kept]], closed=True)


def _by_owner(lines: Shapes, owners: NDArray[np.int64], *, closed: bool) -> dict[int, list[Line]]:
    """The points of lines, by what they belong to; without the last of a closed one."""
    points = shapely.get_coordinates(lines).astype(np.int64).tolist()
    found: dict[int, list[Line]] = {}
    first = 0
    for owner, count in zip(owners.tolist(), shapely.get_num_coordinates(lines).tolist(), strict=True):
        found.setdefault(owner, []).append(points[first : first + count - closed])
        first += count
    return found
