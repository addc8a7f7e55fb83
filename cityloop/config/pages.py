"""The start page: what this deployment is, how it stands, and where the API is described."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
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
from cityloop.results.evaluation.exports import NO_DATA, NOWHERE
from cityloop.results.evaluation.indicators import INDICATORS, RATES, rounded
from cityloop.results.evaluation.periods import parse_period
from cityloop.results.evaluation.queries import Row, evaluate

COUNTS = ("due", "closed_on_time", "closed_late", "overdue_open")
SHARES = ("closed_of_due", "on_time_of_due")

STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
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
        "now": now.astimezone(city.zone).isoformat(timespec="minutes"),
        "clock": f"{now.astimezone(city.zone):%Y-%m-%d %H:%M}",
        "shifted": bool(clock.shift()),
        "states": [(_(title), counts.get(state, 0), state in ENDED) for state, title in STATES.items()],
        "cases": sum(counts.values()),
        "open": sum(count for state, count in counts.items() if state not in ENDED),
        "periods": _periods(city, now, tuple(sorted(counts.items()))),
    }


def _periods(city: CityValue, now: datetime, seen: Hashable) -> list[dict[str, Any]]:
    """The last complete month and its year; kept for a minute while the cases stand as `seen`."""
    key = f"start:{texts.spoken()}:{city.revision}:{now:%Y%m%d%H%M}:{hash(seen)}"
    kept: list[dict[str, Any]] | None = cache.get(key)
    if kept is None:
        month = city.day(now).replace(day=1) - timedelta(days=1)
        kept = [_evaluated(text, city, now) for text in (f"{month:%Y-%m}", f"{month:%Y}")]
        cache.set(key, kept, timeout=60)
    return kept


def _evaluated(text: str, city: CityValue, now: datetime) -> dict[str, Any]:
    table = evaluate(
        period=parse_period(text, city.zone),
        basis="due",
        by="organisation",
        level="department",
        at=now,
        zone=city.zone,
    )
    titles = [indicator.title for indicator in INDICATORS if indicator.key in COUNTS]
    return {
        "name": text,
        "columns": [_(title) for title in titles] + [_(rate.title) for rate in RATES if rate.key in SHARES],
        "rows": [{"name": row.name or _(NOWHERE["organisation"]), "values": _values(row)} for row in table.rows],
        "total": _values(table.total) if table.rows else [],
    }


def _values(row: Row) -> list[str]:
    counts = [f"{row.counts[indicator.key]:,}" for indicator in INDICATORS if indicator.key in COUNTS]
    shares = [rounded(row.rates[rate.key]) for rate in RATES if rate.key in SHARES]
    return counts + [_(NO_DATA) if share is None else f"{float(share * 100):.2f} %" for share in shares]
