"""Finding a place as one types: on the map, and for a report that is being taken in."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from web.conftest import Opens
from web.server import Server, make_city, run

ADDRESSES = """name,lon,lat
经十路1号,10.0011,50.0011
经十路9号,10.0091,50.0011
Mill Road & Church Lane,10.0051,50.0051
东市场,10.0031,50.0031
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city whose addresses were taken in from a file."""
    folder = tmp_path_factory.mktemp("places")
    made = make_city(folder, seeded=0)
    file = folder / "addresses.csv"
    file.write_text(ADDRESSES, encoding="utf-8")
    run("addresses", "import", file, "--data-dir", made.data)
    made.start()
    yield made
    made.stop()


def search(page: Page, typed: str, name: str) -> Locator:
    """Type; the places that are found."""
    field = page.get_by_role("combobox", name=name)
    field.fill("")
    field.press_sequentially(typed, delay=15)
    found = page.get_by_role("listbox", name=name)
    expect(found).to_be_visible()
    return found.get_by_role("option")


def test_the_map_goes_to_what_was_typed(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/map")
    first = search(page, "church lane and mill", "Find a place").first
    expect(first).to_contain_text("Mill Road & Church Lane")
    first.click()
    expect(page).to_have_url(re.compile(r"at=10\.005\d*(,|%2C)50\.005"))
    expect(page.locator(".cockpit-chosen")).to_be_visible()


def test_a_report_gets_its_point_and_address_by_the_keyboard(opens: Opens) -> None:
    page = opens("acceptor", language="zh")
    page.goto("/desk/new")
    expect(search(page, "jingshilu", "查找地点").first).to_contain_text("经十路")
    expect(search(page, "经十路八号", "查找地点").first).to_contain_text("最近的已知门牌")
    first = search(page, "经十路九号", "查找地点").first
    expect(first).to_contain_text("经十路9号")
    expect(first).not_to_contain_text("最近的已知门牌")
    page.get_by_role("combobox", name="查找地点").press("Enter")
    expect(page.get_by_label("地址")).to_have_value("经十路9号")
    expect(page.get_by_label("经度")).to_have_value("10.0091")
    expect(page.get_by_label("纬度")).to_have_value("50.0011")


def test_what_is_not_found_is_said_and_nothing_breaks(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/map")
    field = page.get_by_role("combobox", name="Find a place")
    field.fill("qqqq zzzz")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    field.press("Escape")
    expect(page.get_by_text("Nothing found.")).to_be_hidden()
    field.fill("50.0041, 10.0042")
    page.get_by_role("listbox", name="Find a place").get_by_role("option").first.click()
    expect(page).to_have_url(re.compile(r"at=10\.004"))
