"""The contact sheet: every page and state, in each size, language and theme; looked at by a script, kept for people.

`contact-sheet/index.html` shows all of them side by side.
"""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as TooLong

from web.conftest import SEEDED, Opens, sign_in
from web.looking import axe_faults, layout_faults
from web.seeding import duties, merged, objects, orders, proposals, replies, requests, signals
from web.server import Server, make_city
from web.shots import LOOKS, SHOTS, SIZES, WALLS, Shot


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city with enough cases for a second page, situations in its rule book, layers, who approves what, a crew."""
    made = make_city(
        tmp_path_factory.mktemp("sheet"), seeded=SEEDED, situations=True, layers=True, approvals=True, crew=True
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module", autouse=True)
def seeded(server: Server, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    people, units = {}, ("dispatcher", "section_chief", "chief", "handler-roads", "handler-parks", "handler-crew")
    for post in ("rule_editor", "leader", "administrator", "supervision_officer", "acceptor", "shift_leader", *units):
        people[post] = chromium.new_context(base_url=server.url, locale="en-GB").new_page()
        sign_in(people[post], server, post)
    proposals(people["rule_editor"], people["leader"])
    objects(people["administrator"])
    requests(people, tmp_path_factory.mktemp("forms"))
    merged(people["acceptor"])
    orders(people["supervision_officer"], people["leader"], people["handler-roads"])
    duties(people)
    replies(people["acceptor"])
    citizen = chromium.new_context(base_url=server.url)
    signals(citizen.request, tmp_path_factory.mktemp("photos"))
    for context in (citizen, *(page.context for page in people.values())):
        context.close()


@pytest.fixture(scope="module", autouse=True)
def index(sheet: Path) -> Iterator[None]:
    """One page with all shots, written when they are made; what no shot makes any more goes."""
    made = {name_of(shot, *look, size) for shot in SHOTS for look in LOOKS for size in shot.sizes}
    for old in sheet.glob("*.png"):
        if old.stem not in made:
            old.unlink(missing_ok=True)
    yield
    pictures = "".join(
        f'<figure><img loading="lazy" width="480" src="{html.escape(shot.name)}">{shot.stem}</figure>'
        for shot in sorted(sheet.glob("*.png"))
    )
    style = "body{display:flex;flex-wrap:wrap;gap:1rem;font:14px system-ui}figure{margin:0}"
    (sheet / "index.html").write_text(f"<!doctype html><style>{style}</style>{pictures}", encoding="utf-8")


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_nothing_overflows_overlaps_or_shuts_anybody_out(
    shot: Shot, opens: Opens, sheet: Path, complaints: list[str]
) -> None:
    """Every size, language and theme of a page is free of faults; all of them are said at once."""
    faults = []
    for language, theme in LOOKS:
        width, height = (SIZES | WALLS)[shot.sizes[-1]]
        page = opens(shot.post, language=language, theme=theme, viewport={"width": width, "height": height})
        page.goto(shot.path)
        settled(page)
        shot.act(page)
        page.mouse.move(0, 0)
        for size in reversed(shot.sizes):
            width, height = (SIZES | WALLS)[size]
            page.set_viewport_size({"width": width, "height": height})
            settled(page)
            name = name_of(shot, language, theme, size)
            faults += [f"{name}: {fault}" for fault in (*layout_faults(page), *axe_faults(page))]
            if shot.whole and (tall := height_of(page)) > height:
                page.set_viewport_size({"width": width, "height": tall})
                settled(page)
            page.screenshot(path=sheet / f"{name}.png")
        page.context.close()
    if shot.name == "desk-unreachable":
        complaints.clear()
    assert not faults, "\n".join(faults)


BUSY = "[aria-busy=true], [data-busy]"


def name_of(shot: Shot, language: str, theme: str, size: str) -> str:
    return f"{shot.name}-{size}-{language}-{theme}"


def height_of(page: Page) -> int:
    height: int = page.evaluate("() => document.scrollingElement.scrollHeight")
    return height


def settled(page: Page) -> None:
    """Loaded, nothing on its way, fonts and pictures there."""
    page.wait_for_load_state("load")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=15_000)
    for _ in range(2):  # what came may ask for more
        try:
            page.wait_for_function(f"() => document.fonts.status === 'loaded' && !document.querySelector('{BUSY}')")
        except TooLong as error:
            busy = page.locator(BUSY).evaluate_all("(all) => all.map((it) => it.outerHTML.slice(0, 200))")
            raise AssertionError(f"{page.url} never came to rest: {busy}") from error
        page.wait_for_timeout(200)
