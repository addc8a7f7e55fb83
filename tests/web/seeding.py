"""What a city's pages need to have something to show: signals of citizens, proposals for the rule book, objects."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import APIRequestContext, FilePayload, Page

from web.steps import go, photo, post_past_the_page


def signals(citizen: APIRequestContext, folder: Path) -> None:
    """One with photos, one whose kind nobody has said, and two that look like abuse."""
    pictures = [_sent(citizen, photo(folder / f"{shade}.jpg", f"#{shade}")) for shade in ("708090", "335533")]
    here = {"lon": 10.0041, "lat": 50.0041, "address": "Mill Lane 3"}
    shown = {"category": "0101", "photos": pictures, "contact": {"name": "Ada Lamb", "phone": "+1 555 0100"}}
    _report(citizen, here | shown | {"words": "A deep hole before the bakery, wide as a wheel"})
    _report(citizen, {"address": "Behind the school", "words": "Something smells of gas here, every morning"})
    links = " ".join(f"https://example.org/{n}" for n in range(3))
    picture = _sent(citizen, photo(folder / "held.jpg", "#884422"))
    _report(citizen, here | {"words": f"Cheap lamps at {links}", "photos": [picture]})
    _report(citizen, {"lon": 11.5, "lat": 51.5, "words": "A bench is broken"})


def merged(acceptor: Page) -> None:
    """Two of the open cases are the same."""
    found = acceptor.context.request.get("/api/cases?state=reported&sort=newest").json()["cases"]
    go(acceptor, found[1]["number"], "merge", other=found[0]["number"])


AT_STATION = "Station Square 1"


def duties(people: dict[str, Page]) -> None:
    """A case that a crew and an assistant work on beside its unit, while a chief has called two to the spot."""
    body = {
        "channel": "phone", "outside_id": str(uuid4()), "datum": "WGS84", "lon": 10.0052, "lat": 50.0052,
        "address": AT_STATION, "words": "Three pipes, one hole", "category": "0101", "area": "", "photos": [],
    }  # fmt: skip
    answer = post_past_the_page(people["acceptor"], "/api/reports", body)
    assert answer.ok, answer.text()
    number, hour = answer.json()["case"], {"within": {"value": 1, "unit": "h"}}
    for post, name, facts in (
        ("acceptor", "register", {}),
        ("shift_leader", "file", {}),
        ("dispatcher", "dispatch", {"organisation": "roads"}),
        ("handler-roads", "sign_for", {}),
        ("handler-roads", "delegate", {"organisation": "crew"} | hour),
        ("handler-crew", "finish_duty", {"duty": 3, "result": "Filled up to the kerb"}),
        ("handler-roads", "call_in", {"organisation": "parks", "delivery": "phone"}),
        ("chief", "whistle", {"organisations": ["parks", "crew"], "urgency": "hard", "reason": "To the spot!"}),
    ):  # fmt: skip
        go(people[post], number, name, **facts)


def replies(desk: Page) -> None:
    """A hotline's order that is signed for, and one that is answered and not yet called back."""
    for order, step in (
        ("12344-0601-9", {"step": "answer", "words": "The crew was there on Monday; it is filled and level."}),
        ("12345-0602-1", {"step": "sign_for"}),
    ):
        body = {
            "channel": "phone", "outside_id": order, "order_number": order, "address": "Mill Lane 3",
            "category": "0102", "words": "The lamp before the school has been out for a week",
            "reporter": {"name": "Ada Lamb", "phone": "+1 555 0100"},
        }  # fmt: skip
        answer = post_past_the_page(desk, "/api/reports", body)
        assert answer.ok, answer.text()
        taken = post_past_the_page(desk, f"/api/reports/{answer.json()['number']}/reply/steps", step)
        assert taken.ok, taken.text()


def _sent(citizen: APIRequestContext, path: Path) -> str:
    file = FilePayload(name=path.name, mimeType="image/jpeg", buffer=path.read_bytes())
    answer = citizen.post("/api/public/photos", multipart={"file": file})
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def _report(citizen: APIRequestContext, body: dict[str, Any]) -> None:
    answer = citizen.post("/api/public/reports", data=body | {"key": str(uuid4())})
    assert answer.ok, answer.text()


