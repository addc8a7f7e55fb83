"""The import mapping, through files: what a pack author writes in YAML and what becomes of a CSV."""

import gzip
import re
from collections.abc import Mapping as Pairs
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from pydantic import ValidationError

from cityloop.config.pack import reading as packs
from cityloop.config.pack.history import lines, normaliser
from cityloop.core.errors import CityloopError
from cityloop.ground.places.locate import AreaMap, AreaRow
from cityloop.loop.history import reading
from cityloop.loop.history.mapping import Mapping
from cityloop.loop.history.normalise import Codes, compile_mapping, keyed
from cityloop.loop.history.rows import HistoryRow, RowRejected

CODES = Codes(
    categories=keyed([("0101", "Roads > Pothole"), ("0102", "Roads > Sign || Signs > Bent"), ("99", "")]),
    organisations=keyed([("D1", ""), ("D1-1", "Paving crew")]),
    channels=keyed([("history", ""), ("call", "")]),
    areas=keyed([("301", ""), ("302", "Bay Ridge")]),
)
BASIC = "id: id\nopened: opened\ncategory: category\n"
ROW = {"id": "7", "opened": "2015-01-05 09:00", "category": "Roads > Pothole"}


def mapping(text: str) -> Mapping:
    """Every scalar as text, as a pack is read."""
    return Mapping.model_validate(yaml.load(text, yaml.BaseLoader))


def csv_file(folder: Path, rows: Sequence[Pairs[str, str]]) -> Path:
    columns = list(rows[0])
    cells = [",".join(f'"{row[column]}"' for column in columns) for row in rows]
    path = folder / "history.csv"
    path.write_text("\n".join([",".join(columns), *cells]) + "\n", encoding="utf-8")
    return path


def normalised(folder: Path, text: str, rows: Sequence[Pairs[str, str]]) -> list[HistoryRow | RowRejected]:
    read = compile_mapping(mapping(text), CODES, zone="America/New_York", folder=folder)
    return [row for chunk in reading.rows(csv_file(folder, rows)) for row in read.chunk(chunk)]


def one(folder: Path, text: str, **cells: str) -> HistoryRow:
    (row,) = normalised(folder, BASIC + text, [{**ROW, **cells}])
    assert isinstance(row, HistoryRow), row
    return row


def facts(row: HistoryRow) -> dict[str, object]:
    """All but the two that nearly every row here has."""
    common = {"place_missing", "organisation_missing"}
    return {fact.name: fact.value for fact in row.facts if fact.name not in common}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Dates


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        ("{column: opened}", "2015-07-01 08:00", "2015-07-01T12:00"),
        ("{column: opened}", "2015-07-01T08:00:00.000Z", "2015-07-01T08:00"),
        ("{column: opened}", "2015-07-01T08:00:00-07:00", "2015-07-01T15:00"),
        ("{column: opened, zone: UTC}", "2015-07-01T08:00:00", "2015-07-01T08:00"),
        ("{column: opened, formats: '%m/%d/%Y %I:%M:%S %p'}", "07/01/2015 08:00:00 PM", "2015-07-02T00:00"),
        ("{column: opened, formats: ['%d.%m.%Y', iso]}", "2015-07-01T08:00", "2015-07-01T12:00"),
        ("{column: opened, formats: '%Y年%m月%d日'}", "2015年7月1日", "2015-07-01T04:00"),
        ("{column: opened, formats: epoch}", "1435752000", "2015-07-01T12:00"),
        ("{column: opened, formats: epoch_ms}", "1435752000000", "2015-07-01T12:00"),
        ("{column: opened}", "2015-11-01T01:30", "2015-11-01T05:30"),  # occurs twice: the first
        ("{column: opened}", "2015-03-08T02:30", "2015-03-08T07:30"),  # is skipped: moves on
        ("{columns: [opened, time], join: ' '}", "2015-07-01", "2015-07-01T12:00"),
    ],
)
def test_an_opening_is_read_in_its_format_and_zone(tmp_path: Path, spec: str, text: str, expected: str) -> None:
    text_of = f"id: id\nopened: {spec}\ncategory: category\n"
    (row,) = normalised(tmp_path, text_of, [{**ROW, "opened": text, "time": "08:00"}])
    assert isinstance(row, HistoryRow)
    assert row.opened_at == utc(expected)
    assert row.opened_at.tzinfo is UTC


