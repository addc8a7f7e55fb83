"""What one step changes in the rows of a case, and the deadlines that follow. Pure; the refusals come before."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cityloop.loop.cases import holds
from cityloop.loop.cases.facts import Deadlines, Facts, Opening
from cityloop.loop.cases.lifecycle import END, ESCALATIONS, HOLDS, SAME, Step
from cityloop.loop.cases.record import Changes, entry_of, new_span, opened_fields
from cityloop.loop.cases.rows import ENDING, AssignmentRow, CaseRow, HoldRow, LinkRow, SpanRow, assignment_id
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Clock, Deadline, Stay

DOES = frozenset({"handle", "finish_part"})
"""Steps that report work as done."""


@dataclass
class Draft:
    """A case while a step is being taken; `told` and the lists hold what the step has changed so far."""

    row: Step
    at: datetime
    facts: Facts
    clock: Clock
    actor: str
    post: str
    case: CaseRow
    root: AssignmentRow
    root_span: SpanRow | None
    unit: AssignmentRow | None = None
    unit_span: SpanRow | None = None
    hold: HoldRow | None = None
    stays: tuple[Stay, ...] = ()
    granted: tuple[str, ...] = ()
    assigned: int = 0
    stayed: int = 0
    told: Changes = field(default_factory=list)
    assignments: dict[int, AssignmentRow] = field(default_factory=dict)
    spans: dict[int, SpanRow] = field(default_factory=dict)
    holds: list[HoldRow] = field(default_factory=list)
    links: list[LinkRow] = field(default_factory=list)


def opened(
    row: Step, opening: Opening, actor: str, post: str, at: datetime, facts: Facts, clock: Clock, recorded_at: datetime
) -> Outcome:
    """A new case, its centre's assignment and its first stay."""
    case = opening.case
    told: Changes = [("case", 0, {**opened_fields(case), "opened_at": at})]
    root = AssignmentRow(
        assignment_id(case.id, 1), case.id, 1, None, case.round, "main", opening.centre, opening.centre, at
    )
    draft = Draft(row, at, facts, clock, actor, post, case._replace(opened_at=at), root, None, told=told)
    told.append(("assignment", 1, _fields_of(root)))
    if opening.link is not None:
        _tie(draft, 1, *opening.link)
    draft.root_span = _stay(draft, root, row.centre, _centre_deadline(draft), main=True)
    entry = entry_of(row, None, case, told, actor, post, at, recorded_at, facts)
    case = draft.case._replace(
        state=row.target, seq=1, head=entry.digest, last_at=at, assignments_made=1, spans_made=draft.stayed
    )
    snapshot = Snapshot(case, root, draft.root_span, links=tuple(draft.links))
    return Outcome(snapshot, entry, [root], list(draft.spans.values()), [], draft.links)


def moved(
    row: Step, before: Snapshot, actor: str, post: str, at: datetime, facts: Facts, clock: Clock, recorded_at: datetime
) -> Outcome:
    """A case after one more step. First what the case itself is told, then the centre's track, then the unit's."""
    case = before.case
    draft = Draft(
        row, at, facts, clock, actor, post, case, before.root, before.root_span, before.unit, before.unit_span,
        before.hold, before.stays, before.granted, case.assignments_made, case.spans_made,
    )  # fmt: skip
    if row.unit.kind == "ends" or row.name == "request_return":
        _lapse(draft)
    _case_facts(draft)
    if row.unit.kind in ("opens", "reopens"):
        _assign(draft)
    if row.centre != SAME:
        _centre(draft)
    _unit(draft)
    _request(draft)
    _links(draft, before)
    path = (facts.organisation_path if row.unit.kind == "opens" else ()) or before.unit_path
    entry = entry_of(row, case, draft.case, draft.told, actor, post, at, recorded_at, facts)
    after = draft.case._replace(
        state=row.leads_to(case.state),
        seq=entry.seq,
        head=entry.digest,
        last_at=at,
        assignments_made=draft.assigned,
        spans_made=draft.stayed,
    )
    snapshot = Snapshot(
        after, draft.root, draft.root_span, draft.unit, draft.unit_span, path, draft.hold, draft.stays,
        links=_after(before.links, draft.links), granted=before.granted + _granted(draft),
        filed_by=actor if row.name == "file" else before.filed_by,
        handled_by=before.handled_by | {actor} if row.name in DOES else before.handled_by,
    )  # fmt: skip
    return Outcome(
        snapshot, entry, list(draft.assignments.values()), list(draft.spans.values()), draft.holds, draft.links
    )