def proposals(editor: Page, leader: Page) -> None:
    """An edition to come, and over it a proposal that waits for a decision and one that is still written."""
    limit = {"stage": "handle", "part": "", "value": "3", "unit": "wd", "calendar": "default"}
    first = _propose(editor, "Rattling covers sooner", "2030-01-01", "noisy", limits=[limit])
    _ask(editor, f"{first}/submit", {})
    _ask(leader, f"{first}/approve", {"note": "Agreed"})
    near = [{"kind": "near", "app": True}]
    second = _propose(editor, "Photos of missing covers", "2030-02-01", "missing", photos=near)
    _ask(editor, f"{second}/removals", {"category": "0102", "situation": ""})
    _ask(editor, f"{second}/submit", {})
    walked_past = "Covers on private ground"
    _propose(editor, "What is walked past", "2030-03-01", "noisy", do_not_collect=walked_past, urgent=True)


def _propose(editor: Page, title: str, begins: str, situation: str, **changes: Any) -> str:
    basis = {"title": title, "reason": "Crews are faster now", "basis": "SAMPLE-1", "begins": begins}
    number = _ask(editor, "proposals", basis)["number"]
    rows = editor.context.request.get("/api/rules/categories/0104").json()["rules"]
    rule = next(row["written"] for row in rows if row["situation"] == situation)
    _ask(editor, f"proposals/{number}/changes", rule | changes, "PUT")
    return f"proposals/{number}"


def _ask(page: Page, path: str, data: dict[str, Any], method: str = "POST") -> Any:
    answer = post_past_the_page(page, f"/api/rules/{path}", data, method)
    assert answer.ok, answer.text()
    return answer.json()


def orders(officer: Page, leader: Page, unit: Page) -> None:
    """A draft that waits for a signature, one that is answered, and a leader's instruction about no case."""
    found = officer.context.request.get("/api/cases?queue=all&state=handling&organisation=roads&limit=2").json()
    cases = [case["number"] for case in found["cases"]]
    text = "Both stand since spring. Mend them before the holidays,\nand show with photos what was done."
    told = {"kind": "supervision", "level": "urgent", "target": "roads", "text": text, "cases": cases}
    _order(officer, told | {"title": "Lamps that nobody mends", "signatories": ["leader", "deputy"], "key": "1"})
    answered = _order(officer, told | {"title": "Holes before the school", "basis": "Decree 7", "key": "2"})
    for step in ({"step": "sign_for"}, {"step": "reply", "reply": "Filled on Monday, photos are with the cases."}):
        _step(unit, answered, step)
    instruction = {"kind": "instruction", "level": "pressing", "target": "parks", "text": "See to it.", "key": "3"}
    _order(leader, instruction | {"title": "Trees along the parade"})


def _order(page: Page, told: dict[str, Any]) -> str:
    answer = post_past_the_page(page, "/api/orders", told)
    assert answer.ok, answer.text()
    return str(answer.json()["reference"])


def _step(page: Page, order: str, told: dict[str, Any]) -> None:
    answer = post_past_the_page(page, f"/api/orders/{order}/steps", told)
    assert answer.ok, answer.text()


TOILETS = """code,name,state,lon,lat,stalls,grade,owner
T1,Market toilet,open,10.003,50.003,4,first,roads
T2,Station toilet,open,10.005,50.004,6,first,roads
T3,Park toilet,closed,10.015,50.006,2,second,parks
"""
ROADS = """code,name,wkt
R1,Mill Lane,"LINESTRING (10.001 50.002, 10.009 50.005)"
R2,Station Road,"LINESTRING (10.004 50.004, 10.018 50.007)"
"""
PARKS = """code,name,wkt
P1,Town park,"POLYGON ((10.013 50.005, 10.017 50.005, 10.017 50.008, 10.013 50.008, 10.013 50.005))"
"""
CHANGED = """code,name,state,lon,lat,stalls,grade,owner
T1,Old market toilet,closed,10.003,50.003,5,first,parks
T2,Station toilet,open,10.007,50.0045,6,first,roads
T4,School toilet,open,10.011,50.003,3,second,roads
"""
REJECTED = """T5,Quay toilet,open,10.012,50.004,many,first,roads
T6,Far toilet,open,10.9,50.9,3,second,roads
"""


