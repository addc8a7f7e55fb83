"""The ledger changes by a proposal: consented to by whom it concerns, approved by somebody else, from its day on."""

from datetime import date, timedelta
from typing import Any

import pytest
import shapely
from django.db import DatabaseError, transaction
from django.test import Client
from journeys.conftest import JUNE, Person, holder_of

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure, make_token, make_user
from cityloop.ground.accounts.models import Organisation, Post, User
from cityloop.ground.places.models import Area
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.models import DutyProposal, Handover, LedgerRow, ObjectChange, UrbanObject
from cityloop.ground.registry.objects import LayerData, ObjectData

BEGINS = "2025-06-20"
TO_PARKS: dict[str, Any] = {
    "code": "L1", "category": "0101", "basis": "Road act 2025", "parties": [{"organisation": "parks"}],
}  # fmt: skip
NEW: dict[str, Any] = {
    "code": "N1", "tier": "contract", "category": "0103", "area": "990100002", "hours": "sat,sun 08:00-12:00",
    "drawn": "POLYGON ((10.011 50.001, 10.012 50.001, 10.012 50.002, 10.011 50.001))",
    "parties": [{"role": "contractor", "organisation": "roads", "lot": "7", "until": "2026-01-01"}],
}  # fmt: skip
ROOT = "/ledger/proposals"


@pytest.fixture
def keeper(desk_city: Pack) -> Person:
    return holder_of("ledger_keeper")


@pytest.fixture
def leader(desk_city: Pack) -> Person:
    return holder_of("leader")


def put(person: Person, path: str, body: dict[str, Any]) -> Any:
    return Client().put(f"/api{path}", body, content_type="application/json", headers=person.headers)


def drafted(keeper: Person, *duties: dict[str, Any], **facts: Any) -> str:
    body = {"title": "Paving to the parks", "basis": "Order 7", "begins": BEGINS} | facts
    begun = keeper.post(ROOT, body)
    assert begun.status_code == 201, begun.content
    path = f"{ROOT}/{begun.json()['number']}"
    for duty in duties:
        answer = put(keeper, f"{path}/changes", duty)
        assert answer.status_code == 200, answer.content
    return path


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def consented(path: str, *bodies: str) -> None:
    for body in bodies:
        answer = holder_of(f"handler-{body}").post(f"{path}/consent", {"organisation": body})
        assert answer.status_code == 200, answer.content


def rows(code: str) -> list[tuple[date, date | None, str]]:
    found = LedgerRow.objects.filter(code=code).order_by("valid_from")
    return list(found.values_list("valid_from", "valid_to", "parties__organisation__code"))


def test_an_approved_proposal_becomes_rows_from_its_day_on(keeper: Person, leader: Person) -> None:
    path = drafted(keeper, TO_PARKS, NEW)
    assert keeper.post(f"{path}/submit", {}).json()["state"] == "submitted"
    shown = leader.get(path).json()
    assert ([one["organisation"] for one in shown["consents"]], shown["may_decide"]) == (["parks", "roads"], True)
    before, after = shown["changes"][0]["before"], shown["changes"][0]["after"]
    assert (before["parties"][0]["organisation"], after["parties"][0]["organisation"]) == ("roads", "parks")
    assert refused(leader.post(f"{path}/approve", {})) == (422, "consent_missing")
    consented(path, "parks", "roads")
    assert leader.post(f"{path}/approve", {"note": "agreed"}).json()["state"] == "approved"
    begins = date.fromisoformat(BEGINS)
    assert rows("L1") == [(date(2020, 1, 1), begins, "roads"), (begins, None, "parks")]
    assert rows("N1") == [(begins, None, "roads")]
    fresh = LedgerRow.objects.get(code="N1")
    assert (fresh.weekly_hours, fresh.drawn_area is not None) == (
        {"sat": [["08:00", "12:00"]], "sun": [["08:00", "12:00"]]}, True,
    )  # fmt: skip
    (latest, first) = keeper.get("/ledger/rows/L1").json()
    assert (first["ended_by"], latest["proposal"]) == (shown["number"], shown["number"])
    assert leader.post(f"{path}/approve", {}).status_code == 200
    assert LedgerRow.objects.filter(code="L1").count() == 2


