"""Weekly hours: on which days of a week from when to when, at a city's clock; none at all is round the clock.

Written in one cell as `mon-fri 08:00-12:00 14:00-18:00; sat 09:00-12:00`, kept as JSON {"mon": [["08:00", "12:00"]]}.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, WEEK = 1440, 7 * 1440
"""Minutes."""
Hours = Mapping[str, Sequence[Sequence[str]]]
Spans = tuple[tuple[int, int], ...]
"""Minutes of the week from Monday 00:00, first and beyond the last, in order, apart from each other."""

_DAYS = re.compile(r"[a-z]{3}(-[a-z]{3})?(,[a-z]{3}(-[a-z]{3})?)*")
_PERIOD = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)")
ALWAYS: Spans = ((0, WEEK),)


def read_hours(text: str) -> dict[str, list[list[str]]]:
    """Hours as they are written in a cell; ValueError where they cannot be read. Over midnight: two periods."""
    found: dict[str, list[list[str]]] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        days, *periods = entry.split()
        if not periods or not _DAYS.fullmatch(days):
            raise ValueError(entry)
        for day in _days(days):
            if day in found:
                raise ValueError(entry)
            found[day] = [_period(period) for period in periods]
            if any(before[1] > after[0] for before, after in zip(found[day], found[day][1:], strict=False)):
                raise ValueError(entry)
    return {day: found[day] for day in WEEKDAYS if day in found}


def spans(hours: Hours) -> Spans:
    """The same as minutes of the week; no hours are the whole week."""
    if not hours:
        return ALWAYS
    return merged(
        (WEEKDAYS.index(day) * DAY + _minute(first), WEEKDAYS.index(day) * DAY + _minute(last))
        for day, periods in hours.items()
        for first, last in periods
    )


def merged(parts: Iterable[tuple[int, int]]) -> Spans:
    """Spans in order, those that touch or overlap put together."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def uncovered(parts: Spans) -> Spans:
    """What is left of the week."""
    edges = [0, *(minute for part in merged(parts) for minute in part), WEEK]
    return tuple((first, last) for first, last in zip(edges[::2], edges[1::2], strict=True) if first < last)


def minute_of_week(at: datetime) -> int:
    """Of an instant that is told at the city's clock."""
    return at.weekday() * DAY + at.hour * 60 + at.minute


def written(parts: Spans) -> str:
    """Spans as a cell writes them, days that are alike together: `mon-fri 18:00-24:00`."""
    by_day = {
        day: " ".join(
            f"{_clock(max(first, start) - start)}-{_clock(min(last, start + DAY) - start)}"
            for first, last in parts
            if first < start + DAY and last > start
        )
        for start, day in zip(range(0, WEEK, DAY), WEEKDAYS, strict=True)
    }
    entries: list[list[str]] = []
    for day, text in by_day.items():
        if not text:
            continue
        if entries and entries[-1][2] == text and WEEKDAYS.index(day) == WEEKDAYS.index(entries[-1][1]) + 1:
            entries[-1][1] = day
        else:
            entries.append([day, day, text])
    return "; ".join(f"{first if first == last else f'{first}-{last}'} {text}" for first, last, text in entries)


def _days(text: str) -> list[str]:
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < start:
            raise ValueError(text)
        found += WEEKDAYS[start : end + 1]
    return found


def _period(text: str) -> list[str]:
    match = _PERIOD.fullmatch(text)
    if match is None or match[1] >= match[2]:
        raise ValueError(text)
    return [match[1], match[2]]


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
