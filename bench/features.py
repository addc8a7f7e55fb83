"""Pages of features over two million objects, served; beside pygeoapi over a GeoPackage of the same data."""

import json
from urllib.parse import urlencode

from bench.clients import Fetcher
from bench.crowd import EACH, Crowd, crowd
from bench.figures import ERR, Sheet
from bench.peer import OGR, Missing, geopackage, peer
from bench.server import served
from bench.town import Town

ASKED = 200
BOX, PAGE = 1_000, 100
COUNTED = 10
LEFT_OUT = (
    "features beside pygeoapi: one process each, one request after the other, everything warm. pygeoapi reads a "
    "file that nobody writes, does not ask who is asking, keeps no history, looks at no dates, does not say how "
    "many features match, and takes features in the order of the file; its offsets are not measured. Its provider "
    "by SQLite scans the whole table for a box: the one by GDAL is the one to look at, but its counts are those of an "
    "index of 32 bits, a few too many. Both are Debian's GDAL and SpatiaLite, older than those of the wheels."
)


def measure(town: Town, sheet: Sheet) -> None:
    """The same boxes of both, and what both say is in them must be the same."""
    made = crowd(sheet)
    queries = [
        urlencode({"bbox": ",".join(map(repr, box)), "limit": PAGE, "f": "json"}) for box in made.boxes(BOX, ASKED)
    ]
    with served() as (url, _pid):
        fetcher = Fetcher(url)
        _pages(sheet, fetcher, f"/ogc/collections/{made.layers[0]}", queries, "features", at_most=40)
        ours = [_counted(fetcher, f"/ogc/collections/{made.layers[0]}", query) for query in queries[:COUNTED]]
        _walk(sheet, fetcher, made)
        fetcher.connection.close()
    try:
        ERR.print("writing the GeoPackage ...")
        file = geopackage(town.folder, made.layers[0])
        with peer(town.folder, file) as url:
            fetcher = Fetcher(url)
            _pages(sheet, fetcher, f"/collections/{OGR}", queries, "pygeoapi, GeoPackage by GDAL: features")
            hits = [f"{query}&resulttype=hits" for query in queries[:COUNTED]]
            theirs = [_counted(fetcher, "/collections/sqlite", query) for query in hits]
            fewer = queries[:COUNTED]
            _pages(sheet, fetcher, "/collections/sqlite", fewer, "pygeoapi, GeoPackage by SQLite: features")
            fetcher.connection.close()
    except Missing as error:
        sheet.note(f"pygeoapi was not measured: {error}")
        return
    sheet.add("features: boxes in which both count the same", sum(map(int.__eq__, ours, theirs)), f"of {COUNTED}")
    sheet.note(LEFT_OUT)


def _pages(
    sheet: Sheet, fetcher: Fetcher, collection: str, queries: list[str], name: str, *, at_most: float | None = None
) -> None:
    """Times of pages, each of which must be full."""
    for query in queries[:3]:
        fetcher.get(f"{collection}/items?{query}")
    sheet.begin()
    took = [fetcher.timed(f"{collection}/items?{query}") for query in queries]
    sheet.add_p95(f"{name}, a page of {PAGE} in a box of about {BOX:,}", took, at_most=at_most)
    for query in queries[:COUNTED]:
        assert len(json.loads(fetcher.get(f"{collection}/items?{query}"))["features"]) == PAGE


def _counted(fetcher: Fetcher, collection: str, query: str) -> int:
    """How many features a box is said to hold."""
    matched: int = json.loads(fetcher.get(f"{collection}/items?{query}"))["numberMatched"]
    return matched


def _walk(sheet: Sheet, fetcher: Fetcher, made: Crowd) -> None:
    """Pages of the whole layer, from its beginning and far in it."""
    path = f"/ogc/collections/{made.layers[0]}/items?limit={PAGE}&f=json"
    fetcher.get(path)
    for where, after in (("the first", ""), ("far in it", f"{made.layers[0]}{EACH - 1_000:07}")):
        took = [fetcher.timed(f"{path}&after={after}") for _ in range(20)]
        sheet.add_p95(f"features, a page of {PAGE} of all {EACH:,}, {where}", took)
