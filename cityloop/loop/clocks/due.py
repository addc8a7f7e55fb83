"""When a limit is used up: the clock of the house, a pure function of limit, start and calendar.

Time is counted in whole microseconds since 1970 in UTC. Wall times that a change to or from summer time skips
or doubles are read as `fold=0`, everywhere. A calendar lays its work periods out once, in years as they are
needed, with the work done before each; a deadline is then two searches in sorted lists.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from cityloop.core.errors import Refused
from cityloop.core.units import Light, LimitUnit

Periods = tuple[tuple[int, int], ...]
"""Work periods of one day in order, in seconds of wall time since midnight; they do not even touch."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
DAY_S = 86_400
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WD_RULES = ("working_time", "end_of_day")
BOUNDARIES = ("close", "open")
YEARS_AHEAD = 200
"""A limit that is not used up so many years after its start never is."""


@dataclass(frozen=True)
class WorkCalendar:
    """Work periods by weekday (Monday first), overruled on single days.

    `wd_rule`: a working day is as much work as a regular Monday (`working_time`), or lasts until the end of
    the last work period of a day (`end_of_day`). `at_boundary`: what is full exactly when a work period ends
    is due at that moment (`close`) or when work next opens (`open`).
    """

    code: str
    zone: str
    wd_rule: str
    week: tuple[Periods, ...]
    days: tuple[tuple[date, Periods], ...] = ()
    at_boundary: str = "close"
    _laid_out: "list[_Timeline]" = field(default_factory=list, init=False, repr=False, compare=False)

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def working_day(self) -> int:
        """Microseconds of work on a regular Monday, or on the first weekday after it that has any."""
        regular = next((periods for periods in self.week if periods), None)
        if regular is None:
            raise Refused("calendar_without_regular_day", calendar=self.code)
        return sum(end - start for start, end in regular) * 1_000_000

    def timeline(self, start: int, until_year: int = 0) -> "_Timeline":
        """Work periods that reach from before `start` (microseconds) to the end of `until_year`, at least."""
        line = self._laid_out[0] if self._laid_out else None
        if line and line.begins <= start < line.good_until and until_year <= line.last_year:
            return line
        year = (EPOCH + timedelta(microseconds=start)).year
        first = max(1, min(year - 1, line.first_year if line else year))
        last = min(9999, max(year + 1, until_year, line.last_year if line else year))
        self._laid_out[:] = [_lay_out(self, first, last)]
        return self._laid_out[0]


