"""Whatever is sent, replayed or asked for a second time adds nothing and changes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases.actions import advance
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.queries import id_of, snapshots
from cityloop.loop.cases.verify import verify
from cityloop.loop.history.replay import Replayed
from journeys.command import TINY, inside
from journeys.conftest import holder_of, take
from journeys.rows import Rows, all_rows, differences

ALL = (12, 10, 2)
"""Rows of the tiny history, those that can be taken, those that cannot."""
MID_MARCH = datetime(2025, 3, 15, 11, tzinfo=UTC)
"""One case is handled and closed after this instant, one is opened after it."""
WAITS_IN_MARCH = "99010020250314900002"


def rows_now(**but: Any) -> Rows:
    with connection.cursor() as cursor:
        return all_rows(cursor, **but)


def counted(done: Replayed) -> tuple[int, int, int]:
    assert done.rows == done.taken + done.known + done.rejected
    return done.taken, done.known, done.rejected


def straight(pack: Pack) -> Rows:
    """The rows that one undisturbed replay of everything leaves; it is undone again."""
    with transaction.atomic():
        take(pack)
        rows = rows_now()
        transaction.set_rollback(True)
    return rows


def test_a_report_sent_twice(tiny_city: Pack) -> None:
    sender = holder_of("acceptor")
    report = {"channel": "app", "outside_id": "A-1", "category": "0101", "lon": 10.002, "lat": 50.005, "words": "Hole"}
    first = sender.post("/reports", report)
    before = rows_now(but=frozenset())
    second = sender.post("/reports", report)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["case"]
    assert second.json() == first.json() | {"known": True}
    assert differences(before, rows_now(but=frozenset())) == []
    other = sender.post("/reports", report | {"outside_id": "A-2"})
    assert other.status_code == 201
    assert other.json()["case"] not in (None, first.json()["case"])


def test_a_history_replayed_twice(tiny_city: Pack, tiny_replayed: Replayed) -> None:
    before = rows_now(but=frozenset())
    again = take(tiny_city)
    assert (tiny_replayed.rows, tiny_replayed.taken, tiny_replayed.rejected) == ALL
    assert counted(again) == (0, 10, 2)
    assert (again.steps, again.continued, again.diverged) == (0, 0, 0)
    assert differences(before, rows_now(but=frozenset())) == []
    assert list(verify()) == []


@pytest.mark.parametrize(
    "until", [datetime(2025, 3, 1, tzinfo=UTC), MID_MARCH, datetime(2025, 3, 30, 0, 45, tzinfo=UTC)]
)
def test_as_known_then_and_later_the_rest(tiny_city: Pack, inline: None, until: datetime) -> None:
    whole = straight(tiny_city)
    early = take(tiny_city, until=until)
    assert early.steps < len(whole["cases_entry"])
    assert early.rows + early.later == ALL[0]
    late = take(tiny_city)
    assert (late.rows, late.taken + late.known, late.rejected) == ALL
    assert (late.known, late.diverged) == (early.taken, 0)
    assert early.steps + late.steps == len(whole["cases_entry"])
    assert differences(whole, rows_now()) == []
    assert list(verify()) == []


def test_going_back_in_time_takes_nothing_away(tiny_city: Pack, tiny_replayed: Replayed) -> None:
    before = rows_now(but=frozenset())
    early = take(tiny_city, until=MID_MARCH)
    assert (early.taken, early.continued, early.diverged) == (0, 0, 0)
    assert differences(before, rows_now(but=frozenset())) == []


def test_what_a_person_moved_meanwhile_is_left_alone(tiny_city: Pack, inline: None) -> None:
    take(tiny_city, until=MID_MARCH)
    case = id_of(WAITS_IN_MARCH, SYSTEM)
    at = datetime(2025, 3, 17, 9, tzinfo=UTC)
    advance(case, "void", actor=SYSTEM, at=at, recorded_at=clock.now(), facts=Facts(reason="twice"))
    moved = snapshots([case])[case]
    late = take(tiny_city)
    assert (late.diverged, late.continued, late.known) == (1, 0, 9)
    assert snapshots([case])[case] == moved
    assert list(verify()) == []


def test_a_demo_that_lives_and_then_ends(tiny_city: Pack, inline: None, tmp_path: Path) -> None:
    def demo(name: str, *more: str) -> dict[str, Any]:
        file = tmp_path / name
        said = inside("demo", "--pack", TINY, "--no-serve", "--json", file, *more)
        assert said.code == 0
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        assert found["audit_ok"]
        assert found["rows"] == found["taken"] + found["known"] + found["rejected"]
        return found

    with transaction.atomic():
        wanted, rows = demo("straight.json"), rows_now()
        transaction.set_rollback(True)
    lively = demo("lively.json", "--at", "lively")
    assert (lively["taken"], lively["open"], lively["later"] > 0) == (4, 2, True)
    ended, again = demo("end.json"), demo("again.json")
    assert (ended["taken"], ended["known"]) == (6, 4)
    assert differences(rows, rows_now()) == []
    doing = ("taken", "known", "continued", "seconds", "steps_taken", "steps_per_second", "peak_rss_mib")
    for found in (ended, again):
        assert {name: value for name, value in found.items() if name not in doing} == {
            name: value for name, value in wanted.items() if name not in doing
        }
    assert (again["taken"], again["known"], again["steps_taken"]) == (0, 10, 0)
