"""Names out of what is known already: addresses that people gave with a point, and roads as lines."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.ground.places.asked import crossing_key, split_crossing, split_number
from cityloop.ground.places.models import PlaceName
from cityloop.ground.places.naming import NameData, Number
from cityloop.ground.places.spelling import CJK, fold

TOUCH = 1e-6
"""Degrees, about 0.1 m: roads nearer than this meet."""


class Address(NamedTuple):
    """What somebody called a point in degrees of WGS-84; `area`: the id of the area in which equal names are one."""

    text: str
    lon: float
    lat: float
    area: int | None


class Road(NamedTuple):
    """A piece of a road as a line in degrees of WGS-84; pieces of one name in one area are one road."""

    name: str
    shape: Any
    area: int | None
    names: dict[str, str] = {}
    public: bool = True
    generated: bool = False


def from_addresses(addresses: Iterable[Address]) -> list[NameData]:
    """Roads with their house numbers, and crossings, each at the middle of the points given for it."""
    numbers: dict[tuple[str, int | None], dict[tuple[int, int], list[Address]]] = defaultdict(lambda: defaultdict(list))
    crossings: dict[tuple[str, int | None], list[Address]] = defaultdict(list)
    written: dict[tuple[str, int | None], str] = {}
    for address in addresses:
        head = re.split(r"[,，;；]|\s{2,}", address.text.strip())[0]
        if found := split_number(head):
            name, first, last = found
            key = (fold(name), address.area)
            numbers[key][first, max(first, last)].append(address)
            written.setdefault(key, name.strip())
        elif pair := split_crossing(head):
            key = (crossing_key(*map(fold, pair)), address.area)
            crossings[key].append(address)
            written.setdefault(key, _crossing_name(*pair))
    return [
        *(_addressed(written[key], key, along) for key, along in numbers.items()),
        *(_crossing(written[key], key[0], _middle(given), key[1]) for key, given in crossings.items()),
    ]


def from_given(given: Iterable[Address], *, places: bool = True) -> list[NameData]:
    """What `from_addresses` reads, and with `places` everything else as the name of a place."""
    rows = list(given)
    others = [row for row in rows if places and not (split_number(row.text) or split_crossing(row.text))]
    found = {f"{fold(row.text)}@{row.area or ''}": row for row in others if fold(row.text)}
    return [
        *from_addresses(rows),
        *(NameData(code, "place", row.text.strip(), row.lon, row.lat, row.area) for code, row in found.items()),
    ]


def from_roads(roads: Sequence[Road]) -> list[NameData]:
    """Roads at a point of their longest piece, and where two of different names meet, their crossing."""
    named = [road for road in roads if fold(road.name)]
    pieces: dict[tuple[str, int | None], list[Road]] = defaultdict(list)
    for road in named:
        pieces[fold(road.name), road.area].append(road)
    return [
        *(_road(key, same) for key, same in pieces.items()),
        *_crossings(named),
    ]


def _addressed(name: str, key: tuple[str, int | None], along: dict[tuple[int, int], list[Address]]) -> NameData:
    numbers = tuple(Number(first, last, *_middle(given)) for (first, last), given in sorted(along.items()))
    middle = numbers[len(numbers) // 2]
    code = f"{key[0]}@{key[1] or ''}"
    return NameData(
        code, PlaceName.Kind.ROAD, name, middle.lon, middle.lat, key[1], weight=min(9, len(numbers) // 10),
        numbers=numbers,
    )  # fmt: skip


def _road(key: tuple[str, int | None], pieces: Sequence[Road]) -> NameData:
    longest = max(pieces, key=lambda road: float(shapely.length(road.shape)))
    middle = shapely.line_interpolate_point(_line(longest.shape), 0.5, normalized=True)
    return NameData(
        f"{key[0]}@{key[1] or ''}", PlaceName.Kind.ROAD, longest.name, middle.x, middle.y, key[1], longest.names,
        weight=min(9, len(pieces)), public=longest.public, generated=longest.generated,
    )  # fmt: skip


def _line(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return max(parts, key=lambda part: float(shapely.length(part)))


def _crossings(roads: Sequence[Road]) -> list[NameData]:
    """Each pair of roads that meet, once in an area, at the first point at which they do."""
    shapes = np.asarray([road.shape for road in roads], dtype=object)
    names = np.asarray([fold(road.name) for road in roads], dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH)
    kept = (one < other) & (names[one] != names[other]) if len(roads) else np.zeros(0, bool)
    found: dict[str, NameData] = {}
    for i, j in zip(one[kept].tolist(), other[kept].tolist(), strict=True):
        near = shapely.shortest_line(shapes[i], shapes[j])
        lon, lat = shapely.get_coordinates(near)[0].tolist()
        row = _crossing(
            _crossing_name(roads[i].name, roads[j].name), crossing_key(names[i], names[j]), (lon, lat), roads[i].area
        )
        found.setdefault(
            row.code, row._replace(public=roads[i].public and roads[j].public, generated=roads[i].generated)
        )
    return list(found.values())


def _crossing(name: str, key: str, point: tuple[float, float], area: int | None) -> NameData:
    one, other = key.split("&", 1)
    asked = (key, _together(one, other), _together(other, one))
    return NameData(f"{key}@{area or ''}", PlaceName.Kind.CROSSING, name, *point, area, asked=asked)


def _together(one: str, other: str) -> str:
    return f"{one}{other}" if CJK.search(one) else f"{one} {other}"


def _crossing_name(one: str, other: str) -> str:
    """As people write it in the script of the names."""
    one, other = one.strip(), other.strip()
    return f"{one}与{other}交叉口" if CJK.search(one + other) else f"{one} & {other}"


def _middle(given: Sequence[Address]) -> tuple[float, float]:
    return median(one.lon for one in given), median(one.lat for one in given)
