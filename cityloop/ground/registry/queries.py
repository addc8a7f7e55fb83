"""Readers of the responsibility ledger, kept as long as the city does not change."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache

import orjson
import shapely
from django.db import connection
from django.db.models import Q

from cityloop.core.errors import Unknown
from cityloop.core.hours import spans
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.locate import AreaRow, Place
from cityloop.ground.places.models import Area
from cityloop.ground.places.queries import area_classes, areas_on
from cityloop.ground.registry.ledger import Duty, Ledger, Party, Question
from cityloop.ground.registry.spots import Spots, Thing
from cityloop.ground.registry.terrain import Matter, Standing, Terrain
from cityloop.ground.standards.models import Category
from cityloop.ground.standards.queries import rule_book


def ledger() -> Ledger:
    """All duties of any time, and who acts where none is; two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, r.code, r.tier, r.category_id, r.situation, r.area_id, r.area_class, r.grid_id,"
            " r.road_section, r.drawn_area, r.object_code, r.object_phase, r.stratum, r.weekly_hours::text, r.basis,"
            " r.valid_from, r.valid_to, p.role, p.organisation_id, p.lot, p.until, p.person"
            " FROM registry_ledgerrow r JOIN registry_ledgerparty p ON p.row_id = r.id"
            " WHERE r.state = 'in_force' ORDER BY r.id, p.id"
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT o.id FROM accounts_organisation o JOIN places_city c ON o.code = c.settings ->> 'interim'"
        )
        interim = cursor.fetchone()
    duties: dict[int, Duty] = {}
    for row in rows:
        duty = duties.get(row[0]) or _duty(row[:-5])
        duties[duty.id] = duty._replace(parties=(*duty.parties, Party(*row[-5:])))
    return Ledger(duties.values(), interim[0] if interim else None)


def _duty(row: tuple[object, ...]) -> Duty:
    duty = Duty._make((*row, ()))
    hours = spans(orjson.loads(str(duty.hours)))
    return duty._replace(drawn=None if duty.drawn is None else bytes(duty.drawn), hours=hours)


@lru_cache(maxsize=2)
def ledger_of(revision: str) -> Ledger:
    """All duties, read once per revision of the city."""
    return ledger()


def spots_on(revision: str, day: date) -> Spots:
    """What the ledger names beside areas and grids, as it stood on a day."""
    return _spots(revision, _since(revision, day))


def further_on(revision: str, day: date) -> dict[int, tuple[int, ...]]:
    """Grid to the areas of other schemes than its own that hold it and that the ledger names, larger ones first. Hours
    of such areas are not looked at: a duty has its own."""
    return _further(revision, _since(revision, day))


def _since(revision: str, day: date) -> date:
    """The last day up to `day` on which something changed of what the ledger names."""
    changes = _changes(revision)
    place = bisect_right(changes, day)
    return changes[place - 1] if place else date.min


@lru_cache(maxsize=2)
def _changes(revision: str) -> list[date]:
    """The days on which objects, or members of areas, that the ledger names begin, change or end; one statement."""
    codes, areas = _named(revision)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH o AS (SELECT id, valid_from, valid_to FROM registry_object WHERE code = ANY(%(codes)s)),"
            " m AS (SELECT m.valid_from, m.valid_to, a.valid_from AS since, a.valid_to AS until FROM places_areagrid m"
            "  JOIN places_area a ON a.id = m.area_id WHERE a.id = ANY(%(areas)s))"
            " SELECT DISTINCT day FROM (SELECT valid_from FROM o UNION ALL SELECT valid_to FROM o UNION ALL"
            "  SELECT c.day FROM registry_objectchange c JOIN o ON o.id = c.object_id"
            "  UNION ALL SELECT valid_from FROM m UNION ALL SELECT valid_to FROM m"
            "  UNION ALL SELECT since FROM m UNION ALL SELECT until FROM m) x (day)"
            " WHERE day IS NOT NULL ORDER BY day",
            {"codes": codes, "areas": areas},
        )
        return [day for (day,) in cursor.fetchall()]


def _named(revision: str) -> tuple[list[str], list[int]]:
    """The codes of objects and roads and the ids of areas that the ledger names."""
    duties = ledger_of(revision).duties.values()
    codes = {code for duty in duties for code in (duty.object_code, duty.road) if code}
    return sorted(codes), sorted({duty.area for duty in duties if duty.area is not None})


@lru_cache(maxsize=8)
def _spots(revision: str, day: date) -> Spots:
    duties = ledger_of(revision).duties.values()
    codes, _areas = _named(revision)
    drawn = {duty.id: duty.drawn for duty in duties if duty.drawn is not None}
    return Spots(drawn, things_on(day, codes) if codes else ())


@lru_cache(maxsize=8)
def _further(revision: str, day: date) -> dict[int, tuple[int, ...]]:
    _codes, areas = _named(revision)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.grid_id, array_agg(a.id ORDER BY cardinality(a.path), a.code) FROM places_areagrid m"
            " JOIN places_area a ON a.id = m.area_id WHERE a.id = ANY(%(areas)s)"
            " AND daterange(m.valid_from, m.valid_to) @> %(day)s::date"
            " AND daterange(a.valid_from, a.valid_to) @> %(day)s::date GROUP BY m.grid_id",
            {"areas": areas, "day": day},
        )
        return {grid: tuple(held) for grid, held in cursor.fetchall()}


