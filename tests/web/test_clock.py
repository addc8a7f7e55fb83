"""The clock on the screens: more time is asked for and granted, a year is looked at, a countdown ticks and stands."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import confirm, take

SEEDED = 60
KNOWN_UNTIL = "2025-06-03"
"""The day after the city's clock begins: what is due later is provisional."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own: its clock is put forward."""
    made = make_city(tmp_path_factory.mktemp("clock"), seeded=SEEDED, known_until=KNOWN_UNTIL)
    made.start()
    yield made
    made.stop()


def first_of(page: Page, query: str) -> str:
    """The number of the first case of a list, whose page is opened."""
    page.goto(f"/desk?{query}")
    link = page.locator("tbody tr a").first
    number = link.inner_text()
    link.click()
    page.wait_for_url("**/cases/*")
    return number


def told(page: Page, number: str) -> Any:
    return page.request.get(f"/api/cases/{number}").json()


def head(page: Page) -> Locator:
    return page.locator("main header").first


def test_an_extension_is_asked_for_granted_and_explained(opens: Opens) -> None:
    handler = opens("handler-roads")
    number = first_of(handler, "queue=all&state=handling&category=0101&light=green")
    before = told(handler, number)
    take(handler, "ask_extension")
    handler.get_by_label("Reason").fill("The asphalt comes on Thursday")
    handler.get_by_label("How many").fill("2")
    handler.get_by_label("Unit", exact=True).select_option(label="working days")
    handler.reload()
    take(handler, "ask_extension")
    expect(handler.get_by_label("Reason")).to_have_value("The asphalt comes on Thursday")
    expect(handler.get_by_label("How many")).to_have_value("2")
    confirm(handler, "Being handled")
    expect(head(handler)).to_contain_text("extension asked")

    dispatcher = opens("dispatcher")
    dispatcher.goto("/desk")
    dispatcher.get_by_role("button", name="Filters", exact=True).click()
    dispatcher.get_by_label("With a request to decide on").check()
    dispatcher.wait_for_url("**/desk?*waiting=true*")
    row = dispatcher.locator(f"tr[data-number='{number}']")
    expect(row).to_contain_text("extension asked")
    row.get_by_role("link").click()
    take(dispatcher, "grant_hold")
    confirm(dispatcher, "Being handled")

    after = told(dispatcher, number)
    assert (before["first_due_at"], before["due_at"]) == (after["first_due_at"], after["first_due_at"])
    assert after["due_at"] > before["due_at"]
    expect(head(dispatcher)).to_contain_text("Due at first")
    expect(head(dispatcher)).to_contain_text("provisional")
    dispatcher.get_by_text("Why is it due then").click()
    clocks = dispatcher.get_by_role("region", name="Clocks")
    expect(clocks).to_contain_text("The whole case and the unit: Roads department")
    expect(clocks.get_by_role("region", name="working days").first.locator("tr.counted")).to_have_count(2)
    expect(clocks).to_contain_text("by rule 0101")
    expect(clocks).to_contain_text("2 working days more")
    expect(clocks).to_contain_text("Due beyond the days that the calendar knows")
    expect(clocks.get_by_role("listitem").filter(has_text="The asphalt comes on Thursday")).to_contain_text("granted")

    dispatcher.goto("/desk?provisional=true&queue=all")
    expect(dispatcher.locator(f"tr[data-number='{number}']")).to_contain_text("provisional")


def test_until_when_is_told_by_the_clocks_of_the_city(opens: Opens) -> None:
    """Whoever asks sits in another zone."""
    handler = opens("handler-roads", timezone_id="Asia/Shanghai")
    number = first_of(handler, "queue=all&state=dispatched&category=0101&light=green")
    take(handler, "ask_deferral")
    form = handler.get_by_role("region", name="Next step").locator("form")
    form.locator("button[type=submit]").click()
    expect(form).to_contain_text("Still missing: Put off until (city time)")
    handler.get_by_label("Reason").fill("The fair lasts until noon")
    handler.get_by_label("Put off until").fill("2025-06-05T12:00")
    confirm(handler, "Dispatched")
    dispatcher = opens("dispatcher")
    dispatcher.goto(f"/cases/{number}")
    expect(dispatcher.get_by_role("region", name="Clocks")).to_contain_text("until 2025-06-05 12:00")
    take(dispatcher, "grant_hold")
    confirm(dispatcher, "Dispatched")
    expect(head(dispatcher)).to_contain_text("deferred")
    (hold,) = told(dispatcher, number)["holds"]
    assert (hold["until_at"], hold["stands"]) == ("2025-06-05T10:00:00+00:00", "running")