def _after(links: tuple[LinkRow, ...], changed: list[LinkRow]) -> tuple[LinkRow, ...]:
    return tuple({link.no: link for link in (*links, *changed)}.values())


def _granted(draft: Draft) -> tuple[str, ...]:
    return tuple(hold.kind for hold in draft.holds if hold.granted and hold.decided_at == draft.at)


# The case itself


def _case_facts(draft: Draft) -> None:
    """What a step says of the case; what follows from any step is not among it."""
    row, case, facts = draft.row, draft.case, draft.facts
    if row.name == "dispatch" and facts.ledger_row is not None and facts.ledger_row != case.ledger_row_id:
        _case(draft, ledger_row_id=facts.ledger_row)
    elif row.name == "file":
        if facts.rule != case.rule_id:
            _case(draft, rule_id=facts.rule)
        _first_deadline(draft, draft.clock.total(facts.rule, case.areas, case.opened_at))
    elif row.name == "check":
        _case(draft, verdict=facts.verdict)
    elif row.unit.kind == "reopens":
        _case(draft, round=case.round + 1, **_undone(case))
        draft.stays = ()
    elif (case.closed_at is not None and row.centre != SAME) or row.name == "roll_back_check":
        _case(draft, **_undone(case))
    elif row.centre == END:
        _case(draft, closed_at=draft.at)


def _undone(case: CaseRow) -> dict[str, Any]:
    """What no longer holds of a case that goes on after it was checked or had ended."""
    was = {"verdict": case.verdict, "closed_at": case.closed_at}
    return {name: "" if name == "verdict" else None for name, value in was.items() if value}


def _first_deadline(draft: Draft, deadline: Deadline) -> None:
    """The case's own clock begins once and is never set back."""
    if draft.case.first_due_at is None and deadline.due_at is not None:
        _case(draft, first_due_at=deadline.due_at, due_at=deadline.due_at, yellow_at=deadline.yellow_at)


def _case(draft: Draft, **fields: Any) -> None:
    draft.told.append(("case", 0, fields))
    draft.case = draft.case._replace(**fields)


# The centre's track


def _centre(draft: Draft) -> None:
    """The centre leaves its stage for the next one, or its assignment ends."""
    span = draft.root_span or _rest(draft)
    _end_stay(draft, span)
    if span.round == draft.case.round:
        draft.stays = (*draft.stays, Stay(span.stage, span.started_at, draft.at))
    if draft.row.centre == END:
        draft.root = _changed(draft, draft.root, ended_at=draft.at, verdict=draft.row.target)
        draft.root_span = None
    else:
        draft.root_span = _stay(draft, draft.root, _stage(draft), _centre_deadline(draft), main=True)


def _rest(draft: Draft) -> SpanRow:
    """A case that had ended goes on: the time between was nobody's."""
    assert draft.root.ended_at is not None  # else the centre would stand in a stage
    since = draft.root.ended_at
    draft.root = _changed(draft, draft.root, ended_at=None, verdict="")
    return _stay(draft, draft.root, "rest", NO_DEADLINE, main=True, since=since)


def _stage(draft: Draft) -> str:
    """The centre's next stage: what was handled is fed back first where the city has it so."""
    feeds_back = draft.row.name == "handle" and draft.clock.policy.feedback == "required"
    return "feedback" if feeds_back else draft.row.centre


