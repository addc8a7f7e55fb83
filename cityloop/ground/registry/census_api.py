"""HTTP edge of the census: counts, density, structure and change of an area and its parts, also as tables."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from cityloop.core import clock, downloads, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.ground.registry import stock
from cityloop.ground.registry.answers import titled
from cityloop.ground.registry.api import READ, AreaRef, Code
from cityloop.ground.registry.census import Census, Line, census_of, census_table, density

router = Router(tags=["objects"])


class CensusAsked(Schema):
    """`area`: a code, empty for the whole city; `layer`: a code, empty for all; `day`: by default today; `against`: the
    day to compare with; `by`: `state`, or an attribute of the layer with few values."""

    area: Code = ""
    layer: Code = ""
    day: date | None = None
    against: date | None = None
    by: Code = ""


class CensusLine(Schema):
    """Objects of a layer in an area. `area` is empty for those that lie in none; `parts`: there are areas below it;
    `before`: on the day compared with; `values`: how many of each state or value of the attribute."""

    area: str
    area_name: str
    parts: bool
    km2: float | None
    layer: str
    count: int
    before: int
    per_km2: float | None
    values: dict[str, int]


class CensusKind(Schema):
    code: str
    title: str


class CensusLayer(Schema):
    code: str
    name: str


class CensusOut(Schema):
    """`trail`: the area and those above it, the largest first; `total`: its own lines; `lines`: those of its parts."""

    trail: list[AreaRef]
    day: date
    against: date | None
    layer: str
    by: str
    kinds: list[CensusKind]
    layers: list[CensusLayer]
    total: list[CensusLine]
    lines: list[CensusLine]


@router.get("/objects/census", response=CensusOut)
def census(request: HttpRequest, asked: Query[CensusAsked]) -> dict[str, Any]:
    """How many objects of each layer stand in an area and in each of its parts, and how that has changed."""
    found, day = _found(request, asked)
    return asked.dict() | {
        "day": day,
        "trail": found.trail,
        "kinds": found.kinds,
        "layers": [{"code": code, "name": name} for code, name in _names().items()],
        "total": [_line(line) for line in found.total],
        "lines": [_line(line) for line in found.parts],
    }


@router.get("/objects/census.csv", openapi_extra=downloads.described(downloads.CSV))
def census_csv(request: HttpRequest, asked: Query[CensusAsked]) -> HttpResponse:
    """The same as a table."""
    found, day = _found(request, asked)
    return downloads.csv_table(census_table(found, _names()), f"census-{day}.csv")


@router.get("/objects/census.xlsx", openapi_extra=downloads.described(downloads.XLSX))
def census_xlsx(request: HttpRequest, asked: Query[CensusAsked]) -> HttpResponse:
    """The same as a workbook."""
    found, day = _found(request, asked)
    return downloads.workbook_of({"census": census_table(found, _names())}, f"census-{day}.xlsx")


def _found(request: HttpRequest, asked: CensusAsked) -> tuple[Census, date]:
    actor_of(request).require(READ)
    day = asked.day or city().day(clock.now())
    return census_of(asked.area, day, asked.against or day, layer=asked.layer, by=asked.by), day


def _names() -> dict[str, str]:
    language = texts.spoken()
    return {row["code"]: titled(row["names"], row["name"], language) for row in stock.layers()}


def _line(line: Line) -> dict[str, Any]:
    place, layer, counted = line
    return {
        "area": place.code,
        "area_name": place.name,
        "parts": place.parts,
        "km2": place.km2,
        "layer": layer,
        "count": counted.day,
        "before": counted.before,
        "per_km2": density(place, counted),
        "values": {value: count for value, count in counted.values.items() if value or len(counted.values) > 1},
    }
