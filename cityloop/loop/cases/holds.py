"""Requests for more time: what asking, granting, denying and taking up again do to the deadlines of a case. Pure.

A case has one request at a time; while one waits or a pause runs, another is refused, so that the deadlines from before
a pause are those to go on from when it ends early.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from cityloop.core.errors import Conflict, Refused
from cityloop.core.texts import Term
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.cases.facts import Deadlines, Facts, Share
from cityloop.loop.cases.lifecycle import HOLD_KINDS, HOLDS
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, HoldRow, canonical
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import HANDLE, NO_DEADLINE, TOTAL, Clock, Deadline, Part
from cityloop.loop.clocks.policy import Approval

ASKED, RUNNING = "asked", "running"
STEPS = frozenset({*HOLDS, "grant_hold", "deny_hold", "end_hold"})


def standing_of(hold: HoldRow | None, at: datetime) -> str:
    """Whether a request waits (`asked`), a pause lasts (`running`), or neither (empty)."""
    if hold is None or hold.ended_at is not None or hold.granted is False:
        return ""
    if hold.granted is None:
        return ASKED
    return RUNNING if hold.kind != "extension" and (hold.until_at is None or at < hold.until_at) else ""


def refuse(name: str, snapshot: Snapshot, at: datetime, facts: Facts, clock: Clock) -> None:
    """Raise what the facts that come with a step about a request have against it."""
    hold, unit = snapshot.hold, snapshot.unit
    if name in ("ask_extension", "ask_deferral") and unit and unit.due_at is not None and at > unit.due_at:
        raise Refused("hold_too_late", due=unit.due_at.isoformat())
    if name == "ask_deferral" and facts.until is not None and facts.until <= at:
        raise Refused("hold_in_the_past", until=facts.until.isoformat())
    if name == "ask_shelving" and facts.review_on is not None and facts.review_on <= at.date():
        raise Refused("hold_in_the_past", until=facts.review_on.isoformat())
    if facts.extension is not None and facts.extension.value <= 0:
        raise Refused("limit_not_positive", value=facts.extension.value, unit=facts.extension.unit.value)
    if name in HOLDS and unit is not None:
        approval = approval_for(name, unit, at, facts, clock, snapshot.granted)
        if approval and approval.form and not facts.evidence:
            raise Refused("form_missing")
    if name == "grant_hold" and hold is not None and not goes_on(hold):
        _refuse_beyond_cap(hold, facts.share, clock)


def beyond_cap(kind: str, share: Share, clock: Clock) -> bool:
    """Whether one more grant would be more than the city lets an organisation have of a kind in a month."""
    cap = clock.policy.caps.get(kind)
    return cap is not None and share.granted + 1 > cap * share.of


def _refuse_beyond_cap(hold: HoldRow, share: Share | None, clock: Clock) -> None:
    if share is not None and beyond_cap(hold.kind, share, clock):
        cap = clock.policy.caps[hold.kind]
        kind = Term(hold.kind, HOLD_KINDS[hold.kind])
        raise Refused("hold_cap", kind=kind, granted=share.granted, of=share.of, cap=f"{cap * 100:.3g}")


def why_not(name: str, stands: str) -> Conflict | None:
    """What forbids a step about a request, by how the last one stands."""
    if name in HOLDS and stands:
        return Conflict("hold_open")
    if name in ("grant_hold", "deny_hold") and stands != ASKED:
        return Conflict("hold_none")
    if name == "end_hold" and stands != RUNNING:
        return Conflict("hold_not_running")
    return None


def asked(
    name: str,
    case: CaseRow,
    unit: AssignmentRow,
    last: HoldRow | None,
    at: datetime,
    by: str,
    facts: Facts,
    clock: Clock,
    granted: tuple[str, ...],
) -> HoldRow:
    """The request as it is written down."""
    extension = facts.extension if name == "ask_extension" else None
    approval = approval_for(name, unit, at, facts, clock, granted)
    return HoldRow(
        case.id,
        last.no + 1 if last else 1,
        unit.id,
        HOLDS[name],
        at,
        by,
        facts.reason,
        extension.value if extension else None,
        extension.unit.value if extension else "",
        facts.until if name == "ask_deferral" else None,
        facts.review_on if name == "ask_shelving" else None,
        facts.measures if name == "ask_shelving" else "",
        chain=canonical(approval.roles) if approval else "[]",
    )


def approval_for(
    name: str, unit: AssignmentRow, at: datetime, facts: Facts, clock: Clock, granted: tuple[str, ...]
) -> Approval | None:
    """Whose approval a request of this kind and length needs, after those that were `granted`; None: any one's."""
    kind, found = HOLDS[name], None
    for row in clock.policy.approvals:
        if row.kind == kind and row.since <= granted.count(kind) + 1 and _longer(name, row, unit, at, facts, clock):
            found = row
    return found


