"""A clock for cases that no database knows: a Chinese working calendar over the Spring Festival of 2026."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cityloop.core.actor import Actor
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue, RuleValue
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.cases.step import step
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.deadlines import USUAL, Clock, Rules

ZONE = ZoneInfo("Asia/Shanghai")
DAY = [["08:00", "12:00"], ["14:00", "18:00"]]
FESTIVAL: dict[str, list[list[str]]] = {f"2026-02-{day}": [] for day in range(15, 24)}
FESTIVAL |= {"2026-02-14": DAY, "2026-02-28": DAY}
CALENDAR = calendar(
    {
        "code": "default",
        "zone": "Asia/Shanghai",
        "wd_rule": "working_time",
        "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY),
        "days": FESTIVAL,
        "known_until": "2026-12-31",
    }
)
RULE = 9
NO_LIMITS = Clock(ZONE, {"default": CALENDAR})


def limit(stage: str, value: str, unit: str, part: str = "", area_class: str = "", season: str = "") -> LimitValue:
    return LimitValue(stage, part, Decimal(value), LimitUnit(unit), "default", area_class, season)


def clock(limits: Sequence[LimitValue] = (), rules: Rules = USUAL, **more: Any) -> Clock:
    """A clock under whose only rule of the book a case has these limits; `more`: what the city sets beside it."""
    told = {name: more.pop(name) for name in ("check_window", "closing_kinds") if name in more}
    book = {RULE: replace(NO_RULE, limits=tuple(limits), **told)}
    return replace(NO_LIMITS, book=book, rules=rules, **more)


NO_RULE = RuleValue(RULE, 5, None, "0101")


def local(text: str) -> datetime:
    """`02-13 16:20` or `2027-01-04 08:00`: an instant of the city, in 2026 unless told otherwise."""
    return datetime.fromisoformat(text if text.count("-") > 1 else f"2026-{text}").replace(tzinfo=ZONE)


def take(
    snapshot: Snapshot | None,
    name: str,
    actor: Actor,
    at: datetime,
    facts: Facts,
    *,
    recorded_at: datetime,
    clock: Clock = NO_LIMITS,
) -> Outcome:
    return step(snapshot, name, actor, at, facts, clock=clock, recorded_at=recorded_at)
