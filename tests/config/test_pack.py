"""Packs as their authors meet them: a folder is read, checked, compared and applied."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pydantic import BaseModel

from cityloop.config.pack import ground, schema
from cityloop.config.pack.apply import apply
from cityloop.config.pack.compare import Difference
from cityloop.config.pack.derive import derive
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import Pack, load, load_file
from cityloop.config.pack.trial import try_out
from cityloop.core import problems, texts
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Conflict, Denied, Refused
from cityloop.ground.accounts.models import Organisation, Post
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import Area, City, UnitGrid
from cityloop.ground.registry import surveys
from cityloop.ground.registry.models import LedgerParty, LedgerRow
from cityloop.ground.standards import lines
from cityloop.ground.standards.models import Category, Edition, Limit, Rule
from cityloop.loop.clocks.models import Calendar
from cityloop.loop.history import mapping
from cityloop.practice import wishes

TINY = Path(__file__).resolve().parent.parent / "packs" / "tiny"
MARCH = datetime(2025, 3, 1, 12, tzinfo=UTC)
APRIL = datetime(2025, 4, 1, 12, tzinfo=UTC)
DAY_OF_APRIL = date(2025, 4, 1)
BEGINNING = date(2020, 1, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(TINY, tmp_path / "tiny")


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str, str], None]:
    """Change one place in one file of the pack."""

    def change(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


Edit = Callable[[str, str, str], None]


def said(folder: Path) -> list[str]:
    """What is wrong with a pack, without the path of its folder."""
    with pytest.raises(PackErrors) as caught:
        load(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


# Reading


def test_the_tiny_pack_is_sound() -> None:
    pack = load(TINY)
    assert pack.city.code == "990100"
    assert pack.warnings == ()
    assert [area.code for area in pack.areas] == ["990100", "990100001", "990100002"]
    assert set(pack.shapes) == {("division", "990100001"), ("division", "990100002")}
    assert pack.file.history is not None
    assert pack.file.history.flag is not None
    assert pack.file.history.flag.on_time == ["yes"]
    assert load(TINY / "pack.yaml").digest == pack.digest


def test_without_posts_every_desk_and_every_handling_organisation_has_one() -> None:
    posts = {post.code: (post.role, post.organisation) for post in load(TINY).posts}
    assert posts["acceptor"] == ("acceptor", "centre")
    assert posts["handler-roads"] == ("handler", "roads")
    assert "handler-centre" not in posts
    assert len(posts) == 12


def test_a_folder_without_a_pack(tmp_path: Path) -> None:
    assert "there is no pack here" in said(tmp_path)[0]


YAML_ERRORS = [
    ("mon: [[08:00, 12:00], ", "mon: [[25:00, 12:00], ",
     "pack.yaml:23: calendars.default.week.mon: 25:00 is no time of day; write 08:00 or 24:00"),
    ("fri: [[08:00, 12:00]]", "fri: [[12:00, 08:00]]",
     "pack.yaml:27: calendars.default.week.fri: the period from 12:00 to 08:00 ends before it begins"),
    ("thu: [[08:00, 12:00], [14:00", "thu: [[08:00, 12:00], [11:00",
     "pack.yaml:26: calendars.default.week.thu: the period that begins at 11:00 is not after "
     "the one before it, which ends at 12:00"),
    ("2025-04-18: []", "18.04.2025: []",
     "pack.yaml:29: calendars.default.days.18.04.2025: 18.04.2025 is no date; write 2015-06-30"),
    ("2025-04-18: []", "2025-04-18:",
     "pack.yaml:29: calendars.default.days.2025-04-18: this was left empty; write a value or remove it"),
    ("zone: Europe/Berlin", "zone: Europe/Belrin",
     "pack.yaml:7: city.zone: Europe/Belrin is no time zone; did you mean Europe/Berlin?"),
    ("code: 990100", "code: 9901000",
     "pack.yaml:4: city.code: 9901000 does not have the form asked for here: ^[0-9A-Za-z]{1,6}$"),
    ("  name: Tiny\n", "", "pack.yaml:2: city.name: this is required and missing"),
    ("wd_rule: end_of_day\n    week:\n      mon: [[08:00, 12:00], [14:00, 18:00]]\n",
     "wd_rule: working_time\n    week:\n",
     "pack.yaml:22: calendars.default.week.mon: under 'wd_rule: working_time' a working day is as much work as a "
     "regular Monday, and 'mon' has none"),
    ("    wd_rule: end_of_day", "    known_until: 2025",
     "pack.yaml:21: calendars.default.known_until: 2025 is no date; write 2015-06-30"),
    ("wd_rule: end_of_day", "wd_rul: end_of_day",
     "pack.yaml:21: calendars.default.wd_rul: there is no such key; did you mean wd_rule?"),
    ("wd_rule: end_of_day", "wd_rule: end_of_days",
     "pack.yaml:21: calendars.default.wd_rule: end_of_days is not possible here; did you mean end_of_day?"),
    ("yellow_share: 0.8", "yellow_share: 80%", "pack.yaml:16: settings.yellow_share: 80% is no number"),
    ("yellow_share: 0.8", "yellow_share: 80",
     "pack.yaml:16: settings.yellow_share: 80 is out of range: it must be < 1"),
    ("opens_itself: [register, file, dispatch]", "opens_itself: [register, dispatch]",
     "pack.yaml:17: settings.opens_itself: these steps follow each other and none can be left out before another: "
     "register, file, dispatch"),
    ("yellow_share: 0.8", "second_factor_roles: [king]",
     "pack.yaml:16: settings.second_factor_roles: there is no role king; the roles are: " + ", ".join(ROLES)),
    ("yellow_share: 0.8", "base_map: {tiles: \"http://maps.example/{z}\", attribution: Maps}",
     "pack.yaml:16: settings.base_map.tiles: http://maps.example/{z} is no address of a map: it begins with https:// "
     "and has no spaces, ; or quotes"),
    ("yellow_share: 0.8", "base_map: {style: \"https://maps.example/a; script-src *\", attribution: Maps}",
     "pack.yaml:16: settings.base_map.style: https://maps.example/a; script-src * is no address of a map: it begins "
     "with https:// and has no spaces, ; or quotes"),
    ("yellow_share: 0.8", "base_map: {attribution: Maps}",
     "pack.yaml:16: settings.base_map: name either a style or tiles for the base map, not both and not neither"),
    ("public_channel: app", "public_channel: letters",
     "pack.yaml:18: settings.public_channel: there is no channel letters; the channels of this pack are: "
     "history, api, phone, app"),
    ("  centre: centre", "  centre: center",
     "pack.yaml:15: settings.centre: there is no organisation center; the centre, the city's own desk, must stand in "
     "organisations.csv"),
    ("  phone: Telephone", "  phone: Telephone\n  phone: Again",
     "pack.yaml:34: channels.phone: this key stands here twice; the first is in line 33"),
    ("scheme: tiny-1", "scheme: [tiny, 1]",
     "pack.yaml:11: scheme: here must stand a single value, not a list and no further keys"),
    ("district: {file: districts.geojson, code: id,", "district: {file: gone.geojson, code: id,",
     "pack.yaml:37: boundaries.district.file: there is no such file"),
    ("code: id, name: title", "code: ident, name: title",
     "pack.yaml:37: boundaries.district.code: feature 1 has no property ident; it has: id, title"),
    ("code: id, name: title", "code: id, name: title, crs: EPSG:1",
     "pack.yaml:37: boundaries.district.crs: EPSG:1 is no coordinate system; write one such as EPSG:2263"),
    ("T: phone, A: app", "T: phone, A: apps",
     "pack.yaml:50: history.channel.lookup.A: there is no channel apps; the channels of this pack are: "
     "history, api, phone, app"),
    ("  opened: {column: opened,", "  opend: {column: opened,",
     "pack.yaml:44: history.opend: there is no such key; did you mean opened?"),
    ("opened: {column: opened, formats: \"%d.", "opened: {column: opened, formats: \"%q.",
     "pack.yaml:44: history.opened.formats: a date format knows no %q; the usual codes are: %Y %m %d %H %M %S %I %p"),
    ("opened: {column: opened, formats: \"%d.", "opened: {column: opened, formats: \"%m.",
     "pack.yaml:44: history.opened.formats: %m stands twice in this date format"),
    ("  address: street", "  address:",
     "pack.yaml:53: history.address: this was left empty; write a value or remove it"),
    ("valid_from: 2020-01-01}", "valid_from: 2019-01-01}",
     "pack.yaml:12: edition.valid_from: the edition begins before the pack itself, on 2020-01-01"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), YAML_ERRORS)
def test_an_error_in_pack_yaml_names_its_line(folder: Path, edit: Edit, old: str, new: str, problem: str) -> None:
    edit("pack.yaml", old, new)
    assert problem in said(folder)


CSV_ERRORS = [
    ("areas.csv", "990100002,East,东区,990100,E", "990100002,East,东区,990109,E",
     "areas.csv:4: parent: there is no area 990109; did you mean 990100?"),
    ("areas.csv", "city,990100,Tiny,小城,,", "city,990100,Tiny,小城,990100001,",
     "areas.csv:2: parent: 990100 is its own ancestor"),
    ("areas.csv", "990100002,East", "990100001,East",
     "areas.csv:4: code: the code 990100001 stands here twice; the first is in line 3"),
    ("areas.csv", "990100002,East,东区,990100,E", "990100002,East,东区,990100,E || W",
     "areas.csv:4: shape_key: the key W stands here twice; the first is in line 3"),
    ("organisations.csv", "centre,PARKS", "centre,Green || ROADS",
     "organisations.csv:4: key: the key ROADS stands here twice; the first is in line 3"),
    ("areas.csv", "level,code,name,", "level,cod,name,",
     "areas.csv:1: cod: there is no such column; did you mean code?"),
    ("areas.csv", "level,code,name,", "level,cod,name,",
     "areas.csv:1: the column code is missing; the columns found are: level, cod, name, name_zh, parent, shape_key"),
    ("areas.csv", "city,990100,Tiny,小城,,", "city,990100,Tiny,小城,",
     "areas.csv:2: this line has 5 cells, the first line names 6 columns"),
    ("areas.csv", "city,990100,Tiny,小城,,", "city,990100,,小城,,",
     "areas.csv:2: name: this was left empty; write a value or remove it"),
    ("grids.csv", "990100002001,990100002,10.01", "990100001003,990100002,10.01",
     "grids.csv:4: code: a grid's code begins with the code of its area, and 990100001003 does not begin with "
     "990100002"),
    ("grids.csv", "990100002001,990100002,10.01,", "990100002001,990100002,10.016,",
     "grids.csv:4: the box is empty: west must be less than east, and south less than north"),
    ("grids.csv", "990100002001,990100002,10.01,", "990100002001,990100002,x,",
     "grids.csv:4: west: x is no number"),
    ("grids.csv", "990100002001,990100002,10.01,", "990100002001,990100002,985000,",
     "grids.csv:4: west: 985000 is out of range: it must be <= 180"),
    ("organisations.csv", "centre,PARKS", "center,PARKS",
     "organisations.csv:4: parent: there is no organisation center; did you mean centre?"),
    ("categories.csv", "event,minor,01,", "event,minor,0102,",
     "categories.csv:5: parent: the parent 0102 is a minor category; only a major one can have others below it"),
    ("categories.csv", "event,minor", "happening,minor",
     "categories.csv:5: kind: happening is not possible here; write one of: component, event, item"),
    ("rules.csv", "0101,,handle,,2,wd,default", "0109,,handle,,2,wd,default",
     "rules.csv:2: category: there is no category 0109; did you mean 0103?"),
    ("rules.csv", "0101,,handle,,2,wd,default", "0101,,handle,,0,wd,default",
     "rules.csv:2: value: 0 is out of range: it must be > 0"),
    ("rules.csv", "0101,,handle,,2,wd,default", "0101,,handle,,2,,default",
     "rules.csv:2: value and unit belong together: write both or leave both empty"),
    ("rules.csv", "0101,,handle,,2,wd,default", "0101,,handle,,2,wd,defaults",
     "rules.csv:2: calendar: there is no calendar defaults; did you mean default?"),
    ("pack.yaml", "  centre: centre\n", "  centre: centre\n  replies: {fax: {sign: {value: 1, unit: h}}}\n",
     "pack.yaml:16: settings.replies.fax: there is no channel fax; the channels of this pack are: history, api,"),
    ("pack.yaml", "  centre: centre\n",
     "  centre: centre\n  loop: {scenarios: {wind: {name: Wind, members: [{organisation: park, kind: consult}]}}}\n",
     "pack.yaml:16: settings.loop.scenarios.wind.members.organisation: there is no organisation park"),
    ("pack.yaml", "  centre: centre\n",
     "  centre: centre\n  loop: {scenarios: {wind: {name: Wind, members: [{organisation: parks, kind: consult},"
     " {organisation: parks, kind: consult}]}}}\n",
     "pack.yaml:16: settings.loop.scenarios.wind: parks is called twice for the same"),
    ("pack.yaml", "  centre: centre\n",
     "  centre: centre\n  loop: {duties: {arrive: {urgent: {value: 1, unit: h, calendar: nights}}}}\n",
     "pack.yaml:16: settings.loop.duties.arrive.urgent.calendar: there is no calendar nights"),
    ("rules.csv", "0103,,handle,remove,3,d,,,,", "0103,,handle,make_safe,3,d,,,,",
     "rules.csv:5: part: the same rule has a limit for this stage, part, area class and season in line 4 already"),
    ("rules.csv", "0103,,handle,remove,3,d,,,,", "0103,,handle,remove,3,d,,Else,,",
     "rules.csv:5: filing_condition: the same rule has another filing_condition in line 4; write it once or alike"),
    ("rules.csv", "0101,,handle,,2,wd,default", "0101,,handling,,2,wd,default",
     "rules.csv:2: stage: there is no stage handling"),
    ("ledger.csv", "L3,line,0102,,990100002,handler,parks", "L3,line,0102,,990100003,handler,parks",
     "ledger.csv:4: area: there is no area 990100003; did you mean 990100002?"),
    ("ledger.csv", "L3,line,0102,,990100002,handler,parks,handle,Park lights,,",
     "L3,line,0102,,990100002,handler,parks,handle,Park lights,2021-01-01,2020-06-01",
     "ledger.csv:4: it ends on 2020-06-01, which is not after its beginning on 2021-01-01"),
    ("ledger.csv", "assist,roads,handle,Green order", "assist,roads,handle,Other order",
     "ledger.csv:6: code: lines of one duty must agree in all but role and organisation; line 5 differs"),
    ("ledger.csv", "assist,roads", "handler,parks",
     "ledger.csv:6: organisation: the same organisation has this role in this duty in line 5 already"),
    ("ledger.csv", "L2,line,0102", "L1,line,0102",
     "ledger.csv:3: code: lines of one duty must agree in all but role and organisation; line 2 differs"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "problem"), CSV_ERRORS)
def test_an_error_in_a_table_names_its_line_and_column(
    folder: Path, edit: Edit, name: str, old: str, new: str, problem: str
) -> None:
    edit(name, old, new)
    assert any(line.startswith(problem) for line in said(folder)), "\n".join(said(folder))


def test_all_problems_are_said_at_once(folder: Path, edit: Edit) -> None:
    edit("pack.yaml", "mon: [[08:00", "mon: [[8:00")
    edit("pack.yaml", "Europe/Berlin", "Berlin")
    edit("areas.csv", "city,990100,Tiny", "city,,Tiny")
    edit("grids.csv", "990100002001,990100002,10.01", "990100002001,990100002,abc")
    places = [":".join(line.split(":")[:2]) for line in said(folder)]
    assert places == ["pack.yaml:7", "pack.yaml:23", "areas.csv:2", "grids.csv:4"]


def test_a_line_that_cannot_be_read_does_not_make_others_wrong(folder: Path, edit: Edit) -> None:
    edit("organisations.csv", "roads,Roads department", "roads,")
    assert len(said(folder)) == 1


def test_problems_in_chinese(folder: Path, edit: Edit) -> None:
    edit("pack.yaml", "mon: [[08:00, 12:00], ", "mon: [[25:00, 12:00], ")
    texts.speak("zh")
    assert said(folder)[0].startswith("pack.yaml:23: calendars.default.week.mon: ")


def test_scalars_stay_what_was_written(folder: Path, edit: Edit) -> None:
    edit("pack.yaml", "name: Tiny\n", "name: NO\n")
    edit("pack.yaml", "scheme: tiny-1", "scheme: 007")
    edit(
        "pack.yaml",
        "axes_merged: false" if False else "  yellow_share: 0.8",
        "  yellow_share: 0.80\n  axes_merged: yes",
    )
    file = load_file(folder)
    assert (file.city.name, file.scheme, file.settings.axes_merged) == ("NO", "007", True)
    assert file.settings.yellow_share == Decimal("0.8")


def test_broken_yaml_and_wrong_encoding(folder: Path, edit: Edit) -> None:
    edit("pack.yaml", "zone: Europe/Berlin", "zone: [Europe/Berlin")
    (folder / "areas.csv").write_bytes("level,code,name\ncity,1,Köln\n".encode("latin-1"))
    found = said(folder)
    assert found[0].startswith("pack.yaml:8: this is not YAML: ")
    assert found[1] == "areas.csv:2: this line is not UTF-8 text; save the file as UTF-8"


def test_a_yaml_that_refers_to_itself(folder: Path, edit: Edit) -> None:
    edit("pack.yaml", "scheme: tiny-1", "scheme: &loop [*loop]")
    assert any("nested too deeply" in line for line in said(folder))


def test_a_table_of_a_spreadsheet(folder: Path) -> None:
    path = folder / "organisations.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b",,,,,\r\n")
    assert [row.code for row in load(folder).organisations] == ["centre", "roads", "parks"]
    path.write_text(path.read_text("utf-8-sig").replace(",", ";"), encoding="utf-8")
    assert said(folder)[0] == "organisations.csv:1: the columns are separated by semicolons; write commas"


def test_a_cell_over_several_lines_keeps_the_count(folder: Path, edit: Edit) -> None:
    edit("rules.csv", "Deeper than 3 cm", '"Deeper\nthan\n3 cm"')
    edit("rules.csv", "0102,,handle,,4,wh", "0102,,handle,,4,hours")
    assert said(folder) == [
        "rules.csv:5: unit: hours is not possible here; write one of: h, wh, d, wd",
    ]


def test_missing_tables_name_the_command_that_makes_them(folder: Path) -> None:
    (folder / "categories.csv").unlink()
    assert said(folder) == [
        "categories.csv: this table is missing; make it from the history with: cityloop pack derive " + str(folder)
    ]


def test_two_that_answer_for_the_same_are_a_warning(folder: Path, edit: Edit) -> None:
    edit("ledger.csv", "L3,line,0102,,990100002", "L3,line,0102,,990100001")
    warnings = [str(warning).removeprefix(f"{folder}/") for warning in load(folder).warnings]
    assert warnings == [
        "ledger.csv:4: organisation: parks and roads (line 3) answer for the same thing: the desk will have to decide"
    ]


def tried(folder: Path, history: Path | None = None) -> list[str]:
    """What trying the history says, without the path of the pack's folder."""
    return [str(warning).removeprefix(f"{folder}/") for warning in try_out(load(folder), history)]


