"""People at their desks over the HTTP API: the whole main line, two at once, and everything that is refused."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app as worker

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases.lifecycle import FACTS, STATES, STEPS
from cityloop.loop.cases.queries import id_of
from cityloop.loop.cases.verify import verify
from journeys.conftest import Person, holder_of
from journeys.rows import Rows, all_rows, differences

HOLE = {"channel": "app", "category": "0101", "lon": 10.002, "lat": 50.005, "words": "Deep hole", "area": "990100001"}
LINE: list[tuple[str, str, str, dict[str, str], str]] = [
    ("register", "dispatcher", "acceptor", {}, "registered"),
    ("file", "acceptor", "shift_leader", {}, "filed"),
    ("dispatch", "shift_leader", "dispatcher", {"organisation": "roads"}, "dispatched"),
    ("sign_for", "dispatcher", "handler-roads", {}, "handling"),
    ("handle", "collector", "handler-roads", {"result": "Filled and level"}, "handled"),
    ("check", "handler-roads", "collector", {"verdict": "solved"}, "checked"),
    ("close", "collector", "shift_leader", {"closing_kind": "solved"}, "closed"),
]
"""Step, a post that may not take it, the post that does, what comes with it, the state after it."""


def everything() -> tuple[Rows, int]:
    with connection.cursor() as cursor:
        rows = all_rows(cursor, but=frozenset())
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        return rows, cursor.fetchone()[0]


def opened(sender: Person) -> str:
    answer = sender.post("/reports", HOLE)
    assert answer.status_code == 201, answer.content
    case = answer.json()["case"]
    assert isinstance(case, str)
    return case


def step(person: Person, case: str, name: str, **facts: Any) -> Any:
    return person.post(f"/cases/{case}/steps", {"step": name, **facts})


def brought_to(state: str) -> tuple[str, dict[str, Person]]:
    """A case in this state of the main line, and everybody who brings it there, by post."""
    people = {post: holder_of(post) for post in ("machine", "evaluator", "handler-parks")}
    people |= {post: holder_of(post) for post in {post for _, _, post, _, _ in LINE}}
    case = opened(people["machine"])
    for name, _, post, facts, after in LINE:
        if state == "reported":
            break
        assert step(people[post], case, name, **facts).status_code == 200
        if after == state:
            break
    return case, people


@pytest.mark.django_db(transaction=True)
def test_a_report_goes_once_round_the_loop_and_is_answered(desk_city: Pack) -> None:
    case, people = brought_to("reported")
    for seq, (name, wrong, right, facts, after) in enumerate(LINE, start=2):
        seen = people[right].get(f"/cases/{case}")
        if seen.status_code == 200:  # a handler sees what was dispatched to it
            assert name in allowed(seen)
        assert step(people[wrong], case, name, **facts).status_code in (403, 404)
        answer = step(people[right], case, name, seq=seq - 1, **facts)
        assert answer.status_code == 200, answer.content
        assert (answer.json()["state"], answer.json()["seq"]) == (after, seq)
    whole = people["evaluator"].get(f"/cases/{case}").json()
    assert [entry["post"] for entry in whole["entries"]] == ["machine", *(right for _, _, right, _, _ in LINE)]
    assert [step["name"] for step in whole["steps"]] == ["redo", "reopen", "recur"]
    assert not any(step["allowed"] for step in whole["steps"])
    assert (whole["ledger"]["code"], whole["places"][-1]["name"]) == ("L1", "West")
    assert reply() == (None, "")
    work()
    answered, words = reply()
    assert answered is not None
    assert words == "Filled and level"
    assert list(verify()) == []


def allowed(answer: Any) -> list[str]:
    return [step["name"] for step in answer.json()["steps"] if step["allowed"]]


def reply() -> tuple[Any, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT answered_at, answer FROM intake_reply")
        ((at, answer),) = cursor.fetchall()
    return at, answer


def work() -> None:
    """Let a worker do what is queued, and end."""

    async def once() -> None:
        with worker.replace_connector(worker.connector.get_worker_connector()):  # type: ignore[attr-defined]
            async with worker.open_async():
                await worker.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(once())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seen", "code"), [({"seq": 2}, "case_moved"), ({}, "state_wrong")])
def test_two_people_at_once(desk_city: Pack, seen: dict[str, int], code: str) -> None:
    """Both have come as far as the case itself before either may go on."""
    case, people = brought_to("registered")
    holders = [people["shift_leader"], people["shift_leader"]]
    number = id_of(case, SYSTEM)

    def file(person: Person) -> Any:
        try:
            return step(person, case, "file", **seen)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM cases_case WHERE id = %s FOR UPDATE", [number])
            answers = [pool.submit(file, person) for person in holders]
            wait_for(lambda: waiting() == 2)
        first, second = sorted((answer.result() for answer in answers), key=lambda answer: int(answer.status_code))
    assert (first.status_code, second.status_code) == (200, 409)
    assert (first.json()["state"], first.json()["seq"]) == ("filed", 3)
    problem = second.json()
    assert second["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["state"], problem["status"]) == (code, "filed", 409)
    with connection.cursor() as cursor:
        cursor.execute("SELECT step FROM cases_entry ORDER BY seq")
        assert [name for (name,) in cursor.fetchall()] == ["report", "register", "file"]
    assert list(verify()) == []


def waiting() -> int:
    """How many other sessions wait for a lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # what was seen once in a transaction would stay
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to this")


