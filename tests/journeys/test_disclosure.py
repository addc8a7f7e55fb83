"""Who sees a reporter's contact, a collector and the assessment plan, at every door: docs/reference/field-matrix.md.
And who saw a contact is written down.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure, make_token, make_user
from cityloop.ground.accounts.models import Post, User
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import Area
from cityloop.loop.cases.disclosure import ABSENT, DOORS, GROUPS, MASKED, UNMASKED, disclosed
from cityloop.results.cockpit import stream
from cityloop.results.cockpit.scope import scope_of
from journeys.conftest import Person, holder_of
from journeys.test_two_clients import HOLE, LINE, step

CONTACT = {"name": "Zephyrine Quux", "phone": "9175550143", "email": "zq@quux.example"}
MASKS = ("Z*************", "9*********", "z**************")
COLLECTOR = ("Xerxes Wolfram", "holder of collector", "Beat 77")
PLAN = ("Operation Nightjar", "programme", "announced", "self_reported_first")
MAP = {"cases": (14, 8647, 5556), "far": (10, 540, 347)}
Opened = Callable[[], list[bytes]]


@pytest.fixture
def case(desk_city: Pack) -> str:
    """A case that a collector has checked, with a contact, under a plan; and a citizen's report that is held."""
    people = {post: holder_of(post) for post in {"machine", *(post for _, _, post, _, _ in LINE)}}
    User.objects.filter(username="holder of collector").update(first_name=COLLECTOR[0])
    Post.objects.filter(code="collector").update(name=COLLECTOR[2])
    number = str(people["machine"].post("/reports", HOLE | {"reporter": CONTACT}).json()["case"])
    for name, _, post, facts, state in LINE[:-1]:
        assert step(people[post], number, name, **facts).json()["state"] == state
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_case SET programme = %s, announced = true, self_reported_first = true, lon = 10.002,"
            " lat = 50.005",
            [PLAN[0]],
        )
    return number


