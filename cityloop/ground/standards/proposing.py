"""HTTP edge of proposals: begun, changed rule by rule or by a file, handed in, decided on."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Status, UploadedFile
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.ground.standards import answers, importing, proposals
from cityloop.ground.standards.api import READ
from cityloop.ground.standards.editions import known_in, last_edition, rules_of, said
from cityloop.ground.standards.mapping import named as mapping_called
from cityloop.ground.standards.models import Proposal
from cityloop.ground.standards.schemas import (
    RuleCategoryIn,
    RuleDecision,
    RuleIn,
    RuleKey,
    RuleProposalFull,
    RuleProposalIn,
    RuleProposalRow,
)
from cityloop.ground.standards.shelf import shelf

router = Router(tags=["rules"])
State = Literal["", "draft", "submitted", "approved", "rejected", "withdrawn"]


class RuleFile(RuleProposalIn):
    """`mapping`: the name of one that comes along, empty for our own columns; `keep_others`: rules of categories that
    the file does not name stay."""

    mapping: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_]*$")] = ""
    keep_others: bool = False


@router.get("/rules/proposals", response=list[RuleProposalRow])
def page(request: HttpRequest, state: Annotated[State, Query()] = "") -> list[dict[str, Any]]:
    """Proposals, the latest first."""
    actor = actor_of(request)
    actor.require(READ)
    return answers.proposals(actor, state)


@router.post("/rules/proposals", response={201: RuleProposalFull})
def begin(request: HttpRequest, body: RuleProposalIn) -> Status[dict[str, Any]]:
    """Begin a draft over the last edition. The same once more is the same draft."""
    found = proposals.begin_proposal(**dict(body), actor=actor_of(request), at=clock.now())
    return Status(201, _full(request, found))


@router.post("/rules/proposals/import", response={201: RuleProposalFull})
def take_in(request: HttpRequest, asked: Form[RuleFile], file: File[UploadedFile]) -> Status[dict[str, Any]]:
    """Begin a draft with all in which a file (CSV or XLSX, at most 5 MB) differs from the last edition. Where a line
    cannot be read nothing is taken, and `problems` names every one: file, line, column, code, text, value."""
    actor = actor_of(request)
    actor.require(proposals.PROPOSE)
    here, base = city(), last_edition()
    mapping = mapping_called(asked.mapping) if asked.mapping else None
    data = file.read(importing.MOST_BYTES + 1)
    reading = importing.read(data, file.name or "", known_in(base.scheme, here.settings), mapping)
    reading = importing.beside(reading.require(), said(rules_of(base.pk)), asked.keep_others)
    found = proposals.begin_proposal(
        asked.title, reason=asked.reason, basis=asked.basis, begins=asked.begins, actor=actor, at=clock.now(),
        reading=reading,
    )  # fmt: skip
    return Status(201, _full(request, found))


@router.get("/rules/proposals/{int:number}", response=RuleProposalFull)
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """A proposal with its difference."""
    actor_of(request).require(READ)
    return _shown(request, number)


@router.put("/rules/proposals/{int:number}", response=RuleProposalFull)
def describe(request: HttpRequest, number: int, body: RuleProposalIn) -> dict[str, Any]:
    """Say anew what a draft is about and when it is to begin."""
    return _full(request, proposals.describe(number, **dict(body), actor=actor_of(request), at=clock.now()))


@router.put("/rules/proposals/{int:number}/changes", response=RuleProposalFull)
def put_change(request: HttpRequest, number: int, body: RuleIn) -> dict[str, Any]:
    """Add a rule, or say anew what one is to be; `problems` of a refusal names every field that is wrong."""
    return _full(request, proposals.put_change(number, body.data(), actor=actor_of(request)))


@router.post("/rules/proposals/{int:number}/removals", response=RuleProposalFull)
def remove(request: HttpRequest, number: int, body: RuleKey) -> dict[str, Any]:
    """Let the new edition be without a rule of the base edition."""
    key = body.category, body.situation
    return _full(request, proposals.put_removal(number, key, actor=actor_of(request)))


@router.delete("/rules/proposals/{int:number}/changes", response=RuleProposalFull)
def drop_change(request: HttpRequest, number: int, key: Query[RuleKey]) -> dict[str, Any]:
    """Leave a rule as it is in the base edition."""
    found = proposals.drop_change(number, (key.category, key.situation), actor=actor_of(request))
    return _full(request, found)


@router.put("/rules/proposals/{int:number}/categories", response=RuleProposalFull)
def put_category(request: HttpRequest, number: int, body: RuleCategoryIn) -> dict[str, Any]:
    """Let the new edition bring a category that is not there yet."""
    return _full(request, proposals.put_category(number, body.cells(), actor=actor_of(request)))


@router.delete("/rules/proposals/{int:number}/categories", response=RuleProposalFull)
def drop_category(request: HttpRequest, number: int, code: Annotated[str, Field(max_length=40)]) -> dict[str, Any]:
    """Bring a new category no more, nor any rule for it."""
    return _full(request, proposals.drop_category(number, code, actor=actor_of(request)))


@router.post("/rules/proposals/{int:number}/rebase", response=RuleProposalFull)
def rebase(request: HttpRequest, number: int) -> dict[str, Any]:
    """Put a draft over the edition that is the last one now."""
    return _full(request, proposals.rebase(number, actor=actor_of(request)))


@router.post("/rules/proposals/{int:number}/submit", response=RuleProposalFull)
def submit(request: HttpRequest, number: int) -> dict[str, Any]:
    """Hand a draft in to be decided on."""
    return _full(request, proposals.submit(number, actor=actor_of(request), at=clock.now()))


@router.post("/rules/proposals/{int:number}/withdraw", response=RuleProposalFull)
def withdraw(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take a proposal back."""
    return _full(request, proposals.withdraw(number, actor=actor_of(request), at=clock.now()))


@router.post("/rules/proposals/{int:number}/approve", response=RuleProposalFull)
def approve(request: HttpRequest, number: int, body: RuleDecision) -> dict[str, Any]:
    """Make an edition of it, in force from the day proposed on; not for whoever had a hand in it."""
    found = proposals.approve(number, note=body.note, actor=actor_of(request), at=clock.now())
    return _full(request, found)


@router.post("/rules/proposals/{int:number}/reject", response=RuleProposalFull)
def reject(request: HttpRequest, number: int, body: RuleDecision) -> dict[str, Any]:
    """Decide against it."""
    found = proposals.reject(number, note=body.note, actor=actor_of(request), at=clock.now())
    return _full(request, found)


def _full(request: HttpRequest, proposal: Proposal) -> dict[str, Any]:
    return _shown(request, proposal.pk)


def _shown(request: HttpRequest, number: int) -> dict[str, Any]:
    categories = shelf(city().revision, last_edition().pk).categories
    return answers.proposal(number, actor_of(request), categories, texts.spoken())
