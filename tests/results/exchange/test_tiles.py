"""Tiles of objects and grids: what stands in them, for whom, and how often they are made."""

import gzip
import time
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from journeys.conftest import holder_of, nobody

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Denied, Unproven
from cityloop.ground.places.actions import renew
from cityloop.ground.places.models import Area, AreaGrid, UnitGrid
from cityloop.ground.registry.models import LedgerRow
from cityloop.results.exchange import sight, tiles
from cityloop.results.exchange.mercator import EXTENT, Tile
from cityloop.results.exchange.mvt import Layer

from .conftest import DAY, MIDDLE, actor, add_points, forget, put, tile_at

NEAR, FAR = 16, 9
WEST, EAST = (10.002, 50.005), (10.018, 50.009)


def fetch(kind: str, tile: Tile, token: str = "", **headers: str) -> Any:
    path = f"/api/tiles/{kind}/{tile.z}/{tile.x}/{tile.y}"
    return Client().get(path, {"token": token} if token else {}, headers={"Accept-Language": "en", **headers})


def features(kind: str, tile: Tile, token: str = "") -> list[dict[str, Any]]:
    answer = fetch(kind, tile, token)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/vnd.mapbox-vector-tile"
    layer = "objects" if kind.startswith("objects") else "grids"
    decoded = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    found = decoded.get(layer, {"features": []})["features"]
    assert isinstance(found, list)
    return found


def codes(kind: str, tile: Tile, token: str = "") -> list[str]:
    return sorted(feature["properties"]["code"] for feature in features(kind, tile, token))


def token_for(*areas: str | None) -> str:
    return sight.token_of(actor(*areas)).token


def test_near_by_every_point_is_there_with_its_name(layered: Pack) -> None:
    put("toilets", {"T1": shapely.Point(WEST), "T2": shapely.Point(EAST)}, names={"T1": "Gate"})
    tile = tile_at(NEAR, WEST)
    (point,) = features("objects/toilets", tile)
    assert point["properties"] == {"code": "T1", "name": "Gate", "state": ""}
    x, y = point["geometry"]["coordinates"]
    box = tile.box()
    assert box.west + x / EXTENT * (box.east - box.west) == pytest.approx(WEST[0], abs=1e-5)
    assert box.north - y / EXTENT * (box.north - box.south) == pytest.approx(WEST[1], abs=1e-5)
    assert codes("objects/toilets", tile_at(FAR, WEST)) == ["T1", "T2"]


def test_too_many_points_are_counted_by_cell(layered: Pack) -> None:
    add_points("toilets", tiles.FEW + 1)
    far, near = tile_at(FAR, MIDDLE), tile_at(tiles.POINTS_FROM, MIDDLE)
    cells = features("objects/toilets", far)
    assert sum(cell["properties"]["count"] for cell in cells) == tiles.FEW + 1
    assert len(features("objects/toilets", near)) == tiles.FEW + 1
    add_points("lids", tiles.MOST + 1)
    cells = features("objects/lids", near, token_for(None))
    assert sum(cell["properties"]["count"] for cell in cells) == tiles.MOST + 1
    assert len(cells) <= tiles.CELLS**2


def test_lines_and_polygons_are_cut_at_the_edge_of_the_tile(layered: Pack) -> None:
    put(
        "roads", {"R1": shapely.LineString([(9.9, 50.005), (10.1, 50.005)]), "R2": shapely.LineString([(0, 0), (1, 1)])}
    )
    hole = shapely.box(10.0018, 50.0048, 10.0022, 50.0052)
    put("greens", {"G1": shapely.difference(shapely.box(9.9, 49.9, 10.1, 50.1), hole)})
    tile = tile_at(NEAR, WEST)
    (road,) = features("objects/roads", tile)
    assert (road["geometry"]["type"], road["properties"]["code"]) == ("LineString", "R1")
    xs = [x for x, _ in road["geometry"]["coordinates"]]
    assert (min(xs), max(xs)) == (-64, EXTENT + 64)
    (green,) = features("objects/greens", tile)
    outer, inner = green["geometry"]["coordinates"]
    assert {value for corner in outer for value in corner} == {-64, EXTENT + 64}
    assert shapely.area(shapely.Polygon(inner)) > 0


