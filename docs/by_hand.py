"""What docs/deadlines.md says, for the tests that hold the clock to it."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cityloop.loop.clocks.calendar import WorkCalendar, calendar

PAGE = (Path(__file__).parent / "deadlines.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    """`starts` and `pauses`: of a limit that stages share, when each stage began and which of them share it; of more
    time that was asked for, when the work started and what happened."""

    section: str
    number: str
    calendar: str
    starts: str
    limit: str
    pauses: str
    due: str
    because: str

    def at(self, text: str) -> datetime:
        """A time of a table, in its calendar."""
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=CALENDARS[self.calendar].tz)


def _calendars() -> dict[str, WorkCalendar]:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    written: dict[str, dict[str, Any]] = json.loads(found[1]) if found else {}
    return {name: calendar({**written.get(data.get("like", ""), {}), **data}) for name, data in written.items()}


def _rows() -> Iterator[Row]:
    section = ""
    for line in PAGE.splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if re.match(r"\| \d", line):
            yield Row(section, *(cell.strip() for cell in line.strip().strip("|").split("|")))


CALENDARS = _calendars()
SHARED, MORE_TIME = "Several stages under one limit", "More time, asked for and decided"
ROWS = list(_rows())
