"""Orders over HTTP: from draft to acceptance, their numbers and limits, every refusal, who sees which."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, holder_of, nobody
from journeys.test_two_clients import LINE, opened, step

from cityloop.config.pack import reading
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.places.actions import renew
from cityloop.loop.cases.verify import verify
from cityloop.loop.orders.models import LogLine, Order

SUPERVISION = {"kind": "supervision", "target": "roads", "title": "Holes at last", "text": "Fill them."}
INSTRUCTION = {"kind": "instruction", "target": "parks", "title": "Look at the trees", "text": "All of them."}
_keys = count()


class People(dict[str, Person]):
    """Whoever holds a post, by the post."""

    def __missing__(self, post: str) -> Person:
        return self.setdefault(post, holder_of(post))


@pytest.fixture
def people(order_city: Pack) -> People:
    return People()


def brought(people: People, state: str = "handling", number: int = 1) -> list[str]:
    """So many cases with the roads department, in this state."""
    cases = [opened(people["machine"]) for _ in range(number)]
    for case in cases:
        for name, _, post, facts, after in LINE:
            assert step(people[post], case, name, **facts).status_code == 200
            if after == state:
                break
    return cases


def drafted(person: Person, told: dict[str, Any], **changes: Any) -> Any:
    return person.post("/orders", {"key": f"form-{next(_keys)}", **told, **changes})


def made(person: Person, told: dict[str, Any], **changes: Any) -> Any:
    answer = drafted(person, told, **changes)
    assert answer.status_code == 201, answer.content
    return answer.json()


def take(person: Person, order: Any, name: str, **told: Any) -> Any:
    return person.post(f"/orders/{order['reference']}/steps", {"step": name, **told})


def taken(person: Person, order: Any, name: str, **told: Any) -> Any:
    answer = take(person, order, name, **told)
    assert answer.status_code == 200, answer.content
    return answer.json()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def listed(person: Person, **wanted: Any) -> list[str]:
    answer = person.get(f"/orders?{urlencode(wanted)}")
    assert answer.status_code == 200, answer.content
    return [order["title"] for order in answer.json()["orders"]]


def allowed(order: Any) -> list[str]:
    return [one["name"] for one in order["steps"] if one["allowed"]]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_order_goes_from_its_draft_to_an_accepted_reply(people: People) -> None:
    cases = brought(people, number=2)
    officer, unit = people["supervision_officer"], people["handler-roads"]
    order = made(officer, SUPERVISION, cases=cases, signatories=["leader", "deputy"])
    assert (order["number"], order["state"], order["light"]) == (None, "draft", "none")
    assert listed(unit) == []  # a draft is nobody's but its makers'
    assert code(take(people["deputy"], order, "sign")) == (403, "order_sign_turn")
    assert (listed(people["leader"], mine="true"), listed(people["deputy"], mine="true")) == (["Holes at last"], [])
    assert taken(people["leader"], order, "sign")["state"] == "draft"
    assert [len(people["evaluator"].get(f"/cases/{case}").json()["entries"]) for case in cases] == [5, 5]
    order = taken(people["deputy"], order, "sign")
    assert (order["number"], order["state"], order["reference"]) == ("DB20250001", "issued", "DB20250001")
    assert [(one["post"], one["name"]) for one in order["signatures"]] == [
        ("leader", "holder of leader"), ("deputy", "holder of deputy"),
    ]  # fmt: skip
    for case in cases:
        entry = people["evaluator"].get(f"/cases/{case}").json()["entries"][-1]
        assert (entry["step"], entry["note"], entry["post"], entry["to_state"]) == (
            "order", "Holes at last", "deputy", "handling"
        )  # fmt: skip
        assert entry["told"] == [
            {"fact": "order", "title": "the order", "value": "DB20250001", "value_title": "DB20250001"}
        ]
    assert listed(unit, mine="true") == ["Holes at last"]
    assert allowed(unit.get(f"/orders/{order['number']}").json()) == ["sign_for"]
    assert taken(unit, order, "sign_for")["signed_for_by"] == "holder of handler-roads"
    assert code(take(unit, order, "reply", reply=" ")) == (422, "fact_missing")
    assert taken(unit, order, "reply", reply="Done on Tuesday")["reply"] == "Done on Tuesday"
    assert listed(officer, mine="true") == ["Holes at last"]
    assert code(take(officer, order, "send_back")) == (422, "fact_missing")
    again = taken(officer, order, "send_back", note="Show it")
    assert (again["state"], again["reply"], again["replied_at"]) == ("signed_for", "", None)
    assert again["reply_due_at"] == order["reply_due_at"]
    taken(unit, order, "reply", reply="Done, and shown")
    closed = taken(officer, order, "accept")
    assert (closed["state"], closed["closed_by"], allowed(closed)) == (
        "accepted", "holder of supervision_officer", []
    )  # fmt: skip
    assert [(line["step"], line["post"], line["note"]) for line in closed["log"]] == [
        ("draft", "supervision_officer", ""), ("sign", "leader", ""), ("sign", "deputy", ""), ("issue", "deputy", ""),
        ("sign_for", "handler-roads", ""), ("reply", "handler-roads", "Done on Tuesday"),
        ("send_back", "supervision_officer", "Show it"), ("reply", "handler-roads", "Done, and shown"),
        ("accept", "supervision_officer", ""),
    ]  # fmt: skip
    assert list(verify()) == []


def test_numbers_have_no_gaps_and_belong_to_kind_and_year(people: People) -> None:
    (case,) = brought(people)
    dispatcher, officer = people["dispatcher"], people["supervision_officer"]
    numbers = []
    for kind, cases in (("reminder", [case]), ("reminder", ["nowhere"]), ("reminder", [case])):
        answer = drafted(dispatcher, SUPERVISION, kind=kind, cases=cases)
        numbers.append(answer.json()["number"] if answer.status_code == 201 else None)
    numbers += [
        made(officer, SUPERVISION, cases=[case])["number"],
        made(people["leader"], INSTRUCTION)["number"],
        made(people["leader"], INSTRUCTION, kind="matter")["number"],
    ]
    assert numbers == ["CB20250001", None, "CB20250002", "DB20250001", "I20250001", "M20250001"]
    clock.set_shift(clock.shift() + timedelta(days=250))
    assert made(officer, SUPERVISION, cases=[case])["number"] == "DB20260001"


def test_limits_count_on_the_calendar_and_by_level(people: People) -> None:
    (case,) = brought(people)
    officer = people["supervision_officer"]
    order = made(officer, SUPERVISION, cases=[case])  # on Monday, 2 June, at 10:00; work is 8-12 and 14-18
    issued = instant(order["issued_at"])
    assert instant(order["sign_due_at"]) == issued + timedelta(hours=6)
    assert order["reply_due_at"] == "2025-06-05T16:00:00+00:00"
    assert (order["due_at"], order["light"]) == (order["sign_due_at"], "green")
    assert 4 * 3600 - 60 < order["countdown"]["remaining_s"] <= 4 * 3600
    pressing = made(officer, SUPERVISION, cases=[case], level="pressing")
    assert instant(pressing["sign_due_at"]) == instant(pressing["issued_at"]) + timedelta(hours=1)
    assert pressing["reply_due_at"] == order["reply_due_at"]
    reminder = made(people["dispatcher"], SUPERVISION, kind="reminder", cases=[case])
    assert (instant(reminder["sign_due_at"]) - instant(reminder["issued_at"]), reminder["reply_due_at"]) == (
        timedelta(hours=4), None
    )  # fmt: skip
    free = made(people["leader"], INSTRUCTION)
    assert (free["sign_due_at"], free["light"], free["countdown"]) == (None, "none", None)
    assert listed(officer, overdue="true") == []
    clock.set_shift(clock.shift() + timedelta(hours=6, minutes=-30))
    assert officer.get(f"/orders/{order['number']}").json()["light"] == "yellow"
    clock.set_shift(clock.shift() + timedelta(hours=1))
    assert officer.get(f"/orders/{order['number']}").json()["light"] == "red"
    assert len(listed(officer, overdue="true")) == 3
    told = officer.get("/orders/counts?state=issued").json()
    assert (told["by_light"], told["total"]) == ({"none": 1, "green": 0, "yellow": 0, "red": 3}, 4)
    unit = people["handler-roads"]
    taken(unit, order, "sign_for")
    assert taken(unit, order, "reply", reply="Done")["light"] == "green"
    clock.set_shift(clock.shift() + timedelta(days=9))
    assert officer.get(f"/orders/{order['number']}").json()["light"] == "green"  # it was answered in time
    taken(officer, order, "send_back", note="no")
    assert officer.get(f"/orders/{order['number']}").json()["light"] == "red"  # and wins no time


Ask = Callable[[People, str], Any]
REFUSED: list[tuple[str, Ask, tuple[int, str]]] = [
    ("no case", lambda p, case: drafted(p["supervision_officer"], SUPERVISION), (422, "order_cases_missing")),
    (
        "a case that is not there",
        lambda p, case: drafted(p["supervision_officer"], SUPERVISION, cases=[case, "nope"]),
        (404, "case_unknown"),
    ),
    (
        "another's case",
        lambda p, case: drafted(p["supervision_officer"], SUPERVISION, cases=[case], target="parks"),
        (409, "order_case_elsewhere"),
    ),
    (
        "no such target",
        lambda p, case: drafted(p["supervision_officer"], SUPERVISION, cases=[case], target="sea"),
        (404, "organisation_unknown"),
    ),
    (
        "not a signatory",
        lambda p, case: drafted(p["supervision_officer"], SUPERVISION, cases=[case], signatories=["dispatcher"]),
        (422, "order_signatory_unfit"),
    ),
    (
        "a dispatcher supervises",
        lambda p, case: drafted(p["dispatcher"], SUPERVISION, cases=[case]),
        (403, "step_denied"),
    ),
    ("an officer instructs", lambda p, case: drafted(p["supervision_officer"], INSTRUCTION), (403, "step_denied")),
    ("a leader reminds", lambda p, case: drafted(p["leader"], SUPERVISION, cases=[case]), (403, "step_denied")),
    ("a handler", lambda p, case: drafted(p["handler-roads"], SUPERVISION, cases=[case]), (403, "step_denied")),
    ("nobody", lambda p, case: drafted(nobody(), SUPERVISION, cases=[case]), (404, "case_unknown")),
    (
        "an officer of elsewhere",
        lambda p, case: drafted(p["officer-east"], SUPERVISION, cases=[case]),
        (404, "case_unknown"),
    ),
    (
        "upward",
        lambda p, case: drafted(p["officer-roads"], SUPERVISION, cases=[case], target="centre"),
        (403, "order_elsewhere"),
    ),
    ("nobody reads", lambda p, case: nobody().get("/orders"), (403, "permission_missing")),
    ("an acceptor reads", lambda p, case: p["acceptor"].get("/orders/counts"), (403, "permission_missing")),
    ("a wrong state", lambda p, case: p["evaluator"].get("/orders?state=lost"), (422, "fact_wrong")),
    ("a wrong target", lambda p, case: p["evaluator"].get("/orders?target=sea"), (404, "organisation_unknown")),
    ("no number", lambda p, case: p["evaluator"].get("/orders/%00"), (422, "input_wrong")),
    ("no order", lambda p, case: p["evaluator"].get("/orders/DB20250001"), (404, "order_unknown")),
]


@pytest.mark.parametrize(("ask", "refusal"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_leaves_nothing(people: People, ask: Ask, refusal: tuple[int, str]) -> None:
    (case,) = brought(people)
    assert code(ask(people, case)) == refusal
    assert (Order.objects.count(), LogLine.objects.count()) == (0, 0)
    assert len(people["evaluator"].get(f"/cases/{case}").json()["entries"]) == 5
    assert made(people["supervision_officer"], SUPERVISION, cases=[case])["number"] == "DB20250001"


@pytest.mark.parametrize("state", ["registered", "filed", "closed"])
def test_an_order_covers_cases_that_are_filed_and_open(people: People, state: str) -> None:
    (case,) = brought(people, state)
    code_ = "order_case_elsewhere" if state == "filed" else "order_case_state"
    assert code(drafted(people["supervision_officer"], SUPERVISION, cases=[case])) == (409, code_)
    answer = drafted(people["leader"], INSTRUCTION, cases=[case])
    assert answer.status_code == (201 if state == "filed" else 409)


def test_an_instruction_may_be_about_anybodys_case_or_none(people: People) -> None:
    (case,) = brought(people)
    leader = people["leader"]
    assert made(leader, INSTRUCTION, cases=[case])["covered"][0]["number"] == case
    assert made(leader, INSTRUCTION, kind="matter")["covered"] == []


@pytest.mark.parametrize(
    ("names", "post", "told"),
    [
        ((), "handler-parks", {"step": "sign_for"}),
        ((), "supervision_officer", {"step": "sign_for"}),
        ((), "supervision_officer", {"step": "accept"}),
        ((), "handler-roads", {"step": "reply", "reply": "Done"}),
        ((), "handler-roads", {"step": "withdraw", "note": "no"}),
        ((), "leader", {"step": "sign"}),
        ((), "officer-east", {"step": "withdraw", "note": "no"}),
        ((), "officer-roads", {"step": "withdraw", "note": "no"}),
        ((), "supervision_officer", {"step": "withdraw"}),
        ((), "supervision_officer", {"step": "issue"}),
        ((), "supervision_officer", {"step": "burn"}),
        (("sign_for",), "handler-roads", {"step": "sign_for"}),
        (("sign_for", "reply"), "handler-roads", {"step": "reply", "reply": "Again"}),
        (("sign_for", "reply"), "supervision_officer", {"step": "withdraw", "note": "no"}),
        (("sign_for", "reply"), "dispatcher", {"step": "accept"}),
        (("sign_for", "reply", "accept"), "supervision_officer", {"step": "accept"}),
        (("sign_for", "reply", "accept"), "supervision_officer", {"step": "send_back", "note": "no"}),
        (("withdraw",), "supervision_officer", {"step": "withdraw", "note": "no"}),
        (("withdraw",), "handler-roads", {"step": "sign_for"}),
    ],
)
def test_a_step_at_the_wrong_time_or_by_the_wrong_person_changes_nothing(
    people: People, names: tuple[str, ...], post: str, told: dict[str, str]
) -> None:
    (case,) = brought(people)
    order = made(people["supervision_officer"], SUPERVISION, cases=[case])
    for name in names:
        right = "handler-roads" if name in ("sign_for", "reply") else "supervision_officer"
        taken(people[right], order, name, **{"reply": {"reply": "Done"}, "withdraw": {"note": "no"}}.get(name, {}))
    before = people["evaluator"].get(f"/orders/{order['number']}").json() | {"at": "", "countdown": None}
    answer = people[post].post(f"/orders/{order['number']}/steps", told)
    assert answer.status_code in (403, 404, 409, 422), answer.content
    if answer.status_code == 403:
        assert code(answer)[1] in ("step_denied", "order_elsewhere")
    assert people["evaluator"].get(f"/orders/{order['number']}").json() | {"at": "", "countdown": None} == before


def test_a_form_sent_twice_is_one_order(people: People) -> None:
    (case,) = brought(people)
    officer = people["supervision_officer"]
    one, other = (made(officer, SUPERVISION, cases=[case], key="my form") for _ in range(2))
    assert one["number"] == other["number"] == "DB20250001"
    assert len(people["evaluator"].get(f"/cases/{case}").json()["entries"]) == 6
    another = People()["officer-west"]
    assert made(another, SUPERVISION, cases=[case], key="my form")["number"] == "DB20250002"


def test_the_last_signature_issues_only_what_still_fits(people: People) -> None:
    staying, leaving = brought(people, "checked", 2)
    officer, leader = people["supervision_officer"], people["leader"]
    order = made(officer, SUPERVISION, cases=[staying, leaving], signatories=["leader"])
    assert step(people["shift_leader"], leaving, "close", closing_kind="solved").status_code == 200
    assert code(take(leader, order, "sign")) == (409, "order_case_state")
    now = officer.get(f"/orders/{order['reference']}").json()
    assert (now["state"], now["signatures"][0]["signed_at"], len(now["log"])) == ("draft", None, 1)
    assert people["evaluator"].get(f"/cases/{staying}").json()["entries"][-1]["step"] == "check"
    withdrawn = taken(officer, order, "withdraw", note="one is closed")
    assert (withdrawn["state"], withdrawn["number"]) == ("withdrawn", None)
    assert code(take(leader, order, "sign")) == (409, "order_state")
    assert made(officer, SUPERVISION, cases=[staying])["number"] == "DB20250001"


def test_who_sees_which_orders(people: People) -> None:
    (case,) = brought(people)  # in West
    made(people["supervision_officer"], SUPERVISION, cases=[case])
    made(people["leader"], INSTRUCTION)
    made(people["officer-roads"], SUPERVISION, cases=[case], title="Among ourselves")
    for post, expected in {
        "supervision_officer": {"Holes at last", "Look at the trees", "Among ourselves"},
        "evaluator": {"Holes at last", "Look at the trees", "Among ourselves"},
        "officer-west": {"Holes at last", "Among ourselves"},
        "officer-east": set[str](),
        "officer-roads": {"Among ourselves"},
        "handler-roads": {"Holes at last", "Among ourselves"},
        "handler-parks": {"Look at the trees"},
    }.items():
        assert set(listed(people[post])) == expected, post
    assert people["handler-parks"].get("/orders/DB20250001").status_code == 404
    seen = people["handler-roads"].get(f"/cases/{case}/orders").json()["orders"]
    assert [order["title"] for order in seen] == ["Among ourselves", "Holes at last"]
    assert people["acceptor"].get(f"/cases/{case}/orders").json()["orders"] == []
    assert people["handler-parks"].get(f"/cases/{case}/orders").status_code == 404


def test_an_order_shows_only_cases_that_the_asker_may_see(people: People) -> None:
    (case,) = brought(people)
    order = made(people["leader"], INSTRUCTION, cases=[case])
    told = people["handler-parks"].get(f"/orders/{order['number']}").json()
    assert (told["cases"], told["covered"]) == (1, [])


def test_filters_and_pages(people: People) -> None:
    cases = brought(people, number=2)
    officer = people["supervision_officer"]
    for number in range(5):
        made(officer, SUPERVISION, cases=cases, title=f"S{number}", level="urgent" if number % 2 else "ordinary")
    made(people["leader"], INSTRUCTION)
    found, before = [], 0
    while before is not None:
        page = officer.get(f"/orders?limit=2&before={before}").json()
        found += [order["title"] for order in page["orders"]]
        before = page["next"]
    assert found == ["Look at the trees", "S4", "S3", "S2", "S1", "S0"]
    assert listed(officer, kind="instruction") == ["Look at the trees"]
    assert listed(officer, level="urgent") == ["S3", "S1"]
    assert listed(officer, target="parks") == ["Look at the trees"]
    assert len(listed(officer, target="centre")) == 6
    assert listed(officer, state="draft,withdrawn") == []
    told = officer.get("/orders/counts?kind=supervision").json()
    assert (told["by_state"]["issued"], told["total"], told["by_light"]["green"]) == (5, 5, 5)
    assert officer.get("/orders").json()["orders"][1]["cases"] == 2


@pytest.mark.parametrize("path", ["/orders", "/orders?mine=true&overdue=true", "/orders/counts", "/orders/choices",
                                  "/orders/DB20250001", "/cases/{case}/orders"])  # fmt: skip
def test_statements_do_not_grow(people: People, path: str) -> None:
    cases = brought(people, number=2)
    officer = people["supervision_officer"]
    path = path.format(case=cases[0])
    made(officer, SUPERVISION, cases=cases[:1], signatories=["leader"])
    order = officer.get("/orders").json()["orders"][0]
    taken(people["leader"], order, "sign")
    for post in ("handler-roads", "supervision_officer"):
        people[post].get(path)
        with CaptureQueriesContext(connection) as few:
            people[post].get(path)
        for number in range(3):
            made(officer, SUPERVISION, cases=cases, title=f"S{number}")
        if path.endswith("0001"):
            taken(people["handler-roads"], order, "sign_for") if post == "handler-roads" else None
        with CaptureQueriesContext(connection) as many:
            assert people[post].get(path).status_code == 200
        assert len(many) == len(few) <= 16


def test_what_can_be_chosen(people: People) -> None:
    told = people["supervision_officer"].get("/orders/choices").json()
    assert [kind["value"] for kind in told["kinds"]] == ["reminder", "supervision"]
    assert [level["title"] for level in told["levels"]] == ["ordinary", "urgent", "very urgent"]
    assert told["signatories"][0] == {"code": "deputy", "name": "Deputy leader", "organisation": "City centre"}
    chinese = Person(people["leader"].headers | {"Accept-Language": "zh"}).get("/orders/choices").json()
    assert [kind["title"] for kind in chinese["kinds"]] == ["领导批示", "会议议题"]
    assert people["evaluator"].get("/orders/choices").json()["kinds"] == []


def test_the_log_cannot_be_rewritten(people: People) -> None:
    made(people["leader"], INSTRUCTION)
    with pytest.raises(Exception, match="append"), transaction.atomic():
        LogLine.objects.update(note="other")
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.update(number=None)


def test_an_ended_target_takes_no_orders(people: People) -> None:
    Organisation.objects.filter(code="parks").update(valid_to="2025-01-01")
    renew(actor=SYSTEM)
    assert code(drafted(people["leader"], INSTRUCTION)) == (404, "organisation_unknown")


def test_nobody_takes_the_step_of_the_case_by_hand(people: People) -> None:
    (case,) = brought(people)
    officer = people["supervision_officer"]
    assert "order" not in [one["name"] for one in officer.get(f"/cases/{case}").json()["steps"]]
    assert code(step(officer, case, "order")) == (422, "fact_missing")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("prefix: DB", "prefix: CB", "CB"),
        ("prefix: DB", "prefix: I", "instruction"),
        ("prefix: DB", "prefix: d2", "prefix"),
        ("reply: {value: 3, unit: wd}", "reply: {value: 3, unit: wd, calendar: moon}", "moon"),
        ("pressing:", "loud:", "loud"),
    ],
)
def test_a_pack_says_what_is_wrong_with_its_orders(order_city: Pack, old: str, new: str, told: str) -> None:
    file = order_city.folder / "pack.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PackErrors, match=told):
        reading.load(order_city.folder)
