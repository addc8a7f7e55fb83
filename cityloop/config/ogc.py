"""OGC API - Features as this deployment serves it: who asks is found as for the API, errors are its problems."""

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from cityloop.config.problems import problem
from cityloop.config.sign_in import Bearer, Session
from cityloop.core.actor import Actor
from cityloop.core.errors import CityloopError, Unproven
from cityloop.results.exchange.ogc import VIEWS, View


def _offer(route: str, view: View) -> URLPattern:
    def answer(request: HttpRequest, **facts: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            refused = problem(405, "method_wrong", {"method": request.method})
            refused["Allow"] = "GET, HEAD"
            return refused
        try:
            return view(request, _actor(request), **facts)
        except CityloopError as error:
            return problem(error.status, error.code, error.facts)
        except (OperationalError, InterfaceError):
            return problem(503, "database_away")

    return path(f"ogc{route}", answer)


def _actor(request: HttpRequest) -> Actor | None:
    """None for somebody who does not say who it is; a token that is not known is refused."""
    found: Actor | None = Bearer()(request)
    if found is None and "Authorization" in request.headers:
        raise Unproven("not_signed_in")
    return found or Session()(request)


ADDRESSES = [_offer(route, view) for route, view in VIEWS.items()]
