"""Seams: where shapes overlap, leave gaps or leave the shape above them, with the area and the geometry to draw."""

from typing import Any, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from cityloop.ground.places.metres import Floats, Index, Shapes, as_shapes, degree, polygons_of, square_metres

TOLERANCE_M2 = 1.0

Kind = Literal["overlap", "gap", "escape"]


class SeamError(NamedTuple):
    """`children`: positions of the two that overlap, of the one that escapes, none at a gap. `parent`: position of
    the shape above that has the gap or is left, else -1. `shape`: polygons in WGS-84."""

    kind: Kind
    area_m2: float
    shape: Any
    children: tuple[int, ...]
    parent: int = -1


def seam_errors(
    parents: ArrayLike, children: ArrayLike, parent_of: ArrayLike, tolerance_m2: float = TOLERANCE_M2
) -> list[SeamError]:
    """Everything wrong between two levels: overlaps of children, gaps in parents, children that leave their parent.

    Shapes in WGS-84, None or empty where there is none; `parent_of`: for each child the position of its parent, -1
    for none, which can overlap but not escape. A parent without any child is one gap.
    """
    above, below = _sound(parents), _sound(children)
    of = np.asarray(parent_of, np.int64)
    found = overlaps(below, tolerance_m2)
    for parent in range(len(above)):
        found += [error._replace(parent=parent) for error in holes(above[parent], below[of == parent], tolerance_m2)]
    return found + escapes(above, below, of, tolerance_m2)


def overlaps(shapes: ArrayLike, tolerance_m2: float = TOLERANCE_M2) -> list[SeamError]:
    """Pairs that have more than `tolerance_m2` in common, by their positions."""
    sound = _sound(shapes)
    one, other = shapely.STRtree(sound).query(sound)
    one, other = one[one < other], other[one < other]
    near = _common_box_m2(sound, one, other) > tolerance_m2
    one, other = one[near], other[near]
    common = shapely.intersection(sound[one], sound[other])
    areas = square_metres(common)
    found = [
        SeamError("overlap", float(areas[i]), _polygons(common[i]), (int(one[i]), int(other[i])))
        for i in np.flatnonzero(areas > tolerance_m2)
    ]
    return sorted(found, key=lambda error: error.children)


def holes(whole: Any, shapes: ArrayLike, tolerance_m2: float = TOLERANCE_M2) -> list[SeamError]:
    """The connected parts of `whole`, each of more than `tolerance_m2`, that no shape covers; the largest first."""
    left = shapely.difference(_sound([whole])[0], shapely.union_all(_sound(shapes)))
    parts = as_shapes(polygons_of(left))
    areas = square_metres(parts)
    kept = [i for i in np.argsort(-areas, kind="stable").tolist() if areas[i] > tolerance_m2]
    return [SeamError("gap", float(areas[i]), parts[i], ()) for i in kept]


def escapes(
    parents: ArrayLike, children: ArrayLike, parent_of: ArrayLike, tolerance_m2: float = TOLERANCE_M2
) -> list[SeamError]:
    """Children of which more than `tolerance_m2` lies outside of their parent; those of no parent cannot escape."""
    above, below, of = _sound(parents), _sound(children), np.asarray(parent_of, np.int64)
    child = np.flatnonzero(of >= 0)
    shapely.prepare(above)
    child = child[~shapely.covers(above[of[child]], below[child]) & ~shapely.is_empty(below[child])]
    outside = shapely.difference(below[child], above[of[child]])
    areas = square_metres(outside)
    return [
        SeamError("escape", float(areas[i]), _polygons(outside[i]), (int(child[i]),), int(of[child[i]]))
        for i in np.flatnonzero(areas > tolerance_m2)
    ]


def _sound(shapes: ArrayLike) -> Shapes:
    """Shapes that cross themselves repaired, missing ones empty."""
    given = as_shapes(shapes).copy()
    given[shapely.is_missing(given)] = shapely.Polygon()
    broken = ~shapely.is_valid(given)
    given[broken] = shapely.make_valid(given[broken])
    return given


def _common_box_m2(shapes: Shapes, one: Index, other: Index) -> Floats:
    """What the boxes around two shapes have in common, at least what the shapes have; generous by a tenth."""
    first, second = shapely.bounds(shapes)[one], shapely.bounds(shapes)[other]
    low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    size = np.clip(high - low, 0, None)
    lon_m, lat_m = degree(low[:, 1])
    common: Floats = size[:, 0] * size[:, 1] * lon_m * lat_m * 1.1
    return common


def _polygons(shape: Any) -> Any:
    return shapely.union_all(polygons_of(shape))
