"""Why a limit is due when it is: the time from its start to its end, stretch by stretch, as data for a screen."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.due import WORKING, due
from cityloop.loop.clocks.scales import Pause, Stop
from cityloop.loop.clocks.timeline import instant, local, microseconds, wall

Kind = Literal["counted", "not_work", "holiday", "paused", "first_day"]


class Stretch(NamedTuple):
    """Time of one kind, in UTC. `counted` is how much of the limit it uses up, in the limit's unit.

    `holiday`: single days without work. `first_day`: the rest of the day of the start, where days of work begin
    after it. `ends` is None in a pause that is still open.
    """

    begins: datetime
    ends: datetime | None
    kind: Kind
    counted: Fraction


class _Piece(NamedTuple):
    """Places on a scale; work lies within a local `day`."""

    begins: int
    ends: int | None
    kind: Kind
    counted: int = 0
    day: date | None = None


def explain(
    value: Decimal | int, unit: LimitUnit, start: datetime, calendar: WorkCalendar, pauses: Sequence[Pause] = ()
) -> list[Stretch]:
    """The stretches from start to due, without gaps. What they count adds up to the limit, which is rounded to
    microseconds, or to whole days of work. Work has one stretch a day, breaks included. Refused as `due` is."""
    ended = due(value, unit, start, calendar, pauses)
    scale = calendar.scales[unit]
    size, stops = scale.size, scale.stops(pauses)
    read: Callable[[int], datetime] = instant
    begun, end = microseconds(start), None if ended is None else microseconds(ended)
    if end is not None and calendar.counts_days(unit):
        size, pieces = 1, _days(math.ceil(value), begun, end, calendar)
    elif unit in WORKING:
        pieces = _work(_cut(begun, end, stops), calendar)
    else:
        begun, read = scale.place(start), scale.due
        pieces = _cut(begun, scale.full(begun, scale.amount(value), stops), stops)
    told = [
        Stretch(read(piece.begins), read(piece.ends) if piece.ends is not None else None, piece.kind,
                Fraction(piece.counted, size))
        for piece in _joined(pieces)
    ]  # fmt: skip
    told[0] = told[0]._replace(begins=instant(microseconds(start)))  # not the first of two readings of a wall clock
    told[-1] = told[-1]._replace(ends=ended)
    return told


def _cut(begun: int, end: int | None, stops: Iterable[Stop]) -> Iterator[_Piece]:
    """A stretch of a scale, the stops in it told apart; with no end it lasts into an open stop."""
    for start, stop in stops:
        if (stop is not None and stop <= begun) or (end is not None and start >= end):
            continue
        if start > begun:
            yield _Piece(begun, start, "counted", start - begun)
            begun = start
        ends = stop if end is None or (stop is not None and stop < end) else end
        yield _Piece(begun, ends, "paused")
        if ends is None:
            return
        begun = ends
    if end is not None and begun < end:
        yield _Piece(begun, end, "counted", end - begun)


def _work(parts: Iterable[_Piece], calendar: WorkCalendar) -> Iterator[_Piece]:
    """What was not paused by local day, work told apart from the rest."""
    for part in parts:
        if part.ends is None or part.kind == "paused":
            yield part
            continue
        begun, day = part.begins, local(instant(part.begins), calendar.tz).date()
        while begun < part.ends:
            midnight = min(part.ends, wall(day + timedelta(days=1), 0, calendar.tz))
            if midnight > begun:
                yield from _worked(begun, midnight, day, calendar)
                begun = midnight
            day += timedelta(days=1)


def _worked(begun: int, end: int, day: date, calendar: WorkCalendar) -> Iterator[_Piece]:
    kind = _kind_of(day, calendar)
    idle: Kind = "not_work" if kind == "counted" else kind
    for opens, closes in calendar.timeline.periods(begun, end):
        if opens > begun:
            yield _Piece(begun, opens, idle)
        yield _Piece(opens, closes, "counted", closes - opens, day)
        begun = closes
    if begun < end:
        yield _Piece(begun, end, idle)


def _days(left: int, begun: int, end: int, calendar: WorkCalendar) -> Iterator[_Piece]:
    """Days from midnight to midnight; the last one of work to the end of its work, then the way to the opening."""
    day = local(instant(begun), calendar.tz).date()
    kind: Kind = "first_day"
    while left:
        left -= kind == "counted"
        midnight = wall(day + timedelta(days=1), 0, calendar.tz)
        ends = midnight if left else calendar.timeline.nth_closing(day - timedelta(days=1), 1)
        yield _Piece(begun, ends, kind, int(kind == "counted"), day)
        begun, day = ends, day + timedelta(days=1)
        kind = _kind_of(day, calendar)
    if begun < end:
        yield _Piece(begun, end, "not_work")


def _kind_of(day: date, calendar: WorkCalendar) -> Kind:
    if calendar.timeline.works_on(day):
        return "counted"
    return "holiday" if day in calendar.single_days else "not_work"


def _joined(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Neighbours of one kind as one, but work by day; a break between two pieces of a day's work belongs to it."""
    told: list[_Piece] = []
    for piece in pieces:
        same_day = piece.kind == "counted" and piece.day is not None
        if same_day and len(told) > 1 and told[-1].kind == "not_work" and told[-2][2::2] == ("counted", piece.day):
            del told[-1]
        last = told[-1] if told else None
        if last is not None and last.kind == piece.kind and (piece.kind != "counted" or last.day == piece.day):
            told[-1] = last._replace(ends=piece.ends, counted=last.counted + piece.counted)
        else:
            told.append(piece)
    return told
