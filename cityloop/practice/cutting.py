"""A polygon cut into connected parts that tile it, with areas by wish: straight cuts, again and again."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import shapely

from cityloop.ground.places.gridding import STEP
from cityloop.ground.places.metres import around, polygons_of

HALVINGS = 12
"""Steps by which a cut finds its place: to a four-thousandth of the polygon's width."""
FAR = 10.0
"""Degrees; farther than anything reaches."""


def cut(shape: Any, weights: Sequence[float], chance: Random, start: tuple[float, float]) -> list[Any]:
    """A connected polygon (WGS-84) as one polygon for each weight, with areas about as the weights.

    The first weights lie nearest to `start` (degrees). Straight cuts run across the longer side, a little aslant.
    """
    if len(weights) == 1:
        return [shape]
    half = _middle(weights)
    near, far = _halves(shape, sum(weights[:half]) / sum(weights), chance, start)
    return [*cut(near, weights[:half], chance, start), *cut(far, weights[half:], chance, start)]


def _middle(weights: Sequence[float]) -> int:
    """After so many weights about half of them all is reached."""
    sums = np.cumsum(weights)
    return int(np.clip(np.abs(sums - sums[-1] / 2).argmin() + 1, 1, len(weights) - 1))


def _halves(shape: Any, share: float, chance: Random, start: tuple[float, float]) -> tuple[Any, Any]:
    """Two polygons; the first has about `share` of the area and lies towards `start`. What a cut tears off goes to
    the other side, so that both hang together."""
    along = _along(shape, chance)
    middle = shapely.centroid(shape)
    if (start[0] - middle.x) * along[0] + (start[1] - middle.y) * along[1] > 0:
        along = -along
    reach = shapely.get_coordinates(shape) @ along
    low, high = float(reach.min()), float(reach.max())
    wanted = shape.area * share
    for _ in range(HALVINGS):
        place = (low + high) / 2
        if _below(shape, along, place).area < wanted:
            low = place
        else:
            high = place
    near = _largest(_below(shape, along, (low + high) / 2))
    far = _largest(shapely.difference(shape, near, grid_size=STEP))
    return _largest(shapely.difference(shape, far, grid_size=STEP)), far


def _along(shape: Any, chance: Random) -> Any:
    """The direction of the longer side in degrees, turned by up to 20 degrees of the circle to either side."""
    metres = around([shape])
    box = shapely.get_coordinates(shapely.oriented_envelope(metres.shapes([shape])[0]))
    sides = np.diff(box[:3], axis=0)
    longer = sides[np.hypot(*sides.T).argmax()]
    angle = np.arctan2(longer[1], longer[0]) + np.radians(chance.uniform(-20, 20))
    along = np.array([np.cos(angle) * metres.lon_m, np.sin(angle) * metres.lat_m])
    return along / np.hypot(*along)


def _below(shape: Any, along: Any, place: float) -> Any:
    """What lies before `place` in a direction."""
    across = np.array([-along[1], along[0]])
    corner = along * place
    middle = np.array(shapely.get_coordinates(shapely.centroid(shape))[0])
    corner = corner + across * float(middle @ across)
    ends = [corner - across * FAR, corner + across * FAR]
    plane = shapely.Polygon([*ends, ends[1] - along * FAR, ends[0] - along * FAR])
    return shapely.intersection(shape, plane, grid_size=STEP)


def _largest(shape: Any) -> Any:
    return max(polygons_of(shape), key=lambda part: float(part.area))
