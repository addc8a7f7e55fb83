"""The real command in processes of its own: what it prints, how it ends, and that no traceback is ever shown."""

import csv
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

from journeys.command import TINY, run

from cityloop.config import embedded
from cityloop.loop.cases.lifecycle import ENDED, STATES, STEPS
from cityloop.loop.cases.refusals import REFUSALS

HISTORY = TINY / "history.csv"
CASE = "99010020250303900001"


def test_a_sound_pack_and_a_broken_one(tmp_path: Path) -> None:
    sound = run("pack", "check", TINY, "--lang", "en")
    assert (sound.code, "Tiny: the pack is sound." in sound.out) == (0, True)
    assert re.search(r"Responsibility ledger +5\b", sound.out)

    broken = shutil.copytree(TINY, tmp_path / "broken")
    table = broken / "rules.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("0102,,handle,,4,wh", "0102,,handle,,4,weeks"), "utf-8")
    text = (broken / "pack.yaml").read_text(encoding="utf-8")
    line = text.splitlines().index("  zone: Europe/Berlin") + 1
    (broken / "pack.yaml").write_text(text.replace("Europe/Berlin", "Europe/Berlinn"), encoding="utf-8")
    said = run("pack", "check", broken, "--lang", "en")
    assert said.code == 2
    assert f"pack.yaml:{line}" in said.shown
    assert "did you mean Europe/Berlin?" in said.shown
    assert re.search(r"rules\.csv:3: unit: weeks ", said.shown)


def test_from_a_pack_to_a_city_that_is_scored_and_verified(tmp_path: Path) -> None:
    """One long walk over one database whose server runs all the while: each start of the command takes a second."""
    data = tmp_path / "data"
    with embedded.running(data):
        _taken_in(data, tmp_path)
        _shown(data)
        _verified(data)


def _taken_in(data: Path, tmp_path: Path) -> None:
    here, english = ("--data-dir", data), ("--lang", "en")
    unknown = run("case", CASE, *here, *english)
    assert (unknown.code, f"There is no case {CASE}." in unknown.shown) == (2, True)

    out, rejects = tmp_path / "out.json", tmp_path / "rejects.csv"
    replay = ("replay", HISTORY, "--pack", TINY, "--json", out, *here, *english)
    assert run(*replay, "--rejects", rejects).code == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["rows"], found["taken"], found["known"], found["rejected"]) == (12, 10, 0, 2)
    assert (found["cases"], found["open"], found["audit_ok"]) == (10, 3, True)
    assert (found["flags_compared"], found["flags_agree"]) == (6, 6)
    assert (found["open_flags_compared"], found["open_flags_agree"]) == (3, 3)
    assert found["seconds"] > 0 < found["peak_rss_mib"]
    assert sum(row["closed"] for row in found["by_organisation"]) == 7
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert [(row["line"], row["field"], row["reason"], row["value"]) for row in csv.DictReader(file)] == [
            ("9", "category", "category_unknown", "Ufo landed"),
            ("10", "opened", "date_unreadable", "31.02.2025 09:00"),
        ]
    assert run(*replay).code == 0
    second = json.loads(out.read_text(encoding="utf-8"))
    assert (second["rows"], second["taken"], second["known"], second["rejected"]) == (12, 0, 10, 2)
    passing = {"taken", "known", "seconds", "steps_taken", "steps_per_second", "peak_rss_mib"}
    assert {key: second[key] for key in second.keys() - passing} == {key: found[key] for key in found.keys() - passing}


def _shown(data: Path) -> None:
    """A case in the language asked for after the verb; Chinese where nothing names one."""
    ask = ("case", CASE, "--data-dir", data)
    english, chinese = run(*ask, "--lang", "en").out, run(*ask).out
    for word in (CASE, "Deep hole", "Mill Lane 1", "2025-03-04 11:00", "990100001001", "L1", "Road act"):
        assert word in english, word
        assert word in chinese, word
    assert ("closed" in english, "inferred" in english, "已结案" in english) == (True, True, False)
    assert ("closed" in chinese, "已结案" in chinese) == (False, True)


def _verified(data: Path) -> None:
    here = ("--data-dir", data, "--lang", "en")
    head = run("audit", "seal", "--export", *here).out.strip()
    number, _, root = head.partition(":")
    assert (int(number) > 0, len(root)) == (True, 64)
    kept = run("audit", "verify", "--head", head, *here)
    assert (kept.code, "10 cases, 71 steps" in kept.out) == (0, True)


def test_two_databases_at_once_are_refused(tmp_path: Path) -> None:
    said = run("case", CASE, "--data-dir", tmp_path / "x", "--lang", "en", DATABASE_URL="postgresql://nobody@/none")
    assert (said.code, "either --data-dir or DATABASE_URL" in said.shown) == (2, True)
    assert not (tmp_path / "x").exists()


def test_a_database_that_is_not_there() -> None:
    said = run("case", CASE, "--lang", "en", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
    assert (said.code, "This database cannot be used" in said.shown) == (2, True)


def test_the_language_is_that_of_the_verb_else_of_the_shell_else_chinese() -> None:
    ask = ("audit", "seal", "--help")
    english, chinese = run(*ask, "--lang", "en"), run(*ask)
    assert (english.code, "Options" in english.out, "Seal what was recorded" in english.out) == (0, True, True)
    assert (chinese.code, "Options" in chinese.out, "Seal" in chinese.out) == (0, False, False)
    assert run(*ask, LANG="zh_CN.UTF-8").out == chinese.out
    assert run(*ask, LANG="en_GB.UTF-8").out == english.out
    assert run(*ask, "--lang", "zh", LANG="en_GB.UTF-8").out == chinese.out


def test_the_lifecycle_needs_neither_city_nor_database() -> None:
    """As JSON, as a picture and as a table; whatever database is named, none is asked."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"}
    told = json.loads(run("lifecycle", "--json", **nowhere).out)
    assert [line["name"] for line in told["states"]] == list(STATES)
    assert {line["name"] for line in told["states"] if line["ends"]} == ENDED
    assert [line["name"] for line in told["steps"]] == list(STEPS)
    assert {line["code"] for line in told["refusals"]} == REFUSALS
    for line in (line for kind in told.values() for line in kind):
        assert all(line["title"][language] for language in ("zh", "en")), line
        assert re.search(r"[一-鿿]", line["title"]["zh"]), line
    steps = {line["name"]: line for line in told["steps"]}
    assert (steps["file"]["from"], steps["file"]["to"], steps["file"]["keeps"]) == (["registered"], "filed", False)
    assert (steps["remind"]["to"], steps["remind"]["keeps"], steps["remind"]["routes"]) == (None, True, ["full"])
    roles = {line["name"]: line["roles"] for line in told["permissions"]}
    assert roles.keys() == {line["permission"] for line in told["steps"]}
    assert roles["cases.dispatch"] == ["dispatcher", "section_chief"]

    drawn = ElementTree.fromstring(run("lifecycle", "--svg", **nowhere).out)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    shown = run("lifecycle", "--lang", "en", **nowhere)
    assert shown.code == 0
    assert all(name in shown.out for name in (*STATES, *STEPS, *REFUSALS))
    both = run("lifecycle", "--json", "--svg", "--lang", "en", **nowhere)
    assert (both.code, both.out) == (2, "")
    assert "Ask for one form: either --json or --svg." in both.shown
