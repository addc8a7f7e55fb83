"""The city on the wall: how many cases stand where, how fast they pass, who is late."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from django.db import connection, transaction

from cityloop.core import clock, texts
from cityloop.core.actor import Actor
from cityloop.core.texts import _
from cityloop.core.units import Light
from cityloop.ground.accounts.tree import organisations
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.countdown import countdown, of_case
from cityloop.loop.cases.lifecycle import ENDED, STATES, STEPS
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.results.cockpit.lights import LIGHT, OPEN
from cityloop.results.cockpit.scope import Scope, clause, view_of
from cityloop.results.evaluation.indicators import rounded
from cityloop.results.evaluation.periods import Period
from cityloop.results.evaluation.queries import By, evaluate
from cityloop.results.exchange.kept import Kept

LATE = 12
"""Cases shown as the latest."""
RANKED = timedelta(days=30)
"""What fell due so long ago still counts for the ranking."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_kept: Kept[dict[str, Any]] = Kept(2)
_rates: Kept[dict[str, float | None]] = Kept(300)


class Level(NamedTuple):
    """Areas that are ranked: a level of the divisions, and at which place of a path they stand (from 1)."""

    name: str
    depth: int


class Group(NamedTuple):
    """Open cases that are alike; `area` is that of the ranked level."""

    state: str
    light: str
    area: int | None
    cases: int


Names = dict[int, tuple[str, str]]
"""Code and name by id."""


def figures(actor: Actor) -> dict[str, Any]:
    """All of the wall as `actor` may see it now; six statements and the rates, kept for two seconds.

    Rankings are left empty without the permission to read the evaluation.
    """
    here = ground()
    ranks = actor.may("evaluation.read")
    key = (here.city.revision, view_of(actor), ranks, texts.spoken())
    return _kept.get(key, lambda: _figures(here, actor, ranks=ranks))


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """Large statements leave the other processors to whoever works: a wall asks again every few seconds."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        yield


@_on_one_processor()
def _figures(told: Ground, actor: Actor, *, ranks: bool) -> dict[str, Any]:
    here, at = told.city, clock.now()
    visible = clause(view_of(actor))
    level = _ranked_level(here.revision)
    standing = _standing(visible, at, level.depth)
    states: Counter[str] = Counter()
    lights: Counter[str] = Counter()
    for group in standing:
        states[group.state] += group.cases
        lights[group.light] += group.cases
    passes = _passes(here, visible, at)
    return {
        "at": at,
        "states": [
            {"state": state, "title": _(title), "count": states[state]}
            for state, title in STATES.items()
            if state not in ENDED
        ],
        "lights": {light.value: lights[light.value] for light in Light},
        "passes": [
            {"step": step.name, "title": _(step.title), "last_hour": hour, "last_day": day}
            for step in STEPS.values()
            for hour, day, _today in [passes.get(step.name, (0, 0, 0))]
        ],
        "late": _late(visible, told.clock, at),
        "organisations": _organisations(here, view_of(actor), at) if ranks else [],
        "areas": _areas(here, standing, at, level) if ranks else [],
        "today": {"opened": passes.get("report", (0, 0, 0))[2], "closed": passes.get("close", (0, 0, 0))[2]},
    }


def _standing(visible: tuple[str, list[Any]], at: datetime, depth: int) -> list[Group]:
    """All open cases in groups; one statement."""
    condition, values = visible
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.state, {LIGHT}, c.areas[%s], count(*)"
            f" FROM cases_case c WHERE {OPEN} AND {condition} GROUP BY 1, 2, 3",
            [at, at, depth, *values],
        )
        return [Group(*row) for row in cursor.fetchall()]


def _passes(here: CityValue, visible: tuple[str, list[Any]], at: datetime) -> dict[str, tuple[int, int, int]]:
    """How often each step was taken in the last hour, the last day, and today; one statement."""
    condition, values = visible
    midnight = datetime.combine(here.day(at), time(), here.zone).astimezone(UTC)
    since = min(at - DAY, midnight)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.step, count(*) FILTER (WHERE e.at > %s), count(*) FILTER (WHERE e.at > %s),"
            " count(*) FILTER (WHERE e.at >= %s)"
            " FROM cases_case c JOIN cases_entry e ON e.case_id = c.id"
            f" WHERE c.last_at >= %s AND e.recorded_at >= %s AND e.at >= %s AND {condition} GROUP BY e.step",
            [at - HOUR, at - DAY, midnight, since, since, since, *values],
        )
        return {step: (hour, day, today) for step, hour, day, today in cursor.fetchall()}


def _late(visible: tuple[str, list[Any]], limits: Clock, at: datetime) -> list[dict[str, Any]]:
    """The open cases whose deadline passed longest ago; one statement."""
    condition, values = visible
    language = texts.spoken()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.number, c.state, c.opened_at, c.due_at, c.rule_id, c.areas, k.code AS category,"
            " coalesce(k.names ->> %s, k.name) AS category_name, o.code AS organisation,"
            " coalesce(o.names ->> %s, o.name) AS organisation_name, c.address, c.lon, c.lat"
            " FROM cases_case c JOIN standards_category k ON k.id = c.category_id"
            " LEFT JOIN cases_assignment a ON a.case_id = c.id AND a.no = c.unit_no"
            " LEFT JOIN accounts_organisation o ON o.id = a.acting_org_id"
            f" WHERE {OPEN} AND c.due_at < %s AND {condition} ORDER BY c.due_at, c.id LIMIT %s",
            [language, language, at, *values, LATE],
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        limit = of_case(limits, row.pop("rule_id"), row.pop("areas"), row["opened_at"])
        row["countdown"] = countdown(row["due_at"], limit, limits, at)
        row["light"] = Light.RED
        row["state_title"] = _(STATES[row["state"]])
        row["hours_late"] = round((at - row["due_at"]) / HOUR, 1)
    return rows


def _organisations(here: CityValue, scope: Scope, at: datetime) -> list[dict[str, Any]]:
    """Departments with work in hand: how much, how much of it is late, and their rate; most late first."""
    rates = _on_time(here, at, "organisation", "department")
    tree = organisations(here.revision)
    names = _names(here.revision, "accounts_organisation", texts.spoken())
    open_, red = Counter[int](), Counter[int]()
    for organisation, cases, late in _in_hand(scope, at):
        department = tree.department(organisation).id
        open_[department] += cases
        red[department] += late
    return _ranked(names, open_, red, rates)


def _in_hand(scope: Scope, at: datetime) -> list[tuple[int, int, int]]:
    """Organisations with cases in hand: how many, and how many beyond the organisation's deadline; one statement."""
    condition, values = clause(scope)
    # Where nothing is hidden the cases need not be looked at, which is most of the work.
    seen = "" if scope.whole else f" AND EXISTS (SELECT FROM cases_case c WHERE c.id = a.case_id AND {condition})"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.acting_org_id, count(*), count(*) FILTER (WHERE a.due_at < %s) FROM cases_assignment a"
            f" WHERE a.ended_at IS NULL AND a.no > 1 AND a.kind = 'main'{seen} GROUP BY a.acting_org_id",
            [at, *([] if scope.whole else values)],
        )
        return [(organisation, cases, late) for organisation, cases, late in cursor.fetchall()]


