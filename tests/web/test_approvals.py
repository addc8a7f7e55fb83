"""Requests for more time on the screen: what waits for whom, decided in turn or several at once, and counted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from web.conftest import Opens
from web.seeding import ask_with_form, step, working
from web.server import Server, make_city

POSTS = ("acceptor", "shift_leader", "dispatcher", "handler-roads")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, in which two have to approve an extension."""
    made = make_city(tmp_path_factory.mktemp("approvals"), seeded=0, approvals=True)
    made.start()
    yield made
    made.stop()


def people(opens: Opens) -> dict[str, Page]:
    found = {post: opens(post) for post in POSTS}
    for page in found.values():
        page.goto("/account")
    return found


def due(page: Page, case: str) -> str:
    return str(page.context.request.get(f"/api/cases/{case}").json()["due_at"])


def test_a_request_goes_up_its_chain_until_the_deadline_moves(opens: Opens, tmp_path: Path) -> None:
    desk = people(opens)
    case = working(desk)
    before = due(desk["dispatcher"], case)
    ask_with_form(desk["handler-roads"], case, tmp_path)

    leader = opens("command_leader")
    leader.goto("/approvals")
    expect(leader.get_by_text("No request waits for your decision.")).to_be_visible()

    chief = opens("section_chief")
    chief.goto("/desk")
    expect(chief.get_by_role("link", name="Approvals 1")).to_be_visible()
    chief.get_by_role("link", name="Approvals 1").click()
    shown = shown_to(chief, case)
    expect(shown.get_by_role("heading", name="Extension 2 working days")).to_be_visible()
    expect(shown).to_contain_text("The asphalt does not set in this rain")
    expect(shown.get_by_role("button", name="Signed form 1")).to_be_visible()
    foreseen = shown.locator("tr[data-clock=case] .then time").get_attribute("datetime")
    shown.get_by_role("button", name="Deny").click()
    expect(shown.get_by_text("Say why it is denied.")).to_be_visible()
    shown.get_by_role("button", name="Approve and pass on").click()
    expect(chief.get_by_text("No request waits for your decision.")).to_be_visible()
    expect(chief.get_by_role("link", name="Approvals", exact=True)).to_be_visible()
    assert due(desk["dispatcher"], case) == before

    leader.reload()
    expect(shown_to(leader, case)).to_contain_text("Chief of the dispatch section approved at")
    leader.keyboard.press("a")
    leader.keyboard.press("Enter")
    expect(leader.get_by_text("No request waits for your decision.")).to_be_visible()
    after = due(desk["dispatcher"], case)
    assert (after, after > before) == (foreseen, True)

    desk["handler-roads"].goto("/approvals/register")
    row = desk["handler-roads"].get_by_role("row").filter(has_text=case)
    expect(row).to_contain_text("Granted")
    ratio = desk["handler-roads"].get_by_role("region", name="Share of grants by unit").get_by_role("row").nth(1)
    expect(ratio).to_contain_text("100%")


def shown_to(page: Page, case: str) -> Locator:
    return page.get_by_role("article", name=f"Request in case {case}")


def test_several_are_decided_at_once_by_keyboard(opens: Opens, tmp_path: Path) -> None:
    desk = people(opens)
    cases = [working(desk), working(desk)]
    for case in cases:
        ask_with_form(desk["handler-roads"], case, tmp_path)
    returned = working(desk)
    step(desk["handler-roads"], returned, "request_return", reason="not_ours", note="A private yard", disputed="L1")

    page = opens("section_chief")
    page.goto("/approvals")
    expect(page.get_by_role("button", name="All (3)")).to_be_visible()
    page.get_by_role("button", name="Extension (2)").click()
    expect(page.get_by_role("list").get_by_role("checkbox")).to_have_count(2)
    page.keyboard.press("x")
    page.keyboard.press("Shift+j")
    page.keyboard.press("b")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").first.fill("Too long for a hole")
    dialog.get_by_role("button", name=re.compile("2")).click()
    expect(page.get_by_text("No request waits for your decision.")).to_be_visible()
    page.get_by_role("button", name="All (1)").click()
    expect(shown_to(page, returned)).to_contain_text("A private yard")
    expect(shown_to(page, returned).get_by_role("heading")).to_have_text("Return not ours")
    shown_to(page, returned).get_by_role("button", name="Grant the return").click()
    expect(page.get_by_text("No request waits for your decision.")).to_be_visible()


def test_who_may_not_decide_has_no_inbox(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/desk")
    expect(page.get_by_role("link", name="Map")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Approvals"))).to_have_count(0)
    page.goto("/approvals")
    expect(page.get_by_text("Your posts do not open this page")).to_be_visible()