def _longer(name: str, row: Approval, unit: AssignmentRow, at: datetime, facts: Facts, clock: Clock) -> bool:
    """Whether more is asked for than `row.over`, both counted from the same instant."""
    if row.over is None:
        return True
    start = at if name != "ask_extension" or unit.due_at is None else unit.due_at
    bound = clock.chain((row.over,), start)[-1].due_at
    if name == "ask_extension" and facts.extension is not None:
        more = row.over._replace(value=facts.extension.value, unit=facts.extension.unit)
        return clock.chain((more,), start)[-1].due_at > bound
    if name == "ask_deferral":
        return facts.until is not None and facts.until > bound
    return facts.review_on is not None and facts.review_on > bound.astimezone(clock.zone).date()


def chain_of(hold: HoldRow) -> list[str]:
    """The roles that have to approve a request, in order."""
    return list(orjson.loads(hold.chain))


def turn_of(hold: HoldRow | None) -> str:
    """The role that has to approve next; empty where whoever may decide does, or nothing waits."""
    if hold is None or hold.granted is not None or hold.ended_at is not None:
        return ""
    chain = chain_of(hold)
    return chain[hold.approved] if hold.approved < len(chain) else ""


def goes_on(hold: HoldRow) -> bool:
    """Whether somebody else still has to approve after the next one."""
    return hold.approved + 1 < len(chain_of(hold))


def granted(
    hold: HoldRow, case: CaseRow, unit: AssignmentRow, clock: Clock, at: datetime
) -> tuple[dict[str, Any], Deadlines]:
    """What a grant changes in the request, and the deadlines from now on. A pause acts back to the asking, or from now
    on, as the city has it; one that would be over by then moves nothing."""
    now = as_it_stands(case, unit)
    since = at if hold.kind == "extension" or clock.rules.granted == "decision" else hold.asked_at
    fields: dict[str, Any] = {"starts_at": since}
    if hold.kind != "extension":
        fields["before"] = written(now)
    return fields, _under(hold._replace(starts_at=since), now, case, unit, clock)


def resumed(hold: HoldRow, case: CaseRow, unit: AssignmentRow, clock: Clock, at: datetime) -> Deadlines:
    """The deadlines after a pause that ends `at`, before or without its end."""
    return _under(hold._replace(ended_at=at), _read(hold.before), case, unit, clock)


def counted(
    holds: Iterable[HoldRow], case: CaseRow, unit: AssignmentRow, clock: Clock, *, first: datetime, last: datetime
) -> tuple[Deadlines, Deadlines | None]:
    """The deadlines counted from the beginning: from the limits, then through every grant in turn.

    `first` and `last`: when the clocks of the first and of the present unit began; the first is the case's own where
    there is no limit for the whole. The second answer are the deadlines from before the last grant, if that is a pause.
    """
    parts = clock.handling(case.rule_id, case.areas, last)
    begun = clock.handling(case.rule_id, case.areas, first)
    total = clock.total(case.rule_id, case.areas, case.opened_at)
    if total.due_at is None and begun:
        total = begun[-1].deadline
    now = Deadlines(total, parts[-1].deadline if parts else NO_DEADLINE, parts if unit.parts != "[]" else ())
    before = None
    for hold in holds:
        if not hold.granted:
            continue
        before = now if hold.kind != "extension" else None
        after = _under(hold, now, case, unit, clock)
        now = after if hold.assignment_id == unit.id else now._replace(case=after.case)
    return now, before


