"""HTTP edge of cases: lists and counts, what to choose from, one case whole, one step of one case or of many."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.core.actor import Actor
from cityloop.core.errors import CityloopError, Unknown
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.ground.registry.records import versions
from cityloop.loop.cases import lists, queries
from cityloop.loop.cases.actions import advance
from cityloop.loop.cases.catalogue import catalogue, channels, choices
from cityloop.loop.cases.explained import ClockOut
from cityloop.loop.cases.facts import Extension, Facts
from cityloop.loop.cases.forbids import standing
from cityloop.loop.cases.keys import read_key, write_key
from cityloop.loop.cases.schemas import (
    CaseCounts,
    CaseFilter,
    CaseOut,
    CasePage,
    Choices,
    Lat,
    Lon,
    NearLine,
)
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.cases.step import may_take
from cityloop.loop.cases.taking import ManyStepsIn, ManyStepsOut, StepIn, StepOut
from cityloop.loop.cases.whole import whole
from cityloop.loop.cases.why import why
from cityloop.loop.clocks.ground import ground
from cityloop.loop.evidence.actions import evidence_of

router = Router(tags=["cases"])
PAGE = 50
Sort = Literal["", "due", "newest"]


@router.get("/cases", response=CasePage)
def page(
    request: HttpRequest,
    chosen: Query[CaseFilter],
    sort: Sort = "",
    before: str = "",
    limit: Annotated[int, Field(ge=1, le=200)] = PAGE,
) -> dict[str, Any]:
    """Cases that the asker may see. Sorted by `due` they are the open ones, most urgent first, those without a deadline
    last; else newest first. The queue `mine` is sorted by `due` unless told otherwise.
    """
    actor, here, at = actor_of(request), ground(), clock.now()
    order = sort or ("due" if chosen.queue == "mine" else "newest")
    if order == "due" and not lists.holds_open_only(chosen):
        chosen = chosen.model_copy(update={"open": True})
    rows = lists.page(
        actor,
        lists.wanted(actor, chosen, catalogue(here.city.revision), here.city, at),
        clock=here.clock,
        language=texts.spoken(),
        at=at,
        sort=order,
        limit=limit + 1,
        before=read_key(before),
    )
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = write_key(last["due_at" if order == "due" else "opened_at"], last["id"])
    return {"cases": rows[:limit], "next": following, "at": at}


@router.get("/cases/counts", response=CaseCounts)
def counts(request: HttpRequest, chosen: Query[CaseFilter]) -> dict[str, Any]:
    """How many cases the same filters find, by state and by light."""
    actor, here, at = actor_of(request), city(), clock.now()
    by_state: dict[str, int] = {}
    by_light = dict.fromkeys(Light, 0)
    for state, colour, count in lists.counts(lists.wanted(actor, chosen, catalogue(here.revision), here, at), at):
        by_state[state] = by_state.get(state, 0) + count
        by_light[colour] += count
    return {"by_state": by_state, "by_light": by_light, "total": sum(by_state.values()), "at": at}


@router.get("/cases/choices", response=Choices)
def choose(request: HttpRequest) -> dict[str, Any]:
    """Categories, organisations, areas and channels for filters and forms."""
    here, language = city(), texts.spoken()
    named = [{"key": key, "name": name} for key, name in channels(here, language).items()]
    return choices(here.revision, language, here.day(clock.now())) | {"channels": named}


@router.get("/cases/near", response=list[NearLine])
def near(
    request: HttpRequest,
    lon: Lon,
    lat: Lat,
    category: str = "",
    radius_m: Annotated[float, Field(gt=0, le=5_000)] = 200,
) -> list[dict[str, Any]]:
    """Open cases near a point, nearest first: what is perhaps being reported a second time."""
    actor, here = actor_of(request), ground()
    categories = catalogue(here.city.revision).under_category(category) if category else None
    return lists.near(
        actor,
        lon,
        lat,
        radius_m=radius_m,
        categories=categories,
        clock=here.clock,
        language=texts.spoken(),
        at=clock.now(),
    )


@router.post("/cases/steps", response=ManyStepsOut)
def take_many(request: HttpRequest, body: ManyStepsIn) -> dict[str, Any]:
    """Take one step of many cases: one answer and one transaction for each, whatever becomes of the others."""
    actor, now = actor_of(request), clock.now()
    facts, seen, numbers = _facts(body), queries.seen_by(actor, body.numbers), list(dict.fromkeys(body.numbers))
    refusals: dict[str, CityloopError] = {}
    for number in numbers:
        try:
            if number not in seen:
                raise Unknown("case_unknown", number=number)
            advance(seen[number].id, body.step, actor=actor, recorded_at=now, facts=facts, other=body.other)
        except CityloopError as refusal:
            refusals[number] = refusal
    seen = queries.seen_by(actor, body.numbers)
    return {
        "answers": [_answer(number, seen.get(number), refusals.get(number)) for number in dict.fromkeys(body.numbers)]
    }


@router.get("/cases/{number}", response=CaseOut)
def one(request: HttpRequest, number: str) -> dict[str, Any]:
    """One case with its whole history and the steps that begin at its state."""
    actor = actor_of(request)
    return whole(queries.id_of(number, actor), actor, ground(), clock.now())


@router.get("/cases/{number}/clocks", response=list[ClockOut])
def clocks(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Why the case is due when it is: its own clock, the unit's, that of the stage it stands in."""
    return why(queries.id_of(number, actor_of(request)), ground().clock, clock.now())


