"""Lists of cases: which an actor may see or work on, filtered, by key, each line with its next steps.

Every list is one statement: the inner one finds the ids in order, the outer one reads what a line shows of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import cos, radians
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Refused
from cityloop.core.units import Light
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.catalogue import Catalogue
from cityloop.loop.cases.countdown import countdown, of_case, of_stage
from cityloop.loop.cases.duties import UNNAMED, Task
from cityloop.loop.cases.forbids import Standing, passes
from cityloop.loop.cases.keys import Key
from cityloop.loop.cases.lifecycle import ENDED, GIVER, INBOX, NESTED, STANDBY, STATES, STEPS, STEPS_FROM
from cityloop.loop.cases.queries import FILED_BY, HANDLED_BY, HOLD, WAITS, WAITS_FOR, reach, visible_to
from cityloop.loop.cases.schemas import CaseFilter
from cityloop.loop.cases.step import may_take
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.due import light
from cityloop.loop.clocks.ground import ground
from cityloop.loop.clocks.policy import Policy, policy_of

DUE = "coalesce(c.due_at, 'infinity'::timestamptz)"
"""What the queue is ordered by: cases without a deadline stand last."""
REVIEWED = (
    "SELECT s.case_id FROM cases_span s JOIN cases_assignment d ON d.id = s.assignment_id"
    " WHERE s.stage = 'duty_review' AND s.ended_at IS NULL AND d.kind = ANY(%s)"
)
"""Cases with a duty of such a kind that waits for the review of whoever gave it."""
ORDERS = {"due": f"{DUE}, c.id", "newest": "c.opened_at DESC, c.id DESC"}
NEAR = 20
METRES_A_DEGREE = 111_195
SURELY_A_NUMBER = 8
"""So many digits are the beginning of a case's number and nothing else."""
FILTERED_BY_UNIT = "JOIN cases_assignment a ON a.case_id = c.id AND a.no = c.unit_no"

_LINE = """
SELECT c.id, c.number, c.state, c.seq, c.round, c.opened_at, c.due_at, c.yellow_at, c.closed_at, c.address, c.lon,
    c.lat, c.channel, c.areas, c.rule_id, k.code AS category, coalesce(k.names ->> %s, k.name) AS category_name,
    o.code AS organisation, coalesce(o.names ->> %s, o.name) AS organisation_name, o.path, a.ruled,
    z.acting_org_id AS centre, s.stage, s.part, s.due_at AS stage_due_at, s.yellow_at AS stage_yellow_at,
    a.parts -> -1 ->> 0 AS last_part, h.kind AS hold_kind, {hold} AS hold,
    h.chain ->> h.approved::int AS turn, c.verdict, a.started_at AS dispatched_at, {filed_by} AS filed_by,
    {handled_by} AS handled_by, EXISTS (SELECT FROM cases_link t WHERE t.case_id = c.id AND t.ended_at IS NULL
        AND t.kind <> 'duplicate_of') AS linked, a.delivery,
    (SELECT json_agg(d.kind) FROM cases_assignment d WHERE d.case_id = c.id AND d.kind <> 'main' AND d.ended_at IS NULL)
        AS duties{extra}
FROM chosen JOIN cases_case c USING (id)
JOIN standards_category k ON k.id = c.category_id
JOIN cases_assignment z ON z.id = c.id * 1000 + 1
LEFT JOIN cases_assignment a ON a.id = c.id * 1000 + nullif(c.unit_no, 0)
LEFT JOIN accounts_organisation o ON o.id = a.acting_org_id
LEFT JOIN LATERAL (SELECT w.stage, w.part, w.due_at, w.yellow_at FROM cases_span w
    WHERE w.case_id = c.id AND w.ended_at IS NULL AND w.stage NOT LIKE 'duty%%'
    ORDER BY w.main, w.no DESC LIMIT 1) s ON TRUE
LEFT JOIN LATERAL (SELECT * FROM cases_hold w WHERE w.case_id = c.id ORDER BY w.no DESC LIMIT 1) h ON TRUE
ORDER BY {order}
"""


