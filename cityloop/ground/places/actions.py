"""The only writers of the city, its areas and its grids. Many rows are a constant number of statements."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.core.errors import Conflict
from cityloop.ground.places.models import Area, AreaClass, City, UnitGrid

SET_UP = "city.set_up"
"""What an actor must be allowed to do to write any of what a pack says."""

AREAS = bulk.Table(
    "places_area",
    {
        "id": "int8",
        "scheme": "text",
        "code": "text",
        "level": "text",
        "name": "text",
        "names": "jsonb",
        "parent_id": "int8",
        "path": "int8[]",
        "shape": "bytea",
        "generated": "bool",
        "hours": "jsonb",
        "valid_from": "date",
        "valid_to": "date",
    },
    key=("id",),
)
GRIDS = bulk.Table(
    "places_unitgrid",
    {
        "code": "text",
        "area_id": "int8",
        "west": "float8",
        "south": "float8",
        "east": "float8",
        "north": "float8",
        "shape": "bytea",
        "generated": "bool",
        "valid_from": "date",
    },
)
MEMBERS = bulk.Table("places_areagrid", {"area_id": "int8", "grid_id": "int8", "valid_from": "date"})


class CityData(NamedTuple):
    code: str
    name: str
    names: dict[str, str]
    zone: str
    pack: str
    digest: str
    settings: dict[str, Any]


class AreaData(NamedTuple):
    """`parent` is written `scheme:code`, as `ref` is; empty at the top. `shape` is WKB; `hours`: see `Area`."""

    scheme: str
    code: str
    level: str
    name: str
    names: dict[str, str]
    parent: str
    shape: bytes | None
    generated: bool = False
    hours: Mapping[str, Sequence[Sequence[str]]] = {}

    @property
    def ref(self) -> str:
        return f"{self.scheme}:{self.code}"


class AreaClassData(NamedTuple):
    """`area` is written `scheme:code`."""

    scheme: str
    area: str
    name: str
    valid_from: date
    valid_to: date | None


class GridData(NamedTuple):
    code: str
    area: str
    west: float
    south: float
    east: float
    north: float
    shape: bytes | None = None
    generated: bool = False


class Member(NamedTuple):
    """A unit grid counts to an area, written `scheme:code`."""

    area: str
    grid: str


@transaction.atomic
def put_city(data: CityData, *, actor: Actor) -> None:
    """Set the one city up, or change what its pack says of it. Conflict when another city lives here."""
    actor.require(SET_UP)
    present = City.objects.select_for_update().first()
    if present is None:
        City.objects.create(**data._asdict())
        return
    refuse_other(present, data.pack, data.code, data.name)
    fields = data._asdict()
    City.objects.filter(pk=fields.pop("code")).update(**fields)


def set_clock(shift: timedelta, *, actor: Actor) -> None:
    """Let the city's clock stand `shift` away from the real one."""
    actor.require(SET_UP)
    City.objects.update(clock_shift=shift)


def set_known_until(until: datetime, *, actor: Actor) -> None:
    """Note up to when the city's history is known; never less than before."""
    actor.require(SET_UP)
    City.objects.filter(Q(known_until=None) | Q(known_until__lt=until)).update(known_until=until)


def mark_demo(*, actor: Actor) -> None:
    """Note that `demo` made this city out of nothing; demo accounts may live here."""
    actor.require(SET_UP)
    City.objects.update(made_by_demo=True)


def renew(*, actor: Actor) -> None:
    """Let all that is kept by the city's revision be read anew, and let one change of the ground wait for another."""
    actor.require(SET_UP)
    City.objects.update(digest=F("digest"))


def refuse_other(present: City, pack: str, code: str, name: str) -> None:
    """Conflict unless `present` is this very city: one deployment is one city."""
    if (present.pack, present.code) != (pack, code):
        raise Conflict("city_other", present=present.name, other=name)