def _areas(here: CityValue, standing: list[Group], at: datetime, level: Level) -> list[dict[str, Any]]:
    """Areas of the ranked level with open cases, most late first."""
    rates = _on_time(here, at, "area", level.name) if level.name else {}
    names = _names(here.revision, "places_area", texts.spoken())
    open_, red = Counter[int](), Counter[int]()
    for group in standing:
        if group.area is not None:
            open_[group.area] += group.cases
            red[group.area] += group.cases * (group.light == Light.RED)
    return _ranked(names, open_, red, rates)


def _ranked(
    names: Names, open_: Counter[int], red: Counter[int], rates: dict[str, float | None]
) -> list[dict[str, Any]]:
    rows = [
        {"code": code, "name": name, "open": count, "red": red[key], "on_time_of_due": rates.get(code)}
        for key, count in open_.items()
        for code, name in [names[key]]
    ]
    return sorted(rows, key=lambda row: (-row["red"], -row["open"], row["code"]))


def _on_time(here: CityValue, at: datetime, by: By, level: str) -> dict[str, float | None]:
    """Closed on time of what fell due lately, by code, as the evaluation counts it; worked out every five minutes."""

    def rates() -> dict[str, float | None]:
        period = Period("", at - RANKED, at)
        table = evaluate(period=period, basis="due", by=by, at=at, zone=here.zone, level=level)
        exact = {row.code: rounded(row.rates["on_time_of_due"]) for row in table.rows}
        return {code: None if rate is None else float(rate) for code, rate in exact.items()}

    return _rates.get((here.revision, by, level), rates)


@lru_cache(maxsize=4)
def _ranked_level(revision: str) -> Level:
    """The highest level of divisions with more than one area; of a city without divisions none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(level), cardinality(path), count(*) FROM places_area"
            " WHERE scheme = 'division' AND valid_to IS NULL GROUP BY 2 ORDER BY 2"
        )
        levels = cursor.fetchall()
    return next((Level(name, depth) for name, depth, count in levels if count > 1), Level("", 1))


@lru_cache(maxsize=8)
def _names(revision: str, table: Literal["accounts_organisation", "places_area"], language: str) -> Names:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, code, coalesce(names ->> %s, name) FROM {table}", [language])
        return {key: (code, name) for key, code, name in cursor.fetchall()}
