"""The rule book's tables in a pack: what is refused and where, what is read rightly, what is written."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cityloop.config.pack.apply import apply
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import load
from cityloop.core import texts
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.standards.actions import begin_edition
from cityloop.ground.standards.editions import crosswalk_pairs, rules_of
from cityloop.ground.standards.models import Category, Crosswalk, Document, Edition, Limit, Rule, RuleDocument
from cityloop.ground.standards.rows import PhotoData, WindowData
from cityloop.ground.standards.words import STAGES
from cityloop.loop.cases.lifecycle import STAGES as LIFECYCLE_STAGES

TINY = Path(__file__).resolve().parent.parent / "packs" / "tiny"
MARCH = datetime(2025, 3, 1, 12, tzinfo=UTC)

RULES = """\
category,situation,situation_zh,filing_condition,filing_condition_zh,closing_condition,stage,part,value,unit,area_class,\
season,urgent,self_handling,self_handling_cap,do_not_collect,no_collect,photos,handlers,check_mode,check_window,\
closing_kinds,documents
0101,deep,深坑,Deeper than 3 cm,深度超过3厘米,Filled,handle,fence,２,ｈ,,,yes,,,Works,06-01..09-30 sat;22:00-06:00,\
near far before:app,handler owner,photo,same_hours,solved temporary,ACT 12 a|ACT
0101,deep,,,,,handle,repair,５,wd,A,,,,,,,,,,,,
0101,deep,,,,,handle,repair,7,wd,,winter,,,,,,,,,,,
0102,,,Dark,,Burns,total,,10,d,,,,yes,3,,,,,,07:00-09:00,,
"""
DOCUMENTS = "code,title,title_zh,kind,issued_on\nACT,Road act,道路条例,law,2019-03-24\n"
CATEGORIES = """\
code,name,name_zh,kind,level,parent,key,scheme,local,source
01,Streets,街道,component,major,,,,,
0101,Pothole,路面坑洞,component,minor,01,Hole in the road,,,
0102,Street light,路灯,component,minor,01,Lamp out,,,
0103,Fallen tree,树木倒伏,event,minor,01,Tree down,,yes,ours
0101,Roads,道路,item,minor,A1,,exam,,
A1,Order,秩序,item,major,,,exam,,
"""
CROSSWALK = "from_scheme,from_code,to_scheme,to_code\n,0101,exam,0101\ntiny-1,0102,exam,0101\n,0103,exam,0101\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny pack with rules that use every column, another scheme, documents and a crosswalk."""
    folder = shutil.copytree(TINY, tmp_path / "tiny")
    for name, text in (
        ("rules", RULES), ("documents", DOCUMENTS), ("categories", CATEGORIES), ("crosswalk", CROSSWALK)
    ):  # fmt: skip
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def said(folder: Path) -> list[str]:
    with pytest.raises(PackErrors) as caught:
        load(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def put(folder: Path, at: datetime = MARCH) -> None:
    apply(load(folder), actor=SYSTEM, at=at)


@pytest.mark.django_db
def test_everything_a_line_says_is_in_the_rows(folder: Path) -> None:
    put(folder)
    edition = Edition.objects.get()
    rules = {rule.key: rule for rule in rules_of(edition.pk)}
    assert set(rules) == {("0101", ""), ("0101", "deep"), ("0102", ""), ("0103", "")}
    deep = rules["0101", "deep"]
    assert deep.situation_names == {"zh": "深坑"}
    assert deep.translations == {"zh": {"filing_condition": "深度超过3厘米"}}
    assert deep.no_collect == (WindowData("06-01", "09-30", ("sat",)), WindowData(start="22:00", end="06:00"))
    assert deep.photos == (PhotoData("near"), PhotoData("far"), PhotoData("before", True))
    assert (deep.handlers, deep.closing_kinds) == (("handler", "owner"), ("solved", "temporary"))
    assert (deep.urgent, deep.check_mode, deep.check_window) == (True, "photo", "same_hours")
    assert deep.documents == (("ACT", "12 a"), ("ACT", ""))
    assert [(row.part, f"{row.value:f}", row.unit, row.area_class, row.season) for row in deep.limits] == [
        ("fence", "2.000", "h", "", ""),
        ("repair", "5.000", "wd", "A", ""),
        ("repair", "7.000", "wd", "", "winter"),
    ]
    light = rules["0102", ""]
    assert (light.self_handling, light.self_handling_cap, light.check_window) == (True, 3, "07:00-09:00")
    assert rules["0101", ""].empty
    assert Category.objects.get(scheme="tiny-1", code="0103").local
    assert Category.objects.get(scheme="exam", code="0101").kind == "item"
    assert not Rule.objects.filter(category__scheme="exam").exists()
    assert crosswalk_pairs() == [(("tiny-1", code), ("exam", "0101")) for code in ("0101", "0102", "0103")]
    assert Document.objects.get().titles == {"zh": "道路条例"}
    assert not apply(load(folder), actor=SYSTEM, at=MARCH)


@pytest.mark.django_db
def test_documents_and_crosswalk_change_without_a_new_edition(folder: Path) -> None:
    put(folder)
    edit(folder, "documents.csv", "Road act", "Road act of 2019")
    edit(folder, "categories.csv", "A1,Order", "0102,Lights,,item,minor,A1,,exam,,\nA1,Order")
    edit(folder, "crosswalk.csv", "tiny-1,0102,exam,0101", "tiny-1,0102,exam,0102")
    found = apply(load(folder), actor=SYSTEM, at=MARCH)
    assert {name: found.counts()[name] for name in ("documents", "crosswalk", "categories")} == {
        "documents": {"changed": 1}, "crosswalk": {"new": 1, "gone": 1}, "categories": {"new": 1}
    }  # fmt: skip
    assert Document.objects.get().title == "Road act of 2019"
    assert Crosswalk.objects.count() == 3
    assert Edition.objects.count() == 1


ERRORS = [
    ("rules.csv", "total,,10,d", "whole,,10,d", "rules.csv:5: stage: there is no stage whole"),
    ("rules.csv", "total,,10,d", "total,,10,", "rules.csv:5: value and unit belong together"),
    ("rules.csv", "total,,10,d", "total,,０,d", "rules.csv:5: value: 0 is out of range: it must be > 0"),
    ("rules.csv", "total,,10,d", "total,,-1,d", "rules.csv:5: value: -1 is out of range: it must be > 0"),
    ("rules.csv", "handle,repair,7,wd,,winter", "handle,repair,7,wd,A,",
     "rules.csv:4: part: the same rule has a limit for this stage, part, area class and season in line 3 already"),
    ("rules.csv", "06-01..09-30 sat", "06-31..09-30 sat",
     "rules.csv:2: no_collect: 06-31..09-30 sat is no window; write such as 06-01..09-30 mon,tue 12:00-15:00"),
    ("rules.csv", "22:00-06:00", "22:00-22:00", "rules.csv:2: no_collect: 22:00-22:00 is no window"),
    ("rules.csv", "before:app", "before:phone", "rules.csv:2: photos: before:phone is no photo"),
    ("rules.csv", "near far", "near close", "rules.csv:2: photos: close is not possible here"),
    ("rules.csv", "near far", "near near", "rules.csv:2: photos: near stands here twice"),
    ("rules.csv", "handler owner", "handler king", "rules.csv:2: handlers: king is not possible here"),
    ("rules.csv", "photo,same_hours", "visit,same_hours", "rules.csv:2: check_mode: visit is not possible here"),
    ("rules.csv", "07:00-09:00", "7-9", "rules.csv:5: check_window: 7-9 is no check window; write same_hours"),
    ("rules.csv", "solved temporary", "solved solvd", "rules.csv:2: closing_kinds: solvd is not possible here; "
     "did you mean solved?"),
    ("rules.csv", "ACT 12 a|ACT", "ACT 12 a|AKT",
     "rules.csv:2: documents: there is no document AKT; did you mean ACT?"),
    ("rules.csv", ",,yes,3,", ",,perhaps,3,", "rules.csv:5: self_handling: perhaps is neither yes nor no"),
    ("rules.csv", ",,yes,3,", ",,yes,0,", "rules.csv:5: self_handling_cap: 0 is out of range: it must be > 0"),
    ("rules.csv", "0102,,,Dark", "0102,not lit,,Dark", "rules.csv:5: situation: not lit cannot stand here"),
    ("rules.csv", "0102,,,Dark", "01,,,Dark",
     "rules.csv:5: category: 01 is a major category; rules are for minor ones"),
    ("rules.csv", "0102,,,Dark", "exam:0101,,,Dark", "rules.csv:5: category: exam:0101 belongs to another scheme"),
    ("rules.csv", "0101,deep,,,,,handle,repair,５,wd,A,,,", "0101,deep,坑,,,,handle,repair,５,wd,A,,,",
     "rules.csv:3: situation_zh: the same rule has another situation_zh in line 2"),
    ("documents.csv", "law", "rumour", "documents.csv:2: kind: rumour is not possible here"),
    ("documents.csv", "2019-03-24", "24.3.2019", "documents.csv:2: issued_on: 24.3.2019 is no date"),
    ("documents.csv", "ACT,", "ACT 1,", "documents.csv:2: code: ACT 1 cannot stand here"),
    ("crosswalk.csv", ",0101,exam,0101", ",0109,exam,0101", "crosswalk.csv:2: from_code: tiny-1 has no category 0109"),
    ("crosswalk.csv", ",0101,exam,0101", ",0101,exams,0101", "crosswalk.csv:2: to_code: exams has no category 0101"),
    ("crosswalk.csv", ",0103,exam,0101\n", "",
     "categories.csv:5: code: the crosswalk to exam has no line for the minor category 0103"),
    ("crosswalk.csv", ",0103,exam,0101\n", ",0103,exam,0101\n,0103,exam,A1\n",
     "crosswalk.csv:5: from_code: 0103 counts as a category of exam in line 4 already"),
    ("crosswalk.csv", ",0103,exam,0101", ",0103,,0101",
     "crosswalk.csv:4: to_scheme: a crosswalk leads from one scheme"),
    ("categories.csv", "item,minor,A1,,exam", "item,minor,01,,exam",
     "categories.csv:6: parent: there is no category 01"),
    ("categories.csv", "item,minor,A1,,exam", "item,minor,01,,tiny-1",
     "categories.csv:6: code: the code 0101 stands here twice; the first is in line 3"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "problem"), ERRORS)
def test_an_error_names_its_line_in_both_languages(folder: Path, name: str, old: str, new: str, problem: str) -> None:
    edit(folder, name, old, new)
    found = said(folder)
    assert any(line.startswith(problem) for line in found), "\n".join(found)
    texts.speak("zh")
    chinese = said(folder)
    place = ":".join(problem.split(":")[:2])
    assert any(line.startswith(place) for line in chinese)
    assert set(chinese).isdisjoint(found)


def test_rules_for_an_item_are_refused(folder: Path) -> None:
    edit(folder, "categories.csv", "0103,Fallen tree,树木倒伏,event", "0103,Fallen tree,树木倒伏,item")
    with (folder / "rules.csv").open("a") as file:
        file.write("0103" + "," * 22 + "\n")
    assert said(folder) == [
        "rules.csv:6: category: 0103 is an item of an assessment; rules are for components and events"
    ]


def test_a_complete_book_has_a_limit_and_a_closing_condition_for_everything(folder: Path) -> None:
    edit(folder, "pack.yaml", "valid_from: 2020-01-01}", "valid_from: 2020-01-01, complete: true}")
    assert said(folder) == ["categories.csv:5: code: no rule sets a limit for the minor category 0103"]
    rules = (folder / "rules.csv").read_text()
    (folder / "rules.csv").write_text(
        rules + "0103,fell,,Blocks,,,handle,,1,d" + "," * 13 + "\n0103,leans" + "," * 21 + "\n"
    )
    assert said(folder) == [
        "rules.csv:6: closing_condition: a rule with limits needs a closing condition",
        "rules.csv:7: value: this rule has no limit",
    ]
    (folder / "rules.csv").write_text(rules + "0103,fell,,Blocks,,Gone,handle,,1,d" + "," * 13 + "\n")
    assert load(folder).file.edition.complete


@pytest.mark.django_db
def test_an_edition_is_never_edited_and_none_overlaps_another(folder: Path) -> None:
    put(folder)
    rule = Rule.objects.exclude(situation="").get()
    for change in (
        lambda: Rule.objects.filter(pk=rule.pk).update(urgent=False),
        lambda: Rule.objects.filter(pk=rule.pk)._raw_delete("default"),
        lambda: Limit.objects.filter(rule=rule).update(value=9),
        lambda: Limit.objects.filter(rule=rule).delete(),
        lambda: RuleDocument.objects.filter(rule=rule).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    with pytest.raises(Refused, match="cannot begin before 2020 did, on 2020-01-01"):
        begin_edition("early", [], scheme="tiny-1", actor=SYSTEM, begins=date(2019, 12, 31))
    assert Edition.objects.get().valid_to is None
    with pytest.raises(IntegrityError, match="standards_edition_apart"), transaction.atomic():
        Edition.objects.create(code="between", scheme="tiny-1", valid_from=date(2024, 1, 1), valid_to=date(2024, 2, 1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM standards_limit")
        assert cursor.fetchone() == (4,)


def test_every_stage_of_the_loop_that_ends_can_have_a_limit() -> None:
    """Duties beside the handling have limits of their own kind: `loop.duties`."""
    of_cases = {stage for stage in LIFECYCLE_STAGES if not stage.startswith("duty")}
    assert of_cases - {"out", "return", "rest"} | {"total"} == set(STAGES)
