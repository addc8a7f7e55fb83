"""What drags on: when a case is brought before those concerned, who they are, and that it happens once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, with_desks
from journeys.test_exceptions import pass_time, taken, through
from journeys.test_two_clients import brought_to, opened

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.loop.cases.upgrade import upgrade
from cityloop.loop.cases.verify import verify

DRAGS = "\n  loop:\n    upgrade: {returns: 2, extensions: 1, reworks: 1, age_days: 30}\n"
MORE = {"reason": "rain", "extension": {"value": 1, "unit": "wd"}}


@pytest.fixture
def slow_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    return with_desks(tmp_path, DRAGS)


def asked(case: str, people: dict[str, Person]) -> list[tuple[str, str]]:
    """Who is asked for an opinion, and why."""
    whole: dict[str, Any] = people["evaluator"].get(f"/cases/{case}").json()
    why = [entry["note"] for entry in whole["entries"] if entry["step"] == "consult"]
    return [(row["organisation"], *why) for row in whole["assignments"] if row["kind"] == "consult"]


def returned(case: str, people: dict[str, Person], unit: str) -> None:
    taken(people[f"handler-{unit}"], case, "request_return", reason="not_ours")
    taken(people["dispatcher"], case, "grant_return")


def test_what_is_returned_twice_is_brought_before_both(slow_city: Pack) -> None:
    case, people = brought_to("dispatched")
    returned(case, people, "roads")
    assert upgrade(at=clock.now()) == 0
    taken(people["dispatcher"], case, "dispatch", organisation="parks")
    returned(case, people, "parks")
    assert upgrade(at=clock.now()) == 1
    # the city's first language
    assert asked(case, people) == [(unit, "It was returned again and again.") for unit in ("parks", "roads")]
    assert upgrade(at=clock.now()) == 0
    taken(people["handler-roads"], case, "finish_duty", duty=5, result="the kerb is theirs")
    assert upgrade(at=clock.now()) == 0
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("state", "steps", "why"),
    [
        ("handling", [("handler-roads", "ask_extension", MORE), ("dispatcher", "grant_hold", {})], "given more time"),
        ("handled", [("collector", "rework", {"reason": "still deep"})], "sent back"),
    ],
)
def test_extensions_and_reworks_bring_it_up(
    slow_city: Pack, state: str, steps: list[tuple[str, str, dict[str, Any]]], why: str
) -> None:
    case, people = brought_to(state)
    for post, name, facts in steps:
        taken(people[post], case, name, **facts)
    assert upgrade(at=clock.now()) == 1
    ((unit, note),) = asked(case, people)
    assert unit == "roads"
    assert why in note


def test_age_brings_it_up_where_somebody_is_concerned_and_ended_cases_rest(slow_city: Pack) -> None:
    closed, people = brought_to("closed")
    open_ = opened(people["machine"])
    through(people, open_, "register", "file", "dispatch", "sign_for")
    pass_time(days=29)
    assert upgrade(at=clock.now()) == 0
    with CaptureQueriesContext(connection) as statements:
        assert upgrade(at=clock.now() + timedelta(days=2)) == 1
    assert len(statements) <= 14
    assert [unit for unit, _ in asked(open_, people)] == ["roads"]
    assert asked(closed, people) == []


def test_a_city_that_lets_everything_pass_asks_nobody(desk_city: Pack) -> None:
    brought_to("handling")
    with CaptureQueriesContext(connection) as statements:
        assert upgrade(at=clock.now() + timedelta(days=900)) == 0
    assert not any("cases_case" in query["sql"] for query in statements.captured_queries)
