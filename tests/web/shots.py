"""Which pages and states the contact sheet shows, and what is done on a page before it is looked at."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import FilePayload, Page, expect

from web.seeding import CHANGED, REJECTED
from web.steps import reach

SIZES = {"phone": (360, 780), "tablet": (820, 1100), "desk": (1440, 900)}
WALLS = {"wall": (1920, 1080), "large-wall": (3840, 2160)}
AT_STATION = "/desk?queue=all&q=Station"
UNASKED = "/desk?queue=all&state=handling&category=0102&light=green"
"""A case for which no more time was asked yet."""
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


def first_row(page: Page) -> None:
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/cases/*")


def first_case(page: Page) -> None:
    first_row(page)
    expect(page.locator("button[data-step]").first).to_be_visible()


def open_step(page: Page) -> None:
    first_case(page)
    page.locator("button[data-step]:not([aria-disabled]):visible").first.click()
    expect(page.locator("form textarea, form input").first).to_be_visible()


def why(page: Page) -> None:
    first_case(page)
    page.get_by_text(re.compile("Why is it due then|为什么是这个时限")).click()
    expect(page.get_by_role("columnheader", name=re.compile("Counts|计入")).first).to_be_visible()


def ask(step: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        first_case(page)
        reach(page, step).click()
        page.locator("form button[type=submit]").click()
        expect(page.locator("form [aria-invalid]").first).to_be_visible()
        page.evaluate("() => window.scrollTo(0, 0)")  # what lies below a header that stays is no fault of the page

    return act


def unfolded(page: Page) -> None:
    """Every step that begins here, with what forbids it."""
    first_case(page)
    for summary in page.locator("section.steps summary").all():
        if summary.evaluate("(it) => !it.parentElement.open"):
            summary.click()


def called(page: Page) -> None:
    """A chief calls two bodies to the spot."""
    first_case(page)
    reach(page, "whistle").click()
    box = page.locator("form [role=combobox]")
    for body in ("parks", "roads"):
        box.fill(body)
        expect(page.locator("li[role=option]").first).to_be_visible()
        box.press("Enter")
    expect(page.locator("form .organisations li")).to_have_count(2)


def reporting_in(page: Page) -> None:
    first_case(page)
    page.locator("button[data-step^=arrive]").first.click()
    expect(page.locator("form .standing")).to_be_visible()


def first_reply(page: Page) -> None:
    page.locator("li h2 a").first.click()
    page.wait_for_url("**/replies/*")
    expect(page.locator("button[data-step]").first).to_be_visible()


def calling_back(page: Page) -> None:
    first_reply(page)
    page.locator("button[data-step=call_back]").click()
    expect(page.locator("form textarea")).to_be_visible()


def compare(page: Page) -> None:
    first_case(page)
    reach(page, "merge").click()
    page.locator("form li button").first.click()
    expect(page.get_by_role("region", name=re.compile("^(The other case|另一案)$"))).to_be_visible()


def prove(page: Page) -> None:
    """The reason of a return is chosen; its proof is asked for."""
    first_case(page)
    reach(page, "request_return").click()
    page.locator("form input[value=not_ours]").check()
    expect(page.locator("form input[type=text]")).to_be_visible()


def first_task(page: Page) -> None:
    page.locator("main li a").first.click()
    page.wait_for_url("**/field/*")
    expect(page.locator("form fieldset")).to_be_visible()


def task_map(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Map|地图)$")).click()
    expect(page.locator("canvas")).to_be_visible(timeout=15_000)


def unanswered(page: Page) -> None:
    first_task(page)
    page.locator("form button[type=submit]").click()


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


def pick_requests(page: Page) -> None:
    for row in (0, 1):
        page.locator("li input[type=checkbox]").nth(row).check()


def deny_without_reason(page: Page) -> None:
    page.locator("article form .plain").click()
    expect(page.locator("article form .problem")).to_be_visible()


def open_bulk(step: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        pick_two(page)
        page.locator(f"button[data-step={step}]").click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return act


def keys(page: Page) -> None:
    page.locator("tbody tr").first.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def second_factor(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Set it up|启用)$")).click()
    expect(page.locator("#factor-password, #factor-code").first).to_be_visible()


def pick_category(page: Page, code: str) -> None:
    page.get_by_role("combobox", name=re.compile("^(Category|类别)")).fill(code)
    page.get_by_role("option").first.click()


def likely_duplicates(page: Page) -> None:
    page.locator("#new-words").fill("A hole in the road before the bakery")
    page.locator("#new-address").fill("Mill Lane 3")
    pick_category(page, "0101")
    expect(page.locator("section li").first).to_be_visible()


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


def look_at_file(page: Page) -> None:
    """A file that brings, changes, moves and ends, with two lines that cannot be taken."""
    table = FilePayload(name="toilets.csv", mimeType="text/csv", buffer=(CHANGED + REJECTED).encode())
    page.locator("input[type=file]").set_input_files(table)
    page.locator("#import-layer").select_option("toilets")
    page.locator("form .button.primary").click()
    page.wait_for_url(re.compile(r"/objects/import/[0-9a-f-]+$"))
    expect(page.locator("canvas")).to_be_visible(timeout=15_000)


def choose_object(page: Page) -> None:
    page.locator("canvas").click()
    expect(page.locator(".glance dl")).to_be_visible()


def open_order(page: Page) -> None:
    page.locator("main li h2 a").first.click()
    page.wait_for_url(re.compile(r"/orders/\w+$"))
    expect(page.locator("button[data-step]").first).to_be_visible()


def send_back(page: Page) -> None:
    open_order(page)
    page.locator("button[data-step=send_back]").click()
    expect(page.locator("#order-words")).to_be_visible()


def two_signatories(page: Page) -> None:
    for post in ("leader", "deputy"):
        page.locator("fieldset select").select_option(post)
    expect(page.locator("fieldset li")).to_have_count(2)


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
    pick_category(page, "0104")
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
    Shot("desk-bulk", "shift_leader", "/desk?queue=all&state=reported", open_bulk("register"), whole=False),
    Shot("desk-bulk-void", "shift_leader", "/desk?queue=all&state=registered", open_bulk("void"), whole=False),
    Shot("desk-keys", "shift_leader", "/desk?queue=all", keys, sizes=("tablet", "desk"), whole=False),
    Shot("desk-unreachable", "shift_leader", "/desk?queue=all", unreachable, whole=False),
    Shot("case", "shift_leader", "/desk?queue=all&state=handled", first_case),
    Shot("case-photos", "shift_leader", "/desk?queue=all&state=reported&sort=newest", first_case),
    Shot("case-closed", "shift_leader", "/desk?queue=all&state=closed", first_row),
    Shot("case-step", "dispatcher", "/desk?queue=all&state=filed", open_step),
    Shot("case-handler", "handler-roads", "/desk?queue=all&state=handling", first_case),
    Shot("case-steps", "shift_leader", "/desk?queue=all&state=handled", unfolded),
    Shot("case-duties", "handler-roads", AT_STATION, first_case),
    Shot("case-whistle", "chief", AT_STATION, called),
    Shot("case-arrive", "handler-parks", AT_STATION, reporting_in),
    Shot("replies", "acceptor", "/replies?state=all"),
    Shot("reply", "acceptor", "/replies?q=12345", first_reply),
    Shot("reply-calls", "acceptor", "/replies?state=all&q=12344", calling_back),
    Shot("case-merge", "acceptor", "/desk?queue=all&state=reported&sort=newest", compare),
    Shot("case-merged", "acceptor", "/desk?queue=all&state=merged", first_row),
    Shot("case-return", "handler-roads", "/desk?queue=all&state=handling&light=green", prove),
    Shot("field", "collector", "/field"),
    Shot("field-map", "collector", "/field", task_map, sizes=("phone", "tablet"), whole=False),
    Shot("field-task", "collector", "/field", first_task),
    Shot("field-unanswered", "collector", "/field", unanswered, sizes=("phone",)),
    Shot("field-unknown", "collector", "/field/NONE", sizes=("phone",)),
    Shot("case-unknown", "shift_leader", "/cases/NONE"),
    Shot("new-report", "acceptor", "/desk/new"),
    Shot("new-report-duplicates", "acceptor", "/desk/new", likely_duplicates),
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
    Shot("approvals", "section_chief", "/approvals"),
    Shot("approvals-return", "dispatcher", "/approvals?kind=return"),
    Shot("approvals-picked", "section_chief", "/approvals", pick_requests, whole=False),
    Shot("approvals-refused", "section_chief", "/approvals?kind=extension", deny_without_reason),
    Shot("approvals-none", "main_leader", "/approvals?kind=shelving"),
    Shot("approvals-register", "dispatcher", "/approvals/register"),
    Shot("approvals-register-none", "dispatcher", "/approvals/register?from=2031-01-01"),
    Shot("orders", "supervision_officer", "/orders"),
    Shot("orders-none", "supervision_officer", "/orders?state=withdrawn"),
    Shot("order-draft", "leader", "/orders?state=draft", open_order),
    Shot("order-replied", "supervision_officer", "/orders?state=replied", send_back),
    Shot("order-target", "handler-parks", "/orders?kind=instruction", open_order),
    Shot("order-new", "supervision_officer", "/orders/new?cases=1,2&target=roads", two_signatories),
    Shot("order-unknown", "evaluator", "/orders/NONE"),
    Shot("map", "shift_leader", "/map", whole=False),
    Shot("objects", "acceptor", "/objects?layers=toilets,roads,parks", whole=False),
    Shot("objects-chosen", "acceptor", "/objects?layers=toilets,roads&at=10.003,50.003,16", choose_object, whole=False),
    Shot("object", "shift_leader", "/objects/T3"),
    Shot("object-unknown", "acceptor", "/objects/none"),
    Shot("import", "administrator", "/objects/import?layer=toilets"),
    Shot("import-preview", "administrator", "/objects/import", look_at_file),
    Shot("census", "acceptor", "/objects/census?against=2025-01-01"),
    Shot("census-layer", "acceptor", "/objects/census?layer=toilets&by=grade&against=2025-01-01"),
    Shot("beats", "administrator", "/objects/beats?area=990100001"),
    Shot("beats-designed", "administrator", "/objects/beats?beats=2"),
    Shot("ledger", "dispatcher", "/ledger?category=0101&lon=10.004&lat=50.004"),
    Shot("ledger-gaps", "dispatcher", "/ledger/gaps"),
    Shot("ledger-rows", "dispatcher", "/ledger/rows"),
    Shot("ledger-proposal-new", "ledger_keeper", "/ledger/proposals/new"),
    Shot("scores", "evaluator", "/scores?period=2025-03"),
    Shot("scores-month", "evaluator", "/scores?period=2025&by=month"),
    Shot("scores-empty", "evaluator", "/scores?period=1999"),
    Shot("case-why", "dispatcher", "/desk?queue=all&state=handling&category=0101&sort=newest", why),
    Shot("case-parts", "dispatcher", "/desk?queue=all&state=handling&category=0103", why),
    Shot("case-asks-extension", "handler-roads", UNASKED, ask("ask_extension")),
    Shot("case-asks-deferral", "handler-roads", UNASKED, ask("ask_deferral")),
    Shot("case-asks-shelving", "handler-roads", UNASKED, ask("ask_shelving")),
    Shot("desk-filters", "shift_leader", "/desk?queue=all&open=true", open_filters),
    Shot("calendars", "shift_leader", "/calendars?year=2025", year),
    Shot("calendars-provisional", "administrator", "/calendars?year=2026", year),
    Shot("calendars-special", "shift_leader", "/calendars?year=2025", special_days),
    Shot("account", "acceptor", "/account"),
    Shot("account-factor", "dispatcher", "/account", second_factor),
    Shot("not-allowed", "handler-roads", "/scores"),
    Shot("wall", "shift_leader", "/wall", sizes=("desk", *WALLS), whole=False),
    Shot("wall-unranked", "handler-roads", "/wall", sizes=("desk", *WALLS), whole=False),
)