def test_a_removal_ends_a_duty_and_the_pack_does_not_bring_it_back(
    keeper: Person, leader: Person, desk_city: Pack
) -> None:
    path = drafted(keeper)
    assert keeper.post(f"{path}/removals", {"code": "L2"}).status_code == 200
    keeper.post(f"{path}/submit", {})
    consented(path, "roads")
    leader.post(f"{path}/approve", {})
    assert rows("L2") == [(date(2020, 1, 1), date.fromisoformat(BEGINS), "roads")]
    found = apply(reading.load(desk_city.folder), actor=SYSTEM, at=JUNE + timedelta(days=30))
    assert not found
    assert [str(notice).split(":")[0] for notice in found.notices] == [
        "1 duties were changed by approved proposals and stay as they are, whatever the pack says"
    ]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"category": "9999"}, "category", "category_unknown"),
    ({"area": "990100003"}, "area", "area_unknown_near"),
    ({"grid": "none"}, "grid", "grid_unknown"),
    ({"tier": "strong"}, "tier", "not_one_of"),
    ({"hours": "always"}, "hours", "hours_unreadable"),
    ({"drawn": "POINT (1 2)"}, "drawn", "geometry_other"),
    ({"drawn": "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"}, "drawn", "polygon_crosses"),
    ({"drawn": "round here"}, "drawn", "wkt_unreadable"),
    ({"parties": [{"organisation": "nobody"}]}, "organisation", "organisation_unknown"),
    ({"parties": [{"organisation": "roads"}, {"organisation": "roads"}]}, "organisation", "party_twice"),
]


@pytest.mark.parametrize(("change", "field", "code"), WRONG, ids=[code for _, _, code in WRONG])
def test_what_cannot_stand_in_the_ledger_is_named_by_field(
    keeper: Person, change: dict[str, Any], field: str, code: str
) -> None:
    path = drafted(keeper)
    answer = put(keeper, f"{path}/changes", TO_PARKS | change)
    assert refused(answer) == (422, "duty_unfit")
    assert [(one["field"], one["code"]) for one in answer.json()["problems"]] == [(field, code)]
    assert DutyProposal.objects.get().changes == []


def test_a_contradiction_has_to_be_meant(keeper: Person) -> None:
    double = TO_PARKS | {"code": "L7"}
    path = drafted(keeper, double)
    answer = keeper.post(f"{path}/submit", {})
    assert refused(answer) == (422, "duty_contradicts")
    assert {answer.json()[name] for name in ("duty", "other")} == {"L7", "L1"}
    body = {"title": "Two", "basis": "Order 8", "begins": BEGINS, "disputes": True}
    assert put(keeper, path, body).status_code == 200
    assert keeper.post(f"{path}/submit", {}).json()["state"] == "submitted"


def test_what_a_draft_must_have(keeper: Person) -> None:
    assert refused(keeper.post(ROOT, {"title": "Late", "begins": "2025-06-02"})) == (422, "proposal_too_early")
    path = drafted(keeper, basis="")
    assert refused(keeper.post(f"{path}/submit", {})) == (422, "proposal_empty")
    put(keeper, f"{path}/changes", TO_PARKS)
    assert refused(keeper.post(f"{path}/submit", {})) == (422, "basis_missing")
    assert refused(keeper.post(f"{path}/removals", {"code": "L99"})) == (404, "duty_unknown")
    client = Client(headers=keeper.headers)
    assert client.delete(f"/api{path}/changes?code=L1").json()["changes"] == []
    assert refused(client.delete(f"/api{path}/changes?code=L1")) == (404, "duty_unproposed")
    assert refused(keeper.get(f"{ROOT}/999")) == (404, "proposal_unknown")
    LedgerRow.objects.filter(code="L2").update(valid_to=date(2025, 6, 1))
    assert refused(keeper.post(f"{path}/removals", {"code": "L2"})) == (422, "duty_past")
    LedgerRow.objects.filter(code="L3").update(valid_from=date(2025, 7, 1))
    assert refused(keeper.post(f"{path}/removals", {"code": "L3"})) == (422, "duty_changes_later")


