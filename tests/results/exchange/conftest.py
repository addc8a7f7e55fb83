"""A small city with a public and an internal layer of each kind, and people who look at it."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
import shapely
from django.db import connection
from journeys.conftest import desk_city, own_clock, tiny_city

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM, Actor, HeldPost
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import Area
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.objects import LayerData, ObjectData
from cityloop.results.exchange import tiles
from cityloop.results.exchange.mercator import Tile

__all__ = ["desk_city", "own_clock", "tiny_city"]

DAY = date(2025, 3, 1)
MIDDLE = (10.003, 50.003)
ATTRIBUTES = {
    "type": "object",
    "properties": {
        "seats": {"type": "integer", "title": "Seats"},
        "open": {"type": "boolean", "title": "Open"},
        "kind": {"type": "string", "title": "Kind"},
        "width": {"type": "number", "title": "Width"},
    },
}
LAYERS = [
    LayerData("toilets", "Public toilets", {"zh": "公厕"}, "point", attributes=ATTRIBUTES, public=True, position=1),
    LayerData("lids", "Manhole lids", {}, "point", position=2),
    LayerData("roads", "Roads", {}, "line", public=True, position=3),
    LayerData("greens", "Greens", {}, "polygon", public=True, position=4),
]


@pytest.fixture
def layered(tiny_city: Pack) -> Pack:
    """The tiny city with its layers and nothing in them."""
    put_layers(LAYERS, actor=SYSTEM)
    return tiny_city


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    """A revision is taken for the latest for a second, and a test takes less."""
    tiles._layers.clear()
    tiles._cities.clear()


def put(
    layer: str, shapes: dict[str, Any], *, whole: bool = True, day: date = DAY, areas: dict[str, str] | None = None,
    attributes: dict[str, str] | None = None, names: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Take shapes by code into a layer; `areas`: code of the area by code of the object."""
    ids = dict(Area.objects.values_list("code", "id"))
    rows = [
        ObjectData(
            line, code, (names or {}).get(code, ""), shapely.to_wkb(shape), shape.bounds,
            (attributes or {}).get(code, "{}"), "", None, None, None, ids[areas[code]] if areas else None, None,
        )
        for line, (code, shape) in enumerate(shapes.items(), 2)
    ]  # fmt: skip
    take_objects(layer, rows, whole=whole, actor=SYSTEM, day=day, at=datetime(2025, 3, 1, tzinfo=UTC))
    forget()


def add_points(layer: str, count: int, *, at: tuple[float, float] = MIDDLE, spread: float = 0.001) -> None:
    """Many points around a place, by one statement."""
    side = math.ceil(count**0.5)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_object (layer_id, code, name, shape, box, attributes, state, generated, valid_from)"
            " SELECT l.id, %(layer)s || n, '', '\\x00', box(p, p), '{}', '', false, '2025-03-01' FROM ("
            " SELECT n, point(%(x)s + %(d)s * (n %% %(side)s), %(y)s + %(d)s * (n / %(side)s)) AS p"
            " FROM generate_series(0, %(count)s - 1) n) s JOIN registry_layer l ON l.code = %(layer)s",
            {"layer": layer, "count": count, "side": side, "x": at[0], "y": at[1], "d": spread / side},
        )


def actor(*areas: str | None, role: str = "collector") -> Actor:
    """Somebody with a post of a role for each of these areas; None is the whole city."""
    known = ROLES[role]
    ids = dict(Area.objects.values_list("code", "id"))
    posts = [HeldPost(role, known.axis, known.permissions, None, ids[area] if area else None) for area in areas]
    return Actor("user:0", "somebody", tuple(posts))


def tile_at(z: int, place: Sequence[float]) -> Tile:
    """The tile that holds a point, by the textbook's formula."""
    lon, lat = place
    y = (1 - math.log(math.tan(math.radians(lat)) + 1 / math.cos(math.radians(lat))) / math.pi) / 2
    return Tile(z, int((lon + 180) / 360 * 2**z), int(y * 2**z))
