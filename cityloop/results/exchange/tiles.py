"""Vector tiles of objects and of grids, kept by the revision of what they show."""

import gzip
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import shapely

from cityloop.core import clock
from cityloop.core.errors import Unknown, Unproven
from cityloop.ground.places.city import city
from cityloop.ground.registry.stock import LayerSeen, layer_seen
from cityloop.results.exchange.drawing import DETAIL, coarse, draw
from cityloop.results.exchange.ground import UNIT, drawn
from cityloop.results.exchange.kept import Kept
from cityloop.results.exchange.mercator import EXTENT, Tile, square_sql, to_square
from cityloop.results.exchange.mvt import Layer
from cityloop.results.exchange.sight import PUBLIC, Sight
from cityloop.results.exchange.sql import rows

MOST = 5000
"""Features in a tile: more points are counted by cell; of more lines, polygons and grids the small ones are missing."""
FEW = 1000
"""The same of points in tiles further out than POINTS_FROM."""
POINTS_FROM = 14
GRIDS_FROM = 13
"""Further out there are more unit grids than can be told apart."""
CELLS = 32
"""Cells along the edge of a tile."""
OPEN_SCHEME = "division"
"""Its outlines are for everybody."""
FRESH = 1
"""Seconds for which a revision is taken for the latest."""
LASTING = 3600

_IN = "o.layer_id = %s::int8 AND o.valid_to IS NULL AND o.box && box(point(%s, %s), point(%s, %s))"
_LON, _LAT = "((o.box)[0])[0]", "((o.box)[0])[1]"
_X, _Y = square_sql(_LON, _LAT)

_layers: Kept[LayerSeen] = Kept(FRESH, size=256)
_cities: Kept[tuple[str, Any]] = Kept(FRESH, size=1)
_tiles: Kept[bytes] = Kept(LASTING, size=512)


class Served(NamedTuple):
    """A tile, compressed with gzip, that is made when it is asked for; `etag` is known before."""

    etag: str
    public: bool
    key: tuple[Any, ...]

    def content(self) -> bytes:
        return _tiles.get(self.key, self._drawn)

    def _drawn(self) -> bytes:
        kind, *facts = self.key
        return gzip.compress(_objects(*facts) if kind == "objects" else _grids(*facts), 3, mtime=0)


def objects(code: str, place: Tile, sight: Sight) -> Served:
    """The objects of a layer that are in force, in a tile of layer `objects`: `code`, `name`, `state`.

    Where there are too many points each tells how many stand in its cell instead: `count`. An internal layer is
    narrowed to what `sight` lets see; Unproven without a token. Unknown where there is no such layer.
    """
    layer = _layers.get(code, lambda: layer_seen(code))
    if not layer.public and not sight.internal:
        raise Unproven("tile_token_wrong")
    return _served(layer.public, "objects", layer, place, PUBLIC if layer.public else sight)


def grids(scheme: str, place: Tile, sight: Sight) -> Served:
    """Unit grids (scheme `unit`) or the areas of a scheme in a tile of layer `grids`: `code`, `name`, `level`.

    Unproven without a token, but for divisions. Unknown where there is no such scheme.
    """
    if scheme != OPEN_SCHEME and not sight.internal:
        raise Unproven("tile_token_wrong")
    revision, day = _cities.get("", _now)
    return _served(scheme == OPEN_SCHEME, "grids", revision, day, scheme, place)


def _now() -> tuple[str, Any]:
    here = city()
    return here.revision, here.day(clock.now())


def _served(public: bool, *key: Any) -> Served:
    return Served(f'W/"{sha256(repr(key).encode()).hexdigest()[:32]}"', public, key)


def _objects(kind: LayerSeen, place: Tile, sight: Sight) -> bytes:
    """One statement, or two where points are counted."""
    where, values = (_IN, [kind.id, *place.box()])
    if not kind.public:
        seen, more = sight.clause("o")
        where, values = f"{where} AND {seen}", [*values, *more]
    if kind.geometry == "point":
        return _points(place, where, values)
    found = rows(
        f"SELECT o.code, o.name, o.state, o.shape FROM registry_object o WHERE {where}"
        f" ORDER BY greatest(width(o.box), height(o.box)) DESC LIMIT {MOST}",
        values,
    )
    layer = Layer("objects")
    shapes = shapely.transform(shapely.from_wkb([bytes(row[3]) for row in found]), to_square)
    draw(layer, coarse(shapes, place.z), place, [{"code": row[0], "name": row[1], "state": row[2]} for row in found])
    return layer.encode()


def _points(place: Tile, where: str, values: list[Any]) -> bytes:
    most = MOST if place.z >= POINTS_FROM else FEW
    found = rows(
        f"SELECT {_LON}, {_LAT}, o.code, o.name, o.state FROM registry_object o WHERE {where} LIMIT {most + 1}", values
    )
    if len(found) > most:
        return _cells(place, where, values)
    layer = Layer("objects")
    if found:
        lon, lat, *told = zip(*found, strict=True)
        steps = np.floor(place.steps(to_square(np.column_stack((lon, lat))))).astype(np.int64)
        # a point on the border belongs to one tile only
        here = np.flatnonzero(((steps >= 0) & (steps < EXTENT)).all(axis=1))
        columns = zip(("code", "name", "state"), told, strict=True)
        layer.points(steps[here], {name: [column[at] for at in here] for name, column in columns})
    return layer.encode()


def _cells(place: Tile, where: str, values: list[Any]) -> bytes:
    """How many points lie in each cell, at the middle of where they are."""
    side = 2.0**place.z
    found = rows(
        "SELECT avg(f.x), avg(f.y), count(*) FROM"
        f" (SELECT ({_X} * %s - %s) AS x, ({_Y} * %s - %s) AS y FROM registry_object o WHERE {where}) f"
        " WHERE f.x >= 0 AND f.x < 1 AND f.y >= 0 AND f.y < 1"
        f" GROUP BY floor(f.x * {CELLS}), floor(f.y * {CELLS}) ORDER BY 3 DESC, 1, 2",
        [side, float(place.x), side, float(place.y), *values],
    )
    layer = Layer("objects")
    for x, y, count in found:
        layer.point(int(x * EXTENT), int(y * EXTENT), {"count": count})
    return layer.encode()


def _grids(revision: str, day: Any, scheme: str, place: Tile) -> bytes:
    """No statement once the ground is in memory."""
    known = drawn(revision, scheme, day, min(place.z, DETAIL))
    if not known.parts:
        raise Unknown("scheme_unknown", scheme=scheme)
    layer = Layer("grids")
    if scheme == UNIT and place.z < GRIDS_FROM:
        return layer.encode()
    side = 2.0**place.z
    edges = shapely.box(place.x / side, place.y / side, (place.x + 1) / side, (place.y + 1) / side)
    found = np.sort(known.tree.query(edges))
    if len(found) > MOST:
        found = found[np.argsort(-shapely.area(known.shapes[found]), kind="stable")[:MOST]]
    told = [known.parts[at] for at in found.tolist()]
    draw(layer, known.shapes[found], place, [{"code": p.code, "name": p.name, "level": p.level} for p in told])
    return layer.encode()
