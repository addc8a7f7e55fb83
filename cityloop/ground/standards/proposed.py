"""What every proposal goes through: whoever shaped it does not decide on it, and nothing is decided twice."""

from datetime import date, datetime

from django.db import connection

from cityloop.core.actor import Actor
from cityloop.core.errors import Denied, Refused
from cityloop.core.texts import Term
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.standards.models import ProposalState, Proposed
from cityloop.ground.standards.words import PROPOSAL_STATES


def locked() -> CityValue:
    """The city, while nobody else changes its rule book or its ledger: packs wait here too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityloop.pack'))")
    return city()


def require_state(proposal: Proposed, *states: ProposalState) -> None:
    if proposal.state not in states:
        state = Term(proposal.state, PROPOSAL_STATES[proposal.state])
        raise Refused("proposal_state", proposal=proposal.pk, state=state)


def require_other(proposal: Proposed, actor: Actor) -> None:
    if actor.key in proposal.hands:
        raise Denied("four_eyes", proposal=proposal.pk)


def require_later(begins: date, here: CityValue, at: datetime) -> None:
    """What is proposed begins after the day on which it is decided, so that no case was opened under it before."""
    today = here.day(at)
    if begins <= today:
        raise Refused("proposal_too_early", begins=begins, today=today)


def shape(proposal: Proposed, actor: Actor) -> None:
    """Save it, with one more who may not decide on it."""
    if actor.key not in proposal.hands:
        proposal.hands = [*proposal.hands, actor.key]
    proposal.save()


def take_back(proposal: Proposed, actor: Actor, at: datetime) -> None:
    """Withdraw what is not decided; once more does nothing more."""
    if proposal.state != ProposalState.WITHDRAWN:
        require_state(proposal, ProposalState.DRAFT, ProposalState.SUBMITTED)
        decide(proposal, ProposalState.WITHDRAWN, "", actor, at)


def turn_down(proposal: Proposed, note: str, actor: Actor, at: datetime) -> None:
    """Reject what somebody else handed in; once more does nothing more."""
    if proposal.state != ProposalState.REJECTED:
        require_state(proposal, ProposalState.SUBMITTED)
        require_other(proposal, actor)
        decide(proposal, ProposalState.REJECTED, note, actor, at)


def decide(proposal: Proposed, state: ProposalState, note: str, actor: Actor, at: datetime) -> None:
    proposal.state, proposal.note, proposal.decided_by, proposal.decided_at = state, note, actor.key, at
    proposal.save()
