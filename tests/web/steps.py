"""What people do on the pages, by what they see there."""

import io
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import APIResponse, Locator, Page, expect


def photo(path: Path, shade: str = "#708090", size: tuple[int, int] = (640, 480)) -> Path:
    """A photo of nothing, told apart by its shade."""
    Image.new("RGB", size, shade).save(path, "JPEG")
    return path


def heic(path: Path) -> Path:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (320, 240), "#445566")).save(buffer)
    path.write_bytes(buffer.getvalue())
    return path


def enter(page: Page, post: str) -> None:
    """Sign in by one click on a demo log-in."""
    page.goto("/sign-in")
    page.get_by_title(f"Sign in as {post}", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def report(page: Page, *, words: str, address: str = "", category: str = "", files: list[Path] | None = None) -> None:
    """A citizen's three steps up to the last button, which is left alone."""
    page.goto("/report")
    if address:
        page.get_by_label("Address, or what is nearby").fill(address)
    else:
        page.get_by_role("button", name="position").click()
        expect(page.get_by_label("Longitude")).not_to_have_value("")
    page.get_by_role("button", name="Next").click()
    if category:
        page.get_by_label("Kind of problem").select_option(label=category)
    page.get_by_label("In your words").fill(words)
    if files:
        page.locator("input[type=file]").set_input_files(files)
        expect(page.get_by_text(f"{len(files)} photos sent")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="How do we reach you?")).to_be_visible()


def send(page: Page) -> tuple[str, str]:
    """The last button of a report; number and secret as they are shown."""
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="We have it. Thank you")).to_be_visible()
    number, secret = page.locator("dd").all_inner_texts()
    return number, secret


def follow(page: Page, number: str, secret: str) -> None:
    page.goto("/follow")
    page.get_by_label("Number").fill(number)
    page.get_by_label("Code").fill(secret)
    page.get_by_role("button", name="Look it up").click()


def reach(page: Page, step: str) -> Locator:
    """The button of a step on the page of a case, out of the folded group that it may stand in."""
    button = page.locator(f"button[data-step={step}]")
    expect(button).to_be_attached()
    if not button.is_visible():
        page.locator("details", has=button).locator("summary").click()
    return button


def take(page: Page, step: str) -> None:
    """Choose a step on the page of a case; its form opens."""
    button = reach(page, step)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()


def submit(page: Page) -> None:
    """The button that sends the form of a step."""
    page.get_by_role("region", name="Next step").locator("button[type=submit]").click()


def confirm(page: Page, state: str) -> None:
    """Send the form of a step; the case then stands in `state`."""
    submit(page)
    expect(page.get_by_role("status").filter(has_text=f"State now: {state}")).to_be_visible()


def step(page: Page, name: str, state: str) -> None:
    """A step that needs nothing but to be confirmed."""
    take(page, name)
    confirm(page, state)


def go(page: Page, number: str, name: str, **facts: Any) -> None:
    """Take a step of a case past the page, as whoever has signed in there."""
    answer = post_past_the_page(page, f"/api/cases/{number}/steps", {"step": name} | facts)
    assert answer.ok, answer.text()


def post_past_the_page(page: Page, path: str, data: dict[str, Any], method: str = "POST") -> APIResponse:
    """What a page would send, sent without one: the server alone decides."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    headers = {"X-CSRFToken": cookies["csrftoken"], "Referer": page.url}
    return page.context.request.fetch(path, method=method, data=data, headers=headers)
