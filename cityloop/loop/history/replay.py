"""A whole past taken in: rows of a history become reports, cases and steps, with their historical times.

One process reads and normalises; workers take chunks, each chunk one transaction, so that a replay killed anywhere
goes on where it stopped. Running it again adds nothing; with a later `until` it goes on with the cases it knows.
"""

import resource
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from multiprocessing import get_context
from time import monotonic
from typing import NamedTuple

from django.db import connection

from cityloop.core.errors import Conflict, Refused
from cityloop.ground.places.city import city
from cityloop.loop.history.chunk import Numbered, Taken, numbered, take
from cityloop.loop.history.normalise import Normaliser
from cityloop.loop.history.rows import HistoryRow, Line, RowRejected
from cityloop.loop.history.worker import prepare

WORKERS = 2
IN_FLIGHT = 2 * WORKERS
"""Chunks read ahead; bounds the memory."""


class Rejected(NamedTuple):
    """A line that was not taken in, and why."""

    line: int
    field: str
    reason: str
    value: str | None


@dataclass
class Replayed:
    """What a replay did. rows = taken + known + rejected; `later` rows open after `until` and are not counted."""

    rows: int = 0
    taken: int = 0
    known: int = 0
    rejected: int = 0
    later: int = 0
    continued: int = 0
    diverged: int = 0
    steps: int = 0
    seconds: float = 0.0
    peak_rss_mib: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    known_until: datetime | None = None


Progress = Callable[[int], None]
"""Told how many rows were read since it was last told."""


def replay(
    lines: Iterable[list[Line]],
    normaliser: Normaliser,
    *,
    until: datetime | None,
    end: datetime | None,
    now: datetime,
    limit: int | None = None,
    workers: int = WORKERS,
    progress: Progress = lambda count: None,
) -> Replayed:
    """Take a history in, as it was known at `until` (None: all of it); `now` is when this is recorded.

    `end` is the instant up to which the history itself tells; from it on the whole of it is known.
    """
    started = monotonic()
    done = Replayed()
    numbering = _Numbering(until, until is None or (end is not None and until >= end))
    with _alone(), _pool(workers) as pool:
        waiting: set[Future[Taken]] = set()
        for chunk in _first(lines, limit):
            if len(waiting) >= IN_FLIGHT:
                waiting = _collect(done, waiting)
            rows = _count(done, normaliser.chunk(chunk), numbering)
            if rows:
                waiting.add(pool.submit(take, rows, until, now))
            progress(len(chunk))
        while waiting:
            waiting = _collect(done, waiting)
    done.known_until = until or end or numbering.last
    done.seconds = monotonic() - started
    done.peak_rss_mib += resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return done


def _first(lines: Iterable[list[Line]], limit: int | None) -> Iterator[list[Line]]:
    left = limit
    for chunk in lines:
        yield chunk if left is None else chunk[:left]
        if left is not None:
            left -= len(chunk)
            if left <= 0:
                return


class _Numbering:
    """Gives every row its number of the day, in the order of the file, whatever was known before."""

    def __init__(self, until: datetime | None, complete: bool) -> None:
        self.until = until
        self._complete = complete
        self.last: datetime | None = None
        self.seen: set[tuple[str, str]] = set()
        self._zone = city().zone
        self._serials: Counter[date] = Counter()

    def number(self, row: HistoryRow) -> Numbered:
        day = row.opened_at.astimezone(self._zone).date()
        self._serials[day] += 1
        for instant in (row.opened_at, row.closed_at):
            if instant and (self.last is None or instant > self.last):
                self.last = instant
        return numbered(row, day, self._serials[day], self.until, self._complete)


def _count(done: Replayed, results: Iterable[HistoryRow | RowRejected], numbering: _Numbering) -> list[Numbered]:
    """The rows to take, numbered; rejects, repetitions and rows of a later time are counted and left out."""
    rows = []
    for row in results:
        if isinstance(row, RowRejected):
            done.rows += 1
            done.rejected += 1
            done.rejects.append(Rejected(row.line, row.field, row.reason, row.value))
            continue
        one = numbering.number(row)
        if numbering.until and row.opened_at > numbering.until:
            done.later += 1
            continue
        done.rows += 1
        if row.key in numbering.seen:
            done.known += 1
            continue
        numbering.seen.add(row.key)
        rows.append(one)
    return rows


def _collect(done: Replayed, waiting: set[Future[Taken]]) -> set[Future[Taken]]:
    finished, rest = wait(waiting, return_when=FIRST_COMPLETED)
    for future in finished:
        taken = future.result()
        done.taken += taken.taken
        done.known += taken.known
        done.rejected += len(taken.rejects)
        done.rejects += [Rejected(*reject) for reject in taken.rejects]
        done.continued += taken.continued
        done.diverged += taken.diverged
        done.steps += taken.steps
        _PEAKS[taken.process] = taken.peak_rss_mib
    done.peak_rss_mib = sum(_PEAKS.values())
    return set(rest)


_PEAKS: dict[int, int] = {}


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers of their own memory: a forked database connection would be shared."""
    _PEAKS.clear()
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=prepare) as pool:
            yield pool
    except BrokenProcessPool as error:
        raise Refused("replay_cut") from error


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the city's one replay; Conflict where somebody else does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('cityloop.replay'))")
        if not cursor.fetchone()[0]:
            raise Conflict("replay_running")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('cityloop.replay'))")
