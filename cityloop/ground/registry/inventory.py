"""The only writer of layers and objects. Objects come as a whole file: parked, compared by SQL, then applied or not."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from cityloop.core import bulk
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Refused
from cityloop.ground.places.actions import SET_UP
from cityloop.ground.places.actions import renew as renew_city
from cityloop.ground.places.city import city
from cityloop.ground.registry.models import Layer, ObjectChange, UrbanObject
from cityloop.ground.registry.objects import KINDS, DifferenceRow, LayerData, ObjectData, ObjectDifference

EDIT = "objects.edit"
"""What an actor must be allowed to do to take objects in."""
SEQUENCE = 6
"""Digits of the running number in a code that is given here."""
SHOWN = 20
"""So many of each kind a difference names."""
INCOMING = bulk.Table(
    "registry_incoming",
    {
        "line": "int4", "code": "text", "name": "text", "shape": "bytea", "west": "float8", "south": "float8",
        "east": "float8", "north": "float8", "attributes": "jsonb", "state": "text", "owner_id": "int8",
        "maintainer_id": "int8", "supervisor_id": "int8", "area_id": "int8", "grid_id": "int8",
    },
)  # fmt: skip
_TOLD = "name, attributes, state, owner_id, maintainer_id, supervisor_id"
_PLACED = "shape, area_id, grid_id"
_SAID = f"({', '.join(f'o.{name.strip()}' for name in _TOLD.split(','))})"
_SAYS = f"({', '.join(f'i.{name.strip()}' for name in _TOLD.split(','))})"
_BEFORE = ", ".join(f"'{name.strip()}', o.{name.strip()}" for name in _TOLD.split(","))
_AFTER = _BEFORE.replace("o.", "i.")


@transaction.atomic
def put_layers(layers: Sequence[LayerData], *, actor: Actor) -> None:
    """Add layers, or say anew what those of the same codes are. None is ever removed."""
    actor.require(SET_UP)
    Layer.objects.bulk_create(
        (
            Layer(**layer._asdict() | {"categories": list(layer.categories), "strata": list(layer.strata)})
            for layer in layers
        ),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=LayerData._fields[1:],
    )


@transaction.atomic
def take_objects(
    layer: str,
    rows: Iterable[ObjectData],
    *,
    whole: bool,
    actor: Actor,
    day: date,
    at: datetime,
    source: str = "",
    generated: bool = False,
    apply: bool = True,
    shown: int = SHOWN,
) -> ObjectDifference:
    """Take a file of one layer in as it is on `day`; `whole`: what it does not name is gone.

    The same once more changes nothing. Nothing is written where a code may not be used, or with `apply` off.
    `shown`: so many of each kind the answer names.
    """
    actor.require(EDIT)
    kind = Layer.objects.select_for_update().get(code=layer)
    bulk.park(INCOMING, (_parked(row) for row in rows))
    with connection.cursor() as cursor:
        told: dict[str, Any] = {
            "layer": kind.pk,
            "day": day,
            "at": at,
            "by": actor.key,
            "source": source,
            "generated": generated,
        }
        cursor.execute(_KNOWN_PLACES, told)
        _give_codes(cursor, kind)
        cursor.execute("CREATE UNIQUE INDEX ON registry_incoming (code)")
        cursor.execute("ANALYZE registry_incoming")
        found = _difference(cursor, kind.pk, whole, shown)
        if apply and not found.taken:
            for statement in (_ENDED, *_APPLIED) if whole else _APPLIED:
                cursor.execute(statement, told)
            if any(found.counts.values()):
                renew(kind.pk)
            if any(found.counts.values()) and _answered_for(cursor, kind):
                renew_city(actor=SYSTEM)
        cursor.execute("DROP TABLE registry_incoming")
    return found


def renew(layer: int) -> None:
    """Let what is kept by a layer's revision be read anew; every writer of objects asks for it."""
    Layer.objects.filter(pk=layer).update(position=F("position"))


