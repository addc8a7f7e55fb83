"""The base map of the city's own: made in one piece, read in ranges, shown where the pack names no other."""

from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from django.test import Client
from journeys.command import inside
from pmtiles.reader import MemorySource, Reader, all_tiles

from cityloop.config.pack.reading import Pack
from cityloop.core.errors import Unknown
from cityloop.ground.places.models import Area, City
from cityloop.results.exchange import basemap

from .conftest import forget, put, tile_at

ADDRESS = "/api/map/base.pmtiles"
MIDDLE = (10.005, 50.005)
ROADS = {
    "R1": shapely.LineString([(10.0, 50.005), (10.02, 50.005)]),
    "R2": shapely.LineString([(10.005, 50.005), (10.00501, 50.005)]),
}


@pytest.fixture
def folder(layered: Pack, settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    put("roads", ROADS, names={"R1": "High Street"})
    return tmp_path


def reader() -> Any:
    return Reader(MemorySource(basemap.path().read_bytes()))


def layers(z: int, place: tuple[float, float]) -> dict[str, Any]:
    import gzip

    found = reader().get(*tile_at(z, place))
    decoded: dict[str, Any] = mapbox_vector_tile.decode(gzip.decompress(found))
    return {name: layer["features"] for name, layer in decoded.items()}


def fetch(**headers: str) -> Any:
    return Client().get(ADDRESS, headers={"Accept-Language": "en", **headers})


def whole(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_it_shows_divisions_and_roads_with_their_names(folder: Path) -> None:
    said = inside("map", "build")
    assert said.code == 0, said.shown
    near = layers(14, MIDDLE)
    west = next(one for one in near["areas"] if one["properties"]["name_en"] == "West")
    assert west["properties"] == {"level": "district", "name_zh": "西区", "name_en": "West"}
    assert [one["properties"] for one in near["roads"]] == [{"code": "R1", "name": "High Street"}]
    assert "roads" not in layers(5, MIDDLE)  # too short to be seen from there
    header = reader().header()
    assert (header["min_zoom"], header["max_zoom"]) == (5, 14)
    edges = [header[f"{end}_{axis}_e7"] / 1e7 for end in ("min", "max") for axis in ("lon", "lat")]
    assert edges == pytest.approx([10.0, 50.0, 10.02, 50.01], abs=1e-6)
    assert {one["id"] for one in reader().metadata()["vector_layers"]} == {"areas", "roads"}


def test_the_same_city_makes_the_same_map(folder: Path) -> None:
    first = basemap.build().path.read_bytes()
    assert basemap.build().path.read_bytes() == first
    assert [entry.name for entry in basemap.path().parent.iterdir()] == ["base.pmtiles"]
    assert len(list(all_tiles(MemorySource(first)))) > 10


def test_without_anything_to_draw_there_is_none_and_the_old_one_stays(folder: Path) -> None:
    old = basemap.build().path.read_bytes()
    Area.objects.update(shape=None)
    City.objects.update(digest="changed")
    put("roads", {})
    forget()
    with pytest.raises(Unknown):
        basemap.build()
    assert basemap.path().read_bytes() == old
    assert len(list(basemap.path().parent.iterdir())) == 1


def test_it_is_served_whole_and_in_ranges(folder: Path) -> None:
    content = basemap.build().path.read_bytes()
    first = fetch()
    assert (first.status_code, whole(first), first["Accept-Ranges"]) == (200, content, "bytes")
    for asked, wanted in (("0-126", content[:127]), ("127-", content[127:]), ("-10", content[-10:]), ("0-", content)):
        part = fetch(Range=f"bytes={asked}")
        assert (part.status_code, part.content, part["ETag"]) == (206, wanted, first["ETag"])
    assert fetch(Range="bytes=0-126")["Content-Range"] == f"bytes 0-126/{len(content)}"
    for unclear in (
        "bytes=1-2,4-5",
        "lines=1-2",
        "bytes=x",
        "bytes=-",
        "bytes=-0",
        f"bytes={len(content)}-",
        "bytes=9-3",
    ):
        assert fetch(Range=unclear).status_code == 200
    assert fetch(**{"If-None-Match": first["ETag"]}).status_code == 304
    assert fetch(Range="bytes=0-9", **{"If-Range": '"another"'}).status_code == 200


def test_where_none_was_built_there_is_none(folder: Path) -> None:
    answer = fetch()
    assert (answer.status_code, answer.json()["code"]) == (404, "map_missing")
    assert Client().get("/api/me").json()["city"]["base_map"] is None


def test_pages_are_told_of_it_unless_the_pack_names_another(folder: Path) -> None:
    basemap.build()
    told = Client().get("/api/me").json()["city"]["base_map"]
    assert told["pmtiles"].startswith(f"{ADDRESS}?v=")
    assert (told["style"], told["tiles"], told["attribution"]) == (None, None, "Tiny")
    assert Client().get(told["pmtiles"]).status_code == 200
    City.objects.update(settings={"map_attribution": "Survey of Tiny"})
    assert Client().get("/api/me").json()["city"]["base_map"]["attribution"] == "Survey of Tiny"
    City.objects.update(settings={"base_map": {"tiles": "https://maps.example/{z}", "attribution": "Maps"}})
    told = Client().get("/api/me").json()["city"]["base_map"]
    assert (told["pmtiles"], told["tiles"], told["attribution"]) == (None, "https://maps.example/{z}", "Maps")