def test_what_is_shelved_has_no_deadline_until_it_is_taken_up_again(opens: Opens) -> None:
    handler = opens("handler-roads")
    number = first_of(handler, "queue=all&state=handling&category=0102&light=green")
    take(handler, "ask_shelving")
    handler.get_by_label("Reason").fill("The lamp is made to order")
    handler.get_by_label("Look at it again on").fill("2025-09-01")
    handler.get_by_label("What keeps it safe meanwhile").fill("A lamp on a tripod")
    confirm(handler, "Being handled")
    dispatcher = opens("dispatcher")
    dispatcher.goto(f"/cases/{number}")
    take(dispatcher, "grant_hold")
    confirm(dispatcher, "Being handled")
    expect(head(dispatcher)).to_contain_text("shelved")
    expect(head(dispatcher).get_by_role("timer")).to_have_count(0)
    expect(dispatcher.get_by_text("A lamp on a tripod")).to_be_visible()
    dispatcher.goto(f"/desk?queue=all&q={number}")
    expect(dispatcher.locator(f"tr[data-number='{number}']")).to_contain_text("shelved")
    dispatcher.goto(f"/cases/{number}")
    take(dispatcher, "end_hold")
    confirm(dispatcher, "Being handled")
    expect(head(dispatcher).get_by_role("timer")).to_have_count(1)


def test_more_time_is_asked_for_several_cases_at_once(opens: Opens) -> None:
    page = opens("handler-roads")
    page.goto("/desk?queue=all&state=handling&category=0101&light=green")
    for row in (1, 2):
        page.locator("tbody tr").nth(row).get_by_role("checkbox").check()
    page.get_by_role("region", name="Bulk steps").get_by_role("button", name="Ask for more time").click()
    form = page.get_by_role("dialog")
    send = form.get_by_role("button", name="Ask for more time 2 cases")
    form.get_by_label("Reason").fill("Frost")
    expect(send).to_be_disabled()
    form.get_by_label("How many").fill("3")
    form.get_by_label("Unit", exact=True).select_option(label="working hours")
    send.click()
    expect(page.get_by_text("Ask for more time: all 2 done")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="extension asked")).to_have_count(2)


def day(page: Page, date: str) -> Locator:
    return page.get_by_role("cell").filter(has=page.locator(f"time[datetime='{date}']"))


def test_a_year_is_looked_at_in_both_languages(opens: Opens) -> None:
    page = opens("evaluator", language="zh")
    page.goto("/desk")
    page.get_by_role("link", name="日历").click()
    expect(page.get_by_role("heading", name="2025 年工作日历")).to_be_visible()
    expect(page.get_by_role("table", name="四月")).to_be_visible()
    expect(day(page, "2025-04-18")).to_contain_text("节假日")
    expect(day(page, "2025-04-26")).to_contain_text("调休上班, 09:00–13:00")
    expect(day(page, "2025-12-24")).to_contain_text("调整工作时段, 08:00–12:00, 暂定")
    expect(day(page, "2025-06-03")).not_to_contain_text("暂定")
    expect(day(page, "2025-06-04")).to_contain_text("暂定")
    expect(page.get_by_role("region", name="六月")).to_contain_text("6月4日起暂定")
    expect(page.get_by_role("region", name="四月")).to_contain_text("22 个工作日")
    page.get_by_role("button", name="English").click()
    expect(day(page, "2025-04-18")).to_contain_text("holiday")
    expect(day(page, "2025-04-26")).to_contain_text("make-up working day")
    expect(page.get_by_role("row", name="Fri 18 Apr").or_(page.get_by_role("row", name="Fri, 18 Apr"))).to_contain_text(
        "no work"
    )
    page.get_by_role("link", name="2026").click()
    expect(page.get_by_role("heading", name="Working calendar 2026")).to_be_visible()
    expect(page.get_by_role("region", name="January")).to_contain_text("provisional")
    page.get_by_label("Year", exact=True).fill("2024")
    page.get_by_label("Year", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Working calendar 2024")).to_be_visible()
    expect(page.get_by_role("link", name="Maintain this calendar")).to_have_count(0)


def test_whoever_maintains_the_calendar_comes_from_its_year_to_its_form(opens: Opens) -> None:
    page = opens("administrator")
    page.goto("/calendars")
    page.get_by_role("link", name="Maintain this calendar").click()
    expect(page.locator("[name=single_days]")).to_have_value(
        "2025-04-18\n2025-04-26 09:00-13:00\n2025-12-24 08:00-12:00"
    )


def ticks(timer: Locator, page: Page) -> bool:
    before = timer.inner_text()
    page.wait_for_timeout(2_500)
    return timer.inner_text() != before


def test_a_countdown_ticks_and_stands_still_outside_of_working_hours(opens: Opens, server: Server) -> None:
    page = opens("dispatcher")
    number = first_of(page, "queue=all&category=0102&state=dispatched&light=green")
    timer = head(page).get_by_role("timer").first
    expect(timer).to_contain_text("work time left")
    assert ticks(timer, page)
    server.restart("serve", "--at", "2025-06-02T12:30")
    page.reload()
    expect(head(page)).to_contain_text("paused: not working hours")
    assert not ticks(timer, page)
    page.goto("/desk?queue=all&category=0102")
    expect(page.get_by_text("not working hours: paused until 14:00")).to_be_visible()
    row = page.locator(f"tr[data-number='{number}']").get_by_role("timer").first
    expect(row).to_have_attribute("data-runs", "false")

    server.restart("serve", "--at", "2025-06-02T13:59:40")
    page.reload()
    expect(row).to_have_attribute("data-runs", "false")
    expect(row).to_have_attribute("data-runs", "true", timeout=60_000)
    assert ticks(row, page)
    expect(page.get_by_text("not working hours")).to_have_count(0)
