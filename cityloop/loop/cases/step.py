"""The pure heart: whether a step may be taken, and what it leaves. No database, no now; the city's limits are data."""

from datetime import datetime
from typing import NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied, Refused
from cityloop.core.texts import Term, Terms
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.forbids import Standing, forbidden, offered, refuse_facts, standing
from cityloop.loop.cases.lifecycle import (
    BY_ITSELF,
    CHOICES,
    FACTS,
    ON_A_REQUEST,
    STATES,
    STEPS,
    STEPS_FROM,
    Step,
)
from cityloop.loop.cases.move import moved, opened
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.clocks.deadlines import Clock


class StepChoice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none."""

    name: str
    why: CityloopError | None

    @property
    def allowed(self) -> bool:
        return self.why is None


def step(
    snapshot: Snapshot | None,
    name: str,
    actor: Actor,
    at: datetime,
    facts: Facts,
    *,
    clock: Clock,
    recorded_at: datetime,
) -> Outcome:
    """Take one step; `at` is when it happened, `recorded_at` when we learned of it (both aware, UTC).

    Raises, in this order: Refused (unknown step), Conflict (wrong state), Denied, what the case itself forbids, Refused
    (time going backwards, a missing or wrong fact, a fact that does not fit the case).
    """
    row = STEPS.get(name)
    if row is None:
        raise Refused("step_unknown", step=name)
    _refuse_state(row, snapshot)
    post, person = None, "" if actor.trusted else actor.key
    if snapshot is not None:
        here = standing(snapshot, at)
        post = _post(row, here, actor)
        if why := forbidden(name, here, person, at, clock):
            raise why
    _refuse(row, snapshot, person, at, facts, clock)
    if snapshot is None:
        assert facts.opening is not None  # _refuse has seen to it
        held = actor.post_for(row.permission, facts.opening.case.areas, (facts.opening.centre,))
        return opened(row, facts.opening, actor.key, held.code if held else "", at, facts, clock, recorded_at)
    return moved(row, snapshot, actor.key, post.code if post else "", at, facts, clock, recorded_at)


def steps_of(here: Standing, actor: Actor, at: datetime, clock: Clock) -> list[StepChoice]:
    """Every step that begins where the case stands, in the order of the table, with what forbids it to `actor`.

    Facts that come with a step are not looked at; those that the case itself must have are. What nobody takes by hand,
    and what there is nothing to take for (a decision without a request), is left out.
    """
    return [
        StepChoice(name, _why(STEPS[name], here, actor, at, clock))
        for name in STEPS_FROM.get(here.state, ())
        if name not in BY_ITSELF and offered(name, here, clock)
    ]


def may_take(here: Standing, actor: Actor, at: datetime, clock: Clock) -> list[str]:
    """The steps that `actor` may take now, in the order of the table."""
    return [choice.name for choice in steps_of(here, actor, at, clock) if choice.allowed]


def _why(row: Step, here: Standing, actor: Actor, at: datetime, clock: Clock) -> CityloopError | None:
    """The refusal that taking this step would meet, in the order in which taking it looks."""
    try:
        _post(row, here, actor)
    except Denied as denied:
        return denied
    if why := forbidden(row.name, here, "" if actor.trusted else actor.key, at, clock):
        return why
    if "rule" in row.needs and here.rule is None:
        return Refused("fact_missing", step=_term(row), fact=Term("rule", FACTS["rule"]))
    return None


def _post(row: Step, here: Standing, actor: Actor) -> HeldPost | None:
    """The post under which `actor` takes this step; Denied says whose step it is, whose turn to approve, or that the
    case lies elsewhere."""
    turn = here.turn if row.name in ON_A_REQUEST else ""
    try:
        return actor.post_for(row.permission, here.areas, here.organisations, turn)
    except Denied as denied:
        if turn and any(row.permission in post.permissions and post.role != turn for post in actor.posts):
            raise Denied("approval_elsewhere", roles=Terms([Term(turn, ROLES[turn].title)])) from denied
        if any(row.permission in post.permissions for post in actor.posts):
            raise Denied("step_elsewhere", step=_term(row)) from denied
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if row.permission in role.permissions)
        raise Denied("step_denied", step=_term(row), roles=roles) from denied


def _refuse_state(row: Step, snapshot: Snapshot | None) -> None:
    state = snapshot.case.state if snapshot else ""
    if (snapshot is None) != (not row.sources) or (snapshot and state not in row.sources):
        raise Conflict("state_wrong", step=_term(row), state=Term(state, STATES[state]) if state else "-")


def _refuse(row: Step, snapshot: Snapshot | None, person: str, at: datetime, facts: Facts, clock: Clock) -> None:
    """Raise what time, facts or the case itself have against this step."""
    if snapshot and at < snapshot.case.last_at:
        last = snapshot.case.last_at.isoformat()
        raise Refused("time_before_last", step=_term(row), at=at.isoformat(), last=last)
    for need in row.needs:
        if not getattr(facts, need):
            raise Refused("fact_missing", step=_term(row), fact=Term(need, FACTS[need]))
    for field, allowed in CHOICES.get(row.name, {}).items():
        if getattr(facts, field) not in allowed and (getattr(facts, field) or field not in row.wants):
            raise Refused("fact_wrong", fact=Term(field, FACTS[field]), value=getattr(facts, field))
    if snapshot is not None:
        refuse_facts(row.name, snapshot, person, at, facts, clock)


def _term(row: Step) -> Term:
    return Term(row.name, row.title)