def _under(hold: HoldRow, now: Deadlines, case: CaseRow, unit: AssignmentRow, clock: Clock) -> Deadlines:
    """What a granted request makes of the deadlines that were there before it."""
    if hold.kind == "extension":
        return _extended(hold, now, case, unit, clock)
    rule = clock.rules.deferral if hold.kind == "deferral" else clock.rules.shelving
    if rule == "runs" or hold.starts_at is None:
        return now
    ends = [mark for mark in (hold.ended_at, hold.until_at) if mark is not None]
    if not ends:
        return Deadlines(NO_DEADLINE, NO_DEADLINE, now.parts)
    return _paused(now, case, unit, clock, hold.starts_at, max(hold.starts_at, min(ends)))


def _extended(hold: HoldRow, now: Deadlines, case: CaseRow, unit: AssignmentRow, clock: Clock) -> Deadlines:
    assert hold.value is not None  # it was asked for with one
    handling = _limit(clock, HANDLE, case, unit)
    more = LimitValue(HANDLE, "", hold.value, LimitUnit(hold.unit), handling.calendar if handling else "default")
    assignment = clock.extended(now.assignment, unit.started_at, more)
    parts = now.parts
    if parts and assignment.due_at and assignment.yellow_at:
        parts = (*parts[:-1], Part(parts[-1].name, assignment.due_at, assignment.yellow_at))
    return Deadlines(clock.extended(now.case, case.opened_at, more), assignment, parts)


def parts_of(unit: AssignmentRow) -> tuple[Part, ...]:
    """The limits that the handling keeps one after another; none where it has one only."""
    return _parts(orjson.loads(unit.parts))


def write_parts(parts: tuple[Part, ...]) -> str:
    """JSON text; a single limit needs no list of its own."""
    return canonical([list(part) for part in parts]) if len(parts) > 1 or (parts and parts[0].name) else "[]"


def as_it_stands(case: CaseRow, unit: AssignmentRow) -> Deadlines:
    return Deadlines(Deadline(case.due_at, case.yellow_at), Deadline(unit.due_at, unit.yellow_at), parts_of(unit))


def _paused(
    was: Deadlines, case: CaseRow, unit: AssignmentRow, clock: Clock, start: datetime, end: datetime
) -> Deadlines:
    """A part that had not begun when the pause did stands from where it would have begun to where it begins now."""
    handling = _limit(clock, HANDLE, case, unit)
    total = clock.limits(TOTAL, case.rule_id, case.areas, case.opened_at)
    of_part = {limit.part: limit for limit in clock.limits(HANDLE, case.rule_id, case.areas, unit.started_at)}
    stood = last = start, end
    parts = []
    for part in was.parts:
        last = stood
        moved = clock.paused(part.deadline, of_part.get(part.name, handling), *stood)
        assert moved.due_at is not None  # a part has a deadline, and no pause is open here
        assert moved.yellow_at is not None
        parts.append(Part(part.name, moved.due_at, moved.yellow_at))
        if moved.due_at > part.due_at:
            stood = part.due_at, moved.due_at
    return Deadlines(
        clock.paused(was.case, total[0], start, end) if total else clock.paused(was.case, handling, *last),
        clock.paused(was.assignment, handling, *last),
        tuple(parts),
    )


def _limit(clock: Clock, stage: str, case: CaseRow, unit: AssignmentRow) -> LimitValue | None:
    limits = clock.limits(stage, case.rule_id, case.areas, unit.started_at)
    return limits[-1] if limits else None


def written(deadlines: Deadlines) -> str:
    parts = [list(part) for part in deadlines.parts]
    return canonical({"case": list(deadlines.case), "assignment": list(deadlines.assignment), "parts": parts})


def _read(text: str) -> Deadlines:
    told = orjson.loads(text)
    case, assignment = (Deadline(*map(_instant, told[name])) for name in ("case", "assignment"))
    return Deadlines(case, assignment, _parts(told["parts"]))


def _parts(told: list[Any]) -> tuple[Part, ...]:
    return tuple(Part(name, datetime.fromisoformat(due), datetime.fromisoformat(soon)) for name, due, soon in told)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
