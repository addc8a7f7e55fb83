"""Random cities (area classes, seasons, limits in parts and limits that stages share), and questions about cases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bench.limits import AFTER, BEFORE, ZONES, a_calendar
from bench.naive_city import NaiveCity, Question
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue, RuleValue
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.deadlines import AreaClass, Clock, Combined, Season, Stay

RULE = 1
CENTRE = ("register", "verify", "file", "dispatch", "check", "close")
MOST = {"h": 30, "wh": 20, "d": 3, "wd": 4}
MIDDLES = (date(2026, 2, 17), date(2026, 3, 15), date(2026, 10, 1), date(2026, 10, 31))


class Told(NamedTuple):
    """The two answers to a question: deadlines as they are written."""

    question: Question
    naive: list[str]
    ours: list[str]


def compared(number: int, each: int) -> Iterator[Told]:
    """Both clocks on `each` questions about the random city of this number."""
    chance = Random(number)
    middle = chance.choice(MIDDLES)
    city = a_city(chance, middle)
    naive = NaiveCity(city, middle - timedelta(days=BEFORE + 30), middle + timedelta(days=AFTER))
    clock = built(city)
    for _ in range(each):
        question = a_question(chance, clock.zone, middle)
        told = [at.astimezone(clock.zone).isoformat() for at in answer(clock, question)]
        yield Told(question, [at.isoformat() for at in naive.due(question)], told)


def answer(clock: Clock, question: Question) -> list[datetime]:
    at, areas = datetime.fromisoformat(question["at"]), question["areas"]
    if question["ask"] == "handling":
        return [part.due_at for part in clock.handling(RULE, areas, at)]
    if question["ask"] == "total":
        deadline = clock.total(RULE, areas, at)
    else:
        marks = [(stage, *map(datetime.fromisoformat, stay)) for stage, *stay in question["stays"]]
        deadline = clock.stage(question["stage"], RULE, areas, at, [Stay(*mark) for mark in marks])
    return [deadline.due_at] if deadline.due_at else []


def a_city(chance: Random, middle: date) -> dict[str, Any]:
    """Five areas, two calendars, overlapping seasons, classes that change, and a rule with limits of every kind."""
    zone = chance.choice(ZONES)
    stages = [*CENTRE, "handle", "total"]
    edges = [(day.month, day.day) for day in (middle + timedelta(days=n) for n in chance.sample(range(-30, 30), 4))]
    return {
        "calendars": {code: a_calendar(chance, zone, middle) for code in ("default", "night")},
        "seasons": [["one", edges[0], edges[1]], ["other", edges[2], edges[3]]][: chance.choice([0, 1, 2])],
        "classes": [row for area in range(1, 6) for row in _classes(chance, area, middle)],
        "rule": [_row(chance, stage) for stage in stages for _ in range(chance.choice([0, 1, 2, 5]))],
        "stages": [{"stage": stage} | _limit(chance) for stage in chance.sample(stages, 4)],
        "combined": _combined(chance),
    }


def a_question(chance: Random, zone: ZoneInfo, middle: date) -> Question:
    """About a case in an area and those above it; a stage has been reached by way of up to five others."""
    at = datetime.combine(middle, time(), zone).astimezone(UTC) + timedelta(minutes=chance.randint(-40_000, 40_000))
    areas = sorted(chance.sample(range(1, 6), chance.randint(1, 4)))
    question = {"ask": chance.choice(["handling", "stage", "stage", "total"]), "areas": areas, "at": at.isoformat()}
    if question["ask"] != "stage":
        return question
    stays: list[list[str]] = []
    for _ in range(chance.choice([0, 1, 3, 5])):
        begun = at - timedelta(seconds=chance.choice([60, 5400, chance.randint(1, 200_000)]))
        stays.insert(0, [chance.choice([*CENTRE, "out"]), begun.isoformat(), at.isoformat()])
        at = begun
    return question | {"stage": chance.choice(CENTRE), "stays": stays}


def built(city: dict[str, Any]) -> Clock:
    """The city as the package knows it."""
    rows = tuple(_value(row) | {"area_class": row["area_class"], "season": row["season"]} for row in city["rule"])
    rule = RuleValue(RULE, 1, None, "0101", limits=tuple(LimitValue(**row) for row in rows))
    return Clock(
        zone=ZoneInfo(city["calendars"]["default"]["zone"]),
        calendars={code: calendar(written) for code, written in city["calendars"].items()},
        book={RULE: rule},
        stages={row["stage"]: LimitValue(**_value(row)) for row in city["stages"]},
        combined=tuple(
            Combined(frozenset(row["stages"]), LimitValue(**_value(row | {"stage": "combined"})))
            for row in city["combined"]
        ),
        seasons=tuple(Season(name, tuple(first), tuple(last)) for name, first, last in city["seasons"]),
        classes=tuple(
            AreaClass(row["area"], row["class"], date.fromisoformat(row["from"]),
                      date.fromisoformat(row["until"]) if row["until"] else None)
            for row in city["classes"]
        ),
    )  # fmt: skip


def _value(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "stage": row["stage"], "part": row.get("part", ""), "value": Decimal(str(row["value"])),
        "unit": LimitUnit(row["unit"]), "calendar": row["calendar"],
    }  # fmt: skip


def _classes(chance: Random, area: int, middle: date) -> list[dict[str, Any]]:
    """None, one for ever, or two of which the second begins when the first ends."""
    change = (middle + timedelta(days=chance.randint(-20, 20))).isoformat()
    first = {"area": area, "class": chance.choice(["first", "second"]), "from": "2020-01-01"}
    second = {"area": area, "class": chance.choice(["second", "third"]), "from": change, "until": None}
    return chance.choice([[], [first | {"until": None}], [first | {"until": change}, second]])


def _row(chance: Random, stage: str) -> dict[str, Any]:
    part = chance.choice(["", "make_safe", "remove"]) if stage == "handle" else ""
    area_class, season = chance.choice(["", "", "first", "second"]), chance.choice(["", "", "one", "other"])
    return {"stage": stage, "part": part, "area_class": area_class, "season": season} | _limit(chance)


def _limit(chance: Random) -> dict[str, Any]:
    unit = chance.choice(["h", "wh", "d", "wd"])
    value = chance.choice([chance.randint(1, MOST[unit]), chance.randint(1, 4 * MOST[unit]) / 4])
    return {"value": value, "unit": unit, "calendar": chance.choice(["default", "default", "night"])}


def _combined(chance: Random) -> list[dict[str, Any]]:
    stages = chance.sample(CENTRE, 5)
    shared = [stages[:3], stages[3:]][: chance.choice([0, 1, 2])]
    return [{"stages": names} | _limit(chance) for names in shared]
