"""What others may ask about places."""

from bisect import bisect_right
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Q

from cityloop.core.hours import spans
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.locate import AreaMap, AreaRow, GridRow
from cityloop.ground.places.models import Area, AreaClass, AreaGrid, UnitGrid
from cityloop.ground.places.zones import Zone, ZoneMap


def area_map(at: date, scheme: str = "division") -> AreaMap:
    """The areas of `scheme` and the unit grids in force on a day; two statements."""
    areas = Area.objects.filter(in_force(at), scheme=scheme).values_list(
        "id", "code", "level", "path", "shape", "valid_from", "valid_to"
    )
    grids = UnitGrid.objects.filter(in_force(at), area__scheme=scheme).values_list(
        "id", "code", "area_id", "west", "south", "east", "north", "shape"
    )
    known = [AreaRow(*row[:4], None if row[4] is None else bytes(row[4]), *row[5:]) for row in areas.iterator()]
    ids = {row.id for row in known}
    return AreaMap(known, [_grid(row) for row in grids.iterator() if row[2] in ids])


def _grid(row: tuple[Any, ...]) -> GridRow:
    return GridRow._make((*row[:7], None if row[7] is None else bytes(row[7])))


def grids_of(scheme: str, at: date) -> dict[int, list[int]]:
    """The unit grids that count to each area of a scheme on a day, ids in the order of their codes; one statement."""
    rows = AreaGrid.objects.filter(in_force(at), area__scheme=scheme).order_by("grid__code")
    found: dict[int, list[int]] = {}
    for area, grid in rows.values_list("area_id", "grid_id"):
        found.setdefault(area, []).append(grid)
    return found


def in_force(at: date) -> Q:
    """The dated rows that are valid on a day."""
    return Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))


def areas_on(revision: str, day: date) -> AreaMap:
    """The map of a day, kept between calls as long as the city's `revision` stays and the map does not change."""
    changes = _changes(revision)
    since = bisect_right(changes, day)
    return _kept(revision, changes[since - 1] if since else day)


def zones_at(here: CityValue, lon: float, lat: float, at: datetime, scheme: str = "special") -> list[Zone]:
    """The guarded places that hold a point (WGS-84) and count at an instant, by code; kept as `areas_on` is."""
    local = at.astimezone(here.zone)
    changes = _changes(here.revision)
    since = bisect_right(changes, local.date())
    return _kept_zones(here.revision, changes[since - 1] if since else local.date(), scheme).at(lon, lat, local)


def zone_map(at: date, scheme: str = "special") -> ZoneMap:
    """The zones of a scheme on a day; one statement."""
    rows = Area.objects.filter(in_force(at), scheme=scheme, shape__isnull=False).values_list(
        "id", "code", "level", "name", "names", "hours", "shape"
    )
    return ZoneMap(Zone._make((*row[:5], spans(row[5]), bytes(row[6] or b""))) for row in rows)


def area_classes(scheme: str = "limits") -> list[tuple[int, str, date, date | None]]:
    """The classes of areas under a scheme, past and future ones too: area, name, from and until; one statement."""
    rows = AreaClass.objects.filter(scheme=scheme).order_by("valid_from", "area_id")
    return list(rows.values_list("area_id", "name", "valid_from", "valid_to"))


@lru_cache(maxsize=8)
def _kept(revision: str, day: date) -> AreaMap:
    return area_map(day)


@lru_cache(maxsize=8)
def _kept_zones(revision: str, day: date, scheme: str) -> ZoneMap:
    return zone_map(day, scheme)


@lru_cache(maxsize=4)
def _changes(revision: str) -> list[date]:
    """The days on which an area or a grid begins or ends; two statements."""
    return _days(Area, UnitGrid)


def _days(*kinds: Any) -> list[date]:
    """When rows begin or end; one statement for each kind."""
    days: set[date | None] = set()
    for kind in kinds:
        for first, last in kind.objects.values_list("valid_from", "valid_to").distinct():
            days |= {first, last}
    return sorted(day for day in days if day is not None)


@lru_cache(maxsize=2)
def area_names(revision: str) -> dict[int, tuple[str, dict[str, str]]]:
    """The name of every area, past ones too, and its names by language; read once per revision of the city."""
    return {id_: (name, names) for id_, name, names in Area.objects.values_list("id", "name", "names")}
