"""A chunk of history in one transaction, by the same pure steps as everything else."""

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction

from cityloop.core import bulk
from cityloop.core.actor import HISTORY
from cityloop.core.bulk import Table
from cityloop.ground.places.locate import AreaMap, Place
from cityloop.ground.places.queries import areas_on
from cityloop.loop.cases import actions as cases
from cityloop.loop.cases.actions import Move
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import ENDED, STEPS
from cityloop.loop.cases.queries import snapshots, taken_numbers
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import Deadline
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.dispatch.actions import assignment_facts
from cityloop.loop.history.rows import HistoryRow, PlannedStep
from cityloop.loop.intake.actions import FACTS, REPORTS, fact_rows, opening, report_row
from cityloop.loop.intake.facts import Learned, learn
from cityloop.loop.intake.report import FactValue, Report

REPORTS_WITH_ID = Table(REPORTS.name, {"id": "int8", **REPORTS.columns})
REPLIES = Table("intake_reply", {"report_id": "int8", "answered_at": "timestamptz", "answer": "text"}, ("report_id",))
UNTOLD = "-"
"""The result of a handling whose words the history does not give."""


class Numbered(NamedTuple):
    """A row with its number of the day, and as much of its raw input as is known by now, as JSON text."""

    row: HistoryRow
    day: date
    serial: int
    told: bool
    raw: str


def numbered(row: HistoryRow, day: date, serial: int, until: datetime | None, complete: bool) -> Numbered:
    """A row ready for its way to a worker: texts travel lighter than tables."""
    told = complete or (row.closed_at is not None and (until is None or row.closed_at <= until))
    raw = row.raw if told else {name: value for name, value in row.raw.items() if name not in row.later}
    row.raw = {}
    return Numbered(row, day, serial, told, orjson.dumps(raw).decode())


@dataclass
class Taken:
    """What became of a chunk; `rejects` as (line, field, reason, value)."""

    taken: int = 0
    known: int = 0
    continued: int = 0
    diverged: int = 0
    steps: int = 0
    rejects: list[tuple[int, str, str, str | None]] = field(default_factory=list)
    process: int = field(default_factory=os.getpid)
    peak_rss_mib: int = 0


class Known(NamedTuple):
    report_id: int
    case_id: int
    state: str
    seq: int
    complete: bool


def take(rows: Sequence[Numbered], until: datetime | None, now: datetime) -> Taken:
    """Take the rows of a chunk in, as far as they were known at `until` (None: all of it)."""
    here = ground()
    done = Taken()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")  # a lost chunk is simply taken again
        known = _known([one.row for one in rows])
        fresh = [numbered for numbered in rows if (numbered.row.channel, numbered.row.outside_id) not in known]
        _take_new(fresh, here, until, now, done)
        again = [(one, known[one.row.key]) for one in rows if one.row.key in known]
        _go_on(again, here, until, now, done)
    done.peak_rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return done


def _known(rows: Sequence[HistoryRow]) -> dict[tuple[str, str], Known]:
    later = sorted({column for row in rows[:1] for column in row.later})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.channel, r.outside_id, r.id, c.id, c.state, c.seq, r.raw ?| %s::text[]"
            " FROM unnest(%s::text[], %s::text[]) AS w (channel, outside_id)"
            " JOIN intake_report r USING (channel, outside_id) JOIN cases_case c ON c.id = r.case_id",
            [later, [row.channel for row in rows], [row.outside_id for row in rows]],
        )
        return {(channel, outside_id): Known(*rest) for channel, outside_id, *rest in cursor.fetchall()}