def test_a_duty_that_changed_since_is_a_conflict(keeper: Person, leader: Person) -> None:
    path = drafted(keeper, TO_PARKS)
    keeper.post(f"{path}/submit", {})
    consented(path, "parks", "roads")
    LedgerRow.objects.filter(code="L1").update(basis="Another act")
    assert refused(leader.post(f"{path}/approve", {})) == (409, "duties_stale")


def test_who_may_do_what(keeper: Person, leader: Person) -> None:
    path = drafted(keeper, TO_PARKS)
    roads = holder_of("handler-roads")
    for step in ("approve", "reject", "submit", "withdraw"):
        assert refused(roads.post(f"{path}/{step}", {})) == (403, "permission_missing"), step
    assert refused(roads.post(ROOT, {"title": "Mine", "begins": BEGINS})) == (403, "permission_missing")
    assert refused(roads.post(f"{path}/consent", {"organisation": "roads"})) == (422, "proposal_state")
    keeper.post(f"{path}/submit", {})
    assert refused(keeper.post(f"{path}/approve", {})) == (403, "permission_missing")
    assert refused(keeper.post(f"{path}/consent", {"organisation": "roads"})) == (403, "permission_missing")
    assert refused(roads.post(f"{path}/consent", {"organisation": "parks"})) == (403, "permission_missing")
    assert refused(roads.post(f"{path}/consent", {"organisation": "none"})) == (404, "organisation_unknown")
    for _ in range(2):
        assert roads.post(f"{path}/consent", {"organisation": "roads"}).status_code == 200
    assert len(DutyProposal.objects.get().consents) == 1
    DutyProposal.objects.update(hands=[f"user:{User.objects.get(username='holder of leader').pk}"])
    assert refused(leader.post(f"{path}/approve", {})) == (403, "four_eyes")
    assert refused(leader.post(f"{path}/reject", {})) == (403, "four_eyes")
    assert LedgerRow.objects.filter(code="L1").count() == 1


def test_who_is_not_concerned_is_not_asked(keeper: Person) -> None:
    path = drafted(keeper, {"code": "L2", "category": "0102", "area": "990100001", "basis": "Lights",
                            "parties": [{"organisation": "roads"}]})  # fmt: skip
    keeper.post(f"{path}/submit", {})
    answer = holder_of("handler-parks").post(f"{path}/consent", {"organisation": "parks"})
    assert refused(answer) == (422, "consent_unasked")


def test_a_post_of_a_district_proposes_for_its_district_only(keeper: Person) -> None:
    west = Area.objects.get(code="990100001")
    centre = Organisation.objects.get(code="centre")
    Post.objects.create(code="keeper-west", name="West", role="ledger_keeper", axis="supervision", organisation=centre,
                        area=west, valid_from=date(2020, 1, 1))  # fmt: skip
    user = make_user("keeper of the west", actor=SYSTEM)
    give_tenure(user, Post.objects.get(code="keeper-west"), actor=SYSTEM, at=clock.now() - timedelta(days=1))
    token = make_token(user, actor=SYSTEM, at=clock.now())
    local = Person({"Authorization": f"Bearer {token}", "Accept-Language": "en"})
    path = drafted(local)
    assert refused(put(local, f"{path}/changes", TO_PARKS)) == (403, "permission_missing")
    assert refused(put(local, f"{path}/changes", NEW)) == (403, "permission_missing")
    assert put(local, f"{path}/changes", NEW | {"area": "990100001"}).status_code == 200