def test_outlines_are_simplified_further_out(layered: Pack) -> None:
    circle = shapely.Point(MIDDLE).buffer(0.003, quad_segs=500)
    put("greens", {"G1": circle, "G2": shapely.Point(MIDDLE).buffer(1e-7)})
    near, far = (features("objects/greens", tile_at(z, MIDDLE)) for z in (12, 10))
    assert len(far) == 1  # the speck is smaller than a step
    assert 3 < len(far[0]["geometry"]["coordinates"][0]) < len(near[0]["geometry"]["coordinates"][0]) < 300


def test_of_too_many_lines_the_longest_are_kept(layered: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "MOST", 2)
    long = {f"R{n}": shapely.LineString([WEST, (WEST[0] + n / 10000, WEST[1])]) for n in (1, 3, 2)}
    put("roads", long)
    assert codes("objects/roads", tile_at(12, WEST)) == ["R2", "R3"]


def test_an_internal_layer_asks_for_a_token_and_shows_the_areas_of_the_post(layered: Pack) -> None:
    places = {"L1": "990100001", "L2": "990100002"}
    put("lids", {"L1": shapely.Point(WEST), "L2": shapely.Point(EAST)}, areas=places)
    tile = tile_at(FAR, WEST)
    assert codes("objects/lids", tile, token_for(None)) == ["L1", "L2"]
    assert codes("objects/lids", tile, token_for("990100001")) == ["L1"]
    assert codes("objects/lids", tile, token_for("990100001", "990100002")) == ["L1", "L2"]
    assert codes("objects/lids", tile, token_for("990100")) == ["L1", "L2"]
    answer = fetch("objects/lids", tile)
    assert (answer.status_code, answer.json()["code"]) == (401, "tile_token_wrong")


def test_a_token_comes_from_the_api_to_who_may_see_objects(layered: Pack) -> None:
    told = holder_of("acceptor").get("/tiles/token").json()
    assert sight.sight_in(told["token"]) == sight.WHOLE
    assert nobody().get("/tiles/token").status_code == 403
    assert Client().get("/api/tiles/token").status_code == 401
    with pytest.raises(Denied):
        sight.token_of(actor(None, role="machine"))


