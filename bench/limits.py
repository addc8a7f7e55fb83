"""Random calendars and limits in the form of `cityloop due`, of the kind that goes wrong; one seed, the same ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bench.naive import WEEKDAYS, NaiveClock

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Chatham",  # 12 h 45 min ahead
    "America/Havana",  # changes at midnight
    "Asia/Beirut",
    "Africa/Casablanca",  # changes around Ramadan
)
OFFICE = [["08:00", "12:00"], ["14:00", "18:00"]]
SHAPES: tuple[list[list[str]], ...] = (
    OFFICE,
    OFFICE,
    [["08:30", "17:00"]],
    [["09:07", "11:53"], ["13:01", "16:44"]],
    [["00:30", "03:15"], ["22:00", "24:00"]],
    [["00:00", "24:00"]],
    [["01:30", "02:30"], ["02:45", "09:00"]],
)
BEFORE, AFTER = 35, 230
"""Days that the naive clock knows around the middle of a calendar's starts."""


def rounds(count: int, each: int, seed: int) -> Iterator[tuple[dict[str, Any], NaiveClock, list[dict[str, Any]]]]:
    """So many calendars, each with its naive clock and `each` limits."""
    for number in range(count):
        chance = Random(seed * 1_000_003 + number)
        zone = chance.choice(ZONES)
        middle = chance.choice([date(2026, 2, 17), date(2026, 10, 1), *_changes(zone)])
        calendar = a_calendar(chance, zone, middle)
        clock = NaiveClock(calendar, middle - timedelta(days=BEFORE), middle + timedelta(days=AFTER))
        yield calendar, clock, [a_limit(chance, calendar, middle) for _ in range(each)]


def a_calendar(chance: Random, zone: str, middle: date) -> dict[str, Any]:
    """Work on Monday and some other days, holidays and make-up days around the middle."""
    shape = chance.choice(SHAPES)
    week = dict.fromkeys(WEEKDAYS[: chance.choice([5, 5, 6, 7])], shape)
    if chance.random() < 0.3:
        week |= {day: chance.choice(SHAPES) for day in chance.sample(WEEKDAYS, 3)}
    days = {
        (middle + timedelta(days=chance.randrange(-20, 60))).isoformat(): chance.choice([[], [], OFFICE, *SHAPES])
        for _ in range(chance.choice([0, 4, 15]))
    }
    return {
        "zone": zone,
        "wd_rule": chance.choice(["working_time", "end_of_day"]),
        "at_boundary": chance.choice(["close", "close", "open"]),
        "week": week,
        "days": days,
    }


def a_limit(chance: Random, calendar: dict[str, Any], middle: date) -> dict[str, Any]:
    """A limit that begins within four weeks, half of them within two days, of the middle."""
    zone = ZoneInfo(calendar["zone"])
    unit = chance.choice(["h", "wh", "d", "wd"])
    start = _moment(chance, datetime.combine(middle, time(), zone), chance.choice([2 * 24, 28 * 24]))
    most = {"h": 30, "wh": 30, "d": 2, "wd": 6}[unit] * chance.choice([1, 1, 1, 1, 1, 3])
    value = chance.choice(
        [chance.randint(1, most), chance.randint(1, 4 * most) / 4, round(chance.uniform(0.001, most), 3)]
    )
    limit: dict[str, Any] = {"id": chance.getrandbits(40), "start": _told(chance, start, zone), "value": value}
    pauses: list[list[str | None]] = []
    edge = start
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 3])):
        begin = edge if chance.random() < 0.2 else _moment(chance, start, 100)
        edge = begin + abs(_moment(chance, begin, chance.choice([3, 200])) - begin)
        pauses.append([_told(chance, begin, zone), None if chance.random() < 0.05 else _told(chance, edge, zone)])
    return limit | {"unit": unit, "pauses": pauses}


def _moment(chance: Random, middle: datetime, hours: int) -> datetime:
    """On the hour, on the minute, on the second, or on none of them."""
    step = chance.choice([3600, 900, 60, 1, 0.000001])
    away = chance.uniform(-hours, hours) * 3600
    return middle.astimezone(UTC) + timedelta(seconds=away // step * step)


def _told(chance: Random, at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(chance.choice([zone, zone, UTC])).isoformat()


@lru_cache
def _changes(zone: str) -> tuple[date, ...]:
    """The days of 2026 on which the clock is changed."""
    days = [datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=n) for n in range(365)]
    return tuple(day.date() for day in days if day.utcoffset() != (day + timedelta(days=1)).utcoffset())
