"""The only writer of the responsibility ledger. A duty is never edited: it ends, and begins anew."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from cityloop.core.actor import Actor
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.accounts import upkeep
from cityloop.ground.accounts.structure import organisation_ids
from cityloop.ground.places.actions import SET_UP, area_ids
from cityloop.ground.places.models import UnitGrid
from cityloop.ground.registry.duties import DutyData, PartyData
from cityloop.ground.registry.models import LedgerParty, LedgerRow
from cityloop.ground.standards.actions import category_ids

BATCH = 2_000
"""Rows of one insert: PostgreSQL takes at most 65 535 values."""
RELATED = ("category", "area", "grid", "parties")


@transaction.atomic
def begin_duties(duties: Sequence[DutyData], *, scheme: str, actor: Actor) -> None:
    """Add duties with their parties; two inserts for every BATCH of them. Unknown where a unit grid is not there."""
    actor.require(SET_UP)
    write_duties(duties, scheme)


def write_duties(duties: Sequence[DutyData], scheme: str, proposal: int | None = None) -> None:
    """Rows of duties; `proposal`: what they came by, if it was no pack."""
    categories, areas, organisations = category_ids(scheme), area_ids(), organisation_ids()
    grids = _grid_ids({duty.grid for duty in duties if duty.grid})
    rows = [
        LedgerRow(
            category_id=categories[duty.category] if duty.category else None,
            area_id=areas[duty.area] if duty.area else None,
            grid_id=grids[duty.grid] if duty.grid else None,
            proposal_id=proposal,
            **{name: value for name, value in duty._asdict().items() if name not in RELATED},
        )
        for duty in duties
    ]
    made = LedgerRow.objects.bulk_create(rows, batch_size=BATCH)
    parties = [
        LedgerParty(row=row, organisation_id=organisations[party.organisation], **_but_organisation(party))
        for row, duty in zip(made, duties, strict=True)
        for party in duty.parties
    ]
    LedgerParty.objects.bulk_create(parties, batch_size=BATCH)


def hand_on(proposal: int, codes: Collection[str], day: date) -> None:
    """Let duties end on a day by a proposal; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_ledgerrow SET valid_to = %(day)s, ended_by_id = %(proposal)s"
            " WHERE code = ANY(%(codes)s) AND daterange(valid_from, valid_to) @> %(day)s::date",
            {"day": day, "proposal": proposal, "codes": list(codes)},
        )


def _grid_ids(codes: Collection[str]) -> dict[str, int]:
    found = dict(UnitGrid.objects.filter(code__in=codes, valid_to=None).values_list("code", "id"))
    for code in sorted(set(codes) - set(found)):
        raise Unknown("grid_unknown", grid=code)
    return found


def _but_organisation(party: PartyData) -> dict[str, Any]:
    return {name: value for name, value in party._asdict().items() if name != "organisation"}


@transaction.atomic
def end_duties(ids: Collection[int], *, actor: Actor, day: date) -> None:
    """Duties that are no more: valid until `day`, or for one day if they began on it or later."""
    actor.require(SET_UP)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_ledgerrow SET valid_to = GREATEST(%s::date, valid_from + 1) WHERE id = ANY(%s)",
            [day, list(ids)],
        )


@transaction.atomic
def end_organisation(code: str, *, actor: Actor, day: date) -> None:
    """Let an organisation be no more. Refused (still_needed) while the ledger or others need it."""
    actor.require(SET_UP)
    parties = LedgerParty.objects.filter(Q(row__valid_to=None) | Q(row__valid_to__gt=day), organisation__code=code)
    duties = list(parties.order_by("row__code").values_list("row__code", flat=True).distinct())
    if duties:
        raise Refused("still_needed", row=code, by=upkeep.named(duties))
    upkeep.end_organisation(code, actor=actor, day=day)


@transaction.atomic
def set_ends(ends: Mapping[int, date | None], *, actor: Actor) -> None:
    """Set until when duties are valid, by id; one statement."""
    actor.require(SET_UP)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_ledgerrow r SET valid_to ="
            " CASE WHEN e.day IS NOT NULL THEN GREATEST(e.day, r.valid_from + 1) END"
            " FROM unnest(%s::bigint[], %s::date[]) AS e(id, day) WHERE r.id = e.id",
            [list(ends), list(ends.values())],
        )
