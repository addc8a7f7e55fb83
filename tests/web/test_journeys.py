"""One signal round the loop, by the people who carry it, each at their own screen."""

from pathlib import Path

from playwright.sync_api import expect

from web.conftest import Opens
from web.server import Server
from web.steps import confirm, enter, follow, heic, photo, report, send, step, submit, take

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
    "geolocation": {"longitude": 10.004, "latitude": 50.004, "accuracy": 12},
    "permissions": ["geolocation"],
}


def test_a_signal_goes_once_round_the_loop(opens: Opens, tmp_path: Path) -> None:
    citizen = opens(**PHONE)
    words, answer = "Deep hole before the bakery", "Filled and rolled"
    report(citizen, words=words, category="Pothole", files=[photo(tmp_path / "before.jpg")])
    number, secret = send(citizen)

    desk = opens("shift_leader")
    desk.goto("/desk?queue=all&sort=newest")
    desk.get_by_role("row").nth(1).get_by_role("link").first.click()
    desk.wait_for_url("**/cases/*")
    case = desk.url.rsplit("/", 1)[1]
    expect(desk.get_by_text(words)).to_be_visible()
    expect(desk.locator("img[src*='/photos/']").first).to_be_visible()
    step(desk, "register", "Registered")
    step(desk, "file", "Filed")

    dispatcher = opens("dispatcher")
    dispatcher.goto(f"/cases/{case}")
    take(dispatcher, "dispatch")
    expect(dispatcher.get_by_text("The ledger names Roads department")).to_be_visible()
    confirm(dispatcher, "Dispatched")

    handler = opens("handler-roads")
    handler.goto(f"/cases/{case}")
    step(handler, "sign_for", "Being handled")
    take(handler, "handle")
    handler.locator("form textarea").first.fill(answer)
    handler.locator("form input[type=file]").set_input_files([photo(tmp_path / "after.jpg", "#335533")])
    expect(handler.get_by_text("1 photos sent")).to_be_visible()
    confirm(handler, "Handled")

    desk.reload()
    take(desk, "check")
    desk.get_by_role("radio").first.check()
    confirm(desk, "Checked")
    take(desk, "close")
    desk.get_by_role("radio", name="solved", exact=True).check()
    confirm(desk, "Closed")

    follow(citizen, number, secret)
    expect(citizen.get_by_text(answer)).to_be_visible()
    expect(citizen.get_by_alt_text("Photo of what was done; opens larger").first).to_be_visible()
    follow(citizen, number, "WRONGONE")
    expect(citizen.get_by_role("alert")).to_be_visible()


def test_two_people_on_one_case(opens: Opens) -> None:
    """Whoever comes second is shown what changed, and what was typed is kept."""
    first, second = opens("shift_leader"), opens("acceptor")
    first.goto("/desk?queue=all&state=reported")
    first.get_by_role("row").nth(1).get_by_role("link").first.click()
    first.wait_for_url("**/cases/*")
    case = first.url.rsplit("/", 1)[1]
    second.goto(f"/cases/{case}")
    take(second, "register")
    second.get_by_label("Note").fill("Typed with care")
    step(first, "register", "Registered")
    submit(second)
    expect(second.get_by_text("While you were filling this in, the case moved")).to_be_visible()
    expect(second.get_by_text("is no longer possible")).to_be_visible()
    expect(second.get_by_label("Note")).to_have_value("Typed with care")


def test_a_step_that_this_post_may_not_take_says_why(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/desk?queue=all&state=filed")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    button = page.locator("button[data-step=dispatch]")
    expect(button).to_have_attribute("aria-disabled", "true")
    described = page.locator(f"[id='{button.get_attribute('aria-describedby')}']")
    expect(described).to_contain_text("Dispatcher")
    button.click(force=True)
    expect(page.get_by_role("region", name="Next step").locator("form")).to_have_count(0)


def test_what_a_post_sees_is_decided_by_the_server(opens: Opens) -> None:
    """A handler sees the cases of its own unit; a page that needs more says so."""
    roads = opens("handler-roads")
    roads.goto("/desk?queue=all")
    expect(roads.get_by_role("row").nth(1)).to_be_visible()
    assert all("Roads department" in row for row in roads.get_by_role("row").all_inner_texts()[1:])
    roads.goto("/scores")
    expect(roads.get_by_role("heading", name="Your posts do not open this page")).to_be_visible()
    nobody = opens()
    nobody.goto("/desk")
    nobody.wait_for_url("**/sign-in?next=/desk")


def test_signing_in_and_out(opens: Opens, server: Server) -> None:
    page = opens()
    page.goto("/sign-in?next=//elsewhere.example/")
    page.get_by_label("User name").fill("evaluator")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(server.logins()["evaluator"]["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/scores")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/desk")
    page.wait_for_url("**/sign-in?next=/desk")


def test_every_demo_log_in_signs_in(opens: Opens, server: Server) -> None:
    for login in server.logins().values():
        page = opens()
        enter(page, login["post"])
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.context.close()


def test_a_session_that_ends_in_the_middle_of_a_form(opens: Opens, server: Server) -> None:
    """The page stays, the sign-in comes over it, and what was asked goes on."""
    page = opens("shift_leader")
    page.goto("/desk?queue=all&state=registered")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    take(page, "file")
    page.get_by_label("Note").fill("Before the session ended")
    page.context.clear_cookies(name="sessionid")
    submit(page)
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password").fill(server.logins()["shift_leader"]["password"])
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="State now: Filed")).to_be_visible()
    expect(page.get_by_text("Before the session ended")).to_be_visible()


