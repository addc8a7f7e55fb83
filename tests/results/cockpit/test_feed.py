"""The live feed: who is told what, what survives a restart, and what happens to those who cannot follow."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import pytest
from django.db import OperationalError, connection, connections, transaction

from cityloop.core import clock
from cityloop.ground.places.models import City
from cityloop.results.cockpit import feed, scope, stream
from cityloop.results.cockpit.feed import Application, Listener
from cityloop.results.cockpit.stream import Position

from .conftest import EAST, Desk, token

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
SOON = 10.0
"""Seconds within which anything here happens."""

Event = dict[str, Any]


class Page:
    """A browser's end of one stream."""

    def __init__(self, application: Application, query: str, headers: dict[str, str]) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self._arrived = asyncio.Event()
        self._leave: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        asked = {
            "type": "http",
            "method": "GET",
            "path": "/feed",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self.task = asyncio.create_task(application(asked, self._leave.get, self._send))

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.body += message.get("body", b"")
        self._arrived.set()

    async def event(self, kind: str = "") -> Event:
        """The next event, of this kind if one is named."""
        while True:
            while b"\n\n" not in self.body:
                self._arrived.clear()
                await asyncio.wait_for(self._arrived.wait(), SOON)
            text, _, self.body = self.body.partition(b"\n\n")
            found = parsed(text.decode())
            if "event" in found and kind in ("", found["event"]):
                return found

    async def leave(self) -> None:
        await self._leave.put({"type": "http.disconnect"})
        await asyncio.wait_for(self.task, SOON)


def parsed(text: str) -> Event:
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith(":"))
    found: Event = {name: value for name, _, value in lines}
    return found | ({"data": json.loads(found["data"])} if "data" in found else {})


Open = Callable[..., Awaitable[Page]]


@asynccontextmanager
async def living() -> AsyncIterator[tuple[Application, Open]]:
    """The application in this process, and what opens a page that is told everything from then on."""
    application = Application()
    ends: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await ends.put({"type": "lifespan.startup"})
    told: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(application({"type": "lifespan"}, ends.get, told.put))
    await told.get()
    pages: list[Page] = []

    async def opened(t: str, query: str = "", *, ready: bool = True, **headers: str) -> Page:
        page = Page(application, f"t={t}{query}", headers)
        pages.append(page)
        if ready:
            await page.event("ready")
        return page

    try:
        yield application, opened
    finally:
        for page in pages:
            await page.leave()
        await ends.put({"type": "lifespan.shutdown"})
        await life


def in_time(story: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))


async def aside(act: Callable[..., Any], *arguments: Any) -> Any:
    """Something the desk does meanwhile, on a connection of its own."""

    def done() -> Any:
        try:
            return act(*arguments)
        finally:
            connections.close_all()

    return await asyncio.to_thread(done)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "POLL", 0.02)
    monkeypatch.setattr(feed, "RETRY", 0.05)


def test_a_step_is_told_to_all_who_may_see_its_case(desk: Desk) -> None:
    city_wide, roads = token("dispatcher"), token("handler", organisation="roads")
    parks, west = token("handler", organisation="parks"), token("collector", area="990100001")

    async def story() -> None:
        async with living() as (_, opened):
            city, own, other, area = [await opened(t) for t in (city_wide, roads, parks, west)]
            case = await aside(desk.opened, EAST)
            first = await city.event()
            assert first["event"] == "entry"
            assert first["data"] == {
                "number": case,
                "step": "report",
                "title_zh": "上报",
                "title_en": "Report",
                "state": "reported",
                "at": first["data"]["at"],
                "category": "0101",
                "lon": EAST[0],
                "lat": EAST[1],
                "organisation": None,
                "light": "none",
            }
            await aside(desk.brought, case, "handling")
            assert [(await city.event())["data"]["step"] for _ in range(4)] == [
                "register",
                "file",
                "dispatch",
                "sign_for",
            ]
            mine = await until(own, "sign_for")
            assert (mine["data"]["number"], mine["data"]["organisation"], mine["data"]["light"]) == (
                case,
                "roads",
                "green",
            )
            await asyncio.sleep(0.1)
            assert b"entry" not in other.body + area.body

    in_time(story)


async def until(page: Page, step: str) -> Event:
    while (event := await page.event("entry"))["data"]["step"] != step:
        pass
    return event


