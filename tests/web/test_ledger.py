"""The responsibility ledger on the screen: who answers here and why, where nobody does, the duties as a table."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from web.conftest import Opens
from web.server import Server, make_city


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, with situations in its rule book."""
    made = make_city(tmp_path_factory.mktemp("ledger"), seeded=0, situations=True)
    made.start()
    yield made
    made.stop()


def test_a_click_on_the_map_tells_who_answers_and_why_not_the_others(opens: Opens) -> None:
    page = opens("dispatcher")
    page.goto("/ledger")
    expect(page.get_by_text("Choose a category and a place.")).to_be_visible()
    page.get_by_role("combobox", name="Category").fill("Pothole")
    page.get_by_role("option", name="Pothole").click()
    page.wait_for_function("() => !document.querySelector('[data-busy]')")
    page.locator("canvas.maplibregl-canvas").click()
    expect(page).to_have_url(re.compile(r"lon=10\.\d+.*lat=50\.\d+"))
    answer = page.get_by_role("region", name="Roads department")
    expect(answer).to_contain_text("One duty decides.")
    expect(page.get_by_role("region", name="What decides")).to_contain_text("L")
    page.get_by_label("At this time").fill("2019-06-03T10:00")
    expect(page.get_by_role("alert").or_(page.get_by_role("region", name="What does not, and why"))).to_be_visible()


def test_gaps_and_disputes_are_counted_and_listed(opens: Opens) -> None:
    page = opens("dispatcher")
    page.goto("/ledger/gaps")
    expect(page.get_by_role("button", name=re.compile(r"^All \(\d+\)$"))).to_be_visible(timeout=20_000)
    page.get_by_role("button", name=re.compile("^Disputes")).click()
    expect(page).to_have_url(re.compile("kind=dispute"))


def test_the_ledger_is_a_table_that_is_narrowed(opens: Opens) -> None:
    page = opens("dispatcher", language="zh")
    page.goto("/ledger/rows")
    expect(page.get_by_role("rowheader", name="L1", exact=True)).to_be_visible()
    page.get_by_label("部件或道路编码").fill("none")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有符合条件的有效责任。")).to_be_visible()


def test_who_may_not_read_the_ledger_is_not_shown_it(opens: Opens) -> None:
    page = opens("collector")
    page.goto("/objects")
    expect(page.get_by_role("link", name="Rule book")).to_be_visible()
    expect(page.get_by_role("link", name="Ledger")).to_have_count(0)
    page.goto("/ledger")
    expect(page.get_by_text("Your posts do not open this page")).to_be_visible()
