"""How each unit counts: on elapsed time, on the wall clock, or on work. Amounts are microseconds."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cityloop.core.errors import Refused
from cityloop.loop.clocks.timeline import EPOCH, Timeline, instant, local, microseconds

Pause = tuple[datetime, datetime | None]
"""From when to when the clock stands still; None: it still does."""
Stop = tuple[int, int | None]
"""A pause as a stretch of a scale."""

HOUR = 3_600_000_000


class Scale(NamedTuple):
    """`place` of an instant, the instant that is `due` at a place, the place `after` an amount, the amount
    `between` two places; `size` is one unit."""

    size: int
    place: Callable[[datetime], int]
    due: Callable[[int], datetime]
    after: Callable[[int, int], int]
    between: Callable[[int, int], int]

    def amount(self, value: Decimal | int) -> int:
        """A limit of so many units, never nothing."""
        return max(1, round(value * self.size))

    def stops(self, pauses: Sequence[Pause]) -> list[Stop]:
        """The pauses by their beginning. Refused: pause_backwards."""
        found: list[Stop] = []
        for start, end in pauses:
            begins, ends = self.place(start), None if end is None else self.place(end)
            if end is not None and end < start:
                raise Refused("pause_backwards", start=start, end=end)
            found.append((begins, ends if ends is None else max(begins, ends)))  # a wall clock can be set back
        return sorted(found, key=lambda stop: stop[0])

    def full(self, begun: int, left: int, stops: Sequence[Stop]) -> int | None:
        """The earliest place at which `left` is counted from `begun` on, the stops left out; None in an open one."""
        for start, end in stops:
            if end is not None and end <= begun:
                continue
            place = self.after(begun, left)
            if place <= start:
                return place
            if end is None:
                return None
            if start > begun:
                left -= self.between(begun, start)
            begun = end
        return self.after(begun, left)


def elapsed() -> Scale:
    return Scale(HOUR, microseconds, instant, _add, _subtract)


def on_the_wall(zone: ZoneInfo) -> Scale:
    """Wall time: days keep the time of day. What is skipped or doubled is read as `fold=0`."""

    def place(at: datetime) -> int:
        return microseconds(local(at, zone).replace(tzinfo=UTC))

    def due(place: int) -> datetime:
        return (EPOCH + timedelta(microseconds=place)).replace(tzinfo=zone).astimezone(UTC)

    return Scale(24 * HOUR, place, due, _add, _subtract)


def at_work(size: int, line: Timeline, due: Callable[[int], datetime]) -> Scale:
    return Scale(size, microseconds, due, line.after, line.between)


def _add(place: int, amount: int) -> int:
    return place + amount


def _subtract(start: int, end: int) -> int:
    return end - start
