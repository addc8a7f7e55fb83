"""Tiles: what stands in them, for whom, and how often they are asked for."""

import math
from typing import Any

import mapbox_vector_tile
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityloop.results.exchange.mercator import EXTENT, Box, Tile
from cityloop.results.exchange.mvt import Layer

from .conftest import EAST, WEST, Desk, forget, get, later, token

FAR, NEAR = 9, 16


def at(z: int, place: tuple[float, float]) -> Tile:
    """The tile that holds a point, by the textbook's formula."""
    lon, lat = place
    x = (lon + 180) / 360
    y = (1 - math.log(math.tan(math.radians(lat)) + 1 / math.cos(math.radians(lat))) / math.pi) / 2
    return Tile(z, int(x * 2**z), int(y * 2**z))


def features(layer: str, tile: Tile, t: str, part: str = "", **only: str) -> list[dict[str, Any]]:
    answer = get(f"/tiles/{layer}/{tile.z}/{tile.x}/{tile.y}", t=t, **only)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/vnd.mapbox-vector-tile"
    decoded = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    found = decoded.get(part or layer, {"features": []})["features"]
    assert isinstance(found, list)
    return found


def numbers(tile: Tile, t: str, **only: str) -> set[str]:
    return {feature["properties"]["n"] for feature in features("cases", tile, t, **only)}


def test_a_tile_covers_what_it_should() -> None:
    assert Tile(0, 0, 0).box() == pytest.approx(Box(-180, -85.0511287798066, 180, 85.0511287798066))
    box = at(14, WEST).box()
    assert box.west <= WEST[0] < box.east
    assert box.south < WEST[1] <= box.north


def test_near_by_every_case_is_a_point_where_it_is(desk: Desk) -> None:
    case = desk.brought(desk.opened(WEST), "dispatched")
    tile = at(NEAR, WEST)
    (point,) = features("cases", tile, token("dispatcher"))
    assert point["properties"] == {"n": case, "l": "green", "s": "dispatched"}
    x, y = point["geometry"]["coordinates"]
    box = tile.box()
    assert box.west + x / EXTENT * (box.east - box.west) == pytest.approx(WEST[0], abs=1e-5)
    assert box.north - y / EXTENT * (box.north - box.south) == pytest.approx(WEST[1], abs=1e-5)
    assert features("cases", at(NEAR, EAST), token("dispatcher")) == []


def test_far_away_cases_are_counted_by_cell(desk: Desk) -> None:
    for unit, place in (("roads", WEST), ("roads", WEST), ("parks", EAST)):
        desk.brought(desk.opened(place), "dispatched", unit)
    desk.opened(EAST)
    cells = features("cases", at(FAR, WEST), token("dispatcher"))
    assert sum(cell["properties"]["total"] for cell in cells) == 4
    assert sum(cell["properties"]["green"] for cell in cells) == 3
    later(days=30)
    cells = features("cases", at(FAR, WEST), token("dispatcher"))
    assert [sum(cell["properties"][light] for cell in cells) for light in ("red", "yellow", "green")] == [3, 0, 0]


def test_a_closed_case_leaves_the_map(desk: Desk) -> None:
    case = desk.brought(desk.opened(WEST), "checked")
    assert numbers(at(NEAR, WEST), token("dispatcher")) == {case}
    desk.step(case, "close", "shift_leader", closing_kind="solved")
    forget()
    assert numbers(at(NEAR, WEST), token("dispatcher")) == set()


def test_everybody_sees_their_own(desk: Desk) -> None:
    roads = desk.brought(desk.opened(WEST), "dispatched")
    parks = desk.brought(desk.opened(WEST, category="0103"), "dispatched", "parks")
    tile = at(NEAR, WEST)
    assert numbers(tile, token("handler", organisation="roads")) == {roads}
    assert numbers(tile, token("handler", organisation="parks")) == {parks}
    assert numbers(tile, token("collector", area="990100001")) == {roads, parks}
    assert numbers(tile, token("collector", area="990100002")) == set()
    assert numbers(tile, token("machine")) == set()


def test_a_map_may_be_narrowed(desk: Desk) -> None:
    hole = desk.brought(desk.opened(WEST), "dispatched")
    tree = desk.opened(WEST, category="0103")
    tile, t = at(NEAR, WEST), token("dispatcher")
    assert numbers(tile, t, state="reported,filed") == {tree}
    assert numbers(tile, t, light="green") == {hole}
    assert numbers(tile, t, light="none") == {tree}
    assert numbers(tile, t, category="0103") == {tree}
    assert numbers(tile, t, category="01") == {hole, tree}
    assert numbers(tile, t, category="nothing\0") == set()
    assert get("/tiles/cases/16/1/1", t=t, light="blue").json()["code"] == "input_wrong"


