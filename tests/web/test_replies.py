"""A hotline's order on the screen: taken in with its number, signed for, answered, called back, and done over."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import go


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = make_city(tmp_path_factory.mktemp("replies"), seeded=0)
    made.start()
    yield made
    made.stop()


def choose(page: Page, step: str) -> None:
    page.locator(f"button[data-step={step}]").click()


def finished(people: dict[str, Page], case: str, *, first: bool) -> None:
    """The case goes to its end past the pages."""
    if first:
        go(people["shift_leader"], case, "register")
        go(people["shift_leader"], case, "file")
        go(people["dispatcher"], case, "dispatch", organisation="roads")
    go(people["handler-roads"], case, "sign_for")
    go(people["handler-roads"], case, "handle", result="Filled and level")
    go(people["collector"], case, "check", verdict="solved")
    go(people["shift_leader"], case, "close", closing_kind="solved")


def test_a_hotline_order_is_answered_called_back_and_done_over(opens: Opens) -> None:
    people = {post: opens(post) for post in ("shift_leader", "dispatcher", "handler-roads", "collector")}
    for page in people.values():
        page.goto("/account")
    desk = opens("acceptor")
    desk.goto("/desk/new")
    desk.get_by_label("What the caller says").fill("A hole at the school gate")
    desk.get_by_role("combobox", name="Category").fill("0101")
    expect(desk.locator("li[role=option]").first).to_be_visible()
    desk.get_by_role("combobox", name="Category").press("Enter")
    desk.get_by_label("Channel").select_option(label="Telephone")
    desk.get_by_label("Order number (hotline)").fill("12345-0602-1")
    desk.get_by_label("Name").fill("Ada Lamb")
    desk.get_by_label("Phone").fill("555 0100")
    desk.get_by_role("button", name="Hand in").click()
    case = desk.locator("a[href^='/cases/']").inner_text()

    desk.goto("/desk")
    desk.get_by_role("link", name="Replies").click()
    line = desk.get_by_role("list", name="Replies").get_by_role("listitem").filter(has_text="12345-0602-1")
    expect(line).to_contain_text("to be signed for")
    expect(line).to_contain_text("sign for")  # within four working hours
    line.get_by_role("link", name="12345-0602-1").click()
    expect(desk.get_by_role("region", name="What was reported")).to_contain_text("555 0100")
    choose(desk, "sign_for")
    expect(desk.locator("main header")).to_contain_text("answer owed")

    finished(people, case, first=True)
    reloaded(desk, "answered")
    expect(desk.get_by_role("region", name="What was done")).to_contain_text("by itself, when the case ended")
    choose(desk, "call_back")
    send = desk.locator("form").get_by_role("button", name="Enter the call-back")
    expect(send).to_be_disabled()
    desk.get_by_role("radio", name="not satisfied").check()
    desk.get_by_label("In the reporter's words").fill("It has sunk again")
    send.click()
    choose(desk, "redo")
    desk.get_by_label("What is to be done over").fill("Fill it on gravel")
    desk.locator("form").get_by_role("button", name="Have it done over").click()
    expect(desk.locator("main header")).to_contain_text("Round 2")

    desk.get_by_role("link", name=case).click()
    expect(desk.locator("main header")).to_contain_text("dispatched")
    reported = desk.get_by_role("region", name="What was reported")
    expect(reported).to_contain_text("Reply: answer owed")
    finished(people, case, first=False)
    reported.get_by_role("link", name="Reply").click()
    reloaded(desk, "answered")
    choose(desk, "call_back")
    desk.get_by_role("radio", name="satisfied", exact=True).check()
    desk.locator("form").get_by_role("button", name="Enter the call-back").click()
    expect(desk.get_by_text("Nothing is left to be done about it.")).to_be_visible()


def reloaded(page: Page, state: str) -> None:
    """The page again until a job has done its part."""
    for _ in range(30):
        page.reload()
        header = page.locator("main header")
        expect(header).to_be_visible()
        if state in header.inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"the reply never came to be {state}")


def test_an_order_is_returned_to_the_hotline(opens: Opens) -> None:
    leader = opens("shift_leader", viewport={"width": 390, "height": 844})
    leader.goto("/desk/new")
    leader.get_by_label("What the caller says").fill("A light is out, on the other bank")
    leader.get_by_label("Channel").select_option(label="Telephone")
    leader.get_by_label("Order number (hotline)").fill("12345-0602-2")
    leader.get_by_role("button", name="Hand in").click()
    expect(leader.get_by_text("It is not yet a case")).to_be_visible()
    leader.goto("/replies?q=12345-0602-2")
    leader.get_by_role("link", name="12345-0602-2").click()
    choose(leader, "send_back")
    leader.get_by_label("Why it is returned").fill("Another county's road")
    leader.locator("form").get_by_role("button", name="Return to the sender").click()
    expect(leader.locator("main header")).to_contain_text("returned to the sender")
    expect(leader.get_by_text("Nothing is left to be done about it.")).to_be_visible()
    assert leader.evaluate("document.scrollingElement.scrollWidth") == 390
