"""Grids and areas that a pack draws: what is refused, what is written, and packs that are like another."""

import csv
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from journeys.command import inside
from journeys.conftest import holder_of

from cityloop.config import practising
from cityloop.config.pack.apply import apply
from cityloop.config.pack.compare import Difference
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import load
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.places.models import Area, AreaGrid, UnitGrid
from cityloop.ground.places.queries import area_map, grids_of

DAYS = ("mon", "tue", "wed", "thu", "fri")
TINY = Path(__file__).resolve().parent.parent / "packs" / "tiny"
MARCH, APRIL = datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 4, 1, 12, tzinfo=UTC)
WEST = "POLYGON ((10 50, 10.01 50, 10.01 50.01, 10 50.01, 10 50))"
BEAT = "POLYGON ((10 50, 10.005 50, 10.005 50.01, 10 50.01, 10 50))"
BOW = "POLYGON ((10 50, 10.01 50.01, 10.01 50, 10 50.01, 10 50))"
FAR = "POLYGON ((11 50, 11.01 50, 11.01 50.01, 11 50.01, 11 50))"
AREAS = [
    ["scheme", "level", "code", "name", "parent", "shape", "hours", "generated", "shape_key"],
    ["", "city", "990100", "Tiny", "", "", "", "", ""],
    ["", "district", "990100001", "West", "990100", WEST, "", "yes", "W"],
    ["", "district", "990100002", "East", "990100", "", "", "", "E"],
    ["responsibility", "beat", "R1", "Beat", "division:990100001", BEAT, "", "yes", ""],
    ["special", "school", "S1", "School", "division:990100001", BEAT, "mon-fri 07:00-08:30", "", ""],
]  # fmt: skip
GRIDS = [
    ["code", "area", "west", "south", "east", "north", "shape", "areas", "generated"],
    ["990100001001", "990100001", "10.0", "50.0", "10.005", "50.01", BEAT, "responsibility:R1 special:S1", "yes"],
    ["990100001002", "990100001", "10.005", "50.0", "10.01", "50.01", "", "", "yes"],
]  # fmt: skip


