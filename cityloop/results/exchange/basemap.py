"""A base map of the city's own: its divisions and roads in one PMTiles file, made once and served in ranges."""

import gzip
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

import numpy as np
import shapely
from django.conf import settings
from pmtiles.tile import Compression, TileType, tileid_to_zxy, zxy_to_tileid
from pmtiles.writer import Writer

from cityloop.core import clock
from cityloop.core.errors import Unknown
from cityloop.ground.places.city import CityValue, city
from cityloop.results.exchange.drawing import Shapes, bounds_of, coarse, draw
from cityloop.results.exchange.ground import drawn
from cityloop.results.exchange.mercator import EXTENT, Tile, degrees, to_square
from cityloop.results.exchange.mvt import Layer, Properties
from cityloop.results.exchange.sql import rows
from cityloop.results.exchange.tiles import OPEN_SCHEME

ZOOMS = range(5, 15)
SHORTEST = 32
"""Steps: shorter roads are left out of a tile."""
NAMES = ("zh", "en")
FIELDS = {
    "areas": {"level": "String", "name_zh": "String", "name_en": "String"},
    "roads": {"code": "String", "name": "String"},
}
_ROADS = """
SELECT o.code, o.name, o.shape FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id
WHERE l.public AND l.geometry = 'line' AND o.valid_to IS NULL ORDER BY o.code
"""


class Built(NamedTuple):
    path: Path
    tiles: int
    size: int


class _Kind(NamedTuple):
    """What one layer of the map shows at one zoom, in the unit square."""

    name: str
    shapes: Shapes
    tree: shapely.STRtree
    properties: list[Properties]


def path() -> Path:
    """Where the file lies: beside what else belongs to this database and is no row."""
    return Path(settings.MEDIA_ROOT) / "map" / "base.pmtiles"


def tag() -> str | None:
    """Changes with the file; None where there is none."""
    try:
        found = path().stat()
    except FileNotFoundError:
        return None
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def attribution(here: CityValue) -> str:
    """Whose data the map is made of, as the pack says it, else the city."""
    return str(here.settings.get("map_attribution") or here.name)


def build(told: Callable[[int], None] = lambda zoom: None) -> Built:
    """Make the file anew, in one piece or not at all; three statements. `told` hears of each zoom that begins.

    Unknown where the city has neither a division with a shape nor a road.
    """
    here = city()
    day = here.day(clock.now())
    roads = _roads()
    wanted = path()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=wanted.parent, prefix="map-", delete=False) as file:
        try:
            writer, count = Writer(file), 0
            for zoom in ZOOMS:
                told(zoom)
                for number, content in _tiles([_areas(here, day, zoom), _long(roads, zoom)], zoom):
                    writer.write_tile(number, content)
                    count += 1
            if not count:
                raise Unknown("map_empty")
            writer.finalize(_header(here, day, roads), _metadata(here))
        except BaseException:
            os.unlink(file.name)
            raise
    os.chmod(file.name, 0o644)
    os.replace(file.name, wanted)
    return Built(wanted, count, wanted.stat().st_size)


def _areas(here: CityValue, day: date, zoom: int) -> _Kind:
    known = drawn(here.revision, OPEN_SCHEME, day, zoom)
    told: list[Properties] = [
        {"level": part.level} | {f"name_{language}": part.names.get(language, part.name) for language in NAMES}
        for part in known.parts
    ]
    return _Kind("areas", known.shapes, known.tree, told)


def _roads() -> _Kind:
    """Objects of public layers of lines."""
    found = rows(_ROADS, [])
    shapes = shapely.transform(shapely.from_wkb([bytes(row[2]) for row in found]), to_square)
    return _Kind("roads", shapes, shapely.STRtree(shapes), [{"code": row[0], "name": row[1]} for row in found])


def _long(roads: _Kind, zoom: int) -> _Kind:
    """The roads that are long enough to be seen at a zoom."""
    west, north, east, south = shapely.bounds(roads.shapes).T
    seen = np.flatnonzero(np.maximum(east - west, south - north) * EXTENT * 2**zoom >= SHORTEST)
    shapes = coarse(roads.shapes[seen], zoom)
    return _Kind("roads", shapes, shapely.STRtree(shapes), [roads.properties[at] for at in seen])


def _tiles(kinds: list[_Kind], zoom: int) -> Iterator[tuple[int, bytes]]:
    """The tiles of a zoom that show something, in the order of their numbers."""
    side = 2**zoom
    bounds = bounds_of(np.concatenate([kind.shapes for kind in kinds]))
    if bounds is None:
        return
    left, top, right, bottom = (min(max(int(edge * side), 0), side - 1) for edge in bounds)
    numbers = sorted(zxy_to_tileid(zoom, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
    for number in numbers:
        if content := _tile(kinds, Tile(*tileid_to_zxy(number))):
            yield number, gzip.compress(content, mtime=0)


def _tile(kinds: list[_Kind], place: Tile) -> bytes:
    edges = shapely.box(*(value / 2**place.z for value in (place.x, place.y, place.x + 1, place.y + 1)))
    content = b""
    for kind in kinds:
        found = np.sort(kind.tree.query(edges))
        layer = Layer(kind.name)
        draw(layer, kind.shapes[found], place, [kind.properties[at] for at in found])
        content += layer.encode()
    return content


def _header(here: CityValue, day: date, roads: _Kind) -> dict[str, Any]:
    west, north, east, south = shapely.total_bounds(np.concatenate([_areas(here, day, ZOOMS[-1]).shapes, roads.shapes]))
    (left, top), (right, bottom) = degrees(west, north), degrees(east, south)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": round(left * 1e7),
        "min_lat_e7": round(bottom * 1e7),
        "max_lon_e7": round(right * 1e7),
        "max_lat_e7": round(top * 1e7),
        "center_zoom": ZOOMS[len(ZOOMS) // 2],
        "center_lon_e7": round((left + right) / 2 * 1e7),
        "center_lat_e7": round((top + bottom) / 2 * 1e7),
    }


def _metadata(here: CityValue) -> dict[str, Any]:
    layers = [
        {"id": name, "fields": fields, "minzoom": ZOOMS[0], "maxzoom": ZOOMS[-1]} for name, fields in FIELDS.items()
    ]
    return {"name": here.name, "attribution": attribution(here), "vector_layers": layers}
