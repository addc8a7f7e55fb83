"""`serve`: start the web server, the live feed and the jobs worker, and see that they end together."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

from cityloop.config.environment import LOOPBACK, SECRET_LENGTH
from cityloop.config.processes import GRACE
from cityloop.core.errors import Refused

STOPPED, BROKEN = 0, 1
"""Exit codes: stopped as asked; a child ended by itself or never answered."""
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})
"""Hosts to listen at that are no address to go to."""
START = 60
"""Seconds a server may take until it answers."""


class _Watch:
    """Wakes the main thread when it is asked to stop or a child has ended."""

    def __init__(self) -> None:
        self.asked = False
        self.wake = threading.Event()

    def stop(self, *_: object) -> None:
        self.asked = True
        self.wake.set()

    def look(self, *_: object) -> None:
        self.wake.set()


def serve(host: str, port: int, feed_port: int = 0, *, on_ready: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; return an exit code. Port 0 takes a free one, for the feed the next if it can.

    `on_ready` gets the address once it answers. Refused when the address cannot be had or there is no key to sign
    sessions with. The children end with this process, also when it is killed. In the main thread only.
    """
    if not settings.HAS_SECRET:
        raise Refused("secret_missing", length=SECRET_LENGTH)
    port = _free_port(host, port)
    feed_port = _free_port(host, feed_port) if feed_port else _port_after(host, port)
    url = _address(host, port)
    with _watching() as watch:
        told = {
            "CITYLOOP_LOOPBACK": "1" if host in LOOPBACK and not settings.ORIGIN else "",
            "CITYLOOP_FEED_URL": settings.FEED_URL or _feed_url(host, feed_port),
        }
        children = [
            _start("web", host, str(port), **told),
            _start("feed", host, str(feed_port), **told),
            _start("worker", **told),
        ]
        try:
            healths = (f"{url}api/health", f"{_address(host, feed_port)}health")
            if all(_answers(health, children, watch) for health in healths):
                on_ready(url)
                while not watch.asked and _alive(children):
                    watch.wake.wait()
                    watch.wake.clear()
        finally:
            _end(children)
    return STOPPED if watch.asked else BROKEN


def _free_port(host: str, port: int) -> int:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        code = "port_taken" if error.errno == errno.EADDRINUSE else "host_wrong"
        raise Refused(code, host=host, port=port, reason=error.strerror) from error


def _port_after(host: str, port: int) -> int:
    try:
        return _free_port(host, port + 1)
    except (Refused, OverflowError):
        return _free_port(host, 0)


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _feed_url(host: str, port: int) -> str:
    """Where browsers reach the feed: at the origin, whose proxy hands it on, else at this machine by its own port."""
    if settings.ORIGIN:
        return f"{settings.ORIGIN}/feed"
    named = settings.ALLOWED_HOSTS[0].strip("[]") if host in EVERYWHERE else host
    return f"{_address(named, port)}feed"


@contextmanager
def _watching() -> Iterator[_Watch]:
    watch = _Watch()
    handlers = dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), watch.stop)
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, watch.look)
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(*arguments: str, **told: str) -> subprocess.Popen[bytes]:
    """A child whose standard input ends with us; in a session of its own, so that Ctrl+C reaches us alone.

    `told`: what its settings read from the environment besides ours.
    """
    environment = (
        os.environ
        | told
        | {
            "DATABASE_URL": settings.DATABASE_URL,
            "CITYLOOP_SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "cityloop.config.settings",
        }
    )
    command = [sys.executable, "-m", "cityloop.config.processes", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)


def _alive(children: Sequence[subprocess.Popen[bytes]]) -> bool:
    return all(child.poll() is None for child in children)


def _answers(url: str, children: Sequence[subprocess.Popen[bytes]], watch: _Watch) -> bool:
    """Wait until the server answers; False when it is not to come any more."""
    for _ in range(START * 10):
        if watch.asked or not _alive(children):
            return False
        try:
            with urlopen(url, timeout=5):
                return True
        except (URLError, OSError):
            threading.Event().wait(0.1)
    return False


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin:
            child.stdin.close()
