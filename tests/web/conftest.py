"""A real server, a real browser, and a person in front of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from web.browser import FLAGS, PROGRAM
from web.server import Server, make_city
from web.steps import post_past_the_page

SEEDED = 300
"""Open cases that are there before anybody looks: enough for a second page."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = make_city(tmp_path_factory.mktemp("city"), seeded=SEEDED)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained of: errors of scripts and whatever the content policy refused."""
    found: list[str] = []
    yield found
    assert not found, found


Opens = Callable[..., Page]


@pytest.fixture
def opens(server: Server, chromium: Browser, complaints: list[str]) -> Iterator[Opens]:
    """Open a browser of its own for somebody: signed in to a post, or nobody; returns its page."""
    contexts: list[BrowserContext] = []

    def open_(post: str = "", *, language: str = "en", theme: str = "light", **options: object) -> Page:
        wanted = {"viewport": {"width": 1440, "height": 900}, "base_url": server.url, "color_scheme": theme} | options
        context = chromium.new_context(locale="en-GB" if language == "en" else "zh-CN", **wanted)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note(message, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if post:
            sign_in(page, server, post)
        return page

    yield open_
    for context in contexts:
        context.close()


def sign_in(page: Page, server: Server, post: str) -> None:
    """Sign in as the holder of `post` without the page: the page has a test of its own."""
    login = server.logins()[post]
    page.context.request.get("/sign-in")
    names = ("username", "password")
    answer = post_past_the_page(page, "/_allauth/browser/v1/auth/login", {name: login[name] for name in names})
    assert answer.ok, answer.text()


REFUSALS = ("the server responded with a status of 4",)
"""Answers that a page expects and explains."""


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type == "error" and not any(text in message.text for text in REFUSALS):
        complaints.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="session")
def sheet() -> Path:
    """Where screenshots go: looked at, never committed."""
    folder = Path(__file__).resolve().parents[2] / "contact-sheet"
    folder.mkdir(exist_ok=True)
    return folder
