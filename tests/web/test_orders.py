"""Orders on the screen: drafted at the desk, signed, answered, sent back, accepted."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from web.conftest import Opens
from web.server import Server, make_city


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, with some cases at the units."""
    made = make_city(tmp_path_factory.mktemp("orders"), seeded=60)
    made.start()
    yield made
    made.stop()


def waiting(page: Page, title: str) -> None:
    """Open the order that waits for this person."""
    page.goto("/orders?mine=true")
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()


def do(page: Page, step: str, state: str, words: str = "") -> None:
    page.locator(f"button[data-step={step}]").click()
    if words:
        page.locator("#order-words").fill(words)
        page.locator("form button.primary").click()
    expect(page.locator("header .state", has_text=state)).to_be_visible()


def test_an_officer_supervises_two_cases_until_the_reply_is_right(opens: Opens) -> None:
    title = "Mend both this week"
    officer = opens("supervision_officer")
    officer.goto("/desk?queue=all&state=handling&organisation=roads")
    for row in (0, 1):
        officer.locator("tbody tr input[type=checkbox]").nth(row).check()
    officer.get_by_role("link", name="Order about these cases").click()
    expect(officer.get_by_role("combobox", name="Target")).to_have_value("Roads department")
    expect(officer.get_by_text("2 now")).to_be_visible()
    number = officer.get_by_label("Numbers of cases").input_value().split()[0]
    officer.get_by_label("Kind").select_option(label="Supervision order")
    officer.get_by_label("Title").fill(title)
    officer.get_by_label("Text").fill("They stand since spring.")
    for post in ("leader", "deputy"):
        officer.get_by_label("Add a signatory").select_option(post)
    officer.get_by_role("button", name="Send it to be signed").click()
    expect(officer.locator("header .state", has_text="draft")).to_be_visible()
    expect(officer.get_by_text("not signed yet")).to_have_count(2)

    deputy = opens("deputy")
    deputy.goto(officer.url)
    expect(deputy.get_by_text("It is not your turn to sign")).to_be_visible()
    leader = opens("leader")
    waiting(leader, title)
    do(leader, "sign", "draft")
    waiting(deputy, title)
    do(deputy, "sign", "issued")
    expect(deputy.locator("article")).to_contain_text(re.compile(r"DB\d{4}0001"))

    unit = opens("handler-roads", language="zh")
    waiting(unit, title)
    expect(unit.locator("header").get_by_role("timer")).to_be_visible()
    do(unit, "sign_for", "待回复")
    do(unit, "reply", "待审核", "已修好")

    waiting(officer, title)
    do(officer, "send_back", "signed for", "Show photos")
    waiting(unit, title)
    expect(unit.get_by_text("Show photos")).to_be_visible()
    do(unit, "reply", "待审核", "照片已附")
    waiting(officer, title)
    do(officer, "accept", "accepted")
    expect(officer.get_by_text("Nothing is left to be done with it.")).to_be_visible()

    officer.goto(f"/cases/{number}")
    section = officer.get_by_role("region", name="Orders", exact=True)
    expect(section.get_by_role("link", name=title)).to_be_visible()
    expect(officer.get_by_role("listitem").filter(has_text="Order from above")).to_contain_text(title)


def test_a_refused_order_keeps_what_was_typed(opens: Opens) -> None:
    page = opens("dispatcher")
    page.goto("/orders/new")
    expect(page.get_by_label("Kind").locator("option")).to_have_text(["Reminder"])
    page.get_by_role("combobox", name="Target").fill("Parks")
    page.get_by_role("option", name="Parks department").click()
    page.get_by_label("Title").fill("Hurry")
    page.get_by_label("Text").fill("Please.")
    page.get_by_role("button", name="Issue", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("name at least one case")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Hurry")


def test_who_reads_no_orders_is_not_shown_them(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/desk?queue=all&state=handling")
    expect(page.get_by_role("link", name="Desk")).to_be_visible()
    expect(page.get_by_role("link", name="Orders")).to_have_count(0)
    page.goto("/orders")
    expect(page.get_by_text("Your posts do not open this page")).to_be_visible()
