"""Finding a place: what areas, objects and past cases give the gazetteer, over HTTP and by the command."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, holder_of, nobody

from cityloop.config import addresses
from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.places.city import city
from cityloop.ground.places.datums import Datum
from cityloop.ground.places.gazetteer import search
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.named import put_layer_names
from cityloop.ground.registry.objects import LayerData, ObjectData
from cityloop.loop.history.replay import Replayed

ROADS = LayerData("roads", "Roads", {}, "line", public=True)
MARKETS = LayerData("markets", "Markets", {"zh": "市场"}, "point")


def thing(code: str, name: str, shape: shapely.Geometry) -> ObjectData:
    bounds = shapely.bounds(shape).tolist()
    return ObjectData(1, code, name, shapely.to_wkb(shape), bounds, "{}", "", None, None, None, None, None)


def stand(layer: LayerData, *things: ObjectData) -> None:
    put_layers([layer], actor=SYSTEM)
    day, at = date(2025, 3, 1), datetime(2025, 3, 1, tzinfo=UTC)
    take_objects(layer.code, things, whole=True, actor=SYSTEM, day=day, at=at)


@pytest.fixture
def person(tiny_city: Pack) -> Person:
    """Two roads that cross, a market; the gazetteer knows them."""
    stand(ROADS, thing("R1", "Mill Road", shapely.LineString([(10, 50.001), (10.01, 50.001)])),
          thing("R2", "Church Lane", shapely.LineString([(10.005, 50), (10.005, 50.01)])),
          thing("R3", "", shapely.LineString([(10.006, 50), (10.006, 50.01)])))  # fmt: skip
    stand(MARKETS, thing("9900010001", "", shapely.Point(10.002, 50.002)),
          thing("9900010002", "东市场", shapely.Point(10.003, 50.003)))  # fmt: skip
    addresses.refresh()
    return holder_of("acceptor")


def test_areas_objects_and_crossings_are_found(person: Person) -> None:
    (first, *_) = person.get("/places/search?q=church lane and mill rd").json()
    assert (first["kind"], first["name"]) == ("crossing", "Mill Road & Church Lane")
    assert (first["lon"], first["lat"]) == (10.005, 50.001)
    assert person.get("/places/search?q=dong shichang").json()[0]["code"] == "9900010002"
    assert person.get("/places/search?q=9900010002").json()[0]["name"] == "东市场"
    by_code = person.get("/places/search?q=99000100").json()
    assert [(one["code"], one["name"], one["kind"]) for one in by_code[:2]] == [
        ("9900010001", "Markets", "object"),
        ("9900010002", "东市场", "object"),
    ]
    for order in ("50.002,10.003", "10.003 50.002"):
        (first, _) = person.get(f"/places/search?q={order}").json()
        assert (first["kind"], first["lon"], first["lat"]) == ("point", 10.003, 50.002)
    assert person.get("/places/search?q=").json() == []


def test_a_point_is_told_in_words(person: Person) -> None:
    found = person.get("/places/at?lon=10.003&lat=50.003").json()
    assert found["areas"]
    assert found["grid"]
    assert found["near"][0]["name"] == "东市场"


def test_who_may_not_see_objects_finds_nothing(person: Person) -> None:
    assert nobody().get("/places/search?q=mill").status_code == 403
    assert nobody().get("/places/at?lon=10&lat=50").status_code == 403
    assert Person({}).get("/places/search?q=mill").status_code == 401


def test_what_is_gone_from_a_layer_is_no_more_found(person: Person) -> None:
    stand(MARKETS, thing("9900010001", "", shapely.Point(10.002, 50.002)))
    put_layer_names(["markets"], actor=SYSTEM)
    assert search("东市场", city().revision) == []
    assert search("Mill Road", city().revision)


def test_a_search_costs_few_statements(person: Person) -> None:
    person.get("/places/search?q=mill")
    with CaptureQueriesContext(connection) as statements:
        person.get("/places/search?q=990001 nothing like it")
    assert len(statements) <= 14


def test_past_cases_teach_addresses(tiny_replayed: Replayed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_case SET address = '12 Mill Road  Tiny', lon = 10.001, lat = 50.001"
            " WHERE id = (SELECT min(id) FROM cases_case)"
        )
    assert addresses.refresh().new > 0
    (first, *_) = search("12 mill rd", city().revision)
    assert (first.name, first.number, first.exact_number, first.lon) == ("Mill Road", 12, True, 10.001)
    assert addresses.refresh() == (0, 0)


def test_a_file_of_addresses_is_taken_in_or_refused_whole(tiny_city: Pack, tmp_path: Path) -> None:
    file = tmp_path / "addresses.csv"
    file.write_text("name,lon,lat\n经十路5号,10.001,50.001\n,10.002,50.002\n东市场,10.003,50.003\n", encoding="utf-8")
    with pytest.raises(Refused):
        addresses.take_in(file, Datum.WGS84, rejects=None, encoding=None)
    assert search("经十路", city().revision) == []
    rejects = tmp_path / "rejects.csv"
    addresses.take_in(file, Datum.WGS84, rejects=rejects, encoding=None)
    assert rejects.read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,name,value_missing")
    assert search("经十路5号", city().revision)[0].exact_number
    assert search("东市场", city().revision)[0].kind == "place"
    file.write_text("street,lon,lat\nx,10.001,50.001\n", encoding="utf-8")
    with pytest.raises(Refused):
        addresses.take_in(file, Datum.WGS84, rejects=None, encoding=None)
