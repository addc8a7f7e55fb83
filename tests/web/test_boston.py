"""The demo as a stranger gets it: every log-in that its sign-in page lists does the job of its post."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from journeys.command import ROOT
from playwright.sync_api import Page, expect

from web.conftest import Opens
from web.server import Server, boston
from web.steps import confirm, enter, follow, photo, post_past_the_page, report, send, step, take

with (ROOT / "packs" / "boston" / "posts.csv").open(encoding="utf-8") as file:
    POSTS = sorted(csv.DictReader(file), key=lambda post: not post["area"])
"""Those of one area first: what the whole city's take away might be all that they have."""
DISTRICT_3 = ("-71.06342", "42.30965")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Stands in for the small city: `opens` opens Boston in this file."""
    made = boston(tmp_path_factory.mktemp("boston"))
    made.start()
    yield made
    made.stop()


@dataclass(frozen=True)
class Worker:
    """Whoever has signed in: the page, the post's row of the pack, and the doors of colleagues."""

    page: Page
    post: dict[str, str]
    opens: Opens
    folder: Path


def work(page: Page, state: str) -> str:
    """Open the first case in this state that waits for whoever is signed in; its number."""
    page.goto(f"/desk?queue=mine&state={state}")
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/cases/*")
    return page.url.rsplit("/", 1)[1]


def with_reason(page: Page, name: str, reason: str, state: str) -> None:
    take(page, name)
    page.get_by_label("Reason").fill(reason)
    confirm(page, state)


def with_choice(page: Page, name: str, choice: str, state: str) -> None:
    take(page, name)
    page.get_by_role("radio", name=choice, exact=True).check()
    confirm(page, state)


def choose(page: Page, label: str, wanted: str) -> None:
    """Choose from a long list by typing."""
    page.get_by_label(label, exact=True).first.fill(wanted)
    page.get_by_label(label, exact=True).first.press("Enter")


def hand_in(page: Page, words: str, *, category: str = "") -> None:
    """What is reported at the desk or from the street, up to its receipt."""
    page.goto("/desk")
    page.get_by_role("link", name="New report").click()
    page.get_by_label("What the caller says").fill(words)
    if category:
        choose(page, "Category", category)
    page.get_by_label("Channel").select_option(label="Constituent call")
    page.get_by_label("Longitude").fill(DISTRICT_3[0])
    page.get_by_label("Latitude").fill(DISTRICT_3[1])
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("Taken in. Tell the caller this number")).to_be_visible()


def take_a_call(who: Worker) -> None:
    """The caller's words name no category: the report waits, gets one, becomes a case and is registered."""
    page, words = who.page, "It is dark at the corner, says a caller"
    hand_in(page, words)
    page.get_by_role("link", name="Add what is missing").click()
    waiting = page.get_by_role("article").filter(has_text=words)
    waiting.get_by_role("combobox").fill("Street Light Outages")
    waiting.get_by_role("combobox").press("Enter")
    waiting.get_by_role("button", name="Open the case").click()
    waiting.get_by_role("status").get_by_role("link").click()
    expect(page.get_by_text(words)).to_be_visible()
    step(page, "register", "Registered")


def lead_the_shift(who: Worker) -> None:
    page = who.page
    work(page, "registered")
    step(page, "file", "Filed")
    work(page, "registered")
    with_reason(page, "refuse", "Stands on private ground", "Refused")
    work(page, "checked")
    with_choice(page, "close", "solved", "Closed")


def dispatch(who: Worker) -> None:
    page = who.page
    work(page, "filed")
    take(page, "dispatch")
    expect(page.get_by_text("The ledger names")).to_be_visible()
    confirm(page, "Dispatched")
    work(page, "return_requested")
    step(page, "grant_return", "Filed")
    work(page, "return_requested")
    with_reason(page, "deny_return", "The ledger names you", "Being handled")


def handle(who: Worker) -> None:
    """What the dispatcher sends is signed for and handled, with a photo; another case is asked to go back."""
    page, dispatcher = who.page, who.opens("dispatcher")
    case = work(dispatcher, "filed")
    take(dispatcher, "dispatch")
    expect(dispatcher.get_by_text("The ledger")).to_be_visible()
    choose(dispatcher, "Dispatch to", who.post["organisation"])
    confirm(dispatcher, "Dispatched")
    page.goto(f"/cases/{case}")
    step(page, "sign_for", "Being handled")
    take(page, "handle")
    page.get_by_label("Result").fill("Seen to this morning")
    page.locator("form input[type=file]").set_input_files([photo(who.folder / "after.jpg", "#335533")])
    expect(page.get_by_text("1 photos sent")).to_be_visible()
    confirm(page, "Handled")
    expect(page.locator("img[src*='/photos/']").first).to_be_visible()
    work(page, "handling")
    with_choice(page, "request_return", "not ours", "Return asked")


def collect(who: Worker) -> None:
    """Finds a problem, verifies on site what the desk asks about, checks results and sends bad ones back."""
    page, desk = who.page, who.opens("acceptor")
    hand_in(page, "A lamp post leans over the pavement", category="Street Light Outages")
    case = page.locator("a[href^='/cases/']").inner_text()
    desk.goto(f"/cases/{case}")
    step(desk, "ask_verification", "Being verified")
    page.goto(f"/cases/{case}")
    with_choice(page, "pre_verify", "true", "Verified")
    work(page, "handled")
    with_choice(page, "check", "solved", "Checked")
    if not who.post["area"]:
        work(page, "handled")
        with_reason(page, "rework", "The hole is still there", "Dispatched")


def evaluate(who: Worker) -> None:
    """What the file says is what the page says."""
    page = who.page
    page.wait_for_url("**/scores*")
    page.goto("/scores?period=2015-10&by=organisation")
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="Public Works Department")).to_be_visible()
    with page.expect_download() as loading:
        page.get_by_role("link", name="Export as CSV").click()
    table = list(csv.reader(io.StringIO(loading.value.path().read_text(encoding="utf-8-sig"))))
    shown = [row.split("\t")[0] for row in rows.all_inner_texts()]
    assert "Public Works Department" in shown
    assert all(any(name in line for line in table) for name in shown if name != "Total"), (table, shown)
    page.goto("/scores?period=2015&by=month")
    expect(rows.filter(has_text="2015-01")).to_be_visible()
    expect(rows.filter(has_text="2015-10")).to_be_visible()


