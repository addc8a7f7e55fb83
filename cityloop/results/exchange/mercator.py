"""Tiles of the web Mercator square, and where points lie in them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
EXTENT = 4096
"""Steps along the edge of a tile, as the format counts."""
EDGE = 85.0511287798066
"""The latitude at which the square ends."""
MAX_ZOOM = 22


class Box(NamedTuple):
    """Degrees of WGS-84."""

    west: float
    south: float
    east: float
    north: float


class Tile(NamedTuple):
    """Zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int

    @property
    def exists(self) -> bool:
        return 0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z

    def box(self) -> Box:
        """What it covers."""
        side = 2.0**self.z
        return Box(
            self.x / side * 360 - 180,
            _latitude((self.y + 1) / side),
            (self.x + 1) / side * 360 - 180,
            _latitude(self.y / side),
        )

    def steps(self, square: Numbers) -> Numbers:
        """Points of the unit square (n x 2) in steps of this tile; outside it below 0 or beyond EXTENT."""
        return (square * 2.0**self.z - (self.x, self.y)) * EXTENT


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point of the unit square whose corner 0, 0 is the north west."""
    return x * 360 - 180, _latitude(y)


def _latitude(y: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


def to_square(degrees: Numbers) -> Numbers:
    """Longitudes and latitudes (n x 2) in the unit square whose corner 0, 0 is the north west."""
    lat = np.radians(np.clip(degrees[:, 1], -EDGE, EDGE))
    return np.column_stack((degrees[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)))


def square_sql(lon: str, lat: str) -> tuple[str, str]:
    """The same in SQL, of two expressions."""
    return (
        f"({lon} / 360 + 0.5)",
        f"(0.5 - asinh(tan(radians(least(greatest({lat}, -{EDGE}), {EDGE})))) / (2 * pi()))",
    )
