"""HTTP edge of layers and objects: which there are, what lies in a box or nearest, one thing with its history."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from cityloop.core import texts
from cityloop.core.errors import Refused
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.registry import answers, stock

READ = "objects.read"
MOST = 1000
Value = str | float | bool | None
Code = Annotated[str, Field(max_length=40)]

router = Router(tags=["objects"])


class FieldOut(Schema):
    """An attribute of a layer: its title in the reader's language, what it may be."""

    code: str
    title: str
    kind: str
    choices: list[str]


class LayerOut(Schema):
    """A layer with how many objects of it are in force. `attributes`: JSON Schema; `fields`: the same to be read."""

    code: str
    group: str
    name: str
    geometry: str
    icon: str
    public: bool
    categories: list[str]
    attributes: dict[str, Any]
    fields: list[FieldOut]
    objects: int


class ObjectOut(Schema):
    """`geometry`: GeoJSON in WGS-84; parties: codes of organisations; `generated`: none stands in the world."""

    code: str
    layer: str
    name: str
    state: str
    geometry: dict[str, Any]
    attributes: dict[str, Any]
    grid: str | None
    owner: str | None
    maintainer: str | None
    supervisor: str | None
    generated: bool
    valid_from: date
    valid_to: date | None


class FieldChangeOut(Schema):
    """`title` is empty for what objects of every layer have: name, state, owner, maintainer, supervisor."""

    field: str
    title: str
    before: Value
    after: Value


class ObjectChangeOut(Schema):
    """`by_name`: what the person is called, empty for the system itself; `before`: where it stood until it moved."""

    kind: str
    day: date
    recorded_at: datetime
    by: str
    by_name: str
    source: str
    fields: list[FieldChangeOut]
    before: dict[str, Any] | None


class AreaRef(Schema):
    code: str
    name: str


class ObjectWhole(ObjectOut):
    """`areas`: the largest first; `units`: names of owner, maintainer and supervisor; `categories`: those that concern
    its layer."""

    layer_name: str
    areas: list[AreaRef]
    units: dict[str, str]
    fields: list[FieldOut]
    categories: list[str]
    changes: list[ObjectChangeOut]


class ObjectPage(Schema):
    """`next` is to be given as `after` for the following page; null on the last."""

    objects: list[ObjectOut]
    next: str | None


@router.get("/layers", response=list[LayerOut])
def layers(request: HttpRequest) -> list[dict[str, Any]]:
    """All layers in the city's order."""
    actor_of(request).require(READ)
    language = texts.spoken()
    return [
        row
        | {
            "name": answers.titled(row["names"], row["name"], language),
            "fields": answers.fields(row["attributes"], language),
        }
        for row in stock.layers()
    ]


@router.get("/objects", response=ObjectPage)
def page(
    request: HttpRequest,
    layer: Code,
    box: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> dict[str, Any]:
    """Objects of a layer in force, by code; `box`: west,south,east,north in WGS-84 degrees, which they touch."""
    actor_of(request).require(READ)
    found = stock.layer(layer).pk
    rows = stock.in_box(found, _box(box), limit + 1, after) if box else stock.page(found, limit + 1, after)
    return {"objects": [_told(row) for row in rows[:limit]], "next": rows[limit - 1]["code"] if rows[limit:] else None}


@router.get("/objects/nearest", response=list[ObjectOut])
def nearest(
    request: HttpRequest,
    layer: Code,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> list[dict[str, Any]]:
    """The objects of a layer nearest to a point, nearest first."""
    actor_of(request).require(READ)
    return [_told(row) for row in stock.nearest(stock.layer(layer).pk, lon, lat, limit)]


@router.get("/objects/by-code/{code}", response=ObjectWhole)
def one(request: HttpRequest, code: str) -> dict[str, Any]:
    """An object, in force or ended, with its changes, the latest first."""
    actor_of(request).require(READ)
    found = stock.one(code)
    return answers.whole(found, stock.layer(found["layer"]), texts.spoken())


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"geometry": answers.geometry(bytes(row["shape"]))}


def _box(text: str) -> list[float]:
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError as error:
        raise Refused("box_unreadable", value=text) from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Refused("box_unreadable", value=text)
    return [west, south, east, north]
