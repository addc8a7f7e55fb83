"""OGC API - Features Part 2 (18-058r1): the abstract tests that apply; each names its requirement."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from cityloop.config.pack.reading import Pack
from cityloop.results.exchange.crs import CRS84, EPSG, offered, told_in, window

from .conftest import put
from .test_ogc_core import body, get, ids

POINTS = {f"P{n:02}": shapely.Point(10.001 + n * 0.0009, 50.001 + n * 0.0004) for n in range(20)}
LIST = [CRS84, f"{EPSG}4326", f"{EPSG}4490", f"{EPSG}3857"]
ITEMS = "/collections/toilets/items"


@pytest.fixture(autouse=True)
def _filled(layered: Pack) -> None:
    put("toilets", POINTS)


def first(**query: str) -> Any:
    return body(ITEMS, limit="1", **query)["features"][0]["geometry"]["coordinates"]


def test_systems_are_listed_by_their_address() -> None:
    """/req/crs/crs-uri, fc-md-crs-list, fc-md-crs-list-global, fc-md-storageCrs, fc-md-storageCrs-valid-value"""
    told = body("/collections")
    assert told["crs"] == LIST
    for one in told["collections"]:
        assert one["crs"] == LIST
        assert one["storageCrs"] in one["crs"]


def test_the_parameters_are_described() -> None:
    """/req/crs/fc-crs-definition, /req/crs/fc-bbox-crs-definition"""
    told = body("/api")["components"]["parameters"]
    for name in ("crs", "bbox-crs"):
        assert told[name]["schema"] == {"type": "string", "format": "uri", "enum": LIST, "default": CRS84}
        assert (told[name]["style"], told[name]["explode"], told[name]["required"]) == ("form", False, False)


@pytest.mark.parametrize("name", ["crs", "bbox-crs"])
@pytest.mark.parametrize("wrong", [f"{EPSG}2154", "EPSG:4326", ""])
def test_other_systems_are_refused(name: str, wrong: str) -> None:
    """/req/crs/fc-crs-valid-value, /req/crs/fc-bbox-crs-valid-value"""
    answer = get(ITEMS, **{name: wrong, "bbox": "0,0,1,1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "crs_not_offered")
    if name == "crs":
        assert get(f"{ITEMS}/P00", crs=wrong).status_code == 400


def test_the_default_is_longitude_and_latitude() -> None:
    """/req/crs/fc-crs-default-value, /req/crs/fc-bbox-crs-valid-defaultValue"""
    assert first() == first(crs=CRS84) == [10.001, 50.001]
    box = "10.0005,50.0005,10.0015,50.0015"
    assert ids(ITEMS, bbox=box) == ids(ITEMS, bbox=box, **{"bbox-crs": CRS84}) == ["P00"]


def test_coordinates_come_in_the_system_and_its_order_of_axes() -> None:
    """/req/crs/fc-crs-action"""
    assert first(crs=f"{EPSG}4326") == [50.001, 10.001]
    assert first(crs=f"{EPSG}4490") == [50.001, 10.001]
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(10.001, 50.001)
    assert first(crs=f"{EPSG}3857") == pytest.approx([x, y], abs=1e-6)
    alone = body(f"{ITEMS}/P00", crs=f"{EPSG}4326")
    assert alone["geometry"]["coordinates"] == [50.001, 10.001]


def test_the_answer_says_its_system() -> None:
    """/req/crs/ogc-crs-header, /req/crs/ogc-crs-header-value, /req/crs/geojson"""
    for path in (ITEMS, f"{ITEMS}/P00"):
        assert get(path)["Content-Crs"] == f"<{CRS84}>"
        for crs in LIST:
            answer = get(path, crs=crs)
            assert answer["Content-Crs"] == f"<{crs}>"
            assert answer["Content-Type"] == "application/geo+json"
    assert "Content-Crs" not in get("/collections")


@pytest.mark.parametrize("crs", LIST)
def test_a_box_is_read_in_its_own_system(crs: str) -> None:
    """/req/crs/fc-bbox-crs-action"""
    west, south, east, north = 10.0035, 50.0, 10.0125, 50.0055
    corners = shapely.get_coordinates(told_in(np.array([shapely.Point(west, south), shapely.Point(east, north)]), crs))
    wanted = [code for code, p in POINTS.items() if west <= p.x <= east and south <= p.y <= north]
    assert 0 < len(wanted) < len(POINTS)
    box = ",".join(map(repr, corners.ravel().tolist()))
    assert ids(ITEMS, bbox=box, **{"bbox-crs": crs}) == wanted
    both = body(ITEMS, bbox=box, crs=f"{EPSG}3857", **{"bbox-crs": crs})
    assert [one["id"] for one in both["features"]] == wanted


def test_links_keep_the_systems() -> None:
    """/req/crs/fc-crs-action"""
    told = body(ITEMS, limit="1", crs=f"{EPSG}4326")
    (following,) = (link["href"] for link in told["links"] if link["rel"] == "next")
    assert "crs=http%3A%2F%2Fwww.opengis.net" in following


def test_a_city_in_china_has_its_own_zone() -> None:
    assert offered(None) == offered(10.0) == LIST
    assert offered(117.0)[-1] == f"{EPSG}4548"
    assert offered(118.6)[-1] == f"{EPSG}4549"
    zone = f"{EPSG}4548"
    ((northing, easting),) = shapely.get_coordinates(told_in(np.array([shapely.Point(117.0, 36.65)]), zone))
    assert (northing, easting) == pytest.approx((4_057_670, 500_000), abs=2000)


def test_a_box_in_a_zone_bends_in_degrees() -> None:
    """/req/crs/fc-bbox-crs-action"""
    zone = f"{EPSG}4548"
    corners = (4_000_000.0, 540_000.0, 4_060_000.0, 600_000.0)
    found = window(corners, zone)
    chance = np.random.default_rng(5)
    points = shapely.points(chance.uniform(117.4, 118.2, 2000), chance.uniform(36.1, 36.7, 2000))
    there = shapely.get_coordinates(told_in(points, zone))
    inside = (
        (there[:, 0] >= corners[0])
        & (there[:, 0] <= corners[2])
        & (there[:, 1] >= corners[1])
        & (there[:, 1] <= corners[3])
    )
    assert 200 < inside.sum() < 1800
    assert (shapely.intersects(points, found.shape) == inside).mean() > 0.999
    outer, inner = shapely.box(*found.outer[0]), shapely.box(*found.inner[0])
    assert outer.contains(found.shape)
    assert found.shape.buffer(1e-9).contains(inner)


@pytest.mark.parametrize("box", ["5,5,1,1", "1e400,0,1,1"])
def test_a_box_that_is_none_is_refused(box: str) -> None:
    """/req/core/query-param-invalid"""
    answer = get(ITEMS, bbox=box, **{"bbox-crs": f"{EPSG}3857"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bbox_unreadable")


def test_a_box_beyond_the_square_is_all_of_it() -> None:
    """/req/crs/fc-bbox-crs-action"""
    box = "-3e7,-3e7,3e7,3e7"
    assert ids(ITEMS, bbox=box, **{"bbox-crs": f"{EPSG}3857"}) == list(POINTS)


def test_geometries_of_every_kind_are_told_in_every_system() -> None:
    """/req/crs/fc-crs-action"""
    put("roads", {"R1": shapely.MultiLineString([[(10, 50), (10.01, 50)], [(10, 50.01), (10.01, 50.01)]])})
    told = body("/collections/roads/items", crs=f"{EPSG}4326")["features"][0]["geometry"]
    assert told["coordinates"][0] == [[50.0, 10.0], [50.0, 10.01]]
    assert shapely.from_geojson(json.dumps(told)).geom_type == "MultiLineString"
