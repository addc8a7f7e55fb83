"""The clock against the deadlines that docs/deadlines.md computes by hand."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.clocks.deadlines import Clock, Combined, Stay
from cityloop.loop.clocks.due import due, provisional
from cityloop.loop.clocks.scales import Pause
from docs.by_hand import CALENDARS, MORE_TIME, ROWS, SHARED, Row

OF_LIMITS = [row for row in ROWS if row.section not in (SHARED, MORE_TIME)]


def _pauses(row: Row) -> list[Pause]:
    pairs = [pause.split(" to ") for pause in row.pauses.split("; ") if pause]
    return [(row.at(start), None if end == "open" else row.at(end)) for start, end in pairs]


def test_there_are_enough_and_all_are_told_apart() -> None:
    assert len(ROWS) > 30
    assert [row.number for row in ROWS] == [str(number + 1) for number in range(len(ROWS))]
    assert {row.calendar for row in ROWS} == CALENDARS.keys()
    assert all(row.because for row in ROWS)
    assert {SHARED, MORE_TIME} < {row.section for row in ROWS}


@pytest.mark.parametrize("row", OF_LIMITS, ids=lambda row: row.number)
def test_by_hand(row: Row) -> None:
    cal = CALENDARS[row.calendar]
    ended: datetime | None = row.at(row.starts)
    for part in row.limit.split(", "):
        assert ended
        value, unit = part.split()
        ended = due(Decimal(value), LimitUnit(unit), ended, cal, _pauses(row))
    if row.due == "none":
        assert ended is None
        return
    assert ended
    by_hand = row.at(row.due.removesuffix(" provisional"))
    assert (ended.astimezone(cal.tz).isoformat(), ended) == (by_hand.astimezone(cal.tz).isoformat(), by_hand)
    assert provisional(ended, LimitUnit(unit), cal) == row.due.endswith(" provisional")


@pytest.mark.parametrize("row", [row for row in ROWS if row.section == SHARED], ids=lambda row: row.number)
def test_a_limit_that_stages_share(row: Row) -> None:
    value, unit = row.limit.split()
    shared = Combined(
        frozenset(row.pauses.split(", ")), LimitValue("combined", "", Decimal(value), LimitUnit(unit), "")
    )
    cal = CALENDARS[row.calendar]
    clock = Clock(cal.tz, {"default": cal}, combined=(shared,))
    begun = [(stage, row.at(at)) for stage, at in (stay.split(" ", 1) for stay in row.starts.split("; "))]
    stays = [Stay(stage, at, until) for (stage, at), (_, until) in pairwise(begun)]
    stage, at = begun[-1]
    assert clock.stage(stage, None, (), at, stays).due_at == row.at(row.due)
