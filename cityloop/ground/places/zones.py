"""Guarded places, such as the ground before a school's gate: which of them hold a point at an hour."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import shapely

from cityloop.core.hours import Spans, minute_of_week


class Zone(NamedTuple):
    """`hours`: when it counts; `shape`: WKB in WGS-84."""

    id: int
    code: str
    level: str
    name: str
    names: dict[str, str]
    hours: Spans
    shape: bytes


class ZoneMap:
    """The zones of one day. Unlike areas they may overlap: a point can lie in several."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones = sorted(zones, key=lambda zone: zone.code)
        self._tree = shapely.STRtree(shapely.from_wkb([zone.shape for zone in self.zones]))

    def at(self, lon: float, lat: float, local: datetime) -> list[Zone]:
        """The zones that hold or touch a point (WGS-84) and count at an instant, told at the city's clock; by code."""
        minute = minute_of_week(local)
        found = sorted(self._tree.query(shapely.Point(lon, lat), predicate="intersects").tolist())
        return [
            self.zones[place]
            for place in found
            if any(first <= minute < last for first, last in self.zones[place].hours)
        ]
