"""A calendar day by day."""

from datetime import date, timedelta
from typing import NamedTuple

from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.timeline import Periods


class Day(NamedTuple):
    """One day; `periods` in seconds since midnight. `kind` says whether and how it differs from its weekday."""

    day: date
    kind: str
    periods: Periods
    provisional: bool


def year_of(calendar: WorkCalendar, year: int) -> list[Day]:
    """All days of a year in order."""
    special, first = dict(calendar.days), date(year, 1, 1)
    return [_day(calendar, special, first + timedelta(days=n)) for n in range((date(year + 1, 1, 1) - first).days)]


def _day(calendar: WorkCalendar, special: dict[date, Periods], day: date) -> Day:
    usual = calendar.week[day.weekday()]
    periods = special.get(day, usual)
    if periods == usual:
        kind = "work" if periods else "rest"
    elif not periods:
        kind = "holiday"
    else:
        kind = "changed" if usual else "make_up"
    return Day(day, kind, periods, calendar.known_until is not None and day > calendar.known_until)
