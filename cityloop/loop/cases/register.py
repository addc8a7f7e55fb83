"""The register of all requests for more time, and what share of its dispatches each unit was granted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from django.db import connection

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.texts import N_, _
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.keys import Key
from cityloop.loop.cases.lifecycle import HOLD_KINDS
from cityloop.loop.cases.queries import keyed, visible_to
from cityloop.loop.cases.whole import ACTORS, approvers
from cityloop.loop.clocks.ground import Ground

MOST = 100_000
"""How many lines a download has at most."""
STATES = {
    "waiting": N_("waiting"),
    "granted": N_("granted"),
    "denied": N_("denied"),
    "lapsed": N_("lapsed"),
}
"""What became of a request; it lapses where the unit gives the work out of its hands before anybody decides."""
_STATE = (
    "CASE WHEN h.granted THEN 'granted' WHEN NOT h.granted THEN 'denied'"
    " WHEN h.ended_at IS NOT NULL THEN 'lapsed' ELSE 'waiting' END"
)
_OF_STATE = {
    "waiting": "h.granted IS NULL AND h.ended_at IS NULL",
    "granted": "h.granted",
    "denied": "NOT h.granted",
    "lapsed": "h.granted IS NULL AND h.ended_at IS NOT NULL",
}
_NAME_OF = (
    "(SELECT coalesce(nullif(u.first_name, ''), u.username) FROM accounts_user u"
    " WHERE {who} ~ '^user:[0-9]{{1,18}}$' AND u.id = substr({who}, 6)::int8)"
)

_PAGE = """
WITH chosen AS MATERIALIZED (
    SELECT h.case_id, h.no FROM cases_hold h JOIN cases_case c ON c.id = h.case_id
    JOIN cases_assignment a ON a.id = h.assignment_id
    WHERE {clause} ORDER BY h.asked_at DESC, h.case_id * 1000 + h.no DESC LIMIT %s)
SELECT h.case_id * 1000 + h.no AS id, c.number, h.kind, {state} AS state, coalesce(k.names ->> %s, k.name) AS
    category_name, c.address, o.code AS organisation, coalesce(o.names ->> %s, o.name) AS organisation_name,
    h.asked_at, h.asked_by, {asked_name} AS asked_name, h.reason, h.value, h.unit, h.until_at, h.review_on, h.measures,
    h.decided_at, h.decided_by, {decided_name} AS decided_name, h.ended_at, h.chain::text AS chain, h.approved
FROM chosen JOIN cases_hold h USING (case_id, no) JOIN cases_case c ON c.id = h.case_id
JOIN cases_assignment a ON a.id = h.assignment_id JOIN accounts_organisation o ON o.id = a.acting_org_id
JOIN standards_category k ON k.id = c.category_id
ORDER BY h.asked_at DESC, h.case_id * 1000 + h.no DESC
"""
_RATIOS = """
WITH asked AS MATERIALIZED (
    SELECT a.acting_org_id AS org, h.kind, count(*) FILTER (WHERE {during}) AS asked,
        count(*) FILTER (WHERE {during} AND {waiting}) AS waiting,
        count(*) FILTER (WHERE {during} AND {denied}) AS denied,
        count(*) FILTER (WHERE {during} AND {lapsed}) AS lapsed,
        count(*) FILTER (WHERE {decided}) AS granted
    FROM cases_hold h JOIN cases_case c ON c.id = h.case_id JOIN cases_assignment a ON a.id = h.assignment_id
    WHERE {clause} AND ({during} OR {decided})
    GROUP BY 1, 2),
dispatched AS MATERIALIZED (
    SELECT a.acting_org_id AS org, count(*) AS dispatched FROM cases_assignment a JOIN cases_case c ON c.id = a.case_id
    WHERE a.no > 1 AND a.kind = 'main' AND a.acting_org_id IN (SELECT org FROM asked) AND a.started_at >= %(since)s
        AND a.started_at < %(until)s AND {place} GROUP BY 1)
SELECT o.code AS organisation, coalesce(o.names ->> %(language)s, o.name) AS organisation_name, s.kind, s.asked,
    s.waiting, s.denied, s.lapsed, s.granted, coalesce(d.dispatched, 0) AS dispatched
