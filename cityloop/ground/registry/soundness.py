"""Whether what duties name is there on a day, and whether new ones would contradict those that are."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from cityloop.core.hours import spans
from cityloop.core.problems import Problem
from cityloop.ground.accounts.tree import organisations
from cityloop.ground.places.actions import area_ids
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.models import UnitGrid
from cityloop.ground.registry.duties import DutyData
from cityloop.ground.registry.gaps import standing_on
from cityloop.ground.registry.lapses import disputes
from cityloop.ground.registry.ledger import Duty, Party
from cityloop.ground.registry.queries import ledger_of, terrain_on
from cityloop.ground.standards.actions import category_ids

_DANGLING = """
WITH live AS (
    SELECT * FROM registry_ledgerrow r
    WHERE r.state = 'in_force' AND daterange(r.valid_from, r.valid_to) @> %(day)s::date)
SELECT code, 'object', object_code, 'object_unknown' FROM live WHERE object_code <> '' AND NOT EXISTS (
    SELECT FROM registry_object o WHERE o.code = object_code AND daterange(o.valid_from, o.valid_to) @> %(day)s::date)
UNION ALL
SELECT code, 'road', road_section, 'road_unknown' FROM live WHERE road_section <> '' AND NOT EXISTS (
    SELECT FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id AND l.geometry = 'line'
    WHERE o.code = road_section AND daterange(o.valid_from, o.valid_to) @> %(day)s::date)
UNION ALL
SELECT live.code, 'area', a.code, 'area_ended' FROM live JOIN places_area a ON a.id = area_id
    WHERE NOT daterange(a.valid_from, a.valid_to) @> %(day)s::date
UNION ALL
SELECT live.code, 'grid', g.code, 'grid_ended' FROM live JOIN places_unitgrid g ON g.id = grid_id
    WHERE NOT daterange(g.valid_from, g.valid_to) @> %(day)s::date
UNION ALL
SELECT live.code, 'organisation', o.code, 'organisation_ended' FROM live
    JOIN registry_ledgerparty p ON p.row_id = live.id JOIN accounts_organisation o ON o.id = p.organisation_id
    WHERE NOT daterange(o.valid_from, o.valid_to) @> %(day)s::date
ORDER BY 1, 2, 3
"""


def dangling(day: date) -> list[Problem]:
    """All that duties in force on a day name and that is not there then; one statement. `file` of each: the duty."""
    with connection.cursor() as cursor:
        cursor.execute(_DANGLING, {"day": day})
        return [Problem(duty, 0, field, code, {"value": value}) for duty, field, value, code in cursor.fetchall()]


class Contradiction(NamedTuple):
    """`duty` is a new one."""

    duty: str
    other: str
    roles: str


def contradictions(here: CityValue, fresh: Sequence[DutyData], gone: Collection[str], day: date) -> list[Contradiction]:
    """The disputes that new duties would make on a day on which the duties `gone` (by code) end."""
    begun = resolved(here, fresh)
    ids = {duty.id for duty in begun}
    kept = [duty for duty in ledger_of(here.revision).duties.values() if duty.code not in gone]
    known = {duty.id: duty.code for duty in (*kept, *begun)}
    terrain = terrain_on(here, datetime(day.year, day.month, day.day, 12, tzinfo=here.zone))
    found = []
    for gap in disputes(standing_on([*kept, *begun], day), terrain):
        new = [duty for duty in gap.duties if duty in ids]
        if new:
            other = next(duty for duty in reversed(gap.duties) if duty != new[0])
            found.append(Contradiction(known[new[0]], known[other], gap.why))
    return found


def resolved(here: CityValue, duties: Sequence[DutyData]) -> list[Duty]:
    """Duties in ids, as the ledger asks them; their own ids are -1, -2 and so on."""
    categories, areas, bodies = category_ids(here.settings["scheme"]), area_ids(), organisations(here.revision).by_code
    named = {duty.grid for duty in duties if duty.grid}
    grids = dict(UnitGrid.objects.filter(code__in=named, valid_to=None).values_list("code", "id"))
    return [
        Duty(
            id=-place,
            code=duty.code,
            tier=duty.tier,
            category=categories[duty.category] if duty.category else None,
            situation=duty.situation,
            area=areas[duty.area] if duty.area else None,
            area_class=duty.area_class,
            grid=grids[duty.grid] if duty.grid else None,
            road=duty.road_section,
            drawn=duty.drawn_area,
            object_code=duty.object_code,
            phase=duty.object_phase,
            stratum=duty.stratum,
            hours=spans(duty.weekly_hours),
            basis=duty.basis,
            valid_from=duty.valid_from,
            valid_to=duty.valid_to,
            parties=tuple(
                Party(one.role, bodies[one.organisation].id, one.lot, one.until, one.person) for one in duty.parties
            ),
        )
        for place, duty in enumerate(duties, start=1)
    ]
