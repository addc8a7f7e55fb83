"""HTTP edge of changes of the ledger: proposals and handovers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from cityloop.core import clock
from cityloop.ground.accounts.queries import names_of
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.registry import handovers, proposals
from cityloop.ground.registry.ledger_api import READ
from cityloop.ground.registry.models import DutyProposal, Handover
from cityloop.ground.registry.proposals import changes_of, concerned

MOST = 200
router = Router(tags=["ledger"])
State = Literal["", "draft", "submitted", "approved", "rejected", "withdrawn"]
Text = Annotated[str, Field(max_length=200)]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Unit = Annotated[str, Field(min_length=1, max_length=40)]


class DutyPartyIn(Schema):
    """`until`: the first day on which its contract no longer runs."""

    role: Annotated[str, Field(max_length=16)] = "handler"
    organisation: Unit
    lot: Annotated[str, Field(max_length=40)] = ""
    until: date | None = None
    person: Annotated[str, Field(max_length=100)] = ""


class DutyIn(Schema):
    """A duty as a line of ledger.csv says it; empty scopes are any. It begins when the proposal does."""

    code: Code
    tier: Annotated[str, Field(max_length=12)] = "line"
    category: Text = ""
    situation: Text = ""
    area: Text = ""
    area_class: Text = ""
    grid: Text = ""
    road: Text = ""
    drawn: Annotated[str, Field(max_length=1_000_000)] = ""
    object: Text = ""
    phase: Text = ""
    stratum: Text = ""
    hours: Text = ""
    duty: Text = "handle"
    basis: Text = ""
    valid_to: date | None = None
    parties: Annotated[list[DutyPartyIn], Field(min_length=1, max_length=20)]


class DutyRemoval(Schema):
    code: Code


class DutyProposalIn(Schema):
    """`begins`: a day after today; `disputes`: it says of itself that it makes a dispute."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(max_length=4000)] = ""
    basis: Text = ""
    begins: date
    disputes: bool = False


class DutyDecision(Schema):
    note: Annotated[str, Field(max_length=4000)] = ""


class Consenting(Schema):
    organisation: Unit


class Done(Schema):
    """Who did it, by name, and when."""

    name: str
    at: datetime


class DutyConsent(Schema):
    """`given`: null while it is asked for."""

    organisation: str
    given: Done | None


class DutyChangeOut(Schema):
    """A duty as it stands and as it is to stand; null where there is none."""

    code: str
    before: DutyIn | None
    after: DutyIn | None


class DutyProposalRow(Schema):
    """`may_decide`: whoever asks may approve or reject it, having had no hand in it."""

    number: int
    title: str
    reason: str
    basis: str
    begins: date
    disputes: bool
    state: str
    made: Done
    submitted: Done | None
    decided: Done | None
    note: str
    may_decide: bool
    consents: list[DutyConsent]
    changes: list[DutyChangeOut]


class HandoverIn(Schema):
    """`giver`, `taker`: the organisations that signed; `day`: not after today."""

    object: Unit
    to_phase: Annotated[str, Field(min_length=1, max_length=20)]
    day: date
    giver: Unit
    taker: Unit
    basis: Annotated[str, Field(min_length=1, max_length=200)]


class HandoverOut(HandoverIn):
    from_phase: str
    recorded_at: datetime


@router.get("/ledger/proposals", response=list[DutyProposalRow])
def page(request: HttpRequest, state: Annotated[State, Query()] = "") -> list[dict[str, Any]]:
    """Proposals, the latest first."""
    actor_of(request).require(READ)
    found = DutyProposal.objects.order_by("-id")
    return _told(request, list((found.filter(state=state) if state else found)[:MOST]))


@router.post("/ledger/proposals", response={201: DutyProposalRow})
def begin(request: HttpRequest, body: DutyProposalIn) -> Status[dict[str, Any]]:
    """Begin a draft. The same once more is the same draft."""
    found = proposals.begin_proposal(**dict(body), actor=actor_of(request), at=clock.now())
    return Status(201, _one(request, found))


@router.get("/ledger/proposals/{int:number}", response=DutyProposalRow)
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """A proposal with its changes and consents."""
    actor_of(request).require(READ)
    return _one(request, proposals.proposal_called(number))


@router.put("/ledger/proposals/{int:number}", response=DutyProposalRow)
def describe(request: HttpRequest, number: int, body: DutyProposalIn) -> dict[str, Any]:
    """Say anew what a draft is about and when it is to begin."""
    return _one(request, proposals.describe(number, **dict(body), actor=actor_of(request), at=clock.now()))


@router.put("/ledger/proposals/{int:number}/changes", response=DutyProposalRow)
def put_change(request: HttpRequest, number: int, body: DutyIn) -> dict[str, Any]:
    """Let a duty begin, or say anew what one is to be; `problems` of a refusal names every field that is wrong."""
    return _one(request, proposals.put_change(number, body.model_dump(mode="json"), actor=actor_of(request)))


