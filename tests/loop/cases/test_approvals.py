"""What waits for a decision: in whose inbox, in which order of the chain, within which cap; and the register of it."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person, holder_of, nobody
from journeys.photos import picture, written
from journeys.test_two_clients import HOLE, LINE, everything, step

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure
from cityloop.ground.accounts.models import Post, User

APPROVALS = """
  loop:
    approvals:
      - {kind: extension, roles: [section_chief, command_leader, main_leader], over: {value: 1, unit: wd}}
      - {kind: extension, roles: [section_chief], since: 2, form: true}
    caps: {deferral: 0.5}
"""
IN_TURN = ("section_chief", "command_leader", "main_leader")
TWO_DAYS = {"reason": "rain", "extension": {"value": 2, "unit": "wd"}}


@pytest.fixture
def chained_city(desk_city: Pack, tmp_path: Path) -> Pack:
    """The city of the desks, which has three roles approve what is long, caps deferrals, and has a post in the east."""
    folder = tmp_path / "desk"
    pack, posts = folder / "pack.yaml", folder / "posts.csv"
    text = pack.read_text(encoding="utf-8")
    assert "\nsettings:" in text
    pack.write_text(text.replace("\nsettings:", f"\nsettings:{APPROVALS.rstrip()}"), encoding="utf-8")
    with posts.open("a", encoding="utf-8") as file:
        file.write(
            "dispatcher-east,East,dispatcher,centre,990100002\ndispatcher-west,West,dispatcher,centre,990100001\n"
        )
    found = reading.load(folder)
    apply(found, actor=SYSTEM, at=clock.now())
    return found


@pytest.fixture
def people(chained_city: Pack) -> dict[str, Person]:
    posts = {post for _, _, post, _, _ in LINE} | {"machine", "handler-parks", *IN_TURN}
    return {post: holder_of(post) for post in posts}


def in_work(people: dict[str, Person], **told: Any) -> str:
    """A case that the unit has signed for."""
    case = people["machine"].post("/reports", HOLE | told).json()["case"]
    for name, _, post, facts, after in LINE:
        assert step(people[post], case, name, **facts).status_code == 200
        if after == "handling":
            break
    return str(case)


def asked(people: dict[str, Person], **facts: Any) -> str:
    case = in_work(people)
    answer = step(people["handler-roads"], case, "ask_extension", **(TWO_DAYS | facts))
    assert answer.status_code == 200, answer.content
    return case


def deferred(people: dict[str, Person]) -> str:
    case = in_work(people)
    until = (clock.now() + timedelta(days=9)).isoformat()
    assert step(people["handler-roads"], case, "ask_deferral", reason="frost", until=until).status_code == 200
    return case


def inbox(person: Person, **query: str) -> list[dict[str, Any]]:
    answer = person.get("/approvals?" + "&".join(f"{name}={value}" for name, value in query.items()))
    assert answer.status_code == 200, answer.content
    found = answer.json()["requests"]
    assert isinstance(found, list)
    return found


def due_of(people: dict[str, Person], case: str) -> str:
    return str(people["dispatcher"].get(f"/cases/{case}").json()["assignments"][-1]["due_at"])


def form(person: Person) -> str:
    """A photo of the signed form, sent ahead."""
    file = SimpleUploadedFile("form.jpg", written(picture(50, 50)))
    return str(Client().post("/api/photos", {"file": file}, headers=person.headers).json()["id"])


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_each_of_a_chain_sees_a_request_when_it_is_their_turn(people: dict[str, Person]) -> None:
    case = asked(people)
    before = due_of(people, case)
    for turn, role in enumerate(IN_TURN):
        for other in IN_TURN:
            assert [line["number"] for line in inbox(people[other])] == ([case] if other == role else [])
            assert people[other].get("/approvals/counts").json()["total"] == (other == role)
            if other != role:
                stood = everything()
                refused(step(people[other], case, "grant_hold"), 403, "approval_elsewhere")
                refused(step(people[other], case, "deny_hold", reason="no"), 403, "approval_elsewhere")
                assert everything() == stood
        (line,) = inbox(people[role])
        assert [link["approved"] for link in line["chain"]] == [i < turn for i in range(3)]
        assert [link["by"] for link in line["chain"][:turn]] == [f"holder of {past}" for past in IN_TURN[:turn]]
        assert due_of(people, case) == before
        foreseen = line["then"]["unit_due_at"]
        assert step(people[role], case, "grant_hold", seq=line["seq"]).status_code == 200
    assert due_of(people, case) == foreseen > before
    assert not inbox(people["main_leader"])


def test_a_line_holds_what_somebody_needs_to_decide(people: dict[str, Person]) -> None:
    case = asked(people)
    (line,) = inbox(people["section_chief"])
    assert (line["kind"], line["kind_title"], line["value"], line["unit"]) == ("extension", "extension", 2, "wd")
    assert (line["category_name"], line["organisation"], line["asked_by"], line["asked_post"]) == (
        "Pothole", "roads", "holder of handler-roads", "Handler of roads"
    )  # fmt: skip
    assert (line["reason"], line["before"], line["earlier"], line["share"], line["photos"]) == ("rain", 0, [], None, [])
    assert line["now"]["unit_due_at"] == due_of(people, case)
    assert line["now"]["unit_countdown"]["remaining_s"] < line["then"]["unit_countdown"]["remaining_s"]
    assert step(people["section_chief"], case, "deny_hold", reason="no").status_code == 200
    assert step(people["handler-roads"], case, "ask_extension", **TWO_DAYS).status_code == 200
    (line,) = inbox(people["section_chief"])
    assert (line["before"], line["earlier"][0]["state"], line["earlier"][0]["value"]) == (1, "denied", 2)


def test_a_denial_in_the_middle_of_a_chain_ends_it(people: dict[str, Person]) -> None:
    case = asked(people)
    before = due_of(people, case)
    assert step(people["section_chief"], case, "grant_hold").status_code == 200
    refused(step(people["command_leader"], case, "deny_hold"), 422, "fact_missing")
    assert step(people["command_leader"], case, "deny_hold", reason="too long").status_code == 200
    assert not [line for role in IN_TURN for line in inbox(people[role])]
    refused(step(people["main_leader"], case, "grant_hold"), 409, "hold_none")
    assert due_of(people, case) == before
    (line,) = people["dispatcher"].get("/holds").json()["holds"]
    assert (line["state"], line["decided_by"]) == ("denied", "holder of command_leader")


def test_a_second_extension_needs_the_signed_form(people: dict[str, Person]) -> None:
    case = asked(people, extension={"value": 1, "unit": "wd"})
    (line,) = inbox(people["dispatcher"])  # one day: whoever may decide
    assert line["chain"] == []
    assert step(people["dispatcher"], case, "grant_hold").status_code == 200
    stood = everything()
    refused(step(people["handler-roads"], case, "ask_extension", **TWO_DAYS), 422, "form_missing")
    assert everything() == stood
    photo = form(people["handler-roads"])
    assert step(people["handler-roads"], case, "ask_extension", **TWO_DAYS, photos=[photo]).status_code == 200
    assert not inbox(people["dispatcher"])
    (line,) = inbox(people["section_chief"])
    assert (line["photos"], line["before"], len(line["chain"])) == ([photo], 1, 1)
    assert people["section_chief"].get(f"/cases/{case}/photos/{photo}").status_code == 200


def test_a_cap_is_told_before_it_refuses(people: dict[str, Person]) -> None:
    first, second = deferred(people), deferred(people)
    lines = inbox(people["dispatcher"], kind="deferral")
    assert [line["share"] for line in lines] == [{"granted": 0, "dispatched": 2, "cap": 0.5, "over": False}] * 2
    assert step(people["dispatcher"], first, "grant_hold").status_code == 200
    (line,) = inbox(people["dispatcher"])
    assert line["share"] == {"granted": 1, "dispatched": 2, "cap": 0.5, "over": True}
    stood = everything()
    refused(step(people["dispatcher"], second, "grant_hold"), 422, "hold_cap")
    assert everything() == stood
    (ratio,) = people["dispatcher"].get("/holds/ratios").json()["lines"]
    assert (ratio["kind"], ratio["asked"], ratio["waiting"], ratio["granted"], ratio["dispatched"]) == (
        "deferral", 2, 1, 1, 2
    )  # fmt: skip
    assert (ratio["share"], ratio["cap"]) == (0.5, 0.5)


def test_returns_wait_with_their_reason_and_its_proof(people: dict[str, Person]) -> None:
    case = asked(people)
    proof = {"reason": "not_ours", "disputed": "L1", "note": "It is a private road"}
    assert step(people["handler-roads"], case, "request_return", **proof).status_code == 200
    (line,) = inbox(people["dispatcher"], kind="return")
    assert (line["kind_title"], line["reason"], line["reason_title"], line["note"]) == (
        "return", "not_ours", "not ours", "It is a private road"
    )  # fmt: skip
    assert [(told["fact"], told["value"]) for told in line["told"]] == [("disputed", "L1")]
    assert (line["then"], line["chain"], [one["state"] for one in line["earlier"]]) == (None, [], ["lapsed"])
    assert people["dispatcher"].get("/approvals/counts").json()["by_kind"] == {"return": 1}
    assert not inbox(people["dispatcher"], kind="extension")
    assert not inbox(people["command_leader"])  # decides on no returns
    assert step(people["dispatcher"], case, "deny_return", reason="it is").status_code == 200
    assert not inbox(people["dispatcher"])


def test_an_inbox_ends_where_the_reach_of_the_post_ends(people: dict[str, Person]) -> None:
    case = deferred(people)
    west, east = holder_of("dispatcher-west"), holder_of("dispatcher-east")
    assert [line["number"] for line in inbox(west)] == [case]
    assert inbox(east) == []
    assert (west.get("/approvals/counts").json()["total"], east.get("/approvals/counts").json()["total"]) == (1, 0)
    for other in ("handler-roads", "acceptor"):
        assert inbox(people[other]) == []
    assert inbox(nobody()) == []
    assert nobody().get("/holds").json()["holds"] == []
    assert nobody().get("/holds/ratios").json()["lines"] == []
    for person, found in ((west, [case]), (east, []), (people["handler-roads"], [case]), (people["handler-parks"], [])):
        assert [line["number"] for line in person.get("/holds").json()["holds"]] == found
        assert len(person.get("/holds/ratios").json()["lines"]) == len(found)


def test_two_posts_of_one_person_share_an_inbox(people: dict[str, Person]) -> None:
    case, other = asked(people), deferred(people)
    user = User.objects.get(username="holder of section_chief")
    give_tenure(user, Post.objects.get(code="command_leader"), actor=SYSTEM, at=clock.now() - timedelta(days=1))
    assert {line["number"] for line in inbox(people["section_chief"])} == {case, other}
    assert step(people["section_chief"], case, "grant_hold").status_code == 200
    assert {line["number"] for line in inbox(people["section_chief"])} == {case, other}
    assert people["section_chief"].get("/approvals/counts").json()["by_kind"] == {"extension": 1, "deferral": 1}


def test_the_most_urgent_stand_first_and_pages_follow_each_other(people: dict[str, Person]) -> None:
    cases = [deferred(people)]
    clock.set_shift(clock.shift() + timedelta(days=1))
    cases += [deferred(people), deferred(people)]
    first = people["dispatcher"].get("/approvals?limit=2").json()
    assert [line["number"] for line in first["requests"]] == cases[:2]
    rest = people["dispatcher"].get(f"/approvals?limit=2&before={first['next']}".replace("+", "%2B")).json()
    assert ([line["number"] for line in rest["requests"]], rest["next"]) == (cases[2:], None)
    assert people["dispatcher"].get("/approvals?before=x").status_code == 422
    first = people["dispatcher"].get("/holds?limit=2").json()
    assert [line["number"] for line in first["holds"]] == [cases[2], cases[1]]
    rest = people["dispatcher"].get(f"/holds?limit=2&before={first['next']}".replace("+", "%2B")).json()
    assert ([line["number"] for line in rest["holds"]], rest["next"]) == (cases[:1], None)


def test_many_are_decided_at_once(people: dict[str, Person]) -> None:
    cases = [asked(people), asked(people)]
    answer = people["section_chief"].post("/cases/steps", {"numbers": cases, "step": "grant_hold"}).json()
    assert all(line["ok"] for line in answer["answers"])
    assert inbox(people["section_chief"]) == []
    assert len(inbox(people["command_leader"])) == 2


def test_the_register_is_narrowed_and_saved(people: dict[str, Person]) -> None:
    waiting, gone = deferred(people), asked(people)
    assert step(people["handler-roads"], gone, "request_return", reason="not_found").status_code == 200
    reader, day = people["dispatcher"], clock.now().date()

    def found(query: str) -> set[str]:
        answer = reader.get(f"/holds?{query}")
        assert answer.status_code == 200, answer.content
        return {line["number"] for line in answer.json()["holds"]}

    assert found("state=waiting") == found("kind=deferral") == {waiting}
    assert found("state=lapsed") == found("kind=extension") == {gone}
    assert found("state=granted") == found("state=denied") == found("unit=parks") == found("area=990100002") == set()
    assert found("unit=centre") == found("area=990100001") == found(f"from={day}&to={day}") == {waiting, gone}
    assert found(f"from={day + timedelta(days=1)}") == found(f"to={day - timedelta(days=1)}") == set()
    assert reader.get("/holds?unit=none").status_code == 404
    answer = reader.get("/holds/export.csv?kind=extension")
    (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (line["Case"], line["State"], line["How much more"], line["Reason"]) == (gone, "lapsed", "2 wd", "rain")


def test_lists_take_a_constant_number_of_statements(people: dict[str, Person]) -> None:
    deferred(people)
    paths = ("/approvals", "/approvals/counts", "/holds", "/holds/ratios", "/holds/export.csv")
    counted = []
    for _ in range(2):
        for path in paths:
            people["dispatcher"].get(path)
            with CaptureQueriesContext(connection) as statements:
                assert people["dispatcher"].get(path).status_code == 200
            counted.append(len(statements))
        deferred(people)
        asked(people)
        assert step(people["handler-roads"], asked(people), "request_return", reason="not_found").status_code == 200
    assert counted[:5] == counted[5:]
    with CaptureQueriesContext(connection) as statements:
        people["dispatcher"].get("/approvals")
    assert len([one for one in statements.captured_queries if "cases_" in one["sql"]]) == 1
