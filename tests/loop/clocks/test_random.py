"""The clock against the naive one, and against itself, on random calendars and limits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil
from random import Random
from typing import Any, NamedTuple

import orjson

from bench.cities import compared
from bench.limits import rounds
from bench.naive import MINUTE, NaiveClock, elapsed
from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar, calendar
from cityloop.loop.clocks.due import WORKING, due, moved, remaining, running, yellow
from cityloop.loop.clocks.explain import explain
from cityloop.loop.clocks.lines import answer
from cityloop.loop.clocks.scales import Pause
from cityloop.loop.clocks.timeline import microseconds


class Case(NamedTuple):
    value: Decimal
    unit: LimitUnit
    start: datetime
    cal: WorkCalendar
    pauses: list[Pause]


def cases(count: int, each: int, seed: int) -> Iterator[Case]:
    for written, _, limits in rounds(count, each, seed):
        cal = calendar(written)
        for limit in limits:
            start = datetime.fromisoformat(limit["start"])
            pauses = [
                (datetime.fromisoformat(begin), end and datetime.fromisoformat(end)) for begin, end in limit["pauses"]
            ]
            yield Case(Decimal(str(limit["value"])), LimitUnit(limit["unit"]), start, cal, pauses)


def _naively(clock: NaiveClock, limit: dict[str, Any]) -> str | None:
    ended = clock.due(limit)
    return None if ended is None else ended.isoformat()


def test_two_thousand_deadlines_are_those_of_the_naive_clock() -> None:
    wrong, seen = [], 0
    for written, clock, limits in rounds(20, 100, seed=4):
        cal = calendar(written)
        for limit in limits:
            seen += 1
            naive, answered = _naively(clock, limit), answer(orjson.dumps(limit), cal)
            if answered != {"id": limit["id"], "due": naive}:
                wrong.append((written, limit, naive, answered))
    assert (seen, wrong[:3]) == (2000, [])


def test_a_thousand_deadlines_of_cities_are_those_of_the_naive_city() -> None:
    """Area classes that change, seasons, parts one after another, stages under one limit."""
    told = [told for number in range(10) for told in compared(number, 100)]
    wrong = [one for one in told if one.ours != one.naive]
    assert (len(told), wrong[:3]) == (1000, [])
    assert {len(one.naive) for one in told} >= {0, 1, 2, 3}


def test_a_deadline_moved_by_a_pause_is_the_one_with_that_pause() -> None:
    """Wherever pauses count, for pauses that begin after the start. Days by the wall clock are left out where the
    clock is changed at one of the instants themselves: what is shown twice or never has no one place on the wall."""
    compared = dict.fromkeys(LimitUnit, 0)
    for value, unit, start, cal, pauses in cases(12, 120, seed=5):
        before = due(value, unit, start, cal)
        assert before
        for begin, end in pauses:
            if cal.counts_days(unit) or begin < start or end is None:
                continue
            if unit is LimitUnit.DAYS and not _shown_once(value, cal, start, before, begin, end):
                continue
            compared[unit] += 1
            assert moved(before, unit, cal, begin, end) == due(value, unit, start, cal, [(begin, end)])
            assert moved(before, unit, cal, begin, begin) == before
    assert min(compared.values()) > 50, compared


def _shown_once(value: Decimal, cal: WorkCalendar, start: datetime, before: datetime, *others: datetime) -> bool:
    scale = cal.scales[LimitUnit.DAYS]
    met = scale.place(before) == scale.place(start) + scale.amount(value)
    return met and all(scale.due(scale.place(at)) == at for at in (start, before, *others))


def test_pauses_make_no_deadline_earlier_and_their_order_does_not_matter() -> None:
    chance = Random(6)
    for value, unit, start, cal, pauses in cases(12, 60, seed=6):
        ended, whole = due(value, unit, start, cal), due(value, unit, start, cal, pauses)
        assert ended is not None
        assert whole is None or whole >= ended >= start
        assert (whole is None) <= any(end is None for _, end in pauses)
        assert due(value, unit, start, cal, chance.sample(pauses, len(pauses))) == whole
        assert due(value, unit, start, cal, pauses * 2) == whole


def test_an_explanation_adds_up() -> None:
    """It leads from the start to the deadline without a gap, and what it counts is the limit."""
    for value, unit, start, cal, pauses in cases(16, 60, seed=7):
        ended, told = due(value, unit, start, cal, pauses), explain(value, unit, start, cal, pauses)
        assert (told[0].begins, told[-1].ends) == (start, ended)
        for one, other in pairwise(told):
            assert one.ends == other.begins
            assert one.kind != other.kind or one.kind == "counted"
        scale = cal.scales[unit]
        limit = Fraction(ceil(value)) if cal.counts_days(unit) else Fraction(scale.amount(value), scale.size)
        used = sum(stretch.counted for stretch in told)
        assert used == limit if ended else (used < limit and told[-1].kind == "paused")
        assert all((stretch.counted > 0) == (stretch.kind == "counted") for stretch in told)
        for stretch in told:
            if stretch.kind == "counted" and unit in WORKING and not cal.counts_days(unit):
                assert stretch.ends
                done = cal.timeline.between(microseconds(stretch.begins), microseconds(stretch.ends))
                assert stretch.counted == Fraction(done, scale.size)


def test_what_remains_and_whether_it_shrinks() -> None:
    for written, clock, limits in rounds(8, 60, seed=8):
        cal = calendar(written)
        for limit in limits:
            unit, start = LimitUnit(limit["unit"]), datetime.fromisoformat(limit["start"])
            value = Decimal(str(limit["value"]))
            ended = due(value, unit, start, cal)
            assert ended
            left = remaining(start, ended, unit, cal)
            assert remaining(ended, start, unit, cal) == -left
            if unit is not LimitUnit.DAYS and not cal.counts_days(unit):
                assert left == timedelta(microseconds=cal.scales[unit].amount(value))
            runs, until = running(start, unit, cal)
            if unit not in WORKING:
                assert (runs, until) == (True, None)
                continue
            assert until is not None
            minutes = range(elapsed(start) // MINUTE, elapsed(until) // MINUTE)
            assert {minute in clock.working for minute in minutes} <= {runs}
            new_year = until.astimezone(cal.tz).strftime("%m%d%H%M") == "01010000"  # said again in every year
            assert new_year or (elapsed(until) // MINUTE in clock.working) != runs


def test_yellow_lies_between_start_and_due() -> None:
    for value, unit, start, cal, _ in cases(10, 60, seed=9):
        ended = due(value, unit, start, cal)
        assert ended
        for share in (Decimal("0.3"), Decimal("0.8"), Decimal(1)):
            assert start <= yellow(start, ended, share, unit=unit, calendar=cal) <= ended
        if unit is LimitUnit.WORKING_HOURS:
            assert yellow(start, ended, Decimal("0.5"), unit=unit, calendar=cal) == due(value / 2, unit, start, cal)