@router.post("/cases/{number}/steps", response=StepOut)
def take_step(request: HttpRequest, number: str, body: StepIn) -> dict[str, Any]:
    """Take one step; refused with the reason where it is not allowed, not possible or not complete."""
    actor, now = actor_of(request), clock.now()
    case_id = queries.id_of(number, actor)
    place = (body.lon, body.lat) if body.lon is not None and body.lat is not None else None
    facts = _facts(body)._replace(
        evidence=evidence_of(body.photos), situation=body.situation, place=place, duty=body.duty, rating=body.rating
    )
    after = advance(
        case_id, body.step, actor=actor, at=body.at, recorded_at=now, facts=facts, other=body.other, seen=body.seq
    )
    return _stands(after, actor, now)


def _facts(body: StepIn | ManyStepsIn) -> Facts:
    facts = Facts(
        note=_clean(body.note),
        reason=_clean(body.reason),
        result=_clean(body.result),
        verdict=body.verdict,
        closing_kind=body.closing_kind,
        extension=Extension(body.extension.value, body.extension.unit) if body.extension else None,
        until=body.until,
        review_on=body.review_on,
        measures=_clean(body.measures),
        basis=_clean(body.basis),
        means=body.means,
        link=body.link,
        disputed=_clean(body.disputed),
        urgency=body.urgency,
        within=Extension(body.within.value, body.within.unit) if body.within else None,
        delivery=body.delivery,
        scenario=body.scenario,
        tier=body.tier,
    )
    if body.disputed:
        versions(facts.disputed, texts.spoken())  # a ledger row that is there
    if body.organisation or body.organisations:
        here = ground()
        today = here.city.day(clock.now())
        named = [here.organisations.in_force(code, today) for code in dict.fromkeys(body.organisations)]
        facts = facts._replace(organisations=tuple((row.id, row.path) for row in named))
    if body.organisation:
        organisation = here.organisations.in_force(body.organisation, today)
        facts = facts._replace(organisation=organisation.id, organisation_path=organisation.path)
    return facts


def _answer(number: str, seen: queries.Seen | None, refusal: CityloopError | None) -> dict[str, Any]:
    return {
        "number": number,
        "ok": refusal is None,
        "state": seen.state if seen else None,
        "seq": seen.seq if seen else None,
        "problem": {"code": refusal.code, "detail": str(refusal)} if refusal else None,
    }


def _stands(after: Snapshot, actor: Actor, now: datetime) -> dict[str, Any]:
    case = after.case
    return {
        "number": case.number,
        "state": case.state,
        "seq": case.seq,
        "due_at": case.due_at,
        "steps": may_take(standing(after, now), actor, now, ground().clock),
    }


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "")
