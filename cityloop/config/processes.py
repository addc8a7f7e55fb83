"""The processes behind `serve`: web server, live feed and jobs worker, children that do not outlive their parent.

`python -m cityloop.config.processes web HOST PORT`, `... feed HOST PORT` and `... worker`; standard input is the
parent's life line.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

WORKERS = 2
"""Processes that run Python: it uses one core each."""
THREADS = 4
"""Requests that each answers at once. They wait for the database half of the time; more would only queue there."""
GRACE = 10
"""Seconds from being asked to stop to being stopped."""
RETRY = 2
"""Seconds until a worker looks again for a database that went away."""

log = logging.getLogger("cityloop.jobs")


def end_with_parent() -> None:
    """In a child that `multiprocessing` started: stop when its parent is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def _end_with_standard_input() -> None:
    _end_after(lambda: os.read(0, 1))


def _end_after(wait: Callable[[], Any]) -> None:
    def watch() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE)
        os._exit(1)

    threading.Thread(target=watch, name="life-line", daemon=True).start()


def take_clock() -> None:
    """Let this process's clock run as the city's does."""
    from cityloop.core import clock
    from cityloop.ground.places.city import find_city

    city = find_city()
    if city is not None:
        clock.set_shift(city.clock_shift)


def web(host: str, port: int) -> None:
    """Answer HTTP until told to stop. Python runs in processes of its own, which `wsgi` sets up."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    _end_with_standard_input()
    Server(
        "cityloop.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        http=HTTPModes.http1,
        websockets=False,
        workers_kill_timeout=GRACE // 2,
        log_level=LogLevels.error,
    ).serve()


def feed(host: str, port: int) -> None:
    """Tell open pages what happens, until told to stop. One process, which `asgi` sets up, holds all streams."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    _end_with_standard_input()
    Server(
        "cityloop.config.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers_kill_timeout=1,  # streams are cut, not waited for
        log_level=LogLevels.error,
    ).serve()


def worker() -> None:
    """Run jobs until told to stop; what is running then has a few seconds to end. A lost database is waited for."""
    _end_with_standard_input()
    import django

    django.setup()
    take_clock()
    asyncio.run(_work())


async def _work() -> None:
    """Procrastinate's worker stops for good when it loses the database; start another until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            await _work_once(stop)
        except Exception:  # whatever it was, jobs must go on; what it was stands in the log
            log.exception("the worker failed and starts again")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY)


async def _work_once(stop: asyncio.Event) -> None:
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        async with app.open_async():
            running = asyncio.create_task(
                app.run_worker_async(
                    name="cityloop",
                    delete_jobs="successful",
                    shutdown_graceful_timeout=GRACE / 2,
                    install_signal_handlers=False,
                )
            )
            asked = asyncio.create_task(stop.wait())
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            asked.cancel()
            await asyncio.gather(running, asked, return_exceptions=True)


if __name__ == "__main__":
    if sys.argv[1] in ("web", "feed"):
        {"web": web, "feed": feed}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
    else:
        worker()
