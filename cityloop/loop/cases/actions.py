"""The only writers of cases. Both take every step through the same pure function, one transaction each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import NamedTuple

from django.db import connection, transaction

from cityloop.core import bulk, jobs
from cityloop.core.actor import Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.core.texts import Term
from cityloop.ground.audit.actions import set_heads
from cityloop.loop.cases import queries
from cityloop.loop.cases.facts import Call, Facts, Opening
from cityloop.loop.cases.forbids import counted
from cityloop.loop.cases.lifecycle import FACTS, NEW_FOUND, OPENS, STATES
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import (
    ASSIGNMENTS,
    CASES,
    ENTRIES,
    HOLDS,
    LINKS,
    SPANS,
    AssignmentRow,
    CaseRow,
    EntryRow,
    HoldRow,
    LinkRow,
    SpanRow,
)
from cityloop.loop.cases.settling import opinions, settled
from cityloop.loop.cases.snapshot import Outcome, Snapshot
from cityloop.loop.cases.step import step
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.evidence.actions import claim, photo_ids
from cityloop.reactions import REACTIONS

CASE_IDS = "cases_case_id_seq"
CARRIED = (
    *("rule_id", "ledger_row_id", "grid_id", "areas", "channel", "object_code", "lon", "lat", "address"),
    *("finder_org_id", "finder_level", "programme"),
)
"""What a case that is opened from another one has from it."""
NO_FACTS = Facts()


class Move(NamedTuple):
    """One step to take: its name, when it happened, what comes with it, and who takes it if not the caller."""

    step: str
    at: datetime
    facts: Facts = NO_FACTS
    actor: Actor | None = None


@dataclass
class Written:
    """The rows that steps leave behind, each in its last form, until they are written at once."""

    cases: dict[int, CaseRow] = field(default_factory=dict)
    assignments: dict[tuple[int, int], AssignmentRow] = field(default_factory=dict)
    spans: dict[tuple[int, int], SpanRow] = field(default_factory=dict)
    holds: dict[tuple[int, int], HoldRow] = field(default_factory=dict)
    links: dict[tuple[int, int], LinkRow] = field(default_factory=dict)
    entries: list[EntryRow] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        case = outcome.snapshot.case
        self.cases[case.id] = case
        for assignment in outcome.assignments:
            self.assignments[case.id, assignment.no] = assignment
        for span in outcome.spans:
            self.spans[case.id, span.no] = span
        for hold in outcome.holds:
            self.holds[case.id, hold.no] = hold
        for link in outcome.links:
            self.links[case.id, link.no] = link
        self.entries.append(outcome.entry)


@transaction.atomic
def advance(
    case_id: int,
    name: str,
    *,
    actor: Actor,
    at: datetime | None = None,
    recorded_at: datetime,
    facts: Facts = NO_FACTS,
    other: str = "",
    seen: int | None = None,
) -> Snapshot:
    """Move a case one step. Case, entry, assignment, span, clock and follow-up jobs are saved together or not at all,
    and so is the case that the step opens, if it does.

    `at` is when it happened as somebody told it; where that cannot be it counts from `recorded_at` and is kept beside.
    Photos among the evidence must have been uploaded (Unknown otherwise) and are kept from here on. `other`: the number
    of another case that the step is about. `seen` is the number of entries the caller knew of: where there are more by
    now, Conflict says so.
    """
    ids = [case_id, queries.id_of(other, actor)] if other else [case_id]
    held = queries.snapshots(ids, lock=True)
    snapshot = held.get(case_id)
    if snapshot is None:
        raise Unknown("case_unknown", number=case_id)
    if other:
        facts = facts._replace(other=queries.other_case(held[ids[1]]))
    if seen is not None and seen != snapshot.case.seq:
        state = snapshot.case.state
        raise Conflict("case_moved", state=Term(state, STATES[state]), seq=snapshot.case.seq)
    here = ground()
    counts = counted(at, snapshot.case.last_at, recorded_at)
    facts = _looked_up(name, snapshot, facts, here, counts)
    if at is not None and at != counts:
        facts = facts._replace(told_at=at.isoformat())
    written, fresh = Written(), set[int]()
    if kind := OPENS.get(name) or (OPENS["recur"] if name == "check" and facts.verdict == NEW_FOUND else ""):
        number, opened_id = take_number(here.city.code, here.city.day(counts))
        facts = facts._replace(opened=number)
    if name == "settle":
        # what refuses it is said before the ledger is written
        step(snapshot, name, actor, counts, facts, clock=here.clock, recorded_at=recorded_at)
        facts = facts._replace(ledger_row=settled(snapshot, facts, here, actor, counts))
    outcome = step(snapshot, name, actor, counts, facts, clock=here.clock, recorded_at=recorded_at)
    if photos := photo_ids(facts.evidence):
        claim(photos, actor=actor, at=recorded_at)
    written.add(outcome)
    if kind:
        opening = _opening(snapshot, opened_id, facts.opened, kind, counts)
        opens = Facts(opening=opening, note=facts.note or facts.reason)
        written.add(step(None, "report", actor, counts, opens, clock=here.clock, recorded_at=recorded_at))
        fresh.add(opened_id)
    save(written, fresh=frozenset(fresh), before={case_id: snapshot.case})
    return outcome.snapshot


def _looked_up(name: str, snapshot: Snapshot, facts: Facts, here: Ground, at: datetime) -> Facts:
    """What a step needs to know that nobody tells: the row of the rule book, and how much was granted this month."""
    if name == "file" and facts.rule is None:
        return facts._replace(rule=_chosen(snapshot.case, facts.situation, here))
    if name == "set_up" and facts.scenario:
        return facts._replace(calls=_called(facts.scenario, here, at))
    if name == "settle":
        return facts._replace(heard=bool(opinions(snapshot.case.id)))
    hold, unit = snapshot.hold, snapshot.unit
    if name == "grant_hold" and hold is not None and unit is not None and hold.kind in here.clock.policy.caps:
        month = datetime.combine(here.city.day(at).replace(day=1), time(), here.city.zone)
        return facts._replace(share=queries.share(hold, unit.acting_org_id, month))
    return facts


def _called(code: str, here: Ground, at: datetime) -> tuple[Call, ...]:
    """Whom a scenario calls, as the organisations are on that day."""
    scenario = here.clock.policy.scenarios.get(code)
    if scenario is None:
        raise Refused("fact_wrong", fact=Term("scenario", FACTS["scenario"]), value=code)
    bodies = (
        (member, here.organisations.in_force(member.organisation, here.city.day(at))) for member in scenario.members
    )
    return tuple(
        Call(member.kind, body.id, body.path, member.urgency, member.within, member.delivery) for member, body in bodies
    )


def _opening(snapshot: Snapshot, id_: int, number: str, kind: str, at: datetime) -> Opening:
    """A case that is opened from another one: at the same place, of the same category, back at the desk."""
    old = snapshot.case
    told = {name: getattr(old, name) for name in CARRIED}
    case = CaseRow(id_, number, "", 0, FIRST, at, 0, 0, 1, at, None, old.category_id, **told)
    return Opening(case, snapshot.root.acting_org_id, (kind, old.id))


def _chosen(case: CaseRow, situation: str, here: Ground) -> int | None:
    """The row of the rule book that a case is filed under: the one it was opened with, or the situation named."""
    if not situation or case.rule_id is None:
        return case.rule_id
    return here.rules.rule(here.rules.by_id[case.rule_id].category_code, here.city.day(case.opened_at), situation).id


def advance_many(
    plans: Iterable[tuple[Snapshot | None, Sequence[Move]]],
    *,
    actor: Actor,
    recorded_at: datetime,
    react: bool = True,
) -> list[Snapshot]:
    """Take many steps of many cases, in bulk and in the caller's transaction; the first refusal undoes nothing here
    but reaches the caller.

    A plan is a case as it stands (locked by the caller), or None where its first move opens it. With `react` off no
    follow-up job runs: what is being told is long past.
    """
    written, fresh, before, after = Written(), set[int](), dict[int, CaseRow](), list[Snapshot]()
    clock = ground().clock
    for snapshot, moves in plans:
        now = snapshot
        if snapshot is not None:
            before[snapshot.case.id] = snapshot.case
        for name, at, facts, taker in moves:
            outcome = step(now, name, taker or actor, at, facts, clock=clock, recorded_at=recorded_at)
            now = outcome.snapshot
            written.add(outcome)
        if now is not None:
            after.append(now)
            if snapshot is None:
                fresh.add(now.case.id)
    save(written, fresh=frozenset(fresh), before=before, react=react)
    return after


def save(written: Written, *, fresh: frozenset[int], before: dict[int, CaseRow], react: bool = True) -> None:
    """Write what steps left: rows of `fresh` cases are new, those of others are new from `before`'s counts on."""
    bulk.insert(CASES, [row for row in written.cases.values() if row.id in fresh])
    bulk.upsert(CASES, [row for row in written.cases.values() if row.id not in fresh])
    bulk.insert(ASSIGNMENTS, [row for key, row in written.assignments.items() if key[0] in fresh])
    bulk.upsert(ASSIGNMENTS, [row for key, row in written.assignments.items() if key[0] not in fresh])
    bulk.insert(SPANS, [row for key, row in written.spans.items() if key[0] in fresh])
    bulk.upsert(SPANS, [row for key, row in written.spans.items() if key[0] not in fresh])
    bulk.upsert(HOLDS, list(written.holds.values()))
    bulk.upsert(LINKS, list(written.links.values()))
    bulk.insert(ENTRIES, written.entries)
    heads = [(row.id in fresh, (row.number, row.seq, row.head)) for row in written.cases.values()]
    set_heads(fresh=[head for new, head in heads if new], moved=[head for new, head in heads if not new])
    if react:
        jobs.defer(
            (job, {"case_id": entry.case_id, "entry": entry.seq})
            for entry in written.entries
            for job in REACTIONS.get(entry.step, ())
        )


def take_number(prefix: str, day: date) -> tuple[str, int]:
    """The next number of a day (prefix, date, serial of five digits or more) and the id for its case.

    Outside a transaction it does not wait for the disk: whatever durable commit uses the number makes it last too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH lasting AS MATERIALIZED (SELECT set_config('synchronous_commit',"
            "  CASE WHEN %s THEN current_setting('synchronous_commit') ELSE 'off' END, true))"
            " INSERT INTO cases_numbercounter AS n (day, last) SELECT %s::date, 1 FROM lasting"
            " ON CONFLICT (day) DO UPDATE SET last = n.last + 1 RETURNING last, nextval(%s::regclass)",
            [connection.in_atomic_block, day, CASE_IDS],
        )
        last, case_id = cursor.fetchone()
    return f"{prefix}{day:%Y%m%d}{last:05d}", case_id


def past_number(prefix: str, day: date, serial: int) -> str:
    """The number of a case taken over from a history, the `serial`-th of its day; never one of `take_number`'s."""
    return f"{prefix}{day:%Y%m%d}9{serial:05d}"
