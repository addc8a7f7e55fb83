"""What stands on the map: open cases, unit grids with what is open in them, outlines of areas. One tile at a time."""

from typing import Any, Literal

import numpy as np
from django.db import connection
from ninja import Schema

from cityloop.core import clock
from cityloop.core.units import Light
from cityloop.ground.places.city import city
from cityloop.ground.places.queries import areas_on
from cityloop.results.cockpit import outlines
from cityloop.results.cockpit.lights import LIGHT, OPEN
from cityloop.results.cockpit.scope import Scope, clause
from cityloop.results.exchange.kept import Kept
from cityloop.results.exchange.mercator import EXTENT, Box, Tile, square_sql, to_square
from cityloop.results.exchange.mvt import Layer

POINTS_FROM = 14
"""From this zoom on every case is a point; further out they are counted by cell."""
GRIDS_FROM = 13
CELLS = 32
"""Cells along the edge of a tile."""
MOST = 5000
"""Points in a tile; what is due last is left out."""
FRESH, LASTING = 5, 3600
"""Seconds for which a browser may keep a tile: one that counts cases, one of outlines."""

_X, _Y = square_sql("c.lon", "c.lat")
_PLACED = f"{OPEN} AND c.lon IS NOT NULL AND point(c.lon, c.lat) <@ box(point(%s, %s), point(%s, %s))"

_kept: Kept[bytes] = Kept(FRESH / 2, size=512)


class Only(Schema):
    """Which open cases: of one light, one category (minor or major), some states with commas between."""

    light: Light | None = None
    category: str = ""
    state: str = ""


def tile(layer: Literal["cases", "grids", "areas"], place: Tile, scope: Scope, only: Only) -> tuple[bytes, int]:
    """A tile, and for how many seconds it may be kept. Two statements at most once the map is in memory."""
    here, at = city(), clock.now()
    if layer == "areas":
        return outlines.tile(here.revision, here.day(at), place), LASTING
    if layer == "grids" and place.z < GRIDS_FROM:
        return b"", LASTING
    key = (here.revision, layer, place, scope, only.light, only.category, only.state)
    if layer == "grids":
        return _kept.get(key, lambda: _grids(here.revision, here.day(at), place, scope, only)), FRESH
    make = _points if place.z >= POINTS_FROM else _cells
    return _kept.get(key, lambda: make(place, scope, only)), FRESH


def _where(box: Box, scope: Scope, only: Only, at: Any) -> tuple[str, list[Any]]:
    """Conditions on `c` with their values: open, in the box, visible, and as asked."""
    visible, seen = clause(scope)
    parts, values = [_PLACED, visible], [*box, *seen]
    if only.light is not None:
        parts.append(f"({LIGHT}) = %s")
        values += [at, at, only.light.value]
    if only.category:
        parts.append(
            "c.category_id IN (SELECT k.id FROM standards_category k"
            " LEFT JOIN standards_category m ON m.id = k.parent_id WHERE %s IN (k.code, m.code))"
        )
        values.append(_clean(only.category))
    if only.state:
        parts.append("c.state = ANY(%s)")
        values.append(_clean(only.state).split(","))
    return " AND ".join(parts), values


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "")


def _points(place: Tile, scope: Scope, only: Only) -> bytes:
    """Every case with its number, light and state, the most urgent first."""
    at = clock.now()
    where, values = _where(place.box(), scope, only, at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.lon, c.lat, c.number, {LIGHT} AS light, c.state FROM cases_case c WHERE {where}"
            " ORDER BY c.due_at NULLS LAST, c.id LIMIT %s",
            [at, at, *values, MOST],
        )
        rows = cursor.fetchall()
    layer = Layer("cases")
    if rows:
        steps = np.floor(place.steps(to_square(np.array([row[:2] for row in rows], np.float64)))).astype(int)
        for (x, y), (_lon, _lat, number, light, state) in zip(steps.tolist(), rows, strict=True):
            if 0 <= x < EXTENT and 0 <= y < EXTENT:  # a point on the border belongs to one tile only
                layer.point(x, y, {"n": number, "l": light, "s": state})
    return layer.encode()


def _cells(place: Tile, scope: Scope, only: Only) -> bytes:
    """How many cases of each light lie in each cell, at the middle of where they are."""
    at = clock.now()
    where, values = _where(place.box(), scope, only, at)
    side = 2.0**place.z
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT avg(f.x), avg(f.y), count(*), count(*) FILTER (WHERE f.light = 'red'),"
            " count(*) FILTER (WHERE f.light = 'yellow'), count(*) FILTER (WHERE f.light = 'green')"
            f" FROM (SELECT ({_X} * %s - %s) AS x, ({_Y} * %s - %s) AS y, {LIGHT} AS light"
            f" FROM cases_case c WHERE {where}) f"
            " WHERE f.x >= 0 AND f.x < 1 AND f.y >= 0 AND f.y < 1"
            f" GROUP BY floor(f.x * {CELLS}), floor(f.y * {CELLS}) ORDER BY 3 DESC, 1, 2",
            [side, float(place.x), side, float(place.y), at, at, *values],
        )
        rows = cursor.fetchall()
    layer = Layer("cases")
    for x, y, total, red, yellow, green in rows:
        counts = {"total": total, "red": red, "yellow": yellow, "green": green}
        layer.point(int(x * EXTENT), int(y * EXTENT), counts)
    return layer.encode()


def _grids(revision: str, day: Any, place: Tile, scope: Scope, only: Only) -> bytes:
    """The unit grids that the tile touches, each with how many open cases it holds and how many of them are late."""
    found = areas_on(revision, day).grids_in(*place.box())
    if not found:
        return b""
    at = clock.now()
    boxes = np.array([(row.west, row.south, row.east, row.north) for row in found])
    around = Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    where, values = _where(around, scope, only, at)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.grid_id, count(*), count(*) FILTER (WHERE c.due_at < %s) FROM cases_case c"
            f" WHERE {where} AND c.grid_id IS NOT NULL GROUP BY c.grid_id",
            [at, *values],
        )
        load = {grid: (total, red) for grid, total, red in cursor.fetchall()}
    west_south = np.rint(place.steps(to_square(boxes[:, :2]))).astype(int).tolist()
    east_north = np.rint(place.steps(to_square(boxes[:, 2:]))).astype(int).tolist()
    layer = Layer("grids")
    for row, (west, south), (east, north) in zip(found, west_south, east_north, strict=True):
        if east > west and south > north:
            total, red = load.get(row.id, (0, 0))
            corners = ((west, north), (east, north), (east, south), (west, south))
            layer.polygon([corners], {"code": row.code, "open": total, "red": red})
    return layer.encode()
