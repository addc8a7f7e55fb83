"""Weekly hours: weekday (mon to sun) to periods of local time. {} is round the clock; a day left out has none.

In a cell: `mon-fri 08:00-12:00 14:00-18:00; sat 09:00-12:00`. A period ends by 24:00; what goes on after midnight is
written on the next day.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator

from cityloop.core.fields import refusal

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Mapping[str, Sequence[Sequence[str]]]
_DAYS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?")
_PERIOD = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)")


def read_hours(text: str) -> dict[str, list[list[str]]]:
    """The hours in a cell; refused (hours_unreadable) where it is none, or periods of a day touch or overlap."""
    found: dict[str, list[list[str]]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        days, *words = part.split()
        periods = [_PERIOD.fullmatch(word) for word in words]
        if not periods:
            raise refusal("hours_unreadable", value=text)
        for day in _days(days, text):
            for period in periods:
                if period is None:
                    raise refusal("hours_unreadable", value=text)
                found.setdefault(day, []).append([period[1], period[2]])
    for periods_ in found.values():
        periods_.sort()
        ends = [moment for period in periods_ for moment in period]
        if any(one >= other for one, other in pairwise(ends)):
            raise refusal("hours_unreadable", value=text)
    return found


def write_hours(hours: Hours) -> str:
    """The cell that `read_hours` reads; days with the same periods are written together."""
    spans: list[tuple[list[str], str]] = []
    for day in WEEKDAYS:
        said = " ".join("-".join(period) for period in hours.get(day, ()))
        if spans and spans[-1][1] == said:
            spans[-1][0].append(day)
        else:
            spans.append(([day], said))
    return "; ".join(
        f"{days[0]}-{days[-1]} {said}" if days[1:] else f"{days[0]} {said}" for days, said in spans if said
    )


def open_at(hours: Hours, local: datetime) -> bool:
    """Whether the hours hold a local time; a period ends before its last minute begins."""
    clock = f"{local:%H:%M}"
    return not hours or any(first <= clock < last for first, last in hours.get(WEEKDAYS[local.weekday()], ()))


def _days(word: str, text: str) -> Sequence[str]:
    match = _DAYS.fullmatch(word)
    first, last = (match[1], match[2] or match[1]) if match else ("", "")
    if first not in WEEKDAYS or last not in WEEKDAYS or WEEKDAYS.index(first) > WEEKDAYS.index(last):
        raise refusal("hours_unreadable", value=text)
    return WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last) + 1]


def _read(value: Any) -> Any:
    return read_hours(value) if isinstance(value, str) else value


WeeklyHours = Annotated[dict[str, list[list[str]]], BeforeValidator(_read)]
"""A cell of a table with weekly hours."""
