"""The clock: units, pauses that moved a deadline, lights, and what is refused. More by hand: docs/deadlines.md."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cityloop.core.errors import TEXTS, Refused
from cityloop.core.units import Light, LimitUnit
from cityloop.loop.clocks.calendar import WEEKDAYS, WorkCalendar, calendar
from cityloop.loop.clocks.due import due, light, yellow
from cityloop.loop.clocks.models import Calendar
from cityloop.loop.clocks.queries import calendars

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
EAST_SKIPPED = make("America/New_York", "EEEEE--", days={"2015-03-08": [["02:30", "02:50"], ["03:00", "05:00"]]})
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
    (EAST_SKIPPED, "2", "wh", "2015-03-08T00:00:00", "2015-03-08T05:00:00"),  # 02:30 is read as 03:30, after 03:00
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


def test_one_calendar_serves_starts_of_all_years_in_any_order() -> None:
    shared = make("Europe/London", "OOOOO--")
    for year in (2015, 2080, 1999, 2016, 2015):
        start = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        for days in (1, 600, 3000):
            fresh = make("Europe/London", "OOOOO--")
            ended = due(days, LimitUnit.WORKING_DAYS, start, shared)
            assert ended
            assert ended == due(days, LimitUnit.WORKING_DAYS, start, fresh)
            assert ended.year - year == pytest.approx(days / 261, abs=1)


def test_yellow_is_a_share_of_elapsed_or_of_working_time() -> None:
    start = datetime(2015, 1, 2, 8, 30, tzinfo=EAST.tz)
    ended = due(10, LimitUnit.WORKING_DAYS, start, EAST)
    assert ended
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
    closed = make("Europe/London", "-------", days={"2015-01-03": OFFICE}, wd_rule="end_of_day")
    assert due(7, LimitUnit.WORKING_HOURS, start, closed) == datetime(2015, 1, 3, 18, tzinfo=UTC)
    cases: list[tuple[Decimal | int, LimitUnit, WorkCalendar, str]] = [
        (0, LimitUnit.HOURS, EAST, "limit_not_positive"),
        (Decimal(-1), LimitUnit.WORKING_DAYS, EAST, "limit_not_positive"),
        (8, LimitUnit.WORKING_HOURS, closed, "calendar_without_work"),
        (2, LimitUnit.WORKING_DAYS, closed, "calendar_without_work"),
        (10**6, LimitUnit.WORKING_DAYS, EAST, "limit_too_long"),
        (10**6, LimitUnit.WORKING_DAYS, CHINA_END, "limit_too_long"),
        (10**8, LimitUnit.DAYS, EAST, "limit_too_long"),
        (10**10, LimitUnit.HOURS, EAST, "limit_too_long"),
        (Decimal("1e999999"), LimitUnit.WORKING_HOURS, EAST, "limit_too_long"),
    ]
    for value, unit, cal, code in cases:
        with pytest.raises(Refused) as refusal:
            due(value, unit, start, cal)
        assert refusal.value.code == code
        assert str(refusal.value)
    for unit in LimitUnit:
        for cal in (EAST, CHINA_END):
            with pytest.raises(ValueError, match="zone"):
                due(1, unit, start.replace(tzinfo=None), cal)


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
        ({"week": None}, "calendar_part_wrong"),
        ({"days": ["2015-01-01"]}, "calendar_part_wrong"),
        ({"known_until": "soon"}, "calendar_day_wrong"),
        ({}, "calendar_empty"),
        ({"days": {"2015-01-01": []}}, "calendar_empty"),
        ({"days": {"2015-01-01": OFFICE}}, "calendar_monday_empty"),
        ({"week": {"tue": OFFICE, "wed": OFFICE}}, "calendar_monday_empty"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        calendar({"code": "test", "zone": "UTC", "week": {}, **change})
    assert refusal.value.code == code
    assert code in TEXTS


def test_without_a_regular_monday_days_can_still_be_counted_by_their_ends() -> None:
    cal = make("UTC", "-OO----", wd_rule="end_of_day")
    assert due(2, LimitUnit.WORKING_DAYS, datetime(2015, 1, 5, tzinfo=UTC), cal) == datetime(2015, 1, 7, 18, tzinfo=UTC)


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
    assert (found["other"].at_boundary, found["other"].known_until) == ("open", None)
    Calendar.objects.filter(code="other").update(days={"2015-01-05": []}, known_until=date(2015, 12, 31))
    again = calendars()
    assert again["office"] is found["office"]
    assert (again["other"].days, again["other"].known_until) == (((date(2015, 1, 5), ()),), date(2015, 12, 31))
    Calendar.objects.filter(code="other").delete()
    assert calendars().keys() == {"office"}