def test_the_language_switches_on_the_spot(opens: Opens) -> None:
    page = opens("shift_leader")
    page.goto("/desk?queue=all")
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()
    expect(page.get_by_text("Roads department").first).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    expect(page.get_by_text("道路处").first).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    page.reload()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()


def test_photos_that_are_none_and_photos_of_every_kind(opens: Opens, tmp_path: Path) -> None:
    """A HEIC and one of 12 MB are taken, a renamed PDF is told apart, and nothing else is lost."""
    import random

    from PIL import Image

    noise = random.Random(1).randbytes(2400 * 1700 * 3)
    large = tmp_path / "large.png"
    Image.frombytes("RGB", (2400, 1700), noise).save(large)
    assert 12_000_000 < large.stat().st_size < 20_000_000
    pdf = tmp_path / "renamed.jpg"
    pdf.write_bytes(b"%PDF-1.7 nothing to see")
    page = opens(**PHONE)
    page.goto("/report")
    page.get_by_label("Address, or what is nearby").fill("Mill Lane 3")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("In your words").fill("Lamp is broken")
    page.locator("input[type=file]").set_input_files([heic(tmp_path / "phone.heic"), pdf, large])
    expect(page.get_by_text("1 photos could not be sent")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_label("Address, or what is nearby")).to_have_value("Mill Lane 3")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("In your words")).to_have_value("Lamp is broken")
    expect(page.get_by_text("already sent")).to_have_count(2)


def test_no_network_and_the_same_form_twice(opens: Opens, complaints: list[str]) -> None:
    page = opens(**PHONE)
    report(page, words="A bin lies on the road", address="Harbour Street")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    complaints.clear()
    key = page.evaluate("JSON.parse(localStorage.getItem('cityloop.report')).key")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name="We have it. Thank you")).to_be_visible()
    again = page.request.post(
        "/api/public/reports",
        data={"key": key, "address": "Harbour Street", "words": "A bin lies on the road"},
        headers={"Referer": page.url},
    )
    assert again.status == 200
    assert again.json()["number"] == page.locator("dd").first.inner_text()


def test_a_position_that_is_denied(opens: Opens) -> None:
    page = opens(viewport=PHONE["viewport"], permissions=[])
    page.goto("/report")
    page.get_by_role("button", name="position").click()
    expect(page.get_by_text("The browser may not use your position")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_contain_text("address")
    page.get_by_label("Address, or what is nearby").fill("Old Bridge")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("In your words")).to_be_visible()


def test_a_call_at_the_desk_and_bulk_steps(opens: Opens) -> None:
    """The acceptor types while the caller talks; many cases are then taken in at once, one answer each."""
    page = opens("acceptor")
    page.goto("/desk/new")
    page.get_by_label("What the caller says").fill("Tree across the cycle way")
    page.get_by_label("Address").fill("Meadow Road 12")
    page.get_by_label("Channel").select_option(label="Telephone")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("Taken in. Tell the caller this number")).to_be_visible()
    page.goto("/desk?queue=all&state=reported")
    for row in range(1, 4):
        page.get_by_role("row").nth(row).get_by_role("checkbox").check()
    expect(page.get_by_text("3 picked")).to_be_visible()
    page.get_by_role("region", name="Bulk steps").get_by_role("button", name="Register").click()
    page.get_by_role("button", name="Register 3 cases").click()
    expect(page.get_by_text("Register: all 3 done")).to_be_visible()


def test_the_desk_by_keyboard_alone(opens: Opens) -> None:
    page = opens("shift_leader")
    page.goto("/desk?queue=all&state=registered")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*")
    expect(page.locator("button[data-step=file]")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").filter(has_text="State now: Filed")).to_be_visible()


def test_the_wall_lives_through_a_restart(opens: Opens, server: Server, complaints: list[str]) -> None:
    """The feed comes back by itself and brings what happened meanwhile."""
    wall = opens("shift_leader", viewport={"width": 1920, "height": 1080})
    wall.goto("/wall")
    live = wall.get_by_role("status").filter(has_text="Live")
    latest = wall.locator("section").filter(has=wall.get_by_role("heading", name="Latest steps"))
    expect(live).to_be_visible(timeout=15_000)
    citizen = opens(**PHONE)
    report(citizen, words="First, while all runs", category="Pothole")
    send(citizen)
    expect(latest.get_by_role("listitem").first).to_contain_text("Pothole", timeout=15_000)
    server.stop()
    expect(live).to_be_hidden(timeout=15_000)
    server.start()
    report(citizen, words="Second, after the restart", category="Street light")
    send(citizen)
    expect(live).to_be_visible(timeout=30_000)
    expect(latest.get_by_role("listitem").first).to_contain_text("Street light", timeout=15_000)
    assert all("ERR_CONNECTION" in complaint or "ERR_INCOMPLETE" in complaint for complaint in complaints), complaints
    complaints.clear()