async def before_ready(page: Page) -> list[str]:
    """Steps, or kinds of other events, up to `ready`."""
    found = []
    while (event := await page.event())["event"] != "ready":
        found.append(event["data"].get("step", event["event"]))
    return found


def test_whoever_comes_back_is_told_what_was_missed(desk: Desk) -> None:
    t = token("dispatcher")

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t)
            case = await aside(desk.opened)
            seen = await page.event("entry")
        await aside(desk.brought, case, "filed")
        async with living() as (_, opened):
            again = await opened(t, ready=False, **{"Last-Event-ID": seen["id"]})
            assert (await before_ready(again))[-2:] == ["register", "file"]
            await aside(
                lambda: desk.step(case, "rule_dispatch", "section_chief", organisation="roads", basis="Decree 7")
            )
            ruled = await again.event("entry")
            assert ruled["data"]["step"] == "rule_dispatch"
            asked = await opened(t, f"&last={ruled['id']}", ready=False)
            assert (await before_ready(asked))[-1] == "rule_dispatch"  # at least once
            fresh = await opened(t, "&recent=2", ready=False)
            assert await before_ready(fresh) == ["file", "rule_dispatch"]
            assert await before_ready(await opened(t, ready=False)) == []

    everybody(desk)
    in_time(story)


def everybody(desk: Desk) -> None:
    """They sign in before a story begins."""
    for post in ("machine", "acceptor", "shift_leader", "dispatcher", "collector", "handler-roads"):
        desk.person(post)


@pytest.mark.parametrize("last", ["nonsense", "1-2", "0-0-0", "99999999999999999-0-0", "now-7-7", "2 hours-0-0"])
def test_an_id_that_says_nothing_resets(desk: Desk, last: str) -> None:
    now = (clock.now() - stream.EPOCH) // timedelta(microseconds=1)
    last = last.replace("now", str(now)).replace("2 hours", str(now - 7_200_000_000))
    t = token("dispatcher")

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t, f"&last={last}", ready=False)
            assert await before_ready(page) == ["reset"]

    in_time(story)


def test_too_much_to_tell_resets(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MISSED", 2)
    monkeypatch.setattr(stream, "MOST", 3)
    t, start = token("dispatcher"), Position(clock.now())
    for _ in range(3):
        desk.opened()

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t, f"&last={start}", ready=False)
            assert await before_ready(page) == ["reset"]
            monkeypatch.setattr(stream, "MOST", 1)  # any entry is a bulk now
            await aside(desk.opened)
            assert (await page.event())["event"] == "reset"
            monkeypatch.setattr(stream, "MOST", 100)
            case = await aside(desk.opened)
            assert (await page.event("entry"))["data"]["number"] == case

    in_time(story)


def test_what_is_committed_late_is_told_all_the_same(desk: Desk) -> None:
    t, cases = token("dispatcher"), [desk.opened(), desk.opened()]
    everybody(desk)
    recorded, commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            desk.step(cases[0], "register", "acceptor")
            recorded.set()
            commit.wait(SOON)

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t)
            slow = asyncio.create_task(aside(slowly))
            await asyncio.to_thread(recorded.wait, SOON)
            await aside(desk.step, cases[1], "register", "acceptor")
            assert (await page.event("entry"))["data"]["number"] == cases[1]
            commit.set()
            await slow
            assert (await page.event("entry"))["data"]["number"] == cases[0]

    in_time(story)


@pytest.mark.parametrize("wrong", ["", "nonsense"])
def test_no_stream_without_a_token(db: None, wrong: str) -> None:
    async def story() -> None:
        async with living() as (application, opened):
            page = await opened(wrong, ready=False, **{"Accept-Language": "en", "Origin": "http://localhost:8000"})
            await page.task
            problem = json.loads(page.body)
            assert (page.status, problem["code"], problem["title"]) == (401, "view_ended", "Not signed in")
            assert page.headers["content-type"] == "application/problem+json"
            assert page.headers["access-control-allow-origin"] == "http://localhost:8000"
            assert not application.feed.listeners

    in_time(story)


