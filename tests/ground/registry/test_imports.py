"""A file of objects is looked at first, then taken in just as it was shown: through the API."""

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from journeys.conftest import Person, holder_of, nobody

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.registry import imports
from cityloop.ground.registry.inventory import put_layers
from cityloop.ground.registry.jobs import forget
from cityloop.ground.registry.models import ObjectChange, ObjectImport, UrbanObject
from cityloop.ground.registry.objects import LayerData

SCHEMA = {
    "type": "object",
    "properties": {"stalls": {"type": "integer", "title": "Stalls", "titles": {"zh": "厕位数"}, "minimum": 1}},
}
THREE = "code,name,lon,lat,stalls\nT1,Market,10.001,50.001,4\nT2,Station,10.002,50.002,6\nT3,Park,10.003,50.003,2\n"
AFTER = (
    "code,name,lon,lat,stalls,owner\nT1,Old market,10.001,50.001,5,roads\nT2,Station,10.0025,50.002,6,\n"
    "T4,School,10.004,50.004,3,\n"
)
NONE = {"new": 0, "changed": 0, "moved": 0, "gone": 0, "same": 0, "rejected": 0}


@pytest.fixture
def keeper(desk_city: Pack) -> Person:
    layers = [
        LayerData("toilets", "Public toilets", {"zh": "公厕"}, "point", attributes=SCHEMA),
        LayerData("lamps", "Lamps", {}, "point"),
    ]
    put_layers(layers, actor=SYSTEM)
    return holder_of("administrator")


def send(person: Person, content: str | bytes, name: str = "toilets.csv", **asked: object) -> Any:
    data = content.encode() if isinstance(content, str) else content
    form = {"layer": "toilets", "file": SimpleUploadedFile(name, data)} | asked
    return Client().post("/api/objects/imports", form, headers=person.headers)


def look(person: Person, content: str | bytes, name: str = "toilets.csv", **asked: object) -> Any:
    answer = send(person, content, name, **asked)
    assert answer.status_code == 201, answer.content
    return answer.json()


def take(person: Person, shown: Any, **body: bool) -> Any:
    return person.post(f"/objects/imports/{shown['id']}/apply", body)


def test_what_is_shown_is_what_is_taken_in_and_once_only(keeper: Person) -> None:
    shown = look(keeper, THREE)
    assert shown["counts"] == NONE | {"new": 3}
    assert not UrbanObject.objects.exists()
    first = shown["rows"][0]
    assert (first["kind"], first["line"], first["code"], first["before"]) == ("new", 2, "T1", None)
    assert first["after"] == {"type": "Point", "coordinates": [10.001, 50.001]}
    assert {"field": "stalls", "title": "Stalls", "before": None, "after": 4} in first["fields"]
    done = take(keeper, shown)
    assert (done.status_code, done.json()["counts"]) == (200, shown["counts"])
    assert done.json()["applied_at"]
    assert take(keeper, shown).json()["applied_at"] == done.json()["applied_at"]
    assert ObjectChange.objects.count() == 3
    assert look(keeper, THREE, whole=True)["counts"] == NONE | {"same": 3}
    assert keeper.get(f"/objects/imports/{shown['id']}").json()["counts"] == shown["counts"]


def test_new_changed_moved_and_gone_are_told_apart(keeper: Person) -> None:
    take(keeper, look(keeper, THREE))
    shown = look(keeper, AFTER, whole=True)
    assert shown["counts"] == {"new": 1, "changed": 1, "moved": 1, "gone": 1, "same": 0, "rejected": 0}
    rows = {row["kind"]: row for row in shown["rows"]}
    assert {kind: row["code"] for kind, row in rows.items()} == {
        "new": "T4", "changed": "T1", "moved": "T2", "gone": "T3"
    }  # fmt: skip
    assert [(one["field"], one["before"], one["after"]) for one in rows["changed"]["fields"]] == [
        ("name", "Market", "Old market"), ("owner", None, "Roads department"), ("stalls", 4, 5)
    ]  # fmt: skip
    assert (rows["moved"]["before"]["coordinates"], rows["moved"]["after"]["coordinates"]) == (
        [10.002, 50.002], [10.0025, 50.002]
    )  # fmt: skip
    assert (rows["gone"]["line"], rows["gone"]["after"], rows["gone"]["name"]) == (None, None, "Park")
    assert take(keeper, shown).status_code == 200
    assert sorted(UrbanObject.objects.filter(valid_to=None).values_list("code", flat=True)) == ["T1", "T2", "T4"]
    one = keeper.get("/objects/by-code/T1").json()
    assert (one["units"], one["layer_name"]) == ({"owner": "Roads department"}, "Public toilets")
    assert [area["name"] for area in one["areas"]] == ["Tiny", "West"]
    last, first = one["changes"]
    assert (last["kind"], last["by_name"], last["source"]) == ("changed", "holder of administrator", "toilets.csv")
    assert next((row["field"], row["before"], row["after"]) for row in last["fields"]) == (
        "name", "Market", "Old market"
    )  # fmt: skip
    assert (first["kind"], first["fields"]) == ("new", [])
    moved = keeper.get("/objects/by-code/T2").json()["changes"][0]
    assert (moved["kind"], moved["before"]["coordinates"]) == ("moved", [10.002, 50.002])


