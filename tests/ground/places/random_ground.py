"""Random ground to cut: stars with holes, several of them, and slivers."""

from typing import Any

import numpy as np
import shapely
from hypothesis import assume
from hypothesis import strategies as st

from cityloop.ground.places.lattice import lattice_at

LON, LAT = 116.3, 39.9
LON_M, LAT_M = 85_390.0, 111_030.0
"""About the metres of a degree there."""


def star(seed: int, radius_m: float, east_m: float = 0, north_m: float = 0) -> Any:
    """A random star-shaped polygon around a place, in WGS-84."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 40))))
    reach = radius_m * rng.uniform(0.3, 1, len(angle))
    x, y = east_m + reach * np.cos(angle), north_m + reach * np.sin(angle)
    return shapely.make_valid(shapely.Polygon(np.c_[LON + x / LON_M, LAT + y / LAT_M]))


def strip(length_m: float, width_m: float, east_m: float = 0) -> Any:
    west, south = LON + east_m / LON_M, LAT + 0.00013
    return shapely.box(west, south, west + length_m / LON_M, south + width_m / LAT_M)


@st.composite
def grounds(draw: st.DrawFn, radius_m: float = 900) -> Any:
    """A star, perhaps with a hole, perhaps with an island, a rock and a sliver beside it."""
    seed = draw(st.integers(0, 10**6))
    shape = star(seed, draw(st.floats(5, radius_m)))
    if draw(st.booleans()):
        shape = shapely.difference(shape, star(seed + 1, draw(st.floats(5, radius_m / 2))))
    if draw(st.booleans()):
        shape = shapely.union(shape, star(seed + 2, draw(st.floats(5, radius_m / 2)), east_m=1.7 * radius_m))
    if draw(st.booleans()):
        shape = shapely.union(shape, star(seed + 3, 15, north_m=-1.3 * radius_m))
    if draw(st.booleans()):
        shape = shapely.union(shape, strip(draw(st.floats(50, 2500)), draw(st.floats(1, 30)), east_m=-radius_m))
    assume(shape.area > 1e-9)  # about 10 m2: a hole may have left nothing
    return shape


def squares(width: int, height: int, column: int = 100_000, side_m: float = 100) -> Any:
    """Cells of a lattice, row by row from the south, in WGS-84."""
    lattice = lattice_at(LAT, side_m)
    cells = [(column + x, 44_400 + y) for y in range(height) for x in range(width)]
    return shapely.box(*np.array([lattice.box(cell) for cell in cells]).T)