class Condition(NamedTuple):
    """Which cases: what follows FROM cases_case c, the condition on them, and the values of both."""

    join: str
    clause: str
    values: list[Any]

    @property
    def source(self) -> str:
        return f"FROM cases_case c {self.join} WHERE {self.clause}"


def wanted(actor: Actor, chosen: CaseFilter, known: Catalogue, city: CityValue, at: datetime) -> Condition:
    """The cases that `actor` may see and `chosen` asks for.

    Unknown: a category, organisation or area that is not there; Refused: a state or channel that is none.
    """
    open_ = True if holds_open_only(chosen) else chosen.open
    clause, values = (
        mine(actor, policy_of(city.settings.get("loop", {}))) if chosen.queue == "mine" else visible_to(actor)
    )
    parts, join = [clause], ""
    if open_ is not None:
        parts.append(f"c.closed_at IS {'' if open_ else 'NOT '}NULL")
    for part, value in _told(chosen, known):
        parts.append(part)
        values.append(value)
    if chosen.light:
        part, count = _lights(open_)[Light(chosen.light)]
        parts.append(part)
        values += [at] * count
    if chosen.organisation:
        units = known.under_organisation(chosen.organisation)
        join = FILTERED_BY_UNIT
        parts.append("a.acting_org_id = ANY(%s)")
        values.append(units)
        if _went_on(actor, units, known):
            parts.append("a.no > 2")  # the first dispatch is at 2; else the database walks through all there is
    if chosen.since is not None:
        parts.append("c.opened_at >= %s")
        values.append(_instant(chosen.since, city))
    if chosen.until is not None:
        whole = not isinstance(chosen.until, datetime)
        parts.append(f"c.opened_at {'<' if whole else '<='} %s")
        values.append(_instant(chosen.until, city, days=1))
    if chosen.provisional:
        part, found = _beyond_calendars(ground().clock)
        parts.append(part)
        values += found
    if chosen.waiting:
        parts.append(WAITS.format(case="c.id"))
    if chosen.q:
        part, words = _search(chosen.q, known)
        parts.append(part)
        values += words
    return Condition(join, " AND ".join(parts), values)


def _beyond_calendars(clock: Clock) -> tuple[str, list[Any]]:
    """Due after the last day that the calendar of the case's limit knows."""
    parts, values = ["FALSE"], list[Any]()
    for calendar in clock.calendars.values():
        if calendar.known_until is not None:
            parts.append(
                "(c.due_at >= %s AND EXISTS (SELECT FROM standards_limit l WHERE l.rule_id = c.rule_id"
                " AND l.stage IN ('handle', 'total') AND l.unit IN ('wh', 'wd') AND l.calendar = %s))"
            )
            values += [datetime.combine(calendar.known_until + timedelta(days=1), time(), calendar.tz), calendar.code]
    return f"({' OR '.join(parts)})", values


def _search(text: str, known: Catalogue) -> tuple[str, list[Any]]:
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if text.isdecimal() and len(text) >= SURELY_A_NUMBER:
        return "c.number LIKE %s", [f"{plain}%"]
    values = [f"{plain}%", f"%{plain}%", known.categories_like(text)]
    return "(c.number LIKE %s OR c.address ILIKE %s OR c.category_id = ANY(%s::int8[]))", values


def _went_on(actor: Actor, units: Sequence[int], known: Catalogue) -> bool:
    """Whether what `actor` may see of these units was once with another one: its posts handle, and none of these."""
    reading = [post for post in actor.posts if "cases.read" in post.permissions]
    return not actor.trusted and all(
        post.handles and not set(units).intersection(known.units_below(post.organisation)) for post in reading
    )


def holds_open_only(chosen: CaseFilter) -> bool:
    states = chosen.state.split(",") if chosen.state else ()
    return chosen.queue == "mine" or bool(chosen.open) or bool(states and ENDED.isdisjoint(states))


