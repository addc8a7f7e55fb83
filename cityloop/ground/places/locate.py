"""locate: which unit grid and which area hold a point, for a whole file of points at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from cityloop.ground.places.metres import Shapes

Index = NDArray[np.int64]
"""Positions in a list; -1 where there is none."""


class AreaRow(NamedTuple):
    """An area as `locate` needs it. `path`: ids from the top to itself; `shape`: WKB in WGS-84."""

    id: int
    code: str
    level: str
    path: Sequence[int]
    shape: bytes | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class GridRow(NamedTuple):
    """A unit grid: a box in degrees, and the area it belongs to. `shape`: WKB in WGS-84; None: it is its box."""

    id: int
    code: str
    area: int
    west: float
    south: float
    east: float
    north: float
    shape: bytes | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, as far as it is known. `areas`: ids from the top to the leaf `area_code`.

    `located`: the code of the area that the point alone tells, whatever anybody named.
    """

    lon: float | None
    lat: float | None
    grid: int | None
    areas: tuple[int, ...]
    area_code: str
    located: str = ""


NOWHERE = Place(None, None, None, (), "")


class AreaMap:
    """The areas and grids of one day. Build it once, ask it for many points.

    A point belongs to the polygon that holds it: the deepest one, and on a shared border the one with the
    smallest code. Where no polygon is known, the area that somebody named counts, then that of the unit grid.
    Polygons that cross themselves are repaired.
    """

    def __init__(self, areas: Iterable[AreaRow], grids: Iterable[GridRow] = ()) -> None:
        self.areas = sorted(areas, key=lambda row: (-len(row.path), row.code))
        self.grids = sorted(grids, key=lambda row: row.code)
        self._by_code = {row.code: row for row in reversed(self.areas)}
        self._place_of_area: Index = np.array([i for i, row in enumerate(self.areas) if row.shape], np.int64)
        shapes = shapely.from_wkb([row.shape for row in self.areas if row.shape])
        self._shapes = shapely.STRtree(shapely.make_valid(np.asarray(shapes, dtype=object)))
        self._cells = shapely.STRtree(cells_of(self.grids))
        position = {row.id: i for i, row in enumerate(self.areas)}
        self._area_of_grid: Index = np.array([position[row.area] for row in self.grids], np.int64)

    @property
    def has_shapes(self) -> bool:
        """Whether a point in no area and no grid is known to be outside the city."""
        return len(self._place_of_area) > 0

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of all polygons and grids, in degrees; None where there are neither."""
        known = [tree.geometries for tree in (self._shapes, self._cells) if len(tree)]
        if not known:
            return None
        west, south, east, north = shapely.total_bounds(np.concatenate(known)).tolist()
        return west, south, east, north

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> tuple[Index, Index]:
        """For each point (WGS-84 degrees; NaN is none) its position in `grids`, and by polygon in `areas`; or -1."""
        lon, lat = np.asarray(lons, np.float64), np.asarray(lats, np.float64)
        points = shapely.points(lon, lat)
        points[~(np.isfinite(lon) & np.isfinite(lat))] = None
        grids = _smallest(self._cells, points)
        areas = np.full(len(points), -1, np.int64)
        if self.has_shapes:
            found = _smallest(self._shapes, points)
            areas[found >= 0] = self._place_of_area[found[found >= 0]]
        return grids, areas

    def places(
        self, lons: Sequence[float | None], lats: Sequence[float | None], printed: Sequence[str] | None = None
    ) -> list[Place]:
        """A Place for each point; `printed`: area codes, which count where no polygon tells."""
        grids, areas = self.locate_many(_floats(lons), _floats(lats))
        codes = printed if printed is not None else [""] * len(lons)
        return [self._place(*one) for one in zip(lons, lats, grids.tolist(), areas.tolist(), codes, strict=True)]

    def place(self, lon: float | None, lat: float | None, printed: str = "") -> Place:
        """`places` for a single point."""
        return self.places([lon], [lat], [printed])[0]

    def grids_in(self, west: float, south: float, east: float, north: float) -> list[GridRow]:
        """The grids that touch a box in degrees, by code."""
        return [
            self.grids[place] for place in sorted(self._cells.query(shapely.box(west, south, east, north)).tolist())
        ]

    def area_of(self, grid: int, area: int, printed: str) -> AreaRow | None:
        """The area that counts, given what `locate_many` found and what somebody named."""
        if area >= 0:
            return self.areas[area]
        if printed in self._by_code:
            return self._by_code[printed]
        return self.areas[self._area_of_grid[grid]] if grid >= 0 else None

    def _place(self, lon: float | None, lat: float | None, grid: int, area: int, printed: str) -> Place:
        row = self.area_of(grid, area, printed)
        if lon is None and row is None:
            return NOWHERE
        path, code = (tuple(row.path), row.code) if row else ((), "")
        point = self.area_of(grid, area, "")
        return Place(lon, lat, self.grids[grid].id if grid >= 0 else None, path, code, point.code if point else "")


def cells_of(grids: Sequence[GridRow]) -> Shapes:
    """The polygons of unit grids."""
    cells = np.asarray(shapely.box(*np.array([row[3:7] for row in grids], np.float64).reshape(-1, 4).T), object)
    drawn = [i for i, row in enumerate(grids) if row.shape is not None]
    cells[drawn] = shapely.from_wkb([grids[i].shape for i in drawn])
    return cells


def _smallest(tree: shapely.STRtree, points: NDArray[Any]) -> Index:
    """For each point the first geometry of the tree, in the tree's order, that holds or touches it."""
    found = np.full(len(points), len(tree), np.int64)
    if len(tree) and len(points):
        which, geometry = tree.query(points, predicate="intersects")
        np.minimum.at(found, which, geometry)
    found[found == len(tree)] = -1
    return found


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
