"""The wall's figures: what is counted, for whom, and what they cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from .conftest import EAST, WEST, Desk, forget, later


def figures(desk: Desk, post: str) -> dict[str, Any]:
    answer = desk.person(post).get("/wall")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {state["state"]: state["count"] for state in found["states"] if state["count"]}


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """One case reported, two with the roads, one with the parks, one closed."""
    desk.opened(WEST)
    desk.brought(desk.opened(WEST), "handling")
    desk.brought(desk.opened(EAST), "dispatched")
    desk.brought(desk.opened(EAST), "handling", "parks")
    desk.brought(desk.opened(WEST), "closed")
    return desk


def test_the_loop_as_it_stands(busy: Desk) -> None:
    found = figures(busy, "dispatcher")
    assert counts(found) == {"reported": 1, "dispatched": 1, "handling": 2}
    assert found["states"][0] == {"state": "reported", "title": "reported", "count": 1}
    assert found["lights"] == {"green": 3, "yellow": 0, "red": 0, "none": 1}
    assert found["today"] == {"opened": 5, "closed": 1}
    assert found["late"] == []
    passes = {line["step"]: (line["last_hour"], line["last_day"]) for line in found["passes"]}
    assert (passes["report"], passes["dispatch"], passes["close"], passes["void"]) == ((5, 5), (4, 4), (1, 1), (0, 0))


def test_hours_and_days_pass(busy: Desk) -> None:
    later(hours=2)
    passes = {line["step"]: (line["last_hour"], line["last_day"]) for line in figures(busy, "dispatcher")["passes"]}
    assert passes["report"] == (0, 5)
    later(days=1)
    found = figures(busy, "dispatcher")
    assert found["today"] == {"opened": 0, "closed": 0}
    assert {line["last_day"] for line in found["passes"]} == {0}


def test_who_is_late_and_who_has_how_much(busy: Desk) -> None:
    later(days=25)
    found = figures(busy, "dispatcher")
    assert found["lights"] == {"green": 0, "yellow": 0, "red": 3, "none": 1}
    first = found["late"][0]
    assert [line["hours_late"] for line in found["late"]] == sorted(
        (line["hours_late"] for line in found["late"]), reverse=True
    )
    assert (first["light"], first["category_name"], first["organisation_name"]) == (
        "red",
        "Pothole",
        "Roads department",
    )
    assert first["hours_late"] > 24 * 20
    late = first["countdown"]
    assert 0 < -late["remaining_s"] < first["hours_late"] * 3600  # in working time it is less
    assert late["changes_at"] is not None
    organisations = [(line["code"], line["open"], line["red"]) for line in found["organisations"]]
    assert organisations == [("roads", 2, 2), ("parks", 1, 1)]
    areas = [(line["name"], line["open"], line["red"]) for line in found["areas"]]
    assert areas == [("East", 2, 2), ("West", 2, 1)]
    assert found["organisations"][0]["on_time_of_due"] == pytest.approx(1 / 3, abs=1e-4)


def test_names_are_in_the_language_asked_for(busy: Desk) -> None:
    person = busy.person("dispatcher")
    person.headers["Accept-Language"] = "zh"
    found = figures(busy, "dispatcher")
    assert {line["name"] for line in found["areas"]} == {"西区", "东区"}
    assert {line["name"] for line in found["organisations"]} == {"道路处", "园林处"}
    assert found["states"][0]["title"] == "已上报"


def test_everybody_sees_their_own_and_rankings_are_for_those_who_evaluate(busy: Desk) -> None:
    roads = figures(busy, "handler-roads")
    assert counts(roads) == {"dispatched": 1, "handling": 1}
    assert roads["today"] == {"opened": 3, "closed": 1}
    assert (roads["organisations"], roads["areas"]) == ([], [])
    refused = busy.person("machine").get("/wall")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


def test_an_empty_city_has_a_wall(desk: Desk) -> None:
    found = figures(desk, "dispatcher")
    assert counts(found) == {}
    assert found["lights"] == {"green": 0, "yellow": 0, "red": 0, "none": 0}
    assert (found["late"], found["organisations"], found["areas"]) == ([], [], [])


def test_the_wall_asks_few_questions_and_none_twice_in_two_seconds(busy: Desk) -> None:
    figures(busy, "dispatcher")
    forget()
    with CaptureQueriesContext(connection) as cold:
        first = figures(busy, "dispatcher")
    assert len(cold) <= 10  # the sign-in and the rates, which are kept for minutes, among them
    with CaptureQueriesContext(connection) as warm:
        assert figures(busy, "dispatcher") == first
    assert len(warm) <= 2
