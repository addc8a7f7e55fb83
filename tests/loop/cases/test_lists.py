"""Lists of cases over HTTP: who sees what, every filter, both orders, page by page, constant statements."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, holder_of

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure
from cityloop.ground.accounts.models import Post, User
from cityloop.ground.places.models import Area
from cityloop.practice.seed import seed

OPEN_CASES = 60
Find = Callable[..., list[dict[str, Any]]]


class People(dict[str, Person]):
    """Whoever holds a post, by the post."""

    def __missing__(self, post: str) -> Person:
        return self.setdefault(post, holder_of(post))


@pytest.fixture
def people(desk_city: Pack) -> People:
    return People()


@pytest.fixture
def full(people: People) -> int:
    """Open cases in every state, and one that is closed; how many are open."""
    seed(OPEN_CASES, at=clock.now(), number=3)
    leader = people["shift_leader"]
    case = cases(leader, state="checked")[0]["number"]
    answer = leader.post(f"/cases/{case}/steps", {"step": "close", "closing_kind": "solved"})
    assert answer.status_code == 200, answer.content
    return OPEN_CASES - 1


def ask(person: Person, path: str = "/cases", **wanted: Any) -> Any:
    answer = person.get(f"{path}?{urlencode(wanted)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def cases(person: Person, **wanted: Any) -> list[dict[str, Any]]:
    """All lines of a list, page by page; no line comes twice and none is left out between pages."""
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        page = ask(person, **{"limit": 200, **wanted}, before=before)
        found += page["cases"]
        before = page["next"]
        if before is None:
            break
        assert len(page["cases"]) == int(wanted.get("limit", 200))
    assert len({line["number"] for line in found}) == len(found)
    return found


def test_both_orders_hold_over_all_pages(full: int, people: People) -> None:
    person = people["evaluator"]
    newest = cases(person, limit=7)
    assert len(newest) == full + 1
    assert [line["opened_at"] for line in newest] == sorted((line["opened_at"] for line in newest), reverse=True)
    urgent = cases(person, sort="due", limit=7)
    assert len(urgent) == full  # a closed case is not urgent
    dues = [line["due_at"] or "~" for line in urgent]
    assert dues == sorted(dues)
    assert dues[0] != "~" == dues[-1]


FILTERS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({"state": "filed,handled"}, lambda line: line["state"] in ("filed", "handled")),
    ({"light": "red"}, lambda line: line["light"] == "red"),
    ({"light": "yellow"}, lambda line: line["light"] == "yellow"),
    ({"light": "green", "open": "true"}, lambda line: line["light"] == "green" and line["closed_at"] is None),
    ({"light": "none"}, lambda line: line["light"] == "none"),
    ({"open": "true"}, lambda line: line["closed_at"] is None),
    ({"open": "false"}, lambda line: line["closed_at"] is not None),
    ({"category": "0103"}, lambda line: line["category"] == "0103"),
    ({"category": "01"}, lambda line: True),
    ({"organisation": "roads"}, lambda line: line["organisation"] == "roads"),
    ({"organisation": "centre"}, lambda line: line["organisation"] is not None),
    ({"channel": "app"}, lambda line: line["channel"] == "app"),
    ({"q": "fallen"}, lambda line: line["category_name"] == "Fallen tree"),
    ({"q": "WEST "}, lambda line: line["address"].startswith("West")),
    ({"q": "100%"}, lambda line: False),
    ({"area": "990100001"}, lambda line: line["lon"] < 10.01),
    ({"area": "990100"}, lambda line: True),
]


def test_every_filter_finds_exactly_its_cases_and_counts_them(full: int, people: People) -> None:
    person = people["evaluator"]
    everything = cases(person)
    for wanted, holds in FILTERS:
        found = cases(person, **wanted)
        expected = [line["number"] for line in everything if holds(line)]
        assert [line["number"] for line in found] == expected, wanted
        counted = ask(person, "/cases/counts", **wanted)
        assert counted["total"] == len(expected)
        for state in {line["state"] for line in found}:
            assert counted["by_state"][state] == sum(line["state"] == state for line in found)
        for colour, count in counted["by_light"].items():
            assert count == sum(line["light"] == colour for line in found), (wanted, colour)
    assert {line["light"] for line in everything} == {"green", "yellow", "red", "none"}


def test_days_and_instants_of_opening(full: int, people: People) -> None:
    person = people["evaluator"]
    opened = sorted(line["opened_at"] for line in cases(person))
    middle = opened[len(opened) // 2]
    assert len(cases(person, **{"from": middle})) == sum(at >= middle for at in opened)
    assert len(cases(person, to=middle)) == sum(at <= middle for at in opened)
    day = middle[:10]
    of_day = cases(person, **{"from": day, "to": day})
    assert middle in [line["opened_at"] for line in of_day]
    assert cases(person, **{"from": "2031-01-01"}) == []


def test_a_number_is_found_by_its_beginning(full: int, people: People) -> None:
    person = people["evaluator"]
    number = cases(person)[0]["number"]
    assert [line["number"] for line in cases(person, q=number)] == [number]
    assert number in [line["number"] for line in cases(person, q=number[:14])]


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"state": "flying"}, 422, "fact_wrong"),
        ({"before": "yesterday"}, 422, "fact_wrong"),
        ({"category": "none"}, 404, "category_unknown"),
        ({"organisation": "none"}, 404, "organisation_unknown"),
        ({"area": "none"}, 404, "area_unknown"),
        ({"light": "blue"}, 422, "input_wrong"),
        ({"limit": 201}, 422, "input_wrong"),
        ({"q": "a\0b"}, 422, "input_wrong"),
    ],
)
def test_what_no_list_knows_is_refused(desk_city: Pack, wanted: dict[str, Any], status: int, code: str) -> None:
    answer = holder_of("evaluator").get(f"/cases?{urlencode(wanted)}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


QUEUES = {
    "dispatcher": {"filed", "return_requested"},
    "collector": {"verifying", "handled"},
    "acceptor": {"reported", "verified"},
    "shift_leader": {"reported", "verified", "registered", "handled", "checked"},
    "handler-roads": {"dispatched", "handling"},
    "auditor": set(),
    "machine": set(),
}


@pytest.mark.parametrize("post", QUEUES)
def test_the_queue_of_a_post_is_what_it_may_move(full: int, people: People, post: str) -> None:
    person = people[post]
    queue = cases(person, queue="mine")
    mine = [
        line["number"]
        for line in cases(people["evaluator"], sort="due")
        if line["state"] in QUEUES[post] and (post != "handler-roads" or line["organisation"] == "roads")
    ]
    assert [line["number"] for line in queue] == mine
    assert all(line["steps"] for line in queue)
    assert ask(person, "/cases/counts", queue="mine")["total"] == len(queue)


@pytest.mark.parametrize("post", ["dispatcher", "handler-parks"])
def test_a_line_offers_the_steps_that_the_case_itself_offers(full: int, people: People, post: str) -> None:
    by_state = {line["state"]: line for line in cases(people[post], open="true")}
    assert any(line["steps"] for line in by_state.values())
    for line in by_state.values():
        whole = people[post].get(f"/cases/{line['number']}").json()
        assert [step["name"] for step in whole["steps"] if step["allowed"]] == line["steps"]


def test_a_handler_sees_what_was_assigned_to_it_and_a_post_of_an_area_its_own(full: int, people: People) -> None:
    everybody = cases(people["evaluator"])
    roads = {line["number"] for line in everybody if line["organisation"] == "roads"}
    assert {line["number"] for line in cases(people["handler-roads"])} == roads
    Post.objects.filter(code="dispatcher").update(area=Area.objects.get(code="990100001"))
    west = {line["number"] for line in everybody if line["lon"] < 10.01}
    assert {line["number"] for line in cases(people["dispatcher"])} == west
    stranger = next(line["number"] for line in everybody if line["number"] not in west)
    assert people["dispatcher"].get(f"/cases/{stranger}").status_code == 404


def test_a_handler_still_finds_what_went_on_to_another_unit(full: int, people: People) -> None:
    line = next(
        line
        for line in cases(people["evaluator"], state="return_requested")
        if line["organisation"] in ("roads", "parks")
    )
    case, unit = line["number"], line["organisation"]
    other = "parks" if unit == "roads" else "roads"
    assert cases(people[f"handler-{unit}"], organisation=other) == []
    for step in ({"step": "grant_return"}, {"step": "dispatch", "organisation": other}):
        answer = people["dispatcher"].post(f"/cases/{case}/steps", step)
        assert answer.status_code == 200, answer.content
    assert [line["number"] for line in cases(people[f"handler-{unit}"], organisation=other)] == [case]
    assert ask(people[f"handler-{unit}"], "/cases/counts", organisation=other)["total"] == 1


def test_two_posts_see_both(full: int, people: People) -> None:
    person = people["handler-roads"]
    holder = User.objects.get(username="holder of handler-roads")
    second = Post.objects.get(code="handler-parks")
    give_tenure(holder, second, actor=SYSTEM, at=clock.now() - timedelta(hours=1))
    assert {line["organisation"] for line in cases(person)} == {"roads", "parks"}
    assert {line["state"] for line in cases(person, queue="mine")} == {"dispatched", "handling"}


def test_near_a_point(full: int, people: People) -> None:
    person = people["evaluator"]
    everybody = cases(person, open="true")
    there = everybody[0]
    found = ask(person, "/cases/near", lon=there["lon"], lat=there["lat"], radius_m=400)
    assert found[0]["number"] == there["number"]
    assert found[0]["distance_m"] < 0.01
    distances = [line["distance_m"] for line in found]
    assert distances == sorted(distances)
    assert distances[-1] <= 400
    same = ask(person, "/cases/near", lon=there["lon"], lat=there["lat"], radius_m=5000, category=there["category"])
    assert {line["category"] for line in same} == {there["category"]}
    mine = ask(people["handler-roads"], "/cases/near", lon=there["lon"], lat=there["lat"], radius_m=5000)
    assert {line["organisation"] for line in mine} == {"roads"}
    assert person.get("/cases/near?lon=999&lat=0").status_code == 422


@pytest.mark.parametrize("path", ["/cases", "/cases?queue=mine", "/cases?q=west&organisation=centre", "/cases/counts",
                                  "/cases/near?lon=10.01&lat=50.005&radius_m=5000"])  # fmt: skip
def test_statements_do_not_grow_with_the_lines(desk_city: Pack, path: str) -> None:
    person = holder_of("handler-roads")
    person.get(path)
    with CaptureQueriesContext(connection) as few:
        person.get(path)
    seed(OPEN_CASES, at=clock.now())
    person.get(path)
    with CaptureQueriesContext(connection) as many:
        answer = person.get(path)
    assert answer.status_code == 200
    assert len(many) == len(few) <= 4


def test_choices_speak_the_language_asked_for(desk_city: Pack) -> None:
    person = holder_of("acceptor")
    english = person.get("/cases/choices").json()
    assert {"code": "0101", "name": "Pothole", "level": "minor", "major": "01"} in english["categories"]
    assert {"code": "roads", "name": "Roads department", "kind": "department", "parent": "centre"} in english[
        "organisations"
    ]
    assert {"code": "990100001", "name": "West", "level": "district", "parent": "990100"} in english["areas"]
    assert {"key": "app", "name": "App"} in english["channels"]
    chinese = Person(person.headers | {"Accept-Language": "zh"})
    words = chinese.get("/cases/choices").json()
    assert {"code": "0101", "name": "路面坑洞", "level": "minor", "major": "01"} in words["categories"]
    assert {"key": "app", "name": "手机应用"} in words["channels"]
    seed(5, at=clock.now())
    assert ask(chinese)["cases"][0]["category_name"] in {"路面坑洞", "路灯", "树木倒伏"}


def test_who_reads_no_cases_finds_none(full: int, people: People) -> None:
    person = people["machine"]
    assert ask(person)["cases"] == []
    assert ask(person, "/cases/counts")["total"] == 0
    assert ask(person, "/cases/near", lon=10.01, lat=50.005, radius_m=5000) == []


def test_a_list_can_be_cut_to_what_a_map_shows(full: int, people: People) -> None:
    person = people["evaluator"]
    every = cases(person, open="true")
    west, south, east, north = 10.0, 50.0, 10.0101, 50.0057
    inside = {c["number"] for c in every if west <= c["lon"] <= east and south <= c["lat"] <= north}
    assert 0 < len(inside) < len(every)
    assert {c["number"] for c in cases(person, open="true", within=f"{west},{south},{east},{north}")} == inside
    for wrong in ("10,50,11", "a,b,c,d", "10,50,11,51,"):
        assert person.get(f"/cases?within={wrong}").status_code == 422
