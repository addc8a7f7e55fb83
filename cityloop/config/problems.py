"""Errors as RFC 9457 problems: one form for everything that an API client can do wrong or run into."""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from pydantic import BaseModel, ConfigDict, Field

from cityloop.core import texts
from cityloop.core.errors import TEXTS, CityloopError
from cityloop.core.texts import N_, _

CONTENT_TYPE = "application/problem+json"
MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "errors"})
TITLES = {
    400: N_("Not understood"),
    401: N_("Not signed in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Not offered here"),
    409: N_("Overtaken"),
    422: N_("Refused"),
    429: N_("Too often"),
    500: N_("Failed"),
    503: N_("Not available"),
}
STATUS_CODES = {
    400: "request_wrong",
    401: "not_signed_in",
    403: "permission_missing",
    404: "page_unknown",
    405: "method_wrong",
    500: "internal",
    503: "database_away",
}

log = logging.getLogger("cityloop.api")


class Problem(BaseModel):
    """RFC 9457. `code` is enumerated; the facts of the text in `detail` are members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] | None = Field(default=None, description="where the request differs from its schema")


def problem(
    status: int, code: str, facts: Mapping[str, object] | None = None, *, errors: list[Any] | None = None
) -> HttpResponse:
    """The answer in the language of this request. Facts that are no JSON are written as text."""
    facts = facts or {}
    body: dict[str, object] = {name: _plain(value) for name, value in facts.items() if name not in MEMBERS}
    body |= {
        "type": f"urn:cityloop:problem:{code}",
        "title": _(TITLES[status]) if status in TITLES else HTTPStatus(status).phrase,
        "status": status,
        "detail": _(TEXTS[code]) % facts,
        "code": code,
    }
    if errors is not None:
        body["errors"] = errors
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if "retry_after" in facts:
        response["Retry-After"] = str(facts["retry_after"])
    return response


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, date):  # datetimes too
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return str(value)


def install(api: NinjaAPI) -> None:
    """Let the API answer every error as a problem."""
    api.add_exception_handler(CityloopError, _ours)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(AuthenticationError, lambda request, exc: problem(401, "not_signed_in"))
    api.add_exception_handler(AuthorizationError, lambda request, exc: problem(403, "permission_missing"))
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, lambda request, exc: problem(404, "page_unknown"))
    for away in (OperationalError, InterfaceError):
        api.add_exception_handler(away, _database_away)
    for unstorable in (DataError, UnicodeEncodeError):
        api.add_exception_handler(unstorable, _unstorable)
    api.add_exception_handler(Exception, _unexpected)


def _ours(request: HttpRequest, exc: CityloopError | type[CityloopError]) -> HttpResponse:
    assert isinstance(exc, CityloopError)
    return problem(exc.status, exc.code, exc.facts)


def _invalid(request: HttpRequest, exc: ValidationError | type[ValidationError]) -> HttpResponse:
    assert isinstance(exc, ValidationError)
    errors = [
        {"at": ".".join(str(part) for part in error["loc"]), "kind": error["type"], "message": error["msg"]}
        for error in exc.errors
    ]
    return problem(422, "input_wrong", errors=errors)


def _http(request: HttpRequest, exc: HttpError | type[HttpError]) -> HttpResponse:
    assert isinstance(exc, HttpError)
    return _by_status(request, exc.status_code)


def _database_away(request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
    log.error("%s %s: %s", request.method, request.path, exc)
    return problem(503, "database_away")


def _unstorable(request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
    """NUL bytes, half characters, numbers beyond any column: no row can hold them."""
    log.warning("%s %s: %s", request.method, request.path, exc)
    return problem(422, "input_wrong")


def _unexpected(request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
    log.error("%s %s", request.method, request.path, exc_info=exc if isinstance(exc, Exception) else None)
    return problem(500, "internal")


def _by_status(request: HttpRequest, status: int) -> HttpResponse:
    code = STATUS_CODES.get(status, "request_wrong" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal")
    return problem(status, code, {"method": request.method, "permission": "-"})


def answered(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: rooms speak the request's language; what Django itself refuses under /api/ is a problem too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        texts.prefer("en" if (get_language() or "").startswith("en") else "zh")
        response = get_response(request)
        refused = response.status_code >= HTTPStatus.BAD_REQUEST
        if not refused or not request.path.startswith("/api/") or "json" in response.get("Content-Type", ""):
            return response
        answer = _by_status(request, response.status_code)
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer

    return middleware
