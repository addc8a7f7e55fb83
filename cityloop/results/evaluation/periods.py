"""Periods of an evaluation: a year, a quarter, a month or a day of the city's own calendar."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cityloop.core.errors import Refused

_FORM = re.compile(r"([0-9]{4})(?:-Q([1-4])|-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to but not including `end`, both in UTC; `text` is the period as people write it."""

    text: str
    start: datetime
    end: datetime


def parse_period(text: str, zone: ZoneInfo | str) -> Period:
    """`2015`, `2015-Q2`, `2015-06` or `2015-06-30` in the city's zone; Refused (period_unreadable) otherwise."""
    zone = ZoneInfo(zone) if isinstance(zone, str) else zone
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise Refused("period_unreadable", period=text)
    year, quarter, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        if day:
            first = date(year, month, day)
            last = first + timedelta(days=1)
        else:
            first = date(year, 3 * quarter - 2 if quarter else month or 1, 1)
            last = _months_later(first, 3 if quarter else 1 if month else 12)
        return Period(text.strip(), _midnight(first, zone), _midnight(last, zone))
    except (ValueError, OverflowError) as error:
        raise Refused("period_unreadable", period=text) from error


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
