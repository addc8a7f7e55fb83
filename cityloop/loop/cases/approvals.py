"""What waits for a decision by one of somebody's posts: requests for more time whose turn it is, and returns.

A page is one statement: the inner part finds the cases in order, the outer one reads what somebody needs to decide.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.texts import N_, _
from cityloop.loop.cases import holds
from cityloop.loop.cases.countdown import countdown, of_case, of_stage
from cityloop.loop.cases.facts import Deadlines, Share
from cityloop.loop.cases.keys import Key
from cityloop.loop.cases.lifecycle import HOLD_KINDS, RETURN_REASONS
from cityloop.loop.cases.queries import TURN, keyed, reach, read_row
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, HoldRow
from cityloop.loop.cases.whole import approvers, assessed, named, told_fact
from cityloop.loop.clocks.deadlines import HANDLE, Clock
from cityloop.loop.clocks.due import light
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.evidence.actions import photo_ids

RETURN = "return"
KINDS = HOLD_KINDS | {RETURN: N_("return")}
"""What may be asked for and waits for a decision."""

DECISIONS = ["grant_hold", "deny_hold"]
DECISIONS_ON_RETURN = ["grant_return", "deny_return"]

_ROWS = (("c", CaseRow), ("a", AssignmentRow), ("h", HoldRow))
_UNIT_AT = len(CaseRow._fields)
_HOLD_AT = _UNIT_AT + len(AssignmentRow._fields)
_NAMES_AT = _HOLD_AT + len(HoldRow._fields)
_COLUMNS = ", ".join(f"{alias}.{name}" for alias, row in _ROWS for name in row._fields)
URGENT = "coalesce(a.due_at, c.due_at, 'infinity'::timestamptz)"
"""What the inbox is ordered by: when the unit has to be done."""

_WAITING = """
SELECT c.id, w.no AS hold_no, w.kind FROM cases_hold w JOIN cases_case c ON c.id = w.case_id
WHERE w.granted IS NULL AND w.ended_at IS NULL AND c.closed_at IS NULL AND ({holds})
UNION ALL SELECT c.id, NULL, NULL FROM cases_case c
WHERE c.closed_at IS NULL AND c.state = 'return_requested' AND ({returns})
"""
"""A case has one of both at most: asking to return it makes a request for more time void."""
_PERSON = """
LEFT JOIN accounts_user {u}
    ON {u}.id = CASE WHEN {e}.actor ~ '^user:[0-9]{{{{1,18}}}}$' THEN substr({e}.actor, 6)::int8 END
LEFT JOIN accounts_post {p} ON {p}.code = {e}.post
"""
_SAID = "coalesce(nullif({u}.first_name, ''), {u}.username)"

_PAGE = f"""
WITH waiting AS MATERIALIZED ({{waiting}}),
chosen AS MATERIALIZED (
    SELECT c.id, w.hold_no, w.kind, {URGENT} AS urgent, a.acting_org_id
    FROM waiting w JOIN cases_case c USING (id) JOIN cases_assignment a ON a.id = c.id * 1000 + c.unit_no
    WHERE {{after}} ORDER BY urgent, c.id LIMIT %(limit)s),
shares AS MATERIALIZED (
    SELECT p.kind, p.acting_org_id,
        (SELECT count(*) FROM cases_hold g JOIN cases_assignment v ON v.id = g.assignment_id WHERE g.kind = p.kind
            AND g.granted AND g.decided_at >= %(month)s AND v.acting_org_id = p.acting_org_id) AS granted,
        (SELECT count(*) FROM cases_assignment v WHERE v.no > 1 AND v.kind = 'main'
            AND v.acting_org_id = p.acting_org_id AND v.started_at >= %(month)s) AS dispatched
    FROM (SELECT DISTINCT n.kind, n.acting_org_id FROM chosen n WHERE n.kind = ANY(%(capped)s)) p)
SELECT {_COLUMNS}, k.code AS category, coalesce(k.names ->> %(language)s, k.name) AS category_name,
    o.code AS organisation, coalesce(o.names ->> %(language)s, o.name) AS organisation_name,
    e.seq AS asked_seq, e.at AS returned_at, e.note, e.evidence::json AS evidence, e.actor, e.post, e.told,
    e.user_name, e.post_name, e.role, s.granted AS month_granted, s.dispatched AS month_dispatched,
    (SELECT json_agg(json_build_object('at', g.at, 'actor', g.actor, 'post', g.post,
            'user_name', {_SAID.format(u="gu")}, 'post_name', gp.name, 'role', gp.role) ORDER BY g.seq)
        FROM cases_entry g {_PERSON.format(e="g", u="gu", p="gp")}
        WHERE g.case_id = c.id AND g.seq > e.seq AND g.step = 'grant_hold') AS approvals,
    (SELECT json_agg(json_build_object('kind', b.kind, 'asked_at', b.asked_at, 'reason', b.reason,
            'value', b.value, 'unit', b.unit, 'until_at', b.until_at, 'review_on', b.review_on,
            'granted', b.granted, 'decided_at', b.decided_at) ORDER BY b.no)
        FROM cases_hold b WHERE b.case_id = c.id AND (h.no IS NULL OR b.no < h.no)) AS holds_before,
    (SELECT json_agg(json_build_object('kind', '{RETURN}', 'asked_at', r.at, 'reason', r.note,
            'granted', d.step = 'grant_return', 'decided_at', d.at) ORDER BY r.seq)
        FROM cases_entry r LEFT JOIN LATERAL (SELECT x.step, x.at FROM cases_entry x WHERE x.case_id = r.case_id
            AND x.seq > r.seq AND x.step IN ('grant_return', 'deny_return') ORDER BY x.seq LIMIT 1) d ON TRUE
        WHERE r.case_id = c.id AND r.step = 'request_return' AND r.seq < e.seq) AS returns_before
