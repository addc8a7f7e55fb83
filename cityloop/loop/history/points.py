"""Coordinates as histories print them: read row by row, projected and checked a chunk at a time."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from cityloop.core.errors import Refused
from cityloop.loop.history.mapping import Place, Point
from cityloop.loop.history.rows import Raw
from cityloop.loop.history.values import Reader, compile_value

Floats = NDArray[np.float64]
WORLD = (-180.0, -90.0, 180.0, 90.0)
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_IN_BRACKETS = re.compile(rf"[(\[]\s*({_NUMBER})[\s,;]+({_NUMBER})")
_BARE = re.compile(rf"^({_NUMBER})[\s,;]+({_NUMBER})$")


class Printed(NamedTuple):
    """A point as printed, in the columns' own reference system; or why there is none, and the text."""

    x: float
    y: float
    fact: str = ""
    text: str | None = None


MISSING = Printed(0.0, 0.0, "place_missing")


class Points:
    """`read` one row, then `finish` many."""

    def __init__(self, place: Place, empty: Iterable[str] = (), folder: Path | None = None) -> None:
        try:
            crs = CRS.from_user_input(place.crs)
        except CRSError as error:
            raise Refused("crs_unknown", crs=place.crs) from error
        self._transformer = (
            None if crs == CRS.from_epsg(4326) else Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        )
        self._bounds = place.bounds or WORLD
        self.read = _reader(place, empty, folder)

    def finish(self, xs: Sequence[float], ys: Sequence[float]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Longitudes and latitudes in WGS-84 degrees, and whether each lies inside the bounds."""
        lons, lats = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
        if self._transformer is not None and len(lons):
            lons, lats = self._transformer.transform(lons, lats)
        west, south, east, north = self._bounds
        inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        return lons, lats, inside


def _reader(place: Place, empty: Iterable[str], folder: Path | None) -> Callable[[Raw], Printed]:
    if place.point is not None:
        pair = _from_text(compile_value(place.point, empty, folder), place.point)
    else:
        assert place.lon is not None
        assert place.lat is not None
        x_of, y_of = compile_value(place.lon, empty, folder), compile_value(place.lat, empty, folder)
        pair = _from_columns(x_of, y_of, place.decimal)
    nowhere = [(0.0, 0.0), *place.nowhere]
    tolerance = place.tolerance

    def read(raw: Raw) -> Printed:
        printed = pair(raw)
        if printed.fact:
            return printed
        x, y = printed.x, printed.y
        for here_x, here_y in nowhere:
            if abs(x - here_x) <= tolerance and abs(y - here_y) <= tolerance:
                return Printed(x, y, "place_default", f"{x} {y}")
        return printed

    return read


def _from_columns(x_of: Reader, y_of: Reader, decimal: str) -> Callable[[Raw], Printed]:
    def number(text: str) -> float:
        if decimal == ",":
            text = text.replace(".", "").replace(",", ".")
        elif "," in text:
            text = text.replace(",", "")
        return float(text)

    def read(raw: Raw) -> Printed:
        x, y = x_of(raw), y_of(raw)
        if x is None or y is None:
            return MISSING
        try:
            point = Printed(number(x), number(y))
        except ValueError:
            return Printed(0.0, 0.0, "place_unreadable", f"{x} {y}")
        if abs(point.x) < 1e9 and abs(point.y) < 1e9:  # neither infinite nor NaN
            return point
        return Printed(0.0, 0.0, "place_unreadable", f"{x} {y}")

    return read


def _from_text(text_of: Reader, point: Point) -> Callable[[Raw], Printed]:
    def read(raw: Raw) -> Printed:
        text = text_of(raw)
        if text is None:
            return MISSING
        match = _IN_BRACKETS.search(text) or _BARE.search(text)
        if match is None:
            return Printed(0.0, 0.0, "place_unreadable", text[:200])
        lon_first = "POINT" in text.upper() or '"coordinates"' in text
        if point.order is not None:
            lon_first = point.order == "lon_lat"
        one, two = float(match[1]), float(match[2])
        return Printed(one, two) if lon_first else Printed(two, one)

    return read
