"""Unit grids as square cells of a lattice that does not move when more cases come in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians

import numpy as np
from numpy.typing import NDArray

METRES_PER_DEGREE = 111_320.0
"""Along a meridian; equirectangular metres are near enough for laying cells."""
LATITUDE_STEP = 0.1
"""The lattice is cut to the mean latitude rounded to this, in degrees."""
DIGITS = 7
"""About a centimetre."""

Cell = tuple[int, int]
"""Column from the prime meridian, row from the equator."""


@dataclass
class Cells:
    """`areas`: cell to the code of the area it belongs to; steps in degrees."""

    lon_step: float
    lat_step: float
    areas: dict[Cell, str] = field(default_factory=dict)

    def box(self, cell: Cell) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; neighbours share their edges to the last digit."""
        column, row = cell
        return (
            round(column * self.lon_step, DIGITS),
            round(row * self.lat_step, DIGITS),
            round((column + 1) * self.lon_step, DIGITS),
            round((row + 1) * self.lat_step, DIGITS),
        )


def lay_cells(lons: NDArray[np.float64], lats: NDArray[np.float64], areas: Sequence[str], size_m: float) -> Cells:
    """Cells of `size_m` metres over points in degrees; each belongs to the area of most of its points.

    Points without an area ("") do not vote; a cell without any vote is left out.
    """
    middle = round(float(np.mean(lats)) / LATITUDE_STEP) * LATITUDE_STEP if len(lats) else 0.0
    lat_step = size_m / METRES_PER_DEGREE
    cells = Cells(lat_step / cos(radians(middle)), lat_step)
    columns = np.floor(lons / cells.lon_step).astype(int).tolist()
    rows = np.floor(lats / cells.lat_step).astype(int).tolist()
    votes: dict[Cell, Counter[str]] = {}
    for column, row, area in zip(columns, rows, areas, strict=True):
        if area:
            votes.setdefault((column, row), Counter())[area] += 1
    for cell, counter in votes.items():
        cells.areas[cell] = most(counter)
    return cells


def most(counter: Counter[str]) -> str:
    """The most frequent; of equals the first in alphabetical order."""
    return min(counter, key=lambda name: (-counter[name], name))