FROM asked s JOIN accounts_organisation o ON o.id = s.org LEFT JOIN dispatched d ON d.org = s.org
ORDER BY o.code, s.kind
"""


class Wanted(NamedTuple):
    """Which requests; what is empty does not narrow. `since` and `until`: days of the city, both included."""

    kind: str = ""
    state: str = ""
    unit: str = ""
    area: str = ""
    since: date | None = None
    until: date | None = None


def page(actor: Actor, wanted: Wanted, here: Ground, *, limit: int, before: Key | None = None) -> list[dict[str, Any]]:
    """The first `limit` requests after the key, asked last first; one statement."""
    clause, values = _clause(actor, wanted, here.city)
    if wanted.state:
        clause += f" AND {_OF_STATE[wanted.state]}"
    for day, sign, later in ((wanted.since, ">=", 0), (wanted.until, "<", 1)):
        if day is not None:
            clause += f" AND h.asked_at {sign} %s"
            values.append(_midnight(day, here.city, later))
    if before:
        clause += " AND (h.asked_at, h.case_id * 1000 + h.no) < (%s::timestamptz, %s)"
        values += before
    language = texts.spoken()
    names = {"asked_name": _NAME_OF.format(who="h.asked_by"), "decided_name": _NAME_OF.format(who="h.decided_by")}
    sql = _PAGE.format(clause=clause, state=_STATE, **names)
    return [_line(row) for row in _rows(sql, [*values, limit, language, language])]


def ratios(actor: Actor, wanted: Wanted, here: Ground) -> list[dict[str, Any]]:
    """By unit and kind what was asked and granted in the period, of how many dispatches; one statement."""
    assert wanted.since is not None  # the caller has seen to it
    assert wanted.until is not None
    clause, values = _clause(actor, wanted, here.city)
    place, others = _clause(actor, wanted._replace(kind=""), here.city)
    named: dict[str, Any] = {
        "since": _midnight(wanted.since, here.city),
        "until": _midnight(wanted.until, here.city, 1),
        "language": texts.spoken(),
    }
    sql = _RATIOS.format(
        clause=keyed(clause, values, named),
        place=keyed(place, others, named),
        during="h.asked_at >= %(since)s AND h.asked_at < %(until)s",
        decided="h.granted AND h.decided_at >= %(since)s AND h.decided_at < %(until)s",
        **_OF_STATE,
    )
    caps = here.clock.policy.caps
    return [
        row
        | {
            "kind_title": _(HOLD_KINDS[row["kind"]]),
            "share": row["granted"] / row["dispatched"] if row["dispatched"] else None,
            "cap": float(caps[row["kind"]]) if row["kind"] in caps else None,
        }
        for row in _rows(sql, named)
    ]


def table(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Iterator[list[object]]:
    """The register as lines of a table, its titles first; times are the city's."""
    yield [
        *(_("Case"), _("Kind"), _("State"), _("Category"), _("Address"), _("Unit"), _("Asked at"), _("Asked by")),
        *(
            _("Reason"),
            _("How much more"),
            _("Until"),
            _("Review day"),
            _("Measures"),
            _("Decided at"),
            _("Decided by"),
        ),
    ]
    for row in rows:
        yield [
            *(row["number"], row["kind_title"], row["state_title"], row["category_name"], row["address"]),
            *(row["organisation_name"], _told(row["asked_at"], zone), row["asked_by"], row["reason"]),
            "" if row["value"] is None else f"{row['value'].normalize():f} {row['unit']}",
            *(_told(row["until_at"], zone), row["review_on"] or "", row["measures"]),
            *(_told(row["decided_at"], zone), row["decided_by"]),
        ]


def _told(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""


def _clause(actor: Actor, wanted: Wanted, city: CityValue) -> tuple[str, list[Any]]:
    """A condition on `c`, the unit's assignment `a` and the request `h`: what is to be seen of a kind, unit, area."""
    known = catalogue(city.revision)
    clause, values = visible_to(actor)
    if wanted.kind:
        clause += " AND h.kind = %s"
        values.append(wanted.kind)
    if wanted.unit:
        clause += " AND a.acting_org_id = ANY(%s::int8[])"
        values.append(known.under_organisation(wanted.unit))
    if wanted.area:
        clause += " AND c.areas && %s::int8[]"
        values.append(known.areas_called(wanted.area))
    return clause, values


def _midnight(day: date, city: CityValue, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), city.zone)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "kind_title": _(HOLD_KINDS[row["kind"]]),
        "state_title": _(STATES[row["state"]]),
        "asked_by": row["asked_name"] or _(ACTORS.get(row["asked_by"], row["asked_by"])),
        "decided_by": row["decided_name"]
        or (_(ACTORS.get(row["decided_by"], row["decided_by"])) if row["decided_by"] else ""),
        "chain": approvers(orjson.loads(row["chain"]), row["approved"]),
    }


def _rows(sql: str, values: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
