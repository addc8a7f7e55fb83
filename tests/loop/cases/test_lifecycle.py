"""The lifecycle under any sequence of steps: a state machine that knows nothing but the table."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cases.clocks import clock, limit, take
from cityloop.core.actor import SYSTEM, Actor, HeldPost
from cityloop.core.errors import CityloopError, Conflict, Denied, Refused
from cityloop.core.units import LimitUnit
from cityloop.loop.cases import duties, holds
from cityloop.loop.cases.facts import Call, Deadlines, Extension, Facts, Opening, Other, Recounted, Share
from cityloop.loop.cases.lifecycle import (
    DOES_DUTY,
    ENDED,
    JUDGES_DUTY,
    MAIN_LINE,
    NESTED,
    ON_A_DUTY,
    RETURN_REASONS,
    STATES,
    STEPS,
    STEPS_FROM,
)
from cityloop.loop.cases.record import FIRST, compare, rebuild
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, EntryRow, HoldRow, LinkRow, SpanRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Clock, Combined, Deadline
from cityloop.loop.clocks.policy import Approval, Policy

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CENTRE, CREW, OTHER, THIRD = 1, 7, 8, 9
NUMBER = "1234562026030200001"


def opened(at: datetime = START) -> Facts:
    case = CaseRow(
        41, NUMBER, "", 0, FIRST, at, 0, 0, 1, at, None, 5, rule_id=9, grid_id=3, areas=(1, 2), channel="app"
    )
    return Facts(opening=Opening(case, CENTRE))


LIMITED = clock(
    [limit("handle", "2", "h", "fence"), limit("handle", "2", "wd", "repair"), limit("total", "6", "wd")],
    stages={"sign_for": limit("sign_for", "2", "wh"), "register": limit("register", "1", "wh")},
    combined=(Combined(frozenset({"file", "dispatch"}), limit("", "4", "wh")),),
    policy=Policy(
        return_within=limit("", "3", "d"),
        redo_within=limit("", "2", "d"),
        published_on=5,
        approvals=(
            Approval("extension", ("dispatcher",)),
            Approval("extension", ("section_chief", "command_leader"), since=2),
            Approval("shelving", ("section_chief", "main_leader"), over=limit("", "5", "d"), form=True),
        ),
        caps={"deferral": Decimal("0.5")},
    ),
)
"""With a limit for nearly everything: time, parts, requests and their approvals are tried as well."""
FED_BACK = replace(LIMITED, policy=LIMITED.policy._replace(feedback="required"))


def complete(at: datetime, organisation: int = CREW) -> Facts:
    """Facts that leave nothing to ask for, whatever the step."""
    return Facts(
        extension=Extension(Decimal(1), LimitUnit.WORKING_DAYS),
        until=at + timedelta(hours=30),
        review_on=at.date() + timedelta(days=9),
        measures="fenced off",
        recounted=Recounted(Deadlines(NO_DEADLINE, NO_DEADLINE)),
        rule=9,
        organisation=organisation,
        organisation_path=(CENTRE, organisation),
        deadline=Deadline(at + timedelta(hours=8), at + timedelta(hours=6)),
        reason="not_ours",
        result="mended",
        verdict="solved",
        closing_kind="solved",
        basis="Decree 7",
        means="service",
        link="part_of",
        other=Other(77, "other", "handling", CREW),
        organisations=((OTHER, (CENTRE, OTHER)), (THIRD, (CENTRE, THIRD))),
        urgency="hard",
        scenario="storm",
        tier="line",
        heard=True,
        ledger_row=12,
        calls=(Call("make_safe", OTHER, (CENTRE, OTHER)), Call("report_in", THIRD, (CENTRE, THIRD), "urgent")),
        rating="good",
        share=Share(1, 4),
        evidence=("form",),
    )


REFUSALS = {
    *("step_unknown", "state_wrong", "time_before_last", "fact_missing", "fact_wrong", "dispatch_ruled"),
    *("hold_open", "hold_none", "hold_not_running", "hold_too_late", "hold_in_the_past", "part_last", "form_missing"),
    *("return_too_late", "feedback_missing", "feedback_skipped", "verdict_against", "case_published", "redo_too_late"),
    *("link_known", "link_none", "merge_handlers_differ"),
    *("duties_open", "duty_stage", "duty_ended", "duty_known", "duty_not_below", "duty_beyond", "rating_missing"),
}


ENDINGS = frozenset({"refuse", "withdraw", "merge", "void"})


def possible(state: str, pick: int) -> str:
    """A step that begins at a state; those that lead on come up more often than those that end the case."""
    names = [name for name in STEPS_FROM[state] if name != "recount"]
    on = [name for name in names if name not in ENDINGS]
    return [*names, *on, *on][pick % (len(names) + 2 * len(on))]


def about_a_duty(name: str, facts: Facts, before: Snapshot, pick: int) -> Facts:
    """The same, where a step hands work down or is about one of the duties that are open."""
    open_ = [duty.row for duty in before.duties]
    chosen = open_[pick % len(open_)] if open_ else None
    if name in ON_A_DUTY:
        return facts._replace(duty=chosen.no if chosen else 0)
    if name != "delegate" or before.unit is None:
        return facts
    above = chosen if chosen and pick % 2 else before.unit
    below = above.acting_org_id * 10
    return facts._replace(
        duty=above.no if above is chosen else 0,
        organisation=below,
        organisation_path=(CENTRE, above.acting_org_id, below),
    )


class Loop(RuleBasedStateMachine):
    """Any step at any time, allowed or not; what was taken is kept as the database would keep it."""

    @initialize(clock=st.sampled_from([LIMITED, FED_BACK]), gone=st.integers(0, len(MAIN_LINE)))
    def open(self, clock: Clock, gone: int) -> None:
        """A case that has gone so far along the line already."""
        self.clock = clock
        self.at = START
        self.refusal: CityloopError | None = None
        self.entries: list[EntryRow] = []
        self.assignments: dict[int, AssignmentRow] = {}
        self.spans: dict[int, SpanRow] = {}
        self.holds: dict[int, HoldRow] = {}
        self.links: dict[int, LinkRow] = {}
        self._keep(take(None, "report", SYSTEM, START, opened(), clock=clock, recorded_at=START))
        line = [*MAIN_LINE[1:6], *(["feed_back"] if clock is FED_BACK else []), *MAIN_LINE[6:]]
        for name in line[:gone]:
            self.at += timedelta(minutes=20)
            self._keep(take(self.snapshot, name, SYSTEM, self.at, complete(self.at), clock=clock, recorded_at=self.at))

    @rule(
        name=st.one_of(
            st.integers(0, 10_000),
            st.integers(0, 10_000),
            st.integers(0, 10_000),
            st.sampled_from([*(name for name in STEPS if name != "recount"), "no_such_step"]),
        ),
        minutes=st.integers(-2, 300),
        verdict=st.sampled_from(["", "true", "false", "solved", "solved", "not_solved"]),
        whole=st.sampled_from([True, True, True, True, True, False]),
        told=st.booleans(),
        organisation=st.sampled_from([CREW, OTHER]),
        within=st.sampled_from([None, Extension(Decimal(90), LimitUnit.DAYS), Extension(Decimal(1), LimitUnit.HOURS)]),
        pick=st.integers(0, 11),
    )
    def attempt(
        self,
        name: str | int,
        minutes: int,
        verdict: str,
        whole: bool,
        told: bool,
        organisation: int,
        within: Extension | None,
        pick: int,
    ) -> None:
        at = self.at + timedelta(minutes=minutes)
        facts = complete(at, organisation)._replace(verdict=verdict, within=within) if whole else Facts()
        facts = facts if told else facts._replace(deadline=None)
        before = self.snapshot
        name = name if isinstance(name, str) else possible(before.case.state, name)
        facts = about_a_duty(name, facts, before, pick) if whole else facts
        try:
            outcome = take(before, name, SYSTEM, at, facts, clock=self.clock, recorded_at=at)
        except (Conflict, Refused) as refusal:
            self.refusal = refusal
            return
        assert before.case.state in STEPS[name].sources
        assert at >= before.case.last_at
        self.at = at
        self._keep(outcome)

    @invariant()
    def refusals_are_of_the_house(self) -> None:
        assert self.refusal is None or self.refusal.code in REFUSALS
        assert self.refusal is None or str(self.refusal)

    def _keep(self, outcome: Any) -> None:
        self.snapshot: Snapshot = outcome.snapshot
        self.entries.append(outcome.entry)
        self.assignments |= {row.no: row for row in outcome.assignments}
        self.spans |= {row.no: row for row in outcome.spans}
        self.holds |= {row.no: row for row in outcome.holds}
        self.links |= {row.no: row for row in outcome.links}

    @invariant()
    def state_is_of_the_table(self) -> None:
        case = self.snapshot.case
        assert case.state in STATES
        assert (case.closed_at is not None) == (case.state in ENDED)
        assert case.seq == len(self.entries)

    @invariant()
    def spans_tile_their_assignments(self) -> None:
        for assignment in self.assignments.values():
            mine = sorted((s for s in self.spans.values() if s.assignment_id == assignment.id), key=lambda s: s.no)
            assert mine[0].started_at == assignment.started_at
            for before, after in itertools.pairwise(mine):
                assert before.ended_at == after.started_at
            assert mine[-1].ended_at == assignment.ended_at

    @invariant()
    def main_track_tiles_the_case(self) -> None:
        case = self.snapshot.case
        main = sorted((s for s in self.spans.values() if s.main), key=lambda s: s.no)
        assert main[0].started_at == case.opened_at
        assert all(a.ended_at == b.started_at for a, b in itertools.pairwise(main))
        assert main[-1].ended_at == case.closed_at

    @invariant()
    def handlers_lie_within_the_centre(self) -> None:
        root = self.assignments[1]
        for assignment in self.assignments.values():
            assert assignment.started_at >= root.started_at
            assert root.ended_at is None or (assignment.ended_at and assignment.ended_at <= root.ended_at)
        open_ = [a.no for a in self.assignments.values() if a.no > 1 and a.kind == "main" and a.ended_at is None]
        assert len(open_) <= 1
        assert not open_ or open_ == [self.snapshot.case.unit_no]

    @invariant()
    def a_duty_lies_within_the_one_above(self) -> None:
        by_id = {assignment.id: assignment for assignment in self.assignments.values()}
        for duty in self.assignments.values():
            above = by_id.get(duty.parent_id or 0)
            if above is None:
                continue
            assert duty.started_at >= above.started_at
            assert above.ended_at is None or (duty.ended_at and duty.ended_at <= above.ended_at)
            if duty.kind in NESTED and duty.ended_at is None and above.due_at:
                assert duty.due_at is not None
                assert duty.due_at <= above.due_at

    @invariant()
    def an_open_duty_can_go_on(self) -> None:
        open_ = [a for a in self.assignments.values() if a.kind != "main" and a.ended_at is None]
        assert [duty.row for duty in self.snapshot.duties] == sorted(open_, key=lambda duty: duty.no)
        for duty, task in zip(self.snapshot.duties, duties.tasks(self.snapshot), strict=True):
            assert self.spans[duty.span.no] == duty.span
            assert any(duties.offered(name, task) for name in DOES_DUTY | JUDGES_DUTY)
            assert self.snapshot.case.state in STEPS["finish_duty"].sources

    @invariant()
    def the_snapshot_is_what_was_kept(self) -> None:
        assert self.snapshot.links == tuple(self.links[no] for no in sorted(self.links))
        assert sum(link.kind == "duplicate_of" and link.ended_at is None for link in self.links.values()) == (
            self.snapshot.case.state == "merged"
        )
        assert sorted(self.snapshot.granted) == sorted(row.kind for row in self.holds.values() if row.granted)

    @invariant()
    def entries_rebuild_the_rows(self) -> None:
        rebuilt = rebuild(NUMBER, self.entries)
        assert not rebuilt.broken
        rows = self.assignments.values(), self.spans.values(), self.holds.values(), self.links.values()
        assert not compare(rebuilt, self.snapshot.case, *rows)

    @invariant()
    def deadlines_agree(self) -> None:
        case, unit, hold = self.snapshot.case, self.snapshot.unit, self.snapshot.hold
        shelved = hold is not None and hold.kind == "shelving" and bool(hold.granted) and hold.ended_at is None
        assert case.first_due_at is None or case.due_at is not None or shelved
        assert hold is None or sum(row.granted is None and row.ended_at is None for row in self.holds.values()) <= 1
        span = self.snapshot.unit_span
        if unit and span and span.stage == "handle":
            parts = {part.name: part.due_at for part in holds.parts_of(unit)}
            assert span.due_at == (parts[span.part] if parts and unit.due_at else unit.due_at)
            assert not parts or unit.due_at in (None, *parts.values())
        if self.snapshot.root_span and self.snapshot.root_span.stage == "out":
            assert self.snapshot.root_span.due_at == case.due_at

    @invariant()
    def an_open_case_can_go_on(self) -> None:
        state = self.snapshot.case.state
        assert state in ENDED or any(state in row.sources for row in STEPS.values())


TestLoop = Loop.TestCase
TestLoop.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def walk(*names: str, start: Snapshot | None = None) -> Snapshot:
    """The case after these steps, an hour apart."""
    now = start
    for hours, name in enumerate(names):
        at = START + timedelta(hours=hours) if start is None else start.case.last_at + timedelta(hours=hours + 1)
        facts = opened(at) if name == "report" else complete(at)
        now = take(now, name, SYSTEM, at, facts, recorded_at=at).snapshot
    assert now is not None
    return now


def test_main_line_reaches_the_end() -> None:
    closed = walk(*MAIN_LINE)
    assert closed.case.state == "closed"
    assert closed.case.closed_at == START + timedelta(hours=7)
    assert closed.unit is not None
    assert closed.unit.verdict == "handled"


def test_rework_opens_a_numbered_round_with_a_full_clock() -> None:
    again = walk("rework", start=walk(*MAIN_LINE[:6]))
    assert again.case.round == 2
    assert again.unit is not None
    assert (again.unit.no, again.unit.round, again.unit.acting_org_id) == (3, 2, CREW)
    assert again.unit.due_at == again.case.last_at + timedelta(hours=8)
    assert again.case.first_due_at == START + timedelta(hours=3 + 8)


def test_return_goes_back_to_the_dispatcher_and_a_ruled_dispatch_does_not() -> None:
    asked = walk("request_return", start=walk(*MAIN_LINE[:4]))
    assert walk("grant_return", start=asked).case.state == "filed"
    denied = walk("deny_return", start=asked)
    assert denied.case.state == "handling"
    with pytest.raises(Refused, match="ruled"):
        walk("request_return", start=denied)


def test_every_return_reason_is_typed() -> None:
    dispatched = walk(*MAIN_LINE[:4])
    at = dispatched.case.last_at
    for reason in RETURN_REASONS:
        take(dispatched, "request_return", SYSTEM, at, Facts(reason=reason), recorded_at=at)
    with pytest.raises(Refused, match="cannot be no idea"):
        take(dispatched, "request_return", SYSTEM, at, Facts(reason="no idea"), recorded_at=at)


@pytest.mark.parametrize(
    ("post", "allowed"),
    [
        (HeldPost("crew", "command", frozenset({"cases.sign_for"}), CREW, None, handles=True), True),
        (HeldPost("above", "command", frozenset({"cases.sign_for"}), CENTRE, None, handles=True), True),
        (HeldPost("other", "command", frozenset({"cases.sign_for"}), OTHER, None, handles=True), False),
        (HeldPost("there", "command", frozenset({"cases.sign_for"}), CREW, 2, handles=True), True),
        (HeldPost("elsewhere", "command", frozenset({"cases.sign_for"}), CREW, 99, handles=True), False),
        (HeldPost("desk", "supervision", frozenset({"cases.file"}), CENTRE, None), False),
    ],
)
def test_only_the_right_post_signs_for(post: HeldPost, allowed: bool) -> None:
    dispatched = walk(*MAIN_LINE[:4])
    actor, at = Actor("user:1", "somebody", (post,)), dispatched.case.last_at
    if allowed:
        assert take(dispatched, "sign_for", actor, at, Facts(), recorded_at=at).entry.post == post.code
    else:
        with pytest.raises(Denied):
            take(dispatched, "sign_for", actor, at, Facts(), recorded_at=at)


@pytest.mark.parametrize("field", [name for name in EntryRow._fields if name not in ("case_id", "seq", "algo")])
def test_any_changed_field_of_an_entry_breaks_the_chain(field: str) -> None:
    at = START
    first = take(None, "report", SYSTEM, at, opened(), recorded_at=at)
    second = take(first.snapshot, "register", SYSTEM, at, Facts(), recorded_at=at)
    entries = [first.entry, second.entry]
    assert not rebuild(NUMBER, entries).broken
    other: dict[type, Any] = {str: "x", bool: True, list: [1], datetime: START - timedelta(1), bytes: b"x"}
    entries[1] = entries[1]._replace(**{field: other[type(getattr(entries[1], field))]})
    assert rebuild(NUMBER, entries).broken


def test_typed_reasons_are_kept_beside_the_note() -> None:
    dispatched = walk(*MAIN_LINE[:4])
    at = dispatched.case.last_at
    facts = Facts(reason="not_ours", note="see row 12")
    entry = take(dispatched, "request_return", SYSTEM, at, facts, recorded_at=at).entry
    assert entry.note == "see row 12"
    assert '["told",0,{"reason":"not_ours"}]' in entry.changes