def _answered_for(cursor: CursorWrapper, layer: Layer) -> bool:
    """Whether the ledger is held against objects of a layer."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM registry_object WHERE layer_id = %s AND code IN"
        " (SELECT object_code FROM registry_ledgerrow UNION SELECT road_section FROM registry_ledgerrow))",
        [layer.pk],
    )
    (named,) = cursor.fetchone()
    return layer.managed or bool(named)


def _parked(row: ObjectData) -> tuple[object, ...]:
    return (*row[:4], *row.bounds, *row[5:])


_KNOWN_PLACES = """
UPDATE registry_incoming i SET code = known.code FROM (
 SELECT a.line, b.code FROM
  (SELECT line, name, shape, row_number() OVER (PARTITION BY name, shape ORDER BY line) AS nth
    FROM registry_incoming WHERE code = '') a
  JOIN (SELECT o.code, o.name, o.shape, row_number() OVER (PARTITION BY o.name, o.shape ORDER BY o.code) AS nth
    FROM registry_object o WHERE o.layer_id = %(layer)s AND o.valid_to IS NULL
     AND EXISTS (SELECT FROM registry_incoming j WHERE j.code = '' AND j.name = o.name AND j.shape = o.shape)
     AND NOT EXISTS (SELECT FROM registry_incoming j WHERE j.code = o.code)) b USING (name, shape, nth)) known
 WHERE i.line = known.line
"""


def _give_codes(cursor: CursorWrapper, layer: Layer) -> None:
    """Codes for what has none: the city's code, the layer's class, a running number that was never used."""
    cursor.execute("SELECT count(*) FROM registry_incoming WHERE code = ''")
    (missing,) = cursor.fetchone()
    if not missing:
        return
    prefix = f"{city().code}{layer.class_code}"
    if not layer.class_code:
        raise Refused("layer_without_class", layer=layer.code)
    pattern = f"^{prefix}[0-9]{{{SEQUENCE}}}$"
    cursor.execute(
        "SELECT COALESCE(max(right(code, %s)::int), 0) FROM"
        " (SELECT code FROM registry_object UNION ALL SELECT code FROM registry_incoming) x WHERE code ~ %s",
        [SEQUENCE, pattern],
    )
    (last,) = cursor.fetchone()
    if last + missing >= 10**SEQUENCE:
        raise Refused("layer_full", layer=layer.code)
    cursor.execute(
        "UPDATE registry_incoming i SET code = %s || lpad((%s + n.number)::text, %s, '0') FROM"
        " (SELECT line, row_number() OVER (ORDER BY line) AS number FROM registry_incoming WHERE code = '') n"
        " WHERE i.line = n.line",
        [prefix, last, SEQUENCE],
    )


def _difference(cursor: CursorWrapper, layer: int, whole: bool, shown: int) -> ObjectDifference:
    cursor.execute(
        "SELECT i.line, i.code FROM registry_incoming i JOIN registry_object o ON o.code = i.code"
        " WHERE o.layer_id <> %s OR o.valid_to IS NOT NULL ORDER BY i.line",
        [layer],
    )
    taken = cursor.fetchall()
    told = {"whole": whole, "layer": layer, "shown": shown}
    cursor.execute(" UNION ALL ".join(f"SELECT '{kind}', count(*) {_OF[kind]}" for kind in _OF), told)
    counts = dict(cursor.fetchall())
    same = counts.pop("same")
    cursor.execute(" UNION ALL ".join(_row(kind) for kind in KINDS), told)
    rows = [
        DifferenceRow(kind, line, code, _json(before), _json(after), _bytes(was), _bytes(becomes))
        for kind, line, code, before, after, was, becomes in cursor.fetchall()
    ]
    return ObjectDifference(counts, rows, taken, same)


_KNOWN = "FROM registry_incoming i JOIN registry_object o USING (code)"
_OF = {
    "new": "FROM registry_incoming i WHERE NOT EXISTS (SELECT FROM registry_object o WHERE o.code = i.code)",
    "changed": f"{_KNOWN} WHERE {_SAID} IS DISTINCT FROM {_SAYS}",
    "moved": f"{_KNOWN} WHERE o.shape <> i.shape",
    "gone": "FROM registry_object o WHERE %(whole)s AND o.layer_id = %(layer)s AND o.valid_to IS NULL"
    " AND NOT EXISTS (SELECT FROM registry_incoming i WHERE i.code = o.code)",
    "same": f"{_KNOWN} WHERE {_SAID} IS NOT DISTINCT FROM {_SAYS} AND o.shape = i.shape",
}
"""Where each kind of difference is found."""


def _row(kind: str) -> str:
    """The first objects of a kind, by code."""
    told, was = ("NULL::jsonb", "NULL::bytea") if kind == "new" else (f"jsonb_build_object({_BEFORE})", "o.shape")
    says, becomes = ("NULL::jsonb", "NULL::bytea") if kind == "gone" else (f"jsonb_build_object({_AFTER})", "i.shape")
    line, code = ("NULL::int4", "o.code") if kind == "gone" else ("i.line", "i.code")
    columns = f"'{kind}', {line}, {code}, {told}, {says}, {was}, {becomes}"
    return f"(SELECT {columns} {_OF[kind]} ORDER BY {code} LIMIT %(shown)s)"


def _json(value: str | None) -> dict[str, Any] | None:
    return None if value is None else orjson.loads(value)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


_CHANGE = "INSERT INTO registry_objectchange (object_id, kind, day, recorded_at, by, source, before)"
_ENDED = f"""
WITH gone AS (
 UPDATE registry_object o SET valid_to = GREATEST(%(day)s::date, valid_from + 1)
  WHERE layer_id = %(layer)s AND valid_to IS NULL
    AND NOT EXISTS (SELECT FROM registry_incoming i WHERE i.code = o.code) RETURNING id)
{_CHANGE} SELECT id, 'gone', %(day)s, %(at)s, %(by)s, %(source)s, '{{}}' FROM gone
"""
_APPLIED = (
    f"""
{_CHANGE} SELECT o.id, 'changed', %(day)s, %(at)s, %(by)s, %(source)s, jsonb_build_object({_BEFORE})
 FROM registry_incoming i JOIN registry_object o USING (code) WHERE {_SAID} IS DISTINCT FROM {_SAYS}
