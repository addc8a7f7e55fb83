"""The responsibility ledger on the screen: who answers here and why, where nobody does, the duties as a table."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from web.conftest import Opens
from web.server import Server, make_city


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, in whose eastern district nobody answers for the lamps."""
    made = make_city(tmp_path_factory.mktemp("ledger"), seeded=0, situations=True, without="L3")
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


def test_a_gap_is_closed_by_an_approved_proposal(opens: Opens) -> None:
    keeper = opens("ledger_keeper")
    keeper.goto("/ledger/gaps")
    rows = keeper.get_by_role("region", name="Gaps and disputes").get_by_role("listitem")
    gap = rows.filter(has_text="East")
    expect(gap).to_have_count(1)
    gap.get_by_role("button").click()
    gap.get_by_role("link", name="Propose a duty for it").click()
    keeper.get_by_label("Title").fill("Lamps in the east")
    keeper.get_by_label("First day").fill("2025-06-03")
    keeper.get_by_role("button", name="Begin").click()
    expect(keeper).to_have_url(re.compile("/new"))  # no basis is named yet
    keeper.locator("#proposal-basis").fill("Decree 7")
    keeper.get_by_role("button", name="Begin").click()
    keeper.wait_for_url(re.compile(r"/ledger/proposals/\d+\?"))
    address = keeper.url
    keeper.get_by_label("Duty", exact=True).fill("L9")
    keeper.get_by_role("combobox", name="Handled by").fill("Parks")
    keeper.get_by_role("option", name="Parks department").click()
    keeper.get_by_role("button", name="Put into the proposal").click()
    expect(keeper.get_by_role("heading", name="L9")).to_be_visible()
    keeper.get_by_role("button", name="Submit", exact=True).click()
    expect(keeper.locator(".state.submitted")).to_be_visible()
    expect(keeper.get_by_text("asked for")).to_be_visible()

    parks = opens("handler-parks")
    parks.goto(address)
    parks.get_by_role("button", name="Agree").click()
    expect(parks.get_by_text("Handler of parks agreed on")).to_be_visible()

    leader = opens("leader")
    leader.goto(address)
    leader.get_by_role("button", name="Approve").click()
    expect(leader.get_by_text("Decided by")).to_be_visible()

    keeper.goto("/ledger/gaps?day=2025-06-04")
    expect(keeper.get_by_role("button", name=re.compile(r"^All \(0\)$"))).to_be_visible(timeout=20_000)
    keeper.goto("/ledger/gaps?day=2025-06-02")
    expect(rows.filter(has_text="East")).to_have_count(1, timeout=20_000)
