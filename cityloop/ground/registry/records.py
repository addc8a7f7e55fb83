"""Rows of the ledger as people read them: a list on a day, one duty with its history, the duties of an answer."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import shapely
from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.core.hours import spans, written
from cityloop.ground.accounts.models import Organisation

_PARTIES = """
(SELECT json_agg(json_build_object('role', p.role, 'organisation', o.code, 'name', o.name, 'names', o.names,
    'lot', p.lot, 'until', p.until, 'person', p.person) ORDER BY p.id)
 FROM registry_ledgerparty p JOIN accounts_organisation o ON o.id = p.organisation_id WHERE p.row_id = r.id)
"""
_ROWS = f"""
SELECT r.id, r.code, r.tier, k.code AS category, k.name AS category_name, k.names::json AS category_names, r.situation,
    a.scheme || ':' || a.code AS area, a.name AS area_name, a.names::json AS area_names, r.area_class, g.code AS grid,
    r.road_section AS road, r.drawn_area AS drawn, r.object_code AS object, r.object_phase AS phase, r.stratum, r.duty,
    r.weekly_hours::json AS hours, r.basis, r.valid_from, r.valid_to, r.proposal_id AS proposal,
    r.ended_by_id AS ended_by, {_PARTIES} AS parties
FROM registry_ledgerrow r LEFT JOIN standards_category k ON k.id = r.category_id
LEFT JOIN places_area a ON a.id = r.area_id LEFT JOIN places_unitgrid g ON g.id = r.grid_id
"""
_PAGE = f"""
{_ROWS}
WHERE r.state = 'in_force' AND daterange(r.valid_from, r.valid_to) @> %(day)s::date AND r.code > %(after)s
    AND (%(tier)s = '' OR r.tier = %(tier)s)
    AND (%(category)s = '' OR k.code = %(category)s
        OR k.parent_id IN (SELECT id FROM standards_category WHERE code = %(category)s))
    AND (%(area)s = '' OR a.path && ARRAY(SELECT id FROM places_area WHERE code = %(area)s))
    AND (%(thing)s = '' OR %(thing)s IN (r.object_code, r.road_section))
    AND (%(organisation)s = '' OR EXISTS (SELECT FROM registry_ledgerparty p JOIN accounts_organisation o
        ON o.id = p.organisation_id WHERE p.row_id = r.id AND o.code = %(organisation)s))
ORDER BY r.code LIMIT %(limit)s
"""
Row = dict[str, Any]


def page(day: date, limit: int, language: str, **filters: str) -> list[Row]:
    """Duties in force on a day, by code; one statement. Filters: after, tier, category, area, thing, organisation;
    empty is any. A category brings those below it, an area those below it."""
    return _told(_PAGE, {"day": day, "limit": limit, **filters}, language)


def versions(code: str, language: str) -> list[Row]:
    """Every row that a duty ever was, the latest first; one statement. Unknown where there is none."""
    found = _told(f"{_ROWS} WHERE r.code = %(code)s ORDER BY r.valid_from DESC", {"code": code}, language)
    if not found:
        raise Unknown("duty_unknown", duty=code)
    return found


def by_id(ids: Collection[int], language: str) -> dict[int, Row]:
    """Duties by their ids; one statement."""
    return {row["id"]: row for row in _told(f"{_ROWS} WHERE r.id = ANY(%(ids)s)", {"ids": list(ids)}, language)}


def bodies(ids: Iterable[int | None], language: str) -> dict[int, dict[str, str]]:
    """Organisations by id: code and name; one statement."""
    rows = Organisation.objects.filter(pk__in={pk for pk in ids if pk}).values_list("id", "code", "name", "names")
    return {pk: {"code": code, "name": names.get(language, name)} for pk, code, name, names in rows}


def _told(statement: str, facts: Mapping[str, Any], language: str) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [_row(row, language) for row in rows]


def _row(row: Row, language: str) -> Row:
    for noun in ("category", "area"):
        row[f"{noun}_name"] = (row.pop(f"{noun}_names") or {}).get(language) or row[f"{noun}_name"] or ""
        row[noun] = row[noun] or ""
    drawn = row["drawn"]
    row["drawn"] = "" if drawn is None else shapely.to_wkt(shapely.from_wkb(bytes(drawn)), rounding_precision=7)
    row["hours"] = written(spans(row["hours"])) if row["hours"] else ""
    row["grid"] = row["grid"] or ""
    row["parties"] = [{**party, "name": party["names"].get(language, party["name"])} for party in row["parties"] or ()]
    return row
