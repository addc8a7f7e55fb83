"""The only writer of proposals: the rule book is changed by a dated proposal that a second person approves."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.ground.places.actions import renew
from cityloop.ground.places.city import CityValue
from cityloop.ground.standards.actions import write_categories, write_edition
from cityloop.ground.standards.checking import without_limit
from cityloop.ground.standards.editions import (
    categories_of,
    changes_of,
    differences,
    known_for,
    last_edition,
    rules_after,
    rules_of,
    said,
)
from cityloop.ground.standards.fitting import fit_category, fit_rule
from cityloop.ground.standards.importing import Reading
from cityloop.ground.standards.models import Edition, Proposal, ProposalState
from cityloop.ground.standards.proposed import (
    decide,
    locked,
    require_later,
    require_other,
    require_state,
    shape,
    take_back,
    turn_down,
)
from cityloop.ground.standards.rows import CategoryData, RuleData, as_json

PROPOSE, APPROVE = "rules.propose", "rules.approve"
Key = tuple[str, str]
"""Category and situation."""


@transaction.atomic
def begin_proposal(
    title: str, *, reason: str, basis: str, begins: date, actor: Actor, at: datetime, reading: Reading | None = None
) -> Proposal:
    """A draft over the last edition, with all in which `reading` differs from it. The same once more is the same."""
    actor.require(PROPOSE)
    here, base = locked(), last_edition()
    _require_later(begins, base, here, at)
    fields: dict[str, Any] = {
        "title": title, "reason": reason, "basis": basis, "begins": begins, "base": base, "scheme": base.scheme,
        "made_by": actor.key, "changes": [], "categories": [],
    }  # fmt: skip
    if reading is not None:
        found = differences(said(rules_of(base.pk)), reading.require().rules)
        fields["changes"] = [_change(row.key, row.before, row.after) for row in found]
        fields["categories"] = [row._asdict() for row in reading.categories]
    same = Proposal.objects.filter(state=ProposalState.DRAFT, **fields).first()
    return same or Proposal.objects.create(made_at=at, hands=[actor.key], **fields)


@transaction.atomic
def describe(number: int, *, title: str, reason: str, basis: str, begins: date, actor: Actor, at: datetime) -> Proposal:
    """Say anew what a draft is about and when it is to begin."""
    here, proposal = _draft(number, actor)
    _require_later(begins, proposal.base, here, at)
    proposal.title, proposal.reason, proposal.basis, proposal.begins = title, reason, basis, begins
    return _shaped(proposal, actor)


@transaction.atomic
def put_change(number: int, rule: RuleData, *, actor: Actor) -> Proposal:
    """Add a rule, or say anew what one is to be. Refused as a line of a pack would be, field by field."""
    here, proposal = _draft(number, actor)
    rule = fit_rule(rule, known_for(proposal, here.settings))
    return _put(proposal, rule.key, rule, actor)


@transaction.atomic
def put_removal(number: int, key: Key, *, actor: Actor) -> Proposal:
    """Let the new edition be without a rule of the base edition."""
    _here, proposal = _draft(number, actor)
    return _put(proposal, key, None, actor)


@transaction.atomic
def drop_change(number: int, key: Key, *, actor: Actor) -> Proposal:
    """Leave a rule as it is in the base edition."""
    _here, proposal = _draft(number, actor)
    proposal.changes = [row for row in proposal.changes if (row["category"], row["situation"]) != key]
    return _shaped(proposal, actor)


@transaction.atomic
def put_category(number: int, cells: Mapping[str, str], *, actor: Actor) -> Proposal:
    """Let the new edition bring a category that is not there yet, given as a line of categories.csv."""
    here, proposal = _draft(number, actor)
    category = fit_category(cells, known_for(proposal, here.settings))
    if category.code in {row.code for row in categories_of(proposal.scheme)}:
        raise Refused("category_taken", category=category.code)
    rest = [row for row in proposal.categories if row["code"] != category.code]
    proposal.categories = [*rest, category._asdict()]
    return _shaped(proposal, actor)


@transaction.atomic
def drop_category(number: int, code: str, *, actor: Actor) -> Proposal:
    """Bring a new category no more, nor those below it, nor any rule for them."""
    _here, proposal = _draft(number, actor)
    gone = {row["code"] for row in proposal.categories if code in (row["code"], row["parent"])}
    proposal.categories = [row for row in proposal.categories if row["code"] not in gone]
    proposal.changes = [row for row in proposal.changes if row["category"] not in gone]
    return _shaped(proposal, actor)


@transaction.atomic
def rebase(number: int, *, actor: Actor) -> Proposal:
    """Put a draft over the edition that is the last one now; what that one says already is no change any more."""
    _here, proposal = _draft(number, actor)
    last = last_edition()
    if last.pk == proposal.base_id:
        return proposal
    before = {rule.key: rule for rule in said(rules_of(last.pk))}
    changes = [row._replace(before=before.get(row.key)) for row in changes_of(proposal)]
    proposal.base = last
    proposal.changes = [_change(row.key, row.before, row.after) for row in changes if row.before != row.after]
    return _shaped(proposal, actor)


@transaction.atomic
def submit(number: int, *, actor: Actor, at: datetime) -> Proposal:
    """Hand a draft in to be decided on."""
    actor.require(PROPOSE)
    here, proposal = locked(), _proposal(number)
    if proposal.state == ProposalState.SUBMITTED:
        return proposal
    require_state(proposal, ProposalState.DRAFT)
    if not proposal.changes and not proposal.categories:
        raise Refused("proposal_empty", proposal=number)
    _require_ready(proposal, here, at)
    proposal.state, proposal.submitted_by, proposal.submitted_at = ProposalState.SUBMITTED, actor.key, at
    return _shaped(proposal, actor)


@transaction.atomic
def withdraw(number: int, *, actor: Actor, at: datetime) -> Proposal:
    """Take back a proposal that is not decided."""
    actor.require(PROPOSE)
    locked()
    proposal = _proposal(number)
    take_back(proposal, actor, at)
    return proposal


@transaction.atomic
def reject(number: int, *, note: str, actor: Actor, at: datetime) -> Proposal:
    actor.require(APPROVE)
    locked()
    proposal = _proposal(number)
    turn_down(proposal, note, actor, at)
    return proposal


@transaction.atomic
def approve(number: int, *, note: str, actor: Actor, at: datetime) -> Proposal:
    """Make an edition of the base edition with the changes, in force from the day proposed on.

    Denied to whoever had a hand in the proposal; Conflict where another edition has come since.
    """
    actor.require(APPROVE)
    here, proposal = locked(), _proposal(number)
    if proposal.state == ProposalState.APPROVED:
        return proposal
    require_state(proposal, ProposalState.SUBMITTED)
    require_other(proposal, actor)
    _require_ready(proposal, here, at)
    write_categories(proposal.scheme, [CategoryData(**row) for row in proposal.categories])
    proposal.edition = write_edition(
        _free_code(proposal.begins), rules_after(proposal), scheme=proposal.scheme, begins=proposal.begins
    )
    renew(actor=SYSTEM)
    decide(proposal, ProposalState.APPROVED, note, actor, at)
    return proposal


def _proposal(number: int) -> Proposal:
    found = Proposal.objects.select_related("base").filter(pk=number).first()
    if found is None:
        raise Unknown("proposal_unknown", proposal=number)
    return found


def _draft(number: int, actor: Actor) -> tuple[CityValue, Proposal]:
    actor.require(PROPOSE)
    here, proposal = locked(), _proposal(number)
    require_state(proposal, ProposalState.DRAFT)
    return here, proposal


def _require_later(begins: date, base: Edition, here: CityValue, at: datetime) -> None:
    require_later(begins, here, at)
    if begins <= base.valid_from:
        raise Refused("edition_before_last", edition=begins, last=base.code, since=base.valid_from)


def _require_ready(proposal: Proposal, here: CityValue, at: datetime) -> None:
    """What must hold when a proposal is handed in and when it is decided."""
    last = last_edition()
    if last.pk != proposal.base_id:
        since = differences(said(rules_of(proposal.base_id)), said(rules_of(last.pk)))
        raise Conflict(
            "proposal_stale", proposal=proposal.pk, base=proposal.base.code, last=last.code, count=len(since),
            changed=[{"category": row.key[0], "situation": row.key[1]} for row in since],
        )  # fmt: skip
    _require_later(proposal.begins, proposal.base, here, at)
    if here.settings.get("complete"):
        known = known_for(proposal, here.settings)
        if lacking := without_limit(rules_after(proposal), known.minors):
            raise Refused("proposal_incomplete", categories=lacking, named=", ".join(lacking[:20]))


def _put(proposal: Proposal, key: Key, after: RuleData | None, actor: Actor) -> Proposal:
    """A change in the place of any other of the same rule; none where the base edition says the same."""
    before = next((rule for rule in said(rules_of(proposal.base_id)) if rule.key == key), None)
    if before is None and after is None and not any(row.key == key for row in changes_of(proposal)):
        raise Unknown("rule_unknown", category=key[0], situation=key[1])
    rest = [row for row in proposal.changes if (row["category"], row["situation"]) != key]
    fresh = [_change(key, before, after)] if before != after else []
    proposal.changes = sorted([*rest, *fresh], key=lambda row: (row["category"], row["situation"]))
    return _shaped(proposal, actor)


def _change(key: Key, before: RuleData | None, after: RuleData | None) -> dict[str, Any]:
    return {
        "category": key[0],
        "situation": key[1],
        "before": as_json(before) if before else None,
        "after": as_json(after) if after else None,
    }


def _shaped(proposal: Proposal, actor: Actor) -> Proposal:
    shape(proposal, actor)
    return proposal


def _free_code(begins: date) -> str:
    """The day an edition begins on, numbered where an edition is called so already."""
    taken = set(Edition.objects.filter(code__startswith=begins.isoformat()).values_list("code", flat=True))
    number = 1
    while (code := begins.isoformat() if number == 1 else f"{begins}-{number}") in taken:
        number += 1
    return code
