"""Readers of the responsibility ledger, kept as long as the city does not change."""

from datetime import date
from functools import lru_cache

import orjson
from django.db import connection

from cityloop.core.hours import spans
from cityloop.ground.registry.ledger import Duty, Ledger, Party
from cityloop.ground.registry.spots import Spots, Thing


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


@lru_cache(maxsize=16)
def spots_on(revision: str, day: date) -> Spots:
    """What the ledger names beside areas and grids, as it stood on a day."""
    duties = ledger_of(revision).duties.values()
    codes = {code for duty in duties for code in (duty.object_code, duty.road) if code}
    drawn = {duty.id: duty.drawn for duty in duties if duty.drawn is not None}
    return Spots(drawn, things_on(day, sorted(codes)) if codes else ())


def things_on(day: date, codes: list[str]) -> list[Thing]:
    """Objects as they were on a day: their phase then, their shape now; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.code, {PHASE}, o.shape FROM registry_object o"
            " WHERE o.code = ANY(%(codes)s) AND daterange(o.valid_from, o.valid_to) @> %(day)s::date ORDER BY o.code",
            {"codes": codes, "day": day},
        )
        return [Thing(code, phase, bytes(shape)) for code, phase, shape in cursor.fetchall()]


PHASE = (
    "coalesce((SELECT c.before ->> 'state' FROM registry_objectchange c WHERE c.object_id = o.id"
    " AND c.day > %(day)s AND c.before ? 'state' ORDER BY c.day, c.id LIMIT 1), o.state)"
)
"""The phase of object `o` on a day: what the next change says it was before."""
