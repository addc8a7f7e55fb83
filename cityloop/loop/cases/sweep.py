"""Once a minute: what has used up a share of its limit is told, whoever kept silent has signed.

What is found is found by one statement; each thing is told once for each deadline (`Assignment.told`), so a sweep that
was killed goes on where it stopped, and one that comes late misses nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

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


class Crossing(NamedTuple):
    """What is to be done with a case: `level` escalations are told with this one; signing has level 0."""

    case_id: int
    step: str
    due_at: datetime
    level: int


class Swept(NamedTuple):
    found: int
    told: int


def sweep(*, at: datetime, progress: Callable[[int], None] = lambda count: None) -> Swept:
    """Tell what is to be told at `at`; chunk by chunk, each a transaction."""
    here = ground()
    found = crossings(here, at)
    told, rest = 0, iter(found)
    while chunk := list(islice(rest, CHUNK)):
        with transaction.atomic():
            told += _tell(chunk, at)
        progress(len(chunk))
    return Swept(len(found), told)


def crossings(here: Ground, at: datetime) -> list[Crossing]:
    """Whatever has crossed a share of its limit and was not told, and every dispatch not signed for in time; in the
    order of the cases, signing first. One statement."""
    levels = escalations(here.city)
    steps = [step for _, step in levels]
    silence = here.clock.rules.silence == "signs"
    quiet = here.clock.rules.while_asked == "quiet"
    with connection.cursor() as cursor:
        cursor.execute(_statement(levels, here.clock.yellow_share, quiet=quiet), {"at": at, "silence": silence})
        return [
            Crossing(case_id, steps[level - 1] if level else "sign_for", due_at, level)
            for case_id, level, due_at in cursor.fetchall()
        ]


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
        "SELECT case_id, level, due_at FROM ("
        f"SELECT a.case_id, {crossed} AS level, a.due_at, a.told FROM cases_assignment a"
        f" WHERE a.ended_at IS NULL AND a.no > 1 AND {first} <= %(at)s{waits}) x WHERE level > told"
        " UNION ALL SELECT s.case_id, 0, s.due_at FROM cases_span s"
        " WHERE s.ended_at IS NULL AND s.due_at < %(at)s AND s.stage = 'sign_for' AND %(silence)s"
        " ORDER BY 1, 2"
    )


def _mark(share: Decimal, yellow_share: Decimal) -> str:
    """The instant at which a share of the limit is used: as the lights have it, else by elapsed time."""
    if share == yellow_share:
        return "a.yellow_at"
    return "a.due_at" if share == 1 else f"a.started_at + (a.due_at - a.started_at) * {share}::float8"


def _tell(chunk: Sequence[Crossing], at: datetime) -> int:
    """Take the steps that are still called for: somebody may have been quicker."""
    standing = snapshots(sorted({crossing.case_id for crossing in chunk}), lock=True)
    moves: dict[int, list[Move]] = {}
    for crossing in chunk:
        snapshot = standing.get(crossing.case_id)
        if snapshot is not None and _called_for(crossing, snapshot):
            moves.setdefault(crossing.case_id, []).append(_move(crossing, snapshot, at))
    advance_many(((standing[case_id], steps) for case_id, steps in moves.items()), actor=SYSTEM, recorded_at=at)
    return sum(map(len, moves.values()))


def _called_for(crossing: Crossing, snapshot: Snapshot) -> bool:
    unit = snapshot.unit
    if unit is None or snapshot.case.state not in STEPS[crossing.step].sources:
        return False
    return crossing.level > unit.told if crossing.level else snapshot.case.state == "dispatched"


def _move(crossing: Crossing, snapshot: Snapshot, at: datetime) -> Move:
    if crossing.level:
        return Move(crossing.step, max(at, snapshot.case.last_at), Facts(level=crossing.level))
    return Move("sign_for", max(crossing.due_at, snapshot.case.last_at), Facts(inferred=True))
