"""The screens: one page that the browser fills, built from `web/` into `cityloop/web`."""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from cityloop.core.texts import _

SCREENS = (
    r"(?:|report|follow|sign-in|account|desk|desk/(?:new|waiting|held)|cases/[^/]+|map|wall|scores|calendars"
    r"|field|field/[^/]+|orders|orders/[^/]+|replies|replies/[^/]+"
    r"|objects|objects/[^/]+|objects/import/[^/]+"
    r"|approvals|approvals/register|ledger|ledger/(?:gaps|rows|proposals)|ledger/proposals/(?:new|[0-9]+)"
    r"|rules|rules/[^/]+|rules/proposals/(?:new|[0-9]+|[0-9]+/rule))"
)
"""Addresses of screens, as `web/src/app/router.ts` has them; a test holds the two together."""


@require_safe
@ensure_csrf_cookie
def screen(request: HttpRequest, *, known: bool = True) -> HttpResponse:
    """The page of every screen; `known` False: an address that none has, which the page says too."""
    page = _page()
    if page is None:
        text = _("The screens are not built: run `make setup`, or install the package.")
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(page, status=200 if known else 404)
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def _page() -> bytes | None:
    file = settings.PACKAGE / "web" / "index.html"
    return file.read_bytes() if file.is_file() else None
