"""Gaps and disputes of the ledger as a map shows them: their ground, and a mark in each, however small it is."""

from datetime import date, datetime, time
from typing import NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.city import CityValue
from cityloop.ground.registry.worklist import worklist
from cityloop.results.exchange.drawing import Shapes, coarse, draw
from cityloop.results.exchange.kept import Kept
from cityloop.results.exchange.mercator import EXTENT, Numbers, Tile, to_square
from cityloop.results.exchange.mvt import Layer, Properties

NOON = time(12)


class Drawn(NamedTuple):
    """What is wrong somewhere: its ground and a point in it, in the unit square, and what is said of it."""

    shapes: Shapes
    tree: shapely.STRtree
    middles: Numbers
    properties: list[Properties]


_drawn: Kept[Drawn] = Kept(3600, size=4)
"""Looking through a large city takes seconds, and a map asks for many tiles at once: one of them does it."""


def tile(here: CityValue, day: date, place: Tile, most: int) -> bytes:
    """Layer `gaps`: the ground, the largest where there are too many; layer `marks`: a point in each, in one tile only.

    Both say the `number` in the worklist of the day, the `kind`, and how many square metres it is.
    """
    known = _drawn.get((here.revision, day), lambda: _draw(here, day))
    edges = shapely.box(*(value / 2**place.z for value in (place.x, place.y, place.x + 1, place.y + 1)))
    found = np.sort(known.tree.query(edges))
    found = np.sort(found[np.argsort(-shapely.area(known.shapes[found]), kind="stable")[:most]])
    told = [known.properties[at] for at in found]
    ground, marks = Layer("gaps"), Layer("marks")
    draw(ground, coarse(known.shapes[found], place.z), place, told)
    steps = np.floor(place.steps(known.middles[found])).astype(int).tolist()
    for (x, y), properties in zip(steps, told, strict=True):
        if 0 <= x < EXTENT and 0 <= y < EXTENT:
            marks.point(x, y, properties)
    return ground.encode() + marks.encode()


def _draw(here: CityValue, day: date) -> Drawn:
    gaps = enumerate(worklist(here, datetime.combine(day, NOON, here.zone)).gaps, start=1)
    placed = [(number, gap) for number, gap in gaps if gap.shape is not None]
    shapes = shapely.transform(shapely.make_valid(shapely.from_wkb([gap.shape for _, gap in placed])), to_square)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    told: list[Properties] = [
        {"number": number, "kind": gap.kind.value, "area_m2": round(gap.area_m2)} for number, gap in placed
    ]
    return Drawn(shapes, shapely.STRtree(shapes), middles, told)
