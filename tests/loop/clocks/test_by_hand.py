"""The clock against the deadlines that docs/deadlines.md computes by hand."""

from datetime import datetime
from decimal import Decimal

import pytest

from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.due import due, provisional
from cityloop.loop.clocks.scales import Pause
from docs.by_hand import CALENDARS, ROWS, Row


def _at(text: str, cal: WorkCalendar) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=cal.tz)


def _pauses(cell: str, cal: WorkCalendar) -> list[Pause]:
    pairs = [pause.split(" to ") for pause in cell.split("; ") if pause]
    return [(_at(start, cal), None if end == "open" else _at(end, cal)) for start, end in pairs]


def test_there_are_enough_and_all_are_told_apart() -> None:
    assert len(ROWS) > 30
    assert [row.number for row in ROWS] == [str(number + 1) for number in range(len(ROWS))]
    assert {row.calendar for row in ROWS} == CALENDARS.keys()
    assert all(row.because for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_by_hand(row: Row) -> None:
    cal = CALENDARS[row.calendar]
    ended: datetime | None = _at(row.starts, cal)
    for part in row.limit.split(", "):
        assert ended
        value, unit = part.split()
        ended = due(Decimal(value), LimitUnit(unit), ended, cal, _pauses(row.pauses, cal))
    if row.due == "none":
        assert ended is None
        return
    assert ended
    by_hand = _at(row.due.removesuffix(" provisional"), cal)
    assert (ended.astimezone(cal.tz).isoformat(), ended) == (by_hand.astimezone(cal.tz).isoformat(), by_hand)
    assert provisional(ended, LimitUnit(unit), cal) == row.due.endswith(" provisional")
