"""The contact sheet: every page and state, in each size, language and theme; looked at by a script, kept for people.

`contact-sheet/index.html` shows all of them side by side.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from web.conftest import SEEDED, Opens, sign_in
from web.looking import axe_faults, layout_faults
from web.server import Server, make_city
from web.steps import post_past_the_page

SIZES = {"phone": (360, 780), "tablet": (820, 1100), "desk": (1440, 900)}
WALLS = {"wall": (1920, 1080), "large-wall": (3840, 2160)}
LOOKS = (("zh", "light"), ("en", "light"), ("zh", "dark"), ("en", "dark"))


@dataclass(frozen=True)
class Shot:
    """A page in one state: who looks, where, and what is done there before it is looked at."""

    name: str
    post: str
    path: str
    act: Callable[[Page], None] = lambda page: None
    sizes: tuple[str, ...] = tuple(SIZES)
    whole: bool = True
    """Taken in its whole height, what lies below the fold included; not where the window's height shapes the page."""


def first_case(page: Page) -> None:
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/cases/*")
    expect(page.locator("button[data-step]").first).to_be_visible()


def open_step(page: Page) -> None:
    first_case(page)
    page.locator("button[data-step]:not([aria-disabled])").first.click()
    expect(page.locator("form textarea, form input").first).to_be_visible()


def why(page: Page) -> None:
    first_case(page)
    page.get_by_text(re.compile("Why is it due then|为什么是这个时限")).click()
    expect(page.get_by_role("columnheader", name=re.compile("Counts|计入")).first).to_be_visible()


def ask(step: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        first_case(page)
        page.locator(f"button[data-step={step}]").click()
        page.locator("form button[type=submit]").click()
        expect(page.locator("form [aria-invalid]").first).to_be_visible()

    return act


def open_filters(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Filters|筛选)$")).click()
    expect(page.get_by_role("checkbox").first).to_be_visible()


def year(page: Page) -> None:
    expect(page.get_by_role("table").first).to_be_visible()


def special_days(page: Page) -> None:
    year(page)
    page.locator("tbody tr").last.scroll_into_view_if_needed()


def pick_two(page: Page) -> None:
    for row in (0, 1):
        page.locator("tbody tr input[type=checkbox]").nth(row).check()


def refused(page: Page) -> None:
    page.locator("button[type=submit]").first.click()


def bad_password(page: Page) -> None:
    page.locator("input[autocomplete=username]").fill("nobody")
    page.locator("input[autocomplete=current-password]").fill("wrong")
    refused(page)
    expect(page.get_by_role("alert")).to_be_visible()


def report_steps(count: int) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("#address").fill("Mill Lane 3")
        for step in range(count):
            if step == 1:
                page.locator("#words").fill("A lamp that does not burn, since last week, beside the school gate.")
            refused(page)

    return act


def unreachable(page: Page) -> None:
    page.route("**/api/cases?*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("button", name=re.compile("Try again|重试"))).to_be_visible(timeout=15_000)


