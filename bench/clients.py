"""Clients that all do the same thing at once, each in a process of its own. Imports little: every client does."""

import http.client
import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from time import monotonic
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

CLIENTS = 8
PATIENCE = 60.0
"""Seconds a client may take to start, or to answer beyond the time it was given."""
WARM_UP = 5

Call = Callable[[], Any]
"""One request or transaction; what it returns is collected. IndexError: there is nothing more to do."""


class Maker(Protocol):
    """Opens what a client needs (a connection) and gives its call; a top-level function, so that it can travel."""

    def __call__(self, *arguments: Any) -> Any: ...


@dataclass(frozen=True)
class Load:
    """What all clients did: seconds of each call, and what the calls returned, by client, those of the warm-up too."""

    wall: float
    taken: list[float]
    results: list[list[Any]]

    @property
    def rate(self) -> float:
        return len(self.taken) / self.wall

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return sorted(self.taken)[min(int(len(self.taken) * share), len(self.taken) - 1)] * 1000


def run(
    maker: Maker, arguments: list[tuple[Any, ...]], seconds: float, on_start: Callable[[], None] = lambda: None
) -> Load:
    """Let one client per tuple of arguments call for `seconds`, all beginning together after a warm-up.

    `on_start` is called when all are warm, just before they begin.
    """
    context = get_context("spawn")
    barrier, queue = context.Barrier(len(arguments) + 1), context.Queue()
    clients = [
        context.Process(target=_client, args=(maker, one, seconds, barrier, queue), daemon=True) for one in arguments
    ]
    for client in clients:
        client.start()
    try:
        with suppress(BrokenBarrierError):  # whoever broke it tells why
            barrier.wait(PATIENCE)  # all are warm
            on_start()
            barrier.wait(PATIENCE)
        told = [queue.get(timeout=seconds + PATIENCE) for _ in clients]
    finally:
        for client in clients:
            client.join(PATIENCE)
            client.kill()
    faults = sorted((fault for _, _, _, fault in told if fault), key=lambda fault: fault.startswith("BrokenBarrier"))
    if faults:
        raise RuntimeError(f"{len(faults)} of {len(clients)} clients failed: {faults[0]}")
    return Load(
        max(wall for wall, _, _, _ in told),
        [one for _, taken, _, _ in told for one in taken],
        [results for _, _, results, _ in told],
    )


def _client(
    maker: Maker,
    arguments: tuple[Any, ...],
    seconds: float,
    barrier: Barrier,
    queue: "Queue[tuple[float, list[float], list[Any], str]]",
) -> None:
    taken: list[float] = []
    results: list[Any] = []
    began = monotonic()
    try:
        with maker(*arguments) as call:
            results += [call() for _ in range(WARM_UP)]
            barrier.wait(PATIENCE)
            barrier.wait(PATIENCE)
            began = monotonic()
            with suppress(IndexError):
                while (now := monotonic()) < began + seconds:
                    results.append(call())
                    taken.append(monotonic() - now)
            queue.put((monotonic() - began, taken, results, ""))
    except Exception as error:
        barrier.abort()
        queue.put((monotonic() - began, [], [], f"{type(error).__name__}: {error}"))


class Caller:
    """One kept connection to the API, signed in."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What is answered; RuntimeError where it is a refusal."""
        status, answer = self.tell(method, path, body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {json.dumps(answer)[:500]}")
        return answer

    def tell(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """The status and what is answered, whatever it is."""
        content = None if body is None else json.dumps(body).encode()
        self.connection.request(method, path, content, self._headers)
        answer = self.connection.getresponse()
        return answer.status, cast(dict[str, Any], json.loads(answer.read() or b"{}"))


class Fetcher:
    """One kept connection for whoever has not signed in; `read` counts the bytes that came."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        self.read = 0

    def get(self, path: str, **headers: str) -> bytes:
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{path}: {answer.status} {content.decode(errors='replace')[:500]}")
        return content

    def timed(self, path: str) -> float:
        """Seconds until all of an answer was there."""
        began = monotonic()
        self.read += len(self.get(path, **{"Accept-Encoding": "gzip"}))
        return monotonic() - began


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def reporting(url: str, token: str, examples: list[dict[str, Any]], seed: int) -> Iterator[Call]:
    """Hand in reports like `examples`; each call gives the number of the case that opened."""
    caller, chance = Caller(url, token), random.Random(seed)
    yield lambda: caller.ask("POST", "/api/reports", chance.choice(examples))["case"]
    caller.connection.close()


@contextmanager
def stepping(url: str, token: str, step: str, numbers: list[str]) -> Iterator[Call]:
    """Take one step of each case; each call gives its number."""
    caller, left = Caller(url, token), list(numbers)

    def call() -> str:
        number = left.pop()
        caller.ask("POST", f"/api/cases/{number}/steps", {"step": step, "note": "signed for by the benchmark"})
        return number

    yield call
    caller.connection.close()


@contextmanager
def paging(url: str, token: str, starts: list[str], seed: int) -> Iterator[Call]:
    """Read pages of 50 cases anywhere in the list; each call gives how many cases came."""
    caller, chance = Caller(url, token), random.Random(seed)
    yield lambda: len(caller.ask("GET", f"/api/cases?before={chance.choice(starts)}")["cases"])
    caller.connection.close()


@contextmanager
def inserting(database: str, statements: list[str], rows: list[tuple[Any, ...]]) -> Iterator[Call]:
    """Raw transactions of one row into each of some tables."""
    import psycopg

    with psycopg.connect(database) as connection:

        def call() -> None:
            for statement, row in zip(statements, rows, strict=True):
                connection.execute(cast(Any, statement), row)
            connection.commit()

        yield call