def test_taken_back_and_turned_down(keeper: Person, leader: Person) -> None:
    first, second = drafted(keeper, TO_PARKS), drafted(keeper, NEW, title="Weekends")
    assert keeper.post(f"{first}/withdraw", {}).json()["state"] == "withdrawn"
    assert keeper.post(f"{first}/withdraw", {}).status_code == 200
    assert refused(keeper.post(f"{first}/submit", {})) == (422, "proposal_state")
    keeper.post(f"{second}/submit", {})
    assert leader.post(f"{second}/reject", {"note": "not now"}).json()["note"] == "not now"
    assert leader.post(f"{second}/reject", {}).status_code == 200
    assert [row["state"] for row in leader.get(f"{ROOT}?state=rejected").json()] == ["rejected"]


def test_what_if_tells_what_would_be_wrong_and_writes_nothing(keeper: Person) -> None:
    body = {"at": "2025-06-20T12:00:00+02:00", "duties": [TO_PARKS | {"code": "L7"}], "removals": ["L2"]}
    found = keeper.post("/ledger/what-if", body).json()
    assert [(gap["kind"], gap["rows"]) for gap in found["appear"]] == [("dispute", ["L7", "L1"]), ("ground", [])]
    assert (found["disappear"], found["appear"][1]["area"]["code"]) == ([], "990100001")
    assert LedgerRow.objects.filter(code="L7").count() == 0
    assert refused(holder_of("collector").post("/ledger/what-if", body)) == (403, "permission_missing")


# Handovers

SIGNED = {"object": "S1", "to_phase": "handed_over", "day": "2025-06-01", "giver": "roads", "taker": "parks",
          "basis": "Protocol 3"}  # fmt: skip


@pytest.fixture
def site(desk_city: Pack) -> None:
    put_layers([LayerData("sites", "Sites", {}, "polygon")], actor=SYSTEM)
    shape = bytes(shapely.to_wkb(shapely.box(10.001, 50.001, 10.002, 50.002)))
    row = ObjectData(
        1, "S1", "", shape, (10.001, 50.001, 10.002, 50.002), "{}", "main_works", None, None, None, None, None
    )
    take_objects("sites", [row], whole=True, actor=SYSTEM, day=date(2025, 1, 1), at=JUNE)


def test_a_handover_is_signed_by_both_and_kept(keeper: Person, site: None) -> None:
    for _ in range(2):
        answer = keeper.post("/ledger/handovers", SIGNED)
        assert (answer.status_code, answer.json()["from_phase"]) == (201, "main_works")
    assert UrbanObject.objects.get(code="S1").state == "handed_over"
    change = ObjectChange.objects.get(kind="changed")
    assert (change.before["state"], change.day) == ("main_works", date(2025, 6, 1))
    (told,) = keeper.get("/ledger/handovers?code=S1").json()
    assert (told["giver"], told["taker"], told["basis"]) == ("roads", "parks", "Protocol 3")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Handover.objects.update(basis="another")
    assert refused(keeper.post("/ledger/handovers", SIGNED | {"basis": "Protocol 4"})) == (422, "handover_same")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"object": "S2"}, 404, "object_unknown"),
        ({"day": "2025-06-03"}, 422, "handover_future"),
        ({"taker": "nobody"}, 404, "organisation_unknown"),
    ],
)
def test_handovers_that_cannot_be(keeper: Person, site: None, change: dict[str, str], status: int, code: str) -> None:
    assert refused(keeper.post("/ledger/handovers", SIGNED | change)) == (status, code)
    assert UrbanObject.objects.get().state == "main_works"


def test_not_everybody_hands_over(site: None) -> None:
    assert refused(holder_of("dispatcher").post("/ledger/handovers", SIGNED)) == (403, "permission_missing")
    assert refused(holder_of("collector").get("/ledger/handovers")) == (403, "permission_missing")
