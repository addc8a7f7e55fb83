"""`derive`: the first draft of a pack's tables from a history."""

import csv
from pathlib import Path

import pytest

from cityloop.config.pack import reading
from cityloop.config.pack.derive import derive
from cityloop.core.problems import Problem

PACK = """
city: {key: small, code: "0001", name: Small, zone: America/New_York}
channels: {history: Imported}
grid: {size_m: 100}
history:
  file: history.csv
  id: id
  opened: opened
  category: {columns: [major, minor], join: " > "}
  organisation: queue
  area: district
  place: {lon: x, lat: y, nowhere: [[-71.5, 42.5]]}
  derive: {department: department}
"""
HISTORY = """id,opened,major,minor,queue,department,district,x,y
1,2015-01-01,Roads,Hole,Paving,PW,2,-71.0000,42.0000
2,2015-01-01,Roads,Hole,Paving,PW,2,-71.0000,42.0000
3,2015-01-01,Roads,Hole,Signs,PW,2,-71.5,42.5
4,2015-01-02,Roads,Hole,Signs,PW,10A,-71.0100,42.0100
5,2015-01-02,Roads,Hole,Paving,PW,10A,-71.0000,42.0000
6,2015-01-02,Roads,Lamp,Signs,PW,,,
7,2015-01-02,Parks,Tree,Trees,PARK,10A,-71.0100,42.0150
8,2015-01-02,Parks,Tree,Trees,PARK,10A,-71.0200,42.0150
9,2015-01-03,Roads,Hole,Signs,PW,10A,,
10,2015-01-03,Roads,Hole,Paving,PW,2,,
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(PACK)
    (tmp_path / "history.csv").write_text(HISTORY)
    return tmp_path


def column(pack: Path, table: str, *names: str) -> list[tuple[str, ...]]:
    with (pack / f"{table}.csv").open(encoding="utf-8") as lines:
        return [tuple(row[name] for name in names) for row in csv.DictReader(lines)]


def test_a_history_gives_a_sound_pack(pack: Path) -> None:
    written = derive(pack)
    assert [path.stem for path in written] == ["areas", "grids", "organisations", "categories", "ledger"]
    assert not reading.load(pack).warnings
    assert column(pack, "areas", "code", "parent", "shape_key") == [
        ("0001", "", ""),
        ("000110A", "0001", "10A"),
        ("0001002", "0001", "2"),
    ]
    assert column(pack, "organisations", "code", "name", "parent", "key") == [
        ("centre", "Small 311", "", ""),
        ("D01", "PARK", "centre", "PARK"),
        ("D02", "PW", "centre", "PW"),
        ("D01-01", "Trees", "D01", "Trees"),
        ("D02-01", "Paving", "D02", "Paving"),
        ("D02-02", "Signs", "D02", "Signs"),
    ]
    assert column(pack, "categories", "code", "level", "parent", "key") == [
        ("01", "major", "", ""),
        ("0101", "minor", "01", "Parks > Tree"),
        ("02", "major", "", ""),
        ("0201", "minor", "02", "Roads > Hole"),
        ("0202", "minor", "02", "Roads > Lamp"),
    ]


def test_cells_are_numbered_west_to_east_then_north_to_south_in_the_area_of_most_cases(pack: Path) -> None:
    derive(pack)
    assert column(pack, "grids", "code", "area") == [
        ("00010020001", "0001002"),
        ("000110A0001", "000110A"),
        ("000110A0002", "000110A"),
        ("000110A0003", "000110A"),
    ]
    (west, _), (east, _), (_, south) = [
        (float(west), float(north)) for west, north in column(pack, "grids", "west", "north")[1:]
    ]
    assert west < east
    assert south < 42.0150


def test_the_ledger_has_the_usual_handler_and_the_areas_that_differ(pack: Path) -> None:
    derive(pack)
    assert column(pack, "ledger", "category", "area", "organisation", "tier") == [
        ("0101", "", "D01-01", "line"),
        ("0201", "", "D02-01", "line"),
        ("0201", "000110A", "D02-02", "line"),
        ("0202", "", "D02-02", "line"),
    ]


def test_nothing_is_overwritten_but_by_force_and_the_same_history_gives_the_same_files(pack: Path) -> None:
    derive(pack)
    first = {path.name: path.read_bytes() for path in pack.glob("*.csv")}
    assert derive(pack) == []
    (pack / "organisations.csv").write_text("code,name,kind,key\ncentre,Centre,,\nX,Paving,,Paving\n")
    (pack / "ledger.csv").unlink()
    assert [path.stem for path in derive(pack)] == ["ledger"]
    assert column(pack, "ledger", "category", "organisation") == [("0201", "X")]
    assert len(derive(pack, force=True)) == 5
    assert {path.name: path.read_bytes() for path in pack.glob("*.csv")} == first


def test_areas_of_which_one_begins_another_have_no_grids_but_all_else(pack: Path) -> None:
    (pack / "areas.csv").write_text("level,code,name,shape_key\ndistrict,1,One,2\ndistrict,10A,Ten,10A\n")
    warnings: list[Problem] = []
    written = derive(pack, warn=warnings.append)
    assert [path.stem for path in written] == ["organisations", "categories", "ledger"]
    assert [str(warning) for warning in warnings] == [
        f"{pack}/grids.csv: Unit grids cannot be numbered: area code 10A begins with area code 1; "
        "give all codes one length."
    ]
    assert reading.load(pack).grids == ()