@transaction.atomic
def put_areas(tree: Sequence[AreaData], touched: Collection[str], *, actor: Actor, begins: date) -> None:
    """Write the `touched` areas (by ref) of a whole tree, parents first, and every path that moves with them.

    New ones are valid from `begins` on.
    """
    actor.require(SET_UP)
    known = {
        f"{scheme}:{code}": (pk, list(path), since)
        for pk, scheme, code, path, since in Area.objects.filter(valid_to=None).values_list(
            "id", "scheme", "code", "path", "valid_from"
        )
    }
    fresh = [area.ref for area in tree if area.ref not in known]
    ids = {ref: pk for ref, (pk, _, _) in known.items()} | dict(
        zip(fresh, bulk.reserve("places_area_id_seq", len(fresh)), strict=True)
    )
    paths: dict[str, list[int]] = {}
    rows = []
    for area in tree:
        path = paths[area.ref] = [*paths.get(area.parent, []), ids[area.ref]]
        _, before, since = known.get(area.ref, (0, [], begins))
        if area.ref in touched or path != before:
            rows.append(
                (ids[area.ref], area.scheme, area.code, area.level, area.name, json.dumps(area.names),
                 ids.get(area.parent), path, area.shape, area.generated, json.dumps(area.hours), since, None)
            )  # fmt: skip
    bulk.upsert(AREAS, rows)


@transaction.atomic
def put_grids(grids: Sequence[GridData], *, actor: Actor, begins: date) -> None:
    """Add unit grids, valid from `begins` on. A grid that is there never moves."""
    actor.require(SET_UP)
    areas = area_ids()
    bulk.insert(
        GRIDS,
        [(grid.code, areas[grid.area], *grid[2:], begins) for grid in grids],
    )


@transaction.atomic
def put_members(members: Sequence[Member], *, actor: Actor, begins: date) -> None:
    """Let unit grids count to areas from `begins` on."""
    actor.require(SET_UP)
    areas, grids = area_ids(), grid_ids()
    bulk.insert(MEMBERS, [(areas[row.area], grids[row.grid], begins) for row in members])


@transaction.atomic
def end_members(members: Sequence[Member], *, actor: Actor, day: date) -> None:
    """Unit grids that count to these areas no more: until `day`, or for one day if they began on it."""
    actor.require(SET_UP)
    areas, grids = area_ids(), grid_ids()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE places_areagrid m SET valid_to = GREATEST(%s::date, valid_from + 1)"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS e(area, grid)"
            " WHERE m.area_id = e.area AND m.grid_id = e.grid AND m.valid_to IS NULL",
            [day, [areas[row.area] for row in members], [grids[row.grid] for row in members]],
        )


@transaction.atomic
def put_area_classes(classes: Sequence[AreaClassData], *, actor: Actor) -> None:
    """Replace all classes of areas; deadlines that were counted with the old ones stay as they are."""
    actor.require(SET_UP)
    areas = area_ids()
    AreaClass.objects.all().delete()
    AreaClass.objects.bulk_create(
        AreaClass(
            scheme=row.scheme, area_id=areas[row.area], name=row.name, valid_from=row.valid_from, valid_to=row.valid_to
        )
        for row in classes
    )


@transaction.atomic
def end_areas(refs: Collection[str], *, actor: Actor, day: date) -> None:
    """Areas that are no more: valid until `day`, or for one day if they began on it."""
    actor.require(SET_UP)
    end_rows("places_area", "scheme || ':' || code", refs, day)


@transaction.atomic
def end_grids(codes: Collection[str], *, actor: Actor, day: date) -> None:
    """Grids that are no more; their codes are not used again."""
    actor.require(SET_UP)
    end_rows("places_unitgrid", "code", codes, day)


def end_rows(table: str, key: str, values: Collection[str], day: date) -> None:
    """Let dated rows end; `table` and `key` are SQL of ours. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET valid_to = GREATEST(%s::date, valid_from + 1)"
            f" WHERE {key} = ANY(%s) AND valid_to IS NULL",
            [day, list(values)],
        )


def area_ids() -> dict[str, int]:
    """Ids of the areas in force, by `scheme:code`; one statement."""
    rows = Area.objects.filter(valid_to=None).values_list("scheme", "code", "id")
    return {f"{scheme}:{code}": pk for scheme, code, pk in rows}


def grid_ids() -> dict[str, int]:
    """Ids of the unit grids in force, by code; one statement."""
    return dict(UnitGrid.objects.filter(valid_to=None).values_list("code", "id"))
