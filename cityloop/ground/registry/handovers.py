"""The only writer of handovers: an object passes into another phase, signed by who gave and who took it over."""

from datetime import date, datetime

from django.db import transaction

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Refused, Unknown
from cityloop.core.fields import clean
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.places.actions import renew
from cityloop.ground.registry.inventory import change_state
from cityloop.ground.registry.models import Handover, UrbanObject
from cityloop.ground.registry.proposals import PROPOSE
from cityloop.ground.standards.proposed import locked


@transaction.atomic
def hand_over(
    code: str, *, to_phase: str, day: date, giver: str, taker: str, basis: str, actor: Actor, at: datetime
) -> Handover:
    """Record it, and let the object be in its new phase from the day on. The same once more is the same record."""
    actor.require(PROPOSE)
    here = locked()
    thing = UrbanObject.objects.select_for_update().filter(code=code, valid_to=None).first()
    if thing is None:
        raise Unknown("object_unknown", object=code)
    actor.post_for(PROPOSE, thing.area.path if thing.area else (), ())
    if day > (today := here.day(at)):
        raise Refused("handover_future", day=day, today=today)
    bodies = {row.code: row for row in Organisation.objects.filter(code__in=(giver, taker), valid_to=None)}
    for body in (giver, taker):
        if body not in bodies:
            raise Unknown("organisation_unknown", organisation=body)
    told = {"to_phase": to_phase, "day": day, "giver": bodies[giver], "taker": bodies[taker], "basis": clean(basis)}
    if thing.state == to_phase:
        known = Handover.objects.filter(object=thing, **told).first()
        if known is None:
            raise Refused("handover_same", object=code, phase=to_phase)
        return known
    made = Handover.objects.create(object=thing, from_phase=thing.state, recorded_at=at, by=actor.key, **told)
    change_state(thing, to_phase, day=day, source=clean(basis), actor=actor, at=at)
    renew(actor=SYSTEM)
    return made


def handed_over(code: str, most: int) -> list[Handover]:
    """Handovers of an object, or of all, the latest first; one statement."""
    found = Handover.objects.select_related("object", "giver", "taker").order_by("-day", "-id")
    return list((found.filter(object__code=code) if code else found)[:most])