def test_bad_lines_are_named_kept_as_a_table_and_left_out_only_where_somebody_says_so(keeper: Person) -> None:
    take(keeper, look(keeper, THREE))
    bad = THREE + "T5,Tower,10.005,50.005,none\nT6,Far,11.5,51.5,1\n=T7,Quay,10.006,50.006,0\n"
    shown = look(keeper, bad.replace("T3,Park", "T8,Park"), whole=True)
    assert shown["counts"] == NONE | {"new": 1, "same": 2, "rejected": 3}
    assert [(row["line"], row["column"], row["code"]) for row in shown["rejects"]] == [
        (5, "stalls", "no_number"), (6, "", "object_outside"), (7, "stalls", "out_of_range")
    ]  # fmt: skip
    assert [note["code"] for note in shown["notes"]] == ["none_gone"]
    refused = take(keeper, shown)
    assert (refused.status_code, refused.json()["code"]) == (422, "import_unfit")
    table = keeper.get(f"/objects/imports/{shown['id']}/rejects")
    lines = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert lines[0] == ["line", "column", "reason", "text", "value"]
    assert [line[0] for line in lines[1:]] == ["5", "6", "7"]
    assert "toilets.csv-rejects.csv" in table["Content-Disposition"]
    assert take(keeper, shown, despite=True).status_code == 200
    assert sorted(UrbanObject.objects.filter(valid_to=None).values_list("code", flat=True)) == ["T1", "T2", "T3", "T8"]


def test_codes_of_others_are_rejected_by_line(keeper: Person) -> None:
    take(keeper, look(keeper, "code,lon,lat\nT2,10.002,50.002\n", layer="lamps"))
    shown = look(keeper, THREE)
    assert shown["counts"] == NONE | {"new": 2, "rejected": 1}
    (reject,) = shown["rejects"]
    assert (reject["line"], reject["code"], reject["value"]) == (3, "code_taken", "T2")
    assert take(keeper, shown, despite=True).status_code == 200
    assert UrbanObject.objects.get(code="T2").layer.code == "lamps"


def test_a_layer_that_changed_since_is_not_touched(keeper: Person) -> None:
    shown = look(keeper, THREE)
    take(keeper, look(keeper, "code,lon,lat\nT9,10.002,50.002\n"))
    overtaken = take(keeper, shown)
    assert (overtaken.status_code, overtaken.json()["code"]) == (409, "import_overtaken")
    assert UrbanObject.objects.count() == 1


def test_things_without_a_code_at_one_place_are_each_known_again(keeper: Person) -> None:
    put_layers([LayerData("lamps", "Lamps", {}, "point", class_code="0102")], actor=SYSTEM)
    two = "name,lon,lat\n,10.002,50.002\n,10.002,50.002\n"
    take(keeper, look(keeper, two, layer="lamps"))
    assert look(keeper, two, layer="lamps", whole=True)["counts"] == NONE | {"same": 2}


def test_a_wrong_datum_and_exchanged_coordinates_are_named(keeper: Person) -> None:
    swapped = "code,lon,lat\n" + "".join(f"T{n},50.00{n},10.00{n}\n" for n in range(1, 6))
    (note,) = look(keeper, swapped)["notes"]
    assert note["code"] == "points_exchanged"
    assert "if longitude and latitude were exchanged" in note["text"]


