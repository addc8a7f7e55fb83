"""What taking a step must answer to whom, said a second time: from what a role declares, where its post lies and whose
the dispatch is, and from nothing that decides it. The reference is made of it, and a test tries every cell.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from cityloop.ground.accounts.roles import ROLES, Role
from cityloop.loop.cases.lifecycle import GIVER, JUDGES_DUTY, STEPS, Step

ALLOWED = "allowed"


class Tie(StrEnum):
    """How the organisation of a post stands to the dispatch of a case."""

    OWN = "own"
    ABOVE = "above"
    FORMER = "former"
    OTHER = "other"


TIES = {
    Tie.OWN: "it is dispatched to it",
    Tie.ABOVE: "it is dispatched to one below it",
    Tie.FORMER: "it was dispatched to it, and called back",
    Tie.OTHER: "it never had to do with it",
}
REACHES = {"nowhere": "", "area": "●", "own": "◐"}
"""How far a role may take a step: not at all, in its area, there for its own organisation and those below."""


class Seat(NamedTuple):
    """Where somebody sits, seen from a case: `here` means that the area of the post holds it."""

    role: str
    here: bool
    tie: Tie


def seats() -> Iterator[Seat]:
    """Every seat that makes a difference: ties count for roles that handle, who assesses sits in no unit at all."""
    for role in ROLES.values():
        ties = tuple(Tie) if role.handles else (Tie.OTHER,) if role.assesses else (Tie.OWN, Tie.OTHER)
        yield from (Seat(role.key, here, tie) for here in (True, False) for tie in ties)


def reach(step: Step, role: Role) -> str:
    """How far a role may take a step; never on the other axis, and never what it may not even see."""
    sees = "cases.read" in role.permissions or not step.sources
    if not sees or step.permission not in role.permissions or step.axis != role.axis:
        return "nowhere"
    return "own" if role.handles else "area"


def answer(name: str, seat: Seat, *, dispatched: bool = True, kind: str = "") -> str:
    """`allowed`, or the code of the refusal. `dispatched`: the case is or was with a unit, to which ties refer.

    `kind`: that of the duty that the step is about, which ties refer to likewise.
    """
    step, role = STEPS[name], ROLES[seat.role]
    far = reach(step, role)
    if not step.sources:  # there is no case yet that could be unseen
        return ALLOWED if far != "nowhere" and seat.here else "permission_missing"
    involved = dispatched and seat.tie != Tie.OTHER
    if "cases.read" not in role.permissions or not seat.here or (role.handles and not involved):
        return "case_unknown"
    if far == "nowhere":
        return "step_denied"
    if kind and name in JUDGES_DUTY and GIVER[kind] not in role.permissions:
        return "step_elsewhere"
    return "step_elsewhere" if role.handles and seat.tie == Tie.FORMER else ALLOWED
