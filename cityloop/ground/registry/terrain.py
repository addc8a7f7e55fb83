"""The city on one day as the ledger is held against it: its ground, what stands on it, what can be asked about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.locate import AreaRow, GridRow, cells_of
from cityloop.ground.places.metres import Shapes, square_metres
from cityloop.ground.registry.ledger import Duty, Question, Scope

TOLERANCE_M2 = 1.0
"""Less ground than this is nobody's business."""


class Matter(NamedTuple):
    """What a report can be about: a minor category with its major one, and a situation of the rule book."""

    category: int
    major: int | None
    situation: str


class Standing(NamedTuple):
    """An object that is managed, or that the ledger names. `areas`: from top to leaf; `categories`: ids."""

    code: str
    name: str
    layer: str
    phase: str
    shape: Any
    areas: tuple[int, ...]
    grid: int | None
    managed: bool
    strata: tuple[str, ...]
    categories: frozenset[int]


@dataclass(frozen=True)
class Terrain:
    """`divisions`: the areas that tile the city; `areas`: those of other schemes too; `further`: grid to areas of other
    schemes; `classes`: area to what it counts as; `majors`: category to its major one."""

    at: datetime
    divisions: frozenset[int]
    areas: Mapping[int, AreaRow]
    grids: Sequence[GridRow]
    further: Mapping[int, tuple[int, ...]]
    classes: Mapping[int, str]
    majors: Mapping[int, int | None]
    matters: Sequence[Matter]
    things: Mapping[str, Standing]

    @cached_property
    def cells(self) -> Shapes:
        return _sound(cells_of(self.grids))

    @cached_property
    def _outlines(self) -> dict[int, Any]:
        known = {area.id: area.shape for area in self.areas.values() if area.shape}
        return dict(zip(known, _sound(shapely.from_wkb(list(known.values()))), strict=True))

    def outline(self, area: int) -> Any:
        """The ground of an area: its outline, else all its unit grids; None where neither is known."""
        if area not in self._outlines:
            cells = self.cells[self._held.get(area, [])]
            self._outlines[area] = shapely.union_all(cells) if len(cells) else None
        return self._outlines[area]

    @cached_property
    def _held(self) -> dict[int, list[int]]:
        """The grids in each area."""
        held: dict[int, list[int]] = defaultdict(list)
        for place, path in enumerate(self.paths):
            for area in path:
                held[area].append(place)
        return held

    @cached_property
    def paths(self) -> list[tuple[int, ...]]:
        """For each grid the areas that hold it, from large to small."""
        return [(*self.areas[grid.area].path, *self.further.get(grid.id, ())) for grid in self.grids]

    @cached_property
    def grid_places(self) -> dict[int, int]:
        return {grid.id: place for place, grid in enumerate(self.grids)}

    @cached_property
    def leaves(self) -> Any:
        """All ground that lies in an area without others below it; None where none is known."""
        above = {area for row in self.areas.values() for area in row.path[:-1]}
        return self._joined(self.divisions - above)

    def _joined(self, areas: Iterable[int]) -> Any:
        shapes = [shape for area in sorted(areas) if (shape := self.outline(area)) is not None]
        return shapely.union_all(shapes) if shapes else None

    def area_class(self, path: Sequence[int]) -> str:
        return next((self.classes[area] for area in reversed(path) if area in self.classes), "")

    def chain(self, category: int | None) -> tuple[int | None, ...]:
        return () if category is None else (category, self.majors.get(category))

    def ground(self, duty: Duty) -> Any:
        """The ground that a duty is for; None where it is not known."""
        if duty.place not in self._grounds:
            self._grounds[duty.place] = self._ground(duty)
        return self._grounds[duty.place]

    @cached_property
    def _grounds(self) -> dict[Scope, Any]:
        return {}

    def _ground(self, duty: Duty) -> Any:
        if code := duty.object_code or duty.road:
            return self.things[code].shape if code in self.things else None
        if duty.drawn is not None:
            return shapely.from_wkb(duty.drawn)
        if duty.grid is not None:
            place = self.grid_places.get(duty.grid)
            return None if place is None else self.cells[place]
        if duty.area is not None:
            return self.outline(duty.area)
        if duty.area_class:
            return self._joined(area for area, name in self.classes.items() if name == duty.area_class)
        return self.leaves

    def question(self, duty: Duty, drawn: frozenset[int]) -> Question:
        """What a duty is for, as a question; `drawn`: the duties whose drawn area holds all of it."""
        path = self._path(duty)
        return Question(
            self.chain(duty.category), path, self.at, duty.situation, duty.area_class or self.area_class(path),
            duty.grid, duty.road, drawn, duty.object_code, duty.phase, duty.stratum or "on",
        )  # fmt: skip

    def _path(self, duty: Duty) -> tuple[int, ...]:
        thing = self.things.get(duty.object_code or duty.road)
        if thing is not None:
            return thing.areas
        if duty.grid is not None:
            place = self.grid_places.get(duty.grid)
            return () if place is None else self.paths[place]
        if duty.area is not None:
            return tuple(self.areas[duty.area].path) if duty.area in self.areas else ()
        if duty.drawn is not None:
            shape = shapely.from_wkb(duty.drawn)
            held = [area for area in self.divisions if (ground := self.outline(area)) and ground.covers(shape)]
            return tuple(sorted(held, key=lambda area: len(self.areas[area].path)))
        return ()


def square(shape: Any) -> float:
    """m2; of points, lines and nothing 0."""
    return 0.0 if shape is None or shapely.is_empty(shape) else float(square_metres([shape])[0])


def _sound(shapes: Any) -> Shapes:
    found = np.asarray(shapes, dtype=object).reshape(-1)
    broken = ~shapely.is_valid(found)
    found[broken] = shapely.make_valid(found[broken])
    return found
