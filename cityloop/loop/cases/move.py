"""What one step changes in the rows of a case, and the deadlines that follow. Pure; the refusals come before."""

from datetime import datetime
from typing import Any

from cityloop.loop.cases import duties, holds
from cityloop.loop.cases.asking import ask, lapse
from cityloop.loop.cases.draft import Draft, begin_stay, end_stay, fields_of, tell_assignment, tell_case
from cityloop.loop.cases.facts import Facts, Opening
from cityloop.loop.cases.lifecycle import END, GIVING, INBOX, ON_A_DUTY, SAME, Step
from cityloop.loop.cases.record import Changes, entry_of, opened_fields
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, LinkRow, SpanRow, assignment_id
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.cases.ties import change_ties, tie
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Clock, Deadline, Stay

DOES = frozenset({"handle", "finish_part"})
"""Steps that report work as done."""


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
    told.append(("assignment", 1, fields_of(root)))
    if opening.link is not None:
        tie(draft, 1, *opening.link)
    draft.root_span = begin_stay(draft, root, row.centre, _centre_deadline(draft), main=True)
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
        duties={duty.row.no: duty for duty in before.duties},
    )  # fmt: skip
    if row.unit.kind == "ends" or row.name == "request_return":
        lapse(draft)
    duties.end_with(draft)
    _case_facts(draft)
    if row.unit.kind in ("opens", "reopens"):
        _assign(draft)
    if row.centre != SAME:
        _centre(draft)
    _unit(draft)
    ask(draft)
    if row.name in GIVING:
        duties.give(draft, before)
    elif row.name in ON_A_DUTY:
        duties.go_on(draft)
    duties.follow(draft, before.unit)
    change_ties(draft, before)
    path = (facts.organisation_path if row.unit.kind == "opens" else ()) or before.unit_path
    entry = entry_of(row, case, draft.case, draft.told, actor, post, at, recorded_at, facts)
    after = draft.case._replace(
        state=row.leads_to(case.state),
        seq=entry.seq,
        head=entry.digest,
        last_at=at,
        assignments_made=draft.assigned,
        spans_made=draft.stayed,
        unit_no=draft.unit.no if draft.unit else 0,
    )
    snapshot = Snapshot(
        after, draft.root, draft.root_span, draft.unit, draft.unit_span, path, draft.hold, draft.stays,
        links=_after(before.links, draft.links), granted=before.granted + _granted(draft),
        filed_by=actor if row.name == "file" else before.filed_by,
        handled_by=before.handled_by | {actor} if row.name in DOES else before.handled_by,
        duties=tuple(draft.duties[no] for no in sorted(draft.duties)),
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
        tell_case(draft, ledger_row_id=facts.ledger_row)
    elif row.name == "settle":
        tell_case(draft, ledger_row_id=facts.ledger_row)
        if draft.unit and draft.unit_span:
            draft.unit = tell_assignment(draft, draft.unit, responsible_org_id=facts.organisation)
    elif row.name == "file":
        if facts.rule != case.rule_id:
            tell_case(draft, rule_id=facts.rule)
        _first_deadline(draft, draft.clock.total(facts.rule, case.areas, case.opened_at))
    elif row.name == "check":
        tell_case(draft, verdict=facts.verdict)
    elif row.unit.kind == "reopens":
        tell_case(draft, round=case.round + 1, **_undone(case))
        draft.stays = ()
    elif (case.closed_at is not None and row.centre != SAME) or row.name == "roll_back_check":
        tell_case(draft, **_undone(case))
    elif row.centre == END:
        tell_case(draft, closed_at=draft.at)


def _undone(case: CaseRow) -> dict[str, Any]:
    """What no longer holds of a case that goes on after it was checked or had ended."""
    was = {"verdict": case.verdict, "closed_at": case.closed_at}
    return {name: "" if name == "verdict" else None for name, value in was.items() if value}


def _first_deadline(draft: Draft, deadline: Deadline) -> None:
    """The case's own clock begins once and is never set back."""
    if draft.case.first_due_at is None and deadline.due_at is not None:
        tell_case(draft, first_due_at=deadline.due_at, due_at=deadline.due_at, yellow_at=deadline.yellow_at)


# The centre's track


def _centre(draft: Draft) -> None:
    """The centre leaves its stage for the next one, or its assignment ends."""
    span = draft.root_span or _rest(draft)
    end_stay(draft, span)
    if span.round == draft.case.round:
        draft.stays = (*draft.stays, Stay(span.stage, span.started_at, draft.at))
    if draft.row.centre == END:
        draft.root = tell_assignment(draft, draft.root, ended_at=draft.at, verdict=draft.row.target)
        draft.root_span = None
    else:
        draft.root_span = begin_stay(draft, draft.root, _stage(draft), _centre_deadline(draft), main=True)


def _rest(draft: Draft) -> SpanRow:
    """A case that had ended goes on: the time between was nobody's."""
    assert draft.root.ended_at is not None  # else the centre would stand in a stage
    since = draft.root.ended_at
    draft.root = tell_assignment(draft, draft.root, ended_at=None, verdict="")
    return begin_stay(draft, draft.root, "rest", NO_DEADLINE, main=True, since=since)


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
        delivery=again.delivery if again else facts.delivery or INBOX,
    )  # fmt: skip
    draft.told.append(("assignment", unit.no, fields_of(unit)))
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
        end_stay(draft, span)
    if effect == "ends":
        if draft.row.name == "handle":
            _rest_at_once(draft, part)
        draft.unit = tell_assignment(draft, draft.unit, ended_at=draft.at, verdict=what)
        draft.unit_span = None
        return
    if effect == "rules":
        draft.unit = tell_assignment(draft, draft.unit, ruled=True)
    contractor = draft.facts.contractor or (span.contractor_id if span else None)
    deadline, part = _unit_deadline(draft, what, part)
    draft.unit_span = begin_stay(draft, draft.unit, what, deadline, main=False, part=part, contractor=contractor)


def _rest_at_once(draft: Draft, part: str) -> None:
    """Whoever reports the whole as handled has done the parts after `part` as well: each has its stay."""
    assert draft.unit is not None
    parts = holds.parts_of(draft.unit)
    done = next((i for i, known in enumerate(parts) if known.name == part), len(parts))
    for known in parts[done + 1 :]:
        end_stay(draft, begin_stay(draft, draft.unit, "handle", known.deadline, main=False, part=known.name))


def _unit_deadline(draft: Draft, stage: str, part: str) -> tuple[Deadline, str]:
    """The deadline of a stay of the unit and the part it works on: `part`, the next one, or the first."""
    assert draft.unit is not None
    if stage == "sign_for":
        return draft.clock.stage(stage, draft.case.rule_id, draft.case.areas, draft.at, ()), ""
    if stage != "handle":
        return NO_DEADLINE, part
    if draft.unit.due_at is None and draft.row.name == "sign_for" and draft.clock.rules.starts == "sign_for":
        (due_at, yellow_at), written = _full(draft)
        draft.unit = tell_assignment(draft, draft.unit, due_at=due_at, yellow_at=yellow_at, parts=written)
        _first_deadline(draft, Deadline(due_at, yellow_at))
    parts = holds.parts_of(draft.unit)
    if not parts:
        return Deadline(draft.unit.due_at, draft.unit.yellow_at), ""
    if draft.row.name == "finish_part":
        now = parts[next(i for i, known in enumerate(parts) if known.name == part) + 1]
    else:
        now = next((known for known in parts if known.name == part), parts[0])
    return (NO_DEADLINE if draft.unit.due_at is None else now.deadline), now.name
