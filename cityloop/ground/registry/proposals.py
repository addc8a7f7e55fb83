"""The ledger is changed by a dated proposal: those whom it concerns consent, a second person approves, rows follow."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.core.fields import clean
from cityloop.core.sheets import Table, refer
from cityloop.ground.accounts.structure import organisation_ids
from cityloop.ground.accounts.tree import organisations
from cityloop.ground.places.actions import renew
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.models import Area, UnitGrid
from cityloop.ground.registry.actions import hand_on, write_duties
from cityloop.ground.registry.duties import DutyData
from cityloop.ground.registry.lines import LedgerLine, as_json, cells_of, duty_from
from cityloop.ground.registry.models import DutyProposal, LedgerRow
from cityloop.ground.registry.soundness import contradictions
from cityloop.ground.registry.versions import versions
from cityloop.ground.standards.models import Category, ProposalState
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

PROPOSE, CONSENT, APPROVE = "ledger.propose", "ledger.consent", "ledger.approve"


class DutyChange(NamedTuple):
    """A duty as it stands and as it is to stand, as `lines.as_json`; None where there is none."""

    code: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    def bodies(self) -> set[str]:
        """Who gains or loses by it: all of a duty that is another now, else whoever joins, leaves or changes."""
        before, after = ({} if one is None else one for one in (self.before, self.after))
        same = {name: value for name, value in before.items() if name != "parties"} == {
            name: value for name, value in after.items() if name != "parties"
        }
        held, holds = before.get("parties", []), after.get("parties", [])
        touched = [one for one in (*held, *holds) if not same or one not in held or one not in holds]
        return {party["organisation"] for party in touched}


@transaction.atomic
def begin_proposal(
    title: str, *, reason: str, basis: str, begins: date, disputes: bool, actor: Actor, at: datetime
) -> DutyProposal:
    """A draft. The same once more is the same."""
    actor.require(PROPOSE)
    require_later(begins, locked(), at)
    fields: dict[str, Any] = {
        "title": clean(title), "reason": clean(reason), "basis": clean(basis), "begins": begins, "disputes": disputes,
        "made_by": actor.key, "changes": [],
    }  # fmt: skip
    same = DutyProposal.objects.filter(state=ProposalState.DRAFT, **fields).first()
    return same or DutyProposal.objects.create(made_at=at, hands=[actor.key], **fields)


@transaction.atomic
def describe(
    number: int, *, title: str, reason: str, basis: str, begins: date, disputes: bool, actor: Actor, at: datetime
) -> DutyProposal:
    """Say anew what a draft is about and when it is to begin."""
    here, proposal = _draft(number, actor)
    require_later(begins, here, at)
    proposal.title, proposal.reason, proposal.basis = clean(title), clean(reason), clean(basis)
    proposal.begins, proposal.disputes = begins, disputes
    shape(proposal, actor)
    return proposal


@transaction.atomic
def put_change(number: int, told: dict[str, Any], *, actor: Actor) -> DutyProposal:
    """Let a duty begin, or say anew what one is to be. Refused as lines of a pack would be, field by field."""
    here, proposal = _draft(number, actor)
    duty = fit_duty(told, here, proposal.begins)
    before = _before(duty.code, proposal.begins)
    _require_reach(actor, PROPOSE, [duty, *([before] if before else [])])
    return _put(proposal, DutyChange(duty.code, as_json(before) if before else None, as_json(duty)), actor)


@transaction.atomic
def put_removal(number: int, code: str, *, actor: Actor) -> DutyProposal:
    """Let a duty end on the day on which the proposal begins."""
    _here, proposal = _draft(number, actor)
    before = _before(code, proposal.begins)
    if before is None:
        raise Unknown("duty_unknown", duty=code)
    _require_reach(actor, PROPOSE, [before])
    return _put(proposal, DutyChange(code, as_json(before), None), actor)


@transaction.atomic
def drop_change(number: int, code: str, *, actor: Actor) -> DutyProposal:
    """Leave a duty as it is."""
    _here, proposal = _draft(number, actor)
    kept = [row for row in proposal.changes if row["code"] != code]
    if len(kept) == len(proposal.changes):
        raise Unknown("duty_unproposed", proposal=number, duty=code)
    proposal.changes = kept
    shape(proposal, actor)
    return proposal


@transaction.atomic
def submit(number: int, *, actor: Actor, at: datetime) -> DutyProposal:
    """Hand a draft in, to be consented to and decided on."""
    actor.require(PROPOSE)
    here, proposal = locked(), proposal_called(number)
    if proposal.state == ProposalState.SUBMITTED:
        return proposal
    require_state(proposal, ProposalState.DRAFT)
    if not proposal.changes:
        raise Refused("proposal_empty", proposal=number)
    if not proposal.basis:
        raise Refused("basis_missing")
    _require_ready(proposal, here, at)
    proposal.state, proposal.submitted_by, proposal.submitted_at = ProposalState.SUBMITTED, actor.key, at
    shape(proposal, actor)
    return proposal


@transaction.atomic
def withdraw(number: int, *, actor: Actor, at: datetime) -> DutyProposal:
    """Take back a proposal that is not decided."""
    actor.require(PROPOSE)
    locked()
    proposal = proposal_called(number)
    take_back(proposal, actor, at)
    return proposal


@transaction.atomic
def consent(number: int, organisation: str, *, actor: Actor, at: datetime) -> DutyProposal:
    """An organisation that gains or loses a duty agrees. Only for its own posts, or those above it."""
    actor.require(CONSENT)
    here = locked()
    proposal = proposal_called(number)
    body = organisations(here.revision).named(organisation)
    actor.post_for(CONSENT, _areas_of(_duties(proposal)), body.path)
    if organisation not in concerned(proposal):
        raise Refused("consent_unasked", proposal=number, organisation=organisation)
    if organisation in {row["organisation"] for row in proposal.consents}:
        return proposal
    require_state(proposal, ProposalState.SUBMITTED)
    proposal.consents = [*proposal.consents, {"organisation": organisation, "by": actor.key, "at": at.isoformat()}]
    proposal.save()
    return proposal


@transaction.atomic
def reject(number: int, *, note: str, actor: Actor, at: datetime) -> DutyProposal:
    actor.require(APPROVE)
    locked()
    proposal = proposal_called(number)
    turn_down(proposal, note, actor, at)
    return proposal


@transaction.atomic
def approve(number: int, *, note: str, actor: Actor, at: datetime) -> DutyProposal:
    """Let the old rows end and the new ones begin on the day proposed.

    Denied to whoever had a hand in it; Refused while a consent is missing; Conflict where the duties changed since.
    """
    actor.require(APPROVE)
    here, proposal = locked(), proposal_called(number)
    if proposal.state == ProposalState.APPROVED:
        return proposal
    require_state(proposal, ProposalState.SUBMITTED)
    require_other(proposal, actor)
    _require_reach(actor, APPROVE, _duties(proposal))
    if missing := concerned(proposal) - {row["organisation"] for row in proposal.consents}:
        raise Refused("consent_missing", proposal=number, named=", ".join(sorted(missing)))
    _require_ready(proposal, here, at)
    changes = changes_of(proposal)
    hand_on(proposal.pk, [row.code for row in changes if row.before], proposal.begins)
    fresh = [_duty(row.after, proposal.begins) for row in changes if row.after]
    write_duties(fresh, here.settings["scheme"], proposal.pk)
    renew(actor=SYSTEM)
    decide(proposal, ProposalState.APPROVED, note, actor, at)
    return proposal


@transaction.atomic
def settle(
    told: dict[str, Any], *, title: str, basis: str, heard: list[dict[str, Any]], actor: Actor, at: datetime
) -> int:
    """A duty that those concerned have been heard about (`heard`, as consents) and that was then decided: it begins on
    the day of the decision, by a proposal that is approved as it is made. The id of its row.

    Whether `actor` may decide is for the caller to say. Refused with every field that is wrong.
    """
    here = locked()
    begins = here.day(at)
    duty = fit_duty(told, here, begins)
    proposal = DutyProposal.objects.create(
        title=title, basis=clean(basis), begins=begins, changes=[DutyChange(duty.code, None, as_json(duty))._asdict()],
        state=ProposalState.APPROVED, made_by=actor.key, made_at=at, hands=[actor.key], submitted_by=actor.key,
        submitted_at=at, decided_by=actor.key, decided_at=at, consents=heard, disputes=True,
    )  # fmt: skip
    write_duties([duty], here.settings["scheme"], proposal.pk)
    renew(actor=SYSTEM)
    return LedgerRow.objects.values_list("pk", flat=True).get(code=duty.code, valid_from=begins)


def proposal_called(number: int) -> DutyProposal:
    """Unknown where there is none."""
    found = DutyProposal.objects.filter(pk=number).first()
    if found is None:
        raise Unknown("proposal_unknown", proposal=number)
    return found


def changes_of(proposal: DutyProposal) -> list[DutyChange]:
    return [DutyChange(**row) for row in proposal.changes]


def concerned(proposal: DutyProposal) -> set[str]:
    """The organisations that gain or lose by a proposal, and so must consent."""
    return set().union(*(row.bodies() for row in changes_of(proposal)))


def fit_duty(told: dict[str, Any], here: CityValue, begins: date) -> DutyData:
    """A duty out of a form. Refused with every field that is wrong."""
    table = Table("", LedgerLine)
    for position, cells in enumerate(cells_of(told, begins), start=1):
        table.add(position, cells)
    seen: dict[tuple[str, str], int] = {}
    for line, row in table.numbered():
        if (first := seen.setdefault((row.role, row.organisation), line)) != line:
            table.refuse(line, "organisation", "party_twice", first=first)
    areas = {f"{scheme}:{code}" for scheme, code in Area.objects.filter(valid_to=None).values_list("scheme", "code")}
    short = {ref.partition(":")[2]: ref for ref in sorted(areas, reverse=True)}
    scheme = here.settings["scheme"]
    refer(table, "area", "area", areas | set(short))
    refer(table, "category", "category", set(Category.objects.filter(scheme=scheme).values_list("code", flat=True)))
    refer(table, "organisation", "organisation", set(organisation_ids()))
    wanted = {row.grid for row in table.rows if row.grid}
    refer(
        table,
        "grid",
        "grid",
        set(UnitGrid.objects.filter(code__in=wanted, valid_to=None).values_list("code", flat=True)),
    )
    problems = [{"field": one.field, "code": one.code, "text": one.text()} for one in table.problems]
    problems = [one for place, one in enumerate(problems) if one not in problems[:place]]  # parties repeat the duty
    if problems:
        named = "; ".join(f"{one['field']}: {one['text']}" for one in problems)
        raise Refused("duty_unfit", problems=problems, named=named)
    return duty_from(table.rows, begins, lambda ref: ref if ref in areas else short[ref])


def _duty(told: dict[str, Any], begins: date) -> DutyData:
    """A duty that was fitted before."""
    return duty_from([LedgerLine.model_validate(cells) for cells in cells_of(told, begins)], begins)


def _duties(proposal: DutyProposal) -> list[DutyData]:
    told = [one for row in changes_of(proposal) for one in (row.before, row.after) if one]
    return [_duty(one, proposal.begins) for one in told]


def _before(code: str, begins: date) -> DutyData | None:
    """The version that is to end; None where the code is new. Refused where it ended, or changes later."""
    known = versions([code]).get(code)
    if not known:
        return None
    last = known[-1][1]
    if last.valid_from >= begins:
        raise Refused("duty_changes_later", duty=code, since=last.valid_from)
    if last.valid_to is not None and last.valid_to <= begins:
        raise Refused("duty_past", duty=code, ended=last.valid_to)
    return last


def _put(proposal: DutyProposal, change: DutyChange, actor: Actor) -> DutyProposal:
    """A change in the place of any other of the same duty; none where it changes nothing."""
    rest = [row for row in proposal.changes if row["code"] != change.code]
    fresh = [change._asdict()] if change.before != change.after else []
    proposal.changes = sorted([*rest, *fresh], key=lambda row: str(row["code"]))
    shape(proposal, actor)
    return proposal


def _require_ready(proposal: DutyProposal, here: CityValue, at: datetime) -> None:
    """What must hold when a proposal is handed in and when it is decided."""
    require_later(proposal.begins, here, at)
    changes = changes_of(proposal)
    stale = []
    for row in changes:
        before = _before(row.code, proposal.begins)
        if (as_json(before) if before else None) != row.before:
            stale.append(row.code)
    if stale:
        raise Conflict("duties_stale", proposal=proposal.pk, named=", ".join(stale))
    if not proposal.disputes:
        fresh = [_duty(row.after, proposal.begins) for row in changes if row.after]
        for one in contradictions(here, fresh, {row.code for row in changes}, proposal.begins):
            raise Refused("duty_contradicts", duty=one.duty, other=one.other, roles=one.roles)


def _require_reach(actor: Actor, permission: str, duties: Sequence[DutyData]) -> None:
    """Refuse unless a post held reaches the area of every duty; what is for the whole city takes a post for it."""
    paths = _paths(duties)
    for duty in duties:
        actor.post_for(permission, paths.get(duty.area, ()), ())


def _areas_of(duties: Sequence[DutyData]) -> set[int]:
    return {area for path in _paths(duties).values() for area in path}


def _paths(duties: Iterable[DutyData]) -> dict[str, list[int]]:
    codes = {duty.area.partition(":")[2] for duty in duties if duty.area}
    rows = Area.objects.filter(code__in=codes, valid_to=None).values_list("scheme", "code", "path")
    return {f"{scheme}:{code}": list(path) for scheme, code, path in rows}


def _draft(number: int, actor: Actor) -> tuple[CityValue, DutyProposal]:
    actor.require(PROPOSE)
    here, proposal = locked(), proposal_called(number)
    require_state(proposal, ProposalState.DRAFT)
    return here, proposal
