"""What clients saw of a loop, held against what it kept: which promises were broken. Pure.

It knows the loop by its table only (`lifecycle.STEPS`), and reads what an entry changed from the entry itself: it
shares no code with what takes a step.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from cityloop.loop.cases.lifecycle import ENDED, KEEP, STEPS

SLACK = timedelta(seconds=2)
"""How far two clocks of one machine may be apart, and how long an answer may be on its way."""
MOVES_CLOCKS = frozenset({"grant_hold", "end_hold", "recount"})
"""Steps that may move the deadline of work that goes on."""
LOST, DOUBLED, OVERWRITTEN, REFUSED_YET_KEPT = "lost", "doubled", "overwritten", "refused and kept"
GAP, SKIPPED, BACKWARDS, REORDERED = "gap", "skipped guard", "backwards", "reordered"
LATE, TWO_UNITS, RESTARTED = "late entry", "double dispatch", "clock restarted"


class Seen(NamedTuple):
    """One call of a client. `mark` is its own name for it, which it wrote into the note; `status` 0: no answer came
    (one of 500 and above says as little); `seq` is that of the answer."""

    mark: str
    case: str
    step: str
    sent: datetime
    answered: datetime
    status: int
    seq: int = 0


class Kept(NamedTuple):
    """An entry as it was read back. `changes`: as JSON, as of `cases.record`."""

    case: str
    seq: int
    step: str
    mark: str
    at: datetime
    recorded_at: datetime
    from_state: str
    to_state: str
    changes: str


class Broken(NamedTuple):
    """A promise that was not kept."""

    what: str
    case: str
    seq: int
    mark: str = ""


def check(seen: Iterable[Seen], kept: Iterable[Kept]) -> list[Broken]:
    """Every broken promise, by case."""
    calls, logs = defaultdict[str, list[Seen]](list), defaultdict[str, list[Kept]](list)
    for call in seen:
        calls[call.case].append(call)
    for entry in kept:
        logs[entry.case].append(entry)
    return [
        broken
        for case in sorted(calls.keys() | logs.keys())
        for broken in (
            *_against_calls(calls[case], logs[case]),
            *_in_order(logs[case]),
            *_units(logs[case]),
        )
    ]


def _against_calls(calls: Sequence[Seen], log: Sequence[Kept]) -> Iterator[Broken]:
    """What was acknowledged is there once, where it was said to be and when; what was refused is not."""
    by_mark, by_seq = defaultdict[str, list[Kept]](list), {entry.seq: entry for entry in reversed(log)}
    for entry in log:
        by_mark[entry.mark].append(entry)
    for call in calls:
        found = by_mark[call.mark]
        if len(found) > 1:
            yield Broken(DOUBLED, call.case, found[1].seq, call.mark)
        if 400 <= call.status < 500 and found:
            yield Broken(REFUSED_YET_KEPT, call.case, found[0].seq, call.mark)
        if call.status != 200:
            continue
        there = by_seq.get(call.seq)
        if not found:
            yield Broken(OVERWRITTEN if there else LOST, call.case, call.seq, call.mark)
        elif there is None or there.mark != call.mark:
            yield Broken(OVERWRITTEN, call.case, call.seq, call.mark)
        elif not call.sent - SLACK <= there.recorded_at <= call.answered + SLACK:
            yield Broken(LATE, call.case, call.seq, call.mark)
    answered = sorted((call for call in calls if call.status == 200), key=lambda call: call.sent)
    for first in answered:
        for then in answered:
            if first.answered < then.sent and first.seq >= then.seq:
                yield Broken(REORDERED, then.case, then.seq, then.mark)


def _in_order(log: Sequence[Kept]) -> Iterator[Broken]:
    """Entries follow one another without a gap, in time, and each begins where the one before led and where it may."""
    for place, entry in enumerate(log, start=1):
        if entry.seq != place:
            yield Broken(GAP, entry.case, entry.seq, entry.mark)
        row = STEPS.get(entry.step)
        begins = row is not None and entry.from_state in (row.sources or ("",))
        if row is None or not begins or entry.to_state != (entry.from_state if row.target == KEEP else row.target):
            yield Broken(SKIPPED, entry.case, entry.seq, entry.mark)
    for before, after in pairwise(log):
        if after.from_state != before.to_state:
            yield Broken(SKIPPED, after.case, after.seq, after.mark)
        if after.at < before.at:
            yield Broken(BACKWARDS, after.case, after.seq, after.mark)


def _units(log: Sequence[Kept]) -> Iterator[Broken]:
    """One unit works on a case at a time, and its deadline moves only by what moves deadlines."""
    open_: dict[int, Any] = {}
    for entry in log:
        fresh = set[int]()
        for kind, no, fields in json.loads(entry.changes):
            if kind != "assignment" or no == 1:
                continue
            if "kind" in fields:
                if fields["kind"] != "main":
                    continue
                if no in open_:
                    yield Broken(TWO_UNITS, entry.case, entry.seq, entry.mark)
                fresh.add(no)
                open_[no] = fields.get("due_at")
            elif no in open_:
                if fields.get("ended_at"):
                    del open_[no]
                elif "due_at" in fields and fields["due_at"] != open_[no]:
                    moved = open_[no]
                    open_[no] = fields["due_at"]
                    if entry.step not in MOVES_CLOCKS and moved is not None:
                        yield Broken(RESTARTED, entry.case, entry.seq, entry.mark)
        if len(open_) > 1 and fresh:
            yield Broken(TWO_UNITS, entry.case, entry.seq, entry.mark)
        if entry.to_state in ENDED:
            open_.clear()