def calendar(data: Mapping[str, object]) -> WorkCalendar:
    """A calendar as packs and rows write it: code, zone, wd_rule, week, and optionally days and at_boundary.

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
    week, days = _mapping(code, data.get("week")), _mapping(code, data.get("days"))
    for name in week.keys() - set(WEEKDAYS):
        raise Refused("calendar_day_wrong", calendar=code, day=name)
    return WorkCalendar(
        code=code,
        zone=zone,
        week=tuple(_periods(code, week.get(name, ())) for name in WEEKDAYS),
        days=tuple(sorted((_date(code, day), _periods(code, periods)) for day, periods in days.items())),
        wd_rule=chosen["wd_rule"],
        at_boundary=chosen["at_boundary"],
    )


def due(value: Decimal | int, unit: LimitUnit, start: datetime, calendar: WorkCalendar) -> datetime:
    """The earliest instant at which `value` units after `start` are used up, in UTC.

    h: elapsed time. d: the same wall time so many days later. wh: time inside work periods. wd: by the
    calendar's rule; with `end_of_day` a part of a day counts as a day, and days begin after the day of the
    start. Refused: limit_not_positive, limit_too_long, calendar_without_work.
    """
    begun = _microseconds(start)
    if value <= 0:
        raise Refused("limit_not_positive", value=value, unit=unit)
    try:
        if unit == LimitUnit.HOURS:
            return _instant(begun + round(value * HOUR))
        if unit == LimitUnit.DAYS:
            return _same_wall_time(value, start, calendar.tz)
        if unit == LimitUnit.WORKING_DAYS and calendar.wd_rule == "end_of_day":
            return _instant(_end_of_day(math.ceil(value), start, begun, calendar))
        size = HOUR if unit == LimitUnit.WORKING_HOURS else calendar.working_day
        return _instant(_after_work(max(1, round(value * size)), begun, calendar))
    except OverflowError as error:
        raise Refused("limit_too_long", value=value, unit=unit) from error


def yellow(
    start: datetime,
    due: datetime,
    share: Decimal = Decimal("0.8"),
    *,
    unit: LimitUnit = LimitUnit.HOURS,
    calendar: WorkCalendar | None = None,
) -> datetime:
    """The instant at which `share` (0 to 1) of the time from `start` to `due` is used, never outside of both.

    For wh and wd with their calendar it is a share of the working time between the two, else of the elapsed
    time. It asks for no limit, so it serves deadlines that somebody else has set. Where nothing lies between
    the two it is `due`.
    """
    begun, ended = _microseconds(start), _microseconds(due)
    if ended <= begun:
        return _instant(ended)
    if calendar is None or unit not in (LimitUnit.WORKING_HOURS, LimitUnit.WORKING_DAYS):
        return _instant(begun + round((ended - begun) * share))
    line = calendar.timeline(begun, due.astimezone(UTC).year + 1)
    used = round((line.done(ended) - line.done(begun)) * share)
    if used < 1:
        return _instant(ended)
    return _instant(min(ended, _after_work(used, begun, calendar)))


def light(
    *, at: datetime, yellow_at: datetime | None, due_at: datetime | None, ended_at: datetime | None = None
) -> Light:
    """The light at `at`; what has ended keeps the light that it ended with."""
    if due_at is None:
        return Light.NONE
    moment = at if ended_at is None else min(at, ended_at)
    if moment > due_at:
        return Light.RED
    if yellow_at is not None and moment >= yellow_at:
        return Light.YELLOW
    return Light.GREEN


def _microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError(f"{at} names no zone")
    passed = at - EPOCH
    return (passed.days * DAY_S + passed.seconds) * 1_000_000 + passed.microseconds


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _same_wall_time(days: Decimal | int, start: datetime, zone: ZoneInfo) -> datetime:
    """A part of a day is added as wall time too; where the clock is set back it could end before it began."""
    wall = start.astimezone(zone) + timedelta(microseconds=round(days * 24 * HOUR))  # adds wall time, fold=0
    ended = wall.astimezone(UTC)
    return ended if days >= 1 else max(ended, start.astimezone(UTC))


def _after_work(work: int, begun: int, calendar: WorkCalendar) -> int:
    line = calendar.timeline(begun)
    opens = calendar.at_boundary == "open"
    while True:
        total = line.done(begun) + work
        if total < line.after[-1] or (total == line.after[-1] and not opens):
            break
        line = _longer(calendar, line, begun)
    if opens:
        i = bisect_right(line.after, total) - 1
        return line.starts[i] + total - line.after[i]
    i = bisect_left(line.after, total) - 1
    return line.ends[i] - (line.after[i + 1] - total)


def _end_of_day(days: int, start: datetime, begun: int, calendar: WorkCalendar) -> int:
    line = calendar.timeline(begun)
    today = start.astimezone(calendar.tz).toordinal()
    while True:
        i = bisect_right(line.days, today) + days - 1
        # one more day, so that the next opening after the end is known as well
        if i + 1 < len(line.days) or (i < len(line.days) and calendar.at_boundary == "close"):
            break
        line = _longer(calendar, line, begun)
    return line.opening(line.day_ends[i]) if calendar.at_boundary == "open" else line.day_ends[i]


def _longer(calendar: WorkCalendar, line: "_Timeline", begun: int) -> "_Timeline":
    """Twice as many years, to a sane end; without a regular week there is no work after the last day."""
    regular = any(calendar.week)
    furthest = calendar.days[-1][0].year if calendar.days else 0
    if regular:
        furthest = (EPOCH + timedelta(microseconds=begun)).year + YEARS_AHEAD
    if line.last_year < furthest:
        return calendar.timeline(begun, min(furthest, 2 * line.last_year - line.first_year))
    raise OverflowError if regular else Refused("calendar_without_work", calendar=calendar.code)


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Work periods of some years, joined; `after[i]` is the work done when period i begins."""

    first_year: int
    last_year: int
    begins: int
    good_until: int
    starts: list[int]
    ends: list[int]
    after: list[int]
    days: list[int]
    """Ordinals of the days with work; `day_ends` are the ends of their last periods."""
    day_ends: list[int]

    def done(self, at: int) -> int:
        """Work done from the first period to `at`."""
        i = bisect_right(self.starts, at) - 1
        return self.after[i] + min(at, self.ends[i]) - self.starts[i] if i >= 0 else 0

    def opening(self, at: int) -> int:
        """`at` itself inside a work period, else when the next one begins."""
        i = bisect_right(self.starts, at) - 1
        return at if i >= 0 and at < self.ends[i] else self.starts[i + 1]


def _lay_out(calendar: WorkCalendar, first_year: int, last_year: int) -> _Timeline:
    zone, special = calendar.tz, dict(calendar.days)
    starts: list[int] = []
    ends: list[int] = []
    days: list[int] = []
    day_ends: list[int] = []
    midnight = _wall(date(first_year, 1, 1), 0, zone)
    for ordinal in range(date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        begins, midnight = midnight, _wall(day, DAY_S, zone)
        even = midnight - begins == DAY_S * 1_000_000
        periods = special.get(day)
        if periods is None:
            periods = calendar.week[day.weekday()]
        last = 0
        for opens, closes in periods:
            if even:
                start, end = begins + opens * 1_000_000, begins + closes * 1_000_000
            else:  # the clock is changed that day
                start, end = _wall(day, opens, zone), _wall(day, closes, zone)
            if start >= end:  # skipped by the change to summer time
                continue
            last = max(last, end)
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        if last:
            days.append(ordinal)
            day_ends.append(last)
    after = [0]
    for start, end in zip(starts, ends, strict=True):
        after.append(after[-1] + end - start)
    return _Timeline(
        first_year=first_year,
        last_year=last_year,
        begins=_wall(date(first_year + 1, 1, 1), 0, zone),
        good_until=_wall(date(last_year, 1, 1), 0, zone),
        starts=starts,
        ends=ends,
        after=after,
        days=days,
        day_ends=day_ends,
    )


def _wall(day: date, second: int, zone: ZoneInfo) -> int:
    return _microseconds(datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=second))


def _mapping(code: str, value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Refused("calendar_day_wrong", calendar=code, day=value)
    return {str(key): periods for key, periods in value.items()}


def _date(code: str, day: str) -> date:
    try:
        return date.fromisoformat(day)
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