@lru_cache(maxsize=2)
def _classes(revision: str) -> list[tuple[int, str, date, date | None]]:
    return area_classes()


@lru_cache(maxsize=64)
def _classes_on(revision: str, day: date) -> dict[int, str]:
    """What areas count as for limits on a day."""
    rows = _classes(revision)
    return {area: name for area, name, first, last in rows if first <= day and (last is None or day < last)}


def question(
    here: CityValue,
    categories: tuple[int | None, ...],
    place: Place,
    at: datetime,
    *,
    situation: str = "",
    stratum: str = "on",
    thing: Thing | None = None,
) -> Question:
    """What is asked of the ledger about a place at an instant. `thing`: the object meant, where somebody names one."""
    local = at.astimezone(here.zone)
    day = local.date()
    spot = spots_on(here.revision, day).at(place.lon, place.lat)
    if thing is not None:
        spot = spot._replace(object_code=thing.code, phase=thing.phase)
    classes = _classes_on(here.revision, day)
    return Question(
        categories=categories,
        areas=(*place.areas, *further_on(here.revision, day).get(place.grid or 0, ())),
        at=local,
        situation=situation,
        area_class=next((classes[area] for area in reversed(place.areas) if area in classes), ""),
        grid=place.grid,
        stratum=stratum,
        **spot._asdict(),
    )


def terrain_on(here: CityValue, at: datetime) -> Terrain:
    """The city as the ledger is held against it on the day of an instant; a constant number of statements."""
    local = at.astimezone(here.zone)
    day = local.date()
    areas = areas_on(here.revision, day)
    tiles = {row.id: row for row in areas.areas}
    edition = rule_book(here.revision).edition(day)
    rules = [rule for rules in edition.rules.values() for rule in rules if not rule.undecided] if edition else []
    majors = dict(Category.objects.values_list("id", "parent_id"))
    return Terrain(
        at=local,
        divisions=frozenset(tiles),
        areas=tiles | {row.id: row for row in _named_elsewhere(here.revision, day, set(tiles))},
        grids=areas.grids,
        further=further_on(here.revision, day),
        classes=_classes_on(here.revision, day),
        majors=majors,
        matters=sorted({Matter(rule.category, rule.major, rule.situation) for rule in rules}, key=str),
        things={thing.code: thing for thing in _standing(here, day, tiles)},
    )


def _named_elsewhere(revision: str, day: date, known: set[int]) -> list[AreaRow]:
    """Areas of other schemes that the ledger names."""
    named = set(_named(revision)[1]) - known
    in_force = Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))
    rows = Area.objects.filter(in_force, pk__in=named).values_list("id", "code", "level", "path", "shape")
    return [AreaRow(*row[:4], None if row[4] is None else bytes(row[4])) for row in rows]


def _standing(here: CityValue, day: date, areas: Mapping[int, AreaRow]) -> Iterator[Standing]:
    """The objects of managed layers and those that the ledger names, as they stood on a day; two statements."""
    codes, _areas = _named(here.revision)
    categories = dict(Category.objects.filter(scheme=here.settings["scheme"]).values_list("code", "id"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.code, o.name, l.code, {PHASE}, o.shape, o.area_id, o.grid_id, l.managed, l.strata::text,"
            " l.categories::text FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id"
            " WHERE (l.managed OR o.code = ANY(%(codes)s)) AND daterange(o.valid_from, o.valid_to) @> %(day)s::date"
            " ORDER BY o.code",
            {"codes": codes, "day": day},
        )
        rows = cursor.fetchall()
    shapes = shapely.from_wkb([bytes(row[4]) for row in rows])
    for (code, name, layer, phase, _, area, grid, managed, strata, about), shape in zip(rows, shapes, strict=True):
        path = tuple(areas[area].path) if area in areas else ()
        known = frozenset(categories[one] for one in orjson.loads(about) if one in categories)
        yield Standing(code, name, layer, phase, shape, path, grid, managed, tuple(orjson.loads(strata)), known)


def things_on(day: date, codes: list[str]) -> list[Thing]:
    """Objects as they were on a day: their phase then, their shape now; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.code, {PHASE}, o.shape FROM registry_object o"
            " WHERE o.code = ANY(%(codes)s) AND daterange(o.valid_from, o.valid_to) @> %(day)s::date ORDER BY o.code",
            {"codes": codes, "day": day},
        )
        return [Thing(code, phase, bytes(shape)) for code, phase, shape in cursor.fetchall()]


def thing_on(day: date, code: str) -> Thing:
    """One of them; Unknown where there is none."""
    for thing in things_on(day, [code]):
        return thing
    raise Unknown("object_unknown", object=code)


PHASE = (
    "coalesce((SELECT c.before ->> 'state' FROM registry_objectchange c WHERE c.object_id = o.id"
    " AND c.day > %(day)s AND c.before ? 'state' ORDER BY c.day, c.id LIMIT 1), o.state)"
)
"""The phase of object `o` on a day: what the next change says it was before."""
