"""The responsibility ledger of a city of millions, made by chance: how many questions a second, and its gaps."""

from datetime import date, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import shapely

from bench.figures import Sheet
from cityloop.core.hours import ALWAYS, read_hours, spans
from cityloop.ground.places.locate import AreaRow, GridRow
from cityloop.ground.registry.answering import Sheets
from cityloop.ground.registry.gaps import find
from cityloop.ground.registry.ledger import Duty, Ledger, Party, Question
from cityloop.ground.registry.terrain import Matter, Standing, Terrain

SEED = 2026
MAJORS, MINORS_EACH = 12, 20
DISTRICTS, STREETS_EACH, COMMUNITIES_EACH, GRIDS_EACH = 13, 13, 34, 11
QUESTIONS, ALONE = 400_000, 20_000
CELL = 0.001
ZONE = ZoneInfo("Asia/Shanghai")
SINCE, NEW_YEAR = date(2020, 1, 1), datetime(2026, 1, 1, tzinfo=ZONE)
DAYTIME, NIGHT = spans(read_hours("mon-sun 06:00-22:00")), spans(read_hours("mon-sun 00:00-06:00 22:00-24:00"))


class Town:
    """Areas, unit grids and categories as bare numbers, and a ledger for them."""

    def __init__(self) -> None:
        self.chance = Random(SEED)
        self.minors = {100 * major + minor: major for major in range(1, MAJORS + 1) for minor in range(MINORS_EACH)}
        self.paths: list[tuple[int, ...]] = []
        self.streets: list[int] = []
        area = 1
        for _ in range(DISTRICTS):
            district = area = area + 1
            for _ in range(STREETS_EACH):
                street = area = area + 1
                self.streets.append(street)
                for _ in range(COMMUNITIES_EACH):
                    area += 1
                    self.paths.append((1, district, street, area))
        self.grids = [path for path in self.paths for _ in range(GRIDS_EACH)]
        self.duties: list[Duty] = []
        self._fill()

    def _fill(self) -> None:
        districts = sorted({path[1] for path in self.paths})
        for category in self.minors:
            for district in districts:
                self.add("line", category=category, area=district)
        for street in self.streets:
            for major in range(1, MAJORS + 1):
                self.add("contract", category=major, area=street, hours=DAYTIME, until=date(2027, 1, 1))
                self.add("contract", category=major, area=street, hours=NIGHT, until=date(2027, 1, 1))
        for grid in self.chance.sample(range(1, len(self.grids) + 1), 10_000):
            self.add("owner", category=self.chance.choice(list(self.minors)), grid=grid)
        for path in self.paths:
            self.add("territory", area=path[-1])

    def add(self, tier: str, *, until: date | None = None, **scope: Any) -> None:
        number = len(self.duties) + 1
        plain: dict[str, Any] = {
            "id": number, "code": f"L{number}", "tier": tier, "category": None, "situation": "", "area": None,
            "area_class": "", "grid": None, "road": "", "drawn": None, "object_code": "", "phase": "", "stratum": "",
            "hours": ALWAYS, "basis": "", "valid_from": SINCE, "valid_to": None,
            "parties": (Party("handler", self.chance.randint(1, 200), until=until),),
        }  # fmt: skip
        self.duties.append(Duty(**plain | scope))

    def questions(self, count: int) -> list[Question]:
        """Each of a category, a unit grid and an hour of a year."""
        found = []
        for _ in range(count):
            grid, minor = self.chance.randrange(len(self.grids)), self.chance.choice(list(self.minors))
            at = NEW_YEAR + timedelta(hours=self.chance.randrange(365 * 24))
            found.append(Question((minor, self.minors[minor]), self.grids[grid], at, grid=grid + 1))
        return found

    def terrain(self) -> Terrain:
        """Unit grids of 100 m in rows, community after community; a viaduct for every street, across four grids."""
        last: dict[int, AreaRow] = {}
        for path in self.paths:
            for level, area in enumerate(path):
                last.setdefault(area, AreaRow(area, str(area), str(level), path[: level + 1]))
        grids = [GridRow(number + 1, f"g{number}", path[-1], *_cell(number)) for number, path in enumerate(self.grids)]
        things = {}
        for number in range(0, len(grids), STREETS_EACH * COMMUNITIES_EACH):
            west, south, _, north = _cell(number)
            shape = shapely.box(west, south, west + 4 * CELL, north)
            path = self.grids[number]
            things[f"V{number}"] = Standing(
                f"V{number}", "", "viaducts", "", shape, path, number + 1, True, ("on", "under"), frozenset({1, 2})
            )
        majors: dict[int, int | None] = {**self.minors, **dict.fromkeys(self.minors.values())}
        matters = [Matter(minor, major, "") for minor, major in self.minors.items()]
        divisions = frozenset(last)
        return Terrain(NEW_YEAR, divisions, last, grids, {}, {}, majors, matters, things)


def _cell(number: int) -> tuple[float, float, float, float]:
    row, column = divmod(number, 256)
    west, south = 117 + column * CELL, 36 + row * CELL
    return west, south, west + CELL, south + CELL


def measure(sheet: Sheet) -> None:
    town = Town()
    ledger, asked = Ledger(town.duties), town.questions(QUESTIONS)
    sheet.add("ledger: rows", len(town.duties), "rows", at_least=20_000)
    sheet.begin()
    started = monotonic()
    ready = Sheets(ledger)
    sheet.add("ledger: rows arranged", monotonic() - started, "s")
    started = monotonic()
    ready.answers(asked)
    sheet.add("ledger: who answers, many at once", QUESTIONS / (monotonic() - started), "answers/s", at_least=200_000)
    started = monotonic()
    for question in asked[:ALONE]:
        ledger.who_answers_for(question)
    sheet.add("ledger: who answers, one alone", 1e6 * (monotonic() - started) / ALONE, "us")
    _gaps(sheet, town)


def _gaps(sheet: Sheet, town: Town) -> None:
    """A line department is silent on two categories in one district, and doubled once."""
    silent = [duty.id for duty in town.duties if duty.tier == "line" and duty.category in (100, 101) and duty.area == 2]
    kept = [duty for duty in town.duties if duty.id not in silent and duty.tier != "contract"]
    kept.append(kept[0]._replace(id=len(town.duties) + 1, parties=(Party("handler", 999),)))
    terrain = town.terrain()
    pairs = len(terrain.matters) * len(terrain.grids)
    sheet.add("ledger: categories x unit grids", pairs, "pairs", at_least=12_000_000)
    sheet.begin()
    started = monotonic()
    found = find(Ledger(kept), terrain)
    sheet.add("ledger: gaps and disputes of the whole city", monotonic() - started, "s", at_most=20)
    sheet.add("ledger: found", len(found), "findings")
