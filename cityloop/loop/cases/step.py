"""The pure heart: whether a step may be taken, and what it leaves. No database, no now; the city's limits are data."""

from datetime import datetime
from typing import NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied, Refused
from cityloop.core.texts import Term, Terms
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases import duties
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.forbids import Standing, forbidden, offered, refuse_facts, standing
from cityloop.loop.cases.lifecycle import (
    ANSWERED_FOR,
    BY_ITSELF,
    CHOICES,
    FACTS,
    GIVER,
    INBOX,
    JUDGES_DUTY,
    ON_A_REQUEST,
    STATES,
    STEPS,
    STEPS_FROM,
    TAKES_A_DUTY,
    Step,
)
from cityloop.loop.cases.move import moved, opened
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.clocks.deadlines import Clock

ANSWERS_FOR = "cases.answer_for"


class StepChoice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none.

    `duty`: the number of the duty that it is about, 0 for the case itself.
    """

    name: str
    why: CityloopError | None
    duty: int = 0

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

    Raises, in this order: Refused (unknown step), Conflict (wrong state, a duty that is not open), Denied, what the
    case itself forbids, Refused (time going backwards, a missing or wrong fact, a fact that does not fit the case).
    """
    row = STEPS.get(name)
    if row is None:
        raise Refused("step_unknown", step=name)
    _refuse_state(row, snapshot)
    post, person = None, "" if actor.trusted else actor.key
    if snapshot is not None:
        here = standing(snapshot, at)
        facts = facts._replace(duty=facts.duty if name in TAKES_A_DUTY else 0)
        if facts.duty and here.task(facts.duty) is None:
            raise Conflict("duty_ended", duty=facts.duty)
        post, behalf = _post(row, here, actor, facts.duty)
        facts = facts._replace(behalf=behalf)
        if why := forbidden(name, here, person, at, clock, facts.duty):
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
    and what there is nothing to take for (a decision without a request), is left out, and so is what others do about
    duties: there may be many.
    """
    names = STEPS_FROM.get(here.state, ())
    about_case = [
        StepChoice(name, _why(STEPS[name], here, actor, at, clock))
        for name in names
        if name not in BY_ITSELF and offered(name, here, clock)
    ]
    about_duties = [
        StepChoice(name, _why(STEPS[name], here, actor, at, clock, task.no), task.no)
        for task in here.tasks
        for name in names
        if name in TAKES_A_DUTY and task.no != duties.UNNAMED and duties.offered(name, task)
    ]
    return about_case + [choice for choice in about_duties if not isinstance(choice.why, Denied)]


def may_take(here: Standing, actor: Actor, at: datetime, clock: Clock) -> list[str]:
    """The steps that `actor` may take now, in the order of the table."""
    return list(dict.fromkeys(choice.name for choice in steps_of(here, actor, at, clock) if choice.allowed))


def _why(row: Step, here: Standing, actor: Actor, at: datetime, clock: Clock, duty: int = 0) -> CityloopError | None:
    """The refusal that taking this step would meet, in the order in which taking it looks."""
    try:
        _post(row, here, actor, duty)
    except Denied as denied:
        return denied
    if why := forbidden(row.name, here, "" if actor.trusted else actor.key, at, clock, duty):
        return why
    if "rule" in row.needs and here.rule is None:
        return Refused("fact_missing", step=_term(row), fact=Term("rule", FACTS["rule"]))
    return None


def _post(row: Step, here: Standing, actor: Actor, duty: int) -> tuple[HeldPost | None, str]:
    """The post under which `actor` takes this step, and how the body is served on whose behalf (empty: on nobody's).

    Denied says whose step it is, whose turn to approve, or that the case lies elsewhere.
    """
    turn, task = here.turn if row.name in ON_A_REQUEST else "", here.task(duty)
    permission, whose, delivery = row.permission, here.organisations, here.delivery
    if task and row.name in JUDGES_DUTY:
        permission, whose = GIVER[task.kind], task.giver
    elif task:
        whose, delivery = task.path, task.delivery
    try:
        return actor.post_for(permission, here.areas, whose, turn), ""
    except Denied as denied:
        if row.name in ANSWERED_FOR and delivery != INBOX and (post := _behalf(actor, here)):
            return post, delivery
        if turn and any(permission in post.permissions and post.role != turn for post in actor.posts):
            raise Denied("approval_elsewhere", roles=Terms([Term(turn, ROLES[turn].title)])) from denied
        if any(row.permission in post.permissions for post in actor.posts):
            raise Denied("step_elsewhere", step=_term(row)) from denied
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if row.permission in role.permissions)
        raise Denied("step_denied", step=_term(row), roles=roles) from denied


def _behalf(actor: Actor, here: Standing) -> HeldPost | None:
    """The post under which `actor` enters what a body answers that has no inbox here."""
    try:
        return actor.post_for(ANSWERS_FOR, here.areas, ())
    except Denied:
        return None


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
