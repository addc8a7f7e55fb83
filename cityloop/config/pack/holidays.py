"""Holidays and make-up working days of a country as lines of a pack's calendar: a draft, for a person to look at.

China's are those that were announced (`chinesecalendar`), other countries' follow their laws (`holidays`). What nobody
has announced yet is never guessed: the calendar's last known day says how far the lines go.
"""

import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from typing import NamedTuple

from cityloop.core.errors import Refused, Unknown

_PERIOD = r"[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d"
_HOURS = re.compile(f"{_PERIOD}(?:,{_PERIOD})*")
SINCE = 2015
"""Years from then on are looked through for make-up days, to learn whether a country has any."""


class SpecialDay(NamedTuple):
    """A day that is not what its weekday is: off, or worked."""

    day: date
    name: str
    worked: bool


class Known(NamedTuple):
    """The special days of some years, in order, and the last day up to which all of them are known."""

    days: Sequence[SpecialDay]
    until: date
    source: str


def special_days(country: str, first: int, last: int, subdivision: str = "") -> Known:
    """From one year to another, both included. Refused where the first one has not been announced yet."""
    if country == "CN" and not subdivision:
        days, known = _china()
    else:
        days, known = _elsewhere(country, subdivision, first, last)
    if first > known:
        raise Refused("holidays_not_announced", country=country, year=first, known=known)
    last = min(last, known)
    source = "chinesecalendar" if country == "CN" and not subdivision else "holidays"
    asked = [day for day in sorted(days) if first <= day.day.year <= last]
    return Known(asked, date(last, 12, 31), f"{source} {version(source)}")


def _china() -> tuple[list[SpecialDay], int]:
    from chinese_calendar import constants

    off = [SpecialDay(day, name, False) for day, name in constants.holidays.items() if day.weekday() < 5]
    worked = [SpecialDay(day, name, True) for day, name in constants.workdays.items() if day.weekday() > 4]
    return [*off, *worked], max(constants.holidays).year


def _elsewhere(country: str, subdivision: str, first: int, last: int) -> tuple[list[SpecialDay], int]:
    from holidays import country_holidays

    try:
        found = country_holidays(country, subdivision or None, years=range(min(first, SINCE), last + 1))
    except NotImplementedError as error:
        raise Unknown("country_unknown", country="-".join(filter(None, (country, subdivision)))) from error
    off = [SpecialDay(day, name, False) for day, name in found.items() if day.weekday() not in found.weekend]
    worked = [SpecialDay(day, "", True) for day in found.weekend_workdays]
    return [*off, *worked], max((day.day.year for day in worked), default=last)


def written(country: str, known: Known, hours: str) -> str:
    """The keys `known_until` and `days` of a calendar in pack.yaml, indented to stand below its code."""
    if not _HOURS.fullmatch(hours):
        raise Refused("fact_wrong", fact="--hours", value=hours)
    periods = "[" + ", ".join(f"[{period.replace('-', ', ')}]" for period in hours.split(",")) + "]"
    lines = [f"# {country}, {known.source}", f"known_until: {known.until}", "days:"]
    for day, name, worked in known.days:
        said = ", ".join(filter(None, ("worked" if worked else "", name)))
        lines.append(f"  {day}: {periods if worked else '[]'}  # {said}")
    return "".join(f"    {line}\n" for line in lines)