def _centre_deadline(draft: Draft) -> Deadline:
    case, stage = draft.case, _stage(draft)
    if stage == "out":
        return Deadline(case.due_at, case.yellow_at)
    return draft.clock.stage(stage, case.rule_id, case.areas, draft.at, draft.stays)


# The unit's track


def _assign(draft: Draft) -> None:
    """A new assignment: to the organisation named, or to the same one again for rework."""
    again, facts, case = draft.unit if draft.row.unit.kind == "reopens" else None, draft.facts, draft.case
    draft.assigned += 1
    if again is not None:
        responsible, acting = again.responsible_org_id, again.acting_org_id
    else:
        assert facts.organisation is not None  # `needs` has seen to it
        responsible, acting = facts.responsible or facts.organisation, facts.organisation
    deadline, parts = NO_DEADLINE, "[]"
    if again is not None and draft.clock.rules.rework == "rest":
        deadline, parts = Deadline(again.due_at, again.yellow_at), again.parts
    elif draft.clock.rules.starts == "dispatch" or facts.deadline is not None:
        deadline, parts = _full(draft)
    unit = AssignmentRow(
        assignment_id(case.id, draft.assigned), case.id, draft.assigned, draft.root.id, case.round, "main",
        responsible, acting, draft.at, *deadline, ruled=draft.row.name == "rule_dispatch", parts=parts,
    )  # fmt: skip
    draft.told.append(("assignment", unit.no, _fields_of(unit)))
    draft.unit = draft.assignments[unit.no] = unit
    _first_deadline(draft, deadline)


def _full(draft: Draft) -> tuple[Deadline, str]:
    """A handling that starts now has all its time: what somebody else has set, else what the rule book says."""
    if draft.facts.deadline is not None:
        return draft.facts.deadline, "[]"
    parts = draft.clock.handling(draft.case.rule_id, draft.case.areas, draft.at)
    return (parts[-1].deadline if parts else NO_DEADLINE), holds.write_parts(parts)


def _unit(draft: Draft) -> None:
    """The unit's assignment begins its first stay, moves to another one, or ends."""
    (effect, what), span = draft.row.unit, draft.unit_span
    if not effect or draft.unit is None or (span is None and effect not in ("opens", "reopens")):
        return
    part = span.part if span and effect not in ("opens", "reopens") else ""
    if span is not None and effect not in ("opens", "reopens"):
        _end_stay(draft, span)
    if effect == "ends":
        if draft.row.name == "handle":
            _rest_at_once(draft, part)
        draft.unit = _changed(draft, draft.unit, ended_at=draft.at, verdict=what)
        draft.unit_span = None
        return
    if effect == "rules":
        draft.unit = _changed(draft, draft.unit, ruled=True)
    contractor = draft.facts.contractor or (span.contractor_id if span else None)
    deadline, part = _unit_deadline(draft, what, part)
    draft.unit_span = _stay(draft, draft.unit, what, deadline, main=False, part=part, contractor=contractor)


def _rest_at_once(draft: Draft, part: str) -> None:
    """Whoever reports the whole as handled has done the parts after `part` as well: each has its stay."""
    assert draft.unit is not None
    parts = holds.parts_of(draft.unit)
    done = next((i for i, known in enumerate(parts) if known.name == part), len(parts))
    for known in parts[done + 1 :]:
        _end_stay(draft, _stay(draft, draft.unit, "handle", known.deadline, main=False, part=known.name))


