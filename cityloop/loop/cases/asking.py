"""What a request for more time, a reminder or a changed calendar does to a case while the step is taken. Pure."""

from typing import Any

from cityloop.loop.cases import holds
from cityloop.loop.cases.draft import Draft, fields_of, tell_assignment, tell_case, tell_due, tell_hold
from cityloop.loop.cases.facts import Deadlines
from cityloop.loop.cases.lifecycle import ESCALATIONS, HOLDS
from cityloop.loop.clocks.deadlines import NO_DEADLINE


def ask(draft: Draft) -> None:
    """Write down a request, what was decided on it, or what was told and counted anew; move what is due."""
    name, unit, hold = draft.row.name, draft.unit, draft.hold
    if unit is None:
        return
    if name in HOLDS:
        draft.hold = holds.asked(
            name, draft.case, unit, hold, draft.at, draft.actor, draft.facts, draft.clock, draft.granted
        )
        draft.told.append(("hold", draft.hold.no, fields_of(draft.hold)))
        draft.holds.append(draft.hold)
    elif name == "grant_hold" and hold is not None and holds.goes_on(hold):
        tell_hold(draft, approved=hold.approved + 1)
    elif name == "grant_hold" and hold is not None:
        fields, deadlines = holds.granted(hold, draft.case, unit, draft.clock, draft.at)
        if holds.chain_of(hold):
            fields["approved"] = hold.approved + 1
        tell_hold(draft, decided_at=draft.at, decided_by=draft.actor, granted=True, **fields)
        move_deadlines(draft, deadlines)
    elif name == "deny_hold":
        tell_hold(draft, decided_at=draft.at, decided_by=draft.actor, granted=False)
    elif name == "end_hold" and hold is not None:
        tell_hold(draft, ended_at=draft.at)
        move_deadlines(draft, holds.resumed(hold, draft.case, unit, draft.clock, draft.at))
    elif name in ESCALATIONS and draft.facts.level:
        draft.unit = tell_assignment(draft, unit, told=draft.facts.level)
    elif name == "recount" and draft.facts.recounted is not None:
        now, before = draft.facts.recounted
        if before is not None:
            tell_hold(draft, before=holds.written(before))
        move_deadlines(draft, now)


def lapse(draft: Draft) -> None:
    """The unit gives the work out of its hands: a request that waits is void, a pause that lasts ends."""
    stands = holds.standing_of(draft.hold, draft.at)
    if not stands or draft.hold is None or draft.unit is None:
        return
    hold = draft.hold
    tell_hold(draft, ended_at=draft.at)
    if stands == holds.RUNNING:
        move_deadlines(draft, holds.resumed(hold, draft.case, draft.unit, draft.clock, draft.at))


def move_deadlines(draft: Draft, now: Deadlines) -> None:
    """Write what is due when from now on: in the case, the unit's assignment, and the stays that are open.

    What was told of the old deadline is told again of the new one.
    """
    unit = draft.unit
    assert unit is not None  # the caller has seen to it
    if now.case != (draft.case.due_at, draft.case.yellow_at):
        tell_case(draft, due_at=now.case.due_at, yellow_at=now.case.yellow_at)
        if draft.root_span is not None and draft.root_span.stage == "out":
            draft.root_span = tell_due(draft, draft.root_span, now.case)
    if now.assignment == (unit.due_at, unit.yellow_at):
        return
    fields: dict[str, Any] = {"due_at": now.assignment.due_at, "yellow_at": now.assignment.yellow_at}
    if unit.told:
        fields["told"] = 0
    if now.parts:
        fields["parts"] = holds.write_parts(now.parts)
    draft.unit = tell_assignment(draft, unit, **fields)
    span = draft.unit_span
    if span is not None and span.stage == "handle":
        own = next((part.deadline for part in now.parts if part.name == span.part), now.assignment)
        draft.unit_span = tell_due(draft, span, own if now.assignment.due_at else NO_DEADLINE)
