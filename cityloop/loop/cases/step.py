"""The pure heart: what one step does to one case. No database, no clock, no settings."""

from datetime import datetime
from typing import Any, NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied, Refused
from cityloop.core.texts import Term, Terms
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases.facts import Facts, Opening
from cityloop.loop.cases.lifecycle import (
    CHOICES,
    END,
    FACTS,
    SAME,
    STATES,
    STEPS,
    STEPS_FROM,
    Step,
)
from cityloop.loop.cases.record import Changes, entry_of, new_span, opened_fields
from cityloop.loop.cases.rows import ENDING, AssignmentRow, CaseRow, EntryRow, SpanRow, assignment_id
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Deadline


class Snapshot(NamedTuple):
    """A case as the next step finds it: its row, the centre's assignment and stay, the last handler's likewise."""

    case: CaseRow
    root: AssignmentRow
    root_span: SpanRow | None
    unit: AssignmentRow | None = None
    unit_span: SpanRow | None = None
    unit_path: tuple[int, ...] = ()
    """The acting organisation of the handler's assignment and all above it, top first."""


class Outcome(NamedTuple):
    """What a step leaves: the new snapshot, its entry, and every assignment and span it opened or changed."""

    snapshot: Snapshot
    entry: EntryRow
    assignments: list[AssignmentRow]
    spans: list[SpanRow]


class Standing(NamedTuple):
    """What decides which steps a case may take next, whoever asks."""

    state: str
    areas: tuple[int, ...]
    organisations: tuple[int, ...]
    """The acting organisation of the last assignment and all above it, top first."""
    ruled: bool = False
    """Whether the last dispatch was ruled."""
    rule: int | None = None


class StepChoice(NamedTuple):
    """A step that begins at the present state; `why` is the refusal that taking it would meet, None if none."""

    name: str
    why: CityloopError | None

    @property
    def allowed(self) -> bool:
        return self.why is None


def standing(snapshot: Snapshot) -> Standing:
    case, unit = snapshot.case, snapshot.unit
    path = snapshot.unit_path or (snapshot.root.acting_org_id,)
    return Standing(case.state, case.areas, path, bool(unit and unit.ruled), case.rule_id)


def step(
    snapshot: Snapshot | None, name: str, actor: Actor, at: datetime, facts: Facts, *, recorded_at: datetime
) -> Outcome:
    """Take one step; `at` is when it happened, `recorded_at` when we learned of it (both aware, UTC).

    Raises Conflict (wrong state), Refused (unknown step, missing or wrong fact, time going backwards) or Denied.
    """
    row = STEPS.get(name)
    if row is None:
        raise Refused("step_unknown", step=name)
    _refuse(row, snapshot, at, facts)
    if snapshot is None:
        assert facts.opening is not None  # _refuse has seen to it
        return _open(row, facts.opening, actor, at, facts, recorded_at)
    post = None if actor.trusted else _post(row, standing(snapshot), actor)
    return _move(row, snapshot, actor.key, post.code if post else "", at, facts, recorded_at)


def steps_of(standing: Standing, actor: Actor) -> list[StepChoice]:
    """Every step that begins at the present state, in the order of the table, with what forbids it to `actor`.

    Facts that come with a step are not looked at; those that the case itself must have are.
    """
    return [StepChoice(name, _why(STEPS[name], standing, actor)) for name in STEPS_FROM.get(standing.state, ())]


def may_take(standing: Standing, actor: Actor) -> list[str]:
    """The steps that `actor` may take now, in the order of the table."""
    return [choice.name for choice in steps_of(standing, actor) if choice.allowed]


def _why(row: Step, standing: Standing, actor: Actor) -> CityloopError | None:
    """The refusal that taking this step would meet, in the order in which taking it looks."""
    if "rule" in row.needs and standing.rule is None:
        return Refused("fact_missing", step=_term(row), fact=Term("rule", FACTS["rule"]))
    if row.name == "request_return" and standing.ruled:
        return Refused("dispatch_ruled")
    try:
        _post(row, standing, actor)
    except Denied as denied:
        return denied
    return None


