"""The clock against hand-computed deadlines and against a walk through the quarter hours."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.core.errors import TEXTS, Refused
from cityloop.core.units import Light, LimitUnit
from cityloop.loop.clocks.due import WEEKDAYS, WorkCalendar, calendar, due, light, yellow
from cityloop.loop.clocks.models import Calendar
from cityloop.loop.clocks.queries import calendars

QUARTER = 900
ALL_DAY = [["00:00", "24:00"]]
OFFICE = [["08:30", "12:00"], ["14:30", "18:00"]]
NIGHT = [["00:30", "03:15"], ["22:00", "24:00"]]


def make(zone: str, week: str, **more: object) -> WorkCalendar:
    """`week` names the periods of Monday to Sunday: O office, A all day, N night, E eight to five, - none."""
    shapes = {"O": OFFICE, "A": ALL_DAY, "N": NIGHT, "E": [["08:30", "17:00"]], "-": []}
    named = {day: shapes[shape] for day, shape in zip(WEEKDAYS, week, strict=True)}
    return calendar({"code": "test", "zone": zone, "week": named, **more})


NEW_YEAR_2015: dict[str, object] = {"2015-01-01": [], "2015-01-19": []}
GOLDEN_WEEK = {
    **{f"2015-10-0{day}": [] for day in range(1, 8)},
    "2015-10-10": OFFICE,
}
EAST = make("America/New_York", "EEEEE--", days=NEW_YEAR_2015, at_boundary="open")
EAST_CLOSE = make("America/New_York", "EEEEE--", days=NEW_YEAR_2015)
CHINA = make("Asia/Shanghai", "OOOOO--", days=GOLDEN_WEEK)
CHINA_END = make("Asia/Shanghai", "OOOOO--", days=GOLDEN_WEEK, wd_rule="end_of_day")
CHINA_END_OPEN = make("Asia/Shanghai", "OOOOO--", days=GOLDEN_WEEK, wd_rule="end_of_day", at_boundary="open")
EAST_ALWAYS = make("America/New_York", "AAAAAAA")
EAST_NIGHT = make("America/New_York", "NNNNNNN")

BY_HAND = [
    # a real street light: opened on a holiday night, ten working days, full at a closing, due at an opening
    (EAST, "10", "wd", "2015-01-01T00:25:23", "2015-01-16T08:30:00"),
    (EAST_CLOSE, "10", "wd", "2015-01-01T00:25:23", "2015-01-15T17:00:00"),
    (EAST, "1", "wd", "2015-01-02T17:00:00", "2015-01-06T08:30:00"),
    (EAST, "1", "wd", "2015-01-02T16:59:59", "2015-01-05T16:59:59"),
    (EAST, "2", "wd", "2015-01-15T10:00:07", "2015-01-20T10:00:07"),  # over a weekend and a holiday Monday
    (EAST, "0.5", "wd", "2015-01-02T08:30:00", "2015-01-02T12:45:00"),
    (EAST, "8.5", "wh", "2015-01-02T08:30:00", "2015-01-05T08:30:00"),
    (EAST_CLOSE, "8.5", "wh", "2015-01-02T08:30:00", "2015-01-02T17:00:00"),
    # hours run through everything, also through the change to summer time; days keep the wall time
    (EAST, "24", "h", "2015-03-07T12:00:00", "2015-03-08T13:00:00"),
    (EAST, "1", "d", "2015-03-07T12:00:00", "2015-03-08T12:00:00"),
    (EAST, "1", "d", "2015-03-07T02:30:00", "2015-03-08T03:30:00"),  # 02:30 is skipped that night
    (EAST, "1", "d", "2015-10-31T01:30:00", "2015-11-01T01:30:00"),  # the first of two
    (EAST, "0.5", "h", "2015-11-01T01:45:00", "2015-11-01T01:15:00 fold"),
    (EAST, "1.5", "d", "2015-01-02T00:00:00", "2015-01-03T12:00:00"),
    (EAST, "365", "d", "2015-02-28T09:00:00", "2016-02-28T09:00:00"),
    # working time on the nights of the change: 23 and 25 hours long; a regular Monday is still 24 hours
    (EAST_ALWAYS, "1", "wd", "2015-03-08T00:00:00", "2015-03-09T01:00:00"),
    (EAST_ALWAYS, "1", "wd", "2015-11-01T00:00:00", "2015-11-01T23:00:00"),
    (EAST_NIGHT, "2", "wh", "2015-03-08T00:30:00", "2015-03-08T22:15:00"),  # 00:30 to 03:15 lasts 1 h 45 min
    (EAST_NIGHT, "3", "wh", "2015-11-01T00:30:00", "2015-11-01T02:30:00"),
    # a lunch break, a holiday week, a make-up Saturday
    (CHINA, "4", "wh", "2015-09-30T09:00:00", "2015-09-30T15:30:00"),
    (CHINA, "7", "wh", "2015-09-30T15:30:00", "2015-10-08T15:30:00"),
    (CHINA, "3", "wd", "2015-09-30T18:00:00", "2015-10-10T18:00:00"),
    (CHINA, "0.001", "wh", "2015-10-03T10:00:00", "2015-10-08T08:30:03.6"),
    (CHINA_END, "1", "wd", "2015-09-30T00:00:01", "2015-10-08T18:00:00"),
    (CHINA_END, "3", "wd", "2015-10-02T12:00:00", "2015-10-10T18:00:00"),
    (CHINA_END, "2.2", "wd", "2015-10-02T12:00:00", "2015-10-10T18:00:00"),  # a part of a day is a day
    (CHINA_END_OPEN, "3", "wd", "2015-10-02T12:00:00", "2015-10-12T08:30:00"),
]


@pytest.mark.parametrize(("cal", "value", "unit", "start", "expected"), BY_HAND)
def test_by_hand(cal: WorkCalendar, value: str, unit: str, start: str, expected: str) -> None:
    begun = datetime.fromisoformat(start).replace(tzinfo=cal.tz)
    ended = datetime.fromisoformat(expected.removesuffix(" fold"))
    ended = ended.replace(tzinfo=cal.tz, fold=int(expected.endswith(" fold")))
    assert due(Decimal(value), LimitUnit(unit), begun, cal) == ended.astimezone(UTC)
    assert due(Decimal(value), LimitUnit(unit), begun.astimezone(UTC), cal) == ended.astimezone(UTC)


def walk(value: Decimal, unit: LimitUnit, start: datetime, cal: WorkCalendar) -> datetime:
    """The same clock, told naively: try each quarter of an hour in turn."""
    if unit is LimitUnit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=1) * float(value)
    local = start.astimezone(cal.tz)
    if unit is LimitUnit.DAYS:
        wall = local.replace(tzinfo=None, fold=0) + timedelta(days=float(value))
        return max(start, wall.replace(tzinfo=cal.tz)).astimezone(UTC)
    by_day = {day: quarters(day, cal) for day in (local.date() + timedelta(days=n) for n in range(-2, 40))}
    working = set().union(*by_day.values())
    position = start.timestamp()
    quarter = int(position // QUARTER)
    if unit is LimitUnit.WORKING_DAYS and cal.wd_rule == "end_of_day":
        days = [day for day, found in by_day.items() if found and day > local.date()]
        quarter = max(by_day[days[math.ceil(value) - 1]]) + 1
        while cal.at_boundary == "open" and quarter not in working:
            quarter += 1
        return datetime.fromtimestamp(quarter * QUARTER, UTC)
    monday = sum(end - begin for begin, end in cal.week[0])
    furthest = max(working)
    left = float(value) * (monday if unit is LimitUnit.WORKING_DAYS else 3600)
    while quarter <= furthest:
        if quarter in working:
            here = (quarter + 1) * QUARTER - position
            if left < here or (left == here and cal.at_boundary == "close"):
                return datetime.fromtimestamp(position + left, UTC)
            left -= here
        quarter += 1
        position = quarter * QUARTER
    raise AssertionError("the walk ends too early")


def quarters(day: date, cal: WorkCalendar) -> set[int]:
    """The quarter hours of work that belong to a day, counted from 1970."""
    found: set[int] = set()
    for period in dict(cal.days).get(day, cal.week[day.weekday()]):
        begin, end = (
            (datetime.combine(day, time()) + timedelta(seconds=second)).replace(tzinfo=cal.tz).timestamp()
            for second in period
        )
        found.update(range(int(begin) // QUARTER, int(end) // QUARTER))
    return found


CHANGES = [date(2015, 3, 8), date(2015, 11, 1), date(2015, 3, 29), date(2015, 10, 25), date(2016, 1, 1)]


@st.composite
def limits(draw: st.DrawFn) -> tuple[Decimal, LimitUnit, datetime, WorkCalendar]:
    """Near the changes of summer time and the turn of the year, on the quarter hour and off it."""
    day = draw(st.sampled_from(CHANGES)) + timedelta(days=draw(st.integers(-6, 4)))
    quarter = timedelta(minutes=15) * draw(st.integers(0, 95))
    second = draw(st.sampled_from([0, 0, 1, 449, 899]))
    week = draw(st.sampled_from(["OOOOO--", "EEEEE--", "AAAAAAA", "NNNNNNN", "EEE-EEA", "ANOEO-O"]))
    shapes = st.sampled_from([[], [], OFFICE, ALL_DAY, NIGHT])
    special = draw(st.dictionaries(st.integers(-1, 12).map(lambda n: str(day + timedelta(n))), shapes))
    cal = make(
        draw(st.sampled_from(["America/New_York", "Asia/Shanghai", "Europe/London"])),
        week,
        days=special,
        wd_rule=draw(st.sampled_from(["working_time", "end_of_day"])),
        at_boundary=draw(st.sampled_from(["close", "open"])),
    )
    wall = datetime.combine(day, time()) + quarter + timedelta(seconds=second)
    start = wall.replace(tzinfo=cal.tz, fold=draw(st.integers(0, 1)))
    unit = draw(st.sampled_from(LimitUnit))
    most = 24 if unit is LimitUnit.WORKING_DAYS else 96
    return Decimal(draw(st.integers(1, most))) / 4, unit, start.astimezone(UTC), cal


@settings(max_examples=500, deadline=None)
@given(limits())
def test_as_the_walk_does(limit: tuple[Decimal, LimitUnit, datetime, WorkCalendar]) -> None:
    value, unit, start, cal = limit
    ended = due(value, unit, start, cal)
    assert ended == walk(value, unit, start, cal)
    assert ended >= start
    for share in (Decimal("0.3"), Decimal("0.8"), Decimal(1)):
        assert start <= yellow(start, ended, share, unit=unit, calendar=cal) <= ended
    if unit is LimitUnit.WORKING_HOURS:
        assert yellow(start, ended, Decimal("0.5"), unit=unit, calendar=cal) == walk(value / 2, unit, start, cal)


def test_one_calendar_serves_starts_of_all_years_in_any_order() -> None:
    shared = make("Europe/London", "OOOOO--")
    for year in (2015, 2080, 1999, 2016, 2015):
        start = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        for days in (1, 600, 3000):
            fresh = make("Europe/London", "OOOOO--")
            ended = due(days, LimitUnit.WORKING_DAYS, start, shared)
            assert ended == due(days, LimitUnit.WORKING_DAYS, start, fresh)
            assert ended.year - year == pytest.approx(days / 261, abs=1)


def test_yellow_is_a_share_of_elapsed_or_of_working_time() -> None:
    start = datetime(2015, 1, 2, 8, 30, tzinfo=EAST.tz)
    ended = due(10, LimitUnit.WORKING_DAYS, start, EAST)
    eight = due(8, LimitUnit.WORKING_DAYS, start, EAST)
    assert yellow(start, ended, unit=LimitUnit.WORKING_DAYS, calendar=EAST) == eight
    assert yellow(start, start + timedelta(hours=10)) == start + timedelta(hours=8)
    assert yellow(start, start - timedelta(hours=10)) == start - timedelta(hours=10)
    closed = start.replace(hour=20), start.replace(hour=22)  # a deadline without any working time before it
    assert yellow(*closed, unit=LimitUnit.WORKING_DAYS, calendar=EAST) == closed[1]


def test_lights() -> None:
    def hour(n: int) -> datetime:
        return datetime(2015, 1, 1, n, tzinfo=UTC)

    marks = {"yellow_at": hour(8), "due_at": hour(10)}
    assert light(at=hour(9), yellow_at=None, due_at=None) is Light.NONE
    assert light(at=hour(7), **marks) is Light.GREEN
    assert light(at=hour(8), **marks) is Light.YELLOW
    assert light(at=hour(10), **marks) is Light.YELLOW
    assert light(at=hour(10) + timedelta(microseconds=1), **marks) is Light.RED
    assert light(at=hour(20), **marks, ended_at=hour(7)) is Light.GREEN
    assert light(at=hour(20), **marks, ended_at=hour(11)) is Light.RED
    assert light(at=hour(9), **marks, ended_at=hour(11)) is Light.YELLOW


def test_a_limit_that_cannot_be_counted_is_refused() -> None:
    start = datetime(2015, 1, 1, tzinfo=UTC)
    closed = make("Europe/London", "-------", days={"2015-01-03": OFFICE})
    assert due(7, LimitUnit.WORKING_HOURS, start, closed) == datetime(2015, 1, 3, 18, tzinfo=UTC)
    cases: list[tuple[Decimal | int, LimitUnit, WorkCalendar, str]] = [
        (0, LimitUnit.HOURS, EAST, "limit_not_positive"),
        (Decimal(-1), LimitUnit.WORKING_DAYS, EAST, "limit_not_positive"),
        (8, LimitUnit.WORKING_HOURS, closed, "calendar_without_work"),
        (1, LimitUnit.WORKING_DAYS, closed, "calendar_without_regular_day"),
        (10**6, LimitUnit.WORKING_DAYS, EAST, "limit_too_long"),
        (10**8, LimitUnit.DAYS, EAST, "limit_too_long"),
        (10**10, LimitUnit.HOURS, EAST, "limit_too_long"),
    ]
    for value, unit, cal, code in cases:
        with pytest.raises(Refused) as refusal:
            due(value, unit, start, cal)
        assert refusal.value.code == code
        assert str(refusal.value)
    with pytest.raises(ValueError, match="zone"):
        due(1, LimitUnit.DAYS, start.replace(tzinfo=None), EAST)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"zone": "Europe/Nowhere"}, "calendar_zone_unknown"),
        ({"zone": "../etc"}, "calendar_zone_unknown"),
        ({"zone": ""}, "calendar_zone_unknown"),
        ({"wd_rule": "guess"}, "calendar_setting_wrong"),
        ({"at_boundary": "ajar"}, "calendar_setting_wrong"),
        ({"week": {"monday": []}}, "calendar_day_wrong"),
        ({"days": {"2015-02-30": []}}, "calendar_day_wrong"),
        ({"week": {"mon": "08:00-12:00"}}, "calendar_period_wrong"),
        ({"week": {"mon": [["12:00", "08:00"]]}}, "calendar_period_wrong"),
        ({"week": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}}, "calendar_period_wrong"),
        ({"week": {"mon": [["08:00", "24:01"]]}}, "calendar_period_wrong"),
        ({"week": {"mon": [["8", "12"]]}}, "calendar_period_wrong"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        calendar({"code": "test", "zone": "UTC", "week": {}, **change})
    assert refusal.value.code == code
    assert code in TEXTS


def test_a_calendar_is_the_same_whatever_zone_its_starts_are_told_in() -> None:
    there = datetime(2015, 1, 2, 16, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert due(1, LimitUnit.DAYS, there, EAST) == there + timedelta(days=1)


def test_calendars_are_read_in_one_statement_and_kept(
    db: None, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    week = {"mon": OFFICE}
    Calendar.objects.create(code="office", zone="Asia/Shanghai", wd_rule="end_of_day", week=week)
    Calendar.objects.create(code="other", zone="UTC", wd_rule="working_time", week=week, at_boundary="open")
    with django_assert_num_queries(1):
        found = calendars()
    assert (found["office"].wd_rule, found["office"].at_boundary) == ("end_of_day", "close")
    assert found["other"].at_boundary == "open"
    Calendar.objects.filter(code="other").update(days={"2015-01-05": []})
    again = calendars()
    assert again["office"] is found["office"]
    assert again["other"].days == ((date(2015, 1, 5), ()),)
    Calendar.objects.filter(code="other").delete()
    assert calendars().keys() == {"office"}
