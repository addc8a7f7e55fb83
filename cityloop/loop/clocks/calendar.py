"""Working calendars as values, and how packs, rows and files write them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from cityloop.core.errors import Refused
from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.scales import HOUR, Scale, at_work, elapsed, on_the_wall
from cityloop.loop.clocks.timeline import DAY_S, SECOND, Periods, Timeline, instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WD_RULES = ("working_time", "end_of_day")
BOUNDARIES = ("close", "open")


@dataclass(frozen=True)
class WorkCalendar:
    """Work periods by weekday (Monday first), overruled on single days.

    `wd_rule`: a working day is as much work as a regular Monday (`working_time`), or lasts until the end of
    the last work period of a day (`end_of_day`). `at_boundary`: what is full exactly when a work period ends
    is due at that moment (`close`) or when work next opens (`open`). `known_until`: the last day whose hours
    have been published; None where nobody waits for any.
    """

    code: str
    zone: str
    wd_rule: str
    week: tuple[Periods, ...]
    days: tuple[tuple[date, Periods], ...] = ()
    at_boundary: str = "close"
    known_until: date | None = None

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def single_days(self) -> dict[date, Periods]:
        return dict(self.days)

    @cached_property
    def working_day(self) -> int:
        """Microseconds of work on a regular Monday."""
        return sum(end - start for start, end in self.week[0]) * SECOND

    @cached_property
    def timeline(self) -> Timeline:
        return _timeline(self.zone, self.week, self.days)

    @cached_property
    def scales(self) -> dict[LimitUnit, Scale]:
        """How units count here; that of wd does not serve where days are counted by their ends."""
        return {
            LimitUnit.HOURS: elapsed(),
            LimitUnit.DAYS: on_the_wall(self.tz),
            LimitUnit.WORKING_HOURS: at_work(HOUR, self.timeline, self.opened),
            LimitUnit.WORKING_DAYS: at_work(self.working_day, self.timeline, self.opened),
        }

    def opened(self, closing: int) -> datetime:
        """When what is full at `closing` is due: then, or when work next opens."""
        return instant(closing if self.at_boundary == "close" else self.timeline.opening(closing))

    def counts_days(self, unit: LimitUnit | None) -> bool:
        """Whether a unit counts days of work by their ends, not time."""
        return unit == LimitUnit.WORKING_DAYS and self.wd_rule == "end_of_day"


@lru_cache(maxsize=32)
def _timeline(zone: str, week: tuple[Periods, ...], days: tuple[tuple[date, Periods], ...]) -> Timeline:
    """Calendars of the same hours share what has been laid out."""
    return Timeline(ZoneInfo(zone), week, dict(days))


def calendar(data: Mapping[str, object]) -> WorkCalendar:
    """A calendar as it is written: zone, week, and optionally code, wd_rule, at_boundary, days and known_until.

    `week` maps `mon`..`sun` and `days` ISO dates to lists of `["08:30", "17:00"]`; a missing weekday has no
    work, `24:00` ends a day. Refused with a code that begins with `calendar_`.
    """
    code = str(data.get("code", ""))
    settings = {"wd_rule": WD_RULES, "at_boundary": BOUNDARIES}
    chosen = {name: str(data.get(name) or values[0]) for name, values in settings.items()}
    for name, values in settings.items():
        if chosen[name] not in values:
            raise Refused("calendar_setting_wrong", calendar=code, setting=name, value=chosen[name])
    zone = str(data.get("zone", ""))
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError) as error:  # it looks names up in folders
        raise Refused("calendar_zone_unknown", calendar=code, zone=zone) from error
    week = _mapping(code, "week", data.get("week"))
    days = _mapping(code, "days", data.get("days") or {})
    for name in week.keys() - set(WEEKDAYS):
        raise Refused("calendar_day_wrong", calendar=code, day=name)
    known = data.get("known_until")
    made = WorkCalendar(
        code=code,
        zone=zone,
        week=tuple(_periods(code, week.get(name, ())) for name in WEEKDAYS),
        days=tuple(sorted((_date(code, day), _periods(code, periods)) for day, periods in days.items())),
        wd_rule=chosen["wd_rule"],
        at_boundary=chosen["at_boundary"],
        known_until=known if isinstance(known, date) else _date(code, known) if known else None,
    )
    if not any(made.week) and not any(made.single_days.values()):
        raise Refused("calendar_empty", calendar=code)
    if made.wd_rule == "working_time" and not made.week[0]:
        raise Refused("calendar_monday_empty", calendar=code)
    return made


def _mapping(code: str, part: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Refused("calendar_part_wrong", calendar=code, part=part)
    return {str(key): periods for key, periods in value.items()}


def _date(code: str, day: object) -> date:
    try:
        return date.fromisoformat(str(day))
    except ValueError as error:
        raise Refused("calendar_day_wrong", calendar=code, day=day) from error


def _periods(code: str, value: object) -> Periods:
    """Periods that touch become one."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Refused("calendar_period_wrong", calendar=code, period=value)
    periods: list[tuple[int, int]] = []
    for period in value:
        start, end = _pair(code, period)
        if start >= end or (periods and start < periods[-1][1]):
            raise Refused("calendar_period_wrong", calendar=code, period=period)
        if periods and start == periods[-1][1]:
            start = periods.pop()[0]
        periods.append((start, end))
    return tuple(periods)


def _pair(code: str, period: object) -> tuple[int, int]:
    if isinstance(period, Sequence) and not isinstance(period, str) and len(period) == 2:
        start, end = (_second_of_day(str(text)) for text in period)
        if start is not None and end is not None:
            return start, end
    raise Refused("calendar_period_wrong", calendar=code, period=period)


def _second_of_day(text: str) -> int | None:
    """`08:30` or `08:30:15`; `24:00` is the end of the day."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(len(part) == 2 and part.isdecimal() for part in parts):
        return None
    hour, minute, second = (*map(int, parts), 0)[:3]
    seconds = hour * 3600 + minute * 60 + second
    return seconds if minute < 60 and second < 60 and seconds <= DAY_S else None
