"""When a limit is used up: the clock of the house, pure functions of limit, start, calendar and pauses.

Every unit is counted on a scale of its own. On it a limit is a number of microseconds, and a pause is a stretch
that is left out.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cityloop.core.errors import Refused
from cityloop.core.units import Light, LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.scales import Pause
from cityloop.loop.clocks.timeline import instant, local, microseconds

MOST = 10**8
"""No limit is longer, whatever its unit: that many hours are eleven thousand years."""
WORKING = (LimitUnit.WORKING_HOURS, LimitUnit.WORKING_DAYS)


def due(
    value: Decimal | int, unit: LimitUnit, start: datetime, calendar: WorkCalendar, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The earliest instant, in UTC, at which `value` units after `start` are used up; None in an open pause.

    h: elapsed time. d: the same wall time so many days later. wh: time inside work periods. wd: by the
    calendar's rule; with `end_of_day` a part of a day counts as a day, days begin after the day of the start,
    and pauses do not count. Pauses may overlap and come in any order.
    Refused: limit_not_positive, limit_too_long, calendar_without_work, pause_backwards.
    """
    if value <= 0:
        raise Refused("limit_not_positive", value=value, unit=unit)
    try:
        if value > MOST:
            raise OverflowError
        scale = calendar.scales[unit]
        stops = scale.stops(pauses) if pauses else ()
        if calendar.counts_days(unit):
            today = local(start, calendar.tz).date()
            return calendar.opened(calendar.timeline.nth_closing(today, math.ceil(value)))
        place = scale.full(scale.place(start), scale.amount(value), stops)
        if place is None:
            return None
        ended = scale.due(place)
        return max(ended, start.astimezone(UTC)) if unit == LimitUnit.DAYS else ended  # a wall clock can be set back
    except OverflowError as error:
        raise _never(value, unit, calendar) from error


def moved(
    due_at: datetime,
    unit: LimitUnit | None,
    calendar: WorkCalendar,
    paused_from: datetime,
    paused_to: datetime,
) -> datetime:
    """A deadline after a pause, in UTC: what was left when the pause began is left when it ends.

    What is left is counted as `unit` counts, as elapsed time where nobody knows the unit, and for wd with
    `end_of_day` in days of work that have not ended yet. Nothing is left of what lies before the pause, and
    no deadline comes earlier. Refused: pause_backwards, calendar_without_work.
    """
    scale, before = calendar.scales[unit or LimitUnit.HOURS], instant(microseconds(due_at))
    ((stop, resumed),) = scale.stops([(paused_from, paused_to)])
    if resumed is None or due_at <= paused_from:
        return before
    try:
        if calendar.counts_days(unit):
            days = max(1, calendar.timeline.closings(stop, microseconds(due_at)))
            return max(before, calendar.opened(calendar.timeline.closing_after(resumed, days)))
        left = scale.between(stop, scale.place(due_at))
        return max(before, scale.due(scale.after(resumed, left))) if left > 0 else before
    except OverflowError as error:
        raise Refused("calendar_without_work", calendar=calendar.code) from error


def provisional(due_at: datetime | None, unit: LimitUnit, calendar: WorkCalendar) -> bool:
    """Whether a deadline lies beyond the last day whose hours are known."""
    if due_at is None or calendar.known_until is None or unit not in WORKING:
        return False
    return local(due_at, calendar.tz).date() > calendar.known_until


def remaining(at: datetime, due_at: datetime, unit: LimitUnit | None, calendar: WorkCalendar) -> timedelta:
    """What is left at `at`, below nothing when it is late: work time for wh and wd, else elapsed time."""
    if unit not in WORKING:
        return due_at - at
    early, late = sorted((microseconds(at), microseconds(due_at)))
    left = timedelta(microseconds=calendar.timeline.between(early, late))
    return left if at <= due_at else -left


def running(at: datetime, unit: LimitUnit | None, calendar: WorkCalendar) -> tuple[bool, datetime | None]:
    """Whether `remaining` shrinks at `at`, and an instant until when that stays so; None: for ever.

    A screen counts down by itself while it shrinks, stands still while not, and asks again at that instant.
    """
    if unit not in WORKING:
        return True, None
    moment = microseconds(at)
    closes = calendar.timeline.closing(moment)
    if closes is not None:
        return True, instant(closes)
    try:
        return False, instant(calendar.timeline.opening(moment))
    except OverflowError:
        return False, None


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
    begun, ended = microseconds(start), microseconds(due)
    if ended <= begun:
        return instant(ended)
    if calendar is None or unit not in WORKING:
        return instant(begun + round((ended - begun) * share))
    used = round(calendar.timeline.between(begun, ended) * share)
    if used < 1:
        return instant(ended)
    return min(instant(ended), calendar.opened(calendar.timeline.after(begun, used)))


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


def _never(value: Decimal | int, unit: LimitUnit, calendar: WorkCalendar) -> Refused:
    if unit in WORKING and not any(calendar.week):
        return Refused("calendar_without_work", calendar=calendar.code)
    return Refused("limit_too_long", value=value, unit=unit)
