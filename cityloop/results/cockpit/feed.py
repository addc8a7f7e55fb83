"""The live feed: a small ASGI application that tells many pages what one reader finds. It runs alone in its process."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs

import orjson
from django.db import DatabaseError, InterfaceError, connections

from cityloop.core import clock
from cityloop.core.errors import Unproven
from cityloop.results.cockpit import stream
from cityloop.results.cockpit.answers import Asked, Send, answer, asked, begin, refuse
from cityloop.results.cockpit.scope import Scope, scope_of
from cityloop.results.cockpit.stream import Position, Tail

T = TypeVar("T")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

POLL = 0.3
"""Seconds between two readings while somebody listens."""
HEARTBEAT = 10.0
"""Seconds after which a silent stream says that it is alive."""
RETRY = 2.0
"""Seconds until a lost database is asked again, and a browser comes back."""
ALIVE = b":\n\n"
PATIENCE = 30.0
"""Seconds that one write may take."""
WAITING = 1000
"""Events that may wait for a slow reader."""
RECENT = 50
"""Past entries that a new page may ask for at most."""

log = logging.getLogger("cityloop.feed")


class Listener:
    """One open stream: what waits to be sent to it, and whether it fell too far behind."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.behind = False
        self._waiting: deque[bytes] = deque()
        self._filled = asyncio.Event()

    def tell(self, frame: bytes) -> None:
        if len(self._waiting) >= WAITING:
            self.behind = True
            self._waiting.clear()
        if not self.behind:
            self._waiting.append(frame)
        self._filled.set()

    async def heard(self) -> bytes:
        """Everything that waits, as soon as there is something; a heartbeat after a while of nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._filled.wait(), HEARTBEAT)
        self._filled.clear()
        frames = b"".join(self._waiting)
        self._waiting.clear()
        return frames or ALIVE


class Feed:
    """One reader of the database, on a thread of its own, for all listeners."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.connected = True
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._somebody = asyncio.Event()
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Read and tell whenever anybody listens, for ever."""
        while True:
            await self._somebody.wait()
            try:
                await self._follow()
            except Exception:  # whatever it was, the others must hear on; what it was stands in the log
                log.exception("the feed failed and starts again")
                self._tell_all(stream.reset())
                await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        tail = Tail()
        await self.ask(tail.begin)
        self._begun.set()
        while self.listeners:
            await self._tell(tail)
            await asyncio.sleep(POLL)
        self._begun.clear()

    async def _tell(self, tail: Tail) -> None:
        by_scope: dict[Scope, list[Listener]] = {}
        for listener in self.listeners:
            by_scope.setdefault(listener.scope, []).append(listener)
        told = await self.ask(lambda: tail.read(list(by_scope)))
        if told is None:
            self._tell_all(stream.reset())
            return
        for entry in told:
            for seen, listeners in zip(entry.seen, by_scope.values(), strict=True):
                for listener in listeners if seen else ():
                    listener.tell(entry.frame)

    def _tell_all(self, frame: bytes) -> None:
        for listener in self.listeners:
            listener.tell(frame)

    @asynccontextmanager
    async def listening(self, scope: Scope) -> AsyncIterator[Listener]:
        listener = Listener(scope)
        self.listeners.add(listener)
        self._somebody.set()
        try:
            yield listener
        finally:
            self.listeners.discard(listener)
            if not self.listeners:
                self._somebody.clear()

    async def begun(self) -> None:
        """Wait until whatever is committed from now on will be told."""
        await self._begun.wait()

    async def close(self) -> None:
        """Let the connection go."""
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def ask(self, question: Callable[[], T]) -> T:
        """What the database answers; as long as it does not answer, it is asked again."""
        while True:
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, question)
            except (DatabaseError, InterfaceError) as error:
                if self.connected:
                    log.warning("the feed waits for the database: %s", str(error).strip())
                self.connected = False
                await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
                await asyncio.sleep(RETRY)
            else:
                self.connected = True
                return found


class Application:
    """`GET /feed?t=…`: `text/event-stream`; `GET /health`. Nothing else."""

    def __init__(self) -> None:
        self.feed: Feed

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(asked(scope), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.feed = Feed()
        running = asyncio.create_task(self.feed.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        running.cancel()
        await self.feed.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Asked, receive: Receive, send: Send) -> None:
        if request.method == "OPTIONS":
            await answer(send, 204, b"", request)
        elif request.method != "GET":
            await refuse(send, 405, "method_wrong", request, method=request.method)
        elif request.path == "/health":
            await self._health(request, send)
        elif request.path == "/feed":
            await self._stream(request, receive, send)
        else:
            await refuse(send, 404, "page_unknown", request)

    async def _health(self, request: Asked, send: Send) -> None:
        """The process is alive; how many listen, and whether the database answered when it was last asked."""
        facts = {"status": "ok", "streams": len(self.feed.listeners), "database": self.feed.connected}
        await answer(send, 200, orjson.dumps(facts), request)

    async def _stream(self, request: Asked, receive: Receive, send: Send) -> None:
        query = parse_qs(request.query)
        token = query.get("t", [""])[-1]
        try:
            scope = scope_of(token)
        except Unproven as error:
            await refuse(send, error.status, error.code, request)
            return
        last = request.last_event_id or query.get("last", [""])[-1]
        recent = query.get("recent", [""])[-1]
        count = min(int(recent), RECENT) if recent.isdecimal() and recent.isascii() else 0
        telling = asyncio.create_task(self._tell(token, scope, last, count, request, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(self, token: str, scope: Scope, last: str, recent: int, request: Asked, send: Send) -> None:
        await begin(send, request, b"retry: %d\n\n" % (RETRY * 1000))
        async with self.feed.listening(scope) as listener:
            opening = asyncio.create_task(self._opening(scope, last, recent))
            try:
                while not (await asyncio.wait({opening}, timeout=HEARTBEAT))[0]:
                    await _write(send, ALIVE)
                await _write(send, opening.result())
                while not listener.behind:
                    await _write(send, await listener.heard())
                    scope_of(token)
            except (TimeoutError, Unproven):
                pass  # the browser comes back, with a fresh token if it has one
            finally:
                opening.cancel()
        with suppress(TimeoutError):
            await _write(send, b"", more=False)

    async def _opening(self, scope: Scope, last: str, recent: int) -> bytes:
        """What was missed, or a reset where that cannot be said; then `ready`: from here on nothing is missed."""
        await self.feed.begun()
        if last:
            found = await self.feed.ask(lambda: stream.missed(scope, last))
            frames = [stream.reset()] if found is None else found
        else:
            frames = await self.feed.ask(lambda: stream.latest(scope, recent)) if recent else []
        at = clock.now()
        return b"".join([*frames, stream.frame("ready", Position(at), {"at": at})])


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    """TimeoutError where the reader does not take it: nothing is kept for it without end."""
    await asyncio.wait_for(send({"type": "http.response.body", "body": body, "more_body": more}), PATIENCE)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


application = Application()
