"""Mapbox Vector Tiles: features as integers in steps of a tile, written by the format's own compiled messages."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from numpy.typing import NDArray

from cityloop.results.exchange.mercator import EXTENT

Value = str | int
Properties = Mapping[str, Value]
Line = Sequence[tuple[int, int]]
Ring = Line
"""Corners of a closed ring without the last, which is the first again."""

POINT, LINE, POLYGON = 1, 2, 3
MOVE_TO, LINE_TO, CLOSE = 1, 2, 7


class Layer:
    """One layer of a tile; every key and every value is written once."""

    def __init__(self, name: str) -> None:
        self._tile = vector_tile_pb2.tile()
        self._layer = self._tile.layers.add(name=name, version=2, extent=EXTENT)
        self._keys: dict[str, int] = {}
        self._values: dict[Value, int] = {}

    def point(self, x: int, y: int, properties: Properties) -> None:
        self._add(POINT, (MOVE_TO | 1 << 3, _zigzag(x), _zigzag(y)), properties)

    def points(self, steps: NDArray[np.int64], columns: Mapping[str, Sequence[Value]]) -> None:
        """Many points at once (n x 2): each has one value of each column."""
        keys, values = self._keys, self._values
        tags: list[Iterable[int]] = []
        for key, column in columns.items():
            tags += (
                repeat(keys.setdefault(key, len(keys))),
                [values.setdefault(value, len(values)) for value in column],
            )
        add = self._layer.features.add
        zigzag = (steps << 1) ^ (steps >> 63)
        for (x, y), told in zip(zigzag.tolist(), zip(*tags, strict=False), strict=True):
            add(type=POINT, geometry=(MOVE_TO | 1 << 3, x, y), tags=told)

    def line(self, parts: Iterable[Line], properties: Properties) -> None:
        """A part needs two points."""
        self._add(LINE, _drawn(parts, ()), properties)

    def polygon(self, rings: Iterable[Ring], properties: Properties) -> None:
        """Outer rings run clockwise as seen on the screen, holes the other way; a ring needs three corners."""
        self._add(POLYGON, _drawn(rings, (CLOSE | 1 << 3,)), properties)

    def encode(self) -> bytes:
        """The tile; nothing at all where the layer is empty."""
        if not self._layer.features:
            return b""
        self._layer.keys.extend(self._keys)
        for value in self._values:
            if isinstance(value, str):
                self._layer.values.add(string_value=value)
            else:
                self._layer.values.add(int_value=value)
        encoded: bytes = self._tile.SerializeToString()
        return encoded

    def _add(self, kind: int, geometry: Sequence[int], properties: Properties) -> None:
        if not geometry:
            return
        keys, values = self._keys, self._values
        tags: list[int] = []
        for key, value in properties.items():
            tags += (keys.setdefault(key, len(keys)), values.setdefault(value, len(values)))
        self._layer.features.add(type=kind, geometry=geometry, tags=tags)


def _drawn(parts: Iterable[Line], end: Sequence[int]) -> list[int]:
    commands: list[int] = []
    x = y = 0
    for part in parts:
        for place, (to_x, to_y) in enumerate(part):
            if place < 2:
                commands.append(MOVE_TO | 1 << 3 if place == 0 else LINE_TO | (len(part) - 1) << 3)
            commands += (_zigzag(to_x - x), _zigzag(to_y - y))
            x, y = to_x, to_y
        commands += end
    return commands


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else ~(value << 1)
