"""HTTP edge of replies: the list and its counts, the duty to answer one report, its steps."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cityloop.core import clock
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.clocks.ground import ground
from cityloop.loop.intake.replies import actions, queries
from cityloop.loop.intake.replies.lifecycle import READ, STATES
from cityloop.loop.intake.replies.queries import Wish
from cityloop.loop.intake.replies.schemas import ReplyCounts, ReplyFilter, ReplyOut, ReplyPage, ReplyStepIn
from cityloop.loop.intake.replies.whole import lines, whole

router = Router(tags=["replies"])
MOST_ID = 2**63 - 1


@router.get("/replies", response=ReplyPage)
def page(
    request: HttpRequest,
    chosen: Query[ReplyFilter],
    before: Annotated[int, Field(ge=0, le=MOST_ID)] = 0,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Duties to answer that the asker may see, the latest report first."""
    actor, here, at = _reader(request), ground(), clock.now()
    found = queries.listed(actor, _wish(chosen), at)
    if before:
        found = found.filter(pk__lt=before)
    rows = queries.rows(found.order_by("-pk"), limit + 1)
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    return {"replies": lines(rows[:limit], here, at), "next": following, "at": at}


@router.get("/replies/counts", response=ReplyCounts)
def counts(request: HttpRequest, chosen: Query[ReplyFilter]) -> dict[str, Any]:
    """How many the same filters find, by state and by light."""
    actor, at = _reader(request), clock.now()
    by_state, by_light = dict.fromkeys(STATES, 0), dict.fromkeys(Light, 0)
    for state, colour, count in queries.counts(queries.listed(actor, _wish(chosen), at)):
        by_state[state] += count
        by_light[Light(colour)] += count
    return {"by_state": by_state, "by_light": by_light, "total": sum(by_state.values()), "at": at}


@router.get("/reports/{number}/reply", response=ReplyOut)
def one(request: HttpRequest, number: str) -> dict[str, Any]:
    """The duty to answer a report, with its log and the steps that begin at its state. That contact data were shown
    unmasked is recorded."""
    actor = _reader(request)
    return whole(queries.find(number, actor), actor, ground(), clock.now())


@router.post("/reports/{number}/reply/steps", response=ReplyOut)
def take_step(request: HttpRequest, number: str, body: ReplyStepIn) -> dict[str, Any]:
    """Take a step: `sign_for`, `answer`, `send_back`, `call_back` or `redo`; 409 in the wrong state."""
    actor, at = _reader(request), clock.now()
    reply = actions.take(number, body.step, words=body.words, satisfied=body.satisfied, actor=actor, at=at)
    return whole(reply.pk, actor, ground(), at)


def _reader(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    actor.require(READ)
    return actor


def _wish(chosen: ReplyFilter) -> Wish:
    states = chosen.state.split(",") if chosen.state else []
    for state in states:
        if state not in STATES:
            raise Refused("fact_wrong", fact="state", value=state)
    return Wish(**dict(chosen) | {"state": states})
