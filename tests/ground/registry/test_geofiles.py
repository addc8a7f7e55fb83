"""Files of urban objects: what is written is read again, foreign files in all their encodings, and broken ones."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio.raw
import pyproj
import pytest
import shapely

from cityloop.core import workbooks
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.places.datums import Datum, from_wgs84
from cityloop.ground.registry.geofiles import read
from cityloop.ground.registry.geofiles_out import Cell, write
from cityloop.ground.registry.geotables import GeoTable
from cityloop.ground.registry.geotexts import misread

HERE = shapely.Point(114.0571234, 22.5431234)
LINE = shapely.LineString([(114.05, 22.54), (114.06, 22.55)])
SQUARE = shapely.Polygon(
    [(114, 22.5), (114.1, 22.5), (114.1, 22.6), (114, 22.6)],
    [[(114.04, 22.54), (114.05, 22.54), (114.05, 22.55), (114.04, 22.54)]],
)
TWO = shapely.MultiPolygon([SQUARE, shapely.box(114.2, 22.5, 114.3, 22.6)])
ROWS = [
    {"编号": "4403040101000001", "名称": "联通部件，井盖", "note": "=1+1"},
    {"编号": "0007", "名称": '路灯"甲"', "note": "-12.5"},
    {"编号": "-", "名称": "", "note": "'=2"},
]
SUFFIXES = [".geojson", ".shp", ".zip", ".gpkg", ".csv", ".xlsx"]


def shapes_of(*shapes: Any) -> Any:
    found = np.full(len(shapes), None, object)
    found[:] = shapes
    return found


def problems(table: GeoTable) -> list[str]:
    return [str(problem) for problem in table.problems]


def near(one: Any, other: Any) -> bool:
    return bool(shapely.hausdorff_distance(shapely.normalize(one), shapely.normalize(other)) < 1e-6)


def shapefile(path: Path, encoding: str, rows: list[str], column: str = "部件名", cpg: str | None = None) -> Path:
    """A Shapefile of points as other programs write them, with or without a .cpg."""
    points = shapely.to_wkb(shapely.points([(114.0 + number / 100, 22.5) for number in range(len(rows))]))
    pyogrio.raw.write(
        path, points, [np.array(rows, object)], [column], geometry_type="Point", crs="EPSG:4326", encoding=encoding,
        driver="ESRI Shapefile",
    )  # fmt: skip
    said = path.with_suffix(".cpg")
    said.unlink(missing_ok=True)
    if cpg is not None:
        said.write_text(cpg)
    return path


# There and back


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("datum", list(Datum))
@pytest.mark.parametrize(
    "shapes", [(HERE, shapely.Point(114.1, 22.6), None), (SQUARE, TWO, None), (LINE, LINE, LINE)], ids=lambda _: ""
)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str, datum: Datum, shapes: tuple[Any, ...]) -> None:
    path = tmp_path / f"部件{suffix}"
    written = write(path, ["编号", "名称", "note"], ROWS, shapes_of(*shapes), datum=datum)
    assert written.notes == []
    found = read(path, datum=datum)
    missing = [line for line, shape in zip(found.lines, shapes, strict=True) if shape is None]
    assert [(problem.code, problem.line) for problem in found.problems] == [("geometry_missing", n) for n in missing]
    assert found.columns == ["编号", "名称", "note"]
    assert found.rows == ROWS
    for before, after in zip(shapes, found.shapes, strict=True):
        assert after is None if before is None else near(before, after)
    assert len(found.sound().rows) == 3 - len(missing)


def test_a_file_in_another_datum_holds_other_numbers(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", ["code"], [{"code": "1"}], shapes_of(HERE), datum=Datum.BD09)
    shown = read(tmp_path / "a.csv", datum=Datum.WGS84).shapes[0]
    assert (shown.x, shown.y) == pytest.approx(from_wgs84(HERE.x, HERE.y, Datum.BD09), abs=1e-8)


def test_long_columns_of_a_shapefile_are_cut_apart_and_said(tmp_path: Path) -> None:
    columns = ["部件标识码甲", "部件标识码乙", "inspection_date", "INSPECTION_by", "ok"]
    row = {column: column for column in columns}
    written = write(tmp_path / "a.shp", columns, [{**row, "ok": "井" * 100}], shapes_of(HERE))
    assert list(written.columns.values()) == ["部件标", "部件_2", "inspection", "INSPECTI_2", "ok"]
    assert [str(note) for note in written.notes][-2:] == [
        "a.shp: INSPECTION_by: this column is called INSPECTI_2 in the file: the name was taken, or too long there",
        "a.shp:1: ok: this text is longer than the file can hold, 254, and was cut",
    ]
    found = read(tmp_path / "a.shp", datum=Datum.WGS84)
    assert found.columns == list(written.columns.values())
    assert found.rows[0] == {written.columns[column]: column for column in columns} | {"ok": "井" * 84}
    assert (tmp_path / "a.cpg").read_text() == "UTF-8"


@pytest.mark.parametrize("suffix", [".gpkg", ".csv", ".xlsx", ".geojson"])
def test_columns_that_a_format_needs_itself_do_not_clash(tmp_path: Path, suffix: str) -> None:
    row = {"fid": "x1", "geom": "round", "lon": "left", "wkt": "w"}
    written = write(tmp_path / f"a{suffix}", list(row), [row], shapes_of(HERE))
    found = read(tmp_path / f"a{suffix}", datum=Datum.WGS84)
    if suffix in (".csv", ".xlsx"):
        assert written.columns["lon"] == "lon_2"
    assert near(found.shapes[0], HERE)
    assert found.rows == [{written.columns[column]: cell for column, cell in row.items()}]


def test_texts_that_look_like_formulas_stay_texts(tmp_path: Path) -> None:
    rows: list[dict[str, Cell]] = [{"a": text} for text in ("=1+1", "@x", "+86 755", "-5", "'=1")]
    for suffix in (".xlsx", ".csv"):
        write(tmp_path / f"a{suffix}", ["a"], rows, shapes_of(*[HERE] * 5))
        assert read(tmp_path / f"a{suffix}", datum=Datum.WGS84).rows == rows
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert {sheet.cell(row, 1).data_type for row in range(2, 7)} == {"s"}
    text = (tmp_path / "a.csv").read_text("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["a", "'=1+1", "'@x", "'+86 755", "-5", "''=1"]


def test_a_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    both = shapes_of(HERE, LINE)
    rows: list[dict[str, str]] = [{}, {}]
    for name, code in [("a.shp", "geofile_kinds_mixed"), ("a.kml", "geofile_kind_unknown"),
                       ("no/a.gpkg", "file_unwritable"), ("no/a.csv", "file_unwritable")]:  # fmt: skip
        with pytest.raises(Refused) as refused:
            write(tmp_path / name, [], rows, both)
        assert refused.value.code == code
    large = shapes_of(shapely.Point(114, 22).buffer(1, quad_segs=500))
    with pytest.raises(Refused, match="line 2"):
        write(tmp_path / "a.xlsx", [], [{}], large)


def test_numbers_are_numbers(tmp_path: Path) -> None:
    rows: list[dict[str, Cell]] = [{"n": 440304001001001001, "x": 0.1}, {"n": 3, "x": None}]
    for suffix in (".gpkg", ".geojson"):
        write(tmp_path / f"a{suffix}", ["n", "x"], rows, shapes_of(HERE, HERE))
        found = read(tmp_path / f"a{suffix}", datum=Datum.WGS84)
        assert found.rows == [{"n": "440304001001001001", "x": "0.1"}, {"n": "3", "x": ""}]


# Texts


@pytest.mark.parametrize("texts", [["联通", "雨水井盖"], ["路灯"]])
@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("GBK", None), ("GBK", "GBK"), ("GBK", "936"), ("GBK", "UTF-8"), ("UTF-8", None), ("UTF-8", "UTF-8")],
)
def test_texts_of_a_shapefile_are_read_in_whatever_they_were_written(
    tmp_path: Path, texts: list[str], encoding: str, cpg: str | None
) -> None:
    found = read(shapefile(tmp_path / "a.shp", encoding, texts, cpg=cpg), datum=Datum.WGS84)
    assert problems(found) == []
    assert found.columns == ["部件名"]
    assert [row["部件名"] for row in found.rows] == texts
    assert found.encoding == {"GBK": "gb18030", "UTF-8": "utf-8"}[encoding]


def test_an_encoding_that_is_named_counts_and_one_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", "BIG5", ["路燈"], column="name", cpg="ISO 88591")
    assert read(path, datum=Datum.WGS84, encoding="big5").rows == [{"name": "路燈"}]
    (problem,) = read(path, datum=Datum.WGS84, encoding="utf-8").problems
    assert (problem.line, problem.field, problem.code) == (1, "name", "text_undecodable")
    with pytest.raises(Refused, match="no encoding"):
        read(path, datum=Datum.WGS84, encoding="klingon")


@pytest.mark.parametrize(
    ("written", "taken_for"), [("gbk", "latin-1"), ("utf-8", "latin-1"), ("utf-8", "cp1252"), ("utf-8", "gbk")]
)
def test_a_file_of_mojibake_is_named(tmp_path: Path, written: str, taken_for: str) -> None:
    texts = ["雨水井盖", "路灯杆", "公园绿地", "城市道路交通标志牌"]
    rows = [{"name": text.encode(written).decode(taken_for, "replace")} for text in texts]
    write(tmp_path / "a.geojson", ["name"], rows, shapes_of(*[HERE] * 4))
    (problem,) = read(tmp_path / "a.geojson", datum=Datum.WGS84).problems
    assert (problem.line, problem.code, problem.facts["near"]) == (0, "text_misread", texts[0])
    assert problem.facts["encoding"] == {"gbk": "GB18030", "utf-8": "UTF-8"}[written]


def test_characters_that_are_lost_are_named(tmp_path: Path) -> None:
    rows = [{"name": "雨水井盖".encode("gbk").decode(errors="replace")}, {"name": "锟斤拷锟斤拷"}]
    write(tmp_path / "a.gpkg", ["name"], rows, shapes_of(HERE, HERE))
    (problem,) = read(tmp_path / "a.gpkg", datum=Datum.WGS84).problems
    assert (problem.line, problem.code, problem.facts["count"]) == (0, "text_lost", 2)


@pytest.mark.parametrize(
    "text",
    ["深圳市福田区", "鄞州区鼋头渚", "Straße", "Café Ångström", "São João", "联通", "東京都", "㎡", "ул. Ленина"],
)
def test_texts_in_order_are_left_in_peace(text: str) -> None:
    assert misread([text]) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_tables_and_geojson_in_any_chinese_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes("名称,经度,纬度\n联通井盖,114.05,22.54\n".encode(encoding))
    feature = {
        "type": "Feature",
        "properties": {"名称": "联通井盖"},
        "geometry": {"type": "Point", "coordinates": [114.05, 22.54]},
    }
    whole = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "a.json").write_bytes(json.dumps(whole, ensure_ascii=False).encode(encoding))
    for name in ("a.csv", "a.json"):
        found = read(tmp_path / name, datum=Datum.WGS84)
        assert (problems(found), found.rows) == ([], [{"名称": "联通井盖"}])
        assert near(found.shapes[0], shapely.Point(114.05, 22.54))


# Where coordinates stand


@pytest.mark.parametrize("head", ["lon,lat", "LNG,Lat", "经度,纬度", "x,y", "Ｌｏｎ,lat", "longitude,latitude"])
def test_columns_of_coordinates_are_known_by_their_names(tmp_path: Path, head: str) -> None:
    (tmp_path / "a.txt").write_text(f"code,{head}\n7,114.05,２２.54\n", "utf-8")
    found = read(tmp_path / "a.txt", datum=Datum.WGS84)
    assert (problems(found), found.columns, found.lines) == ([], ["code"], [2])
    assert near(found.shapes[0], shapely.Point(114.05, 22.54))


def test_wkt_counts_and_numbers_fill_in(tmp_path: Path) -> None:
    rows = ["geometry,lon,lat", '"LINESTRING Z (114 22 5, 114.1 22.1 5)",,', ",114.05,22.54", '"POINT(114",1,1', ",,"]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    found = read(tmp_path / "a.csv", datum=Datum.WGS84)
    assert [shape.geom_type for shape in found.shapes[:2]] == ["LineString", "Point"]
    assert not found.shapes[0].has_z
    assert problems(found) == ["a.csv:4: geometry: POINT(114 is no WKT; write such as POINT (116.4 39.9)"]


def test_a_projected_file_is_brought_into_degrees(tmp_path: Path) -> None:
    there = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    x, y = there.transform(HERE.x, HERE.y)
    point = shapely.to_wkb(shapely.points([[x, y]]))
    for name, driver in [("a.shp", "ESRI Shapefile"), ("a.gpkg", "GPKG")]:
        pyogrio.raw.write(tmp_path / name, point, [np.array(["1"], object)], ["code"], geometry_type="Point",
                          crs="EPSG:4547", driver=driver)  # fmt: skip
        found = read(tmp_path / name, datum=Datum.CGCS2000)
        assert problems(found) == []
        assert near(found.shapes[0], HERE)
    (tmp_path / "a.csv").write_text(f"x,y\n{x},{y}\n")
    assert near(read(tmp_path / "a.csv", datum=Datum.WGS84, crs="EPSG:4547").shapes[0], HERE)
    unsaid = read(tmp_path / "a.csv", datum=Datum.WGS84)
    assert [problem.code for problem in unsaid.problems] == ["crs_unsaid", "outside_world"]
    with pytest.raises(Refused, match="no coordinate reference system"):
        read(tmp_path / "a.csv", datum=Datum.WGS84, crs="EPSG:0")


# What is wrong


def test_every_bad_line_of_a_table_is_named_with_its_column(tmp_path: Path) -> None:
    lines = ["code,lon,lat", "1,east,22.5", "2,114,", "3,,", "4,22.5,114.05", "", "5,114", "6,nan,22", "7,114.05,22.54"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    found = read(tmp_path / "a.csv", datum=Datum.GCJ02)
    assert problems(found) == [
        "a.csv:7: this line has 2 cells, the first line names 3 columns",
        "a.csv:2: lon: east is no number",
        "a.csv:3: lat: this was left empty; write a value or remove it",
        "a.csv:8: lon: nan is no number",
        "a.csv:4: this has no geometry",
        "a.csv:5: 22.5, 114.05 is no place on earth: longitude and latitude are expected, in degrees",
    ]
    assert found.sound().rows == [{"code": "7"}]
    assert found.sound().lines == [9]


def test_a_workbook_is_read_by_rows_and_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "部件"
    for row in (["井盖普查表"], ["编号", "经度", "纬度"], [7, 114.05, 22.54], ["8", "=A1", 22.5], ["9", "x", 22.5]):
        sheet.append(row)
    book.create_sheet("空")
    book.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx", datum=Datum.WGS84)
    assert problems(found)[0] == "a.xlsx[部件]:4: B: here stands a formula; paste its value"
    assert "a.xlsx[部件]:5: 经度: x is no number" in problems(found)
    assert (found.sound().rows, found.sound().lines, found.layer) == ([{"编号": "7"}], [3], "部件")


def test_geometries_that_cannot_be_are_named_by_their_number(tmp_path: Path) -> None:
    bow = [[[114, 22], [114.2, 22.2], [114.2, 22], [114, 22.2], [114, 22]]]
    hole = [[[114, 22], [114.1, 22], [114.1, 22.1], [114, 22]], [[115, 23], [115.1, 23], [115.1, 23.1], [115, 23]]]
    drawn = [{"type": "Polygon", "coordinates": ring} for ring in (bow, hole, [], [[[0, 0], [1, 1], [1, 0]]])]
    all_of = [*drawn, None, {"type": "Point", "coordinates": [500, 22]}, {"type": "Point", "coordinates": [114, 22]}]
    features = [{"type": "Feature", "properties": {"a": 1}, "geometry": shape} for shape in all_of]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read(tmp_path / "a.geojson", datum=Datum.WGS84)
    assert sorted(problems(found)) == [
        "a.geojson:1: the polygon crosses itself at 114.1, 22.1",
        "a.geojson:2: a hole of the polygon lies outside of it, at 115, 23",
        "a.geojson:3: the geometry is empty",
        "a.geojson:4: the geometry cannot be read: a ring is not closed, or a point is missing",
        "a.geojson:5: this has no geometry",
        "a.geojson:6: 500, 22 is no place on earth: longitude and latitude are expected, in degrees",
    ]
    assert found.sound().lines == [7]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.geojson", b'{"type":"FeatureCollection","features":[{', "file_unreadable"),
        ("a.geojson", b'{"a": 1}', "file_unreadable"),
        ("a.gpkg", b"SQLite format 3\x00 and nothing more", "file_unreadable"),
        ("a.gpkg", b"nothing", "geofile_kind_unknown"),
        ("a.shp", b"\x00\x00\x27\x0a", "geofile_part_missing"),
        ("a.zip", b"PK\x03\x04 broken", "file_unreadable"),
        ("a.xls", b"\xd0\xcf\x11\xe0 old", "geofile_kind_unknown"),
        ("a.kml", b"<kml/>", "geofile_kind_unknown"),
        ("a.csv", b'lon,lat\n1,2\n"open', "file_unreadable"),
        ("a.csv", b"lon;lat\n1;2\n", "file_unreadable"),
        ("a.csv", b"lon,lat\n\xff\xff", "geofile_not_text"),
        ("a.csv", b"lon\0,lat\n", "geofile_not_text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as refused:
        read(tmp_path / name, datum=Datum.WGS84)
    assert refused.value.code == code
    assert name[:2] in str(refused.value)


def test_a_missing_file_is_unknown_and_an_empty_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        read(tmp_path / "no.csv", datum=Datum.WGS84)
    (tmp_path / "a.csv").write_bytes(b"")
    assert [problem.code for problem in read(tmp_path / "a.csv", datum=Datum.WGS84).problems] == ["table_empty"]
    (tmp_path / "a.csv").write_text("code,name\n1,x\n")
    found = read(tmp_path / "a.csv", datum=Datum.WGS84)
    assert [(problem.line, problem.code) for problem in found.problems] == [(0, "coordinates_missing")]
    assert found.rows == [{"code": "1", "name": "x"}]


def test_one_of_several_layers_must_be_named(tmp_path: Path) -> None:
    row = {"lon": "114.05", "lat": "22.54"}
    sheets = {title: [list(row), list(row.values())] for title in ("lamps", "covers")}
    (tmp_path / "a.xlsx").write_bytes(workbooks.write(sheets))
    write(tmp_path / "lamps.shp", ["a"], [{"a": "1"}], shapes_of(HERE))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for stem in ("lamps", "covers"):
            for part in tmp_path.glob("lamps.*"):
                packed.write(part, f"{stem}{part.suffix}")
    for name in ("a.xlsx", "a.zip"):
        with pytest.raises(Refused, match="name one"):
            read(tmp_path / name, datum=Datum.WGS84)
        with pytest.raises(Refused, match="no layer trees"):
            read(tmp_path / name, datum=Datum.WGS84, layer="trees")
        assert shapely.dwithin(read(tmp_path / name, datum=Datum.WGS84, layer="covers").shapes[0], HERE, 0.01)


def test_long_codes_with_gaps_keep_all_their_digits(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {'c"x': code, "b": flag},
            "geometry": {"type": "Point", "coordinates": [114, 22]},
        }
        for code, flag in ((440304001001001001, True), (None, None), (7, False))
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read(tmp_path / "a.geojson", datum=Datum.WGS84)
    assert [tuple(row.values()) for row in found.rows] == [("440304001001001001", "yes"), ("", ""), ("7", "no")]
