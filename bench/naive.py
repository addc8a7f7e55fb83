"""The clock a second time, told naively from the words of the rules: it walks the minutes of the calendar one by one.

It shares nothing with the package, reads calendars and limits in the form of `cityloop due`, and is slow. Work
periods must begin and end on whole minutes; starts, pauses and limits need not.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
NEVER = 10**18
Pauses = list[tuple[int, int]]


class NaiveClock:
    """A calendar with every minute of work from one day to another written down."""

    def __init__(self, calendar: dict[str, Any], first: date, last: date) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar["zone"])
        self.days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @cached_property
    def by_day(self) -> dict[date, set[int]]:
        return {day: self._minutes(day) for day in self.days}

    @cached_property
    def working(self) -> set[int]:
        return set().union(*self.by_day.values())

    @cached_property
    def in_order(self) -> list[int]:
        return sorted(self.working)

    def due(self, limit: dict[str, Any]) -> datetime | None:
        """When a limit is used up, in the calendar's zone; None where a pause stays open. RuntimeError where the
        walk would leave the days that are written down."""
        start, value = datetime.fromisoformat(limit["start"]), Decimal(str(limit["value"]))
        pauses = [(datetime.fromisoformat(a), b and datetime.fromisoformat(b)) for a, b in limit.get("pauses", ())]
        unit, end_of_day = limit["unit"], self.calendar["wd_rule"] == "end_of_day"
        if unit == "wd" and end_of_day:
            return self._at(self._opened(self._last_minute(start, math.ceil(value)) * MINUTE + MINUTE))
        if unit == "d":
            ended = self._days(start, value, pauses)
            return ended and max(ended, start.astimezone(self.zone), key=lambda at: at.astimezone(UTC))
        stops = [(elapsed(a), elapsed(b) if b else NEVER) for a, b in pauses]
        begun = elapsed(start)
        if unit == "h":
            full = walk(begun, amount(value, 60), count(begun // MINUTE), stops)
            return None if full is None else self._at(full)
        monday = sum(minute(end) - minute(begin) for begin, end in self.calendar["week"].get("mon", ()))
        minutes = self.in_order[bisect_left(self.in_order, begun // MINUTE) :]
        full = walk(begun, amount(value, 60 if unit == "wh" else monday), minutes, stops)
        return None if full is None else self._at(self._opened(full))

    def _minutes(self, day: date) -> set[int]:
        """The minutes of work that belong to a day, counted from 1970."""
        calendar = self.calendar
        periods = calendar.get("days", {}).get(day.isoformat(), calendar["week"].get(WEEKDAYS[day.weekday()], ()))
        found: set[int] = set()
        for period in periods:
            begin, end = (
                (datetime.combine(day, time()) + timedelta(minutes=minute(text))).replace(tzinfo=self.zone)
                for text in period
            )
            found.update(range(elapsed(begin) // MINUTE, elapsed(end) // MINUTE))
        return found

    def _last_minute(self, start: datetime, days: int) -> int:
        """The last minute of work of the n-th day of work after the day of the start."""
        day = start.astimezone(self.zone).date()
        while days:
            day += timedelta(days=1)
            if day not in self.by_day:
                raise RuntimeError("the walk ends too early")
            days -= bool(self.by_day[day])
        return max(self.by_day[day])

    def _days(self, start: datetime, value: Decimal, pauses: list[tuple[datetime, datetime | None]]) -> datetime | None:
        """Days pass as a clock on the wall shows them."""

        def shown(at: datetime) -> int:
            return (at.astimezone(self.zone).replace(tzinfo=UTC) - EPOCH) // MICROSECOND

        stops = [(shown(a), shown(b) if b else NEVER) for a, b in pauses]
        begun = shown(start)
        full = walk(begun, amount(value, 24 * 60), count(begun // MINUTE), stops)
        if full is None:
            return None
        wall = (EPOCH + timedelta(microseconds=full)).replace(tzinfo=self.zone)
        return wall.astimezone(UTC).astimezone(self.zone)  # where there is no such time, what it is read as

    def _opened(self, full: int) -> int:
        """What is full when a work period ends waits for the next one, where the calendar says so."""
        if self.calendar.get("at_boundary", "close") == "open" and full // MINUTE not in self.working:
            return next(there for there in self.in_order if there * MINUTE >= full) * MINUTE
        return full

    def _at(self, microseconds: int) -> datetime:
        return (EPOCH + timedelta(microseconds=microseconds)).astimezone(self.zone)


def walk(position: int, left: int, minutes: Iterable[int], pauses: Pauses) -> int | None:
    """Go through the minutes that count, the pauses left out, until nothing is left; None in a pause without end."""
    first = min((pause[0] for pause in pauses), default=NEVER)
    last = max((pause[1] for pause in pauses), default=0)
    open_from = min((pause[0] for pause in pauses if pause[1] == NEVER), default=NEVER)
    for number in minutes:
        begin = number * MINUTE
        end = begin + MINUTE
        begin = max(begin, position)
        for here, there in _unpaused(begin, end, pauses) if first < end and begin < last else ((begin, end),):
            if left <= there - here:
                return here + left
            left -= there - here
        if end > open_from:
            return None
    raise RuntimeError("the walk ends too early")


def _unpaused(begin: int, end: int, pauses: Pauses) -> Iterator[tuple[int, int]]:
    """What of a minute lies in no pause."""
    near = [pause for pause in pauses if pause[0] < end and begin < pause[1]]
    if any(pause[0] <= begin and end <= pause[1] for pause in near):
        return
    marks = sorted({begin, end} | {edge for pause in near for edge in pause if begin < edge < end})
    for here, there in pairwise(marks):
        if not any(pause[0] <= here < pause[1] for pause in pauses):
            yield here, there


def amount(value: Decimal, minutes: int) -> int:
    """A limit in microseconds, its unit given in minutes."""
    return max(1, round(value * minutes * MINUTE))


def elapsed(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
