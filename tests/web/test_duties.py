"""Duties beside the handling on the screen: a whistle and who reports in, work handed down and reviewed, opinions."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import confirm, go, reach, submit, take
from web.test_steps import HERE, PHONE, dispatched, reported, told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = make_city(tmp_path_factory.mktemp("duties"), seeded=0, crew=True)
    made.start()
    yield made
    made.stop()


def next_step(page: Page) -> Locator:
    return page.get_by_role("region", name="Next step")


def duty(page: Page, organisation: str) -> Locator:
    """A duty in the tree of assignments."""
    tree = page.get_by_role("region", name="Assignments")
    return tree.locator(".assignment").filter(has_text=organisation)


def add(page: Page, code: str) -> None:
    """Choose a body by its code, once there is something to choose from."""
    box = next_step(page).locator("input[role=combobox]")
    box.fill(code)
    expect(page.locator("li[role=option]").first).to_be_visible()
    box.press("Enter")


def test_a_chief_calls_departments_and_releases_them_with_a_rating(opens: Opens) -> None:
    leader, chief = opens("shift_leader"), opens("chief")
    number = reported(leader, "Three pipes in one hole")
    go(leader, number, "register")
    go(leader, number, "file")
    chief.goto(f"/cases/{number}")
    take(chief, "whistle")
    submit(chief)
    expect(next_step(chief).get_by_text("Still missing: Bodies")).to_be_visible()
    for code in ("roads", "parks", "crew"):
        add(chief, code)
    bodies = next_step(chief).get_by_role("list", name="Bodies").get_by_role("listitem")
    expect(bodies).to_contain_text(["Roads department", "Parks department", "Road crew"])
    bodies.filter(has_text="Road crew").get_by_role("button", name="Leave out Road crew").click()
    expect(bodies).to_have_count(2)
    next_step(chief).get_by_role("radio", name="hard matter").check()
    chief.get_by_label("Reason").fill("All of you to the spot")
    confirm(chief, "Filed")
    expect(duty(chief, "Roads department")).to_contain_text("on the way to the spot")

    phone = opens("handler-roads", **PHONE)
    phone.goto("/desk")
    phone.get_by_role("link").filter(has_text=number).first.click()
    take(phone, "arrive-2")
    expect(next_step(phone).get_by_text(f"exact to {HERE['accuracy']} m")).to_be_visible()
    confirm(phone, "Filed")
    place = {fact["fact"]: fact["value"] for fact in told(leader, number)["entries"][-1]["told"]}["place"]
    assert place == "10.004000 50.004000"
    take(phone, "finish_duty-2")
    phone.get_by_label("Result").fill("Pipe closed")
    confirm(phone, "Filed")
    assert phone.evaluate("document.scrollingElement.scrollWidth") == 390

    chief.goto("/desk")
    expect(chief.get_by_role("link").filter(has_text=number).first).to_be_visible()  # it waits for its review
    chief.goto(f"/cases/{number}")
    take(chief, "accept_duty-2")
    submit(chief)
    expect(next_step(chief).get_by_text("Still missing: Rating")).to_be_visible()
    next_step(chief).get_by_role("radio", name="good").check()
    confirm(chief, "Filed")
    expect(duty(chief, "Roads department")).to_contain_text("accepted")
    take(chief, "recall_duty-3")
    chief.get_by_label("Reason").fill("Not needed any more")
    confirm(chief, "Filed")
    expect(duty(chief, "Parks department")).to_contain_text("called back")


def test_work_is_handed_down_reviewed_and_only_then_reported(opens: Opens) -> None:
    leader, dispatcher, handler, crew = (
        opens(post) for post in ("shift_leader", "dispatcher", "handler-roads", "handler-crew")
    )
    number = dispatched(leader, dispatcher, "A hole that a crew fills")
    handler.goto(f"/cases/{number}")
    go(handler, number, "sign_for")
    handler.reload()
    take(handler, "delegate")
    next_step(handler).locator("input[role=combobox]").click()
    bodies = handler.locator("li[role=option]")
    expect(bodies).to_have_count(1)  # nobody else is below
    expect(bodies).to_contain_text("Road crew")
    add(handler, "crew")
    next_step(handler).get_by_label("How many").fill("1")
    confirm(handler, "Being handled")

    crew.goto(f"/cases/{number}")
    take(crew, "finish_duty-3")
    crew.get_by_label("Result").fill("Filled")
    confirm(crew, "Being handled")

    handler.reload()
    button = reach(handler, "handle")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(next_step(handler)).to_contain_text("Duties are still open here: 1.")
    expect(duty(handler, "Road crew")).to_contain_text("waiting for the review")
    take(handler, "reject_duty-3")
    handler.get_by_label("Reason").fill("The kerb is missing")
    confirm(handler, "Being handled")
    go(crew, number, "finish_duty", duty=3, result="Kerb set")
    handler.reload()
    take(handler, "accept_duty-3")
    confirm(handler, "Being handled")
    take(handler, "handle")
    handler.get_by_label("Result").fill("Filled, kerb set")
    confirm(handler, "Handled")


def test_bodies_are_asked_and_one_without_an_inbox_is_spoken_for(opens: Opens) -> None:
    leader, dispatcher = opens("shift_leader"), opens("dispatcher")
    number = reported(leader, "Whose manhole is this?")
    go(leader, number, "register")
    go(leader, number, "file")
    dispatcher.goto(f"/cases/{number}")
    take(dispatcher, "consult")
    for code in ("roads", "parks"):
        add(dispatcher, code)
    next_step(dispatcher).get_by_label("Delivered by").select_option(label="letter")
    dispatcher.get_by_label("Reason").fill("No row of the ledger names an owner")
    confirm(dispatcher, "Filed")
    expect(duty(dispatcher, "Parks department")).to_contain_text("By letter")
    take(dispatcher, "finish_duty-3")
    dispatcher.get_by_label("Result").fill("Their letter 7: not ours")
    confirm(dispatcher, "Filed")
    expect(duty(dispatcher, "Parks department")).to_contain_text("answered")
    entries = dispatcher.get_by_role("region", name="Log")
    expect(entries).to_contain_text("Entered for a body served by: letter")

    chief = opens("section_chief")
    chief.goto(f"/cases/{number}")
    take(chief, "settle")
    add(chief, "parks")
    next_step(chief).get_by_role("radio", name="owner of the object").check()
    chief.get_by_label("Document it rests on").fill("Minutes of 2 June")
    confirm(chief, "Filed")
    answers = chief.get_by_role("region", name="Who answers")
    expect(answers).to_contain_text("Parks department")
    expect(answers).to_contain_text("Minutes of 2 June")
    expect(duty(chief, "Roads department")).to_contain_text("called back")