FROM chosen n JOIN cases_case c USING (id)
JOIN cases_assignment a ON a.id = c.id * 1000 + c.unit_no
JOIN accounts_organisation o ON o.id = a.acting_org_id
JOIN standards_category k ON k.id = c.category_id
LEFT JOIN cases_hold h ON h.case_id = c.id AND h.no = n.hold_no
LEFT JOIN shares s ON s.kind = h.kind AND s.acting_org_id = a.acting_org_id
JOIN LATERAL (SELECT e.*, {_SAID.format(u="u")} AS user_name, p.name AS post_name, p.role,
        (SELECT j.value -> 2 FROM json_array_elements(e.changes::json) j WHERE j.value ->> 0 = 'told') AS told
    FROM cases_entry e {_PERSON.format(e="e", u="u", p="p")}
    WHERE e.case_id = c.id AND e.step = coalesce('ask_' || h.kind, 'request_return')
    ORDER BY e.seq DESC LIMIT 1) e ON TRUE
ORDER BY n.urgent, c.id
"""
_COUNTS = f"""
WITH waiting AS MATERIALIZED ({{waiting}})
SELECT coalesce(w.kind, '{RETURN}'), count(*), count(*) FILTER (WHERE {URGENT} < %(at)s)
FROM waiting w JOIN cases_case c USING (id) JOIN cases_assignment a ON a.id = c.id * 1000 + c.unit_no
GROUP BY 1
"""


class Waiting(NamedTuple):
    """How many requests of a kind wait, and how many of them for units that are late already."""

    kind: str
    waits: int
    late: int


def page(
    actor: Actor, here: Ground, at: datetime, *, kind: str, limit: int, after: Key | None = None
) -> list[dict[str, Any]]:
    """The first `limit` requests after the key, most urgent first; one statement."""
    waiting, values = _waiting(actor, kind)
    later = f"({URGENT}, c.id) > (%(after)s::timestamptz, %(after_id)s)" if after else "TRUE"
    values |= {
        "limit": limit,
        "after": after and after[0],
        "after_id": after and after[1],
        "month": datetime.combine(here.city.day(at).replace(day=1), time(), here.city.zone),
        "capped": list(here.clock.policy.caps),
        "language": texts.spoken(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE.format(waiting=waiting, after=later), values)
        names = [column.name for column in cursor.description][_NAMES_AT:]
        rows = cursor.fetchall()
    hide = assessed(actor)
    return [_line(row, dict(zip(names, row[_NAMES_AT:], strict=True)), here.clock, at, hide=hide) for row in rows]


def counts(actor: Actor, at: datetime) -> list[Waiting]:
    """How many wait, by kind; one statement."""
    waiting, values = _waiting(actor, "")
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS.format(waiting=waiting), values | {"at": at})
        return [Waiting(*row) for row in cursor.fetchall()]


def _waiting(actor: Actor, kind: str) -> tuple[str, dict[str, Any]]:
    """The requests that wait for a post of `actor`: where its reach ends, so does the inbox."""
    values: dict[str, Any] = {}
    wait: dict[str, list[str]] = {"holds": [], "returns": []}
    for post in actor.posts:
        if "cases.read" not in post.permissions:
            continue
        reached, told = reach(post, assigned=" AND v.ended_at IS NULL")
        if "cases.decide_hold" in post.permissions and kind != RETURN:
            asked = f"{TURN} AND w.kind = %s" if kind else TURN
            roles = [post.role, kind] if kind else [post.role]
            wait["holds"].append(keyed(f"({asked} AND {reached})", [*roles, *told], values))
        if "cases.decide_return" in post.permissions and kind in ("", RETURN):
            wait["returns"].append(keyed(f"({reached})", told, values))
    return _WAITING.format(**{name: " OR ".join(clauses) or "FALSE" for name, clauses in wait.items()}), values


def _line(row: Sequence[Any], found: dict[str, Any], clock: Clock, at: datetime, *, hide: bool) -> dict[str, Any]:
    case = read_row(CaseRow, row[:_UNIT_AT])
    unit = read_row(AssignmentRow, row[_UNIT_AT:_HOLD_AT])
    hold = read_row(HoldRow, row[_HOLD_AT:_NAMES_AT]) if row[_HOLD_AT] is not None else None
    asker = named(found, hide=hide)
    now, kind = holds.as_it_stands(case, unit), hold.kind if hold else RETURN
    earlier = sorted(
        map(_earlier, (*(found["holds_before"] or ()), *(found["returns_before"] or ()))),
        key=lambda one: one["asked_at"],
    )
    return {
        "id": case.id,
        "urgent": unit.due_at or case.due_at,
        "number": case.number,
        "seq": case.seq,
        "state": case.state,
        "kind": kind,
        "kind_title": _(KINDS[kind]),
        "category": found["category"],
        "category_name": found["category_name"],
        "address": case.address,
        "lon": case.lon,
        "lat": case.lat,
        "organisation": found["organisation"],
        "organisation_name": found["organisation_name"],
        "opened_at": case.opened_at,
        "dispatched_at": unit.started_at,
        "asked_at": hold.asked_at if hold else found["returned_at"],
        "asked_by": asker["actor_name"],
        "asked_post": asker["post_name"],
        **_asked(hold, found),
        "light": light(at=at, yellow_at=unit.yellow_at, due_at=unit.due_at),
        "now": _due(now, case, unit, clock, at),
        "then": _due(holds.granted(hold, case, unit, clock, at)[1], case, unit, clock, at) if hold else None,
        "chain": _chain(hold, found["approvals"] or (), hide=hide) if hold else [],
        "before": sum(one["kind"] == kind for one in earlier),
        "earlier": earlier,
        "share": _share(hold, found, clock) if hold else None,
        "photos": photo_ids(found["evidence"]),
        "steps": DECISIONS if hold else DECISIONS_ON_RETURN,
    }


def _asked(hold: HoldRow | None, found: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for and why: the typed reason of a return comes with the facts that prove it."""
    if hold is not None:
        note = "" if found["note"] == hold.reason else found["note"]
        asked = {name: getattr(hold, name) for name in ("reason", "value", "unit", "until_at", "review_on", "measures")}
        return asked | {"reason_title": hold.reason, "note": note, "told": []}
    told = dict(found["told"] or {})
    reason = told.pop("reason", "") or found["note"]
    return {
        "reason": reason,
        "reason_title": _(RETURN_REASONS[reason]) if reason in RETURN_REASONS else reason,
        "note": "" if found["note"] == reason else found["note"],
        "told": [told_fact("request_return", fact, word) for fact, word in told.items()],
        **{"value": None, "unit": "", "until_at": None, "review_on": None, "measures": ""},
    }


