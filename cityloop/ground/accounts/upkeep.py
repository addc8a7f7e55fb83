"""Organisations and posts changed one at a time by a person; what a pack would be refused for is refused here too."""

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from cityloop.core.actor import Actor
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.accounts import structure
from cityloop.ground.accounts.models import Organisation, Post, Tenure
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.accounts.structure import OrganisationData, PostData
from cityloop.ground.places.actions import SET_UP, area_ids, renew
from cityloop.ground.places.models import City

NAMED_AT_MOST = 5
"""So many of the rows that stand in the way are named in a refusal."""


@transaction.atomic
def save_organisation(data: OrganisationData, *, actor: Actor, day: date) -> Organisation:
    """Add an organisation, valid from `day` on, or change a living one; what hangs below it moves with it.

    Refused: code_unfit, code_ended, parent_below. Unknown: organisation_unknown, for the one above it.
    """
    actor.require(SET_UP)
    renew(actor=actor)
    _check_code(data.code, 40)
    _refuse_ended("organisations", Organisation.objects.filter(code=data.code).exclude(valid_to=None).first())
    living = {
        row["code"]: OrganisationData(row["code"], row["name"], row["names"], row["kind"], row["parent__code"] or "")
        for row in Organisation.objects.filter(valid_to=None).values("code", "name", "names", "kind", "parent__code")
    }
    if data.parent and data.parent not in living:
        raise Unknown("organisation_unknown", organisation=data.parent)
    tree = _parents_first({**living, data.code: data}, data.code)
    structure.put_organisations(tree, {data.code}, actor=actor, begins=day)
    return Organisation.objects.get(code=data.code)


@transaction.atomic
def end_organisation(code: str, *, actor: Actor, day: date) -> None:
    """Let an organisation be no more from `day` on.

    Refused (still_needed) while organisations below it, posts, or the city's settings need it.
    """
    actor.require(SET_UP)
    renew(actor=actor)
    needed_by = [*Organisation.objects.filter(parent__code=code, valid_to=None).values_list("code", flat=True)]
    needed_by += Post.objects.filter(organisation__code=code, valid_to=None).values_list("code", flat=True)
    if City.objects.filter(settings__centre=code).exists():
        needed_by.append("settings: centre")
    if needed_by:
        raise Refused("still_needed", row=code, by=named(needed_by))
    structure.end_organisations([code], actor=actor, day=day)


@transaction.atomic
def save_post(data: PostData, *, actor: Actor, at: datetime, day: date) -> Post:
    """Add a post, valid from `day` on, or change a living one.

    Refused: code_unfit, code_ended, role_unknown, evaluator_assessed where who evaluates would sit in a body that
    handles, and post_held where its axis would change under a holder.
    Unknown: organisation_unknown, area_unknown.
    """
    actor.require(SET_UP)
    renew(actor=actor)
    _check_code(data.code, 60)
    present = Post.objects.filter(code=data.code).first()
    _refuse_ended("posts", present)
    if data.role not in ROLES:
        raise Refused("role_unknown", role=data.role)
    if not Organisation.objects.filter(code=data.organisation, valid_to=None).exists():
        raise Unknown("organisation_unknown", organisation=data.organisation)
    if data.area and data.area not in area_ids():
        raise Unknown("area_unknown", area=data.area)
    _refuse_assessed(data)
    if present is not None and present.axis != ROLES[data.role].axis:
        held = Tenure.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), post=present)
        users = list(held.order_by("user__username").values_list("user__username", flat=True))
        if users:
            raise Refused("post_held", post=data.code, users=named(users))
    structure.put_posts([data], actor=actor, begins=day)
    return Post.objects.get(code=data.code)


@transaction.atomic
def end_post(code: str, *, actor: Actor, day: date) -> None:
    """Let a post be no more from `day` on; its holders act under it no longer."""
    actor.require(SET_UP)
    renew(actor=actor)
    structure.end_posts([code], actor=actor, day=day)


def named(codes: list[str]) -> str:
    """Some of the codes, and how many there are more."""
    more = len(codes) - NAMED_AT_MOST
    return ", ".join(codes[:NAMED_AT_MOST]) + (f" +{more}" if more > 0 else "")


def _check_code(code: str, length: int) -> None:
    if not code or len(code) > length or not code.isprintable() or ":" in code or code != code.strip():
        raise Refused("code_unfit", value=code, length=length)


def _refuse_ended(section: str, row: Organisation | Post | None) -> None:
    if row is not None and row.valid_to is not None:
        raise Refused("code_ended", section=section, row=row.code, ended=row.valid_to)


def _refuse_assessed(data: PostData) -> None:
    """Who assesses sits in no body that handles, and beneath none; who handles moves in above nobody who assesses."""
    role = ROLES[data.role]
    own = Organisation.objects.get(code=data.organisation, valid_to=None)
    others = Post.objects.filter(valid_to=None).exclude(code=data.code)
    found = others.none()
    if role.assesses:
        handling = [key for key, known in ROLES.items() if known.handles]
        found = others.filter(role__in=handling, organisation__in=own.path)
    elif role.handles:
        assessing = [key for key, known in ROLES.items() if known.assesses]
        found = others.filter(role__in=assessing, organisation__path__contains=[own.pk])
    codes = list(found.order_by("code").values_list("code", flat=True))
    if codes:
        raise Refused("evaluator_assessed", post=data.code, others=named(codes))


def _parents_first(rows: Mapping[str, OrganisationData], changed: str) -> list[OrganisationData]:
    """The tree from the top down; Refused where `changed` would stand below itself."""
    below: defaultdict[str, list[OrganisationData]] = defaultdict(list)
    for row in rows.values():
        below[row.parent].append(row)
    found: list[OrganisationData] = []
    waiting = deque(below[""])
    while waiting:
        row = waiting.popleft()
        found.append(row)
        waiting.extend(below[row.code])
    if len(found) < len(rows):
        raise Refused("parent_below", row=changed)
    return found
