"""What stands in a made-up city: roads across what is built up, and everything else along them and between them.

Pure and seeded, each layer by itself: the same layer comes out whatever else is made.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.metres import Floats, Shapes, around
from cityloop.practice.wishes import ThingWish, Wishes

BUILT_UP = 3e-6
"""Square degrees: a grid whose box is larger lies outside of what is built up."""
ROAD_EVERY = 3
"""Cells between two roads."""
BESIDE_M = 7.0
DECK_M = 11.0
"""Half the width of a deck."""
DIGITS = 7
"""Of a degree: a centimetre."""
FIRST_DAY = date(2020, 1, 1)


class Community(NamedTuple):
    """`cells`: boxes of its built-up unit grids (n x 4, degrees)."""

    code: str
    name: str
    outline: Any
    cells: Floats


class LayerWish(NamedTuple):
    """`prefix`: of codes; `attributes`: JSON Schemas by name."""

    layer: str
    prefix: str
    attributes: Mapping[str, Mapping[str, Any]]
    wish: ThingWish


class Thing(NamedTuple):
    """`community`: code of that in which it is made."""

    code: str
    community: str
    name: str
    shape: Any
    attributes: dict[str, Any]
    state: str


def communities(
    grids: Iterable[tuple[str, tuple[float, ...]]], named: Mapping[str, tuple[str, Any]]
) -> list[Community]:
    """What is built up, from the community and box of each unit grid and the name and outline of each community."""
    cells: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for code, box in grids:
        if (box[2] - box[0]) * (box[3] - box[1]) < BUILT_UP:
            cells[code].append(box)
    return [
        Community(code, *named[code], np.array(sorted(boxes), np.float64).round(10))
        for code, boxes in sorted(cells.items())
    ]


class Things:
    """The things of all layers that are wished. `total`: of points."""

    def __init__(self, here: Sequence[Community], wishes: Wishes, layers: Sequence[LayerWish], total: int) -> None:
        self.here, self.seed, self.total = here, wishes.seed, total
        self.layers = {layer.layer: layer for layer in layers}
        self.shares = sum(layer.wish.share or 0 for layer in layers)
        self.roads: dict[str, tuple[Shapes, list[Community]]] = {}
        self.cells = np.concatenate([one.cells for one in here]) if here else np.empty((0, 4))
        self.homes = [one for one in here for _ in one.cells]

    def count(self, layer: str) -> int:
        """So many a layer gets at most."""
        wish = self.layers[layer].wish
        return wish.count if wish.share is None else round(self.total * wish.share / self.shares)

    def of(self, layer: str) -> Iterator[Thing]:
        """The things of a layer, in the order of their codes."""
        told = self.layers[layer]
        shapes, homes = self._shapes(layer)
        chance, fate = Random(f"{self.seed} {layer} attributes"), Random(f"{self.seed} {layer} states")
        states, weights = list(told.wish.states), list(told.wish.states.values())
        for number, (shape, home) in enumerate(zip(shapes, homes, strict=True), start=1):
            state = fate.choices(states, weights)[0] if states else ""
            attributes = {key: _value(schema, chance) for key, schema in told.attributes.items()}
            yield Thing(
                f"{told.prefix}{number:06}",
                home.code,
                told.wish.name.format(name=home.name, number=number)[:200],
                shape,
                {key: value for key, value in attributes.items() if value is not None},
                state,
            )

    def _shapes(self, layer: str) -> tuple[Shapes, Sequence[Community]]:
        wish, count = self.layers[layer].wish, self.count(layer)
        chance = np.random.default_rng([self.seed, *layer.encode()])
        if wish.form == "roads":
            return self._roads(layer)
        if not len(self.cells) or not count:
            return np.empty(0, dtype=object), []
        if wish.form == "along":
            return self._along(wish.of, count, chance)
        if wish.form == "over":
            return self._over(wish.of, count)
        picked = chance.integers(0, len(self.cells), count)
        homes = [self.homes[place] for place in picked.tolist()]
        low, high = self.cells[picked, :2], self.cells[picked, 2:]
        middle = low + (high - low) * chance.uniform(0.35, 0.65, (count, 2))
        if wish.form == "scattered":
            return shapely.points(np.round(middle, DIGITS)), homes
        half = (high - low) * chance.uniform(0.08, 0.3, (count, 2))
        low, high = np.round(middle - half, DIGITS), np.round(middle + half, DIGITS)
        return shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]), homes

    def _roads(self, layer: str) -> tuple[Shapes, list[Community]]:
        """Straight lines through the built-up cells of each community, the largest communities first."""
        if layer not in self.roads:
            lines: list[Any] = []
            homes: list[Community] = []
            for one in sorted(self.here, key=lambda one: -len(one.cells)):
                if len(lines) >= self.count(layer):
                    break
                for line in _lines(one):
                    lines.append(line)
                    homes.append(one)
            kept = self.count(layer)
            self.roads[layer] = np.array(lines[:kept], dtype=object), homes[:kept]
        return self.roads[layer]

    def _along(self, layer: str, count: int, chance: np.random.Generator) -> tuple[Shapes, list[Community]]:
        lines, homes = self._roads(layer)
        ends = np.cumsum(shapely.length(lines))
        if not len(ends):
            return np.empty(0, dtype=object), []
        places = np.sort(chance.uniform(0, ends[-1], count))
        which = np.minimum(np.searchsorted(ends, places), len(ends) - 1)
        points = shapely.get_coordinates(shapely.line_interpolate_point(lines[which], ends[which] - places))
        metres = around(lines)
        aside = chance.choice([-BESIDE_M, BESIDE_M], (count, 2)) / (metres.lon_m, metres.lat_m)
        return shapely.points(np.round(points + aside, DIGITS)), [homes[i] for i in which.tolist()]

    def _over(self, layer: str, count: int) -> tuple[Shapes, list[Community]]:
        lines, homes = self._roads(layer)
        longest = np.argsort(-shapely.length(lines), kind="stable")[:count]
        metres = around(lines)
        decks = shapely.buffer(metres.shapes(lines[longest]), DECK_M, cap_style="flat")
        scale, middle = (metres.lon_m, metres.lat_m), (metres.lon, metres.lat)
        return shapely.transform(decks, lambda p: np.round(p / scale + middle, DIGITS)), [homes[i] for i in longest]


def _lines(one: Community) -> Iterator[Any]:
    """Roads along the edges of the lattice, inside of the community."""
    west, south = one.cells[:, :2].min(axis=0)
    east, north = one.cells[:, 2:].max(axis=0)
    across = np.unique(np.round(one.cells[:, 1], DIGITS))[1::ROAD_EVERY]
    up = np.unique(np.round(one.cells[:, 0], DIGITS))[1::ROAD_EVERY]
    lines = [[(west, y), (east, y)] for y in across] + [[(x, south), (x, north)] for x in up]
    if not lines:
        return
    for found in shapely.intersection(shapely.linestrings(np.array(lines)), one.outline):
        parts = [part for part in shapely.get_parts(found) if part.geom_type == "LineString"]
        longest = max(parts, key=lambda part: float(part.length), default=None)
        if longest is not None and longest.length > 0.0005:
            yield shapely.transform(longest, lambda points: np.round(points, DIGITS))


def _value(schema: Mapping[str, Any], chance: Random) -> Any:
    """Something that a JSON Schema of an attribute allows; None where it asks for words."""
    if choices := schema.get("enum"):
        return chance.choice(choices)
    low = schema.get("minimum", 0)
    high = schema.get("maximum", low + 40)
    if schema.get("format") == "date":
        return (FIRST_DAY + timedelta(days=chance.randrange(2_000))).isoformat()
    if schema["type"] == "boolean":
        return chance.random() < 0.5
    if schema["type"] == "integer":
        return chance.randint(int(low), int(high))
    return round(chance.uniform(low, high), 1) if schema["type"] == "number" else None
