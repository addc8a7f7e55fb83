"""A lattice over the whole earth on which cells are laid, so that they stay where they are when an area changes."""

from math import cos, radians
from typing import NamedTuple

METRES_PER_DEGREE = 111_320.0
"""Along the equator; along a meridian 0.3 to 0.7 % too much, which is near enough for laying cells."""
LATITUDE_STEP = 0.1
"""The lattice is cut to the middle latitude rounded to this, in degrees."""
DIGITS = 7
"""About a centimetre."""

Cell = tuple[int, int]
"""Column from the prime meridian, row from the equator."""


class Lattice(NamedTuple):
    """Steps in degrees."""

    lon_step: float
    lat_step: float

    def box(self, cell: Cell) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; neighbours share their edges to the last digit."""
        column, row = cell
        return (
            round(column * self.lon_step, DIGITS),
            round(row * self.lat_step, DIGITS),
            round((column + 1) * self.lon_step, DIGITS),
            round((row + 1) * self.lat_step, DIGITS),
        )


def lattice_at(latitude: float, side_m: float) -> Lattice:
    """The lattice of square cells of about `side_m` metres around a latitude in degrees."""
    lat_step = side_m / METRES_PER_DEGREE
    return Lattice(lat_step / cos(radians(round(latitude / LATITUDE_STEP) * LATITUDE_STEP)), lat_step)