def wrong_file(page: Page) -> None:
    """A table of which one line cannot be read, taken in."""
    page.locator("#proposal-title").fill("2025")
    page.locator("#proposal-begins").fill("2031-01-01")
    table = b"category,value,unit\n0101,2,fortnight\n0199,1,wd\n"
    page.locator("input[type=file]").set_input_files({"name": "rules.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("form .button.primary").click()
    expect(page.get_by_role("row").nth(2)).to_be_visible()


def open_proposal(page: Page) -> None:
    page.locator("main li h2 a").first.click()
    page.wait_for_url(re.compile(r"/rules/proposals/\d+$"))
    expect(page.locator("ins").first).to_be_visible()


def edit_rule(page: Page) -> None:
    open_proposal(page)
    page.locator("section .tools a").first.click()
    expect(page.get_by_role("table")).to_be_visible()


def what_the_rule_says(page: Page) -> None:
    page.locator("#new-words").fill("Manhole")
    page.locator("input[role=combobox]").fill("0104")
    page.get_by_role("option").first.click()
    page.locator("summary").click()
    expect(page.locator("details li").first).to_be_visible()


SHOTS = (
    Shot("start", "", "/"),
    Shot("sign-in", "", "/sign-in"),
    Shot("sign-in-refused", "", "/sign-in", bad_password),
    Shot("sign-in-unknown", "", "/sign-in?problem=not_known"),
    Shot("report-where", "", "/report"),
    Shot("report-refused", "", "/report", refused),
    Shot("report-what", "", "/report", report_steps(1)),
    Shot("report-send", "", "/report", report_steps(2)),
    Shot("follow", "", "/follow"),
    Shot("not-found", "", "/nowhere"),
    Shot("desk", "shift_leader", "/desk?queue=all", whole=False),
    Shot("desk-mine", "dispatcher", "/desk", whole=False),
    Shot("desk-filtered", "shift_leader", "/desk?queue=all&light=red&state=dispatched,handling", whole=False),
    Shot("desk-empty", "shift_leader", "/desk?queue=all&q=nothingofthekind", whole=False),
    Shot("desk-picked", "shift_leader", "/desk?queue=all&state=reported", pick_two, whole=False),
    Shot("desk-unreachable", "shift_leader", "/desk?queue=all", unreachable, whole=False),
    Shot("case", "shift_leader", "/desk?queue=all&state=handled", first_case),
    Shot("case-step", "dispatcher", "/desk?queue=all&state=filed", open_step),
    Shot("case-handler", "handler-roads", "/desk?queue=all&state=handling", first_case),
    Shot("case-unknown", "shift_leader", "/cases/NONE"),
    Shot("new-report", "acceptor", "/desk/new"),
    Shot("waiting", "acceptor", "/desk/waiting"),
    Shot("held", "acceptor", "/desk/held"),
    Shot("new-report-rule", "acceptor", "/desk/new", what_the_rule_says),
    Shot("rules", "acceptor", "/rules?major=01"),
    Shot("rules-found", "acceptor", "/rules?q=0104"),
    Shot("rules-none", "acceptor", "/rules?q=nothingofthekind"),
    Shot("rules-category", "acceptor", "/rules/0104"),
    Shot("rules-unknown", "acceptor", "/rules/9999"),
    Shot("rules-compared", "evaluator", "/rules/compare"),
    Shot("proposals", "leader", "/rules/proposals"),
    Shot("proposals-none", "leader", "/rules/proposals?state=rejected"),
    Shot("proposal-new", "rule_editor", "/rules/proposals/new"),
    Shot("proposal-wrong-file", "rule_editor", "/rules/proposals/new", wrong_file),
    Shot("proposal-draft", "rule_editor", "/rules/proposals?state=draft", open_proposal),
    Shot("proposal-rule", "rule_editor", "/rules/proposals?state=draft", edit_rule),
    Shot("proposal-submitted", "rule_editor", "/rules/proposals?state=submitted", open_proposal),
    Shot("proposal-decided", "leader", "/rules/proposals?state=submitted", open_proposal),
    Shot("map", "shift_leader", "/map", whole=False),
    Shot("scores", "evaluator", "/scores?period=2025-03"),
    Shot("scores-month", "evaluator", "/scores?period=2025&by=month"),
    Shot("scores-empty", "evaluator", "/scores?period=1999"),
    Shot("case-why", "dispatcher", "/desk?queue=all&state=handling&category=0101&sort=newest", why),
    Shot("case-parts", "dispatcher", "/desk?queue=all&state=handling&category=0103", why),
    Shot("case-asks-extension", "handler-roads", "/desk?queue=all&state=handling&light=green", ask("ask_extension")),
    Shot("case-asks-deferral", "handler-roads", "/desk?queue=all&state=handling&light=green", ask("ask_deferral")),
    Shot("case-asks-shelving", "handler-roads", "/desk?queue=all&state=handling&light=green", ask("ask_shelving")),
    Shot("desk-filters", "shift_leader", "/desk?queue=all&open=true", open_filters),
    Shot("calendars", "shift_leader", "/calendars?year=2025", year),
    Shot("calendars-provisional", "administrator", "/calendars?year=2026", year),
    Shot("calendars-special", "shift_leader", "/calendars?year=2025", special_days),
    Shot("account", "acceptor", "/account"),
    Shot("not-allowed", "handler-roads", "/scores"),
    Shot("wall", "shift_leader", "/wall", sizes=("desk", *WALLS), whole=False),
    Shot("wall-unranked", "handler-roads", "/wall", sizes=("desk", *WALLS), whole=False),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city with enough open cases for a second page, and with situations in its rule book."""
    made = make_city(tmp_path_factory.mktemp("sheet"), seeded=SEEDED, situations=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module", autouse=True)
def book(server: Server, chromium: Browser) -> None:
    """An edition to come, and over it a proposal that waits for a decision and one that is still written."""
    people = {}
    for post in ("rule_editor", "leader"):
        people[post] = chromium.new_context(base_url=server.url, locale="en-GB").new_page()
        sign_in(people[post], server, post)
    editor, leader = people["rule_editor"], people["leader"]

    def ask(page: Page, path: str, data: dict[str, Any], method: str = "POST") -> Any:
        answer = post_past_the_page(page, f"/api/rules/{path}", data, method)
        assert answer.ok, answer.text()
        return answer.json()

    def propose(title: str, begins: str, situation: str, **changes: Any) -> str:
        basis = {"title": title, "reason": "Crews are faster now", "basis": "SAMPLE-1", "begins": begins}
        number = ask(editor, "proposals", basis)["number"]
        rows = editor.context.request.get("/api/rules/0104").json()["rules"]
        rule = next(row["written"] for row in rows if row["situation"] == situation)
        ask(editor, f"proposals/{number}/changes", rule | changes, "PUT")
        return f"proposals/{number}"

    limit = {"stage": "handle", "part": "", "value": "3", "unit": "wd", "calendar": "default"}
    first = propose("Rattling covers sooner", "2030-01-01", "noisy", limits=[limit])
    ask(editor, f"{first}/submit", {})
    ask(leader, f"{first}/approve", {"note": "Agreed"})
    second = propose("Photos of missing covers", "2030-02-01", "missing", photos=[{"kind": "near", "app": True}])
    ask(editor, f"{second}/removals", {"category": "0102", "situation": ""})
    ask(editor, f"{second}/submit", {})
    propose("What is walked past", "2030-03-01", "noisy", do_not_collect="Covers on private ground", urgent=True)
    for page in people.values():
        page.context.close()


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
        page.wait_for_function(
            "() => document.fonts.status === 'loaded' && !document.querySelector('[aria-busy=true], [data-busy]')"
        )
        page.wait_for_timeout(200)
