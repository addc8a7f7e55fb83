"""`cityloop due`: a million limits beside the naive clock, and whether the two agree on a hundred thousand."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import orjson

from bench.figures import Sheet
from bench.limits import OFFICE, a_limit, rounds
from bench.naive import WEEKDAYS, NaiveClock

LINES = 1_000_000
SAMPLE = 2_000
CALENDARS, CITIES, EACH = 500, 250, 200
SEED = 2026
COMMAND = Path(sys.executable).with_name("cityloop")
MIDDLE = date(2026, 2, 17)
CHINA: dict[str, Any] = {
    "zone": "Asia/Shanghai",
    "wd_rule": "working_time",
    "known_until": "2026-12-31",
    "week": dict.fromkeys(WEEKDAYS[:5], OFFICE),
    "days": {"2026-02-14": OFFICE, "2026-02-28": OFFICE, **{f"2026-02-{day}": [] for day in range(15, 24)}},
}
"""An office over Spring Festival 2026."""


def measure(sheet: Sheet) -> None:
    """Speed on limits of all units, about half of them with pauses; agreement on random calendars of many zones, and
    on random cities with area classes, seasons, parts and limits that stages share."""
    _speed(sheet)
    _agreement(sheet)


def _speed(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as name:
        folder = Path(name)
        (folder / "calendar.json").write_text(json.dumps(CHINA))
        with (folder / "in.jsonl").open("wb") as file:
            file.writelines(orjson.dumps(limit, option=orjson.OPT_APPEND_NEWLINE) for limit in _limits(LINES))
        sheet.begin()
        started = monotonic()
        with (folder / "in.jsonl").open("rb") as given, (folder / "out.jsonl").open("wb") as out:
            subprocess.run(
                [COMMAND, "due", "--calendar", folder / "calendar.json"], stdin=given, stdout=out, check=True
            )
        seconds = monotonic() - started
        with (folder / "out.jsonl").open("rb") as out:
            answers = [json.loads(line) for _, line in zip(range(SAMPLE), out, strict=False)]
            lines = len(answers) + sum(1 for _ in out)
    assert lines == LINES
    sheet.add("due: a million limits", seconds, "s", at_most=30)
    sheet.add("due: limits per second", LINES / seconds, "1/s")
    sheet.begin()
    started = monotonic()
    clock = NaiveClock(CHINA, MIDDLE - timedelta(days=40), MIDDLE + timedelta(days=230))
    naive = [clock.due(limit) for limit in _limits(SAMPLE)]
    each = (monotonic() - started) / SAMPLE
    sheet.add("naive clock: limits per second", 1 / each, "1/s")
    sheet.add("due: as fast as the naive clock so many times", each * LINES / seconds, "ratio")
    told = [at and at.isoformat() for at in naive]
    wrong = sum(answer["due"] != at for answer, at in zip(answers, told, strict=True))
    sheet.add("due: of these limits told otherwise", wrong, "limits", at_most=0)


def _limits(count: int) -> Iterator[dict[str, Any]]:
    chance = Random(SEED)
    for number in range(count):
        yield {**a_limit(chance, CHINA, MIDDLE), "id": number}


def _agreement(sheet: Sheet) -> None:
    sheet.begin()
    started = monotonic()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        limits = sum(pool.map(_told_otherwise, range(CALENDARS)))
        cases = sum(pool.map(_cases_told_otherwise, range(CITIES)))
    sheet.add("due: random limits compared", CALENDARS * EACH, "limits", at_least=100_000)
    sheet.add("due: random limits told otherwise by the naive clock", limits, "limits", at_most=0)
    sheet.add("due: random cases compared, with area classes and shared limits", CITIES * EACH, "cases")
    sheet.add("due: random cases told otherwise by the naive clock", cases, "cases", at_most=0)
    sheet.add("due: their comparison", monotonic() - started, "s")


def _told_otherwise(number: int) -> int:
    """How many limits of one random calendar the two clocks tell differently."""
    from cityloop.loop.clocks.calendar import calendar
    from cityloop.loop.clocks.lines import answer

    ((written, clock, limits),) = rounds(1, EACH, SEED + number)
    made = calendar(written)
    told = [(clock.due(limit), answer(orjson.dumps(limit), made)) for limit in limits]
    return sum(ours.get("due", "") != (naive and naive.isoformat()) for naive, ours in told)


def _cases_told_otherwise(number: int) -> int:
    """The same for the cases of one random city."""
    from bench.cities import compared

    return sum(told.naive != told.ours for told in compared(SEED + number, EACH))
