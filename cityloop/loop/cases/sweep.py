"""Once a minute: what has used up a share of its limit is told, whoever kept silent has signed.

What is found is found by one statement; each thing is told once for each deadline (`Assignment.told`), so a sweep that
was killed goes on where it stopped, and one that comes late misses nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import psycopg
from django.db import connection, transaction

from cityloop.core.actor import SYSTEM
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.actions import Move, advance_many
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.cases.queries import WAITS, snapshots
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.ground import Ground, ground

CHUNK = 1_000
"""So many cases are stepped in one transaction."""


Crossing = tuple[int, int, datetime | None]
"""A case, and how many escalations have been crossed; or 0, and when silence has signed."""


class Swept(NamedTuple):
    found: int
    told: int


def sweep(*, at: datetime, progress: Callable[[int], None] = lambda count: None) -> Swept:
    """Tell what is to be told at `at`; chunk by chunk, each a transaction."""
    here = ground()
    steps = ["sign_for", *(step for _, step in escalations(here.city))]
    found, told = crossings(here, at), 0
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        with transaction.atomic():
            told += _tell(chunk, steps, at)
        progress(len(chunk))
    return Swept(len(found), told)


def crossings(here: Ground, at: datetime) -> list[Crossing]:
    """Whatever has crossed a share of its limit and was not told, and every dispatch not signed for in time; in the
    order of the cases, signing first. One statement; in binary form a million rows come in half the time."""
    rules = here.clock.rules
    statement = _statement(escalations(here.city), here.clock.yellow_share, quiet=rules.while_asked == "quiet")
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, {"at": at, "silence": rules.silence == "signs"}, binary=True)
        return cursor.fetchall()


def escalations(city: CityValue) -> list[tuple[Decimal, str]]:
    """At which share of a limit the city tells what, in ascending order."""
    return [(Decimal(str(level["at"])), level["step"]) for level in city.settings.get("escalation", ())]


def _statement(levels: Sequence[tuple[Decimal, str]], yellow_share: Decimal, *, quiet: bool) -> str:
    """How many levels a deadline has crossed is counted; the first comparison lets an index be used."""
    marks = [_mark(share, yellow_share) for share, _ in levels]
    crossed = " + ".join(f"({mark} <= %(at)s)::int" for mark in marks) or "0"
    first = marks[0] if marks else "NULL"
    waits = f" AND NOT {WAITS.format(case='a.case_id')}" if quiet else ""
    return (
        "SELECT case_id, level, NULL::timestamptz FROM ("
        f"SELECT a.case_id, {crossed} AS level, a.told FROM cases_assignment a"
        f" WHERE a.ended_at IS NULL AND a.no > 1 AND a.kind = 'main' AND {first} <= %(at)s{waits}) x WHERE level > told"
        " UNION ALL SELECT s.case_id, 0, s.due_at FROM cases_span s"
        " WHERE s.ended_at IS NULL AND s.due_at < %(at)s AND s.stage = 'sign_for' AND %(silence)s"
        " ORDER BY 1, 2"
    )


def _mark(share: Decimal, yellow_share: Decimal) -> str:
    """The instant at which a share of the limit is used: as the lights have it, else by elapsed time."""
    if share == yellow_share:
        return "a.yellow_at"
    return "a.due_at" if share == 1 else f"a.started_at + (a.due_at - a.started_at) * {share}::float8"


def _tell(chunk: Sequence[Crossing], steps: Sequence[str], at: datetime) -> int:
    """Take the steps that are still called for: somebody may have been quicker."""
    standing = snapshots(sorted({case_id for case_id, _, _ in chunk}), lock=True)
    moves: dict[int, list[Move]] = {}
    for case_id, level, signed_at in chunk:
        snapshot = standing.get(case_id)
        if snapshot is None or not _called_for(steps[level], level, snapshot):
            continue
        facts = Facts(level=level) if level else Facts(inferred=True)
        move = Move(steps[level], max(signed_at or at, snapshot.case.last_at), facts)
        moves.setdefault(case_id, []).append(move)
    advance_many(((standing[case_id], taken) for case_id, taken in moves.items()), actor=SYSTEM, recorded_at=at)
    return sum(map(len, moves.values()))


def _called_for(step: str, level: int, snapshot: Snapshot) -> bool:
    if snapshot.unit is None or snapshot.case.state not in STEPS[step].sources:
        return False
    return level > snapshot.unit.told if level else snapshot.case.state == "dispatched"