def test_texts_that_were_misread_are_a_warning_that_must_be_seen(keeper: Person) -> None:
    names = [text.encode("gbk").decode("latin-1") for text in ("雨水井盖", "路灯杆", "公园绿地")]
    table = "code,name,lon,lat\n" + "".join(f"T{n},{name},10.001,50.00{n}\n" for n, name in enumerate(names, 1))
    shown = look(keeper, table)
    (warning,) = shown["warnings"]
    assert warning["code"] == "text_misread"
    assert "雨水井盖" in warning["text"]
    assert take(keeper, shown).json()["code"] == "import_unfit"


def test_a_zipped_shapefile_in_gbk(keeper: Person, tmp_path: Any) -> None:
    points = shapely.to_wkb(shapely.points([(10.001, 50.001)]))
    fields = [np.array(["T1"], object), np.array(["市场"], object)]
    pyogrio.raw.write(tmp_path / "t.shp", points, fields, ["code", "name"], geometry_type="Point", crs="EPSG:4326",
                      encoding="GBK", driver="ESRI Shapefile")  # fmt: skip
    (tmp_path / "t.cpg").unlink()
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        for part in tmp_path.glob("t.*"):
            if part.suffix != ".zip":
                packed.write(part, part.name)
    (row,) = look(keeper, (tmp_path / "t.zip").read_bytes(), "t.zip")["rows"]
    assert (row["code"], row["name"]) == ("T1", "市场")


REFUSED: list[tuple[bytes, str, dict[str, object], int, str]] = [
    (THREE.encode(), "a.csv", {"layer": "none"}, 404, "layer_unknown"),
    (THREE.encode(), "a.csv", {"datum": "mars"}, 422, "input_wrong"),
    (THREE.encode(), "a.csv", {"encoding": "klingon"}, 422, "encoding_unknown"),
    (b"%PDF", "../a.pdf", {}, 422, "geofile_kind_unknown"),
    (b"PK\x03\x04 broken", "a.zip", {}, 422, "file_unreadable"),
    (b"SQLite format 3\x00 and nothing more", "a.gpkg", {}, 422, "file_unreadable"),
]


@pytest.mark.parametrize(("content", "name", "asked", "status", "code"), REFUSED)
def test_what_cannot_be_shown_says_why(
    keeper: Person, content: bytes, name: str, asked: dict[str, object], status: int, code: str
) -> None:
    answer = send(keeper, content, name, **asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "/tmp" not in answer.content.decode()
    assert not ObjectImport.objects.exists()


def test_what_is_too_large_is_refused(keeper: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MOST_OBJECTS", 2)
    assert send(keeper, THREE).json()["code"] == "import_too_large"
    monkeypatch.setattr(imports, "MOST_BYTES", 50)
    assert send(keeper, THREE).json()["code"] == "import_too_large"
    monkeypatch.setattr("cityloop.config.uploads.FORM", 0)
    monkeypatch.setattr(imports, "park_import", None)
    assert send(keeper, THREE).json()["code"] == "import_too_large"


def test_it_is_kept_for_an_hour(keeper: Person) -> None:
    shown = look(keeper, THREE)
    clock.set_shift(clock.shift() + timedelta(hours=2))
    for answer in (keeper.get(f"/objects/imports/{shown['id']}"), take(keeper, shown)):
        assert (answer.status_code, answer.json()["code"]) == (404, "import_unknown")
    forget(0)
    assert not ObjectImport.objects.exists()


def test_somebody_elses_import_is_not_there(keeper: Person) -> None:
    shown = look(keeper, THREE)
    ObjectImport.objects.update(by="user:0")
    assert take(keeper, shown).status_code == 404
    assert not UrbanObject.objects.exists()


def test_who_may_not_takes_nothing_in(keeper: Person) -> None:
    shown = look(keeper, THREE)
    address = f"/objects/imports/{shown['id']}"
    for person in (holder_of("acceptor"), nobody()):
        for answer in (send(person, THREE), person.get(address), person.get(f"{address}/rejects"), take(person, shown)):
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert Client().post("/api/objects/imports", {"layer": "toilets"}).status_code == 401
    assert ObjectImport.objects.count() == 1
    assert not UrbanObject.objects.exists()
