"""How the live feed answers: who may read it from which page, problems as RFC 9457, the head of a stream."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http.request import validate_host

from cityloop.core.errors import TEXTS
from cityloop.core.texts import N_, said_in

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
TITLES = {401: N_("Not signed in"), 404: N_("Not found"), 405: N_("Not offered here")}


class Asked(NamedTuple):
    """A request as far as the feed looks at it."""

    method: str
    path: str
    query: str
    origin: str
    last_event_id: str
    language: str


def asked(scope: MutableMapping[str, Any]) -> Asked:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers.get(b"origin", ""),
        headers.get(b"last-event-id", ""),
        "en" if headers.get(b"accept-language", "").startswith("en") else "zh",
    )


def cross_origin(origin: str) -> Headers:
    """Pages of this deployment may read: no cookie is looked at, and what may be seen stands in the token."""
    host = urlsplit(origin).hostname or ""
    allowed = origin == settings.ORIGIN or validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS)
    if not host or not allowed:
        return [(b"vary", b"Origin")]
    return [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-headers", b"Last-Event-ID, Cache-Control, Accept-Language"),
        (b"access-control-max-age", b"600"),
    ]


async def answer(
    send: Send, status: int, body: bytes, request: Asked, content_type: bytes = b"application/json"
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
                *cross_origin(request.origin),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, code: str, request: Asked, **facts: str) -> None:
    """A problem in the language asked for."""
    body = {
        **facts,
        "type": f"urn:cityloop:problem:{code}",
        "title": said_in(request.language, TITLES[status]),
        "status": status,
        "detail": said_in(request.language, TEXTS[code]) % facts,
        "code": code,
    }
    await answer(send, status, orjson.dumps(body), request, b"application/problem+json")


async def begin(send: Send, request: Asked, body: bytes) -> None:
    """The head of an event stream, and what stands first in it."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
                (b"x-content-type-options", b"nosniff"),
                *cross_origin(request.origin),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": True})
