"""One district cut up: streets, communities, what is built up, unit grids. Pure and seeded; needs no database.

Everything tiles exactly, on steps of 1e-10 degrees.
"""

import re
from collections.abc import Sequence
from math import ceil, floor, sqrt
from random import Random
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.beats import design
from cityloop.ground.places.gridding import STEP, unit_grids
from cityloop.ground.places.lattice import lattice_at
from cityloop.ground.places.metres import polygons_of, square_metres
from cityloop.practice.cutting import cut
from cityloop.practice.wishes import Share, Wishes

HECTARE = 10_000.0
OUTSIDE_LOAD = 0.3
"""What a grid outside of what is built up asks of a collector, where a built-up one asks 0.5 to 1.5."""


class Community(NamedTuple):
    code: str
    name: str


class Street(NamedTuple):
    code: str
    name: str
    communities: Sequence[Community]


class District(NamedTuple):
    """`shape`: WKB in WGS-84."""

    code: str
    shape: bytes
    streets: Sequence[Street]


class Unit(NamedTuple):
    """A unit grid. `shape`: WKB, None where it is its box; `load`: what it asks of a collector."""

    code: str
    community: str
    bounds: tuple[float, float, float, float]
    shape: bytes | None
    load: float
    built_up: bool

    @property
    def polygon(self) -> Any:
        return shapely.box(*self.bounds) if self.shape is None else shapely.from_wkb(self.shape)


class DistrictLand(NamedTuple):
    """`shapes`: WKB of streets and communities by code; `parts`: for each street the communities of each part of it
    that is assessed as one."""

    shapes: dict[str, bytes]
    units: list[Unit]
    parts: dict[str, list[list[str]]]


def settle(district: District, wishes: Wishes) -> DistrictLand:
    """A district's streets and communities, and their unit grids."""
    chance = Random(f"{wishes.seed} {district.code}")
    urban = re.compile(wishes.urban)
    streets = sorted(district.streets, key=lambda street: _rural(street, urban))
    outlines = cut(
        shapely.from_wkb(district.shape),
        [sum(_share(one, urban, wishes).ground for one in street.communities) for street in streets],
        chance,
        wishes.middle,
    )
    shapes: dict[str, bytes] = {}
    units: list[Unit] = []
    parts: dict[str, list[list[str]]] = {}
    for street, outline in zip(streets, outlines, strict=True):
        shapes[street.code] = shapely.to_wkb(outline)
        middle = shapely.centroid(outline)
        order = sorted(street.communities, key=lambda one: (not urban.search(one.name), chance.random()))
        grounds = cut(
            outline, [_share(one, urban, wishes).ground for one in order], chance, (middle.x, middle.y + 0.01)
        )
        for community, ground in zip(order, grounds, strict=True):
            shapes[community.code] = shapely.to_wkb(ground)
            units += _units(community, ground, _share(community, urban, wishes), chance)
        parts[street.code] = _parts(order, grounds, wishes)
    return DistrictLand(shapes, units, parts)


def beats(units: Sequence[Unit], count: int, seed: int) -> list[int]:
    """For each unit grid of a community its beat, from 0, numbered as the grids are."""
    if count == 1:
        return [0] * len(units)
    found = design([unit.polygon for unit in units], [unit.load for unit in units], count, seed).assignment.tolist()
    order = {part: place for place, part in enumerate(dict.fromkeys(found))}
    return [order[part] for part in found]


def carve(outlines: dict[str, Any], out_of: Sequence[str], middle: tuple[float, float], km2: float) -> Any:
    """A rectangle around a place, cut out of the outlines of others, which are changed; so large that it has `km2`.

    What it tears off an outline comes to it, so that all hang together; it is the part of it around the middle.
    """
    whole = shapely.union_all([outlines[code] for code in out_of], grid_size=STEP)
    low, high = 0.0, 1.0
    for _ in range(30):
        reach = (low + high) / 2
        found = _around(whole, middle, reach)
        if square_metres([found])[0] < km2 * 1e6:
            low = reach
        else:
            high = reach
    zone = _around(whole, middle, high)
    for code in out_of:
        left = polygons_of(shapely.difference(outlines[code], zone, grid_size=STEP))
        outlines[code] = max(left, key=lambda part: float(part.area))
    return shapely.difference(whole, shapely.union_all([outlines[code] for code in out_of]), grid_size=STEP)


def _around(whole: Any, middle: tuple[float, float], reach: float) -> Any:
    box = shapely.box(middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    found = polygons_of(shapely.intersection(whole, box, grid_size=STEP))
    return min(found, key=lambda part: float(part.distance(shapely.Point(middle)))) if found else shapely.Polygon()


def _rural(street: Street, urban: re.Pattern[str]) -> tuple[float, str]:
    """The share of villages: the less, the nearer to the middle of the city."""
    return -sum(bool(urban.search(one.name)) for one in street.communities) / len(street.communities), street.code


def _share(community: Community, urban: re.Pattern[str], wishes: Wishes) -> Share:
    return wishes.town if urban.search(community.name) else wishes.village


def _units(community: Community, ground: Any, share: Share, chance: Random) -> list[Unit]:
    built = _built_up(ground, share.built_up * chance.uniform(0.6, 1.4))
    found = []
    for unit in unit_grids(ground, community.code, built):
        inside = built is None or shapely.intersects(built, shapely.point_on_surface(unit.shape))
        bounds = tuple(shapely.bounds(unit.shape).tolist())
        boxed = abs(shapely.box(*bounds).area - unit.shape.area) < STEP * STEP
        load = round(chance.uniform(0.5, 1.5), 3) if inside else OUTSIDE_LOAD
        found.append(
            Unit(unit.code, community.code, bounds, None if boxed else shapely.to_wkb(unit.shape), load, inside)
        )
    return found


def _built_up(ground: Any, hectares: float) -> Any | None:
    """The cells of the lattice next to a place at the border, so many hectares of them; None where that is all.

    At the border, where the road from village to village runs: in the middle of its fields a village would hang on
    them alone, and no beat could take a part of it.
    """
    if square_metres([ground])[0] < hectares * HECTARE * 1.3:
        return None
    _, south, _, north = ground.bounds
    lattice = lattice_at((south + north) / 2, 100)
    place = shapely.line_interpolate_point(shapely.boundary(ground), 0.1, normalized=True)
    column, row = floor(place.x / lattice.lon_step), floor(place.y / lattice.lat_step)
    reach = 2 * ceil(sqrt(hectares)) + 1
    near = sorted(
        ((x, y) for x in range(-reach, reach + 1) for y in range(-reach, reach + 1)),
        key=lambda cell: (cell[0] ** 2 + cell[1] ** 2, cell),
    )
    boxes = shapely.box(*np.array([lattice.box((column + x, row + y)) for x, y in near]).T)
    held = shapely.area(shapely.intersection(boxes, ground)) > shapely.area(boxes) / 2
    return shapely.union_all(boxes[held][: max(1, round(hectares))], grid_size=STEP)


def _parts(order: Sequence[Community], grounds: Sequence[Any], wishes: Wishes) -> list[list[str]]:
    """The communities of a street put together to so many parts."""
    count = min(wishes.assessment_grids, len(order))
    found = design(grounds, square_metres(grounds), count, wishes.seed).assignment.tolist()
    return [[one.code for one, part in zip(order, found, strict=True) if part == number] for number in range(count)]