def _post(row: Step, standing: Standing, actor: Actor) -> HeldPost | None:
    """The post under which `actor` takes this step; Denied says whose step it is, or that the case lies elsewhere."""
    try:
        return actor.post_for(row.permission, standing.areas, standing.organisations)
    except Denied as denied:
        if any(row.permission in post.permissions for post in actor.posts):
            raise Denied("step_elsewhere", step=_term(row)) from denied
        roles = Terms(Term(role.key, role.title) for role in ROLES.values() if row.permission in role.permissions)
        raise Denied("step_denied", step=_term(row), roles=roles) from denied


def _refuse(row: Step, snapshot: Snapshot | None, at: datetime, facts: Facts) -> None:
    """Raise the refusal that a person will read, if this step may not be taken."""
    state = snapshot.case.state if snapshot else ""
    if (snapshot is None) != (not row.sources) or (snapshot and state not in row.sources):
        raise Conflict("state_wrong", step=_term(row), state=Term(state, STATES[state]) if state else "-")
    if snapshot and at < snapshot.case.last_at:
        last = snapshot.case.last_at.isoformat()
        raise Refused("time_before_last", step=_term(row), at=at.isoformat(), last=last)
    for need in row.needs:
        if not getattr(facts, need):
            raise Refused("fact_missing", step=_term(row), fact=Term(need, FACTS[need]))
    for field, allowed in CHOICES.get(row.name, {}).items():
        if getattr(facts, field) not in allowed:
            raise Refused("fact_wrong", fact=Term(field, FACTS[field]), value=getattr(facts, field))
    if row.name == "request_return" and snapshot and snapshot.unit and snapshot.unit.ruled:
        raise Refused("dispatch_ruled")


def _term(row: Step) -> Term:
    return Term(row.name, row.title)


def _open(row: Step, opening: Opening, actor: Actor, at: datetime, facts: Facts, recorded_at: datetime) -> Outcome:
    case = opening.case
    post = actor.post_for(row.permission, case.areas, (opening.centre,))
    told: Changes = [("case", 0, {**opened_fields(case), "opened_at": at})]
    root = _assignment(case, None, opening.centre, opening.centre, at, NO_DEADLINE, told, no=1)
    span = _span(case, 1, root, row.centre, at, told, main=True)
    entry = entry_of(row, None, case, told, actor.key, post.code if post else "", at, recorded_at, facts)
    case = case._replace(
        state=row.target, seq=1, head=entry.digest, last_at=at, opened_at=at, assignments_made=1, spans_made=1
    )
    return Outcome(Snapshot(case, root, span), entry, [root], [span])


def _move(
    row: Step, before: Snapshot, actor: str, post: str, at: datetime, facts: Facts, recorded_at: datetime
) -> Outcome:
    case, root, root_span, unit, unit_span, unit_path = before
    told: Changes = []
    assignments: list[AssignmentRow] = []
    spans: list[SpanRow] = []
    assigned, stays = case.assignments_made, case.spans_made
    if fields := _case_fields(row, case, at, facts):
        told.append(("case", 0, fields))
        case = case._replace(**fields)

    if row.centre != SAME:
        assert root_span is not None  # an open case always stands in a stage of the centre
        spans.append(_ended(root_span, at, row.target, actor, post, told))
        if row.centre == END:
            root = _changed(root, told, ended_at=at, verdict=row.target)
            assignments.append(root)
            root_span = None
        else:
            stays += 1
            due = Deadline(case.due_at, case.yellow_at) if row.centre == "out" else NO_DEADLINE
            root_span = _span(case, stays, root, row.centre, at, told, main=True, due=due)
            spans.append(root_span)

    effect, what = row.unit
    if effect in ("opens", "reopens"):
        assigned += 1
        again = unit if effect == "reopens" else None
        unit = _assigned(case, root, again, at, facts, told, assigned)
        unit_path = facts.organisation_path or unit_path
        assignments.append(unit)
    elif effect and unit is not None and unit_span is not None:
        spans.append(_ended(unit_span, at, row.target, actor, post, told))
        if effect == "ends":
            unit = _changed(unit, told, ended_at=at, verdict=what)
            assignments.append(unit)
            unit_span = None
        elif effect == "rules":
            unit = _changed(unit, told, ruled=True)
            assignments.append(unit)
    if effect in ("opens", "reopens", "moves", "rules") and unit is not None:
        stays += 1
        due = Deadline(unit.due_at, unit.yellow_at) if what == "handle" else NO_DEADLINE
        contractor = facts.contractor or (unit_span.contractor_id if unit_span else None)
        unit_span = _span(case, stays, unit, what, at, told, main=False, due=due, contractor=contractor)
        spans.append(unit_span)

    entry = entry_of(row, before.case, case, told, actor, post, at, recorded_at, facts)
    case = case._replace(
        state=row.target, seq=entry.seq, head=entry.digest, last_at=at, assignments_made=assigned, spans_made=stays
    )
    return Outcome(Snapshot(case, root, root_span, unit, unit_span, unit_path), entry, assignments, spans)


