"""The only readers of layers and objects."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.ground.registry.models import Layer

LIST = (
    "o.code, l.code AS layer, o.name, o.shape, o.attributes, o.state, o.generated, o.valid_from, o.valid_to,"
    " o.area_id, g.code AS grid, own.code AS owner, mnt.code AS maintainer, sup.code AS supervisor"
)
_FROM = (
    " FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id"
    " LEFT JOIN places_unitgrid g ON g.id = o.grid_id LEFT JOIN accounts_organisation own ON own.id = o.owner_id"
    " LEFT JOIN accounts_organisation mnt ON mnt.id = o.maintainer_id"
    " LEFT JOIN accounts_organisation sup ON sup.id = o.supervisor_id"
)
JSON = ("names", "attributes", "categories", "before")
Row = dict[str, Any]


def layers(*, public_only: bool = False) -> list[Row]:
    """All layers in their order, with how many objects of each are in force; one statement."""
    return _rows(
        "SELECT l.code, l.group, l.name, l.names, l.geometry, l.attributes, l.icon, l.public, l.categories,"
        " l.class_code,"
        " (SELECT count(*) FROM registry_object o WHERE o.layer_id = l.id AND o.valid_to IS NULL) AS objects"
        " FROM registry_layer l WHERE l.public OR NOT %s ORDER BY l.position, l.code",
        [public_only],
    )


def layer(code: str) -> Layer:
    """Unknown where there is none."""
    found = Layer.objects.filter(code=code).first()
    if found is None:
        raise Unknown("layer_unknown", layer=code)
    return found


def in_box(layer_id: int, bounds: Sequence[float], limit: int, after: str = "") -> list[Row]:
    """Objects in force whose box touches `bounds` (west, south, east, north), by code; one statement."""
    return _rows(
        f"SELECT {LIST}{_FROM} WHERE o.layer_id = %s AND o.valid_to IS NULL"
        " AND o.box && box(point(%s, %s), point(%s, %s)) AND o.code > %s ORDER BY o.code LIMIT %s",
        [layer_id, *bounds, after, limit],
    )


def page(layer_id: int, limit: int, after: str = "") -> list[Row]:
    """Objects in force by code; one statement."""
    return _rows(
        f"SELECT {LIST}{_FROM} WHERE o.layer_id = %s AND o.valid_to IS NULL AND o.code > %s ORDER BY o.code LIMIT %s",
        [layer_id, after, limit],
    )


def nearest(layer_id: int, lon: float, lat: float, limit: int = 1) -> list[Row]:
    """The objects in force whose boxes lie nearest to a point in degrees, nearest first; one statement."""
    return _rows(
        f"SELECT {LIST}{_FROM} WHERE o.layer_id = %s AND o.valid_to IS NULL ORDER BY o.box <-> point(%s, %s) LIMIT %s",
        [layer_id, lon, lat, limit],
    )


def one(code: str) -> Row:
    """An object, in force or ended, with its changes, the latest first; two statements. Unknown where there is none."""
    rows = _rows(f"SELECT o.id, {LIST}{_FROM} WHERE o.code = %s", [code])
    if not rows:
        raise Unknown("object_unknown", object=code)
    found = rows[0]
    found["changes"] = _rows(
        "SELECT kind, day, recorded_at, by, source, before FROM registry_objectchange WHERE object_id = %s"
        " ORDER BY id DESC",
        [found.pop("id")],
    )
    return found


def count_by_grid(grids: Sequence[int]) -> dict[int, int]:
    """How many objects in force stand in each of these unit grids (ids); one statement."""
    rows = _rows(
        "SELECT grid_id, count(*) AS count FROM registry_object WHERE valid_to IS NULL AND grid_id = ANY(%s)"
        " GROUP BY grid_id",
        [list(grids)],
    )
    return {row["grid_id"]: row["count"] for row in rows}


def lines_in(bounds: Sequence[float]) -> list[bytes]:
    """The objects in force of all layers of lines whose box touches `bounds`, as WKB; one statement."""
    rows = _rows(
        "SELECT o.shape FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id AND l.geometry = 'line'"
        " WHERE o.valid_to IS NULL AND o.box && box(point(%s, %s), point(%s, %s))",
        list(bounds),
    )
    return [bytes(row["shape"]) for row in rows]


def census(day: date, since: date) -> list[Row]:
    """For every area and layer how many objects stood there on `day` and on `since`; one statement.

    Objects count where they stand now; lengths and areas are not summed.
    """
    stood = "count(*) FILTER (WHERE o.valid_from <= %({0})s AND (o.valid_to IS NULL OR o.valid_to > %({0})s))"
    return _rows(
        f"SELECT o.area_id AS area, l.code AS layer, {stood.format('day')} AS count, {stood.format('since')} AS before"
        " FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id GROUP BY o.area_id, l.code",
        {"day": day, "since": since},
    )


def _rows(statement: str, facts: Any) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row |= {name: orjson.loads(row[name]) for name in JSON if name in row and isinstance(row[name], str)}
    return rows
