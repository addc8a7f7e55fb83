"""Files of the rule book as they come: our own tables in two formats, foreign ones by a mapping, and broken ones."""

import csv
import io
import re
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from journeys.command import ROOT
from journeys.conftest import JUNE

from cityloop.config.pack.reading import Pack
from cityloop.core import texts, workbooks
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.places.city import city
from cityloop.ground.standards.actions import begin_edition, put_documents
from cityloop.ground.standards.checking import Kind, Known
from cityloop.ground.standards.editions import differences, known_in, last_edition, rules_of, said, whole
from cityloop.ground.standards.exporting import to_csv, to_workbook
from cityloop.ground.standards.importing import Reading, read
from cityloop.ground.standards.mapping import FOLDER, FileMapping, Part, load, named
from cityloop.ground.standards.rows import DocumentData
from standards.sample import RULES

MINOR = Kind("event", "minor")
KNOWN = Known({"0101": MINOR, "0102": MINOR}, ["default", "night"], ["ACT"])


def workbook(*rows: list[object], merged: tuple[str, ...] = (), title: str = "rules") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for span in merged:
        sheet.merge_cells(span)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def problems(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems]


# Our own tables


@pytest.fixture
def full_book(tiny_city: Pack) -> int:
    """An edition that uses everything a rule can say; its id."""
    put_documents([DocumentData("ACT", "Road act", {}, "law")], actor=SYSTEM)
    rules = whole(RULES, ["0101", "0102", "0103"])
    return begin_edition("full", rules, scheme="tiny-1", actor=SYSTEM, begins=JUNE.date()).pk


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_written_out_is_read_back_without_a_difference(full_book: int, form: str) -> None:
    edition = last_edition()
    data = to_csv(edition).encode() if form == "csv" else to_workbook(edition)
    reading = read(data, f"book.{form}", known_in("tiny-1", city().settings))
    assert problems(reading) == []
    assert differences(said(rules_of(full_book)), reading.rules) == []
    assert len(reading.rules) == len(RULES)
    assert reading.categories == []


def test_a_text_that_looks_like_a_formula_stays_a_text(full_book: int) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_workbook(last_edition())))["rules"]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells["=1+1 holes"] == "s"
    assert cells[2] == "n"


CSV_HEAD = "category,situation,stage,part,value,unit,calendar,closing_condition\n"


def test_every_wrong_line_is_named_at_once() -> None:
    data = (
        CSV_HEAD + "0101,,handle,,0,h,,\n0109,,handle,,1,h,,\n0102,,handle,,1,wd,nights,\n0102,,handle,,1,wd,nights,\n"
    )
    assert problems(read(data.encode(), "rules.csv", KNOWN)) == [
        "rules.csv:2: value: 0 is out of range: it must be > 0",
        "rules.csv:3: category: there is no category 0109; did you mean 0102?",
        "rules.csv:4: calendar: there is no calendar nights; did you mean night?",
        "rules.csv:5: calendar: there is no calendar nights; did you mean night?",
        "rules.csv:5: part: the same rule has a limit for this stage, part, area class and season in line 4 already",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "read_as"),
    [("２", "ｈ", "2"), ("２．５", "wd", "2.5"), ("\u3000 4 \u3000", "wh", "4"), ("１５", "ｄ", "15")],
)
def test_full_width_digits_and_spaces_are_read_as_what_they_mean(value: str, unit: str, read_as: str) -> None:
    line = ["０１０１", "", "ｈａｎｄｌｅ", "", value, unit, "", "修复，恢复（原状）１个"]
    head = CSV_HEAD.strip().split(",")
    out = io.StringIO()
    csv.writer(out).writerows([head, line])
    for data in (out.getvalue().encode(), workbook(list(head), list(line))):
        reading = read(data, "rules", KNOWN)
        assert problems(reading) == []
        (rule,) = reading.rules
        assert (rule.category, f"{rule.limits[0].value.normalize():f}") == ("0101", read_as)
        assert rule.closing_condition == "修复，恢复（原状）１个"  # sentences stay as they were written