def _case_fields(row: Step, case: CaseRow, at: datetime, facts: Facts) -> dict[str, Any]:
    """The facts about the case itself that a step sets; what follows from any step is not among them."""
    fields: dict[str, Any] = {}
    if row.name == "dispatch":
        if case.first_due_at is None and facts.deadline.due_at is not None:
            due_at, yellow_at = facts.deadline
            fields = {"first_due_at": due_at, "due_at": due_at, "yellow_at": yellow_at}
        if facts.ledger_row is not None and facts.ledger_row != case.ledger_row_id:
            fields["ledger_row_id"] = facts.ledger_row
    elif row.name == "file" and facts.rule != case.rule_id:
        fields["rule_id"] = facts.rule
    elif row.unit.kind == "reopens":
        fields["round"] = case.round + 1
    elif row.centre == END:
        fields["closed_at"] = at
    return fields


def _assigned(
    case: CaseRow,
    root: AssignmentRow,
    again: AssignmentRow | None,
    at: datetime,
    facts: Facts,
    told: Changes,
    no: int,
) -> AssignmentRow:
    """The handler's new assignment: to the organisation named by the facts, or the same one again for rework."""
    if again is not None:
        responsible, acting = again.responsible_org_id, again.acting_org_id
    else:
        assert facts.organisation is not None  # `needs` has seen to it
        responsible, acting = facts.responsible or facts.organisation, facts.organisation
    return _assignment(case, root, responsible, acting, at, facts.deadline, told, no=no)


def _assignment(
    case: CaseRow,
    parent: AssignmentRow | None,
    responsible: int,
    acting: int,
    at: datetime,
    deadline: Deadline,
    told: Changes,
    *,
    no: int,
) -> AssignmentRow:
    fields: dict[str, Any] = {
        "parent_id": parent.id if parent else None,
        "round": case.round,
        "kind": "main",
        "responsible_org_id": responsible,
        "acting_org_id": acting,
        "started_at": at,
    }
    if deadline.due_at is not None:
        fields["due_at"], fields["yellow_at"] = deadline
    told.append(("assignment", no, fields))
    return AssignmentRow(assignment_id(case.id, no), case.id, no, **fields)


def _span(
    case: CaseRow,
    no: int,
    assignment: AssignmentRow,
    stage: str,
    at: datetime,
    told: Changes,
    *,
    main: bool,
    due: Deadline = NO_DEADLINE,
    contractor: int | None = None,
) -> SpanRow:
    fields: dict[str, Any] = {
        "assignment_id": assignment.id,
        "main": main,
        "stage": stage,
        "round": case.round,
        "organisation_id": assignment.acting_org_id,
        "started_at": at,
    }
    if due.due_at is not None:
        fields["due_at"], fields["yellow_at"] = due
    if contractor is not None:
        fields["contractor_id"] = contractor
    told.append(("span", no, fields))
    return new_span(case, no, fields)


def _ended(span: SpanRow, at: datetime, outcome: str, actor: str, post: str, told: Changes) -> SpanRow:
    told.append(("span", span.no, {"ended_at": at, "outcome": outcome, "person": actor, "post": post}))
    return SpanRow._make((*span[:ENDING], at, outcome, post, actor, *span[ENDING + 4 :]))


def _changed(row: AssignmentRow, told: Changes, **fields: Any) -> AssignmentRow:
    told.append(("assignment", row.no, fields))
    return row._replace(**fields)