def _unit_deadline(draft: Draft, stage: str, part: str) -> tuple[Deadline, str]:
    """The deadline of a stay of the unit and the part it works on: `part`, the next one, or the first."""
    assert draft.unit is not None
    if stage == "sign_for":
        return draft.clock.stage(stage, draft.case.rule_id, draft.case.areas, draft.at, ()), ""
    if stage != "handle":
        return NO_DEADLINE, part
    if draft.unit.due_at is None and draft.row.name == "sign_for" and draft.clock.rules.starts == "sign_for":
        (due_at, yellow_at), written = _full(draft)
        draft.unit = _changed(draft, draft.unit, due_at=due_at, yellow_at=yellow_at, parts=written)
        _first_deadline(draft, Deadline(due_at, yellow_at))
    parts = holds.parts_of(draft.unit)
    if not parts:
        return Deadline(draft.unit.due_at, draft.unit.yellow_at), ""
    if draft.row.name == "finish_part":
        now = parts[next(i for i, known in enumerate(parts) if known.name == part) + 1]
    else:
        now = next((known for known in parts if known.name == part), parts[0])
    return (NO_DEADLINE if draft.unit.due_at is None else now.deadline), now.name


# Requests for more time, and what is told or counted anew


def _request(draft: Draft) -> None:
    name, unit, hold = draft.row.name, draft.unit, draft.hold
    if unit is None:
        return
    if name in HOLDS:
        draft.hold = holds.asked(
            name, draft.case, unit, hold, draft.at, draft.actor, draft.facts, draft.clock, draft.granted
        )
        draft.told.append(("hold", draft.hold.no, _fields_of(draft.hold)))
        draft.holds.append(draft.hold)
    elif name == "grant_hold" and hold is not None and holds.goes_on(hold):
        _hold(draft, approved=hold.approved + 1)
    elif name == "grant_hold" and hold is not None:
        fields, deadlines = holds.granted(hold, draft.case, unit, draft.clock, draft.at)
        if holds.chain_of(hold):
            fields["approved"] = hold.approved + 1
        _hold(draft, decided_at=draft.at, decided_by=draft.actor, granted=True, **fields)
        _move_deadlines(draft, deadlines)
    elif name == "deny_hold":
        _hold(draft, decided_at=draft.at, decided_by=draft.actor, granted=False)
    elif name == "end_hold" and hold is not None:
        _hold(draft, ended_at=draft.at)
        _move_deadlines(draft, holds.resumed(hold, draft.case, unit, draft.clock, draft.at))
    elif name in ESCALATIONS and draft.facts.level:
        draft.unit = _changed(draft, unit, told=draft.facts.level)
    elif name == "recount" and draft.facts.recounted is not None:
        now, before = draft.facts.recounted
        if before is not None:
            _hold(draft, before=holds.written(before))
        _move_deadlines(draft, now)


def _lapse(draft: Draft) -> None:
    """The unit gives the work out of its hands: a request that waits is void, a pause that lasts ends."""
    stands = holds.standing_of(draft.hold, draft.at)
    if not stands or draft.hold is None or draft.unit is None:
        return
    hold = draft.hold
    _hold(draft, ended_at=draft.at)
    if stands == holds.RUNNING:
        _move_deadlines(draft, holds.resumed(hold, draft.case, draft.unit, draft.clock, draft.at))


def _move_deadlines(draft: Draft, now: Deadlines) -> None:
    """Write what is due when from now on: in the case, the unit's assignment, and the stays that are open.

    What was told of the old deadline is told again of the new one.
    """
    unit = draft.unit
    assert unit is not None  # the caller has seen to it
    if now.case != (draft.case.due_at, draft.case.yellow_at):
        _case(draft, due_at=now.case.due_at, yellow_at=now.case.yellow_at)
        if draft.root_span is not None and draft.root_span.stage == "out":
            draft.root_span = _due(draft, draft.root_span, now.case)
    if now.assignment == (unit.due_at, unit.yellow_at):
        return
    fields: dict[str, Any] = {"due_at": now.assignment.due_at, "yellow_at": now.assignment.yellow_at}
    if unit.told:
        fields["told"] = 0
    if now.parts:
        fields["parts"] = holds.write_parts(now.parts)
    draft.unit = _changed(draft, unit, **fields)
    span = draft.unit_span
    if span is not None and span.stage == "handle":
        own = next((part.deadline for part in now.parts if part.name == span.part), now.assignment)
        draft.unit_span = _due(draft, span, own if now.assignment.due_at else NO_DEADLINE)