def _told(chosen: CaseFilter, known: Catalogue) -> Iterable[tuple[str, Any]]:
    if chosen.state:
        states = chosen.state.split(",")
        for state in states:
            if state not in STATES:
                raise Refused("fact_wrong", fact="state", value=state)
        yield "c.state = ANY(%s)", states
    if chosen.category:
        yield "c.category_id = ANY(%s)", known.under_category(chosen.category)
    if chosen.area:
        yield "c.areas && %s::int8[]", known.areas_called(chosen.area)
    if chosen.channel:
        yield "c.channel = %s", chosen.channel
    if chosen.object:
        yield "c.object_code = %s", chosen.object
    if chosen.within:
        west, south, east, north = map(float, chosen.within.split(","))
        corners = f"({east},{north}),({west},{south})"
        yield "c.lon IS NOT NULL AND point(c.lon, c.lat) <@ %s::box", corners


def _instant(told: datetime | date, city: CityValue, *, days: int = 0) -> datetime:
    """An instant as it is, a day as its beginning or, `days` later, its end."""
    if isinstance(told, datetime):
        return told
    return datetime.combine(told + timedelta(days=days), time(), city.zone)


def _lights(open_: bool | None) -> dict[Light, tuple[str, int]]:
    """The condition of each light, and how often it asks for the instant."""
    at = "%s::timestamptz" if open_ else "least(%s::timestamptz, c.closed_at)"
    return {
        Light.RED: (f"{DUE} < {at}", 1),
        Light.YELLOW: (f"{DUE} >= {at} AND c.yellow_at <= {at}", 2),
        Light.GREEN: (f"{DUE} >= {at} AND c.due_at IS NOT NULL AND (c.yellow_at > {at} OR c.yellow_at IS NULL)", 2),
        Light.NONE: (f"{DUE} = 'infinity'", 0),
    }


def mine(actor: Actor, policy: Policy) -> tuple[str, list[Any]]:
    """A condition on `c`: the open cases in which some post of `actor` may take a step next, or decide on a request.

    A step of STANDBY makes a case nobody's work; a handling post works on dispatches that have not ended.
    """
    if actor.trusted:
        return "c.closed_at IS NULL", []
    clauses: list[str] = []
    values: list[Any] = []
    for post in actor.posts:
        states = _states(post, policy)
        judges = [kind for kind, permission in GIVER.items() if kind not in NESTED and permission in post.permissions]
        if not (states or judges):
            continue
        if post.handles:
            clause, told = reach(post, assigned=" AND v.ended_at IS NULL AND (v.kind <> 'main' OR c.state = ANY(%s))")
            clauses.append(clause)
            values += [*told, states]
            continue
        clause, told = reach(post)
        decides = f" OR {WAITS_FOR.format(case='c.id')}" if "cases.decide_hold" in post.permissions else ""
        reviews = f" OR c.id IN ({REVIEWED})" if judges else ""
        clauses.append(f"(c.state = ANY(%s){decides}{reviews}) AND {clause}")
        values += [states, *([post.role] if decides else ()), *([judges] if judges else ()), *told]
    return f"c.closed_at IS NULL AND ({' OR '.join(clauses)})" if clauses else "FALSE", values


def _states(post: HeldPost, policy: Policy) -> list[str]:
    if "cases.read" not in post.permissions:
        return []
    return [
        state
        for state, names in STEPS_FROM.items()
        if any(
            STEPS[name].permission in post.permissions
            for name in names
            if name not in STANDBY and passes(name, state, policy)
        )
    ]


def page(
    actor: Actor,
    condition: Condition,
    *,
    clock: Clock,
    language: str,
    at: datetime,
    sort: str,
    limit: int,
    before: Key | None = None,
) -> list[dict[str, Any]]:
    """The first `limit` lines after the key `before`; `due`: most urgent first, `newest`: opened last first."""
    clause, values = condition.clause, list(condition.values)
    if before:
        clause += (
            f" AND ({DUE}, c.id) > (%s::timestamptz, %s)" if sort == "due" else (" AND (c.opened_at, c.id) < (%s, %s)")
        )
        values += before
    chosen = f"SELECT c.id {condition._replace(clause=clause).source} ORDER BY {ORDERS[sort]} LIMIT %s"
    return _lines(actor, chosen, [*values, limit], ORDERS[sort], clock=clock, language=language, at=at)


