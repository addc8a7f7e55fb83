"""What each answer may load: the Content-Security-Policy of every page, and https for good where there is an origin."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse

from cityloop.ground.places.city import find_city

NOTHING = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
"""For answers that are no pages."""
API_DOCS = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger writes styles into its page."""
ADMIN = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The admin's theme evaluates what stands in its attributes."""
KEEP = 60
"""Seconds for which the hosts of the base map are known."""

_kept: dict[str, tuple[float, str]] = {}


def guarded(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every answer says what it may load, an origin that is https stays so, and what the API answers
    is kept by nobody unless the operation says otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = _policy(request.path, response.get("Content-Type", ""))
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        if settings.ORIGIN:
            response["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return middleware


def _policy(path: str, content_type: str) -> str:
    if path == "/api/docs":
        return API_DOCS
    if path == "/admin" or path.startswith("/admin/"):
        return ADMIN
    return page() if content_type.startswith("text/html") else NOTHING


def page() -> str:
    """The policy of our own pages: nothing but ours, the live feed and the pack's base map."""
    maps = _map_hosts()
    feed = _origin(settings.FEED_URL)
    provider = settings.OIDC.origin if settings.OIDC else ""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob: {maps}",
        "connect-src": f"'self' {feed} {maps}",
        "worker-src": "'self'",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "form-action": f"'self' {provider}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(" ".join(f"{name} {sources}".split()) for name, sources in directives.items())


def base_map(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a city's settings say of its base map: `style` or `tiles`, `attribution`, `hosts`; None for none."""
    spec = found.get("base_map") or {}
    return dict(spec) if spec.get("style") or spec.get("tiles") else None


def _map_hosts() -> str:
    """Origins of the base map, asked for once a minute; those known before when the database does not answer."""
    until, hosts = _kept.get("hosts", (0.0, ""))
    if time.monotonic() < until:
        return hosts
    try:
        city = find_city()
    except (DatabaseError, InterfaceError):
        return hosts
    spec = (base_map(city.settings) if city else None) or {}
    addresses = [spec.get("style", ""), spec.get("tiles", ""), *spec.get("hosts", ())]
    hosts = " ".join(sorted({_origin(address) for address in addresses}))
    _kept["hosts"] = (time.monotonic() + KEEP, hosts)
    return hosts


def _origin(address: str) -> str:
    """`https://host:port` of an address; empty for one of this server."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
