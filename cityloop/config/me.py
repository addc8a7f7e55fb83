"""Who is asking and where: the first call of every page; the demo's log-ins; filters that somebody keeps."""

from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from cityloop.config.demo import PASSWORD
from cityloop.config.policy import base_map
from cityloop.config.sign_in import Bearer, session_of
from cityloop.core import clock, texts
from cityloop.core.texts import _
from cityloop.ground.accounts import actions, queries
from cityloop.ground.accounts.models import SavedFilter
from cityloop.ground.accounts.queries import Named, PostLine, SignedIn
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.city import CityValue, find_city
from cityloop.ground.places.queries import areas_on
from cityloop.results.cockpit.scope import view_token
from cityloop.results.exchange import basemap

router = Router(tags=["accounts"])
VERSION = version("cityloop")


class NamedOut(Schema):
    code: str
    name: str


class UserOut(Schema):
    username: str
    name: str


class PostOut(Schema):
    """`area` null is the whole city. `axis` is supervision or command."""

    code: str
    name: str
    role: str
    role_title: str
    axis: str
    organisation: NamedOut
    area: NamedOut | None


class BaseMap(Schema):
    """`style`: a style of MapLibre; `tiles`: addresses of raster tiles with {z}, {x} and {y}; `pmtiles`: our own map,
    one file with the layers `areas` and `roads`. One of them is there."""

    style: str | None
    tiles: str | None
    pmtiles: str | None
    attribution: str


class CityOut(Schema):
    """`bounds`: west, south, east, north in degrees of WGS-84, where the city has grids."""

    code: str
    name: str
    zone: str
    languages: list[str]
    bounds: list[float] | None
    base_map: BaseMap | None
    takes_reports: bool


class Me(Schema):
    """`city` is null before a pack was applied. `second_factor`: the user has one. `second_factor_required`: a post
    asks for one and there is none; every other operation is refused until it is set up."""

    signed_in: bool
    user: UserOut | None
    posts: list[PostOut]
    permissions: list[str]
    city: CityOut | None
    now: datetime
    clock_shifted: bool
    view_token: str | None
    feed_url: str | None
    language: str
    second_factor: bool
    second_factor_required: bool
    version: str


class DemoLogin(Schema):
    username: str
    password: str
    post: str
    role: str
    role_title: str
    axis: str
    organisation: str
    area: str | None


class FilterIn(Schema):
    """`query` is the query of the page's address; a filter of the same page and name gives way."""

    page: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    query: Annotated[str, Field(max_length=2000)]


class FilterOut(Schema):
    id: int
    page: str
    name: str
    query: str


@router.get("/me", auth=None, response=Me)
def me(request: HttpRequest) -> dict[str, Any]:
    """Who has signed in, with posts and permissions, and which city this is. Sets the cookie that writing needs."""
    get_token(request)
    now, city, found = clock.now(), find_city(), _who(request)
    return {
        "signed_in": found is not None,
        "user": found and {"username": found.username, "name": found.actor.name},
        "posts": [_post(post) for post in queries.posts_of(queries.user_of(found.actor), now)] if found else [],
        "permissions": sorted({name for post in found.actor.posts for name in post.permissions}) if found else [],
        "city": city and _city(city),
        "now": now if city is None else now.astimezone(city.zone),
        "clock_shifted": bool(clock.shift()),
        "view_token": view_token(found.actor) if found and not found.owes_second_factor else None,
        "feed_url": settings.FEED_URL or None,
        "language": texts.spoken(),
        "second_factor": found is not None and found.second_factor,
        "second_factor_required": found is not None and found.owes_second_factor,
        "version": VERSION,
    }


def _who(request: HttpRequest) -> SignedIn | None:
    """By the token, which owes no second factor, or by the session."""
    actor = Bearer()(request)
    if actor is None:
        return session_of(request)
    found = queries.signed_in(queries.user_of(actor), clock.now())
    return found and found._replace(owes_second_factor=False)


def _post(post: PostLine) -> dict[str, Any]:
    known = ROLES.get(post.role)
    return {
        "code": post.code,
        "name": post.name,
        "role": post.role,
        "role_title": _(known.title) if known else post.role,
        "axis": post.axis,
        "organisation": _named(post.organisation),
        "area": post.area and _named(post.area),
    }


def _named(row: Named) -> dict[str, str]:
    return {"code": row.code, "name": row.names.get(texts.spoken(), row.name)}


def _city(city: CityValue) -> dict[str, Any]:
    return {
        "code": city.code,
        "name": city.names.get(texts.spoken(), city.name),
        "zone": city.zone.key,
        "languages": city.settings.get("languages", []),
        "bounds": areas_on(city.revision, city.day(clock.now())).bounds,
        "base_map": _base_map(city),
        "takes_reports": bool(city.settings.get("public_channel")),
    }


def _base_map(city: CityValue) -> dict[str, Any] | None:
    """What the pack names, else the map that was built here, else none."""
    if (spec := base_map(city.settings)) is not None:
        return {"style": spec.get("style") or None, "tiles": spec.get("tiles") or None, "pmtiles": None,
                "attribution": spec["attribution"]}  # fmt: skip
    if (tag := basemap.tag()) is None:
        return None
    own = f"/api/map/base.pmtiles?v={tag}"
    return {"style": None, "tiles": None, "pmtiles": own, "attribution": basemap.attribution(city)}


@router.get("/demo-logins", auth=None, response=list[DemoLogin])
def demo_logins(request: HttpRequest) -> list[dict[str, Any]]:
    """The log-ins of a demo, one per post; none unless `demo` made this database."""
    return [
        {
            "username": login.username,
            "password": PASSWORD,
            "post": login.post.name,
            "role": login.post.role,
            "role_title": _(ROLES[login.post.role].title) if login.post.role in ROLES else login.post.role,
            "axis": login.post.axis,
            "organisation": _named(login.post.organisation)["name"],
            "area": login.post.area and _named(login.post.area)["name"],
        }
        for login in queries.demo_logins(clock.now())
    ]


@router.get("/me/filters", response=list[FilterOut])
def filters(request: HttpRequest, page: str = "") -> list[SavedFilter]:
    """The filters that this user has saved, of one page or of all."""
    return queries.filters_of(actor_of(request), page)


@router.post("/me/filters", response={201: FilterOut})
def save_filter(request: HttpRequest, body: FilterIn) -> Status[SavedFilter]:
    """Save a filter."""
    return Status(201, actions.save_filter(body.page, body.name, body.query, actor=actor_of(request)))


@router.delete("/me/filters/{number}", response={204: None})
def drop_filter(request: HttpRequest, number: int) -> Status[None]:
    """Forget a filter."""
    actions.drop_filter(number, actor=actor_of(request))
    return Status(204, None)
