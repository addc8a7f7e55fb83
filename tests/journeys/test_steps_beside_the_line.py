"""The steps that the main line leaves out, each taken at the desks over the API: from, to, by whom, and what moves."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.cases.sweep import sweep
from cityloop.loop.cases.verify import verify
from journeys.conftest import Person, holder_of
from journeys.test_two_clients import HOLE, LINE, brought_to, step, work


class Taken(NamedTuple):
    """A step: by which post, with what, and where the case stands then."""

    name: str
    post: str
    facts: dict[str, Any]
    state: str


EXTENSION = {"reason": "rain", "extension": {"value": 1, "unit": "wd"}}
DEFERRAL = {"reason": "frost", "until": "2025-06-12T16:00:00Z"}
SHELVING = {"reason": "no parts", "review_on": "2025-09-01", "measures": "fenced off"}

WALKS: dict[str, tuple[str, list[Taken]]] = {
    "verified before it is taken in": (
        "reported",
        [
            Taken("ask_verification", "acceptor", {}, "verifying"),
            Taken("pre_verify", "collector", {"verdict": "true"}, "verified"),
            Taken("register", "acceptor", {}, "registered"),
        ],
    ),
    "returned in vain, handled, and sent back": (
        "handling",
        [
            Taken("request_return", "handler-roads", {"reason": "not_ours"}, "return_requested"),
            Taken("deny_return", "dispatcher", {"reason": "yours"}, "handling"),
            Taken("handle", "handler-roads", {"result": "filled"}, "handled"),
            Taken("rework", "collector", {"reason": "still deep"}, "dispatched"),
            Taken("sign_for", "handler-roads", {}, "handling"),
        ],
    ),
    "more time, refused and given": (
        "handling",
        [
            Taken("ask_extension", "handler-roads", EXTENSION, "handling"),
            Taken("deny_hold", "dispatcher", {"reason": "enough time"}, "handling"),
            Taken("ask_extension", "handler-roads", EXTENSION, "handling"),
            Taken("grant_hold", "dispatcher", {}, "handling"),
        ],
    ),
    "deferred, taken up again, shelved": (
        "handling",
        [
            Taken("ask_deferral", "handler-roads", DEFERRAL, "handling"),
            Taken("grant_hold", "dispatcher", {}, "handling"),
            Taken("end_hold", "handler-roads", {}, "handling"),
            Taken("ask_shelving", "handler-roads", SHELVING, "handling"),
            Taken("grant_hold", "dispatcher", {}, "handling"),
        ],
    ),
    "reminded by hand": (
        "handling",
        [
            Taken("remind", "dispatcher", {"note": "hurry"}, "handling"),
            Taken("propose_supervision", "dispatcher", {}, "handling"),
        ],
    ),
}


@pytest.mark.parametrize("walk", WALKS)
def test_steps_are_offered_taken_and_lead_where_the_table_says(desk_city: Pack, walk: str) -> None:
    start, taken = WALKS[walk]
    case, people = brought_to(start)
    before = len(seen(case, people)["entries"])
    for number, (name, post, facts, state) in enumerate(taken, start=1):
        assert name in offered(case, people[post]), name
        answer = step(people[post], case, name, **facts)
        assert answer.status_code == 200, answer.content
        stands = answer.json()["state"]
        assert (stands, STEPS[name].leads_to(stands)) == (state, state), name
        entry = seen(case, people)["entries"][-1]
        assert (entry["seq"], entry["step"], entry["post"]) == (before + number, name, post)
    assert list(verify()) == []


def seen(case: str, people: dict[str, Person]) -> Any:
    return people["evaluator"].get(f"/cases/{case}").json()


def offered(case: str, person: Person) -> list[str]:
    answer = person.get(f"/cases/{case}")
    return [line["name"] for line in answer.json()["steps"] if line["allowed"]]


def test_deadlines_move_with_what_is_granted(desk_city: Pack) -> None:
    """Due on Wednesday evening; an extension of a working day makes it Thursday, shelving leaves it without a date."""
    case, people = brought_to("handling")
    unit, desk = people["handler-roads"], people["dispatcher"]
    dates = [seen(case, people)["due_at"]]
    for asked, facts in (("ask_extension", EXTENSION), ("ask_shelving", SHELVING)):
        assert step(unit, case, asked, **facts).status_code == 200
        assert step(desk, case, "grant_hold").status_code == 200
        dates.append(seen(case, people)["due_at"])
    assert dates == ["2025-06-04T16:00:00+00:00", "2025-06-05T16:00:00+00:00", None]
    assert step(unit, case, "end_hold").status_code == 200
    assert seen(case, people)["due_at"].startswith("2025-06-05")


def test_a_part_is_finished_and_the_last_is_the_whole(desk_city: Pack) -> None:
    people = {post: holder_of(post) for post in {"machine", "evaluator", *(post for _, _, post, _, _ in LINE)}}
    case = people["machine"].post("/reports", HOLE | {"category": "0103"}).json()["case"]
    for name, _, post, facts, state in LINE[:4]:
        answer = step(people[post], case, name, **facts)
        assert answer.json()["state"] == state, answer.content
    unit = people["handler-roads"]
    assert step(unit, case, "finish_part", result="fenced off").json()["state"] == "handling"
    assert [span["part"] for span in seen(case, people)["spans"] if span["stage"] == "handle"] == [
        "make_safe",
        "remove",
    ]
    again = step(unit, case, "finish_part", result="removed")
    assert (again.status_code, again.json()["code"]) == (422, "part_last")
    assert step(unit, case, "handle", result="removed").json()["state"] == "handled"


def test_a_case_is_filed_under_the_situation_that_is_named(desk_city: Pack) -> None:
    table = desk_city.folder / "rules.csv"
    rules = table.read_text(encoding="utf-8")
    line = next(line for line in rules.splitlines() if line.startswith("0101,,"))
    table.write_text(
        rules.replace(line, line.replace("0101,,", "0101,deep,") + "\n" + line.replace("0101,,", "0101,shallow,")),
        encoding="utf-8",
    )
    file = desk_city.folder / "pack.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            "edition: {code: 2020, valid_from: 2020-01-01}", "edition: {code: 2025, valid_from: 2025-01-01}"
        ),
        encoding="utf-8",
    )
    apply(reading.load(desk_city.folder), actor=SYSTEM, at=clock.now())
    case, people = brought_to("registered")
    refused = step(people["shift_leader"], case, "file")
    assert (refused.status_code, refused.json()["code"]) == (422, "situation_missing")
    assert seen(case, people)["state"] == "registered"
    assert step(people["shift_leader"], case, "file", situation="deep").json()["state"] == "filed"


ESCALATION = "  opens_itself: []\n  escalation:\n    - {at: 0.5, step: warn}\n"


def test_the_system_warns_by_itself(desk_city: Pack) -> None:
    """Half of the time from Monday to Wednesday evening is over on Tuesday at 14:00; nobody is offered to warn."""
    file = desk_city.folder / "pack.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  opens_itself: []\n", ESCALATION), encoding="utf-8")
    apply(reading.load(desk_city.folder), actor=SYSTEM, at=clock.now())
    case, people = brought_to("handling")
    assert "warn" not in offered(case, people["dispatcher"])
    sweep(at=datetime(2025, 6, 3, 14, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC))
    shown = seen(case, people)
    assert (shown["entries"][-1]["step"], shown["state"]) == ("warn", "handling")


@pytest.mark.django_db(transaction=True)
def test_deadlines_are_counted_anew_when_a_calendar_changes(desk_city: Pack) -> None:
    """The calendar knows no day after Tuesday; then Wednesday is made free, and the pack applied again."""
    file = desk_city.folder / "pack.yaml"
    text = file.read_text(encoding="utf-8")
    short = text.replace("    wd_rule: end_of_day\n", "    wd_rule: end_of_day\n    known_until: 2025-06-03\n")
    file.write_text(short, encoding="utf-8")
    apply(reading.load(desk_city.folder), actor=SYSTEM, at=clock.now())
    case, people = brought_to("handling")
    long = short.replace("known_until: 2025-06-03", "known_until: 2025-12-31").replace(
        "    days:\n", "    days:\n      2025-06-04: []\n"
    )
    file.write_text(long, encoding="utf-8")
    apply(reading.load(desk_city.folder), actor=SYSTEM, at=clock.now())
    work()
    shown = seen(case, people)
    assert (shown["entries"][-1]["step"], shown["due_at"]) == ("recount", "2025-06-05T16:00:00+00:00")
