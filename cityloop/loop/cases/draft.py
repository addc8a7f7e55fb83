"""A case while a step is being taken: what the step has changed so far, and how each change is told. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import Step
from cityloop.loop.cases.record import Changes, new_span
from cityloop.loop.cases.rows import ENDING, AssignmentRow, CaseRow, HoldRow, LinkRow, SpanRow
from cityloop.loop.cases.snapshot import Duty
from cityloop.loop.clocks.deadlines import Clock, Deadline, Stay


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
    duties: dict[int, Duty] = field(default_factory=dict)
    """Those that are open, by number."""


def tell_case(draft: Draft, **fields: Any) -> None:
    draft.told.append(("case", 0, fields))
    draft.case = draft.case._replace(**fields)


def begin_stay(
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


def end_stay(draft: Draft, span: SpanRow) -> None:
    at, actor, post = draft.at, draft.actor, draft.post
    outcome = draft.row.leads_to(draft.case.state)
    draft.told.append(("span", span.no, {"ended_at": at, "outcome": outcome, "person": actor, "post": post}))
    draft.spans[span.no] = SpanRow._make((*span[:ENDING], at, outcome, post, actor, *span[ENDING + 4 :]))


def tell_due(draft: Draft, span: SpanRow, due: Deadline) -> SpanRow:
    draft.told.append(("span", span.no, {"due_at": due.due_at, "yellow_at": due.yellow_at}))
    moved_span = draft.spans[span.no] = span._replace(due_at=due.due_at, yellow_at=due.yellow_at)
    return moved_span


def tell_assignment(draft: Draft, row: AssignmentRow, **fields: Any) -> AssignmentRow:
    draft.told.append(("assignment", row.no, fields))
    changed = draft.assignments[row.no] = row._replace(**fields)
    return changed


def tell_hold(draft: Draft, **fields: Any) -> None:
    assert draft.hold is not None  # the refusals have seen to it
    draft.told.append(("hold", draft.hold.no, fields))
    draft.hold = draft.hold._replace(**fields)
    draft.holds.append(draft.hold)


def fields_of(row: AssignmentRow | HoldRow | LinkRow) -> dict[str, Any]:
    """The fields of a new row but for its key and what has its default."""
    defaults = row._field_defaults
    return {
        name: value
        for name, value in row._asdict().items()
        if name not in ("id", "case_id", "no") and (name not in defaults or value != defaults[name])
    }
