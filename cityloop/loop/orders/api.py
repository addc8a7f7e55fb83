"""HTTP edge of orders: the list and its counts, what to choose from, one order, its steps, those of a case."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.core.texts import _
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.queries import id_of
from cityloop.loop.clocks.ground import ground
from cityloop.loop.orders import actions, queries
from cityloop.loop.orders.kinds import KINDS, LEVELS
from cityloop.loop.orders.lifecycle import STATES
from cityloop.loop.orders.queries import READ, Wish
from cityloop.loop.orders.schemas import (
    OrderChoices,
    OrderCounts,
    OrderFilter,
    OrderIn,
    OrderOut,
    OrderPage,
    OrdersOfCase,
    OrderStepIn,
)
from cityloop.loop.orders.whole import lines, whole

router = Router(tags=["orders"])
MOST_ID = 2**63 - 1


@router.get("/orders", response=OrderPage)
def page(
    request: HttpRequest,
    chosen: Query[OrderFilter],
    before: Annotated[int, Field(ge=0, le=MOST_ID)] = 0,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Orders that the asker may see, the latest first."""
    actor, here, at = _reader(request), ground(), clock.now()
    found = queries.listed(actor, _wish(chosen), at)
    if before:
        found = found.filter(pk__lt=before)
    rows = queries.rows(found.order_by("-pk"), limit + 1)
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    return {"orders": lines(rows[:limit], here, at), "next": following, "at": at}


@router.get("/orders/counts", response=OrderCounts)
def counts(request: HttpRequest, chosen: Query[OrderFilter]) -> dict[str, Any]:
    """How many orders the same filters find, by state and by light."""
    actor, at = _reader(request), clock.now()
    by_state, by_light = dict.fromkeys(STATES, 0), dict.fromkeys(Light, 0)
    for state, colour, count in queries.counts(queries.listed(actor, _wish(chosen), at)):
        by_state[state] += count
        by_light[Light(colour)] += count
    return {"by_state": by_state, "by_light": by_light, "total": sum(by_state.values()), "at": at}


@router.get("/orders/choices", response=OrderChoices)
def choose(request: HttpRequest) -> dict[str, Any]:
    """What an order can be made of."""
    actor, here = _reader(request), city()
    known, language = catalogue(here.revision), texts.spoken()
    return {
        "kinds": [{"value": kind, "title": _(KINDS[kind].title)} for kind in queries.kinds_for(actor)],
        "levels": [{"value": level, "title": _(title)} for level, title in LEVELS.items()],
        "signatories": [
            {"code": post.code, "name": post.name, "organisation": known.organisation(post.organisation).said(language)}
            for post in queries.signatories(here.day(clock.now()))
        ],
    }


@router.post("/orders", response={201: OrderOut})
def draft(request: HttpRequest, body: OrderIn) -> Status[dict[str, Any]]:
    """Draft an order; where nobody has to sign it, it is issued at once. The same key once more is the same order."""
    actor = actor_of(request)
    order = actions.draft(actions.Wanted(**dict(body)), actor=actor, at=clock.now())
    return Status(201, whole(order.pk, actor, ground(), clock.now()))


@router.get("/orders/{reference}", response=OrderOut)
def one(request: HttpRequest, reference: str) -> dict[str, Any]:
    """An order with its cases, signatures and log, and the steps that begin at its state."""
    actor = _reader(request)
    return whole(queries.find(reference, actor), actor, ground(), clock.now())


@router.post("/orders/{reference}/steps", response=OrderOut)
def take_step(request: HttpRequest, reference: str, body: OrderStepIn) -> dict[str, Any]:
    """Take a step: `sign`, `sign_for`, `reply`, `accept`, `send_back` or `withdraw`; 409 in the wrong state."""
    actor, at = _reader(request), clock.now()
    order_id = queries.find(reference, actor)
    actions.take(order_id, body.step, note=body.note, reply=body.reply, actor=actor, at=at)
    return whole(order_id, actor, ground(), at)


@router.get("/cases/{number}/orders", response=OrdersOfCase)
def of_case(request: HttpRequest, number: str) -> dict[str, Any]:
    """The orders over a case, the latest first; none for whoever reads no orders."""
    actor, at = actor_of(request), clock.now()
    found = queries.of_case(id_of(number, actor), actor, at)
    return {"orders": lines(queries.rows(found), ground(), at), "at": at}


def _reader(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    actor.require(READ)
    return actor


def _wish(chosen: OrderFilter) -> Wish:
    states = chosen.state.split(",") if chosen.state else []
    for state in states:
        if state not in STATES:
            raise Refused("fact_wrong", fact="state", value=state)
    return Wish(**dict(chosen) | {"state": states})
