"""Every limit that holds in the city, as data; from it and a case follow the instants the case is held to. Pure.

A limit of the rule book comes before one that the city sets for a stage; the one for the area class and the season
before the general one. What is asked for here is decided once, when a stay begins, and moves only by rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue, RuleValue
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.due import due, moved, provisional, yellow
from cityloop.loop.clocks.policy import NOTHING_ASKED, Policy
from cityloop.loop.clocks.scales import Pause

HANDLE, TOTAL = "handle", "total"


class Deadline(NamedTuple):
    """When a limit is used up, and when its yellow share is; both None where there is no limit."""

    due_at: datetime | None = None
    yellow_at: datetime | None = None


NO_DEADLINE = Deadline()


class Part(NamedTuple):
    """One of the limits that a handling has to keep one after another; the name is empty where there is one only."""

    name: str
    due_at: datetime
    yellow_at: datetime

    @property
    def deadline(self) -> Deadline:
        return Deadline(self.due_at, self.yellow_at)


class Combined(NamedTuple):
    """Stages of the centre that share one limit: time in any of them uses it up, time elsewhere does not."""

    stages: frozenset[str]
    limit: LimitValue


class Stay(NamedTuple):
    """One past stay of the centre in a stage."""

    stage: str
    started_at: datetime
    ended_at: datetime


class Season(NamedTuple):
    """A part of every year, both days included, as (month, day); it may run over the turn of the year."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: date) -> bool:
        today = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= today <= self.last
        return today >= self.first or today <= self.last


class AreaClass(NamedTuple):
    """The class of an area for limits, from a day on and until another (not included)."""

    area: int
    name: str
    valid_from: date
    valid_to: date | None


class Rules(NamedTuple):
    """What happenings do to clocks; each a setting of the pack."""

    starts: str = "dispatch"
    """The unit's clock starts at `dispatch`, or when it signs (`sign_for`)."""
    silence: str = "signs"
    """Silence past the limit for signing counts as signed (`signs`), or nothing happens (`waits`)."""
    deferral: str = "stops"
    """While work is deferred the clock `stops`, or it `runs`."""
    shelving: str = "leaves"
    """What is shelved `leaves` the population of what is due, or its clock `runs`."""
    granted: str = "asking"
    """A grant acts back to the `asking`, or from the `decision` on."""
    rework: str = "full"
    """Rework has a `full` limit again, or the `rest` of the one before."""
    while_asked: str = "quiet"
    """While a request waits the sweep opens nothing (`quiet`), or it does (`sweeps`)."""


USUAL = Rules()


