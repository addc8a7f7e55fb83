"""The rule book from a city's own table to a case: taken in by the command, approved by a person, in force tomorrow."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.places.actions import set_clock
from cityloop.ground.standards.models import Category, Edition, Proposal, Rule
from journeys.command import TINY, Said, inside
from journeys.conftest import JUNE, Person, holder_of

HOLE = {"channel": "app", "category": "0101", "lon": 10.002, "lat": 50.005, "words": "A hole"}


@pytest.fixture
def town(tiny_city: Pack) -> Pack:
    """The tiny city whose clock the command finds as the test set it."""
    move_clock(timedelta(0))
    return tiny_city


def move_clock(by: timedelta) -> None:
    clock.set_shift(clock.shift() + by)
    with transaction.atomic():  # the city's revision is told from others by who wrote it last
        set_clock(clock.shift(), actor=SYSTEM)


def taken(*arguments: object) -> Said:
    return inside("rules", *arguments, "--lang", "en")


def opened(acceptor: Person) -> dict[str, Any]:
    number = acceptor.post("/reports", HOLE).json()["case"]
    case: dict[str, Any] = acceptor.get(f"/cases/{number}").json()
    return case


def test_a_case_stays_under_the_edition_of_its_day(town: Pack, tmp_path: Path) -> None:
    acceptor = holder_of("acceptor")
    table = tmp_path / "rules.csv"
    said = taken("export", "--out", table)
    assert (said.code, said.out) == (0, f"Edition 2020 written: {table}\n")
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("handle,,2,wd", "handle,,１,wd"), encoding="utf-8")

    shown = taken("import", table, "--dry-run")
    assert shown.code == 0
    assert "Changed 0101\n    limits: handle 2 wd default -> handle 1 wd default\n" in shown.out
    assert not Proposal.objects.exists()

    assert "would begin on 2025-06-03" in taken("import", table).out
    (proposal,) = Proposal.objects.all()
    editor, leader = holder_of("rule_editor"), holder_of("leader")
    path = f"/rules/proposals/{proposal.pk}"
    assert editor.post(f"{path}/submit", {}).json()["state"] == "submitted"
    before = opened(acceptor)
    assert leader.post(f"{path}/approve", {"note": "As discussed"}).json()["edition"] == "2025-06-03"
    same_day = opened(acceptor)
    move_clock(timedelta(days=1))
    after = opened(acceptor)
    assert [(case["rule"]["edition"], case["rule"]["value"]) for case in (before, same_day, after)] == [
        ("2020", 2), ("2020", 2), ("2025-06-03", 1)
    ]  # fmt: skip
    assert taken("import", table).out.endswith("Nothing changes: edition 2025-06-03 says the same.\n")

    said = inside("pack", "apply", TINY, "--lang", "en")
    assert said.code == 0
    assert "came from proposal" in said.shown
    assert "Nothing changes: the city is as the pack says." in said.shown
    assert opened(acceptor)["rule"]["edition"] == "2025-06-03"


def test_a_table_with_wrong_lines_is_refused_whole(town: Pack, tmp_path: Path) -> None:
    table, rejects = tmp_path / "rules.csv", tmp_path / "rejects.csv"
    table.write_text("category,value,unit\n0101,0,h\n0199,1,h\n0102,1,week\n")
    said = taken("import", table, "--rejects", rejects)
    assert (said.code, said.out) == (2, "")
    assert "rules.csv:2: value: 0 is out of range: it must be > 0\n" in said.shown
    assert "Nothing was taken from this file: 3 things in it are wrong." in said.shown
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        found = [(row["line"], row["column"], row["reason"], row["value"]) for row in csv.DictReader(file)]
    assert sorted(found) == [
        ("2", "value", "out_of_range", "0"),
        ("3", "category", "category_unknown_near", "0199"),
        ("4", "unit", "not_one_of", "week"),
    ]
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("export", "--format", "pdf"), "--format cannot be pdf"),
        (("export", "--format", "xlsx"), "--out cannot be xlsx"),
        (("export", "--edition", "1999"), "There is no edition 1999 of the rules."),
        (("export", "--out", "/nowhere/rules.csv"), "/nowhere/rules.csv cannot be written"),
        (("import", "missing.csv"), "missing.csv cannot be read"),
        (("import", TINY / "rules.csv", "--begins", "soon"), "--begins cannot be soon"),
        (("import", TINY / "rules.csv", "--mapping", "none"), "There is no mapping none"),
    ],
)
def test_what_is_refused_is_one_sentence(tiny_city: Pack, arguments: tuple[object, ...], text: str) -> None:
    said = taken(*arguments)
    assert (said.code, said.out) == (2, "")
    assert text in said.shown
    assert Rule.objects.count() == 3


@pytest.mark.shared
def test_a_whole_citys_table_becomes_its_rule_book(town: Pack, shared: Path, tmp_path: Path) -> None:
    table = shared / "data/yuncheng_cityguard/case_standards.csv"
    said = taken("import", table, "--mapping", "case_standards", "--keep-others")
    assert "Lines read: 519; new categories: 201" in said.out
    assert [line.split("│")[1:4] for line in said.out.splitlines() if "519" in line and "│" in line] == [
        [" 519 ", " 0       ", " 0    "]
    ]
    (proposal,) = Proposal.objects.all()
    path = f"/rules/proposals/{proposal.pk}"
    holder_of("rule_editor").post(f"{path}/submit", {})
    leader = holder_of("leader")
    assert leader.post(f"{path}/approve", {}).status_code == 200
    assert Category.objects.filter(scheme="tiny-1", level="minor").count() == 193
    edition = Edition.objects.get(code="2025-06-03")
    assert Rule.objects.filter(edition=edition).exclude(limits=None).count() == 522
    found = leader.get(f"/rules/search?q=井盖 声响&on={(JUNE + timedelta(days=1)).date()}").json()
    assert found["total"] == 9
    assert {row["limits"][0]["unit"] for row in found["rules"]} == {"wd"}
    for name in ("book.csv", "book.xlsx"):
        taken("export", "--edition", "2025-06-03", "--out", tmp_path / name)
        again = taken("import", tmp_path / name, "--dry-run")
        assert "│ 0   │ 0       │ 0    │" in again.out