REFUSALS: list[tuple[str, str, dict[str, Any], int, str, dict[str, Any]]] = [
    ("registered", "shift_leader", {"step": "fly"}, 422, "step_unknown", {"step": "fly"}),
    ("registered", "shift_leader", {"step": "close", "closing_kind": "solved"}, 409, "state_wrong",
     {"step": "close", "state": "registered"}),
    ("registered", "shift_leader", {"step": "report"}, 409, "state_wrong", {"step": "report", "state": "registered"}),
    ("registered", "acceptor", {"step": "file"}, 403, "step_denied", {"step": "file"}),
    ("registered", "shift_leader", {"step": "refuse"}, 422, "fact_missing", {"step": "refuse", "fact": "reason"}),
    ("registered", "shift_leader", {"step": "file", "seq": 1}, 409, "case_moved", {"state": "registered", "seq": 2}),
    ("registered", "handler-roads", {"step": "file"}, 404, "case_unknown", {}),
    ("filed", "dispatcher", {"step": "dispatch"}, 422, "fact_missing", {"step": "dispatch", "fact": "organisation"}),
    ("filed", "dispatcher", {"step": "dispatch", "organisation": "sewers"}, 404, "organisation_unknown",
     {"organisation": "sewers"}),
    ("dispatched", "handler-parks", {"step": "sign_for"}, 404, "case_unknown", {}),
    ("dispatched", "handler-roads", {"step": "request_return", "reason": "tired"}, 422, "fact_wrong",
     {"fact": "reason", "value": "tired"}),
    ("handling", "handler-roads", {"step": "handle"}, 422, "fact_missing", {"step": "handle", "fact": "result"}),
    ("handled", "collector", {"step": "check", "verdict": "true"}, 422, "fact_wrong",
     {"fact": "verdict", "value": "true"}),
    ("handled", "handler-roads", {"step": "check", "verdict": "solved"}, 403, "step_denied", {"step": "check"}),
    ("closed", "shift_leader", {"step": "void", "reason": "late"}, 409, "state_wrong",
     {"step": "void", "state": "closed"}),
]  # fmt: skip


SAID: dict[str, str] = {**STATES, **FACTS, **{name: step.title for name, step in STEPS.items()}}
"""How people read the codes in a refusal."""


@pytest.mark.parametrize("state", dict.fromkeys(row[0] for row in REFUSALS))
def test_a_refusal_says_which_and_changes_nothing(desk_city: Pack, state: str) -> None:
    case, people = brought_to(state)
    before = everything()
    for _, post, body, status, code, facts in (row for row in REFUSALS if row[0] == state):
        answer = people[post].post(f"/cases/{case}/steps", body)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), problem
        assert answer["Content-Type"] == "application/problem+json"
        assert {name: problem[name] for name in facts} == facts
        assert problem["type"].endswith(code)
        assert problem["status"] == status
        assert all(str(SAID.get(str(value), value)) in problem["detail"] for value in facts.values()), problem["detail"]
        rows, jobs = everything()
        assert differences(before[0], rows) == []
        assert jobs == before[1]


def test_a_dispatch_given_back_goes_to_another_and_the_first_may_only_look(desk_city: Pack) -> None:
    case, people = brought_to("dispatched")
    assert step(people["handler-roads"], case, "request_return", reason="not_ours").status_code == 200
    assert step(people["handler-roads"], case, "grant_return").status_code == 403
    assert step(people["dispatcher"], case, "grant_return").status_code == 200
    assert step(people["dispatcher"], case, "dispatch", organisation="parks").status_code == 200
    before = everything()
    assert allowed(people["handler-roads"].get(f"/cases/{case}")) == []
    answer = step(people["handler-roads"], case, "sign_for")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_elsewhere")
    assert everything() == before
    assert step(people["handler-parks"], case, "sign_for").status_code == 200
    assert list(verify()) == []


def test_who_only_looks_can_neither_report_nor_step(desk_city: Pack) -> None:
    case, people = brought_to("reported")
    before = everything()
    assert people["evaluator"].post("/reports", HOLE).status_code == 403
    assert step(people["evaluator"], case, "register").status_code == 403
    assert step(people["machine"], case, "register").status_code == 404
    assert people["machine"].get("/cases").json()["cases"] == []
    assert everything() == before


def test_a_report_that_lacks_its_category_waits_for_a_person(desk_city: Pack) -> None:
    people = {post: holder_of(post) for post in ("machine", "acceptor", "dispatcher")}
    receipt = people["machine"].post("/reports", HOLE | {"category": ""}).json()
    assert (receipt["case"], receipt["missing"]) == (None, ["category_missing"])
    assert people["dispatcher"].get("/reports/waiting").status_code == 403
    (line,) = people["acceptor"].get("/reports/waiting").json()["reports"]
    assert (line["number"], line["missing"]) == (receipt["number"], ["category_missing"])
    path = f"/reports/{receipt['number']}/category"
    before = everything()
    assert people["machine"].post(path, {"category": "0101"}).status_code == 403
    unknown = people["acceptor"].post(path, {"category": "none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "category_unknown")
    assert everything() == before
    done = people["acceptor"].post(path, {"category": "0101"})
    assert (done.status_code, done.json()["missing"]) == (200, [])
    assert people["acceptor"].get(f"/cases/{done.json()['case']}").json()["state"] == "reported"
    again = people["acceptor"].post(path, {"category": "0101"})
    assert (again.status_code, again.json()["code"]) == (422, "report_opened")
    assert list(verify()) == []
