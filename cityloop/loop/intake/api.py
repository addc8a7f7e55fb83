"""HTTP edge of intake: hand in a report, see what waits on the desk, add the missing fact."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.loop.cases.catalogue import channels
from cityloop.loop.cases.keys import read_key, write_key
from cityloop.loop.cases.queries import id_of
from cityloop.loop.evidence.actions import photo_ids
from cityloop.loop.intake import queries
from cityloop.loop.intake.actions import Receipt, Shown, add_category, note_unmaskings, receive
from cityloop.loop.intake.channels.api import ReportIn, report_of
from cityloop.loop.intake.schemas import (
    CaseReportOut,
    CategoryIn,
    ReceiptOut,
    UnmaskingPage,
    UnmaskingsAsked,
    WaitingPage,
)

router = Router(tags=["intake"])
PAGE = 50


@router.post("/reports", response={200: ReceiptOut, 201: ReceiptOut})
def hand_in(request: HttpRequest, body: ReportIn) -> Status[Receipt]:
    """Hand in a report; the answer carries its number, and its case's where one opened."""
    receipt = receive(report_of(body, clock.now()), actor=actor_of(request))
    return Status(200 if receipt.known else 201, receipt)


@router.get("/reports/waiting", response=WaitingPage)
def waiting(
    request: HttpRequest, before: str = "", limit: Annotated[int, Field(ge=1, le=200)] = PAGE
) -> dict[str, Any]:
    """Reports that could not become a case by themselves, oldest first, each with the fact it lacks."""
    actor_of(request).require("cases.register")
    rows = queries.waiting(limit + 1, after=read_key(before))
    following = write_key(rows[limit - 1]["happened_at"], rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"reports": _with_channels(rows[:limit]), "next": following, "at": clock.now()}


@router.get("/cases/{number}/reports", response=list[CaseReportOut])
def of_case(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """The reports of a case, oldest first. That contact data were shown unmasked is recorded."""
    actor = actor_of(request)
    at = clock.now()
    rows = queries.reports_of(id_of(number, actor), actor, at)
    seen = (
        Shown(row["number"], row["case_id"], row["shown_to"])
        for row in rows
        if row["shown_to"] is not None and any(row["reporter"].values())
    )
    note_unmaskings(seen, actor=actor, at=at)
    return _with_channels(rows)


@router.get("/unmaskings", response=UnmaskingPage)
def unmaskings(
    request: HttpRequest,
    asked: Query[UnmaskingsAsked],
    before: str = "",
    limit: Annotated[int, Field(ge=1, le=200)] = PAGE,
) -> dict[str, Any]:
    """Who saw contact data of which report unmasked, under which post; newest first, one line a day."""
    actor = actor_of(request)
    actor.require(queries.AUDIT)
    wanted = queries.Unmasked(asked.person, asked.case, asked.since, asked.until)
    rows = queries.unmaskings(actor, wanted, limit=limit + 1, before=read_key(before))
    following = write_key(rows[limit - 1]["at"], rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"unmaskings": rows[:limit], "next": following}


def _with_channels(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the names of their channels, and the ids of their photos."""
    names = channels(city(), texts.spoken())
    return [
        row | {"channel_name": names.get(row["channel"], row["channel"]), "photos": photo_ids(row["evidence"])}
        for row in rows
    ]


@router.post("/reports/{number}/category", response=ReceiptOut)
def name_category(request: HttpRequest, number: str, body: CategoryIn) -> Receipt:
    """Say which category a waiting report belongs to; its case opens."""
    return add_category(number, body.category, actor=actor_of(request), at=clock.now())
