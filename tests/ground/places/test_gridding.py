"""Unit grids tile their community and are numbered by one rule."""

from math import ceil
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.core.errors import Refused
from cityloop.ground.places.gridding import TOLERANCE_M2, Unit, unit_grids
from cityloop.ground.places.lattice import lattice_at
from cityloop.ground.places.metres import square_metres
from cityloop.ground.places.seams import seam_errors
from places.random_ground import LAT, LAT_M, LON, LON_M, grounds, squares, star, strip

CODE = "110101001002"


def shapes(units: list[Unit]) -> list[Any]:
    return [unit.shape for unit in units]


def place(unit: Unit, community: Any) -> tuple[float, float]:
    """Row from the north and west edge: the rule of numbers, said once more."""
    _, south, _, north = community.bounds
    step = lattice_at((south + north) / 2, unit.side_m).lat_step
    return -ceil(unit.shape.bounds[3] / step - 1e-4), unit.shape.bounds[0]


@settings(max_examples=60, deadline=None)
@given(grounds(), st.booleans())
def test_cells_tile_their_community_and_are_numbered_by_row(community: Any, partly: bool) -> None:
    units = unit_grids(community, CODE, star(7, 300) if partly else None)
    assert seam_errors([community], shapes(units), [0] * len(units), TOLERANCE_M2) == []
    whole = shapely.union_all(shapes(units))
    assert square_metres([shapely.symmetric_difference(whole, community)])[0] < TOLERANCE_M2
    assert sum(unit.area_m2 for unit in units) == pytest.approx(square_metres([community])[0], rel=1e-5, abs=1)
    assert [unit.code for unit in units] == [f"{CODE}{number:03}" for number in range(1, len(units) + 1)]
    assert {(len(unit.code), unit.generated) for unit in units} == {(15, True)}
    order = [place(unit, community) for unit in units]
    assert order == sorted(order)
    assert len(units) == 1 or min(unit.area_m2 for unit in units) > 0.99 * units[0].side_m ** 2 / 3


@settings(max_examples=15, deadline=None)
@given(grounds())
def test_the_same_ground_is_cut_the_same_way_wherever_its_rings_begin(community: Any) -> None:
    turned = shapely.normalize(shapely.reverse(community))
    assert [shapely.to_wkb(shape) for shape in shapes(unit_grids(community, CODE))] == [
        shapely.to_wkb(shape) for shape in shapes(unit_grids(turned, CODE))
    ]


def test_whole_cells_are_about_10_000_m2_and_two_communities_share_a_lattice() -> None:
    west, east = shapely.union_all(squares(4, 3)), shapely.union_all(squares(3, 3, column=100_004))
    units, beside = unit_grids(west, CODE), unit_grids(east, CODE[:-1] + "3")
    assert (len(units), len(beside)) == (12, 9)
    assert all(9_900 < unit.area_m2 < 10_050 for unit in units)
    assert units[3].shape.bounds[2] == beside[0].shape.bounds[0]
    assert units[3].shape.bounds[3] == beside[0].shape.bounds[3]


def test_the_first_number_is_in_the_north_west_and_the_last_in_the_south_east() -> None:
    units = unit_grids(shapely.union_all(squares(4, 3)), CODE)
    middles = [unit.shape.centroid for unit in units]
    assert middles[0].x == min(middle.x for middle in middles)
    assert middles[0].y == pytest.approx(max(middle.y for middle in middles))
    assert [middles[1].x > middles[0].x, middles[4].y < middles[0].y] == [True, True]
    assert middles[-1].x == max(middle.x for middle in middles)


def test_a_sliver_joins_the_neighbour_along_its_longest_border() -> None:
    block = squares(2, 1)
    west, _, east, north = shapely.total_bounds(block)
    lip = shapely.box(west + 0.0001, north, east, north + 0.0001)  # 11 m high, nearly all of it over the second cell
    units = unit_grids(shapely.union_all([*block, lip]), CODE)
    assert len(units) == 2
    assert [unit.shape.bounds[3] > north for unit in units].count(True) == 2  # one part of the lip over each cell
    assert all(unit.shape.geom_type == "Polygon" for unit in units)
    foot = shapely.union(block[0], shapely.box(east - 0.00118, north, east + 0.0003, north + 0.0001))
    assert len(unit_grids(foot, CODE)) == 1


def test_a_rock_joins_the_nearest_cell_and_a_long_strip_is_still_cut() -> None:
    rock = shapely.Point(LON + 500 / LON_M, LAT - 900 / LAT_M).buffer(10 / LAT_M)
    units = unit_grids(shapely.union(star(3, 400), rock), CODE)
    assert [unit.shape.geom_type for unit in units].count("MultiPolygon") == 1
    along = unit_grids(strip(2000, 20), CODE)
    assert 4 <= len(along) <= 12
    assert [unit.area_m2 for unit in unit_grids(rock, CODE)] == [pytest.approx(square_metres([rock])[0])]


def test_outside_what_is_built_up_one_cell_is_the_whole_rest() -> None:
    community, built = star(5, 3000), shapely.Point(LON, LAT).buffer(0.003)
    units = unit_grids(community, CODE, built)
    large = [unit for unit in units if unit.area_m2 > 50_000]
    assert len(large) == 1
    assert large[0].area_m2 == pytest.approx(square_metres([community.difference(built)])[0], rel=0.01)
    assert len(units) > 20
    assert len(unit_grids(community, CODE, shapely.Polygon())) == 1


@pytest.mark.parametrize("radius_m", [4_000, 30_000])
def test_where_three_digits_do_not_suffice_cells_become_larger(radius_m: float) -> None:
    community = star(11, radius_m)
    units = unit_grids(community, CODE)
    assert 700 < len(units) <= 999
    assert {(unit.side_m > 100, unit.side_m % 10) for unit in units} == {(True, 0)}
    assert units[-1].code == f"{CODE}{len(units):03}"
    assert seam_errors([community], shapes(units), [0] * len(units), TOLERANCE_M2) == []


@pytest.mark.parametrize(
    ("ground", "code", "error"),
    [
        (star(1, 100), "11010100100", "community_code_unfit"),
        (star(1, 100), "11010100100x", "community_code_unfit"),
        (star(1, 100), "１１０１０１００１００２", "community_code_unfit"),
        (shapely.Polygon(), CODE, "community_empty"),
        (shapely.LineString([(0, 0), (1, 1)]), CODE, "community_empty"),
    ],
)
def test_no_numbers_without_a_code_and_no_cells_without_ground(ground: Any, code: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        unit_grids(ground, code)
    assert refused.value.code == error
