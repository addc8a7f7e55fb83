"""Boxes sorted into equal squares, so that those near a point are found without walking a tree."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cityloop.ground.places.metres import Floats

Index = NDArray[np.int64]
"""Positions in a list; -1 where there is none."""

SQUARES_PER_BOX = 16
"""Few enough to lay out in a blink, many enough that a square meets hardly more boxes than a point in it does."""


class Squares:
    """A square lattice over `boxes` (n x 4: west, south, east, north; NaN is none): which of them each square meets."""

    def __init__(self, boxes: NDArray[np.float64]) -> None:
        self._boxes = boxes
        self._rows: list[list[float]] = boxes.tolist()
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        known = boxes[there] if len(there) else np.zeros((1, 4))
        self._west, self._south = known[:, :2].min(axis=0).tolist()
        width, height = known[:, 2].max() - self._west, known[:, 3].max() - self._south
        wished = SQUARES_PER_BOX * max(len(there), 1)
        self._side = float(max(sqrt(width * height / wished), (width + height) / wished, 1e-9))
        self._across, self._high = int(width / self._side) + 1, int(height / self._side) + 1
        corners = boxes[there]
        left, low = self._square_of(corners[:, 0], corners[:, 1])
        right, top = self._square_of(corners[:, 2], corners[:, 3])
        wide = right - left + 1
        which, nth = _runs(wide * (top - low + 1))
        square = (low[which] + nth // wide[which]) * self._across + left[which] + nth % wide[which]
        self._members: Index = there[which[np.argsort(square, kind="stable")]]
        met = np.bincount(square, minlength=self._across * self._high)
        self._starts: Index = np.concatenate(([0], np.cumsum(met)))

    def around(self, lon: Floats, lat: Floats) -> tuple[Index, Index]:
        """Pairs of a point (NaN is none) and a box that holds or touches it, by position; boxes ascend for a point."""
        asked = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        column, row = self._square_of(lon[asked], lat[asked])
        square = row * self._across + column
        start = self._starts[square]
        which, nth = _runs(self._starts[square + 1] - start)
        box, point = self._members[start[which] + nth], asked[which]
        west, south, east, north = self._boxes.T
        x, y = lon[point], lat[point]
        held = (west[box] <= x) & (x <= east[box]) & (south[box] <= y) & (y <= north[box])
        return point[held], box[held]

    def around_one(self, lon: float, lat: float) -> list[int]:
        """The boxes that hold or touch one point, ascending."""
        column = min(max(int((lon - self._west) / self._side), 0), self._across - 1)
        row = min(max(int((lat - self._south) / self._side), 0), self._high - 1)
        square = row * self._across + column
        near = self._members[self._starts[square] : self._starts[square + 1]].tolist()
        return [box for box in near if _holds(self._rows[box], lon, lat)]

    def _square_of(self, lon: Floats, lat: Floats) -> tuple[Index, Index]:
        """Column and row; whoever stands outside is given the square at the edge."""
        column = np.clip((lon - self._west) / self._side, 0, self._across - 1).astype(np.int64)
        row = np.clip((lat - self._south) / self._side, 0, self._high - 1).astype(np.int64)
        return column, row


def _holds(box: list[float], lon: float, lat: float) -> bool:
    west, south, east, north = box
    return west <= lon <= east and south <= lat <= north


def _runs(lengths: NDArray[Any]) -> tuple[Index, Index]:
    """[2, 0, 3] -> ([0, 0, 2, 2, 2], [0, 1, 0, 1, 2]): whose run a place belongs to, and its place in the run."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
