"""The command on a city with its history: refusals that change nothing, three forms of one evaluation."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from django.db import connection

from cityloop.loop.history.replay import Replayed
from journeys.command import TINY, inside
from journeys.rows import all_rows

HISTORY = TINY / "history.csv"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("case", "none"), "There is no case none."),
        (("replay", HISTORY, "--pack", "{other}"), "one deployment is one city"),
        (("demo", "--pack", "{other}", "--no-serve"), "one deployment is one city"),
        (("pack", "apply", "{other}"), "one deployment is one city"),
        (("demo", "--pack", TINY, "--no-serve", "--at", "soon"), "soon is no instant"),
        (("demo", "--pack", TINY, "--no-serve", "--at", "2025-03-01T08:00"), "already knows its history until"),
        (("replay", HISTORY, "--pack", TINY, "--until", "soon"), "soon is no instant"),
        (("serve", "--at", "2025-02-30T08:00"), "2025-02-30T08:00 is no instant"),
        (("evaluate", "--period", "June", "--by", "area"), "June is no period"),
        (("evaluate", "--period", "2025-13", "--by", "area"), "2025-13 is no period"),
        (("evaluate", "--period", "2025", "--by", "mood"), "--by cannot be mood"),
        (("evaluate", "--period", "2025", "--by", "area", "--basis", "luck"), "--basis cannot be luck"),
        (("evaluate", "--period", "2025", "--by", "area", "--format", "xml"), "--format cannot be xml"),
        (("evaluate", "--period", "2025", "--by", "area", "--level", "village"), "no level village"),
        (("replay", "missing.csv", "--pack", TINY), "There is no file missing.csv."),
        (("replay", TINY / "rules.csv", "--pack", TINY), "The history has no column number"),
        (("replay", HISTORY, "--pack", "nowhere"), "there is no pack here"),
        (("audit", "verify", "--head", "one"), "--head cannot be one"),
        (("account", "token", "ada", "--post", "king"), "There is no post king."),
        (("case", "none", "--lang", "fr"), "--lang cannot be fr"),
    ],
)
def test_what_is_refused_ends_with_2_and_one_sentence(
    tiny_replayed: Replayed, tmp_path: Path, arguments: tuple[object, ...], text: str
) -> None:
    other = shutil.copytree(TINY, tmp_path / "other")
    for file in other.glob("*.*"):
        was = file.read_text(encoding="utf-8")
        file.write_text(was.replace("key: tiny", "key: big").replace("990100", "990200"), encoding="utf-8")
    before = _all()
    said = inside(*(other if argument == "{other}" else argument for argument in arguments))
    assert (said.code, said.out) == (2, "")
    assert text in said.shown
    assert "\n" not in said.shown.strip()
    assert _all() == before


def _all() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, pack, digest, clock_shift, (SELECT count(*) FROM accounts_user) FROM places_city")
        city = cursor.fetchall()
        return city, all_rows(cursor, but=frozenset())


def test_a_pack_applied_again_changes_nothing(tiny_replayed: Replayed) -> None:
    before = _all()
    for more in ((), ("--dry-run",)):
        said = inside("pack", "apply", TINY, *more)
        assert (said.code, "Nothing changes" in said.out) == (0, True)
    assert _all() == before


def test_a_pack_that_is_only_tried_is_not_applied(db: None, own_clock: None) -> None:
    dry = inside("pack", "apply", TINY, "--dry-run")
    assert (dry.code, "nothing was written" in dry.out) == (0, True)
    missing = inside("evaluate", "--period", "2025", "--by", "area")
    assert (missing.code, "apply a pack first" in missing.shown) == (2, True)
    done = inside("pack", "apply", TINY)
    assert (done.code, "Applied." in done.out) == (0, True)
    assert dry.out.splitlines()[:-1] == done.out.splitlines()[:-1]


def test_an_evaluation_is_the_same_in_all_three_forms(tiny_replayed: Replayed) -> None:
    """Counted by hand: of the cases due in March four lie in each district, one and three of them closed in time."""
    ask = ("evaluate", "--period", "2025-03", "--by", "area", "--level", "district")
    told = json.loads(inside(*ask, "--format", "json").out)
    rows = {row["code"]: (row["due"], row["closed_on_time"]) for row in told["rows"]}
    listed = list(csv.DictReader(inside(*ask, "--format", "csv").out.splitlines()))
    table = inside(*ask).out
    assert (rows["990100001"], rows["990100002"]) == ((4, 1), (4, 3))
    assert {row["code"]: (int(row["due"]), int(row["closed_on_time"])) for row in listed if row["code"] in rows} == rows
    for name, code in (("West", "990100001"), ("East", "990100002")):
        (line,) = [line for line in table.splitlines() if name in line]
        assert str(rows[code][0]) in re.findall(r"\d+", line)


def test_a_seal_kept_elsewhere_tells_a_false_one(tiny_replayed: Replayed) -> None:
    head = inside("audit", "seal", "--export").out.strip()
    assert inside("audit", "verify", "--head", head).code == 0
    other = inside("audit", "verify", "--head", f"{head.partition(':')[0]}:{'0' * 64}")
    assert (other.code, "kept elsewhere" in other.out) == (1, True)