def write(folder: Path, name: str, lines: Sequence[Sequence[str]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)


def changed(lines: list[list[str]], line: int, column: str, value: str) -> list[list[str]]:
    place = lines[0].index(column)
    return [
        [*row[:place], value, *row[place + 1 :]] if number == line else row for number, row in enumerate(lines, start=1)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = shutil.copytree(TINY, tmp_path / "tiny")
    write(folder, "areas", AREAS)
    write(folder, "grids", GRIDS)
    return folder


def said(folder: Path) -> list[str]:
    with pytest.raises(PackErrors) as caught:
        load(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def put(folder: Path, at: datetime = MARCH) -> Difference:
    return apply(load(folder), actor=SYSTEM, at=at)


@pytest.mark.parametrize(
    ("table", "line", "column", "value", "reason"),
    [
        ("grids", 3, "west", "10.004", "grids.csv:3: it overlaps the grid 990100001001 of line 2 by 79,"),
        ("grids", 3, "east", "10.02", "grids.csv:3: area: 797,"),
        ("grids", 2, "shape", BOW, "grids.csv:2: shape: the polygon crosses itself at 10.005, 50.005"),
        ("grids", 2, "shape", WEST, "grids.csv:2: shape: west, south, east and north are not those of the shape"),
        ("grids", 2, "shape", "POINT (10 50)", "grids.csv:2: shape: POINT (10 50) is no WKT"),
        ("grids", 2, "areas", "responsibility:R2", "grids.csv:2: areas: there is no area responsibility:R2"),
        ("areas", 3, "shape", BOW, "areas.csv:3: shape: the polygon crosses itself at 10.005, 50.005"),
        ("areas", 3, "shape", "somewhere", "areas.csv:3: shape: somewhere is no WKT"),
        ("areas", 5, "shape", FAR, "areas.csv:5: shape: 797,"),
        ("areas", 6, "hours", "mon 9-10", "areas.csv:6: hours: 9-10 are no weekly hours"),
        ("areas", 6, "generated", "maybe", "areas.csv:6: generated: maybe is neither yes nor no"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_its_line(
    folder: Path, table: str, line: int, column: str, value: str, reason: str
) -> None:
    write(folder, table, changed(AREAS if table == "areas" else GRIDS, line, column, value))
    assert said(folder)[0].startswith(reason)


def test_what_a_boundary_file_draws_too_small_is_a_warning(folder: Path) -> None:
    write(folder, "areas", changed(AREAS, 3, "shape", ""))
    write(folder, "grids", changed(GRIDS, 3, "east", "10.02"))
    assert ("grid_outside", 3) in [(warning.code, warning.line) for warning in load(folder).warnings]


@pytest.mark.django_db
def test_shapes_hours_and_members_are_written_and_twice_is_harmless(folder: Path) -> None:
    put(folder)
    assert not put(folder, APRIL)
    grid = UnitGrid.objects.get(code="990100001001")
    assert (bytes(grid.shape or b""), grid.generated) == (shapely.to_wkb(shapely.from_wkt(BEAT)), True)
    assert UnitGrid.objects.get(code="990100001002").shape is None
    school = Area.objects.get(code="S1")
    assert (school.hours, school.generated) == ({day: [["07:00", "08:30"]] for day in DAYS}, False)
    assert Area.objects.get(code="990100001").generated
    assert area_map(MARCH.date()).place(10.002, 50.005).grid == grid.pk


@pytest.mark.django_db
def test_members_begin_and_end_by_date(folder: Path) -> None:
    put(folder)
    beat = Area.objects.get(code="R1").pk
    one, other = (UnitGrid.objects.get(code=code).pk for code in ("990100001001", "990100001002"))
    write(folder, "grids", changed(changed(GRIDS, 2, "areas", "special:S1"), 3, "areas", "responsibility:R1"))
    found = put(folder, APRIL)
    assert found.counts()["members"] == {"new": 1, "gone": 1}
    assert grids_of("responsibility", MARCH.date()) == {beat: [one]}
    assert grids_of("responsibility", APRIL.date()) == {beat: [other]}
    assert AreaGrid.objects.filter(valid_to=date(2025, 4, 1)).count() == 1


# Packs that are like another


def test_a_pack_of_another_city_takes_the_rule_book_and_settings_but_no_places(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "tiny")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "pack.yaml").write_text(
        "like: tiny\nsettings: {yellow_share: 0.5}\n"
        "city: {key: mine, code: '990200', name: Mine, zone: Europe/Berlin}\n"
    )
    (mine / "organisations.csv").write_text("code,name\ncentre,Centre\n")
    pack, tiny = load(mine), load(tmp_path / "tiny")
    assert (pack.key, pack.areas, len(pack.organisations)) == ("mine", (), 1)
    assert (pack.categories, pack.rules) == (tiny.categories, tiny.rules)
    assert pack.file.calendars == tiny.file.calendars
    assert str(pack.file.settings.yellow_share) == "0.5"
    assert (pack.file.history, pack.file.boundaries) == (None, {})


def test_a_pack_that_names_no_city_is_the_other_one_written_further(folder: Path) -> None:
    made = folder.parent / "made"
    made.mkdir()
    (made / "pack.yaml").write_text(f"like: {folder}\n")
    write(made, "grids", GRIDS[:2])
    pack = load(made)
    assert (pack.key, len(pack.areas), len(pack.grids)) == ("tiny", 5, 1)


@pytest.mark.parametrize(
    ("like", "reason"), [("nobody", "there is no pack nobody beside this one"), ("tiny", "is like this one already")]
)
def test_no_pack_is_like_itself_or_like_none(folder: Path, like: str, reason: str) -> None:
    text = (folder / "pack.yaml").read_text(encoding="utf-8")
    (folder / "pack.yaml").write_text(f"like: {like}\n{text}", encoding="utf-8")
    assert any(reason in problem for problem in said(folder))


def test_a_pack_without_wishes_is_not_filled(folder: Path) -> None:
    with pytest.raises(Refused) as refused:
        practising.fill(load(folder), folder / "made")
    assert refused.value.code == "practice_none"


@pytest.mark.django_db
def test_a_bare_pack_does_not_end_what_was_made_up_from_it(folder: Path) -> None:
    put(folder)
    wishes = "practice: {middle: [10, 50], responsibility_grids: 1}\n"
    (folder / "pack.yaml").write_text((folder / "pack.yaml").read_text(encoding="utf-8") + wishes, encoding="utf-8")
    put(folder, APRIL)
    write(folder, "areas", [row for row in changed(AREAS, 3, "generated", "") if row[0] != "responsibility"])
    write(folder, "grids", changed(GRIDS, 2, "areas", ""))
    with pytest.raises(Refused) as refused:
        put(folder, APRIL)
    assert refused.value.code == "practice_bare"
    assert Area.objects.filter(code="R1", valid_to=None).exists()


# The verbs


@pytest.mark.django_db
def test_grids_check_finds_gaps_and_tells_them(folder: Path, tmp_path: Path) -> None:
    put(folder)
    out = tmp_path / "seams.geojson"
    said = inside("grids", "check", "--out", out, "--lang", "en")
    assert said.code == 1
    told = [feature["properties"] for feature in json.loads(out.read_text())["features"]]
    assert [(one["kind"], one["level"], one["in"]) for one in told] == [
        ("gap", "responsibility:beat", "division:990100001")
    ]
    write(folder, "areas", [row for row in AREAS if row[0] != "responsibility"])
    write(folder, "grids", changed(GRIDS, 2, "areas", ""))
    put(folder, APRIL)
    assert inside("grids", "check", "--lang", "en").code == 0


@pytest.mark.django_db
def test_beats_are_designed_beside_the_present_ones(folder: Path, tmp_path: Path) -> None:
    put(folder)
    out = tmp_path / "beats.geojson"
    said = inside("grids", "design", "990100001", "--beats", 2, "--json", "--out", out, "--lang", "en")
    told = json.loads(said.out)
    assert (told["design"]["beats"], told["design"]["worst"], told["design"]["connected"]) == (2, 1.0, True)
    assert (told["present"]["beats"], told["present"]["left_out"]) == (1, 1)
    assert sorted(code for beat in told["beats"] for code in beat["grids"]) == ["990100001001", "990100001002"]
    assert len(json.loads(out.read_text())["features"]) == 2
    for area, beats, reason in (("990100001", 3, "3"), ("990109", 1, "There is no area"), ("990100002", 1, "no unit")):
        refused = inside("grids", "design", area, "--beats", beats, "--lang", "en")
        assert (refused.code, reason in refused.shown) == (2, True)


@pytest.mark.django_db
def test_present_beats_and_others_through_the_api(folder: Path) -> None:
    keeper = ["administrator", "Administrator", "administrator", "centre"]
    write(folder, "posts", [["code", "name", "role", "organisation"], keeper])
    put(folder)
    person = holder_of("administrator")
    found = person.get("/grids/beats?area=990100001&beats=2").json()
    assert [area["code"] for area in found["trail"]] == ["990100", "990100001"]
    assert (len(found["present"]["beats"]), found["present"]["left_out"]) == (1, 1)
    assert [len(found["design"]["beats"]), found["design"]["worst"], found["balanced"]] == [2, 1.0, True]
    assert person.get("/grids/beats?area=990100001").json()["present"] == found["present"]
    bare = person.get("/grids/beats?area=990100002").json()
    assert (bare["grids"], bare["present"], bare["load"]) == (0, None, None)
