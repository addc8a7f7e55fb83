"""Duties beside the handling: a body below, an assistant, whoever makes it safe, whom the whistle calls, whom one asks.

Each is an assignment of its own with a clock of its own. What is handed down or helped with is a part of the unit's
handling: it lies inside it in time, follows its clock, and is over before it. Pure.
"""

from datetime import datetime
from typing import NamedTuple

from cityloop.core.errors import CityloopError, Conflict, Refused
from cityloop.core.texts import Term
from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.cases.draft import Draft, begin_stay, end_stay, fields_of, tell_assignment, tell_due
from cityloop.loop.cases.facts import Call, Facts
from cityloop.loop.cases.lifecycle import END, GIVES, GIVING, INBOX, NESTED, REPORTS_IN, STAGES
from cityloop.loop.cases.rows import AssignmentRow, assignment_id, number_of
from cityloop.loop.cases.snapshot import Duty, Snapshot
from cityloop.loop.clocks.deadlines import HANDLE, Clock, Deadline

FIRST_STAGE = {"delegate": "duty_sign", "assist": "duty_sign", "make_safe": "duty_sign", REPORTS_IN: "duty_go"}
"""Where a duty begins, by kind; who is asked for an opinion begins with doing it."""
STANDS_IN: dict[str, frozenset[str]] = {
    "sign_duty": frozenset({"duty_sign"}),
    "arrive": frozenset({"duty_go"}),
    "finish_duty": frozenset({"duty_sign", "duty_do"}),
    "accept_duty": frozenset({"duty_review"}),
    "reject_duty": frozenset({"duty_review"}),
    "delegate": frozenset({"duty_do"}),
}
"""The stages in which a step about a duty can be taken; where none are told it always can."""
CALLED_BACK = "called_back"
UNNAMED = 0
"""The number of a duty of which no more is known than that it is open: no step is about it."""


class Task(NamedTuple):
    """An open duty as far as it decides who may take which step about it.

    `path` and `giver`: its organisation, and for a nested one that of the assignment above it, each with all above, top
    first.
    """

    no: int
    kind: str
    stage: str = ""
    path: tuple[int, ...] = ()
    giver: tuple[int, ...] = ()
    delivery: str = INBOX
    above: int = 1
    """The number of the assignment that it is nested in."""


def tasks(snapshot: Snapshot) -> tuple[Task, ...]:
    paths = {duty.row.id: duty.path for duty in snapshot.duties}
    return tuple(
        Task(
            duty.row.no,
            duty.row.kind,
            duty.span.stage,
            duty.path,
            paths.get(duty.row.parent_id or 0, snapshot.unit_path),
            duty.row.delivery,
            number_of(duty.row.parent_id),
        )
        for duty in snapshot.duties
    )


def why_not(name: str, task: Task | None, open_: tuple[Task, ...]) -> CityloopError | None:
    """What forbids a step because of the duties that are open, or because of the one it is about."""
    if name == "handle" and (nested := sum(other.kind in NESTED for other in open_)):
        return Conflict("duties_open", count=nested)
    if name == "close" and open_:
        return Conflict("duties_open", count=len(open_))
    if task is None:
        return None
    if task.stage not in STANDS_IN.get(name, {task.stage}):
        return Conflict("duty_stage", duty=task.no, stage=Term(task.stage, STAGES[task.stage]))
    if name == "finish_duty" and (below := sum(other.above == task.no for other in open_)):
        return Conflict("duties_open", count=below)
    return None


def offered(name: str, task: Task) -> bool:
    """Whether there is anything to take this step for where the duty stands."""
    if name == "arrive":
        return task.kind == REPORTS_IN and task.stage == "duty_go"
    return task.stage in STANDS_IN.get(name, {task.stage})


def refuse(name: str, snapshot: Snapshot, at: datetime, facts: Facts, clock: Clock) -> None:
    """Raise what the facts that come with a step about duties have against it."""
    held = {duty.row.no: duty for duty in snapshot.duties}
    if name == "arrive" and clock.policy.near_m is not None and snapshot.case.lon is not None and not facts.place:
        raise Refused("position_missing")
    if name == "accept_duty" and held[facts.duty].row.kind == REPORTS_IN and not facts.rating:
        raise Refused("rating_missing")
    if name == "settle" and not facts.heard:
        raise Refused("opinions_missing")
    known = {(duty.row.kind, duty.row.acting_org_id) for duty in snapshot.duties}
    for call in _calls(name, facts):
        parent = _above(call.kind, snapshot, facts)
        nested = call.kind in NESTED
        if (call.kind, call.organisation) in known or (nested and call.organisation == parent.acting_org_id):
            raise Conflict("duty_known")
        known.add((call.kind, call.organisation))
        if call.kind == "delegate" and parent.acting_org_id not in call.path:
            raise Refused("duty_not_below")
        due = _due(call, parent, at, clock)
        if nested and parent.due_at is not None and (due.due_at is None or due.due_at > parent.due_at):
            raise Refused("duty_beyond", due=parent.due_at.isoformat())


