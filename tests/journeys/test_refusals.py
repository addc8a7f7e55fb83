"""What the command refuses ends with 2, says why in one sentence, prints nothing else and changes nothing."""

import shutil
from pathlib import Path

import pytest
from django.db import connection
from journeys.command import TINY, inside
from journeys.rows import all_rows

from cityloop.loop.history.replay import Replayed

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
        (("replay", TINY / "districts.geojson", "--pack", TINY), "districts.geojson"),
        (("replay", HISTORY, "--pack", "nowhere"), "there is no pack here"),
        (("audit", "verify", "--head", "one"), "--head cannot be one"),
        (("account", "token", "ada", "--post", "king"), "There is no post king."),
        (("case", "none", "--lang", "fr"), "--lang cannot be fr"),
    ],
)
def test_refused(tiny_replayed: Replayed, tmp_path: Path, arguments: tuple[object, ...], text: str) -> None:
    other = shutil.copytree(TINY, tmp_path / "other")
    file = other / "pack.yaml"
    was = file.read_text(encoding="utf-8")
    file.write_text(was.replace("key: tiny", "key: big").replace("990100", "990200"), encoding="utf-8")
    for table in other.glob("*.*"):
        table.write_text(table.read_text(encoding="utf-8").replace("990100", "990200"), encoding="utf-8")
    before = _all()
    said = inside(*(other if argument == "{other}" else argument for argument in arguments))
    assert (said.code, said.out) == (2, "")
    assert text in said.shown
    assert said.shown.count("\n") == 1
    assert _all() == before


def _all() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, pack, digest, clock_shift, (SELECT count(*) FROM accounts_user) FROM places_city")
        city = cursor.fetchall()
        return city, all_rows(cursor, but=frozenset())
