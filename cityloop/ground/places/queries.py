"""What others may ask about places."""

from bisect import bisect_right
from datetime import date
from functools import lru_cache

from django.db.models import Q

from cityloop.ground.places.locate import AreaMap, AreaRow, GridRow
from cityloop.ground.places.models import Area, AreaClass, UnitGrid


def area_map(at: date, scheme: str = "division") -> AreaMap:
    """The areas of `scheme` and the unit grids in force on a day; two statements."""
    in_force = Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))
    areas = Area.objects.filter(in_force, scheme=scheme).values_list(
        "id", "code", "level", "path", "shape", "valid_from", "valid_to"
    )
    grids = UnitGrid.objects.filter(in_force, area__scheme=scheme).values_list(
        "id", "code", "area_id", "west", "south", "east", "north"
    )
    known = [AreaRow(*row[:4], None if row[4] is None else bytes(row[4]), *row[5:]) for row in areas.iterator()]
    ids = {row.id for row in known}
    return AreaMap(known, [GridRow(*row) for row in grids.iterator() if row[2] in ids])


def areas_on(revision: str, day: date) -> AreaMap:
    """The map of a day, kept between calls as long as the city's `revision` stays and the map does not change."""
    changes = _changes(revision)
    since = bisect_right(changes, day)
    return _kept(revision, changes[since - 1] if since else day)


def area_classes(scheme: str = "limits") -> list[tuple[int, str, date, date | None]]:
    """The classes of areas under a scheme, past and future ones too: area, name, from and until; one statement."""
    rows = AreaClass.objects.filter(scheme=scheme).order_by("valid_from", "area_id")
    return list(rows.values_list("area_id", "name", "valid_from", "valid_to"))


@lru_cache(maxsize=8)
def _kept(revision: str, day: date) -> AreaMap:
    return area_map(day)


@lru_cache(maxsize=4)
def _changes(revision: str) -> list[date]:
    """The days on which an area or a grid begins or ends; two statements."""
    days: set[date | None] = set()
    for kind in (Area, UnitGrid):
        for first, last in kind.objects.values_list("valid_from", "valid_to").distinct():
            days |= {first, last}
    return sorted(day for day in days if day is not None)
