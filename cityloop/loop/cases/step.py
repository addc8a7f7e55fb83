"""The pure heart: whether a step may be taken, and what it leaves. No database, no now; the city's limits are data."""

from datetime import datetime
from typing import NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied, Refused
from cityloop.core.texts import Term, Terms
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.standards.words import CLOSING_KINDS
from cityloop.loop.cases import holds
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import (
    BY_ITSELF,
    CHOICES,
    FACTS,
    HOLDS,
    STATES,
    STEPS,
    STEPS_FROM,
    Step,
)
from cityloop.loop.cases.move import moved, opened
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.clocks.deadlines import Clock


class Standing(NamedTuple):
    """What decides which steps a case may take next, whoever asks."""

    state: str
    areas: tuple[int, ...]
    organisations: tuple[int, ...]
    """The acting organisation of the last assignment and all above it, top first."""
    ruled: bool = False
    """Whether the last dispatch was ruled."""
    rule: int | None = None
    hold: str = ""
    """Whether a request for more time waits (`asked`) or a pause lasts (`running`)."""
    part: str = ""
    """The part of the handling that is being worked on, where there are several."""
    last_part: str = ""


class StepChoice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none."""

    name: str
    why: CityloopError | None

    @property
    def allowed(self) -> bool:
        return self.why is None


def standing(snapshot: Snapshot, at: datetime) -> Standing:
    case, unit, span = snapshot.case, snapshot.unit, snapshot.unit_span
    path = snapshot.unit_path or (snapshot.root.acting_org_id,)
    parts = holds.parts_of(unit) if unit else ()
    return Standing(
        case.state, case.areas, path, bool(unit and unit.ruled), case.rule_id, holds.standing_of(snapshot.hold, at),
        span.part if span else "", parts[-1].name if parts else "",
    )  # fmt: skip


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

    Raises, in this order: Refused (unknown step), Conflict (wrong state), Denied, Refused (time going backwards, a
    missing or wrong fact, what the case itself forbids).
    """
    row = STEPS.get(name)
    if row is None:
        raise Refused("step_unknown", step=name)
    _refuse_state(row, snapshot)
    post = _post(row, standing(snapshot, at), actor) if snapshot and not actor.trusted else None
    _refuse(row, snapshot, at, facts, clock)
    if snapshot is None:
        assert facts.opening is not None  # _refuse has seen to it
        held = actor.post_for(row.permission, facts.opening.case.areas, (facts.opening.centre,))
        return opened(row, facts.opening, actor.key, held.code if held else "", at, facts, clock, recorded_at)
    return moved(row, snapshot, actor.key, post.code if post else "", at, facts, clock, recorded_at)


def steps_of(standing: Standing, actor: Actor) -> list[StepChoice]:
    """Every step that begins where the case stands, in the order of the table, with what forbids it to `actor`.

    Facts that come with a step are not looked at; those that the case itself must have are. What nobody takes by hand,
    and what there is nothing to take for (a decision without a request), is left out.
    """
    return [
        StepChoice(name, _why(STEPS[name], standing, actor))
        for name in STEPS_FROM.get(standing.state, ())
        if name not in BY_ITSELF and _begins_here(name, standing)
    ]


def _begins_here(name: str, standing: Standing) -> bool:
    if name == "finish_part":
        return _several(standing)
    return name in HOLDS or holds.why_not(name, standing.hold) is None


def _several(standing: Standing) -> bool:
    """Whether the handling has a part after the one that is being worked on."""
    return standing.part != standing.last_part


def may_take(standing: Standing, actor: Actor) -> list[str]:
    """The steps that `actor` may take now, in the order of the table."""
    return [choice.name for choice in steps_of(standing, actor) if choice.allowed]


def _why(row: Step, standing: Standing, actor: Actor) -> CityloopError | None:
    """The refusal that taking this step would meet, in the order in which taking it looks."""
    try:
        _post(row, standing, actor)
    except Denied as denied:
        return denied
    if "rule" in row.needs and standing.rule is None:
        return Refused("fact_missing", step=_term(row), fact=Term("rule", FACTS["rule"]))
    if row.name == "request_return" and standing.ruled:
        return Refused("dispatch_ruled")
    return holds.why_not(row.name, standing.hold)


def _post(row: Step, standing: Standing, actor: Actor) -> HeldPost | None:
    """The post under which `actor` takes this step; Denied says whose step it is, or that the case lies elsewhere."""
    try:
        return actor.post_for(row.permission, standing.areas, standing.organisations)
    except Denied as denied:
        if any(row.permission in post.permissions for post in actor.posts):
            raise Denied("step_elsewhere", step=_term(row)) from denied
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if row.permission in role.permissions)
        raise Denied("step_denied", step=_term(row), roles=roles) from denied


def _refuse_state(row: Step, snapshot: Snapshot | None) -> None:
    state = snapshot.case.state if snapshot else ""
    if (snapshot is None) != (not row.sources) or (snapshot and state not in row.sources):
        raise Conflict("state_wrong", step=_term(row), state=Term(state, STATES[state]) if state else "-")


def _refuse(row: Step, snapshot: Snapshot | None, at: datetime, facts: Facts, clock: Clock) -> None:
    """Raise what time, facts or the case itself have against this step."""
    if snapshot and at < snapshot.case.last_at:
        last = snapshot.case.last_at.isoformat()
        raise Refused("time_before_last", step=_term(row), at=at.isoformat(), last=last)
    for need in row.needs:
        if not getattr(facts, need):
            raise Refused("fact_missing", step=_term(row), fact=Term(need, FACTS[need]))
    for field, allowed in CHOICES.get(row.name, {}).items():
        if getattr(facts, field) not in allowed:
            raise Refused("fact_wrong", fact=Term(field, FACTS[field]), value=getattr(facts, field))
    if snapshot is not None:
        _refuse_here(row, snapshot, at, facts, clock)


def _refuse_here(row: Step, snapshot: Snapshot, at: datetime, facts: Facts, clock: Clock) -> None:
    """What the case itself forbids: its dispatch, its parts, its requests, its row of the rule book."""
    case, unit, name = snapshot.case, snapshot.unit, row.name
    if name == "request_return" and unit and unit.ruled:
        raise Refused("dispatch_ruled")
    if name == "finish_part" and not _several(standing(snapshot, at)):
        raise Refused("part_last")
    if name in holds.STEPS:
        holds.refuse(name, snapshot.hold, unit, at, facts)
    if name == "file" and (row_filed := clock.book.get(facts.rule or 0)) and row_filed.undecided:
        raise Refused("situation_missing")
    rule = clock.book.get(case.rule_id) if case.rule_id else None
    if rule is None:
        return
    if name == "close" and rule.closing_kinds and facts.closing_kind not in rule.closing_kinds:
        raise Refused("closing_kind_unfit", kind=Term(facts.closing_kind, CLOSING_KINDS[facts.closing_kind]))
    hours = clock.check_hours(case.rule_id, case.opened_at) if name == "check" else None
    if hours is not None and not clock.within(hours, at):
        first, last = (f"{edge:%H:%M}" for edge in hours)
        raise Refused("check_outside_window", first=first, last=last)


def _term(row: Step) -> Term:
    return Term(row.name, row.title)