# Ties to other cases


def _links(draft: Draft, before: Snapshot) -> None:
    name, other, facts = draft.row.name, draft.facts.other, draft.facts
    live = [link for link in before.links if link.ended_at is None]
    if name in ("merge", "link") and other is not None:
        _tie(draft, len(before.links) + 1, "duplicate_of" if name == "merge" else facts.link, other.id)
    elif name == "unmerge":
        _untie(draft, *(link for link in live if link.kind == "duplicate_of"))
    elif name == "unlink" and other is not None:
        _untie(draft, *(link for link in live if link.other_id == other.id))


def _tie(draft: Draft, no: int, kind: str, other: int) -> None:
    link = LinkRow(draft.case.id, no, kind, other, draft.at, draft.actor)
    draft.told.append(("link", no, _fields_of(link)))
    draft.links.append(link)


def _untie(draft: Draft, *links: LinkRow) -> None:
    for link in links:
        draft.told.append(("link", link.no, {"ended_at": draft.at}))
        draft.links.append(link._replace(ended_at=draft.at))


# Rows


def _stay(
    draft: Draft,
    assignment: AssignmentRow,
    stage: str,
    due: Deadline,
    *,
    main: bool,
    part: str = "",
    contractor: int | None = None,
    since: datetime | None = None,
) -> SpanRow:
    fields: dict[str, Any] = {
        "assignment_id": assignment.id,
        "main": main,
        "stage": stage,
        "round": draft.case.round,
        "organisation_id": assignment.acting_org_id,
        "started_at": since or draft.at,
    }
    if due.due_at is not None:
        fields["due_at"], fields["yellow_at"] = due
    if part:
        fields["part"] = part
    if contractor is not None:
        fields["contractor_id"] = contractor
    draft.stayed += 1
    draft.told.append(("span", draft.stayed, fields))
    span = draft.spans[draft.stayed] = new_span(draft.case, draft.stayed, fields)
    return span


def _end_stay(draft: Draft, span: SpanRow) -> None:
    at, actor, post = draft.at, draft.actor, draft.post
    outcome = draft.row.leads_to(draft.case.state)
    draft.told.append(("span", span.no, {"ended_at": at, "outcome": outcome, "person": actor, "post": post}))
    draft.spans[span.no] = SpanRow._make((*span[:ENDING], at, outcome, post, actor, *span[ENDING + 4 :]))


def _due(draft: Draft, span: SpanRow, due: Deadline) -> SpanRow:
    draft.told.append(("span", span.no, {"due_at": due.due_at, "yellow_at": due.yellow_at}))
    moved_span = draft.spans[span.no] = span._replace(due_at=due.due_at, yellow_at=due.yellow_at)
    return moved_span


def _changed(draft: Draft, row: AssignmentRow, **fields: Any) -> AssignmentRow:
    draft.told.append(("assignment", row.no, fields))
    changed = draft.assignments[row.no] = row._replace(**fields)
    return changed


def _hold(draft: Draft, **fields: Any) -> None:
    assert draft.hold is not None  # the refusals have seen to it
    draft.told.append(("hold", draft.hold.no, fields))
    draft.hold = draft.hold._replace(**fields)
    draft.holds.append(draft.hold)


def _fields_of(row: AssignmentRow | HoldRow | LinkRow) -> dict[str, Any]:
    """The fields of a new row but for its key and what has its default."""
    defaults = row._field_defaults
    return {
        name: value
        for name, value in row._asdict().items()
        if name not in ("id", "case_id", "no") and (name not in defaults or value != defaults[name])
    }