def test_a_date_without_a_time_is_the_start_of_the_day_when_opened_and_its_end_otherwise(
    tmp_path: Path,
) -> None:
    text = "closed: closed\ndue: {column: due, midnight: day}\n"
    row = one(tmp_path, text, opened="2015-07-01", closed="2015-07-01", due="2015-07-03 00:00:00")
    assert row.opened_at == utc("2015-07-01T04:00")
    assert row.closed_at == utc("2015-07-02T03:59:59")
    assert row.due_at == utc("2015-07-04T03:59:59")
    assert not facts(row)


def test_optional_dates_that_cannot_be_read_become_facts(tmp_path: Path) -> None:
    row = one(tmp_path, "closed: closed\ndue: due\n", closed="soon", due="1900-01-01")
    assert row.closed_at is None
    assert row.due_at is None
    assert facts(row) == {"closed_unreadable": "soon", "due_unreadable": "1900-01-01"}


# Values


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("01 BROOKLYN", "301"), ("02 BROOKLYN", "302"), ("Unspecified BROOKLYN", ""), ("01 ELSEWHERE", "")],
)
def test_a_pattern_and_lookups_make_a_code_of_a_name(tmp_path: Path, printed: str, expected: str) -> None:
    text = r"""
area:
  column: board
  pattern: '^(?P<number>\d\d) (?P<borough>[A-Z ]+)$'
  lookups: {borough: {BROOKLYN: "3"}}
  template: "{borough}{number}"
"""
    row = one(tmp_path, text, board=printed)
    assert row.area == expected
    assert not facts(row)


def test_a_template_pads_and_columns_may_be_expressions(tmp_path: Path) -> None:
    text = """
area:
  columns: [{column: borough, lookup: {Brooklyn: "3"}}, {column: number, pad: 2}]
  join: ""
address:
  column: number
  pattern: "(?P<n>.+)"
  template: "no. {n:0>4}"
"""
    row = one(tmp_path, text, borough=" Brooklyn ", number="2")
    assert (row.area, row.address) == ("302", "no. 0002")


def test_lookup_tables_may_be_files_of_the_pack(tmp_path: Path) -> None:
    (tmp_path / "crews.csv").write_text("number,name\n12,Paving crew\n", encoding="utf-8")
    text = "organisation: {column: crew, lookup: {file: crews.csv, key: number, value: name}}\n"
    assert one(tmp_path, text, crew="12").organisation == "D1-1"
    row = one(tmp_path, text, crew="13")
    assert row.organisation == ""
    assert facts(row) == {"organisation_unknown": "13"}


def test_names_change_from_year_to_year_and_some_texts_mean_nothing(tmp_path: Path) -> None:
    text = """
empty: ["N/A"]
words: {column: [Notes 2016, notes], otherwise: {column: kind, case: lower}, default: nothing said}
"""
    rows = [{"notes": "a hole"}, {"Notes 2016": "n", "notes": "x"}, {"notes": "N/A", "kind": "ROAD"}, {"kind": ""}]
    assert [one(tmp_path, text, **row).words for row in rows] == ["a hole", "n", "road", "nothing said"]


def test_a_lookup_drops_what_it_does_not_list_when_asked(tmp_path: Path) -> None:
    text = "channel: {column: source, lookup: {Phone: call}, unlisted: %s, default: history}\n"
    assert one(tmp_path, text % "keep", source="Phone").channel == "call"
    kept, dropped = (one(tmp_path, text % how, source="Fax") for how in ("keep", "empty"))
    assert (kept.channel, dropped.channel) == ("history", "history")
    assert facts(kept)["channel_unknown"] == "Fax"
    assert "channel_unknown" not in facts(dropped)


# Places


