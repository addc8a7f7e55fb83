"""What is wrong with the ledger on a day, kept as long as the city does not change; contracts about to end."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import shapely

from cityloop.ground.places.city import CityValue, city
from cityloop.ground.registry.findings import Gap
from cityloop.ground.registry.gaps import find
from cityloop.ground.registry.ledger import Duty, Ledger
from cityloop.ground.registry.queries import ledger_of, terrain_on
from cityloop.ground.registry.terrain import Terrain


class Worklist(NamedTuple):
    terrain: Terrain
    gaps: tuple[Gap, ...]


def worklist(here: CityValue, at: datetime) -> Worklist:
    """Gaps and disputes on the day of an instant. The first asking of a day takes seconds in a large city."""
    return _kept(here.revision, here.day(at))


@lru_cache(maxsize=4)
def _kept(revision: str, day: date) -> Worklist:
    here = city()
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=here.zone)
    terrain = terrain_on(here, noon)
    return Worklist(terrain, tuple(find(ledger_of(revision), terrain)))


def ending(ledger: Ledger, day: date, days: int) -> list[tuple[Duty, date, bool]]:
    """Duties in force whose contract ends within so many days, the first first; and whether a duty of the same code is
    in force on that day."""
    found = []
    for duty in ledger.duties.values():
        ends = duty.ends if any(party.until for party in duty.parties) or duty.tier == "contract" else None
        if ends is not None and duty.valid_from <= day < ends <= day + timedelta(days=days):
            followed = any(
                other.code == duty.code and other.valid_from <= ends and (other.ends is None or ends < other.ends)
                for other in ledger.duties.values()
            )
            found.append((duty, ends, followed))
    return sorted(found, key=lambda one: (one[1], one[0].code))


def affected(gaps: Collection[Gap], terrain: Terrain) -> list[tuple[list[int], set[int] | None]]:
    """For each gap the ids of the unit grids that it touches, and the categories that it is about; None is any."""
    cells = shapely.STRtree(terrain.cells)
    below: dict[int, set[int]] = {}
    for category, major in terrain.majors.items():
        for one in (category, major):
            if one is not None:
                below.setdefault(one, set()).add(category)
    found = []
    for gap in gaps:
        places = set()
        if gap.shape is not None:
            shape = shapely.from_wkb(gap.shape)
            places = {*cells.query(shape, "intersects").tolist()} - {*cells.query(shape, "touches").tolist()}
        wanted = set().union(*(below.get(category, {category}) for category in gap.categories))
        found.append(([terrain.grids[place].id for place in sorted(places)], wanted or None))
    return found


def counted(gaps: Collection[Gap], terrain: Terrain, cases: Mapping[tuple[int, int], int]) -> list[int]:
    """How many cases each gap concerns, given how many there were by grid and category."""
    by_grid: dict[int, dict[int, int]] = {}
    for (grid, category), count in cases.items():
        by_grid.setdefault(grid, {})[category] = count
    return [
        sum(
            count
            for grid in grids
            for category, count in by_grid.get(grid, {}).items()
            if wanted is None or category in wanted
        )
        for grids, wanted in affected(gaps, terrain)
    ]
