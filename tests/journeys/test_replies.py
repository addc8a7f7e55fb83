"""The duty to answer whoever sent a report, walked at the desks over the API: a hotline's order from its coming to the
call-back, over the Spring Festival of 2026 (hours and days off: see `test_duties`)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.loop.cases.verify import verify
from journeys.conftest import Person, holder_of, with_desks
from journeys.test_duties import CHINESE, local, wall
from journeys.test_exceptions import seen, taken
from journeys.test_two_clients import HOLE, everything, opened, work

HOTLINE = """
  loop:
    redo_within: {value: 30, unit: d}
  replies:
    phone:
      sign: {value: 4, unit: wh}
      answer: {value: 2, unit: wd}
"""


@pytest.fixture
def hotline_city(transactional_db: None, own_clock: None, tmp_path: Path) -> Pack:
    """A Chinese working calendar, and limits for what comes over the telephone."""
    return with_desks(
        tmp_path,
        HOTLINE,
        otherwise=CHINESE,
        at=local("02-13 16:00"),
    )


def turn_to(when: str) -> None:
    clock.set_shift(local(when) - datetime.now(UTC))


def called(machine: Person, order: str, **more: Any) -> dict[str, Any]:
    """A hotline hands its order over; the receipt."""
    body = HOLE | {"channel": "phone", "outside_id": str(uuid4()), "order_number": order} | more
    answer = machine.post("/reports", body)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def replied(person: Person, report: str, name: str, **facts: Any) -> dict[str, Any]:
    answer = person.post(f"/reports/{report}/reply/steps", {"step": name, **facts})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def not_yet(code: str, person: Person, report: str, name: str, **facts: Any) -> None:
    """A refusal changes nothing."""
    before = everything()
    answer = person.post(f"/reports/{report}/reply/steps", {"step": name, **facts})
    assert answer.json()["code"] == code, answer.content
    assert everything() == before


def finished(people: dict[str, Person], case: str, result: str, *, first: bool = True) -> None:
    """A unit works on the case to its end."""
    if first:
        taken(people["shift_leader"], case, "file")
        taken(people["dispatcher"], case, "dispatch", organisation="roads")
    taken(people["handler-roads"], case, "sign_for")
    taken(people["handler-roads"], case, "handle", result=result)
    taken(people["collector"], case, "check", verdict="solved")
    taken(people["shift_leader"], case, "close", closing_kind="solved")
    work()


def at_the_desks() -> dict[str, Person]:
    posts = ("machine", "acceptor", "shift_leader", "dispatcher", "handler-roads", "collector", "evaluator")
    return {post: holder_of(post) for post in posts}


@pytest.mark.django_db(transaction=True)
def test_a_hotline_order_merged_with_a_collectors_report_and_both_answered(hotline_city: Pack) -> None:
    people = at_the_desks()
    desk, leader = people["acceptor"], people["shift_leader"]
    turn_to("02-13 16:20")
    receipt = called(people["machine"], "12345-0213-7")
    report, twin = receipt["number"], receipt["case"]
    owed = desk.get(f"/reports/{report}/reply").json()
    # 4 working hours: 1:40 on Friday, 2:20 on the made-up Saturday; 2 working days: 1:40, 8:00, and 6:20 on the 24th
    assert (owed["state"], owed["order_number"]) == ("open", "12345-0213-7")
    assert (wall(owed["sign_due_at"]), wall(owed["answer_due_at"])) == ("02-14 10:20", "02-24 16:20")
    assert (wall(owed["due_at"]), owed["light"]) == ("02-14 10:20", "green")
    turn_to("02-14 09:00")
    signed = replied(desk, report, "sign_for")
    assert (signed["state"], wall(signed["due_at"])) == ("owed", "02-24 16:20")
    not_yet("reply_state", desk, report, "sign_for")
    not_yet("reply_state", desk, report, "call_back", satisfied=True)

    main = opened(people["machine"])  # what the collector's phone sent
    taken(desk, main, "register")
    taken(desk, twin, "merge", other=main)
    turn_to("02-24 10:00")
    finished(people, main, "Filled and level")
    reports = {row["case"]: row for row in desk.get(f"/cases/{main}/reports").json()}
    assert [reports[case]["answer"] for case in (main, twin)] == ["Filled and level"] * 2
    assert [reports[case]["reply"] for case in (main, twin)] == ["answered"] * 2
    assert reports[twin]["order_number"] == "12345-0213-7"

    turn_to("02-25 09:00")
    not_yet("fact_missing", desk, report, "call_back")
    assert replied(desk, report, "call_back", satisfied=False, words="It has sunk")["state"] == "dissatisfied"
    not_yet("fact_missing", desk, report, "redo")
    again = replied(desk, report, "redo", words="Fill it on gravel")
    # 2 working days from Wednesday the 25th at nine
    assert (again["state"], again["round"], wall(again["answer_due_at"])) == ("owed", 2, "02-27 09:00")
    assert (seen(main, people)["state"], seen(main, people)["round"]) == ("dispatched", 2)
    finished(people, main, "Filled on gravel", first=False)
    reports = {row["case"]: row for row in desk.get(f"/cases/{main}/reports").json()}
    assert [reports[case]["answer"] for case in (main, twin)] == ["Filled and level", "Filled on gravel"]
    done = replied(leader, report, "call_back", satisfied=True)
    assert (done["state"], done["steps"]) == ("satisfied", [])
    told = [(line["round"], line["step"], line["name"] == "system") for line in done["log"]]
    assert told == [
        *((1, "sign_for", False), (1, "answer", True), (1, "call_back", False), (1, "redo", False)),
        *((2, "answer", True), (2, "call_back", False)),
    ]
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_an_order_is_returned_to_the_hotline_and_then_owed_no_more(hotline_city: Pack) -> None:
    people = at_the_desks()
    desk = people["acceptor"]
    receipt = called(people["machine"], "12345-9")
    report, case = receipt["number"], receipt["case"]
    not_yet("fact_missing", desk, report, "send_back")
    assert replied(desk, report, "send_back", words="Another county's road")["state"] == "returned"
    not_yet("reply_state", desk, report, "answer", words="Filled")
    taken(people["shift_leader"], case, "register")
    taken(people["shift_leader"], case, "refuse", reason="not ours")
    work()
    assert desk.get(f"/reports/{report}/reply").json()["answered_at"] is None


def test_words_are_given_by_hand_where_no_case_opened(hotline_city: Pack) -> None:
    people = at_the_desks()
    desk = people["acceptor"]
    report = called(people["machine"], "12345-10", category="")["number"]
    assert replied(desk, report, "answer", words="The river bureau answers it")["state"] == "answered"
    replied(desk, report, "call_back", satisfied=False)
    not_yet("reply_without_case", desk, report, "redo", words="Once more")
    not_yet("step_unknown", desk, report, "forget")
    assert desk.post("/reports/R0/reply/steps", {"step": "answer", "words": "x"}).status_code == 404


def test_who_only_reads_sees_why_a_step_is_not_theirs(hotline_city: Pack) -> None:
    people = at_the_desks()
    report = called(people["machine"], "12345-11", reporter={"name": "Ada Lamb", "phone": "555 0100"})["number"]
    shown = people["evaluator"].get(f"/reports/{report}/reply").json()
    assert {step["name"]: step["allowed"] for step in shown["steps"]} == dict.fromkeys(
        ("sign_for", "answer", "send_back"), False
    )
    assert shown["reporter"]["name"] == "A*******"
    not_yet("step_denied", people["evaluator"], report, "sign_for")
    not_yet("permission_missing", people["handler-roads"], report, "sign_for")
    assert people["handler-roads"].get("/replies").status_code == 403
    assert people["acceptor"].get(f"/reports/{report}/reply").json()["reporter"]["name"] == "Ada Lamb"
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, post FROM intake_unmasking")
        assert cursor.fetchall() == [(report, "acceptor")]


def test_the_list_finds_what_is_owed_and_what_is_late(hotline_city: Pack) -> None:
    people = at_the_desks()
    desk = people["acceptor"]
    numbers = [called(people["machine"], f"12345-{no}")["number"] for no in range(3)]
    app = people["machine"].post("/reports", HOLE).json()["number"]
    replied(desk, numbers[0], "sign_for")
    replied(desk, numbers[1], "answer", words="It is filled")
    turn_to("02-14 12:30")  # half a working day and more later

    def found(**asked: Any) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return [line["number"] for line in desk.get(f"/replies?{query}").json()["replies"]]

    assert found() == [app, *reversed(numbers)]
    assert found(state="open,owed", channel="phone") == [numbers[2], numbers[0]]
    assert found(overdue="true") == [numbers[2]]
    assert found(q="12345-1") == [numbers[1]]
    assert found(state="answered") == [numbers[1]]
    assert desk.get("/replies?state=lost").status_code == 422
    counts = desk.get("/replies/counts").json()
    assert (counts["total"], counts["by_state"]["open"], counts["by_state"]["owed"], counts["by_light"]["red"]) == (
        4,
        1,
        2,
        1,
    )
    first = desk.get("/replies?limit=3").json()
    rest = desk.get(f"/replies?limit=3&before={first['next']}").json()
    assert ([line["number"] for line in rest["replies"]], rest["next"]) == ([numbers[0]], None)
    counted = []
    for limit in (1, 4):
        with CaptureQueriesContext(connection) as asked:
            desk.get(f"/replies?limit={limit}")
        counted.append(len(asked))
    assert counted[0] == counted[1]