@pytest.mark.parametrize(
    ("spec", "cells", "expected"),
    [
        ("{lon: x, lat: y}", {"x": "-73.9", "y": "40.6"}, (-73.9, 40.6)),
        ("{lon: x, lat: y, decimal: ','}", {"x": "-73,9", "y": "40,6"}, (-73.9, 40.6)),
        ("{lon: x, lat: y, crs: 'EPSG:2263'}", {"x": "1006307", "y": "169,492"}, (-73.9205, 40.6319)),
        ("{point: x}", {"x": "POINT (-73.9 40.6)"}, (-73.9, 40.6)),
        ("{point: x}", {"x": "(40.6, -73.9)"}, (-73.9, 40.6)),
        ("{point: x}", {"x": "8 Main St 11201 (40.6, -73.9)"}, (-73.9, 40.6)),
        ("{point: {column: x, order: lon_lat}}", {"x": "-73.9 40.6"}, (-73.9, 40.6)),
    ],
)
def test_a_place_is_read_from_columns_or_text(
    tmp_path: Path, spec: str, cells: dict[str, str], expected: tuple[float, float]
) -> None:
    row = one(tmp_path, f"place: {spec}\n", **cells)
    assert (row.lon, row.lat) == pytest.approx(expected, abs=1e-4)
    assert not facts(row)


@pytest.mark.parametrize(
    ("x", "y", "fact"),
    [
        ("", "", "place_missing"),
        ("-71.0587", "42.3594", "place_default"),
        ("0", "0.0", "place_default"),
        ("-71.0587", "42.3595", None),
        ("north", "42.3", "place_unreadable"),
        ("nan", "42.3", "place_unreadable"),
        ("42.3594", "-71.0587", "place_outside"),
    ],
)
def test_points_that_are_no_place_become_facts(tmp_path: Path, x: str, y: str, fact: str | None) -> None:
    text = """
place:
  lon: x
  lat: y
  nowhere: [[-71.0587, 42.3594]]
  tolerance: 0.00001
  bounds: [-72, 42, -70, 43]
"""
    row = one(tmp_path, text, x=x, y=y)
    assert [known.name for known in row.facts if known.name.startswith("place_")] == ([fact] if fact else [])
    assert (row.lon is None) == (fact is not None)


# Steps, closing, flags


def steps_of(row: HistoryRow) -> list[tuple[str, str, bool]]:
    return [(step.name, step.at.isoformat()[11:16], step.inferred) for step in row.steps]


def test_steps_are_told_by_their_columns_and_inferred_otherwise(tmp_path: Path) -> None:
    text = """
zone: UTC
closed: closed
steps:
  sign_for: {column: signed}
  handle: {column: done}
"""
    cells = {"opened": "2015-01-05T09:00", "closed": "2015-01-05T17:00", "done": ""}
    row = one(tmp_path, text, **cells, signed="2015-01-05T10:00")
    assert steps_of(row) == [
        ("report", "09:00", False),
        ("register", "09:00", True),
        ("file", "09:00", True),
        ("dispatch", "09:00", True),
        ("sign_for", "10:00", False),
        ("handle", "17:00", True),
        ("check", "17:00", True),
        ("close", "17:00", False),
    ]
    assert facts(row) == {"step_time_missing": {"step": "handle"}}


@pytest.mark.parametrize(("signed", "at"), [("2015-01-05T08:00", "09:00"), ("2015-01-05T18:00", "17:00")])
def test_told_times_never_go_backwards_nor_past_the_closing(tmp_path: Path, signed: str, at: str) -> None:
    text = "zone: UTC\nclosed: closed\nsteps: {sign_for: {column: signed}}\n"
    row = one(tmp_path, text, opened="2015-01-05T09:00", closed="2015-01-05T17:00", signed=signed)
    assert steps_of(row)[4] == ("sign_for", at, True)
    assert [step.at for step in row.steps] == sorted(step.at for step in row.steps)
    moved = {"step": "sign_for", "printed": f"{signed}:00+00:00"}
    assert facts(row) == {"step_time_moved": moved}


def test_an_open_case_stands_at_its_last_known_step(tmp_path: Path) -> None:
    text = "zone: UTC\nclosed: closed\nsteps: {check: {column: checked}}\n"
    still = one(tmp_path, text, closed="", checked="")
    assert [step.name for step in still.steps][-1] == "sign_for"
    assert not facts(still)
    checked = one(tmp_path, text, closed="", checked="2015-01-06T08:00")
    assert steps_of(checked)[-2:] == [("handle", "08:00", True), ("check", "08:00", False)]


def test_closing_before_opening_is_taken_in_at_the_opening(tmp_path: Path) -> None:
    row = one(tmp_path, "closed: closed\n", closed="2015-01-04T08:00")
    assert row.closed_at == row.opened_at == row.steps[-1].at
    assert row.steps[-1].inferred
    assert facts(row) == {"closed_before_opened": "2015-01-04T08:00:00-05:00"}


