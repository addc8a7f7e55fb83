"""HTTP edge of the cockpit: tiles for whoever carries a view token, the wall for whoever reads cases."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from ninja import Query, Router, Schema
from ninja.security import APIKeyQuery

from cityloop.core.errors import Refused, Unproven
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.cases.schemas import Countdown
from cityloop.results.cockpit import tiles, wall
from cityloop.results.cockpit.scope import Scope, scope_of
from cityloop.results.exchange.mercator import Tile

router = Router(tags=["cockpit"])
CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
_TILE_ANSWERS = {
    200: {
        "description": "The tile; empty where it holds nothing",
        "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The one you have is still right"},
}


NOBODY = Scope(())


class ViewToken(APIKeyQuery):
    """`?t=` in the address; the operation finds its `Scope` in `request.auth`, NOBODY where there is none."""

    param_name = "t"

    def authenticate(self, request: HttpRequest, key: str | None) -> Scope:
        return scope_of(key) if key else NOBODY


class StateOut(Schema):
    state: str
    title: str
    count: int


class LightsOut(Schema):
    green: int
    yellow: int
    red: int
    none: int


class PassOut(Schema):
    """How often a step was taken in the last hour and the last day."""

    step: str
    title: str
    last_hour: int
    last_day: int


class LateOut(Schema):
    """`hours_late` is elapsed time; the `countdown` is in the limit's own."""

    number: str
    state: str
    state_title: str
    light: Light
    opened_at: datetime
    due_at: datetime
    hours_late: float
    category: str
    category_name: str
    organisation: str | None
    organisation_name: str | None
    address: str
    lon: float | None
    lat: float | None
    countdown: Countdown


class RankOut(Schema):
    """Open work and how much of it is late now; on time of what fell due in the last 30 days, null without any."""

    code: str
    name: str
    open: int
    red: int
    on_time_of_due: float | None


class TodayOut(Schema):
    opened: int
    closed: int


class WallOut(Schema):
    """The loop as it stands: open cases by state and light, how fast they pass, who is late."""

    at: datetime
    states: list[StateOut]
    lights: LightsOut
    passes: list[PassOut]
    late: list[LateOut]
    organisations: list[RankOut]
    areas: list[RankOut]
    today: TodayOut


@router.get("/wall", response=WallOut)
def figures(request: HttpRequest) -> dict[str, Any]:
    """What the asker may see of the loop now; the rankings only with the permission to read the evaluation."""
    actor = actor_of(request)
    actor.require("cases.read")
    return wall.figures(actor)


@router.get("/tiles/{layer}/{z}/{x}/{y}", auth=ViewToken(), openapi_extra={"responses": _TILE_ANSWERS})
def tile(
    request: HttpRequest,
    layer: Literal["cases", "grids", "areas"],
    z: int,
    x: int,
    y: int,
    only: Query[tiles.Only],
) -> HttpResponse:
    """One tile of one layer, as Mapbox Vector Tile; `t` is the view token. Areas are for everybody."""
    scope: Scope = request.auth  # type: ignore[attr-defined]  # the token's reader sets it
    if scope is NOBODY and layer != "areas":
        raise Unproven("view_ended")
    place = Tile(z, x, y)
    if not place.exists:
        raise Refused("fact_wrong", fact="z/x/y", value=f"{z}/{x}/{y}")
    content, seconds = tiles.tile(layer, place, scope, only)
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    known = request.headers.get("If-None-Match", "")
    if etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["ETag"] = etag
    response["Cache-Control"] = f"private, max-age={seconds}"
    return response
