"""HTTP edge of cases: a list by key, one case whole, one step."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime, ConfigDict

from cityloop.core import clock
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.core.units import Light
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.cases import queries
from cityloop.loop.cases.actions import advance
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.step import Snapshot, may_take
from cityloop.loop.clocks.deadlines import ground
from cityloop.loop.clocks.due import light

router = Router(tags=["cases"])
PAGE = 50


class CaseLine(Schema):
    number: str
    state: str
    seq: int
    light: Light
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    category: str
    category_name: str
    organisation: str | None
    address: str
    lon: float | None
    lat: float | None
    channel: str


class CasePage(Schema):
    """`next` is to be given as `before` for the following page; null on the last."""

    cases: list[CaseLine]
    next: str | None


class EntryOut(Schema):
    seq: int
    step: str
    at: datetime
    recorded_at: datetime
    from_state: str
    to_state: str
    actor: str
    post: str
    inferred: bool
    note: str


class SpanOut(Schema):
    no: int
    main: bool
    stage: str
    organisation: str
    organisation_name: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    outcome: str


class AssignmentOut(Schema):
    no: int
    round: int
    kind: str
    organisation: str
    organisation_name: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    verdict: str


class PlaceOut(Schema):
    level: str
    code: str
    name: str


class CaseOut(Schema):
    """A case whole. `steps` are those that the asker may take now."""

    number: str
    state: str
    seq: int
    round: int
    light: Light
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    category: str
    category_name: str
    address: str
    lon: float | None
    lat: float | None
    grid: str | None
    places: list[PlaceOut]
    ledger_code: str | None
    entries: list[EntryOut]
    spans: list[SpanOut]
    assignments: list[AssignmentOut]
    steps: list[str]


class StepIn(Schema):
    """`seq` is the number of the last entry the caller saw; a case that moved since is not touched (409)."""

    model_config = ConfigDict(extra="forbid")

    step: str
    seq: int | None = None
    at: AwareDatetime | None = None
    note: str = ""
    organisation: str = ""
    reason: str = ""
    result: str = ""
    verdict: str = ""
    closing_kind: str = ""


class StepOut(Schema):
    number: str
    state: str
    seq: int
    due_at: datetime | None
    steps: list[str]


@router.get("/cases", response=CasePage)
def newest(request: HttpRequest, before: str = "", state: str = "") -> dict[str, Any]:
    """50 cases, newest first, that the asker may see."""
    at = clock.now()
    rows = queries.page(actor_of(request), limit=PAGE + 1, before=_key(before), state=state)
    more = len(rows) > PAGE
    for row in rows:
        row["light"] = light(at=at, yellow_at=row["yellow_at"], due_at=row["due_at"], ended_at=row["closed_at"])
    last = rows[PAGE - 1] if more else None
    return {"cases": rows[:PAGE], "next": f"{last['opened_at'].isoformat()}_{last['id']}" if last else None}


@router.get("/cases/{number}", response=CaseOut)
def one(request: HttpRequest, number: str) -> dict[str, Any]:
    """One case with its whole history and the steps the asker may take."""
    actor = actor_of(request)
    case_id = queries.id_of(number, actor)
    case = queries.history(case_id)
    case["light"] = light(
        at=clock.now(), yellow_at=case["yellow_at"], due_at=case["due_at"], ended_at=case["closed_at"]
    )
    case["places"] = case["places"] or []
    case["steps"] = may_take(queries.snapshots([case_id])[case_id], actor)
    return case


@router.post("/cases/{number}/steps", response=StepOut)
def take_step(request: HttpRequest, number: str, body: StepIn) -> dict[str, Any]:
    """Take one step; refused with the reason where it is not allowed, not possible or not complete."""
    actor, now = actor_of(request), clock.now()
    case_id = queries.id_of(number, actor)
    facts = Facts(
        note=_clean(body.note),
        reason=_clean(body.reason),
        result=_clean(body.result),
        verdict=body.verdict,
        closing_kind=body.closing_kind,
    )
    if body.organisation:
        organisation = ground().organisations.named(body.organisation)
        facts = facts._replace(organisation=organisation.id, organisation_path=organisation.path)
    at = min(body.at, now) if body.at else now
    after = advance(case_id, body.step, actor=actor, at=at, recorded_at=now, facts=facts, seen=body.seq)
    return _stands(after, actor)


def _stands(after: Snapshot, actor: Actor) -> dict[str, Any]:
    case = after.case
    return {
        "number": case.number,
        "state": case.state,
        "seq": case.seq,
        "due_at": case.due_at,
        "steps": may_take(after, actor),
    }


def _key(before: str) -> tuple[datetime, int] | None:
    if not before:
        return None
    instant, _, id_ = before.rpartition("_")
    try:
        return datetime.fromisoformat(instant), int(id_)
    except ValueError as error:
        raise Refused("fact_wrong", fact="before", value=before) from error


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "")
