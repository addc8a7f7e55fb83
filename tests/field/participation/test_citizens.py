"""Citizens: report without signing in, follow with a secret, and what is held for a person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from journeys.conftest import JUNE, Person, desk_city, holder_of, own_clock  # noqa: F401 - the fixtures
from journeys.photos import phone_photo, picture, written

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.field.participation import limits
from cityloop.field.participation.jobs import drop
from cityloop.field.participation.models import Guess, Submission, Upload
from cityloop.field.participation.sender import secret_of
from cityloop.ground.places.models import City
from cityloop.loop.cases.verify import verify
from cityloop.loop.evidence.actions import drop_unclaimed
from cityloop.loop.intake.replies.actions import answer as note_answer

pytestmark = pytest.mark.usefixtures("desk_city")
HOLE = {"lon": 10.002, "lat": 50.005, "accuracy_m": 12.5, "category": "0101", "words": "Deep hole"}
EN = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def acceptor(desk_city: Pack) -> Person:  # noqa: F811
    return holder_of("acceptor")


def ask(path: str, body: dict[str, Any] | None = None, sender: str = "192.0.2.1", headers: dict[str, str] = EN) -> Any:
    client = Client(REMOTE_ADDR=sender)
    if body is None:
        return client.get(f"/api/public{path}", headers=EN | headers)
    return client.post(f"/api/public{path}", body, content_type="application/json", headers=EN | headers)


def report(sender: str = "192.0.2.1", **changes: Any) -> Any:
    return ask("/reports", {"key": str(uuid4())} | HOLE | changes, sender)


def photo(content: bytes, sender: str = "192.0.2.1") -> Any:
    file = SimpleUploadedFile("a.jpg", content)
    return Client(REMOTE_ADDR=sender).post("/api/public/photos", {"file": file}, headers=EN)


def follow(ticket: dict[str, str], sender: str = "192.0.2.1") -> Any:
    return ask("/follow", {"number": ticket["number"], "secret": ticket["secret"]}, sender)


def held(person: Person) -> list[dict[str, Any]]:
    found = person.get("/submissions/held")
    assert found.status_code == 200
    return list(found.json()["submissions"])


def counted() -> tuple[int, ...]:
    tables = ("intake_report", "cases_case", "participation_submission", "evidence_photo")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return tuple(cursor.fetchone())


def test_the_page_learns_what_the_city_is() -> None:
    found = ask("/city").json()
    assert (found["name"], found["takes_reports"], found["notice"]) == ("Tiny", True, "")
    assert found["bounds"] == [pytest.approx(value) for value in (10.0, 50.0, 10.02, 50.01)]
    assert {"code": "0101", "name": "Pothole", "major": "01", "major_name": "Streets and green"} in found["categories"]
    assert all(category["major"] for category in found["categories"])
    chinese = ask("/city", headers={"Accept-Language": "zh"}).json()
    assert chinese["name"] == "小城"


def test_a_report_goes_round_the_loop_and_its_sender_sees_what_was_done() -> None:
    posts = ("acceptor", "shift_leader", "dispatcher", "handler-roads", "collector", "auditor")
    people = {post: holder_of(post) for post in posts}
    mine = photo(phone_photo()).json()
    assert (mine["taken_at"], mine["lon"]) == ("2025-06-02T07:30:00+00:00", 10.001)
    contact = {"name": "Ada", "phone": "0123456"}
    answer = report(photos=[mine["id"]], contact=contact)
    assert answer.status_code == 201, answer.content
    ticket = answer.json()
    first = follow(ticket).json()
    assert (first["state"], first["title"], first["photos"]) == ("open", "We are working on it.", [])
    assert [step["title"] for step in first["steps"]] == ["Received"]

    case = ticket["number"].removeprefix("R")
    shown = people["handler-roads"]
    after = Client().post(
        "/api/photos", {"file": SimpleUploadedFile("b", written(picture(50, 50)))}, headers=shown.headers
    )
    for post, step in (
        ("acceptor", {"step": "register"}),
        ("shift_leader", {"step": "file"}),
        ("dispatcher", {"step": "dispatch", "organisation": "roads"}),
        ("handler-roads", {"step": "sign_for"}),
        ("handler-roads", {"step": "handle", "result": "Filled and level", "photos": [after.json()["id"]]}),
        ("collector", {"step": "check", "verdict": "solved"}),
        ("shift_leader", {"step": "close", "closing_kind": "solved"}),
    ):
        assert people[post].post(f"/cases/{case}/steps", step).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor, post, reporter::json, channel, raw::text FROM intake_report r JOIN cases_entry e"
                       " ON e.case_id = r.case_id AND e.seq = 1")  # fmt: skip
        actor, post, reporter, channel, raw = cursor.fetchone()
        cursor.execute("UPDATE intake_reply SET answered_at = %s, answer = 'Filled and level'", [clock.now()])
    assert (actor, post, reporter, channel) == ("public", "", contact, "app")
    assert "Ada" not in raw
    last = follow(ticket)
    told = last.json()
    assert (told["state"], told["answer"], told["category_name"]) == ("done", "Filled and level", "Pothole")
    assert [step["title"] for step in told["steps"]] == [
        "Received", "Taken up", "Sent to whoever puts it right", "Worked on", "Checked on the spot", "Done",
    ]  # fmt: skip
    assert told["photos"] == [after.json()["id"]]
    assert told["closed_at"] is not None
    for staff in ("holder of", "handler", "user:", "Ada", "0123456"):
        assert staff not in last.content.decode()
    assert list(verify()) == []

    key = f"{ticket['number']}:{ticket['secret']}"
    seen = ask(f"/photos/{told['photos'][0]}?size=thumb", headers={"X-Follow": key})
    assert (seen.status_code, seen["Content-Type"]) == (200, "image/jpeg")
    assert ask(f"/photos/{told['photos'][0]}", headers={"X-Follow": f"{ticket['number']}:WRONG"}).status_code == 404
    assert ask(f"/photos/{told['photos'][0]}").status_code == 422
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM evidence_photo WHERE id <> %s", [told["photos"][0]])
        (own,) = cursor.fetchone()
    assert ask(f"/photos/{own}", headers={"X-Follow": key}).json()["code"] == "photo_unknown"


def test_the_reason_of_a_refusal_reaches_whoever_reported(desk_city: Pack) -> None:  # noqa: F811
    ticket = report().json()
    step = {"step": "refuse", "reason": "This is private ground"}
    leader = holder_of("shift_leader")
    assert leader.post(f"/cases/{ticket['number'].removeprefix('R')}/steps", step).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM intake_report")
        note_answer(cursor.fetchone()[0], at=clock.now())
    told = follow(ticket).json()
    assert (told["state"], told["answer"]) == ("refused", "This is private ground")


def test_the_same_form_twice_is_one_report() -> None:
    key = str(uuid4())
    first, again = report(key=key), report("198.51.100.7", key=key, words="typed again")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert counted() == (1, 1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_at_the_same_moment_is_one_report() -> None:
    key = str(uuid4())

    def send(number: int) -> Any:
        try:
            return report(f"192.0.2.{number}", key=key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(send, (1, 2))
    assert sorted((first.status_code, second.status_code)) == [200, 201]
    assert first.json() == second.json()
    assert counted() == (1, 1, 1, 0)


def test_no_category_and_no_position_still_make_a_report(acceptor: Person) -> None:
    answer = report(lon=None, lat=None, accuracy_m=None, category="", address="Corner of Oak Street")
    assert answer.status_code == 201
    assert follow(answer.json()).json()["state"] == "received"
    assert acceptor.get("/reports/waiting").status_code == 200
    assert counted() == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"words": ""},
        {"words": "  "},
        {"lon": None},
        {"lon": None, "lat": None},
        {"words": "x" * 2001},
        {"lon": 181},
        {"key": "7"},
        {"photos": ["x"]},
        {"contact": {"age": "7"}},
        {"more": 1},
        {"words": "nul\0"},
    ],
)
def test_a_form_that_is_not_whole_is_refused(changes: dict[str, Any]) -> None:
    answer = report(**changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_wrong")
    assert counted() == (0, 0, 0, 0)


def test_a_city_that_takes_no_reports_says_so() -> None:
    city = City.objects.get()
    city.settings["public_channel"] = ""
    city.save()
    assert ask("/city").json()["takes_reports"] is False
    for answer in (report(), photo(phone_photo())):
        assert (answer.status_code, answer.json()["code"]) == (422, "public_closed")
    assert counted() == (0, 0, 0, 0)


# photos


def test_a_photo_is_good_for_one_report() -> None:
    mine = photo(phone_photo()).json()["id"]
    assert report(photos=[mine]).status_code == 201
    before = counted()
    for wrong in (mine, str(uuid4())):
        answer = report(photos=[wrong], words="Another")
        assert (answer.status_code, answer.json()["code"]) == (404, "photo_unknown")
    assert counted() == before
    assert drop_unclaimed(at=clock.now() + timedelta(days=3)) == 0


def test_what_is_no_photo_is_refused_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PHOTOS", 2)
    for _ in range(2):
        assert photo(b"%PDF-1.7 renamed").json()["code"] == "photo_not_image"
    answer = photo(phone_photo())
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert photo(phone_photo(), "192.0.2.2").status_code == 201
    assert counted() == (0, 0, 0, 1)


# limits


def test_many_from_one_sender_are_held_then_refused(acceptor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 7)
    tickets = [report(words=f"Hole number {number}").json() for number in range(7)]
    assert [ticket["number"][-2:] for ticket in tickets] == ["01", "02", "03", "04", "05", "06", "07"]
    assert counted()[:3] == (5, 5, 7)
    assert all(len(ticket["secret"]) == 8 for ticket in tickets)
    assert [follow(ticket).json()["state"] for ticket in tickets[4:]] == ["open", "received", "received"]
    assert [row["reason"] for row in held(acceptor)] == ["many", "many"]
    assert {row["sent"] for row in held(acceptor)} == {7}
    before = counted()
    answer = report(words="One more")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (429, "too_many")
    assert 0 < problem["retry_after"] <= 3601
    assert answer["Retry-After"] == str(problem["retry_after"])
    assert problem["detail"] == "That was too much at once. Try again in 60 min."
    assert counted() == before
    assert report("192.0.2.9", words="From next door").status_code == 201
    clock.set_shift(JUNE + timedelta(minutes=61) - datetime.now(UTC))
    assert report(words="An hour later").status_code == 201
    assert len(held(acceptor)) == 2


def test_the_whole_city_has_limits_too(acceptor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cityloop.field.participation.abuse.CITY_FREELY", 1)
    monkeypatch.setattr(limits, "CITY_MOST", 2)
    assert [report(f"192.0.2.{place}").status_code for place in (1, 2)] == [201, 201]
    assert counted()[:3] == (1, 1, 2)
    assert [row["reason"] for row in held(acceptor)] == ["city_many"]
    assert report("192.0.2.3").status_code == 429


def test_an_ipv6_network_is_one_sender_and_no_address_is_kept() -> None:
    places = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "192.0.2.1", "::ffff:192.0.2.1")
    for number, place in enumerate(places):
        assert report(place, words=f"Hole number {number}").status_code == 201
    senders = list(Submission.objects.order_by("id").values_list("sender", flat=True))
    assert senders[0] == senders[1] != senders[2]
    assert senders[3] == senders[4]
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM participation_submission s")
        assert not any("192.0.2.1" in row for (row,) in cursor.fetchall())


# what looks like abuse

SUSPICIOUS: list[tuple[dict[str, Any], str]] = [
    ({"lon": 116.4, "lat": 39.9}, "outside"),
    ({"words": "see http://a.example https://b.example www.c.example"}, "links"),
    ({"words": "deep HOLE!"}, "same_words"),
]


@pytest.mark.parametrize(("changes", "reason"), SUSPICIOUS)
def test_what_looks_like_abuse_is_held_and_let_in(acceptor: Person, changes: dict[str, Any], reason: str) -> None:
    if reason == "same_words":
        assert report().status_code == 201
    before = counted()
    mine = photo(phone_photo()).json()["id"]
    answer = report(photos=[mine], contact={"name": "Ada"}, **changes)
    assert answer.status_code == 201
    ticket = answer.json()
    assert counted() == (before[0], before[1], before[2] + 1, before[3] + 1)
    (row,) = held(acceptor)
    assert (row["reason"], row["number"], row["contact"]["name"]) == (reason, ticket["number"], "Ada")
    path = f"/submissions/{row['id']}"
    assert acceptor.get(f"{path}/photos/{row['photos'][0]}").status_code == 200
    assert acceptor.get(f"{path}/photos/{'0' * 64}").json()["code"] == "photo_unknown"
    assert drop_unclaimed(at=clock.now() + timedelta(days=3)) == 0

    let = acceptor.post(f"{path}/let-in", {})
    assert (let.status_code, let.json()["number"]) == (200, ticket["number"])
    assert counted()[:2] == (before[0] + 1, before[1] + 1)
    assert held(acceptor) == []
    told = follow(ticket).json()
    assert (told["number"], told["state"]) == (ticket["number"], "open")
    again = acceptor.post(f"{path}/let-in", {})
    assert (again.status_code, again.json()["code"]) == (409, "submission_decided")
    assert counted()[0] == before[0] + 1


def test_what_is_discarded_tells_its_sender_why(acceptor: Person) -> None:
    ticket = report(lon=116.4, lat=39.9).json()
    (row,) = held(acceptor)
    path = f"/submissions/{row['id']}/discard"
    assert acceptor.post(path, {"reason": " "}).status_code == 422
    assert acceptor.post(path, {"reason": "That is another city"}).status_code == 204
    told = follow(ticket).json()
    assert (told["state"], told["answer"]) == ("discarded", "That is another city")
    assert [step["title"] for step in told["steps"]] == ["Received", "Not taken in"]
    assert acceptor.post(path, {"reason": "Twice"}).status_code == 409
    assert counted()[:2] == (0, 0)
    kept = Submission.objects.get()
    assert (kept.decision, kept.decision_reason, kept.decided_by[:5]) == ("discarded", "That is another city", "user:")


def test_only_who_may_judge_sees_and_decides(acceptor: Person) -> None:
    report(lon=116.4, lat=39.9, contact={"phone": "0123"})
    (row,) = held(acceptor)
    for post in ("dispatcher", "machine"):
        person = holder_of(post)
        before = counted()
        for answer in (
            person.get("/submissions/held"),
            person.get(f"/submissions/{row['id']}/photos/{'0' * 64}"),
            person.post(f"/submissions/{row['id']}/let-in", {}),
            person.post(f"/submissions/{row['id']}/discard", {"reason": "No"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        assert counted() == before
    assert Submission.objects.get().decided_at is None
    assert Client().post(f"/api/submissions/{row['id']}/let-in").status_code in (401, 403)
    for path in ("/submissions/77/let-in", f"/submissions/{Submission.objects.get().pk + 1}/let-in"):
        assert acceptor.post(path, {}).json()["code"] == "submission_unknown"


def test_what_went_on_by_itself_is_not_up_for_decision(acceptor: Person) -> None:
    report()
    answer = acceptor.post(f"/submissions/{Submission.objects.get().pk}/discard", {"reason": "No"})
    assert (answer.status_code, answer.json()["code"]) == (404, "submission_unknown")


# following


def test_a_wrong_secret_says_no_more_than_a_wrong_number_and_cannot_be_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "GUESSES", 3)
    ticket = report().json()
    wrong, unknown = follow(ticket | {"secret": "AAAAAAAA"}), follow({"number": "R1", "secret": ticket["secret"]})
    assert (wrong.status_code, wrong.json()) == (404, unknown.json())
    assert follow(ticket).status_code == 200
    written_otherwise = {"number": ticket["number"].lower(), "secret": f"{ticket['secret'][:4]}-{ticket['secret'][4:]}"}
    assert follow(written_otherwise).status_code == 200
    assert follow(ticket | {"secret": "BBBBBBBB"}).status_code == 404
    locked = follow(ticket)
    assert (locked.status_code, locked.json()["code"]) == (429, "too_many")
    assert follow(ticket, "192.0.2.2").status_code == 200
    monkeypatch.setattr(limits, "GUESSES_AT_ONE", 2)
    assert follow(ticket, "192.0.2.3").status_code == 429


def test_no_secret_is_kept() -> None:
    key = uuid4()
    ticket = report(key=str(key)).json()
    row = Submission.objects.get()
    assert ticket["secret"] == secret_of(key)
    assert secret_of(UUID(int=1)) != secret_of(UUID(int=2))
    assert ticket["secret"].encode() not in bytes(row.secret)
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM intake_report r")
        (told,) = cursor.fetchone()
    assert str(key) not in told
    assert key.hex not in told


def test_following_and_the_held_list_cost_the_same_however_much_there_is(acceptor: Person) -> None:
    ticket = report().json()
    with CaptureQueriesContext(connection) as one:
        follow(ticket)
    for number in range(8):
        report(words=f"Hole number {number}", lon=116.4, lat=39.9)
    leader = holder_of("shift_leader")
    case = ticket["number"].removeprefix("R")
    assert leader.post(f"/cases/{case}/steps", {"step": "register"}).status_code == 200
    with CaptureQueriesContext(connection) as more:
        follow(ticket)
    assert len(more) == len(one) <= 10
    with CaptureQueriesContext(connection) as listed:
        assert len(held(acceptor)) == 8
    assert len(listed) <= 5
    page = acceptor.get(f"/submissions/held?after={held(acceptor)[4]['id']}").json()
    assert (len(page["submissions"]), page["next"]) == (3, None)


def test_what_was_only_counted_goes_after_a_day() -> None:
    photo(phone_photo())
    follow({"number": "R1", "secret": "AAAAAAAA"})
    drop(0)
    assert (Upload.objects.count(), Guess.objects.count()) == (1, 1)
    clock.set_shift(JUNE + timedelta(hours=25) - datetime.now(UTC))
    drop(0)
    drop(0)
    assert (Upload.objects.count(), Guess.objects.count()) == (0, 0)