def test_a_token_stays_the_same_for_a_while_and_ends(layered: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = 1_700_006_400.0
    monkeypatch.setattr(time, "time", lambda: noon)
    made = sight.token_of(actor("990100001"))
    assert made.expires_at.timestamp() == noon + sight.MAX_AGE
    monkeypatch.setattr(time, "time", lambda: noon + sight.STEP - 1)
    assert sight.token_of(actor("990100001")) == made
    monkeypatch.setattr(time, "time", lambda: noon + sight.MAX_AGE)
    assert sight.sight_in(made.token).internal
    monkeypatch.setattr(time, "time", lambda: noon + sight.MAX_AGE + 1)
    with pytest.raises(Unproven):
        sight.sight_in(made.token)
    answer = fetch("objects/lids", tile_at(NEAR, WEST), made.token)
    assert (answer.status_code, answer.json()["code"]) == (401, "tile_token_wrong")


@pytest.mark.parametrize("wrong", ["x", "W10:1rA:AAAA", "\0", "é:a:b"])
def test_a_token_that_is_not_ours_opens_nothing(layered: Pack, wrong: str) -> None:
    for kind in ("objects/toilets", "objects/lids", "grids/unit"):
        answer = fetch(kind, tile_at(NEAR, WEST), wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "tile_token_wrong")


def test_a_token_for_something_else_opens_nothing(layered: Pack, settings: Any) -> None:
    view = holder_of("dispatcher").get("/me").json()["view_token"]
    assert fetch("objects/lids", tile_at(NEAR, WEST), view).status_code == 401
    foreign = token_for(None)
    settings.SECRET_KEY = "what-another-city-signs-its-tokens-with"
    assert fetch("objects/lids", tile_at(NEAR, WEST), foreign).status_code == 401


def test_unit_grids_and_areas_are_drawn_by_scheme(layered: Pack) -> None:
    token = token_for(None)
    grids = [f"99010000{n}" for n in ("1001", "1002", "2001", "2002")]
    assert codes("grids/unit", tile_at(13, WEST), token) == grids
    assert codes("grids/unit", tile_at(18, WEST), token) == grids[:1]
    assert codes("grids/unit", tile_at(12, WEST), token) == []
    west = next(f for f in features("grids/division", tile_at(12, WEST)) if f["properties"]["code"] == "990100001")
    assert west["properties"] == {"code": "990100001", "name": "West", "level": "district"}
    assert fetch("grids/unit", tile_at(13, WEST)).status_code == 401
    assert fetch("grids/nothing", tile_at(13, WEST)).status_code == 401
    answer = fetch("grids/nothing", tile_at(13, WEST), token)
    assert (answer.status_code, answer.json()["code"]) == (404, "scheme_unknown")


def test_grids_have_their_own_shape_and_beats_that_of_their_grids(layered: Pack) -> None:
    corner = shapely.Polygon([(10.0, 50.0), (10.005, 50.0), (10.005, 50.01)])
    UnitGrid.objects.filter(code="990100001001").update(shape=shapely.to_wkb(corner))
    beat = Area.objects.create(scheme="responsibility", code="B1", level="beat", name="Beat", valid_from=DAY)
    for grid in UnitGrid.objects.filter(code__in=("990100001001", "990100001002")):
        AreaGrid.objects.create(area=beat, grid=grid, valid_from=DAY)
    renew(actor=SYSTEM)
    forget()
    token = token_for(None)
    (cell,) = features("grids/unit", tile_at(18, (10.001, 50.001)), token)
    assert cell["properties"]["code"] == "990100001001"
    assert features("grids/unit", tile_at(18, (10.001, 50.008)), token) == []
    (drawn,) = features("grids/responsibility", tile_at(11, WEST), token)
    assert drawn["properties"] == {"code": "B1", "name": "Beat", "level": "beat"}
    assert len(drawn["geometry"]["coordinates"][0]) == 5  # a triangle and the box beside it


def test_a_tile_that_did_not_change_is_not_sent_again(layered: Pack) -> None:
    put("toilets", {"T1": shapely.Point(WEST)})
    tile = tile_at(NEAR, WEST)
    first = fetch("objects/toilets", tile)
    assert first["Cache-Control"] == "public, max-age=60"
    with CaptureQueriesContext(connection) as asked:
        again = fetch("objects/toilets", tile, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"], len(asked)) == (304, b"", first["ETag"], 0)
    put("lids", {"L1": shapely.Point(WEST)})
    assert fetch("objects/toilets", tile, **{"If-None-Match": first["ETag"]}).status_code == 304
    put("toilets", {"T1": shapely.Point(EAST)})
    moved = fetch("objects/toilets", tile, **{"If-None-Match": first["ETag"]})
    assert (moved.status_code, moved.content) == (200, b"")
    inside = fetch("grids/unit", tile_at(13, WEST), token_for(None))
    assert inside["Cache-Control"] == "private, max-age=60"


def test_the_same_file_again_leaves_tiles_as_they_are(layered: Pack) -> None:
    put("toilets", {"T1": shapely.Point(WEST)})
    before = fetch("objects/toilets", tile_at(NEAR, WEST))["ETag"]
    put("toilets", {"T1": shapely.Point(WEST)})
    assert fetch("objects/toilets", tile_at(NEAR, WEST))["ETag"] == before


def test_tiles_are_compressed_for_who_takes_them_so(layered: Pack) -> None:
    put("toilets", {"T1": shapely.Point(WEST)})
    plain = fetch("objects/toilets", tile_at(NEAR, WEST))
    packed = fetch("objects/toilets", tile_at(NEAR, WEST), **{"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content


def test_what_is_wrong_with_the_ledger_is_on_the_map_of_who_may_read_it(layered: Pack) -> None:
    LedgerRow.objects.filter(area=None).update(area=Area.objects.get(code="990100001"))
    renew(actor=SYSTEM)
    forget()
    person = holder_of("acceptor")
    listed = person.get("/ledger/gaps?geometry=true&limit=500").json()["gaps"]
    wanted = {gap["number"]: gap["kind"] for gap in listed if gap["geometry"]}
    assert wanted
    token = person.get("/tiles/token").json()["token"]
    for layer in ("gaps", "marks"):
        answer = fetch("gaps", tile_at(10, WEST), token)
        found = mapbox_vector_tile.decode(answer.content)[layer]["features"]
        assert {one["properties"]["number"]: one["properties"]["kind"] for one in found} == wanted
    far = mapbox_vector_tile.decode(fetch("gaps", tile_at(3, WEST), token).content)
    assert {one["properties"]["number"] for one in far["marks"]["features"]} == wanted.keys()  # too small, yet marked
    assert fetch("gaps", tile_at(10, (40.0, 10.0)), token).content == b""


def test_what_is_wrong_with_the_ledger_is_asked_for_by_day(layered: Pack) -> None:
    LedgerRow.objects.update(valid_from="2025-05-01")
    renew(actor=SYSTEM)
    forget()
    token, place = sight.token_of(actor(None, role="acceptor")).token, tile_at(10, WEST)
    path = f"/api/tiles/gaps/{place.z}/{place.x}/{place.y}"
    before, after = (Client().get(path, {"token": token, "day": day}).content for day in ("2025-04-30", "2025-05-01"))
    assert before != after


def test_what_is_wrong_with_the_ledger_is_not_for_everybody(layered: Pack) -> None:
    tile = tile_at(10, WEST)
    answer = fetch("gaps", tile)
    assert (answer.status_code, answer.json()["code"]) == (401, "tile_token_wrong")
    answer = fetch("gaps", tile, token_for(None))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


@pytest.mark.parametrize(("layer", "most"), [("toilets", 3), ("roads", 2), ("greens", 2)])
def test_a_tile_asks_two_questions_however_much_is_in_it(layered: Pack, layer: str, most: int) -> None:
    for count in (1, 50):
        shapes = {
            f"X{n}": shapely.Point(MIDDLE) if layer == "toilets" else shapely.Point(MIDDLE).buffer(0.001 + n / 1e6)
            for n in range(count)
        }
        put(layer, {code: s.exterior if layer == "roads" else s for code, s in shapes.items()})
        with CaptureQueriesContext(connection) as asked:
            assert len(features(f"objects/{layer}", tile_at(12, MIDDLE))) == count
        assert len(asked) <= most  # the layer, then what stands in it


@pytest.mark.parametrize("place", ["-1/0/0", "23/0/0", "3/8/0", "3/0/8", "3/-1/0"])
def test_there_is_no_tile_outside_the_world(layered: Pack, place: str) -> None:
    for kind in ("objects/toilets", "grids/division"):
        answer = Client().get(f"/api/tiles/{kind}/{place}")
        assert (answer.status_code, answer.json()["code"]) == (422, "fact_wrong")


def test_a_layer_that_is_not_there_has_no_tiles(layered: Pack) -> None:
    forget()
    answer = fetch("objects/nothing", tile_at(NEAR, WEST))
    assert (answer.status_code, answer.json()["code"]) == (404, "layer_unknown")


def test_lines_come_back_as_they_were() -> None:
    layer = Layer("objects")
    layer.line([[(0, 0), (100, 200)], [(5, 5), (6, 7), (8, 9)]], {"code": "a"})
    layer.line([], {"code": "nothing"})
    decoded = mapbox_vector_tile.decode(layer.encode(), default_options={"y_coord_down": True})
    (feature,) = decoded["objects"]["features"]
    assert feature["geometry"]["coordinates"] == [[[0, 0], [100, 200]], [[5, 5], [6, 7], [8, 9]]]
