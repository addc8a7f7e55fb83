"""Unit grids as square cells of a lattice that does not move when more cases come in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cityloop.ground.places.lattice import Cell, Lattice, lattice_at


@dataclass
class Cells:
    """`areas`: cell to the code of the area it belongs to."""

    lattice: Lattice
    areas: dict[Cell, str] = field(default_factory=dict)


def lay_cells(lons: NDArray[np.float64], lats: NDArray[np.float64], areas: Sequence[str], size_m: float) -> Cells:
    """Cells of `size_m` metres over points in degrees; each belongs to the area of most of its points.

    Points without an area ("") do not vote; a cell without any vote is left out.
    """
    cells = Cells(lattice_at(float(np.mean(lats)) if len(lats) else 0.0, size_m))
    columns = np.floor(lons / cells.lattice.lon_step).astype(int).tolist()
    rows = np.floor(lats / cells.lattice.lat_step).astype(int).tolist()
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