def test_the_status_decides_and_the_flag_is_the_citys_own(tmp_path: Path) -> None:
    text = """
closed: closed
flag: {column: flag, on_time: ONTIME, overdue: [OVERDUE, LATE]}
status: {column: status, open: [Open], closed: [Closed, Done]}
"""
    missing = one(tmp_path, text, status="Done", closed="", flag="LATE")
    assert (missing.closed_at, missing.flag) == (None, "overdue")
    assert facts(missing) == {"closed_at_missing": None}
    still = one(tmp_path, text, status="Open", closed="2015-01-06", flag="perhaps")
    assert (still.closed_at, still.flag) == (None, "")
    assert set(facts(still)) == {"closed_while_open", "flag_unknown"}
    assert still.later == {"closed", "flag", "status"}


# Rejects and files


def test_what_cannot_become_a_case_is_rejected_with_line_field_and_reason(tmp_path: Path) -> None:
    rows = [
        {**ROW, "opened": "yesterday"},
        {**ROW, "opened": ""},
        {**ROW, "id": " "},
        {**ROW, "category": "Roads > Unicorn"},
        {**ROW, "id": "two\nlines"},
        {**ROW, "category": ""},
        {**ROW, "category": "Signs > Bent"},
    ]
    found = normalised(tmp_path, BASIC, rows)
    assert [(r.line, r.field, r.reason, r.value) for r in found if isinstance(r, RowRejected)] == [
        (2, "opened", "date_unreadable", "yesterday"),
        (3, "opened", "date_missing", None),
        (4, "id", "id_missing", None),
        (5, "category", "category_unknown", "Roads > Unicorn"),
        (8, "category", "category_missing", None),
    ]
    assert [(r.line, r.category) for r in found if isinstance(r, HistoryRow)] == [(6, "0101"), (9, "0102")]
    assert str(found[0]) == "this is no date in any of the mapping's formats"


def test_an_unknown_category_may_fall_back(tmp_path: Path) -> None:
    text = "id: id\nopened: opened\ncategory: {column: category, unknown: '99'}\n"
    (row,) = normalised(tmp_path, text, [{**ROW, "category": "Unicorn"}])
    assert isinstance(row, HistoryRow)
    assert row.category == "99"
    assert facts(row)["category_unknown"] == "Unicorn"


def test_malformed_rows_keep_their_line_and_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.tsv.gz"
    with gzip.open(path, "wt", encoding="gb18030") as file:
        file.write("id\topened\tcategory\n1\t2015-01-01\n\n2\t2015-01-02\t坑洞\0\n3\t2015\tx\ty\n")
    (chunk,) = reading.rows(path, encodings=["utf-8", "gb18030"])
    (line, bad), (_, good), (last, long) = chunk
    assert isinstance(bad, RowRejected)
    assert isinstance(long, RowRejected)
    assert (line, bad.line, bad.reason, bad.value, last) == (2, 2, "fields_wrong", "1,2015-01-01", 5)
    assert good == {"id": "2", "opened": "2015-01-02", "category": "坑洞"}


def test_parquet_is_read_as_text_with_iso_times(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    with duckdb.connect() as database:
        database.execute(
            "copy (select 7 as id, timestamp '2015-01-05 09:00' as opened, date '2015-01-06' as due, 0.1 as x,"
            f" null as y, true as z) to '{path}' (format parquet)"
        )
    (((line, raw),),) = reading.rows(path)
    expected = {"id": "7", "opened": "2015-01-05T09:00:00", "due": "2015-01-06", "x": "0.1", "y": None, "z": "true"}
    assert (line, raw) == (2, expected)
    assert reading.count(path) == 1


def test_files_that_are_missing_broken_or_lack_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / "history.parquet").write_text("no parquet")
    (tmp_path / "latin.csv").write_bytes("id\n\xe9\n".encode("latin-1"))
    (tmp_path / "twice.csv").write_text("id,id\n1,2\n")
    for name, code in (("none.csv", "file_missing"), ("history.parquet", "file_unreadable"),
                       ("latin.csv", "file_unreadable"), ("twice.csv", "file_unreadable")):  # fmt: skip
        with pytest.raises(CityloopError) as refusal:
            list(reading.rows(tmp_path / name))
        assert refusal.value.code == code, name
    with pytest.raises(CityloopError) as refusal:
        normalised(tmp_path, BASIC.replace("category: category", "category: kind"), [ROW])
    assert (refusal.value.code, refusal.value.facts["column"]) == ("column_missing", "kind")