def _take_new(rows: Sequence[Numbered], here: Ground, until: datetime | None, now: datetime, done: Taken) -> None:
    if not rows:
        return
    case_ids = bulk.reserve(cases.CASE_IDS, len(rows))
    report_ids = bulk.reserve("intake_report_id_seq", len(rows))
    numbers = _numbers(rows, here.city.code)
    located = _located(rows, here.city.revision)
    plans: list[tuple[None, list[Move]]] = []
    reports: list[Sequence[Any]] = []
    facts: list[Sequence[Any]] = []
    replies: list[Sequence[Any]] = []
    for one, number, (areas, place), case_id, report_id in zip(
        rows, numbers, located, case_ids, report_ids, strict=True
    ):
        row = one.row
        report = _report(one, now)
        learned = learn(report, place, areas, here)
        if learned.rule is None:
            done.rejects.append((row.line, "opened", "before_valid_from", row.opened_at.isoformat()))
            continue
        moves = _moves(row, report, learned, here, number, case_id, until)
        plans.append((None, moves))
        done.steps += len(moves)
        reports.append((report_id, *report_row(report, f"R{number}", case_id)))
        facts += fact_rows(report_id, _first_facts(row, learned, here), now)
        if one.told:
            facts += fact_rows(report_id, _last_facts(row), now)
        replies.append((report_id, *_reply(row, until)))
    cases.advance_many(plans, actor=HISTORY, recorded_at=now, react=False)
    bulk.insert(REPORTS_WITH_ID, reports)
    bulk.insert(FACTS, facts)
    bulk.insert(REPLIES, replies)
    done.taken += len(plans)


def _go_on(
    pairs: Sequence[tuple[Numbered, Known]], here: Ground, until: datetime | None, now: datetime, done: Taken
) -> None:
    """Known cases: take the steps that were not known when they were taken in."""
    done.known += len(pairs)
    unfinished = [(one, known) for one, known in pairs if not known.complete or known.state not in ENDED]
    standing = snapshots([known.case_id for _, known in unfinished], lock=True) if unfinished else {}
    plans: list[tuple[Snapshot, list[Move]]] = []
    facts: list[Sequence[Any]] = []
    replies: list[Sequence[Any]] = []
    completed: list[tuple[int, str]] = []
    for one, known in unfinished:
        row = one.row
        snapshot = standing[known.case_id]
        steps = [step for step in row.steps if until is None or step.at <= until]
        if snapshot.case.seq < len(steps):
            if _diverged(snapshot, row):
                done.diverged += 1
                continue
            moves = _further_moves(row, steps[snapshot.case.seq :], snapshot, here)
            plans.append((snapshot, moves))
            done.steps += len(moves)
            done.continued += 1
            replies.append((known.report_id, *_reply(row, until)))
        if not known.complete and one.told:
            facts += fact_rows(known.report_id, _last_facts(row), now)
            completed.append((known.report_id, one.raw))
    cases.advance_many(plans, actor=HISTORY, recorded_at=now, react=False)
    bulk.insert(FACTS, facts)
    bulk.upsert(REPLIES, replies)
    if completed:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE intake_report r SET raw = r.raw || w.later::jsonb"
                " FROM unnest(%s::bigint[], %s::text[]) AS w (id, later) WHERE r.id = w.id",
                [[report for report, _ in completed], [later for _, later in completed]],
            )


def _located(rows: Sequence[Numbered], revision: str) -> list[tuple[AreaMap, Place]]:
    """The map of each row's day, and where its point lies on it; one search per map."""
    maps = [areas_on(revision, one.day) for one in rows]
    found: dict[int, Place] = {}
    for areas in {id(areas): areas for areas in maps}.values():
        mine = [i for i, its in enumerate(maps) if its is areas]
        places = areas.places(*zip(*((rows[i].row.lon, rows[i].row.lat, rows[i].row.area) for i in mine), strict=True))
        found.update(zip(mine, places, strict=True))
    return [(areas, found[i]) for i, areas in enumerate(maps)]


def _diverged(snapshot: Snapshot, row: HistoryRow) -> bool:
    """Whether somebody else moved the case meanwhile, so that the history's next step no longer fits."""
    taken = row.steps[: snapshot.case.seq]
    return taken[-1].at != snapshot.case.last_at or STEPS[taken[-1].name].target != snapshot.case.state


def _report(one: Numbered, now: datetime) -> Report:
    row = one.row
    return Report(
        channel=row.channel,
        outside_id=row.outside_id,
        happened_at=row.opened_at,
        recorded_at=now,
        raw=one.raw,
        lon=row.lon,
        lat=row.lat,
        address=row.address,
        words=row.words,
        category=row.category,
        area=row.area,
    )


