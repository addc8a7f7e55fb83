"""Moved deadlines, explanations, countdowns and what is provisional, by hand, in the office of docs/deadlines.md."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from cityloop.core.errors import Refused
from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar, calendar
from cityloop.loop.clocks.due import due, moved, provisional, remaining, running
from cityloop.loop.clocks.explain import explain
from docs.by_hand import CALENDARS

OFFICE, OPEN, DAYS = CALENDARS["office"], CALENDARS["office-open"], CALENDARS["office-days"]
H, WH, D, WD = LimitUnit


def at(text: str) -> datetime:
    """`02-13 16:20` of 2026, in the office's zone."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=OFFICE.tz)


MOVED = [
    # days of work that have not ended when the pause begins come after its end; no other day is lost or won
    (DAYS, WD, "02-26 18:00", "02-24 10:00", "02-24 12:00", "02-26 18:00"),
    (DAYS, WD, "02-26 18:00", "02-24 10:00", "02-24 18:00", "02-27 18:00"),
    (DAYS, WD, "02-26 18:00", "02-24 20:00", "02-25 07:00", "02-26 18:00"),
    (DAYS, WD, "02-13 18:00", "02-13 10:00", "02-23 10:00", "02-24 18:00"),
    (DAYS, WD, "02-13 18:00", "02-13 18:00", "02-23 10:00", "02-13 18:00"),  # had passed
    (DAYS, WD, "02-13 18:00", "02-13 19:00", "02-23 10:00", "02-13 18:00"),
    (DAYS, WD, "02-26 15:00", "02-26 10:00", "02-26 11:00", "02-26 18:00"),  # set by hand: a part of a day is a day
    # work time
    (OFFICE, WH, "02-13 16:00", "02-13 10:00", "02-13 15:00", "02-14 09:00"),
    (OFFICE, WH, "02-13 12:00", "02-13 12:00", "02-25 12:00", "02-13 12:00"),
    (OFFICE, WD, "02-13 20:00", "02-13 10:00", "02-13 10:00", "02-13 20:00"),  # set by hand
    (OFFICE, WD, "02-13 20:00", "02-13 18:30", "02-25 12:00", "02-13 20:00"),  # no work was left
    (OPEN, WH, "02-24 08:00", "02-14 17:00", "02-14 18:00", "02-24 09:00"),
    (OPEN, WH, "02-24 08:00", "02-14 17:00", "02-14 17:00", "02-24 08:00"),
    (DAYS, WH, "02-13 16:00", "02-13 10:00", "02-13 15:00", "02-14 09:00"),
    # days by the wall clock, hours, and a deadline of which nobody knows how it was counted
    (OFFICE, D, "02-13 16:00", "02-12 10:00", "02-14 11:00", "02-15 17:00"),
    (OFFICE, H, "02-13 16:00", "02-12 10:00", "02-14 11:00", "02-15 17:00"),
    (OFFICE, None, "02-13 16:00", "02-12 10:00", "02-14 11:00", "02-15 17:00"),
]


@pytest.mark.parametrize(("cal", "unit", "due_at", "begins", "ends", "expected"), MOVED)
def test_a_deadline_moves_by_a_pause(
    cal: WorkCalendar, unit: LimitUnit | None, due_at: str, begins: str, ends: str, expected: str
) -> None:
    assert moved(at(due_at), unit, cal, at(begins), at(ends)) == at(expected)


def test_a_pause_that_ends_before_it_starts_is_refused() -> None:
    start, pause = at("02-13 10:00"), (at("03-02 10:00"), at("03-02 09:59"))
    for unit in LimitUnit:
        for cal in (OFFICE, DAYS):
            with pytest.raises(Refused, match="cannot end before it starts"):
                due(1, unit, start, cal, [pause])
            with pytest.raises(Refused, match="cannot end before it starts"):
                moved(start, unit, cal, *pause)


def test_seven_working_days_over_the_festival_explained() -> None:
    told = explain(7, WD, at("02-11 16:20"), OFFICE)
    lines = [
        (f"{one.begins.astimezone(OFFICE.tz):%m-%d %H:%M}", one.kind, float(one.counted * 8))
        for one in told
        if one.kind != "not_work"
    ]
    assert lines == [
        ("02-11 16:20", "counted", pytest.approx(1 + 40 / 60)),
        ("02-12 08:00", "counted", 8),
        ("02-13 08:00", "counted", 8),
        ("02-14 08:00", "counted", 8),
        ("02-15 00:00", "holiday", 0),
        ("02-24 08:00", "counted", 8),
        ("02-25 08:00", "counted", 8),
        ("02-26 08:00", "counted", 8),
        ("02-27 08:00", "counted", pytest.approx(6 + 20 / 60)),
    ]
    assert len(told) < 20


def test_days_of_work_explained() -> None:
    told = explain(Decimal("2.5"), WD, at("02-13 16:20"), DAYS)
    assert [f"{one.begins.astimezone(DAYS.tz):%m-%d %H:%M} {one.kind} {one.counted}" for one in told] == [
        "02-13 16:20 first_day 0",
        "02-14 00:00 counted 1",
        "02-15 00:00 holiday 0",
        "02-24 00:00 counted 1",
        "02-25 00:00 counted 1",
    ]
    assert told[-1].ends == at("02-25 18:00")


def test_a_pause_that_is_still_open_explained() -> None:
    told = explain(8, WH, at("03-02 09:00"), OFFICE, [(at("03-02 16:00"), None)])
    assert [(one.kind, one.ends, one.counted) for one in told] == [
        ("counted", at("03-02 16:00"), Fraction(5)),
        ("paused", None, 0),
    ]


def test_what_lies_beyond_the_last_known_day_is_provisional() -> None:
    cal = replace(OFFICE, known_until=date(2026, 2, 26))
    for unit, counted in ((H, False), (D, False), (WH, True), (WD, True)):
        assert not provisional(at("02-26 23:59:59"), unit, cal)
        assert provisional(at("02-27 00:00"), unit, cal) == counted
        assert not provisional(None, unit, cal)
        assert not provisional(at("02-27 00:00"), unit, replace(cal, known_until=None))


def test_a_countdown() -> None:
    due_at = at("02-24 09:00")
    for moment, hours in (("02-14 17:00", 2), ("02-14 18:00", 1), ("02-20 12:00", 1), ("02-24 10:00", -1)):
        assert remaining(at(moment), due_at, WH, OFFICE) == timedelta(hours=hours)
    assert remaining(at("02-24 08:00"), due_at, D, OFFICE) == timedelta(hours=1)
    assert remaining(at("02-20 08:00"), due_at, None, OFFICE) == timedelta(hours=97)
    assert running(at("02-14 17:00"), WD, OFFICE) == (True, at("02-14 18:00"))
    assert running(at("02-14 12:00"), WD, OFFICE) == (False, at("02-14 14:00"))
    assert running(at("02-14 18:00"), WH, OFFICE) == (False, at("02-24 08:00"))
    assert running(at("02-14 18:00"), H, OFFICE) == (True, None)
    once = calendar({"zone": "UTC", "wd_rule": "end_of_day", "week": {}, "days": {"2026-01-01": [["08:00", "12:00"]]}})
    assert running(at("02-14 18:00"), WH, once) == (False, None)
