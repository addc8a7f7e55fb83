"""One case whole, the reasons why a step is not this person's, and one step of many cases."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, holder_of
from journeys.test_two_clients import HOLE, brought_to, everything, step

from cases.clocks import NO_LIMITS, local
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import Actor, HeldPost
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases.forbids import Standing
from cityloop.loop.cases.lifecycle import BY_ITSELF, ON_A_DUTY, STATES, STEPS
from cityloop.loop.cases.step import may_take, steps_of
from cityloop.loop.cases.verify import verify

AT = local("03-02 08:00")


def choice(whole: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (step for step in whole["steps"] if step["name"] == name)
    assert isinstance(found, dict)
    return found


def test_the_page_says_who_answers_by_which_row_and_until_when(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    whole = people["dispatcher"].get(f"/cases/{case}").json()
    assert whole["ledger"] == {
        "code": "L1",
        "tier": "line",
        "tier_title": "line department",
        "basis": "Road act",
        "duty": "handle",
        "parties": [
            {
                "role": "handler",
                "role_title": "handling unit",
                "organisation": "roads",
                "organisation_name": "Roads department",
            }
        ],
    }
    rule = whole["rule"]
    assert (rule["category"], rule["edition"], rule["value"], rule["unit"], rule["calendar"]) == (
        "0101", "2020", 2, "wd", "default"
    )  # fmt: skip
    assert (rule["filing_condition"], len(rule["limits"])) == ("Deeper than 3 cm", 1)
    assert (whole["channel_name"], whole["route"], whole["light"]) == ("App", "full", "green")
    assert whole["yellow_at"] <= whole["due_at"]
    assert [entry["title"] for entry in whole["entries"]] == ["Report", "Register", "File", "Dispatch", "Sign for"]
    assert whole["entries"][-1]["actor_name"] == "holder of handler-roads"
    assert whole["entries"][-1]["post_name"] == "Handler of roads"
    assert [(span["stage"], span["stage_title"]) for span in whole["spans"]][-1] == ("handle", "handling")
    assert whole["assignments"][1]["organisation_name"] == "Roads department"


def test_an_entry_tells_the_facts_that_its_note_does_not(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    assert step(people["handler-roads"], case, "request_return", reason="not_ours", note="See L2").status_code == 200
    last = people["dispatcher"].get(f"/cases/{case}").json()["entries"][-1]
    told = {"fact": "reason", "title": "a reason", "value": "not_ours", "value_title": "not ours"}
    assert (last["note"], last["told"]) == ("See L2", [told])


def test_collectors_are_not_named_to_those_whom_they_check(desk_city: Pack) -> None:
    case, people = brought_to("checked")
    seen = people["handler-roads"].get(f"/cases/{case}").json()["entries"][-1]
    assert (seen["actor"], seen["actor_name"], seen["post"], seen["post_name"]) == ("", "Collector", "", "Collector")
    known = people["shift_leader"].get(f"/cases/{case}").json()["entries"][-1]
    assert (known["actor_name"], known["post"]) == ("holder of collector", "collector")


def test_the_page_is_in_the_language_asked_for(desk_city: Pack) -> None:
    case, people = brought_to("dispatched")
    chinese = Person(people["dispatcher"].headers | {"Accept-Language": "zh"})
    whole = chinese.get(f"/cases/{case}").json()
    assert (whole["category_name"], whole["channel_name"], whole["places"][-1]["name"]) == (
        "路面坑洞", "手机应用", "西区"
    )  # fmt: skip
    assert whole["assignments"][1]["organisation_name"] == "道路处"
    assert whole["ledger"]["tier_title"].startswith("行业主管")
    assert (whole["state_title"], choice(whole, "sign_for")["title"]) == ("已派遣", "签收")


def test_the_page_takes_a_constant_number_of_statements(desk_city: Pack) -> None:
    case, people = brought_to("closed")
    young = people["machine"].post("/reports", HOLE).json()["case"]
    person = people["evaluator"]
    counted = []
    for number in (young, case, young):
        with CaptureQueriesContext(connection) as asked:
            person.get(f"/cases/{number}")
        counted.append(len(asked))
    assert counted[1] == counted[2] <= 9


def test_every_step_of_the_state_is_shown_and_a_forbidden_one_says_why(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    shown = people["handler-roads"].get(f"/cases/{case}").json()
    assert [step["name"] for step in shown["steps"]] == [
        *("merge", "request_return", "handle", "void", "roll_back_dispatch"),
        *("delegate", "call_in", "make_safe", "whistle", "consult", "settle"),
        *("ask_extension", "ask_deferral", "ask_shelving"),
        *("split", "link", "remind", "propose_supervision"),
    ]
    assert choice(shown, "handle") == {
        "name": "handle",
        "duty": 0,
        "title": "Handle",
        "allowed": True,
        "why": None,
        "needs": [
            {"fact": "result", "required": True, "title": "the result", "kind": "text", "choices": []},
            {
                "fact": "means",
                "required": False,
                "title": "the means",
                "kind": "choice",
                "choices": [
                    {"value": "service", "title": "service", "proof": None},
                    {"value": "management", "title": "management", "proof": None},
                    {"value": "enforcement", "title": "enforcement", "proof": None},
                ],
            },
        ],
    }
    reason, *proofs = choice(shown, "request_return")["needs"]
    assert (reason["fact"], reason["kind"], reason["choices"][0]) == (
        "reason", "choice", {"value": "not_ours", "title": "not ours", "proof": "disputed"}
    )  # fmt: skip
    assert [(proof["fact"], proof["required"]) for proof in proofs] == [
        ("disputed", False), ("other", False), ("basis", False)
    ]  # fmt: skip
    void = choice(shown, "void")
    assert (void["allowed"], void["why"]) == (False, "Void is for these roles: Shift leader.")
    refused = step(people["handler-roads"], case, "void", reason="no")
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (403, "step_denied", void["why"])
    assert refused.json()["roles"] == ["shift_leader"]


def given(need: dict[str, Any], case: str) -> Any:
    """Something that fits what a step asks for."""
    fits: dict[str, Any] = {
        "case": case,
        "organisation": "parks",
        "organisations": ["parks"],
        "limit": {"value": 1, "unit": "wd"},
        "instant": (clock.now() + timedelta(days=3)).isoformat(),
        "day": f"{clock.now() + timedelta(days=30):%Y-%m-%d}",
    }
    return need["choices"][0]["value"] if need["choices"] else fits.get(need["kind"], "x")


def test_what_is_shown_is_what_taking_it_says(desk_city: Pack) -> None:
    """A greyed step meets, when taken all the same, the very refusal that it showed; nothing changes."""
    case, people = brought_to("dispatched")
    assert step(people["handler-roads"], case, "request_return", reason="not_ours").status_code == 200
    assert step(people["dispatcher"], case, "deny_return", reason="it is").status_code == 200
    before = everything()
    for person in (people["handler-roads"], people["evaluator"], people["shift_leader"]):
        for shown in person.get(f"/cases/{case}").json()["steps"]:
            if not shown["allowed"]:
                facts = {need["fact"]: given(need, case) for need in shown["needs"] if need["required"]}
                answer = step(person, case, shown["name"], **facts)
                assert answer.status_code in (403, 422)
                assert answer.json()["detail"] == shown["why"]
    ruled = choice(people["handler-roads"].get(f"/cases/{case}").json(), "request_return")
    assert ruled["why"] == "This dispatch was ruled: it cannot be returned again."
    assert everything() == before


def test_which_steps_a_post_may_take_follows_from_permission_area_and_unit() -> None:
    handler, leader = ROLES["handler"], ROLES["shift_leader"]
    unit = Actor("user:1", "u", (HeldPost("u", "command", handler.permissions, 7, None, handles=True),))
    local = Actor("user:2", "l", (HeldPost("l", "supervision", leader.permissions, 1, 30),))
    here = Standing("dispatched", (10, 30), (1, 7), rule=9)
    asks = ["ask_extension", "ask_deferral", "ask_shelving"]
    assert may_take(here, unit, AT, NO_LIMITS) == ["sign_for", "request_return", *asks]
    assert may_take(here._replace(ruled=True), unit, AT, NO_LIMITS) == ["sign_for", *asks]
    assert may_take(here._replace(hold="asked"), unit, AT, NO_LIMITS) == ["sign_for", "request_return"]
    assert may_take(here._replace(hold="running"), unit, AT, NO_LIMITS) == ["sign_for", "request_return", "end_hold"]
    elsewhere = steps_of(here._replace(organisations=(1, 8)), unit, AT, NO_LIMITS)
    assert {found.name: str(found.why) for found in elsewhere}["sign_for"] == (
        "Sign for: your posts do not reach the area or the unit of this case."
    )
    assert may_take(here, local, AT, NO_LIMITS) == ["merge", "void", "split", "link"]
    assert may_take(here._replace(areas=(10, 31)), local, AT, NO_LIMITS) == []
    without_rule = steps_of(Standing("registered", (30,), (1,)), local, AT, NO_LIMITS)
    allowed = {found.name: found.allowed for found in without_rule}
    assert [allowed.pop(name) for name in ("file", "make_safe")] == [False, False]
    assert set(allowed) == {"refuse", "withdraw", "merge", "roll_back", "void", "split", "link"}
    assert all(allowed.values())


def test_every_state_shows_just_the_steps_of_the_table() -> None:
    nobody = Actor("user:1", "n")
    decisions = {"asked": ["grant_hold", "deny_hold"], "running": ["end_hold"], "": []}
    of_parts_and_holds = {
        "finish_part",
        "feed_back",
        "unlink",
        "set_up",
        *ON_A_DUTY,
        *BY_ITSELF,
        *(name for names in decisions.values() for name in names),
    }
    for state, (hold, also) in itertools.product(STATES, decisions.items()):
        shown = [found.name for found in steps_of(Standing(state, (), (1,), rule=1, hold=hold), nobody, AT, NO_LIMITS)]
        table = [name for name, row in STEPS.items() if state in row.sources]
        assert shown == [name for name in table if name not in of_parts_and_holds or name in also]
        assert may_take(Standing(state, (), (1,), rule=1), nobody, AT, NO_LIMITS) == []


def test_one_step_of_many_cases_answers_for_each(desk_city: Pack) -> None:
    ready, people = brought_to("filed")
    numbers = [ready]
    for _ in range(3):
        number = people["machine"].post("/reports", HOLE).json()["case"]
        for name, post in (("register", "acceptor"), ("file", "shift_leader")):
            assert step(people[post], number, name).status_code == 200
        numbers.append(number)
    raw = people["machine"].post("/reports", HOLE).json()["case"]
    body = {"numbers": [*numbers, raw, "none", ready], "step": "dispatch", "organisation": "roads"}
    answer = people["dispatcher"].post("/cases/steps", body)
    assert answer.status_code == 200, answer.content
    found = {line["number"]: line for line in answer.json()["answers"]}
    assert list(found) == [*numbers, raw, "none"]
    assert all((found[number]["ok"], found[number]["state"]) == (True, "dispatched") for number in numbers)
    assert (found[raw]["ok"], found[raw]["state"], found[raw]["seq"]) == (False, "reported", 1)
    assert found[raw]["problem"]["code"] == "state_wrong"
    assert found["none"]["problem"] == {"code": "case_unknown", "detail": "There is no case none."}
    assert list(verify()) == []


def test_who_may_not_take_a_step_changes_none_of_many(desk_city: Pack) -> None:
    case, people = brought_to("filed")
    before = everything()
    for post, code in (("acceptor", "step_denied"), ("handler-roads", "case_unknown"), ("machine", "case_unknown")):
        body = {"numbers": [case], "step": "dispatch", "organisation": "roads"}
        (line,) = people[post].post("/cases/steps", body).json()["answers"]
        assert (line["ok"], line["problem"]["code"]) == (False, code)
        assert (line["state"] is None) == (code == "case_unknown")
    wrong = {"numbers": [case], "step": "dispatch", "organisation": "sewers"}
    assert people["dispatcher"].post("/cases/steps", wrong).status_code == 404
    assert people["dispatcher"].post("/cases/steps", {"numbers": [], "step": "dispatch"}).status_code == 422
    assert people["dispatcher"].post("/cases/steps", {"numbers": ["1"] * 201, "step": "void"}).status_code == 422
    assert everything() == before


def test_more_time_can_be_asked_for_many_at_once_and_those_that_wait_are_found(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    asked = {"numbers": [case], "step": "ask_extension", "reason": "rain", "extension": {"value": 1, "unit": "wd"}}
    (line,) = people["handler-roads"].post("/cases/steps", asked).json()["answers"]
    assert line["ok"], line
    (waiting,) = people["dispatcher"].get("/cases?waiting=true").json()["cases"]
    assert (waiting["number"], waiting["hold"], waiting["hold_kind"]) == (case, "asked", "extension")
    assert step(people["dispatcher"], case, "deny_hold", reason="no").status_code == 200
    assert people["dispatcher"].get("/cases?waiting=true").json()["cases"] == []


def test_a_case_says_how_much_is_left_of_where_it_stands(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    shown = people["dispatcher"].get(f"/cases/{case}").json()
    assert shown["stage_countdown"]["changes_at"] == shown["countdown"]["changes_at"] is not None
    assert abs(shown["stage_countdown"]["remaining_s"] - shown["countdown"]["remaining_s"]) < 2
    assert shown["stage_countdown"]["remaining_s"] > 0


def test_many_steps_cost_the_same_for_each_case(desk_city: Pack) -> None:
    people = {post: holder_of(post) for post in ("machine", "acceptor")}
    numbers = [people["machine"].post("/reports", HOLE).json()["case"] for _ in range(7)]
    counted = []
    for some in (numbers[:1], numbers[1:3], numbers[3:]):
        with CaptureQueriesContext(connection) as asked:
            answers = people["acceptor"].post("/cases/steps", {"numbers": some, "step": "register"}).json()["answers"]
        assert all(line["ok"] for line in answers)
        counted.append(len(asked))
    assert counted[1] - counted[0] == (counted[2] - counted[1]) / 2


CONTACT = {"name": "Ada Ley", "phone": "5551234"}


@pytest.mark.parametrize(("post", "phone"), [("acceptor", "5551234"), ("collector", "5******"), ("machine", None)])
def test_reports_of_a_case_hide_who_sent_them_from_those_who_need_not_know(
    desk_city: Pack, post: str, phone: str | None
) -> None:
    sender = holder_of("machine")
    case = sender.post("/reports", HOLE | {"reporter": CONTACT}).json()["case"]
    reader = sender if post == "machine" else holder_of(post)
    answer = reader.get(f"/cases/{case}/reports")
    if phone is None:
        assert answer.status_code == 404
        return
    (report,) = answer.json()
    assert (report["reporter"]["phone"], report["reporter"]["email"]) == (phone, "")
    assert (report["channel_name"], report["words"], report["answered_at"]) == ("App", "Deep hole", None)


def test_reports_that_wait_come_page_by_page(desk_city: Pack) -> None:
    sender, acceptor = holder_of("machine"), holder_of("acceptor")
    sent = [sender.post("/reports", HOLE | {"category": ""}).json()["number"] for _ in range(5)]
    found: list[str] = []
    before = ""
    while before is not None:
        page = acceptor.get(f"/reports/waiting?limit=2&before={before.replace('+', '%2B')}").json()
        found += [report["number"] for report in page["reports"]]
        before = page["next"]
    assert found == sent
    assert page["reports"][0]["lon"] == HOLE["lon"]
    assert page["reports"][0]["photos"] == []
    assert acceptor.get("/reports/waiting?before=never").status_code == 422