LEDGER_CELLS = [
    ("grid", "990100001009", "there is no unit grid 990100001009; did you mean 990100001002?"),
    ("hours", "mon-fri 18:00-08:00", "18:00-08:00 are no weekly hours; write such as mon-fri 08:00-18:00; "
                                     "sat 09:00-12:00"),
    ("drawn", "around here", "around here is no WKT; write such as POINT (116.4 39.9)"),
    ("drawn", "POINT (10 50)", "the layer asks for Polygon, MultiPolygon, and here is Point"),
    ("drawn", "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "the polygon crosses itself at 0.5, 0.5"),
    ("drawn", "POLYGON ((500 0, 501 0, 501 1, 500 0))", "500, 0 is no place on earth: longitude and latitude are "
                                                        "expected, in degrees"),
    ("stratum", "below", "below is not possible here; write one of: , on, under, above"),
    ("until", "soon", "soon is no date; write 2015-06-30"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "wrong"), LEDGER_CELLS, ids=[wrong for *_, wrong in LEDGER_CELLS])
def test_cells_of_the_ledger_that_cannot_be_read_are_named(folder: Path, column: str, cell: str, wrong: str) -> None:
    (folder / "ledger.csv").write_text(f'code,organisation,{column}\nL1,roads,"{cell}"\n', encoding="utf-8")
    (problem,) = said(folder)
    assert problem == f"ledger.csv:2: {column}: {wrong}"


def test_two_who_answer_for_the_same_in_different_hours_are_no_dispute(folder: Path) -> None:
    def warned(other: str) -> int:
        text = f"code,organisation,hours\nL1,roads,mon-fri 08:00-18:00\nL2,parks,{other}\n"
        (folder / "ledger.csv").write_text(text, encoding="utf-8")
        return len(load(folder).warnings)

    assert [warned("mon 18:00-24:00"), warned("fri 17:59-20:00"), warned("")] == [0, 1, 0]


def test_the_first_rows_of_a_history_are_tried(folder: Path, edit: Edit) -> None:
    odd = [
        "history.csv:9: category: 1 of the first 12 rows would be rejected, this one first: "
        "no category of the pack has this key (Ufo landed)",
        "history.csv:10: opened: 1 of the first 12 rows would be rejected, this one first: "
        "this is no date in any of the mapping's formats (31.02.2025 09:00)",
    ]
    assert tried(folder) == odd
    edit("pack.yaml", "  address: street", "  address: streets")
    edit("pack.yaml", 'due: {column: due, formats: "%d.%m.%Y %H:%M"}', "due: {column: due}")
    edit("pack.yaml", "bounds: [10.0, 50.0, 10.02, 50.01]", "bounds: [20.0, 50.0, 20.02, 50.01]")
    edit("pack.yaml", "valid_from: 2020-01-01\n", "valid_from: 2025-03-04\n")
    edit("pack.yaml", ", valid_from: 2020-01-01}", "}")
    assert tried(folder) == [
        "pack.yaml:53: history.address: the history has no column streets; did you mean street?",
        "pack.yaml:46: history.due: 9 of the 9 dates in the first rows cannot be read, such as 05.03.2025 18:00; "
        "formats: iso",
        "pack.yaml:52: history.place: 12 of the first 12 rows have no point: 1 are empty, 0 cannot be read, "
        "1 mean no place, 10 lie outside of the bounds",
        "history.csv:2: opened: 2 of the first 12 rows would be rejected, this one first: "
        "it was opened before the rule book of the pack begins (valid_from) (2025-03-03T09:00:00+01:00)",
        *odd,
    ]


def test_a_history_without_what_every_row_needs(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("number,Opened\n1,2\n")
    found = tried(folder, path)
    assert found[:2] == [
        "pack.yaml:44: history.opened: the history has no column opened; did you mean Opened?",
        "pack.yaml:45: history.closed: the history has no column closed",
    ]
    assert len(found) == 13
    path.write_text("number,Opened\n")
    assert tried(folder, path) == [f"{path}: this history has no lines"]
    path.write_text("")
    assert tried(folder, path) == [f"{path} cannot be read: the first line does not name the columns, each once"]


def test_a_history_that_is_named_must_be_there(folder: Path) -> None:
    (folder / "history.csv").unlink()
    with pytest.raises(PackErrors, match=r"pack.yaml:40: history.file: there is no file history.csv"):
        try_out(load(folder))


def test_areas_from_polygons_alone(folder: Path) -> None:
    for name in ("areas.csv", "grids.csv", "ledger.csv"):
        (folder / name).unlink()
    pack = load(folder)
    assert [(area.level, area.code, area.name) for area in pack.areas] == [
        ("district", "W", "West"),
        ("district", "E", "East"),
    ]
    assert len(pack.shapes) == 2


def test_polygons_in_another_system_must_say_so(folder: Path, edit: Edit) -> None:
    path = folder / "districts.geojson"
    path.write_text(path.read_text().replace("[10.0, 50.0]", "[785000.0, 5540000.0]"))
    assert said(folder)[0].startswith("pack.yaml:37: boundaries.district.file: the coordinates are no degrees")
    edit("pack.yaml", "name: title}", 'name: title, crs: "EPSG:25832"}')
    text = TINY.joinpath("districts.geojson").read_text()
    for degrees, metres in (
        ("50.01]", "5547000]"), ("50.0]", "5546000]"), ("10.0,", "571000,"), ("10.01,", "572000,"),
        ("10.02,", "573000,"),
    ):  # fmt: skip
        text = text.replace(degrees, metres)
    path.write_text(text)
    assert len(load(folder).shapes) == 2


def test_the_digest_is_of_the_content(folder: Path, edit: Edit) -> None:
    before = load(folder).digest
    edit("pack.yaml", "# Good Friday", "# a holiday")
    edit("areas.csv", "level,code,name,name_zh,parent,shape_key", " level, code,name,name_zh,parent,shape_key")
    assert load(folder).digest == before
    edit("areas.csv", "West,西区", "Westend,西区")
    assert load(folder).digest != before


def test_an_area_of_another_scheme_is_named_with_it(folder: Path, edit: Edit) -> None:
    (folder / "areas.csv").write_text(
        "scheme,level,code,name,parent,shape_key\n"
        "division,city,990100,Tiny,,\n"
        "division,district,990100001,West,990100,W\n"
        "division,district,990100002,East,990100,E\n"
        "police,precinct,990100001,First precinct,,\n"
    )
    assert "grids.csv:2: area: 990100001 names areas of several schemes; write one of: " in said(folder)[0]
    grids = (folder / "grids.csv").read_text().replace(",990100001,", ",division:990100001,")
    (folder / "grids.csv").write_text(grids)
    edit("ledger.csv", "0102,,990100001", "0102,,police:990100001")
    pack = load(folder)
    assert pack.area("police:990100001").name == "First precinct"


# Applying


def put(pack: Pack | Path, at: datetime = MARCH, **options: Any) -> Difference:
    return apply(pack if isinstance(pack, Pack) else load(pack), actor=SYSTEM, at=at, **options)


@pytest.mark.django_db
def test_the_first_application_writes_everything() -> None:
    found = put(TINY)
    assert found.first
    assert found.counts()["areas"] == {"new": 3}
    city = City.objects.get()
    assert (city.code, city.pack, city.digest) == ("990100", "tiny", load(TINY).digest)
    assert city.settings["centre"] == "centre"
    assert set(city.settings["channels"]) == {"history", "api", "phone", "app"}
    west = Area.objects.get(code="990100001")
    top = Area.objects.get(code="990100")
    assert (west.parent, west.path, west.valid_from) == (top, [top.pk, west.pk], BEGINNING)
    assert west.shape is not None
    assert UnitGrid.objects.count() == 4
    roads = Organisation.objects.get(code="roads")
    assert roads.path == [Organisation.objects.get(code="centre").pk, roads.pk]
    assert Post.objects.get(code="handler-roads").axis == "command"
    calendar = Calendar.objects.get()
    assert calendar.week["fri"] == [["08:00", "12:00"]]
    assert calendar.days["2025-04-18"] == []
    assert calendar.known_until is None
    assert Category.objects.get(code="0101").parent == Category.objects.get(code="01")
    assert Rule.objects.count() == 3
    parts = Limit.objects.filter(rule__category__code="0103").order_by("position").values_list("part", "unit")
    assert list(parts) == [("make_safe", "h"), ("remove", "d")]
    assert LedgerRow.objects.count() == 4
    assert LedgerParty.objects.filter(row__code="L4").count() == 2


@pytest.mark.django_db
def test_applying_again_writes_nothing() -> None:
    put(TINY)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert not put(TINY, APRIL)
    assert not [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE", "COPY"))]


@pytest.mark.django_db
def test_a_dry_run_only_says_it() -> None:
    assert put(TINY, dry_run=True).counts()["ledger"] == {"new": 4}
    assert not City.objects.exists()


@pytest.mark.django_db
def test_a_second_city_is_refused(folder: Path, edit: Edit) -> None:
    put(TINY)
    edit("pack.yaml", "key: tiny", "key: other")
    edit("pack.yaml", "name: Tiny\n", "name: Other\n")
    with pytest.raises(Conflict, match="This database holds Tiny; it cannot take Other"):
        put(folder)
    assert City.objects.get().name == "Tiny"


@pytest.mark.django_db
def test_only_who_may_set_the_city_up() -> None:
    with pytest.raises(Denied):
        apply(load(TINY), actor=Actor("user:1", "somebody"), at=MARCH)
    assert not City.objects.exists()


@pytest.mark.django_db
def test_corrections_are_made_in_place_and_paths_follow(folder: Path, edit: Edit) -> None:
    put(folder)
    edit("areas.csv", "990100002,East,东区,990100,E", "990100002,Eastend,东区,990100001,E")
    edit("organisations.csv", "parks,Parks department", "parks,Parks and trees")
    edit("pack.yaml", "    wd_rule: end_of_day", "    wd_rule: end_of_day\n    known_until: 2025-12-31")
    found = put(folder, APRIL)
    assert Calendar.objects.get().known_until == date(2025, 12, 31)
    assert found.counts() == {
        "city": {"changed": 1},
        "calendars": {"changed": 1},
        "areas": {"changed": 1},
        "organisations": {"changed": 1},
        "posts": {"changed": 1},
    }
    change = next(row for row in found.changes if row.section == "areas")
    assert change.before == {"name": "East", "parent": "division:990100"}
    assert change.after == {"name": "Eastend", "parent": "division:990100001"}
    east = Area.objects.get(code="990100002")
    assert len(east.path) == 3
    assert east.valid_from == BEGINNING
    assert not put(folder, APRIL)


@pytest.mark.django_db
def test_what_is_gone_ends_and_never_comes_back(folder: Path, edit: Edit) -> None:
    put(folder)
    grid = "990100002002,990100002,10.015,50.0,10.02,50.01\n"
    edit("grids.csv", grid, "")
    assert put(folder, APRIL).counts()["grids"] == {"gone": 1}
    assert UnitGrid.objects.get(code="990100002002").valid_to == DAY_OF_APRIL
    assert not put(folder, APRIL)
    with (folder / "grids.csv").open("a") as file:
        file.write(grid)
    with pytest.raises(Refused, match="codes are not used again"):
        put(folder, APRIL)


@pytest.mark.django_db
def test_what_begins_later_is_valid_from_that_day(folder: Path) -> None:
    put(folder)
    with (folder / "areas.csv").open("a") as file:
        file.write("district,990100003,North,北区,990100,\n")
    put(folder, APRIL)
    assert Area.objects.get(code="990100003").valid_from == DAY_OF_APRIL


@pytest.mark.django_db
def test_a_grid_never_moves(folder: Path, edit: Edit) -> None:
    put(folder)
    edit("grids.csv", "990100002001,990100002,10.01,", "990100002001,990100002,10.011,")
    with pytest.raises(Refused, match="Grid 990100002001 stands elsewhere"):
        put(folder, APRIL)


@pytest.mark.django_db
def test_changed_rules_need_a_new_edition(folder: Path, edit: Edit) -> None:
    put(folder)
    edit("rules.csv", "0101,,handle,,2,wd", "0101,,handle,,3,wd")
    with pytest.raises(Refused, match="The rules differ from edition 2020"):
        put(folder, APRIL)
    edit("pack.yaml", "edition: {code: 2020, valid_from: 2020-01-01}", "edition: {code: 2025}")
    put(folder, APRIL)
    old, new = Edition.objects.order_by("valid_from")
    assert (old.code, old.valid_to, new.code, new.valid_from) == ("2020", DAY_OF_APRIL, "2025", DAY_OF_APRIL)
    assert Rule.objects.filter(edition=old).count() == Rule.objects.filter(edition=new).count() == 3
    assert not put(folder, APRIL)


@pytest.mark.django_db
def test_a_category_without_a_rule_has_one_without_a_limit(folder: Path) -> None:
    (folder / "rules.csv").unlink()
    put(folder)
    assert Rule.objects.count() == 3
    assert Limit.objects.count() == 0


def duty(code: str) -> list[tuple[date, date | None, str]]:
    rows = LedgerRow.objects.filter(code=code).order_by("valid_from")
    return [(row.valid_from, row.valid_to, row.basis) for row in rows]


@pytest.mark.django_db
def test_a_changed_duty_ends_and_begins_anew(folder: Path, edit: Edit) -> None:
    put(folder)
    edit("ledger.csv", "Road act,,", "Road act 2025,,")
    assert put(folder, APRIL).counts()["ledger"] == {"changed": 1}
    assert duty("L1") == [(BEGINNING, DAY_OF_APRIL, "Road act"), (DAY_OF_APRIL, None, "Road act 2025")]
    assert not put(folder, APRIL)
    edit("ledger.csv", "Road act 2025,,", "Road act 2026,,")
    put(folder, APRIL)  # twice on one day: the second begins the day after
    assert duty("L1")[1:] == [
        (DAY_OF_APRIL, date(2025, 4, 2), "Road act 2025"),
        (date(2025, 4, 2), None, "Road act 2026"),
    ]
    assert not put(folder, APRIL)


@pytest.mark.django_db
def test_dated_duties(folder: Path, edit: Edit) -> None:
    edit("ledger.csv", "L1,line,0101,,,handler,roads,handle,Road act,,",
         "L1,line,0101,,,handler,parks,handle,Old act,2020-01-01,2024-01-01\n"
         "L1,line,0101,,,handler,roads,handle,Road act,2024-01-01,")  # fmt: skip
    put(folder)
    assert duty("L1") == [(BEGINNING, date(2024, 1, 1), "Old act"), (date(2024, 1, 1), None, "Road act")]
    edit("ledger.csv", "Road act,2024-01-01,", "Road act,2024-01-01,2026-01-01")
    put(folder, APRIL)
    assert duty("L1")[1] == (date(2024, 1, 1), date(2026, 1, 1), "Road act")
    assert not put(folder, APRIL)
    edit("ledger.csv", "Old act", "Older act")
    with pytest.raises(Refused, match="what is past is not rewritten"):
        put(folder, APRIL)


@pytest.mark.django_db
def test_a_duty_that_is_gone_ends(folder: Path, edit: Edit) -> None:
    put(folder)
    edit("ledger.csv", "L3,line,0102,,990100002,handler,parks,handle,Park lights,,\n", "")
    assert put(folder, APRIL).counts()["ledger"] == {"gone": 1}
    assert duty("L3") == [(BEGINNING, DAY_OF_APRIL, "Park lights")]
    assert not put(folder, APRIL)


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    added = {
        "grids": "990100001{0:05},990100001,10.0,51.{0:05}1,10.005,51.{0:05}9",
        "areas": "street,990100002{0:05},Street {0},,990100002,",
        "organisations": "unit-{0},Unit {0},,unit,roads,",
        "categories": "02{0:05},Thing {0},,event,minor,01,",
        "ledger": "M{0},line,02{0:05},,,handler,unit-{0},handle,,,",
    }

    def statements(rows: int) -> int:
        folder = shutil.copytree(TINY, tmp_path / str(rows))
        for name, line in added.items():
            with (folder / f"{name}.csv").open("a", encoding="utf-8") as file:
                file.writelines(line.format(number) + "\n" for number in range(rows))
        pack = load(folder)
        with transaction.atomic():
            with CaptureQueriesContext(connection) as queries:
                put(pack)
            transaction.set_rollback(True)
        return len(queries)

    assert statements(1000) == statements(100)


# The manual

MANUAL = TINY.parent.parent.parent / "docs" / "packs.md"


def files_of_the_tutorial() -> dict[str, str]:
    found = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    for name, text in files_of_the_tutorial().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert {path.name for path in derive(tmp_path)} == {
        "areas.csv", "grids.csv", "organisations.csv", "categories.csv", "ledger.csv",
    }  # fmt: skip
    pack = load(tmp_path)
    assert pack.warnings == ()
    assert {row.key for row in pack.categories} >= {"Streets > Pothole", "Parks > Graffiti"}


def models_of(kind: Any) -> set[type[BaseModel]]:
    """The models of this pack's schema that a model is made of, itself among them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind.__module__ not in (schema.__name__, ground.__name__, wishes.__name__):
            return set()
        return {kind}.union(*(models_of(field.annotation) for field in kind.model_fields.values()))
    return set().union(*(models_of(inner) for inner in get_args(kind)))


def test_every_key_and_column_is_in_the_manual() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    kinds = models_of(schema.PackFile) | set(schema.TABLES.values())
    names = {(kind.__name__, name) for kind in kinds for name in kind.model_fields}
    assert {name for name in names if f"`{name[1]}`" not in text} == set()


def test_every_problem_has_its_sentence() -> None:
    rooms = (schema.__file__, problems.__file__, lines.__file__, surveys.__file__)
    files = [*(path for room in rooms for path in Path(room).parent.glob("*.py")), Path(mapping.__file__)]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    assert set(re.findall(r'(?:_refuse|raise refusal)\("(\w+)"', source)) <= set(problems.TEXTS)
    unused = {code for code in problems.TEXTS if source.count(code.removesuffix("_near")) < 2}
    assert unused == set()
