"""Unit grids: a community cut into cells of about 10 000 m2 that tile it, numbered and with codes.

All cutting is done in degrees of WGS-84 on steps of 1e-10 degrees (a hundredth of a millimetre), so that cells of one
lattice meet in the same corners and nothing is projected to and fro.
"""

from heapq import heapify, heappop, heappush
from math import ceil, floor, sqrt
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.core.errors import Refused
from cityloop.ground.places.borders import borders
from cityloop.ground.places.lattice import Lattice, lattice_at
from cityloop.ground.places.metres import Shapes, around, as_shapes, polygons_of, square_metres

STEP = 1e-10
"""Corners are rounded to this, in degrees."""
MOST = 999
"""Three digits of sequence."""
SIDES_M = 10
"""Larger cells have sides of full tens of metres."""
TOLERANCE_M2 = 1.0
"""The union of the cells differs from the community by less than this (for each 100 km of its border), and any two
cells overlap by less."""


class Unit(NamedTuple):
    """A unit grid. `shape` in WGS-84; `side_m`: the lattice it was cut from; `generated`: no survey drew it."""

    code: str
    shape: Any
    area_m2: float
    side_m: float
    generated: bool = True


def unit_grids(community: Any, code12: str, built_up: Any | None = None, side_m: float = 100) -> list[Unit]:
    """Cut a community (polygon or multipolygon, WGS-84) into its unit grids.

    `built_up`: only this is cut by the lattice, each connected part of the rest is one cell; None: all is built up.
    What is smaller than a third of a cell joins the neighbour with which it shares the longest border (the smallest
    first); what has no neighbour, such as a rock in the sea, joins the nearest cell.

    Numbers run along the rows of the lattice from north to south, in a row from west to east by the west edge; a
    cell is in the row in which its north edge lies. Of equals the one further north, then west, comes first.

    Where more than 999 cells would be needed the side of the lattice grows: to full tens of metres, first so far
    that 999 squares cover what is built up, then by a fiftieth or more until so many cells suffice.

    Refused without a code of 12 digits or without ground.
    """
    if len(code12) != 12 or not (code12.isascii() and code12.isdigit()):
        raise Refused("community_code_unfit", community=code12)
    ground = _ground(community)
    area_m2 = float(square_metres([ground])[0])
    if not area_m2:
        raise Refused("community_empty", community=code12)
    built = ground if built_up is None else _cut(ground, _ground(built_up))
    rest = polygons_of(shapely.difference(ground, built, grid_size=STEP)) if built_up is not None else []
    side = _larger(side_m, sqrt(float(square_metres([built])[0]) / MOST))
    while True:
        lattice = lattice_at(_middle(ground), side)
        cells = _merged(as_shapes(_laid(built, lattice) + rest), least_m2=side * side / 3)
        if len(cells) <= MOST:
            break
        side = _larger(side, side * max(1.02, sqrt(len(cells) / MOST)))
    ordered = sorted(cells, key=lambda cell: _order(cell, lattice))
    areas = square_metres(ordered).tolist()
    return [
        Unit(f"{code12}{number:03}", cell, area, side)
        for number, (cell, area) in enumerate(zip(ordered, areas, strict=True), start=1)
    ]


def _larger(side_m: float, wanted_m: float) -> float:
    return side_m if wanted_m <= side_m else ceil(wanted_m / SIDES_M) * SIDES_M


def _ground(shape: Any) -> Any:
    return shapely.union_all(polygons_of(shapely.make_valid(shape)), grid_size=STEP)


def _cut(one: Any, other: Any) -> Any:
    return shapely.union_all(polygons_of(shapely.intersection(one, other, grid_size=STEP)), grid_size=STEP)


def _middle(shape: Any) -> float:
    _, south, _, north = shapely.bounds(shape).tolist()
    return float(south + north) / 2


def _laid(ground: Any, lattice: Lattice) -> list[Any]:
    """The connected pieces of the ground in each cell of the lattice."""
    if shapely.is_empty(ground):
        return []
    west, south, east, north = shapely.bounds(ground).tolist()
    columns = range(floor(west / lattice.lon_step), floor(east / lattice.lon_step) + 1)
    rows = range(floor(south / lattice.lat_step), floor(north / lattice.lat_step) + 1)
    boxes = shapely.box(*np.array([lattice.box((column, row)) for row in rows for column in columns]).T)
    shapely.prepare(ground)
    boxes = boxes[shapely.intersects(ground, boxes)]
    inside = shapely.contains_properly(ground, boxes)
    pieces: list[Any] = boxes[inside].tolist()
    for clipped in shapely.intersection(ground, boxes[~inside], grid_size=STEP).tolist():
        pieces += polygons_of(clipped)
    return pieces


def _merged(pieces: Shapes, least_m2: float) -> list[Any]:
    """Pieces below `least_m2` joined to others, the smallest first; at least one is left."""
    metric = around(pieces).shapes(pieces)
    graph = borders(metric, shortest_m=0).graph(len(pieces))
    areas = shapely.area(metric).tolist()
    joined: list[list[int]] = [[i] for i in range(len(pieces))]
    small = [(area, i) for i, area in enumerate(areas) if area < least_m2]
    heapify(small)
    while small:
        area, here = heappop(small)
        if area != areas[here] or not joined[here]:
            continue
        there = _longest(graph[here])
        if there is None:
            there = _nearest(here, joined, metric)
        if there is None:
            break
        joined[there] += joined[here]
        joined[here] = []
        areas[there] += area
        for neighbour, length in graph[here].items():
            del graph[neighbour][here]
            if neighbour != there:
                graph[there][neighbour] = graph[neighbour][there] = graph[there].get(neighbour, 0.0) + length
        graph[here] = {}
        if areas[there] < least_m2:
            heappush(small, (areas[there], there))
    return [_one(pieces[members]) for members in joined if members]


def _longest(neighbours: dict[int, float]) -> int | None:
    """The neighbour along the longest border, to the centimetre; of equals the first."""
    return min(neighbours, key=lambda i: (-round(neighbours[i], 2), i), default=None)


def _nearest(here: int, joined: list[list[int]], metric: Shapes) -> int | None:
    """The nearest of the others to one that touches none of them."""
    others = [i for i, members in enumerate(joined) if members and i != here]
    if not others:
        return None
    place = shapely.union_all(metric[joined[here]])
    far = [min(shapely.distance(place, metric[joined[i]])) for i in others]
    return others[int(np.argmin(far))]


def _one(members: Shapes) -> Any:
    whole = members[0] if len(members) == 1 else shapely.union_all(members, grid_size=STEP)
    return shapely.normalize(whole)


def _order(cell: Any, lattice: Lattice) -> tuple[float, ...]:
    west, _, _, north = shapely.bounds(cell).tolist()
    middle = shapely.centroid(cell)
    return -ceil(round(north / lattice.lat_step, 4)), west, -north, -middle.y, middle.x