@pytest.fixture
def ticket(case: str) -> dict[str, str]:
    """A citizen's own, for a report from outside the city, which is held."""
    told = {"key": str(uuid4()), "lon": 60.0, "lat": 20.0, "words": "Far away", "contact": CONTACT}
    answer = Client().post("/api/public/reports", told, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_every_door_shows_to_each_role_what_the_matrix_says(case: str, ticket: dict[str, str]) -> None:
    tried: Counter[str] = Counter()
    wrong = []
    ids = User.objects.in_bulk(["holder of collector"], field_name="username")
    found_out = {
        "contact": (tuple(CONTACT.values()), MASKS),
        "collector": ((*COLLECTOR, f'"user:{ids["holder of collector"].pk}"'), ('"Collector"',)),
        "plan": (PLAN, ()),
    }
    for role in ROLES:
        doors = _doors(holding("handler-roads" if role == "handler" else role), case, ticket)
        assert set(doors) == set(DOORS)
        for door, opened in doors.items():
            said = b"\n".join(opened()).decode(errors="replace")
            for group, (plain, masks) in found_out.items():
                tried[group] += 1
                seen = UNMASKED if _any(plain, said) else MASKED if _any(masks, said) else ABSENT
                if seen != disclosed(role, group, door):
                    wrong.append(f"{group} at {door} to {role}: {seen}, not {disclosed(role, group, door)}")
    assert wrong == []
    assert tried == dict.fromkeys(GROUPS, len(ROLES) * len(DOORS))


def _any(needles: tuple[str, ...], said: str) -> bool:
    return any(needle in said for needle in needles)


def _doors(person: Person, case: str, ticket: dict[str, str]) -> dict[str, Opened]:
    """What opens each door for somebody, and all it says."""

    def api(*paths: str) -> Opened:
        def opened() -> list[bytes]:
            answers = [person.get(path) for path in paths]
            assert {answer.status_code for answer in answers} <= {200, 403, 404}, paths
            return [bytes(answer.content) for answer in answers]

        return opened

    def tiles() -> list[bytes]:
        view, token = person.get("/me").json()["view_token"], person.get("/tiles/token").json().get("token", "")
        (z, x, y), (far, fx, fy) = MAP["cases"], MAP["far"]
        paths = [f"/tiles/{layer}/{z}/{x}/{y}?t={view}" for layer in ("cases", "grids", "areas")]
        paths += [f"/tiles/cases/{far}/{fx}/{fy}?t={view}", f"/tiles/grids/unit/{z}/{x}/{y}?token={token}"]
        answers = [person.get(path) for path in paths]
        assert [answer.status_code for answer in answers[:4]] == [200] * 4
        return [bytes(answer.content) for answer in answers]

    def live() -> list[bytes]:
        return stream.latest(scope_of(person.get("/me").json()["view_token"]), 100)

    def features() -> list[bytes]:
        client = Client()
        told = client.get("/ogc/collections?f=json", headers=person.headers)
        items = [
            client.get(f"/ogc/collections/{found['id']}/items?f=json", headers=person.headers).content
            for found in told.json()["collections"]
        ]
        return [told.content, *items]

    def follow() -> list[bytes]:
        answer = person.post("/public/follow", ticket)
        assert answer.status_code == 200, answer.content
        return [bytes(answer.content)]

    return {
        "case": api(f"/cases/{case}"),
        "clocks": api(f"/cases/{case}/clocks"),
        "reports": api(f"/cases/{case}/reports"),
        "list": api("/cases", "/cases/counts", f"/cases?q={case}"),
        "near": api("/cases/near?lon=10.002&lat=50.005"),
        "reply": api(f"/reports/R{case}/reply"),
        "replies": api("/replies", "/replies/counts"),
        "waiting": api("/reports/waiting"),
        "held": api("/submissions/held"),
        "wall": api("/wall"),
        "tiles": tiles,
        "stream": live,
        "features": features,
        "evaluation": api("/evaluation?period=2025&by=organisation", "/evaluation.csv?period=2025&by=organisation"),
        "follow": follow,
    }


def test_who_saw_a_contact_is_recorded_once_a_day(case: str, ticket: dict[str, str]) -> None:
    acceptor, evaluator, auditor = holding("acceptor"), holding("evaluator"), holding("auditor")
    for reader in (acceptor, acceptor, evaluator):
        assert reader.get(f"/cases/{case}/reports").status_code == 200
    assert acceptor.get("/submissions/held").status_code == 200
    rows = told(auditor)
    assert [(row["report"], row["case"], row["person"], row["post"]) for row in rows] == [
        (ticket["number"], None, "holder of acceptor", "acceptor"),
        (f"R{case}", case, "holder of acceptor", "acceptor"),
    ]
    first = auditor.get("/unmaskings?limit=1").json()
    following = auditor.get("/unmaskings?limit=1&before=" + first["next"].replace("+", "%2B")).json()
    assert [*first["unmaskings"], *following["unmaskings"]] == rows
    assert following["next"] is None
    assert told(auditor, f"?case={case}") == rows[1:]
    assert told(auditor, "?person=nobody") == []
    at = rows[1]["at"].replace("+", "%2B")
    assert told(auditor, f"?until={at}") == []
    assert told(auditor, f"?since={at}") == rows
    denied = acceptor.get("/unmaskings")
    assert (denied.status_code, denied.json()["code"]) == (403, "permission_missing")


def test_what_is_recorded_of_unmaskings_can_only_be_added_to_and_costs_the_same(case: str) -> None:
    acceptor, auditor = holding("acceptor"), holding("auditor")
    counted = []
    for _ in range(2):
        assert acceptor.get(f"/cases/{case}/reports").status_code == 200
        with CaptureQueriesContext(connection) as asked:
            told(auditor)
        counted.append(len(asked))
        case = str(acceptor.post("/reports", HOLE | {"reporter": CONTACT}).json()["case"])
    assert counted[0] == counted[1]
    for change in ("UPDATE intake_unmasking SET post = ''", "DELETE FROM intake_unmasking"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_a_contact_is_masked_for_whoever_needs_it_elsewhere_and_not_audited_there(case: str) -> None:
    """A post that sees contacts in the East, and one that only reads, in the West."""
    east = Area.objects.get(code="990100002")
    Post.objects.filter(code__in=("acceptor", "auditor")).update(area=east)
    (report,) = holding("evaluator", "acceptor").get(f"/cases/{case}/reports").json()
    assert report["reporter"]["phone"] == MASKS[1]
    assert holding("shift_leader").get(f"/cases/{case}/reports").status_code == 200
    assert told(holding("auditor")) == []


def told(auditor: Person, query: str = "") -> list[dict[str, Any]]:
    answer = auditor.get(f"/unmaskings{query}")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["unmaskings"])


def holding(post: str, *more: str) -> Person:
    """Whoever holds a post, who may have been seated before; and is given more."""
    user = User.objects.filter(username=f"holder of {post}").first() or make_user(f"holder of {post}", actor=SYSTEM)
    for code in (post, *more):
        give_tenure(user, Post.objects.get(code=code), actor=SYSTEM, at=clock.now() - timedelta(days=1))
    return Person(
        {"Authorization": f"Bearer {make_token(user, actor=SYSTEM, at=clock.now())}", "Accept-Language": "en"}
    )