def test_a_merged_cell_counts_for_all_that_it_spans() -> None:
    head: list[object] = ["category", "situation", "stage", "part", "value", "unit", "closing_condition"]
    data = workbook(
        ["Standards of the city", None, None, None, None, None, None],
        head,
        [None] * 7,
        ["0101", "deep", "handle", "fence", 2, "h", "Filled"],
        [None, None, "handle", "repair", 5, "wd", None],
        [None, "shallow", "handle", None, 7.5, "wd", None],
        ["0102", "", "handle", None, 4, "wh", "Burns"],
        merged=("A1:G1", *(f"{column}2:{column}3" for column in "ABCDEFG"), "A4:A6", "B4:B5", "G4:G6"),
    )
    reading = read(data, "book.xlsx", KNOWN)
    assert problems(reading) == []
    assert [
        (rule.category, rule.situation, rule.closing_condition, [f"{row.part}{row.value:f}" for row in rule.limits])
        for rule in reading.rules
    ] == [
        ("0101", "deep", "Filled", ["fence2.000", "repair5.000"]),
        ("0101", "shallow", "Filled", ["7.500"]),
        ("0102", "", "Burns", ["4.000"]),
    ]


def test_numbers_that_are_codes_keep_their_zeros() -> None:
    data = workbook(["category", "value", "unit"], [101, 2, "h"])
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["rules"]["A2"].number_format = "0000"
    out = io.BytesIO()
    book.save(out)
    assert [rule.category for rule in read(out.getvalue(), "book.xlsx", KNOWN).rules] == ["0101"]


def test_formulas_and_errors_are_refused_where_they_stand() -> None:
    data = workbook(["category", "value", "unit"], ["0101", "=1+1", "h"], ["0102", "#N/A", "h"])
    assert problems(read(data, "book.xlsx", KNOWN)) == [
        "book.xlsx[rules]:2: B: here stands a formula; paste its value",
        "book.xlsx[rules]:3: B: here stands the error value #N/A",
    ]


def test_a_workbook_with_new_categories_brings_them() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Rules"
    for row in (["category", "value", "unit"], ["0199", 2, "h"]):
        book.active.append(row)
    sheet = book.create_sheet("categories")
    for row in (["code", "name", "level", "parent", "local"], ["01", "Streets", "major", "", ""],
                ["0199", "Space saver", "minor", "01", "yes"], ["0101", "Pothole", "minor", "01", ""]):  # fmt: skip
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    reading = read(out.getvalue(), "book.xlsx", KNOWN)
    assert problems(reading) == []
    assert [(row.code, row.local) for row in reading.categories] == [("01", False), ("0199", True)]
    assert reading.rules[0].category == "0199"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"PK\x03\x04 no zip", "book: this is no workbook that can be read: "),
        (b"category,value\n\xff\xfe,1\n", "book:2: this line is not UTF-8 text; save the file as UTF-8"),
        (b'category,value,unit\n"0101,1,h\n', "book:2: this is not CSV: "),
        (b"", "book: this table has no lines"),
        (b"code,value\n0101,1\n", "book:1: code: there is no such column"),
        (b"x" * 5_000_001, "book: this workbook is too large: at most 5 MB"),
        (workbook(["a"], ["b"], title="one"), "book[one]:1: a: there is no such column"),
    ],
)
def test_what_is_no_table_of_rules_is_said_and_never_raised(data: bytes, problem: str) -> None:
    found = problems(read(data, "book", KNOWN))
    assert any(line.startswith(problem) for line in found), found


