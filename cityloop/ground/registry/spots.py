"""What the ledger names beside areas and grids: areas drawn for a duty, objects, roads; which of them hold a spot."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.metres import degree

REACH_M = 20.0
"""A spot this near to the middle line of a road lies on it."""
NO_DRAWN: frozenset[int] = frozenset()


class Thing(NamedTuple):
    """An object that the ledger names: polygons hold spots, lines are roads. `shape`: WKB in WGS-84."""

    code: str
    phase: str
    shape: bytes

    @property
    def inner(self) -> tuple[float, float]:
        """A point on it, in degrees."""
        point = shapely.point_on_surface(shapely.from_wkb(self.shape))
        return point.x, point.y


class Spot(NamedTuple):
    """`drawn`: ids of duties; `object_code` with its `phase`, `road`: codes, or nothing."""

    drawn: frozenset[int] = NO_DRAWN
    object_code: str = ""
    phase: str = ""
    road: str = ""


NOWHERE = Spot()


class Spots:
    """Drawn areas by the id of their duty, and things, ready to be asked."""

    def __init__(self, drawn: Mapping[int, bytes], things: Iterable[Thing]) -> None:
        self._duties = list(drawn)
        self._drawn = shapely.STRtree(shapely.from_wkb(list(drawn.values())))
        known = list(things)
        shapes = np.asarray(shapely.from_wkb([thing.shape for thing in known]), dtype=object)
        dimensions = shapely.get_dimensions(shapes)
        self._grounds = [known[i] for i in np.flatnonzero(dimensions == 2)]
        self._roads = [known[i] for i in np.flatnonzero(dimensions == 1)]
        self._sizes = shapely.area(shapes[dimensions == 2]).tolist()
        self._ground_tree = shapely.STRtree(shapes[dimensions == 2])
        self._road_tree = shapely.STRtree(shapes[dimensions == 1])
        self.empty = not known and not drawn

    def at(self, lon: float | None, lat: float | None) -> Spot:
        """What holds a point in degrees; of several objects the smallest, of several roads the nearest."""
        if self.empty or lon is None or lat is None:
            return NOWHERE
        point = shapely.Point(lon, lat)
        drawn = frozenset(self._duties[i] for i in self._drawn.query(point, predicate="intersects"))
        thing = self._ground(point)
        return Spot(drawn, thing.code if thing else "", thing.phase if thing else "", self._road(point))

    def _ground(self, point: shapely.Point) -> Thing | None:
        found = self._ground_tree.query(point, predicate="intersects").tolist()
        return self._grounds[min(found, key=lambda i: (self._sizes[i], self._grounds[i].code))] if found else None

    def _road(self, point: shapely.Point) -> str:
        """The road is looked for in degrees of longitude, which are shorter than those of latitude: never too far."""
        if not self._roads:
            return ""
        _, lat_m = degree(np.array(point.y))
        found = self._road_tree.query_nearest(point, max_distance=REACH_M / float(lat_m), all_matches=True).tolist()
        return min((self._roads[i].code for i in found), default="")
