"""Whether what duties name is there on a day: they may outlive their objects, areas, grids and bodies."""

from datetime import date

from django.db import connection

from cityloop.core.problems import Problem

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