def counts(condition: Condition, at: datetime) -> list[tuple[str, Light, int]]:
    """How many cases of each state stand in each light."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.state, CASE WHEN c.due_at IS NULL THEN 'none'"
            " WHEN c.due_at < least(%s::timestamptz, c.closed_at) THEN 'red'"
            " WHEN c.yellow_at <= least(%s::timestamptz, c.closed_at) THEN 'yellow' ELSE 'green' END, count(*)"
            f" {condition.source} GROUP BY 1, 2",
            [at, at, *condition.values],
        )
        return [(state, Light(colour), count) for state, colour, count in cursor.fetchall()]


def near(
    actor: Actor,
    lon: float,
    lat: float,
    *,
    radius_m: float,
    categories: Sequence[int] | None,
    clock: Clock,
    language: str,
    at: datetime,
) -> list[dict[str, Any]]:
    """Open cases that `actor` may see within `radius_m` of a point, nearest first, at most NEAR."""
    clause, values = visible_to(actor)
    if categories is not None:
        clause += " AND c.category_id = ANY(%s)"
        values.append(list(categories))
    high = radius_m / METRES_A_DEGREE
    wide = min(180.0, high / max(cos(radians(lat)), 0.001))
    chosen = (
        "SELECT * FROM (SELECT c.id, 2 * 6371008.8 * asin(least(1, sqrt(sin(radians(c.lat - %s) / 2) ^ 2"
        " + cos(radians(%s)) * cos(radians(c.lat)) * sin(radians(c.lon - %s) / 2) ^ 2))) AS distance_m"
        " FROM cases_case c WHERE c.closed_at IS NULL AND c.lon IS NOT NULL"
        f" AND point(c.lon, c.lat) <@ box(point(%s, %s), point(%s, %s)) AND {clause}) f"
        " WHERE distance_m <= %s ORDER BY distance_m, id LIMIT %s"
    )
    box = [lon - wide, lat - high, lon + wide, lat + high]
    values = [lat, lat, lon, *box, *values, radius_m, NEAR]
    return _lines(
        actor, chosen, values, "distance_m, c.id", clock=clock, language=language, at=at, extra=", distance_m"
    )


def _lines(
    actor: Actor,
    chosen: str,
    values: Sequence[Any],
    order: str,
    *,
    clock: Clock,
    language: str,
    at: datetime,
    extra: str = "",
) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH chosen AS MATERIALIZED ({chosen})"
            + _LINE.format(extra=extra, order=order, hold=HOLD, filed_by=FILED_BY, handled_by=HANDLED_BY),
            [*values, language, language, at],
        )
        names = [column.name for column in cursor.description]
        lines = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for line in lines:
        line["light"] = light(at=at, yellow_at=line["yellow_at"], due_at=line["due_at"], ended_at=line["closed_at"])
        line["steps"] = may_take(_standing(line), actor, at, clock)
        _count_down(line, clock, at)
    return lines


def _standing(line: Mapping[str, Any]) -> Standing:
    return Standing(
        line["state"],
        tuple(line["areas"]),
        tuple(line["path"] or (line["centre"],)),
        ruled=bool(line["ruled"]),
        rule=line["rule_id"],
        hold=line["hold"],
        turn=line["turn"] or "",
        part=line["part"] or "",
        last_part=line["last_part"] or "",
        verdict=line["verdict"],
        dispatched_at=line["dispatched_at"],
        closed_at=line["closed_at"],
        filed_by=line["filed_by"] or "",
        handled_by=frozenset(line["handled_by"] or ()),
        linked=line["linked"],
        delivery=line["delivery"] or INBOX,
        tasks=tuple(Task(UNNAMED, kind) for kind in line["duties"] or ()),
    )


def _count_down(line: dict[str, Any], clock: Clock, at: datetime) -> None:
    """How much of the case's limit is left, and of that of the stage it stands in; nothing where it is over."""
    rule, areas = line["rule_id"], line["areas"]
    over = line["closed_at"] is not None
    limit = of_case(clock, rule, areas, line["opened_at"])
    line["countdown"] = None if over else countdown(line["due_at"], limit, clock, at)
    limit = of_stage(clock, line["stage"], line["part"], rule, areas, line["opened_at"])
    line["stage_countdown"] = countdown(line["stage_due_at"], limit, clock, at)
