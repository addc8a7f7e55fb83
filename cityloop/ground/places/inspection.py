"""The seams of everything that should lie without gap and overlap: areas in areas, unit grids in their areas."""

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.locate import cells_of
from cityloop.ground.places.models import Area
from cityloop.ground.places.queries import area_map, in_force
from cityloop.ground.places.seams import SeamError, escapes, seam_errors

SEAMLESS = ("division", "responsibility", "assessment")
"""Schemes that cover the ground once; areas of others, such as zones and guarded places, must only stay inside."""
UNIT_GRIDS = "unit grids"


class _Area(NamedTuple):
    ref: str
    depth: int
    level: str
    parent: int | None
    shape: Any


class LevelSeams(NamedTuple):
    """What is wrong between two levels. `parents`, `children`: the codes to which the positions in `errors` point,
    areas as `scheme:code`; `level`: of the children, with its scheme."""

    level: str
    parents: list[str]
    children: list[str]
    errors: list[SeamError]


def inspect(day: date) -> list[LevelSeams]:
    """All seams of a day, from the top down; levels that nobody has drawn are left out. Three statements."""
    rows = Area.objects.filter(in_force(day)).order_by("scheme", "code")
    known = {
        pk: _Area(f"{scheme}:{code}", len(path), f"{scheme}:{level}", parent, None if shape is None else bytes(shape))
        for pk, scheme, code, path, level, parent, shape in rows.values_list(
            "id", "scheme", "code", "path", "level", "parent_id", "shape"
        ).iterator()
    }
    drawn = {pk: shapely.from_wkb(area.shape) for pk, area in known.items() if area.shape}
    levels: dict[str, list[int]] = defaultdict(list)
    for pk in drawn:
        levels[known[pk].level].append(pk)
    found = []
    for level in sorted(levels, key=lambda name: (known[levels[name][0]].depth, name)):
        ids = levels[level]
        parents = list(dict.fromkeys(known[pk].parent for pk in ids if known[pk].parent in drawn))
        found.append(
            LevelSeams(
                level,
                [known[pk].ref for pk in parents if pk is not None],
                [known[pk].ref for pk in ids],
                _seams(level, [drawn[pk] for pk in parents if pk is not None], [drawn[pk] for pk in ids],
                       [known[pk].parent for pk in ids], parents),
            )
        )  # fmt: skip
    return [*found, *_grids(day, known, drawn)]


def _seams(
    level: str, parents: list[Any], children: list[Any], parent_of: list[int | None], order: list[int | None]
) -> list[SeamError]:
    places = {pk: place for place, pk in enumerate(order)}
    of = np.array([places.get(pk, -1) for pk in parent_of], np.int64)
    check = seam_errors if level.split(":", maxsplit=1)[0] in SEAMLESS else escapes
    return check(parents, children, of)


def _grids(day: date, known: dict[int, _Area], drawn: dict[int, Any]) -> list[LevelSeams]:
    places = area_map(day)
    if not places.grids:
        return []
    order = list(dict.fromkeys(row.area for row in places.grids if row.area in drawn))
    errors = _seams(
        "division", [drawn[pk] for pk in order], list(cells_of(places.grids)), [row.area for row in places.grids],
        list(order),
    )  # fmt: skip
    return [LevelSeams(UNIT_GRIDS, [known[pk].ref for pk in order], [row.code for row in places.grids], errors)]
