"""locate: which unit grid and which area hold a point, for a whole file of points at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from cityloop.ground.places.metres import Floats, Shapes
from cityloop.ground.places.squares import Index, Squares

AT_ONCE = 32_768
"""Points, so that what is known of them meanwhile fits the processor's cache."""


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


class _Shapes:
    """Polygons in which points are looked for; those that are `boxes` hold whatever their box holds."""

    def __init__(self, shapes: Shapes, boxes: NDArray[np.bool_]) -> None:
        self.shapes, self.boxes = shapes, boxes
        self.bounds = shapely.bounds(shapes).reshape(-1, 4)
        self.squares = Squares(self.bounds)
        shapely.prepare(shapes[~boxes])

    def first(self, lon: Floats, lat: Floats) -> Index:
        """For each point (NaN is none) the first shape that holds or touches it, by position; or -1."""
        found = np.full(len(lon), len(self.shapes), np.int64)
        which, shape = self.squares.around(lon, lat)
        kept = self.boxes[shape]
        asked = np.flatnonzero(~kept)
        near = which[asked]
        kept[asked] = shapely.intersects_xy(self.shapes[shape[asked]], lon[near], lat[near])
        np.minimum.at(found, which[kept], shape[kept])
        found[found == len(self.shapes)] = -1
        return found

    def first_one(self, lon: float, lat: float) -> int:
        """The same for a single point."""
        for shape in self.squares.around_one(lon, lat):
            if self.boxes[shape] or shapely.intersects_xy(self.shapes[shape], lon, lat):
                return shape
        return -1


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
        drawn = [i for i, row in enumerate(self.areas) if row.shape]
        depths = dict.fromkeys(len(self.areas[i].path) for i in drawn)
        self._levels = [_level(self.areas, [i for i in drawn if len(self.areas[i].path) == depth]) for depth in depths]
        self._cells = _Shapes(cells_of(self.grids), np.array([row.shape is None for row in self.grids], bool))
        position = {row.id: i for i, row in enumerate(self.areas)}
        self._area_of_grid: Index = np.array([position[row.area] for row in self.grids], np.int64)

    @property
    def has_shapes(self) -> bool:
        """Whether a point in no area and no grid is known to be outside the city."""
        return len(self._levels) > 0

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of all polygons and grids, in degrees; None where there are neither."""
        known = [kind.shapes for kind in (*(level for level, _ in self._levels), self._cells) if len(kind.shapes)]
        if not known:
            return None
        west, south, east, north = shapely.total_bounds(np.concatenate(known)).tolist()
        return west, south, east, north

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> tuple[Index, Index]:
        """For each point (WGS-84 degrees; NaN is none) its position in `grids`, and by polygon in `areas`; or -1."""
        lon, lat = np.asarray(lons, np.float64), np.asarray(lats, np.float64)
        grids, areas = np.full((2, len(lon)), -1, np.int64)
        for start in range(0, len(lon), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            grids[part], areas[part] = self._locate(lon[part], lat[part])
        return grids, areas

    def _locate(self, lon: Floats, lat: Floats) -> tuple[Index, Index]:
        grids = self._cells.first(lon, lat)
        areas = np.full(len(lon), -1, np.int64)
        left = np.arange(len(lon))
        for level, places in self._levels:
            found = level.first(lon[left], lat[left])
            areas[left[found >= 0]] = places[found[found >= 0]]
            left = left[found < 0]
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
        if lon is None or lat is None or not (isfinite(lon) and isfinite(lat)):
            return self._place(lon, lat, -1, -1, printed)
        grid = self._cells.first_one(lon, lat)
        for level, places in self._levels:
            if (found := level.first_one(lon, lat)) >= 0:
                return self._place(lon, lat, grid, int(places[found]), printed)
        return self._place(lon, lat, grid, -1, printed)

    def grids_in(self, west: float, south: float, east: float, north: float) -> list[GridRow]:
        """The grids that touch a box in degrees, by code."""
        left, low, right, high = self._cells.bounds.T
        near = np.flatnonzero((left <= east) & (right >= west) & (low <= north) & (high >= south))
        touching = near[shapely.intersects(self._cells.shapes[near], shapely.box(west, south, east, north))]
        return [self.grids[place] for place in touching.tolist()]

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


def _level(areas: Sequence[AreaRow], places: list[int]) -> tuple[_Shapes, Index]:
    """The polygons of areas, repaired, and where these stand in the list."""
    shapes = np.asarray(shapely.from_wkb([areas[place].shape for place in places]), dtype=object)
    return _Shapes(shapely.make_valid(shapes), np.zeros(len(places), bool)), np.array(places, np.int64)


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
