"""Beats of an area: the work in its unit grids, the present beats, and others that would be more even."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.config.pack.ground import WorkloadSpec
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.places.beats import Design, Figures, design, measure
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.gridding import STEP
from cityloop.ground.places.locate import AreaMap, GridRow, cells_of
from cityloop.ground.places.metres import Floats, Index, Shapes, around
from cityloop.ground.places.queries import grids_of
from cityloop.ground.registry import stock
from cityloop.loop.cases.queries import count_by_grid


class Present(NamedTuple):
    """An area's unit grids with their load, and the number of each one's beat today (-1: none); None: there are no
    beats."""

    area: str
    grids: list[GridRow]
    load: Floats
    assignment: Index | None
    figures: Figures | None


class Designed(NamedTuple):
    """A division of an area's unit grids beside the present one."""

    now: Present
    found: Design


def designed(code: str, beats: int, here: CityValue, places: AreaMap, day: date, seed: int) -> Designed:
    """Unit grids of an area as `beats` connected beats of about equal work. Unknown: no such area; refused: no grids
    there, or no such number of beats."""
    now = present_beats(code, here, places, day)
    return Designed(now, design(cells_of(now.grids), now.load, beats, seed, now.assignment))


def present_beats(code: str, here: CityValue, places: AreaMap, day: date) -> Present:
    """The work in an area's unit grids, and the beats that these belong to. Unknown: no such area; refused: no grids
    there."""
    grids = grids_inside(code, places)
    if not grids:
        raise Refused("area_without_grids", area=code)
    cells = cells_of(grids)
    load = _workload(grids, cells, WorkloadSpec.model_validate(here.settings["grid"].get("workload", {})))
    assignment = _present(grids, day)
    return Present(code, grids, load, assignment, None if assignment is None else measure(cells, load, assignment))


def grids_inside(code: str, places: AreaMap) -> list[GridRow]:
    """The unit grids of an area and of all below it."""
    area = next((area for area in places.areas if area.code == code), None)
    if area is None:
        raise Unknown("area_unknown", area=code)
    inside = {other.id for other in places.areas if area.id in other.path}
    return [row for row in places.grids if row.area in inside]


def outlines(grids: list[GridRow], assignment: Index) -> list[Any]:
    """The polygon of each beat, by its number; -1 is none."""
    cells = cells_of(grids)
    parts = np.unique(assignment[assignment >= 0])
    return [shapely.union_all(cells[assignment == part], grid_size=STEP) for part in parts]


def _workload(grids: list[GridRow], cells: Shapes, weights: WorkloadSpec) -> Floats:
    """The work in each grid, as the pack weighs it; three statements."""
    ids = [row.id for row in grids]
    objects, cases = stock.count_by_grid(ids), count_by_grid(ids)
    told = np.array([[objects.get(pk, 0), cases.get(pk, 0)] for pk in ids], np.float64)
    roads = _road_km(cells, stock.lines_in(shapely.total_bounds(cells).tolist()))
    found: Floats = weights.grid + roads * weights.road_km + told @ np.array([weights.object, weights.case])
    return found


def _road_km(cells: Shapes, lines: list[bytes]) -> Floats:
    """Kilometres of road in each cell; along an edge half of them count here and half there."""
    metres = around(cells)
    roads, flat = metres.shapes(shapely.from_wkb(lines)), metres.shapes(cells)
    road, cell = shapely.STRtree(flat).query(roads, predicate="intersects")
    length = shapely.length(shapely.intersection(roads[road], flat[cell]))
    shared = shapely.length(shapely.intersection(roads[road], shapely.boundary(flat[cell])))
    found = np.zeros(len(cells))
    np.add.at(found, cell, (length - shared / 2) / 1000)
    return found


def _present(grids: list[GridRow], day: date) -> Index | None:
    """The beat of each grid today, numbered from 0; None where there are none."""
    beat_of = {grid: beat for beat, ids in grids_of("responsibility", day).items() for grid in ids}
    order = {beat: place for place, beat in enumerate(dict.fromkeys(beat_of[g.id] for g in grids if g.id in beat_of))}
    if not order:
        return None
    return np.array([order[beat_of[row.id]] if row.id in beat_of else -1 for row in grids], np.int64)
