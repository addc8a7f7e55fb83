"""HTTP edge of the exchange: tiles of objects and grids, for whoever carries a tile token; the base map."""

import gzip
import re
from datetime import datetime
from typing import Annotated, Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from ninja import Query, Router, Schema

from cityloop.core.errors import Refused, Unknown
from cityloop.ground.accounts.request import actor_of
from cityloop.results.exchange import basemap, tiles
from cityloop.results.exchange.mercator import Tile
from cityloop.results.exchange.sight import sight_in, token_of

router = Router(tags=["exchange"])
CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
MAP_TYPE = "application/vnd.pmtiles"
RANGE = re.compile(r"bytes=(?!-$)(\d{0,15})-(\d{0,15})", re.ASCII)
AGE = 60
"""Seconds for which a browser may keep a tile without asking."""
ANSWERS: dict[Any, Any] = {
    200: {
        "description": "The tile; empty where it holds nothing",
        "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The one you have is still right"},
    401: {
        "description": "No token, or one that has run out",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
_FILE = {"content": {MAP_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
MAP_ANSWERS: dict[Any, Any] = {
    200: {"description": "The file"} | _FILE,
    206: {"description": "A part of it"} | _FILE,
    304: {"description": "The one you have is still right"},
}
TokenText = Annotated[str, Query(max_length=2000)]


class TokenOut(Schema):
    """`token` goes into the addresses of tiles; `expires_at` is told by the real clock, whatever the city's shows."""

    token: str
    expires_at: datetime


@router.get("/tiles/token", response=TokenOut)
def token(request: HttpRequest) -> dict[str, Any]:
    """What the asker may see of the map, signed, for addresses of tiles; the same for five minutes."""
    return token_of(actor_of(request))._asdict()


@router.get("/tiles/objects/{layer}/{z}/{x}/{y}", auth=None, openapi_extra={"responses": ANSWERS})
def objects(request: HttpRequest, layer: str, z: int, x: int, y: int, token: TokenText = "") -> HttpResponse:
    """Objects of a layer in a Mapbox Vector Tile (layer `objects`: `code`, `name`, `state`), at most 5 000.

    More points than that, and further out than zoom 14 more than 1 000, are counted by cell: `count`. Of more lines and
    polygons the smallest are left out. Public layers need no token.
    """
    return _answer(request, tiles.objects(layer, _place(z, x, y), sight_in(token)))


@router.get("/tiles/grids/{scheme}/{z}/{x}/{y}", auth=None, openapi_extra={"responses": ANSWERS})
def grids(request: HttpRequest, scheme: str, z: int, x: int, y: int, token: TokenText = "") -> HttpResponse:
    """Unit grids (`unit`, from zoom 13 on) or the areas of a scheme in a Mapbox Vector Tile (layer `grids`: `code`,
    `name`, `level`), at most 5 000, the largest. Divisions need no token."""
    return _answer(request, tiles.grids(scheme, _place(z, x, y), sight_in(token)))


@router.get("/map/base.pmtiles", auth=None, openapi_extra={"responses": MAP_ANSWERS})
def base_map(request: HttpRequest) -> HttpResponse | FileResponse:
    """The base map that `cityloop map build` made: one PMTiles file, whole or in one range of bytes."""
    known = basemap.tag()
    if known is None:
        raise Unknown("map_missing")
    etag = f'"{known}"'
    told = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=told)
    file = basemap.path()
    span = None if request.headers.get("If-Range", etag) != etag else _span(request, file.stat().st_size)
    if span is None:
        return FileResponse(file.open("rb"), content_type=MAP_TYPE, headers=told)
    with file.open("rb") as content:
        content.seek(span.start)
        part = content.read(len(span))
    told["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{file.stat().st_size}"
    return HttpResponse(part, status=206, content_type=MAP_TYPE, headers=told)


def _span(request: HttpRequest, size: int) -> range | None:
    """The bytes that are asked for; None for all, also where the range is none that can be had."""
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        return None
    first, last = asked.groups()
    span = range(int(first), min(int(last or size), size - 1) + 1) if first else range(max(size - int(last), 0), size)
    return span or None


def _place(z: int, x: int, y: int) -> Tile:
    place = Tile(z, x, y)
    if not place.exists:
        raise Refused("fact_wrong", fact="z/x/y", value=f"{z}/{x}/{y}")
    return place


def _answer(request: HttpRequest, tile: tiles.Served) -> HttpResponse:
    """The tile unless the asker has it; its tag is known without making it."""
    known = request.headers.get("If-None-Match", "")
    if tile.etag in {tag.strip() for tag in known.split(",")}:
        response: HttpResponse = HttpResponseNotModified()
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(tile.content(), content_type=CONTENT_TYPE, headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(gzip.decompress(tile.content()), content_type=CONTENT_TYPE)
    response["ETag"] = tile.etag
    response["Cache-Control"] = f"{'public' if tile.public else 'private'}, max-age={AGE}"
    response["Vary"] = "Accept-Encoding"
    return response
