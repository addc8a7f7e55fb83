"""What the objects of layers give the gazetteer: names of places; of lines, roads and their crossings."""

from collections.abc import Iterable
from typing import Any

import shapely
from django.db import transaction

from cityloop.core.actor import Actor
from cityloop.ground.places import naming
from cityloop.ground.places.learning import Road, from_roads
from cityloop.ground.places.naming import NameData, Written
from cityloop.ground.registry.models import Layer, UrbanObject

ROADS = "roads"
"""The source of the names of all layers of lines: a crossing may lie between two of them."""


def source_of(layer: Layer) -> str:
    return ROADS if layer.geometry == Layer.Geometry.LINE else f"layer:{layer.code}"


@transaction.atomic
def put_layer_names(codes: Iterable[str], *, actor: Actor) -> Written:
    """Let the gazetteer name the named objects in force of these layers; two statements and the writing for each."""
    layers = list(Layer.objects.filter(code__in=list(codes)))
    written = [
        naming.put_names(f"layer:{layer.code}", _places(list(_named([layer]))), actor=actor)
        for layer in layers
        if source_of(layer) != ROADS
    ]
    if any(source_of(layer) == ROADS for layer in layers):
        lines = list(Layer.objects.filter(geometry=Layer.Geometry.LINE))
        written.append(naming.put_names(ROADS, from_roads([_road(row) for row in _named(lines)]), actor=actor))
    return Written(sum(one.new for one in written), sum(one.gone for one in written))


def _named(layers: list[Layer]) -> Iterable[Any]:
    rows = UrbanObject.objects.filter(layer__in=layers, valid_to=None).exclude(name="").order_by("code")
    return rows.values("code", "name", "shape", "area", "area__path", "layer__public", "generated").iterator()


def _places(rows: list[dict[str, Any]]) -> list[NameData]:
    inside = shapely.point_on_surface(shapely.from_wkb([bytes(row["shape"]) for row in rows]))
    points = zip(shapely.get_x(inside).tolist(), shapely.get_y(inside).tolist(), strict=True)
    return [
        NameData(row["code"], "place", row["name"], lon, lat, row["area"],
                 public=row["layer__public"], generated=row["generated"])
        for row, (lon, lat) in zip(rows, points, strict=True)
    ]  # fmt: skip


def _road(row: dict[str, Any]) -> Road:
    """Pieces of one name are one road inside the same area of the second level, such as a district."""
    path = row["area__path"] or []
    shape = shapely.from_wkb(bytes(row["shape"]))
    whole = path[1] if len(path) > 1 else row["area"]
    return Road(row["name"], shape, whole, public=row["layer__public"], generated=row["generated"])