def _due(then: Deadlines, case: CaseRow, unit: AssignmentRow, clock: Clock, at: datetime) -> dict[str, Any]:
    """Two clocks, the case's and the unit's, as they stand or as they would."""
    of_unit = of_stage(clock, HANDLE, None, case.rule_id, case.areas, unit.started_at)
    whole = of_case(clock, case.rule_id, case.areas, case.opened_at)
    return {
        "due_at": then.case.due_at,
        "countdown": countdown(then.case.due_at, whole, clock, at),
        "unit_due_at": then.assignment.due_at,
        "unit_yellow_at": then.assignment.yellow_at,
        "unit_countdown": countdown(then.assignment.due_at, of_unit, clock, at),
    }


def _chain(hold: HoldRow, approvals: Sequence[dict[str, Any]], *, hide: bool) -> list[dict[str, Any]]:
    chain = approvers(holds.chain_of(hold), hold.approved)
    for link, given in zip(chain, approvals, strict=False):
        link |= {"by": named(given, hide=hide)["actor_name"], "at": given["at"]}
    return chain


def _share(hold: HoldRow, found: Mapping[str, Any], clock: Clock) -> dict[str, Any] | None:
    """How much of its cap of this month the unit has used; `over`: one more grant would pass it."""
    if found["month_dispatched"] is None:
        return None
    share = Share(found["month_granted"], found["month_dispatched"])
    return {
        "granted": share.granted,
        "dispatched": share.of,
        "cap": float(clock.policy.caps[hold.kind]),
        "over": holds.beyond_cap(hold.kind, share, clock),
    }


def _earlier(row: dict[str, Any]) -> dict[str, Any]:
    asked = {"value": None, "unit": "", "until_at": None, "review_on": None} | row
    words = {True: "granted", False: "denied", None: "lapsed"}
    reason = RETURN_REASONS.get(row["reason"]) if row["kind"] == RETURN else None
    return asked | {
        "asked_at": datetime.fromisoformat(row["asked_at"]),
        "kind_title": _(KINDS[row["kind"]]),
        "reason": _(reason) if reason else row["reason"],
        "state": words[row["granted"]],
    }
