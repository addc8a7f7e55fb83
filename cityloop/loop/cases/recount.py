"""Deadlines beyond what a calendar knew are provisional: counted anew, by an entry each, once it knows more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from django.db import connection, transaction

from cityloop.core.actor import SYSTEM
from cityloop.loop.cases import holds
from cityloop.loop.cases.actions import Move, advance_many
from cityloop.loop.cases.facts import Facts, Recounted
from cityloop.loop.cases.queries import Begun, clocks_begun, holds_of, snapshots
from cityloop.loop.cases.rows import HoldRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.ground import ground

CHUNK = 500


def recount(before: WorkCalendar, *, at: datetime) -> int:
    """Count anew what lay beyond the days that a calendar knew `before` it was changed; in how many cases that moved
    something. A deadline that somebody else set is left alone: it is not what the calendar gave."""
    now = ground().clock
    then = replace(now, calendars={**now.calendars, before.code: before})
    moved = 0
    for ids in _beyond(before):
        with transaction.atomic():
            moved += _recount(ids, then, now, at)
    return moved


def _recount(ids: Sequence[int], then: Clock, now: Clock, at: datetime) -> int:
    standing, asked, begun = snapshots(ids, lock=True), holds_of(ids), clocks_begun(ids, now.rules.starts)
    plans = []
    for case_id, snapshot in standing.items():
        if snapshot.unit is None or snapshot.case.closed_at is not None or case_id not in begun:
            continue
        facts = _counted(snapshot, asked.get(case_id, []), begun[case_id], then, now)
        if facts is not None:
            plans.append((snapshot, [Move("recount", max(at, snapshot.case.last_at), Facts(recounted=facts))]))
    advance_many(plans, actor=SYSTEM, recorded_at=at)
    return len(plans)


def _counted(snapshot: Snapshot, asked: Sequence[HoldRow], begun: Begun, then: Clock, now: Clock) -> Recounted | None:
    """The deadlines by the calendar as it is now, if the present ones are those of the calendar as it was."""
    case, unit = snapshot.case, snapshot.unit
    assert unit is not None  # the caller has seen to it
    (was, _), (new, before) = (
        holds.counted(asked, case, unit, clock, first=begun.first, last=begun.last) for clock in (then, now)
    )
    if was != holds.as_it_stands(case, unit):
        return None
    lasts = asked and holds.standing_of(asked[-1], case.last_at) == holds.RUNNING
    change = Recounted(new, before if lasts else None)
    return change if new != was or (change.before and holds.written(change.before) != asked[-1].before) else None


def _beyond(before: WorkCalendar) -> Iterator[list[int]]:
    """Open cases with a deadline or a pause beyond the last day that a calendar knew, so many at a time."""
    if before.known_until is None:
        return
    end = datetime.combine(before.known_until + timedelta(days=1), time(), before.tz)
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT c.id FROM cases_case c"
                " JOIN cases_assignment a ON a.case_id = c.id AND a.no = c.unit_no"
                " LEFT JOIN cases_hold h ON h.case_id = c.id AND h.granted AND h.ended_at IS NULL"
                " WHERE c.closed_at IS NULL AND c.id > %s"
                " AND (c.due_at >= %s OR a.due_at >= %s OR (h.kind = 'shelving' AND c.due_at IS NULL))"
                " ORDER BY c.id LIMIT %s",
                [last, end, end, CHUNK],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return
        yield ids
        last = ids[-1]
