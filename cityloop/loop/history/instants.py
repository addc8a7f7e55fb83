"""Dates as histories print them, compiled once into closures; every result is aware and in UTC."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cityloop.loop.history.mapping import EPOCHS, Instant
from cityloop.loop.history.rows import Raw
from cityloop.loop.history.values import compile_value

InstantReader = Callable[[Raw], datetime | None]
"""The moment in a row, None where it holds none. Raises Unreadable."""

Parser = Callable[[str], datetime | date]
"""A moment (naive or aware) or a bare day. Raises ValueError or OverflowError."""

YEARS = range(1901, 2201)
"""Outside of these a date is a misprint, or stands for none (1900-01-01, 9999-12-31)."""
START, END = time(0, 0, 0), time(23, 59, 59)


class Unreadable(Exception):
    """Something is printed, but it is no date. `args[0]` is the text."""


def compile_instant(
    instant: Instant,
    zone: ZoneInfo,
    empty: Iterable[str] = (),
    folder: Path | None = None,
    day: Literal["start", "end"] = "end",
) -> InstantReader:
    """`zone`: of times without an offset; `day`: what a date without a time means where `instant` is silent.

    A local time that occurs twice is the first one; one that is skipped moves on with the clocks.
    """
    text_of = compile_value(instant, empty, folder)
    parsers = [_parser(form) for form in instant.formats]
    local = ZoneInfo(instant.zone) if instant.zone else zone
    hour = END if (instant.day or day) == "end" else START
    whole = instant.midnight == "day"

    def read(raw: Raw) -> datetime | None:
        text = text_of(raw)
        if text is None:
            return None
        for parse in parsers:
            try:
                found = parse(text)
                if found.year not in YEARS:
                    continue
                return _instant(found, local, hour, whole)
            except (ValueError, OverflowError):
                continue
        raise Unreadable(text)

    return read


def _instant(found: datetime | date, local: ZoneInfo, hour: time, whole: bool) -> datetime:
    if not isinstance(found, datetime):
        return datetime.combine(found, hour, local).astimezone(UTC)
    if found.tzinfo is None:
        found = found.replace(tzinfo=local)
    if whole and found.hour == found.minute == found.second == 0:
        found = datetime.combine(found.date(), hour, found.tzinfo)
    return found.astimezone(UTC)


def _parser(form: str) -> Parser:
    if form == "iso":
        return _iso
    if form in EPOCHS:
        return _epoch(EPOCHS[form])
    if not re.search(r"%[HIXcsf]", form):
        return lambda text: datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone


def _iso(text: str) -> datetime | date:
    """`2015-01-31`, `2015-01-31T08:00`, with a space for the T, with seconds, fractions, `Z` or an offset."""
    if text[4:5] != "-":
        raise ValueError(text)
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _epoch(units: int) -> Parser:
    beginning = datetime(1970, 1, 1, tzinfo=UTC)
    return lambda text: beginning + timedelta(seconds=float(text) / units)
