"""Cases over the Spring Festival of 2026, every span and clock by hand (hours and days off: see `test_duties`)."""

from pathlib import Path

import pytest

from cityloop.config.pack.reading import Pack
from cityloop.loop.cases.verify import verify
from journeys.conftest import with_desks
from journeys.test_duties import CHINESE, Walk, filed, local, wall

LIMITS = """
  limits:
    dispatch: {value: 2, unit: wh}
    sign_for: {value: 4, unit: wh}
    check: {value: 1, unit: wd}
    total: {value: 4, unit: wd}
"""


@pytest.fixture
def calendar_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    return with_desks(tmp_path, LIMITS, otherwise=CHINESE, at=local("02-13 16:00"))


@pytest.fixture
def morning_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    """Where results are checked at the same hours at which they were found."""
    return with_desks(tmp_path, otherwise=CHINESE, rules={"check_window": "same_hours"}, at=local("02-24 06:30"))


def test_the_plain_case_goes_once_round_over_the_days_off(calendar_city: Pack) -> None:
    walk = Walk("02-13 17:00")
    walk.go("02-13 17:10", "acceptor", "register")
    walk.go("02-13 17:20", "shift_leader", "file")
    walk.go("02-14 08:30", "dispatcher", "dispatch", organisation="roads")
    walk.go("02-14 16:00", "handler-roads", "sign_for")
    walk.go("02-24 17:00", "handler-roads", "handle", result="Filled and level")
    walk.go("02-25 09:00", "collector", "check", verdict="solved")
    walk.go("02-25 09:30", "shift_leader", "close", closing_kind="solved")
    whole = walk.see()
    stays = [
        (span["stage"], wall(span["started_at"]), wall(span["ended_at"]), wall(span["due_at"]), span["light"])
        for span in whole["spans"]
    ]
    assert stays == [
        ("register", "02-13 17:00", "02-13 17:10", "", "none"),
        ("file", "02-13 17:10", "02-13 17:20", "", "none"),
        # 0:40 on Friday, 1:20 on the made-up Saturday
        ("dispatch", "02-13 17:20", "02-14 08:30", "02-14 09:20", "green"),
        # the case has 32 h: 1:00 on Friday, 8:00 on Saturday, 8:00 on the 24th and the 25th, 7:00 on the 26th
        ("out", "02-14 08:30", "02-24 17:00", "02-26 17:00", "green"),
        # 3:30 on Saturday before noon, 0:30 after it
        ("sign_for", "02-14 08:30", "02-14 16:00", "02-14 14:30", "red"),
        # 16 h from 08:30: 7:30 on Saturday, 8:00 on the 24th, 0:30 on the 25th
        ("handle", "02-14 16:00", "02-24 17:00", "02-25 08:30", "yellow"),
        # 1:00 on the 24th, 7:00 on the 25th
        ("check", "02-24 17:00", "02-25 09:00", "02-25 17:00", "green"),
        ("close", "02-25 09:00", "02-25 09:30", "", "none"),
    ]
    assert (wall(whole["first_due_at"]), wall(whole["due_at"]), whole["light"]) == (
        "02-26 17:00",
        "02-26 17:00",
        "green",
    )
    assert list(verify()) == []


def test_a_morning_stall_is_checked_in_its_window_and_found_solved_but_new(morning_city: Pack) -> None:
    walk = filed("02-24 06:40")
    walk.go("02-24 06:50", "dispatcher", "dispatch", organisation="roads")
    walk.go("02-24 08:10", "handler-roads", "sign_for")
    walk.go("02-24 09:30", "handler-roads", "handle", result="sent away")
    walk.turn_to("02-24 15:00")
    problem = walk.not_yet("check_outside_window", "collector", "check", verdict="solved")
    assert (problem["first"], problem["last"]) == ("05:40", "07:40")  # an hour before and after it was found
    walk.go("02-25 06:45", "collector", "check", verdict="solved_but_new", note="another stall stands there")
    walk.go("02-25 08:30", "shift_leader", "close", closing_kind="solved")
    (tie,) = walk.see()["links"]
    assert (tie["kind"], tie["own"], tie["state"]) == ("recurs_of", False, "reported")
    old, walk.case = walk.case, tie["number"]
    new = walk.see()
    assert (wall(new["opened_at"]), new["entries"][0]["note"], new["round"]) == (
        "02-25 06:45", "another stall stands there", 1
    )  # fmt: skip
    assert [link["number"] for link in new["links"]] == [old]
    assert list(verify()) == []
