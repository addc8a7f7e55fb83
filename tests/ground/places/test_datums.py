"""Datums: there and back, against somebody else's conversion, and files that were given in the wrong one."""

import math
from collections.abc import Callable

import numpy as np
import prcoords
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cityloop.ground.places.datums import BOX, Datum, Floats, from_wgs84, misplaced, to_wgs84

DISPLACED = [Datum.GCJ02, Datum.BD09]
WEST, EAST, SOUTH, NORTH = 73.6, 135.0, 18.0, 53.5


def somewhere(count: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(4403)
    return random.uniform(WEST, EAST, count), random.uniform(SOUTH, NORTH, count)


def metres(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    east = (one[0] - other[0]) * np.cos(np.radians(one[1]))
    return np.asarray(np.hypot(east, one[1] - other[1]) * math.tau * 6_371_000 / 360)


@pytest.mark.parametrize("datum", DISPLACED)
def test_there_and_back_is_where_it_was(datum: Datum) -> None:
    points = somewhere(10_000)
    there = from_wgs84(*points, datum)
    assert metres(points, there).min() > 10
    assert metres(points, there).max() < 3000
    assert metres(points, to_wgs84(*there, datum)).max() < 1e-6
    assert metres(there, from_wgs84(*to_wgs84(*there, datum), datum)).max() < 1e-6


@pytest.mark.parametrize(("datum", "theirs"), [(Datum.GCJ02, prcoords.wgs_gcj), (Datum.BD09, prcoords.wgs_bd)])
def test_it_agrees_with_a_conversion_by_somebody_else(
    datum: Datum, theirs: Callable[[tuple[float, float]], tuple[float, float]]
) -> None:
    lons, lats = somewhere(2_000)
    expected = np.array([theirs((lat, lon)) for lon, lat in zip(lons, lats, strict=True)])
    assert metres(from_wgs84(lons, lats, datum), (expected[:, 1], expected[:, 0])).max() < 0.001
    back = {Datum.GCJ02: prcoords.gcj_wgs_bored, Datum.BD09: prcoords.bd_wgs_bored}[datum]
    expected = np.array([back((lat, lon)) for lon, lat in zip(lons, lats, strict=True)])
    assert metres(to_wgs84(lons, lats, datum), (expected[:, 1], expected[:, 0])).max() < 1


@pytest.mark.parametrize("datum", list(Datum))
@pytest.mark.parametrize(
    ("lon", "lat"), [(-74.0, 40.7), (13.4, 52.5), (BOX[0] - 1e-9, 30.0), (BOX[2] + 1e-9, 30.0), (100.0, BOX[3] + 1e-9)]
)
def test_outside_of_china_nothing_moves(datum: Datum, lon: float, lat: float) -> None:
    assert to_wgs84(lon, lat, datum) == (lon, lat)
    assert from_wgs84(lon, lat, datum) == (lon, lat)


def test_cgcs2000_is_wgs84_and_single_numbers_are_numbers() -> None:
    assert to_wgs84(116.4, 39.9, Datum.CGCS2000) == (116.4, 39.9)
    assert from_wgs84(116.4, 39.9, Datum("wgs84")) == (116.4, 39.9)
    lon, lat = from_wgs84(116.404, 39.915, Datum.GCJ02)
    assert type(lon) is float
    assert type(lat) is float
    assert (lon, lat) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-10)  # as published


def test_what_was_handed_over_is_not_changed() -> None:
    lons, lats = np.array([116.4, np.nan, -74.0]), np.array([39.9, 30.0, 40.7])
    moved, _ = to_wgs84(lons, lats, Datum.GCJ02)
    assert moved[0] < 116.4 == lons[0]
    assert math.isnan(moved[1])
    assert moved[2] == -74
    assert [len(part) for part in to_wgs84([], [], Datum.BD09)] == [0, 0]


@given(st.floats(WEST, EAST), st.floats(SOUTH, NORTH), st.sampled_from(DISPLACED))
def test_every_point_comes_back(lon: float, lat: float, datum: Datum) -> None:
    assert to_wgs84(*from_wgs84(lon, lat, datum), datum) == pytest.approx((lon, lat), abs=1e-10)


# Points outside of the city


def city(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return np.asarray((lon >= 114.0) & (lon <= 114.2) & (lat >= 22.5) & (lat <= 22.7))


@pytest.fixture
def lamps() -> tuple[Floats, Floats]:
    random = np.random.default_rng(1)
    return random.uniform(114.0, 114.2, 2000), random.uniform(22.5, 22.7, 2000)


@pytest.mark.parametrize("declared", [Datum.WGS84, Datum.CGCS2000, Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("meant", [Datum.WGS84, Datum.GCJ02, Datum.BD09])
def test_a_file_in_another_datum_is_named_by_what_falls_over_the_border(
    lamps: tuple[Floats, Floats], declared: Datum, meant: Datum
) -> None:
    lons, lats = from_wgs84(*lamps, meant)
    found = misplaced(lons, lats, city, declared)
    same = meant == declared or {meant, declared} == {Datum.WGS84, Datum.CGCS2000}
    assert found.verdict == ("" if same else meant.value)
    assert set(found.points) == ({""} if same else {"", meant.value})
    assert (found.outside > 30, found.left) == (not same, 0)


@pytest.mark.parametrize("declared", [Datum.WGS84, Datum.GCJ02])
def test_exchanged_coordinates_are_named_one_by_one(lamps: tuple[Floats, Floats], declared: Datum) -> None:
    lons, lats = from_wgs84(*lamps, declared)
    whole = misplaced(lats, lons, city, declared)
    assert (whole.verdict, set(whole.points), whole.outside, whole.left) == ("swapped", {"swapped"}, 2000, 0)
    lons[:3], lats[:3] = lats[:3].copy(), lons[:3].copy()
    some = misplaced(lons, lats, city, declared)
    assert (some.verdict, some.outside) == ("", 3)
    assert some.points == ["swapped"] * 3 + [""] * 1997
    assert misplaced(22.6, 114.1, city).points == ["swapped"]


def test_points_that_truly_lie_outside_are_not_explained_away(lamps: tuple[Floats, Floats]) -> None:
    random = np.random.default_rng(2)
    around = random.uniform(113.99, 114.21, 300), random.uniform(22.49, 22.71, 300)
    lons, lats = np.concatenate([lamps[0], around[0], [0.0]]), np.concatenate([lamps[1], around[1], [0.0]])
    found = misplaced(lons, lats, city)
    assert found.outside > 20
    assert (found.verdict, set(found.points)) == ("", {""})


def test_one_point_over_the_border_is_no_reason_to_doubt_a_file(lamps: tuple[Floats, Floats]) -> None:
    lons, lats = np.append(lamps[0], 114.203), np.append(lamps[1], 22.6)
    assert misplaced(lons, lats, city) == (["" for _ in lons], "", 1, 1)
    assert misplaced([np.nan], [22.6], city) == ([""], "", 0, 0)


def test_a_file_of_another_city_has_no_correction() -> None:
    found = misplaced([116.4] * 10, [39.9] * 10, city)
    assert (found.verdict, set(found.points), found.outside) == ("", {""}, 10)
