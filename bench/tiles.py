"""Vector tiles over two million objects: drawn for the first time over HTTP, and again out of one process's memory."""

from collections.abc import Callable
from io import BytesIO
from time import monotonic
from typing import Any

from bench.clients import Fetcher
from bench.crowd import PER_TILE, crowd
from bench.figures import Sheet
from bench.server import served
from bench.town import Town

ASKED = 300
SECONDS = 3.0
WARM = 50


def measure(_town: Town, sheet: Sheet) -> None:
    """Each tile once through the server; then some over and over through the application without a server."""
    made = crowd(sheet)
    tiles = [f"/api/tiles/objects/{layer}/{z}/{x}/{y}" for layer in made.layers for z, x, y in made.tiles()]
    with served() as (url, _pid):
        fetcher = Fetcher(url)
        fetcher.get(tiles.pop())  # the first answer loads the program
        sheet.begin()
        took = [fetcher.timed(path) for path in tiles[:ASKED]]
        sheet.add_p95(f"tiles: one with about {PER_TILE:,} points, not drawn before", took, at_most=60)
        sheet.add("tiles: its size, compressed", fetcher.read / len(took), "bytes")
        far = tiles[0].split("/")[:-3]
        shift = 5
        _, x, y = made.tiles()[0]
        path = "/".join([*far, str(16 - shift), str(x >> shift), str(y >> shift)])
        sheet.add("tiles: one that counts about a million points", fetcher.timed(path) * 1000, "ms")
        fetcher.connection.close()
    call = _application()
    for path in tiles[:WARM]:
        call(path)
    sheet.begin()
    began, count = monotonic(), 0
    while monotonic() < began + SECONDS:
        call(tiles[count % WARM])
        count += 1
    rate = count / (monotonic() - began)
    sheet.add("tiles: drawn before, by one process without the server", rate, "1/s", at_least=1_500)


def _application() -> Callable[[str], None]:
    """Asks the whole application, middleware and all, for an address."""
    from wsgiref.util import setup_testing_defaults

    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()

    def call(path: str) -> None:
        environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_ACCEPT_ENCODING": "gzip", "wsgi.input": BytesIO()}
        setup_testing_defaults(environ)
        said: list[Any] = []

        def begin(status: str, _headers: object, _error: object = None) -> Callable[[bytes], object]:
            said.append(status)
            return said.append

        answer = application(environ, begin)
        for _ in answer:
            pass
        answer.close()
        if not said[0].startswith("200"):
            raise RuntimeError(f"{path}: {said[0]}")

    return call
