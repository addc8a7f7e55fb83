"""HTTP edge of dispatch: whom the ledger would send a case to, and why."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from cityloop.core import texts
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.queries import id_of, snapshots
from cityloop.loop.clocks.ground import ground
from cityloop.loop.dispatch.actions import propose

router = Router(tags=["dispatch"])


class ProposalOut(Schema):
    """`finding` is named, fallback (territory only), gap or dispute; `rows` are the ledger rows that decide; `interim`:
    who acts at once where nobody or two answer."""

    finding: str
    organisation: str | None
    organisation_name: str | None
    interim: str | None
    interim_name: str | None
    rows: list[str]
    reason: list[str]


@router.get("/cases/{number}/proposal", response=ProposalOut)
def proposal(request: HttpRequest, number: str) -> dict[str, Any]:
    """Who answers for a case by the ledger."""
    actor = actor_of(request)
    actor.require("cases.dispatch")
    case_id = id_of(number, actor)
    here = ground()
    answer = propose(snapshots([case_id])[case_id].case, here)
    known = catalogue(here.city.revision)
    organisation = known.organisation(answer.handler) if answer.handler else None
    interim = known.organisation(answer.interim) if answer.interim else None
    return {
        "finding": answer.finding.value,
        "organisation": organisation.code if organisation else None,
        "organisation_name": organisation.said(texts.spoken()) if organisation else None,
        "interim": interim.code if interim else None,
        "interim_name": interim.said(texts.spoken()) if interim else None,
        "rows": [duty.code for duty in answer.duties],
        "reason": list(answer.reason),
    }
