"""HTTP edge of what waits for a decision, and of the register of all requests for more time."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from cityloop.core import clock, downloads
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.cases import approvals, register
from cityloop.loop.cases.keys import read_key, write_key
from cityloop.loop.cases.schemas import Countdown, Text, ToldOut
from cityloop.loop.clocks.ground import ground

router = Router(tags=["cases"])
PAGE = 50
Kind = Literal["extension", "deferral", "shelving"]
Limit = Annotated[int, Field(ge=1, le=200)]


class DueOut(Schema):
    """The clocks of a case and of its unit, as they stand or as they would; null where nothing is due."""

    due_at: datetime | None
    countdown: Countdown | None
    unit_due_at: datetime | None
    unit_yellow_at: datetime | None
    unit_countdown: Countdown | None


class ChainLink(Schema):
    """A role that has to approve; who of it did, and when."""

    role: str
    title: str
    approved: bool
    by: str = ""
    at: datetime | None = None


class CapOut(Schema):
    """How many requests of the kind were granted to the unit this month, of how many dispatches; `cap`: the share that
    the city lets it have; `over`: one more grant would pass it."""

    granted: int
    dispatched: int
    cap: float
    over: bool


class EarlierOut(Schema):
    """What was asked for in this case before."""

    kind: str
    kind_title: str
    asked_at: datetime
    reason: str
    value: float | None
    unit: str
    until_at: datetime | None
    review_on: date | None
    state: Literal["granted", "denied", "lapsed"]
    decided_at: datetime | None


class ApprovalLine(Schema):
    """A request that waits for the asker. `kind`: more time, or `return`; `reason_title` is the reason in words, `told`
    what proves the reason of a return. `now` and `then`: what is due as it stands and if it were granted now; `then` is
    null for a return. `chain` is empty where whoever may decide does. `before`: how many of its kind the case had.
    `photos`: the signed form, or what proves a return. `light` is the unit's.
    `steps`: to grant and to deny it."""

    number: str
    seq: int
    state: str
    kind: Literal["extension", "deferral", "shelving", "return"]
    kind_title: str
    category: str
    category_name: str
    address: str
    lon: float | None
    lat: float | None
    organisation: str
    organisation_name: str
    opened_at: datetime
    dispatched_at: datetime
    asked_at: datetime
    asked_by: str
    asked_post: str
    reason: str
    reason_title: str
    note: str
    told: list[ToldOut]
    value: float | None
    unit: str
    until_at: datetime | None
    review_on: date | None
    measures: str
    light: Light
    now: DueOut
    then: DueOut | None
    chain: list[ChainLink]
    before: int
    earlier: list[EarlierOut]
    share: CapOut | None
    photos: list[str]
    steps: list[str]


class ApprovalPage(Schema):
    """`next` is to be given as `before` for the following page; null on the last."""

    requests: list[ApprovalLine]
    next: str | None
    at: datetime


class ApprovalCounts(Schema):
    """How many requests wait for the asker, by kind; `late`: of units whose time is up."""

    by_kind: dict[str, int]
    total: int
    late: int
    at: datetime


class HoldsAsked(Schema):
    """What is empty does not narrow. `unit`: an organisation with all below it; `from` and `to`: days of the asking."""

    kind: Kind | Literal[""] = ""
    state: Literal["", "waiting", "granted", "denied", "lapsed"] = ""
    unit: Text = ""
    area: Text = ""
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")


class HoldLine(Schema):
    """A request for more time, and what became of it. `lapsed`: the unit gave the work away before anybody decided."""

    number: str
    kind: Kind
    kind_title: str
    state: Literal["waiting", "granted", "denied", "lapsed"]
    state_title: str
    category_name: str
    address: str
    organisation: str
    organisation_name: str
    asked_at: datetime
    asked_by: str
    reason: str
    value: float | None
    unit: str
    until_at: datetime | None
    review_on: date | None
    measures: str
    decided_at: datetime | None
    decided_by: str
    ended_at: datetime | None
    chain: list[ChainLink]


class HoldPage(Schema):
    """The register, asked last first; `next` is to be given as `before` for the following page; null on the last."""

    holds: list[HoldLine]
    next: str | None
    at: datetime


class RatioLine(Schema):
    """What a unit asked for in the period; `granted` are the grants and `dispatched` the dispatches of the period,
    `share` the one of the other, `cap` the city's own, null where it has none."""

    organisation: str
    organisation_name: str
    kind: Kind
    kind_title: str
    asked: int
    waiting: int
    denied: int
    lapsed: int
    granted: int
    dispatched: int
    share: float | None
    cap: float | None


class RatiosOut(Schema):
    """`since` and `until`: the days that were counted, both included; by default this month."""

    since: date
    until: date
    lines: list[RatioLine]


@router.get("/approvals", response=ApprovalPage)
def page(
    request: HttpRequest,
    kind: Literal["", "extension", "deferral", "shelving", "return"] = "",
    before: str = "",
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """What waits for a decision by one of the asker's posts, most urgent first."""
    actor, at = actor_of(request), clock.now()
    rows = approvals.page(actor, ground(), at, kind=kind, limit=limit + 1, after=read_key(before))
    last = rows[limit - 1] if len(rows) > limit else None
    return {"requests": rows[:limit], "next": last and write_key(last["urgent"], last["id"]), "at": at}


@router.get("/approvals/counts", response=ApprovalCounts)
def counts(request: HttpRequest) -> dict[str, Any]:
    """How much waits."""
    actor, at = actor_of(request), clock.now()
    rows = approvals.counts(actor, at)
    total, late = sum(row.waits for row in rows), sum(row.late for row in rows)
    return {"by_kind": {row.kind: row.waits for row in rows}, "total": total, "late": late, "at": at}


@router.get("/holds", response=HoldPage)
def holds(request: HttpRequest, asked: Query[HoldsAsked], before: str = "", limit: Limit = PAGE) -> dict[str, Any]:
    """All requests for more time in the cases that the asker may see."""
    actor, at = actor_of(request), clock.now()
    rows = register.page(actor, _wanted(asked), ground(), limit=limit + 1, before=read_key(before))
    last = rows[limit - 1] if len(rows) > limit else None
    return {"holds": rows[:limit], "next": last and write_key(last["asked_at"], last["id"]), "at": at}


@router.get("/holds/ratios", response=RatiosOut)
def ratios(request: HttpRequest, asked: Query[HoldsAsked]) -> dict[str, Any]:
    """What each unit was granted of its dispatches, in the cases that the asker may see; `state` does not narrow it."""
    here, wanted = ground(), _wanted(asked)
    today = here.city.day(clock.now())
    wanted = wanted._replace(since=wanted.since or today.replace(day=1), until=wanted.until or today)
    return {"since": wanted.since, "until": wanted.until, "lines": register.ratios(actor_of(request), wanted, here)}


@router.get("/holds/export.csv", openapi_extra=downloads.described(downloads.CSV))
def export(request: HttpRequest, asked: Query[HoldsAsked]) -> HttpResponse:
    """The register as a table."""
    here = ground()
    rows = register.page(actor_of(request), _wanted(asked), here, limit=register.MOST)
    return downloads.csv_table(register.table(rows, here.city.zone), f"holds-{here.city.day(clock.now())}.csv")


def _wanted(asked: HoldsAsked) -> register.Wanted:
    return register.Wanted(asked.kind, asked.state, asked.unit, asked.area, asked.since, asked.until)