def test_a_stream_ends_with_its_token(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT", 0.05)
    t = token("dispatcher")

    async def story() -> None:
        async with living() as (application, opened):
            page = await opened(t)
            await asyncio.sleep(0.15)
            assert page.body.startswith(b":\n\n")
            monkeypatch.setattr(scope, "MAX_AGE", -10_000)
            await asyncio.wait_for(page.task, SOON)
            assert not application.feed.listeners

    in_time(story)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://127.0.0.1:8000", True), ("https://elsewhere.example", False), ("null", False), ("", False)],
)
def test_only_pages_of_this_deployment_may_read(desk: Desk, origin: str, allowed: bool) -> None:
    t = token("dispatcher")

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t, Origin=origin)
            assert page.headers.get("access-control-allow-origin") == (origin if allowed else None)
            assert page.headers["content-type"].startswith("text/event-stream")

    in_time(story)


def test_a_lost_database_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    t, read = token("dispatcher"), stream.Tail.read
    desk.person("machine")
    lost = threading.Event()

    def fail(*arguments: Any) -> Any:
        lost.set()
        raise OperationalError("gone")

    async def story() -> None:
        async with living() as (application, opened):
            page = await opened(t)
            monkeypatch.setattr(stream.Tail, "read", fail)
            await asyncio.to_thread(lost.wait, SOON)
            case = await aside(desk.opened)
            await asyncio.sleep(0.1)
            assert application.feed.connected is False
            monkeypatch.setattr(stream.Tail, "read", read)
            assert (await page.event("entry"))["data"]["number"] == case
            assert application.feed.connected is True

    in_time(story)


def test_a_fault_in_the_reading_costs_nobody_the_stream(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    t, read = token("dispatcher"), stream.Tail.read
    desk.person("machine")

    async def story() -> None:
        async with living() as (_, opened):
            page = await opened(t)
            monkeypatch.setattr(stream.Tail, "read", lambda *arguments: 1 / 0)
            assert (await page.event())["event"] == "reset"
            monkeypatch.setattr(stream.Tail, "read", read)
            await asyncio.sleep(0.2)
            case = await aside(desk.opened)
            assert (await page.event("entry"))["data"]["number"] == case

    in_time(story)


def test_whoever_reads_too_slowly_is_let_go(db: None) -> None:
    async def story() -> None:
        listener = Listener(scope.Scope(()))
        for _ in range(feed.WAITING):
            listener.tell(b"x")
        assert len(await listener.heard()) == feed.WAITING
        for _ in range(feed.WAITING + 1):
            listener.tell(b"x")
        assert listener.behind
        assert await listener.heard() == feed.ALIVE

    in_time(story)


@pytest.fixture
def served(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the feed as `serve` does, in a process of its own with the city's clock."""
    City.objects.update(clock_shift=clock.shift())
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    environment = os.environ | {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}"))}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "cityloop.config.processes", "feed", "127.0.0.1", str(PORT)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd=ROOT))
        for _ in range(300):
            with suppress(OSError), urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5) as answer:
                assert json.load(answer)["status"] == "ok"
                return started[-1]
            time.sleep(0.1)
        raise AssertionError("the feed never answered")

    yield start
    for process in started:
        assert process.stdin is not None
        process.stdin.close()  # its life line
        assert process.wait(SOON) is not None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


PORT = free_port()


class Wire:
    """A stream over the network, read line by line."""

    def __init__(self, query: str) -> None:
        self.answer = urlopen(f"http://127.0.0.1:{PORT}/feed?{query}", timeout=SOON)

    def event(self, kind: str) -> Event:
        lines: list[str] = []
        while line := self.answer.readline().decode():
            if line != "\n":
                lines.append(line.rstrip("\n"))
                continue
            found = parsed("\n".join(lines))
            lines = []
            if found.get("event") == kind:
                return found
        raise AssertionError("the stream ended")


def test_the_feed_outlives_its_process(served: Callable[[], subprocess.Popen[bytes]], desk: Desk) -> None:
    t = token("dispatcher")
    process = served()
    wire = Wire(f"t={t}")
    wire.event("ready")
    case = desk.opened()
    seen = wire.event("entry")
    assert seen["data"]["number"] == case
    process.send_signal(signal.SIGTERM)
    assert process.wait(SOON) == 0
    desk.brought(case, "registered")
    served()
    again = Wire(f"t={t}&last={seen['id']}")
    assert [again.event("entry")["data"]["step"] for _ in range(2)][-1] == "register"
