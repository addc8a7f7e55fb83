"""What a browser and a clock say about the screens."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import BrowserContext, Page, Request

OBSERVED = """
(() => {
  const seen = window.seen = {largest: 0, what: '', rows: 0, tasks: [], entries: []};
  new PerformanceObserver((list) => {
    const last = list.getEntries().at(-1);
    seen.largest = last.startTime;
    seen.what = last.element ? last.element.tagName + '.' + last.element.className : last.url;
  }).observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.tasks.push([task.startTime, task.duration]);
  }).observe({type: 'longtask', buffered: true});
  const row = () => requestAnimationFrame(document.querySelector('tbody tr')
    ? () => setTimeout(() => seen.rows = performance.now()) : row);
  row();
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (kind, ...rest) {
    if (kind === 'entry') listen.call(this, kind, () => seen.entries.push(performance.now()));
    return listen.call(this, kind, ...rest);
  };
  const every = window.setInterval;
  window.setInterval = (act, pause, ...rest) => every(act, Math.min(pause, SELDOM), ...rest);
})()
"""
"""Runs before the page: its largest paint, when the first row of a table was painted, its long tasks, when an entry was
told. What the page does seldom it does every SELDOM ms here, so that a short look sees that too."""

FRAMES = """
async (seconds) => {
  const from = performance.now(), frames = [];
  await new Promise((done) => {
    const frame = (now) => {
      frames.push(now);
      if (now - from < seconds * 1000) requestAnimationFrame(frame); else done();
    };
    requestAnimationFrame(frame);
  });
  const second = (n) => (at) => at >= from + n * 1000 && at < from + (n + 1) * 1000;
  return {
    rates: Array.from({length: seconds}, (_, n) => frames.filter(second(n)).length),
    tasks: window.seen.tasks.filter(([at, length]) => at + length > from).map(([, length]) => length),
    entries: window.seen.entries.filter((at) => at > from).length,
  };
}
"""
PATIENCE = 60_000
"""Milliseconds for anything to appear."""


def watched(page: Page, *, seldom: int = PATIENCE) -> Page:
    """The page, observed from its first moment on; `seldom` in milliseconds."""
    page.add_init_script(OBSERVED.replace("SELDOM", str(seldom)))
    return page


class Painted(NamedTuple):
    """Milliseconds from the start of the navigation, and which element was the largest."""

    largest: float
    rows: float
    what: str


def painted(page: Page, path: str, *, slower: int) -> Painted:
    """Open `path`, which has a table, with a processor so many times slower."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(path)
    page.wait_for_function("() => window.seen.rows", timeout=PATIENCE)
    page.wait_for_load_state("networkidle")
    seen = page.evaluate("() => window.seen")
    return Painted(seen["largest"], seen["rows"], seen["what"])


@contextmanager
def loading(page: Page) -> Iterator[dict[str, int]]:
    """Scripts and styles that come meanwhile: bytes on the wire by file name, there when all is over."""
    heard: list[tuple[str, Request]] = []

    def finished(request: Request) -> None:
        name = request.url.partition("?")[0].rpartition("/")[2]
        if name.endswith((".js", ".css")):
            heard.append((name, request))

    found: dict[str, int] = {}
    page.on("requestfinished", finished)
    yield found
    page.remove_listener("requestfinished", finished)
    found.update({name: request.sizes()["responseBodySize"] for name, request in heard})


class Looked(NamedTuple):
    """A while before a page: frames of each second, milliseconds of its long tasks, how many entries arrived."""

    rates: list[int]
    tasks: list[float]
    entries: int

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def longest(self) -> float:
        return max(self.tasks, default=0)


def looked(page: Page, seconds: int) -> Looked:
    return Looked(**page.evaluate(FRAMES, seconds))


def middle(act: Callable[[], Any], *, rounds: int) -> float:
    """The median of so many calls in milliseconds, after one that warms up."""
    taken = []
    for _ in range(rounds + 1):
        began = monotonic()
        act()
        taken.append((monotonic() - began) * 1000)
    return median(taken[1:])


class Work(NamedTuple):
    """Somebody signed in, and a step of cases that is theirs to take."""

    url: str
    cookies: dict[str, str]
    step: str
    numbers: list[str]


def work_of(context: BrowserContext, url: str, state: str, step: str, *, enough: int) -> Work:
    """What whoever is signed in may do with cases in this state, `enough` of them."""
    numbers: list[str] = []
    before: str | None = ""
    while len(numbers) < enough and before is not None:
        query = {"queue": "mine", "state": state, "limit": 200, "before": before}
        page = context.request.get("/api/cases", params=query).json()  # type: ignore[arg-type]
        numbers += [case["number"] for case in page["cases"] if step in case["steps"]]
        before = page["next"]
    assert len(numbers) >= enough, (state, len(numbers))
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    return Work(url, cookies, step, numbers)


@contextmanager
def working(people: Sequence[Work], *, a_second: int, batch: int = 5) -> Iterator[None]:
    """Meanwhile all together take so many steps a second, each person some cases at a time."""
    stop = threading.Event()
    pause = batch * len(people) / a_second
    refused: list[str] = []
    threads = [
        threading.Thread(target=_work, args=(work, batch, turn * pause / len(people), pause, stop, refused))
        for turn, work in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not refused, refused[:3]


def _work(work: Work, batch: int, late: float, pause: float, stop: threading.Event, refused: list[str]) -> None:
    headers = {"X-CSRFToken": work.cookies["csrftoken"], "Referer": work.url}
    due = monotonic() + late
    with httpx.Client(base_url=work.url, cookies=work.cookies, headers=headers, timeout=PATIENCE / 1000) as client:
        for first in range(0, len(work.numbers), batch):
            if stop.wait(max(0.0, due - monotonic())):
                return
            body = {"numbers": work.numbers[first : first + batch], "step": work.step}
            answers = client.post("/api/cases/steps", json=body).json()["answers"]
            refused += [str(answer["problem"]) for answer in answers if not answer["ok"]]
            due += pause
