"""HTTP edge of finding a place: while somebody types, and back from a point."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from cityloop.core import clock, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places import gazetteer
from cityloop.ground.places.city import city
from cityloop.ground.places.gazetteer import Match
from cityloop.ground.places.queries import area_names, areas_on
from cityloop.ground.registry.api import READ
from cityloop.ground.registry.finding import find

router = Router(tags=["places"])

Typed = Annotated[str, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=50)]
Lon = Annotated[float, Query(ge=-180, le=180)]
Lat = Annotated[float, Query(ge=-90, le=90)]


class PlaceOut(Schema):
    """`kind`: area, road, crossing, place, object, point. `areas`: names from the second level down. `number`: of the
    house that was asked for, or where `exact_number` is false the nearest one known. `score`: 0 to 1."""

    kind: str
    code: str
    name: str
    areas: list[str]
    lon: float | None
    lat: float | None
    number: int | None
    exact_number: bool
    score: float
    generated: bool


class PointOut(Schema):
    """What says where a point is: `areas` that hold it from the top down, its unit grid, and what is near."""

    areas: list[str]
    grid: str | None
    near: list[PlaceOut]


@router.get("/places/search", response=list[PlaceOut])
def search(request: HttpRequest, q: Typed = "", limit: Limit = 10) -> list[dict[str, Any]]:
    """What a line may mean: an object's code, a name, an address, a crossing, coordinates; the likeliest first."""
    actor_of(request).require(READ)
    here = city()
    found = find(q, here.revision, limit=limit)
    bounds = areas_on(here.revision, here.day(clock.now())).bounds
    return _told(sorted(found, key=lambda match: match.kind == "point" and not _inside(match, bounds)))


@router.get("/places/at", response=PointOut)
def at(request: HttpRequest, lon: Lon, lat: Lat) -> dict[str, Any]:
    """Where a point is, in words."""
    actor_of(request).require(READ)
    here = city()
    areas = areas_on(here.revision, here.day(clock.now()))
    place, names = areas.place(lon, lat), area_names(here.revision)
    grid = next((row.code for row in areas.grids_in(lon, lat, lon, lat) if row.id == place.grid), None)
    return {
        "areas": [_name(*names[area]) for area in place.areas if area in names],
        "grid": grid,
        "near": _told(gazetteer.at(lon, lat)),
    }


def _inside(match: Match, bounds: tuple[float, float, float, float] | None) -> bool:
    """Whether coordinates lie in the city, which says in which order they were given."""
    if bounds is None or match.lon is None or match.lat is None:
        return True
    west, south, east, north = bounds
    return west <= match.lon <= east and south <= match.lat <= north


def _told(matches: list[Match]) -> list[dict[str, Any]]:
    names, paths = area_names(city().revision), gazetteer.area_paths(city().revision)
    return [
        match._asdict()
        | {"name": _name(match.name, match.names)}
        | {"areas": [_name(*names[area]) for area in paths.get(match.area or 0, ())[1:] if area in names]}
        for match in matches
    ]


def _name(name: str, names: dict[str, str]) -> str:
    return names.get(texts.spoken(), name)
