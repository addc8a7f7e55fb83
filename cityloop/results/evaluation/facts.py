"""The engine: one statement that sums counts over the facts of cases, by one key.

Facts are the spans as they stand in the database; a case without a handler yet is known by its own row. An
engine knows no ratio: it returns integers only, so that any other engine must agree to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from cityloop.loop.cases.lifecycle import UNCOUNTED
from cityloop.results.evaluation.indicators import BASES, INDICATORS

CASES = """
    WITH handler AS (
        -- the handlers' last stay that had begun by then
        SELECT DISTINCT ON (case_id) case_id, stage, outcome, due_at, ended_at,
            organisation_id, category_id, grid_id, areas, channel
        FROM cases_span WHERE NOT main AND stage IN ('sign_for', 'handle', 'return') AND started_at <= %(at)s
        ORDER BY case_id, no DESC
    ), known AS (
        SELECT c.opened_at, coalesce(h.due_at, c.due_at) AS due_at,
            c.state = 'closed' AND coalesce(c.closed_at <= %(at)s, false) AS closed, c.closed_at,
            CASE WHEN h.outcome = 'handled' AND h.ended_at <= %(at)s THEN h.ended_at
                WHEN c.state = 'closed' AND c.closed_at <= %(at)s THEN c.closed_at END AS done_at,
            {key} AS key
        FROM cases_case c LEFT JOIN handler h ON h.case_id = c.id
        WHERE c.opened_at <= %(at)s
            AND NOT (c.state = ANY(%(uncounted)s) AND coalesce(c.closed_at <= %(at)s, false))
    ), fact AS (
        SELECT opened_at, due_at, closed, CASE WHEN closed THEN closed_at END AS closed_at, key,
            coalesce(due_at < coalesce(done_at, %(at)s), false) AS late,
            coalesce(closed AND due_at IS NOT NULL OR due_at < %(at)s, false) AS fell_due
        FROM known
    ), sums AS (
        SELECT {group} AS key, {counts} FROM fact WHERE {population} GROUP BY 1
    )
    SELECT false AS total, m.code, {name} AS name, {sums} FROM sums {join} GROUP BY m.code, {name}
    UNION ALL SELECT true, '', '', {sums} FROM sums
"""

_NAME = "coalesce(m.names ->> %(language)s::text, m.name)"


@dataclass(frozen=True, slots=True)
class Grouping:
    """How cases are grouped: the key of a case (`h` its handler's stay, `c` itself) and the rows it names as `m`.

    `group` is what a case is summed under: its key, or something made of the `{instant}` of the basis.
    """

    key: str
    join: str
    name: str = _NAME
    group: str = "key"


_CATEGORY = "coalesce(h.category_id, c.category_id)"
_WITH_CATEGORY = "LEFT JOIN standards_category k ON k.id = key LEFT JOIN standards_category m ON m.id ="
_WITH_ORGANISATION = "LEFT JOIN accounts_organisation o ON o.id = key LEFT JOIN accounts_organisation m ON m.id ="
# A stay that ended otherwise than handled was given back: nobody has the case until it is dispatched again.
_ORGANISATION = "CASE WHEN h.ended_at <= %(at)s AND h.outcome <> 'handled' THEN NULL ELSE h.organisation_id END"

GROUPINGS: dict[tuple[str, str], Grouping] = {
    ("area", ""): Grouping(
        "CASE WHEN h.case_id IS NULL THEN c.areas ELSE h.areas END",
        "LEFT JOIN places_area m ON m.id = ANY(key) AND m.scheme = %(scheme)s AND m.level = %(level)s",
    ),
    ("organisation", "department"): Grouping(
        _ORGANISATION, f"{_WITH_ORGANISATION} coalesce(o.path[2], o.path[1], o.id)"
    ),
    ("organisation", "unit"): Grouping(_ORGANISATION, f"{_WITH_ORGANISATION} o.id"),
    ("category", "minor"): Grouping(_CATEGORY, f"{_WITH_CATEGORY} k.id"),
    ("category", "major"): Grouping(_CATEGORY, f"{_WITH_CATEGORY} coalesce(k.parent_id, k.id)"),
    ("channel", ""): Grouping(
        "coalesce(h.channel, c.channel)",
        "LEFT JOIN LATERAL (SELECT key AS code, (SELECT settings #> ARRAY['channels', key] FROM places_city) AS said)"
        " m ON true",
        "coalesce(m.said #>> ARRAY['names', %(language)s::text], m.said ->> 'name', m.code)",
    ),
    ("grid", ""): Grouping(
        "CASE WHEN h.case_id IS NULL THEN c.grid_id ELSE h.grid_id END",
        "LEFT JOIN places_unitgrid m ON m.id = key",
        "m.code",
    ),
    ("month", ""): Grouping(
        "NULL",
        "LEFT JOIN LATERAL (SELECT key AS code) m ON true",
        "m.code",
        group="to_char({instant} AT TIME ZONE %(zone)s, 'YYYY-MM')",
    ),
}

Line = tuple[bool, str, str, dict[str, int]]
"""Whether it is the total; code and name, empty where a case has none; counts by indicator."""


def sums(grouping: Grouping, basis: str, parameters: Mapping[str, datetime | str]) -> list[Line]:
    """Counts of all indicators by group, and the total over all cases, in one statement.

    `parameters`: at, start, end, language, zone, and what the grouping's join asks for.
    """
    query = CASES.format(
        key=grouping.key,
        join=grouping.join,
        name=grouping.name,
        group=grouping.group.format(instant=BASES[basis].instant),
        population=BASES[basis].population,
        counts=", ".join(
            f"count(*) FILTER (WHERE {indicator.condition}) AS {indicator.key}" for indicator in INDICATORS
        ),
        sums=", ".join(f"coalesce(sum({indicator.key}), 0)::bigint" for indicator in INDICATORS),
    )
    keys = [indicator.key for indicator in INDICATORS]
    with connection.cursor() as cursor:
        cursor.execute(query, {**parameters, "uncounted": sorted(UNCOUNTED)})
        return [
            (total, code or "", name or "", dict(zip(keys, counts, strict=True)))
            for total, code, name, *counts in cursor.fetchall()
        ]


def area_levels() -> list[tuple[str, str]]:
    """Levels of areas with their schemes; the divisions stand last, and among them the smallest areas."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT level, scheme FROM places_area GROUP BY level, scheme"
            " ORDER BY scheme = 'division', scheme DESC, max(cardinality(path)), level"
        )
        found: list[tuple[str, str]] = cursor.fetchall()
        return found
