"""locate: points into grids and polygons."""

from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.ground.places.locate import NOWHERE, AreaMap, AreaRow, GridRow
from cityloop.ground.places.models import Area, UnitGrid
from cityloop.ground.places.queries import area_map


def wkb(shape: shapely.Geometry) -> bytes:
    return bytes(shapely.to_wkb(shape))


WEST, EAST = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
BOWTIE = shapely.Polygon([(4, 0), (5, 1), (5, 0), (4, 1)])
AREAS = [
    AreaRow(1, "9", "city", (1,), wkb(shapely.box(0, 0, 3, 1))),
    AreaRow(2, "91", "district", (1, 2), wkb(WEST)),
    AreaRow(3, "92", "district", (1, 3), wkb(EAST)),
    AreaRow(4, "93", "district", (1, 4)),
    AreaRow(5, "94", "district", (1, 5), wkb(BOWTIE)),
]
GRIDS = [GridRow(70, "930001", 4, 0.0, 0.0, 0.1, 0.1), GridRow(71, "930002", 4, 0.1, 0.0, 0.2, 0.1)]
MAP = AreaMap(reversed(AREAS), GRIDS)


@pytest.mark.parametrize(
    ("lon", "lat", "grid", "areas"),
    [
        (0.05, 0.05, 70, (1, 2)),  # the polygon goes before the area of the grid
        (0.15, 0.05, 71, (1, 2)),
        (0.1, 0.05, 70, (1, 2)),  # between two grids: the smallest code
        (0.5, 0.5, None, (1, 2)),
        (1.0, 0.5, None, (1, 2)),  # on the border of two districts: the smallest code
        (1.5, 0.5, None, (1, 3)),
        (2.5, 0.5, None, (1,)),  # in the city, in no district
        (4.9, 0.5, None, (1, 5)),  # a polygon that crosses itself is repaired
        (4.5, 0.9, None, ()),
        (9.0, 9.0, None, ()),
    ],
)
def test_a_point_has_a_grid_and_the_areas_above_it(
    lon: float, lat: float, grid: int | None, areas: tuple[int, ...]
) -> None:
    place = MAP.place(lon, lat)
    assert (place.grid, place.areas, place.lon) == (grid, areas, lon)


def test_a_printed_area_counts_where_the_point_tells_none() -> None:
    assert MAP.place(None, None, "92").areas == (1, 3)
    assert MAP.place(9.0, 9.0, "92").area_code == "92"
    assert MAP.place(0.5, 0.5, "92").area_code == "91"
    assert MAP.place(None, None, "no such code") is NOWHERE


def test_many_points_at_once_and_no_points() -> None:
    grids, areas = MAP.locate_many([0.05, np.nan, 1.5, 7], [0.05, 0.5, 0.5, np.nan])
    assert [MAP.grids[i].id if i >= 0 else None for i in grids] == [70, None, None, None]
    assert [MAP.areas[i].code if i >= 0 else None for i in areas] == ["91", None, "92", None]
    assert [len(found) for found in MAP.locate_many([], [])] == [0, 0]
    bare = AreaMap([])
    assert (bare.place(1.0, 1.0).areas, bare.has_shapes) == ((), False)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 3), st.floats(0, 1))
def test_one_by_one_and_together_agree_with_plain_containment(lon: float, lat: float) -> None:
    place = AreaMap(AREAS).place(lon, lat)
    holding = [row.code for row in AREAS[1:3] if shapely.from_wkb(row.shape).intersects(shapely.Point(lon, lat))]
    assert place.area_code == min(holding, default="9")


@pytest.mark.django_db
def test_the_map_of_a_day_is_read_in_two_statements(django_assert_num_queries: Any) -> None:
    spring, summer = date(2020, 3, 1), date(2020, 6, 1)
    city = Area.objects.create(code="9", level="city", name="City", valid_from=spring)
    old = Area.objects.create(
        code="91", level="district", name="Old", parent=city, valid_from=spring, valid_to=summer, shape=wkb(WEST)
    )
    for area, path in ((city, [city.pk]), (old, [city.pk, old.pk])):
        Area.objects.filter(pk=area.pk).update(path=path)
    UnitGrid.objects.create(code="910001", area=old, west=0, south=0, east=0.1, north=0.1, valid_from=spring)
    with django_assert_num_queries(2):
        before = area_map(date(2020, 5, 31))
    assert before.place(0.05, 0.05).areas == (city.pk, old.pk)
    assert before.place(0.5, 0.5).area_code == "91"
    after = area_map(summer)
    assert after.place(0.05, 0.05).areas == ()
    assert not after.has_shapes