def audit(who: Worker) -> None:
    """Reads everything; the server refuses every step, whatever a page might send, and nothing changes."""
    page = who.page
    page.get_by_role("link", name="Audit", exact=True).click()
    expect(page.get_by_role("heading", name="Who did what")).to_be_visible()
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto("/desk?queue=all&state=handling")
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/cases/*")
    expect(page.locator("button[data-step]").first).to_be_visible()
    expect(page.locator("button[data-step]:not([aria-disabled])")).to_have_count(0)
    api = f"/api/cases/{page.url.rsplit('/', 1)[1]}"
    before = page.context.request.get(api).json()
    for possible in before["steps"]:
        facts = {"step": possible["name"], "seq": before["seq"], "reason": "not_ours", "result": "done"}
        assert post_past_the_page(page, f"{api}/steps", facts).status == 403
    assert page.context.request.get(api).json()["entries"] == before["entries"]


def administer(who: Worker) -> None:
    """A department gets another name, which others then read; a day is taken off the calendar."""
    page, name, day = who.page, "Buildings and Property Department", "2015-11-02"
    page.get_by_role("link", name="Maintenance").click()
    page.get_by_role("link", name="Organisations").first.click()
    page.goto("/admin/accounts/organisation/?q=D16")
    page.locator("#result_list tbody").get_by_role("link", name="D16", exact=True).click()
    page.locator("#id_name").fill(name)
    save(page)
    scores = who.opens("evaluator")
    scores.goto("/scores?period=2015-10&by=organisation")
    expect(scores.locator("tbody").get_by_text(name)).to_be_visible()
    page.goto("/admin/clocks/calendar/")
    page.locator("#result_list tbody a").first.click()
    days = page.locator("textarea").first
    days.fill(f"{days.input_value()}\n{day}")
    save(page)
    page.locator("#result_list tbody a").first.click()
    expect(page.locator("textarea").first).to_have_value(re.compile(day))


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("successfully")).to_be_visible()


def look_over(who: Worker) -> None:
    """A leader reads: scores, the wall, a case; the rule book waits for a decision of theirs."""
    page = who.page
    page.goto("/scores?period=2015&by=organisation")
    expect(page.get_by_role("table").first).to_be_visible()
    page.goto("/wall")
    expect(page.get_by_role("heading", name="Longest overdue")).to_be_visible()
    page.goto("/rules/proposals")
    expect(page.get_by_role("heading", name="Proposals")).to_be_visible()


def keep_the_rules(who: Worker) -> None:
    """Whoever keeps the rule book reads it, takes it out as a file, and begins a proposal."""
    page = who.page
    page.goto("/rules")
    expect(page.get_by_role("article").first).to_be_visible()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Export CSV").click()
    with caught.value.path().open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) > 100
    assert {line["stage"] for line in lines} >= {"handle"}
    page.goto("/rules/proposals/new")
    page.get_by_label("Title").fill("Sooner")
    page.get_by_label("First day").fill("2016-01-01")
    page.get_by_role("button", name="Begin the draft").click()
    expect(page.get_by_role("heading", name="Sooner")).to_be_visible()


def keep_the_ledger(worker: Worker) -> None:
    """The duties are there to be read, and a change of them begins as a draft."""
    page = worker.page
    page.goto("/ledger/rows")
    expect(page.get_by_role("rowheader").first).to_be_visible()
    page.goto("/ledger/proposals/new")
    page.get_by_label("Title").fill("Lamps of the bridge")
    page.get_by_label("First day").fill("2016-02-01")
    page.locator("#proposal-basis").fill("Decree 7")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(re.compile(r"/ledger/proposals/\d+"))


def supervise(worker: Worker) -> None:
    """A supervision order about a case that a unit works on."""
    page = worker.page
    page.goto("/desk?queue=all&state=handling,dispatched")
    page.locator("tbody tr input[type=checkbox]").first.check()
    page.get_by_role("link", name="Order about these cases").click()
    page.get_by_label("Title").fill("This one first")
    page.get_by_label("Text").fill("It has waited for long.")
    page.get_by_role("button", name="Issue", exact=True).click()
    expect(page.locator("article")).to_contain_text(re.compile(r"S\d{8}"))


def decide_on_returns(who: Worker) -> None:
    """A unit wants to be rid of a case; the chief lets it, and the next request comes up."""
    page = who.page
    page.goto("/approvals")
    shown = page.get_by_role("article")
    expect(shown).to_be_visible()
    request = shown.get_attribute("aria-label") or ""
    assert request.startswith("Request in case ")
    shown.get_by_role("button", name="Grant the return").click()
    expect(page.get_by_role("article", name=request)).to_have_count(0)


def decide_on_time(who: Worker) -> None:
    """Whom no request has come up to finds none, and the register of all that were asked."""
    page = who.page
    page.goto("/approvals")
    expect(page.get_by_text("No request waits for your decision.")).to_be_visible()
    page.goto("/approvals/register")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def call_together(who: Worker) -> None:
    """A chief calls a department to a spot."""
    page = who.page
    page.goto("/desk?queue=all&state=handling")
    page.locator("tbody tr a").first.click()
    take(page, "whistle")
    form = page.get_by_role("region", name="Next step").locator("form")
    box = form.locator("input[role=combobox]")
    box.fill("Transportation")
    expect(page.locator("li[role=option]").first).to_be_visible()
    box.press("Enter")
    expect(form.get_by_role("listitem").first).to_be_visible()
    form.get_by_role("radio", name="daily matter").check()
    form.get_by_label("Reason").fill("The signal and the hole belong together")
    confirm(page, "Being handled")
    expect(page.get_by_role("region", name="Assignments")).to_contain_text("on the way to the spot")


JOBS: dict[str, Callable[[Worker], None]] = {
    "acceptor": take_a_call,
    "shift_leader": lead_the_shift,
    "dispatcher": dispatch,
    "section_chief": decide_on_returns,
    "command_leader": decide_on_time,
    "main_leader": decide_on_time,
    "chief": call_together,
    "handler": handle,
    "collector": collect,
    "evaluator": evaluate,
    "auditor": audit,
    "administrator": administer,
    "leader": look_over,
    "rule_editor": keep_the_rules,
    "ledger_keeper": keep_the_ledger,
    "supervision_officer": supervise,
}


def test_the_page_lists_who_works_here(opens: Opens) -> None:
    """A log-in more on the page than in the pack, or one without a job here, fails."""
    page = opens()
    page.goto("/sign-in")
    listed = page.get_by_title("Sign in as")
    expect(listed).to_have_count(len(POSTS))
    titles = {button.get_attribute("title") for button in listed.all()}
    assert titles == {f"Sign in as {post['name']}" for post in POSTS}
    assert {post["role"] for post in POSTS} <= set(JOBS)


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post["code"])
def test_every_log_in_does_its_job(post: dict[str, str], opens: Opens, tmp_path: Path) -> None:
    """Signed in by the page, then the job."""
    page = opens()
    enter(page, post["name"])
    JOBS[post["role"]](Worker(page, post, opens, tmp_path))


@pytest.mark.parametrize("code", ["shift_leader", "handler-parks"])
def test_the_map_and_the_wall_show_the_city(code: str, opens: Opens) -> None:
    """Open cases on both; the wall hears of what happens, and has rankings for whoever may read them."""
    page = opens(code)
    page.goto("/map")
    expect(page.get_by_role("heading", name="Open cases on the map")).to_be_visible()
    expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
    expect(page.locator("aside li, section li").first).to_be_visible()
    page.goto("/wall")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("heading", name="Longest overdue")).to_be_visible()
    expect(page.get_by_role("heading", name="Departments")).to_have_count(int(code == "shift_leader"))
    expect(page.locator("section").filter(has_text="Latest steps").get_by_role("listitem").first).to_be_visible()


def test_a_citizen_reports_and_follows(opens: Opens, tmp_path: Path) -> None:
    """From the start page; the desk reads the same words in its newest case."""
    lon, lat = DISTRICT_3
    place = {"longitude": float(lon), "latitude": float(lat), "accuracy": 10}
    citizen = opens(geolocation=place, permissions=["geolocation"])
    citizen.goto("/")
    citizen.get_by_role("main").get_by_role("link", name="Report a problem").click()
    citizen.wait_for_url("**/report")
    words = "The lamp before my house has been out for a week"
    report(citizen, words=words, category="Street Light Outages", files=[photo(tmp_path / "dark.jpg")])
    number, secret = send(citizen)
    follow(citizen, number, secret)
    expect(citizen.get_by_text("Street Light Outages").first).to_be_visible()
    desk = opens("acceptor")
    desk.goto("/desk?queue=mine&state=reported&sort=newest")
    desk.locator("tbody tr a").first.click()
    expect(desk.get_by_text(words)).to_be_visible()
    expect(desk.get_by_role("list", name="Areas")).to_contain_text("Public works district 3")
