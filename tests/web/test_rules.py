"""The rule book on the screen: found by what a caller says, changed by one person and decided by another."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import post_past_the_page

TODAY, TOMORROW = "2025-06-02", "2025-06-03"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, whose rule book changes and whose clock is moved."""
    made = make_city(tmp_path_factory.mktemp("rules"), seeded=0, situations=True)
    made.start()
    yield made
    made.stop()


def test_the_acceptor_finds_the_row_by_what_the_caller_says(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/desk/new")
    link = page.get_by_role("link", name="Search the rule book")
    expect(link).to_have_attribute("href", "/rules")
    page.goto("/rules")
    words = page.get_by_label("Find a situation")
    expect(words).to_be_focused()
    page.keyboard.type("manhole rattles")
    rows = page.get_by_role("article")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Cover rattles")
    expect(rows).to_contain_text("5 working days")
    expect(rows).to_contain_text("in areas of class A")
    expect(rows.locator("mark").first).to_have_text("Manhole")
    expect(page).to_have_url(re.compile(r"q=manhole\+rattles|q=manhole%20rattles"))
    words.fill("nothing of the kind")
    expect(page.get_by_text("No rule has these words")).to_be_visible()

    chinese = opens("acceptor", language="zh")
    chinese.goto("/rules")
    expect(chinese.get_by_label("查找情形")).to_be_focused()
    chinese.keyboard.type("井盖 响")
    rows = chinese.get_by_role("article")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("车辆驶过时井盖有响声")
    expect(rows).to_contain_text("5 工作日")
    expect(rows.locator("mark").first).to_have_text("井盖")
    rows.get_by_role("link").first.click()
    expect(chinese.get_by_role("heading", name="0104 井盖")).to_be_visible()
    expect(chinese.get_by_text("2 小时（全天候）")).to_be_visible()
    expect(chinese.get_by_text("与发现时同一时段")).to_be_visible()


def test_the_book_is_narrowed_by_what_stands_in_the_address(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/rules?urgent=true")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_contain_text("Cover missing")
    page.get_by_label("Urgent only").uncheck()
    page.get_by_label("Component or event").select_option("event")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_contain_text("Fallen tree")
    page.goto("/rules?major=01")
    page.get_by_role("navigation", name="Major and minor").get_by_role("link", name="Pothole").click()
    expect(page.get_by_role("heading", name="0101 Pothole")).to_be_visible()
    page.get_by_label("As on").fill("2019-12-31")
    expect(page.get_by_role("alert")).to_contain_text("2019-12-31")
    expect(page.get_by_text("2 working days")).to_have_count(0)


def test_the_rule_shows_beside_the_choice_of_a_category(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/desk/new")
    page.get_by_role("combobox", name="Category").fill("Manhole")
    page.get_by_role("option", name="Manhole cover").click()
    page.get_by_text("When it is filed, and its limits").click()
    expect(page.get_by_text("A cover rattles when driven over")).to_be_visible()
    expect(page.get_by_role("link", name="The whole rule")).to_have_attribute("href", "/rules/0104")


def begin(page: Page, title: str, day: str = TOMORROW) -> None:
    page.goto("/rules/proposals")
    page.get_by_role("link", name="New proposal").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Reason").fill("Crews are faster now")
    page.get_by_label("First day").fill(day)


def test_a_wrong_line_of_a_workbook_is_named_with_its_reason(opens: Opens, server: Server, tmp_path: Path) -> None:
    page = opens("rule_editor")
    page.goto("/rules")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Export XLSX").click()
    path = tmp_path / "rules.xlsx"
    caught.value.save_as(path)
    book = load_workbook(path)
    sheet = book["rules"]
    heading = [cell.value for cell in sheet[1]]
    row = next(cells for cells in sheet.iter_rows(min_row=2) if cells[0].value == "0102")
    row[heading.index("unit")].value = "fortnight"
    book.save(path)
    begin(page, "From a workbook")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Import as a draft").click()
    wrong = page.get_by_role("row").nth(1)
    expect(wrong).to_contain_text(str(row[0].row))
    expect(wrong).to_contain_text("unit")
    expect(wrong).to_contain_text("fortnight")
    expect(page.get_by_label("Title")).to_have_value("From a workbook")

    row[heading.index("unit")].value = "wh"
    row[heading.index("value")].value = "6"
    book.save(path)
    page.locator("input[type=file]").set_input_files([])
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Import as a draft").click()
    page.wait_for_url(re.compile(r"/rules/proposals/\d+$"))
    expect(page.locator("del")).to_have_text("Handling: 4 working hours")
    expect(page.locator("ins")).to_have_text("Handling: 6 working hours")
    page.locator("[data-act=withdraw]").click()
    expect(page.get_by_text("Withdrawn by")).to_be_visible()


def report(page: Page, words: str) -> str:
    """A report of a pothole by telephone; the number of its case."""
    page.goto("/desk/new")
    page.get_by_label("What the caller says").fill(words)
    page.get_by_role("combobox", name="Category").fill("Pothole")
    page.get_by_role("option", name="Pothole").click()
    page.get_by_label("Channel").select_option("phone")
    page.get_by_label("Longitude").fill("10.004")
    page.get_by_label("Latitude").fill("50.004")
    page.get_by_role("button", name="Hand in").click()
    link = page.locator("a[href^='/cases/']").first
    expect(link).to_be_visible()
    return link.inner_text().strip()


def rule_of(page: Page, case: str) -> Locator:
    """What the page of a case says about its rule."""
    if not page.url.endswith(f"/cases/{case}"):
        page.goto(f"/cases/{case}")
    return page.get_by_role("region", name="Rule and limit")


def test_a_shorter_limit_is_proposed_by_one_and_approved_by_another(opens: Opens, server: Server) -> None:
    editor = opens("rule_editor")
    number = shorten_the_limit_of_potholes(editor)
    editor.locator("[data-act=submit]").click()
    expect(editor.get_by_text("Whoever wrote it does not")).to_be_visible()
    expect(editor.locator("[data-act=approve]")).to_have_count(0)
    assert post_past_the_page(editor, f"/api/rules/proposals/{number}/approve", {"note": ""}).status == 403

    leader = opens("leader")
    leader.goto("/rules/proposals?state=submitted")
    leader.get_by_role("link", name="Potholes in one day").click()
    leader.get_by_label("Note on the decision").fill("Agreed")
    leader.locator("[data-act=approve]").click()
    expect(leader.get_by_text("Approved by")).to_be_visible()
    expect(leader.get_by_text("Agreed")).to_be_visible()
    leader.get_by_role("link", name="Compare editions 2020 and").click()
    expect(leader.get_by_text("0 added, 1 changed, 0 removed")).to_be_visible()
    expect_shorter(leader)
    leader.goto("/rules/0101")
    expect(leader.get_by_text("2 working days")).to_be_visible()
    leader.get_by_label("Edition").select_option(TOMORROW)
    expect(leader.get_by_text("1 working day", exact=True)).to_be_visible()

    acceptor = opens("acceptor")
    before = report(acceptor, "A hole on the day before")
    expect(rule_of(acceptor, before)).to_contain_text("2 working days")
    server.verb = ("serve", "--at", f"{TOMORROW}T10:00")
    server.restart()
    acceptor = opens("acceptor")
    after = report(acceptor, "A hole on the first day of the edition")
    expect(rule_of(acceptor, after)).to_contain_text("1 working day ")
    expect(rule_of(acceptor, before)).to_contain_text("2 working days")
    rule_of(acceptor, before).get_by_role("link").click()
    acceptor.wait_for_url(f"**/rules/0101?on={TODAY}")
    expect(acceptor.get_by_text("2 working days")).to_be_visible()


def shorten_the_limit_of_potholes(page: Page) -> str:
    """A draft by which they are handled in one working day instead of two; its number."""
    begin(page, "Too early", TODAY)
    page.get_by_role("button", name="Begin the draft").click()
    expect(page.get_by_role("alert")).to_contain_text(TODAY)
    page.get_by_label("Title").fill("Potholes in one day")
    page.get_by_label("First day").fill(TOMORROW)
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Potholes in one day")
    page.get_by_role("button", name="Begin the draft").click()
    page.wait_for_url(re.compile(r"/rules/proposals/\d+$"))
    number = page.url.rsplit("/", 1)[1]
    expect(page.locator("[data-act=submit]")).to_be_disabled()

    page.get_by_role("combobox", name="Category to change").fill("Pothole")
    page.get_by_role("option", name="Pothole").click()
    value = page.get_by_label("Limit 1 Value")
    expect(value).to_have_value("2")
    value.fill("0")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("Limit 1, Value")
    value.fill("1")
    page.reload()
    expect(value).to_have_value("1")
    page.get_by_role("button", name="Save in the draft").click()
    page.wait_for_url(f"**/rules/proposals/{number}")
    expect_shorter(page)
    return number


def expect_shorter(page: Page) -> None:
    expect(page.locator("del")).to_have_text("Handling: 2 working days")
    expect(page.locator("ins")).to_have_text("Handling: 1 working day")
