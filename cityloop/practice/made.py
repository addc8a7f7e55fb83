"""A whole city made up inside the outlines that a pack gives, written as a pack that is like it.

What is made: outlines of streets and communities, unit grids, beats, assessment grids, special zones. All of it is
`generated`. The same pack and wishes make the same files.
"""

import csv
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from heapq import heapify, heapreplace
from os import cpu_count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import shapely

from cityloop.core.errors import Refused
from cityloop.ground.places.gridding import STEP
from cityloop.ground.places.metres import around
from cityloop.practice import land
from cityloop.practice.wishes import GridNames, Wishes

AREA_COLUMNS = ("scheme", "code", "level", "name", "name_zh", "name_en", "parent", "hours", "generated", "shape")
GRID_COLUMNS = ("code", "area", "west", "south", "east", "north", "shape", "areas", "generated")
DIGITS = 10
"""Of a degree, in the files."""
Progress = Callable[[int], object]


class GivenArea(NamedTuple):
    """An area of the division as the pack tells it. `shape`: WKB in WGS-84."""

    code: str
    level: str
    name: str
    names: dict[str, str]
    parent: str
    shape: bytes | None


class MadeArea(NamedTuple):
    """An area that is made; `parent` is a code of the division."""

    scheme: str
    code: str
    level: str
    name: str
    names: dict[str, str]
    parent: str
    hours: str
    shape: Any


class Land(NamedTuple):
    """All that is made. `beats`: the areas to which each unit grid counts, as `scheme:code`."""

    shapes: dict[str, Any]
    made: set[str]
    """Codes of the division whose outlines are made up."""
    areas: list[MadeArea]
    units: list[land.Unit]
    counts_to: dict[str, list[str]]


def make_land(areas: Sequence[GivenArea], wishes: Wishes, progress: Progress = lambda done: None) -> Land:
    """Make the ground of a city; `progress` is told the communities done. Refused where the wishes cannot be met."""
    given = {area.code: area for area in areas}
    outlines, made = _outlines(areas, wishes)
    jobs = _districts(areas, outlines, wishes)
    shapes, parts = dict(outlines), dict[str, list[list[str]]]()
    units: list[land.Unit] = []
    with ProcessPoolExecutor(min(cpu_count() or 1, len(jobs)), multiprocessing.get_context("spawn")) as workers:
        for job, found in zip(jobs, workers.map(partial(land.settle, wishes=wishes), jobs), strict=True):
            shapes |= {code: shapely.from_wkb(shape) for code, shape in found.shapes.items()}
            made |= found.shapes.keys()
            units += found.units
            parts |= found.parts
            progress(sum(len(street.communities) for street in job.streets))
        if len(units) < wishes.unit_grids:
            raise Refused("practice_few_grids", found=len(units), wanted=wishes.unit_grids)
        by_community: dict[str, list[land.Unit]] = defaultdict(list)
        for unit in units:
            by_community[unit.community].append(unit)
        counts = _beat_counts(by_community, wishes.responsibility_grids)
        found_beats = dict(
            zip(
                by_community,
                workers.map(
                    partial(land.beats, seed=wishes.seed),
                    by_community.values(), [counts[code] for code in by_community], chunksize=100,
                ),
                strict=True,
            )
        )  # fmt: skip
    counts_to: dict[str, list[str]] = defaultdict(list)
    further = [
        *_beats(given, by_community, found_beats, shapes, wishes, counts_to),
        *_assessed(given, parts, by_community, shapes, wishes, counts_to),
        *_special(given, by_community, shapes, wishes, counts_to),
    ]
    return Land(shapes, made, further, sorted(units), counts_to)


def write(folder: Path, like: Path, areas: Sequence[GivenArea], found: Land) -> None:
    """The land as a pack that is like another."""
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "areas.csv", AREA_COLUMNS, _area_lines(areas, found))
    write_lines(folder / "grids.csv", GRID_COLUMNS, _grid_lines(found))
    text = f"# Made by a generator from the pack that it is like: no survey and no authority drew it.\nlike: {like}\n"
    (folder / "pack.yaml").write_text(text, encoding="utf-8")


def _outlines(areas: Sequence[GivenArea], wishes: Wishes) -> tuple[dict[str, Any], set[str]]:
    """The districts' outlines, and the city's around them; and which of them are not what the pack draws."""
    top = wishes.levels[0]
    outlines = {area.code: shapely.from_wkb(area.shape) for area in areas if area.level == top and area.shape}
    made: set[str] = set()
    for wish in wishes.carve:
        if missing := [code for code in wish.out_of if code not in outlines]:
            raise Refused("practice_no_outline", area=missing[0])
        outlines[wish.area] = land.carve(outlines, wish.out_of, wish.middle, wish.km2)
        made |= {wish.area, *wish.out_of}
    if missing := [area.code for area in areas if area.level == top and area.code not in outlines]:
        raise Refused("practice_no_outline", area=missing[0])
    below = {area.parent for area in areas if area.level == top}
    for code in below - {""}:
        outlines[code] = shapely.union_all([outlines[area.code] for area in areas if area.parent == code])
    return outlines, made


def _districts(areas: Sequence[GivenArea], outlines: dict[str, Any], wishes: Wishes) -> list[land.District]:
    """What is to be cut, the largest first."""
    below: dict[str, list[GivenArea]] = defaultdict(list)
    for area in areas:
        below[area.parent].append(area)
    jobs = [
        land.District(
            district.code,
            shapely.to_wkb(outlines[district.code]),
            [
                land.Street(
                    street.code, street.name, [land.Community(one.code, one.name) for one in below[street.code]]
                )
                for street in below[district.code]
                if below[street.code]
            ],
        )
        for district in areas
        if district.level == wishes.levels[0]
    ]
    return sorted(jobs, key=lambda job: -sum(len(street.communities) for street in job.streets))