def test_grids_carry_what_is_open_in_them(desk: Desk) -> None:
    desk.brought(desk.opened(WEST), "dispatched")
    desk.opened(WEST)
    t = token("dispatcher")
    load = {f["properties"]["code"]: f["properties"]["open"] for f in features("grids", at(13, WEST), t)}
    assert load == {"990100001001": 2, "990100001002": 0, "990100002001": 0, "990100002002": 0}
    (beat,) = features("grids", at(18, WEST), t)
    assert beat["properties"] == {"code": "990100001001", "open": 2, "red": 0}
    later(days=30)
    (beat,) = features("grids", at(18, WEST), t)
    assert beat["properties"]["red"] == 1
    assert features("grids", at(12, WEST), t) == []
    assert features("grids", at(18, (11.0, 51.0)), t) == []


def test_areas_are_outlined_and_named_in_both_languages(desk: Desk) -> None:
    areas = {
        f["properties"]["code"]: f for f in features("areas", at(12, WEST), token("handler", organisation="roads"))
    }
    west = areas["990100001"]
    assert west["properties"] == {
        "scheme": "division",
        "level": "district",
        "code": "990100001",
        "name_zh": "西区",
        "name_en": "West",
        "depth": 2,
    }
    assert west["geometry"]["type"] == "Polygon"
    assert features("areas", at(12, (40.0, 10.0)), token("dispatcher")) == []


def test_an_area_without_a_boundary_is_drawn_around_its_grids(desk: Desk) -> None:
    tile = at(12, WEST)
    (city,) = (f for f in features("areas", tile, token("dispatcher")) if f["properties"]["depth"] == 1)
    corners = city["geometry"]["coordinates"][0]
    box = tile.box()
    edges = [box.west + x / EXTENT * (box.east - box.west) for x, _ in corners]
    assert (min(edges), max(edges)) == pytest.approx((10.0, 10.02), abs=1e-4)


def test_the_name_of_an_area_stands_in_it_and_in_one_tile_only(desk: Desk) -> None:
    t = token("dispatcher")
    named: dict[str, int] = {}
    home = at(14, WEST)
    for x in range(home.x - 2, home.x + 3):
        for y in range(home.y - 2, home.y + 3):
            for found in features("areas", Tile(14, x, y), t, part="names"):
                code = found["properties"]["code"]
                named[code] = named.get(code, 0) + 1
    assert named == {"990100": 1, "990100001": 1, "990100002": 1}


def test_a_tile_that_did_not_change_is_not_sent_again(desk: Desk) -> None:
    desk.opened(WEST)
    tile, t = at(NEAR, WEST), token("dispatcher")
    address = f"/api/tiles/cases/{tile.z}/{tile.x}/{tile.y}?t={t}"
    first = Client().get(address)
    assert first["Cache-Control"] == "private, max-age=5"
    again = Client().get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    desk.opened(WEST)
    forget()
    assert Client().get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert get("/tiles/areas/12/2161/1387", t=t)["Cache-Control"] == "private, max-age=3600"


@pytest.mark.parametrize("layer", ["cases", "grids"])
def test_a_tile_asks_two_questions(desk: Desk, layer: str) -> None:
    for _ in range(5):
        desk.opened(WEST)
    t, tile = token("collector", area="990100001"), at(NEAR, WEST)
    features(layer, tile, t)
    forget()
    with CaptureQueriesContext(connection) as asked:
        features(layer, tile, t)
    assert len(asked) <= 2


@pytest.mark.parametrize("place", ["-1/0/0", "23/0/0", "3/8/0", "3/0/8", "3/-1/0"])
def test_there_is_no_tile_outside_the_world(db: None, place: str) -> None:
    answer = get(f"/tiles/cases/{place}", t=token("machine"))
    assert (answer.status_code, answer.json()["code"]) == (422, "fact_wrong")


def test_rings_and_holes_come_back_as_they_were() -> None:
    layer = Layer("areas")
    outer = [(0, 0), (4096, 0), (4096, 4096), (-64, 4160)]
    hole = [(100, 100), (100, 200), (200, 200), (200, 100)]
    layer.polygon([outer, hole], {"code": "a", "depth": 1})
    layer.polygon([], {"code": "nothing"})
    decoded = mapbox_vector_tile.decode(layer.encode(), default_options={"y_coord_down": True})
    (feature,) = decoded["areas"]["features"]
    assert [len(ring) for ring in feature["geometry"]["coordinates"]] == [5, 5]
    assert feature["geometry"]["coordinates"][0][3] == [-64, 4160]
    assert feature["properties"] == {"code": "a", "depth": 1}
