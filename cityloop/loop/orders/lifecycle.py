"""The life of an order on one screen: its states, its steps, and whose each step is. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied
from cityloop.core.texts import N_, Term, Terms
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.orders.kinds import KINDS

ABOVE, SIGNATORY, TARGET = "above", "signatory", "target"
"""Whose a step is: the issuing organisation's or one above it, the next signatory's, the target's or one above it."""
OWN = ""
"""As a step's permission: the one with which an order of its kind is issued."""


@dataclass(frozen=True, slots=True)
class Step:
    """`stamp`: which instant and person of the order it tells; `needs`: a note or a reply that must come with it."""

    name: str
    title: str
    sources: tuple[str, ...]
    target: str
    permission: str
    side: str
    stamp: str = ""
    needs: str = ""


STATES: dict[str, str] = {
    "draft": N_("draft"),
    "issued": N_("issued"),
    "signed_for": N_("signed for"),
    "replied": N_("replied"),
    "accepted": N_("accepted"),
    "withdrawn": N_("withdrawn"),
}
RUNNING = ("issued", "signed_for")
"""States in which a limit runs against the target."""

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("draft", N_("Draft"), (), "draft", OWN, ABOVE, "drafted"),
        Step("sign", N_("Sign"), ("draft",), "draft", "orders.sign", SIGNATORY),
        Step("issue", N_("Issue"), ("draft",), "issued", OWN, ABOVE, "issued"),
        Step("sign_for", N_("Sign for"), ("issued",), "signed_for", "orders.answer", TARGET, "signed_for"),
        Step("reply", N_("Reply"), ("signed_for",), "replied", "orders.answer", TARGET, "replied", "reply"),
        Step("accept", N_("Accept the reply"), ("replied",), "accepted", "orders.judge", ABOVE, "closed"),
        Step("send_back", N_("Send the reply back"), ("replied",), "signed_for", "orders.judge", ABOVE, "", "note"),
        Step("withdraw", N_("Withdraw"), ("draft", *RUNNING), "withdrawn", OWN, ABOVE, "closed", "note"),
    )
}
TAKEN_ALONG = frozenset({"draft", "issue"})
"""Steps that nobody takes by themselves: an order is drafted once, and issued when nobody has to sign it any more."""
NEEDS = {"note": N_("a reason"), "reply": N_("a reply")}


class Standing(NamedTuple):
    """What decides who may take which step. `areas` hold each of its cases; paths are those of organisations."""

    kind: str
    state: str
    issuer: tuple[int, ...]
    target: tuple[int, ...]
    areas: frozenset[int]
    signatory: str
    """The code of the post that signs next; empty where nobody is to."""


class Choice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none."""

    step: Step
    why: CityloopError | None


def choices(standing: Standing, actor: Actor) -> list[Choice]:
    """Every step that a person may take where the order stands, in the order of the table."""
    return [
        Choice(step, _why(step, standing, actor))
        for step in STEPS.values()
        if standing.state in step.sources and step.name not in TAKEN_ALONG
    ]


def post_for(step: Step, standing: Standing, actor: Actor) -> HeldPost:
    """The post under which `actor` takes a step; Conflict in the wrong state, Denied where no post allows it."""
    if standing.state not in step.sources and step.sources:
        raise Conflict("order_state", step=_term(step), state=Term(standing.state, STATES[standing.state]))
    for post in carrying(step, standing.kind, actor):
        if _reaches(post, step.side, standing):
            return post
    if step.side == SIGNATORY:
        raise Denied("order_sign_turn", post=standing.signatory)
    raise elsewhere(step)


def carrying(step: Step, kind: str, actor: Actor) -> list[HeldPost]:
    """The posts of `actor` that carry the permission for a step of an order of this kind; Denied where none does."""
    permission = step.permission or KINDS[kind].permission
    found = [post for post in actor.posts if permission in post.permissions]
    if not found:
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if permission in role.permissions)
        raise Denied("step_denied", step=_term(step), roles=roles)
    return found


def elsewhere(step: Step) -> Denied:
    """The refusal that posts carry the permission and do not reach."""
    return Denied("order_elsewhere", step=_term(step))


def covers(post: HeldPost, issuer: tuple[int, ...], areas: frozenset[int]) -> bool:
    """Whether a post of the side above reaches an order: one with an area where that holds all its cases."""
    return post.organisation in issuer if post.area is None else post.area in areas


def _reaches(post: HeldPost, side: str, standing: Standing) -> bool:
    if side == SIGNATORY:
        return post.code == standing.signatory
    if side == TARGET:
        return post.organisation in standing.target
    return covers(post, standing.issuer, standing.areas)


def _why(step: Step, standing: Standing, actor: Actor) -> CityloopError | None:
    try:
        post_for(step, standing, actor)
    except CityloopError as refusal:
        return refusal
    return None


def _term(step: Step) -> Term:
    return Term(step.name, step.title)
