"""The work time of a calendar as numbers: microseconds since 1970 in UTC, laid out in years as they are needed.

Wall times that a change to or from summer time skips or doubles are read as `fold=0`, everywhere. A year knows
how much work is done before each of its periods, so a deadline is two searches in sorted lists, and one
subtraction for every year between.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Periods = tuple[tuple[int, int], ...]
"""Work periods of one day in order, in seconds of wall time since midnight; they do not even touch."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DAY_S = 86_400
YEARS_AHEAD = 200
"""What is not full so many years after its start never is."""
_MEAN_YEAR = 31_556_952 * SECOND
_YEARS_KEPT = 600


def microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError(f"{at} names no zone")
    passed = at - EPOCH
    return (passed.days * DAY_S + passed.seconds) * SECOND + passed.microseconds


def local(at: datetime, zone: ZoneInfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} names no zone")
    return at.astimezone(zone)


def instant(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def wall(day: date, second: int, zone: ZoneInfo) -> int:
    """The instant of a second of the day as a clock on the wall counts them; 86400 is the midnight after."""
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=second))


@dataclass(frozen=True, slots=True)
class Year:
    """The work periods from one New Year's midnight to the next; what touches is one period.

    `before[i]` is the work done when period i begins, its last value that of the whole year. `days` are the
    ordinals of the days with work, `closings` the ends of their last periods.
    """

    number: int
    begins: int
    ends: int
    starts: list[int]
    stops: list[int]
    before: list[int]
    days: list[int]
    closings: list[int]

    def done(self, at: int) -> int:
        """Work from the beginning of the year to `at`."""
        i = bisect_right(self.starts, at) - 1
        return self.before[i] + min(at, self.stops[i]) - self.starts[i] if i >= 0 else 0


class Timeline:
    """Questions about work time; OverflowError where the answer lies beyond what the calendar ever works."""

    def __init__(self, zone: ZoneInfo, week: Sequence[Periods], days: Mapping[date, Periods]) -> None:
        self._zone, self._week, self._days = zone, week, days
        self._last = None if any(week) else max((day.year for day in days), default=0)
        self._years: dict[int, Year] = {}

    def after(self, at: int, work: int) -> int:
        """The earliest instant at which `work` (more than nothing) has been done since `at`."""
        year = self._year_of(at)
        latest = self._latest(year)
        total = year.done(at) + work
        while total > year.before[-1]:
            total -= year.before[-1]
            year = self._next(year, latest)
        i = bisect_left(year.before, total) - 1
        return year.stops[i] - (year.before[i + 1] - total)

    def between(self, start: int, end: int) -> int:
        """The work from `start` to `end`, which is not earlier."""
        year = self._year_of(start)
        work = -year.done(start)
        while end >= year.ends:
            work += year.before[-1]
            year = self._year(year.number + 1)
        return work + year.done(end)

    def opening(self, at: int) -> int:
        """`at` itself inside a work period, else when the next one begins."""
        if self.closing(at) is not None:
            return at
        year = self._year_of(at)
        latest = self._latest(year)
        while (i := bisect_left(year.starts, at)) == len(year.starts):
            year = self._next(year, latest)
        return year.starts[i]

    def closing(self, at: int) -> int | None:
        """When the work period that `at` lies in ends, or at least until when it lasts; None outside of any."""
        year = self._year_of(at)
        i = bisect_right(year.starts, at) - 1
        return year.stops[i] if i >= 0 and at < year.stops[i] else None

    def periods(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The work periods of a stretch of time, cut to it."""
        year = self._year_of(start)
        while True:
            first, last = bisect_right(year.stops, start), bisect_left(year.starts, end)
            for i in range(first, last):
                yield max(year.starts[i], start), min(year.stops[i], end)
            if end <= year.ends:
                return
            year = self._year(year.number + 1)

    def nth_closing(self, day: date, count: int) -> int:
        """The end of work on the `count`-th day with work after `day`."""
        year = self._year(day.year)
        return self._counted_on(year, bisect_right(year.days, day.toordinal()) + count - 1)

    def works_on(self, day: date) -> bool:
        days, ordinal = self._year(day.year).days, day.toordinal()
        i = bisect_left(days, ordinal)
        return i < len(days) and days[i] == ordinal

    def closings(self, start: int, end: int) -> int:
        """How many days of work end after `start` and not after `end`."""
        year = self._year_of(start)
        count = -bisect_right(year.closings, start)
        while end >= year.ends:
            count += len(year.closings)
            year = self._year(year.number + 1)
        return count + bisect_right(year.closings, end)

    def closing_after(self, at: int, count: int) -> int:
        """The end of the `count`-th day of work that ends after `at`."""
        year = self._year_of(at)
        return self._counted_on(year, bisect_right(year.closings, at) + count - 1)

    def _counted_on(self, year: Year, position: int) -> int:
        latest = self._latest(year)
        while position >= len(year.closings):
            position -= len(year.closings)
            year = self._next(year, latest)
        return year.closings[position]

    def _latest(self, year: Year) -> int:
        return year.number + YEARS_AHEAD if self._last is None else self._last

    def _next(self, year: Year, latest: int) -> Year:
        if year.number >= latest:
            raise OverflowError
        return self._year(year.number + 1)

    def _year_of(self, at: int) -> Year:
        year = self._year(1970 + at // _MEAN_YEAR)
        while at < year.begins:
            year = self._year(year.number - 1)
        while at >= year.ends:
            year = self._year(year.number + 1)
        return year

    def _year(self, number: int) -> Year:
        year = self._years.get(number)
        if year is None:
            if len(self._years) >= _YEARS_KEPT:
                self._years.clear()
            year = self._years[number] = self._lay_out(number)
        return year

    def _lay_out(self, number: int) -> Year:
        if not date.min.year < number < date.max.year:
            raise OverflowError
        first, last = date(number, 1, 1).toordinal(), date(number, 12, 31).toordinal()
        begins, ends = (wall(date(year, 1, 1), 0, self._zone) for year in (number, number + 1))
        days: list[int] = []
        closings: list[int] = []
        found: list[tuple[int, int]] = []
        for ordinal in range(first, last + 1):
            periods = self._periods_of(date.fromordinal(ordinal))
            found += periods
            if periods:
                days.append(ordinal)
                closings.append(max(stop for _, stop in periods))
        joined = [(max(start, begins), min(stop, ends)) for start, stop in _joined(found)]
        joined = [(start, stop) for start, stop in joined if start < stop]
        before = [0]
        for start, stop in joined:
            before.append(before[-1] + stop - start)
        starts, stops = [start for start, _ in joined], [stop for _, stop in joined]
        return Year(number, begins, ends, starts, stops, before, days, closings)

    def _periods_of(self, day: date) -> list[tuple[int, int]]:
        periods = self._days.get(day)
        if periods is None:
            periods = self._week[day.weekday()]
        read = [(wall(day, opens, self._zone), wall(day, closes, self._zone)) for opens, closes in periods]
        return [(start, stop) for start, stop in read if start < stop]  # else skipped by the change of the clock


def _joined(periods: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(periods):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return joined
