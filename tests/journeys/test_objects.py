"""A city's own files become objects: shown, taken in, taken in again, counted; and nothing by half."""

import json
from pathlib import Path
from typing import Any

import pytest

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.registry import stock
from cityloop.ground.registry.inventory import put_layers
from cityloop.ground.registry.models import UrbanObject
from cityloop.ground.registry.objects import LayerData
from journeys.command import inside

TABLE = "code,name,lon,lat,stalls\nT1,Market,10.001,50.001,4\nT2,Station,10.002,50.002,6\n"
SCHEMA = {"type": "object", "properties": {"stalls": {"type": "integer", "minimum": 1}}}


@pytest.fixture(autouse=True)
def layer(tiny_city: Pack) -> None:
    put_layers([LayerData("toilets", "Toilets", {"zh": "公厕"}, "point", attributes=SCHEMA)], actor=SYSTEM)


def written(folder: Path, text: str, name: str = "toilets.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def known() -> list[tuple[str, Any]]:
    return [(row["code"], row["attributes"]) for row in stock.page(stock.layer("toilets").pk, 100)]


def test_a_table_is_shown_taken_in_and_known_again(tmp_path: Path) -> None:
    file = written(tmp_path, TABLE)
    shown = inside("objects", "import", file, "--layer", "toilets", "--dry-run")
    assert (shown.code, known()) == (0, [])
    assert "New: T1, T2" in shown.out
    assert "Nothing was written." in shown.out
    assert inside("objects", "import", file, "--layer", "toilets").code == 0
    assert known() == [("T1", {"stalls": 4}), ("T2", {"stalls": 6})]
    again = inside("objects", "import", file, "--layer", "toilets", "--replace")
    assert "New:" not in again.out
    assert len(known()) == 2
    census = inside("objects", "census")
    counted = next(line for line in census.out.splitlines() if "Toilets" in line)
    assert [cell.strip() for cell in counted.split("│")[2:4]] == ["Toilets", "2"]


def test_the_same_objects_in_another_datum_and_another_format(tmp_path: Path) -> None:
    inside("objects", "import", written(tmp_path, TABLE), "--layer", "toilets")
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name, "stalls": stalls},
            "geometry": {"type": "Point", "coordinates": point},
        }
        for code, name, stalls, point in (("T1", "Market", 4, [10.001, 50.001]), ("T2", "Station", 7, [10.003, 50.002]))
    ]
    file = written(tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), "toilets.geojson")
    said = inside("objects", "import", file, "--layer", "toilets", "--datum", "gcj02")  # the same outside of China
    assert (said.code, "Changed: T2" in said.out, "Moved: T2" in said.out) == (0, True, True)
    assert [row["kind"] for row in stock.one("T2")["changes"]] == ["moved", "changed", "new"]
    assert stock.one("T1")["changes"][1:] == []


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx", "out.geojson", "out.gpkg", "out.zip"])
def test_what_is_written_out_is_read_back_without_a_difference(tmp_path: Path, name: str) -> None:
    inside("objects", "import", written(tmp_path, TABLE), "--layer", "toilets")
    said = inside("objects", "export", tmp_path / name, "--layer", "toilets")
    assert (said.code, "2 objects written" in said.out) == (0, True), said.shown
    back = inside("objects", "import", tmp_path / name, "--layer", "toilets", "--replace")
    assert (back.code, [word for word in ("New:", "Changed:", "Moved:", "Gone:") if word in back.out]) == (0, []), (
        back.shown
    )


def test_wrong_lines_stop_the_whole_file_unless_they_are_put_aside(tmp_path: Path) -> None:
    wrong = TABLE + "T3,Park,10.003,50.003,none\nT4,Far,50.0,10.0,2\n"
    file, rejects = written(tmp_path, wrong), tmp_path / "rejects.csv"
    refused = inside("objects", "import", file, "--layer", "toilets")
    assert (refused.code, known()) == (2, [])
    for text in ("toilets.csv:4: stalls: none is no number", "toilets.csv:5: 10.000000"):
        assert text.replace("10.000000", "50.000000, 10.000000 lies outside the city") in refused.shown
    taken = inside("objects", "import", file, "--layer", "toilets", "--rejects", rejects, "--replace")
    assert (taken.code, [code for code, _ in known()]) == (0, ["T1", "T2"])
    assert [line.split(",")[0] for line in rejects.read_text("utf-8-sig").splitlines()] == ["line", "4", "5"]


def test_exchanged_coordinates_are_named(tmp_path: Path) -> None:
    swapped = "code,lon,lat,stalls\n" + "".join(f"T{n},50.00{n},10.00{n},1\n" for n in range(1, 6))
    refused = inside("objects", "import", written(tmp_path, swapped), "--layer", "toilets")
    assert "longitude and latitude were exchanged" in refused.shown
    assert not UrbanObject.objects.exists()


def test_refusals_are_one_sentence(tmp_path: Path) -> None:
    file = written(tmp_path, TABLE)
    assert "There is no layer benches." in inside("objects", "import", file, "--layer", "benches").shown
    assert inside("objects", "import", tmp_path / "none.csv", "--layer", "toilets").code == 2
    assert inside("objects", "census", "--on", "tomorrow").code == 2