def give(draft: Draft, before: Snapshot) -> None:
    """Each organisation that was named gets its assignment and its first stay."""
    for call in _calls(draft.row.name, draft.facts):
        parent = _above(call.kind, before, draft.facts)
        draft.assigned += 1
        row = AssignmentRow(
            assignment_id(draft.case.id, draft.assigned), draft.case.id, draft.assigned, parent.id, draft.case.round,
            call.kind, call.organisation, call.organisation, draft.at, *_due(call, parent, draft.at, draft.clock),
            delivery=call.delivery or INBOX,
        )  # fmt: skip
        draft.told.append(("assignment", row.no, fields_of(row)))
        draft.assignments[row.no] = row
        stage, due = FIRST_STAGE.get(call.kind, "duty_do"), Deadline(row.due_at, row.yellow_at)
        if stage == "duty_go":
            due = _until(draft.clock.policy.duties.arrive[call.urgency], draft.at, draft.clock)
        draft.duties[row.no] = Duty(row, begin_stay(draft, row, stage, due, main=False), call.path)


def go_on(draft: Draft) -> None:
    """The duty that a step is about moves to its next stay, or ends."""
    name, duty = draft.row.name, draft.duties[draft.facts.duty]
    if name == "recall_duty":
        _end(draft, duty, CALLED_BACK)
    elif name == "accept_duty":
        _end(draft, duty, "accepted")
    elif name == "finish_duty" and duty.row.kind == "consult":
        _end(draft, duty, "answered")
    else:
        end_stay(draft, duty.span)
        stage = "duty_review" if name == "finish_duty" else "duty_do"
        span = begin_stay(draft, duty.row, stage, Deadline(duty.row.due_at, duty.row.yellow_at), main=False)
        draft.duties[duty.row.no] = duty._replace(span=span)


def end_with(draft: Draft) -> None:
    """What is a part of the handling ends with it, everything ends with the case, and a decision ends the asking."""
    settled = draft.row.name == "settle"
    for duty in list(draft.duties.values()):
        over = draft.row.centre == END or (draft.row.unit.kind == "ends" and duty.row.kind in NESTED)
        over = over or (settled and duty.row.kind == GIVES["consult"])
        if over and duty.row.no in draft.duties:
            _end(draft, duty, CALLED_BACK)


def follow(draft: Draft, was: AssignmentRow | None) -> None:
    """The unit's deadline moved: what kept to it moves along, what would lie beyond it is drawn in."""
    unit = draft.unit
    if was is None or unit is None or was.no != unit.no:
        return
    moved = {unit.id: (_of(was), _of(unit))}
    for duty in sorted(draft.duties.values(), key=lambda duty: duty.row.no):
        old, now = moved.get(duty.row.parent_id or 0, (None, None))
        mine = _of(duty.row)
        if old is None or now is None or old == now or duty.row.kind not in NESTED:
            continue
        beyond = mine.due_at is not None and now.due_at is not None and mine.due_at > now.due_at
        if mine != old and not beyond:
            continue
        row = tell_assignment(draft, duty.row, due_at=now.due_at, yellow_at=now.yellow_at)
        draft.duties[row.no] = duty._replace(row=row, span=tell_due(draft, duty.span, now))
        moved[row.id] = (mine, now)


def _end(draft: Draft, duty: Duty, verdict: str) -> None:
    """The duty is over, and all that is nested in it."""
    for below in list(draft.duties.values()):
        if below.row.parent_id == duty.row.id:
            _end(draft, below, CALLED_BACK)
    end_stay(draft, duty.span)
    tell_assignment(draft, duty.row, ended_at=draft.at, verdict=verdict)
    del draft.duties[duty.row.no]


def _above(kind: str, snapshot: Snapshot, facts: Facts) -> AssignmentRow:
    """The assignment that a new duty is nested in: the duty named, the unit's handling, or the centre's own."""
    if facts.duty:
        return next(duty.row for duty in snapshot.duties if duty.row.no == facts.duty)
    return snapshot.unit if kind in NESTED and snapshot.unit else snapshot.root


def _calls(name: str, facts: Facts) -> tuple[Call, ...]:
    """The duties that a step gives; none where it gives none."""
    if name not in GIVES:
        return facts.calls if name in GIVING else ()
    told = facts.within
    within = LimitValue(HANDLE, "", told.value, told.unit, "default") if told else None
    named = facts.organisations or ((facts.organisation or 0, facts.organisation_path),)
    return tuple(
        Call(GIVES[name], organisation, path, facts.urgency, within, facts.delivery) for organisation, path in named
    )


def _due(call: Call, parent: AssignmentRow, at: datetime, clock: Clock) -> Deadline:
    """Within the time that was told, else as long as what the duty is nested in, else as the city has it."""
    limits = clock.policy.duties
    if call.within is not None:
        return _until(call.within, at, clock)
    if call.kind in NESTED:
        return _of(parent)
    if call.kind == REPORTS_IN:
        return _until(limits.finish[call.urgency], at, clock)
    return _until(limits.make_safe if call.kind == "make_safe" else limits.opinion, at, clock)


def _until(limit: LimitValue, at: datetime, clock: Clock) -> Deadline:
    return clock.chain((limit,), at)[-1].deadline


def _of(row: AssignmentRow) -> Deadline:
    return Deadline(row.due_at, row.yellow_at)
