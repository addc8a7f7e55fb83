"""The rule book changed through the API: proposed, judged field by field, decided by another, in force later."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from journeys.conftest import JUNE, nobody

from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Denied
from cityloop.ground.accounts.actions import give_tenure
from cityloop.ground.accounts.models import Post, User
from cityloop.ground.places.city import city
from cityloop.ground.standards.editions import last_edition, rules_of
from cityloop.ground.standards.models import Category, Edition, Proposal
from cityloop.ground.standards.proposals import begin_proposal
from cityloop.ground.standards.queries import rule_book
from standards.people import DEEP, DRAFT, TODAY, TOMORROW, Editor, begun, editor, refused, rows, submitted

# From draft to edition


def test_an_approved_proposal_is_the_edition_from_its_day_on(proposer: Editor, leader: Editor) -> None:
    path = begun(proposer)
    before = rules_of(last_edition().pk)
    answer = proposer.put(f"{path}/changes", DEEP).json()
    (change,) = answer["differences"]
    assert (change["change"], change["category_name"], change["before"]) == ("new", "Pothole", None)
    assert [row["value"] for row in change["after"]["limits"]] == ["2", "5"]
    lamp = {"category": "0102", "filing_condition": "Dark", "closing_condition": "Burns", "limits":
            [{"stage": "handle", "value": 8, "unit": "wh"}], "source": "City standard 2020"}  # fmt: skip
    answer = proposer.put(f"{path}/changes", lamp).json()
    changed = next(row for row in answer["differences"] if row["category"] == "0102")
    assert (changed["change"], changed["fields"]) == ("changed", ["filing_condition", "closing_condition", "limits"])
    assert changed["before"]["limits"][0]["value"] == "4"
    gone = proposer.post(f"{path}/removals", {"category": "0103"}).json()["differences"][-1]
    assert (gone["change"], gone["category"], gone["after"]) == ("gone", "0103", None)
    assert answer["may"] == ["edit", "submit", "withdraw"]
    assert proposer.post(f"{path}/submit", {}).json()["may"] == ["withdraw"]
    assert leader.get(path).json()["may"] == ["approve", "reject"]
    assert rules_of(last_edition().pk) == before  # nothing has changed so far

    approved = leader.post(f"{path}/approve", {"note": "Do it"}).json()
    assert (approved["state"], approved["edition"], approved["note"]) == ("approved", "2025-06-03", "Do it")
    assert approved["decided"]["name"] == "holder of leader"
    old, new = Edition.objects.order_by("valid_from")
    assert (old.valid_to, new.valid_from, new.valid_to, new.scheme) == (TOMORROW, TOMORROW, None, "tiny-1")
    book = rule_book(city().revision)
    assert len(book.rules("0101", TODAY)) == 1
    assert [rule.situation for rule in book.rules("0101", TOMORROW)] == ["", "deep"]
    limits = book.rule("0101", TOMORROW, "deep").limits_for("handle")
    assert [(limit.part, int(limit.value), limit.unit.value) for limit in limits] == [
        ("fence", 2, "h"),
        ("repair", 5, "wd"),
    ]
    assert book.rule("0103", TODAY).limits
    assert book.rule("0103", TOMORROW).limits == ()  # can still be reported
    editions = proposer.get("/rules/editions").json()
    assert [(row["code"], row["in_force"], row["proposal"]) for row in editions] == [
        ("2025-06-03", False, approved["number"]),
        ("2020", True, None),
    ]


def test_doing_a_thing_twice_is_harmless(proposer: Editor, leader: Editor) -> None:
    path = submitted(proposer)
    assert begun(proposer) == begun(proposer) != path
    again = proposer.post(f"{path}/submit", {})
    assert (again.status_code, again.json()["state"]) == (200, "submitted")
    leader.post(f"{path}/approve", {"note": "Do it"})
    before = rows()
    for _ in range(2):
        answer = leader.post(f"{path}/approve", {"note": "Again"})
        assert (answer.status_code, answer.json()["note"]) == (200, "Do it")
    assert rows() == before
    other = begun(proposer, title="Other", begins="2025-07-01")
    for _ in range(2):
        assert proposer.post(f"{other}/withdraw", {}).json()["state"] == "withdrawn"
    third = submitted(proposer, "wide", title="Third", begins="2025-07-01")
    for _ in range(2):
        assert leader.post(f"{third}/reject", {"note": "No"}).json()["state"] == "rejected"


def test_a_rule_put_back_as_it_was_is_no_change(proposer: Editor) -> None:
    path = begun(proposer)
    hole = {"category": "0101", "filing_condition": "Deeper than 3 cm", "closing_condition": "Filled and level",
            "source": "City standard 2020", "limits": [{"value": 3, "unit": "wd"}]}  # fmt: skip
    assert proposer.put(f"{path}/changes", hole).json()["changes"] == 1
    assert proposer.put(f"{path}/changes", hole | {"limits": [{"value": "2.000", "unit": "wd"}]}).json()["changes"] == 0
    proposer.put(f"{path}/changes", hole)
    assert proposer.delete(f"{path}/changes?category=0101").json()["changes"] == 0
    assert proposer.delete(f"{path}/changes?category=0101").status_code == 200


def test_a_proposal_brings_a_local_category_with_its_rules(proposer: Editor, leader: Editor) -> None:
    path = begun(proposer)
    rule = DEEP | {"category": "0199"}
    refused(proposer.put(f"{path}/changes", rule), 422, "rule_unfit")
    category = {"code": "0199", "name": "Space saver", "name_zh": "占位物", "parent": "01"}
    brought = proposer.put(f"{path}/categories", category).json()["new_categories"]
    assert [(row["code"], row["local"]) for row in brought] == [("0199", True)]
    assert proposer.put(f"{path}/changes", rule).json()["changes"] == 1
    proposer.delete(f"{path}/categories?code=0199")
    assert (Proposal.objects.get().changes, Proposal.objects.get().categories) == ([], [])
    proposer.put(f"{path}/categories", category)
    proposer.put(f"{path}/changes", rule)
    assert not Category.objects.filter(code="0199").exists()
    proposer.post(f"{path}/submit", {})
    assert leader.post(f"{path}/approve", {}).status_code == 200
    row = Category.objects.get(code="0199")
    assert (row.scheme, row.local, row.parent and row.parent.code) == ("tiny-1", True, "01")
    found = leader.get(f"/rules/search?q=占位&on={TOMORROW}").json()["rules"]
    assert [(one["category"], one["situation"]) for one in found] == [("0199", "deep")]
    other = begun(proposer, title="Other", begins="2025-07-01")
    refused(proposer.put(f"{other}/categories", category), 422, "category_taken")
    problem = refused(
        proposer.put(f"{other}/categories", category | {"code": "0198", "parent": "0101"}), 422, "rule_unfit"
    )
    assert [one["field"] for one in problem["problems"]] == ["parent"]


# Refusals


LIMIT = {"stage": "handle", "value": 1, "unit": "h"}
UNFIT = [
    ({"category": "0109"}, "category", "category_unknown_near"),
    ({"category": "01"}, "category", "rule_for_major"),
    ({"situation": "very deep"}, "situation", "slug_unfit"),
    ({"limits": [LIMIT, LIMIT]}, "limits.1.part", "limit_twice"),
    ({"limits": [LIMIT, LIMIT | {"value": 0, "part": "b"}]}, "limits.1.value", "out_of_range"),
    ({"limits": [LIMIT | {"value": -3}]}, "limits.0.value", "out_of_range"),
    ({"limits": [LIMIT | {"stage": "whole"}]}, "limits.0.stage", "stage_unknown"),
    ({"limits": [LIMIT | {"unit": "w"}]}, "limits.0.unit", "not_one_of_near"),
    ({"limits": [LIMIT | {"unit": "wd", "calendar": "night"}]}, "limits.0.calendar", "calendar_unknown"),
    ({"photos": [{"kind": "close"}]}, "photos", "not_one_of"),
    ({"handlers": ["king"]}, "handlers", "not_one_of"),
    ({"check_mode": "visit"}, "check_mode", "not_one_of"),
    ({"check_window": "7-9"}, "check_window", "check_window_unreadable"),
    ({"closing_kinds": ["solved", "solved"]}, "closing_kinds", "word_twice"),
    ({"no_collect": [{"first": "06-31", "last": "07-01"}]}, "no_collect", "window_unreadable"),
    ({"documents": [{"code": "AKT"}]}, "documents", "document_unknown_near"),
    ({"self_handling_cap": 0}, "self_handling_cap", "out_of_range"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field", "code"), UNFIT)
def test_a_rule_is_judged_field_by_field_as_a_line_of_a_pack(
    proposer: Editor, change: dict[str, Any], field: str, code: str
) -> None:
    path = begun(proposer)
    before = rows()
    problem = refused(proposer.put(f"{path}/changes", DEEP | change), 422, "rule_unfit")
    assert [(one["field"], one["code"]) for one in problem["problems"]] == [(field, code)]
    assert problem["problems"][0]["text"] in problem["detail"]
    assert rows() == before


def test_who_may_not_changes_nothing(proposer: Editor, leader: Editor) -> None:
    path = submitted(proposer)
    acceptor, machine = editor("acceptor"), editor("collector")
    before = rows()
    for somebody in (acceptor, leader, machine):
        refused(somebody.post("/rules/proposals", DRAFT), 403, "permission_missing")
        refused(somebody.put(path, DRAFT), 403, "permission_missing")
        refused(somebody.put(f"{path}/changes", DEEP), 403, "permission_missing")
        refused(somebody.post(f"{path}/removals", {"category": "0101"}), 403, "permission_missing")
        refused(somebody.delete(f"{path}/changes?category=0101&situation=deep"), 403, "permission_missing")
        refused(somebody.put(f"{path}/categories", {"code": "1", "name": "1"}), 403, "permission_missing")
        refused(somebody.delete(f"{path}/categories?code=1"), 403, "permission_missing")
        refused(somebody.send("/rules/proposals/import", "a.csv", b"category\n", **DRAFT), 403, "permission_missing")
        for step in ("rebase", "submit", "withdraw"):
            refused(somebody.post(f"{path}/{step}", {}), 403, "permission_missing")
    for somebody in (acceptor, machine, proposer):
        for step in ("approve", "reject"):
            refused(somebody.post(f"{path}/{step}", {}), 403, "permission_missing")
    assert acceptor.get(path).json()["may"] == []
    assert rows() == before
    for page in ("proposals", "proposals/1", "search", "tree", "editions", "documents", "export.csv", "export.xlsx",
                 "compare?from=2020&to=2020", "crosswalk?from=a&to=b", "categories/0101"):  # fmt: skip
        refused(Editor(nobody().headers).get(f"/rules/{page}"), 403, "permission_missing")


def test_nobody_decides_on_what_they_had_a_hand_in(proposer: Editor, leader: Editor) -> None:
    path = submitted(proposer)
    user = User.objects.get(username="holder of rule_editor")
    give_tenure(user, Post.objects.get(code="leader"), actor=SYSTEM, at=clock.now())
    assert proposer.get(path).json()["may"] == ["withdraw"]
    before = rows()
    for step in ("approve", "reject"):
        refused(proposer.post(f"{path}/{step}", {}), 403, "four_eyes")
    assert rows() == before
    assert leader.post(f"{path}/approve", {}).status_code == 200


@pytest.mark.parametrize("begins", [TODAY, TODAY - timedelta(days=400), date(2019, 1, 1)])
def test_an_edition_begins_after_today(proposer: Editor, begins: date) -> None:
    before = rows()
    refused(proposer.post("/rules/proposals", DRAFT | {"begins": begins.isoformat()}), 422, "proposal_too_early")
    assert rows() == before
    path = begun(proposer)
    refused(proposer.put(path, DRAFT | {"begins": begins.isoformat()}), 422, "proposal_too_early")


def test_what_waited_too_long_is_not_approved(proposer: Editor, leader: Editor, own_clock: None) -> None:
    path = submitted(proposer)
    clock.set_shift(JUNE - clock.now() + timedelta(days=1, hours=12) + timedelta(seconds=1))
    before = rows()
    problem = refused(leader.post(f"{path}/approve", {}), 422, "proposal_too_early")
    assert problem["begins"] == TOMORROW.isoformat()
    assert rows() == before


def test_what_was_written_over_an_older_edition_is_put_over_the_new_one_first(proposer: Editor, leader: Editor) -> None:
    late = begun(proposer, title="Late", begins="2025-07-01")
    proposer.put(f"{late}/changes", DEEP | {"situation": "wide"})
    same = proposer.put(f"{late}/changes", DEEP).json()
    assert same["changes"] == 2
    handed_in = submitted(proposer, title="Handed in", begins="2025-07-02")
    leader.post(f"{submitted(proposer)}/approve", {})
    before = rows()
    problem = refused(proposer.post(f"{late}/submit", {}), 409, "proposal_stale")
    assert (problem["base"], problem["last"], problem["count"]) == ("2020", "2025-06-03", 1)
    assert problem["changed"] == [{"category": "0101", "situation": "deep"}]
    refused(leader.post(f"{handed_in}/approve", {}), 409, "proposal_stale")
    assert rows() == before
    shown = proposer.get(late).json()
    assert (shown["stale"], shown["may"]) == (True, ["edit", "rebase", "withdraw"])
    assert [(row["change"], row["situation"]) for row in shown["since"]] == [("new", "deep")]
    moved = proposer.post(f"{late}/rebase", {}).json()
    assert (moved["base"], moved["stale"], moved["since"]) == ("2025-06-03", False, [])
    assert [(row["change"], row["situation"]) for row in moved["differences"]] == [("new", "wide")]
    assert proposer.post(f"{late}/submit", {}).status_code == 200
    refused(leader.get("/rules/proposals/999"), 404, "proposal_unknown")


def test_states_are_left_in_one_direction(proposer: Editor, leader: Editor) -> None:
    draft = begun(proposer, title="Draft")
    refused(leader.post(f"{draft}/approve", {}), 422, "proposal_state")
    refused(leader.post(f"{draft}/reject", {}), 422, "proposal_state")
    refused(proposer.post(f"{draft}/submit", {}), 422, "proposal_empty")
    refused(proposer.post(f"{draft}/removals", {"category": "0101", "situation": "none"}), 404, "rule_unknown")
    path = submitted(proposer)
    before = rows()
    for answer in (
        proposer.put(path, DRAFT),
        proposer.put(f"{path}/changes", DEEP),
        proposer.delete(f"{path}/changes?category=0101&situation=deep"),
        proposer.post(f"{path}/removals", {"category": "0102"}),
        proposer.post(f"{path}/rebase", {}),
    ):
        assert refused(answer, 422, "proposal_state")["state"] == "submitted"
        assert "is submitted; this is not possible any more." in answer.json()["detail"]
    assert rows() == before
    leader.post(f"{path}/reject", {"note": "No"})
    for step in ("submit", "withdraw"):
        refused(proposer.post(f"{path}/{step}", {}), 422, "proposal_state")
    refused(leader.post(f"{path}/approve", {}), 422, "proposal_state")


def test_a_city_that_asks_for_limits_is_not_given_a_book_without(proposer: Editor, tiny_city: Pack) -> None:
    file = tiny_city.file.model_copy(update={"edition": tiny_city.file.edition.model_copy(update={"complete": True})})
    apply(replace(tiny_city, file=file), actor=SYSTEM, at=clock.now())
    path = begun(proposer)
    problem = refused(proposer.put(f"{path}/changes", DEEP | {"limits": []}), 422, "rule_unfit")
    assert [(one["field"], one["code"]) for one in problem["problems"]] == [("limits.0.value", "limit_missing")]
    problem = refused(proposer.put(f"{path}/changes", DEEP | {"closing_condition": ""}), 422, "rule_unfit")
    assert [one["field"] for one in problem["problems"]] == ["closing_condition"]
    proposer.post(f"{path}/removals", {"category": "0103"})
    before = rows()
    assert refused(proposer.post(f"{path}/submit", {}), 422, "proposal_incomplete")["categories"] == ["0103"]
    assert rows() == before


def test_a_machine_may_not_propose_without_the_permission(tiny_city: Pack) -> None:
    with pytest.raises(Denied):
        begin_proposal("t", reason="", basis="", begins=TOMORROW, actor=Actor("user:1", "x"), at=clock.now())


def test_proposals_are_listed_in_few_statements(
    proposer: Editor, leader: Editor, django_assert_num_queries: Any
) -> None:
    for day in range(3, 8):
        submitted(proposer, title=f"Of {day}", begins=f"2025-06-{day:02}")
    listed = leader.get("/rules/proposals?state=submitted").json()
    assert [row["title"] for row in listed] == [f"Of {day}" for day in range(7, 2, -1)]
    assert listed[0]["submitted"]["name"] == "holder of rule_editor"
    with django_assert_num_queries(4):  # who asks, proposals, the last edition, names
        leader.get("/rules/proposals")
    assert leader.get("/rules/proposals?state=draft").json() == []