""",
    f"""
{_CHANGE} SELECT o.id, 'moved', %(day)s, %(at)s, %(by)s, %(source)s,
  jsonb_build_object('shape', encode(o.shape, 'hex'), 'area_id', o.area_id, 'grid_id', o.grid_id)
 FROM registry_incoming i JOIN registry_object o USING (code) WHERE o.shape <> i.shape
""",
    f"""
UPDATE registry_object o SET ({_TOLD}, {_PLACED}, box) =
  ROW({", ".join(f"i.{name.strip()}" for name in f"{_TOLD},{_PLACED}".split(","))},
      box(point(i.west, i.south), point(i.east, i.north)))
 FROM registry_incoming i WHERE o.code = i.code AND ({_SAID} IS DISTINCT FROM {_SAYS} OR o.shape <> i.shape)
""",
    f"""
WITH made AS (
 INSERT INTO registry_object (layer_id, code, {_TOLD}, {_PLACED}, box, generated, valid_from)
 SELECT %(layer)s, i.code, {", ".join(f"i.{name.strip()}" for name in f"{_TOLD},{_PLACED}".split(","))},
   box(point(i.west, i.south), point(i.east, i.north)), %(generated)s, %(day)s
  FROM registry_incoming i WHERE NOT EXISTS (SELECT FROM registry_object o WHERE o.code = i.code) RETURNING id)
{_CHANGE} SELECT id, 'new', %(day)s, %(at)s, %(by)s, %(source)s, '{{}}' FROM made
""",
)


def change_state(thing: UrbanObject, state: str, *, day: date, source: str, actor: Actor, at: datetime) -> None:
    """Let an object be in another state from a day on. Whoever calls has seen to it that the actor may."""
    before = {name.strip(): getattr(thing, name.strip()) for name in _TOLD.split(",")}
    ObjectChange.objects.create(
        object=thing, kind="changed", day=day, recorded_at=at, by=actor.key, source=source, before=before
    )
    UrbanObject.objects.filter(pk=thing.pk).update(state=state)
