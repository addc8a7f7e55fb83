"""A small city with six things planted in its ledger: all of them are found, and nothing else."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest
import shapely

from cityloop.ground.places.locate import AreaRow, GridRow
from cityloop.ground.registry.findings import Gap, Kind
from cityloop.ground.registry.gaps import find, what_if
from cityloop.ground.registry.ledger import Duty, Ledger, Party
from cityloop.ground.registry.terrain import Matter, Standing, Terrain, square

from .test_ledger import TUESDAY, duty

CITY, WEST, EAST, WEST_LEAF, EAST_LEAF = 1, 2, 3, 4, 5
ROADS, PARKS, BUILDERS, NIGHT, CLEANERS, DEVELOPER, PIPES, STREET = 1, 2, 3, 4, 5, 6, 7, 8
PAVING, GREEN, SITES, STALLS = 11, 21, 31, 41
MAJOR = {PAVING: 10, GREEN: 20, SITES: 30, STALLS: 40}
LON, LAT, SIDE = 117.0, 36.0, 0.01
SLIVER = 0.00002


def box(west: float, south: float, east: float, north: float) -> Any:
    return shapely.box(LON + west * SIDE, LAT + south * SIDE, LON + east * SIDE, LAT + north * SIDE)


def wkb(shape: Any) -> bytes:
    return bytes(shapely.to_wkb(shape))


VIADUCT = box(0.5, 0.9, 3.5, 1.1)
LINE = shapely.LineString([(LON, LAT + SIDE / 2), (LON + 4 * SIDE, LAT + SIDE / 2)])
SITE = box(0.2, 0.2, 0.4, 0.4)


def terrain(*, sliver: bool = False, phase: str = "main_works", **more: Any) -> Terrain:
    """Two districts of one community each, of four unit grids each."""
    west = box(0, 0, 2, 2)
    east = shapely.box(LON + 2 * SIDE + (SLIVER if sliver else 0), LAT, LON + 4 * SIDE, LAT + 2 * SIDE)
    rows = [
        AreaRow(CITY, "9", "city", (CITY,), wkb(box(0, 0, 4, 2))),
        AreaRow(WEST, "91", "district", (CITY, WEST), wkb(west)),
        AreaRow(EAST, "92", "district", (CITY, EAST), wkb(east)),
        AreaRow(WEST_LEAF, "911", "community", (CITY, WEST, WEST_LEAF), wkb(west)),
        AreaRow(EAST_LEAF, "921", "community", (CITY, EAST, EAST_LEAF), wkb(east)),
    ]
    grids = [
        GridRow(10 * x + y, f"g{x}{y}", WEST_LEAF if x < 2 else EAST_LEAF, *box(x, y, x + 1, y + 1).bounds)
        for x in range(4)
        for y in range(2)
    ]
    things = {
        "V1": standing("V1", VIADUCT, strata=("on", "under"), categories=frozenset({GREEN})),
        "S1": standing("S1", SITE, phase=phase, categories=frozenset({SITES}), managed=False),
    }
    plain: dict[str, Any] = {
        "at": TUESDAY,
        "divisions": frozenset(row.id for row in rows),
        "areas": {row.id: row for row in rows},
        "grids": grids,
        "further": {},
        "classes": {WEST: "core"},
        "majors": {**MAJOR, **dict.fromkeys(MAJOR.values())},
        "matters": [Matter(minor, major, "") for minor, major in MAJOR.items()],
        "things": things,
    }
    return Terrain(**plain | more)


def standing(code: str, shape: Any, **facts: Any) -> Standing:
    plain: dict[str, Any] = {
        "code": code, "name": "", "layer": "things", "phase": "", "shape": shape, "areas": (CITY, WEST, WEST_LEAF),
        "grid": None, "managed": True, "strata": ("on",), "categories": frozenset(),
    }  # fmt: skip
    return Standing(**plain | facts)


def sound() -> dict[str, Duty]:
    """A ledger with nothing wrong."""
    return {
        "roads": duty(1, ROADS, category=10, area=CITY),
        "green": duty(2, PARKS, category=GREEN, stratum="on"),
        "underside": duty(3, PARKS, "owner", category=GREEN, object_code="V1", stratum="under"),
        "sites": duty(4, BUILDERS, category=SITES),
        "main": duty(5, DEVELOPER, "owner", category=SITES, object_code="S1", phase="main_works"),
        "utilities": duty(6, PIPES, "owner", category=SITES, object_code="S1", phase="utilities"),
        "day": duty(7, ROADS, category=STALLS, hours="mon-sun 06:00-18:00"),
        "evening": duty(8, NIGHT, category=STALLS, hours="mon-sun 00:00-06:00 18:00-24:00"),
        "cleaning": duty(9, CLEANERS, "contract", "contractor", category=PAVING, area=WEST, until=date(2027, 1, 1)),
        "fallback": duty(10, STREET, "territory"),
    }


def plant(wrongs: set[str]) -> tuple[Ledger, Terrain]:
    duties = sound()
    if "viaduct" in wrongs:
        del duties["underside"]
    if "contract" in wrongs:
        ended = (Party("contractor", CLEANERS, "", date(2026, 3, 3)),)
        duties["cleaning"] = duties["cleaning"]._replace(parties=ended)
    if "phase" in wrongs:
        duties["utilities"] = duties["utilities"]._replace(valid_to=date(2026, 2, 1))
    if "evening" in wrongs:
        del duties["evening"]
    if "double" in wrongs:
        duties["twice"] = duty(11, PARKS, category=10, area=CITY)
    here = terrain(sliver="sliver" in wrongs, phase="utilities" if "phase" in wrongs else "main_works")
    return Ledger(duties.values()), here


KINDS = {
    "viaduct": Kind.SURFACE, "sliver": Kind.SLIVER, "contract": Kind.CONTRACT, "phase": Kind.PHASE,
    "evening": Kind.HOURS, "double": Kind.DISPUTE,
}  # fmt: skip


@pytest.mark.parametrize("count", range(len(KINDS) + 1))
def test_whatever_is_planted_is_found_and_nothing_else(count: int) -> None:
    for wrongs in combinations(KINDS, count):
        found = find(*plant(set(wrongs)))
        assert sorted(gap.kind for gap in found) == sorted(KINDS[wrong] for wrong in wrongs), wrongs


def only(wrong: str) -> tuple[Gap, Ledger]:
    ledger, here = plant({wrong})
    (gap,) = find(ledger, here)
    return gap, ledger


def test_what_is_told_of_each() -> None:
    viaduct, _ = only("viaduct")
    assert (viaduct.object_code, viaduct.stratum, viaduct.categories) == ("V1", "under", (GREEN,))
    assert viaduct.area_m2 == pytest.approx(square(VIADUCT), rel=1e-6)
    sliver, _ = only("sliver")
    assert sliver.area_m2 == pytest.approx(square(shapely.box(LON, LAT, LON + SLIVER, LAT + 2 * SIDE)), rel=1e-3)
    contract, ledger = only("contract")
    assert (ledger.duties[contract.duties[0]].code, contract.why, contract.areas) == ("L9", "2026-03-03", (CITY, WEST))
    phase, _ = only("phase")
    assert (phase.object_code, phase.phase, phase.duties) == ("S1", "utilities", (5, 6))
    evening, _ = only("evening")
    assert (evening.hours, evening.categories) == ("mon-sun 00:00-06:00 18:00-24:00", (STALLS,))
    double, _ = only("double")
    assert (double.duties, double.why) == ((1, 11), "handler")
    assert double.area_m2 == pytest.approx(square(box(0, 0, 4, 2)), rel=1e-6)


def ground(duties: dict[str, Duty], **more: Any) -> list[Gap]:
    return [gap for gap in find(Ledger(duties.values()), terrain(**more)) if gap.kind is Kind.GROUND]


def test_ground_is_told_piece_by_piece_and_matters_of_the_same_ground_together() -> None:
    duties = sound()
    duties["roads"] = duties["roads"]._replace(area=WEST)
    duties["green"] = duties["green"]._replace(area=WEST)
    (gap,) = ground(duties)
    assert (gap.categories, gap.areas) == ((PAVING, GREEN), (CITY, EAST, EAST_LEAF))
    assert gap.area_m2 == pytest.approx(square(box(2, 0, 4, 2)), rel=1e-6)
    duties["corner"] = duty(20, ROADS, category=PAVING, grid=20)
    assert {gap.categories: round(gap.area_m2 / square(box(0, 0, 1, 1))) for gap in ground(duties)} == {
        (GREEN,): 4, (PAVING,): 3,
    }  # fmt: skip
    duties["strip"] = duty(21, ROADS, category=PAVING, drawn=wkb(box(2.9, -1, 3.1, 3)))
    pieces = [gap.area_m2 / square(box(0, 0, 1, 1)) for gap in ground(duties) if gap.categories == (PAVING,)]
    assert pieces == pytest.approx([1.8, 0.9], rel=1e-3)


def test_a_class_of_areas_a_situation_and_a_longer_ledger_cover_ground_too() -> None:
    duties = sound()
    duties["roads"] = duties["roads"]._replace(area=None, area_class="core")
    (gap,) = ground(duties)
    assert gap.areas == (CITY, EAST, EAST_LEAF)
    duties["roads"] = duties["roads"]._replace(area_class="", situation="broken")
    assert ground(duties) == [gap], "the contract for cleaning answers in the west"
    assert ground(duties, matters=[Matter(PAVING, 10, "broken")]) == []


def surfaces(duties: dict[str, Duty], *things: Standing) -> dict[str, Gap]:
    found = find(Ledger(duties.values()), terrain(things={thing.code: thing for thing in things}))
    return {gap.object_code + gap.stratum: gap for gap in found if gap.kind is Kind.SURFACE}


def test_ground_without_anybody_is_not_told_again_of_what_stands_on_it() -> None:
    duties = sound() | {"green": duty(2, PARKS, category=GREEN, area=WEST)}
    assert surfaces(duties, standing("V1", VIADUCT, categories=frozenset({GREEN}))) == {}


def test_surfaces_are_bare_where_no_area_no_polygon_and_no_grid_covers_them() -> None:
    green = frozenset({GREEN})
    viaduct = standing("V1", VIADUCT, strata=("under",), categories=green)
    road = standing("R1", LINE, strata=("under",), categories=green)
    stop = standing("T1", shapely.Point(LON + 3.2 * SIDE, LAT + 0.2 * SIDE), strata=("under",), categories=green)
    duties = sound()
    del duties["underside"]
    duties["west"] = duty(20, PARKS, category=20, area=WEST, stratum="under")
    found = surfaces(duties, viaduct, road, stop)
    assert {name: round(gap.area_m2) for name, gap in found.items()} == {
        "V1under": round(square(box(2, 0.9, 3.5, 1.1))), "R1under": 0, "T1under": 0,
    }  # fmt: skip
    assert shapely.from_wkb(found["R1under"].shape).length == pytest.approx(2 * SIDE)
    duties["drawn"] = duty(21, PARKS, category=GREEN, drawn=wkb(box(2, 0, 3, 2)), stratum="under")
    duties["grid"] = duty(22, PARKS, grid=30, stratum="under")
    duties["road"] = duty(23, ROADS, category=20, road="R1")
    found = surfaces(duties, viaduct, road, stop)
    assert {name: round(gap.area_m2) for name, gap in found.items()} == {
        "V1under": round(square(box(3, 1, 3.5, 1.1)))
    }  # fmt: skip


def test_objects_of_a_layer_without_categories_want_anybody() -> None:
    plain = standing("P1", box(2.5, 0.5, 2.6, 0.6), strata=("above",))
    assert surfaces(sound(), plain) == {}
    only_sites = {"sites": sound()["sites"]._replace(area=WEST)}
    assert [*surfaces(only_sites, plain)] == ["P1above"]
    only_sites["phase"] = duty(20, BUILDERS, phase="open")
    assert [*surfaces(only_sites, plain)] == ["P1above"]
    assert surfaces(only_sites, plain._replace(phase="open")) == {}


def test_a_layer_without_categories_is_held_to_those_its_objects_are_named_for() -> None:
    first = standing("B1", box(0.5, 0.5, 0.6, 0.6), layer="bridges", strata=("under",))
    second = first._replace(code="B2")
    duties = sound()
    duties["green"] = duties["green"]._replace(stratum="on")
    duties["first"] = duty(20, PARKS, category=GREEN, object_code="B1", stratum="under")
    found = surfaces(duties, first, second, standing("S1", SITE, phase="main_works", managed=False))
    assert {name: gap.categories for name, gap in found.items()} == {"B2under": (GREEN,)}


def test_ground_a_hair_apart_is_one_piece() -> None:
    duties = sound() | {"roads": duty(1, ROADS, category=10, area=WEST)}
    hair = box(2.999999, -1, 3.000001, 3)
    duties["hair"] = duty(20, ROADS, category=PAVING, drawn=wkb(hair))
    assert len(ground(duties)) == 1
    duties["strip"] = duty(21, ROADS, category=PAVING, drawn=wkb(box(2.999, -1, 3.001, 3)))
    assert len(ground(duties)) == 2


def test_what_a_change_brings_about() -> None:
    ledger, here = plant({"viaduct", "double"})
    effect = what_if(ledger, [11], [duty(-1, NIGHT, category=STALLS, hours="mon-sun 06:00-18:00")], here)
    assert [gap.kind for gap in effect.disappear] == [Kind.DISPUTE]
    assert [(gap.kind, gap.duties) for gap in effect.appear] == [(Kind.DISPUTE, (-1, 7))]
