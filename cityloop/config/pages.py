"""The start page: what this deployment is, how it stands, and where the API is described."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from cityloop.core import clock, texts
from cityloop.core.texts import LANGUAGES, _
from cityloop.ground.places.city import CityValue, find_city
from cityloop.loop.cases.lifecycle import ENDED, STATES
from cityloop.loop.cases.queries import standing

STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
API_DOCS = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def guarded(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every answer says what it may load. Swagger writes styles into its page, nothing else may."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = API_DOCS if request.path == "/api/docs" else STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The start page in the language of `?lang=`, else of the request."""
    language = request.GET.get("lang", "")
    if language in LANGUAGES:
        texts.prefer(language)
        translation.activate("en" if language == "en" else "zh-hans")
        request.LANGUAGE_CODE = translation.get_language() or ""
    city = find_city()
    response = render(request, "start.html", {"city": city} | (_standing(city) if city else {}))
    patch_vary_headers(response, ["Accept-Language"])
    response["Cache-Control"] = "no-cache"
    return response


def _standing(city: CityValue) -> dict[str, Any]:
    now, counts = clock.now(), dict(standing())
    return {
        "name": city.names.get(texts.spoken(), city.name),
        "now": now.astimezone(city.zone),
        "shifted": bool(clock.shift()),
        "states": [(_(title), counts.get(state, 0), state in ENDED) for state, title in STATES.items()],
        "cases": sum(counts.values()),
        "open": sum(count for state, count in counts.items() if state not in ENDED),
    }