@router.post("/ledger/proposals/{int:number}/removals", response=DutyProposalRow)
def remove(request: HttpRequest, number: int, body: DutyRemoval) -> dict[str, Any]:
    """Let a duty end on the day on which the proposal begins."""
    return _one(request, proposals.put_removal(number, body.code, actor=actor_of(request)))


@router.delete("/ledger/proposals/{int:number}/changes", response=DutyProposalRow)
def drop_change(request: HttpRequest, number: int, code: Code) -> dict[str, Any]:
    """Leave a duty as it is."""
    return _one(request, proposals.drop_change(number, code, actor=actor_of(request)))


@router.post("/ledger/proposals/{int:number}/submit", response=DutyProposalRow)
def submit(request: HttpRequest, number: int) -> dict[str, Any]:
    """Hand a draft in. What contradicts another duty is refused, unless the proposal says that it makes a dispute."""
    return _one(request, proposals.submit(number, actor=actor_of(request), at=clock.now()))


@router.post("/ledger/proposals/{int:number}/consent", response=DutyProposalRow)
def consent(request: HttpRequest, number: int, body: Consenting) -> dict[str, Any]:
    """Agree for an organisation that gains or loses by it."""
    return _one(request, proposals.consent(number, body.organisation, actor=actor_of(request), at=clock.now()))


@router.post("/ledger/proposals/{int:number}/withdraw", response=DutyProposalRow)
def withdraw(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take a proposal back."""
    return _one(request, proposals.withdraw(number, actor=actor_of(request), at=clock.now()))


@router.post("/ledger/proposals/{int:number}/approve", response=DutyProposalRow)
def approve(request: HttpRequest, number: int, body: DutyDecision) -> dict[str, Any]:
    """Let it become rows of the ledger, from the day proposed on; not for whoever had a hand in it."""
    return _one(request, proposals.approve(number, note=body.note, actor=actor_of(request), at=clock.now()))


@router.post("/ledger/proposals/{int:number}/reject", response=DutyProposalRow)
def reject(request: HttpRequest, number: int, body: DutyDecision) -> dict[str, Any]:
    """Decide against it."""
    return _one(request, proposals.reject(number, note=body.note, actor=actor_of(request), at=clock.now()))


@router.post("/ledger/handovers", response={201: HandoverOut})
def hand_over(request: HttpRequest, body: HandoverIn) -> Status[dict[str, Any]]:
    """Record that an object passed into another phase. The same once more is the same record."""
    told = dict(body)
    found = handovers.hand_over(told.pop("object"), **told, actor=actor_of(request), at=clock.now())
    return Status(201, _handover(found))


@router.get("/ledger/handovers", response=list[HandoverOut])
def handed_over(request: HttpRequest, code: Annotated[str, Query(max_length=40)] = "") -> list[dict[str, Any]]:
    """Handovers of one object, or of all, the latest first."""
    actor_of(request).require(READ)
    return [_handover(row) for row in handovers.handed_over(code, MOST)]


def _handover(row: Handover) -> dict[str, Any]:
    codes = {"object": row.object.code, "giver": row.giver.code, "taker": row.taker.code}
    return codes | {name: getattr(row, name) for name in ("from_phase", "to_phase", "day", "basis", "recorded_at")}


def _one(request: HttpRequest, proposal: DutyProposal) -> dict[str, Any]:
    return _told(request, [proposal])[0]


def _told(request: HttpRequest, found: list[DutyProposal]) -> list[dict[str, Any]]:
    """Proposals with the names of those who acted; one statement for all."""
    actor = actor_of(request)
    keys = {key for row in found for key in (row.made_by, row.submitted_by, row.decided_by)}
    names = names_of(keys | {given["by"] for row in found for given in row.consents})

    def done(key: str, at: datetime | str | None) -> dict[str, Any] | None:
        return {"name": names.get(key, key), "at": at} if key and at else None

    return [
        {name: getattr(row, name) for name in ("title", "reason", "basis", "begins", "disputes", "state", "note")}
        | {
            "number": row.pk,
            "made": done(row.made_by, row.made_at),
            "submitted": done(row.submitted_by, row.submitted_at),
            "decided": done(row.decided_by, row.decided_at),
            "may_decide": row.state == "submitted" and actor.may(proposals.APPROVE) and actor.key not in row.hands,
            "consents": _consents(row, done),
            "changes": [change._asdict() for change in changes_of(row)],
        }
        for row in found
    ]


def _consents(row: DutyProposal, done: Any) -> list[dict[str, Any]]:
    given = {one["organisation"]: done(one["by"], one["at"]) for one in row.consents}
    return [{"organisation": code, "given": given.get(code)} for code in sorted(concerned(row))]