def objects(keeper: Page) -> None:
    """Toilets, roads and parks, of which one toilet has changed since."""
    for layer, table in (("toilets", TOILETS), ("roads", ROADS), ("parks", PARKS)):
        take_in(keeper, layer, table)
    take_in(keeper, "toilets", TOILETS.replace("Park toilet,closed", "Park toilet,open"))


def take_in(keeper: Page, layer: str, table: str) -> None:
    """Take a table of objects in, past the page."""
    token = {cookie["name"]: cookie["value"] for cookie in keeper.context.cookies()}["csrftoken"]
    file = FilePayload(name=f"{layer}.csv", mimeType="text/csv", buffer=table.encode())
    headers = {"X-CSRFToken": token, "Referer": keeper.url}
    form: dict[str, Any] = {"layer": layer, "file": file}
    shown = keeper.context.request.post("/api/objects/imports", multipart=form, headers=headers)
    assert shown.ok, shown.text()
    done = post_past_the_page(keeper, f"/api/objects/imports/{shown.json()['id']}/apply", {})
    assert done.ok, done.text()


def working(people: dict[str, Page], **told: Any) -> str:
    """A case that the unit has signed for; `people` by post."""
    hole = {"channel": "app", "category": "0101", "lon": 10.002, "lat": 50.005, "address": "Mill Lane 3"}
    sender = people["acceptor"]
    answer = post_past_the_page(sender, "/api/reports", hole | {"words": "Deep hole"} | told)
    assert answer.ok, answer.text()
    case = str(answer.json()["case"])
    step(people["acceptor"], case, "register")
    step(people["shift_leader"], case, "file")
    step(people["dispatcher"], case, "dispatch", organisation="roads")
    step(people["handler-roads"], case, "sign_for")
    return case


def step(page: Page, case: str, name: str, **facts: Any) -> Any:
    """A step taken without the page, which has tests of its own."""
    answer = post_past_the_page(page, f"/api/cases/{case}/steps", {"step": name, **facts})
    assert answer.ok, answer.text()
    return answer.json()


def ask_with_form(page: Page, case: str, folder: Path, **facts: Any) -> None:
    """Ask for two working days more, on a signed form."""
    path = photo(folder / f"{case}.jpg", "#ccddcc")
    file = FilePayload(name=path.name, mimeType="image/jpeg", buffer=path.read_bytes())
    headers = {"X-CSRFToken": {one["name"]: one["value"] for one in page.context.cookies()}["csrftoken"]}
    sent = page.context.request.post("/api/photos", multipart={"file": file}, headers=headers | {"Referer": page.url})
    assert sent.ok, sent.text()
    wanted = {"reason": "The asphalt does not set in this rain", "extension": {"value": 2, "unit": "wd"}}
    step(page, case, "ask_extension", photos=[sent.json()["id"]], **(wanted | facts))


def requests(people: dict[str, Page], folder: Path) -> None:
    """Requests of every kind: that wait, one of them in the middle of its chain, that were decided, and a return; and
    a case for which nothing is asked."""
    wanted = {"reason": "Parts are on order", "until": "2025-06-30T10:00:00Z"}
    measures = {"reason": "No money this year", "review_on": "2025-12-01", "measures": "Fenced, lit and signed"}
    handler, chief = people["handler-roads"], people["section_chief"]
    working(people, category="0102")
    for _ in range(2):
        ask_with_form(handler, working(people), folder)
    again = working(people)
    ask_with_form(handler, again, folder)
    step(chief, again, "deny_hold", reason="Try it with two crews")
    ask_with_form(handler, again, folder, reason="Both crews are at work, the rain does not stop")
    passed = working(people)
    ask_with_form(handler, passed, folder)
    step(chief, passed, "grant_hold")
    granted = working(people)
    step(handler, granted, "ask_deferral", **wanted)
    step(people["dispatcher"], granted, "grant_hold")
    step(handler, working(people), "ask_deferral", **wanted)
    step(handler, working(people), "ask_shelving", **measures)
    proof = {"note": "A private yard, behind a gate", "disputed": "L1"}
    step(handler, working(people), "request_return", reason="not_ours", **proof)