def test_a_workbook_that_would_fill_the_memory_is_not_opened() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(["category"], ["0101"], merged=("A3:B4",)))) as small:
        parts = {name: small.read(name).replace(b"A3:B4", b"A3:XFD30000") for name in small.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as large:
        for name, part in parts.items():
            large.writestr(name, part)
    assert problems(read(out.getvalue(), "book.xlsx", KNOWN)) == [
        "book.xlsx: this workbook is too large: at most 20000 x 200"
    ]


def test_problems_are_said_in_the_readers_language() -> None:
    texts.speak("zh")
    with pytest.raises(Refused) as refused:
        read(b"category,value,unit\n0101,0,h\n", "rules.csv", KNOWN).require()
    found = refused.value.facts["problems"]
    assert isinstance(found, list)
    problem = found[0]
    assert (problem["line"], problem["column"], problem["code"], problem["value"]) == (2, "value", "out_of_range", "0")
    assert problem["text"].startswith("0 ")
    assert re.search("[\u4e00-\u9fff]", problem["text"])


# Foreign tables

HEAD = "kind,major_code,major_name,minor_code,minor_name,filing_condition,closing_condition,limit_value,limit_unit\n"
LINES = (
    "component,01,Streets,01,Cover,Loose,Fixed,4,小时\n"
    "component,01,Streets,01,Cover,Gone,Fixed,2,紧急工作时\n"
    "event,02,Waste,07,Heap,Big,Gone,1,天\n"
)
NOTHING = Known({}, ["default"], [])


def test_a_mapping_makes_rules_and_categories_of_a_foreign_table() -> None:
    reading = read((HEAD + LINES).encode(), "x.csv", NOTHING, named("case_standards"))
    assert problems(reading) == []
    assert [(rule.category, rule.situation, rule.urgent, rule.limits[0].unit) for rule in reading.rules] == [
        ("10101", "s1", False, "wh"), ("10101", "s2", True, "h"), ("20207", "", False, "wd")
    ]  # fmt: skip
    assert [(row.code, row.kind, row.level, row.parent) for row in reading.categories] == [
        ("101", "component", "major", ""), ("202", "event", "major", ""),
        ("10101", "component", "minor", "101"), ("20207", "event", "minor", "202"),
    ]  # fmt: skip


def test_what_a_mapping_does_not_understand_is_named_by_the_files_own_columns() -> None:
    lines = LINES.replace("4,小时", "four,小时").replace("1,天", "1,周").replace("event,", "happening,")
    found = problems(read((HEAD + lines).encode(), "x.csv", NOTHING, named("case_standards")))
    assert found == [
        "x.csv:4: kind: happening is not possible here; write one of: component, event",
        "x.csv:4: limit_unit: 周 is not possible here; write one of: 天, 小时, 紧急工作时, 紧急工作日",
        "x.csv:2: limit_value: four is no number",
    ]
    lines = LINES.replace("Streets,01,Cover,Gone", "Streets,01,Lid,Gone")
    assert problems(read((HEAD + lines).encode(), "x.csv", NOTHING, named("case_standards"))) == [
        "x.csv:3: code: the category 10101 is another one in line 2, called Cover"
    ]
    lacking = (HEAD + LINES).replace("limit_unit", "unit")
    assert problems(read(lacking.encode(), "x.csv", NOTHING, named("case_standards"))) == [
        "x.csv: no line among the first names all columns needed; missing are: limit_unit"
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rules: {categori: kind}", "1: rules: there is no such column; did you mean category?"),
        ("rules: {category: {text: a, column: b}}", "a part names either a column or a text"),
        ("rules: {category: {column: b, pattern: '('}}", "( is no pattern with at most one group"),
        ("situation: numbered", "there is no such key; did you mean situations?"),
        ("rules: [", "this is not YAML"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong_with_it(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(Refused, match=r"The mapping own.yaml cannot be used") as refused:
        load(path)
    assert reason in str(refused.value)
    with pytest.raises(Refused, match="There is no mapping none; these come along: case_standards, categories"):
        load(Path("none"))


@pytest.mark.shared
def test_519_of_519_rows_of_a_city_are_read(shared: Path) -> None:
    data = (shared / "data/yuncheng_cityguard/case_standards.csv").read_bytes()
    reading = read(data, "case_standards.csv", NOTHING, named("case_standards"))
    assert problems(reading) == []
    assert len(reading.rules) == reading.lines == 519
    assert all(len(rule.limits) == 1 for rule in reading.rules)
    units = Counter(rule.limits[0].unit for rule in reading.rules)
    assert units == {"wd": 412, "wh": 61, "h": 42, "d": 4}  # 天, 小时, 紧急工作时, 紧急工作日
    assert Counter(row.level for row in reading.categories) == {"minor": 190, "major": 11}
    assert sum(rule.urgent for rule in reading.rules) == 46
    again = read(data, "case_standards.csv", NOTHING, named("case_standards"))
    assert again.rules == reading.rules
    assert reading.rules[3].key == ("10101", "s4")


@pytest.mark.shared
def test_a_table_of_components_with_their_law_is_read(shared: Path) -> None:
    data = (shared / "data/yuncheng_cityguard/component_standards_with_law.csv").read_bytes()
    reading = read(data, "x.csv", NOTHING, named("component_standards_with_law"))
    assert problems(reading) == []
    assert reading.lines == len(reading.rules) == 279
    assert Counter(rule.limits[0].unit for rule in reading.rules) == {"wd": 234, "wh": 26, "h": 19}
    assert [rule.key for rule in reading.rules if rule.limits[0].season == "planting"] == [("10402", "s2")]
    assert all(rule.law_clause for rule in reading.rules)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("source", "rows"), [("Yuncheng-B", 519), ("Yuncheng-A", 279), ("UnnamedDistrict", 10), ("Jiyuan", 5)]
)
def test_a_table_of_several_sources_is_read_one_by_one(shared: Path, tmp_path: Path, source: str, rows: int) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text((FOLDER / "time_limits.yaml").read_text().replace("[Yuncheng-B]", f"[{source}]"))
    data = (shared / "standards/time_limits.csv").read_bytes()
    reading = read(data, "time_limits.csv", NOTHING, load(mapping))
    assert problems(reading) == []
    assert len(reading.rules) == rows
    assert {rule.source for rule in reading.rules} == {source}
    if source == "Yuncheng-B":
        assert {rule.situation for rule in reading.rules if rule.category == "10101"} == {
            "missing_or_displaced", "damaged", "rattling", "subsidence"
        }  # fmt: skip


@pytest.mark.shared
def test_a_table_of_categories_alone_brings_no_rules(shared: Path) -> None:
    data = (shared / "standards/categories.csv").read_bytes()
    reading = read(data, "categories.csv", NOTHING, named("categories"))
    assert problems(reading) == []
    assert (len(reading.categories), reading.rules) == (211, [])
    assert sum(row.local for row in reading.categories) == 58
    assert reading.without_rules


def test_the_manuals_mapping_works_as_it_is_written(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
    assert {name for kind in (FileMapping, Part) for name in kind.model_fields if f"`{name}" not in text} == set()
    path = tmp_path / "mapping.yaml"
    path.write_text(
        text.split("<!-- file: mapping.yaml -->")[1].split("```")[1].removeprefix("yaml\n"), encoding="utf-8"
    )
    table = "source,kind,major_code,minor_code,minor_name,condition,limit\n" + (
        "District,event,01,02,Heap,Big,4小时\nOther,event,01,02,Heap,Big,4小时\n"
    )
    reading = read(table.encode(), "x.csv", NOTHING, load(path))
    assert problems(reading) == []
    (rule,) = reading.rules
    assert (rule.category, rule.source, rule.limits[0].value, rule.limits[0].unit) == (
        "20102",
        "District",
        Decimal(4),
        "wh",
    )


def test_no_workbook_is_made_of_nothing() -> None:
    assert workbooks.is_workbook(workbooks.write({"rules": [["category"]]}))
