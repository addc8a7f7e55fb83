"""The only writer of the responsibility ledger. A duty is never edited: it ends, and begins anew."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.ground.accounts import upkeep
from cityloop.ground.accounts.structure import organisation_ids
from cityloop.ground.places.actions import SET_UP, area_ids
from cityloop.ground.registry.models import LedgerParty, LedgerRow
from cityloop.ground.standards.actions import category_ids


class DutyData(NamedTuple):
    """`area` is written `scheme:code`; an empty scope means "any". Parties are pairs of role and organisation."""

    code: str
    tier: str
    category: str
    situation: str
    area: str
    duty: str
    basis: str
    valid_from: date
    valid_to: date | None
    parties: tuple[tuple[str, str], ...]


@transaction.atomic
def begin_duties(duties: Sequence[DutyData], *, scheme: str, actor: Actor) -> None:
    """Add duties with their parties; two inserts however many."""
    actor.require(SET_UP)
    categories, areas, organisations = category_ids(scheme), area_ids(), organisation_ids()
    made = LedgerRow.objects.bulk_create(
        LedgerRow(
            code=duty.code,
            tier=duty.tier,
            category_id=categories[duty.category] if duty.category else None,
            situation=duty.situation,
            area_id=areas[duty.area] if duty.area else None,
            duty=duty.duty,
            basis=duty.basis,
            valid_from=duty.valid_from,
            valid_to=duty.valid_to,
        )
        for duty in duties
    )
    LedgerParty.objects.bulk_create(
        LedgerParty(row=row, role=role, organisation_id=organisations[organisation])
        for row, duty in zip(made, duties, strict=True)
        for role, organisation in duty.parties
    )


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
