"""The duty to answer a report on one screen: its states, its steps, its limits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied
from cityloop.core.texts import N_, Term, Terms
from cityloop.core.units import LimitUnit
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.standards.queries import LimitValue

READ, ANSWERS = "replies.read", "replies.answer"
SIGN, ANSWER = "sign", "answer"


@dataclass(frozen=True, slots=True)
class Step:
    """`needs`: what must come with it: words, or whether the reporter was satisfied."""

    name: str
    title: str
    sources: tuple[str, ...]
    needs: str = ""


STATES: dict[str, str] = {
    "open": N_("to be signed for"),
    "owed": N_("answer owed"),
    "answered": N_("answered"),
    "satisfied": N_("called back: satisfied"),
    "dissatisfied": N_("called back: not satisfied"),
    "returned": N_("returned to the sender"),
}
OWED = ("open", "owed")
"""States in which the answer is owed, and a limit runs; where a channel has none for signing, nobody has to."""

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("sign_for", N_("Sign for"), ("open",)),
        Step("answer", N_("Answer"), OWED, "words"),
        Step("send_back", N_("Return to the sender"), OWED, "words"),
        Step("call_back", N_("Enter the call-back"), ("answered",), "satisfied"),
        Step("redo", N_("Have it done over"), ("dissatisfied",), "words"),
    )
}
NEEDS = {"words": N_("the words"), "satisfied": N_("whether the reporter is satisfied")}


class Stamps(NamedTuple):
    """What a state follows from."""

    sign_due_at: datetime | None
    signed_at: datetime | None
    answered_at: datetime | None
    returned_at: datetime | None
    satisfied: bool | None


class Choice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none."""

    step: Step
    why: CityloopError | None


def state_of(stamps: Stamps) -> str:
    if stamps.returned_at is not None:
        return "returned"
    if stamps.satisfied is not None:
        return "satisfied" if stamps.satisfied else "dissatisfied"
    if stamps.answered_at is not None:
        return "answered"
    return "open" if stamps.sign_due_at is not None and stamps.signed_at is None else "owed"


def choices(state: str, areas: tuple[int, ...], actor: Actor) -> list[Choice]:
    """Every step that begins at a state, in the order of the table."""
    return [Choice(step, _why(step, state, areas, actor)) for step in STEPS.values() if state in step.sources]


def post_for(step: Step, state: str, areas: tuple[int, ...], actor: Actor) -> HeldPost | None:
    """The post under which `actor` takes a step, None for the system; Conflict in the wrong state, Denied where no post
    allows it. `areas` hold the case of the report; none where it has none."""
    if state not in step.sources:
        raise Conflict("reply_state", step=_term(step), state=Term(state, STATES[state]))
    try:
        return actor.post_for(ANSWERS, areas, ())
    except Denied as denied:
        if any(ANSWERS in post.permissions for post in actor.posts):
            raise Denied("step_elsewhere", step=_term(step)) from denied
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if ANSWERS in role.permissions)
        raise Denied("step_denied", step=_term(step), roles=roles) from denied


def limit_of(what: str, channel: str, settings: Mapping[str, Any]) -> LimitValue | None:
    """The limit of a channel for signing or answering (`SIGN`, `ANSWER`); None without one."""
    limit = settings.get("replies", {}).get(channel, {}).get(what)
    if not limit:
        return None
    calendar = limit.get("calendar", "default")
    return LimitValue(what, "", Decimal(str(limit["value"])), LimitUnit(limit["unit"]), calendar)


def _why(step: Step, state: str, areas: tuple[int, ...], actor: Actor) -> CityloopError | None:
    try:
        post_for(step, state, areas, actor)
    except CityloopError as refusal:
        return refusal
    return None


def _term(step: Step) -> Term:
    return Term(step.name, step.title)