def _numbers(rows: Sequence[Numbered], prefix: str) -> list[str]:
    """The cases' numbers; one that an earlier file of the same days has taken gets the first free mark: -2, -3, ..."""
    numbers = [cases.past_number(prefix, one.day, one.serial) for one in rows]
    waiting, mark = dict.fromkeys(range(len(rows)), ""), 1
    while waiting:
        wanted = {i: numbers[i] + suffix for i, suffix in waiting.items()}
        taken = taken_numbers(wanted.values())
        for i, number in wanted.items():
            if number not in taken:
                numbers[i] = number
        mark += 1
        waiting = {i: f"-{mark}" for i, number in wanted.items() if number in taken}
    return numbers


def _moves(
    row: HistoryRow,
    report: Report,
    learned: Learned,
    here: Ground,
    number: str,
    case_id: int,
    until: datetime | None,
) -> list[Move]:
    moves = []
    for step in row.steps:
        if until is not None and step.at > until:
            break
        if step.name == "report":
            facts = opening(report, learned, here, number, case_id)._replace(inferred=step.inferred)
        else:
            facts = _facts(step, row, learned.rule.id if learned.rule else None, learned, here)
        moves.append(Move(step.name, step.at, facts))
    return moves


def _further_moves(row: HistoryRow, steps: Sequence[PlannedStep], snapshot: Snapshot, here: Ground) -> list[Move]:
    return [Move(step.name, step.at, _facts(step, row, snapshot.case.rule_id, None, here)) for step in steps]


_PLAIN = {
    (name, inferred): Facts(inferred=inferred, verdict=verdict, closing_kind=kind)
    for name, verdict, kind in (
        ("register", "", ""),
        ("sign_for", "", ""),
        ("check", "solved", ""),
        ("close", "", "solved"),
    )
    for inferred in (True, False)
}


def _facts(step: PlannedStep, row: HistoryRow, rule: int | None, learned: Learned | None, here: Ground) -> Facts:
    """What the history gives to a step. It goes to the organisation named; else by the ledger; else to the centre."""
    plain = _PLAIN.get((step.name, step.inferred))
    if plain is not None:
        return plain
    if step.name == "file":
        return Facts(inferred=step.inferred, rule=rule)
    if step.name == "handle":
        return Facts(inferred=step.inferred, result=row.answer or UNTOLD)
    answer = learned.answer if learned else None
    if row.organisation:
        organisation = here.organisations.named(row.organisation)
    elif answer and answer.handler:
        organisation = here.organisations.by_id[answer.handler]
    else:
        organisation = here.organisations.named(here.city.settings["centre"])
    facts = assignment_facts(organisation, answer)
    return facts._replace(inferred=step.inferred, deadline=_deadline(row, step.at, here))


def _deadline(row: HistoryRow, start: datetime, here: Ground) -> Deadline | None:
    """The city's own due date where the history gives one; else the rule book decides."""
    if row.due_at is None:
        return None
    return Deadline(row.due_at, start + (row.due_at - start) * float(here.city.yellow_share))


def _first_facts(row: HistoryRow, learned: Learned, here: Ground) -> list[FactValue]:
    """What is known at the opening: oddities, the city's due date and what our own clock says beside it.

    What the row itself says of its place is more exact than what was learned of it.
    """
    known = [FactValue(*fact) for fact in row.facts if fact.name.startswith(_AT_OPENING)]
    known += [fact for fact in learned.facts if not (fact.name.startswith("place_") and known)]
    if row.due_at is not None and learned.rule is not None:
        known.append(FactValue("target", row.due_at.isoformat(), "history"))
        by_rule = here.due(learned.rule.id, row.opened_at)
        if by_rule is not None:
            known.append(FactValue("due_by_rule", by_rule.astimezone(UTC).isoformat(), "clock"))
    return known


_AT_OPENING = ("place_", "area_", "category_", "organisation_", "channel_", "due_")
"""How the names of those facts begin that are known at the opening; all others only at the end."""


def _last_facts(row: HistoryRow) -> list[FactValue]:
    facts = [FactValue(*fact) for fact in row.facts if not fact.name.startswith(_AT_OPENING)]
    if row.flag:
        facts.append(FactValue("on_time_flag", row.flag, "history"))
    return facts


def _reply(row: HistoryRow, until: datetime | None) -> tuple[datetime | None, str]:
    ended = row.closed_at is not None and (until is None or row.closed_at <= until)
    return (row.closed_at, row.answer) if ended else (None, "")
