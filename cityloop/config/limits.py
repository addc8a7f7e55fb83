"""`cityloop due`: from standard input to standard output on all processors, without a database."""

import os
import signal
import sys
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import BinaryIO

from cityloop.config.processes import end_with_parent
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.lines import answers, read_calendar

BATCH = 1 << 20
"""Bytes of lines that one process answers at a time."""
IN_FLIGHT = 8


def due(calendar: Path) -> None:
    """Answer the lines of standard input, in their order. Refused where the calendar cannot be used."""
    made = read_calendar(calendar)
    with open(sys.stdin.fileno(), "rb", closefd=False) as source, open(sys.stdout.fileno(), "wb", closefd=False) as out:
        try:
            _answer(source, out, made)
            out.flush()
        except BrokenPipeError:  # whoever read the answers has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer(source: BinaryIO, out: BinaryIO, calendar: WorkCalendar) -> None:
    """A batch that is all there is needs no other process."""
    lines, more = source.readlines(BATCH), source.readlines(BATCH)
    if not more:
        out.write(answers(lines, calendar))
        return
    waiting: deque[Future[bytes]] = deque()
    with ProcessPoolExecutor(initializer=_prepare) as pool:
        waiting.append(pool.submit(answers, lines, calendar))
        while more:
            waiting.append(pool.submit(answers, more, calendar))
            if len(waiting) >= IN_FLIGHT:
                out.write(waiting.popleft().result())
            more = source.readlines(BATCH)
        while waiting:
            out.write(waiting.popleft().result())


def _prepare() -> None:
    """A worker leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
