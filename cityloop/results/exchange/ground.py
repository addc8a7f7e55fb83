"""Areas of a scheme, or unit grids, with their outlines: in memory, as long as the city's revision stays."""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.locate import GridRow, cells_of
from cityloop.results.exchange.drawing import DETAIL, Shapes, coarse
from cityloop.results.exchange.mercator import to_square
from cityloop.results.exchange.sql import rows

UNIT = "unit"
"""The name under which unit grids stand beside the schemes of areas."""

_AREAS = """
SELECT a.code, a.name, a.names::json, a.level, p.code, a.generated, a.valid_from, a.valid_to, a.id, a.shape
FROM places_area a LEFT JOIN places_area p ON p.id = a.parent_id WHERE a.scheme = %s
ORDER BY a.code COLLATE "C", a.valid_from
"""
_GRIDS = """
SELECT g.code, a.code, g.generated, g.valid_from, g.valid_to, g.id, g.area_id, g.west, g.south, g.east, g.north, g.shape
FROM places_unitgrid g JOIN places_area a ON a.id = g.area_id ORDER BY g.code COLLATE "C"
"""
_MEMBERS = """
SELECT m.area_id, g.id, g.code, g.area_id, g.west, g.south, g.east, g.north, g.shape
FROM places_areagrid m JOIN places_unitgrid g ON g.id = m.grid_id
WHERE m.area_id = ANY(%s) AND m.valid_to IS NULL
"""


class Part(NamedTuple):
    """An area or a unit grid. `parent`: the code of the area that holds it."""

    code: str
    name: str
    names: dict[str, str]
    level: str
    parent: str | None
    generated: bool
    valid_from: date
    valid_to: date | None

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or self.valid_to > day)


class Ground(NamedTuple):
    """Parts by code with their shapes in degrees (None where nothing is known), those that have ended too."""

    parts: list[Part]
    shapes: Shapes
    tree: shapely.STRtree


@lru_cache(maxsize=16)
def ground(revision: str, scheme: str) -> Ground:
    """All areas of a scheme that ever were, or all unit grids; two statements at most. Empty where there are none."""
    parts, shapes = _grids() if scheme == UNIT else _areas(scheme)
    return Ground(parts, shapes, shapely.STRtree(shapes))


@lru_cache(maxsize=64)
def drawn(revision: str, scheme: str, day: date, zoom: int) -> Ground:
    """What is in force on a day and has a shape, in the unit square, as coarse as the zoom."""
    if zoom < DETAIL:
        fine = drawn(revision, scheme, day, DETAIL)
        return fine._replace(shapes=coarse(fine.shapes, zoom))
    known = ground(revision, scheme)
    wanted = [place for place, part in enumerate(known.parts) if known.shapes[place] is not None and part.in_force(day)]
    shapes = shapely.transform(known.shapes[wanted], to_square)
    return Ground([known.parts[place] for place in wanted], shapes, shapely.STRtree(shapes))


def _areas(scheme: str) -> tuple[list[Part], Shapes]:
    found = rows(_AREAS, [scheme])
    shapes = np.array([None if row[-1] is None else shapely.from_wkb(bytes(row[-1])) for row in found], object)
    shapes = shapely.make_valid(shapes)
    _put_together(shapes, {row[-2]: place for place, row in enumerate(found) if row[-1] is None})
    return [Part(*row[:-2]) for row in found], shapes


def _put_together(shapes: Shapes, missing: dict[int, int]) -> None:
    """Areas that are known only by the unit grids that count to them now; `missing`: their places by id."""
    found = rows(_MEMBERS, [list(missing)]) if missing else []
    if not found:
        return
    cells = cells_of([GridRow(*row[1:]) for row in found])
    owners = np.array([missing[row[0]] for row in found])
    for place in np.unique(owners):
        shapes[place] = shapely.union_all(cells[owners == place])


def _grids() -> tuple[list[Part], Shapes]:
    found = rows(_GRIDS, [])
    cells = cells_of([GridRow(row[5], row[0], *row[6:]) for row in found])
    return [Part(row[0], row[0], {}, UNIT, row[1], *row[2:5]) for row in found], cells