def test_a_mapping_tells_which_of_its_fields_a_file_cannot_fill() -> None:
    text = "closed: [closed, Closed]\ndue: due_date\nsteps: {check: {column: checked}}\nplace: {point: where}\n"
    found = mapping(BASIC + text).absent(["id", "opened", "category", "Closed"])
    assert found == {"due": ["due_date"], "steps.check": ["checked"], "place.point": ["where"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adress: street", "Extra inputs"),
        ("area: {column: a, pattern: '('}", "not a regular expression"),
        ("area: {column: a, pattern: 'a', template: '{b}'}", "has no group b"),
        ("area: {column: a, pattern: '(?P<b>.)', template: '{b.real}'}", "write {name}"),
        ("due: {column: a, formats: yyyy-mm-dd}", "write iso, epoch"),
        ("steps: {handle: finished_at}", "write opened, closed, or"),
        ("place: {lon: x}", "write lon and lat, or point"),
        ("zone: America/Bostn", "no time zone"),
    ],
)
def test_mistakes_in_a_mapping_are_said(text: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("{", r"\{")):
        mapping(f"{BASIC}{text}\n")


ROOT = Path(__file__).resolve().parents[3]


def examples() -> list[str]:
    text = (ROOT / "docs" / "packs-mapping.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("example", examples())
def test_every_example_of_the_reference_is_a_mapping(example: str) -> None:
    needed, data = yaml.load(BASIC, yaml.BaseLoader), yaml.load(example, yaml.BaseLoader)
    Mapping.model_validate({**needed, **data.get("history", data)})


# Real cities


def real(folder: Path) -> tuple[list[HistoryRow], list[RowRejected], packs.Pack]:
    pack = packs.load(folder)
    read = normaliser(pack)
    found = [row for chunk in lines(pack) for row in read.chunk(chunk)]
    rejected = [row for row in found if isinstance(row, RowRejected)]
    return [row for row in found if isinstance(row, HistoryRow)], rejected, pack


def test_bostons_year_is_taken_in_whole() -> None:
    rows, rejected, pack = real(ROOT / "packs" / "boston")
    assert (len(rows), len(rejected)) == (104_240, 0)
    names = [fact.name for row in rows for fact in row.facts]
    assert {name: names.count(name) for name in set(names)} == {
        "place_default": 14_671,
        "closed_before_opened": 176,
    }
    flagged = [row for row in rows if row.closed_at and row.due_at and row.flag]
    late = [row for row in flagged if row.closed_at and row.due_at and row.closed_at > row.due_at]
    assert (len(flagged), len(late)) == (68_669, 17_166)
    assert all(row.flag == "overdue" for row in late)
    assert pack.file.history is not None
    end = pack.file.history.local(pack.file.history.end, pack.city.zone)
    assert end == utc("2016-01-13T05:00")


@pytest.mark.shared
@pytest.mark.parametrize(("name", "count", "before"), [("new_york", 2_386, 0), ("san_francisco", 14_312, 184)])
def test_other_cities_are_taken_in_whole(shared: Path, name: str, count: int, before: int) -> None:
    rows, rejected, _pack = real(ROOT / "tests" / "packs" / name)
    assert (len(rows), len(rejected)) == (count, 0)
    names = [fact.name for row in rows for fact in row.facts]
    assert names.count("closed_before_opened") == before
    assert not [name for name in names if name.endswith("_unknown")]


@pytest.mark.shared
def test_new_yorks_points_lie_in_the_districts_that_they_print(shared: Path) -> None:
    rows, _rejected, pack = real(ROOT / "tests" / "packs" / "new_york")
    ids = {row.code: number for number, row in enumerate(pack.areas)}
    areas = [AreaRow(ids[row.code], row.code, row.level, (ids[row.code],), pack.shapes.get((row.scheme, row.code)))
             for row in pack.areas]  # fmt: skip
    places = AreaMap(areas).places([row.lon for row in rows], [row.lat for row in rows])
    named = [(row.area, place.area_code) for row, place in zip(rows, places, strict=True) if row.area]
    assert len(named) == 2_189
    assert sum(printed == located for printed, located in named) >= 0.985 * len(named)