def _beat_counts(units: dict[str, list[land.Unit]], wanted: int) -> dict[str, int]:
    """One beat for each community, the rest where a beat has most to do (d'Hondt's rule)."""
    most = sum(map(len, units.values()))
    if not len(units) <= wanted <= most:
        raise Refused("practice_beats", wanted=wanted, least=len(units), most=most)
    loads = {code: sum(unit.load for unit in own) for code, own in units.items()}
    counts = dict.fromkeys(units, 1)
    waiting = [(-loads[code] / 2, code) for code, own in units.items() if len(own) > 1]
    heapify(waiting)
    for _ in range(wanted - len(units)):
        _, code = waiting[0]
        counts[code] += 1
        spent = counts[code] >= len(units[code])
        heapreplace(waiting, (1.0 if spent else -loads[code] / (counts[code] + 1), code))
    return counts


def _beats(
    given: dict[str, GivenArea],
    units: dict[str, list[land.Unit]],
    found: dict[str, list[int]],
    shapes: dict[str, Any],
    wishes: Wishes,
    counts_to: dict[str, list[str]],
) -> Iterator[MadeArea]:
    for community, own in units.items():
        count = max(found[community]) + 1
        for number in range(count):
            code = f"{community}R{number + 1}"
            members = [unit for unit, part in zip(own, found[community], strict=True) if part == number]
            whole = shapes[community] if count == 1 else _union(unit.polygon for unit in members)
            for unit in members:
                counts_to[unit.code].append(f"responsibility:{code}")
            yield _named("responsibility", code, given[community], number + 1, wishes.responsibility, whole)


def _assessed(
    given: dict[str, GivenArea],
    parts: dict[str, list[list[str]]],
    units: dict[str, list[land.Unit]],
    shapes: dict[str, Any],
    wishes: Wishes,
    counts_to: dict[str, list[str]],
) -> Iterator[MadeArea]:
    for street, groups in parts.items():
        for number, communities in enumerate(groups, start=1):
            code = f"{street}K{number}"
            for unit in (unit for community in communities for unit in units[community]):
                counts_to[unit.code].append(f"assessment:{code}")
            whole = _union(shapes[community] for community in communities)
            yield _named("assessment", code, given[street], number, wishes.assessment, whole)


def _special(
    given: dict[str, GivenArea],
    units: dict[str, list[land.Unit]],
    shapes: dict[str, Any],
    wishes: Wishes,
    counts_to: dict[str, list[str]],
) -> Iterator[MadeArea]:
    """Circles around built-up grids of towns, each inside of its community."""
    chance = Random(f"{wishes.seed} special")
    urban = [unit for own in units.values() if len(own) > 10 for unit in own if unit.built_up]
    numbers: dict[str, int] = defaultdict(int)
    for wish in wishes.special:
        for unit in chance.sample(urban, min(wish.count, len(urban))):
            numbers[unit.community] += 1
            code = f"{unit.community}S{numbers[unit.community]}"
            metres = around([unit.polygon])
            middle = shapely.point_on_surface(unit.polygon)
            ring = shapely.Point(0, 0).buffer(wish.radius_m)
            circle = shapely.transform(ring, lambda p, m=metres, c=middle: p / (m.lon_m, m.lat_m) + (c.x, c.y))
            zone = shapely.intersection(circle, shapes[unit.community], grid_size=STEP)
            for other in units[unit.community]:
                if shapely.intersects(zone, other.polygon):
                    counts_to[other.code].append(f"special:{code}")
            area = given[unit.community]
            names = {lang: text.format(name=area.names.get(lang, area.name)) for lang, text in wish.names.items()}
            yield MadeArea(
                "special", code, wish.level, wish.name.format(name=area.name), names, area.code,
                wish.hours, zone,
            )  # fmt: skip


def _named(scheme: str, code: str, above: GivenArea, number: int, names: GridNames, shape: Any) -> MadeArea:
    told = {
        lang: text.format(name=above.names.get(lang, above.name), number=number) for lang, text in names.names.items()
    }
    name = names.name.format(name=above.name, number=number)
    return MadeArea(scheme, code, scheme, name, told, above.code, "", shape)


def _union(shapes: Iterable[Any]) -> Any:
    return shapely.union_all(list(shapes), grid_size=STEP)


def _area_lines(areas: Sequence[GivenArea], found: Land) -> Iterator[Sequence[str]]:
    for area in areas:
        shape = found.shapes.get(area.code)
        yield (
            "division", area.code, area.level, area.name, area.names.get("zh", ""), area.names.get("en", ""),
            area.parent, "", "yes" if area.code in found.made else "", "" if shape is None else _wkt(shape),
        )  # fmt: skip
    for made in found.areas:
        yield (
            made.scheme, made.code, made.level, made.name, made.names.get("zh", ""), made.names.get("en", ""),
            f"division:{made.parent}", made.hours, "yes", _wkt(made.shape),
        )  # fmt: skip


def _grid_lines(found: Land) -> Iterator[Sequence[object]]:
    for unit in found.units:
        shape = "" if unit.shape is None else _wkt(shapely.from_wkb(unit.shape))
        box = (f"{value:.{DIGITS}f}" for value in unit.bounds)
        yield unit.code, unit.community, *box, shape, " ".join(found.counts_to[unit.code]), "yes"


def _wkt(shape: Any) -> str:
    return str(shapely.to_wkt(shape, rounding_precision=DIGITS))


def write_lines(path: Path, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(lines)
