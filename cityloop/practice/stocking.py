"""The layers of the city that is there, filled with what its pack wishes for practice."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import shapely

from cityloop.core.actor import SYSTEM
from cityloop.ground.places.city import city
from cityloop.ground.places.locate import AreaMap
from cityloop.ground.places.models import Area
from cityloop.ground.places.queries import areas_on
from cityloop.ground.registry.inventory import take_objects
from cityloop.ground.registry.models import Layer
from cityloop.ground.registry.objects import ObjectData
from cityloop.practice.things import Community, LayerWish, Thing, Things, communities
from cityloop.practice.wishes import Wishes

SOURCE = "practice"
CHUNK = 20_000
"""Things that are placed at once."""


class Stocked(NamedTuple):
    """How many things the layers hold, and how many of them came now."""

    held: int
    new: int


def stock(
    wishes: Wishes, total: int, *, day: date, at: datetime, progress: Callable[[int], object] = lambda done: None
) -> Stocked:
    """Fill every layer that is wished for, one transaction each; what is there already stays as it is.

    `total`: of all points; `day`: since when they stand there. `progress` is told the things of each layer done.
    """
    here = city()
    places = areas_on(here.revision, here.day(at))
    made = Things(_communities(places), wishes, _layers(wishes, here.code), total)
    held = new = 0
    for layer in made.layers:
        rows = _placed(made.of(layer), places)
        found = take_objects(
            layer, rows, whole=False, actor=SYSTEM, day=day, at=at, source=SOURCE, generated=True
        )  # fmt: skip
        count = made.count(layer)
        held, new = held + count, new + found.counts["new"]
        progress(count)
    return Stocked(held, new)


def expected(wishes: Wishes, total: int) -> int:
    """How many things there will be at most."""
    return total + sum(wish.count for wish in wishes.things.values())


def _layers(wishes: Wishes, prefix: str) -> list[LayerWish]:
    rows = Layer.objects.filter(code__in=wishes.things).values_list("code", "class_code", "attributes")
    return [
        LayerWish(code, f"{prefix}{digits}", schema.get("properties", {}), wishes.things[code])
        for code, digits, schema in rows
    ]


def _communities(places: AreaMap) -> list[Community]:
    by_id = {area.id: area for area in places.areas}
    names = dict(Area.objects.filter(id__in=list(by_id)).values_list("id", "name"))
    named = {area.code: (names[area.id], shapely.from_wkb(area.shape)) for area in places.areas if area.shape}
    grids = ((by_id[grid.area].code, grid[3:7]) for grid in places.grids if by_id[grid.area].code in named)
    return communities(grids, named)


def _placed(things: Iterator[Thing], places: AreaMap) -> Iterator[ObjectData]:
    """Things with the area and the grid in which they lie."""
    line = 0
    while chunk := [thing for _, thing in zip(range(CHUNK), things, strict=False)]:
        shapes = np.array([thing.shape for thing in chunk], dtype=object)
        points = shapely.point_on_surface(shapes)
        grids, areas = places.locate_many(shapely.get_x(points), shapely.get_y(points))
        bounds = shapely.bounds(shapes).tolist()
        blobs = shapely.to_wkb(shapes)
        for place, thing in enumerate(chunk):
            line += 1
            grid = int(grids[place])
            area = places.area_of(grid, int(areas[place]), "")
            yield ObjectData(
                line, thing.code, thing.name, blobs[place], bounds[place],
                json.dumps(thing.attributes, ensure_ascii=False), thing.state, None, None, None,
                area.id if area else None, places.grids[grid].id if grid >= 0 else None,
            )  # fmt: skip
