"""HTTP edge of intake: hand in a report, see what waits on the desk, add the missing fact."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from cityloop.core import clock
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.intake import queries
from cityloop.loop.intake.actions import Receipt, add_category, receive
from cityloop.loop.intake.channels.api import ReportIn, report_of

router = Router(tags=["intake"])


class ReceiptOut(Schema):
    """`known`: the report had been sent before; nothing was added. `missing`: what keeps it from being a case."""

    number: str
    case: str | None
    known: bool
    missing: list[str]


class WaitingOut(Schema):
    number: str
    channel: str
    happened_at: datetime
    address: str
    words: str
    missing: list[str]


class CategoryIn(Schema):
    category: str


@router.post("/reports", response={200: ReceiptOut, 201: ReceiptOut})
def hand_in(request: HttpRequest, body: ReportIn) -> Status[Receipt]:
    """Hand in a report; the answer carries its number, and its case's where one opened."""
    receipt = receive(report_of(body, clock.now()), actor=actor_of(request))
    return Status(200 if receipt.known else 201, receipt)


@router.get("/reports/waiting", response=list[WaitingOut])
def waiting(request: HttpRequest) -> list[dict[str, Any]]:
    """The oldest 50 reports that could not become a case by themselves, each with the fact it lacks."""
    actor = actor_of(request)
    actor.require("cases.register")
    return queries.waiting()


@router.post("/reports/{number}/category", response=ReceiptOut)
def name_category(request: HttpRequest, number: str, body: CategoryIn) -> Receipt:
    """Say which category a waiting report belongs to; its case opens."""
    return add_category(number, body.category, actor=actor_of(request), at=clock.now())
