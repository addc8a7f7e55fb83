"""The witness of the fault run: silent about a history that is whole, and about each fault that is planted in one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bench.witness import (
    BACKWARDS,
    DOUBLED,
    GAP,
    LATE,
    LOST,
    OVERWRITTEN,
    REFUSED_YET_KEPT,
    REORDERED,
    RESTARTED,
    SKIPPED,
    TWO_UNITS,
    Kept,
    Seen,
    check,
)
from cases.clocks import clock, limit, local, take
from cases.walk import GIVEN
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases.facts import Facts, Opening
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.cases.snapshot import Snapshot

LINE = ("report", "register", "file", "dispatch", "sign_for", "remind", "handle", "rework", "sign_for", "handle")
NUMBER = "1"
History = tuple[list[Seen], list[Kept]]


def history() -> History:
    """A case that went its way, each step by a client that was answered a second later."""
    limits, at = clock([limit("handle", "2", "wd")]), local("02-24 08:00")
    row = CaseRow(41, NUMBER, "", 0, FIRST, at, 0, 0, 1, at, None, 5, rule_id=9, channel="app")
    seen, kept = list[Seen](), list[Kept]()
    now: Snapshot | None = None
    for place, name in enumerate(LINE, start=1):
        at += timedelta(minutes=10)
        facts = GIVEN.get(name, Facts()) if now else Facts(opening=Opening(row, 1))
        outcome = take(now, name, SYSTEM, at, facts._replace(note=f"m{place}"), clock=limits, recorded_at=at)
        now, entry = outcome.snapshot, outcome.entry
        kept.append(Kept(NUMBER, entry.seq, name, entry.note, at, at, entry.from_state, entry.to_state, entry.changes))
        seen.append(Seen(entry.note, NUMBER, name, at, at + timedelta(seconds=1), 200, entry.seq))
    return seen, kept


def test_a_history_that_is_whole_is_not_blamed() -> None:
    seen, kept = history()
    assert check(seen, kept) == []
    # calls without an answer may or may not have come through; what was refused left nothing
    unanswered = [call._replace(status=status, seq=0) for call, status in zip(seen[3:6], (0, 500, 503), strict=True)]
    never = Seen("m99", NUMBER, "remind", seen[-1].sent, seen[-1].answered, 0)
    refused = never._replace(mark="m98", status=409)
    assert check([*seen[:3], *unanswered, *seen[6:], never, refused], kept) == []


def lost(seen: list[Seen], kept: list[Kept]) -> None:
    kept.pop()


def doubled(seen: list[Seen], kept: list[Kept]) -> None:
    kept.append(kept[-1]._replace(seq=len(kept) + 1, from_state="handling"))


def overwritten(seen: list[Seen], kept: list[Kept]) -> None:
    kept[5] = kept[5]._replace(mark="somebody else")


def refused_yet_kept(seen: list[Seen], kept: list[Kept]) -> None:
    seen[5] = seen[5]._replace(status=409, seq=0)


def gap(seen: list[Seen], kept: list[Kept]) -> None:
    kept[-1] = kept[-1]._replace(seq=kept[-1].seq + 1)
    seen[-1] = seen[-1]._replace(seq=seen[-1].seq + 1)


def skipped(seen: list[Seen], kept: list[Kept]) -> None:
    """Nobody signed for it, and yet it was handled."""
    del kept[4], seen[4]
    for place in range(4, len(kept)):
        kept[place] = kept[place]._replace(seq=place + 1)
        seen[place] = seen[place]._replace(seq=place + 1)


def backwards(seen: list[Seen], kept: list[Kept]) -> None:
    kept[5] = kept[5]._replace(at=kept[3].at)


def reordered(seen: list[Seen], kept: list[Kept]) -> None:
    """Two entries of a kind stand the other way round than their clients were answered."""
    first, then = kept[4], kept[5]
    kept[4], kept[5] = first._replace(mark=then.mark), then._replace(mark=first.mark)
    seen[4], seen[5] = seen[4]._replace(seq=6), seen[5]._replace(seq=5)


def late(seen: list[Seen], kept: list[Kept]) -> None:
    kept[5] = kept[5]._replace(recorded_at=kept[5].recorded_at + timedelta(minutes=1))


def two_units(seen: list[Seen], kept: list[Kept]) -> None:
    """The first unit's work never ended."""
    kept[6] = kept[6]._replace(changes=kept[6].changes.replace('"ended_at"', '"forgotten"'))


def restarted(seen: list[Seen], kept: list[Kept]) -> None:
    kept[5] = kept[5]._replace(changes='[["assignment", 2, {"due_at": "2026-03-09T18:00:00+08:00"}]]')


@pytest.mark.parametrize(
    ("plant", "what"),
    [
        (lost, LOST),
        (doubled, DOUBLED),
        (overwritten, OVERWRITTEN),
        (refused_yet_kept, REFUSED_YET_KEPT),
        (gap, GAP),
        (skipped, SKIPPED),
        (backwards, BACKWARDS),
        (reordered, REORDERED),
        (late, LATE),
        (two_units, TWO_UNITS),
        (restarted, RESTARTED),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[list[Seen], list[Kept]], None], what: str) -> None:
    seen, kept = history()
    plant(seen, kept)
    assert what in {broken.what for broken in check(seen, kept)}