@dataclass(frozen=True)
class Clock:
    """All limits, calendars and rules of time of the city."""

    zone: ZoneInfo
    calendars: Mapping[str, WorkCalendar]
    yellow_share: Decimal = Decimal("0.8")
    book: Mapping[int, RuleValue] = field(default_factory=dict)
    stages: Mapping[str, LimitValue] = field(default_factory=dict)
    """What the city sets for stages where the rule book says nothing."""
    combined: tuple[Combined, ...] = ()
    seasons: tuple[Season, ...] = ()
    classes: tuple[AreaClass, ...] = ()
    rules: Rules = USUAL
    policy: Policy = NOTHING_ASKED
    check_tolerance_min: int = 60
    """How far a check may lie from the hour at which a problem was found that must be checked at the same hours."""

    # Which limit

    def limits(self, stage: str, rule: int | None, areas: Sequence[int], at: datetime) -> tuple[LimitValue, ...]:
        """The limits of a stage for a case under `rule` in `areas` (top down), for work that starts `at`; in order."""
        row = self.book.get(rule) if rule else None
        if row is not None and any(limit.stage == stage for limit in row.limits):
            day = at.astimezone(self.zone).date()
            if found := row.limits_for(stage, self.area_class(areas, day), self.season(day)):
                return found
        return (self.stages[stage],) if stage in self.stages else ()

    def area_class(self, areas: Sequence[int], day: date) -> str:
        """The class of the smallest of `areas` (top down) that has one."""
        for area in reversed(areas):
            for row in self.classes:
                if row.area == area and row.valid_from <= day and (row.valid_to is None or day < row.valid_to):
                    return row.name
        return ""

    def season(self, day: date) -> str:
        return next((season.name for season in self.seasons if season.holds(day)), "")

    def calendar(self, limit: LimitValue) -> WorkCalendar:
        """Its own; limits that count round the clock need one only for its zone."""
        return self.calendars.get(limit.calendar) or self.calendars["default"]

    # When it is used up

    def stage(
        self, stage: str, rule: int | None, areas: Sequence[int], at: datetime, stays: Sequence[Stay]
    ) -> Deadline:
        """The deadline of a stay of the centre that begins `at`, after the `stays` of the same round."""
        for shared in self.combined:
            if stage in shared.stages:
                return self._shared(shared, at, stays)
        limits = self.limits(stage, rule, areas, at)
        return self.chain(limits[:1], at)[-1].deadline if limits else NO_DEADLINE

    def _shared(self, shared: Combined, at: datetime, stays: Sequence[Stay]) -> Deadline:
        start, pauses = self.shared_start(shared, at, stays)
        return self.chain((shared.limit,), start, pauses)[-1].deadline

    def shared_start(self, shared: Combined, at: datetime, stays: Sequence[Stay]) -> tuple[datetime, tuple[Pause, ...]]:
        """When the shared limit of a stay that begins `at` began to count, and when it stood since."""
        mine = [stay for stay in stays if stay.stage in shared.stages]
        begun = mine[0].started_at if mine else at
        apart = [stay for stay in stays if stay.stage not in shared.stages and stay.ended_at > begun]
        return begun, tuple((stay.started_at, stay.ended_at) for stay in apart)

    def handling(self, rule: int | None, areas: Sequence[int], at: datetime) -> tuple[Part, ...]:
        """The deadlines of a handling that starts `at`: one for each part, none where there is no limit."""
        return self.chain(self.limits(HANDLE, rule, areas, at), at)

    def total(self, rule: int | None, areas: Sequence[int], opened_at: datetime) -> Deadline:
        """The deadline of the case as a whole, where the rule or the city sets one."""
        limits = self.limits(TOTAL, rule, areas, opened_at)
        return self.chain(limits[:1], opened_at)[-1].deadline if limits else NO_DEADLINE

    def chain(self, limits: Sequence[LimitValue], start: datetime, pauses: Sequence[Pause] = ()) -> tuple[Part, ...]:
        """Limits one after another: each counts from the end of the one before. None of `pauses` is open."""
        parts = []
        for limit in limits:
            calendar = self.calendar(limit)
            marks = [due(limit.value * share, limit.unit, start, calendar, pauses) for share in (self.yellow_share, 1)]
            yellow_at, start = (mark.astimezone(UTC) for mark in marks if mark is not None)
            parts.append(Part(limit.part, start, yellow_at))
        return tuple(parts)

    # How it moves

    def paused(self, deadline: Deadline, limit: LimitValue | None, start: datetime, end: datetime) -> Deadline:
        """A deadline after its clock stood from `start` to `end`; elapsed time where nobody knows the limit."""
        unit, calendar = (limit.unit, self.calendar(limit)) if limit else (None, self.calendars["default"])
        return Deadline(*(mark and moved(mark, unit, calendar, start, end) for mark in deadline))

    def extended(self, deadline: Deadline, since: datetime, limit: LimitValue) -> Deadline:
        """A deadline that `limit` more is granted for; yellow is the share of all the time since `since`."""
        if deadline.due_at is None:
            return deadline
        calendar = self.calendar(limit)
        due_at = due(limit.value, limit.unit, deadline.due_at, calendar)
        assert due_at is not None  # there are no pauses
        return Deadline(due_at, yellow(since, due_at, self.yellow_share, unit=limit.unit, calendar=calendar))

    def provisional(self, due_at: datetime | None, limit: LimitValue | None) -> bool:
        """Whether a deadline lies beyond what its calendar knows."""
        return due_at is not None and limit is not None and provisional(due_at, limit.unit, self.calendar(limit))

    # When a result may be checked

    def check_hours(self, rule: int | None, found_at: datetime) -> tuple[time, time] | None:
        """Between which times of day the result of a case found at `found_at` is to be checked; None: whenever."""
        row = self.book.get(rule) if rule else None
        window = row.check_window if row else ""
        if not window:
            return None
        if window != "same_hours":
            opens, _, closes = window.partition("-")
            return time.fromisoformat(opens), time.fromisoformat(closes.replace("24:00", "23:59:59"))
        found = found_at.astimezone(self.zone)
        minute = found.hour * 60 + found.minute
        edges = (minute - self.check_tolerance_min, minute + self.check_tolerance_min)
        first, last = (time(edge // 60 % 24, edge % 60) for edge in edges)
        return first, last

    def within(self, hours: tuple[time, time], at: datetime) -> bool:
        """Whether `at` lies between two times of day, which may be on both sides of midnight."""
        first, last = hours
        now = at.astimezone(self.zone).time()
        return first <= now <= last if first <= last else now >= first or now <= last


def hours(value: Decimal, part: str = "", stage: str = HANDLE) -> LimitValue:
    """A limit that runs round the clock."""
    return LimitValue(stage, part, value, LimitUnit.HOURS, "")
