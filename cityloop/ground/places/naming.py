"""The only writer of the gazetteer. A source gives its names whole: what it names no more is gone; a constant number of
statements, however many."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import shapely
from django.db import connection, transaction

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.ground.places.actions import SET_UP
from cityloop.ground.places.models import Area, PlaceName
from cityloop.ground.places.spelling import keys

AREAS = "areas"
"""The source of the areas' own names."""
NAMES = {
    "id": "int8",
    "source": "text",
    "code": "text",
    "kind": "text",
    "name": "text",
    "names": "jsonb",
    "lon": "float8",
    "lat": "float8",
    "area_id": "int8",
    "weight": "int2",
    "public": "bool",
    "generated": "bool",
}
KEYS = bulk.Table("places_namekey", {"name_id": "int8", "kind": "text", "key": "text"})
_NUMBERS = {"code": "text", "first": "int4", "last": "int4", "lon": "float8", "lat": "float8"}
_TOLD = ", ".join(name for name in NAMES if name not in {"id", "source", "code"})


class Number(NamedTuple):
    """House numbers from `first` to `last` at a point in degrees of WGS-84; one number: both are the same."""

    first: int
    last: int
    lon: float
    lat: float


class NameData(NamedTuple):
    """`code` is unique in its source. `names`: by language. `asked`: folded keys beside those of its names."""

    code: str
    kind: str
    name: str
    lon: float | None
    lat: float | None
    area: int | None = None
    names: dict[str, str] = {}
    weight: int = 0
    public: bool = True
    generated: bool = False
    asked: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()


class Written(NamedTuple):
    new: int
    gone: int


@transaction.atomic
def put_names(source: str, given: Sequence[NameData], *, actor: Actor) -> Written:
    """Let a source name just these; of several with one code the last counts. A changed name is gone and new."""
    actor.require(SET_UP)
    by_code = {row.code: row for row in given}
    ids = bulk.reserve("places_placename_id_seq", len(by_code))
    rows = dict(zip(ids, by_code.values(), strict=True))
    bulk.park(bulk.Table("parked_names", NAMES), [_line(id_, source, row) for id_, row in rows.items()])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityloop.names'))")
        cursor.execute(
            "CREATE TEMP TABLE gone_names ON COMMIT DROP AS SELECT n.id FROM places_placename n"
            " LEFT JOIN parked_names p USING (source, code)"
            f" WHERE n.source = %s AND (p.code IS NULL OR ({_columns('n')}) IS DISTINCT FROM ({_columns('p')}))",
            [source],
        )
        for table in ("places_namekey", "places_housenumber"):
            column = "name_id" if table == KEYS.name else "road_id"
            cursor.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM gone_names)")
        cursor.execute("DELETE FROM places_placename WHERE id IN (SELECT id FROM gone_names)")
        gone = cursor.rowcount
        cursor.execute(
            f"INSERT INTO places_placename (id, source, code, {_TOLD}) SELECT id, source, code, {_TOLD}"
            " FROM parked_names ON CONFLICT (source, code) DO NOTHING RETURNING id"
        )
        new = [row[0] for row in cursor.fetchall()]
    bulk.insert(KEYS, [(id_, kind, key) for id_ in new for kind, key in _keys(rows[id_])])
    _put_numbers(source, rows.values())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE parked_names, gone_names")
        # What waits to be sorted into the index would be read through by every search until a vacuum.
        cursor.execute("SELECT gin_clean_pending_list('places_namekey_alike')")
    return Written(len(new), gone)


def put_areas(*, actor: Actor) -> Written:
    """Let the gazetteer name every area in force, at a point inside it."""
    found = []
    for row in Area.objects.filter(valid_to=None).order_by("id"):
        inside = None if row.shape is None else shapely.point_on_surface(shapely.from_wkb(bytes(row.shape)))
        lon, lat = (None, None) if inside is None or inside.is_empty else (inside.x, inside.y)
        told = (f"{row.scheme}:{row.code}", PlaceName.Kind.AREA, row.name, lon, lat, row.pk, row.names)
        found.append(NameData(*told, weight=max(0, 9 - 2 * len(row.path))))
    return put_names(AREAS, found, actor=actor)


def _line(id_: int, source: str, row: NameData) -> tuple[object, ...]:
    told = (row.kind, row.name, json.dumps(row.names), row.lon, row.lat, row.area, row.weight, row.public)
    return (id_, source, row.code, *told, row.generated)


def _columns(alias: str) -> str:
    return ", ".join(f"{alias}.{name.strip()}" for name in _TOLD.split(","))


def _keys(row: NameData) -> list[tuple[str, str]]:
    """Each once, and cut to what the column holds."""
    found = [*keys(row.name, *row.names.values()), *(("n", text) for text in row.asked)]
    return list(dict.fromkeys((kind, text[:200]) for kind, text in found))


def _put_numbers(source: str, given: Iterable[NameData]) -> None:
    lines = [(row.code, *number) for row in given for number in row.numbers]
    bulk.park(bulk.Table("parked_numbers", _NUMBERS), lines)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM places_housenumber h USING places_placename n WHERE n.id = h.road_id AND n.source = %s"
            " AND NOT EXISTS (SELECT FROM parked_numbers p WHERE (p.code, p.first, p.last, p.lon, p.lat)"
            " = (n.code, h.first, h.last, h.lon, h.lat))",
            [source],
        )
        cursor.execute(
            "INSERT INTO places_housenumber (road_id, first, last, lon, lat)"
            " SELECT n.id, p.first, p.last, p.lon, p.lat FROM parked_numbers p"
            " JOIN places_placename n ON n.source = %s AND n.code = p.code ON CONFLICT DO NOTHING",
            [source],
        )
        cursor.execute("DROP TABLE parked_numbers")
