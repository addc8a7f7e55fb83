"""A made-up city of 60 000 unit grids: how long its land takes to make, and to find points in."""

from datetime import date
from time import monotonic

import numpy as np
import shapely

from bench.figures import ERR, Sheet
from cityloop.config.commands import find_pack
from cityloop.ground.places.locate import AreaMap, AreaRow, GridRow
from cityloop.practice.made import GivenArea, Land, make_land

PACK = "jinan"
POINTS = 1_000_000
ALONE = 20_000
SEED = 7


def measure(sheet: Sheet) -> None:
    """Cut a city as its pack wishes, then locate points that lie anywhere in its grids."""
    pack = find_pack(PACK)
    wishes = pack.file.practice
    assert wishes is not None
    shapes = pack.shapes
    areas = [
        GivenArea(area.code, area.level, area.name, area.names, area.parent, shapes.get((area.scheme, area.code)))
        for area in pack.areas
    ]
    sheet.begin()
    began = monotonic()
    land = make_land(areas, wishes)
    sheet.add(f"places: land of {len(land.units):,} unit grids", monotonic() - began, "s")
    began = monotonic()
    places = _map(areas, land)
    sheet.add("places: the map of a day, from rows", monotonic() - began, "s")
    ERR.print(f"locating {POINTS:,} points ...")
    chance = np.random.default_rng(SEED)
    boxes = np.array([row[3:7] for row in places.grids])[chance.integers(0, len(places.grids), POINTS)]
    lon, lat = (boxes[:, :2] + (boxes[:, 2:] - boxes[:, :2]) * chance.random((POINTS, 2))).T
    sheet.begin()
    began = monotonic()
    places.locate_many(lon, lat)
    sheet.add("places: points located together", POINTS / (monotonic() - began), "/s", at_least=400_000)
    began = monotonic()
    for x, y in zip(lon[:ALONE].tolist(), lat[:ALONE].tolist(), strict=True):
        places.place(x, y)
    sheet.add("places: a point located alone", (monotonic() - began) / ALONE * 1e6, "µs", at_most=30)


def _map(areas: list[GivenArea], land: Land) -> AreaMap:
    ids = {area.code: number for number, area in enumerate(areas, start=1)}
    paths: dict[str, list[int]] = {}
    rows = []
    for area in areas:
        paths[area.code] = [*paths.get(area.parent, []), ids[area.code]]
        shape = shapely.to_wkb(land.shapes[area.code])
        rows.append(AreaRow(ids[area.code], area.code, area.level, paths[area.code], shape, date(2025, 1, 1)))
    grids = [
        GridRow(number, unit.code, ids[unit.community], *unit.bounds, unit.shape)
        for number, unit in enumerate(land.units)
    ]
    return AreaMap(rows, grids)
