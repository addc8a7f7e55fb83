"""Steps that came with the whole lifecycle, on the screen: returns and rulings, merges, checks on the spot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import FilePayload, Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import confirm, go, photo, post_past_the_page, reach, take

HERE = {"longitude": 10.004, "latitude": 50.004, "accuracy": 12}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
    "geolocation": HERE,
    "permissions": ["geolocation"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = make_city(tmp_path_factory.mktemp("steps"), seeded=0)
    made.start()
    yield made
    made.stop()


def reported(desk: Page, words: str, *, east: float = 0, picture: Path | None = None) -> str:
    """A pothole that somebody called about, so many degrees further east; the number of its case."""
    if desk.url == "about:blank":
        desk.goto("/account")
    photos = [sent(desk, picture)] if picture else []
    body = {
        "channel": "phone", "outside_id": str(uuid4()), "datum": "WGS84", "lon": 10.004 + east, "lat": 50.004,
        "address": "Mill Lane 3", "words": words, "category": "0101", "area": "", "photos": photos,
        "reporter": {"name": "Ada Lamb"},
    }  # fmt: skip
    answer = post_past_the_page(desk, "/api/reports", body)
    assert answer.ok, answer.text()
    return str(answer.json()["case"])


def sent(page: Page, picture: Path) -> str:
    token = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}["csrftoken"]
    file = FilePayload(name=picture.name, mimeType="image/jpeg", buffer=picture.read_bytes())
    headers = {"X-CSRFToken": token, "Referer": page.url}
    answer = page.context.request.post("/api/photos", multipart={"file": file}, headers=headers)
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def told(page: Page, number: str) -> dict[str, Any]:
    answer: dict[str, Any] = page.context.request.get(f"/api/cases/{number}").json()
    return answer


def dispatched(desk: Page, dispatcher: Page, words: str, **facts: Any) -> str:
    number = reported(desk, words, **facts)
    go(desk, number, "register")
    go(desk, number, "file")
    dispatcher.goto(f"/cases/{number}")
    go(dispatcher, number, "dispatch", organisation="roads")
    return number


def test_a_return_names_the_disputed_duty_and_is_denied_for_good(opens: Opens) -> None:
    leader, dispatcher, handler = opens("shift_leader"), opens("dispatcher"), opens("handler-roads")
    number = dispatched(leader, dispatcher, "A hole on the border of two lots")
    handler.goto(f"/cases/{number}")
    take(handler, "request_return")
    form = handler.get_by_role("region", name="Next step").locator("form")
    disputed, basis = form.get_by_label("Ledger row in dispute"), form.get_by_label("Document it rests on")
    expect(form.get_by_role("radio").first).to_be_visible()
    expect(disputed.or_(basis)).to_have_count(0)  # no reason is chosen yet
    form.get_by_role("radio", name="permitted").check()
    basis.fill("Permit 12")
    form.get_by_role("radio", name="not ours").check()
    expect(basis).to_have_count(0)
    expect(disputed).to_have_value("L1")
    form.get_by_label("Note").fill("The next lot begins at the bridge")
    confirm(handler, "Return asked")
    asked = told(handler, number)["entries"][-1]
    assert {fact["fact"]: fact["value"] for fact in asked["told"]} == {"reason": "not_ours", "disputed": "L1"}

    dispatcher.reload()
    take(dispatcher, "deny_return")
    dispatcher.get_by_label("Reason").fill("The lot ends behind the bridge")
    confirm(dispatcher, "Being handled")

    handler.reload()
    duties = handler.get_by_role("region", name="Assignments")
    expect(duties).to_contain_text("Ruled")
    button = reach(handler, "request_return")
    expect(button).to_have_attribute("aria-disabled", "true")
    described = handler.locator(f"[id='{button.get_attribute('aria-describedby')}']")
    expect(described).to_contain_text("ruled")


def test_two_reports_are_compared_and_merged(opens: Opens, tmp_path: Path) -> None:
    desk = opens("acceptor")
    first = reported(desk, "A hole before the bakery", picture=photo(tmp_path / "one.jpg"))
    second = reported(desk, "Deep hole, Mill Lane", east=0.0004, picture=photo(tmp_path / "two.jpg", "#335533"))
    desk.goto(f"/cases/{second}")
    take(desk, "merge")
    form = desk.get_by_role("region", name="Next step").locator("form")
    form.get_by_role("button").filter(has_text=first).click()
    expect(form.get_by_label("Other case")).to_have_value(first)
    compared = desk.get_by_role("region", name="Side by side")
    here, there = (compared.get_by_role("region", name=name) for name in ("This case", "The other case"))
    expect(here).to_contain_text("Deep hole, Mill Lane")
    expect(there).to_contain_text("A hole before the bakery")
    for side in (here, there):
        expect(side.locator("img")).to_have_count(1)
    expect(compared).to_contain_text("29 m apart")
    expect(compared.get_by_text("Ada Lamb")).to_have_count(0)
    expect(compared.get_by_text("A*******")).to_have_count(2)
    confirm(desk, "Merged")

    ties = desk.get_by_role("region", name="Linked cases").get_by_role("listitem")
    expect(ties).to_contain_text("Merged into")
    ties.get_by_role("link", name=first).click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text(first)
    expect(ties).to_contain_text("Merged into this one")
    expect(ties.get_by_role("link", name=second)).to_be_visible()
    came = desk.get_by_role("region", name="What was reported").get_by_role("listitem")
    expect(came).to_have_count(2)
    expect(came.filter(has_text="Deep hole")).to_contain_text(f"came with merged case {second}")
    photos = desk.get_by_role("region", name="Photos")
    expect(photos.get_by_role("region", name="Before").locator("img")).to_have_count(2)


def test_a_check_on_the_phone_sends_the_case_back(opens: Opens, tmp_path: Path, complaints: list[str]) -> None:
    """The network goes in the middle; what was typed is kept and sent when it is back."""
    leader, dispatcher, handler = opens("shift_leader"), opens("dispatcher"), opens("handler-roads")
    number = dispatched(leader, dispatcher, "A hole at the school gate", picture=photo(tmp_path / "before.jpg"))
    handler.goto(f"/cases/{number}")
    go(handler, number, "sign_for")
    after = sent(handler, photo(tmp_path / "after.jpg", "#335533"))
    go(handler, number, "handle", result="Filled", means="service", photos=[after])

    phone = opens("collector", **PHONE)
    phone.goto("/field")
    tasks = phone.get_by_role("region", name="List of tasks").get_by_role("listitem")
    expect(tasks.filter(has_text=number)).to_contain_text("0 m")
    expect(phone.get_by_text("Nearest first")).to_be_visible()
    tasks.filter(has_text=number).get_by_role("link").click()
    expect(phone.get_by_text("A hole at the school gate")).to_be_visible()
    expect(phone.get_by_role("region", name="What was done")).to_contain_text("Filled")
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.get_by_text("Choose an answer first.")).to_be_visible()
    phone.get_by_label("not solved").check()
    phone.locator("form input[type=file]").set_input_files([photo(tmp_path / "check.jpg", "#884422")])
    expect(phone.get_by_text("1 photos sent")).to_be_attached()
    phone.get_by_label("Remark").fill("It has sunk again")
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.get_by_text("There is no network.")).to_be_visible()
    expect(phone.get_by_text("it is sent when the network is back")).to_be_visible()
    assert told(leader, number)["state"] == "handled"
    complaints.clear()
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Sent.")
    checked = told(leader, number)["entries"][-1]
    assert (checked["step"], checked["note"], len(checked["evidence"])) == ("check", "It has sunk again", 1)
    assert {fact["fact"]: fact["value"] for fact in checked["told"]}["verdict"] == "not_solved"
    assert phone.evaluate("document.scrollingElement.scrollWidth") == 390

    leader.goto(f"/cases/{number}")
    expect(leader.locator("main header")).to_contain_text("Check found: not solved")
    photos = leader.get_by_role("region", name="Photos")
    expect(photos.get_by_role("region", name="After").locator("img")).to_have_count(1)
    expect(leader.locator("button[data-step=close]")).to_have_attribute("aria-disabled", "true")
    take(leader, "rework")
    leader.get_by_label("Reason").fill("Sunk again, see photo")
    confirm(leader, "Dispatched")
    duties = leader.get_by_role("region", name="Assignments")
    expect(duties.get_by_role("listitem").filter(has_text="Round 2").first).to_contain_text("Roads department")
